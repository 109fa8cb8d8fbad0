# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process and all its descendants: the peak of their total memory, and how to end them."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path

PAUSE_SECONDS = 0.02
_PSS = re.compile(rb"^Pss:\s+(\d+) kB$", re.MULTILINE)


def peak_kb(process: subprocess.Popen) -> int:
    """Watch a process until it ends, and return the peak; memory that forks share counts once (PSS)."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(map(_pss_kb, tree(process.pid))))
        time.sleep(PAUSE_SECONDS)
    return peak


def end_all(pid: int) -> None:
    """Kill a process and its descendants; Ansible's workers have sessions of their own, so there is no group to kill."""
    for number in tree(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def tree(pid: int) -> list[int]:
    found, new = [], [pid]
    while new:
        found += new
        new = [child for parent in new for child in _children(parent)]
    return found


def _children(pid: int) -> list[int]:
    try:
        files = list(Path(f"/proc/{pid}/task").glob("*/children"))
        return [int(child) for file in files for child in file.read_text().split()]
    except OSError:
        # The process has ended in the meantime.
        return []


def _pss_kb(pid: int) -> int:
    try:
        found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_bytes())
    except OSError:
        return 0
    return int(found.group(1)) if found else 0

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The processes that would get a run's result: an ansible-playbook and its worker, which can end while the run goes on.

Both are real processes that do nothing. The playbook has forked the worker, which leads a process group as Ansible's workers do, and
the worker has forked the run.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import time
import typing as t
from pathlib import Path

PLAYBOOK, WORKER = "playbook", "worker"
_IDS = struct.Struct("<ii")
_SET_CHILD_SUBREAPER = 36
_SYSTEM = ctypes.CDLL(None, use_errno=True)


class Parents:
    """:ivar module: The process of the run."""

    _living = 0

    def __init__(self, become: t.Callable[[], t.NoReturn]) -> None:
        # Adopt the processes that they leave behind, so that this process learns how the run ended.
        _adopt(True)
        Parents._living += 1
        told, tell = os.pipe()
        life, self._life = os.pipe()
        self._playbook = os.fork()
        if not self._playbook:
            _stand_above(become, tell, life)
        self._worker, self.module = _IDS.unpack(os.read(told, _IDS.size))
        for descriptor in (told, tell, life):
            os.close(descriptor)
        self._have_ended: set[str] = set()

    def end_one(self, who: str) -> None:
        """End one of the parents; when this returns, the run can notice it."""
        if who in self._have_ended:
            return
        self._have_ended.add(who)
        parent = {PLAYBOOK: self._playbook, WORKER: self._worker}[who]
        child = {PLAYBOOK: self._worker, WORKER: self.module}[who]
        os.kill(parent, signal.SIGKILL)
        while _parent_of(child) == parent:
            time.sleep(0.0005)

    def end(self) -> None:
        """End both parents, so that the run, which may have ended before, becomes a child of this process."""
        for who in (WORKER, PLAYBOOK):
            self.end_one(who)
        for process in (self._playbook, self._worker):
            os.waitpid(process, 0)
        os.close(self._life)
        Parents._living -= 1
        if not Parents._living:
            _adopt(False)


def _stand_above(become: t.Callable[[], t.NoReturn], tell: int, life: int) -> t.NoReturn:
    """Act as the playbook: fork the worker, and wait."""
    try:
        worker = os.fork()
        if not worker:
            os.setpgid(0, 0)
            module = os.fork()
            if not module:
                become()
            os.write(tell, _IDS.pack(os.getpid(), module))
        # Pipes that this process holds open would never reach their end.
        os.dup2(life, 3)
        os.closerange(4, 4096)
        os.read(3, 1)
    finally:
        os._exit(0)


def _parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def _adopt(is_wanted: bool) -> None:
    if _SYSTEM.prctl(_SET_CHILD_SUBREAPER, int(is_wanted), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "this system hands no orphans on")

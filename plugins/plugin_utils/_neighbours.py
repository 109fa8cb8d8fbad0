# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The processes around a worker of Ansible: its parent, which shows results, and its children, which run modules.

This plugin util is private to the collection.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from ansible_collections.treasury.bybit.plugins.module_utils._processes import has_no_reader, is_own_proc, parent_of

# This file is loaded by the process that reads the playbook, before it forks its workers.
_FIRST_PROCESS = os.getpid()
_HAS_OUTPUT = sys.stdout is not None
# Python names Ansible's thread for results after the function that the thread runs.
_TAKING_RESULTS = "results_thread_main"
_taking: list[int] = []


def nobody_listens() -> str:
    """Say why no result of this worker would reach anybody, as a clause; empty if it would, or if the system does not show that."""
    if not _HAS_OUTPUT:
        return "Ansible has no standard output, without which it fails as soon as it shows a result"
    if os.getpid() == _FIRST_PROCESS:
        return ""
    if os.getppid() != _FIRST_PROCESS:
        return "Ansible itself has ended"
    # If neither standard output nor standard error can be written, the thread ends, and Ansible waits forever.
    if _taking and is_own_proc() and not os.path.exists(f"/proc/{_FIRST_PROCESS}/task/{_taking[0]}"):
        return "Ansible no longer takes results, because its output cannot be written"
    if is_own_proc() and has_no_reader(_FIRST_PROCESS):
        return "The process that read Ansible's output has ended"
    return ""


def children() -> frozenset[int]:
    """Return the running child processes; empty if the system does not show them."""
    if not is_own_proc():
        return frozenset()
    processes = map(int, filter(str.isdigit, os.listdir("/proc")))
    return frozenset(process for process in processes if parent_of(process) == os.getpid())


def end_children(spared: frozenset[int]) -> None:
    """End child processes, so that their module notices that its result reaches nobody.

    A connection to another machine ends, and a module on this machine loses the shell that is its parent.

    :param spared: Processes that may go on.
    """
    for process in children() - spared:
        try:
            os.kill(process, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            # It just ended, or belongs to another user, for example because of sudo.
            continue


def _note_who_takes_results() -> None:
    """Remember the ID of the thread for the worker that is about to be forked. Each play has its own thread."""
    found = [thread.native_id for thread in threading.enumerate() if _TAKING_RESULTS in thread.name and thread.native_id is not None]
    if found and os.getpid() == _FIRST_PROCESS:
        _taking[:] = found[-1:]


os.register_at_fork(before=_note_who_takes_results)

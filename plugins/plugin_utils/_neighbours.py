# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The processes around a worker of Ansible: the one above, which shows results, and the one below, which runs a module.

This plugin util is private to the collection.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from ansible_collections.treasury.bybit.plugins.module_utils._processes import has_no_reader, is_own_proc, parent_of

# Loaded by the process that reads the playbook, before it forks its workers.
_FIRST_PROCESS = os.getpid()
_HAS_OUTPUT = sys.stdout is not None
# The function that Ansible's thread for results runs, and Python names the thread after it.
_TAKING_RESULTS = "results_thread_main"
_taking: list[int] = []


def nobody_listens() -> str:
    """Say why no result of this worker would reach anybody; empty when one would, or if the system does not show it."""
    if not _HAS_OUTPUT:
        return "Ansible has no standard output, without which it fails as soon as it shows a result"
    if os.getpid() == _FIRST_PROCESS:
        return ""
    if os.getppid() != _FIRST_PROCESS:
        return "Ansible itself has ended"
    # That thread ends, and Ansible waits for ever, when neither standard output nor standard error can be written.
    if _taking and is_own_proc() and not os.path.exists(f"/proc/{_FIRST_PROCESS}/task/{_taking[0]}"):
        return "Ansible no longer takes results, because its output cannot be written"
    if is_own_proc() and has_no_reader(_FIRST_PROCESS):
        return "The process that read Ansible's output has ended"
    return ""


def children() -> frozenset[int]:
    """Return the processes that this one has started and that have not ended; none where the system does not show them."""
    if not is_own_proc():
        return frozenset()
    processes = map(int, filter(str.isdigit, os.listdir("/proc")))
    return frozenset(process for process in processes if parent_of(process) == os.getpid())


def end_children(spared: frozenset[int]) -> None:
    """End what this process has started, so that a module below it knows that its result reaches nobody.

    A connection to another machine ends with it; a module on this one loses the shell between.

    :param spared: Those that may go on.
    """
    for process in children() - spared:
        try:
            os.kill(process, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            # It has just ended, or become another user's, such as that of sudo.
            continue


def _note_who_takes_results() -> None:
    """Keep the id of the thread for the worker that is about to be forked; each play has a thread of its own."""
    found = [thread.native_id for thread in threading.enumerate() if _TAKING_RESULTS in thread.name and thread.native_id is not None]
    if found and os.getpid() == _FIRST_PROCESS:
        _taking[:] = found[-1:]


os.register_at_fork(before=_note_who_takes_results)

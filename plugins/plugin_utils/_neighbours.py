# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The processes around a worker of Ansible: the one above, which shows results, and the one below, which runs a module.

This plugin util is private to the collection.
"""

from __future__ import annotations

import os
import subprocess

# Loaded by the process that reads the playbook, before it forks its workers.
_FIRST_PROCESS = os.getpid()


def is_orphan() -> bool:
    """Tell whether the process that would show the results of this worker has ended, which the worker survives."""
    return is_worker() and os.getppid() != _FIRST_PROCESS


def is_worker() -> bool:
    """Tell whether this process was forked for a task, so that what it shows goes through the one that shows results."""
    return os.getpid() != _FIRST_PROCESS


def desert(error: BaseException) -> None:
    """Stop to listen to the process that a module runs in, so that the module knows that its result reaches nobody.

    :param error: What has cut off the waiting for it, such as the time limit of the task; otherwise Ansible keeps its pipes open.
    """
    trace = error.__traceback__
    while trace is not None:
        for value in list(trace.tb_frame.f_locals.values()):
            if isinstance(value, subprocess.Popen):
                _leave(value)
        trace = trace.tb_next


def _leave(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None and not pipe.closed:
            pipe.close()
    # A connection to another machine ends with it; the module itself, on this one, has a shell between.
    process.kill()

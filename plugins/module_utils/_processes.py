# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What C(/proc) shows about other processes.

This module util is private to the collection.
"""

from __future__ import annotations

import os
import select
import stat

# Standard output and standard error.
_OUTPUTS = (1, 2)


def is_own_proc() -> bool:
    """Return whether C(/proc) exists and belongs to this namespace: in another one, process IDs differ."""
    try:
        return os.readlink("/proc/self") == str(os.getpid())
    except OSError:
        return False


def parent_of(process: int) -> int | None:
    """Return the parent of a process; none if the process has ended."""
    try:
        return parent_and_group(process)[0]
    except OSError:
        return None


def parent_and_group(process: int) -> tuple[int, int]:
    """Return the parent of a process, and its process group.

    :raises OSError: If the system does not show it, for example because it has ended.
    """
    with open(f"/proc/{process}/stat", "rb") as file:
        # The second field is the name in parentheses, which may contain spaces and parentheses.
        fields = file.read().rpartition(b")")[2].split()
    return int(fields[1]), int(fields[2])


def command_line(process: int) -> bytes:
    """Return the program of a process with its arguments.

    :raises OSError: If the system does not show it.
    """
    with open(f"/proc/{process}/cmdline", "rb") as file:
        return file.read()


def has_no_reader(process: int) -> bool:
    """Return whether both outputs of a process are pipes that nobody reads; false if the system does not show that."""
    return all(_is_left_by_its_reader(f"/proc/{process}/fd/{output}") for output in _OUTPUTS)


def _is_left_by_its_reader(output: str) -> bool:
    try:
        # Opening anything but a pipe may have side effects.
        if not stat.S_ISFIFO(os.stat(output).st_mode):
            return False
        end = os.open(output, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        # The system does not let this process look.
        return False
    try:
        poll = select.poll()
        poll.register(end, select.POLLOUT)
        return any(event & select.POLLERR for dummy, event in poll.poll(0))
    finally:
        os.close(end)

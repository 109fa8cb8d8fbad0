# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether those who wait for the result of this process are still there.

A worker of Ansible outlives an C(ansible-playbook) that was killed or hung up, and takes a result that nobody will ever see.
This module util is private to the collection.
"""

from __future__ import annotations

import os
import sys

# No process has this number.
_UNSEEN = -1


class Listeners:
    """The processes from this one up to C(ansible-playbook), as they are when this is made.

    Who started that, such as a shell, may end at any time: C(nohup) and a logout take nothing away from whoever reads the output.

    :param is_taken: Whether the process that this is made in hands the result on itself, as the action of this collection does.
    :ivar are_known: Whether these processes are the ones that get the result, and all of them can be seen. What runs modules in a
        process of its own, such as Mitogen, takes their output into a buffer that may reach nobody.
    """

    def __init__(self, is_taken: bool = False) -> None:
        self._first = _ancestors()
        self.are_known = is_taken or (_has_own_output() and self._first[-1] != _UNSEEN)

    def are_all_there(self) -> bool:
        """Tell whether none of them has ended: a process whose parent ends gets another one."""
        return _ancestors() == self._first


def _ancestors() -> list[int]:
    """Return their ids, nearest first; at the end another number where the system does not tell more."""
    chain = [os.getppid()]
    try:
        if os.readlink("/proc/self") != str(os.getpid()):
            # It is that of another namespace, in which these numbers mean other processes.
            raise FileNotFoundError
        is_worker = _is_worker(os.getpid(), chain[0])
        while chain[-1] > 1 and not is_worker:
            above = _parent_and_group(chain[-1])[0]
            is_worker = _is_worker(chain[-1], above)
            chain.append(above)
    except OSError:
        chain.append(_UNSEEN)
    return chain


def _is_worker(process: int, parent: int) -> bool:
    """Tell a worker of Ansible: it leads a process group, and was forked from its parent without becoming another program."""
    return _parent_and_group(process)[1] == process and parent > 1 and _command_line(process) == _command_line(parent)


def _parent_and_group(process: int) -> tuple[int, int]:
    with open(f"/proc/{process}/stat", "rb") as file:
        # The second field is a name, in parentheses, which may hold anything.
        fields = file.read().rpartition(b")")[2].split()
    return int(fields[1]), int(fields[2])


def _command_line(process: int) -> bytes:
    with open(f"/proc/{process}/cmdline", "rb") as file:
        return file.read()


def _has_own_output() -> bool:
    try:
        return sys.stdout.fileno() >= 0
    except (AttributeError, OSError, ValueError):
        return False

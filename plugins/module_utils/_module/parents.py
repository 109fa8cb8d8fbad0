# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the processes that wait for the result of this one are still there.

A worker of Ansible outlives an C(ansible-playbook) that was killed or hung up, and then takes results that nobody will see.
This module util is private to the collection.
"""

from __future__ import annotations

import os
import sys
import typing as t

from .._processes import command_line, has_no_reader, is_own_proc, parent_and_group

# No process has this number.
_UNSEEN = -1


class Parents:
    """The processes from this one up to C(ansible-playbook), as they are when this object is created.

    The processes above C(ansible-playbook), such as a shell, may end at any time: with C(nohup), the output is still read after a logout.

    :param takes: Returns whether the result would still be taken; for the action plugin, which delivers the result itself.
    :ivar are_known: Whether these processes get the result, and all of them are visible. Mitogen, for example, runs modules in other
        processes and takes their output into a buffer that may reach nobody.
    """

    def __init__(self, takes: t.Callable[[], bool] | None = None) -> None:
        self._first, self._ansible = _ancestors()
        self._takes = takes
        self.are_known = takes is not None or (_has_own_output() and self._first[-1] != _UNSEEN)

    def are_alive(self) -> bool:
        """Return whether all of them still run, and somebody can read their output."""
        # A process whose parent ends gets another parent.
        if _ancestors()[0] != self._first or (self._ansible is not None and has_no_reader(self._ansible)):
            return False
        return self._takes is None or self._takes()


def _ancestors() -> tuple[list[int], int | None]:
    """Return the IDs of the parents, nearest first, ending with C(_UNSEEN) if the system shows no more; and the ID of Ansible, if found."""
    chain, is_worker = [os.getppid()], False
    try:
        if not is_own_proc():
            raise FileNotFoundError
        is_worker = _is_worker(os.getpid(), chain[0])
        while chain[-1] > 1 and not is_worker:
            above = parent_and_group(chain[-1])[0]
            is_worker = _is_worker(chain[-1], above)
            chain.append(above)
    except OSError:
        chain.append(_UNSEEN)
    return chain, chain[-1] if is_worker else None


def _is_worker(process: int, parent: int) -> bool:
    """Return whether a process is a worker of Ansible: a process group leader that was forked from its parent and runs the same program."""
    return parent_and_group(process)[1] == process and parent > 0 and command_line(process) == command_line(parent)


def _has_own_output() -> bool:
    try:
        return sys.stdout.fileno() >= 0
    except (AttributeError, OSError, ValueError):
        return False

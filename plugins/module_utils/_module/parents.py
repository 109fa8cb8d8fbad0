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
import typing as t

from .._processes import command_line, has_no_reader, is_own_proc, parent_and_group

# No process has this number.
_UNSEEN = -1


class Parents:
    """The processes from this one up to C(ansible-playbook), as they are when this is made.

    Who started that, such as a shell, may end at any time: C(nohup) and a logout take nothing away from whoever reads the output.

    :param takes: Asked whether the result would still be taken, when the process that this is made in hands it on itself, as the
        action of this collection does.
    :ivar are_known: Whether these processes are the ones that get the result, and all of them can be seen. What runs modules in a
        process of its own, such as Mitogen, takes their output into a buffer that may reach nobody.
    """

    def __init__(self, takes: t.Callable[[], bool] | None = None) -> None:
        self._first, self._ansible = _ancestors()
        self._takes = takes
        self.are_known = takes is not None or (_has_own_output() and self._first[-1] != _UNSEEN)

    def are_alive(self) -> bool:
        """Return whether all of them still run, and somebody can read what they show."""
        # A process whose parent ends gets another one.
        if _ancestors()[0] != self._first or (self._ansible is not None and has_no_reader(self._ansible)):
            return False
        return self._takes is None or self._takes()


def _ancestors() -> tuple[list[int], int | None]:
    """Return their ids, nearest first, ending with another number where the system shows no more; and that of Ansible, if found."""
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
    """Tell a worker of Ansible: it leads a process group, and was forked from its parent without becoming another program."""
    return parent_and_group(process)[1] == process and parent > 0 and command_line(process) == command_line(parent)


def _has_own_output() -> bool:
    try:
        return sys.stdout.fileno() >= 0
    except (AttributeError, OSError, ValueError):
        return False

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether those who wait for the result of this process are still there.

A worker of Ansible outlives an C(ansible-playbook) that was killed or hung up, and takes a result that nobody will ever see.
This module util is private to the collection.
"""

from __future__ import annotations

import os


class Listeners:
    """The processes above this one, as they are when this is made."""

    def __init__(self) -> None:
        self._first = _ancestors()

    def are_all_there(self) -> bool:
        """Tell whether none of them has ended: a process whose parent ends gets another one."""
        return _ancestors() == self._first


def _ancestors() -> list[int]:
    """Return their ids, nearest first; only the nearest one where the system does not tell more."""
    chain = [os.getppid()]
    while chain[-1] > 1:
        try:
            with open(f"/proc/{chain[-1]}/stat", "rb") as file:
                # The second field is a name, in parentheses, which may hold anything.
                chain.append(int(file.read().rpartition(b")")[2].split()[1]))
        except OSError:
            break
    return chain

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The epoch of a target under which a run writes.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .database import Statement
from .records import TARGET
from .target import Target


class Guard(t.NamedTuple):
    """An epoch of a target that a run has acquired. What depends on it is written only while no other run has acquired the target.

    :ivar epoch: Its number.
    :ivar holder: Who acquired it, because a database that was restored from a backup assigns the same numbers again.
    """

    target: Target
    epoch: int
    holder: str

    @property
    def confirmation(self) -> Statement:
        """A statement that changes one row if the run still holds the target, and then keeps others from acquiring it in this transaction."""
        sql = f"UPDATE bybit_targets SET epoch = epoch WHERE {TARGET} AND epoch = ? AND holder = ?"
        return Statement(sql, (*self.target, self.epoch, self.holder))

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turns the failure of a database into the error that the user reads.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

from .._api.errors import JournalLost, JournalUnusable
from .database import Damaged, Database, DatabaseFailed


def unusable(error: DatabaseFailed, database: Database, is_writing: bool = False) -> JournalUnusable:
    """Return the error for a failed database.

    :param is_writing: Whether the intents of earlier runs were read before the failure, so that it does not hide them.
    """
    if isinstance(error, Damaged):
        return JournalLost(
            f"The journal {database.label} cannot be read ({error}). Nothing was sent, because the outcome of earlier operations is unknown. "
            f"Restore it from a backup. If there is none, stop all runs, check each loan and its history on the exchange, and remove every task whose "
            f"reference was already used from your playbooks, because a new journal knows no reference and such a task would pay again. Then "
            f"{database.removal}, and run again."
        )
    message = f"The journal {database.label} cannot be used ({error})."
    remedy = error.remedy or "Make this journal available again (do not switch to another one), and run again."
    if is_writing or not error.hides_intents:
        return JournalUnusable(f"{message} {remedy}")
    # The remedy must not be another journal, which does not know what this one records.
    return JournalLost(f"{message} Nothing was sent, because earlier runs may have recorded operations there whose outcome is unknown. {remedy}")

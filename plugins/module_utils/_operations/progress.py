# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The progress of a goal with C(since), according to the exchange's history.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, plain, total
from .._api.errors import BadInput, ReadFailed
from .._journal.intent import Intent
from .._loans.history import PROCESSING, SUCCESS, HistoryEntry
from .._times import DAY_MS, HISTORY_REACH_DAYS, utc


class Progress(t.NamedTuple):
    """The progress of a goal with C(since).

    :ivar repaid: What the owner of the account has repaid since then, including what is still in process.
    :ivar missing: The rest of the goal's amount.
    """

    repaid: Decimal
    missing: Decimal


def progress_of(amount: Decimal, since_ms: int, entries: list[HistoryEntry], missing_from_history: list[Intent]) -> Progress:
    """Add up what was repaid since the moment of the goal.

    :param missing_from_history: Repayments that the exchange accepted but does not show yet.
    :raises ReadFailed: If it is unknown whether or with what amount an entry of the history counts.
    """
    recent = [r for r in entries if r.status in (SUCCESS, PROCESSING) and r.latest_ms >= since_ms]
    for entry in recent:
        if entry.by_user is None:
            raise ReadFailed(
                f"The exchange's history contains repayment {entry.repay_id} of {plain(entry.amount)} {entry.coin}, of a type that this "
                f"collection does not know, so it is unknown how much has been repaid since {utc(since_ms)}."
            )
        if entry.by_user and not entry.amount:
            raise ReadFailed(
                f"The exchange's history contains repayment {entry.repay_id} with an amount of 0, so it is unknown how much has been repaid "
                f"since {utc(since_ms)}."
            )
    counting = [entry.amount for entry in recent if entry.by_user]
    # Their exact times are not known yet. What may have been made since the moment must not be sent again.
    accepted = [intent.amount for intent in missing_from_history if intent.window_end_ms >= since_ms]
    repaid = total(*counting, *accepted)
    return Progress(repaid, max(difference(amount, repaid), Decimal(0)))


def check_since(since_ms: int, now_ms: int) -> None:
    """Refuse a time that the exchange's history does not cover.

    :raises BadInput: If it is in the future, or too far in the past.
    """
    if since_ms > now_ms:
        raise BadInput(f"since is in the future ({utc(since_ms)}; it is {utc(now_ms)}): set a time in the past.")
    earliest_ms = now_ms - HISTORY_REACH_DAYS * DAY_MS
    if since_ms < earliest_ms:
        raise BadInput(
            f"since is too far in the past ({utc(since_ms)}): the exchange's history only goes back 6 months; set a time "
            f"after {utc(earliest_ms)}."
        )

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do, decided before anything is sent: pay this much, nothing to do, or refuse and why.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._amounts import (
    decimal_places,
    difference,
    plain,
    round_down,
    round_up,
    total,
)
from ansible_collections.treasury.bybit.plugins.module_utils._errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._intent import Goal, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loan import LIQUIDATED, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOTHING_TO_DO
from ansible_collections.treasury.bybit.plugins.module_utils._record import PROCESSING, SUCCESS, Record
from ansible_collections.treasury.bybit.plugins.module_utils._times import DAY_MS, utc

PAY = "pay"
DECLINE = "decline"
# The exchange says "6 months", of which the shortest has 181 days.
HISTORY_REACH_DAYS = 180


class Decision(t.NamedTuple):
    """The outcome of the plan.

    :ivar kind: C(PAY), C(NOTHING_TO_DO) or C(DECLINE).
    :ivar message: The arithmetic in words, or why not and what to do instead.
    :ivar amount: What to pay; zero unless the kind is C(PAY).
    :ivar after: The loan as it will be when this decision has been carried out; none when declined.
    """

    kind: str
    message: str
    amount: Decimal
    after: Loan | None


class Progress(t.NamedTuple):
    """How far a goal with C(since) has come.

    :ivar repaid: What the owner of the account has repaid since then, what is still in process included.
    :ivar missing: What is left of the goal.
    """

    repaid: Decimal
    missing: Decimal


def progress_of(goal: Goal, records: list[Record], unseen: list[Intent]) -> Progress:
    """Add up what has been repaid since the goal's moment.

    :param unseen: Repayments that the exchange has accepted but does not show yet.
    """
    since_ms = goal.since_ms or 0
    counting = [r.amount for r in records if r.by_user and r.status in (SUCCESS, PROCESSING) and r.time_ms >= since_ms]
    # Its exact time is not known yet; what was possibly made since then is not sent once more.
    accepted = [intent.amount for intent in unseen if intent.window_end_ms >= since_ms]
    repaid = total(*counting, *accepted)
    return Progress(repaid, max(difference(goal.amount, repaid), Decimal(0)))


def decide(
    order_id: str, loan: Loan | None, goal: Goal, progress: Progress | None = None, accuracy: int | None = None
) -> Decision:
    """Decide on repaying one loan.

    :param loan: The loan, none when the exchange knows no such order.
    :param progress: Needed for a goal with C(since).
    :param accuracy: How many decimal places the coin allows; none when that is unknown and left to the exchange.
    """
    if loan is None:
        return _decline(
            f"order_id '{order_id}' names no loan of this account, neither an open one nor one completed within the last "
            f"6 months: check order_id, and that api_key and environment belong to the account that borrowed"
        )
    if progress is not None and not progress.missing:
        since = f"{plain(progress.repaid)} {loan.coin} have been repaid on loan {order_id} since {utc(goal.since_ms or 0)}"
        return _nothing(f"{since}, at least {plain(goal.amount)} were asked for: nothing to repay.", loan)
    if loan.status != OPEN:
        how = "was closed by liquidation" if loan.status == LIQUIDATED else "is already fully repaid"
        return _nothing(f"Loan {order_id} {how}: nothing to repay.", loan)
    if accuracy is not None and decimal_places(goal.amount) > accuracy:
        return _decline(
            f"amount '{plain(goal.amount)}' has {decimal_places(goal.amount)} decimal places, but {loan.coin} allows "
            f"{accuracy}: {_closest(goal.amount, accuracy)}"
        )
    if progress is None:
        return _pay(loan, goal.amount, Decimal(0), accuracy, f"amount '{plain(goal.amount)}'")
    # Others may have paid amounts with more decimal places than the coin allows here.
    missing = progress.missing if accuracy is None else round_up(progress.missing, accuracy)
    what = f"what is missing of amount '{plain(goal.amount)}' since then, {plain(missing)},"
    return _pay(loan, missing, progress.repaid, accuracy, what)


def check_since(since_ms: int, now_ms: int) -> None:
    """Refuse a moment that the exchange's history cannot tell of.

    :raises BadInput: When it lies in the future, or too far back.
    """
    if since_ms > now_ms:
        raise BadInput(f"since lies in the future ({utc(since_ms)}; it is {utc(now_ms)}): give a moment that has passed.")
    earliest_ms = now_ms - HISTORY_REACH_DAYS * DAY_MS
    if since_ms < earliest_ms:
        raise BadInput(
            f"since lies too far back ({utc(since_ms)}): the exchange's history reaches back 6 months only; give a moment "
            f"after {utc(earliest_ms)}."
        )


def _pay(loan: Loan, amount: Decimal, repaid: Decimal, accuracy: int | None, what: str) -> Decision:
    if amount > loan.debt:
        return _decline(
            f"{what} is more than the debt of {plain(loan.debt)} {loan.coin} (principal {plain(loan.principal)}, interest "
            f"{plain(loan.interest)}, penalty interest {plain(loan.penalty_interest)}): {_at_most(loan.debt, repaid, accuracy)}"
        )
    after = loan.after_paying(amount)
    arithmetic = f"{plain(amount)} {loan.coin} on loan {loan.order_id}: debt {plain(loan.debt)} to {plain(after.debt)}"
    return Decision(PAY, arithmetic, amount, after)


def _nothing(message: str, loan: Loan) -> Decision:
    return Decision(NOTHING_TO_DO, message, Decimal(0), loan)


def _decline(message: str) -> Decision:
    return Decision(DECLINE, f"{message}.", Decimal(0), None)


def _closest(amount: Decimal, accuracy: int) -> str:
    lower = round_down(amount, accuracy)
    if lower:
        return f"give '{plain(lower)}', for example"
    return f"give at least '{plain(Decimal(1).scaleb(-accuracy))}'"


def _at_most(debt: Decimal, repaid: Decimal, accuracy: int | None) -> str:
    most = debt if accuracy is None else round_down(debt, accuracy)
    if most:
        return f"give at most '{plain(total(repaid, most))}'"
    return "what is left is less than the coin's smallest amount, and cannot be repaid by this call"

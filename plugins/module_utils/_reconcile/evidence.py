# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the exchange shows of a repayment, and what each piece says: clocks, history, debt, and the money that pays.

Each question has one function, so that C(judge) reads as a list of them. Pure: no I/O. This module util is private to the
collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, multiply, total
from .._journal.intent import BASELINE_REACH_MS, Intent
from .._loans.history import FAILED, PROCESSING, HistoryEntry
from .._loans.loan import OPEN, Loan
from .._loans.position import Pledged
from .._loans.wallet import Movement, Payment
from .._times import DAY_MS, HISTORY_REACH_DAYS, SECOND_MS

# How many times settle_margin must pass when no wallet ledger can be read, because the exchange may hide what is in process.
_FACTOR_WITHOUT_LEDGER = 60
# The exchange may show an amount rounded, or after a fee.
_NEARLY = Decimal("0.99")


class Observation(t.NamedTuple):
    """What one read of history and debt showed.

    :ivar at_ms: A time that the exchange's clock had certainly reached before the read; none if unknown.
    :ivar away_ms: How long before the read the request had certainly left, by this machine's monotonic clock.
    :ivar entries: The history of the loan.
    :ivar loan: The loan; none when the exchange did not list it.
    """

    at_ms: int | None
    away_ms: int
    entries: list[HistoryEntry]
    loan: Loan | None


class Funds(t.NamedTuple):
    """What happened to the money that pays: in the Funding wallet, or in the collateral that is sold.

    :ivar outflow: What left the wallet while the repayment could be executed, by its ledger; none if that cannot be read.
    :ivar balance: What the wallet holds now; none when that cannot be read.
    :ivar net: What came into the wallet since the repayment was sent, less what left, by the ledger; none when it cannot be read.
    :ivar pledged: What is pledged now, by coin.
    :ivar ledger_gap: Why no ledger can rule out that the money was spent, as a clause; empty when the ledger can.
    """

    outflow: Decimal | None = None
    balance: Decimal | None = None
    net: Decimal | None = None
    pledged: Pledged = ()
    ledger_gap: str = ""


# Clocks.


def margin_without_ledger_ms(settle_margin_ms: int) -> int:
    """Return how long history and debt must show nothing when no wallet ledger can be read."""
    return settle_margin_ms * _FACTOR_WITHOUT_LEDGER


def is_window_closed(intent: Intent, observation: Observation) -> bool:
    """Return whether the exchange can no longer accept the repayment."""
    return has_passed(intent, observation, 0)


def is_margin_over(intent: Intent, observation: Observation, settle_margin_ms: int) -> bool:
    """Return whether history and debt must show the repayment by now if it was executed."""
    return has_passed(intent, observation, settle_margin_ms)


def has_passed(intent: Intent, observation: Observation, margin_ms: int) -> bool:
    """Return whether a margin has passed since the acceptance window closed, by both clocks."""
    return has_passed_at_exchange(intent, observation, margin_ms) and has_passed_here(intent, observation, margin_ms)


def has_passed_at_exchange(intent: Intent, observation: Observation, margin_ms: int) -> bool:
    return observation.at_ms is not None and observation.at_ms > intent.window_end_ms + margin_ms


def has_passed_here(intent: Intent, observation: Observation, margin_ms: int) -> bool:
    return observation.away_ms > intent.open_for_ms + margin_ms


def is_beyond_history(intent: Intent, observation: Observation) -> bool:
    """Return whether the repayment is too old for the history to show it."""
    return observation.at_ms is not None and observation.at_ms - intent.sent_at_ms > HISTORY_REACH_DAYS * DAY_MS


# History.


def new_entries(intent: Intent, observation: Observation, others: frozenset[str]) -> list[HistoryEntry]:
    """Return the entries that were made after the repayment was signed and are not known to be another repayment."""
    return [
        entry for entry in observation.entries
        if entry.repay_id not in others and not was_listed_before(entry, intent) and not was_made_before(entry, intent)
    ]


def was_listed_before(entry: HistoryEntry, intent: Intent) -> bool:
    return entry.repay_id in {known.repay_id for known in intent.baseline.entries}


def was_made_before(entry: HistoryEntry, intent: Intent) -> bool:
    return entry.latest_ms <= intent.earliest_ms


def looks_like(entry: HistoryEntry, intent: Intent, is_loan_closed: bool) -> bool:
    """Return whether an entry shows what the repayment was meant to do."""
    if entry.by_user is False or (entry.coin and entry.coin != intent.coin):
        return False
    return entry.amount == intent.amount or is_price_of_whole_loan(entry, intent, is_loan_closed)


def is_price_of_whole_loan(entry: HistoryEntry, intent: Intent, is_loan_closed: bool) -> bool:
    """Return whether an entry of another amount can be the repayment of a whole loan, whose amount the exchange calculates."""
    # It is not less than what was owed, unless a part was paid in the meantime.
    return intent.is_whole and (is_loan_closed or entry.amount > intent.amount)


def ambiguous_entries(new: t.Sequence[HistoryEntry], intent: Intent, settle_margin_ms: int) -> list[HistoryEntry]:
    """Return the new entries that may show the repayment: rounded, without interest, after a fee, or in part."""
    latest_ms = intent.window_end_ms + margin_without_ledger_ms(settle_margin_ms)
    return [entry for entry in new if entry.status != FAILED and entry.time_ms <= latest_ms]


def is_accepted_without_trace(intent: Intent, failed: t.Sequence[HistoryEntry]) -> bool:
    """Return whether the exchange has accepted the repayment, and its history shows neither that nor a failure."""
    return intent.accepted_at_ms is not None and not failed


# Debt.


def unexplained_fall(intent: Intent, observation: Observation, settle_margin_ms: int) -> Decimal:
    """Return how much more the debt has fallen than the history explains; zero if it has not, or if the debt is unknown."""
    loan = observation.loan
    if loan is None:
        return Decimal(0)
    before = {entry.repay_id: entry for entry in intent.baseline.entries}
    explained = Decimal(0)
    for entry in observation.entries:
        known = before.get(entry.repay_id)
        if known is None:
            counts = entry.time_ms > intent.earliest_ms - BASELINE_REACH_MS
        else:
            # The debt may not have shown yet what was in process, or was made within the margin.
            counts = known.status == PROCESSING or known.time_ms > intent.earliest_ms - settle_margin_ms
        if counts and entry.status != FAILED:
            explained = total(explained, entry.amount)
    # Accrued interest hides a fall of the debt, but not one of the principal.
    falls = difference(intent.baseline.debt, loan.debt), difference(intent.baseline.principal, loan.principal)
    # Closing a loan waives what is below the coin's smallest unit; that does not indicate a repayment.
    waived = Decimal(0) if loan.status == OPEN else intent.amount / 2
    missing = difference(max(falls), explained)
    return missing if missing > waived else Decimal(0)


def borrowed_since(intent: Intent, loan: Loan) -> Decimal:
    """Return by how much the principal has risen; zero or less if nothing was borrowed."""
    return difference(loan.principal, intent.baseline.principal)


def seen_in_debt(intents: t.Sequence[Intent], entries: t.Sequence[HistoryEntry], loan: Loan) -> list[Intent]:
    """Return which of some repayments the debt shows, as far as that can be known.

    :param intents: Repayments that were made, the oldest first.
    :param entries: The history of the loan; the debt must show what others have repaid since, too.
    """
    if not intents or loan.status != OPEN:
        return list(intents)
    first = intents[0]
    known = {intent.repay_id for intent in intents} | {entry.repay_id for entry in first.baseline.entries}
    others = [r.amount for r in entries if r.repay_id not in known and r.latest_ms > first.earliest_ms and r.status != FAILED]
    fallen, needed, seen = difference(first.baseline.debt, loan.debt), total(*others), []
    for intent in intents:
        # Interest may hide a part of it.
        if fallen >= total(needed, intent.amount / 2):
            seen.append(intent)
        needed = total(needed, intent.amount)
    return seen


# The money that pays.


def has_left_wallet(intent: Intent, funds: Funds) -> bool:
    """Return whether the wallet's ledger shows that about as much as the repayment has left."""
    return funds.outflow is not None and funds.outflow >= multiply(intent.amount, _NEARLY)


def has_balance_fallen(intent: Intent, funds: Funds) -> bool:
    """Return whether the wallet holds less than before by about as much as the repayment, and its ledger does not explain that."""
    before = intent.baseline.wallet
    if before is None or funds.balance is None:
        return False
    fallen = difference(total(before, funds.net or Decimal(0)), funds.balance)
    return fallen >= multiply(intent.amount, _NEARLY)


def sold_collateral(intent: Intent, funds: Funds) -> tuple[str, Decimal, Decimal] | None:
    """Return the first coin of which less is pledged than before, with both amounts; none when there is no such coin."""
    pledged = dict(funds.pledged)
    for coin, before in intent.baseline.pledged:
        now = pledged.get(coin, Decimal(0))
        if now < before:
            return coin, before, now
    return None


def without_own(movements: t.Sequence[Movement], paid: t.Iterable[Payment]) -> list[Movement]:
    """Remove what the same process paid for earlier repayments: one entry of the ledger for each."""
    left = list(movements)
    for payment in paid:
        # The ledger truncates its times to the second.
        fitting = [
            movement for movement in left
            if movement.amount == -payment.amount and payment.from_ms - 2 * SECOND_MS < movement.time_ms <= payment.to_ms
        ]
        if fitting:
            left.remove(fitting[0])
    return left

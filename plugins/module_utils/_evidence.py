# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a repayment was executed, judged from what the exchange shows of history and debt.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._amounts import difference, plain, total
from ansible_collections.treasury.bybit.plugins.module_utils._intent import BASELINE_REACH_MS, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loan import OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import EXECUTED, NOT_EXECUTED, UNKNOWN
from ansible_collections.treasury.bybit.plugins.module_utils._record import FAILED, PROCESSING, Record
from ansible_collections.treasury.bybit.plugins.module_utils._times import utc

FOUND = "it stands in the history"
_WINDOW_OPEN = "wait_timeout ended before the exchange's time window for it"
_MARGIN_OPEN = "wait_timeout ended before settle_margin had passed since the exchange's time window for it closed"


class Sight(t.NamedTuple):
    """What the exchange showed in one look.

    :ivar at_ms: A time that the exchange's clock had surely reached before the look; none when that is not known.
    :ivar records: The history of the loan.
    :ivar loan: The loan; none when the exchange did not list it.
    """

    at_ms: int | None
    records: list[Record]
    loan: Loan | None


class Finding(t.NamedTuple):
    """The judgement.

    :ivar outcome: C(EXECUTED), C(NOT_EXECUTED), or C(UNKNOWN) as long as it is open.
    :ivar reason: Why, as the middle of a sentence.
    :ivar record: The only entry that can be the repayment, if there is just one.
    :ivar candidates: All entries that look like the repayment.
    """

    outcome: str
    reason: str
    record: Record | None = None
    candidates: tuple[Record, ...] = ()


class Resolution(t.NamedTuple):
    """What is known of a repayment now.

    :ivar outcome: C(EXECUTED), C(PENDING), C(NOT_EXECUTED) or C(UNKNOWN).
    :ivar intent: Its intent, with the C(repay_id) where one is known.
    :ivar finding: The judgement, when its answer was lost and it had to be looked for.
    :ivar evidence: What was seen then.
    :ivar warning: What went wrong on the way without changing the outcome.
    """

    outcome: str
    intent: Intent
    finding: Finding | None = None
    evidence: dict[str, t.Any] | None = None
    warning: str = ""


def weigh(intent: Intent, sight: Sight, settle_margin_ms: int, others: frozenset[str]) -> Finding:
    """Judge whether the repayment of an intent was executed.

    :param settle_margin_ms: How late history and debt may be at worst.
    :param others: The ids of repayments that are known to be other ones.
    """
    known = others.union(record.repay_id for record in intent.baseline.records)
    is_closed = sight.loan is not None and sight.loan.status != OPEN
    all_alike = [r for r in sight.records if r.repay_id not in known and _is_alike(r, intent, is_closed)]
    alike = [record for record in all_alike if record.status != FAILED]
    in_time = [record for record in alike if record.time_ms <= intent.window_end_ms + settle_margin_ms]
    closed = sight.at_ms is not None and sight.at_ms > intent.window_end_ms
    is_over = sight.at_ms is not None and sight.at_ms > intent.window_end_ms + settle_margin_ms
    if len(in_time) > 1:
        return Finding(UNKNOWN, f"{len(in_time)} repayments in the history look like it", None, tuple(in_time))
    if in_time:
        (found,) = in_time
        if not closed:
            return Finding(UNKNOWN, _WINDOW_OPEN, found, (found,))
        if sight.loan is None and not is_over:
            # Without the debt, only time can show that there is no second one.
            return Finding(UNKNOWN, _MARGIN_OPEN, None, (found,))
        missing = _unexplained_fall(intent, sight, settle_margin_ms)
        if missing:
            # It may be somebody else's, and this repayment the one that does not show yet.
            return Finding(UNKNOWN, _fell_too_much(missing), None, (found,))
        return Finding(EXECUTED, FOUND, found, (found,))
    if alike:
        later = f"the history shows one like it, but made at {utc(alike[0].time_ms)}, after its time"
        return Finding(UNKNOWN, later, None, tuple(alike))
    failed = [record for record in all_alike if record.status == FAILED]
    if sight.at_ms is None:
        return Finding(UNKNOWN, "the exchange did not tell its time")
    if not is_over:
        return Finding(UNKNOWN, _MARGIN_OPEN if closed else _WINDOW_OPEN)
    return _absent(intent, sight, settle_margin_ms, failed)


def _absent(intent: Intent, sight: Sight, settle_margin_ms: int, failed: list[Record]) -> Finding:
    """Judge when all time is over and no entry of the history can be the repayment."""
    if sight.loan is None:
        return Finding(UNKNOWN, "the exchange does not list the loan any more")
    missing = _unexplained_fall(intent, sight, settle_margin_ms)
    if missing:
        return Finding(UNKNOWN, _fell_too_much(missing))
    risen = difference(sight.loan.principal, intent.baseline.principal)
    if risen > 0:
        return Finding(UNKNOWN, f"{plain(risen)} more were borrowed since, so the debt cannot tell")
    if intent.accepted_at_ms is not None and not failed:
        return Finding(UNKNOWN, "the exchange accepted it, but neither its history nor the debt shows it")
    story = "no such repayment stands in the history"
    if failed:
        story = f"the only such repayment in the history, {failed[0].repay_id}, has failed"
    return Finding(NOT_EXECUTED, f"its time is over, {story}, and the debt did not fall by it", None, tuple(failed))


def _is_alike(record: Record, intent: Intent, is_closed: bool) -> bool:
    if not record.by_user or record.time_ms <= intent.earliest_ms:
        return False
    # What a whole loan costs is reckoned by the exchange: not less than it was, unless somebody has paid a part meanwhile.
    is_whole = intent.is_whole and (is_closed or record.amount > intent.amount)
    return is_whole or record.amount == intent.amount


def _fell_too_much(missing: Decimal) -> str:
    return f"the debt fell by {plain(missing)} more than the history explains"


def _unexplained_fall(intent: Intent, sight: Sight, settle_margin_ms: int) -> Decimal:
    """Return how much more the debt has fallen than the history can explain; zero when it has not, or is not known."""
    loan = sight.loan
    if loan is None:
        return Decimal(0)
    before = {record.repay_id: record for record in intent.baseline.records}
    explained = Decimal(0)
    for record in sight.records:
        known = before.get(record.repay_id)
        if known is None:
            counts = record.time_ms > intent.earliest_ms - BASELINE_REACH_MS
        else:
            # What was in process, or younger than the debt may be late, need not have lowered the debt by then.
            counts = known.status == PROCESSING or known.time_ms > intent.earliest_ms - settle_margin_ms
        if counts and record.status != FAILED:
            explained = total(explained, record.amount)
    # Interest that accrues hides a fall of the debt, but not one of the principal.
    falls = difference(intent.baseline.debt, loan.debt), difference(intent.baseline.principal, loan.principal)
    # Who closes a loan is forgiven what is below the coin's smallest amount; that is no trace of a repayment.
    forgiven = Decimal(0) if loan.status == OPEN else intent.amount / 2
    missing = difference(max(falls), explained)
    return missing if missing > forgiven else Decimal(0)

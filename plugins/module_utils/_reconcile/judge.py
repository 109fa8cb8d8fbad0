# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a repayment was executed, judged from what the exchange shows of history, debt and wallet.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, multiply, plain, total
from .._journal.intent import BASELINE_REACH_MS, Intent
from .._loans.history import FAILED, PROCESSING, HistoryEntry
from .._loans.loan import OPEN, Loan
from .._loans.wallet import Movement, Payment
from .._outcomes import EXECUTED, NOT_EXECUTED, UNKNOWN
from .._times import DAY_MS, HISTORY_REACH_DAYS, SECOND_MS, utc

FOUND = "it stands in the history"
_WINDOW_OPEN = "wait_timeout ended before the exchange's time window for it"
_MARGIN_OPEN = "wait_timeout ended before settle_margin had passed since the exchange's time window for it closed"
# How many times longer history and debt must show nothing where no wallet can bear witness: a repayment in process may be hidden.
_BLIND_FACTOR = 60
# What the exchange shows of an amount may be rounded, or less a fee.
_NEARLY, _HARDLY_MORE = Decimal("0.99"), Decimal("1.01")


class Observation(t.NamedTuple):
    """What the exchange showed in one look.

    :ivar at_ms: A time that the exchange's clock had surely reached before the look; none when that is not known.
    :ivar away_ms: How long ago, by this machine's monotonic clock, the request had surely left when the look began.
    :ivar entries: The history of the loan.
    :ivar loan: The loan; none when the exchange did not list it.
    """

    at_ms: int | None
    away_ms: int
    entries: list[HistoryEntry]
    loan: Loan | None


class Witness(t.NamedTuple):
    """What became of the money that a repayment takes: in the Funding wallet, or in the collateral that is sold for it.

    :ivar outflow: What left the wallet in its time, by the wallet's ledger; none when that cannot be read.
    :ivar balance: What the wallet holds now; none when that cannot be read.
    :ivar net: What has come into the wallet since it was sent, less what has left, by the ledger; none when that cannot be read.
    :ivar pledged: What is pledged now, by coin.
    :ivar blindness: Why nobody can tell that the wallet has not paid, as a sentence; empty when its ledger tells.
    """

    outflow: Decimal | None = None
    balance: Decimal | None = None
    net: Decimal | None = None
    pledged: tuple[tuple[str, Decimal], ...] = ()
    blindness: str = ""


class Finding(t.NamedTuple):
    """The judgement.

    :ivar outcome: C(EXECUTED), C(NOT_EXECUTED), or C(UNKNOWN) as long as it is open.
    :ivar reason: Why, as the middle of a sentence.
    :ivar entry: The only entry that can be the repayment, if there is just one.
    :ivar candidates: All entries that look like the repayment.
    """

    outcome: str
    reason: str
    entry: HistoryEntry | None = None
    candidates: tuple[HistoryEntry, ...] = ()


class Reconciled(t.NamedTuple):
    """What is known of a repayment now.

    :ivar outcome: C(EXECUTED), C(PENDING), C(NOT_EXECUTED) or C(UNKNOWN).
    :ivar intent: Its intent, with the C(repay_id) where one is known.
    :ivar finding: The judgement, when its answer was lost and it had to be looked for.
    :ivar evidence: What was seen then.
    :ivar warning: What went wrong on the way without changing the outcome.
    :ivar entries: The history as it was read last.
    """

    outcome: str
    intent: Intent
    finding: Finding | None = None
    evidence: dict[str, t.Any] | None = None
    warning: str = ""
    entries: tuple[HistoryEntry, ...] = ()


def blind_margin_ms(settle_margin_ms: int) -> int:
    """Return how long history and debt must show nothing when the wallet cannot bear witness."""
    return settle_margin_ms * _BLIND_FACTOR


def weigh(intent: Intent, sight: Observation, settle_margin_ms: int, others: frozenset[str]) -> Finding:
    """Judge by history and debt whether the repayment of an intent was executed.

    That it was not, C(hold_against) has to confirm.

    :param settle_margin_ms: How late history and debt may be at worst.
    :param others: The ids of repayments that are known to be other ones.
    """
    if sight.at_ms is not None and sight.at_ms - intent.sent_at_ms > HISTORY_REACH_DAYS * DAY_MS:
        return Finding(UNKNOWN, f"it was sent more than {HISTORY_REACH_DAYS} days ago, and the history does not reach so far back")
    known = others.union(entry.repay_id for entry in intent.baseline.entries)
    new = [r for r in sight.entries if r.repay_id not in known and r.latest_ms > intent.earliest_ms]
    is_closed = sight.loan is not None and sight.loan.status != OPEN
    all_alike = [entry for entry in new if _is_alike(entry, intent, is_closed)]
    alike = [entry for entry in all_alike if entry.status != FAILED]
    in_time = [entry for entry in alike if entry.time_ms <= intent.window_end_ms + settle_margin_ms]
    closed, is_over = _is_past(intent, sight, 0), _is_past(intent, sight, settle_margin_ms)
    if len(in_time) > 1:
        return Finding(UNKNOWN, f"{len(in_time)} repayments in the history look like it", None, tuple(in_time))
    if in_time:
        (found,) = in_time
        if not closed:
            return Finding(UNKNOWN, _WINDOW_OPEN, found, (found,))
        if sight.loan is None and not is_over:
            # Without the debt, only time can show that there is no second one.
            return Finding(UNKNOWN, _MARGIN_OPEN, None, (found,))
        if found.by_user is None:
            return Finding(UNKNOWN, "an entry of the history looks like it, but is of a type that this collection does not know", None, (found,))
        missing = _unexplained_fall(intent, sight, settle_margin_ms)
        if missing:
            # It may be somebody else's, and this repayment the one that does not show yet.
            return Finding(UNKNOWN, _fell_too_much(missing), None, (found,))
        return Finding(EXECUTED, FOUND, found, (found,))
    if alike:
        later = f"the history shows one like it, but made at {utc(alike[0].time_ms)}, after its time"
        return Finding(UNKNOWN, later, None, tuple(alike))
    # What is shown as the amount may be rounded, the principal only, less a fee, or a part of it.
    latest_ms = intent.window_end_ms + blind_margin_ms(settle_margin_ms)
    strange = [entry for entry in new if entry.status != FAILED and entry.time_ms <= latest_ms]
    if strange:
        shown = " and ".join(f"{plain(entry.amount)} ({entry.kind or 'user'})" for entry in strange)
        return Finding(UNKNOWN, f"the history shows {shown} in its time, which may be it", None, tuple(strange))
    failed = [entry for entry in all_alike if entry.status == FAILED]
    if sight.at_ms is None:
        return Finding(UNKNOWN, "the exchange did not tell its time")
    if not is_over:
        return Finding(UNKNOWN, _MARGIN_OPEN if closed else _WINDOW_OPEN)
    return _absent(intent, sight, settle_margin_ms, failed)


def hold_against(witness: Witness, finding: Finding, intent: Intent, sight: Observation, settle_margin_ms: int) -> Finding:
    """Hold a judgement that nothing was executed against what became of the money."""
    if finding.outcome != NOT_EXECUTED:
        return finding
    least = multiply(intent.amount, _NEARLY)
    if witness.outflow is not None and witness.outflow >= least:
        return _doubted(finding, f"{plain(witness.outflow)} {intent.coin} left the Funding wallet in its time")
    before = intent.baseline.wallet
    if before is not None and witness.balance is not None:
        # What the ledger tells explains what the balance shows, also much later.
        fallen = difference(total(before, witness.net or Decimal(0)), witness.balance)
        if fallen >= least:
            return _doubted(finding, f"the Funding wallet held {plain(before)} {intent.coin} before and holds {plain(witness.balance)} now")
    pledged = dict(witness.pledged)
    for coin, amount in intent.baseline.pledged:
        held = pledged.get(coin, Decimal(0))
        if held < amount:
            return _doubted(finding, f"{plain(amount)} {coin} were pledged before, and {plain(held)} are now")
    if not witness.blindness:
        return finding._replace(reason=f"{finding.reason}, and no such amount left the Funding wallet")
    margin_ms = blind_margin_ms(settle_margin_ms)
    if not _is_past(intent, sight, margin_ms):
        return _doubted(finding, f"{witness.blindness}, so history and debt have to show nothing for {margin_ms // SECOND_MS} s")
    return finding._replace(reason=f"{finding.reason} for {margin_ms // SECOND_MS} s; {witness.blindness}")


def without_own(movements: t.Sequence[Movement], paid: t.Iterable[Payment]) -> list[Movement]:
    """Leave out what the same process had paid before for other repayments: one entry of the ledger for each."""
    left = list(movements)
    for payment in paid:
        # The ledger's time is cut to the second.
        fitting = [
            movement for movement in left
            if movement.amount == -payment.amount and payment.from_ms - 2 * SECOND_MS < movement.time_ms <= payment.to_ms
        ]
        if fitting:
            left.remove(fitting[0])
    return left


def doubt_of(entry: HistoryEntry, intent: Intent) -> str:
    """Say why the entry with the id that the exchange has given cannot be the repayment; empty when it can.

    That its amount is less is no reason: what the history shows may be rounded, the principal only, or less a fee.
    """
    if entry.repay_id in {known.repay_id for known in intent.baseline.entries}:
        return "it stood in the history before"
    if entry.latest_ms <= intent.earliest_ms:
        return f"it was made at {utc(entry.time_ms)}, before this was sent"
    if entry.coin and entry.coin != intent.coin:
        return f"it is one of {entry.coin}"
    if entry.by_user is False:
        return f"its type is {entry.kind}"
    if not intent.is_whole and entry.amount > multiply(intent.amount, _HARDLY_MORE):
        return f"it is one of {plain(entry.amount)}"
    return ""


def seen_in_debt(intents: t.Sequence[Intent], entries: t.Sequence[HistoryEntry], loan: Loan) -> list[Intent]:
    """Return which of some repayments the debt shows, as far as can be told.

    :param intents: Repayments that were made, the oldest first.
    :param entries: The history of the loan; what others have repaid since must be in the debt as well.
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


def _is_past(intent: Intent, sight: Observation, margin_ms: int) -> bool:
    """Tell whether a margin has passed since the exchange could accept the repayment: by its clock, and by this machine's own."""
    if sight.at_ms is None or sight.at_ms <= intent.window_end_ms + margin_ms:
        return False
    return sight.away_ms > intent.open_for_ms + margin_ms


def _absent(intent: Intent, sight: Observation, settle_margin_ms: int, failed: list[HistoryEntry]) -> Finding:
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
    return Finding(NOT_EXECUTED, f"its time is over, {story}, the debt did not fall by it", None, tuple(failed))


def _doubted(finding: Finding, reason: str) -> Finding:
    return finding._replace(outcome=UNKNOWN, reason=f"it does not stand in the history, but {reason}")


def _is_alike(entry: HistoryEntry, intent: Intent, is_closed: bool) -> bool:
    if entry.by_user is False or (entry.coin and entry.coin != intent.coin):
        return False
    # What a whole loan costs is reckoned by the exchange: not less than it was, unless somebody has paid a part meanwhile.
    is_whole = intent.is_whole and (is_closed or entry.amount > intent.amount)
    return is_whole or entry.amount == intent.amount


def _fell_too_much(missing: Decimal) -> str:
    return f"the debt fell by {plain(missing)} more than the history explains"


def _unexplained_fall(intent: Intent, sight: Observation, settle_margin_ms: int) -> Decimal:
    """Return how much more the debt has fallen than the history can explain; zero when it has not, or is not known."""
    loan = sight.loan
    if loan is None:
        return Decimal(0)
    before = {entry.repay_id: entry for entry in intent.baseline.entries}
    explained = Decimal(0)
    for entry in sight.entries:
        known = before.get(entry.repay_id)
        if known is None:
            counts = entry.time_ms > intent.earliest_ms - BASELINE_REACH_MS
        else:
            # What was in process, or younger than the debt may be late, need not have lowered the debt by then.
            counts = known.status == PROCESSING or known.time_ms > intent.earliest_ms - settle_margin_ms
        if counts and entry.status != FAILED:
            explained = total(explained, entry.amount)
    # Interest that accrues hides a fall of the debt, but not one of the principal.
    falls = difference(intent.baseline.debt, loan.debt), difference(intent.baseline.principal, loan.principal)
    # Who closes a loan is forgiven what is below the coin's smallest amount; that is no trace of a repayment.
    forgiven = Decimal(0) if loan.status == OPEN else intent.amount / 2
    missing = difference(max(falls), explained)
    return missing if missing > forgiven else Decimal(0)

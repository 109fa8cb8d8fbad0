# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read before a plan, and how long a run waits until it can be believed."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput, Declined, ReadFailed
from ansible_collections.treasury.bybit.plugins.module_utils._engine.steps import RunEnded
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry

MARGIN_MS = 10_000
PAY_OFF, TO_750 = Goal(max_debt=Decimal(0)), Goal(max_debt=Decimal(750))
HALF = Goal(max_ltv=Decimal("0.25"))
NOT_YET = (
    "A repayment on loan 17 was made recently or is still in process, so the debt that the exchange shows may be outdated: raise "
    "wait_timeout, or run again later."
)


def shown(bybit: t.Any, age_ms: int, amount: str = "100", status: str = SUCCESS) -> None:
    """Put a repayment into the history that the debt already includes."""
    bybit.entries.append((0, HistoryEntry("50", Decimal(amount), status, True, bybit.now_ms() - age_ms)))


def accepted(bybit: t.Any, journal: Journal, age_ms: int = 0, repay_id: str = "77") -> Intent:
    """Record a repayment of an earlier run that the exchange accepted and does not show yet."""
    before = Baseline((("debt", Decimal("1000.4")), ("principal", Decimal("1000.4"))), ())
    intent = Intent(
        "8f2a", PAY_OFF, Decimal(100), "USDT", before, bybit.now_ms() - age_ms, 5000, repay_id=repay_id, reported=True
    )
    journal.note(intent)
    return intent


def test_an_old_history_needs_no_wait(prepare: t.Any, bybit: t.Any) -> None:
    shown(bybit, 60_000)
    prepared = prepare()
    assert (prepared.decision.kind, prepared.decision.amount, bybit.clock.pauses) == ("move", Decimal("1000.4"), [])
    assert prepared.means == (4, Decimal(50000), None, False, Decimal(0), "", "top up the Funding wallet")
    assert [entry.repay_id for entry in prepared.entries] == ["50"]


@pytest.mark.parametrize(
    ("age_ms", "pauses"), [(0, [10_100]), (4000, [6100]), (9999, [101]), (10_000, [100]), (10_001, []), (-500, [10_600])]
)
def test_a_young_repayment_may_not_be_in_the_debt_yet(prepare: t.Any, bybit: t.Any, age_ms: int, pauses: list[int]) -> None:
    shown(bybit, age_ms)
    assert prepare().decision.kind == "move"
    assert bybit.clock.pauses == pauses


def test_a_time_in_whole_seconds_may_be_any_moment_of_it(prepare: t.Any, bybit: t.Any) -> None:
    shown(bybit, 7)
    prepare()
    # It is 7 ms past the second, in which it may have been made up to 999 ms in.
    assert bybit.clock.pauses == [10_100 + 999 - 7]


def test_the_payment_follows_from_the_debt_after_the_wait(prepare: t.Any, bybit: t.Any) -> None:
    bybit.debt_lag_ms = 9000
    bybit.commit(Decimal(100))
    assert prepare(TO_750).decision.amount == Decimal("150.4")
    bybit.commit(Decimal("150.4"))
    assert prepare(TO_750).decision.kind == "nothing_to_do"


def test_a_repayment_between_the_looks_at_debt_and_history_is_waited_for(prepare: t.Any, bybit: t.Any) -> None:
    find = bybit.find

    class Busy(type(bybit)):
        """Somebody pays right after the debt was read."""

        def find(self, is_of_ltv: bool = False) -> t.Any:
            loan = find(is_of_ltv)
            if not self.entries:
                self.commit(Decimal(100))
            return loan

    bybit.__class__ = Busy
    assert prepare(TO_750).decision.amount == Decimal("150.4")
    assert bybit.clock.pauses == [10_100]


def test_one_that_failed_lowers_no_debt(prepare: t.Any, bybit: t.Any) -> None:
    shown(bybit, 0, status=FAILED)
    prepare()
    assert bybit.clock.pauses == []


@pytest.mark.parametrize(("margin_ms", "pauses"), [(MARGIN_MS, [10_000] * 3), (0, [100] * 3)])
def test_one_in_process_is_waited_for(prepare: t.Any, bybit: t.Any, margin_ms: int, pauses: list[int]) -> None:
    shown(bybit, 86_400_000, status=PROCESSING)

    def end_soon() -> None:
        if len(bybit.clock.pauses) == 3:
            bybit.entries[0] = (0, bybit.entries[0][1]._replace(status=SUCCESS))

    bybit.clock.after_pause = end_soon
    assert prepare(settle_margin_ms=margin_ms).decision.kind == "move"
    assert bybit.clock.pauses == pauses


@pytest.mark.parametrize("status", [PROCESSING, SUCCESS])
@pytest.mark.parametrize("goal", [PAY_OFF, HALF])
def test_a_debt_that_cannot_be_believed_in_time_is_refused(prepare: t.Any, bybit: t.Any, status: str, goal: Goal) -> None:
    shown(bybit, 0, status=status)
    with pytest.raises(Declined) as caught:
        prepare(goal, wait_timeout_ms=9999)
    word = "LTV" if goal.is_of_ltv else "debt"
    assert (str(caught.value), bybit.clock.pauses) == (NOT_YET.replace("the debt", f"the {word}"), [])


@pytest.mark.parametrize(("timeout_ms", "is_enough"), [(10_100, True), (10_099, False)])
def test_the_shortest_wait(prepare: t.Any, bybit: t.Any, timeout_ms: int, is_enough: bool) -> None:
    shown(bybit, 0)
    if is_enough:
        assert prepare(wait_timeout_ms=timeout_ms).decision.kind == "move"
    else:
        with pytest.raises(Declined):
            prepare(wait_timeout_ms=timeout_ms)


@pytest.mark.parametrize(
    ("goal", "kind"), [(Goal(Decimal(100)), "move"), (Goal(max_debt=Decimal(2000)), "nothing_to_do"), (Goal(Decimal(5000)), "decline")]
)
def test_a_plan_that_does_not_depend_on_the_debt_does_not_wait(prepare: t.Any, bybit: t.Any, goal: Goal, kind: str) -> None:
    shown(bybit, 0, status=PROCESSING)
    assert prepare(goal).decision.kind == kind
    assert bybit.clock.pauses == []


def test_a_repayment_of_another_loan_lowers_the_same_ltv(prepare: t.Any, bybit: t.Any) -> None:
    bybit.others = [HistoryEntry("60", Decimal(5), SUCCESS, True, bybit.now_ms() - 3000)]
    prepare(PAY_OFF)
    assert bybit.clock.pauses == []
    prepare(HALF)
    assert bybit.clock.pauses == [7100]


def test_an_entry_of_unknown_type_makes_a_sum_fail(prepare: t.Any, bybit: t.Any) -> None:
    bybit.entries.append((0, HistoryEntry("50", Decimal(100), SUCCESS, None, bybit.now_ms() - 1000, "USDT", "unknown")))
    with pytest.raises(ReadFailed, match="of a type that this collection does not know"):
        prepare(Goal(Decimal(100), bybit.now_ms() - 5000))
    # A plain amount and a debt goal need no sum.
    assert prepare(Goal(Decimal(100))).decision.kind == prepare(TO_750).decision.kind == "move"


def test_an_accepted_repayment_is_waited_for_until_it_has_shown_for_the_margin(prepare: t.Any, bybit: t.Any) -> None:
    accepted(bybit, prepare.journal, repay_id="100")
    bybit.history_lag_ms = bybit.debt_lag_ms = 3000
    bybit.commit(Decimal(100))
    assert prepare(TO_750).decision.amount == Decimal("150.4")
    # Until the history shows it, then the whole margin for the debt, twice, because it may have become final only now.
    shown, rest = bybit.clock.pauses[:4], bybit.clock.pauses[4:]
    assert (shown, sum(rest) >= MARGIN_MS, sum(rest) < 3 * MARGIN_MS) == ([500, 750, 1125, 1687], True, True)
    assert prepare.journal.unconfirmed() == []


def test_an_accepted_repayment_that_does_not_show_in_time_is_a_doubt(prepare: t.Any, bybit: t.Any) -> None:
    accepted(bybit, prepare.journal)
    with pytest.raises(RunEnded) as caught:
        prepare()
    ended = caught.value
    assert str(ended).startswith("The repayment of 100 USDT on loan 17 (repayment 77) was accepted at")
    assert "acknowledge: '8f2a'" in str(ended)
    assert (ended.error.outcome, ended.is_open) == ("unknown", True)
    assert (ended.intent.intent_id, ended.intent.repay_id, ended.intent.amount) == ("8f2a", "77", Decimal(100))


def test_a_repayment_accepted_just_now_is_a_refusal_if_there_is_no_time(prepare: t.Any, bybit: t.Any) -> None:
    accepted(bybit, prepare.journal)
    with pytest.raises(Declined) as caught:
        prepare(wait_timeout_ms=1000)
    assert (str(caught.value), sum(bybit.clock.pauses)) == (NOT_YET, 1000)


@pytest.mark.parametrize("goal", [TO_750, HALF], ids=["debt", "LTV"])
@pytest.mark.parametrize(("age_ms", "is_doubted"), [(1000, True), (604_999, True), (605_001, False)])
def test_an_accepted_repayment_that_failed_is_a_doubt_for_a_while(
    prepare: t.Any, bybit: t.Any, goal: Goal, age_ms: int, is_doubted: bool
) -> None:
    accepted(bybit, prepare.journal, age_ms, "50")
    shown(bybit, age_ms, status=FAILED)
    if not is_doubted:
        assert (prepare(goal).decision.kind, prepare.journal.unconfirmed()) == ("move", [])
        return
    with pytest.raises(Declined) as caught:
        prepare(goal, wait_timeout_ms=1000)
    word = "LTV" if goal.is_of_ltv else "debt"
    assert str(caught.value) == (
        "A repayment on loan 17 failed on the exchange only recently, and its status may still change, so the "
        f"{word} that the exchange shows may be outdated: raise wait_timeout, or run again later."
    )


@pytest.mark.parametrize(("age_ms", "error"), [(14_000, Declined), (14_001, RunEnded)])
def test_it_is_a_doubt_only_after_it_should_show(prepare: t.Any, bybit: t.Any, age_ms: int, error: type[Exception]) -> None:
    # Its time window is 5 s, and the history may be 10 s late. The run waits one second.
    accepted(bybit, prepare.journal, age_ms)
    with pytest.raises(error):
        prepare(wait_timeout_ms=1000)


def test_a_plain_amount_does_not_wait_for_an_accepted_repayment(prepare: t.Any, bybit: t.Any) -> None:
    accepted(bybit, prepare.journal)
    assert prepare(Goal(Decimal(100))).decision.kind == "move"
    assert bybit.clock.pauses == []


def test_progress_is_reported(prepare: t.Any, bybit: t.Any) -> None:
    now_ms = bybit.now_ms()
    shown(bybit, 1000, "30")
    accepted(bybit, prepare.journal)
    prepared = prepare(Goal(Decimal(100), now_ms - 5000), wait_timeout_ms=1000)
    # An accepted repayment that does not show yet counts, so that it is not paid again.
    assert prepared.progress == (Decimal(130), Decimal(0))
    assert sum(bybit.clock.pauses) == 1000
    assert prepared.decision.kind == "nothing_to_do"


def test_for_a_sum_it_is_enough_that_it_shows(prepare: t.Any, bybit: t.Any) -> None:
    now_ms = bybit.now_ms()
    accepted(bybit, prepare.journal, repay_id="100")
    bybit.history_lag_ms = 3000
    bybit.commit(Decimal(30), PROCESSING)
    assert prepare(Goal(Decimal(100), now_ms - 5000)).decision.amount == 70
    assert bybit.clock.pauses == [500, 750, 1125, 1687]


def test_a_moment_that_has_not_come_is_refused(prepare: t.Any, bybit: t.Any) -> None:
    with pytest.raises(BadInput, match="^since is in the future"):
        prepare(Goal(Decimal(100), bybit.now_ms() + 1))


def test_an_unknown_loan_needs_no_further_reads(prepare: t.Any, bybit: t.Any) -> None:
    class Unknown(type(bybit)):
        def find(self, is_of_ltv: bool = False) -> None:
            return None

    bybit.__class__ = Unknown
    shown(bybit, 0)
    bybit.terms = bybit.terms._replace(shares_collateral=True)
    for goal in (PAY_OFF, HALF):
        prepared = prepare(goal)
        assert (prepared.subject, prepared.entries, prepared.decision.kind, bybit.reads) == (None, [], "decline", [])

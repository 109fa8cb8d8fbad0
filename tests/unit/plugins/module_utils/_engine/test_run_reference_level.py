# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reference of a goal names the first move of the run. What follows it in the same run carries none, and is never more than interest."""

from __future__ import annotations

import json
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._amounts import plain
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Declined, Failure, OutcomeUnknown, ReadFailed, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._engine.context import new_context
from ansible_collections.treasury.bybit.plugins.module_utils._engine.report import Report
from ansible_collections.treasury.bybit.plugins.module_utils._engine.run import run as engine
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Counted, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import Row
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent, intent_from
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from fake_exchange import USUAL, FakeExchange

PAY_OFF, HALF = Goal(max_debt=Decimal(0)), Goal(max_ltv=Decimal("0.25"))
COUNTED = Counted((("calm", Decimal("1000.4")),), (("USDT", Decimal("1000.4")),), Decimal(1001))
BEFORE = Baseline((("debt", Decimal("1000.4")), ("principal", Decimal("1000.4"))), ())
LOST = OutcomeUnknown("no answer came", Failure(http_status=502))
NEEDED = "Under it, only interest is paid now: use another reference for the rest."

Run = t.Callable[..., Report]
Sent = t.Callable[[], t.List[t.Tuple[str, str, t.Optional[str], bool]]]


class Killed(BaseException):
    """Ends a run at once, as a signal does."""


@pytest.fixture
def under(run: Run) -> Run:
    """Run a goal under a reference, as a policy does."""

    def call(goal: Goal = PAY_OFF, reference: str = "P-1", **more: t.Any) -> Report:
        return run(goal, reference=reference, counted=COUNTED, **more)

    return call


@pytest.fixture
def stored(select: t.Callable[..., list[Row]]) -> Sent:
    """List the recorded intents: amount, state, reference, and whether they count toward something."""

    def call() -> list[tuple[str, str, str | None, bool]]:
        rows = select("SELECT document, state, reference FROM bybit_intents ORDER BY number")
        found = [(intent_from(json.loads(document)), state, reference) for document, state, reference in rows]
        assert all(intent.reference == reference for intent, dummy, reference in found)
        return [(plain(intent.amount), state, reference, intent.counted == COUNTED) for intent, state, reference in found]

    return call


def amounts(bybit: FakeExchange) -> list[str]:
    return [plain(amount) for amount, dummy in bybit.sent]


def told(report: Report) -> tuple[object, ...]:
    result = report.as_dict()
    return result["changed"], result["outcome"], result["amount"], result["goal_reached"], [one["amount"] for one in result["repayments"]]


def kill_when(monkeypatch: pytest.MonkeyPatch, bybit: FakeExchange, number: int, is_executed: bool) -> None:
    """Kill the run while it sends its request of this number."""
    post = bybit.post

    def dying(signed: t.Any) -> t.Any:
        if len(bybit.sent) + 1 < number:
            return post(signed)
        monkeypatch.undo()
        if is_executed:
            post(signed)
        raise Killed

    monkeypatch.setattr(bybit, "post", dying)


def fall_silent_after(bybit: FakeExchange, number: int) -> None:
    """Let no history be readable after this many requests."""

    def fall_silent() -> None:
        if len(bybit.sent) == number:
            bybit.unreadable = ReadFailed("No answer.")

    bybit.clock.after_pause = fall_silent


@pytest.mark.parametrize(
    ("debt", "accrued", "sent"),
    [
        ("1000", "0", ["1000"]), ("1000", "0.0002", ["1000", "0.0002"]), ("1000", "0.00005", ["1000", "0.00005"]),
        ("1000", "0.00025", ["1000", "0.0002", "0.00005"]), ("1000.00005", "0", ["1000", "0.00005"]), ("0.00005", "0", ["0.00005"]),
    ],
)
def test_only_the_first_move_carries_the_reference_and_counts(under: Run, bybit: FakeExchange, stored: Sent, debt: str, accrued: str, sent: list[str]) -> None:
    bybit.debt, bybit.accruals = Decimal(debt), [accrued]
    report = under()
    assert told(report) == (True, "executed", plain(sum(map(Decimal, sent), Decimal(0))), True, sent)
    assert (amounts(bybit), report.warnings) == (sent, [])
    assert stored() == [(sent[0], "done", "P-1", True), *((amount, "done", None, False) for amount in sent[1:])]


@pytest.mark.parametrize("days", [0, 400])
def test_a_second_run_is_answered_and_sends_nothing(under: Run, bybit: FakeExchange, days: int) -> None:
    bybit.accruals = ["0.0002"]
    under()
    bybit.clock.pass_ms(days * 86_400_000)
    # Newly borrowed.
    bybit.debt += 500
    again = under()
    assert told(again) == (False, "executed", "1000.4", True, [])
    assert again.message.startswith("Nothing was sent: reference 'P-1' was already used for 1000.4 USDT on loan 17 (repayment 100), which was sent at ")
    assert told(under(check_mode=True)) == told(again)
    assert amounts(bybit) == ["1000.4", "0.0002"]
    # Another reference is another step.
    assert told(under(reference="P-2"))[:3] == (True, "executed", "500")


@pytest.mark.parametrize("goal", [Goal(max_debt=Decimal(1)), Goal(Decimal("1000.4"))], ids=["level", "amount"])
def test_a_reference_of_a_goal_cannot_name_another(under: Run, bybit: FakeExchange, goal: Goal) -> None:
    under()
    assert "was already used for the repayment of 1000.4 USDT" in under(goal, error=Declined).message


def test_a_run_that_has_nothing_to_move_uses_no_reference(under: Run, bybit: FakeExchange, stored: Sent) -> None:
    bybit.debt = Decimal(0)
    assert under().outcome == "nothing_to_do"
    bybit.debt = Decimal(5)
    assert under().outcome == "executed"
    assert stored() == [("5", "done", "P-1", True)]


def test_a_refused_move_leaves_the_reference_to_the_next_run(under: Run, bybit: FakeExchange, stored: Sent) -> None:
    bybit.troubles = [Refused("The balance is too small.", Failure(ret_code=177011))]
    under(error=Refused)
    assert told(under())[:3] == (True, "executed", "1000.4")
    assert stored() == [("1000.4", "void", "P-1", True), ("1000.4", "done", "P-1", True)]


@pytest.mark.parametrize("is_executed", [True, False])
@pytest.mark.parametrize("accrued", ["0.0002", "0.00005"])
@pytest.mark.parametrize("check_first", [True, False])
def test_a_run_that_was_killed_in_its_second_request_is_brought_to_its_end(
    under: Run, bybit: FakeExchange, stored: Sent, monkeypatch: pytest.MonkeyPatch, is_executed: bool, accrued: str, check_first: bool
) -> None:
    bybit.accruals = [accrued]
    kill_when(monkeypatch, bybit, 2, is_executed)
    with pytest.raises(Killed):
        under()
    bybit.clock.pass_ms(60_000)
    if check_first:
        assert under(check_mode=True).as_dict()["changed"]
    report = under()
    whole = plain(Decimal("1000.4") + Decimal(accrued))
    assert told(report) == (True, "executed", whole, True, ["1000.4", accrued])
    assert (report.as_dict()["details"]["recovered"], amounts(bybit)) == (True, ["1000.4", accrued])
    assert bybit.find().debt == 0
    not_sent = [] if is_executed else [(accrued, "void", None, False)]
    assert stored() == [("1000.4", "done", "P-1", True), *not_sent, (accrued, "done", None, False)]
    # From now on, the journal answers.
    assert told(under()) == (False, "executed", "1000.4", True, [])
    assert amounts(bybit) == ["1000.4", accrued]


@pytest.mark.parametrize("is_executed", [True, False])
def test_a_run_that_was_killed_in_its_first_request_is_brought_to_its_end(
    under: Run, bybit: FakeExchange, stored: Sent, monkeypatch: pytest.MonkeyPatch, is_executed: bool
) -> None:
    bybit.accruals = ["0.0002"]
    kill_when(monkeypatch, bybit, 1, is_executed)
    with pytest.raises(Killed):
        under()
    bybit.clock.pass_ms(60_000)
    assert told(under()) == (True, "executed", "1000.4002", True, ["1000.4", "0.0002"])
    not_sent = [] if is_executed else [("1000.4", "void", "P-1", True)]
    assert stored() == [*not_sent, ("1000.4", "done", "P-1", True), ("0.0002", "done", None, False)]
    assert amounts(bybit) == ["1000.4", "0.0002"]


@pytest.fixture
def killed_after(bybit: FakeExchange, store: Store) -> t.Callable[..., None]:
    """Leave the executed move of a killed run behind."""

    def call(goal: Goal, amount: str = "1000.4") -> None:
        with Journal(store) as killed:
            killed.begin(False, 0)
            killed.note(Intent("8f2a", goal, Decimal(amount), "USDT", BEFORE, bybit.now_ms(), 5000, reference="P-1", counted=COUNTED))
            bybit.commit(Decimal(amount))

    return call


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("goal", "amount", "borrowed"),
    [(PAY_OFF, "1000.4", "1.0005"), (PAY_OFF, "1000.4", "500"), (HALF, "500.4", "0.0001"), (HALF, "500.4", "700")],
)
def test_more_than_interest_is_not_repaid_under_the_reference_of_a_killed_run(
    under: Run, bybit: FakeExchange, killed_after: t.Callable[..., None], goal: Goal, amount: str, borrowed: str, check_mode: bool
) -> None:
    killed_after(goal, amount)
    bybit.clock.pass_ms(30 * 86_400_000)
    bybit.debt += Decimal(borrowed)
    reached = goal.max_ltv is not None and bybit.find().is_ltv_surely_at_most(goal.max_ltv)
    report = under(goal, check_mode=check_mode)
    assert told(report) == (True, "executed", amount, reached, [amount])
    left = f"The goal is not reached after the repayment of {amount} USDT on loan 17, which an earlier run sent under reference 'P-1'. {NEEDED}"
    assert [warning for warning in report.warnings if "not reached" in warning] == ([] if reached else [left])
    assert amounts(bybit) == []
    if not check_mode:
        assert told(under(goal)) == (False, "executed", amount, True, [])
        assert amounts(bybit) == []


def test_nothing_is_transferred_for_more_than_interest(bybit: FakeExchange, store: Store, killed_after: t.Callable[..., None]) -> None:
    def funding(coin: str, amount: Decimal) -> t.Any:
        raise AssertionError(f"transfers {amount} {coin}")

    killed_after(PAY_OFF)
    bybit.clock.pass_ms(60_000)
    bybit.debt += 500
    bybit.wallet = "30"
    with Journal(store) as journal:
        report = engine(new_context(bybit, bybit, journal, PAY_OFF, USUAL._replace(reference="P-1"), funding=funding))
    assert (report.trace, report.funding, told(report)) == ("", None, (True, "executed", "1000.4", False, ["1000.4"]))


@pytest.mark.parametrize("hours", [1, 1000])
def test_a_report_that_reached_nobody_is_told_again_as_a_whole(under: Run, bybit: FakeExchange, store: Store, hours: int) -> None:
    bybit.accruals = ["0.0002"]
    with Journal(store) as unheard:
        engine(new_context(bybit, bybit, unheard, PAY_OFF, USUAL._replace(reference="P-1", counted=COUNTED)))
        unheard.leave_open(bybit.now_ms())
    bybit.clock.pass_ms(hours * 3600_000)
    assert told(under()) == (True, "executed", "1000.4002", True, ["1000.4", "0.0002"])
    assert told(under()) == (False, "executed", "1000.4", True, [])
    assert amounts(bybit) == ["1000.4", "0.0002"]


@pytest.mark.parametrize(("trouble", "why"), [(Refused("No.", Failure(ret_code=177011)), "was not made: No."), (None, "needs")])
def test_interest_that_cannot_be_paid_then_is_a_warning(
    under: Run, bybit: FakeExchange, killed_after: t.Callable[..., None], stored: Sent, trouble: Exception | None, why: str
) -> None:
    killed_after(PAY_OFF)
    bybit.clock.pass_ms(60_000)
    bybit.debt += Decimal("0.0002")
    bybit.troubles = [trouble]
    if trouble is None:
        bybit.wallet = "0.0001"
    report = under()
    assert told(report) == (True, "executed", "1000.4", False, ["1000.4"])
    assert why in report.warnings[-1]
    assert stored()[0] == ("1000.4", "done", "P-1", True)


def test_interest_in_doubt_then_is_a_failure(under: Run, bybit: FakeExchange, killed_after: t.Callable[..., None]) -> None:
    killed_after(PAY_OFF)
    bybit.clock.pass_ms(60_000)
    bybit.debt += Decimal("0.0002")
    bybit.troubles = [LOST]
    fall_silent_after(bybit, 1)
    report = under(error=OutcomeUnknown)
    assert (report.outcome, amounts(bybit)) == ("unknown", ["0.0002"])
    under(error=OutcomeUnknown)
    assert amounts(bybit) == ["0.0002"]


def test_an_unknown_second_move_keeps_the_first_to_be_reported(under: Run, bybit: FakeExchange, stored: Sent) -> None:
    bybit.accruals, bybit.troubles = ["0.0002"], [None, LOST]
    fall_silent_after(bybit, 2)
    under(error=OutcomeUnknown)
    assert stored() == [("1000.4", "made", "P-1", True), ("0.0002", "open", None, False)]
    bybit.unreadable, bybit.clock.after_pause = None, lambda: None
    bybit.clock.pass_ms(3600_000)
    assert told(under()) == (True, "executed", "1000.4002", True, ["1000.4", "0.0002"])
    assert bybit.find().debt == 0
    assert told(under()) == (False, "executed", "1000.4", True, [])


@pytest.mark.parametrize(("first", "second"), [("P-1", None), (None, "P-1"), ("P-1", "P-2")])
def test_a_move_under_another_reference_or_none_is_an_earlier_one(
    run: Run, bybit: FakeExchange, monkeypatch: pytest.MonkeyPatch, first: str | None, second: str | None
) -> None:
    kill_when(monkeypatch, bybit, 1, True)
    with pytest.raises(Killed):
        run(PAY_OFF, reference=first)
    bybit.clock.pass_ms(60_000)
    bybit.debt += 500
    report = run(PAY_OFF, reference=second)
    assert told(report) == (True, "executed", "500", True, ["500"])
    assert [one["amount"] for one in report.as_dict()["details"]["earlier"]] == ["1000.4"]

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a run handles open intents of earlier runs, refusals, defects, and calls that return no ID."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._amounts import plain
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import (
    Declined,
    Failure,
    NotExecuted,
    OutcomeUnknown,
    ReadFailed,
    Refused,
)
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LIQUIDATED, REPAID
from ansible_collections.treasury.bybit.plugins.module_utils._goal import RunOptions
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED
from ansible_collections.treasury.bybit.plugins.module_utils._engine.report import Report
from ansible_collections.treasury.bybit.plugins.module_utils._engine.run import run as engine
from ansible_collections.treasury.bybit.plugins.module_utils._engine.context import new_context
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store

MANNER = RunOptions(True, 60_000, 10_000, 1000, None)
PAY_OFF, TO_750 = Goal(max_debt=Decimal(0)), Goal(max_debt=Decimal(750))
REFUSED = Refused("The balance is too small.", Failure(ret_code=177011))
GONE = Refused("No such order.", Failure(ret_code=177005))


def amounts(bybit: t.Any) -> list[str]:
    return [plain(amount) for amount, dummy in bybit.sent]


def told(report: Report) -> tuple[object, ...]:
    result = report.as_dict()
    return result["changed"], result["outcome"], result["amount"], [one["amount"] for one in result["repayments"]]


def test_check_mode_pays_neither_the_earlier_nor_the_new_amount(run: t.Callable[..., Report], bybit: t.Any) -> None:
    report = run(check_mode=True)
    assert told(report) == (True, "planned", "1000.4", [])
    assert report.message == "Would repay 1000.4 USDT on loan 17: debt 1000.4 → 0, pay 1000.4."
    assert (bybit.sent, bybit.clock.pauses) == ([], [])


def open_intent(bybit: t.Any, store: Store, goal: Goal = TO_750) -> None:
    """Leave the intent of an earlier run that was killed before it could report the outcome."""
    before = Baseline((("debt", Decimal("1000.4")), ("principal", Decimal("1000.4"))), ())
    journal = Journal(store)
    journal.begin(False, 1000)
    journal.note(Intent("8f2a", goal, Decimal(100), "USDT", before, bybit.now_ms(), 5000))
    journal.release()


def test_the_rest_that_an_earlier_run_left_of_a_debt_is_paid(run: t.Callable[..., Report], bybit: t.Any, store: Store) -> None:
    open_intent(bybit, store)
    bybit.commit(Decimal(100))
    bybit.clock.pass_ms(60_000)
    report = run(TO_750)
    assert told(report) == (True, "executed", "250.4", ["100", "150.4"])
    assert (amounts(bybit), report.as_dict()["details"]["recovered"], report.as_dict()["repay_id"]) == (["150.4"], True, "100")


@pytest.mark.parametrize(("goal", "sent"), [(TO_750, ["150.4"]), (Goal(Decimal(100)), [])])
def test_an_earlier_run_that_has_paid_in_check_mode(
    run: t.Callable[..., Report], bybit: t.Any, store: Store, goal: Goal, sent: list[str]
) -> None:
    open_intent(bybit, store, goal)
    bybit.commit(Decimal(100))
    bybit.clock.pass_ms(60_000)
    report = run(goal, check_mode=True)
    assert told(report)[2:] == ("100", ["100"])
    assert ("Would repay 150.4 USDT" in report.message) == bool(sent)
    run(goal)
    assert amounts(bybit) == sent


def test_check_mode_pays_no_interest_after_an_earlier_run(
    run: t.Callable[..., Report], bybit: t.Any, store: Store
) -> None:
    goal = Goal(max_debt=Decimal("900.3"))
    open_intent(bybit, store, goal)
    bybit.commit(Decimal(100))
    bybit.clock.pass_ms(60_000)
    assert "Would repay 0.1 USDT" in run(goal, check_mode=True).message
    assert bybit.sent == []


@pytest.mark.parametrize("named", ["8f2a", "another"])
@pytest.mark.parametrize("borrowed", ["0", "50"])
def test_a_run_with_acknowledge_sends_nothing_whatever_is_missing(
    run: t.Callable[..., Report], bybit: t.Any, store: Store, named: str, borrowed: str
) -> None:
    goal = Goal(max_debt=Decimal("900.3"))
    open_intent(bybit, store, goal)
    bybit.commit(Decimal(100))
    bybit.debt += Decimal(borrowed)
    bybit.clock.pass_ms(60_000)
    report = run(goal, acknowledge=named)
    assert (told(report)[2:], bybit.sent) == (("100", ["100"]), [])
    assert "acknowledge" in report.message and not [warning for warning in report.warnings if "was not repaid" in warning]


def test_a_failure_after_an_earlier_repayment_tells_of_it(run: t.Callable[..., Report], bybit: t.Any, store: Store) -> None:
    open_intent(bybit, store)
    bybit.commit(Decimal(100))
    bybit.clock.pass_ms(60_000)
    bybit.troubles = [REFUSED]
    report = run(TO_750, error=Refused)
    assert told(report) == (True, "executed", "100", ["100"])
    assert "The repayment was executed. Debt before: 1000.4, now: 900.4. The repayment of 150.4 USDT" in report.message
    bybit.wallet = "5"
    assert run(TO_750, error=Declined).message.startswith("An earlier run began a repayment of 100 USDT on loan 17 (repayment 100)")


def test_a_repayment_from_collateral_is_found_in_the_history(run: t.Callable[..., Report], bybit: t.Any) -> None:
    bybit.terms, bybit.wallet = bybit.terms._replace(from_collateral=True), ReadFailed("Nobody asks.")
    report = run(Goal(Decimal(100), collateral=("BTC",)))
    assert told(report) == (True, "executed", "100", ["100"])
    assert (report.as_dict()["details"]["inferred"], report.as_dict()["details"]["recovered"], report.as_dict()["repay_id"]) == (True, False, "100")
    # The pledged amount was recorded before, and is not read again.
    assert (report.warnings, bybit.reads) == ([], ["position"])


def test_a_repayment_from_collateral_that_never_shows_is_a_doubt(run: t.Callable[..., Report], bybit: t.Any) -> None:
    bybit.terms = bybit.terms._replace(from_collateral=True)
    bybit.history_lag_ms = bybit.debt_lag_ms = 10**9
    for cause in ("the exchange accepted it without an ID", "an earlier run began it and ended before it could report the outcome"):
        report = run(Goal(Decimal(100), collateral=("BTC",)), error=OutcomeUnknown)
        assert report.message.startswith(f"It is unknown whether the repayment of 100 USDT on loan 17 was made: {cause}, and ")
    assert len(bybit.sent) == 1


def test_whether_a_loan_was_closed_meanwhile_cannot_be_read(run: t.Callable[..., Report], bybit: t.Any) -> None:
    post = bybit.post

    def fall_silent(signed: t.Any) -> t.Any:
        bybit.unreadable = ReadFailed("No answer.")
        return post(signed)

    bybit.post, bybit.troubles = fall_silent, [GONE]
    report = run(error=Refused)
    assert report.message == "The repayment of 1000.4 USDT on loan 17 was not made: No such order."
    assert report.warnings == ["Whether the loan was closed in the meantime could not be checked: No answer."]


@pytest.mark.parametrize(
    ("where", "outcome"), [("find", "not_executed"), ("sign", "not_executed"), ("post", "unknown")]
)
def test_a_defect_leaves_the_outcome_of_a_request_open(
    run: t.Callable[..., Report], bybit: t.Any, store: Store, where: str, outcome: str
) -> None:
    def break_down(*dummy: object) -> None:
        raise ZeroDivisionError

    assert run(Goal(Decimal(100))).outcome == "executed"
    with Journal(store) as journal:
        context = new_context(bybit, bybit, journal, PAY_OFF, MANNER)
        setattr(bybit, where, break_down)
        report = engine(context)
    assert (report.outcome, report.as_dict()["changed"]) == (outcome, False)
    assert f"Internal error in treasury.bybit (ZeroDivisionError); outcome: {outcome}." in report.message
    assert "break_down" in report.trace


@pytest.mark.parametrize(
    ("refusal", "is_closed", "is_seen"),
    [(GONE, True, True), (GONE, False, False), (REFUSED, True, False), (Refused("No such order."), True, False)],
)
def test_a_loan_that_was_closed_meanwhile(
    run: t.Callable[..., Report], bybit: t.Any, refusal: Refused, is_closed: bool, is_seen: bool
) -> None:
    bybit.troubles = [refusal]
    if is_closed:
        # Somebody closes it between the read and the request.
        bybit.falls = [(bybit.now_ms() + 1, bybit.debt)]
        post = bybit.post

        def slow(signed: t.Any) -> t.Any:
            bybit.clock.pass_ms(1)
            return post(signed)

        bybit.post = slow
    if is_seen:
        assert told(run()) == (False, "nothing_to_do", "0", [])
    else:
        assert run(error=Refused).message == f"The repayment of 1000.4 USDT on loan 17 was not made: {refusal}"


def test_a_repayment_without_a_clear_answer_was_not_executed(run: t.Callable[..., Report], bybit: t.Any) -> None:
    lost = OutcomeUnknown("no answer came", Failure(http_status=502))
    bybit.troubles = [lost]
    report = run(error=NotExecuted)
    assert report.message.startswith("The repayment of 1000.4 USDT on loan 17 got no clear answer (no answer came)")
    assert report.ended.error.failure == lost.failure
    assert report.as_dict()["details"]["evidence"]["candidates"] == []


@pytest.mark.parametrize(
    ("closed_as", "warnings"),
    [
        (REPAID, []),
        (LIQUIDATED, ["Loan 17 was closed by liquidation: nothing to repay. The exchange sold its collateral."]),
    ],
)
def test_a_loan_that_is_closed(
    run: t.Callable[..., Report], bybit: t.Any, closed_as: str, warnings: list[str]
) -> None:
    bybit.debt, bybit.closed_as = Decimal(0), closed_as
    report = run()
    assert told(report) == (False, "nothing_to_do", "0", [])
    assert report.warnings == warnings


def test_a_repayment_that_fails_on_the_exchange_was_not_executed(run: t.Callable[..., Report], bybit: t.Any) -> None:
    bybit.new_status, bybit.debt_lag_ms = FAILED, 10**9
    report = run(error=NotExecuted)
    assert told(report) == (False, "not_executed", "1000.4", [])
    assert report.message.endswith(
        "but then failed on the exchange: its time window has closed, the only such repayment in the history, 100, has failed, the debt "
        "did not fall by that amount, and no such amount left the Funding wallet. It was not executed, so the next run can send it again."
    )


@pytest.mark.parametrize("witness", ["debt", "wallet"])
def test_one_that_is_said_to_have_failed_is_doubted_where_the_money_is_gone(
    run: t.Callable[..., Report], bybit: t.Any, witness: str
) -> None:
    bybit.new_status = FAILED
    if witness == "wallet":
        bybit.debt_lag_ms = 10**9
        bybit.ledger = [("O", "1000.4", bybit.now_ms() + 1000)]
    report = run(error=OutcomeUnknown)
    assert len(bybit.sent) == 1
    gone = "the debt fell by 1000.4 more than the history explains" if witness == "debt" else "1000.4 USDT left the Funding wallet"
    assert gone in report.message


class Cut(BaseException):
    """Raised when a task times out."""


def test_the_wallet_is_read_again_after_a_run_that_was_cut_off_while_sending(run: t.Callable[..., Report], bybit: t.Any) -> None:
    def cut(signed: t.Any) -> t.NoReturn:
        assert bybit.spending.balances
        raise Cut

    bybit.post = cut
    with pytest.raises(Cut):
        run(Goal(Decimal(100)))
    assert bybit.spending.balances == {}

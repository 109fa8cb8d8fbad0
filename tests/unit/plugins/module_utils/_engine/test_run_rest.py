# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rest with more decimal places than the exchange lists is tried once, and left if the exchange does not accept it."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._amounts import plain
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Failure, OutcomeUnknown, ReadFailed, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import PROCESSING
from ansible_collections.treasury.bybit.plugins.module_utils._engine.report import Report

TOO_FINE = Refused("Too many decimal places.", Failure(ret_code=148003))
LOST = OutcomeUnknown("no answer came", Failure(http_status=502))
ONLY = (
    "Only 0.00005 USDT above max_debt '0' remains on loan 17, less than the smallest amount that the exchange lists (4 decimal "
    "places)."
)

Run = t.Callable[..., Report]


def amounts(bybit: t.Any) -> list[str]:
    return [plain(amount) for amount, dummy in bybit.sent]


def told(report: Report) -> tuple[object, ...]:
    result = report.as_dict()
    return result["changed"], result["outcome"], result["amount"], result["details"]["dust"], result["goal_reached"]


@pytest.mark.parametrize(("max_debt", "sent"), [("0", "0.00005"), ("0.00002", "0.00003")])
def test_a_rest_that_the_exchange_takes(run: Run, bybit: t.Any, max_debt: str, sent: str) -> None:
    bybit.debt = Decimal("0.00005")
    report = run(Goal(max_debt=Decimal(max_debt)))
    assert told(report) == (True, "executed", sent, "0", True)
    assert (amounts(bybit), bybit.find().debt) == ([sent], Decimal(max_debt))
    assert report.warnings == []


@pytest.mark.parametrize("ret_code", [10001, 148002, 148003, 148028, 148042, 177003, 177004, 177019])
def test_a_rest_that_the_exchange_does_not_take_is_left(run: Run, bybit: t.Any, ret_code: int) -> None:
    bybit.debt, bybit.troubles = Decimal("0.00005"), [Refused("No.", Failure(ret_code=ret_code))]
    report = run()
    assert told(report) == (False, "nothing_to_do", "0", "0.00005", True)
    left = f"0.00005 USDT remains unpaid: the exchange refused the amount (retCode {ret_code})."
    assert report.message == f"{ONLY} {left}"
    assert (report.as_dict()["details"]["sent_at_ms"], report.outcome, amounts(bybit)) == (None, "nothing_to_do", ["0.00005"])
    # Each run tries it once, and leaves no doubt.
    assert run().outcome == "executed"
    assert amounts(bybit) == ["0.00005"] * 2


@pytest.mark.parametrize(
    "refusal", [Refused("No permission.", Failure(ret_code=10005)), Refused("Too small a balance."), ReadFailed("Busy.")]
)
def test_a_rest_that_is_refused_for_another_reason_is_a_failure(run: Run, bybit: t.Any, refusal: Exception) -> None:
    bybit.debt, bybit.troubles = Decimal("0.00005"), [refusal]
    report = run(error=type(refusal))
    assert report.message == f"The repayment of 0.00005 USDT on loan 17 was not made: {refusal}"
    assert (report.ended.error.outcome, bybit.find().debt) == ("not_executed", Decimal("0.00005"))


def test_a_rest_whose_answer_was_lost_is_looked_for(run: Run, bybit: t.Any) -> None:
    lost = OutcomeUnknown("no answer came", Failure(http_status=502))
    lost.is_committed = True  # type: ignore[attr-defined]
    bybit.debt, bybit.troubles = Decimal("0.00005"), [lost]
    report = run()
    assert told(report) == (True, "executed", "0.00005", "0", True)
    assert (report.as_dict()["details"]["recovered"], amounts(bybit)) == (True, ["0.00005"])


@pytest.mark.parametrize("run_options", [{"at_most": Decimal("0.00004")}, {"at_most": Decimal("0.00001")}])
def test_a_rest_above_the_cap_is_not_tried(run: Run, bybit: t.Any, run_options: dict[str, t.Any]) -> None:
    bybit.debt = Decimal("0.00005")
    assert told(run(**run_options)) == (False, "nothing_to_do", "0", "0.00005", True)
    assert amounts(bybit) == []
    run(at_most=Decimal("0.00005"))
    assert amounts(bybit) == ["0.00005"]


@pytest.mark.parametrize("allow_partial", [False, True])
def test_a_rest_above_the_wallet_is_not_tried(run: Run, bybit: t.Any, allow_partial: bool) -> None:
    bybit.debt, bybit.wallet = Decimal("0.00005"), "0.00004"
    assert told(run(allow_partial=allow_partial)) == (False, "nothing_to_do", "0", "0.00005", True)
    assert amounts(bybit) == []
    bybit.wallet = "0.00005"
    run(allow_partial=allow_partial)
    assert amounts(bybit) == ["0.00005"]


def test_check_mode_tries_nothing(run: Run, bybit: t.Any) -> None:
    bybit.debt = Decimal("0.00005")
    report = run(check_mode=True)
    assert told(report) == (False, "nothing_to_do", "0", "0.00005", True)
    assert (report.message, amounts(bybit)) == (ONLY, [])


@pytest.mark.parametrize("goal", [Goal(Decimal("0.00005")), Goal(max_debt=Decimal("0.00005")), Goal(max_debt=Decimal(1))])
def test_only_a_debt_that_is_too_high_is_a_rest(run: Run, bybit: t.Any, goal: Goal) -> None:
    bybit.debt = Decimal("0.00005")
    run(goal)
    # A goal of the whole debt includes the rest. A goal that accepts the rest does not.
    assert amounts(bybit) == (["0.00005"] if goal.amount else [])


def test_the_rest_of_the_first_repayment_is_tried(run: Run, bybit: t.Any) -> None:
    bybit.accruals = ["0.00005"]
    report = run()
    assert told(report) == (True, "executed", "1000.40005", "0", True)
    assert (amounts(bybit), bybit.find().debt) == (["1000.4", "0.00005"], 0)
    assert [made.found.intent.repay_id for made in report.made] == ["100", "101"]


def test_a_debt_with_too_many_decimal_places_is_paid_in_two_parts(run: Run, bybit: t.Any) -> None:
    bybit.debt = Decimal("1000.40005")
    assert told(run())[2:] == ("1000.40005", "0", True)
    assert amounts(bybit) == ["1000.4", "0.00005"]


def test_a_refused_rest_of_the_first_repayment_is_dust(run: Run, bybit: t.Any) -> None:
    bybit.accruals, bybit.troubles = ["0.00005"], [None, TOO_FINE]
    report = run()
    assert told(report) == (True, "executed", "1000.4", "0.00005", True)
    assert report.message.endswith("0.00005 USDT remains unpaid: the exchange refused the amount (retCode 148003).")
    assert (report.as_dict()["details"]["sent_at_ms"], report.as_dict()["repay_id"]) == (bybit.sent[0][1], "100")
    assert amounts(bybit) == ["1000.4", "0.00005"]


def test_the_rest_of_the_second_repayment_is_tried_once(run: Run, bybit: t.Any) -> None:
    bybit.accruals, bybit.troubles = ["0.00025"], [None, None, TOO_FINE]
    report = run()
    assert told(report) == (True, "executed", "1000.4002", "0.00005", True)
    assert amounts(bybit) == ["1000.4", "0.0002", "0.00005"]


def test_interest_on_a_refused_rest_is_not_tried_again(run: Run, bybit: t.Any) -> None:
    bybit.accruals = ["0.00005", "0.00001"]
    report = run()
    assert amounts(bybit) == ["1000.4", "0.00005"]
    assert told(report)[2:4] == ("1000.40005", "0.00001")


def test_interest_on_the_only_rest_is_not_tried_either(run: Run, bybit: t.Any) -> None:
    bybit.debt, bybit.accruals = Decimal("0.00005"), ["0.00001"]
    assert told(run())[:4] == (True, "executed", "0.00005", "0.00001")
    assert amounts(bybit) == ["0.00005"]


@pytest.mark.parametrize(
    ("run_options", "reason"),
    [
        ({"at_most": Decimal("1000.40004")}, None),
        ({"wait_timeout_ms": 5000}, "The remainder was not repaid: A repayment on loan 17 was made recently or is still in process"),
    ],
)
def test_a_rest_that_is_not_tried_after_a_repayment(run: Run, bybit: t.Any, run_options: dict[str, t.Any], reason: str | None) -> None:
    bybit.accruals = ["0.00005"]
    report = run(**run_options)
    assert told(report)[:4] == (True, "executed", "1000.4", "0.00005")
    assert [warning[: len(reason or "")] for warning in report.warnings] == ([] if reason is None else [reason])
    assert amounts(bybit) == ["1000.4"]


@pytest.mark.parametrize("lag_ms", [1000, 5000, 9000])
def test_a_rest_waits_until_the_debt_can_be_believed(run: Run, bybit: t.Any, lag_ms: int) -> None:
    bybit.debt, bybit.debt_lag_ms = Decimal("0.00005"), lag_ms
    assert run(wait=False, wait_timeout_ms=20_000).outcome in ("executed", "pending")
    run()
    assert amounts(bybit) == ["0.00005"]


def test_a_rest_in_doubt_is_a_failure_of_a_run_that_has_paid(run: Run, bybit: t.Any) -> None:
    bybit.accruals, bybit.troubles = ["0.00005"], [None, LOST]

    def fall_silent() -> None:
        if len(bybit.sent) == 2:
            bybit.unreadable = ReadFailed("No answer.")

    bybit.clock.after_pause = fall_silent
    report = run(error=OutcomeUnknown)
    assert report.message.startswith("Repaid 1000.4 USDT on loan 17 (repayment 100). Debt before: 1000.4, now: 0.00005. It is unknown whether")
    assert (report.ended.error.outcome, report.as_dict()["amount"]) == ("unknown", "1000.4")
    assert report.as_dict()["details"]["intent"] is not None
    run(error=OutcomeUnknown)
    assert amounts(bybit) == ["1000.4", "0.00005"]


def test_a_repayment_in_process_has_no_rest_yet(run: Run, bybit: t.Any) -> None:
    bybit.accruals, bybit.new_status = ["0.00005"], PROCESSING
    assert run().outcome == "pending"
    assert amounts(bybit) == ["1000.4"]

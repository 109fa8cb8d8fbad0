# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A debt goal while interest accrues: the second, small repayment."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._amounts import plain
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import (
    Failure,
    OutcomeUnknown,
    ReadFailed,
    Refused,
)
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import PROCESSING
from ansible_collections.treasury.bybit.plugins.module_utils._engine.report import Report

MARGIN_MS = 10_000
PAY_OFF, TO_750 = Goal(max_debt=Decimal(0)), Goal(max_debt=Decimal(750))
REFUSED = Refused("The balance is too small.", Failure(ret_code=177011))


class Lost(OutcomeUnknown):
    """The error when no answer came."""

    def __init__(self, is_committed: bool) -> None:
        super().__init__("no answer came")
        self.is_committed = is_committed


def amounts(bybit: t.Any) -> list[str]:
    return [plain(amount) for amount, dummy in bybit.sent]


def told(report: Report) -> tuple[object, ...]:
    result = report.as_dict()
    return result["changed"], result["outcome"], result["amount"], [one["amount"] for one in result["repayments"]]


def test_without_interest_one_repayment_is_enough(run: t.Callable[..., Report], bybit: t.Any) -> None:
    report = run()
    assert told(report) == (True, "executed", "1000.4", ["1000.4"])
    assert report.as_dict()["msg"] == "Repaid 1000.4 USDT on loan 17 (repayment 100). Debt before: 1000.4, now: 0."
    assert (amounts(bybit), bybit.clock.pauses, report.warnings) == (["1000.4"], [], [])


@pytest.mark.parametrize(
    ("goal", "accrued", "sent"),
    [
        (PAY_OFF, "0.0002", ["1000.4", "0.0002"]),
        (TO_750, "0.0002", ["250.4", "0.0002"]),
        # Less than a unit above the goal is repaid as well, because a unit is owed.
        (TO_750, "0.00003", ["250.4", "0.0001"]),
        # At most a thousandth of the debt is taken for interest.
        (PAY_OFF, "1.0004", ["1000.4", "1.0004"]),
    ],
)
def test_interest_that_accrued_is_paid_by_a_second_repayment(
    run: t.Callable[..., Report], bybit: t.Any, goal: Goal, accrued: str, sent: list[str]
) -> None:
    bybit.accruals = [accrued]
    report = run(goal)
    total = str(sum(map(Decimal, sent)))
    assert told(report) == (True, "executed", total, sent)
    assert report.as_dict()["repay_id"] == "100"
    assert [made.found.intent.repay_id for made in report.made] == ["100", "101"]
    # Only when the debt certainly includes the first one.
    assert bybit.sent[1][1] - bybit.sent[0][1] == MARGIN_MS + 100
    assert report.warnings == []
    again = run(goal)
    assert told(again) == (False, "nothing_to_do", "0", [])
    assert amounts(bybit) == sent


def test_a_repayment_that_the_debt_does_not_show_yet_is_not_paid_again(run: t.Callable[..., Report], bybit: t.Any) -> None:
    bybit.debt_lag_ms = bybit.history_lag_ms = 9000
    bybit.accruals = ["0.0002"]
    run(TO_750)
    assert amounts(bybit) == ["250.4", "0.0002"]


def test_interest_that_accrues_with_the_second_repayment_is_left(run: t.Callable[..., Report], bybit: t.Any) -> None:
    bybit.accruals = ["0.0004", "0.0002", "0.0001"]
    report = run()
    assert amounts(bybit) == ["1000.4", "0.0004"]
    assert report.after.debt == Decimal("0.0002")


@pytest.mark.parametrize("accrued", ["1.0005", "500"])
def test_more_than_interest_is_not_paid(run: t.Callable[..., Report], bybit: t.Any, accrued: str) -> None:
    bybit.accruals = [accrued]
    report = run()
    assert told(report) == (True, "executed", "1000.4", ["1000.4"])
    assert report.warnings == [
        f"After this repayment, {accrued} USDT is still owed, more than max_debt. The debt rose by more than "
        "interest can accrue, so something was probably borrowed. Run again to repay it."
    ]


@pytest.mark.parametrize(
    ("troubles", "run_options", "reason"),
    [
        ([None, REFUSED], {}, "The balance is too small."),
        ([None, Lost(False)], {}, "It was not executed, so the next run can send it again."),
        ([], {"at_most": Decimal("1000.4001")}, "needs another 0.0002 USDT on loan 17 after the 1000.4 already paid by this run, more than at_most"),
        ([], {"wait_timeout_ms": 10_000}, "was made recently or is still in process"),
    ],
)
def test_a_second_one_that_is_not_made_is_a_warning(
    run: t.Callable[..., Report], bybit: t.Any, troubles: list[Exception | None], run_options: dict[str, t.Any], reason: str
) -> None:
    bybit.accruals, bybit.troubles = ["0.0002"], troubles
    report = run(**run_options)
    assert told(report) == (True, "executed", "1000.4", ["1000.4"])
    (warning,) = report.warnings
    assert warning.startswith("After this repayment, 0.0002 USDT is still owed, more than max_debt. ")
    assert reason in warning and warning.endswith(" Run again to repay it.")
    assert run().outcome == "executed"
    assert amounts(bybit)[-1] == "0.0002" and bybit.find().debt == 0


def test_a_second_one_in_doubt_is_a_failure_of_a_run_that_has_paid(run: t.Callable[..., Report], bybit: t.Any) -> None:
    bybit.accruals, bybit.troubles = ["0.0002"], [None, Lost(True)]

    def fall_silent() -> None:
        if len(bybit.sent) == 2:
            bybit.unreadable = ReadFailed("No answer.")

    bybit.clock.after_pause = fall_silent
    report = run(error=OutcomeUnknown)
    assert told(report)[2:] == ("1000.4", ["1000.4"])
    assert report.message.startswith("Repaid 1000.4 USDT on loan 17 (repayment 100). Debt before: 1000.4, now: 0.0002. It is unknown whether")
    assert "was made: no answer came, and the exchange could not be read (No answer)" in report.message
    assert report.as_dict()["details"]["intent"] is not None
    # Nothing is sent until that is known.
    run(error=OutcomeUnknown)
    assert len(bybit.sent) == 2


def test_a_second_one_whose_answer_was_lost_is_found(run: t.Callable[..., Report], bybit: t.Any) -> None:
    bybit.accruals, bybit.troubles = ["0.0002"], [None, Lost(True)]
    report = run()
    assert told(report) == (True, "executed", "1000.4002", ["1000.4", "0.0002"])
    assert (report.as_dict()["details"]["recovered"], amounts(bybit)) == (True, ["1000.4", "0.0002"])


@pytest.mark.parametrize(
    ("goal", "run_options"),
    [
        (Goal(Decimal(100)), {}),
        (Goal(Decimal("0.5")), {}),
        (Goal(max_ltv=Decimal("0.25")), {}),
        (PAY_OFF, {"wait": False}),
    ],
)
def test_cases_without_a_second_repayment(
    run: t.Callable[..., Report], bybit: t.Any, goal: Goal, run_options: dict[str, t.Any]
) -> None:
    bybit.accruals = ["0.0002"]
    report = run(goal, **run_options)
    assert (len(bybit.sent), report.warnings) == (1, [])


def test_the_debt_is_waited_for_only_when_it_must_fall(run: t.Callable[..., Report], bybit: t.Any) -> None:
    bybit.debt_lag_ms = 5000
    run(Goal(Decimal(100)))
    bybit.clock.pass_ms(60_000)
    assert bybit.clock.pauses == []
    run(TO_750, wait=False)
    # No longer than until the debt certainly shows the first one.
    assert sum(bybit.clock.pauses) <= MARGIN_MS + 100
    bybit.clock.pauses.clear()
    # The next run of a goal must not pay again what the debt does not show yet.
    bybit.clock.pass_ms(60_000)
    run(Goal(max_debt=Decimal(500)))
    assert sum(bybit.clock.pauses) >= 5000
    assert bybit.find().debt == 500


def test_a_first_one_in_process_has_no_second(run: t.Callable[..., Report], bybit: t.Any) -> None:
    bybit.accruals, bybit.new_status = ["0.0002"], PROCESSING
    report = run()
    assert told(report) == (True, "pending", "1000.4", ["1000.4"])
    assert len(bybit.sent) == 1


@pytest.mark.parametrize("wallet", ["0", "0.00009"])
def test_an_empty_wallet_is_a_warning(run: t.Callable[..., Report], bybit: t.Any, wallet: str) -> None:
    bybit.wallet = wallet
    report = run(allow_partial=True)
    assert told(report) == (False, "nothing_to_do", "0", [])
    message = f"Nothing can be paid now, because the whole debt needs 1000.4 USDT, but the Funding wallet holds {wallet}."
    assert (report.warnings, report.as_dict()["goal_reached"]) == ([message], False)


def test_a_wallet_that_was_emptied_has_no_second(run: t.Callable[..., Report], bybit: t.Any) -> None:
    # Its balance still includes the first payment.
    bybit.wallet = "300"
    report = run(allow_partial=True)
    assert told(report) == (True, "executed", "300", ["300"])
    assert (report.as_dict()["goal_reached"], report.after.debt) == (False, Decimal("700.4"))
    assert report.message.endswith(
        "The goal is not reached: the whole debt needs 1000.4 USDT, but the Funding wallet holds 300."
    )
    assert (report.warnings, bybit.clock.pauses, amounts(bybit)) == ([], [], ["300"])

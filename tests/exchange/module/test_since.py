# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With `since`, a run makes sure that at least this much has been repaid since that moment, and sends only what is missing."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ways import FLEXIBLE

HISTORY = "/v5/crypto-loan/repayment-history"
# The only repayment of the first loan in the built-in book: 100.1, a day ago.
TODAY, THIS_WEEK = 12, 7 * 24


def ago(hours: float) -> str:
    moment = datetime.datetime.now(tz=datetime.timezone.utc) - datetime.timedelta(hours=hours)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def goal(repay) -> t.Callable[..., t.Any]:
    """Run with a goal of 100 since today's noon or midnight, unless the test says otherwise."""
    since = ago(TODAY)

    def call(amount: str = "100", **options: t.Any):
        return repay(**{"amount": amount, "since": since, **options})

    return call


def assert_nothing_to_do(run, repaid: str) -> None:
    assert (run.failed, run.exit_code, run["changed"], run["outcome"]) == (False, 0, False, "nothing_to_do")
    assert (run["amount"], run["repay_id"], run.details["sent_at_ms"], run.details["earlier"]) == ("0", None, None, [])
    assert (run.details["since"]["repaid"], run.details["since"]["missing"]) == (repaid, "0")
    assert f"{repaid} USDT has been repaid on loan" in run["msg"]


def assert_paid(run, sandbox, amount: str, repaid: str) -> None:
    """The run paid exactly what was missing."""
    entry = sandbox.repayments()[0]
    assert (run.failed, run["changed"], run["outcome"]) == (False, True, "executed")
    assert (run["amount"], run["repay_id"]) == (amount, entry["repay_id"])
    assert (run.details["since"]["repaid"], run.details["since"]["missing"], entry["amount"]) == (repaid, amount, amount)


def app(sandbox, amount: str) -> None:
    sandbox.control("POST", "repay", {"orderId": "1794267532472646144", "amount": amount})


def test_a_second_run_has_nothing_to_do(goal, sandbox, paid, posts) -> None:
    assert_paid(goal(), sandbox, "100", "0")
    assert_nothing_to_do(goal(), "100")
    assert (paid(), posts()) == (["100"], 1)


def test_repayments_count_only_from_the_moment_on(goal, sandbox, paid) -> None:
    assert_nothing_to_do(goal(since=ago(THIS_WEEK)), "100.1")
    assert_nothing_to_do(goal("100.1", since=ago(THIS_WEEK)), "100.1")
    assert_paid(goal("100.1"), sandbox, "100.1", "0")
    assert paid() == ["100.1"]


def test_the_moment_itself_counts(goal, sandbox) -> None:
    time_ms = sandbox.repayments()[0]["time"]
    for moment_ms, repaid in ((time_ms, "100.1"), (time_ms + 1, "0")):
        moment = datetime.datetime.fromtimestamp(moment_ms / 1000, tz=datetime.timezone.utc)
        run = goal(since=moment.isoformat(timespec="milliseconds"), check=True)
        assert run.details["since"] == {"time_ms": moment_ms, "repaid": repaid, "missing": "0" if repaid == "100.1" else "100"}


def test_only_the_shortfall_is_sent(goal, sandbox, paid) -> None:
    assert_paid(goal("130.25", since=ago(THIS_WEEK)), sandbox, "30.15", "100.1")
    assert paid() == ["30.15"]


def test_repayments_in_the_app_count(goal, sandbox, paid) -> None:
    app(sandbox, "40")
    app(sandbox, "35.5")
    assert_paid(goal(), sandbox, "24.5", "75.5")
    app(sandbox, "1")
    assert_nothing_to_do(goal(), "101")
    assert paid() == ["1", "24.5", "35.5", "40"]


def test_a_liquidation_does_not_count(goal, sandbox, roomy_seed, names) -> None:
    entries = roomy_seed["accounts"][0]["repayments"]
    entries.append({"repay_id": "1794270000000000001", "order_id": names.loan, "amount": "60", "time": "-2h", "type": "2"})
    sandbox.control("PUT", "seed", roomy_seed)
    run = goal(check=True)
    assert (run["outcome"], run["amount"], run.details["since"]["repaid"]) == ("planned", "100", "0")


def test_failed_repayments_do_not_count(pay, spoil, ledger) -> None:
    spoil(FLEXIBLE, processing_ms=1, final_status=3)
    assert pay(FLEXIBLE)["outcome"] == "not_executed"
    run = pay(FLEXIBLE, since=ago(TODAY))
    assert (run["outcome"], run["amount"], run.details["since"]["repaid"]) == ("executed", "100", "0")
    assert [(entry["amount"], entry["status"]) for entry in ledger()] == [("100", 3), ("100", 1)]


def test_repayments_in_process_count(goal, repay, sandbox, posts) -> None:
    sandbox.fault(processing_ms=60_000)
    assert repay(amount="60", wait=False)["outcome"] == "pending"
    run = goal(check=True)
    assert (run["outcome"], run["amount"], run.details["since"]["repaid"]) == ("planned", "40", "60")
    assert_nothing_to_do(goal("60"), "60")
    assert posts() == 1


def test_all_pages_are_added_up(goal, sandbox, roomy_seed, names, calls) -> None:
    entries = roomy_seed["accounts"][0]["repayments"]
    entries += [
        {"repay_id": str(1794270000000000000 + n), "order_id": names.loan, "amount": "0.5", "time": f"-{n}m"} for n in range(1, 251)
    ]
    sandbox.control("PUT", "seed", roomy_seed)
    sandbox.control("DELETE", "requests")
    assert_nothing_to_do(goal("125"), "125")
    assert calls() == ["GET query-api", "GET ongoing-orders", "GET loanable-data", *["GET repayment-history"] * 3]
    assert_paid(goal("126"), sandbox, "1", "125")


def test_repayments_of_other_loans_do_not_count(goal, repay, sandbox, names) -> None:
    repay(order_id=names.overdue, amount="50")
    assert_paid(goal(), sandbox, "100", "0")


def test_a_history_that_cannot_be_read_stops_the_run(goal, sandbox, paid, posts) -> None:
    fault = {"method": "GET", "path": HISTORY, "times": 0}
    for answer in ("html_502", {"http_status": 200, "body": '{"retCode":0,"result":{}}'}, {"ret_code": 10016}):
        sandbox.control("DELETE", "faults")
        sandbox.control("POST", "faults", {**fault, "answer": answer})
        run = goal()
        assert (run.failed, run["outcome"], run.details["since"]) == (True, "not_executed", None)
    assert (paid(), posts()) == ([], 0)


def test_check_mode_predicts_the_shortfall(goal, sandbox, posts) -> None:
    app(sandbox, "40")
    foreseen = goal(check=True)
    assert (foreseen["changed"], foreseen["outcome"], foreseen["amount"]) == (True, "planned", "60")
    assert foreseen["msg"].startswith("Would repay 60 USDT on loan")
    assert posts() == 0
    real = goal()
    assert_paid(real, sandbox, "60", "40")
    assert real.details["since"] == foreseen.details["since"]
    assert_nothing_to_do(goal(check=True), "100")


@pytest.mark.parametrize(("order", "word"), [("1793569729874260992", "fully repaid"), ("1793120457719046144", "by liquidation")])
def test_a_closed_loan_needs_nothing(goal, posts, order: str, word: str) -> None:
    run = goal("5", order_id=order)
    assert (run.failed, run["changed"], run["outcome"], run["amount"]) == (False, False, "nothing_to_do", "0")
    assert (run.details["since"]["repaid"], run.details["since"]["missing"]) == ("0", "5")
    assert word in run["msg"]
    assert posts() == 0


def test_a_goal_that_closed_its_loan_stays_reached(goal, sandbox, posts) -> None:
    assert_paid(goal("1000.4"), sandbox, "1000.4", "0")
    assert_nothing_to_do(goal("1000.4"), "1000.4")
    assert posts() == 1


def test_a_shortfall_above_the_debt_is_refused(goal, sandbox, posts) -> None:
    app(sandbox, "400")
    run = goal("1000.5")
    assert (run.failed, run["outcome"], posts()) == (True, "not_executed", 0)
    assert "The 600.5 USDT still missing from amount '1000.5' since " in run["msg"]
    assert " is more than the debt of 600.4 USDT" in run["msg"]
    assert "use at most '1000.4'." in run["msg"]
    assert run.details["since"]["missing"] == "600.5"
    assert_paid(goal("1000.4"), sandbox, "600.4", "400")


def test_an_unknown_loan_is_refused(goal, posts) -> None:
    run = goal(order_id="1111111111111111111")
    assert (run.failed, run.details["since"], posts()) == (True, None, 0)
    assert "is not a loan of this account" in run["msg"]


def test_too_many_decimal_places_are_refused(goal, posts) -> None:
    assert "has 5 decimal places, but the exchange lists 4 for USDT" in goal("100.00001")["msg"]
    assert posts() == 0

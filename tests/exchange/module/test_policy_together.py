# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy reads a book once for all its repayments, and finds out all outcomes together; a repayment that goes wrong is still told as such."""

from __future__ import annotations

import collections
import typing as t
from decimal import Decimal

import pytest
from policy_runs import begin_policy, moved, outcomes, policy, states

# Fixtures from another file, which pytest finds here.
__all__ = ["begin_policy", "moved", "policy"]

D = Decimal
NUMBER = 8
REPAY = "/v5/crypto-loan/repay"
HISTORY = "/v5/crypto-loan/repayment-history"
FULLY_REPAY = "/v5/crypto-loan-fixed/fully-repay"
FIXED_HISTORY = "/v5/crypto-loan-fixed/repayment-history"
DUE = {"name": "due", "loans": {"product": "fixed"}, "before_maturity": "4d"}
CLOSE_ALL = {"name": "close", "loans": {"product": "legacy", "coin": "USDT"}, "max_debt": "0"}


def order_id(number: int) -> str:
    return str(1794267532472646144 + number)


@pytest.fixture
def book(sandbox, roomy_seed) -> None:
    """An account with eight legacy loans of 1 USDT each, and nothing else."""
    [account, *dummy] = roomy_seed["accounts"]
    roomy_seed["accounts"] = [{
        "uid": account["uid"], "keys": account["keys"], "wallet": {"USDT": "1000"},
        "loans": [
            {"order_id": order_id(number), "loan_coin": "USDT", "collateral_coin": "BTC", "principal": "0.6", "interest": "0.4", "collateral": "0.0001",
             "hourly_rate": "0.0000090346", "borrowed_at": "-3d"}
            for number in range(NUMBER)
        ],
    }]
    sandbox.control("PUT", "seed", roomy_seed)


@pytest.fixture
def contracts(sandbox, roomy_seed) -> None:
    """An account with eight fixed contracts of 10 USDT each, and nothing else."""
    [account, *dummy] = roomy_seed["accounts"]
    roomy_seed["accounts"] = [{
        "uid": account["uid"], "keys": account["keys"], "wallet": {"USDT": "1000"}, "collateral": {"BTC": "1"},
        "fixed_contracts": [
            {"loan_id": str(600 + number), "order_id": str(13100 + number), "loan_coin": "USDT", "term": "7", "principal": "10", "annual_rate": "0.05",
             "due_at": f"+{number + 1}h", "repay_type": "1"}
            for number in range(NUMBER)
        ],
    }]
    sandbox.control("PUT", "seed", roomy_seed)


@pytest.fixture
def paid(sandbox) -> t.Callable[[], dict[str, D]]:
    """Return what each loan was repaid, by the exchange's ledger."""

    def call() -> dict[str, D]:
        found: dict[str, D] = collections.defaultdict(D)
        for entry in sandbox.account()["repayments"]:
            if entry["status"] == 1:
                found[entry["order_id"]] += D(entry["amount"])
        return dict(found)

    return call


@pytest.fixture
def spoil(sandbox) -> t.Callable[..., None]:
    return lambda path=REPAY, method="POST", **fault: sandbox.control("POST", "faults", {"method": method, "path": path, **fault})


ALL_PAID = {order_id(number): D(1) for number in range(NUMBER)}


def test_a_book_is_read_once_before_and_once_after(book, policy, sandbox, paid, remembered) -> None:
    run = policy(CLOSE_ALL)
    assert (run.failed, run["changed"], outcomes(run), states(run)) == (False, True, [("repay", "executed")] * NUMBER, {"close": "reached"})
    assert (paid(), remembered()) == (ALL_PAID, [])
    counts = sandbox.requests()["counts"]
    assert (counts[f"POST {REPAY}"], counts[f"GET {HISTORY}"]) == (NUMBER, 2)
    # The book, the decision, and what has become of it.
    assert (counts["GET /v5/crypto-loan/ongoing-orders"], counts["GET /v5/crypto-loan/borrow-history"]) == (3, 1)
    assert sum(counts.values()) <= NUMBER + 15
    assert policy(CLOSE_ALL)["changed"] is False


@pytest.mark.parametrize("commit", [True, False])
def test_a_lost_answer_among_many_is_found_out_before_the_next_is_sent(book, policy, spoil, paid, commit: bool) -> None:
    spoil(skip=3, answer="close", commit=commit)
    run = policy(CLOSE_ALL)
    expected = [("repay", "executed")] * NUMBER if commit else [*[("repay", "executed")] * 3, ("repay", "not_executed"), *[("repay", "not_tried")] * 4]
    assert (outcomes(run), run["changed"], run.failed) == (expected, True, not commit)
    policy(CLOSE_ALL)
    assert paid() == ALL_PAID


def test_an_unknown_outcome_among_many_stops_the_others_and_is_not_paid_again(book, policy, spoil, paid, moved, remembered) -> None:
    spoil(skip=3, answer="close", history_delay_ms=3_600_000, debt_delay_ms=3_600_000)
    run = policy(CLOSE_ALL, wait_timeout=0)
    assert (run.failed, run["changed"], run["outcome"], len(moved())) == (True, True, "unknown", 4)
    assert outcomes(run) == [*[("repay", "executed")] * 3, ("repay", "unknown"), *[("repay", "not_tried")] * 4]
    assert len(remembered()) == 1
    assert (policy(CLOSE_ALL, wait_timeout=0).failed, moved()) == (True, [])
    assert list(paid().values()) == [D(1)] * 4


def test_a_refusal_among_many_stops_the_others(book, policy, spoil, paid) -> None:
    spoil(skip=5, answer={"ret_code": 177007})
    run = policy(CLOSE_ALL)
    assert outcomes(run) == [*[("repay", "executed")] * 5, ("repay", "not_executed"), *[("repay", "not_tried")] * 2]
    assert len(paid()) == 5


def test_contracts_are_read_once_before_and_once_after(contracts, policy, sandbox, moved) -> None:
    run = policy(DUE)
    assert (outcomes(run), len(moved())) == ([("repay", "executed")] * NUMBER, NUMBER)
    counts = sandbox.requests()["counts"]
    assert (counts[f"GET {FIXED_HISTORY}"], counts["GET /v5/crypto-loan-fixed/borrow-contract-info"]) == (2, 3)
    assert policy(DUE)["changed"] is False


def test_a_contract_whose_repayment_fails_while_others_follow_is_told(contracts, policy, spoil, sandbox, simulated_time) -> None:
    spoil(FULLY_REPAY, skip=3, processing_ms=300, final_status=3)
    run = policy(DUE)
    expected = ["executed"] * NUMBER
    expected[3] = "not_executed"
    assert ([entry["outcome"] for entry in run["operations"]], run.failed, run["changed"]) == (expected, True, True), run["msg"]
    simulated_time.pass_by(60)
    again = policy(DUE)
    assert ([entry["outcome"] for entry in again["operations"]], again.failed) == (["executed"], False)
    assert all(contract["status"] != 1 for contract in sandbox.account()["fixed_contracts"])


@pytest.mark.parametrize("late", [{"processing_ms": 3000}, {"history_delay_ms": 3000}, {"debt_delay_ms": 3000}], ids=str)
def test_what_is_late_is_awaited_for_all_at_once(book, policy, spoil, sandbox, paid, simulated_time, late: dict[str, int]) -> None:
    spoil(times=0, **late)
    begun_ms = sandbox.state()["server_time"]
    run = policy(CLOSE_ALL)
    assert (run.failed, {entry["outcome"] for entry in run["operations"]}, paid()) == (False, {"executed"}, ALL_PAID)
    assert sandbox.state()["server_time"] - begun_ms < 15_000
    assert sandbox.requests()["counts"][f"GET {HISTORY}"] < 2 * NUMBER


def test_lists_that_cannot_be_read_for_all_are_read_for_each(book, policy, spoil, sandbox, paid) -> None:
    spoil(HISTORY, "GET", answer={"ret_code": 10016})
    run = policy(CLOSE_ALL)
    assert (run.failed, paid()) == (False, ALL_PAID)
    assert sandbox.requests()["counts"][f"GET {HISTORY}"] > NUMBER


@pytest.mark.parametrize("number", range(NUMBER))
def test_a_run_that_is_killed_among_many_ends_where_it_should(book, begin_policy, policy, spoil, until, sandbox, paid, noted, number: int) -> None:
    spoil(skip=number, delay_answer_ms=1500)
    process = begin_policy(CLOSE_ALL)
    until(lambda: sandbox.requests()["counts"].get(f"POST {REPAY}", 0) > number)
    process.kill()
    # Only the last one has no ID yet.
    assert [bool(intent["repay_id"]) for intent in noted()].count(False) == 1
    run = policy(CLOSE_ALL)
    assert (run.failed, run["changed"], paid()) == (False, True, ALL_PAID)
    assert [entry["outcome"] for entry in run["earlier"]] == ["executed"] * (number + 1)


def test_what_somebody_else_repaid_between_two_is_not_paid_again(book, begin_policy, begin_module, spoil, until, sandbox, paid, tmp_path) -> None:
    """The debt was read before the first repayment, so it is read again before the exchange could be asked for too much."""
    spoil(delay_answer_ms=6000)
    process = begin_policy(CLOSE_ALL)
    until(lambda: sandbox.requests()["counts"].get(f"POST {REPAY}"))
    other = {"order_id": order_id(5), "amount": "1", "journal": str(tmp_path / "other" / "journal.sqlite")}
    assert not begin_module("bybit_loan_repay", **other).end().failed
    run = process.end()
    assert paid() == ALL_PAID
    assert [entry["outcome"] for entry in run["operations"]].count("executed") == NUMBER - 1

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An undocumented value is a doubt: it is never taken for "other", for somebody else's, or for nothing."""

from __future__ import annotations

import datetime

import pytest
from ways import FIXED, FIXED_COLLATERAL, FIXED_SWEEP, FLEXIBLE, FLEXIBLE_COLLATERAL, LEGACY, WAYS

FUNDING = "/v5/asset/fundinghistory"
CONTRACTS = "/v5/crypto-loan-fixed/borrow-contract-info"
COMPLETED = "/v5/crypto-loan/borrow-history"
STEPS = pytest.mark.parametrize("way", [LEGACY, FLEXIBLE], ids=lambda way: way.name)
OWNERS = {
    "legacy": {"orderId": "1794267532472646144", "amount": "100"},
    "flexible": {"product": "flexible", "loanCurrency": "USDT", "amount": "100"},
}


@pytest.fixture
def window_ms() -> int:
    """Shorter than elsewhere, because many runs in this file wait for its end."""
    return 500


def hour_ago() -> str:
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)).isoformat()


def assert_unknown(way, run, reason: str) -> None:
    assert (run.failed, run["changed"], run["outcome"], run["repayments"]) == (True, False, "unknown", []), way.name
    assert reason in run.details["evidence"]["reason"], way.name
    assert reason in run["msg"], way.name


def test_a_lost_repayment_of_an_unknown_type_is_unknown_to_each_run(pay_all, spoil, switch, ledger, sent, remembered) -> None:
    switch(user_repay_type="9")
    for way in WAYS:
        spoil(way, answer="reset")
    for number in range(2):
        for way, run in pay_all(wait_timeout=3 - number):
            [entry] = ledger(way)
            assert_unknown(way, run, "matches it, but this collection does not know its type")
            assert (entry["amount"], run.details["evidence"]["candidates"]) == (way.amount, [entry["repay_id"]]), way.name
            assert run.details["evidence"]["debt_now"] == way.after, way.name
            assert (sent(way), run.details["intent"] in [intent["intent"] for intent in remembered()]) == (1, True), way.name


@pytest.mark.parametrize("way", [LEGACY, FLEXIBLE, FIXED], ids=lambda way: way.name)
@pytest.mark.parametrize("how", ["empty", "null", "absent", "unit"])
def test_a_lost_repayment_whose_type_cannot_be_read_is_unknown(pay, spoil, change, ledger, sent, way, how: str) -> None:
    """The type is a number that is not documented."""
    spoil(way, answer="reset")
    change(way.history, how, "list.repayType", skip=1)
    reason = "this collection does not know its type" if how == "unit" else "has an invalid repayType"
    for dummy in range(2):
        assert_unknown(way, pay(way, wait_timeout=2), reason)
    assert ([entry["amount"] for entry in ledger()], sent(way)) == ([way.amount], 1)


def test_an_accepted_repayment_of_an_unknown_type_is_known_by_its_id(pay_all, switch, ledger) -> None:
    switch(user_repay_type="9")
    for way, run in pay_all((LEGACY, FLEXIBLE, FIXED)):
        assert (run["outcome"], run["repay_id"], run.details["inferred"]) == ("executed", ledger(way)[0]["repay_id"], False), way.name


def test_an_accepted_repayment_from_collateral_of_an_unknown_type_is_unknown(pay_all, switch, ledger) -> None:
    switch(user_repay_type="9")
    for way, run in pay_all((FLEXIBLE_COLLATERAL, FIXED_COLLATERAL), wait_timeout=1):
        assert_unknown(way, run, "this collection does not know its type")
        assert run.details["evidence"]["candidates"] == [entry["repay_id"] for entry in ledger(way)], way.name


@STEPS
def test_with_since_an_entry_of_an_unknown_type_is_a_failure(pay, sandbox, switch, posted, way) -> None:
    switch(user_repay_type="9")
    repay_id = sandbox.control("POST", "repay", OWNERS[way.name])["repayId"]
    for dummy in range(2):
        run = pay(way, since=hour_ago())
        assert (run.failed, run["changed"], run["outcome"]) == (True, False, "not_executed")
        assert f"history contains repayment {repay_id} of 100 USDT, of a type that this collection does not know" in run["msg"]
    assert posted() == []


@STEPS
@pytest.mark.parametrize("how", ["empty", "null", "absent"])
def test_with_since_an_entry_without_a_type_is_a_failure(pay, sandbox, change, paid, way, how: str) -> None:
    sandbox.control("POST", "repay", OWNERS[way.name])
    change(way.history, how, "list.repayType")
    run = pay(way, since=hour_ago())
    assert (run.failed, run["outcome"], paid()) == (True, "not_executed", ["100"])
    assert run["msg"].startswith(f"Bybit's answer to {way.history} has an invalid repayType")


def test_entries_older_than_since_do_not_matter(pay, switch, ledger) -> None:
    """The repayments of the built-in book are some days old."""
    switch(user_repay_type="9")
    run = pay(FLEXIBLE, since=hour_ago())
    assert (run["outcome"], [entry["amount"] for entry in ledger()]) == ("executed", ["100"])


@pytest.mark.parametrize(
    ("way", "path", "field", "name"),
    [
        (LEGACY, LEGACY.history, "list.repayStatus", "repayStatus"),
        (FLEXIBLE, FLEXIBLE.history, "list.repayStatus", "repayStatus"),
        (FIXED_SWEEP, FIXED_SWEEP.history, "list.repayStatus", "repayStatus"),
        (FIXED, CONTRACTS, "list.status", "status"),
    ],
    ids=["legacy", "flexible", "fixed", "contract"],
)
def test_an_unknown_status_is_not_guessed(pay, change, posted, way, path: str, field: str, name: str) -> None:
    change(path, "unknown", field)
    run = pay(way)
    assert (run.failed, run["outcome"], posted()) == (True, "not_executed", [])
    assert run["msg"] == f"Bybit's answer to {path} has the unknown {name} 99."


def test_how_a_loan_was_closed_is_not_guessed(repay, change, posted) -> None:
    change(COMPLETED, "unknown", "list.status")
    run = repay(order_id="1793569729874260992")
    assert (run.failed, run["outcome"], posted()) == (True, "not_executed", [])
    assert run["msg"] == f"Bybit's answer to {COMPLETED} has the unknown status 99."


def test_a_ledger_entry_with_an_unknown_direction_is_no_evidence(
    begin_way, pay, sandbox, spoil, until, change, sent, paid
) -> None:
    """A repayment of another loan changes the wallet meanwhile."""
    spoil(LEGACY, delay_ms=200, answer="close", commit=False)
    change(FUNDING, "unknown", "list.ioDirection")
    process = begin_way(LEGACY, wait_timeout=3)
    until(lambda: sent(LEGACY))
    sandbox.control("POST", "repay", {"product": "flexible", "loanCurrency": "USDT", "amount": "7"})
    run = process.end()
    assert_unknown(LEGACY, run, f"Bybit's answer to {FUNDING} has an invalid ioDirection: '99' is unknown")
    assert (paid(), sent(LEGACY)) == (["7"], 1)
    sandbox.control("DELETE", "faults")
    again = pay(LEGACY)
    assert (again["outcome"], again.details["earlier"][0]["outcome"], sorted(paid())) == ("executed", "not_executed", ["100", "7"])


def test_entries_of_an_unknown_type_are_listed_separately(run_module, sandbox, switch) -> None:
    switch(user_repay_type="9")
    repay_id = sandbox.control("POST", "repay", OWNERS["flexible"])["repayId"]
    run = run_module("bybit_loan_repayment_info", product="flexible", repay_id=repay_id)
    [entry] = run["repayments"]
    assert (entry["kind"], entry["by_user"], entry["amount"]) == ("unknown", None, "100")
    [total] = run["totals"]
    assert (total["by_user"], total["by_exchange"], total["by_unknown"]) == ("0", "0", "100")

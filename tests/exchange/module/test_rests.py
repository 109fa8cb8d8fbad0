# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paying off: a rest with more decimal places than the exchange lists is tried once, and left if it is refused. Sweeps and their cap."""

from __future__ import annotations

import typing as t

import pytest
from ways import FIXED_SWEEP, FLEXIBLE, LEGACY

STEPS = pytest.mark.parametrize("way", [LEGACY, FLEXIBLE], ids=lambda way: way.name)
MORE = pytest.mark.parametrize("decimals", ["eight", "debt"])
BEFORE = {"legacy": "1000.40004", "flexible": "4988.88888939"}
LARGE = {"legacy": "1000.4", "flexible": "4988.8888"}
REST = {"legacy": "0.00004", "flexible": "0.00008939"}
CODE = {"legacy": 177004, "flexible": 148028}


@pytest.fixture
def window_ms() -> int:
    """Shorter than elsewhere, because many runs in this file wait for its end."""
    return 500


@pytest.fixture(autouse=True)
def dusty(sandbox, roomy_seed) -> None:
    """Let the exchange keep debts below a coin's smallest amount, and return a legacy loan that has one."""
    roomy_seed["settings"]["forgive_dust"] = False
    roomy_seed["accounts"][0]["loans"][0]["principal"] = "1000.00004"
    sandbox.control("PUT", "seed", roomy_seed)


def pay_off(pay, way, **options: t.Any):
    return pay(way, **{"amount": None, "max_debt": "0", **options})


@STEPS
@MORE
def test_a_rest_that_the_exchange_accepts_closes_the_loan(pay, sandbox, switch, ledger, way, decimals: str) -> None:
    switch(repay_decimals=decimals)
    run = pay_off(pay, way)
    assert [entry["amount"] for entry in ledger()] == [LARGE[way.name], REST[way.name]]
    assert [item["amount"] for item in run["repayments"]] == [LARGE[way.name], REST[way.name]]
    assert (run.failed, run["outcome"], run["goal_reached"], run.details["dust"]) == (False, "executed", True, "0")
    assert (run["amount"], run["loan"]["after"]["debt"], way.debt(sandbox.account())) == (BEFORE[way.name], "0", "0")
    again = pay_off(pay, way)
    assert (again["outcome"], len(ledger())) == ("nothing_to_do", 2)


@STEPS
def test_a_rest_that_it_refuses_is_left(pay, sandbox, ledger, posted, remembered, way) -> None:
    run = pay_off(pay, way)
    rest = REST[way.name]
    assert [entry["amount"] for entry in ledger()] == [LARGE[way.name]]
    assert [request["ret_code"] for request in posted()] == [0, CODE[way.name]]
    assert (run.failed, run["outcome"], run["goal_reached"], run.details["dust"]) == (False, "executed", True, rest)
    assert f"{rest} USDT remains unpaid: the exchange refused the amount (retCode {CODE[way.name]})." in run["msg"]
    assert ("cannot be repaid" in run["msg"], remembered(), way.debt(sandbox.account())) == (False, [], rest)
    again = pay_off(pay, way)
    assert (again.failed, again["changed"], again["outcome"], again.details["dust"], again["amount"]) == (
        False, False, "nothing_to_do", rest, "0"
    )
    assert again["msg"].startswith(f"Only {rest} USDT above max_debt '0' remains on {way.label}, less than the smallest amount that")
    assert (len(ledger()), len(posted())) == (1, 3)


@STEPS
def test_a_rest_alone_is_tried_as_well(pay, sandbox, switch, ledger, way) -> None:
    """An earlier run left it, before the exchange accepted so many decimal places."""
    pay_off(pay, way)
    switch(repay_decimals="debt")
    run = pay_off(pay, way)
    assert (run["changed"], run["outcome"], run["amount"], run.details["dust"]) == (True, "executed", REST[way.name], "0")
    assert ([entry["amount"] for entry in ledger()], way.debt(sandbox.account())) == ([LARGE[way.name], REST[way.name]], "0")


@MORE
def test_a_rest_above_at_most_is_not_tried(pay, switch, ledger, posted, decimals: str) -> None:
    switch(repay_decimals=decimals)
    run = pay_off(pay, FLEXIBLE, at_most=LARGE["flexible"])
    assert (run["outcome"], run.details["dust"], run["goal_reached"]) == ("executed", REST["flexible"], True)
    assert ([entry["amount"] for entry in ledger()], len(posted())) == ([LARGE["flexible"]], 1)


@MORE
def test_a_rest_that_the_wallet_does_not_hold_is_not_tried(pay, sandbox, switch, ledger, posted, decimals: str) -> None:
    switch(repay_decimals=decimals)
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": LARGE["flexible"]})
    run = pay_off(pay, FLEXIBLE)
    assert (run["outcome"], run.details["dust"]) == ("executed", REST["flexible"])
    assert ([entry["amount"] for entry in ledger()], len(posted())) == ([LARGE["flexible"]], 1)


def test_check_mode_tries_nothing(pay, switch, ledger, posted) -> None:
    switch(repay_decimals="debt")
    run = pay_off(pay, FLEXIBLE, check=True)
    assert (run["outcome"], run["amount"], ledger(), posted()) == ("planned", LARGE["flexible"], [], [])


@pytest.fixture
def lost_rest(pay, sandbox, switch):
    """Pay off the loan, and lose the answer to the second request."""

    def call(commit: bool):
        switch(repay_decimals="debt")
        fault = {"method": "POST", "path": FLEXIBLE.path, "skip": 1, "answer": "close", "commit": commit}
        sandbox.control("POST", "faults", fault)
        return pay_off(pay, FLEXIBLE, wait_timeout=3)

    return call


def test_a_rest_whose_answer_is_lost_is_found(lost_rest, pay, ledger, remembered) -> None:
    run = lost_rest(commit=True)
    amounts = [LARGE["flexible"], REST["flexible"]]
    assert [item["amount"] for item in run["repayments"]] == [entry["amount"] for entry in ledger()] == amounts
    assert (run.failed, run["outcome"], run.details["dust"], remembered()) == (False, "executed", "0", [])
    assert (pay_off(pay, FLEXIBLE)["outcome"], len(ledger())) == ("nothing_to_do", 2)


def test_a_rest_that_did_not_arrive_is_left_to_the_next_run(lost_rest, pay, ledger, remembered) -> None:
    """The run's own earlier payment from the wallet is no sign of it."""
    run = lost_rest(commit=False)
    assert [item["amount"] for item in run["repayments"]] == [entry["amount"] for entry in ledger()] == [LARGE["flexible"]]
    assert (run.failed, run["outcome"], run.details["dust"], remembered()) == (False, "executed", REST["flexible"], [])
    assert "The remainder was not repaid: The repayment of 0.00008939 USDT on the flexible USDT loan got no clear answer" in run.warnings
    assert pay_off(pay, FLEXIBLE)["outcome"] == "executed"
    assert [entry["amount"] for entry in ledger()] == [LARGE["flexible"], REST["flexible"]]


@STEPS
@pytest.mark.parametrize("decimals", ["accuracy", "debt"])
def test_an_amount_of_the_whole_debt_may_have_as_many_decimal_places_as_the_debt(pay, sandbox, switch, ledger, posted, way, decimals: str) -> None:
    switch(repay_decimals=decimals)
    run = pay(way, amount=BEFORE[way.name])
    taken = decimals == "debt"
    assert (run["outcome"], [entry["amount"] for entry in ledger()]) == (
        ("executed", [BEFORE[way.name]]) if taken else ("not_executed", [])
    )
    assert (len(posted()), way.debt(sandbox.account())) == (1, "0" if taken else BEFORE[way.name])
    assert taken or run["failure"]["ret_code"] == CODE[way.name]


def test_any_other_amount_may_not_have_so_many_decimal_places(pay, posted) -> None:
    run = pay(FLEXIBLE, amount="10.00001")
    assert (run["outcome"], posted()) == ("not_executed", [])
    assert run["msg"] == "amount '10.00001' has 5 decimal places, but the exchange lists 4 for USDT: use '10', for example."


@pytest.mark.parametrize("at_most", ["0.6", None])
def test_a_sweep_warns_that_it_cannot_guarantee_its_cap(pay, sandbox, switch, ledger, at_most: str | None) -> None:
    """The exchange may also repay a contract that was matched a moment ago."""
    switch(sweep="matched_before")
    sandbox.control("POST", "borrow", {"product": "fixed", "loanCurrency": "ETH", "amount": "0.3"})
    run = pay(FIXED_SWEEP, at_most=at_most)
    [entry] = ledger(FIXED_SWEEP)
    assert (run["outcome"], run["amount"], run["repay_id"], entry["amount"]) == ("executed", "0.8", entry["repay_id"], "0.8")
    promise = "at_most is checked against the contracts of the fixed ETH debt that were read, but"
    assert (promise in run.warnings, "set loan_id if at_most must hold" in run.warnings) == (bool(at_most), bool(at_most))


def test_a_sweep_above_its_cap_is_not_sent(pay, posted) -> None:
    run = pay(FIXED_SWEEP, at_most="0.4")
    assert (run["outcome"], posted()) == ("not_executed", [])
    assert "more than at_most '0.4': raise at_most." in run["msg"]

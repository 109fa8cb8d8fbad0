# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Repaying by the sale of collateral: the exchange answers without an ID, so only the history shows the outcome."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from ways import FIXED, FIXED_COLLATERAL, FLEXIBLE_COLLATERAL

BOTH = pytest.mark.parametrize("way", [FLEXIBLE_COLLATERAL, FIXED_COLLATERAL], ids=lambda way: way.name)
FIXED_COIN = {"loan_currency": "USDT", "collateral": ["BTC"]}


@pytest.fixture
def window_ms() -> int:
    """Shorter than elsewhere, because many runs in this file wait for its end."""
    return 700


@pytest.fixture
def fixed(run_module):
    return lambda **options: run_module("bybit_fixed_loan_repay", **{"settle_margin": 0, **options})


@pytest.fixture
def killed(begin_way, until, ledger, remembered):
    """Kill a run that has sent its repayment, and return the intent that it recorded."""

    def call(way, moment=lambda noted: True) -> dict:
        process = begin_way(way, settle_margin=1)
        until(lambda: ledger(way) and moment(remembered()[0]))
        process.kill()
        [noted] = remembered()
        return noted

    return call


@BOTH
def test_the_acceptance_is_recorded(killed, pay, spoil, ledger, remembered, way) -> None:
    spoil(way, history_delay_ms=700)
    noted = killed(way, lambda noted: noted["accepted_at_ms"])
    [entry] = ledger()
    assert (noted["accepted_at_ms"], noted["repay_id"]) == (entry["time"], None)
    assert noted["goal"]["collateral"] == way.options["collateral"]
    run = pay(way, settle_margin=1)
    assert (run["outcome"], run["repay_id"]) == ("executed", entry["repay_id"])
    assert (run.details["recovered"], run.details["inferred"]) == (True, True)
    assert (run.details["earlier"][0]["outcome"], len(ledger()), remembered()) == ("executed", 1, [])


@BOTH
def test_an_accepted_repayment_that_is_not_found_stays_unknown_to_the_next_run(killed, pay, spoil, ledger, way) -> None:
    """The exchange accepted it, so it cannot be reported as not executed."""
    spoil(way, history_delay_ms=3_600_000, debt_delay_ms=3_600_000)
    killed(way, lambda noted: noted["accepted_at_ms"])
    run = pay(way, wait_timeout=0)
    assert (run["outcome"], run["changed"], run["repayments"], len(ledger())) == ("unknown", False, [], 1)
    assert "an earlier run began it and ended before it could report the outcome" in run["msg"]


@BOTH
def test_a_debt_that_fell_without_an_entry_leaves_the_outcome_unknown(pay, spoil, ledger, way) -> None:
    spoil(way, history_delay_ms=3_600_000)
    run = pay(way, wait_timeout=0)
    assert (run["outcome"], run["changed"], len(ledger())) == ("unknown", False, 1)
    assert run.details["evidence"]["debt_now"] == way.after


@pytest.mark.parametrize("margin", [0, 2])
def test_an_equal_repayment_right_after_it_is_another_one_only_without_a_margin(begin_way, sandbox, spoil, until, sent, ledger, margin: int) -> None:
    """It was made after the exchange's answer, so it is another one, unless times may be that late."""
    way = FLEXIBLE_COLLATERAL
    spoil(way, delay_answer_ms=300, history_delay_ms=1)
    process = begin_way(way, settle_margin=margin, wait_timeout=1)
    until(lambda: sent(way))
    sandbox.clock(advance_ms=400)
    sandbox.control("POST", "repay", {"product": "flexible", "loanCurrency": "BTC", "amount": way.amount})
    run = process.end()
    made = {entry["origin"]: entry["repay_id"] for entry in ledger()}
    if margin:
        assert (run["outcome"], run["changed"]) == ("unknown", False)
        assert "2 repayments in the history match it" in run["msg"]
        assert sorted(run.details["evidence"]["candidates"]) == sorted(made.values())
    else:
        assert (run["outcome"], run["repay_id"]) == ("executed", made["api"])


def test_a_repayment_of_another_amount_meanwhile_is_not_mistaken_for_it(begin_way, sandbox, spoil, until, sent, ledger) -> None:
    way = FLEXIBLE_COLLATERAL
    spoil(way, delay_answer_ms=200)
    process = begin_way(way)
    until(lambda: sent(way))
    sandbox.control("POST", "repay", {"product": "flexible", "loanCurrency": "BTC", "amount": "0.001"})
    run = process.end()
    [made] = [entry for entry in ledger() if entry["origin"] == "api"]
    assert (run["outcome"], run["repay_id"], run["amount"]) == ("executed", made["repay_id"], "0.005")
    assert run["loan"]["after"]["debt"] == "0.01400034"


def test_coins_are_named_in_the_given_order(pay, sandbox, switch, posted, ledger) -> None:
    """The first coin is not enough. The exchange decides in which order coins are sold."""
    switch(collateral_order="as_listed")
    sandbox.control("POST", "prices", {"ETH": "1500"})
    run = pay(FLEXIBLE_COLLATERAL, loan_currency="USDT", amount="4800", collateral=["ETH", "BTC"])
    [entry] = ledger()
    assert (run["outcome"], run["collateral"], posted()[0]["body"]) == (
        "executed", ["ETH", "BTC"], '{"loanCurrency":"USDT","amount":"4800","collateralCoin":"ETH,BTC"}'
    )
    assert (list(entry["collateral_sold"]), entry["collateral_sold"]["ETH"]) == (["ETH", "BTC"], "2.6")


@pytest.mark.parametrize("module", ["bybit_flexible_loan_repay", "bybit_fixed_loan_repay"])
def test_max_debt(run_module, sandbox, ledger, module: str) -> None:
    """The contract that is due first is repaid first, with its penalty."""
    run = run_module(module, **FIXED_COIN, max_debt="1200", settle_margin=0)
    [entry] = ledger()
    needed = "3788.8889" if "flexible" in module else "1100.0857"
    assert (run["outcome"], run["amount"], entry["amount"], run["goal_reached"]) == ("executed", needed, needed, True)
    assert Decimal(1200) - Decimal("0.0001") < Decimal(run["loan"]["after"]["debt"]) <= 1200
    if "fixed" in module:
        assert [part["loan_id"] for part in entry["details"]] == ["570", "568"]
    again = run_module(module, **FIXED_COIN, max_debt="1200", settle_margin=0)
    assert (again["outcome"], again["changed"], len(ledger())) == ("nothing_to_do", False, 1)


def test_an_amount_of_several_contracts(fixed, sandbox, ledger) -> None:
    run = fixed(**FIXED_COIN, amount="1600")
    [entry] = ledger()
    assert [(part["loan_id"], part["amount"]) for part in entry["details"]] == [
        ("570", "500.0856164"), ("568", "1000"), ("569", "99.9143836")
    ]
    assert (run["repay_id"], run["amount"], run.details["inferred"]) == (entry["repay_id"], "1600", True)
    assert (run["loan"]["before"]["debt"], run["loan"]["after"]["debt"]) == ("2300.0856164", "700.0856164")
    due = {contract["loan_id"]: contract["due_at"] for contract in sandbox.account()["fixed_contracts"]}
    assert [run["loan"][when]["maturity_time_ms"] for when in ("before", "after")] == [due["570"], due["569"]]


def test_since_counts_the_contracts_part_of_a_repayment_of_several(fixed) -> None:
    fixed(**FIXED_COIN, amount="1600")
    hour_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    run = fixed(loan_id="569", amount="100", since=hour_ago.isoformat(), collateral=["BTC"])
    assert (run.details["since"]["repaid"], run.details["since"]["missing"], run["amount"]) == ("99.9143836", "0.0856164", "0.0857")
    assert run["outcome"] == "executed"


@pytest.mark.parametrize("module", ["bybit_flexible_loan_repay", "bybit_fixed_loan_repay"])
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"collateral": []}, "collateral '[]' is empty: list the coins to sell, or omit it to repay from the Funding wallet."),
        ({"collateral": ["btc"]}, "collateral 'btc' is not a coin: use the exchange's spelling, such as 'BTC'."),
        ({"collateral": ["BTC,ETH"]}, "collateral 'BTC,ETH' is not a coin"),
        ({"collateral": ["BTC", "ETH", "BTC"]}, "collateral lists 'BTC' more than once: list each coin once."),
        (
            {"amount": None, "max_ltv": "0.5"},
            "max_ltv '0.5' cannot be combined with collateral, because the exchange does not publish its fee in advance: set amount "
            "or max_debt instead, or omit collateral.",
        ),
    ],
)
def test_bad_input_is_refused(run_module, sandbox, module: str, options: dict, sentence: str) -> None:
    run = run_module(module, **{"loan_currency": "USDT", "amount": "10", "collateral": ["BTC"], **options})
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "not_executed")
    assert sentence in run["msg"]
    assert sandbox.requests()["counts"] == {}


@BOTH
@pytest.mark.parametrize(
    ("collateral", "code", "sentence"),
    [(["DOGE"], 148004, "the coins in collateral"), (["SOL"], 148037, "collateral")],
)
def test_collateral_that_the_exchange_refuses(pay, ledger, remembered, way, collateral: list, code: int, sentence: str) -> None:
    run = pay(way, collateral=collateral)
    assert (run["outcome"], run["failure"]["ret_code"], ledger(), remembered()) == ("not_executed", code, [], [])
    assert sentence.lower() in run["msg"].lower()


def test_the_type_of_the_entry_does_not_matter(pay, sandbox, roomy_seed, ledger) -> None:
    """The documentation does not say which repayType a repayment from collateral has."""
    roomy_seed["settings"]["collateral_repay_type"] = 1
    sandbox.control("PUT", "seed", roomy_seed)
    run = pay(FLEXIBLE_COLLATERAL)
    assert (run["outcome"], ledger()[0]["type"]) == ("executed", 1)


@pytest.mark.parametrize("way", [FLEXIBLE_COLLATERAL, FIXED_COLLATERAL, FIXED], ids=lambda way: way.name)
def test_a_liquidation_meanwhile_leaves_the_outcome_unknown(
    begin_way, pay, sandbox, spoil, until, sent, ledger, way
) -> None:
    spoil(way, delay_answer_ms=200, answer="close", commit=False)
    process = begin_way(way, wait_timeout=3)
    until(lambda: sent(way))
    sandbox.control("POST", "prices", {"BTC": "29000", "ETH": "1500"})
    run = process.end()
    assert {entry["origin"] for entry in ledger(way)} == {"liquidation"}
    assert (run.failed, run["outcome"], run["repayments"], run["repay_id"]) == (True, "unknown", [], None)
    assert " (liquidation) at about that time, which may be this repayment" in run["msg"]
    assert (pay(way, wait_timeout=0)["outcome"], sent(way)) == ("unknown", 1)

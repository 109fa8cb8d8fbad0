# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only fixed loans have: contracts that the wallet repays as a whole, one by its ID or all of a coin."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ways import FIXED

HOUR_MS = 3_600_000
BY_COIN = {"loan_currency": "USDT", "sweep": True}
CONTRACTS = "/v5/crypto-loan-fixed/fully-repay"


@pytest.fixture
def window_ms() -> int:
    """Shorter than elsewhere, because many runs in this file wait for its end."""
    return 700


@pytest.fixture
def fixed(run_module):
    """Run with these options."""
    return lambda **options: run_module("bybit_fixed_loan_repay", **{"settle_margin": 0, **options})


@pytest.fixture
def begin_fixed(begin_module):
    return lambda **options: begin_module("bybit_fixed_loan_repay", **{"settle_margin": 0, **options})


@pytest.fixture
def hour_turns(begin_fixed, sandbox, roomy_seed, until, posted):
    """Repay the overdue contract while its 10th hour begins between the look and the request."""

    def call(**fault):
        [overdue] = [c for c in roomy_seed["accounts"][0]["fixed_contracts"] if c["loan_id"] == "570"]
        overdue["due_at"] = sandbox.state()["server_time"] - 10 * HOUR_MS + 300
        sandbox.control("PUT", "seed", roomy_seed)
        sandbox.clock(freeze_at_ms=overdue["due_at"] + 10 * HOUR_MS - 1)
        sandbox.control("POST", "faults", {"path": CONTRACTS, "delay_ms": 200, **fault})
        process = begin_fixed(loan_id="570")
        until(posted)
        sandbox.clock(advance_ms=2)
        sandbox.clock(freeze=False)
        return process.end()

    return call


def contracts(sandbox) -> dict[str, dict]:
    return {contract["loan_id"]: contract for contract in sandbox.account()["fixed_contracts"]}


def test_an_overdue_contract_costs_its_penalty_too(fixed, sandbox, ledger) -> None:
    run = fixed(loan_id="570")
    before = run["loan"]["before"]
    assert (before["principal"], before["interest"], before["penalty_interest"]) == ("500", "0", "0.0856164")
    assert (before["status"], before["annual_rate"], before["hourly_rate"]) == ("open", "0.05", None)
    assert before["maturity_time_ms"] == contracts(sandbox)["570"]["due_at"]
    assert (run["amount"], [entry["amount"] for entry in ledger()]) == ("500.0856164", ["500.0856164"])
    assert (run["loan"]["after"]["status"], contracts(sandbox)["570"]["debt"]) == ("repaid", "0")


@pytest.mark.parametrize("answer", ["normal", "reset"])
def test_a_penalty_that_accrues_before_the_request_arrives_is_paid_too(hour_turns, ledger, answer: str) -> None:
    """Then only the exchange knows what the contract cost."""
    run = hour_turns(answer=answer)
    assert (run["loan"]["before"]["debt"], run.details["decision"]) == ("500.07705476", "debt 500.07705476 → 0, pay 500.07705476")
    [entry] = ledger()
    assert (run["outcome"], run["repay_id"], run.details["recovered"]) == ("executed", entry["repay_id"], answer != "normal")
    assert run["amount"] == run["repayments"][0]["amount"] == entry["amount"] == "500.0856164"
    assert run["msg"].startswith(f"Repaid 500.0856164 USDT on fixed contract 570 (repayment {entry['repay_id']})")
    assert run["msg"].endswith("Debt before: 500.07705476, now: 0.")


def test_repaying_all_contracts_of_a_coin_must_be_requested(fixed, ledger, posted) -> None:
    run = fixed(loan_currency="USDT")
    assert run["msg"] == (
        "loan_currency 'USDT' without loan_id repays all fixed USDT contracts: set sweep to true to confirm this, or set "
        "loan_id."
    )
    assert (run.failed, run["outcome"], ledger(), posted()) == (True, "not_executed", [], [])


def test_all_contracts_of_a_coin_are_repaid(fixed, sandbox, ledger) -> None:
    foreseen = fixed(**BY_COIN, check=True)
    run = fixed(**BY_COIN)
    [entry] = ledger()
    assert {part["loan_id"]: part["amount"] for part in entry["details"]} == {
        "570": "500.0856164", "568": "1000", "569": "800"
    }
    assert (run["amount"], run["outcome"], run["repay_id"]) == ("2300.0856164", "executed", entry["repay_id"])
    before = run["loan"]["before"]
    assert (before["id"], before["principal"], before["penalty_interest"]) == (None, "2300", "0.0856164")
    assert before["maturity_time_ms"] == contracts(sandbox)["570"]["due_at"]
    assert (foreseen["loan"], foreseen["amount"]) == (run["loan"], run["amount"])
    assert {loan_id: contract["status"] for loan_id, contract in contracts(sandbox).items() if contract["debt"] != "0"} == {"571": 1}
    again = fixed(**BY_COIN)
    assert (again["outcome"], again["msg"]) == ("nothing_to_do", "The fixed USDT debt is already fully repaid: nothing to repay.")


def test_at_most_stops_a_sweep(fixed, ledger, posted) -> None:
    run = fixed(**BY_COIN, at_most="2300")
    assert run["msg"] == (
        "The whole debt needs 2300.0856164 USDT on the fixed USDT debt, more than at_most '2300': raise at_most."
    )
    assert (run["outcome"], ledger(), posted()) == ("not_executed", [], [])
    assert fixed(**BY_COIN, at_most="2300.0856164")["outcome"] == "executed"


def test_a_sweep_costs_less_when_somebody_repays_a_contract_meanwhile(begin_fixed, sandbox, until, posted, ledger) -> None:
    sandbox.control("POST", "faults", {"path": CONTRACTS, "delay_ms": 250})
    process = begin_fixed(**BY_COIN)
    until(posted)
    sandbox.control("POST", "repay", {"product": "fixed", "loanId": "568"})
    run = process.end()
    assert [(entry["origin"], entry["amount"]) for entry in ledger()] == [("app", "1000"), ("api", "1300.0856164")]
    assert (run["outcome"], run["amount"], run["loan"]["after"]["debt"]) == ("executed", "1300.0856164", "0")


def test_two_possible_outcomes_of_a_lost_sweep_are_a_doubt(begin_fixed, sandbox, until, posted, ledger) -> None:
    sandbox.control("POST", "faults", {"path": CONTRACTS, "delay_ms": 250, "answer": "close"})
    process = begin_fixed(**BY_COIN, wait_timeout=1)
    until(posted)
    sandbox.control("POST", "repay", {"product": "fixed", "loanId": "568"})
    run = process.end()
    assert (run["outcome"], run["changed"]) == ("unknown", False)
    assert sorted(run.details["evidence"]["candidates"]) == sorted(entry["repay_id"] for entry in ledger())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"loan_id": "13004"}, "loan_id '13004' is not a fixed contract of this account: check loan_id (it differs from the"),
        ({"loan_id": "999"}, "and that api_key and environment belong to the account that borrowed."),
        ({"loan_id": "568", "api_key": "sandbox-key-second-account"}, "loan_id '568' is not a fixed contract of this account"),
        ({"loan_id": "5 6"}, "loan_id '5 6' is not an ID: use the ID that the exchange shows, in quotes, such as '571'."),
        ({"loan_currency": "DOGE", "sweep": True}, "loan_currency 'DOGE' is not a coin that the exchange lends"),
        ({"loan_currency": "eth", "sweep": True}, "loan_currency 'eth' is not a coin: use the exchange's spelling, such as 'ETH'"),
        ({"loan_id": "568", "loan_currency": "USDT"}, "parameters are mutually exclusive: loan_id|loan_currency"),
        ({}, "one of the following is required: loan_id, loan_currency"),
        (
            {"loan_id": "568", "amount": "100"},
            "amount '100' cannot be used without collateral, because the Funding wallet repays a fixed contract only in full: "
            "omit amount, or set collateral.",
        ),
        ({"loan_id": "568", "amount": "100", "since": "2026-01-01"}, "amount '100' cannot be used without collateral"),
        (
            {"loan_id": "568", "max_debt": "5"},
            "max_debt '5' cannot be used without collateral, because the Funding wallet repays a fixed contract only in full: "
            "set max_debt to '0', or set collateral.",
        ),
        ({"loan_id": "568", "since": "2026-01-01"}, "missing parameter(s) required by 'since': amount"),
        ({"loan_id": "568", "collateral": ["BTC"]}, "amount, max_debt, and max_ltv have no value: set exactly one of them."),
        ({"loan_id": "568", "max_debt": "0", "max_ltv": "0.5"}, "parameters are mutually exclusive: amount|max_debt|max_ltv"),
        ({"loan_id": "568", "at_most": "999"}, "The whole debt needs 1000 USDT on fixed contract 568, more than at_most '999'"),
    ],
)
def test_bad_input_is_refused(fixed, ledger, posted, options: dict, sentence: str) -> None:
    run = fixed(**options)
    assert (run.failed, run.exit_code) == (True, 1)
    assert sentence in run["msg"]
    assert fixed(check=True, **options)["msg"] == run["msg"]
    assert (ledger(), posted()) == ([], [])


@pytest.mark.parametrize(
    ("options", "subject"),
    [
        ({"loan_id": "561"}, "Fixed contract 561"),
        ({"loan_id": "561", "max_debt": "0"}, "Fixed contract 561"),
        ({"loan_id": "561", "amount": "1", "collateral": ["BTC"]}, "Fixed contract 561"),
        ({"loan_currency": "BTC", "sweep": True}, "The fixed BTC debt"),
        ({"loan_currency": "BTC", "amount": "1", "collateral": ["ETH"]}, "The fixed BTC debt"),
    ],
)
def test_a_contract_that_owes_nothing_needs_nothing(fixed, ledger, options: dict, subject: str) -> None:
    run = fixed(**options)
    assert (run.failed, run["changed"], run["outcome"]) == (False, False, "nothing_to_do")
    assert run["msg"] == f"{subject} is already fully repaid: nothing to repay."
    assert (run["loan"]["before"]["status"], ledger()) == ("repaid", [])


def test_max_ltv_repays_a_whole_contract_or_nothing(fixed, sandbox, ledger) -> None:
    ltv = sandbox.account()["ltv"]
    low = fixed(loan_id="568", max_ltv="0.9")
    assert (low["outcome"], ledger()) == ("nothing_to_do", [])
    assert f"The LTV of the account is {ltv}, and at most 0.9 was requested: nothing to repay." in low["msg"]
    far = fixed(loan_id="568", max_ltv="0.1")
    assert (far["outcome"], ledger()) == ("not_executed", [])
    assert "max_ltv '0.1' cannot be reached with fixed contract 568 alone (repaying all 1000 USDT: LTV " in far["msg"]
    assert far["msg"].endswith("repay other loans too, or set allow_partial to pay as much as possible here.")
    run = fixed(loan_id="568", max_ltv="0.52")
    assert (run["outcome"], run["amount"], run["goal_reached"]) == ("executed", "1000", True)
    assert Decimal(sandbox.account()["ltv"]) < Decimal("0.52")
    assert fixed(loan_id="568", max_ltv="0.52")["outcome"] == "nothing_to_do"


def test_allow_partial_repays_the_contract_even_if_that_is_not_enough(fixed, sandbox, ledger) -> None:
    run = fixed(loan_id="568", max_ltv="0.1", allow_partial=True)
    assert (run["outcome"], run["amount"], run["goal_reached"]) == ("executed", "1000", False)
    assert [entry["amount"] for entry in ledger()] == ["1000"]
    again = fixed(loan_id="568", max_ltv="0.1", allow_partial=True)
    assert (again["outcome"], again["changed"], again["goal_reached"]) == ("nothing_to_do", False, False)
    assert len(ledger()) == 1


def test_a_wallet_that_holds_only_a_part_pays_nothing(fixed, sandbox, ledger, posted) -> None:
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "999.9999"})
    run = fixed(loan_id="568", max_debt="0", allow_partial=True)
    assert (run["outcome"], ledger(), posted()) == ("not_executed", [], [])
    assert "The whole debt needs 1000 USDT, but the Funding wallet holds 999.9999" in run["msg"]


def test_the_contract_in_the_answer_is_checked(fixed, sandbox, posted) -> None:
    row = '{"loanId":"569","borrowCurrency":"USDT","status":1,"residualPrincipal":"9","residualPenaltyInterest":"0",'
    row += '"annualRate":"0.1","repaymentTime":"1795359388942"}'
    answer = {"http_status": 200, "body": '{"retCode":0,"result":{"list":[%s]}}' % row}
    sandbox.control("POST", "faults", {"path": "/v5/crypto-loan-fixed/borrow-contract-info", "answer": answer})
    assert "has an invalid loanId: '569', but '568' was requested." in fixed(**FIXED.options)["msg"]
    assert posted() == []

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With `max_ltv`, a run brings the LTV of a legacy loan or of the account to at most this value. One loan alone may not suffice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ways import FLEXIBLE, LEGACY

each_way = pytest.mark.parametrize("way", [LEGACY, FLEXIBLE], ids=lambda way: way.name)


@pytest.fixture
def exact_ltv(sandbox):
    """Calculate the LTV from the ledger, without rounding."""

    def call(way) -> Decimal:
        state = sandbox.state()
        account, prices = state["accounts"][0], {coin: Decimal(price) for coin, price in state["prices"].items()}
        if way is LEGACY:
            loan = sandbox.loan()
            return Decimal(loan["debt"]) / (Decimal(loan["collateral"]) * prices["BTC"])
        owed = [*account["flexible_loans"], *account["fixed_contracts"]]
        debt = sum(Decimal(loan["debt"]) * prices[loan["loan_coin"]] for loan in owed)
        # All of the collateral is in the first tier.
        return debt / sum(Decimal(amount) * prices[coin] * Decimal("0.8") for coin, amount in account["collateral"].items())

    return call


@pytest.fixture
def account_ltv(sandbox):
    return lambda: Decimal(sandbox.account()["ltv"])


@each_way
@pytest.mark.parametrize("max_ltv", ["0.4", "0.3333", "0.25001"])
def test_the_ltv_is_brought_down(pay, ledger, exact_ltv, posted, way, max_ltv: str) -> None:
    # The LTV of the account counts all its loans.
    goal = {"amount": None, "max_ltv": max_ltv if way is LEGACY else str(Decimal(max_ltv) + Decimal("0.1"))}
    foreseen = pay(way, **goal, check=True)
    run = pay(way, **goal)
    [entry] = ledger()
    assert (run["outcome"], run["amount"], run["goal_reached"]) == ("executed", entry["amount"], True)
    assert (foreseen["outcome"], foreseen["amount"], foreseen.details["decision"]) == ("planned", run["amount"], run.details["decision"])
    # Two rounding steps at each end, of four or six decimal places.
    tolerance = Decimal("0.0004") if way is LEGACY else Decimal("0.00002")
    assert Decimal(goal["max_ltv"]) - tolerance < exact_ltv(way) <= Decimal(goal["max_ltv"])
    assert run.details["decision"].startswith(f"LTV {run['loan']['before']['ltv']} → ")
    assert run.details["decision"].endswith(f"debt {way.before} → {run['loan']['after']['debt']}, pay {run['amount']}")
    assert Decimal(foreseen["loan"]["after"]["ltv"]) <= Decimal(goal["max_ltv"])
    again = pay(way, **goal)
    assert (again["outcome"], again["changed"], again["goal_reached"], len(posted())) == ("nothing_to_do", False, True, 1)
    whose = f"of {way.label}" if way is LEGACY else "of the account"
    assert f"The LTV {whose} is {again['loan']['before']['ltv']}, and at most {goal['max_ltv']} was requested" in again["msg"]


@each_way
def test_an_ltv_shown_as_just_the_limit_is_lowered_a_little(pay, ledger, exact_ltv, sandbox, way) -> None:
    """The rounded value may hide a higher one."""
    shown = sandbox.loan()["ltv"] if way is LEGACY else sandbox.account()["ltv"]
    before = exact_ltv(way)
    run = pay(way, amount=None, max_ltv=shown)
    assert (run["outcome"], len(ledger())) == ("executed", 1)
    assert Decimal(0) < before - exact_ltv(way) < Decimal("0.0005")
    assert pay(way, amount=None, max_ltv=shown)["outcome"] == "nothing_to_do"


@each_way
def test_an_ltv_below_it_is_left_alone(pay, ledger, calls, way) -> None:
    run = pay(way, amount=None, max_ltv="0.95", diff=True)
    assert (run["outcome"], run["changed"], run["amount"], ledger()) == ("nothing_to_do", False, "0", [])
    assert run["diff"]["before"] == run["diff"]["after"]
    assert run["loan"]["before"]["ltv"] is not None
    assert "POST" not in " ".join(calls())


def test_a_falling_price_raises_the_repayment(pay, sandbox, exact_ltv) -> None:
    assert pay(LEGACY, amount=None, max_ltv="0.4")["outcome"] == "executed"
    sandbox.control("POST", "prices", {"BTC": "50000"})
    run = pay(LEGACY, amount=None, max_ltv="0.4")
    assert (run["outcome"], Decimal("0.3996") < exact_ltv(LEGACY) <= Decimal("0.4")) == ("executed", True)


def test_one_loan_alone_may_not_be_enough(pay, ledger, posted, account_ltv) -> None:
    ltv = account_ltv()
    options = {"loan_currency": "BTC", "amount": None, "max_ltv": "0.4"}
    run = pay(FLEXIBLE, **options)
    assert (run.failed, run["outcome"], run["failure"]) == (True, "not_executed", None)
    assert run["msg"].startswith(
        f"max_ltv '0.4' cannot be reached with the flexible BTC loan alone (repaying all 0.02000034 BTC: LTV {ltv} → "
    )
    assert run["msg"].endswith(": repay other loans too, or set allow_partial to pay as much as possible here.")
    assert pay(FLEXIBLE, **options, check=True)["msg"] == run["msg"]
    assert (ledger(), posted(), account_ltv()) == ([], [], ltv)


def test_allow_partial_pays_what_can_be_paid(pay, ledger, account_ltv) -> None:
    ltv = account_ltv()
    options = {"loan_currency": "BTC", "amount": None, "max_ltv": "0.4", "allow_partial": True}
    foreseen, run = pay(FLEXIBLE, **options, check=True), pay(FLEXIBLE, **options)
    assert (run["outcome"], run["amount"], run["goal_reached"]) == ("executed", "0.02000034", False)
    assert (foreseen["outcome"], foreseen["amount"], foreseen["goal_reached"]) == ("planned", "0.02000034", False)
    assert "this is as much as possible, because max_ltv '0.4' cannot be reached with the flexible BTC loan alone" in foreseen["msg"]
    # Predicted from rounded values.
    assert abs(Decimal(foreseen["loan"]["after"]["ltv"]) - account_ltv()) <= Decimal("0.000002") < ltv - account_ltv()
    again = pay(FLEXIBLE, **options)
    assert (again["outcome"], again["changed"], again["goal_reached"], len(ledger())) == ("nothing_to_do", False, False, 1)
    assert "Nothing can be paid now, because max_ltv '0.4' cannot be reached with the flexible BTC loan alone" in again.warnings


def test_a_legacy_loan_counts_only_its_own_ltv(pay, ledger, names) -> None:
    run = pay(LEGACY, order_id=names.eth, amount=None, max_ltv="0.4")
    assert (run["outcome"], [entry["order_id"] for entry in ledger()]) == ("executed", [names.eth])


def test_a_loan_that_is_repaid_or_owes_nothing_needs_nothing(pay, ledger, account_ltv) -> None:
    assert pay(LEGACY, order_id="1793569729874260992", amount=None, max_ltv="0.1")["outcome"] == "nothing_to_do"
    # The rest of the debt is in other coins.
    run = pay(FLEXIBLE, loan_currency="ETH", amount=None, max_ltv="0.1")
    assert (run["outcome"], run["changed"], ledger()) == ("not_executed", False, [])
    assert "max_ltv '0.1' cannot be reached with the flexible ETH loan alone (nothing can be repaid there)" in run["msg"]
    assert pay(FLEXIBLE, loan_currency="ETH", amount=None, max_ltv="0.9")["outcome"] == "nothing_to_do"


def test_at_most_and_the_wallet_limit_the_repayment(pay, sandbox, ledger) -> None:
    goal = {"amount": None, "max_ltv": "0.45"}
    needed = pay(FLEXIBLE, **goal, check=True)["amount"]
    run = pay(FLEXIBLE, **goal, at_most="100")
    assert run["msg"] == (
        f"max_ltv '0.45' needs {needed} USDT on the flexible USDT loan, more than at_most '100': raise at_most, or request less."
    )
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "200.00005"})
    run = pay(FLEXIBLE, **goal)
    assert f"max_ltv '0.45' needs {needed} USDT, but the Funding wallet holds 200.00005: top up the Funding wallet" in run["msg"]
    assert ledger() == []
    run = pay(FLEXIBLE, **goal, allow_partial=True)
    assert (run["outcome"], run["amount"], run["goal_reached"]) == ("executed", "200", False)
    again = pay(FLEXIBLE, **goal, allow_partial=True)
    assert (again["outcome"], again["changed"], again["goal_reached"], len(ledger())) == ("nothing_to_do", False, False, 1)


@pytest.mark.parametrize(
    ("path", "delays"),
    [
        ("/v5/crypto-loan-flexible/repay", {"processing_ms": 400}),
        ("/v5/crypto-loan-fixed/fully-repay", {"debt_delay_ms": 800}),
        ("/v5/crypto-loan-fixed/fully-repay", {"processing_ms": 400, "debt_delay_ms": 800}),
    ],
)
def test_a_fall_that_another_loan_has_just_caused_is_not_paid_again(pay, sandbox, account_ltv, path: str, delays: dict) -> None:
    """The account's position shows a repayment as late as the repaid loan does."""
    if delays:
        sandbox.control("POST", "faults", {"method": "POST", "path": path, **delays})
    body = '{"loanId":"568"}' if "fixed" in path else '{"loanCurrency":"BTC","amount":"0.015"}'
    assert sandbox.signed("POST", path, body=body).code == 0
    run = pay(FLEXIBLE, amount=None, max_ltv="0.45", settle_margin=1)
    assert (run["outcome"], run["goal_reached"]) == ("executed", True)
    assert Decimal("0.44998") < account_ltv() <= Decimal("0.45")


def test_without_the_position_nothing_is_paid(pay, sandbox, ledger) -> None:
    fault = {"path": "/v5/crypto-loan-common/position", "answer": {"ret_code": 10016}, "times": 0}
    sandbox.control("POST", "faults", fault)
    run = pay(FLEXIBLE, amount=None, max_ltv="0.45")
    assert (run["outcome"], run["changed"], ledger()) == ("not_executed", False, [])
    assert "/v5/crypto-loan-common/position" in run["msg"]
    assert pay(FLEXIBLE)["outcome"] == "executed"

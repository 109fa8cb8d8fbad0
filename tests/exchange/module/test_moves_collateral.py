# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cases of collateral only: the platform's limit, the removable amount, closed orders, coins that are not pledged, and missing figures."""

from __future__ import annotations

from decimal import Decimal

import pytest
from moves import ACCOUNT_ADD, ACCOUNT_MAX_LTV, ACCOUNT_MIN_LTV, ACCOUNT_TAKE_BACK, LEGACY_ADD, LEGACY_MAX_LTV, LEGACY_MIN_LTV, LEGACY_TAKE_BACK

POSITION = "/v5/crypto-loan-common/position"
LEGACY_LIMIT, ACCOUNT_LIMIT = "/v5/crypto-loan/max-collateral-amount", "/v5/crypto-loan-common/max-collateral-amount"
ACCOUNT_TIERS = "/v5/crypto-loan-common/collateral-data"
COLLATERAL = "bybit_loan_collateral"
by_name = {"ids": lambda value: getattr(value, "name", str(value))}


@pytest.mark.parametrize("move", [ACCOUNT_ADD, ACCOUNT_MAX_LTV], **by_name)
def test_the_platforms_limit_is_reported_before_anything_is_sent(pay, sandbox, posted, booked, move) -> None:
    sandbox.control("POST", "col_res", {"col_res": 2})
    for check in (True, False):
        run = pay(move, check=check)
        assert (run.failed, run["changed"], run["outcome"], run["failure"]) == (True, False, "not_executed", None)
        assert run["msg"] == (
            "The exchange accepts no more BTC as collateral at the moment, because its limit for the whole platform is reached: repay instead, "
            "or run again later."
        )
        assert run[move.subject_key]["before"] == move.shown(0)
    assert (posted(), booked(move)) == ([], [])


@pytest.mark.parametrize("col_res", [-1, 0, 1])
def test_any_other_state_of_the_platform_allows_adding(pay, sandbox, col_res: int) -> None:
    sandbox.control("POST", "col_res", {"col_res": col_res})
    assert pay(ACCOUNT_ADD)["outcome"] == "executed"


@pytest.mark.parametrize("move", [ACCOUNT_TAKE_BACK, ACCOUNT_MIN_LTV, LEGACY_ADD, LEGACY_MAX_LTV], **by_name)
def test_the_platforms_limit_applies_only_to_adding_to_the_account(pay, sandbox, move) -> None:
    sandbox.control("POST", "col_res", {"col_res": 2})
    assert pay(move)["outcome"] == "executed"


def test_a_goal_that_is_reached_needs_no_collateral(pay, sandbox) -> None:
    sandbox.control("POST", "col_res", {"col_res": 2})
    assert pay(ACCOUNT_MAX_LTV, max_ltv="0.6")["outcome"] == "nothing_to_do"


@pytest.mark.parametrize("code", ["148048", "131239"])
def test_a_limit_that_is_reached_meanwhile_is_a_refusal(begin_way, sandbox, switch, spoil, until, arrived, booked, code: str) -> None:
    switch(platform_limit_code=code)
    spoil(ACCOUNT_ADD, delay_ms=300)
    process = begin_way(ACCOUNT_ADD)
    until(lambda: arrived(ACCOUNT_ADD))
    sandbox.control("POST", "col_res", {"col_res": 2})
    run = process.end()
    assert (run["outcome"], run["failure"]["ret_code"], booked(ACCOUNT_ADD)) == ("not_executed", int(code), [])


@pytest.mark.parametrize("move", [LEGACY_TAKE_BACK, ACCOUNT_TAKE_BACK], **by_name)
def test_the_removable_amount_limits_a_step(pay, stall, posted, booked, move) -> None:
    """The exchange's figure counts, even if it would release more."""
    limit = LEGACY_LIMIT if move.is_legacy else ACCOUNT_LIMIT
    body = '{"retCode":0,"retMsg":"","result":{"maxCollateralAmount":"0.003"},"retExtInfo":{},"time":1}'
    stall(limit, answer={"http_status": 200, "body": body})
    for check in (True, False):
        run = pay(move, check=check)
        assert run["msg"] == (
            f"take_back '{move.amount}' needs {move.amount} {move.coin}, but the exchange releases 0.003: repay first, or request less."
        )
        assert (run["outcome"], run["failure"], posted(), booked(move)) == ("not_executed", None, [], [])


@pytest.mark.parametrize("move", [LEGACY_MIN_LTV, ACCOUNT_MIN_LTV], **by_name)
def test_the_removable_amount_limits_a_goal(pay, stall, posted, booked, move) -> None:
    limit = LEGACY_LIMIT if move.is_legacy else ACCOUNT_LIMIT
    body = '{"retCode":0,"retMsg":"","result":{"maxCollateralAmount":"0.003"},"retExtInfo":{},"time":1}'
    stall(limit, answer={"http_status": 200, "body": body})
    asked = f"min_ltv '{move.options['min_ltv']}' needs {move.amount} {move.coin}, but the exchange releases 0.003"
    run = pay(move)
    assert run["msg"] == f"{asked}: set allow_partial to take back as much as possible, or request less."
    assert (run["outcome"], posted()) == ("not_executed", [])
    foreseen, run = pay(move, allow_partial=True, check=True), pay(move, allow_partial=True)
    assert (foreseen["outcome"], foreseen["amount"]) == ("planned", "0.003")
    assert (run["outcome"], run["amount"], run["goal_reached"]) == ("executed", "0.003", False)
    assert f"The goal is not reached: {asked}." in run["msg"]
    assert [entry["amount"] for entry in booked(move)] == ["0.003"]


def test_a_goal_that_needs_more_than_the_removable_amount(pay, sandbox, posted) -> None:
    run = pay(LEGACY_MIN_LTV, min_ltv="0.9")
    assert (run["outcome"], posted()) == ("not_executed", [])
    assert "but the exchange releases " in run["msg"]
    run = pay(LEGACY_MIN_LTV, min_ltv="0.9", allow_partial=True)
    assert (run["outcome"], run["goal_reached"]) == ("executed", False)
    assert Decimal(sandbox.loan()["ltv"]) <= Decimal("0.8")
    again = pay(LEGACY_MIN_LTV, min_ltv="0.9", allow_partial=True)
    assert (again.failed, again["outcome"], again["changed"], again["goal_reached"]) == (False, "nothing_to_do", False, False)


@pytest.mark.parametrize("fault", [{"answer": "html_502"}, {"answer": {"ret_code": 10016}}, {"answer": {"ret_code": 148004}}], ids=str)
@pytest.mark.parametrize("move", [LEGACY_TAKE_BACK, ACCOUNT_TAKE_BACK, LEGACY_MIN_LTV, ACCOUNT_MIN_LTV], **by_name)
def test_a_removable_amount_that_cannot_be_read_is_left_to_the_exchange(pay, stall, posted, booked, move, fault: dict) -> None:
    """Then only the exchange can limit it."""
    stall(LEGACY_LIMIT if move.is_legacy else ACCOUNT_LIMIT, **fault)
    run = pay(move)
    assert (run["outcome"], run["amount"], len(booked(move))) == ("executed", move.amount, 1)
    assert "What the exchange releases could not be checked beforehand: " in run.warnings


@pytest.mark.parametrize("move", [LEGACY_TAKE_BACK, ACCOUNT_TAKE_BACK], **by_name)
def test_taking_back_more_than_is_pledged_is_refused(pay, posted, move) -> None:
    run = pay(move, take_back="3")
    assert run["msg"] == (
        f"take_back '3' is more than the {move.before} {move.coin} in the collateral of {move.label}: use at most '{move.before}'."
    )
    assert (run["outcome"], posted()) == ("not_executed", [])


@pytest.mark.parametrize("move", [LEGACY_TAKE_BACK, ACCOUNT_TAKE_BACK], **by_name)
def test_taking_back_more_than_the_exchange_releases_is_refused(pay, sandbox, posted, booked, move) -> None:
    sandbox.control("POST", "prices", {"BTC": "40000"})
    run = pay(move, take_back=str(Decimal(move.before) - Decimal("0.0001")))
    assert "but the exchange releases " in run["msg"]
    assert (run["outcome"], posted(), booked(move)) == ("not_executed", [], [])


@pytest.mark.parametrize(("order_id", "closed"), [("1793569729874260992", "is already fully repaid"), ("1793120457719046144", "was closed by liquidation")])
@pytest.mark.parametrize("check", [True, False])
def test_a_closed_order_is_refused(run_module, posted, order_id: str, closed: str, check: bool) -> None:
    for step in ("add", "take_back"):
        run = run_module(COLLATERAL, order_id=order_id, check=check, **{step: "0.01"})
        assert run["msg"] == f"{step} '0.01' is not possible, because loan {order_id} {closed}: use the ID of an open loan."
        assert (run.failed, run["changed"], run["outcome"]) == (True, False, "not_executed")
    for goal, verb in (("max_ltv", "add"), ("min_ltv", "take back")):
        run = run_module(COLLATERAL, order_id=order_id, check=check, **{goal: "0.5"})
        assert run["msg"] == f"Loan {order_id} {closed}: nothing to {verb}."
        assert (run.failed, run["changed"], run["outcome"]) == (False, False, "nothing_to_do")
    assert posted() == []


def test_an_unknown_order_is_refused(run_module, names, posted) -> None:
    for order_id in ("1111111111111111111", names.second):
        run = run_module(COLLATERAL, order_id=order_id, add="0.01")
        assert f"order_id '{order_id}' is not a loan of this account" in run["msg"]
        assert (run["outcome"], posted()) == ("not_executed", [])


def test_a_coin_that_is_not_pledged_yet_can_be_added(run_module, sandbox, booked) -> None:
    foreseen, run = (run_module(COLLATERAL, currency="SOL", add="10", settle_margin=0, check=check) for check in (True, False))
    assert (foreseen["outcome"], run["outcome"]) == ("planned", "executed")
    assert (run["collateral"]["before"]["collateral_amount"], run["collateral"]["after"]["collateral_amount"]) == ("0", "10")
    assert sandbox.account()["collateral"]["SOL"] == "10"
    assert foreseen["collateral"]["after"]["collateral_amount"] == "10"
    assert foreseen["collateral"]["after"]["ltv"] in (None, run["collateral"]["after"]["ltv"])


def test_nothing_can_be_taken_back_of_a_coin_that_is_not_pledged(run_module, posted) -> None:
    run = run_module(COLLATERAL, currency="SOL", take_back="1")
    assert run["msg"] == "take_back '1' is more than the 0 SOL in the collateral of the account: there is nothing to take back."
    assert (run["outcome"], posted()) == ("not_executed", [])
    run = run_module(COLLATERAL, currency="SOL", min_ltv="0.9")
    assert (run["outcome"], run["changed"], posted()) == ("nothing_to_do", False, [])


@pytest.mark.parametrize("coin", ["XRP", "DOGE"])
def test_a_coin_that_is_no_collateral_is_refused(run_module, posted, coin: str) -> None:
    run = run_module(COLLATERAL, currency=coin, max_ltv="0.3")
    assert (run["outcome"], run["changed"], posted()) == ("not_executed", False, [])
    assert f"max_ltv '0.3' cannot be calculated, because the exchange does not show how it values {coin} as collateral" in run["msg"]
    run = run_module(COLLATERAL, currency=coin, add="1", settle_margin=0)
    assert (run.failed, run["outcome"], run["changed"]) == (True, "not_executed", False)


@pytest.mark.parametrize("move", [ACCOUNT_ADD, ACCOUNT_TAKE_BACK, ACCOUNT_MAX_LTV, ACCOUNT_MIN_LTV], **by_name)
@pytest.mark.parametrize("fault", [{"answer": "html_502"}, {"answer": {"ret_code": 10016}}, {"answer": {"ret_code": 10001}}], ids=str)
def test_without_tiers_a_step_works_and_a_goal_does_not(pay, stall, posted, booked, move, fault: dict) -> None:
    """A step does not need them. An LTV goal does."""
    stall(ACCOUNT_TIERS, **fault)
    run = pay(move)
    if move.is_step:
        assert (run["outcome"], len(booked(move))) == ("executed", 1)
    else:
        assert (run.failed, run["outcome"], run["changed"], posted()) == (True, "not_executed", False, [])
        assert ACCOUNT_TIERS in run["msg"]


@pytest.mark.parametrize("fields", ["totalCollateral", "collateralList.amount", "collateralList.amountUSD", "ltv"])
@pytest.mark.parametrize("how", ["absent", "null", "type", "unit"])
@pytest.mark.parametrize("move", [ACCOUNT_MAX_LTV, ACCOUNT_MIN_LTV], **by_name)
def test_a_position_that_is_not_understood_moves_nothing(pay, change, posted, move, how: str, fields: str) -> None:
    change(POSITION, how, fields)
    run = pay(move)
    assert (run.failed, run["outcome"], run["changed"], posted()) == (True, "not_executed", False, [])


@pytest.mark.parametrize("how", ["absent", "null", "empty", "type"])
@pytest.mark.parametrize("move", [LEGACY_MAX_LTV, LEGACY_MIN_LTV], **by_name)
@pytest.mark.parametrize("field", ["collateralAmount", "currentLTV"])
def test_a_goal_moves_nothing_for_an_order_with_empty_figures(pay, change, posted, move, how: str, field: str) -> None:
    change("/v5/crypto-loan/ongoing-orders", how, f"list.{field}")
    run = pay(move)
    assert (run.failed, run["outcome"], run["changed"], posted()) == (True, "not_executed", False, [])


def test_a_falling_price_raises_the_amount_to_add(pay, sandbox) -> None:
    assert pay(LEGACY_MAX_LTV, max_ltv="0.4")["outcome"] == "executed"
    sandbox.control("POST", "prices", {"BTC": "50000"})
    run = pay(LEGACY_MAX_LTV, max_ltv="0.4")
    assert (run["outcome"], Decimal("0.3995") < Decimal(sandbox.loan()["ltv"]) <= Decimal("0.4")) == ("executed", True)


def test_max_ltv_never_takes_back_and_min_ltv_never_adds(pay, posted) -> None:
    for move in (LEGACY_MAX_LTV, LEGACY_MIN_LTV, ACCOUNT_MAX_LTV, ACCOUNT_MIN_LTV):
        run = pay(move, **({"max_ltv": "0.6"} if "max_ltv" in move.options else {"min_ltv": "0.3"}))
        assert (run["outcome"], run["changed"], run["amount"]) == ("nothing_to_do", False, "0")
        assert "nothing to " in run["msg"]
    assert posted() == []


def test_a_legacy_goal_has_no_more_decimal_places_than_the_exchange_lists(run_module, sandbox) -> None:
    """None are documented for the account's collateral: a step is sent as it is, and a refusal is reported."""
    assert run_module(COLLATERAL, currency="SOL", add="10", settle_margin=0)["outcome"] == "executed"
    run = run_module(COLLATERAL, currency="SOL", add="4.9607191", settle_margin=0)
    assert (run["outcome"], run["changed"], run["failure"]["ret_code"]) == ("not_executed", False, 148005)
    run = run_module(COLLATERAL, currency="SOL", max_ltv="0.51", settle_margin=0)
    assert (run["outcome"], run["changed"], len(run["amount"].partition(".")[2]) <= 6) == ("executed", True, True)
    assert run_module(COLLATERAL, currency="SOL", max_ltv="0.51", settle_margin=0)["outcome"] == "nothing_to_do"

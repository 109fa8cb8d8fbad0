# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How switches are set, and how those for interest, amounts, and collateral change the ledger."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[3] / "roles" / "sandbox" / "README.md"
HOUR = 3600 * 1000
SECOND_KEY = "sandbox-key-second-account"


def switch(sandbox, **switches: object) -> dict:
    return sandbox.control("POST", "switches", switches)["switches"]


def test_switches_are_shown_with_their_choices(sandbox):
    shown = sandbox.control("GET", "switches")["switches"]
    assert shown["repay_amount"] == {
        "value": "sent", "choices": ["sent", "principal", "rounded", "after_fee", "split"],
    }
    assert shown["repay_id_query_ms"] == {"value": 0, "choices": []}
    assert len(shown) == 22 and all(item["value"] == item["choices"][0] for item in shown.values() if item["choices"])


def test_a_reset_restores_the_switches_of_the_seed(sandbox, roomy_seed):
    changed = switch(sandbox, list_end="cursor_repeats", repay_id_query_ms=500)
    assert (changed["list_end"]["value"], changed["repay_id_query_ms"]["value"]) == ("cursor_repeats", 500)
    assert switch(sandbox, sweep="matched_before")["list_end"]["value"] == "cursor_repeats"
    assert sandbox.state()["switches"]["sweep"] == "matched_before"
    sandbox.control("POST", "reset")
    assert sandbox.control("GET", "switches")["switches"]["list_end"]["value"] == "empty_cursor"
    roomy_seed["settings"]["switches"] = {"list_end": "cursor_then_empty"}
    sandbox.control("PUT", "seed", roomy_seed)
    switch(sandbox, list_end="empty_cursor")
    sandbox.control("POST", "reset")
    assert sandbox.state()["switches"]["list_end"] == "cursor_then_empty"


@pytest.mark.parametrize(("document", "text"), [
    ({"list_ends": "empty_cursor"}, "switches do not include 'list_ends': they are legacy_processing, repay_amount,"),
    ({"list_end": "never"}, "switches.list_end must be one of empty_cursor, cursor_then_empty, cursor_repeats"),
    ({"user_repay_type": 1}, "switches.user_repay_type must be a string"),
    ({"repay_id_query_ms": "1"}, "whole number"), ({"repay_id_query_ms": -1}, "at least 0"), ([], "JSON object"),
])
def test_invalid_switches_are_refused(sandbox, roomy_seed, document, text):
    before = sandbox.state()["switches"]
    assert text in sandbox.control("POST", "switches", document, expect=400)["error"]
    roomy_seed["settings"]["switches"] = document
    assert text in sandbox.control("PUT", "seed", roomy_seed, expect=400)["error"]
    assert sandbox.state()["switches"] == before


def test_switches_are_kept_in_the_state_file(start, cli, names, tmp_path):
    state = str(tmp_path / "state.json")
    found = start("--state", state)
    switch(names.client(found.url), early_repayment="interest_back")
    cli("stop", "--run-dir", found.run_dir)
    second = names.client(start("--state", state, name="second").url)
    assert second.state()["switches"]["early_repayment"] == "interest_back"


def test_repayments_in_progress_continue_when_a_switch_is_set(loans, sandbox):
    sandbox.fault(processing_ms=5000, debt_delay_ms=5000)
    sandbox.repay(timestamp=sandbox.state()["server_time"])
    switch(sandbox, interest_hours="clock")
    assert sandbox.state()["accounts"][0]["repayments"][0]["status"] == 2
    loans.wait(5000)
    assert sandbox.repayments()[0]["status"] == 1 and sandbox.loan()["debt"] == "900.4"


@pytest.mark.parametrize(("way", "after_1_ms", "on_the_hour", "after_an_hour"), [
    ("full", 120, 120, 121), ("begun", 121, 121, 121), ("clock", 120, 121, 121),
])
def test_hours_of_interest_follow_the_switch(sandbox, loans, roomy_seed, way, after_1_ms, on_the_hour, after_an_hour):
    # At twenty past the hour, exactly five days after the loan was borrowed.
    now = sandbox.state()["server_time"] // HOUR * HOUR + 26 * HOUR + 20 * 60_000
    account = roomy_seed["accounts"][0]
    debt = {"loan_coin": "USDT", "principal": "1000", "hourly_rate": "0.00001", "borrowed_at": now - 120 * HOUR}
    account.update(flexible_loans=[debt], fixed_contracts=[], fixed_repayments=[], loans=[], repayments=[])
    roomy_seed["settings"]["switches"] = {"interest_hours": way}
    sandbox.control("PUT", "seed", roomy_seed)

    def hours_at(at: int) -> Decimal:
        sandbox.clock(freeze_at_ms=at)
        return Decimal(loans.debt("USDT")["unpaidInterest"]) * 100

    assert hours_at(now) == 120
    assert hours_at(now + 1) == after_1_ms
    assert hours_at(now + 40 * 60_000) == on_the_hour
    assert hours_at(now + HOUR) == after_an_hour


@pytest.mark.parametrize(("decimals", "amount", "code"), [
    ("accuracy", "0.0001", 0), ("accuracy", "0.00001", 148028), ("eight", "0.00000001", 0),
    ("eight", "0.000000001", 148028), ("debt", "0.00000001", 0), ("debt", "0.000000001", 148028),
])
def test_decimals_of_a_repayment_follow_the_switch(loans, sandbox, decimals, amount, code):
    switch(sandbox, repay_decimals=decimals)
    assert loans.repay("USDT", amount).code == code


def test_decimals_of_legacy_loans_and_contracts_follow_the_switch(loans, sandbox, names):
    assert sandbox.repay(names.dusty, "1888.045358").code == 177004
    switch(sandbox, repay_decimals="debt")
    assert sandbox.repay(names.dusty, "1888.0453581").code == 177004
    assert sandbox.repay(names.dusty, "1888.045358").code == 0 and sandbox.loan(names.dusty) is None
    sale = {"loanCurrency": "USDT", "collateralCoin": "BTC", "loanId": "570"}
    assert loans.post("fixed/repay-collateral", amount="500.0856164", **sale).code == 0


def test_debt_below_the_accuracy_remains_if_more_decimals_are_allowed(loans, sandbox):
    switch(sandbox, repay_decimals="eight")
    assert loans.repay("USDT", "4988.8888").code == 0 and loans.debt("USDT")["totalDebt"] == "0.00008939"
    assert loans.repay("USDT", "0.00008939").code == 0 and loans.debt("USDT") is None


@pytest.mark.parametrize(("dust", "code"), [("refused", 148038), ("taken", 0)])
def test_an_overpayment_of_dust_follows_the_switch(loans, sandbox, dust, code):
    switch(sandbox, overpayment_dust=dust)
    assert loans.repay("USDT", "4988.8889").code == code
    assert loans.repay("BTC", "0.02000035").code == 148038
    if code == 0:
        assert loans.debt("USDT") is None and Decimal(loans.wallet("USDT")) == 10000 - Decimal("4988.88888939")
        assert loans.history("flexible")[0]["repayAmount"] == "4988.88888939"


def test_an_overpayment_of_dust_on_a_legacy_loan_follows_the_switch(sandbox, names):
    assert sandbox.repay(names.dusty, "1888.0454").code == 177010
    switch(sandbox, overpayment_dust="taken")
    assert sandbox.repay(names.dusty, "1888.0455").code == 177010
    assert sandbox.repay(names.dusty, "1888.0454").code == 0 and sandbox.loan(names.dusty) is None
    assert sandbox.balance() == 10000 - Decimal("1888.045358")


def test_a_sweep_closes_the_contracts_that_are_open_now(loans, sandbox):
    assert loans.post("fixed/fully-repay", loanCurrency="USDT").code == 0
    assert len(loans.history("fixed", "limit=1")[0]["details"]) == 3
    assert len(sandbox.account()["pending_borrowings"]) == 1


def test_a_sweep_can_close_a_contract_that_was_matched_just_before(loans, sandbox):
    switch(sandbox, sweep="matched_before")
    assert loans.post("fixed/fully-repay", loanId="568").code == 0
    assert len(sandbox.account()["pending_borrowings"]) == 1
    assert loans.post("fixed/fully-repay", loanCurrency="USDT").code == 0
    details = loans.history("fixed", "limit=1")[0]["details"]
    assert [(item["loanId"], item["repayAmount"]) for item in details if item["loanId"] == "572"] == [("572", "300")]
    assert len(details) == 3 and sandbox.account()["pending_borrowings"] == []
    assert loans.contract("572")["status"] == 2 and loans.contract("572")["orderId"] == "1358"
    # The new contract paid out its amount minus 30 days of interest, rounded up.
    [came] = [item for item in sandbox.account()["funding"] if item["kind"] == "borrowing"]
    assert came["amount"] == "298.520547945205479452"


def test_the_control_api_can_place_a_borrowing_order(loans, sandbox):
    order = {"product": "fixed", "loanCurrency": "ETH", "amount": "0.2", "term": "7", "annualRate": "0.02"}
    order_id = sandbox.control("POST", "borrow", order)["orderId"]
    newest = sandbox.account()["pending_borrowings"][-1]
    assert (newest["order_id"], newest["loan_coin"], newest["amount"], newest["term"]) == (order_id, "ETH", "0.2", "7")
    for change in ({"term": "8"}, {"annualRate": 1}, {"loanCurrency": "DOGE"}, {"when": "now"}):
        sandbox.control("POST", "borrow", {**order, **change}, expect=400)
    switch(sandbox, sweep="matched_before")
    assert loans.post("fixed/fully-repay", loanCurrency="ETH").code == 0
    assert {item["repayAmount"] for item in loans.history("fixed", "limit=1")[0]["details"]} == {"0.2", "0.5"}


@pytest.mark.parametrize(("returns", "collateral", "wallet"), [("yes", "0", "0.02"), ("no", "0.01", "0.01")])
def test_collateral_can_return_when_a_flexible_loan_is_repaid(loans, sandbox, returns, collateral, wallet):
    switch(sandbox, returns_collateral=returns)
    assert loans.repay("USDT", "250.0225", key=SECOND_KEY).code == 0
    account = sandbox.account(1)
    assert (account["collateral"]["BTC"], account["wallet"]["BTC"]) == (collateral, wallet)


def test_collateral_stays_while_another_debt_is_open(loans):
    assert loans.repay("BTC", "0.02000034").code == 0
    assert (loans.collateral("BTC"), loans.collateral("ETH")) == ("0.25", "2.6")


@pytest.mark.parametrize(("order", "sold"), [("name", {"BTC"}), ("as_listed", {"ETH"}), ("liquidation_order", {"BTC"})])
def test_the_order_of_the_collateral_follows_the_switch(loans, sandbox, order, sold):
    switch(sandbox, collateral_order=order)
    loans.post("flexible/repay-collateral", loanCurrency="USDT", amount="600", collateralCoin="ETH,BTC")
    assert set(sandbox.account()["repayments"][0]["collateral_sold"]) == sold


def test_the_order_of_liquidation_follows_the_switch(loans, sandbox, roomy_seed):
    roomy_seed["collateral_coins"]["BTC"]["liquidation_order"] = 9
    roomy_seed["settings"]["switches"] = {"collateral_order": "liquidation_order"}
    sandbox.control("PUT", "seed", roomy_seed)
    loans.post("flexible/repay-collateral", loanCurrency="USDT", amount="600", collateralCoin="BTC,ETH")
    assert set(sandbox.account()["repayments"][0]["collateral_sold"]) == {"ETH"}


def test_the_wallet_can_pay_the_fee_of_a_sale(loans, sandbox):
    switch(sandbox, fee_from="wallet")
    sale = {"loanCurrency": "USDT", "amount": "600", "collateralCoin": "BTC"}
    assert loans.post("flexible/repay-collateral", **sale).code == 0
    assert (loans.collateral("BTC"), loans.wallet("USDT")) == ("0.24", "9999.7")
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "0.29"})
    assert loans.post("flexible/repay-collateral", **sale).code == 148029
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "1"})
    loans.fault("flexible/repay-collateral", processing_ms=1000, final_status=3)
    assert loans.post("flexible/repay-collateral", **sale).code == 0 and loans.wallet("USDT") == "0.7"
    loans.wait(1000)
    assert (loans.wallet("USDT"), loans.collateral("BTC")) == ("1", "0.24")


@pytest.mark.parametrize(("way", "back"), [("nothing_back", []), ("interest_back", ["0.45205479"])])
def test_early_repayment_of_a_contract_can_return_interest(loans, sandbox, way, back):
    switch(sandbox, early_repayment=way)
    assert loans.post("fixed/fully-repay", loanId="568").code == 0
    # 3 of 14 days of 2.109589041095890411, minus the part of an hour since the seed was read.
    came = [Decimal(item["amount"]) for item in sandbox.account()["funding"] if item["kind"] == "interest_back"]
    assert [abs(amount - Decimal(wanted)) < Decimal("0.007") for amount, wanted in zip(came, back, strict=True)] == [
        True for _wanted in back
    ]


def test_the_readme_lists_every_switch_and_choice(sandbox):
    lines = README.read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in lines if line.startswith("| `")]
    listed = {name.strip("`"): [choice.strip("` ") for choice in choices.split(",")] for name, choices in rows}
    shown = sandbox.control("GET", "switches")["switches"]
    assert {name: listed.get(name) for name in shown} == {
        name: item["choices"] or ["0 or more"] for name, item in shown.items()
    }

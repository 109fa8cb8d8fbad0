# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result when everything goes well, when nothing is to be done, and in check mode."""

from __future__ import annotations

from decimal import Decimal

import pytest


def test_a_repayment_is_executed_and_reported(simulated_time, repay, sandbox, posts, paid, names) -> None:
    before_ms = simulated_time.now_ms()
    run = repay()
    after_ms = simulated_time.now_ms()
    assert paid() == ["100"]
    entry = sandbox.repayments()[0]
    assert (entry["amount"], entry["order_id"], entry["coin"]) == ("100", names.loan, "USDT")
    assert (run.exit_code, run.failed, run["changed"], run["outcome"]) == (0, False, True, "executed")
    assert (run["repay_id"], run["order_id"], run["amount"]) == (entry["repay_id"], names.loan, "100")
    found = {name: run.details[name] for name in ("recovered", "intent", "earlier", "evidence", "since")}
    assert found == {"recovered": False, "intent": None, "earlier": [], "evidence": None, "since": None}
    assert run["loan"]["before"] == {
        "product": "legacy",
        "id": names.loan,
        "status": "open",
        "coin": "USDT",
        "debt": "1000.4",
        "principal": "1000",
        "interest": "0.4",
        "penalty_interest": "0",
        "hourly_rate": "0.0000090346",
        "annual_rate": "0.079143096",
        "collateral_coin": "BTC",
        "collateral_amount": "0.04",
        "ltv": "0.4168",
        "maturity_time_ms": None,
    }
    changed = {"debt": "900.4", "principal": "900.4", "interest": "0", "ltv": "0.3752"}
    assert run["loan"]["after"] == {**run["loan"]["before"], **changed}
    assert sandbox.loan()["debt"] == "900.4"
    assert run["api_host"] == sandbox.url.removeprefix("http://")
    assert before_ms <= run.details["sent_at_ms"] <= after_ms
    assert run.details["gate_retries"] == {"clock_syncs": 0, "rate_limits": 0, "rate_limit_wait_ms": 0}
    assert run["msg"] == (
        f"Repaid 100 USDT on loan {names.loan} (repayment {entry['repay_id']}). Debt before: 1000.4, now: 900.4."
    )
    assert "diff" not in run.result
    assert posts() == 1


def test_the_body_is_what_the_documentation_says(repay, sandbox, names) -> None:
    repay(amount=100.50)
    [request] = [r for r in sandbox.requests()["requests"] if r["method"] == "POST"]
    assert request["body"] == f'{{"orderId":"{names.loan}","amount":"100.5"}}'


@pytest.mark.parametrize(
    ("amount", "sent"), [("100.10", "100.1"), (100, "100"), (0.0001, "0.0001"), ("1e-4", "0.0001"), (1e2, "100")]
)
def test_amounts_reach_the_exchange_as_plain_decimal_strings(repay, paid, amount: object, sent: str) -> None:
    assert repay(amount=amount)["amount"] == sent
    assert paid() == [sent]


def test_small_amounts_are_written_without_exponent(repay, sandbox, names) -> None:
    assert repay(order_id=names.eth, amount=1e-08)["amount"] == "0.00000001"
    assert [entry["amount"] for entry in sandbox.repayments(names.eth)] == ["0.00000001"]


@pytest.mark.parametrize("surrounded", ["{}\n", "  {} "])
def test_whitespace_around_an_order_id_is_ignored(repay, paid, names, surrounded: str) -> None:
    assert repay(order_id=surrounded.format(names.loan))["order_id"] == names.loan
    assert paid() == ["100"]


def test_a_numeric_order_id_may_be_unquoted(repay, paid, names) -> None:
    assert repay(order_id=int(names.loan))["order_id"] == names.loan
    assert paid() == ["100"]


def test_paying_off_returns_the_collateral_and_a_second_run_does_nothing(repay, sandbox, posts, names) -> None:
    first = repay(amount="1000.4")
    assert (first["changed"], first["loan"]["after"]["status"], first["loan"]["after"]["debt"]) == (True, "repaid", "0")
    assert sandbox.loan() is None
    second = repay(amount="1000.4")
    assert (second.failed, second["changed"], second["outcome"]) == (False, False, "nothing_to_do")
    assert second["msg"] == f"Loan {names.loan} is already fully repaid: nothing to repay."
    assert (second["repay_id"], second.details["sent_at_ms"]) == (None, None)
    assert posts() == 1


def test_a_loan_repaid_long_ago_needs_nothing(repay, posts) -> None:
    run = repay(order_id="1793569729874260992", amount="0.5")
    assert (run.failed, run["changed"], run["outcome"]) == (False, False, "nothing_to_do")
    assert (run["loan"]["before"]["coin"], run["loan"]["before"]["status"]) == ("ETH", "repaid")
    assert posts() == 0


def test_a_liquidated_loan_needs_nothing_and_says_why(repay, posts) -> None:
    run = repay(order_id="1793120457719046144")
    assert (run.failed, run["changed"]) == (False, False)
    assert "was closed by liquidation" in run["msg"]
    assert "The exchange sold its collateral." in run.warnings
    assert posts() == 0


def test_interest_and_penalty_are_part_of_the_debt(repay, sandbox, names) -> None:
    debt = sandbox.loan(names.overdue)["debt"]
    run = repay(order_id=names.overdue, amount="10", check=True)
    assert run["loan"]["before"]["debt"] == debt
    assert run["loan"]["before"]["penalty_interest"] != "0"
    assert run["loan"]["before"]["maturity_time_ms"] == sandbox.loan(names.overdue)["due_at"]


def test_check_mode_predicts_the_change_and_sends_nothing(repay, sandbox, posts, paid) -> None:
    foreseen = repay(check=True, diff=True)
    assert (foreseen.failed, foreseen["changed"], foreseen["outcome"]) == (False, True, "planned")
    assert (foreseen["repay_id"], foreseen.details["sent_at_ms"]) == (None, None)
    assert foreseen["msg"].startswith("Would repay 100 USDT on loan")
    assert (posts(), paid(), sandbox.loan()["debt"]) == (0, [], "1000.4")
    real = repay(diff=True)
    assert foreseen["loan"]["before"] == real["loan"]["before"]
    assert {**foreseen["loan"]["after"], "ltv": None} == {**real["loan"]["after"], "ltv": None}
    # Both are calculated from numbers that the exchange rounded to four decimal places.
    assert abs(Decimal(foreseen["loan"]["after"]["ltv"]) - Decimal(real["loan"]["after"]["ltv"])) <= Decimal("0.0001")


def test_diff_shows_debt_and_ltv(repay, names) -> None:
    assert repay(diff=True)["diff"] == {
        "before_header": f"loan {names.loan}",
        "after_header": "debt 1000.4 → 900.4, pay 100",
        "before": "debt 1000.4 USDT  LTV 0.4168\n",
        "after": "debt  900.4 USDT  LTV 0.3752\n",
    }


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"order_id": "1111111111111111111"}, "order_id '1111111111111111111' is not a loan of this account"),
        ({"amount": "1000.41"}, "amount '1000.41' is more than the debt of 1000.4 USDT"),
        ({"amount": "1.00001"}, "amount '1.00001' has 5 decimal places, but the exchange lists 4 for USDT: use '1', for example."),
    ],
)
def test_check_mode_fails_as_the_real_run_does(repay, posts, paid, options: dict, sentence: str) -> None:
    foreseen, real = repay(check=True, **options), repay(**options)
    assert sentence in real["msg"]
    assert foreseen.result == real.result
    assert (real.failed, real["changed"], real["outcome"], real["failure"]) == (True, False, "not_executed", None)
    assert (posts(), paid()) == (0, [])


def test_a_loan_of_another_account_is_unknown(repay, posts, names) -> None:
    assert "is not a loan of this account" in repay(order_id=names.second)["msg"]
    assert posts() == 0


def test_options_may_come_from_the_environment(run, sandbox, paid, names) -> None:
    environment = {
        "BYBIT_API_URL": sandbox.url,
        "BYBIT_API_KEY": "sandbox-key",
        "BYBIT_API_SECRET": "sandbox-secret",
    }
    assert run(environment, order_id=names.loan, amount="100")["changed"] is True
    assert paid() == ["100"]


@pytest.mark.parametrize("form", ["text", "path"])
def test_a_self_generated_rsa_key_works(repay, paid, rsa_keys, tmp_path, form: str) -> None:
    file = tmp_path / "key.pem"
    file.write_text(rsa_keys.private_pem)
    key = rsa_keys.private_pem if form == "text" else str(file)
    assert repay(api_key="sandbox-rsa-key", api_secret=None, rsa_private_key=key)["changed"] is True
    assert paid() == ["100"]


def test_loan_id_is_an_alias_of_order_id(repay, names, paid) -> None:
    run = repay(order_id=None, loan_id=names.loan)
    assert (run["outcome"], run["order_id"], paid()) == ("executed", names.loan, ["100"])

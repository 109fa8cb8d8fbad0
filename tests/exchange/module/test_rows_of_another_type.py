# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A row that cannot be read is not taken for another loan's: a field's type is checked before its value is compared."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ways import FIXED, FLEXIBLE, LEGACY

LOANS = "/v5/crypto-loan/ongoing-orders"
DEBTS = "/v5/crypto-loan-flexible/ongoing-coin"
CONTRACTS = "/v5/crypto-loan-fixed/borrow-contract-info"
LOAN = "1794267532472646144"


@pytest.fixture
def window_ms() -> int:
    """Shorter than elsewhere, because many runs in this file wait for its end."""
    return 500


@pytest.mark.parametrize("how", ["type", "null", "empty", "absent"])
def test_with_since_a_repayment_with_another_id_is_not_overlooked(pay, sandbox, change, paid, how: str) -> None:
    sandbox.control("POST", "repay", {"orderId": LOAN, "amount": "100"})
    change(LEGACY.history, how, "list.orderId")
    hour_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    run = pay(LEGACY, since=hour_ago.isoformat(), wait_timeout=1)
    assert (run.failed, run["outcome"], paid()) == (True, "not_executed", ["100"])
    assert run["msg"] == f"Bybit's answer to {LEGACY.history} has an invalid orderId."


@pytest.mark.parametrize("how", ["type", "null", "empty", "absent"])
@pytest.mark.parametrize(
    ("module", "options", "path", "field"),
    [
        ("bybit_loan_repayment_info", {"product": "legacy", "loan_id": LOAN}, LEGACY.history, "orderId"),
        ("bybit_loan_repayment_info", {"product": "legacy", "loan_currency": "USDT"}, LEGACY.history, "loanCurrency"),
        ("bybit_loan_repayment_info", {"product": "flexible", "loan_currency": "USDT"}, FLEXIBLE.history, "loanCurrency"),
        ("bybit_loan_info", {"product": "legacy", "loan_id": LOAN}, LOANS, "orderId"),
        ("bybit_loan_info", {"product": "flexible", "loan_currency": "USDT"}, DEBTS, "loanCurrency"),
        ("bybit_loan_info", {"product": "fixed", "loan_id": "568"}, CONTRACTS, "loanId"),
        ("bybit_loan_info", {"product": "fixed", "loan_currency": "USDT"}, CONTRACTS, "borrowCurrency"),
    ],
    ids=["entries-of-a-loan", "legacy-entries", "flexible-entries", "loan", "debt", "contract", "contracts"],
)
def test_a_query_for_one_loan_does_not_overlook_such_a_row(
    run_module, change, module: str, options: dict[str, t.Any], path: str, field: str, how: str
) -> None:
    change(path, how, f"list.{field}")
    run = run_module(module, **options)
    assert (run.failed, "loans" in run.result, "repayments" in run.result) == (True, False, False)
    assert run["msg"] == f"Bybit's answer to {path} has an invalid {field}."


def test_a_debt_under_another_field_name_is_not_taken_for_repaid(pay, relay, posted) -> None:
    """The field for the coin has another name."""

    def rename(result: dict[str, t.Any]) -> None:
        for row in result["list"]:
            row["coin"] = row.pop("loanCurrency")

    relay.edit(DEBTS, rename)
    run = pay(FLEXIBLE, amount=None, max_debt="0", api_url=relay.url)
    assert (run.failed, run["changed"], run["outcome"], run["goal_reached"]) == (True, False, "not_executed", None)
    assert (run["msg"], posted()) == (f"Bybit's answer to {DEBTS} has an invalid loanCurrency.", [])


@pytest.mark.parametrize("how", ["type", "absent"])
@pytest.mark.parametrize(
    ("way", "field"),
    [*((way, field) for way in (LEGACY, FLEXIBLE, FIXED) for field in ("repayId", "loanCurrency")), (FIXED, "details")],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_lost_repayment_in_an_unreadable_row_is_unknown(pay, spoil, change, ledger, sent, way, field: str, how: str) -> None:
    spoil(way, answer="reset")
    change(way.history, how, f"list.{field}", skip=1)
    run = pay(way, wait_timeout=2)
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "unknown")
    assert f"the exchange could not be read (Bybit's answer to {way.history} " in run.details["evidence"]["reason"]
    assert field in run.details["evidence"]["reason"]
    assert ([entry["amount"] for entry in ledger()], sent(way)) == ([way.amount], 1)


@pytest.mark.parametrize("way", [LEGACY, FLEXIBLE, FIXED], ids=lambda way: way.name)
def test_additional_fields_and_another_order_change_nothing(pay, sandbox, spoil, ledger, way) -> None:
    spoil(way, answer="reset")
    fault = {"method": "GET", "path": way.history, "times": 0}
    mutations = [{"field": "result.list", "how": how} for how in ("reordered", "extra", "doubled")]
    sandbox.control("POST", "faults", {**fault, "mutations": mutations})
    run = pay(way)
    assert (run["outcome"], run["repay_id"]) == ("executed", ledger()[0]["repay_id"])

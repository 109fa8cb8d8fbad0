# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read and sent for each subject."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FIXED, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._operations.fixed import FixedRepayment
from ansible_collections.treasury.bybit.plugins.module_utils._operations.flexible import FlexibleRepayment
from ansible_collections.treasury.bybit.plugins.module_utils._operations.legacy import LegacyRepayment

LOAN = Loan(FIXED, None, "ETH", Decimal("1.4"), Decimal(0), Decimal("0.1"), OPEN)
CONTRACT = {
    "annualRate": "0.022", "borrowCurrency": "ETH", "loanId": "571", "repaymentTime": "1755225756068",
    "residualPenaltyInterest": "0.1", "residualPrincipal": "1.4", "status": 1,
}
REPAYMENT = {"loanCurrency": "ETH", "repayAmount": "1", "repayStatus": 1, "repayTime": 1752717174353, "repayType": 1}
ORDERS, FLEXIBLE, CONTRACTS = "/v5/crypto-loan", "/v5/crypto-loan-flexible", "/v5/crypto-loan-fixed"


class Exchange:
    """Answers each path with given rows, and records what was sent."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, t.Any]]] = {
            "/v5/crypto-loan-common/loanable-data": [
                {"currency": "ETH", "flexibleBorrowingAccuracy": 6, "fixedBorrowingAccuracy": 4}
            ],
        }
        self.asked: list[tuple[str, dict[str, str]]] = []

    def read(self, path: str, query: dict[str, str], signed: bool = True) -> dict[str, t.Any]:
        return {"list": list(self.pages(path, query))}

    def recall(self, path: str, query: dict[str, str]) -> None:
        return None

    def cached(self, path: str, query: dict[str, str], extract: t.Callable[[t.Any], t.Any]) -> t.Any:
        return extract(self.read(path, query))

    def pages(self, path: str, query: dict[str, str]) -> t.Iterator[dict[str, t.Any]]:
        self.asked.append((path, query))
        yield from self.rows.get(path, [])


@pytest.fixture
def exchange() -> t.Any:
    return Exchange()


def operations(exchange: t.Any) -> dict[str, t.Any]:
    return {
        "order": LegacyRepayment(exchange, "17"),
        "debt": FlexibleRepayment(exchange, "ETH"),
        "debt from collateral": FlexibleRepayment(exchange, "ETH", ("BTC", "USDT")),
        "contract": FixedRepayment(exchange, "571"),
        "contracts": FixedRepayment(exchange, None, "ETH"),
        "contract from collateral": FixedRepayment(exchange, "571", None, ("BTC",)),
        "contracts from collateral": FixedRepayment(exchange, None, "ETH", ("BTC", "USDT")),
    }


@pytest.mark.parametrize(
    ("name", "path", "body", "id_field"),
    [
        ("order", f"{ORDERS}/repay", {"orderId": "17", "amount": "0.0000001"}, "repayId"),
        ("debt", f"{FLEXIBLE}/repay", {"loanCurrency": "ETH", "amount": "0.0000001"}, "repayId"),
        (
            "debt from collateral", f"{FLEXIBLE}/repay-collateral",
            {"loanCurrency": "ETH", "amount": "0.0000001", "collateralCoin": "BTC,USDT"}, None,
        ),
        ("contract", f"{CONTRACTS}/fully-repay", {"loanId": "571"}, "repayId"),
        ("contracts", f"{CONTRACTS}/fully-repay", {"loanCurrency": "ETH"}, "repayId"),
        (
            "contract from collateral", f"{CONTRACTS}/repay-collateral",
            {"loanId": "571", "loanCurrency": "ETH", "amount": "0.0000001", "collateralCoin": "BTC"}, None,
        ),
        (
            "contracts from collateral", f"{CONTRACTS}/repay-collateral",
            {"loanCurrency": "ETH", "amount": "0.0000001", "collateralCoin": "BTC,USDT"}, None,
        ),
    ],
)
def test_requests_are_as_documented(exchange: t.Any, name: str, path: str, body: dict[str, str], id_field: str | None) -> None:
    operation = operations(exchange)[name]
    assert operation.request(LOAN, Decimal("1E-7"), "8f2a") == (path, body, id_field)
    assert (operation.path, operation.terms.from_collateral) == (path, id_field is None)
    assert exchange.asked == []


@pytest.mark.parametrize(
    ("name", "product", "label", "request_to_look"),
    [
        ("order", "legacy", "loan 17", f"GET {ORDERS}/repayment-history?orderId=17"),
        ("debt", "flexible", "the flexible ETH loan", f"GET {FLEXIBLE}/repayment-history?loanCurrency=ETH"),
        ("contract", "fixed", "fixed contract 571", f"GET {CONTRACTS}/repayment-history"),
        ("contracts", "fixed", "the fixed ETH debt", f"GET {CONTRACTS}/repayment-history?loanCurrency=ETH"),
    ],
)
def test_subjects_have_names(exchange: t.Any, name: str, product: str, label: str, request_to_look: str) -> None:
    operation = operations(exchange)[name]
    assert (operation.product, operation.terms.label, operation.history_request) == (product, label, request_to_look)
    assert operation.terms.shares_collateral == (name != "order")


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("order", "order_id '17' is not a loan of this account, neither open nor closed within the last 6 months: check"),
        ("debt", "loan_currency 'ETH' is not a coin that the exchange lends: check its spelling"),
        ("contract", "loan_id '571' is not a fixed contract of this account: check loan_id (it differs from the order ID), and"),
        ("contracts", "loan_currency 'ETH' is not a coin that the exchange lends: check its spelling"),
    ],
)
def test_the_message_about_an_unknown_loan(exchange: t.Any, name: str, beginning: str) -> None:
    assert operations(exchange)[name].terms.missing.startswith(beginning)


def test_a_coin_without_a_loan_has_a_debt_of_zero(exchange: t.Any) -> None:
    for name in ("debt", "contracts"):
        loan = operations(exchange)[name].find()
        assert (loan.coin, loan.debt, loan.status) == ("ETH", 0, "repaid")
    exchange.rows.clear()
    assert [operations(exchange)[name].find() for name in ("debt", "contracts", "contract", "order")] == [None] * 4


def test_the_decimal_places_are_those_of_the_product(exchange: t.Any) -> None:
    assert [operations(exchange)[name].accuracy("ETH") for name in ("debt", "contract", "contracts")] == [6, 4, 4]


def test_contracts_of_a_coin_are_one_debt(exchange: t.Any) -> None:
    exchange.rows[f"{CONTRACTS}/borrow-contract-info"] = [CONTRACT, {**CONTRACT, "loanId": "570"}]
    assert operations(exchange)["contracts"].find().debt == 3
    exchange.rows[f"{CONTRACTS}/borrow-contract-info"] = [CONTRACT]
    loan = operations(exchange)["contract"].find()
    assert (loan.loan_id, loan.debt) == ("571", Decimal("1.5"))


def test_the_history_of_a_subject(exchange: t.Any) -> None:
    details = [{"loanId": "571", "repayAmount": "0.6"}, {"loanId": "570", "repayAmount": "0.4"}]
    one, other = {**REPAYMENT, "repayId": "1", "details": details}, {**REPAYMENT, "repayId": "2", "repayAmount": "0.4", "details": details[1:]}
    exchange.rows[f"{CONTRACTS}/repayment-history"] = [one, other]
    exchange.rows[f"{FLEXIBLE}/repayment-history"] = [{**REPAYMENT, "repayId": "3"}, {**REPAYMENT, "repayId": "4"}]
    shown = {name: [(r.repay_id, str(r.amount)) for r in operation.history()] for name, operation in operations(exchange).items()}
    assert shown["contract"] == shown["contract from collateral"] == [("1", "0.6")]
    assert shown["contracts"] == [("1", "1"), ("2", "0.4")]
    assert shown["debt"] == [("3", "1"), ("4", "1")]
    # The exchange is asked for one, and may answer with all.
    assert [r.repay_id for r in operations(exchange)["debt"].history_of_account("4")] == ["4"]
    assert [r.repay_id for r in operations(exchange)["contracts"].history_of_account("2")] == ["2"]
    # Even one of another loan.
    assert [r.repay_id for r in operations(exchange)["contract"].history_of_account("2")] == ["2"]


def test_reading_a_contract_changes_nothing_about_its_history(exchange: t.Any) -> None:
    exchange.rows[f"{CONTRACTS}/borrow-contract-info"] = [CONTRACT]
    exchange.rows[f"{CONTRACTS}/repayment-history"] = [
        {**REPAYMENT, "repayId": "1", "details": [{"loanId": "571", "repayAmount": "0.4"}, {"loanId": "572", "repayAmount": "0.6"}]},
        {**REPAYMENT, "repayId": "2", "details": [{"loanId": "572", "repayAmount": "1"}]},
    ]
    operation = operations(exchange)["contract"]
    before = operation.history(), operation.history_request
    operation.find()
    assert (operation.history(), operation.history_request) == before
    assert [(entry.repay_id, entry.amount) for entry in before[0]] == [("1", Decimal("0.4"))]
    assert exchange.asked[-1] == (f"{CONTRACTS}/repayment-history", {})


def test_all_repayments_of_an_account_lower_its_ltv(exchange: t.Any) -> None:
    details = [{"loanId": "571", "repayAmount": "1"}]
    exchange.rows[f"{FLEXIBLE}/repayment-history"] = [{**REPAYMENT, "repayId": "3", "loanCurrency": "BTC"}]
    exchange.rows[f"{CONTRACTS}/repayment-history"] = [{**REPAYMENT, "repayId": "1", "details": details}]
    for name in ("debt", "contract", "contracts"):
        assert [entry.repay_id for entry in operations(exchange)[name].ltv_history()] == ["3", "1"]
    exchange.asked.clear()
    assert operations(exchange)["order"].ltv_history() == []
    assert exchange.asked == [(f"{ORDERS}/repayment-history", {"orderId": "17"}), (f"{ORDERS}/adjustment-history", {"orderId": "17"})]


def test_the_codes_for_nothing_left(exchange: t.Any) -> None:
    codes = {name: operation.gone_codes for name, operation in operations(exchange).items()}
    assert codes["order"] == {177005}
    assert codes["debt"] == codes["contract"] == {148023, 148027, 148032}

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows that contradict themselves or each other, and details without a known meaning."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans import fixed, flexible, legacy
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import ReadFailed

ORDER = {
    "collateralAmount": "0.1", "collateralCurrency": "BTC", "currentLTV": "0.4161", "expirationTime": "1730131200000",
    "hourlyInterestRate": "0.0000010241", "loanCurrency": "USDT", "loanTerm": "7", "orderId": "17", "residualInterest": "0.4",
    "residualPenaltyInterest": "0.05", "totalDebt": "1000",
}
COMPLETED = {
    "collateralCurrency": "BTC", "expirationTime": "", "hourlyInterestRate": "0.0000010241", "loanCurrency": "USDT",
    "orderId": "17", "status": 1,
}
COIN = {
    "hourlyInterestRate": "0.0000018847396", "loanCurrency": "ETH", "totalDebt": "0.10000019", "unpaidAmount": "0.1",
    "unpaidInterest": "0.00000019",
}
CONTRACT = {
    "annualRate": "0.022", "borrowCurrency": "ETH", "loanId": "571", "repaymentTime": "1755225756068",
    "residualPenaltyInterest": "0", "residualPrincipal": "1.4", "status": 1,
}
PAID = {
    "details": [{"loanCurrency": "ETH", "loanId": "571", "repayAmount": "1.4"}], "loanCurrency": "ETH", "repayAmount": "1.4",
    "repayId": "1782", "repayStatus": 1, "repayTime": 1752717174353, "repayType": 1,
}
ORDERS, COMPLETE = "/v5/crypto-loan/ongoing-orders", "/v5/crypto-loan/borrow-history"


class Exchange:
    """Answers each path with its rows, at a given time."""

    def __init__(self, rows: dict[str, list[dict[str, t.Any]]], time_ms: int) -> None:
        self._rows = rows
        self._time_ms = time_ms

    def exchange_time_or_local_ms(self) -> int:
        return self._time_ms

    def read(self, path: str, query: dict[str, str]) -> dict[str, t.Any]:
        return {"list": self._rows.get(path, [])}

    def pages(self, path: str, query: dict[str, str]) -> t.Iterator[dict[str, t.Any]]:
        yield from self.read(path, query)["list"]


def showing(path: str, *rows: dict[str, t.Any], time_ms: int = 1700000000000) -> t.Any:
    return Exchange({path: list(rows)}, time_ms)


def flexible_loans(*rows: dict[str, t.Any]) -> list[t.Any]:
    return flexible.open_loans(showing("/v5/crypto-loan-flexible/ongoing-coin", *rows))


def contract(*rows: dict[str, t.Any]) -> t.Any:
    return fixed.find(showing("/v5/crypto-loan-fixed/borrow-contract-info", *rows), "571")


def paid(*rows: dict[str, t.Any], loan_id: str | None = None) -> list[t.Any]:
    return fixed.repayments(showing(fixed.HISTORY, *rows), loan_id=loan_id)


@pytest.mark.parametrize(
    ("total", "principal", "interest", "fits"),
    [
        ("0.10000019", "0.1", "0.00000019", True),
        ("0", "0", "0", True),
        # With fewer decimal places than its parts.
        ("0.1", "0.1", "0.00000019", True),
        ("0.1001", "0.1", "0", True),
        ("0.1", "0.1001", "0", True),
        ("0.10010001", "0.1", "0", False),
        ("0.0998", "0.1", "0", False),
        ("0", "0.1", "0.00000019", False),
        ("0.1", "0", "0", False),
        ("100", "0.1", "0", False),
        # A total in another unit.
        ("10000019", "0.1", "0.00000019", False),
    ],
)
def test_a_debt_is_the_sum_of_its_parts(total: str, principal: str, interest: str, fits: bool) -> None:
    row = {**COIN, "totalDebt": total, "unpaidAmount": principal, "unpaidInterest": interest}
    if fits:
        assert [loan.principal for loan in flexible_loans(row)] == ([Decimal(principal)] if principal != "0" else [])
    else:
        with pytest.raises(ReadFailed, match=rf"invalid totalDebt: {total} is not the sum of unpaidAmount {principal} and"):
            flexible_loans(row)


@pytest.mark.parametrize("field", ["unpaidAmount", "hourlyInterestRate"])
def test_debts_in_one_coin_that_contradict_each_other(field: str) -> None:
    other = {**COIN, field: "0.10000001"}
    assert len(flexible_loans(COIN, dict(COIN), {**COIN, "loanCurrency": "BTC"})) == 2
    with pytest.raises(ReadFailed, match=r"^Bybit's answer to /v5/crypto-loan-flexible/ongoing-coin has contradictory rows for ETH\.$"):
        flexible_loans(COIN, other)


def test_an_unreadable_debt_is_not_taken_for_another_coins() -> None:
    with pytest.raises(ReadFailed, match="invalid loanCurrency"):
        flexible.find(showing("/v5/crypto-loan-flexible/ongoing-coin", COIN, {**COIN, "loanCurrency": 5}), "ETH")


@pytest.mark.parametrize(
    ("change", "debt"),
    [
        ({"status": 2, "residualPrincipal": "0"}, "0"),
        ({"status": 2, "residualPrincipal": "0", "residualPenaltyInterest": ""}, "0"),
        ({"status": 3}, "1.4"),
        ({"status": 3, "residualPenaltyInterest": "0.1"}, "1.5"),
    ],
)
def test_a_consistent_status_is_accepted(change: dict[str, object], debt: str) -> None:
    assert contract({**CONTRACT, **change}).debt == Decimal(debt)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"residualPrincipal": "0"}, "invalid status: 1 contradicts the amounts owed, 0 and 0"),
        ({"status": 2}, "invalid status: 2 contradicts the amounts owed, 1.4 and 0"),
        (
            {"status": 2, "residualPrincipal": "0", "residualPenaltyInterest": "0.1"},
            "invalid status: 2 contradicts the amounts owed, 0 and 0.1",
        ),
        # Penalty interest shows that it is overdue.
        ({"status": 3, "residualPenaltyInterest": ""}, "invalid residualPenaltyInterest: it is empty, but the loan is overdue"),
        ({"status": 4}, "the unknown status 4"),
        ({"status": 0}, "the unknown status 0"),
        ({"status": "33"}, "the unknown status 33"),
    ],
)
def test_a_contradictory_status_is_refused(change: dict[str, object], reason: str) -> None:
    with pytest.raises(ReadFailed, match=reason):
        contract({**CONTRACT, **change})


@pytest.mark.parametrize("change", [{"residualPrincipal": "0.5"}, {"status": 2, "residualPrincipal": "0"}, {"annualRate": ""}], ids=str)
def test_contracts_that_contradict_each_other(change: dict[str, object]) -> None:
    other = {**CONTRACT, **change}
    assert contract(CONTRACT, dict(CONTRACT)).debt == Decimal("1.4")
    path = "/v5/crypto-loan-fixed/borrow-contract-info"
    for rows in ((CONTRACT, other), (other, CONTRACT)):
        with pytest.raises(ReadFailed, match=rf"^Bybit's answer to {path} has contradictory rows for contract 571\.$"):
            contract(*rows)
        with pytest.raises(ReadFailed, match="contradictory rows for contract 571"):
            list(fixed.open_loans(showing(path, *rows), "ETH"))


@pytest.mark.parametrize(
    ("time_ms", "penalty", "is_read"),
    [
        (1730131199999, "", True),
        (1730131200000, "", False),
        (1730131200000, "0", True),
        (1830131200000, "", False),
        (1830131200000, "5", True),
    ],
)
def test_a_loan_that_is_due_tells_its_penalty_interest(time_ms: int, penalty: str, is_read: bool) -> None:
    exchange = showing(ORDERS, {**ORDER, "residualPenaltyInterest": penalty}, time_ms=time_ms)
    if is_read:
        assert legacy.find(exchange, "17").penalty_interest == Decimal(penalty or 0)
    else:
        with pytest.raises(ReadFailed, match="invalid residualPenaltyInterest: it is empty, but the loan is overdue"):
            legacy.find(exchange, "17")


def test_a_loan_without_term_is_never_overdue() -> None:
    exchange = showing(ORDERS, {**ORDER, "expirationTime": "", "residualPenaltyInterest": ""}, time_ms=1830131200000)
    assert legacy.find(exchange, "17").penalty_interest == 0


@pytest.mark.parametrize("change", [{"totalDebt": "900"}, {"currentLTV": ""}, {"collateralAmount": "0.2"}], ids=str)
def test_orders_that_contradict_each_other(change: dict[str, str]) -> None:
    assert legacy.find(showing(ORDERS, ORDER, dict(ORDER)), "17").principal == 1000
    with pytest.raises(ReadFailed, match=r"^Bybit's answer to /v5/crypto-loan/ongoing-orders has contradictory rows for loan 17\.$"):
        legacy.find(showing(ORDERS, ORDER, {**ORDER, **change}), "17")


def test_ends_that_contradict_each_other() -> None:
    assert legacy.find(showing(COMPLETE, COMPLETED, dict(COMPLETED)), "17").status == "repaid"
    with pytest.raises(ReadFailed, match="contradictory rows for loan 17"):
        legacy.find(showing(COMPLETE, COMPLETED, {**COMPLETED, "status": 2}), "17")


@pytest.mark.parametrize("loan_id", [None, "571", "570"])
@pytest.mark.parametrize(
    "details",
    [
        None, "", {}, [], "571", [5], [{}], [{"loanId": "571"}], [{"repayAmount": "1"}], [{"loanId": 571, "repayAmount": "1"}],
        [{"loanId": "571", "repayAmount": ""}], [{"loanId": "", "repayAmount": "1"}], [{"loanId": "571", "repayAmount": True}],
        [{"loanId": "571", "repayAmount": "1"}, {"loanId": "570"}],
    ],
    ids=str,
)
def test_without_details_the_paid_amount_is_unknown(details: object, loan_id: str | None) -> None:
    with pytest.raises(ReadFailed, match=r"lacks details\.$|invalid (loanId|repayAmount)"):
        paid({**PAID, "details": details}, loan_id=loan_id)


def test_two_rows_of_one_repayment_may_be_one_that_has_changed() -> None:
    other = {**PAID, "repayAmount": "0.1", "details": [{"loanCurrency": "ETH", "loanId": "570", "repayAmount": "0.1"}]}
    with pytest.raises(ReadFailed, match="contradictory rows for repayment 1782"):
        paid(PAID, other)


@pytest.mark.parametrize("amounts", [("140",), ("1.4", "0.1"), ("1.3",), ("0.000000001",)], ids=str)
def test_the_details_of_a_fixed_repayment_add_up_to_its_amount(amounts: tuple[str, ...]) -> None:
    details = [{"loanCurrency": "ETH", "loanId": str(571 + n), "repayAmount": amount} for n, amount in enumerate(amounts)]
    with pytest.raises(ReadFailed, match="invalid repayAmount: 1.4 is not the sum of its details"):
        paid({**PAID, "details": details})

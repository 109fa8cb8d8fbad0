# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the three loan products from the examples in the exchange's documentation."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans import account, coins, fixed, flexible, legacy
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import rows_of
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Failure, ReadFailed, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.position import CoinCollateral, CoinDebt, Position
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import Part, HistoryEntry

ORDER = {
    "collateralAmount": "0.1", "collateralCurrency": "BTC", "currentLTV": "0.4161", "expirationTime": "1730131200000",
    "hourlyInterestRate": "0.0000010241", "loanCurrency": "USDT", "loanTerm": "7", "orderId": "1794267532472646144",
    "residualInterest": "0.4", "residualPenaltyInterest": "0.05", "totalDebt": "1000",
}
COMPLETED = {
    "collateralCurrency": "BTC", "expirationTime": "", "hourlyInterestRate": "0.0000010241", "loanCurrency": "USDT",
    "orderId": "17", "status": 1,
}
ORDER_REPAYMENT = {
    "collateralCurrency": "BTC", "collateralReturn": "0.001", "loanCurrency": "USDT", "loanTerm": "7", "orderId": "17",
    "repayAmount": "150", "repayId": "1849", "repayStatus": 1, "repayTime": "1729680000000", "repayType": "1",
}
COIN = {
    "hourlyInterestRate": "0.0000018847396", "loanCurrency": "ETH", "totalDebt": "0.10000019", "unpaidAmount": "0.1",
    "unpaidInterest": "0.00000019",
}
COIN_REPAYMENT = {
    "loanCurrency": "BTC", "repayAmount": "0.007", "repayId": "1773", "repayStatus": 1, "repayTime": 1752570731274,
    "repayType": 1,
}
CONTRACT = {
    "annualRate": "0.022", "autoRepay": "true", "borrowCurrency": "ETH", "borrowTime": "1752633756068",
    "interestPaid": "0.002531506849315069", "loanId": "571", "orderId": "13007", "repayType": "1",
    "repaymentTime": "1755225756068", "residualPenaltyInterest": "0", "residualPrincipal": "1.4", "status": 1, "term": "30",
}
OTHER_CONTRACT = {**CONTRACT, "loanId": "570", "repaymentTime": "1755225696068", "residualPrincipal": "0.1"}
CONTRACT_REPAYMENT = {
    "details": [
        {"loanCurrency": "ETH", "loanId": "568", "repayAmount": "0.1"},
        {"loanCurrency": "ETH", "loanId": "571", "repayAmount": "1.4"},
    ],
    "loanCurrency": "ETH", "repayAmount": "1.5", "repayId": "1782", "repayStatus": 1, "repayTime": 1752717174353,
    "repayType": 1,
}
POSITION: dict[str, t.Any] = {
    "borrowList": [
        {
            "fixedTotalDebt": "0", "fixedTotalDebtUSD": "0", "flexibleHourlyInterestRate": "0.0000001361462",
            "flexibleTotalDebt": "0.08800022", "flexibleTotalDebtUSD": "9355.37", "loanCurrency": "BTC",
        },
        {
            "fixedTotalDebt": "0.1", "fixedTotalDebtUSD": "282.8", "flexibleHourlyInterestRate": "0.00000188498892",
            "flexibleTotalDebt": "0", "flexibleTotalDebtUSD": "0", "loanCurrency": "ETH",
        },
    ],
    "collateralList": [
        {"amount": "0.12", "amountUSD": "9930.11", "currency": "BTC"}, {"amount": "2", "amountUSD": "4524.81", "currency": "ETH"},
        {"amount": "4002.12", "amountUSD": "3201.69", "currency": "USDT"}, {"amount": "1000", "amountUSD": "724.8", "currency": "USDC"},
    ],
    "ltv": "0.524344", "supplyList": [], "totalCollateral": "18381.41", "totalDebt": "9638.17", "totalSupply": "800.13",
}
BALANCE = {"balance": {"coin": "USDT", "walletBalance": "523.5", "transferBalance": "500"}}
ORDERS, COMPLETE, PAID = (
    f"/v5/crypto-loan/{name}" for name in ("ongoing-orders", "borrow-history", "repayment-history")
)
COINS, COINS_PAID = (f"/v5/crypto-loan-flexible/{name}" for name in ("ongoing-coin", "repayment-history"))
CONTRACTS, CONTRACTS_PAID = (f"/v5/crypto-loan-fixed/{name}" for name in ("borrow-contract-info", "repayment-history"))
LENT, HELD, HAS = "/v5/crypto-loan-common/loanable-data", "/v5/crypto-loan-common/position", account._BALANCE


class Exchange:
    """Answers each path with a given answer, whatever the query is, and records the requests.

    :ivar time_ms: The time, at first before the example order is due.
    """

    def __init__(self) -> None:
        self.time_ms = 1730131199999
        self.answers: dict[str, t.Any] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.clock = Clock()
        self.spending = account.Spending()

    def state(self, kind: type[account.Spending]) -> account.Spending:
        assert kind is account.Spending
        return self.spending

    def exchange_time_or_local_ms(self) -> int:
        return self.time_ms

    def read(self, path: str, query: dict[str, str] | None = None, signed: bool = True) -> t.Any:
        self.asked.append((path, query or {}))
        answer = self.answers.get(path, {"list": []})
        if isinstance(answer, Exception):
            raise answer
        return answer

    def recall(self, path: str, query: dict[str, str]) -> None:
        return None

    def cached(self, path: str, query: dict[str, str], extract: t.Callable[[t.Any], t.Any]) -> t.Any:
        return extract(self.read(path, query))

    def pages(self, path: str, query: dict[str, str]) -> t.Iterator[dict[str, t.Any]]:
        yield from rows_of(path, self.read(path, query))


def showing(path: str, *rows: object) -> t.Any:
    exchange = Exchange()
    exchange.answers[path] = {"list": list(rows)}
    return exchange


def test_an_open_order() -> None:
    exchange = showing(ORDERS, ORDER)
    assert legacy.find(exchange, "1794267532472646144") == Loan(
        "legacy", "1794267532472646144", "USDT", Decimal(1000), Decimal("0.4"), Decimal("0.05"), "open",
        hourly_rate=Decimal("0.0000010241"), annual_rate=Decimal("0.008971116"), collateral_coin="BTC",
        collateral_amount=Decimal("0.1"), ltv=Decimal("0.4161"), maturity_time_ms=1730131200000,
    )
    assert exchange.asked == [(ORDERS, {"orderId": "1794267532472646144"})]


@pytest.mark.parametrize(("status", "expected"), [(1, "repaid"), ("1", "repaid"), (2, "liquidated")])
def test_a_completed_order(status: object, expected: str) -> None:
    exchange = showing(COMPLETE, {**COMPLETED, "status": status})
    loan = legacy.find(exchange, "17")
    assert loan is not None and (loan.status, loan.debt, loan.ltv, loan.maturity_time_ms) == (expected, 0, None, None)
    assert [path for path, dummy in exchange.asked] == [ORDERS, COMPLETE]


def test_an_unknown_order() -> None:
    assert legacy.find(Exchange(), "17") is None
    refusing = Exchange()
    refusing.answers = dict.fromkeys((ORDERS, COMPLETE), Refused("No such order.", Failure(ret_code=177005)))
    assert legacy.find(refusing, "17") is None
    refusing.answers[ORDERS] = Refused("No permission.", Failure(ret_code=10005))
    with pytest.raises(Refused, match="No permission"):
        legacy.find(refusing, "17")


def test_the_filters_of_the_exchange_are_checked() -> None:
    for read in (
        lambda: legacy.find(showing(ORDERS, ORDER), "17"),
        lambda: legacy.repayments(showing(PAID, ORDER_REPAYMENT), loan_id="18"),
        lambda: legacy.repayments(showing(PAID, ORDER_REPAYMENT), coin="BTC"),
        lambda: list(legacy.open_loans(showing(ORDERS, ORDER), coin="BTC")),
        lambda: flexible.find(showing(COINS, COIN), "BTC"),
        lambda: flexible.repayments(showing(COINS_PAID, COIN_REPAYMENT), "ETH"),
        lambda: fixed.find(showing(CONTRACTS, CONTRACT), "570"),
        lambda: list(fixed.open_loans(showing(CONTRACTS, CONTRACT), coin="BTC")),
        lambda: fixed.repayments(showing(CONTRACTS_PAID, CONTRACT_REPAYMENT), "BTC"),
        lambda: coins.borrowing_accuracy(showing(LENT, {"currency": "BTC", "flexibleBorrowingAccuracy": 4}), "ETH", "flexible"),
    ):
        with pytest.raises(ReadFailed, match="has an invalid .* was requested"):
            read()


def test_repayments_of_an_order() -> None:
    exchange = showing(PAID, ORDER_REPAYMENT, ORDER_REPAYMENT)
    assert list(legacy.repayments(exchange, loan_id="17", repay_id="1849")) == [
        HistoryEntry(
            "1849", Decimal(150), "success", True, 1729680000000, "USDT", "user", (Part("17", Decimal(150)),), "BTC",
            Decimal("0.001"),
        )
    ]
    assert exchange.asked == [(PAID, {"orderId": "17", "repayId": "1849"})]


def test_the_debt_in_a_coin() -> None:
    exchange = showing(COINS, COIN)
    assert flexible.find(exchange, "ETH") == Loan(
        "flexible", None, "ETH", Decimal("0.1"), Decimal("0.00000019"), Decimal(0), "open",
        hourly_rate=Decimal("0.0000018847396"), annual_rate=Decimal("0.016510318896"),
    )
    assert exchange.asked == [(COINS, {"loanCurrency": "ETH"})]


def test_a_coin_without_debt_is_no_loan() -> None:
    nothing = {**COIN, "unpaidAmount": "0", "unpaidInterest": "0", "totalDebt": "0"}
    assert [loan.coin for loan in flexible.open_loans(showing(COINS, nothing, {**COIN, "loanCurrency": "BTC"}))] == ["BTC"]
    assert flexible.find(showing(COINS, nothing), "ETH") is None
    assert (flexible.no_debt("ETH").status, flexible.no_debt("ETH").debt) == ("repaid", 0)


def test_repayments_in_a_coin() -> None:
    other = {**COIN_REPAYMENT, "repayId": "1772", "repayStatus": 3}
    exchange = showing(COINS_PAID, COIN_REPAYMENT, other, COIN_REPAYMENT)
    assert [(r.repay_id, r.amount, r.status) for r in flexible.repayments(exchange, "BTC")] == [
        ("1773", Decimal("0.007"), "success"), ("1772", Decimal("0.007"), "failed"),
    ]
    # The exchange filters by ID, and the result is checked.
    assert [r.repay_id for r in flexible.repayments(exchange, "BTC", "1773")] == ["1773"]
    assert exchange.asked == [(COINS_PAID, {"loanCurrency": "BTC"}), (COINS_PAID, {"loanCurrency": "BTC", "repayId": "1773"})]


@pytest.mark.parametrize(
    ("change", "status", "debt"),
    [
        ({}, "open", "1.4"),
        ({"status": 3, "residualPenaltyInterest": "0.01"}, "open", "1.41"),
        ({"status": 2, "residualPrincipal": "0"}, "repaid", "0"),
        ({"residualPrincipal": "0", "residualPenaltyInterest": "0.01"}, "open", "0.01"),
        ({"residualPenaltyInterest": ""}, "open", "1.4"),
        ({"status": 2, "residualPrincipal": "0", "residualPenaltyInterest": ""}, "repaid", "0"),
    ],
)
def test_a_contract(change: dict[str, object], status: str, debt: str) -> None:
    exchange = showing(CONTRACTS, {**CONTRACT, **change})
    loan = fixed.find(exchange, "571")
    assert loan is not None and (loan.status, loan.debt) == (status, Decimal(debt))
    assert (loan.product, loan.loan_id, loan.coin, loan.interest) == ("fixed", "571", "ETH", 0)
    assert (loan.annual_rate, loan.hourly_rate, loan.maturity_time_ms) == (Decimal("0.022"), None, 1755225756068)
    assert exchange.asked == [(CONTRACTS, {"loanId": "571"})]


def test_all_contracts_of_a_coin() -> None:
    repaid = {**CONTRACT, "loanId": "569", "status": 2, "residualPrincipal": "0"}
    exchange = showing(CONTRACTS, CONTRACT, OTHER_CONTRACT, repaid, CONTRACT)
    contracts = list(fixed.open_loans(exchange, "ETH"))
    assert [loan.loan_id for loan in contracts] == ["571", "570"]
    assert exchange.asked == [(CONTRACTS, {"orderCurrency": "ETH"})]
    together = fixed.together("ETH", contracts)
    assert (together.loan_id, together.debt, together.status) == (None, Decimal("1.5"), "open")
    assert together.maturity_time_ms == 1755225696068
    assert (fixed.together("ETH", []).status, fixed.together("ETH", []).debt) == ("repaid", 0)


def test_repayments_of_contracts() -> None:
    first, second = Part("568", Decimal("0.1")), Part("571", Decimal("1.4"))
    paid = HistoryEntry("1782", Decimal("1.5"), "success", True, 1752717174353, "ETH", "user", (first, second))
    exchange = showing(CONTRACTS_PAID, CONTRACT_REPAYMENT)
    assert list(fixed.repayments(exchange, "ETH", repay_id="1782")) == [paid]
    assert exchange.asked == [(CONTRACTS_PAID, {"loanCurrency": "ETH", "repayId": "1782"})]
    assert list(fixed.repayments(exchange, loan_id="571")) == [paid._replace(amount=Decimal("1.4"), parts=(second,))]
    assert list(fixed.repayments(exchange, loan_id="570")) == []


@pytest.mark.parametrize("amount", [Decimal("1.4"), "1.4"])
def test_an_amount_of_a_detail_may_be_a_number(amount: object) -> None:
    detail = {"loanCurrency": "ETH", "loanId": "571", "repayAmount": amount}
    (entry,) = fixed.repayments(showing(CONTRACTS_PAID, {**CONTRACT_REPAYMENT, "repayAmount": "1.4", "details": [detail]}))
    assert entry.parts == (Part("571", Decimal("1.4")),)


def test_the_account() -> None:
    exchange = Exchange()
    exchange.answers = {HELD: POSITION, HAS: BALANCE}
    position = account.read_position(exchange)
    assert position[:3] == (Decimal("0.524344"), Decimal("9638.17"), Decimal("18381.41"))
    assert position.debts == (
        CoinDebt("BTC", Decimal("0.08800022"), Decimal("9355.37"), Decimal(0), Decimal(0)),
        CoinDebt("ETH", Decimal(0), Decimal(0), Decimal("0.1"), Decimal("282.8")),
    )
    assert position.collateral[0] == CoinCollateral("BTC", Decimal("0.12"), Decimal("9930.11"))
    assert [entry.coin for entry in position.collateral] == ["BTC", "ETH", "USDT", "USDC"]
    assert account.funding_balance(exchange, "USDT") == Decimal("523.5")
    assert exchange.asked[1] == ("/v5/asset/transfer/query-account-coin-balance", {"accountType": "FUND", "coin": "USDT"})


@pytest.mark.parametrize("ltv", ["", "0"])
@pytest.mark.parametrize("lists", [{"borrowList": None, "collateralList": None}, {"borrowList": [], "collateralList": []}, {}])
def test_an_account_that_owes_nothing_has_no_ltv(ltv: str, lists: dict[str, t.Any]) -> None:
    exchange = Exchange()
    exchange.answers[HELD] = {"ltv": ltv, "totalDebt": "0", "totalCollateral": "0", **lists}
    assert account.read_position(exchange) == Position(Decimal(0), Decimal(0), Decimal(0))


def test_decimal_places() -> None:
    other = {"currency": "BTC", "fixedBorrowingAccuracy": 8, "flexibleBorrowingAccuracy": 8}
    lent = showing(LENT, other, {"currency": "ETH", "fixedBorrowingAccuracy": 4, "flexibleBorrowingAccuracy": "6"})
    assert [coins.borrowing_accuracy(lent, "ETH", product) for product in ("fixed", "flexible")] == [4, 6]
    levels = Exchange()
    level = {"list": [{"currency": "BTC", "borrowingAccuracy": 8}, {"currency": "USDT", "borrowingAccuracy": 4}]}
    levels.answers["/v5/crypto-loan/loanable-data"] = {"vipCoinList": [level, level]}
    assert legacy.accuracy(levels, "USDT") == 4
    nothing = Exchange()
    nothing.answers["/v5/crypto-loan/loanable-data"] = {"vipCoinList": []}
    assert legacy.accuracy(nothing, "USDT") is None

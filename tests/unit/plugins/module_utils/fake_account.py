# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account of the exchange behind a fake network: its loans of all products, its collateral, and its wallets."""

from __future__ import annotations

import collections
import json
import typing as t
import urllib.parse
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._api.transport import Reply

D = Decimal
PRICES = {"USDT": D(1), "BTC": D(50000), "ETH": D(2500)}
RATIO = "0.8"
# By how much the clock of the exchange is ahead.
AHEAD_MS = 7000

LEGACY_LOANS = "/v5/crypto-loan/ongoing-orders"
FLEXIBLE_LOANS = "/v5/crypto-loan-flexible/ongoing-coin"
FIXED_LOANS = "/v5/crypto-loan-fixed/borrow-contract-info"
POSITION = "/v5/crypto-loan-common/position"
MARKS = "/v5/crypto-loan/collateral-data"
TIERS = "/v5/crypto-loan-common/collateral-data"
LEGACY_PLACES = "/v5/crypto-loan/loanable-data"
SHARED_PLACES = "/v5/crypto-loan-common/loanable-data"
FUNDING = "/v5/asset/transfer/query-account-coin-balance"
UNIFIED = "/v5/account/withdrawal"
LISTS = {"legacy": LEGACY_LOANS, "flexible": FLEXIBLE_LOANS, "fixed": FIXED_LOANS}

Row = t.Dict[str, t.Any]


class Refusal(Exception):
    """A retCode other than zero."""


class FakeAccount:
    """Answers each read as the exchange documents it.

    :ivar debts: The debts of the account in the position; those of its loans unless a test changes them.
    :ivar levels: The rows of collateral-data, by VIP level; C(places) are the rows of loanable-data, by coin.
    :ivar refused: The return code of each path that is refused; an integer above 399 and below 600 is an HTTP status.
    :ivar asked: The targets of all requests.
    """

    base_url = "https://api-testnet.bybit.com"

    def __init__(self, clock: t.Any) -> None:
        self._clock = clock
        self.legacy: list[Row] = []
        self.flexible: list[Row] = []
        self.fixed: list[Row] = []
        self.collateral: dict[str, str] = {}
        self.wallets = {"FUND": {"USDT": "1000", "BTC": "0.5"}, "UNIFIED": {"USDT": "2000", "BTC": "1"}}
        self.levels = {"VIP0": [marks_row("BTC", "0.8", "0.85", "0.95")]}
        self.places = {"USDT": 4, "BTC": 8}
        self.col_res = "1"
        self.debts: dict[tuple[str, str], Decimal] | None = None
        self.refused: dict[str, int] = {}
        self.asked: list[str] = []

    def hang_up(self) -> None:
        """Do nothing, because there is no connection."""

    def send(self, method: str, target: str, *dummy: object) -> Reply:
        assert method == "GET"
        self.asked.append(target)
        path, dummy_mark, query = target.partition("?")
        code = self.refused.get(path, 0)
        if 399 < code < 600:
            return Reply(code, {}, b"not here")
        try:
            result = {} if code else self._answers()[path](dict(urllib.parse.parse_qsl(query)))
        except Refusal as refusal:
            code, result = refusal.args[0], {}
        document = {"retCode": code, "retMsg": "", "result": result, "time": self._clock.now_ms() + AHEAD_MS}
        return Reply(200, {"x-bapi-limit": "100000"}, json.dumps(document).encode())

    @property
    def counts(self) -> dict[str, int]:
        """How many requests each path got."""
        return dict(collections.Counter(target.partition("?")[0] for target in self.asked))

    def _answers(self) -> dict[str, t.Callable[[dict[str, str]], t.Any]]:
        return {
            LEGACY_LOANS: lambda query: page(self.legacy, query),
            FLEXIBLE_LOANS: lambda query: {"list": self.flexible},
            FIXED_LOANS: lambda query: page(self.fixed, query),
            POSITION: lambda query: self._position(),
            MARKS: lambda query: {"vipCoinList": [{"vipLevel": level, "list": rows} for level, rows in self.levels.items()]},
            TIERS: lambda query: {"collateralRatioConfigList": [{
                "currencies": ",".join(PRICES),
                "collateralRatioList": [{"minValue": "0", "maxValue": "10000000", "collateralRatio": RATIO}],
            }]},
            LEGACY_PLACES: lambda query: {"vipCoinList": [{
                "vipLevel": "VIP0", "list": [{"currency": coin, "borrowingAccuracy": places} for coin, places in self.places.items()],
            }]},
            SHARED_PLACES: lambda query: {"list": [
                {"currency": coin, "flexibleBorrowingAccuracy": places, "fixedBorrowingAccuracy": places} for coin, places in self.places.items()
            ]},
            FUNDING: self._funding,
            UNIFIED: self._unified,
        }

    def _position(self) -> dict[str, t.Any]:
        debts = self.debts if self.debts is not None else self._owed()
        coins = list(dict.fromkeys(coin for dummy, coin in debts))
        owed_usd = sum((amount * PRICES[coin] for (dummy, coin), amount in debts.items()), D(0))
        value_usd = {coin: D(amount) * PRICES[coin] * D(RATIO) for coin, amount in self.collateral.items()}
        all_usd = sum(value_usd.values(), D(0))

        def of(product: str, coin: str) -> Decimal:
            return debts.get((product, coin), D(0))

        return {
            "ltv": str(round(owed_usd / all_usd, 6)) if all_usd else "0",
            "totalDebt": cents(owed_usd),
            "totalCollateral": cents(all_usd),
            "colRes": self.col_res,
            "borrowList": [
                {
                    "loanCurrency": coin,
                    **{f"{product}TotalDebt": str(of(product, coin)) for product in ("flexible", "fixed")},
                    **{f"{product}TotalDebtUSD": cents(of(product, coin) * PRICES[coin]) for product in ("flexible", "fixed")},
                }
                for coin in coins
            ],
            "collateralList": [
                {"currency": coin, "amount": amount, "amountUSD": cents(value_usd[coin])} for coin, amount in self.collateral.items()
            ],
        }

    def _owed(self) -> dict[tuple[str, str], Decimal]:
        owed: dict[tuple[str, str], Decimal] = {}
        for row in self.flexible:
            owed["flexible", row["loanCurrency"]] = D(row["totalDebt"])
        for row in self.fixed:
            key = "fixed", row["borrowCurrency"]
            owed[key] = owed.get(key, D(0)) + D(row["residualPrincipal"])
        return owed

    def _funding(self, query: dict[str, str]) -> dict[str, t.Any]:
        held = self.wallets[query["accountType"]].get(query["coin"])
        if held is None:
            raise Refusal(10001)
        return {"balance": {"coin": query["coin"], "walletBalance": held}}

    def _unified(self, query: dict[str, str]) -> dict[str, t.Any]:
        coins = query["coinName"].split(",")
        held = self.wallets["UNIFIED"]
        if len(coins) > 20 or not set(coins) <= set(held):
            raise Refusal(10001)
        return {"availableWithdrawal": held[coins[0]], "availableWithdrawalMap": {coin: held[coin] for coin in coins}}


def page(rows: t.Sequence[Row], query: dict[str, str]) -> dict[str, t.Any]:
    first, limit = int(query.get("cursor", "0")), int(query["limit"])
    following = first + limit
    return {"list": rows[first:following], "nextPageCursor": str(following) if following < len(rows) else ""}


def cents(usd: Decimal) -> str:
    return str(round(usd, 2))


def legacy_row(order_id: str, debt: str = "700", collateral: str = "BTC", due: str = "", coin: str = "USDT") -> Row:
    pledged = "0.02" if collateral == "BTC" else "0.4"
    ltv = D(debt) * PRICES[coin] / (D(pledged) * PRICES[collateral])
    return {
        "orderId": order_id, "loanCurrency": coin, "totalDebt": debt, "residualInterest": "0", "residualPenaltyInterest": "",
        "hourlyInterestRate": "0.00001", "collateralCurrency": collateral, "collateralAmount": pledged,
        "currentLTV": str(round(ltv, 4)), "expirationTime": due,
    }


def flexible_row(coin: str, debt: str) -> Row:
    return {"loanCurrency": coin, "unpaidAmount": debt, "unpaidInterest": "0", "totalDebt": debt, "hourlyInterestRate": "0.00001"}


def fixed_row(loan_id: str, debt: str, due_ms: int, coin: str = "USDT") -> Row:
    return {
        "loanId": loan_id, "borrowCurrency": coin, "status": 1, "residualPrincipal": debt, "residualPenaltyInterest": "",
        "annualRate": "0.05", "repaymentTime": str(due_ms),
    }


def marks_row(coin: str, initial: str, margin_call: str, liquidation: str) -> Row:
    return {"currency": coin, "initialLTV": initial, "marginCallLTV": margin_call, "liquidationLTV": liquidation}

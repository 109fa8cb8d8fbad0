# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Between a simulated account and the planner: what the exchange shows of the account, with its rounding, and the operations on it."""

from __future__ import annotations

import functools
import typing as t
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

import account as exact
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FIXED, FLEXIBLE, LEGACY, LTV_STEP, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.outlook import account_outlook
from ansible_collections.treasury.bybit.plugins.module_utils._loans.position import ACCOUNT_LTV_STEP, USD_STEP, CoinCollateral, CoinDebt, Position
from ansible_collections.treasury.bybit.plugins.module_utils._loans.prices import Price, Prices, coin_prices
from ansible_collections.treasury.bybit.plugins.module_utils._loans.tiers import Tier, Tiers
from ansible_collections.treasury.bybit.plugins.module_utils._policy.book import ACCOUNT, Book
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import Operation

D = Decimal
MARKS = {
    ACCOUNT: {"initial": D("0.8"), "margin_call": D("0.85"), "liquidation": exact.LIQUIDATION_LTV},
    "BTC": {"initial": D("0.65"), "margin_call": D("0.83"), "liquidation": exact.LEGACY_LIQUIDATION_LTV["BTC"]},
    "ETH": {"initial": D("0.6"), "margin_call": D("0.77"), "liquidation": exact.LEGACY_LIQUIDATION_LTV["ETH"]},
}
_PLACES = {(product, "USDT"): 4 for product in (FLEXIBLE, FIXED, LEGACY)}
_END = D(99_999_999)


def _tiers(coin: str) -> Tiers:
    begins = [begin for begin, dummy in exact.RATIOS[coin]]
    return tuple(Tier(begin, end, ratio) for (begin, ratio), end in zip(exact.RATIOS[coin], [*begins[1:], _END]))


TIERS = {coin: _tiers(coin) for coin in exact.RATIOS}


class LatePrices(t.Mapping[str, Price]):
    """Prices that are only derived when somebody asks, because most runs move nothing."""

    def __init__(self, derive: t.Callable[[], Prices]) -> None:
        self._derive = derive

    @functools.cached_property
    def _prices(self) -> Prices:
        return self._derive()

    def __getitem__(self, coin: str) -> Price:
        return self._prices[coin]

    def __iter__(self) -> t.Iterator[str]:
        return iter(self._prices)

    def __len__(self) -> int:
        return len(self._prices)


class View:
    """What the exchange shows of an account.

    :ivar rounding: How it rounds, which is not documented.
    """

    def __init__(self, rounding: str) -> None:
        assert rounding in (ROUND_DOWN, ROUND_HALF_UP)
        self.rounding = rounding

    def usd(self, amount: Decimal) -> Decimal:
        return amount.quantize(USD_STEP, self.rounding)

    def position(self, account: exact.Account) -> Position:
        fixed, debt, prices = account.debt - account.flexible, account.debt, account.prices
        pledged = {coin: amount for coin, amount in account.collateral.items() if amount}
        values = {coin: exact.value_of(coin, amount * prices[coin]) for coin, amount in pledged.items()}
        value = sum(values.values(), D(0))
        debts = (CoinDebt("USDT", account.flexible, self.usd(account.flexible), fixed, self.usd(fixed)),) if debt else ()
        ltv = (debt / value).quantize(ACCOUNT_LTV_STEP, self.rounding) if value else D(0)
        collateral = tuple(CoinCollateral(coin, pledged[coin], self.usd(of_coin)) for coin, of_coin in values.items())
        return Position(ltv, self.usd(debt), self.usd(value), debts, collateral)

    def book(self, account: exact.Account) -> tuple[Book, Prices]:
        """Return the book that a policy sees, and the prices that follow from it."""
        position = self.position(account)
        legacy = [
            Loan(
                LEGACY, key, "USDT", loan.debt, D(0), D(0), OPEN, collateral_coin=loan.coin, collateral_amount=loan.collateral,
                ltv=account.ltv(key).quantize(LTV_STEP, self.rounding),
            )
            for key, loan in account.legacy.items()
        ]
        flexible = [Loan(FLEXIBLE, None, "USDT", account.flexible, D(0), D(0), OPEN)] if account.flexible else []
        fixed = [Loan(FIXED, key, "USDT", debt, D(0), D(0), OPEN, maturity_time_ms=due_ms) for key, (debt, due_ms) in account.fixed.items()]
        book = Book(account.now_ms, (*legacy, *flexible, *fixed), account_outlook(position, TIERS), MARKS, _PLACES)
        return book, LatePrices(lambda: coin_prices(position, TIERS, legacy))


def carry_out(account: exact.Account, operation: Operation) -> None:
    """Ask the exchange for an operation.

    :raises Refused: If it cannot do that.
    """
    target = operation.loan_id or exact.FLEXIBLE
    if operation.kind == exact.TRANSFER:
        account.transfer(operation.coin, operation.amount)
    elif operation.kind == exact.ADD:
        account.add(operation.loan_id or exact.ACCOUNT, operation.coin, operation.amount)
    elif operation.kind == exact.SELL:
        account.sell(target, operation.sells or "", operation.amount)
    elif operation.kind == exact.REPAY:
        account.repay(target, operation.amount)
    else:
        raise exact.Refused(f"{operation.kind} is no operation")

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collateral behind all flexible and fixed loans of an account: its value and its sale."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal

from ..amounts import ZERO, rounded_down, rounded_up, unit
from ..errors import Refusal
from ..switches import AS_LISTED, LIQUIDATION_ORDER, WALLET
from . import business_types
from .bookkeeping import Bookkeeping
from .interest import PLACES
from .model import Account
from .records import BY_LIQUIDATION, FIXED, FLEXIBLE, OPEN, Allocation, FlexibleDebt, Repayment
from .repayments import Repayments

DEFAULT_FEE = Decimal("0.0005")
MOST_USD_AT_ONCE = 300_000


class CollateralPool:
    def __init__(self, books: Bookkeeping, repayments: Repayments) -> None:
        self.books = books
        self.ledger = books.ledger
        self.repayments = repayments

    def value(self, coin: str, amount: Decimal) -> Decimal:
        """The collateral value of an amount in USD: each tier of the market value counts at the tier's ratio."""
        worth = amount * self.ledger.prices[coin]
        tiers = self._tiers(coin)
        ends = [least for least, _ratio in tiers[1:]] + [worth]
        parts = [max(ZERO, min(worth, end) - least) * ratio for (least, ratio), end in zip(tiers, ends, strict=True)]
        return sum(parts, ZERO)

    def amount_worth(self, coin: str, value: Decimal) -> Decimal:
        """The smallest amount of a coin with at least this collateral value: the inverse of value."""
        tiers = self._tiers(coin)
        worth = ZERO
        for (least, ratio), (end, _ratio) in zip(tiers, [*tiers[1:], (None, None)], strict=True):
            needed = value / ratio
            if end is None or needed <= end - least:
                worth = least + needed
                break
            value -= (end - least) * ratio
        return rounded_up(worth / self.ledger.prices[coin], self.ledger.collateral_coins[coin].accuracy)

    def _tiers(self, coin: str) -> list[tuple[Decimal, Decimal]]:
        return [(Decimal(least), ratio) for least, ratio in self.ledger.collateral_coins[coin].ratios.items()]

    def collateral_usd(self, collateral: dict[str, Decimal]) -> Decimal:
        return sum((self.value(coin, amount) for coin, amount in collateral.items()), ZERO)

    def debt_usd(self, account: Account) -> Decimal:
        owed: dict[str, Decimal] = {coin: debt.debt for coin, debt in account.flexible_loans.items()}
        for contract in account.fixed_contracts:
            if contract.status == OPEN:
                owed[contract.coin] = owed.get(contract.coin, ZERO) + contract.debt
        return sum((amount * self.ledger.prices[coin] for coin, amount in owed.items()), ZERO)

    def check(self, account: Account, now: int) -> None:
        """Liquidate the account if its loan-to-value ratio has reached the limit."""
        debt = self.debt_usd(account)
        if debt > ZERO and debt >= self.ledger.settings.liquidation_ltv * self.collateral_usd(account.collateral):
            for flexible in list(account.flexible_loans.values()):
                self.sell_for(account, flexible, BY_LIQUIDATION, now)
                del account.flexible_loans[flexible.coin]
            for contract in sorted(account.fixed_contracts, key=lambda item: item.due_at):
                if contract.status == OPEN:
                    self.sell_for(account, contract, BY_LIQUIDATION, now)
                    contract.close(now)

    def sell_for(self, account: Account, owed: object, kind: int, at: int) -> None:
        """Sell collateral for a debt, coin by coin in liquidation order; debt that it does not cover is written off."""
        price = self.ledger.prices[owed.coin]
        missing, sold = owed.debt * price, {}
        order = {coin: self.ledger.collateral_coins[coin].liquidation_order for coin in account.collateral}
        for coin in sorted(order, key=order.get):
            missing, taken = self._sale(coin, account.collateral[coin], missing, ZERO)
            if taken > ZERO:
                sold[coin] = taken
        for coin, amount in sold.items():
            account.pledge(coin, -amount)
        amount = owed.debt if missing <= ZERO else rounded_down(owed.debt - missing / price, PLACES)
        self.books.changed = True
        if amount > ZERO:
            flexible = isinstance(owed, FlexibleDebt)
            self.repayments.record(account, Repayment(
                FLEXIBLE if flexible else FIXED, owed.coin, amount, at, kind,
                origin="liquidation", visible_at=at, settled_at=at, sold=sold,
                allocations=[] if flexible else [Allocation(owed.loan_id, amount)],
            ))

    def quote(self, account: Account, loan_coin: str, amount: Decimal, names: str) -> tuple[dict[str, Decimal], Decimal]:
        """The collateral to sell for this amount of a debt, by coin, and the fee that the wallet pays."""
        coins = names.split(",")
        if len(set(coins)) < len(coins):
            raise Refusal(148039)
        for coin in coins:
            if not coin:
                raise Refusal(148040)
            if coin not in self.ledger.collateral_coins:
                raise Refusal(148004)
        price = self.ledger.prices[loan_coin]
        missing = amount * price
        if missing > MOST_USD_AT_ONCE:
            raise Refusal(148047)
        by_wallet = self.books.switches.fee_from == WALLET
        sold, due = {}, ZERO
        for coin in self._in_order(coins):
            fee = max(self.ledger.repay_fees.get(name, DEFAULT_FEE) for name in (coin, loan_coin))
            before = missing
            missing, taken = self._sale(coin, account.collateral.get(coin, ZERO), missing, ZERO if by_wallet else fee)
            if taken > ZERO:
                sold[coin] = taken
            if by_wallet:
                due += rounded_up((before - missing) / price * fee, PLACES)
        if missing > ZERO:
            raise Refusal(148037)
        return sold, due

    def _in_order(self, coins: list[str]) -> list[str]:
        order = self.books.switches.collateral_order
        if order == AS_LISTED:
            return coins
        if order == LIQUIDATION_ORDER:
            return sorted(coins, key=lambda coin: self.ledger.collateral_coins[coin].liquidation_order)
        return sorted(coins)

    def release(self, account: Account, at: int) -> None:
        """Return all collateral to the Funding wallet."""
        for coin, amount in account.collateral.items():
            self.books.post(account, coin, amount, at, business_types.COLLATERAL_BACK)
            account.collateral[coin] = ZERO

    def _sale(self, coin: str, held: Decimal, missing: Decimal, fee: Decimal) -> tuple[Decimal, Decimal]:
        """What is still missing in USD after selling this coin, and the amount of it to sell."""
        if missing <= ZERO:
            return ZERO, ZERO
        price, accuracy = self.ledger.prices[coin], self.ledger.collateral_coins[coin].accuracy
        needed = (missing * (1 + fee) / price).quantize(unit(accuracy), rounding=ROUND_UP)
        if needed <= held:
            return ZERO, needed
        return missing - held * price / (1 + fee), held

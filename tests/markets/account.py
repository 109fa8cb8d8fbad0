# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated account: its exact debts, collateral, and wallets, and when it is liquidated. It shares no arithmetic with the planner."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

D = Decimal
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
FUND, UNIFIED = "FUND", "UNIFIED"
REPAY, ADD, SELL, TRANSFER = "repay", "add_collateral", "repay_from_collateral", "transfer"
# What a debt or a collateral belongs to: the account, or a legacy loan by its ID. The flexible debt is a part of the account.
ACCOUNT, FLEXIBLE = "account", "flexible"
LIQUIDATION_LTV = D("0.95")
# From how many USD of a coin which part of its value counts as collateral.
RATIOS: dict[str, tuple[tuple[Decimal, Decimal], ...]] = {
    "BTC": ((D(0), D("0.9")), (D(100000), D("0.8"))),
    "ETH": ((D(0), D("0.85")), (D(50000), D("0.7"))),
}
# The exchange lends on the collateral of a legacy loan without such ratios, and liquidates at another LTV for each coin.
LEGACY_LIQUIDATION_LTV = {"BTC": D("0.95"), "ETH": D("0.9")}
FLEXIBLE_HOURLY, LEGACY_HOURLY, PENALTY_HOURLY = D("0.000008"), D("0.00001"), D("0.00003")
# What the exchange takes of the repaid amount if it sells collateral, and if it liquidates.
SALE_FEE, LIQUIDATION_FEE = D("0.005"), D("0.02")

Shock = t.Mapping[str, Decimal]


class Refused(Exception):
    """The exchange cannot carry out what it is asked for."""


class Legacy(t.NamedTuple):
    """A legacy loan of USDT with its own collateral."""

    debt: Decimal
    coin: str
    collateral: Decimal


class Move(t.NamedTuple):
    """What the exchange carried out.

    :ivar target: The loan that was repaid, or what got the collateral: C(ACCOUNT) or a legacy loan.
    :ivar usd: What it is worth: what was sold, if collateral was sold to repay.
    :ivar sells: The coin that was sold; C(sold) is how much of it.
    """

    time_ms: int
    kind: str
    target: str
    coin: str
    amount: Decimal
    usd: Decimal
    sells: str = ""
    sold: Decimal = D(0)

    def of(self, coin: str) -> Decimal:
        """Return how much of a coin was repaid, added, or sold."""
        return self.amount if coin == self.coin else self.sold if coin == self.sells else D(0)


def value_of(coin: str, market_usd: Decimal) -> Decimal:
    """Return what a coin's market value counts as collateral of the account, in USD."""
    tiers = RATIOS[coin]
    ends = [begin for begin, dummy in tiers[1:]]
    return sum(
        ((min(market_usd, end) if end is not None else market_usd) - begin) * ratio
        for (begin, ratio), end in zip(tiers, [*ends, None]) if market_usd > begin
    ) + D(0)


@dataclasses.dataclass
class Account:
    """An account that owes USDT, secured by BTC and ETH.

    :ivar fixed: The debts of fixed contracts by ID, each with its due time (UTC, ms).
    :ivar moves: What was carried out, the oldest first.
    :ivar sold: The collateral that was sold, by coin; C(repaid_by_sales) is the debt that this repaid.
    :ivar withdrawn: What other people withdrew, by coin.
    :ivar liquidated: What was liquidated, and when (UTC, ms); C(proceeds) is the USDT that was left of it.
    """

    now_ms: int
    prices: dict[str, Decimal]
    flexible: Decimal
    fixed: dict[str, tuple[Decimal, int]]
    legacy: dict[str, Legacy]
    collateral: dict[str, Decimal]
    wallets: dict[str, dict[str, Decimal]]
    moves: list[Move] = dataclasses.field(default_factory=list)
    sold: dict[str, Decimal] = dataclasses.field(default_factory=dict)
    repaid_by_sales: Decimal = D(0)
    withdrawn: dict[str, Decimal] = dataclasses.field(default_factory=dict)
    liquidated: dict[str, int] = dataclasses.field(default_factory=dict)
    proceeds: Decimal = D(0)
    _counts: dict[t.Any, Decimal] = dataclasses.field(default_factory=dict)

    def copy(self) -> Account:
        return dataclasses.replace(
            self, fixed=dict(self.fixed), legacy=dict(self.legacy), collateral=dict(self.collateral), moves=list(self.moves), sold=dict(self.sold),
            wallets={wallet: dict(held) for wallet, held in self.wallets.items()}, withdrawn=dict(self.withdrawn), liquidated=dict(self.liquidated),
            _counts={},
        )

    @property
    def debt(self) -> Decimal:
        """The debt that the account's collateral secures."""
        return self.flexible + sum((debt for debt, dummy in self.fixed.values()), D(0))

    def owed(self, subject: str) -> Decimal:
        """Return the debt of the account or of a legacy loan."""
        return self.debt if subject == ACCOUNT else self.legacy[subject].debt

    def counts(self, subject: str, shock: Shock | None = None) -> Decimal:
        """Return what its collateral counts after price changes, in USD."""
        key = subject, *(shock or {}).items()
        if key not in self._counts:
            self._counts[key] = self._counted(subject, shock)
        return self._counts[key]

    def _counted(self, subject: str, shock: Shock | None) -> Decimal:
        prices = {coin: price * (1 + (shock or {}).get(coin, D(0))) for coin, price in self.prices.items()}
        if subject == ACCOUNT:
            return sum((value_of(coin, amount * prices[coin]) for coin, amount in self.collateral.items()), D(0))
        return self.legacy[subject].collateral * prices[self.legacy[subject].coin]

    def ltv(self, subject: str, shock: Shock | None = None) -> Decimal:
        return self.owed(subject) / max(self.counts(subject, shock), D("1e-9"))

    @property
    def subjects(self) -> list[str]:
        """What can be liquidated."""
        return [*([ACCOUNT] if self.debt else []), *self.legacy]

    @property
    def shows_prices(self) -> bool:
        """Whether prices follow from what the exchange shows. Legacy loans alone only show how two prices relate, so caps in USD allow nothing."""
        return bool(self.debt or any(self.collateral.values()))

    def held(self, coin: str) -> Decimal:
        return sum((wallet.get(coin, D(0)) for wallet in self.wallets.values()), D(0))

    def moved_since(self, time_ms: int) -> list[Move]:
        """Return what was carried out after a time."""
        found = []
        for move in reversed(self.moves):
            if move.time_ms <= time_ms:
                break
            found.append(move)
        return found

    def move_to(self, now_ms: int, prices: dict[str, Decimal]) -> None:
        """Let time pass: other prices, and interest for each begun hour. The exchange liquidates what is too risky."""
        for hour in range(self.now_ms // HOUR_MS, now_ms // HOUR_MS):
            self._charge(hour * HOUR_MS)
        self.now_ms, self.prices = now_ms, prices
        self._counts.clear()
        for subject in self.subjects:
            limit = LIQUIDATION_LTV if subject == ACCOUNT else LEGACY_LIQUIDATION_LTV[self.legacy[subject].coin]
            if self.ltv(subject) >= limit:
                self._liquidate(subject)

    def withdraw(self, part: Decimal) -> None:
        """Let somebody else withdraw a part of all wallets."""
        for wallet in self.wallets.values():
            for coin, amount in wallet.items():
                taken = (amount * part).quantize(D("1e-8"))
                wallet[coin], self.withdrawn[coin] = amount - taken, self.withdrawn.get(coin, D(0)) + taken

    def transfer(self, coin: str, amount: Decimal) -> None:
        self._take(UNIFIED, coin, amount)
        self._give(coin, amount)

    def repay(self, target: str, amount: Decimal) -> None:
        """Repay from the Funding wallet. A contract can only be repaid in full."""
        if target in self.fixed and amount != self.fixed[target][0]:
            raise Refused(f"{amount} USDT is not the debt of contract {target}")
        self._take(FUND, "USDT", amount)
        self._lower(target, amount)
        self._record(REPAY, target, "USDT", amount)

    def add(self, subject: str, coin: str, amount: Decimal) -> None:
        """Add collateral from the Funding wallet."""
        self._take(FUND, coin, amount)
        if subject == ACCOUNT:
            self.collateral[coin] = self.collateral.get(coin, D(0)) + amount
        else:
            loan = self.legacy.get(subject)
            if loan is None or loan.coin != coin:
                raise Refused(f"{coin} is not the collateral of loan {subject}")
            self.legacy[subject] = loan._replace(collateral=loan.collateral + amount)
        self._record(ADD, subject, coin, amount)

    def sell(self, target: str, coin: str, amount: Decimal) -> None:
        """Sell collateral of the account to repay an amount."""
        sold = amount * (1 + SALE_FEE) / self.prices[coin]
        if sold > self.collateral.get(coin, D(0)) or target in self.legacy:
            raise Refused(f"{sold} {coin} is not pledged for loan {target}")
        self._lower(target, amount)
        self.collateral[coin] -= sold
        self.sold[coin] = self.sold.get(coin, D(0)) + sold
        self.repaid_by_sales += amount
        self._record(SELL, target, "USDT", amount, coin, sold)

    def net(self) -> dict[str, Decimal]:
        """Return what belongs to its owner, by coin."""
        found = {coin: self.held(coin) + self.collateral.get(coin, D(0)) + self.withdrawn.get(coin, D(0)) for coin in self.prices}
        for loan in self.legacy.values():
            found[loan.coin] += loan.collateral
        found["USDT"] += self.proceeds - self.debt - sum((loan.debt for loan in self.legacy.values()), D(0))
        return found

    def net_usd(self) -> Decimal:
        return sum((amount * self.prices[coin] for coin, amount in self.net().items()), D(0))

    def _charge(self, now_ms: int) -> None:
        """Charge the interest of one hour."""
        self.flexible = _grown(self.flexible, FLEXIBLE_HOURLY)
        # The interest of a contract is owed from the beginning. When it is overdue, a penalty is added.
        overdue = {key: entry for key, entry in self.fixed.items() if entry[1] < now_ms}
        self.fixed.update({key: (_grown(debt, PENALTY_HOURLY), due_ms) for key, (debt, due_ms) in overdue.items()})
        self.legacy.update({key: loan._replace(debt=_grown(loan.debt, LEGACY_HOURLY)) for key, loan in self.legacy.items()})

    def _take(self, wallet: str, coin: str, amount: Decimal) -> None:
        left = self.wallets[wallet].get(coin, D(0)) - amount
        if left < 0 or amount <= 0:
            raise Refused(f"the {wallet} wallet cannot give {amount} {coin}")
        self.wallets[wallet][coin] = left

    def _give(self, coin: str, amount: Decimal) -> None:
        self.wallets[FUND][coin] = self.wallets[FUND].get(coin, D(0)) + amount

    def _lower(self, target: str, amount: Decimal) -> None:
        debt = self.flexible if target == FLEXIBLE else self.fixed[target][0] if target in self.fixed else D(0)
        debt = self.legacy[target].debt if target in self.legacy else debt
        if not 0 < amount <= debt:
            raise Refused(f"{amount} USDT is more than the debt of loan {target}")
        if target == FLEXIBLE:
            self.flexible -= amount
        elif target in self.fixed:
            due_ms = self.fixed.pop(target)[1]
            self.fixed.update({target: (debt - amount, due_ms)} if amount < debt else {})
        elif amount < debt:
            self.legacy[target] = self.legacy[target]._replace(debt=debt - amount)
        else:
            repaid = self.legacy.pop(target)
            self._give(repaid.coin, repaid.collateral)

    def _record(self, kind: str, target: str, coin: str, amount: Decimal, sells: str = "", sold: Decimal = D(0)) -> None:
        self._counts.clear()
        usd = sold * self.prices[sells] if sells else amount * self.prices[coin]
        self.moves.append(Move(self.now_ms, kind, target, coin, amount, usd, sells, sold))

    def _liquidate(self, subject: str) -> None:
        """Sell all collateral, and repay the debt. The owner gets what is left."""
        pledged = dict(self.collateral) if subject == ACCOUNT else {self.legacy[subject].coin: self.legacy[subject].collateral}
        market_usd = sum((amount * self.prices[coin] for coin, amount in pledged.items()), D(0))
        self.proceeds += max(market_usd - self.owed(subject) * (1 + LIQUIDATION_FEE), D(0))
        self.liquidated[subject] = self.now_ms
        if subject == ACCOUNT:
            self.flexible, self.fixed, self.collateral = D(0), {}, {}
        else:
            del self.legacy[subject]


def _grown(debt: Decimal, rate: Decimal) -> Decimal:
    return debt + (debt * rate).quantize(D("1e-8"))

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated account on the stand-in exchange: with its interest and its rounding, as its seed, and as its ledger shows it."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import ROUND_DOWN, ROUND_UP, Decimal

import account as exact
from account import ACCOUNT, ADD, DAY_MS, FLEXIBLE, FUND, REPAY, SELL, TRANSFER, UNIFIED, Account, Move, Refused
from shown import MARKS
from standin import built_in_seed

D = Decimal
LIQUIDATED = "liquidate"
OWN, WITHOUT = 0, 1
# The stand-in counts coins in eight decimal places, and repays debts in four. Less than that is forgiven.
COIN_STEP, DEBT_STEP = D("1e-8"), D("1e-4")
_ROOMY = 100_000
# The IDs of the account without the policy begin with this, because no two loans have the same ID.
_OTHER_ID = "9"


class Entry(t.NamedTuple):
    """What a ledger says was carried out, as a C(Move) without its value."""

    time_ms: int
    kind: str
    target: str
    coin: str
    amount: Decimal
    sells: str = ""
    sold: Decimal = D(0)

    def of(self, coin: str) -> Decimal:
        return self.amount if coin == self.coin else self.sold if coin == self.sells else D(0)


@dataclasses.dataclass
class OnStandIn(Account):
    """An account with the interest and the rounding of the stand-in.

    :ivar interest: What part of each debt is interest, on which no interest is charged. Repayments pay it first.
    """

    interest: dict[str, Decimal] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, account: Account) -> OnStandIn:
        return cls(**{field.name: getattr(account.copy(), field.name) for field in dataclasses.fields(Account)})

    def copy(self) -> OnStandIn:
        return dataclasses.replace(t.cast(OnStandIn, super().copy()), interest=dict(self.interest))

    def prolonged(self) -> OnStandIn:
        """Return the account as if its contracts were never due, so that only its LTV can liquidate it."""
        return dataclasses.replace(self.copy(), fixed={key: (debt, self.now_ms + 1000 * DAY_MS) for key, (debt, dummy) in self.fixed.items()})

    def repay(self, target: str, amount: Decimal) -> None:
        # What is left of the debt is forgiven.
        paid = amount.quantize(DEBT_STEP, ROUND_DOWN)
        super().repay(target, amount)
        self.wallets[FUND]["USDT"] += amount - paid
        self.moves[-1] = self.moves[-1]._replace(amount=paid, usd=paid * self.prices["USDT"])

    def sell(self, target: str, coin: str, amount: Decimal) -> None:
        super().sell(target, coin, amount)
        move = self.moves[-1]
        sold = move.sold.quantize(COIN_STEP, ROUND_UP)
        self.collateral[coin] -= sold - move.sold
        self.sold[coin] += sold - move.sold
        self.moves[-1] = move._replace(sold=sold, usd=sold * self.prices[coin])

    def _charge(self, now_ms: int) -> None:
        overdue = [key for key, (dummy, due_ms) in self.fixed.items() if due_ms < now_ms]
        if overdue:
            raise Refused(f"contract {overdue[0]} is overdue, which the stand-in treats in another way")
        self.flexible += self._interest(FLEXIBLE, self.flexible, exact.FLEXIBLE_HOURLY)
        for key, loan in self.legacy.items():
            self.legacy[key] = loan._replace(debt=loan.debt + self._interest(key, loan.debt, exact.LEGACY_HOURLY))

    def _interest(self, target: str, debt: Decimal, rate: Decimal) -> Decimal:
        # A liquidation closes a debt with its interest.
        earlier = min(self.interest.get(target, D(0)), debt)
        charged = ((debt - earlier) * rate).quantize(COIN_STEP, ROUND_UP)
        self.interest[target] = earlier + charged
        return charged

    def _lower(self, target: str, amount: Decimal) -> None:
        super()._lower(target, amount)
        self.interest[target] = max(self.interest.get(target, D(0)) - amount, D(0))


def seed(account: OnStandIn) -> dict[str, t.Any]:
    """Return a seed of the stand-in with the account, and once more with other IDs for the one without the policy."""
    found = built_in_seed()
    settings = found["settings"]
    settings["limits"] = dict.fromkeys(settings["limits"], _ROOMY)
    settings["ip_limit"]["requests"] = _ROOMY
    settings["switches"] = {"returns_collateral": "no"}
    settings.update({f"{name}_ltv": str(mark) for name, mark in MARKS[""].items()})
    found["prices"].update({coin: str(price) for coin, price in account.prices.items()})
    found["repay_fees"] = dict.fromkeys(found["repay_fees"], str(exact.SALE_FEE))
    found["loan_coins"]["USDT"]["flexible_hourly_rate"] = f"{exact.FLEXIBLE_HOURLY:f}"
    found["collateral_coins"] = {
        coin: {
            "accuracy": 8, "max_limit": str(_ROOMY), "ratios": {str(begin): str(ratio) for begin, ratio in tiers},
            **{f"{name}_ltv": str(mark) for name, mark in MARKS[coin].items()},
        }
        for coin, tiers in exact.RATIOS.items()
    }
    own = {**_seeded(account, ""), "uid": "1631373", "keys": found["accounts"][0]["keys"][:1]}
    found["accounts"] = [own, {**_seeded(account.prolonged(), _OTHER_ID), "uid": "1631374", "keys": []}]
    return found


def _seeded(account: OnStandIn, prefix: str) -> dict[str, t.Any]:
    flexible = {"loan_coin": "USDT", "principal": str(account.flexible), "interest": "0", "borrowed_at": account.now_ms}
    return {
        "name": "Simulated",
        "wallet": _texts(account.wallets[FUND]),
        "unified": _texts(account.wallets[UNIFIED]),
        "collateral": _texts(account.collateral),
        "flexible_loans": [flexible] if account.flexible else [],
        # The stand-in lists the newest first.
        "fixed_contracts": [
            {
                "loan_id": f"{prefix}{key}", "order_id": f"{prefix}{key}", "loan_coin": "USDT", "term": "30", "principal": str(debt),
                "annual_rate": "0", "due_at": due_ms, "borrowed_at": account.now_ms - number * DAY_MS, "repay_type": "0",
            }
            for number, (key, (debt, due_ms)) in enumerate(account.fixed.items(), 1)
        ],
        "loans": [
            {
                "order_id": f"{prefix}{key}", "loan_coin": "USDT", "collateral_coin": loan.coin, "principal": str(loan.debt), "interest": "0",
                "collateral": str(loan.collateral), "hourly_rate": f"{exact.LEGACY_HOURLY:f}", "borrowed_at": account.now_ms - number,
            }
            for number, (key, loan) in enumerate(account.legacy.items())
        ],
    }


def _texts(amounts: t.Mapping[str, Decimal]) -> dict[str, str]:
    return {coin: f"{amount:f}" for coin, amount in amounts.items()}


def shown_by_ledger(account: dict[str, t.Any], number: int = OWN) -> dict[str, t.Any]:
    """Return what an account of the ledger owes and holds, with the names of the simulation."""
    prefix = _OTHER_ID if number == WITHOUT else ""
    fixed = {row["loan_id"]: D(row["debt"]) for row in account["fixed_contracts"] if D(row["debt"])}
    legacy = {row["order_id"]: (D(row["debt"]), D(row["collateral"])) for row in account["loans"]}
    return {
        "flexible": sum((D(row["debt"]) for row in account["flexible_loans"]), D(0)),
        "fixed": {key[len(prefix):]: debt for key, debt in fixed.items()},
        "legacy": {key[len(prefix):]: amounts for key, amounts in legacy.items()},
        "collateral": _nonzero(account["collateral"]),
        FUND: _nonzero(account["wallet"]),
        UNIFIED: _nonzero(account["unified"]),
    }


def shown_by_simulation(account: Account) -> dict[str, t.Any]:
    return {
        "flexible": account.flexible,
        "fixed": {key: debt for key, (debt, dummy) in account.fixed.items()},
        "legacy": {key: (loan.debt, loan.collateral) for key, loan in account.legacy.items()},
        "collateral": _nonzero(account.collateral),
        FUND: _nonzero(account.wallets[FUND]),
        UNIFIED: _nonzero(account.wallets[UNIFIED]),
    }


def _nonzero(amounts: t.Mapping[str, t.Any]) -> dict[str, Decimal]:
    return {coin: D(amount) for coin, amount in amounts.items() if D(amount)}


def entries(account: dict[str, t.Any]) -> list[Entry]:
    """Return what was carried out on an account of the ledger, the oldest first."""
    found = []
    for row in account["repayments"]:
        target = row["order_id"] or FLEXIBLE if row["product"] != "fixed" else row["details"][0]["loan_id"]
        # A liquidation can sell several coins, of which the first is enough here.
        sells, sold = next(iter(row.get("collateral_sold", {}).items()), ("", "0"))
        kind = LIQUIDATED if row["origin"] != "api" else SELL if sells else REPAY
        found.append(Entry(row["time"], kind, target, row["coin"], D(row["amount"]), sells, D(sold)))
    for row in (*account["adjustments"], *account["legacy_adjustments"]):
        found.append(Entry(row["time"], ADD, row.get("order_id", ACCOUNT), row["coin"], D(row["amount"])))
    found += [Entry(row["time"], TRANSFER, row["to"], row["coin"], D(row["amount"])) for row in account["transfers"]]
    return sorted(found)


def entry_of(move: Move) -> Entry:
    return Entry(move.time_ms, move.kind, move.target, move.coin, move.amount, move.sells, move.sold)

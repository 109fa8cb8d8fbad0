# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is simulated: declared policies with their money, and an account for each. A seed determines both."""

from __future__ import annotations

import datetime
import random
import typing as t
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

import market
from account import ACCOUNT, DAY_MS, FUND, UNIFIED, Account, Legacy
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Cap
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import Policy

D = Decimal
ALL, CONTRACTS, FLEXIBLE_USDT = rules.Selection(), rules.Selection("fixed"), rules.Selection("flexible", "USDT")
START_MS = 1_767_225_600_000


class Terms(t.NamedTuple):
    """A declared policy with its money.

    :ivar name: What distinguishes it, for people.
    :ivar tops_up: Whether the wallets also hold coins to add as collateral.
    """

    name: str
    policy: Policy
    per_run: Cap
    per_day: Cap
    sources: tuple[str, ...] = (FUND, UNIFIED)
    keep: t.Mapping[str, Decimal] = {"USDT": D(200)}
    tops_up: bool = False
    has_legacy: bool = False


class Case(t.NamedTuple):
    """What is played.

    :ivar rounding: How the exchange rounds what it shows.
    :ivar withdrawal_step: When somebody else withdraws most of the money; none if nobody does.
    """

    path: market.Path
    terms: Terms
    account: Account
    rounding: str
    withdrawal_step: int | None


def at(level: str, mark: str | None = None) -> rules.Level:
    return rules.Level(D(level), mark)


def usd(amount: int, name: str) -> Cap:
    return Cap(name, D(amount))


def in_coins(name: str, tether: str, bitcoin: str) -> Cap:
    return Cap(name, None, {"USDT": D(tether), "BTC": D(bitcoin)})


REPAYING = (rules.Way(rules.REPAY),)
ANY_WAY = (*REPAYING, rules.Way(rules.ADD_COLLATERAL, ("BTC", "ETH")), rules.Way(rules.REPAY_FROM_COLLATERAL, ("ETH", "BTC")))
RUN, DAY = usd(5000, "per_run"), usd(10000, "per_day")
KEPT = {"USDT": D(200), "BTC": D("0.01"), "ETH": D("0.1")}
TERMS = (
    Terms("repay", Policy((
        rules.LtvRule("ltv", ALL, at("0.7"), at("0.55")),
        rules.MaturityRule("maturity", CONTRACTS, 3 * DAY_MS),
        rules.InstallmentRule("installment", FLEXIBLE_USDT, D(500), "month"),
    )), RUN, DAY),
    Terms("repay, add, sell", Policy((
        rules.LtvRule("ltv", ALL, at("0.72"), at("0.6"), ANY_WAY),
        rules.InstallmentRule("installment", FLEXIBLE_USDT, D(300), "week"),
    )), usd(8000, "per_run"), usd(30000, "per_day"), keep=KEPT, tops_up=True),
    Terms("stress", Policy((
        rules.LtvRule("ltv", ALL, at("0.9"), at("0.75"), ANY_WAY[:2]),
        rules.MaturityRule("maturity", CONTRACTS, DAY_MS),
    ), {"BTC": D("-0.25"), "ETH": D("-0.3")}), RUN, DAY, keep=KEPT, tops_up=True),
    Terms("caps in coins", Policy((
        rules.LtvRule("ltv", ALL, at("-0.13", "margin_call"), at("-0.25", "initial"), ANY_WAY),
        rules.InstallmentRule("installment", FLEXIBLE_USDT, D(100), "day"),
    )), in_coins("per_run", "3000", "0.05"), in_coins("per_day", "9000", "0.08"), keep=KEPT, tops_up=True),
    Terms("contracts first", Policy((
        rules.MaturityRule("maturity", CONTRACTS, 5 * DAY_MS),
        rules.LtvRule("ltv", ALL, at("0.7"), at("0.55")),
        rules.DebtRule("debt", FLEXIBLE_USDT, D(25000)),
    )), RUN, DAY),
    Terms("legacy loans", Policy((
        rules.LtvRule("ltv", ALL, at("-0.09", "margin_call"), at("-0.05", "initial"), ANY_WAY[:2]),
        rules.InstallmentRule("installment", FLEXIBLE_USDT, D(500), "quarter"),
    )), RUN, DAY, keep=KEPT, tops_up=True, has_legacy=True),
    Terms("one wallet", Policy((
        rules.LtvRule("legacy", rules.Selection("legacy"), at("0.75"), at("0.6"), REPAYING, rules.AS_LISTED),
        rules.LtvRule("account", ALL, at("0.68"), at("0.6"), (*REPAYING, rules.Way(rules.REPAY_FROM_COLLATERAL, ("BTC",)))),
        rules.MaturityRule("maturity", CONTRACTS, 3 * DAY_MS),
        rules.InstallmentRule("installment", FLEXIBLE_USDT, D(250), "week"),
    )), usd(4000, "per_run"), usd(8000, "per_day"), sources=(FUND,), has_legacy=True),
)


def case(seed: int, days: int) -> Case:
    """Return what is played with a seed: each policy on each kind of market in turn."""
    path, terms = market.path(seed, days), TERMS[seed // len(market.KINDS) % len(TERMS)]
    rng = random.Random(f"account {seed}")
    account = _account(rng, terms)
    is_emptied = rng.random() < 1 / 4
    withdrawal_step = rng.randrange(len(path.prices)) if is_emptied else None
    return Case(path, terms, account, rng.choice([ROUND_DOWN, ROUND_HALF_UP]), withdrawal_step)


def _account(rng: random.Random, terms: Terms) -> Account:
    """Return an account with an LTV between 0.4 and 0.68, and money for none to most of its debt."""
    start_ms = START_MS + rng.randrange(365) * DAY_MS
    prices = {coin: D(f"{price:.2f}") for coin, price in market.FIRST_PRICES.items()}
    collateral = {"BTC": D(rng.randrange(20, 150)) / 100, "ETH": D(rng.randrange(1, 20))}
    wallets = {FUND: {"USDT": _some(rng, 15000)}, UNIFIED: {"USDT": _some(rng, 20000)}}
    for wallet in wallets.values():
        wallet.update({"BTC": _some(rng, 300) / 1000, "ETH": _some(rng, 4)} if terms.tops_up else {"BTC": D(0), "ETH": D(0)})
    account = Account(start_ms, prices, D(0), {}, {}, collateral, wallets)
    debt = (account.counts(ACCOUNT) * D(rng.randrange(400, 680)) / 1000).quantize(D("0.0001"))
    contracts = [D(rng.randrange(500, 4000)) for dummy in range(rng.choice([0, 1, 1, 2]))]
    account.fixed = {str(570 + number): (owed, start_ms + rng.randrange(1, 40) * DAY_MS) for number, owed in enumerate(contracts)}
    account.flexible = debt - sum(contracts)
    if terms.has_legacy:
        account.legacy = {str(6000 + number): _legacy(rng, coin, prices[coin]) for number, coin in enumerate(["BTC", "ETH"])}
    return account


def _some(rng: random.Random, most: int) -> Decimal:
    """Return an amount that is not often small, but sometimes zero."""
    return D(rng.randrange(most)) if rng.random() < 0.9 else D(0)


def _legacy(rng: random.Random, coin: str, price: Decimal) -> Legacy:
    collateral = (D(rng.randrange(2000, 30000)) / price).quantize(D("0.0001"))
    return Legacy((collateral * price * D(rng.randrange(350, 640)) / 1000).quantize(D("0.0001")), coin, collateral)


def period(per: str, time_ms: int) -> tuple[int, ...]:
    """Return the calendar day, week, month, or quarter (UTC) of a time."""
    day = datetime.datetime.fromtimestamp(time_ms // 1000, datetime.timezone.utc).date()
    if per == "week":
        return day.isocalendar()[:2]
    return (day.year, *{"day": (day.month, day.day), "month": (day.month,), "quarter": ((day.month - 1) // 3,)}[per])

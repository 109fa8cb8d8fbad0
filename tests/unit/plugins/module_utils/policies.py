# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Books, money, and policies for the tests of the planner: written by hand, and drawn."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal
from random import Random

from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FIXED, FLEXIBLE, LEGACY, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.outlook import Outlook, Owed, Pledged
from ansible_collections.treasury.bybit.plugins.module_utils._loans.prices import Price
from ansible_collections.treasury.bybit.plugins.module_utils._loans.tiers import Tier, Tiers, collateral_value
from ansible_collections.treasury.bybit.plugins.module_utils._loans.wallet import FUND, UNIFIED
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.book import ACCOUNT, Book
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Cap, Money
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import Policy
from hypothesis import strategies as st

D = Decimal
NOW_MS = 1_794_000_000_000
DAY_MS = 86_400_000
PRICES = {"BTC": D(50000), "ETH": D(2500), "SOL": D(125), "USDT": D(1)}
TIERS: Tiers = (Tier(D(0), D(100000), D("0.9")), Tier(D(100000), D(10000000), D("0.75")))
MARKS = {"initial": D("0.8"), "margin_call": D("0.85"), "liquidation": D("0.95")}
PLACES = 4
DRAWN_PLACES = {
    (product, coin): places for product, of_usdt in ((LEGACY, 2), (FLEXIBLE, 4), (FIXED, 4)) for coin, places in (("USDT", of_usdt), ("ETH", 6))
}
# The lowest prices that drawn figures allow, relative to the highest.
LOW = D("0.995")


def loan(product: str, debt: str | Decimal, loan_id: str | None = None, coin: str = "USDT", **more: t.Any) -> Loan:
    return Loan(product, loan_id, coin, D(debt), D(0), D(0), OPEN, **more)


def legacy(loan_id: str, debt: str | Decimal, collateral: str | Decimal, ltv: str | Decimal, **more: t.Any) -> Loan:
    return loan(LEGACY, debt, loan_id, collateral_coin="BTC", collateral_amount=D(collateral), ltv=D(ltv), **more)


def pledged(coin: str, amount: str | Decimal) -> Pledged:
    market = D(amount) * PRICES[coin]
    return Pledged(coin, D(amount), collateral_value(TIERS, market), market, TIERS)


def book(loans: t.Sequence[Loan], *collateral: Pledged, **more: t.Any) -> Book:
    """Return a book in which the account owes the loans that are not legacy ones."""
    shared = [loan for loan in loans if loan.product != LEGACY]
    coins = dict.fromkeys(loan.coin for loan in shared)
    owed = [sum((loan.debt for loan in shared if loan.coin == coin), D(0)) for coin in coins]
    debts = tuple(Owed(coin, amount, amount * PRICES[coin]) for coin, amount in zip(coins, owed))
    marks = {ACCOUNT: MARKS, "BTC": MARKS}
    places = {(product, coin): PLACES for product in (LEGACY, FLEXIBLE, FIXED) for coin in PRICES}
    return Book(NOW_MS, tuple(loans), Outlook(debts, collateral), marks, places, **more)


def money(funding: dict[str, str], unified: dict[str, str] | None = None, keep: dict[str, str] | None = None, caps: t.Sequence[Cap] = ()) -> Money:
    wallets = {FUND: {coin: D(amount) for coin, amount in funding.items()}}
    if unified is not None:
        wallets[UNIFIED] = {coin: D(amount) for coin, amount in unified.items()}
    prices = {coin: Price(price, price) for coin, price in PRICES.items()}
    kept = {coin: D(amount) for coin, amount in (keep or {}).items()}
    return Money(wallets, tuple(wallets), kept, tuple(caps), prices)


def level(text: str) -> rules.Level:
    return rules.Level(D(text))


def books() -> st.SearchStrategy[Book]:
    """Draw a book with an LTV anywhere between safe and liquidated."""
    return _seeded(_book)


def moneys() -> st.SearchStrategy[Money]:
    """Draw wallets that may be empty or full, what to keep, and caps that may be used up."""
    return _seeded(_money)


def policies() -> st.SearchStrategy[Policy]:
    """Draw rules of all kinds in any order."""
    return _seeded(_policy)


def _seeded(make: t.Callable[[Random], t.Any]) -> st.SearchStrategy[t.Any]:
    # Hypothesis takes 0.1 s to draw all the numbers of one case itself, and most of its books have nothing to do.
    return st.integers(0, 2**64).map(lambda seed: make(Random(seed)))


def drawn_with(policy: int, book: int, money: int) -> tuple[Policy, Book, Money]:
    """Return what the strategies draw with these seeds."""
    return _policy(Random(policy)), _book(Random(book)), _money(Random(money))


def _amount(random: Random, most: int | Decimal) -> Decimal:
    return (D(most) * random.randrange(1001) / 1000).quantize(D("0.0001")) + D(random.randrange(100)).scaleb(-PLACES - random.choice([0, 0, 2]))


def _book(random: Random) -> Book:
    coins = random.sample(["BTC", "SOL", "ETH"], random.choice([1, 2, 2, 3]))
    most = random.choice([60, 60, 150, 900])
    collateral = [_lowest(random, pledged(coin, (random.randint(1, most) * 1000 / PRICES[coin]).quantize(D("0.0001")))) for coin in coins]
    debt_usd = sum((entry.value_usd for entry in collateral), D(0)) * random.randint(30, 98) / 100
    loans = []
    for number in range(random.choice([0, 0, 1, 2])):
        part = (debt_usd * random.randint(1, 40) / 100).quantize(D("0.01")) + D("0.01")
        penalty_interest = random.choice([D(0), D(0), D("1.2345")])
        debt_usd -= part
        due_ms = NOW_MS + random.randint(-1, 8) * DAY_MS
        found = loan(FIXED, part, str(570 + number), annual_rate=_rate(random), maturity_time_ms=due_ms)
        loans.append(dataclasses.replace(found, penalty_interest=penalty_interest))
    shares = {"USDT": random.choice([1, 3]), "ETH": random.choice([0, 1])}
    for coin, share in shares.items():
        debt = (max(debt_usd, D(0)) * share / sum(shares.values()) / PRICES[coin]).quantize(D(1).scaleb(-random.choice([4, 8])))
        loans += [loan(FLEXIBLE, debt, None, coin, annual_rate=_rate(random))] if debt else []
    loans += [_legacy(random, str(6000 + number)) for number in range(random.choice([0, 1, 1, 2, 3]))]
    random.shuffle(loans)
    found = book(loans, *collateral, refuses_collateral=not random.randrange(15), collateral_places={"BTC": 6})
    return dataclasses.replace(found, marks={} if not random.randrange(12) else found.marks, places=DRAWN_PLACES)


def _lowest(random: Random, entry: Pledged) -> Pledged:
    """Return collateral in the worst case. The tiers may be unknown."""
    market = entry.amount * PRICES[entry.coin] * LOW
    known = entry._replace(market_usd=market, value_usd=collateral_value(TIERS, market))
    return known if random.randrange(12) else known._replace(market_usd=None, tiers=())


def _legacy(random: Random, loan_id: str) -> Loan:
    coin, collateral, percent = random.choice(["USDT", "USDT", "ETH"]), D(random.randint(1, 40)) / 10, random.randint(1, 9600)
    debt = (collateral * PRICES["BTC"] * percent / 10000 / PRICES[coin]).quantize(D(1).scaleb(-random.choice([2, 8])))
    due_ms = random.choice([None, NOW_MS + random.randint(-1, 8) * DAY_MS])
    found = legacy(loan_id, debt + D("0.01"), collateral, D(percent) / 10000, annual_rate=_rate(random), maturity_time_ms=due_ms)
    found = dataclasses.replace(found, coin=coin, collateral_amount=random.choice([None, *[found.collateral_amount] * 12]))
    return found if random.randrange(20) else dataclasses.replace(found, ltv=None)


def _rate(random: Random) -> Decimal | None:
    return random.choice([None, *[D(random.randint(0, 40)) / 100] * 4])


def _money(random: Random) -> Money:
    wallets = [
        {coin: str(_amount(random, random.choice([500, 20000, 200000]) / price)) for coin, price in PRICES.items() if random.randrange(12)}
        for dummy in range(2)
    ]
    keep = {coin: str(_amount(random, 2000 / price)) for coin, price in PRICES.items() if not random.randrange(4)}
    caps = [
        Cap(
            name,
            random.choice([None, _amount(random, 100000)]),
            {coin: _amount(random, 50000 / price) for coin, price in PRICES.items() if not random.randrange(8)},
            random.choice([None, *[_amount(random, 10000)] * 9]) if name == "per_day" else D(0),
        )
        for name in ("per_run", "per_day") if random.randrange(2)
    ]
    unified = random.choice([None, wallets[1], wallets[1]])
    found = money(wallets[0], unified, keep, caps)
    prices = {coin: Price(price * LOW, price) for coin, price in PRICES.items() if random.randrange(20)}
    sources = (FUND,) if unified is None else random.choice([(FUND, UNIFIED), (FUND, UNIFIED), (UNIFIED, FUND), (UNIFIED,)])
    return found._replace(prices=prices, sources=sources)


def _policy(random: Random) -> Policy:
    kinds = [_ltv_rule, _ltv_rule, _maturity_rule, _installment_rule, _debt_rule]
    named = tuple(random.choice(kinds)(random)._replace(name=f"rule {number}") for number in range(random.randint(1, 5)))
    stress = {coin: D(random.randint(-40, 10)) / 100 for coin in PRICES if not random.randrange(4)}
    return Policy(named, random.choice([{}, stress]))


WAYS = (
    rules.Way(rules.REPAY), rules.Way(rules.ADD_COLLATERAL, ("BTC",)), rules.Way(rules.ADD_COLLATERAL, ("SOL", "ETH")),
    rules.Way(rules.REPAY_FROM_COLLATERAL, ("BTC", "SOL", "ETH")),
)


def _ltv_rule(random: Random) -> rules.LtvRule:
    above, ways = random.randint(20, 90), random.sample(WAYS, random.choice([1, 2, 2, 3]))
    down_to = level(str(D(max(above - random.randint(0, 30), 0)) / 100))
    mark = rules.Level(D(above) / 100 - MARKS["margin_call"], "margin_call")
    return rules.LtvRule(
        "", _selection(random), random.choice([level(str(D(above) / 100)), mark]), down_to, tuple(ways), random.choice(rules.ORDERS)
    )


def _maturity_rule(random: Random) -> rules.MaturityRule:
    return rules.MaturityRule("", _selection(random), random.randint(0, 8) * DAY_MS)


def _installment_rule(random: Random) -> rules.InstallmentRule:
    coin = random.choice(["USDT", "ETH"])
    return rules.InstallmentRule("", _selection(random, coin), _amount(random, 5000 / PRICES[coin]), "month", random.choice(rules.ORDERS))


def _debt_rule(random: Random) -> rules.DebtRule:
    coin = random.choice(["USDT", "ETH"])
    return rules.DebtRule("", _selection(random, coin), _amount(random, 50000 / PRICES[coin]), random.choice(rules.ORDERS))


def _selection(random: Random, coin: str | None = None) -> rules.Selection:
    product = random.choice([None, None, None, None, LEGACY, FLEXIBLE, FIXED])
    return rules.Selection(product, coin or random.choice([None, None, None, "USDT"]))

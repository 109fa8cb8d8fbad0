# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Simulated markets: prices that drift, jump, crash within hours, and recover. A seed determines a path."""

from __future__ import annotations

import math
import random
import typing as t
from decimal import Decimal

# How many minutes pass between two runs of a policy, by seed. Short steps take long to play.
MINUTES = (15, 10, 15, 5, 15, 15)
FIRST_PRICES = {"BTC": 60000.0, "ETH": 3000.0, "USDT": 1.0}
# How strongly the moves of the second coin follow those of the first.
_FOLLOWS = 0.8


class Path(t.NamedTuple):
    """The prices of all coins in USD at each step.

    :ivar kind: What happens on it.
    :ivar minutes: How many minutes a step takes.
    """

    kind: str
    minutes: int
    prices: tuple[dict[str, Decimal], ...]


class Clock(t.NamedTuple):
    """How many steps a path has, and how many of them a day has."""

    steps: int
    a_day: int


def calm(rng: random.Random, clock: Clock) -> list[float]:
    """Return relative prices without jumps."""
    return _walk(rng, clock, volatility=0.5)


def jumps(rng: random.Random, clock: Clock) -> list[float]:
    """Return relative prices that jump by up to 15 % within one step, about once a week."""
    level, found = 1.0, []
    for price in _walk(rng, clock, volatility=0.7):
        level *= 1 + rng.uniform(-0.15, 0.1) if rng.random() < 1 / (7 * clock.a_day) else 1.0
        found.append(price * level)
    return found


def crash(rng: random.Random, clock: Clock, recovers: bool = False) -> list[float]:
    """Return relative prices that fall by 30 to 60 % within 2 to 24 hours, and possibly recover within days."""
    fall, begin = rng.uniform(0.3, 0.6), rng.randrange(clock.steps // 10, clock.steps // 2)
    length, back = rng.uniform(1 / 12, 1) * clock.a_day, rng.uniform(1, 5) * clock.a_day
    shape = []
    for step in range(clock.steps):
        fallen = min(max(step - begin, 0) / length, 1.0)
        risen = min(max(step - begin - length, 0) / back, 1.0) if recovers else 0.0
        shape.append(math.exp(math.log(1 - fall) * (fallen - risen)))
    return [price * factor for price, factor in zip(_walk(rng, clock, volatility=0.8), shape)]


def crash_and_recovery(rng: random.Random, clock: Clock) -> list[float]:
    return crash(rng, clock, recovers=True)


def decline(rng: random.Random, clock: Clock) -> list[float]:
    """Return relative prices that lose 20 to 50 % over the whole time."""
    fall = rng.uniform(0.2, 0.5)
    return [price * (1 - fall) ** (step / clock.steps) for step, price in enumerate(_walk(rng, clock, volatility=0.6))]


KINDS: dict[str, t.Callable[[random.Random, Clock], list[float]]] = {
    "calm": calm, "jumps": jumps, "crash": crash, "crash and recovery": crash_and_recovery, "decline": decline,
}


def path(seed: int, days: int) -> Path:
    """Return the path of a seed: of each kind in turn."""
    rng, kind, minutes = random.Random(seed), list(KINDS)[seed % len(KINDS)], MINUTES[seed % len(MINUTES)]
    clock = Clock(days * 1440 // minutes, 1440 // minutes)
    bitcoin = KINDS[kind](rng, clock)
    ether = [price**_FOLLOWS * own for price, own in zip(bitcoin, _walk(rng, clock, volatility=0.5))]
    return Path(kind, minutes, tuple(_usd({"BTC": first, "ETH": second, "USDT": 1.0}) for first, second in zip(bitcoin, ether)))


def _usd(relative: t.Mapping[str, float]) -> dict[str, Decimal]:
    return {coin: Decimal(f"{FIRST_PRICES[coin] * price:.2f}") for coin, price in relative.items()}


def _walk(rng: random.Random, clock: Clock, volatility: float) -> list[float]:
    """Return a geometric random walk that begins at 1.

    :param volatility: The standard deviation of a year.
    """
    deviation = volatility / math.sqrt(365 * clock.a_day)
    found, level = [], 0.0
    for dummy in range(clock.steps):
        found.append(math.exp(level))
        level += rng.gauss(-(deviation**2) / 2, deviation)
    return found

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Play simulated markets on the stand-in exchange over HTTP, with a whole playbook wherever the policy acts.

The stand-in gets the prices and the time of each step, charges interest, liquidates, and keeps the ledger. The simulation plays the same path. In each
step with a plan, and in some without one, ansible-playbook runs. Afterwards, the ledger must equal the simulation to the last decimal place.

usage: python over_http.py [--seeds SEED,SEED...] [--days N] [--jobs N] [--format md|rst]
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import os
import random
import sys
import tempfile
import time
import typing as t
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "benchmark")]

import report
from account import DAY_MS
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Counted
from ansible_collections.treasury.bybit.plugins.module_utils._policy.book import Book
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Cap, Money
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import Operation, Plan
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import Policy, plan
from ansible_collections.treasury.bybit.plugins.module_utils._policy.steps import counted_of
from audit import beyond_caps, differences, judged_at_the_end, kept_too_little, misreported
from declared import Case, case
from ledger import OWN, WITHOUT, OnStandIn, entries, seed
from play import WITHDRAWN, Installments, run_policy, worse
from playbook import Playbook
from shown import View
from standin import StandIn

# Chosen from the paths of make simulate: each policy, each kind of market, each kind of operation, and liquidations without the policy. On none of them
# a contract is overdue, which the stand-in treats in another way than the simulation.
SEEDS = (7, 19, 24, 32, 34, 36, 42, 45, 48, 51, 58, 73, 76, 78, 91, 104, 117, 119, 134, 172)
# In so many steps, the playbook runs also if there is nothing to do.
SAMPLED = 3
HEAD = ("seed", "market", "policy", "liquidated without", "runs", "of these without a plan", "operations")


class Outcome(t.NamedTuple):
    """What happened on one path.

    :ivar without: What was liquidated without the policy.
    :ivar runs: How many playbooks ran; C(empty) is how many of them had nothing to do.
    :ivar operations: How many operations the ledger has, by kind.
    """

    kind: str
    terms: str
    without: tuple[str, ...]
    runs: int
    empty: int
    operations: dict[str, int]
    faults: tuple[str, ...]


class Watched:
    """The planner, which counts for the cap of a day what the module counts: sales with the highest fee, at the highest price.

    :ivar planned: The operations that were planned last.
    """

    def __init__(self, per_day: Cap) -> None:
        self._per_day = per_day
        self._moved: list[tuple[int, Counted]] = []
        self.planned: list[Operation] = []

    def __call__(self, policy: Policy, book: Book, money: Money, repaid: t.Mapping[str, Decimal]) -> Plan:
        per_run, per_day = money.caps[0], self._per_day
        for time_ms, counted in self._moved:
            per_day = per_day.after(dict(counted.moved), counted.usd) if time_ms > book.now_ms - DAY_MS else per_day
        money = money._replace(caps=(per_run, per_day))
        found = plan(policy, book, money, repaid)
        self.planned = [played.operation for played in found.operations]
        self._moved += [(book.now_ms, counted_of(played, money)) for played in found.operations]
        return found


class Exchange:
    """The stand-in, on the time and with the prices of a path."""

    def __init__(self, folder: Path, account: OnStandIn) -> None:
        self._stand_in = StandIn(folder / "stand-in", "--quiet", "--clock-offset-ms", str(account.now_ms - _real_ms()), lifetime_s=3600)
        self._stand_in.begin(seed(account))
        # How much later than its step each run ended. A run a day later begins even later, so that a day has passed for the cap of a day, too.
        self._late_ms: dict[int, int] = {}
        self.url = self._stand_in.url

    def move_to(self, now_ms: int, prices: t.Mapping[str, Decimal]) -> None:
        self._stand_in.control("POST", "clock", {"freeze_at_ms": now_ms})
        self._stand_in.control("POST", "prices", {coin: str(price) for coin, price in prices.items()})

    def set_wallets(self, number: int, wallets: t.Mapping[str, t.Mapping[str, Decimal]]) -> None:
        uid = self.account(number)["uid"]
        for wallet, held in wallets.items():
            for coin, amount in held.items():
                self._stand_in.control("POST", "wallet", {"uid": uid, "accountType": wallet, "coin": coin, "balance": f"{amount:f}"})

    def account(self, number: int = OWN) -> dict[str, t.Any]:
        return self._stand_in.state()["accounts"][number]

    def run(self, playbook: Playbook, now_ms: int, step_ms: int) -> dict[str, t.Any]:
        """Run a playbook while the time passes as in reality."""
        self._stand_in.control("POST", "clock", {"offset_ms": now_ms + self._late_ms.get(now_ms - DAY_MS, 0) - _real_ms()})
        result = playbook.run()
        self._late_ms[now_ms] = self._stand_in.state()["server_time"] - now_ms
        if self._late_ms[now_ms] >= step_ms:
            raise RuntimeError("The playbooks took so long that the next step has begun.")
        return result

    def stop(self) -> None:
        self._stand_in.stop()


def play(number: int, days: int) -> Outcome:
    """Play the path of a seed on a stand-in of its own."""
    played = case(number, days)
    account = OnStandIn.of(played.account)
    with tempfile.TemporaryDirectory(prefix="markets-") as folder:
        exchange = Exchange(Path(folder), account)
        try:
            return _played(played, account, exchange, Playbook(Path(folder), exchange.url, played.terms), random.Random(f"runs {number}"))
        finally:
            exchange.stop()


def _played(played: Case, account: OnStandIn, exchange: Exchange, playbook: Playbook, rng: random.Random) -> Outcome:
    path, terms, begin_ms, step_ms, unchanged = played.path, played.terms, account.now_ms, played.path.minutes * 60_000, account.prolonged()
    planner, installments, view = Watched(terms.per_day), Installments(terms), View(ROUND_HALF_UP)
    sampled = rng.sample(range(len(path.prices)), SAMPLED)
    prices = {begin_ms + step * step_ms: shown for step, shown in enumerate(path.prices)}
    runs: list[bool] = []
    faults: list[str] = []
    for step, now_ms in enumerate(prices):
        exchange.move_to(now_ms, prices[now_ms])
        for number, each in ((OWN, account), (WITHOUT, unchanged)):
            each.move_to(now_ms, prices[now_ms])
            if step == played.withdrawal_step:
                each.withdraw(WITHDRAWN)
                exchange.set_wallets(number, each.wallets)
        installments.begin(now_ms)
        before = len(account.moves)
        found = [*run_policy(planner, terms, view, account, installments), *worse(account, unchanged)]
        if planner.planned or step in sampled:
            result, ledger = exchange.run(playbook, now_ms, step_ms), exchange.account(OWN)
            runs.append(bool(planner.planned))
            found += misreported(result, planner.planned)
            found += [*differences(ledger, account, before, planner.planned, now_ms), *kept_too_little(ledger, terms, now_ms)]
        faults += [f"step {step}, {terms.name}: {fault}" for fault in found]
        if faults:
            break
    ledger, without = exchange.account(OWN), exchange.account(WITHOUT)
    faults += [] if faults else [*judged_at_the_end(ledger, without, account, unchanged), *beyond_caps(terms, entries(ledger), prices, step_ms)]
    kinds = collections.Counter(entry.kind for entry in entries(ledger))
    return Outcome(path.kind, terms.name, tuple(sorted(unchanged.liquidated)), len(runs), runs.count(False), dict(kinds), tuple(faults))


def table(seeds: t.Sequence[int], outcomes: t.Sequence[Outcome]) -> str:
    """Return what happened on each path, as a Markdown table."""
    rows = [
        (str(number), each.kind, each.terms, ", ".join(each.without) or "-", str(each.runs), str(each.empty), _counts(each.operations))
        for number, each in zip(seeds, outcomes)
    ]
    kinds = sum((collections.Counter(each.operations) for each in outcomes), collections.Counter())
    last = ("**all**", "", "", str(sum(bool(each.without) for each in outcomes)), str(sum(each.runs for each in outcomes)),
            str(sum(each.empty for each in outcomes)), _counts(kinds))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (HEAD, ["---"] * len(HEAD), *rows, last))


def _counts(kinds: t.Mapping[str, int]) -> str:
    return ", ".join(f"{kinds[kind]} {kind}" for kind in sorted(kinds)) or "-"


def _real_ms() -> int:
    return time.time_ns() // 1_000_000


def main(arguments: t.Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Play simulated markets on the stand-in exchange, with whole playbooks.")
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)), help="the paths; each has its own seed")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--format", choices=report.FORMATS, default="md")
    options = parser.parse_args(arguments)
    seeds, begun = [int(number) for number in options.seeds.split(",")], time.monotonic()
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        outcomes = []
        for number, outcome in zip(seeds, pool.map(play, seeds, [options.days] * len(seeds))):
            outcomes.append(outcome)
            print(f"seed {number}: {outcome.runs} playbooks, {len(outcome.faults)} faults", file=sys.stderr, flush=True)
    print(report.render(table(seeds, outcomes), options.format))
    faults = [f"seed {number}, {fault}" for number, outcome in zip(seeds, outcomes) for fault in outcome.faults]
    print("", *faults, f"{len(faults)} faults in {len(outcomes)} paths of {options.days} days, in {(time.monotonic() - begun) / 60:.1f} minutes.", sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

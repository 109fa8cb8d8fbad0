# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Play policies on simulated markets, with and without them, and check in each step that they did all that they may, and no more.

usage: python simulate.py [--first SEED] [--paths N] [--days N] [--jobs N] [--format md|rst] [--picture FILE] [--pictured SEED]
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import os
import sys
import typing as t
from decimal import Decimal
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "benchmark")]

import picture
import report
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import plan
from play import JUMPED, USED_UP, Outcome, Planner, play

HEAD = ("paths", "liquidated without the policy", "with it", "jumped too far at once", "money used up", "moved, USD", "operations", "gain, USD")
MOST_FAULTS = 20


def row(name: str, outcomes: t.Sequence[Outcome]) -> str:
    """Return what became of some paths, as a row of a table."""
    causes = collections.Counter(cause for outcome in outcomes for cause in set(outcome.liquidated.values()))
    number = len(outcomes)
    cells = [
        name, str(number), str(sum(bool(o.without) for o in outcomes)), str(sum(bool(o.liquidated) for o in outcomes)),
        str(causes[JUMPED]), str(causes[USED_UP]), f"{sum(o.moved for o in outcomes) / number:.0f}", f"{sum(o.moves for o in outcomes) / number:.1f}",
        f"{sum((o.net_usd - o.net_usd_without for o in outcomes), Decimal(0)) / number:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def table(title: str, outcomes: t.Sequence[Outcome], key: t.Callable[[Outcome], str]) -> str:
    """Return the outcomes by one of their features, as a Markdown table."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(key(outcome), []).append(outcome)
    rows = [row(name, group) for name, group in groups.items()]
    return "\n".join([f"| {' | '.join((title, *HEAD))} |", "|" + " --- |" * (len(HEAD) + 1), *rows, row("**all**", outcomes)])


def played(seeds: range, days: int, jobs: int, planner: Planner) -> list[Outcome]:
    others = [days] * len(seeds), [planner] * len(seeds)
    if jobs == 1:
        return list(map(play, seeds, *others))
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(play, seeds, *others, chunksize=4))


def main(arguments: t.Sequence[str] | None = None, planner: Planner = plan) -> int:
    parser = argparse.ArgumentParser(description="Play policies on simulated markets.")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first path; each has its own seed")
    parser.add_argument("--paths", type=int, default=1000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--format", choices=report.FORMATS, default="md")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="only draw one path as an SVG")
    parser.add_argument("--pictured", type=int, default=picture.SEED, metavar="SEED", help="the path to draw")
    options = parser.parse_args(arguments)
    if options.picture:
        options.picture.write_text(picture.draw(options.pictured, options.days), encoding="utf-8")
        return 0
    seeds = range(options.first, options.first + options.paths)
    outcomes = played(seeds, options.days, options.jobs, planner)
    tables = table("market", outcomes, lambda outcome: outcome.kind), table("policy", outcomes, lambda outcome: outcome.terms)
    print(report.render("\n\n".join(tables), options.format))
    faults = [f"seed {seed}, {fault}" for seed, outcome in zip(seeds, outcomes) for fault in outcome.faults]
    print("", *faults[:MOST_FAULTS], f"{len(faults)} faults in {len(outcomes)} paths of {options.days} days.", sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

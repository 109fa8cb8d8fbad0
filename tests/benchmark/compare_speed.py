# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure how long each client takes to repay many loans, and print the guide's table.

usage: .venv/bin/python tests/benchmark/compare_speed.py [--rounds N] [--cells NAME,NAME] [--contestants NAME,NAME]

In each round, all contestants of a cell run one after the other, in an order that rotates from round to round, so that
other load on the machine affects all of them. Each run has a fresh ledger in the stand-in exchange, and a fresh folder
for Ansible's files and our state. The folder is below .cache in the checkout, because that is on a disk and /tmp may not
be. A run counts only if the stand-in's ledger has each repayment exactly once. The exit code is 1 if a run does not count.

No contestant is favored: all options of Ansible, of its modules, and of ours have their defaults.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import time
import typing as t
from dataclasses import replace
from pathlib import Path

import speed_table
from report import FORMATS, render
from speed_cells import CELLS, Cell
from speed_contestants import CONTESTANTS, Contestant
from speed_results import Results
from speed_run import run_once
from standin import StandIn

CACHE = Path(__file__).resolve().parents[2] / ".cache"
LIFETIME_S = 2 * 3600
BY_NAME = {contestant.name: contestant for contestant in CONTESTANTS}


class Turn(t.NamedTuple):
    cell: Cell
    contestant: Contestant
    # Round 0 warms up what the first run would pay for.
    round: int
    watched: bool = False

    def text(self, rounds: int) -> str:
        name = f"round {self.round} of {rounds}" if self.round else "warming up"
        return f"{'memory' if self.watched else name}: {self.cell.title}, {self.contestant.title}"


def turns(cells: list[Cell], names: list[str], rounds: int) -> list[Turn]:
    """Return the runs in their order."""
    found = []
    warm = {name for cell in cells for name in (*cell.contestants, *cell.once) if name in names}
    # A loan of 1 USDT, which those that close loans and those that repay 1 USDT all repay.
    first = replace(next(cell for cell in CELLS if cell.total == 1), is_whole=True)
    found += [Turn(first, BY_NAME[name], 0) for name in names if name in warm]
    for number in range(1, rounds + 1):
        for cell in cells:
            playing = [name for name in cell.contestants if name in names]
            shift = (number - 1) % len(playing) if playing else 0
            playing = playing[shift:] + playing[:shift]
            playing += [name for name in cell.once if name in names and number == 1]
            found += [Turn(cell, BY_NAME[name], number) for name in playing]
    found += [Turn(cell, BY_NAME[name], rounds, True) for cell in cells for name in cell.memory if name in names]
    return found


def play(todo: list[Turn], rounds: int) -> Results:
    results, began = Results(), time.monotonic()
    expected = [turn.contestant.expected_seconds(turn.cell) for turn in todo]
    tell(f"{len(todo)} runs, about {sum(expected) / 60:.0f} min on two quiet processors")
    CACHE.mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=CACHE)))
        stand_ins: dict[bool, StandIn] = {}
        for tls in sorted({turn.cell.tls for turn in todo}):
            arguments = ["--tls"] if tls else []
            stand_ins[tls] = StandIn(base / f"stand-in-{tls}", *arguments, lifetime_s=LIFETIME_S)
            stack.callback(stand_ins[tls].stop)
        for number, turn in enumerate(todo, start=1):
            run = run_once(turn.contestant, turn.cell, stand_ins[turn.cell.tls], base, turn.watched)
            minutes = (time.monotonic() - began) / 60
            tell(f"[{number}/{len(todo)}, {minutes:.1f} min] {turn.text(rounds)}: {run.trouble or f'{run.seconds:.2f} s'}")
            if turn.round:
                results.add(turn.cell.name, turn.contestant.name, run, turn.watched)
    return results


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def chosen(text: str, known: t.Iterable[str]) -> list[str]:
    """Return the names in a comma-separated list, or all names for an empty one."""
    names, wanted = list(known), [name for name in text.split(",") if name]
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no {unknown[0]}: choose among {', '.join(names)}")
    return [name for name in names if name in wanted] if wanted else names


def cells_of(text: str) -> list[str]:
    return chosen(text, (cell.name for cell in CELLS))


def contestants_of(text: str) -> list[str]:
    return chosen(text, BY_NAME)


def rounds_of(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1")
    return int(text)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare how long clients take to repay many loans.")
    parser.add_argument("--rounds", default="3", type=rounds_of, help="how often each is measured")
    parser.add_argument("--cells", default="", type=cells_of, help=f"some of {','.join(c.name for c in CELLS)}")
    parser.add_argument("--contestants", default="", type=contestants_of, help=f"some of {','.join(BY_NAME)}")
    parser.add_argument("--format", default="md", choices=FORMATS, help="Markdown, or reStructuredText for the guide")
    options = parser.parse_args()
    # Raise, so that the stand-ins are stopped as well.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    cells = [cell for cell in CELLS if cell.name in options.cells]
    todo = turns(cells, options.contestants, options.rounds)
    results = play(todo, options.rounds)
    measured = f"Measured on {speed_table.machine(CACHE)}; rounds: {options.rounds}."
    parts = [measured, "What this collection aims at:", speed_table.goals(results), speed_table.LEGEND, speed_table.table(cells, results)]
    print(render("\n\n".join(parts), options.format))
    for trouble in results.troubles():
        tell(f"FAULT: {trouble}")
    return 1 if results.troubles() else 0


if __name__ == "__main__":
    sys.exit(main())

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All runs, and what follows from them: medians, ratios, and whether the goals are met."""

from __future__ import annotations

import collections
import statistics
import typing as t

from speed_cells import CELLS, Cell
from speed_run import Run

FASTER_THAN_URI = 25
FASTER_THAN_MODULE = 12
MS_ABOVE_NOOP = 10
PERCENT_ABOVE_LIMIT = 2
PERCENT_OF_POLICY_ABOVE_LIMIT = 1
PERCENT_ABOVE_READS = 10
TIMES_PYBIT = 1.3
MOST_REQUESTS = 130
MB_FOR_MORE_LOANS = 60


class Goal(t.NamedTuple):
    text: str
    measured: str
    # None if nothing was measured.
    is_met: bool | None


class Results:
    def __init__(self) -> None:
        self._timed: dict[tuple[str, str], list[Run]] = collections.defaultdict(list)
        self._watched: dict[tuple[str, str], Run] = {}

    def add(self, cell: str, contestant: str, run: Run, watched: bool) -> None:
        if watched:
            self._watched[cell, contestant] = run
        else:
            self._timed[cell, contestant].append(run)

    def runs(self, cell: str, contestant: str) -> list[Run]:
        return self._timed.get((cell, contestant), [])

    def good(self, cell: str, contestant: str) -> list[Run]:
        return [run for run in self.runs(cell, contestant) if not run.trouble]

    def troubles(self) -> list[str]:
        """Return the runs that do not count, and why."""
        runs = [(key, run) for key, runs in self._timed.items() for run in runs] + list(self._watched.items())
        return [f"{cell}, {contestant}: {run.trouble}" for (cell, contestant), run in runs if run.trouble]

    def seconds(self, cell: str, contestant: str) -> float | None:
        """Return the median of the runs that the ledger confirms."""
        good = self.good(cell, contestant)
        return statistics.median(run.seconds for run in good) if good else None

    def ratio(self, cell: str, contestant: str, other: str) -> float | None:
        """Return how many times as long as the other contestant this one takes."""
        seconds, others = self.seconds(cell, contestant), self.seconds(cell, other)
        return seconds / others if seconds and others else None

    def ms_above(self, cell: Cell, contestant: str, other: str) -> float | None:
        """Return how much longer than the other contestant this one takes for an item."""
        seconds, others = self.seconds(cell.name, contestant), self.seconds(cell.name, other)
        return None if seconds is None or others is None else (seconds - others) * 1000 / cell.total

    def peak_mb(self, cell: str, contestant: str) -> float | None:
        run = self._watched.get((cell, contestant))
        return run.peak_kb / 1024 if run and not run.trouble else None

    def goals(self) -> list[Goal]:
        cells = {cell.name: cell for cell in CELLS}
        faster = self.ratio("n100", "uri", "in-process")
        forks = self.ratio("forks", "module", "in-process")
        above = self.ms_above(cells["n100"], "in-process", "noop")
        return [
            Goal(
                f"100 repayments at least {FASTER_THAN_URI}× faster than `uri`", _text(faster, "{:.1f}×"),
                None if faster is None else faster >= FASTER_THAN_URI,
            ),
            Goal(
                f"20 accounts × 5 with 20 forks at least {FASTER_THAN_MODULE}× faster than as a module",
                _text(forks, "{:.1f}×"), None if forks is None else forks >= FASTER_THAN_MODULE,
            ),
            Goal(
                f"100 repayments at most {MS_ABOVE_NOOP} ms an item slower than a no-op action", _text(above, "{:.1f} ms"),
                None if above is None else above <= MS_ABOVE_NOOP,
            ),
            self._limit_goal(cells["limit"], "in-process", PERCENT_ABOVE_LIMIT),
            *(self._ratio_goal(name, title) for name, title in (("policy", "one policy task"), ("policy-module", "one policy task as a module"))),
            self._far_goal(),
            self._requests_goal(),
            self._limit_goal(cells["book-limit"], "policy", PERCENT_OF_POLICY_ABOVE_LIMIT),
            self._idle_goal(cells["book-10000"]),
            self._memory_goal(),
        ]

    def _ratio_goal(self, contestant: str, title: str) -> Goal:
        faster = self.ratio("book", "uri", contestant)
        text = f"100 loans closed by {title} at least {FASTER_THAN_URI}× faster than `uri`"
        return Goal(text, _text(faster, "{:.1f}×"), None if faster is None else faster >= FASTER_THAN_URI)

    def _far_goal(self) -> Goal:
        slower = self.ratio("book-far", "policy", "pybit")
        text = f"The same 50 ms away in at most {TIMES_PYBIT}× the time of pybit"
        return Goal(text, _text(slower, "{:.2f}×"), None if slower is None else slower <= TIMES_PYBIT)

    def _requests_goal(self) -> Goal:
        sent = [run.posts + run.gets for run in self.good("book", "policy")]
        text = f"The same with at most {MOST_REQUESTS} requests"
        return Goal(text, _text(max(sent, default=None), "{}"), max(sent) <= MOST_REQUESTS if sent else None)

    def _idle_goal(self, cell: Cell) -> Goal:
        text = f"A policy over 10,000 loans that pays nothing at most {PERCENT_ABOVE_READS} % longer than the limit of its reads and Ansible's start"
        seconds, start = self.seconds(cell.name, "policy-idle"), self.seconds(cell.name, "start")
        if seconds is None or start is None:
            return Goal(text, "", None)
        least = cell.reading_seconds() + start
        percent = (seconds / least - 1) * 100
        return Goal(text, f"{percent:+.1f} % ({seconds:.2f} s instead of {cell.reading_seconds()} + {start:.2f} s)", percent <= PERCENT_ABOVE_READS)

    def _memory_goal(self) -> Goal:
        text = f"10,000 loans instead of 1,000 need at most {MB_FOR_MORE_LOANS} MB more"
        many, few = self.peak_mb("book-10000", "policy-idle"), self.peak_mb("book-1000", "policy-idle")
        more = None if many is None or few is None else many - few
        return Goal(text, _text(more, "{:.0f} MB"), None if more is None else more <= MB_FOR_MORE_LOANS)

    def _limit_goal(self, cell: Cell, contestant: str, most: int) -> Goal:
        text = f"{cell.title} at most {most} % longer than the limit and Ansible's start, without a 10006"
        seconds, start = self.seconds(cell.name, contestant), self.seconds(cell.name, "start")
        if seconds is None or start is None:
            return Goal(text, "", None)
        least = cell.limit_seconds() + start
        percent = (seconds / least - 1) * 100
        refused = max(run.refused for run in self.good(cell.name, contestant))
        measured = f"{percent:+.1f} % ({seconds:.2f} s instead of {cell.limit_seconds()} + {start:.2f} s), {refused} × 10006"
        return Goal(text, measured, percent <= most and not refused)


def _text(number: float | None, form: str) -> str:
    return "" if number is None else form.format(number)

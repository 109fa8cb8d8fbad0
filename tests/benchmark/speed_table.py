# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report: the machine, the goals, and the table."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import re
import typing as t
from pathlib import Path

from speed_cells import Cell
from speed_contestants import CONTESTANTS, Contestant
from speed_results import Results

COLUMNS = (
    "what", "by", "seconds (least–most)", "ms an item", "above the no-op", "of the floor", "faster than `uri`",
    "POST + GET", "memory",
)
LEGEND = """\
- Seconds: from the start of the process to its end. The median of the runs; without a range, there was a single run.
- ms an item: that time divided by the number of repayments.
- Above the no-op: how much longer an item takes than in a loop of `ansible.builtin.assert`, which does nothing.
- Of the floor: how many times as long it takes as a loop of `http.client` with one connection and without any of the safety.
- Faster than `uri`: compared with one task in a loop that makes all headers with a filter. The other row of `uri` takes the
  time with `set_fact` and includes both tasks for each item, as many people do.
- Memory: the peak of all processes together, with shared pages counted once, in a run of its own.
- 50 ms away: the stand-in exchange holds each request and each answer for 25 ms. Setting up a connection costs nothing extra,
  which favors clients that set one up for each item.

The stand-in exchange runs on the same processors. All clients have their default settings. The exchange's rate limits are lifted
unless a row names a limit. A run that did not repay each loan exactly once, according to the ledger of the stand-in exchange, does not
count."""
PACKAGES = ("ansible-core", "requests", "pybit")


def machine(folder: Path) -> str:
    found = re.search(r"^model name\s*:\s*(.*)$", _text("/proc/cpuinfo"), re.MULTILINE)
    model = found.group(1) if found else platform.machine()
    versions = [f"Python {platform.python_version()}"]
    versions += [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES]
    date = datetime.datetime.now(datetime.timezone.utc).date()
    return (
        f"{len(os.sched_getaffinity(0))} × {model}, {platform.system()} {platform.release()}, journal on "
        f"{_file_system(folder)}; {', '.join(versions)}; {date}"
    )


def goals(results: Results) -> str:
    words = {True: "met", False: "**NOT met**", None: "not measured"}
    return "\n".join(
        f"- {goal.text}: {', '.join(filter(None, [goal.measured, words[goal.is_met]]))}" for goal in results.goals()
    )


def table(cells: t.Iterable[Cell], results: Results) -> str:
    lines = [list(COLUMNS), ["---"] * len(COLUMNS)]
    for cell in cells:
        measured = [contestant for contestant in CONTESTANTS if results.runs(cell.name, contestant.name)]
        for contestant in measured:
            title = f"**{cell.title}**" if contestant is measured[0] else ""
            lines.append([title, contestant.title, *_numbers(cell, contestant, results)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _numbers(cell: Cell, contestant: Contestant, results: Results) -> list[str]:
    runs, good = results.runs(cell.name, contestant.name), results.good(cell.name, contestant.name)
    if not good:
        return [f"does not count: {_plain(runs[0].trouble)}", *[""] * (len(COLUMNS) - 3)]
    seconds = results.seconds(cell.name, contestant.name)
    spread = sorted(run.seconds for run in good)
    times = _seconds(seconds)
    if len(good) > 1:
        times += f" ({_seconds(spread[0])}–{_seconds(spread[-1])})"
    if len(good) < len(runs):
        times += f", {len(good)} of {len(runs)} runs count"
    above = results.ms_above(cell, contestant.name, "noop") if contestant.pays and contestant.is_ansible else None
    floor = results.ratio(cell.name, contestant.name, "floor") if contestant.pays else None
    uri = results.ratio(cell.name, "uri", contestant.name) if contestant.pays else None
    memory = results.peak_mb(cell.name, contestant.name)
    return [
        times,
        f"{seconds * 1000 / cell.total:.1f}" if contestant.pays else "",
        _number(above, "{:.1f} ms"),
        _number(floor, "{:.1f}×"),
        _number(uri, "{:.1f}×"),
        _requests(good) if contestant.pays else "",
        _number(memory, "{:.0f} MB"),
    ]


def _requests(good: list) -> str:
    last = good[-1]
    refused = max(run.refused for run in good)
    return f"{last.posts} + {last.gets}" + (f", of them {refused} × 10006" if refused else "")


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f}" if seconds < 10 else f"{seconds:.1f}"


def _number(number: float | None, form: str) -> str:
    return "" if number is None else form.format(number)


def _plain(text: str) -> str:
    # An error message must not end the table's cell.
    return text.replace("|", "/").replace("\n", " ")


def _file_system(folder: Path) -> str:
    """Return the type of a folder's file system, which determines the cost of writing to the disk."""
    place, kind = "", "an unknown file system"
    for line in _text("/proc/mounts").splitlines():
        _device, where, found = line.split()[:3]
        if folder.is_relative_to(where) and len(where) >= len(place):
            place, kind = where, found
    return kind


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""

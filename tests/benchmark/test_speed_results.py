# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the comparison of speed concludes from its runs: medians, ratios, and goals. The runs here are invented."""

from __future__ import annotations

import pytest
from speed_cells import CELLS
from speed_results import Results
from speed_run import Run
from speed_table import COLUMNS, goals, table

HUNDRED = next(cell for cell in CELLS if cell.name == "n100")
WRONG = "the ledger has 99 of 100 repayments, and 0 too many"


def results_of(cell: str, refused: int = 0, **seconds: float | list[float]) -> Results:
    results = Results()
    for name, times in seconds.items():
        for time in times if isinstance(times, list) else [times]:
            results.add(cell, name.replace("_", "-"), Run(time, 100, 600, refused, ""), False)
    return results


def rows_of(results: Results) -> dict[str, dict[str, str]]:
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table([HUNDRED], results).splitlines()]
    assert {len(line) for line in lines} == {len(COLUMNS)}
    return {line[1]: dict(zip(lines[0], line, strict=True)) for line in lines[2:]}


def test_a_row_shows_the_median_and_its_ratios() -> None:
    rows = rows_of(results_of("n100", in_process=[2, 3, 2.5], uri=[50, 49, 60], floor=[0.2, 0.1, 0.2], noop=[1.5] * 3))
    assert list(rows["ours, in-process"].values()) == [
        "**100 repayments**", "ours, in-process", "2.50 (2.00–3.00)", "25.0", "10.0 ms", "12.5×", "20.0×", "100 + 600", "",
    ]
    assert rows["no repayment: `assert`, an action"]["Times the floor"] == ""


def test_runs_that_do_not_count_are_in_no_number() -> None:
    results = results_of("n100", in_process=[2, 2], uri=50)
    results.add("n100", "in-process", Run(1, 99, 600, 0, WRONG), False)
    results.add("n100", "floor", Run(0.1, 99, 0, 0, WRONG), False)
    results.add("n100", "in-process", Run(2, 99, 600, 0, WRONG, 51_200), True)
    rows = rows_of(results)
    assert rows["ours, in-process"]["Seconds (least–most)"] == "2.00 (2.00–2.00), 2 of 3 runs count"
    assert rows["ours, in-process"]["Times the floor"] == rows["ours, in-process"]["Memory"] == ""
    assert rows["`http.client`, the floor"]["Seconds (least–most)"] == f"does not count: {WRONG}"
    assert results.troubles() == [
        f"n100, in-process: {WRONG}", f"n100, floor: {WRONG}", f"n100, in-process: {WRONG}",
    ]


def test_memory_comes_from_the_watched_run() -> None:
    results = results_of("n100", in_process=2)
    results.add("n100", "in-process", Run(2.2, 100, 600, 0, "", 51_200), True)
    row = rows_of(results)["ours, in-process"]
    assert (row["Seconds (least–most)"], row["Memory"]) == ("2.00", "50 MB")


@pytest.mark.parametrize(
    ("results", "told"),
    [
        (results_of("n100", in_process=2, uri=50), "faster than `uri`: 25.0×, met"),
        (results_of("n100", in_process=2, uri=49.7), "faster than `uri`: 24.9×, **NOT met**"),
        (results_of("forks", in_process=2, module=24), "faster than as a module: 12.0×, met"),
        (results_of("forks", in_process=2, module=23.8), "faster than as a module: 11.9×, **NOT met**"),
        (results_of("n100", in_process=2, noop=1), "no-op action: 10.0 ms, met"),
        (results_of("n100", in_process=2.02, noop=1), "no-op action: 10.2 ms, **NOT met**"),
        (results_of("limit", in_process=20.38, start=1), "a 10006: +1.9 % (20.38 s instead of 19 + 1.00 s), 0 × 10006, met"),
        (
            results_of("limit", in_process=20.5, start=1),
            "a 10006: +2.5 % (20.50 s instead of 19 + 1.00 s), 0 × 10006, **NOT met**",
        ),
        (
            results_of("limit", refused=1, in_process=20.2, start=1),
            "a 10006: +1.0 % (20.20 s instead of 19 + 1.00 s), 1 × 10006, **NOT met**",
        ),
    ],
)
def test_goals_are_met_or_missed(results, told) -> None:
    [measured] = [line for line in goals(results).splitlines() if not line.endswith("not measured")]
    assert measured.endswith(told)


def test_the_goals_of_a_policy() -> None:
    results = results_of("book", policy_module=2, uri=49)
    results.add("book", "policy", Run(1.9, 100, 31, 0, ""), False)
    for cell, contestant, seconds in (
        ("book-far", "policy", 7.4), ("book-far", "pybit", 5.7), ("book-limit", "policy", 100.9), ("book-limit", "start", 1), ("book-10000", "policy-idle", 23),
        ("book-10000", "start", 1),
    ):
        results.add(cell, contestant, Run(seconds, 0, 0, 0, ""), False)
    for cell, kilobytes in (("book-1000", 80_000), ("book-10000", 180_000)):
        results.add(cell, "policy-idle", Run(1, 0, 0, 0, "", kilobytes), True)
    told = [line.partition(": ")[2] for line in goals(results).splitlines() if not line.endswith("not measured")]
    assert told == [
        "25.8×, met", "24.5×, **NOT met**", "1.30×, met", "131, **NOT met**", "+0.9 % (100.90 s instead of 99 + 1.00 s), 0 × 10006, met",
        "+15.0 % (23.00 s instead of 19 + 1.00 s), **NOT met**", "98 MB, **NOT met**",
    ]

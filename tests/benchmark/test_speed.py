# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The comparison of speed measures what it says, and counts only runs that repaid. No test depends on times."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from compare_speed import BY_NAME, CACHE, turns
from speed_cells import CELLS, Cell
from speed_processes import peak_kb, tree
from speed_run import run_once
from standin import StandIn
from surroundings import CLIENTS

SCRIPT = Path(__file__).with_name("compare_speed.py")
TWO = Cell("two", "two", 2, ())
FLOOR, NOOP = BY_NAME["floor"], BY_NAME["noop"]


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory):
    started = StandIn(tmp_path_factory.mktemp("stand-in"))
    yield started
    started.stop()


def command_of(code: str):
    return lambda cell: [sys.executable, "-c", code]


def test_one_cell_results_in_one_table() -> None:
    arguments = ["--rounds", "1", "--cells", "n1", "--contestants", "in-process,floor,noop"]
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    head, _rule, *rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in ended.stdout.splitlines() if line.startswith("|")
    ]
    assert [row[:2] for row in rows] == [
        ["**1 repayment**", "ours, in-process"], ["1 repayment", "`http.client`, the floor"], ["1 repayment", "no repayment: `assert`, an action"],
    ]
    shown = [dict(zip(head, row, strict=True)) for row in rows]
    assert [row["POST + GET"].partition(" + ")[0] for row in shown] == ["1", "1", ""]
    assert [row["Times the floor"] for row in shown][1:] == ["1.0×", ""]
    assert "- 100 repayments at least 25× faster than `uri`: not measured" in ended.stdout.splitlines()
    assert "[6/6, " in ended.stderr


def test_a_run_that_repays_each_loan_once_counts(stand_in, tmp_path) -> None:
    run = run_once(FLOOR, TWO, stand_in, tmp_path)
    assert (run.trouble, run.posts, run.gets, run.refused) == ("", 2, 0, 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["pybit", "uri", "uri-steps", "command", "module"])
def test_all_other_contestants_repay(stand_in, tmp_path, name) -> None:
    run = run_once(BY_NAME[name], Cell("one", "one", 1, ()), stand_in, tmp_path)
    assert (run.trouble, run.posts) == ("", 1)


@pytest.mark.parametrize("name", ["policy", "policy-module", "pybit"])
def test_one_policy_task_closes_all_loans(stand_in, tmp_path, name) -> None:
    run = run_once(BY_NAME[name], replace(TWO, is_whole=True), stand_in, tmp_path)
    assert (run.trouble, run.posts) == ("", 2)


def test_a_policy_with_nothing_to_do_only_reads(stand_in, tmp_path) -> None:
    run = run_once(BY_NAME["policy-idle"], TWO, stand_in, tmp_path)
    assert (run.trouble, run.posts, run.gets > 0) == ("", 0, True)


@pytest.mark.parametrize(
    ("contestant", "trouble"),
    [
        (replace(FLOOR, command=NOOP.command), "the ledger has 0 of 2 repayments, and 0 too many"),
        (
            replace(FLOOR, command=lambda cell: FLOOR.command(cell)[:-1]),
            "the ledger has 1 of 2 repayments, and 0 too many",
        ),
        (
            replace(FLOOR, command=lambda cell: [*FLOOR.command(cell), FLOOR.command(cell)[-1]]),
            "the ledger has 2 of 2 repayments, and 1 too many",
        ),
        (replace(NOOP, command=FLOOR.command), "the ledger has 0 of 0 repayments, and 2 too many"),
        (replace(FLOOR, command=lambda cell: [*FLOOR.command(cell), "1"]), "it ended with exit code 1: 1: 177005 "),
        (replace(FLOOR, command=command_of("import sys; sys.exit(3)")), "it ended with exit code 3: "),
    ],
    ids=["nothing", "too little", "twice", "no-op that repays", "refused", "failed"],
)
def test_a_run_that_does_not_repay_does_not_count(stand_in, tmp_path, contestant, trouble) -> None:
    assert run_once(contestant, TWO, stand_in, tmp_path).trouble.startswith(trouble)


def test_a_run_that_repays_another_amount_does_not_count(stand_in, tmp_path) -> None:
    script = str(CLIENTS / "pybit_repay.py")
    other = replace(FLOOR, command=lambda cell: [sys.executable, script, FLOOR.command(cell)[-1], '"2"', "false", "9"])
    assert run_once(other, TWO, stand_in, tmp_path).trouble == "1 repayments are not as they should be"


def test_the_rate_limit_holds_in_the_cells_with_limits(stand_in, tmp_path) -> None:
    run = run_once(FLOOR, replace(TWO, limited=True), stand_in, tmp_path)
    assert (run.posts, run.refused) == (2, 1)
    assert "10006" in run.trouble


def test_every_request_is_delayed_by_the_distance(stand_in, tmp_path) -> None:
    assert run_once(FLOOR, replace(TWO, one_way_ms=25), stand_in, tmp_path).trouble == ""
    [fault] = stand_in.state()["faults"]
    assert (fault["delay_ms"], fault["delay_answer_ms"], fault["times"]) == (25, 25, 0)
    assert [entry["fault"] for entry in stand_in.requests()] == ["normal", "normal"]
    assert run_once(FLOOR, TWO, stand_in, tmp_path).trouble == ""
    assert [entry["fault"] for entry in stand_in.requests()] == [None, None]


def test_each_account_repays_with_its_own_key(stand_in, tmp_path) -> None:
    cell = Cell("accounts", "accounts", 1, (), accounts=2)
    assert run_once(BY_NAME["uri"], cell, stand_in, tmp_path).trouble == ""
    assert {entry["key"] for entry in stand_in.requests()} == {"sandbox-key", "sandbox-key-1"}


def test_clients_repay_over_tls(tmp_path) -> None:
    started = StandIn(tmp_path / "stand-in", "--tls")
    try:
        assert started.url.startswith("https://")
        for name in ("floor", "pybit"):
            assert run_once(BY_NAME[name], TWO, started, tmp_path).trouble == ""
    finally:
        started.stop()


def test_each_round_begins_with_another_contestant() -> None:
    cell = next(cell for cell in CELLS if cell.name == "forks")
    found = [turn for turn in turns([cell], ["in-process", "uri", "noop"], 3) if turn.cell is cell]
    timed = [turn.contestant.name for turn in found if not turn.watched]
    assert timed == ["in-process", "uri", "noop", "uri", "noop", "in-process", "noop", "in-process", "uri"]
    assert [turn.contestant.name for turn in found if turn.watched] == ["in-process", "uri", "noop"]


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition) -> bool:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_an_interrupted_comparison_leaves_no_process_behind() -> None:
    before = set(CACHE.glob("bench-*"))
    arguments = ["--rounds", "1", "--cells", "n20", "--contestants", "module"]
    process = subprocess.Popen([sys.executable, str(SCRIPT), *arguments], stderr=subprocess.DEVNULL)
    try:
        # The comparison, Ansible, its worker, and a module or the process that starts one.
        assert wait_for(lambda: len(tree(process.pid)) >= 4)
        begun = tree(process.pid)
        [folder] = set(CACHE.glob("bench-*")) - before
        begun.append(json.loads((folder / "stand-in-False" / "sandbox.json").read_text())["pid"])
    finally:
        process.terminate()
        code = process.wait()
    assert code == 128 + signal.SIGTERM
    assert wait_for(lambda: not any(map(is_there, begun)))
    assert set(CACHE.glob("bench-*")) == before


def test_memory_counts_all_descendants_and_shared_pages_once() -> None:
    code = (
        "import os, time; shared = os.urandom(60_000_000)\n"
        "for _ in range(2): os.fork()\n"
        "own = os.urandom(20_000_000); time.sleep(1)"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        megabytes = peak_kb(process) / 1024
    finally:
        process.wait()
    # Four processes: 60 shared, 20 for each, and the interpreters; counting shared pages four times would give 320.
    assert 130 < megabytes < 230

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of L(moves) read from the stand-in exchange, and what they assert of every run that did not go smoothly."""

from __future__ import annotations

import typing as t

import pytest
from module_runs.runs import Run
from moves import Move


@pytest.fixture
def booked(sandbox) -> t.Callable[[Move], list[dict[str, t.Any]]]:
    """List the ledger entries of such moves since the test began, oldest first."""

    def ids(move: Move) -> list[dict[str, t.Any]]:
        return move.entries(sandbox.account())

    # Taken at the first look at the latest, which no test takes after its first run.
    old = {name: {entry[key] for entry in sandbox.account()[name]} for name, key in _IDS.items()}
    seen = {str(entry_id) for known in old.values() for entry_id in known}
    return lambda move: [entry for entry in ids(move) if entry["id"] not in seen]


@pytest.fixture
def arrived(sandbox) -> t.Callable[[Move], int]:
    """Count the requests of a move that reached the exchange, executed or not."""

    def call(move: Move) -> int:
        start, dummy, end = move.body.partition("{id}")
        requests = [r for r in sandbox.requests()["requests"] if (r["method"], r["path"]) == ("POST", move.path)]
        return len([r for r in requests if r["body"].startswith(start) and r["body"].endswith(end)])

    return call


@pytest.fixture
def stall(sandbox) -> t.Callable[..., None]:
    """Inject a fault into the reads of a call after the first few: into this many, or into all with zero."""

    def call(path: str, skip: int = 0, times: int = 0, **fault: t.Any) -> None:
        sandbox.control("POST", "faults", {"method": "GET", "path": path, "skip": skip, "times": times, **fault})

    return call


_IDS = {"legacy_adjustments": "adjust_id", "adjustments": "adjust_id", "transfers": "transfer_id"}


def assert_made(move: Move, run: Run, booked: t.Callable[[Move], list[dict[str, t.Any]]]) -> None:
    """The run reports the only move that the exchange made."""
    [entry] = [entry for entry in booked(move) if entry["status"] == 1]
    assert (run.failed, run["changed"], run["outcome"], run.details["intent"]) == (False, True, "executed", None)
    assert (run[move.id_key], run["amount"], entry["amount"]) == (entry["id"], move.amount, move.amount)
    assert [made[move.id_key] for made in run[move.list_key]] == [entry["id"]]


def assert_not_made(move: Move, run: Run) -> None:
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "not_executed")
    assert (run[move.list_key], run.details["intent"]) == ([], None)
    assert run["msg"].startswith(f"The {move.noun} of {move.named} ")
    assert run["msg"].endswith("It was not executed, so the next run can send it again.")


def assert_unknown(move: Move, run: Run, remembered: t.Callable[[], list[dict[str, t.Any]]]) -> None:
    intents = [intent["intent"] for intent in remembered()]
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "unknown")
    assert (run[move.list_key], run[move.id_key], run.details["intent"] in intents) == ([], None, True)
    assert f"It is unknown whether the {move.noun} of {move.named} was made: " in run["msg"]
    assert f"(GET {move.history}" in run["msg"]
    assert f"run with acknowledge: '{run.details['intent']}'" in run["msg"]

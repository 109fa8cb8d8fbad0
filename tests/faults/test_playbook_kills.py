# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paid once, and known: real playbooks in real time, whose modules are killed, left alone, or cut off."""

from __future__ import annotations

import random
import time
import typing as t
from pathlib import Path

import ansible_mitogen
import pytest
from simulation import oracle, settings, standin
from simulation.asks import Asks
from simulation.goals import Goal, Plan
from simulation.ledger import API, OWNER, SUCCESS
from simulation.playbooks import CutOff, LeftAlone, Playbook
from simulation.products import HISTORY, LEGACY, PRODUCTS, REPAY
from simulation.recording import Recording
from simulation.runs import Run
from simulation.standin import BIG_LOAN, KEY, SECRET, StandIn

GOAL, OTHER = Goal(BIG_LOAN, "100"), Goal(BIG_LOAN, "40.5")
# Long enough to kill the module while it waits, but shorter than its api_timeout.
HELD = {"delay_answer_ms": 3000}
LOST, NEVER = {"answer": "reset"}, {"answer": "close", "commit": False}
LATE = {"answer": "close", "arrive_after_ms": 800}
RANDOM_FAULTS: list[dict[str, t.Any]] = [
    {}, LOST, NEVER, {"answer": "html_502"}, {"answer": {"ret_code": 10016}}, {"processing_ms": 1500},
    {"answer": "close", "arrive_after_ms": 700}, {"answer": "truncate", "history_delay_ms": 800},
]


# Longer than the module can settle a repayment before it is cut off.
SLOW = {"answer": "reset", "history_delay_ms": 4000, "debt_delay_ms": 4000}
MITOGEN = {
    "ANSIBLE_STRATEGY": "mitogen_linear",
    "ANSIBLE_STRATEGY_PLUGINS": str(Path(ansible_mitogen.__file__).parent / "plugins" / "strategy"),
}
_Kind = t.TypeVar("_Kind", bound=Playbook)


class Theatre:
    """A fresh exchange in real time, and everything that the playbooks have reported."""

    def __init__(self, exchange: StandIn, folder: Path) -> None:
        self.exchange, self.folder = exchange, folder
        self.asks, self.recording = Asks(), Recording(0)
        exchange.begin_now()

    def fault(self, **fault: t.Any) -> None:
        if fault:
            self.exchange.control("POST", "faults", {"method": "POST", "path": REPAY, **fault})

    def start(self, goal: Goal = GOAL, retries: int = 0, kind: type[_Kind] = Playbook, **env: str) -> _Kind:
        return kind(self.exchange, self.folder, goal, retries, env)

    def end(self, playbook: Playbook) -> dict[str, t.Any]:
        """Wait for the end of a playbook, and check its report against the ledger."""
        result = playbook.result()
        assert "Traceback" not in playbook.output, playbook.output
        run = Run(len(self.recording.runs), Plan(playbook.goal), 0, 0, result=result if "outcome" in result else None)
        self.recording.runs.append(run)
        self.update_recording()
        self.asks.begin(run)
        self.asks.end(run, self.recording)
        if run.outcome in ("executed", "pending"):
            entry = self.recording.ledger[result["repay_id"]]
            assert (entry.source, str(entry.amount)) == (API, result["amount"])
            assert run.outcome == "pending" or entry.status == SUCCESS
            assert result["changed"]
        assert run.outcome != "unknown", result
        return result

    def update_recording(self) -> None:
        self.recording.ledger = self.exchange.ledger()
        state = self.folder / "state"
        files = [(p.name, p.stat().st_mode & 0o777, p.read_bytes()) for p in state.glob("*")] if state.is_dir() else []
        assert oracle.keeps_secrets(files, [KEY, SECRET]) == []

    def account(self) -> None:
        """Run every open ask once more; then every repayment must be known, and there must be none too many."""
        self.exchange.control("DELETE", "faults")
        while asks := self.asks.open():
            self.end(self.start(asks[0].goal))
        assert oracle.everybody_knows(self.recording, self.asks) == []
        for goal in {ask.goal for ask in self.asks.all()}:
            ours = [entry for entry in self.recording.ledger.values() if entry.source == API and entry.is_paid]
            made = [entry for entry in ours if str(entry.amount) == goal.amount]
            assert goal.since_ms is not None or len(made) <= self.asks.count(goal), made

    def posts(self) -> int:
        return self.exchange.control("GET", "requests")["counts"].get(f"POST {REPAY}", 0)

    def looks_after_post(self) -> int:
        requests = self.exchange.control("GET", "requests")["requests"]
        methods = [r["method"] for r in requests if r["path"] in (REPAY, PRODUCTS[LEGACY].reads[HISTORY])]
        return len(methods) - 1 - methods.index("POST") if "POST" in methods else 0


@pytest.fixture(scope="module")
def exchange(tmp_path_factory) -> t.Iterator[StandIn]:
    run_dir = tmp_path_factory.mktemp("sandbox")
    yield StandIn(standin.start(run_dir, lifetime=1800))
    assert "Traceback" not in standin.stop(run_dir)


@pytest.fixture
def theatre(exchange, tmp_path) -> t.Iterator[Theatre]:
    made = Theatre(exchange, tmp_path)
    yield made
    made.account()


@pytest.mark.parametrize("fate", [{}, NEVER], ids=["executed", "lost"])
def test_a_module_killed_while_it_waits_for_the_answer_leaves_a_known_outcome(theatre: Theatre, fate: dict[str, t.Any]) -> None:
    theatre.fault(**HELD, **fate)
    playbook = theatre.start()
    assert playbook.kill_module(lambda: theatre.posts() == 1)
    assert "outcome" not in playbook.result()
    theatre.asks.begin(Run(0, Plan(GOAL), 0))
    again = theatre.end(theatre.start())
    assert (again["outcome"], again["details"]["recovered"], theatre.posts()) == ("executed", not fate, 1 if not fate else 2)


@pytest.mark.parametrize("fate", [LOST, NEVER, LATE], ids=["executed", "lost", "late"])
def test_a_module_killed_while_settling_is_retried_without_a_second_payment(theatre: Theatre, fate: dict[str, t.Any]) -> None:
    theatre.fault(**fate)
    playbook = theatre.start(retries=1)
    assert playbook.kill_module(lambda: theatre.looks_after_post() >= 2)
    result = theatre.end(playbook)
    assert (result["outcome"], result["details"]["recovered"]) == ("executed", fate is not NEVER)


def test_two_playbooks_at_once_survive_the_kill_of_one_module(theatre: Theatre) -> None:
    theatre.fault(**HELD)
    first = theatre.start()
    second = theatre.start()
    killed = []
    for playbook in (first, second):
        killed.append(playbook.kill_module(lambda: theatre.posts() >= 1))
        if killed[-1]:
            break
    assert any(killed)
    for playbook in (first, second):
        theatre.end(playbook)


def test_two_playbooks_at_once_pay_different_amounts(theatre: Theatre) -> None:
    theatre.fault(**LOST)
    playbooks = [theatre.start(GOAL, retries=1), theatre.start(OTHER, retries=1)]
    results = [theatre.end(playbook) for playbook in playbooks]
    assert [result["outcome"] for result in results] == ["executed", "executed"]
    assert sorted(str(e.amount) for e in theatre.recording.ledger.values() if e.source == API) == ["100", "40.5"]


def test_a_goal_with_since_is_met_once(theatre: Theatre) -> None:
    goal = Goal(BIG_LOAN, "250", time.time_ns() // 1_000_000 - 1000)
    theatre.exchange.control("POST", "repay", {"orderId": BIG_LOAN.name, "amount": "100"})
    theatre.fault(**HELD)
    playbook = theatre.start(goal, retries=2)
    assert playbook.kill_module(lambda: theatre.posts() == 1)
    theatre.end(playbook)
    assert theatre.end(theatre.start(goal))["outcome"] == "nothing_to_do"
    assert {(e.source, str(e.amount)) for e in theatre.recording.ledger.values() if e.source in (API, OWNER)} == {
        (API, "150"), (OWNER, "100"),
    }


@pytest.mark.parametrize("number", range(4))
def test_a_module_killed_at_a_random_time_leaves_a_known_outcome(theatre: Theatre, number: int) -> None:
    seed = settings.from_environment().seed * 100 + number
    chance = random.Random(seed)
    fault, after = chance.choice(RANDOM_FAULTS), chance.uniform(0.1, 2.5)
    print(f"seed {seed}: {fault}, killed after {after:.2f} s")
    theatre.fault(**fault)
    playbook = theatre.start(retries=2)
    begun: list[float] = []

    def is_time() -> bool:
        begun.append(time.monotonic())
        return begun[-1] - begun[0] >= after

    playbook.kill_module(is_time)
    theatre.end(playbook)


@pytest.mark.parametrize("in_process", ["true", "false"])
def test_a_playbook_outlives_its_shell_and_reports_to_its_log(theatre: Theatre, in_process: str) -> None:
    """Output to a file counts as reported, so the same task pays a second time."""
    theatre.fault(**HELD)
    playbook = theatre.start(kind=LeftAlone, BYBIT_IN_PROCESS=in_process)
    playbook.log_out(lambda: theatre.posts() == 1)
    results = [theatre.end(playbook), theatre.end(theatre.start())]
    assert [(result["outcome"], result["details"]["recovered"]) for result in results] == [("executed", False)] * 2
    assert theatre.posts() == 2


@pytest.mark.parametrize("env", [MITOGEN, {"BYBIT_IN_PROCESS": "true"}, {}], ids=["mitogen", "in process", "process"])
def test_an_equal_task_after_a_cut_off_one_does_not_pay_again(theatre: Theatre, env: dict[str, str]) -> None:
    theatre.fault(**SLOW)
    result = theatre.end(theatre.start(kind=CutOff, **env))
    assert (result["outcome"], result["details"]["recovered"], theatre.posts()) == ("executed", True, 1)

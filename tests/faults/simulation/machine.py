# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state machine: a schedule is any sequence of these rules; at its end all is healed and accounted for."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal
from pathlib import Path

from hypothesis import stateful
from hypothesis import strategies as st

from . import oracle, strategies
from .asks import Asks
from .facts import HISTORY, ORDERS, Goal, Plan, Run
from .standin import KEY, SECRET, START_MS, StandIn
from .tally import Tally
from .world import Choices, Meddling, World, clean_folder

_UNTIL_DELAY_MS = 5000
_LONG_MS = 3_600_000


class Violation(AssertionError):
    """Something that must hold did not."""


class Stage(t.NamedTuple):
    """What all schedules of a process share."""

    standin: StandIn
    main: t.Callable[[t.Any], None]
    folder: Path
    tally: Tally
    # How many schedules have begun, and the first that failed.
    counts: dict[str, int]


class Schedule(stateful.RuleBasedStateMachine):
    """One schedule."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.stage.counts["begun"] = self.stage.counts.get("begun", 0) + 1
        clean_folder(self.stage.folder)
        self.world = World(self.stage.standin, self.stage.main, self.stage.folder)
        self.asks = Asks()
        self.drift_ms = 0
        self.has_failed = False
        # Intents that were told to be in doubt: id to order and the request's timestamp.
        self.doubts: dict[str, tuple[str, int | None]] = {}
        self.own: Tally = Tally()

    # What goes wrong.

    @stateful.rule(faults=strategies.faults(1))
    def things_will_go_wrong(self, faults: list[dict[str, t.Any]]) -> None:
        self.order(faults)

    @stateful.rule()
    def the_network_heals(self) -> None:
        self.world.heal()

    @stateful.rule(drift_ms=strategies.drifts)
    def the_clock_of_the_machine_is_off(self, drift_ms: int) -> None:
        self.drift_ms = drift_ms

    # What the users do.

    @stateful.rule(
        faults=strategies.faults(), data=st.data(), choices=strategies.quiet_choices, meddling=strategies.meddlings
    )
    def run(
        self, faults: list[dict[str, t.Any]], data: st.DataObject, choices: Choices, meddling: Meddling | None
    ) -> None:
        self.order(faults)
        self.play([data.draw(strategies.plans(self.drift_ms))], choices, meddling)

    @stateful.rule(faults=strategies.faults(1), data=st.data(), pause_ms=strategies.durations)
    def run_and_run_again(self, faults: list[dict[str, t.Any]], data: st.DataObject, pause_ms: int) -> None:
        self.order(faults)
        plan = data.draw(strategies.plans(self.drift_ms))
        self.play([plan])
        self.world.pass_time(pause_ms)
        self.play([Plan(plan.goal, drift_ms=self.drift_ms)])

    @stateful.rule(faults=strategies.faults(1), data=st.data(), retries=st.integers(1, 3))
    def run_until_changed(self, faults: list[dict[str, t.Any]], data: st.DataObject, retries: int) -> None:
        self.order(faults)
        plan = data.draw(strategies.plans(self.drift_ms))
        for number in range(1 + retries):
            [run] = self.play([plan])
            if run.result and (run.result.get("changed") or run.outcome == "nothing_to_do"):
                break
            self.own["until: more than one run"] += number == 1
            self.world.pass_time(_UNTIL_DELAY_MS)

    @stateful.rule(
        faults=strategies.faults(), data=st.data(), choices=strategies.choices, same=st.booleans(),
        meddling=strategies.meddlings,
    )
    def run_at_once(
        self, faults: list[dict[str, t.Any]], data: st.DataObject, choices: Choices, same: bool,
        meddling: Meddling | None,
    ) -> None:
        self.order(faults)
        plans = data.draw(st.lists(strategies.plans(self.drift_ms), min_size=2, max_size=3))
        if same:
            plans = [dataclasses.replace(plan, goal=plans[0].goal) for plan in plans]
        self.play(plans, choices, meddling)

    @stateful.rule(faults=st.lists(strategies.lost_posts(), min_size=2, max_size=2), goal=strategies.goals)
    def run_into_lost_answers(self, faults: list[dict[str, t.Any]], goal: Goal) -> None:
        self.order(faults)
        for dummy in faults:
            self.play([Plan(goal, drift_ms=self.drift_ms)])

    @stateful.rule(fault=strategies.lost_posts(), path=st.sampled_from([HISTORY, ORDERS]), goal=strategies.goals)
    def run_into_a_lost_answer_and_see_nothing(self, fault: dict[str, t.Any], path: str, goal: Goal) -> None:
        blind = {"method": "GET", "path": path, "answer": "html_502", "skip": 1, "times": 0}
        self.order([fault, blind])
        self.play([Plan(goal, drift_ms=self.drift_ms)])
        self.world.heal()

    @stateful.rule(
        fault=strategies.shown_late, first=strategies.plain_goals, then=strategies.goals, wait=st.booleans(),
        wait_timeout=st.sampled_from([3, 60]),
    )
    def run_again_before_it_shows(
        self, fault: dict[str, t.Any], first: Goal, then: Goal, wait: bool, wait_timeout: int
    ) -> None:
        self.order([fault])
        self.play([Plan(first, wait=wait, wait_timeout=3, drift_ms=self.drift_ms)])
        then = dataclasses.replace(then, order_id=first.order_id)
        self.play([Plan(then, wait_timeout=wait_timeout, drift_ms=self.drift_ms)])

    @stateful.rule(fault=strategies.lost_posts(), goal=strategies.plain_goals, after_steps=st.integers(8, 30))
    def run_beside_somebody_who_pays_the_same(self, fault: dict[str, t.Any], goal: Goal, after_steps: int) -> None:
        self.order([fault])
        self.play([Plan(goal, drift_ms=self.drift_ms)], None, Meddling(after_steps, goal.order_id, goal.amount))

    @stateful.rule(goal=strategies.goals, how=st.sampled_from(["check", "file", "full"]))
    def run_without_effect(self, goal: Goal, how: str) -> None:
        plan = Plan(goal, drift_ms=self.drift_ms)
        changed = {"check": True} if how == "check" else {"broken_state": how}
        self.play([dataclasses.replace(plan, **changed)])

    @stateful.rule(amount=strategies.manual_amounts, order_id=strategies.orders)
    def the_owner_repays(self, amount: str | None, order_id: str) -> None:
        self.world.owner_repays(order_id, amount)
        self.world.pass_time(3)

    @stateful.rule(duration_ms=strategies.durations)
    def time_passes(self, duration_ms: int) -> None:
        self.world.pass_time(duration_ms)

    @stateful.precondition(lambda self: self.doubts)
    @stateful.rule(data=st.data())
    def a_human_looks_and_acknowledges(self, data: st.DataObject) -> None:
        intent = data.draw(st.sampled_from(sorted(self.doubts, key=lambda name: self.doubts[name][1] or 0)))
        self._acknowledge(intent, data.draw(strategies.goals))

    def teardown(self) -> None:
        if not self.has_failed:
            self._heal_and_account()
            self.stage.tally.update(self.own)
            self.stage.tally.add_schedule(self.world.facts)

    # How it is checked.

    def order(self, faults: list[dict[str, t.Any]]) -> None:
        for fault in faults:
            self.world.order_fault(fault)

    def play(
        self, plans: list[Plan], choices: Choices | None = None, meddling: Meddling | None = None
    ) -> list[Run]:
        world, first = self.world, len(self.world.facts.runs)
        meddled = len(world.facts.meddled)
        try:
            runs = world.play(plans, choices, meddling)
            taken: list[int] = []
            for run in runs:
                if self.asks.begin(run, taken):
                    taken.append(run.index)
        except Exception as error:
            self._fail([f"the suite itself failed in run {first}: {error!r}"], error)
        wrong: list[str] = []
        for run in sorted(runs, key=lambda run: run.ended_at or 0):
            self.asks.end(run, world.facts)
            wrong += oracle.after_run(run, world.facts)
            if run.outcome == "unknown" and run.result:
                self.doubts[run.result["intent"]] = (run.plan.goal.order_id, run.result.get("sent_at_ms"))
        wrong += oracle.always(world.facts, self.asks) + oracle.on_disk(world.files(), [KEY, SECRET])
        if wrong:
            self._fail(wrong)
        for run in runs:
            self.own.add_run(run, world.facts)
        self.own["owner repaid during a run"] += len(world.facts.meddled) > meddled
        return runs

    def _acknowledge(self, intent: str, goal: Goal) -> Run:
        """Somebody looks into the exchange's books, when nothing can come any more, and tells the module to forget."""
        order_id, timestamp = self.doubts.pop(intent)
        self.world.pass_time(60_000)
        self.world.look()
        looked_at = [post for post in self.world.facts.posts_on(order_id) if post.timestamp == timestamp]
        self.asks.human_looked(looked_at, self.world.facts)
        self.own["acknowledged"] += 1
        goal = Goal(order_id, goal.amount) if goal.order_id != order_id else goal
        return self.play([Plan(goal, acknowledge=intent, drift_ms=self.drift_ms)])[0]

    def _heal_and_account(self) -> None:
        """After everything is healed, every ask must come to a known end, and the ledger must hold what was told."""
        world = self.world
        world.tell("the end: everything heals")
        world.heal()
        world.pass_time(_LONG_MS)
        for dummy in range(2 + 2 * len(self.asks.open())):
            asks = self.asks.open()
            if not asks:
                break
            [run] = self.play([Plan(asks[0].goal)])
            if run.outcome == "unknown":
                run = self._acknowledge((run.result or {})["intent"], asks[0].goal)
            if run.outcome == "not_executed" and not run.posts and self._is_too_much(asks[0].goal):
                asks[0].is_open = False
        self._settle_the_rest()
        self._meet_since()
        wrong = oracle.at_the_end(world.facts, self.asks)
        if wrong:
            self._fail(wrong)

    def _settle_the_rest(self) -> None:
        """Intents whose asks were answered otherwise are told of by whoever comes next."""
        for order_id in sorted({post.order_id for post in self.world.facts.posts}):
            told = self.asks.told
            entries = [e for e in self.world.facts.entries_on(order_id) if e.source == "api" and e.lives]
            if any(entry.repay_id not in told for entry in entries):
                self.play([Plan(Goal(order_id, "0.5"))])

    def _meet_since(self) -> None:
        for goal in sorted({run.plan.goal for run in self.world.facts.runs if run.since}, key=repr):
            self.world.look()
            paid = self.world.facts.paid_since(goal.order_id, goal.since_ms or 0)
            # Whoever asks for more than is owed is refused, and would ask in vain for ever.
            if self._is_too_much(Goal(goal.order_id, str(Decimal(goal.amount) - paid))):
                continue
            # The first may be answered by what an earlier run has left open, the second has to meet the goal.
            for dummy in range(3):
                [run] = self.play([Plan(goal)])
                if run.outcome == "nothing_to_do":
                    break
            paid = self.world.facts.paid_since(goal.order_id, goal.since_ms or 0)
            if paid < Decimal(goal.amount) or run.outcome != "nothing_to_do":
                self._fail([f"{paid} was paid for {goal} in the end, and the last run told {run.outcome}"])

    def _is_too_much(self, goal: Goal) -> bool:
        return self.world.facts.debts.get(goal.order_id, Decimal(0)) < Decimal(goal.amount)

    def _fail(self, wrong: list[str], cause: Exception | None = None) -> t.NoReturn:
        self.has_failed = True
        counts = self.stage.counts
        counts.setdefault("failed", counts["begun"])
        ledger = [f"    {entry}" for entry in self.world.facts.ledger.values() if entry.source != "seed"]
        story = [f"The schedule (times in seconds since {START_MS}):", *self.world.trace, "  ledger:", *ledger]
        raise Violation("\n".join([*wrong, "", *story])) from cause

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state machine, any sequence of whose rules is a schedule."""

from __future__ import annotations

import dataclasses
import typing as t

from hypothesis import stateful
from hypothesis import strategies as st

from . import strategies, surroundings
from .actor import Choices
from .aims import goals_on
from .checked import CheckedSchedule
from .goals import Goal, Kill, Loss, Plan
from .owner import JournalLoss, LockLoss, OwnerAct, like
from .products import DEBT, FLEXIBLE, HISTORY, Loan
from .standin import HOUR_MS, START_MS, TURN_MS

_UNTIL_DELAY_MS = 5000


class Schedule(CheckedSchedule):
    """One schedule."""

    @stateful.initialize(focus=strategies.focuses, exchange=strategies.exchanges, cannot_read_wallet=strategies.without_wallet, is_shared=strategies.shared)
    def choose(self, focus: str, exchange: dict[str, t.Any], cannot_read_wallet: bool, is_shared: bool) -> None:
        self.focus = focus
        self.world.switch(exchange)
        if is_shared:
            self.share_journal()
        if cannot_read_wallet:
            self.world.use_key_without_wallet()

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

    @stateful.rule(chosen=strategies.showings)
    def the_exchange_shows_it_otherwise(self, chosen: dict[str, t.Any]) -> None:
        self.world.switch(chosen)

    # What the users do.

    @stateful.rule(
        faults=strategies.faults(), data=st.data(), choices=strategies.quiet_choices, owner_act=strategies.owner_acts
    )
    def run(
        self, faults: list[dict[str, t.Any]], data: st.DataObject, choices: Choices, owner_act: OwnerAct | None
    ) -> None:
        self.order(faults)
        self.play([data.draw(strategies.plans(self.drift_ms))], choices, owner_act)

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
        owner_act=strategies.owner_acts,
    )
    def run_at_once(
        self, faults: list[dict[str, t.Any]], data: st.DataObject, choices: Choices, same: bool,
        owner_act: OwnerAct | None,
    ) -> None:
        self.order(faults)
        plans = data.draw(st.lists(strategies.plans(self.drift_ms), min_size=2, max_size=3))
        if same:
            plans = [dataclasses.replace(plan, goal=plans[0].goal) for plan in plans]
        self.play(plans, choices, owner_act)

    @stateful.rule(faults=st.lists(strategies.lost_posts(), min_size=2, max_size=2), goal=strategies.goals)
    def run_into_lost_answers(self, faults: list[dict[str, t.Any]], goal: Goal) -> None:
        self.order(faults)
        for dummy in faults:
            self.play([Plan(goal, drift_ms=self.drift_ms)])

    @stateful.rule(fault=strategies.lost_posts(), use=st.sampled_from([HISTORY, DEBT]), goal=strategies.goals)
    def run_into_a_lost_answer_and_see_nothing(self, fault: dict[str, t.Any], use: str, goal: Goal) -> None:
        failing = {"method": "GET", "use": use, "answer": "html_502", "skip": 1, "times": 0}
        self.order([fault, failing])
        self.play([Plan(goal, drift_ms=self.drift_ms)])
        self.world.heal()

    @stateful.rule(
        fault=strategies.shown_late, first=strategies.goals, data=st.data(), wait=st.booleans(),
        timeouts=st.tuples(st.sampled_from([60, 3, 60, 12]), st.sampled_from([60, 60, 3])),
    )
    def run_again_before_it_shows(
        self, fault: dict[str, t.Any], first: Goal, data: st.DataObject, wait: bool, timeouts: tuple[int, int]
    ) -> None:
        self.order([fault])
        self.play([Plan(first, wait=wait, wait_timeout=timeouts[0], drift_ms=self.drift_ms)])
        then = data.draw(strategies.any_goal_on(first.loan))
        self.play([Plan(then, wait_timeout=timeouts[1], drift_ms=self.drift_ms)])

    @stateful.rule(fault=strategies.lost_posts(), goal=strategies.plain_goals, after_steps=st.integers(30, 72))
    def run_beside_somebody_who_pays_the_same(self, fault: dict[str, t.Any], goal: Goal, after_steps: int) -> None:
        self.order([fault])
        self.play([Plan(goal, drift_ms=self.drift_ms)], None, like(goal, after_steps))

    @stateful.rule(
        before_ms=strategies.before_turns, lost=st.sampled_from(["none", "first", "second"]),
        fault=strategies.lost_posts(), goal=st.one_of(strategies.debt_goals, strategies.goals),
    )
    def run_while_the_hour_turns(self, before_ms: int, lost: str, fault: dict[str, t.Any], goal: Goal) -> None:
        self.world.pass_time((TURN_MS - before_ms - (self.world.now - START_MS)) % HOUR_MS)
        self.order({"none": [], "first": [fault], "second": [{"method": "POST"}, fault]}[lost])
        self.play([Plan(goal, drift_ms=self.drift_ms)])

    @stateful.precondition(lambda self: self.focus == FLEXIBLE)
    @stateful.rule(
        fault=strategies.lost_posts(), delay_ms=st.sampled_from([20_000, 90_000, 3000]), data=st.data(),
        after_steps=st.integers(16, 72), amount=strategies.borrowed,
    )
    def run_beside_somebody_who_borrows(
        self, fault: dict[str, t.Any], delay_ms: int, data: st.DataObject, after_steps: int, amount: str
    ) -> None:
        self.order([{**fault, "history_delay_ms": delay_ms} if fault["commit"] else fault])
        goal = data.draw(strategies.goals)
        self.play([Plan(goal, drift_ms=self.drift_ms)], None, OwnerAct(after_steps, goal.loan, amount, borrows=True))

    # The surroundings of the runs.

    @stateful.rule(fate=surroundings.fates_of_keys)
    def the_key_is_replaced(self, fate: str) -> None:
        self.world.replace_key(fate)
        self.own["key replaced"] += 1
        self.own["key replaced while something was in doubt"] += bool(self.doubts)

    @stateful.rule(
        faults=strategies.faults(), data=st.data(), choices=strategies.choices, same=st.booleans(), gone=surroundings.lock_losses,
    )
    def run_at_once_and_lose_the_lock(
        self, faults: list[dict[str, t.Any]], data: st.DataObject, choices: Choices, same: bool, gone: LockLoss
    ) -> None:
        self.order(faults)
        plans = data.draw(st.lists(strategies.plans(self.drift_ms), min_size=1, max_size=3))
        if same:
            plans = [dataclasses.replace(plan, goal=plans[0].goal) for plan in plans]
        self.play(plans, choices, gone)

    @stateful.rule(
        faults=strategies.faults(), data=st.data(), goal=strategies.named_goals, choices=strategies.choices, at_once=st.integers(1, 3),
        pause_ms=surroundings.later, other=st.one_of(st.none(), st.none(), strategies.named_goals),
    )
    def run_under_a_reference_and_run_again(
        self, faults: list[dict[str, t.Any]], data: st.DataObject, goal: Goal, choices: Choices, at_once: int, pause_ms: int, other: Goal | None
    ) -> None:
        self.order(faults)
        plans = [data.draw(strategies.plans(self.drift_ms)) for dummy in range(at_once)]
        self.play([dataclasses.replace(plan, goal=goal, at_most=None) for plan in plans], choices)
        self.world.pass_time(pause_ms)
        again = dataclasses.replace(data.draw(strategies.plans(self.drift_ms)), goal=goal, at_most=None)
        if other is not None:
            # Sometimes, the same reference for something else.
            again = dataclasses.replace(again, goal=dataclasses.replace(other, reference=goal.reference))
        self.play([again])

    @stateful.rule(fault=strategies.lost_posts(), goal=strategies.goals, how=surroundings.damages, data=st.data())
    def run_with_a_damaged_journal(self, fault: dict[str, t.Any], goal: Goal, how: str, data: st.DataObject) -> None:
        self.order([fault])
        self.play([Plan(goal, kill=Kill("post", 2), drift_ms=self.drift_ms)])
        self.own["journal damaged"] += self.world.damage_journal(how)
        then = data.draw(strategies.any_goal_on(goal.loan))
        self.play([Plan(then, drift_ms=self.drift_ms)])

    @stateful.rule(faults=strategies.faults(), data=st.data(), gone=surroundings.journal_losses)
    def run_and_lose_the_journal(self, faults: list[dict[str, t.Any]], data: st.DataObject, gone: JournalLoss) -> None:
        self.order(faults)
        [run] = self.play([data.draw(strategies.plans(self.drift_ms))], None, gone)
        self.own["journal lost"] += run.lost_journal_at is not None

    @stateful.precondition(lambda self: self.world.journal.is_damaged)
    @stateful.rule()
    def somebody_removes_a_damaged_journal(self) -> None:
        self.remove_journal()

    @stateful.rule(
        faults=strategies.faults(), goal=strategies.goals, loss=surroundings.losses, pause_ms=surroundings.later, data=st.data(),
    )
    def run_for_nobody_and_run_again(
        self, faults: list[dict[str, t.Any]], goal: Goal, loss: Loss, pause_ms: int, data: st.DataObject
    ) -> None:
        self.order(faults)
        self.play([Plan(goal, loss=loss, drift_ms=self.drift_ms)])
        self.world.pass_time(pause_ms)
        then = data.draw(st.sampled_from([goal, goal, *goals_on(goal.loan)]))
        self.play([Plan(then, drift_ms=self.drift_ms)])

    @stateful.rule(
        goal=strategies.goals, copy=st.one_of(st.none(), surroundings.copies), pause_ms=surroundings.pauses,
        amount=strategies.manual_amounts,
    )
    def run_while_the_gate_is_closed(
        self, goal: Goal, copy: dict[str, t.Any] | None, pause_ms: int, amount: str | None
    ) -> None:
        self.order([surroundings.turned_away(self.world.now, pause_ms, **(copy or {}))])
        during = None if copy else OwnerAct(0, goal.loan, amount, in_pause=True)
        self.play([Plan(goal, drift_ms=self.drift_ms)], None, during)

    @stateful.rule(goal=strategies.goals, how=st.sampled_from(["check", "file", "full"]))
    def run_without_effect(self, goal: Goal, how: str) -> None:
        plan = Plan(goal, drift_ms=self.drift_ms)
        changed = {"check": True} if how == "check" else {"broken_state": how}
        self.play([dataclasses.replace(plan, **changed)])

    @stateful.rule(amount=strategies.manual_amounts, loan=strategies.loans)
    def the_owner_repays(self, amount: str | None, loan: Loan) -> None:
        self.world.act_as_owner(OwnerAct(0, loan, amount))
        self.world.pass_time(3)

    @stateful.rule(duration_ms=strategies.durations)
    def time_passes(self, duration_ms: int) -> None:
        self.world.pass_time(duration_ms)

    @stateful.precondition(lambda self: self.doubts)
    @stateful.rule(data=st.data())
    def a_human_looks_and_acknowledges(self, data: st.DataObject) -> None:
        intent = data.draw(st.sampled_from(sorted(self.doubts, key=lambda name: self.doubts[name][1] or 0)))
        self.acknowledge(intent, data.draw(st.sampled_from(goals_on(self.doubts[intent][0]))))

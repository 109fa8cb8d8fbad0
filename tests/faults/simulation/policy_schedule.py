# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A schedule of runs of a policy. The laws are checked after each run, and at the end everything heals and has to add up."""

from __future__ import annotations

import typing as t

from . import oracle, policy_laws
from .actor import Choices
from .checked import Stage, Violation
from .goals import Kill, Plan
from .owner import Event
from .policies import PolicyGoal, small_account
from .runs import Run
from .standin import KEY, SECRET
from .starting import clean_folder
from .world import World

# A run can find only so much out, until everything has healed.
_MOST_RUNS = 12
# A repayment that failed is in process for the product until 60 times the settle_margin have passed.
_PAUSE_MS = 120_000


class Undisturbed(t.NamedTuple):
    """What runs of a policy do if nothing goes wrong: first one that moves everything, then one that has nothing to do."""

    first: Run
    moved: policy_laws.Moved


class PolicySchedule:
    """One schedule.

    :ivar goal: The policy, with the path of the plan if it has one.
    """

    _undisturbed: t.ClassVar[dict[str, Undisturbed]] = {}

    def __init__(self, stage: Stage, policy: PolicyGoal, is_shared: bool = False, has_file: bool = False) -> None:
        self.stage, self._is_shared = stage, is_shared
        if policy.name not in self._undisturbed:
            self._begin()
            runs = [self.world.play([Plan(policy)])[0] for dummy in range(2)]
            assert [(run.failed, (run.result or {}).get("changed")) for run in runs] == [(False, True), (False, False)], self.world.trace
            self._undisturbed[policy.name] = Undisturbed(runs[0], policy_laws.moved(self.world.recording))
        self._begin()
        self.expected = self._undisturbed[policy.name]
        self.goal = policy
        if has_file:
            # Beside the journal, so that reading it is a step, too.
            self.goal = policy.with_file(str(stage.folder / "plan.json"))
            self.plan_again()

    def _begin(self) -> None:
        clean_folder(self.stage.folder)
        self.world = World(self.stage.standin, self.stage.folder, small_account())
        if self._is_shared:
            self.world.share_journal(*self.stage.shared())

    def plan_again(self) -> None:
        assert self.goal.plan_file is not None
        [run] = self.play(Plan(self.goal.with_file(self.goal.plan_file, "plan")))
        assert not run.failed or run.result, self.world.trace

    def order(self, number: int = 0, **fault: t.Any) -> None:
        """Add a fault to a request that moves money, by its number in a run."""
        for dummy in range(number):
            self.world.order_fault({"method": "POST"})
        self.world.order_fault({"method": "POST", **fault})

    def order_read(self, path: str, **fault: t.Any) -> None:
        self.world.order_fault({"method": "GET", "path": path, **fault})

    def play(self, *plans: Plan, choices: Choices | None = None, event: Event | None = None) -> list[Run]:
        world = self.world
        runs = world.play(plans, choices, event)
        wrong = [said for run in runs for said in policy_laws.after_run(run, world.recording)]
        self._check([*wrong, *policy_laws.always(world.recording, self.expected.moved), *oracle.keeps_secrets(world.files(), (KEY, SECRET))])
        return runs

    def run(self, kill: Kill | None = None, **manner: t.Any) -> Run:
        return self.play(Plan(self.goal, kill=kill, **manner))[0]

    def end(self) -> None:
        """Heal everything, run until nothing is left to do, and check what all runs have done together."""
        self.world.heal()
        for number in range(_MOST_RUNS):
            run = self.run()
            if self._is_applied_or_stale(run):
                self.goal = self.goal if self.goal.plan_file is None else self._anew()
            elif not run.failed and not (run.result or {})["changed"]:
                break
            elif number:
                self.world.pass_time(_PAUSE_MS)
        else:
            self._check([f"after {_MOST_RUNS} runs, there is no end"])
        self._check(policy_laws.at_the_end(self.world.recording, self.expected.moved, self.world.journal.open_intents()))

    def _is_applied_or_stale(self, run: Run) -> bool:
        return self.goal.plan_file is not None and run.failed and (run.result or {})["msg"].startswith(("plan_file was applied", "plan_file cannot be applied"))

    def _anew(self) -> PolicyGoal:
        self.plan_again()
        return self.goal

    def _check(self, wrong: list[str]) -> None:
        if wrong:
            raise Violation("\n".join([*wrong, "What happened:", *self.world.trace]))

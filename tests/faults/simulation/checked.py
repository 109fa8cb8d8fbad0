# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all schedules have in common: the oracle checks each run, and at the end everything heals and has to add up."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal
from pathlib import Path

from hypothesis import stateful
from postgres import Server

from . import aims, levels, oracle
from .actor import Choices
from .asks import Asks
from .goals import Goal, Plan
from .ledger import API, share_ltv
from .owner import Event
from .products import LEGACY, PRODUCTS, REPAID, TAKE_BACK, WALLETS, Loan
from .runs import Run
from .shown import is_gone
from .standin import HOUR_MS, KEY, KEY_WITHOUT_WALLET, SECRET, SECRET_WITHOUT_WALLET, START_MS, TURN_MS, StandIn
from .tally import Tally
from .starting import clean_folder
from .world import World

_LONG_MS = 3_600_000
# Below the LTV up to which the exchange returns collateral.
_MOST_LTV = "0.79"
_SECRETS = (KEY, SECRET, KEY_WITHOUT_WALLET, SECRET_WITHOUT_WALLET)


class Violation(AssertionError):
    """A law was broken."""


class Stage(t.NamedTuple):
    """What all schedules in a process share."""

    standin: StandIn
    folder: Path
    tally: Tally
    # The number of schedules that have begun, and the number of the first one that failed.
    counts: dict[str, int]
    # A database server and the URL of its database, started when first needed.
    shared: t.Callable[[], tuple[Server, str]]


class CheckedSchedule(stateful.RuleBasedStateMachine):
    """One schedule, whatever happens in it.

    :ivar focus: The product that most of the schedule is about.
    """

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.stage.counts["begun"] = self.stage.counts.get("begun", 0) + 1
        clean_folder(self.stage.folder)
        self.world = World(self.stage.standin, self.stage.folder)
        self.asks = Asks()
        self.drift_ms = 0
        self.has_failed = False
        # The intents that a run reported as unknown: the loan and the timestamp of the request, by intent ID.
        self.doubts: dict[str, tuple[Loan, int | None]] = {}
        self.own: Tally = Tally()
        self.focus = LEGACY

    def teardown(self) -> None:
        if not self.has_failed:
            self._heal_and_check()
            self.stage.tally.update(self.own)
            self.stage.tally.add_schedule(self.world.recording)

    def share_journal(self) -> None:
        """Make the runs use a database instead of a file."""
        self.world.share_journal(*self.stage.shared())
        self.own["journal on a server"] += 1

    def order(self, faults: list[dict[str, t.Any]]) -> None:
        """Add faults to the next calls; a read is named by its use for the focused product."""
        reads = PRODUCTS[self.focus].reads
        for fault in faults:
            path = {"path": reads[fault["use"]]} if "use" in fault else {}
            self.world.order_fault({**{name: value for name, value in fault.items() if name != "use"}, **path})

    def play(
        self, plans: list[Plan], choices: Choices | None = None, *events: Event | None
    ) -> list[Run]:
        world, first = self.world, len(self.world.recording.runs)
        repaid, borrowed = len(world.recording.owner_repaid), len(world.recording.borrowed)
        try:
            runs = world.play(plans, choices, *events)
            taken: list[int] = []
            for run in runs:
                if self.asks.begin(run, taken):
                    taken.append(run.index)
        except Exception as error:
            self._fail([f"the suite itself failed in run {first}: {error!r}"], error)
        wrong: list[str] = []
        for run in sorted(runs, key=lambda run: run.ended_at or 0):
            self.asks.end(run, world.recording)
            wrong += oracle.after_run(run, world.recording)
            if run.outcome == "unknown" and run.result and run.details["intent"] and run.reached_user:
                self.doubts[run.details["intent"]] = (run.plan.goal.loan, run.subject[0])
        wrong += oracle.always(world.recording, self.asks) + oracle.keeps_secrets(world.files(), _SECRETS)
        if wrong:
            self._fail(wrong)
        for run in runs:
            self.own.add_run(run, world.recording)
        self.own["owner repaid during a run"] += len(world.recording.owner_repaid) > repaid
        self.own["owner borrowed during a run"] += len(world.recording.borrowed) > borrowed
        return runs

    def acknowledge(self, intent: str, goal: Goal) -> Run:
        """Let a person look the repayment up at the exchange, when nothing can change any more, and acknowledge it."""
        loan, timestamp = self.doubts.pop(intent)
        # By then, whatever faults have hidden is visible.
        self.world.pass_time(300_000)
        self.world.update_recording()
        looked_at = [post for post in self.world.recording.posts_on(loan) if post.timestamp == timestamp]
        self.asks.settled_by_hand(looked_at, self.world.recording)
        self.own["acknowledged"] += 1
        return self.play([Plan(goal, acknowledge=intent, drift_ms=self.drift_ms)])[0]

    def remove_journal(self) -> None:
        """Let a person look up all repayments, as in C(acknowledge), and remove the unreadable journal with its lock files."""
        self.world.pass_time(300_000)
        self.world.update_recording()
        recording = self.world.recording
        self.asks.settled_by_hand([post for post in recording.posts if post.repay_id not in self.asks.reported], recording)
        recording.looked_up |= {post.timestamp for post in recording.posts}
        recording.journals_removed.append(len(recording.runs))
        self.doubts.clear()
        self.world.journal.remove()
        self.world.log("somebody removes the journal")
        self.own["journal removed"] += 1

    def _heal_and_check(self) -> None:
        """Heal everything, bring every ask to a known end, and check that the reports match the ledger."""
        world = self.world
        world.log("the end: everything heals")
        world.heal()
        world.show_as_usual()
        world.pass_time(_LONG_MS)
        if world.journal.is_damaged:
            self.remove_journal()
        for dummy in range(2 + 2 * len(self.asks.open())):
            asks = self.asks.open()
            if not asks:
                break
            [run] = self.play([Plan(asks[0].goal)])
            if run.outcome == "unknown":
                run = self.acknowledge(run.details["intent"], asks[0].goal)
            if run.outcome == "not_executed" and not run.posts and self._is_too_much(asks[0].goal):
                asks[0].is_open = False
            elif run.outcome == "not_executed":
                self._settle_others(asks[0].goal)
        self._settle_the_rest()
        self._meet_goals()
        wrong = oracle.everybody_knows(world.recording, self.asks)
        if wrong:
            self._fail(wrong)

    def _settle_others(self, goal: Goal) -> None:
        """Settle other intents that change the same LTV, because a run for an LTV is refused while such an outcome is unknown."""
        noted = {one.loan for one in self.world.journal.open_intents()} if goal.limit is not None else set()
        for loan in sorted(loan for loan in noted if loan != goal.loan and share_ltv(loan, goal.loan)):
            [run] = self.play([Plan(aims.probe(loan))])
            if run.outcome == "unknown":
                self.acknowledge(run.details["intent"], aims.probe(loan))

    def _settle_the_rest(self) -> None:
        """Run once more wherever an intent is unreported because its ask was answered in another way."""
        for loan in sorted({post.loan for post in self.world.recording.posts}):
            entries = [e for e in self.world.recording.entries_on(loan) if e.source == API and e.is_paid]
            if any(entry.repay_id not in self.asks.reported for entry in entries):
                self.play([Plan(aims.probe(loan))])

    def _meet_goals(self) -> None:
        """Check that each goal is met by one payment now, and that the next run pays nothing."""
        for goal in sorted({run.plan.goal for run in self.world.recording.runs if run.plan.goal.is_declarative}, key=repr):
            self.world.update_recording()
            # A request for more than the debt is always refused.
            if self._is_too_much(goal):
                continue
            runs: list[Run] = []
            refused = 0
            # An earlier run's open intent may answer the first run, and the second one has to meet the goal. A full hour in
            # between takes one more run.
            while len(runs) < 4 and not (runs and runs[-1].outcome == "nothing_to_do"):
                runs += self.play([Plan(goal)])
                if runs[-1].outcome == "unknown":
                    self.acknowledge(runs.pop().details["intent"], goal)
                elif runs[-1].outcome == "not_executed" and not runs[-1].posts and not refused:
                    # A run may distrust a debt that it reads so soon after a repayment, so repeat it once, later.
                    runs.pop()
                    refused += 1
                    self.world.pass_time(_LONG_MS)
                    self._settle_others(goal)
            wrong = oracle.comes_to_rest(goal, runs, self._turned(runs))
            if wrong:
                self._fail(wrong)

    def _turned(self, runs: list[Run]) -> bool:
        """Check whether an hour of interest or of the clock has passed since the first of these runs began."""
        begun, now = runs[0].began_at, self.world.now
        return any((begun - turn) // HOUR_MS < (now - turn) // HOUR_MS for turn in (START_MS + TURN_MS, 0))

    def _is_too_much(self, goal: Goal) -> bool:
        """Check whether a goal cannot be met because it takes more than the debt on its loan."""
        recording = self.world.recording
        owed, books = recording.owed(goal.loan), recording.books
        if goal.limit is not None and any(e.loan != goal.loan and share_ltv(e.loan, goal.loan) and is_gone(e) for e in recording.ledger.values()):
            # Until somebody acknowledges an operation that the history never shows, nobody can know the LTV.
            return True
        if goal.move != REPAID:
            return self._lacks_collateral(goal)
        if goal.max_ltv is not None:
            # Half a dollar covers the exchange's rounding.
            debt, collateral = books.ltv_of(goal.loan)
            return debt - owed + Decimal("0.5") > Decimal(goal.max_ltv) * collateral
        if goal.amount is None:
            return False
        paid = recording.paid_since(goal.loan, goal.since_ms) if goal.since_ms is not None else Decimal(0)
        return owed < Decimal(goal.amount) - paid

    def _lacks_collateral(self, goal: Goal) -> bool:
        """Check whether there is too little collateral to take back, no loan to pledge for, or no permission to transfer."""
        books, loan = self.world.recording.books, goal.loan
        if loan.product == WALLETS and self.world.recording.cannot_read_wallet:
            # Such a key does not have the permission to transfer either.
            return True
        if self.world.recording.is_closed(loan):
            return goal.amount is not None
        if goal.move == TAKE_BACK and goal.amount is not None:
            least = levels.needed_coins(books, dataclasses.replace(goal, amount=None, min_ltv=_MOST_LTV))
            return books.pledged.get(loan, Decimal(0)) - Decimal(goal.amount) < least
        return False

    def _fail(self, wrong: list[str], cause: Exception | None = None) -> t.NoReturn:
        self.has_failed = True
        counts = self.stage.counts
        counts.setdefault("failed", counts["begun"])
        ledger = [f"    {entry}" for entry in self.world.recording.ledger.values() if entry.source != "seed"]
        story = [f"The schedule (times in seconds since {START_MS}):", *self.world.trace, "  ledger:", *ledger]
        raise Violation("\n".join([*wrong, "", *story])) from cause

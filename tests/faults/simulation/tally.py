# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How often each kind of event happened in all schedules, to ensure that they include everything that matters."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from . import oracle
from .goals import Goal
from .products import COLLATERAL, LEDGER, WALLETS
from .recording import Recording
from .runs import Run
from .shown import lateness
from .switches import DEFAULTS

_MOVES = (
    *(f"{product} {move}" for product in COLLATERAL for move in ("add", "take back")), *(f"{WALLETS} {move}" for move in ("to fund", "to unified")),
)
# If one of these never happened, the suite would pass for the wrong reason.
REQUIRED = (
    "outcome executed", "outcome pending", "outcome not_executed", "outcome unknown", "outcome nothing_to_do",
    "outcome planned", "recovered by the same run", "recovered by a later run",
    "earlier executed", "earlier not_executed",
    "late packet accepted", "late packet refused", "killed between POST and closing", "killed before the POST",
    "killed after the result was out", "lock wait", "unknown because of wait_timeout", "unknown because of reads",
    "unknown because of twin", "unknown because of late", "acknowledged", "since met", "since shortfall sent",
    "journal cannot be written", "owner repaid during a run", "until: more than one run",
    "POST close", "POST reset", "POST truncate", "POST html_502", "POST html_200", "POST not_json",
    "POST ret_code 10006", "POST HTTP 503",
    "ledger: failed in the end", "GET refused or broken", "clock wrong by more than a minute",
    "clock_syncs", "rate_limits",
    "GET changed", "POST changed", "wallet's ledger read", "key without wallet", "unknown because of changed",
    *(f"switched {name}" for name in DEFAULTS),
    # The surroundings of the runs.
    "key replaced", "key replaced while something was in doubt", "run with another key", "run with a key that has ended",
    "run at another address", "lock lost", "two runs side by side without a lock",
    "reference: answered", "reference: recovered", "reference: refused for something else", "reference: refused for given up",
    "journal on a server", "journal damaged", "journal lost", "journal unreadable",
    "journal removed",
    "reader gone: nothing sent", "reader gone: sent before", "reported to nobody", "output taken into a buffer",
    "error inside: unknown", "capped", "gate: decided anew", "gate: another copy was executed", "gate: the owner repaid meanwhile",
    "interest paid by a second repayment", "owner borrowed during a run", "unknown because of borrowed",
    # Each goal was paid for in each possible way.
    "paid: legacy amount", "paid: legacy amount since", "paid: legacy max_debt", "paid: legacy max_debt 0",
    "paid: legacy max_ltv",
    "paid: flexible amount", "paid: flexible amount since", "paid: flexible max_debt", "paid: flexible max_debt 0",
    "paid: flexible max_ltv", "paid: flexible from collateral amount", "paid: flexible from collateral amount since",
    "paid: flexible from collateral max_debt", "paid: fixed all",
    *(f"paid: {product} {what}" for product in COLLATERAL for what in ("add amount", "add max_ltv", "take back amount", "take back min_ltv")),
    "paid: wallets to fund amount", "paid: wallets to fund ensure", "paid: wallets to unified amount",
    # Each way of paying met everything that matters.
    *(
        f"{way}: {what}"
        for way in ("legacy", "flexible", "flexible from collateral", "fixed", *_MOVES)
        for what in (
            "executed", "not_executed", "unknown", "nothing_to_do", "recovered", "killed with its POST sent",
            "POST lost and executed", "POST lost and not executed",
        )
    ),
)


class Tally(Counter):
    """How often each kind of event happened."""

    def add_run(self, run: Run, recording: Recording) -> None:
        if run.killed:
            self._add_kill(run)
        if run.result:
            self._add_result(run, recording)
        self["runs"] += 1
        self["GET refused or broken"] += sum(1 for read in run.reads if not read.clean and not read.changed)
        self["GET changed"] += sum(1 for read in run.reads if read.changed)
        self["POST changed"] += sum(1 for post in run.posts if post.changed)
        self["wallet's ledger read"] += any(read.use == LEDGER for read in run.reads)
        self["lock wait"] += bool(run.lock_waits)
        self["check mode"] += run.plan.check
        self["journal cannot be written"] += run.plan.broken_state is not None
        self["clock wrong by more than a minute"] += abs(run.plan.drift_ms) >= 60_000
        for post in run.posts:
            self[f"POST {_name(post.answer)}"] += 1
        self._add_way(run)
        self._add_second(run)
        self._add_surroundings(run, recording)

    def _add_surroundings(self, run: Run, recording: Recording) -> None:
        plan = run.plan
        self["run with another key"] += plan.key == "second"
        is_refused = run.has_reported and not run.posts and "api_key" in (run.result or {})["msg"]
        self["run with a key that has ended"] += plan.key == "old" and is_refused
        self["run at another address"] += plan.is_at_other_address
        self["lock lost"] += run.has_lost_lock
        others = [one for one in recording.runs if one.index != run.index and one.plan.goal.loan == plan.goal.loan]
        beside = [one for one in others if one.locked_at]
        self["two runs side by side without a lock"] += run.has_lost_lock and any(
            run.began_at <= (one.locked_at or 0) < (run.ended_at or 0) for one in beside if (run.locked_at or 0) <= (one.locked_at or 0)
        )
        self["reference: answered"] += run.is_answered
        self["reference: recovered"] += bool(plan.goal.reference and run.details.get("recovered"))
        self[f"reference: refused for {run.refusal_of_reference}"] += bool(run.refusal_of_reference)
        self["journal unreadable"] += run.has_lost_journal and run.outcome == "unknown"
        if run.orphaned_at is not None:
            self[f"reader gone: {'sent before' if run.posts else 'nothing sent'}"] += 1
        self["reported to nobody"] += run.has_reported and not run.reached_user and not plan.is_buffered
        self["output taken into a buffer"] += plan.is_buffered
        if run.has_defect:
            self[f"error inside: {run.outcome}"] += 1
        self["capped"] += plan.at_most is not None and any(post.amount == Decimal(plan.at_most) for post in run.posts)
        turned = [post for post in run.posts if post.is_turned_away]
        self["gate: decided anew"] += bool(turned) and turned[0] is not run.posts[-1]
        self["gate: another copy was executed"] += any(post.committed for post in turned)
        self["gate: the owner repaid meanwhile"] += any(
            post.sent_at < at <= (run.ended_at or 0)
            for post in turned for at, loan in recording.owner_repaid if loan == post.loan
        )

    def _add_way(self, run: Run) -> None:
        """Count what happened to a way of paying."""
        way = _way(run.plan.goal)
        if run.has_reported:
            self[f"{way}: {run.outcome}"] += 1
        self[f"{way}: recovered"] += bool(run.details.get("recovered"))
        self[f"{way}: killed with its POST sent"] += run.killed and not run.has_reported and bool(run.posts)
        for post in run.posts:
            self[f"paid: {way} {_aim(run.plan.goal)}"] += post.committed
            if not post.answered and not post.late:
                self[f"{way}: POST lost and {'executed' if post.committed else 'not executed'}"] += 1

    def _add_second(self, run: Run) -> None:
        """Count second repayments, for interest that accrued meanwhile, and their outcomes."""
        if run.plan.goal.max_debt is None or len(run.decided) < 2:
            return
        self["interest paid by a second repayment"] += run.decided[1].committed
        self[f"failed after it had paid: {run.outcome}"] += run.failed and bool(run.made)

    def add_schedule(self, recording: Recording) -> None:
        self["schedules"] += 1
        self["key without wallet"] += recording.cannot_read_wallet
        for name in recording.switched:
            self[f"switched {name}"] += recording.is_switched(name)
        for post in recording.posts:
            if post.late:
                self[f"late packet {'accepted' if post.committed else 'refused'}"] += 1
            entry = recording.entry_of(post)
            if entry:
                self["ledger: failed in the end"] += not entry.is_paid
                history, debt = lateness(entry, recording)
                self["ledger: history late"] += 0 < history <= 10_000
                self["ledger: history later than settle_margin"] += history > 10_000
                self["ledger: debt late"] += 0 < debt <= 10_000

    def missing(self) -> list[str]:
        return [name for name in REQUIRED if not self[name]]

    def table(self) -> list[str]:
        width = max([len(name) for name in self], default=0)
        return [f"{name:<{width}}  {self[name]:>7}" for name in sorted(self) if self[name]]

    def _add_kill(self, run: Run) -> None:
        if run.has_reported:
            when = "after the result was out"
        elif run.posts:
            when = "between POST and closing"
        else:
            when = "before the POST"
        self[f"killed {when}"] += 1
        self[f"killed before step: {run.killed_before}"] += 1

    def _add_result(self, run: Run, recording: Recording) -> None:
        self[f"outcome {run.outcome}"] += 1
        if run.details.get("recovered"):
            own = any(post.timestamp == item["sent_at_ms"] for post in run.posts for item in run.made)
            self[f"recovered by {'the same' if own else 'a later'} run"] += 1
        for found in run.earlier:
            self[f"earlier {found['outcome']}"] += 1
        if run.outcome == "unknown":
            posts = recording.sent(run.plan.goal.loan, *run.subject)
            self[f"unknown because of {oracle.excuse_for_unknown(run, posts[-1], recording) if posts else 'unseen'}"] += 1
        if run.outcome == "pending":
            named = [recording.entry_with_id(item["repay_id"]) for item in run.made if item["outcome"] == "pending"]
            for entry in filter(None, named[:1]):
                self[f"pending because of {oracle.excuse_for_pending(run, entry, recording)}"] += 1
        if run.since:
            self["since met"] += run.outcome == "nothing_to_do"
            self["since shortfall sent"] += bool(run.posts)
        for name, value in (run.details.get("gate_retries") or {}).items():
            self[name] += bool(value)


def _name(answer: object) -> str:
    if not isinstance(answer, dict):
        return str(answer)
    if "ret_code" in answer:
        return f"ret_code {answer['ret_code']}"
    return f"HTTP {answer['http_status']}"


def _way(goal: Goal) -> str:
    """Return a name for the product and the source of the money."""
    if goal.move:
        return f"{goal.loan.product} {goal.move.replace('_', ' ')}"
    return goal.loan.product + (" from collateral" if goal.collateral else "")


def _aim(goal: Goal) -> str:
    """Return a name for the kind of goal; paying off is separate, because it closes the loan."""
    if goal.is_whole:
        return "all"
    if goal.max_debt is not None:
        return "max_debt 0" if goal.max_debt == "0" else "max_debt"
    if goal.max_ltv is not None:
        return "max_ltv"
    if goal.min_ltv is not None or goal.ensure is not None:
        return "min_ltv" if goal.min_ltv is not None else "ensure"
    return "amount since" if goal.since_ms is not None else "amount"

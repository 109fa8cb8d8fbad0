# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold, whatever happens: each check returns the sentences that say what is wrong.

Pure: no I/O.
"""

from __future__ import annotations

import typing as t

from . import lies, sending, telling
from .asks import Asks
from .excuses import for_believing_the_gate, twins
from .facts import Facts
from .ledger import API, OWNER
from .runs import Run
from .truth import was_taken_for


def after_run(run: Run, facts: Facts) -> list[str]:
    """Check one run that has just ended, and what it told."""
    wrong = telling.document(run)
    if not wrong and run.result is not None:
        wrong = telling.agreement(run, facts) + telling.truth(run, facts)
        for earlier in run.earlier:
            wrong += telling.earlier_repayment(earlier, run, facts)
    wrong += sending.sending(run, facts)
    return [f"run {run.index}: {sentence}" for sentence in wrong]


def always(facts: Facts, asks: Asks) -> list[str]:
    """Check the ledger against everything that was asked for and told so far."""
    return [*_ledger(facts, asks), *_still_not_executed(facts), *_told_once(facts)]


def at_the_end(facts: Facts, asks: Asks) -> list[str]:
    """Check, after everything was healed, that what was told and what stands in the ledger are the same."""
    made = {e.repay_id for e in facts.ledger.values() if e.source == API and e.lives}
    # Somebody who pays the same while the exchange hides ours is taken for us.
    for post in facts.posts:
        if any(entry.repay_id in asks.told and was_taken_for(entry, post, facts) for entry in twins(post, facts)):
            made.discard(post.repay_id or "")
        if for_believing_the_gate(post, facts):
            made.discard(post.repay_id or "")
    heard = [entry for entry in map(facts.named, asks.told) if entry is not None]
    told = {entry.repay_id for entry in heard if entry.lives and entry.source != OWNER}
    # Who hears a wrong id was told of a repayment, too.
    untold = set() if lies.ID in facts.lies else made - told
    wrong = [f"nobody was told of repayment {repay_id}" for repay_id in sorted(untold)]
    return wrong + [f"the ask for {ask.goal} is still open" for ask in asks.open()]


def on_disk(files: t.Iterable[tuple[str, int, bytes]], secrets: t.Iterable[str]) -> list[str]:
    """Check name, mode and content of what a run leaves behind."""
    wrong = []
    for name, mode, content in files:
        if mode != 0o600:
            wrong.append(f"the file {name} has mode {mode:o}")
        for secret in secrets:
            if secret.encode() in content or secret in name:
                wrong.append(f"the file {name} holds '{secret}'")
    return wrong


def _ledger(facts: Facts, asks: Asks) -> list[str]:
    wrong = []
    for goal in {ask.goal for ask in asks.all()}:
        entries = [
            entry for post in facts.posts if facts.goal_of(post) == goal and not for_believing_the_gate(post, facts)
            for entry in [facts.entry_of(post)] if entry and entry.lives
        ]
        if not goal.is_declarative and len(entries) > asks.count(goal):
            wrong.append(f"{len(entries)} repayments for {asks.count(goal)} asks for {goal}: {entries}")
        if goal.is_whole and len(entries) > 1:
            wrong.append(f"{goal.loan} was repaid {len(entries)} times: {entries}")
    return wrong


def _still_not_executed(facts: Facts) -> list[str]:
    wrong = []
    for run in facts.runs:
        if run.outcome == "not_executed":
            for post in run.posts:
                entry = facts.entry_of(post)
                if entry and entry.lives and not for_believing_the_gate(post, facts):
                    wrong.append(f"run {run.index} told not_executed, but the ledger holds {entry}")
    return wrong


def _told_once(facts: Facts) -> list[str]:
    """Check that no repayment answers two decisions, unless the first one failed, or may have reached nobody."""
    seen: dict[str, Run] = {}
    wrong = []
    for run in sorted(facts.runs, key=lambda run: (run.ended_at or 0, run.index)):
        for item in run.made if not run.plan.check else []:
            repay_id, first = item["repay_id"], seen.get(item["repay_id"])
            if first is None or first.may_stay_noted or run.has_lost_lock:
                # It could not be closed any more, or is told beside each other.
                pass
            elif not first.failed:
                wrong.append(f"runs {first.index} and {run.index} both told of repayment {repay_id}")
            elif run.result and not run.details["recovered"]:
                wrong.append(f"run {run.index} told anew of repayment {repay_id}, which run {first.index} told of")
            if not run.killed and run.is_heard:
                seen[repay_id] = run
    return wrong

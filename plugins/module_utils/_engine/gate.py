# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do after the exchange's gate rejected a request, which may have been executed all the same.

The rejection is certain for the request that it answers. But a proxy may have sent that request twice: one copy was executed, and the
answer belongs to the other. So the run reads again and decides anew what to send. Only reads are sent from here. This module util is
private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, plain
from .._api.errors import BybitError, OutcomeUnknown
from .._goal import Goal
from .._journal.intent import Intent
from .._loans.history import FAILED, HistoryEntry
from .._loans.wallet import Movement
from .._operations.decision import DECLINE, MOVE, Decision
from .._reconcile.evidence import level_changes
from .._words import WORDS
from . import messages
from .context import RunContext
from .preflight import run_preflight
from .steps import Preflight, RunEnded, error_of


class Redecision(t.NamedTuple):
    """What was decided after the pause that the gate forced.

    :ivar preflight: What is known and decided now; none if the request must be reconciled, as after a lost answer.
    :ivar doubt: Why it must be reconciled.
    """

    preflight: Preflight | None
    doubt: OutcomeUnknown | None = None
    warnings: tuple[str, ...] = ()


def redecide(context: RunContext, before: Preflight, intent: Intent, refusal: BybitError) -> Redecision:
    """Decide on fresh reads, unless something shows that the request may have been executed.

    :param before: What was known when the request was sent.
    """
    movements: list[Movement] = []
    try:
        now = run_preflight(context, before.means.moved_so_far, before.freshness)
        if may_be_carried_out(now.decision, context.goal):
            # The ledger may show a movement before the balance does.
            movements = context.poller.movements(intent)
            if must_await_entry(movements, intent, before, now):
                _await_entry(context, intent)
                now = run_preflight(context, before.means.moved_so_far, now.freshness)
    except (BybitError, RunEnded) as failed:
        # A proxy may have sent the request twice: this cannot be ruled out now, or the executed copy is why the new decision is to decline.
        reason = f"{refusal.cause}. After that, this run could not read the state again ({error_of(failed).cause})"
        return Redecision(None, OutcomeUnknown(reason, refusal.failure))
    news = entries_since(before, now, intent)
    trace = ""
    if may_show_it(news, context.goal, now.decision):
        trace = f"{WORDS[intent.goal.move].entry} {news[0].repay_id} appeared in the history in the meantime"
    elif not news and any(abs(movement.amount) == intent.amount for movement in movements):
        how = "came in" if intent.goal.is_incoming else "left"
        trace = f"the wallet's ledger shows that {plain(intent.amount)} {intent.coin} {how} in the meantime"
    if trace:
        return Redecision(None, OutcomeUnknown(f"{refusal.cause}. But {trace}", refusal.failure))
    return Redecision(now, None, tuple(messages.came_between(entry, intent) for entry in news))


def may_be_carried_out(decision: Decision, goal: Goal) -> bool:
    """Return whether the money must show that nothing was executed. A transfer itself may be why nothing is missing now."""
    return decision.kind == MOVE or goal.has_own_id


def may_show_it(news: t.Sequence[HistoryEntry], goal: Goal, decision: Decision) -> bool:
    """Return whether new entries of the history may be the request. A goal counts them whoever made them."""
    return bool(news) and (goal.has_own_id or not goal.is_declarative or decision.kind == DECLINE)


def must_await_entry(movements: t.Sequence[Movement], intent: Intent, before: Preflight, now: Preflight) -> bool:
    """Return whether to give the history time to show the request."""
    return bool(movements) or has_money_moved(intent, before, now) or has_level_fallen(intent, now)


def entries_since(before: Preflight, now: Preflight, intent: Intent) -> list[HistoryEntry]:
    """Return the moves of the same kind that are new in the history and may be a user's."""
    known = {entry.repay_id for entry in before.entries}
    new = [r for r in now.entries if r.repay_id not in known and r.status != FAILED and r.by_user is not False]
    return [r for r in new if r.move == intent.goal.move and (not intent.goal.has_own_id or r.repay_id == intent.intent_id)]


def has_money_moved(intent: Intent, before: Preflight, now: Preflight) -> bool:
    """Return whether the amount of an intent may have moved, whoever moved it.

    :param before: What was known when the request was sent.
    :param now: What is known after the pause.
    """
    if before.pledged:
        held = dict(now.pledged)
        return any(held.get(coin, Decimal(0)) < amount for coin, amount in before.pledged)
    old, new = before.wallet, now.wallet
    # Without the balance, assume that it moved.
    if old is None or new is None:
        return True
    return (difference(new, old) if intent.goal.is_incoming else difference(old, new)) >= intent.amount


def has_level_fallen(intent: Intent, now: Preflight) -> bool:
    """Return whether the amount was already taken out of the collateral. It arrives in the wallet only after it was processed."""
    changes = level_changes(intent, now.subject.levels) if now.subject is not None and intent.goal.is_incoming else []
    return bool(changes) and max(changes) >= intent.amount


def _await_entry(context: RunContext, intent: Intent) -> None:
    """Wait until the history must show the request, in case it was executed although the gate rejected it."""
    clock = context.client.clock
    remaining_ms = (intent.sent_monotonic_ms or 0) + context.options.settle_margin_ms - clock.monotonic_ms()
    if remaining_ms > 0:
        words = WORDS[intent.goal.move]
        rejected = f"the exchange rejected the {words.noun} {words.place} {context.label}"
        clock.pause_ms(f"Money moved while {rejected}, and the history may not show it yet", remaining_ms)

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of a policy: settle what earlier runs left, read the account, plan, and carry the plan out.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import traceback
import typing as t
from decimal import Decimal

from .._amounts import multiply
from .._api.client import Client
from .._api.errors import BybitError, Declined, Defect, JournalUnusable
from .._engine.context import Expected, RunContext
from .._engine.steps import RunEnded
from .._goal import RunOptions
from .._journal.account import AccountJournal
from .._journal.guard import Guard
from .._journal.intent import Intent
from .._journal.journal import Journal
from .._journal.store import Store
from .._journal.target import LTV, POLICY, WHOLE_ACCOUNT, SharedLtv, Target
from .._loans.loan import FIXED
from .._operations.base import ACCOUNT, ACCOUNT_PRODUCTS
from .._outcomes import NOT_EXECUTED, UNKNOWN
from .._times import DAY_MS
from .apply import Result, apply, planned
from .applied import applied_before, done_of
from .contexts import Contexts
from .document import Document, Origin, document_of
from .listing import Listings
from .moved import repaid_under, since_ms, used
from .money import Money
from .planner import plan
from .position import noted
from .reading import Reading, read_account
from .request import PER_RUN, PolicyRequest
from .rules import LtvRule
from .settle import Settled, Unsettled, settle
from .staleness import differences
from .steps import steps_of

_SHOWN_DIFFERENCES = 5


@dataclasses.dataclass(frozen=True)
class Setting:
    """What a run of a policy is asked for, and what it works with.

    :ivar applies: Whether to carry the plan out.
    :ivar saved: The plan to carry out; none to carry out the present one.
    :ivar expires_after_ms: How long the plan is valid.
    :ivar tolerance: By which fraction of itself an amount may differ from the present plan.
    """

    client: Client
    journal: AccountJournal
    request: PolicyRequest
    options: RunOptions
    applies: bool
    check_mode: bool
    expires_after_ms: int
    tolerance: Decimal
    saved: Document | None = None
    has_listeners: t.Callable[[], bool] = lambda: True

    @property
    def holds_ltv(self) -> bool:
        """Whether the run derives amounts from the LTV of the account, so that no other run may change it meanwhile."""
        return any(isinstance(rule, LtvRule) for rule in self.request.policy.rules)

    @property
    def moves(self) -> bool:
        """Whether the run may move money."""
        return self.applies and not self.check_mode


class Ran(t.NamedTuple):
    """A run of a policy, as far as it came.

    :ivar money: The money before the plan.
    :ivar journals: The journals of its targets, to be closed after the result was reported.
    :ivar ended: Why it ended early; none if it did not.
    :ivar trace: The traceback of a defect.
    """

    settled: Settled = Settled()
    reading: Reading | None = None
    money: Money | None = None
    document: Document | None = None
    results: tuple[Result, ...] = ()
    journals: t.Mapping[Target, Journal] = {}
    warnings: tuple[str, ...] = ()
    ended: RunEnded | None = None
    trace: str = ""


def run(setting: Setting) -> Ran:
    """Run a policy, and return what it did, even if it ended early."""
    ran = Ran()
    try:
        for further in _stages(setting):
            ran = further
    except Unsettled as error:
        return ran._replace(settled=error.settled, ended=error.ended)
    except BybitError as error:
        return ran._replace(ended=RunEnded(error))
    except Exception as error:
        # A defect of this collection must not look like an ordinary failure when money may have moved.
        is_doubtful = any(journal.is_in_doubt for journal in ran.journals.values()) or any(result.is_changed for result in ran.results)
        defect = Defect(type(error).__name__, UNKNOWN if is_doubtful else NOT_EXECUTED)
        return ran._replace(ended=RunEnded(defect), trace=traceback.format_exc())
    return ran


def _stages(setting: Setting) -> t.Iterator[Ran]:
    """Yield what is known after each stage."""
    store, ran, contexts = _store(setting), Ran(), None
    _acquire(setting, store)
    if setting.moves:
        contexts = _contexts(setting, store.guard)
        ran = ran._replace(journals=contexts.journals)
        yield ran
        ran = ran._replace(settled=settle(contexts, setting.journal.unsettled(), setting.options))
        yield ran
        _await_figures(setting)
    else:
        ran = ran._replace(warnings=_doubts(setting))
    request = setting.request
    reading = read_account(setting.client, request.policy.rules, request.sources, request.marks)
    ran = ran._replace(reading=reading, warnings=(*ran.warnings, *reading.warnings, *_note(setting, reading)))
    yield ran
    now_ms = reading.book.now_ms
    intents, done = setting.journal.moved(since_ms(request.policy.rules, now_ms)), done_of(setting.saved, ran.settled, store.use_of)
    repaid = repaid_under(request.policy.rules, intents, now_ms)
    money = _money(setting, reading, intents, [result.intent for result in done.values() if result.intent is not None])
    origin = Origin(setting.journal.realm, setting.journal.account, now_ms, now_ms + setting.expires_after_ms)
    document = document_of(plan(request.policy, reading.book, money, repaid), request.policy, money, repaid, origin)
    if setting.saved is not None:
        _check_saved(setting, setting.saved, document, reading, money, done, ran.settled)
        document = setting.saved
    ran = ran._replace(money=money, document=document, results=() if setting.moves else tuple(planned(document.operations)))
    yield ran
    if contexts is None:
        return
    listings = Listings(setting.client, [played.operation for played in document.operations])
    for result in apply(document.operations, _contexts_of(setting, contexts, document, money), done, listings):
        ran = ran._replace(results=tuple(sorted((*ran.results, result), key=lambda known: known.number)))
        yield ran


def _store(setting: Setting) -> Store:
    """Return the store of the policy of the account, which a run holds so that no other run of a policy moves anything meanwhile."""
    target = setting.journal.target(POLICY, WHOLE_ACCOUNT)
    ltv = SharedLtv(target._replace(product=LTV, loan=ACCOUNT), ACCOUNT_PRODUCTS, None, True) if setting.moves and setting.holds_ltv else None
    return Store(setting.journal.database, target, setting.client.clock, ltv)


def _acquire(setting: Setting, store: Store) -> None:
    """Acquire the policy of the account. A run that only plans waits for one that moves something."""
    if not (setting.moves or setting.check_mode):
        setting.journal.prepare()
    if setting.moves or store.exists():
        store.acquire(setting.options.lock_timeout_ms, writes=setting.moves)


def _doubts(setting: Setting) -> tuple[str, ...]:
    """Warn that the plan of a run that moves nothing may be based on figures that lack what an earlier run moved."""
    intents = [intent for some in setting.journal.unsettled().values() for intent in some if not intent.reported]
    if not intents:
        return ()
    return (f"The plan may change, because the outcome of earlier operations is not known yet ({len(intents)}). A run with 'mode: apply' finds it out first.",)


def _await_figures(setting: Setting) -> None:
    """Wait until the figures must include what was moved a moment ago: the LTV of the account may follow later than the debt of a loan."""
    client, margin_ms = setting.client, setting.options.settle_margin_ms
    now_ms = client.exchange_time_or_local_ms()
    newest_ms = max((intent.sent_at_ms for intent in setting.journal.moved(now_ms - margin_ms)), default=0)
    if newest_ms > now_ms - margin_ms:
        client.clock.pause_ms("The exchange's figures may not include a recent operation yet", newest_ms + margin_ms - now_ms)


def _note(setting: Setting, reading: Reading) -> list[str]:
    """Note the position in the journal. Return a warning if that fails: it is no reason to leave a loan undefended."""
    if setting.check_mode:
        return []
    try:
        setting.journal.note_position(reading.book.now_ms, noted(reading))
    except JournalUnusable as error:
        return [f"The position was not noted: {error}"]
    return []


def _money(setting: Setting, reading: Reading, intents: t.Sequence[Intent], done: t.Sequence[Intent]) -> Money:
    """Return the money that the policy may move.

    :param done: What earlier runs of the same plan moved, which counts under the cap of this run.
    """
    request, day_ms = setting.request, reading.book.now_ms - DAY_MS
    recent = [intent for intent in intents if intent.sent_at_ms >= day_ms]
    caps = [used(cap, done if cap.name == PER_RUN else recent, reading.prices) for cap in request.caps]
    return Money(reading.wallets, request.sources, request.keep, tuple(caps), reading.prices)


def _check_saved(
    setting: Setting, saved: Document, fresh: Document, reading: Reading, money: Money, done: t.Mapping[int, Result], settled: Settled
) -> None:
    """Refuse a saved plan that was carried out before, or that is not what the policy would do now.

    :raises Declined: With the differences.
    """
    if applied_before(saved, done, settled):
        raise Declined(
            f"plan_file was applied before: all its operations were executed, the first one under reference '{saved.reference(1)}'. Nothing was sent: plan "
            f"again."
        )
    found = differences(saved, fresh, reading.book, money, setting.tolerance, done)
    if found:
        more = f"; and {len(found) - _SHOWN_DIFFERENCES} more" if len(found) > _SHOWN_DIFFERENCES else ""
        raise Declined(f"plan_file cannot be applied, so nothing was sent: {'; '.join(found[:_SHOWN_DIFFERENCES])}{more}. Plan again.")


def _contexts(setting: Setting, guard: Guard) -> Contexts:
    return Contexts(setting.client, setting.journal, guard, setting.holds_ltv, setting.has_listeners)


def _contexts_of(setting: Setting, contexts: Contexts, document: Document, money: Money) -> t.Callable[[int], RunContext]:
    """Return the function that makes the context of an operation, by its number."""
    steps = steps_of(setting.client, document.operations, money, setting.tolerance)

    def context_of(number: int) -> RunContext:
        step, operation = steps[number - 1], document.operations[number - 1].operation
        options = setting.options._replace(
            reference=document.reference(number),
            counted=step.counted,
            at_most=step.at_most,
            allow_partial=step.at_most is not None and operation.product != FIXED,
        )
        expected = None if step.expected is None else Expected(step.expected, multiply(operation.amount, setting.tolerance))
        return contexts.context(step.on_exchange, step.goal, options, expected=expected)

    return context_of

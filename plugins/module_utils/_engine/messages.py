# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sentences that report the outcomes of requests to the user.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

from .._amounts import plain
from .._goal import Goal
from .._journal.intent import Intent
from .._journal.target import ACCOUNT_COLLATERAL, ORDER_COLLATERAL, WALLETS, Target
from .._loans.history import HistoryEntry
from .._operations.decision import capital
from .._operations.progress import Progress
from .._outcomes import EXECUTED, NOT_EXECUTED, PENDING, UNKNOWN
from .._reconcile.judge import Reconciled
from .._times import utc
from .._words import WORDS, Words

# For how long a move whose report may have reached nobody counts as the one that an equal task asks for.
ANSWERS_FOR_HOURS = 12
ONLY_INTEREST = "Under it, only interest is paid now: use another reference for the rest."
_FIELDS = {"repay_id": "repayId", "adjust_id": "adjustId", "transfer_id": "transferId"}


def name_of(intent: Intent, label: str) -> str:
    return f"{plain(intent.amount)} {intent.coin} {_words(intent).place} {label}"


def the_move(intent: Intent, label: str) -> str:
    """Name what was sent, as in "the repayment of 100 USDT on loan 17"."""
    return f"the {_words(intent).noun} of {name_of(intent, label)}"


def made(found: Reconciled, label: str, is_earlier: bool) -> str:
    """Report a move that was accepted or found."""
    intent, is_final = found.intent, found.outcome == EXECUTED
    words = _words(intent)
    what = _with_id(intent, label)
    pending = "" if is_final else " It is pending: the exchange has not reported it as final yet."
    if is_earlier:
        nothing_sent = "" if intent.goal.is_of_level else ", so nothing was sent now"
        return f"{_sent_earlier(what, intent)} The {words.noun} was {'executed' if is_final else 'accepted'}{nothing_sent}.{pending}"
    sentence = f"{words.did} {what}" if is_final else f"Bybit accepted the {words.noun} of {what}"
    return f"{sentence}{_how_it_is_known(found)}.{pending}"


def not_executed(found: Reconciled, label: str, lost: Exception | None) -> str:
    """Report what was not executed."""
    if found.intent.repay_id:
        sentence = f"was accepted ({_words(found.intent).entry} {found.intent.repay_id}) but then failed on the exchange"
        sentence += f": {found.finding.reason}" if found.finding else ""
    else:
        answer = f"got no clear answer ({lost})" if lost else "was accepted without an ID"
        sentence = f"{answer}, but {found.finding.reason if found.finding else ''}"
    return f"{capital(the_move(found.intent, label))} {sentence}. It was not executed, so the next run can send it again."


def unknown(found: Reconciled, cause: str, label: str, history_request: str) -> str:
    """Report what is known about a move with an unknown outcome, and how the user can resolve it."""
    intent, finding, evidence = found.intent, found.finding, found.evidence or {}
    candidates = " or ".join(entry.repay_id for entry in finding.candidates) if finding else ""
    words = _words(intent)
    level, now = intent.baseline.level, evidence.get(f"{words.level}_now") or "not known"
    changed = "" if level is None else f". The {words.level} was {plain(level)} then and is {now} now"
    return (
        f"It is unknown whether {the_move(intent, label)} was made: {cause}, and "
        f"{finding.reason if finding else ''}. It was sent at {utc(intent.sent_at_ms)}{changed}. "
        f"{f'It may be {words.entry} {candidates}. ' if candidates else ''}"
        f"Nothing is sent for this {words.target} until this is known. {_how_to_go_on(intent, history_request)}"
    )


def accepted_but_missing(intent: Intent, label: str, history_request: str) -> str:
    """Report an accepted move that the exchange does not show, so that the totals of the history are unreliable."""
    words = _words(intent)
    return (
        f"The {words.noun} of {_with_id(intent, label)} was accepted at {utc(intent.sent_at_ms)}, but the exchange does not show it, so it is unknown how much "
        f"has been {words.done}. Nothing was sent now. {_how_to_go_on(intent, history_request)}"
    )


def known_id(intent: Intent, given_id: str) -> str:
    """Report that the exchange returned an ID that it had returned before."""
    words = _words(intent)
    return f"Bybit reported success but returned {_FIELDS[words.id_key]} {given_id}, which belongs to an earlier {words.entry}"


def counted(progress: Progress, goal: Goal, coin: str) -> str:
    """Report how much of a goal with C(since) had already been repaid."""
    before = f"{plain(progress.repaid)} {coin}" if progress.repaid else "nothing"
    asked = f"{plain(goal.amount or progress.repaid)} {coin} to be repaid since {utc(goal.since_ms or 0)}"
    return f"Of the {asked}, {before} had already been repaid."


def came_between(entry: HistoryEntry, intent: Intent) -> str:
    """Report a move that appeared while the exchange rejected a request."""
    return (
        f"While the exchange rejected the request, {_words(intent).entry} {entry.repay_id} of {plain(entry.amount)} {intent.coin} appeared in its history. "
        f"The amount that is still missing was recalculated."
    )


def hidden(journal: str, label: str, words: Words) -> str:
    """Report that the intents of a target cannot be looked up, because the account of the key is unknown."""
    return (
        f"An earlier run recorded {words.a_noun} {words.place} {label} in the journal {journal} and ended before it could report the outcome. The "
        f"outcome is unknown, and nothing was sent now: run again when the exchange reports which account api_key belongs to, or with another "
        f"key of the account."
    )


def too_old_to_answer(intent: Intent, label: str) -> str:
    """Report that a move is too old to be what a task asks for, although its report may have reached nobody."""
    return (
        f"The report of {the_move(intent, label)}, sent at {utc(intent.sent_at_ms)}, may have reached nobody. "
        f"It is more than {ANSWERS_FOR_HOURS} hours old, so that {_words(intent).noun} does not count as the one that this task asks for."
    )


def may_have_been_reported(intent: Intent, label: str) -> str:
    """Report that a task returns an earlier move, because its report probably reached nobody."""
    # A reference names its step forever.
    named = f"step that reference '{intent.reference}' names"
    asked = named if intent.reference is not None else f"one that this task asks for, until {ANSWERS_FOR_HOURS} hours after that report"
    return (
        f"The report of {the_move(intent, label)}, sent at {utc(intent.sent_at_ms)}, probably reached nobody. "
        f"That {_words(intent).noun} counts as the {asked}."
    )


def may_reach_nobody(words: Words) -> str:
    """Warn that the result of this run may not arrive."""
    return (
        f"This result may not reach you: something other than Ansible itself runs this module, such as Mitogen's strategy plugin, or the "
        f"system does not show which processes started it. For {ANSWERS_FOR_HOURS} hours, a task that asks for the same returns this {words.noun} "
        f"and sends nothing. To send another one, use a reference, a goal, or the linear strategy."
    )


def cap_of_sweep(label: str) -> str:
    """Warn that a cap on a repayment of all contracts only holds for those that were read."""
    return (
        f"at_most is checked against the contracts of {label} that were read, but the exchange repays all that are open when the request "
        f"arrives, including one that is borrowed in between: set loan_id if at_most must hold."
    )


def dust_left(dust: str, coin: str, why: str) -> str:
    """Report a remainder of the debt that the exchange did not accept."""
    return f"{dust} {coin} remains unpaid: the exchange refused the amount ({why})."


def earlier(intent: Intent, outcome: str, label: str) -> str:
    """Report the outcome of a move that an earlier run sent and could not report."""
    words = _words(intent)
    sentence = _sent_earlier(name_of(intent, label), intent)
    if outcome == UNKNOWN:
        return f"{sentence} The outcome of the {words.noun} is unknown."
    if outcome == NOT_EXECUTED:
        return f"{sentence} The {words.noun} was not executed."
    made = "executed" if outcome == EXECUTED else "accepted and is pending"
    return f"{sentence} The {words.noun} was {made} ({words.entry} {intent.repay_id})."


def acknowledged(intent: Intent, label: str) -> str:
    """Report that a move with an unknown outcome was discarded, because the user acknowledged it."""
    return (
        f"The intent of {the_move(intent, label)} that was sent at {utc(intent.sent_at_ms)} is discarded, because "
        f"acknowledge names it. Nothing was sent now: run without acknowledge if something still needs to be {_words(intent).done}."
    )


def not_noted(intent_id: str, words: Words) -> str:
    """Report that there is nothing to acknowledge, most likely because it was acknowledged before."""
    return (
        f"acknowledge '{intent_id}' is not {words.a_noun} that is recorded for this {words.target}: it was already acknowledged or resolved, was sent "
        f"for another {words.target} or account, or is recorded in another journal. Nothing was sent: run without acknowledge if something still "
        f"needs to be {words.done}."
    )


def not_in_doubt(intent_id: str, words: Words) -> str:
    """Report that the outcome of the acknowledged intent is known."""
    return (
        f"acknowledge '{intent_id}' is {words.a_noun} whose outcome is known by now. A run with acknowledge sends nothing: run without it if "
        f"something still needs to be {words.done}."
    )


def answered(found: Reconciled, reference: str, label: str) -> str:
    """Report that the reference was already used for the same step, so that nothing is sent."""
    intent = found.intent
    state = "was executed" if found.outcome == EXECUTED else "was accepted and is still pending"
    return (
        f"Nothing was sent: reference '{reference}' was already used for {_with_id(intent, label)}, which was sent at {utc(intent.sent_at_ms)} and {state}."
    )


def used_for_something_else(reference: str, target: Target, intent: Intent) -> str:
    """Report that the reference names another step."""
    source = f" from collateral {', '.join(intent.goal.collateral)}" if intent.goal.collateral else ""
    return (
        f"reference '{reference}' was already used for the {_words(intent).noun} of {plain(intent.amount)} {intent.coin}{source}{_where(target, intent)}, sent "
        f"at {utc(intent.sent_at_ms)}. Nothing was sent: use another reference for this step."
    )


def rest_left(intent: Intent, why: str, label: str) -> str:
    """Say why a goal is not reached after the move that an earlier run made under the same reference."""
    return f"The goal is not reached after {the_move(intent, label)}, which an earlier run sent under reference '{intent.reference}'. {why}"


def reference_given_up(reference: str, intent: Intent, label: str) -> str:
    """Report that the intent of the reference was acknowledged."""
    return (
        f"reference '{reference}' was already used for {name_of(intent, label)}, sent at {utc(intent.sent_at_ms)}; its unknown outcome was "
        f"acknowledged. Nothing was sent: if it still needs to be {_words(intent).done}, use another reference for this step."
    )


def _how_it_is_known(found: Reconciled) -> str:
    if found.finding is None:
        return ""
    if found.intent.accepted_at_ms is not None:
        return ": the exchange returned no ID for it, but its history shows it"
    return ": there was no clear answer, but the exchange's history shows it"


def _sent_earlier(what: str, intent: Intent) -> str:
    return f"An earlier run began {_words(intent).a_noun} of {what} at {utc(intent.sent_at_ms)} and ended before it could report the outcome."


def _how_to_go_on(intent: Intent, history_request: str) -> str:
    return (
        f"Run again to check it again, or check it yourself ({history_request}, or the {_words(intent).target}'s page on the exchange's site); "
        f"once you know the outcome, run with acknowledge: '{intent.intent_id}'. That run sends nothing and discards the intent if it is "
        f"still unresolved."
    )


def unresolved_of_ltv(target: Target, intent: Intent, label: str) -> str:
    """Report that a goal of an LTV must wait while the outcome of another target's move is unknown."""
    what = f"{_words(intent).a_noun} of {plain(intent.amount)} {intent.coin}{_where(target, intent)}"
    return (
        f"An earlier run began {what}, sent at {utc(intent.sent_at_ms)}, and its outcome is unknown, so the LTV of {label} cannot be "
        f"trusted. Nothing was sent: run that task again first, or run it with acknowledge: '{intent.intent_id}'."
    )


def left_plan(label: str, goal: Goal) -> str:
    """Report that somebody else moved the level that a plan is based on."""
    words = WORDS[goal.move]
    what = f"{words.level} {'of' if words.level == 'debt' else 'in'} {label} has {'risen' if goal.raises_level else 'fallen'}"
    return f"The {what} since it was planned, so somebody else may have moved it. Nothing was sent: plan again."


def not_topped_up(error: Exception, dummy: str) -> str:
    """Report, in the result of a repayment, a transfer that was not made."""
    return f"The Funding wallet could not be topped up from UNIFIED: {error} Nothing was repaid."


def not_here_yet(outcome: str | None, coin: str) -> str:
    """Report that the wallet does not show the money of a transfer yet."""
    state = "is still pending" if outcome == PENDING else "was made, but the Funding wallet does not show it yet"
    return f"The transfer of {coin} {state}, so nothing was repaid. Do not transfer it again; run again later."


def transfer_in_doubt(error: Exception, coin: str) -> str:
    """Report, in the result of a repayment, a transfer with an unknown outcome."""
    return f"{error} Nothing was repaid. To acknowledge the transfer, run bybit_funding_transfer with coin '{coin}' and acknowledge."


def _words(intent: Intent) -> Words:
    return WORDS[intent.goal.move]


def _with_id(intent: Intent, label: str) -> str:
    return f"{name_of(intent, label)} ({_words(intent).entry} {intent.repay_id})"


def _where(target: Target, intent: Intent) -> str:
    """Name a target of any product."""
    names = {ORDER_COLLATERAL: f"loan {target.loan}", ACCOUNT_COLLATERAL: "the account", WALLETS: "this account"}
    return f" {_words(intent).place} {names.get(target.product, f'the {target.product} loan {target.loan}')}"

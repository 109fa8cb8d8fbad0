# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sentences that report to the user what became of a repayment.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

from .._amounts import plain
from .._goal import Goal
from .._journal.intent import Intent
from .._journal.target import Target
from .._loans.history import HistoryEntry
from .._outcomes import EXECUTED, NOT_EXECUTED, UNKNOWN
from .._reconcile.judge import Reconciled
from .._times import utc
from .progress import Progress

# For how long a repayment whose report may have reached nobody satisfies a task that asks for the same.
ANSWERS_FOR_HOURS = 12


def name_of(intent: Intent, label: str) -> str:
    return f"{plain(intent.amount)} {intent.coin} on {label}"


def made(found: Reconciled, label: str, is_earlier: bool) -> str:
    """Report a repayment that was accepted or found."""
    intent, is_final = found.intent, found.outcome == EXECUTED
    what = f"{name_of(intent, label)} (repayment {intent.repay_id})"
    pending = "" if is_final else " It is pending: the exchange has not reported it as final yet."
    if is_earlier:
        nothing_sent = "" if intent.goal.is_of_debt else ", so nothing was sent now"
        return f"{_sent_earlier(what, intent)} The repayment was {'executed' if is_final else 'accepted'}{nothing_sent}.{pending}"
    sentence = f"Repaid {what}" if is_final else f"Bybit accepted the repayment of {what}"
    return f"{sentence}{_how_it_is_known(found)}.{pending}"


def not_executed(found: Reconciled, label: str, lost: Exception | None) -> str:
    """Report a repayment that was not executed."""
    what = name_of(found.intent, label)
    if found.intent.repay_id:
        sentence = f"was accepted (repayment {found.intent.repay_id}) but then failed on the exchange"
        sentence += f": {found.finding.reason}" if found.finding else ""
    else:
        answer = f"got no clear answer ({lost})" if lost else "was accepted without an ID"
        sentence = f"{answer}, but {found.finding.reason if found.finding else ''}"
    return f"The repayment of {what} {sentence}. It was not executed, so the next run can send it again."


def unknown(found: Reconciled, cause: str, label: str, history_request: str) -> str:
    """Report what is known of a repayment with an unknown outcome, and how the user can resolve it."""
    intent, finding, evidence = found.intent, found.finding, found.evidence or {}
    candidates = ", ".join(entry.repay_id for entry in finding.candidates) if finding else ""
    return (
        f"It is unknown whether the repayment of {name_of(intent, label)} was made: {cause}, and "
        f"{finding.reason if finding else ''}. It was sent at {utc(intent.sent_at_ms)}; the debt was "
        f"{plain(intent.baseline.debt)} then and is {evidence.get('debt_now') or 'not known'} now. "
        f"{f'It may be repayment {candidates}. ' if candidates else ''}"
        f"Nothing is sent for this loan until this is known. {_how_to_go_on(intent, history_request)}"
    )


def accepted_but_missing(intent: Intent, label: str, history_request: str) -> str:
    """Report an accepted repayment that the exchange does not show, so that no total of the history is right."""
    what = f"{name_of(intent, label)} (repayment {intent.repay_id})"
    return (
        f"The repayment of {what} was accepted at {utc(intent.sent_at_ms)}, but the exchange does not show it, so it is unknown how much "
        f"has been repaid. Nothing was sent now. {_how_to_go_on(intent, history_request)}"
    )


def known_id(repay_id: str) -> str:
    """Report that the exchange returned an ID that it had returned before."""
    return f"Bybit reported success, but returned repayId {repay_id}, which belongs to an earlier repayment"


def counted(progress: Progress, goal: Goal, coin: str) -> str:
    """Report how much of a goal with C(since) had been repaid before."""
    before = f"{plain(progress.repaid)} {coin}" if progress.repaid else "nothing"
    asked = f"{plain(goal.amount or progress.repaid)} {coin} to be repaid since {utc(goal.since_ms or 0)}"
    return f"Of the {asked}, {before} had already been repaid."


def came_between(entry: HistoryEntry, coin: str) -> str:
    """Report a repayment that appeared while the exchange rejected a request."""
    return (
        f"While the exchange rejected the request, repayment {entry.repay_id} of {plain(entry.amount)} {coin} appeared in its history. "
        f"The missing amount was recalculated with it."
    )


def hidden(journal: str, label: str) -> str:
    """Report that the intents of a loan cannot be found, because it is unknown which account the key belongs to."""
    return (
        f"An earlier run recorded a repayment on {label} in the journal {journal} and ended before it could report the outcome. The outcome is unknown, "
        f"and nothing was sent now: run again when the exchange reports which account api_key belongs to, or with another key of the account."
    )


def too_old_to_answer(intent: Intent, label: str) -> str:
    """Report that a repayment which perhaps nobody saw is too old to be what a task asks for."""
    return (
        f"The repayment of {name_of(intent, label)} that was sent at {utc(intent.sent_at_ms)} was reported, but perhaps to nobody. "
        f"That was more than {ANSWERS_FOR_HOURS} hours ago, so it does not count as what this task asks for."
    )


def may_have_been_reported(intent: Intent, label: str) -> str:
    """Report that a task returns an earlier repayment, because probably nobody saw the report of it."""
    # A name stands for its step for ever.
    names = f"reference '{intent.reference}' names"
    asked = names if intent.reference is not None else f"this task asks for, until {ANSWERS_FOR_HOURS} hours after that report"
    return (
        f"The repayment of {name_of(intent, label)} that was sent at {utc(intent.sent_at_ms)} was reported, but probably to nobody. "
        f"It counts as what {asked}."
    )


def may_reach_nobody() -> str:
    """Warn that the result of this run may not arrive."""
    return (
        f"This result may not reach you: something other than Ansible itself runs this module, such as Mitogen's strategy plugin, or the "
        f"system does not show which processes started it. For {ANSWERS_FOR_HOURS} hours, a task that asks for the same returns this repayment "
        f"and pays nothing. To pay again, use reference, since, max_debt or max_ltv, or the linear strategy."
    )


def cap_of_sweep(label: str) -> str:
    """Warn that a cap on a repayment of all contracts only holds for those that were read."""
    return (
        f"at_most is checked against the contracts of {label} that were read. The exchange repays all that are open when the request "
        f"arrives, so one that is borrowed in between comes on top: set loan_id if at_most must hold."
    )


def dust_left(dust: str, coin: str, why: str) -> str:
    """Report a remainder of the debt that the exchange did not accept."""
    return f"{dust} {coin} remains unpaid: the exchange refused the amount ({why})."


def earlier(intent: Intent, outcome: str, label: str) -> str:
    """Report what became of the repayment of an earlier run that could not report it."""
    sentence = _sent_earlier(name_of(intent, label), intent)
    if outcome == UNKNOWN:
        return f"{sentence} The outcome of the repayment is unknown."
    if outcome == NOT_EXECUTED:
        return f"{sentence} The repayment was not executed."
    made = "executed" if outcome == EXECUTED else "accepted and is pending"
    return f"{sentence} The repayment was {made} (repayment {intent.repay_id})."


def acknowledged(intent: Intent, label: str) -> str:
    """Report that the user has taken care of a repayment with an unknown outcome."""
    return (
        f"The intent of the repayment of {name_of(intent, label)} that was sent at {utc(intent.sent_at_ms)} is discarded, because "
        f"acknowledge names it. Nothing was sent now; run without acknowledge if something still needs to be repaid."
    )


def not_noted(intent_id: str) -> str:
    """Report that there is nothing to acknowledge, most likely because it was done before."""
    return (
        f"acknowledge '{intent_id}' names no repayment that is recorded here: it was acknowledged or resolved before, or was sent for another "
        f"loan or account, or is recorded in another journal. Nothing was sent; run without acknowledge if something still needs to be repaid."
    )


def not_in_doubt(intent_id: str) -> str:
    """Report that the outcome of what is to be acknowledged is known."""
    return (
        f"The outcome of the repayment that acknowledge '{intent_id}' names is known by now. A run with acknowledge sends nothing; run "
        f"without it if something still needs to be repaid."
    )


def answered(found: Reconciled, reference: str, label: str) -> str:
    """Report that a reference was used before for the same, so that nothing is sent."""
    intent = found.intent
    state = "executed" if found.outcome == EXECUTED else "accepted and still pending"
    return (
        f"Reference '{reference}' was used before: {name_of(intent, label)} (repayment {intent.repay_id}), sent at "
        f"{utc(intent.sent_at_ms)}, {state}. Nothing was sent now."
    )


def used_for_something_else(reference: str, target: Target, intent: Intent) -> str:
    """Report that a reference names another step."""
    source = f" from collateral {', '.join(intent.goal.collateral)}" if intent.goal.collateral else ""
    return (
        f"reference '{reference}' was already used for {plain(intent.amount)} {intent.coin}{source} on the {target.product} loan {target.loan}, sent "
        f"at {utc(intent.sent_at_ms)}. Nothing was sent: give this step another reference."
    )


def reference_given_up(reference: str, intent: Intent, label: str) -> str:
    """Report that the step of a reference was left to the user."""
    return (
        f"reference '{reference}' was already used for {name_of(intent, label)}, sent at {utc(intent.sent_at_ms)}; its unknown outcome was "
        f"acknowledged. Nothing was sent: if it still needs to be repaid, give this step another reference."
    )


def _how_it_is_known(found: Reconciled) -> str:
    if found.finding is None:
        return ""
    if found.intent.accepted_at_ms is not None:
        return ": the exchange returned no ID for it, but its history shows it"
    return ": there was no clear answer, but the exchange's history shows it"


def _sent_earlier(what: str, intent: Intent) -> str:
    return f"An earlier run began a repayment of {what} at {utc(intent.sent_at_ms)} and ended before it could report the outcome."


def _how_to_go_on(intent: Intent, history_request: str) -> str:
    return (
        f"Run again to have it checked again. Or check it yourself ({history_request}, or the loan's page on the exchange's site); "
        f"once you know the outcome, run with acknowledge: '{intent.intent_id}'. That run sends nothing and discards the intent if it is "
        f"still unresolved."
    )

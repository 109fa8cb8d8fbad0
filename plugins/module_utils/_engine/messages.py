# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sentences in which a run tells the user what became of a repayment.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

from .._amounts import plain
from .._goal import Goal
from .._journal.intent import Intent
from .._loans.history import HistoryEntry
from .._outcomes import EXECUTED, NOT_EXECUTED, UNKNOWN
from .._reconcile.judge import Reconciled
from .._times import utc
from .progress import Progress

# What was reported, but perhaps to nobody, stands for an equal step for as long.
ANSWERS_FOR_HOURS = 12


def name_of(intent: Intent, label: str) -> str:
    return f"{plain(intent.amount)} {intent.coin} on {label}"


def made(found: Reconciled, label: str, is_earlier: bool) -> str:
    """Tell of a repayment that was accepted or found."""
    intent, is_final = found.intent, found.outcome == EXECUTED
    what = f"{name_of(intent, label)} (repayment {intent.repay_id})"
    pending = "" if is_final else " It is pending: the exchange has not shown yet that it is final."
    if is_earlier:
        nothing_sent = "" if intent.goal.is_of_debt else ", so nothing was sent now"
        return f"{_sent_earlier(what, intent)} It was made{nothing_sent}.{pending}"
    story = f"Repaid {what}" if is_final else f"Bybit accepted the repayment of {what}"
    return f"{story}{_how_it_is_known(found)}.{pending}"


def not_executed(found: Reconciled, label: str, lost: Exception | None) -> str:
    """Tell of a repayment that has come to nothing."""
    what = name_of(found.intent, label)
    if found.intent.repay_id:
        story = f"was accepted (repayment {found.intent.repay_id}), but then it failed on the exchange"
        story += f": {found.finding.reason}" if found.finding else ""
    else:
        answer = f"without a clear answer ({lost})" if lost else "and accepted without an id"
        story = f"was sent {answer}, but {found.finding.reason if found.finding else ''}"
    return f"The repayment of {what} {story}. So it was not executed, and a further run sends it anew."


def unknown(found: Reconciled, cause: str, label: str, history_request: str) -> str:
    """Tell what was seen of a repayment in doubt, and how the user can end the doubt."""
    intent, finding, evidence = found.intent, found.finding, found.evidence or {}
    candidates = ", ".join(entry.repay_id for entry in finding.candidates) if finding else ""
    return (
        f"Whether the repayment of {name_of(intent, label)} was made is unknown: {cause}, and "
        f"{finding.reason if finding else ''}. It was sent at {utc(intent.sent_at_ms)}; the debt was "
        f"{plain(intent.baseline.debt)} then and is {evidence.get('debt_now') or 'not known'} now. "
        f"{f'It may be repayment {candidates}. ' if candidates else ''}"
        f"Nothing is sent for this loan until that is known. {_how_to_go_on(intent, history_request)}"
    )


def unseen(intent: Intent, label: str, history_request: str) -> str:
    """Tell of an accepted repayment which the exchange does not show, so that no sum over the history is right."""
    what = f"{name_of(intent, label)} (repayment {intent.repay_id})"
    return (
        f"Whether the repayment of {what} counts is unknown: it was accepted at {utc(intent.sent_at_ms)}, but the exchange "
        f"does not show it. Nothing was sent now. {_how_to_go_on(intent, history_request)}"
    )


def known_id(repay_id: str) -> str:
    """Tell that the id which the exchange gave is one that it had given before."""
    return f"Bybit reported success, but gave repayId {repay_id}, which is that of an earlier repayment"


def counted(progress: Progress, goal: Goal, coin: str) -> str:
    """Tell how much of a goal with C(since) had been repaid before."""
    before = f"{plain(progress.repaid)} {coin}" if progress.repaid else "nothing"
    return f"Of the {plain(goal.amount or progress.repaid)} {coin} since {utc(goal.since_ms or 0)}, {before} had been repaid before."


def came_between(entry: HistoryEntry, coin: str) -> str:
    """Tell of a repayment that appeared while a request was turned away."""
    return (
        f"While the exchange turned the request away, its history came to show repayment {entry.repay_id} of {plain(entry.amount)} "
        f"{coin}. What is missing was reckoned anew with it."
    )


def hidden(directory: str, label: str) -> str:
    """Tell that what is noted of a loan cannot be looked up, because nobody knows whose the key is."""
    return (
        f"A run has noted a repayment on {label} in '{directory}' and did not tell its end. What became of it is unknown, and nothing was sent "
        f"now: run again when the exchange tells whose api_key is, or with another key of the account."
    )


def too_old_to_answer(intent: Intent, label: str) -> str:
    """Tell that a repayment which may not have been reported is too old to be what a task asks for."""
    return (
        f"The repayment of {name_of(intent, label)} that was sent at {utc(intent.sent_at_ms)} was reported when nobody may have been there "
        f"to see it. That is more than {ANSWERS_FOR_HOURS} hours ago, so it does not count as what this task asks for."
    )


def may_have_been_reported(intent: Intent, label: str) -> str:
    """Tell that a task was answered with a repayment of which it is only inferred that nobody was told."""
    return (
        f"The repayment of {name_of(intent, label)} that was sent at {utc(intent.sent_at_ms)} was reported, but probably nobody was there to "
        f"see it. So it counts as what this task asks for, as it does for {ANSWERS_FOR_HOURS} hours after that report."
    )


def may_reach_nobody() -> str:
    """Tell that nobody knows whether the result of this run arrives."""
    return (
        f"Nobody can tell whether this result reaches you: something other than Ansible itself runs this module, such as the strategy plugin of "
        f"Mitogen, or the system does not tell which processes have started it. For {ANSWERS_FOR_HOURS} hours, a task that asks for the same is "
        f"answered with this repayment and pays nothing: give since, max_debt or max_ltv, or use the strategy linear, if it shall pay again."
    )


def cap_of_sweep(label: str) -> str:
    """Tell that a cap on a repayment of all contracts holds only for those that were read."""
    return (
        f"at_most is held against the contracts of {label} that were read. The exchange repays all that are open when the request "
        f"arrives, and one that is borrowed in between comes on top: name loan_id where at_most must hold."
    )


def left_over(rest: str, coin: str, why: str) -> str:
    """Tell that an amount too small for the exchange is left of the debt."""
    return f"{rest} {coin} are left: the exchange did not take them ({why})."


def earlier(intent: Intent, outcome: str, label: str) -> str:
    """Tell what became of the repayment of an earlier run that had not told it."""
    story = _sent_earlier(name_of(intent, label), intent)
    if outcome == UNKNOWN:
        return f"{story} What became of it is unknown."
    if outcome == NOT_EXECUTED:
        return f"{story} It was not executed."
    pending = "" if outcome == EXECUTED else " and is pending"
    return f"{story} It was made{pending} (repayment {intent.repay_id})."


def acknowledged(intent: Intent, label: str) -> str:
    """Tell that a repayment in doubt is left to the user."""
    return (
        f"The repayment of {name_of(intent, label)} that was sent at {utc(intent.sent_at_ms)} is forgotten, because "
        f"acknowledge names it. Nothing was sent now; run without acknowledge if something is still to be repaid."
    )


def not_noted(intent_id: str) -> str:
    """Tell that there is nothing to acknowledge, most likely because it was done before."""
    return (
        f"acknowledge '{intent_id}' names no repayment that is noted here: it was acknowledged or settled before, or was sent for another "
        f"loan or account, or is noted in another state_dir. Nothing was sent; run without acknowledge if something is still to be repaid."
    )


def not_in_doubt(intent_id: str) -> str:
    """Tell that what is to be acknowledged has been found out."""
    return (
        f"What became of the repayment that acknowledge '{intent_id}' names is known by now. A run with acknowledge sends nothing; run "
        f"without it if something is still to be repaid."
    )


def _how_it_is_known(found: Reconciled) -> str:
    if found.finding is None:
        return ""
    if found.intent.accepted_at_ms is not None:
        return ": the exchange gave no id of its own, so it is known from its history"
    return ": there was no clear answer, but it stands in the exchange's history"


def _sent_earlier(what: str, intent: Intent) -> str:
    return f"An earlier run began a repayment of {what} at {utc(intent.sent_at_ms)} and did not tell its end."


def _how_to_go_on(intent: Intent, history_request: str) -> str:
    return (
        f"Run again to look again; or look yourself ({history_request}, or the loan's page on the exchange's site), and when "
        f"you know, run once with acknowledge: '{intent.intent_id}', which sends nothing and forgets this one."
    )

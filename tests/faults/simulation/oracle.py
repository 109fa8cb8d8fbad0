# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The laws of the fault suite, which hold whatever goes wrong, and the excuses of a run that cannot keep one.

**The ledger** is what really happened: each repayment, adjustment of collateral, and transfer that the exchange has executed, by API or
by the owner's hand, and the debts, collateral, and wallets. Only the suite reads it from the stand-in exchange; runs see what the
exchange shows. `ledger.Entry`, `ledger.Books`.

**Asked** is what the users wanted: one `Ask` is one decision to pay, no matter how many runs it takes until its outcome is known.

**Reported** is what each run told its user: `Run.result`, if there is one. A `Recording` holds the ledger, runs, and requests.

**A law** returns a sentence for each violation. The details are in `payments`, `overpayment`, `levels`, `reports`, and `outcomes`; what
they call a repayment can also be an adjustment or a transfer.

**An excuse** says why nobody can know better. Without one, not knowing is a defect as well. Pure: no I/O.
"""

from __future__ import annotations

import typing as t

from . import doubts, gate, outcomes, overpayment, payments, reports
from .asks import Asks
from .goals import Goal
from .ledger import Entry
from .recording import Recording
from .runs import Post, Run

# Paid: the ledger compared with what was asked for, at any time.


def pays_once(recording: Recording, asks: Asks) -> list[str]:
    """An amount is paid once for each ask, and a contract is closed once."""
    return payments.paid_too_often(recording, asks)


def pays_once_under_a_reference(recording: Recording, asks: Asks) -> list[str]:
    """An account pays once under a reference, for any loan and amount, and no matter how often it is asked, while the journal exists."""
    return payments.paid_under_one_reference(recording)


def not_executed_is_final(recording: Recording, asks: Asks) -> list[str]:
    """A run that reports not_executed has paid nothing, and none of its requests is executed later."""
    return payments.executed_after_all(recording)


def answers_once(recording: Recording, asks: Asks) -> list[str]:
    """A repayment answers one decision: it is reported again only if the first report failed or may have reached nobody."""
    return reports.reported_again(recording)


# Sent: the requests of each run that has ended.


def sends_only_when_it_may(run: Run, recording: Recording) -> list[str]:
    """Nothing is sent in check mode, or with a journal that cannot be written or read."""
    return payments.sent_without_leave(run)


def sends_once(run: Run, recording: Recording) -> list[str]:
    """A run sends one repayment; for max_debt, it may send one more for the interest that accrued meanwhile, and the dust."""
    return payments.sent_again(run, recording)


def sends_nothing_while_another_is_open(run: Run, recording: Recording) -> list[str]:
    """Nothing is sent while an earlier request on the loan may still be executed, or its outcome is unknown."""
    return payments.sent_beside_open_ones(run, recording)


def sends_what_is_missing(run: Run, recording: Recording) -> list[str]:
    """A run sends the requested amount; with since, what is missing of it; for a goal, no more than it takes, and never past an LTV."""
    return payments.wrong_amounts(run, recording) + overpayment.beyond_goal(run, recording)


def keeps_to_its_cap(run: Run, recording: Recording) -> list[str]:
    """A run pays at most at_most in total."""
    return payments.beyond_cap(run)


def decides_anew_after_the_gate(run: Run, recording: Recording) -> list[str]:
    """A request that the gate turned away is sent again only after new reads of debt and history, and is counted in gate_retries."""
    return payments.sent_by_old_reads(run) + payments.uncounted_retries(run)


def writes_down_what_it_sends(run: Run, recording: Recording) -> list[str]:
    """When a request leaves, its intent is already in the journal, and open."""
    return payments.sent_unwritten(run)


def sends_nothing_for_nobody(run: Run, recording: Recording) -> list[str]:
    """Nothing is recorded and sent when nobody is left to get the result."""
    return payments.sent_for_nobody(run)


def waits_until_the_debt_shows_it(run: Run, recording: Recording) -> list[str]:
    """A run for a goal that depends on the debt ends only when the debt shows the repayment, or wait_timeout is over."""
    return overpayment.left_too_early(run, recording)


# Reported: the result of each run.


def reports_a_result(run: Run, recording: Recording) -> list[str]:
    """A run that is not killed ends with one complete JSON document and without a traceback."""
    return reports.missing(run)


def does_not_contradict_itself(run: Run, recording: Recording) -> list[str]:
    """Outcome, changed, failed, exit code, amounts, and IDs of a result are consistent."""
    return reports.contradictions(run, recording)


def knows_its_journal(run: Run, recording: Recording) -> list[str]:
    """If the journal cannot be read, the outcome is unknown."""
    return reports.unread_journal(run)


def reports_what_was_made(run: Run, recording: Recording) -> list[str]:
    """Each repayment that a run reports for its goal is in the ledger as reported, and is pending only with an excuse."""
    return reports.wrong_repayments(run, recording, lambda entry: excuse_for_pending(run, entry, recording))


def answers_by_its_reference(run: Run, recording: Recording) -> list[str]:
    """What a run says about its reference is true: the repayment that was made under it, or its use for something else."""
    return reports.wrong_answers(run, recording, lambda entry: excuse_for_pending(run, entry, recording))


def reaches_its_goal(run: Run, recording: Recording) -> list[str]:
    """A success, or nothing to do, means that the goal is met."""
    return outcomes.goal_not_reached(run, recording)


def knows_what_is_in_doubt(run: Run, recording: Recording) -> list[str]:
    """No run reports not_executed while the outcome of an executed repayment for its goal is unknown."""
    return outcomes.hidden_doubts(run, recording)


def reports_unknown_only_with_an_excuse(run: Run, recording: Recording) -> list[str]:
    """A run reports unknown only if nobody could know the outcome of the repayment."""
    return outcomes.needless_doubts(run, recording, lambda post: excuse_for_unknown(run, post, recording))


def reports_earlier_repayments(run: Run, recording: Recording) -> list[str]:
    """What a run reports about the repayments of earlier runs is true as well."""
    return reports.wrong_earlier(run, recording)


# The disk, and the end of a schedule.


def keeps_secrets(files: t.Iterable[tuple[str, int, bytes]], secrets: t.Iterable[str]) -> list[str]:
    """Files that a run leaves on the disk are readable by its user only, and contain no key and no secret."""
    return reports.exposed(files, secrets)


def everybody_knows(recording: Recording, asks: Asks) -> list[str]:
    """After everything has healed, somebody was told about each repayment, and no ask is open."""
    return reports.unreported(recording, asks)


def comes_to_rest(goal: Goal, runs: list[Run], hour_turned: bool) -> list[str]:
    """After everything has healed, one run meets a goal, and the next one pays nothing."""
    return outcomes.unsettled(goal, runs, hour_turned)


PAID = (pays_once, pays_once_under_a_reference, not_executed_is_final, answers_once)
SENT = (
    sends_only_when_it_may, sends_once, sends_nothing_while_another_is_open, sends_what_is_missing, keeps_to_its_cap,
    decides_anew_after_the_gate, writes_down_what_it_sends, sends_nothing_for_nobody, waits_until_the_debt_shows_it,
)
REPORTED = (
    does_not_contradict_itself, knows_its_journal, reports_what_was_made, answers_by_its_reference, reaches_its_goal, knows_what_is_in_doubt,
    reports_unknown_only_with_an_excuse, reports_earlier_repayments,
)


def after_run(run: Run, recording: Recording) -> list[str]:
    """Check a run that has just ended, and its result."""
    broken = reports_a_result(run, recording)
    laws = SENT if broken or run.result is None else (*REPORTED, *SENT)
    return [f"run {run.index}: {sentence}" for sentence in broken + [wrong for law in laws for wrong in law(run, recording)]]


def always(recording: Recording, asks: Asks) -> list[str]:
    """Check the ledger against everything that has been asked for and reported so far."""
    return [wrong for law in PAID for wrong in law(recording, asks)]


# The excuses, of which the first that applies counts.


class Excuse(t.NamedTuple):
    """:ivar applies: The condition, given the run, the request or the entry of the ledger, and the recording."""

    word: str
    why: str
    applies: t.Callable[[Run, t.Any, Recording], bool]


# For the outcome unknown.
UNKNOWN = (
    Excuse("changed", "an answer was changed on its way, and nobody can check later what it said", doubts.was_misled),
    Excuse("blocked", "the exchange blocked the sender, who must stop at once", doubts.was_blocked),
    Excuse("too old", "the history no longer reaches back to the request", doubts.is_too_old),
    Excuse("twin", "the owner repaid the same amount, and nobody can tell the two apart", doubts.has_twin),
    Excuse("switch", "the history shows amounts or types otherwise, so nobody can recognize it", doubts.is_shown_otherwise),
    Excuse("failed", "it failed in the end: the money left the wallet and came back", doubts.has_failed),
    Excuse("neighbor", "something else moved the same money, and the history does not show it yet", doubts.has_neighbor),
    Excuse("late", "history, debt or wallet are later than settle_margin, which the user has set too short", doubts.is_late),
    Excuse("borrowed", "more was borrowed, so the debt cannot show the repayment", doubts.is_hidden_by_loan),
    Excuse("wait_timeout", "wait_timeout ended before the exchange showed what became of it", doubts.ended_too_early),
    Excuse("reads", "what the run needed could not be read", doubts.could_not_read),
)
# For the outcome pending.
PENDING = (
    Excuse("wait", "the user does not want to wait", doubts.does_not_wait),
    Excuse("gone", "it failed, and the history of legacy loans no longer shows it", doubts.has_vanished),
    Excuse("no status", "its history has no status, and what it has moved shows late where it arrives", doubts.has_not_arrived),
    Excuse("wait_timeout", "wait_timeout ended before it was final", doubts.ended_before_final),
    Excuse("reads", "the history could not be read after it was final", doubts.could_not_read_final),
)
# Other excuses are where they are used:
# - the gate turned a request away, but another copy of it was executed: C(gate), with its own reasons;
# - a forged field that no other answer contradicts: C(forgeries);
# - an entry of the owner that looks just like ours: C(knowledge.can_be_mistaken);
# - a killed run may have recorded an intent that it never sent: C(Recording.sent);
# - others repay at the same moment: C(overpayment).
GATE = gate.REASONS


def excuse_for_unknown(run: Run, post: Post, recording: Recording) -> str | None:
    """Return the name of the excuse of a run that cannot know the outcome of a request; None if it should know."""
    return next((excuse.word for excuse in UNKNOWN if excuse.applies(run, post, recording)), None)


def excuse_for_pending(run: Run, entry: Entry, recording: Recording) -> str | None:
    """Return the name of the excuse of a run that cannot know that a repayment is final; None if it should know."""
    return next((excuse.word for excuse in PENDING if excuse.applies(run, entry, recording)), None)

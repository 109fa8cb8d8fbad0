# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What everybody must be able to rely on, whatever goes wrong: the laws of the fault suite, and what excuses a run from them.

**The ledger** is what really happened: each repayment, adjustment of collateral and transfer that the exchange has booked, whether by
API or by the owner's hand, and what is owed, pledged and held. Only the suite reads it
from the stand-in exchange; runs see what the exchange shows. `ledger.Entry`, `ledger.Books`.

**Asked** is what the users wanted: one `Ask` is one decision to pay, however many runs it takes until its end is known.

**Reported** is what each run told its user: `Run.result`, if there is one. A `Recording` holds the ledger, runs and requests.

**A law** returns a sentence for each thing that is wrong. Details stand in `payments`, `overpayment`, `levels`, `reports` and
`outcomes`; what they call a repayment is an adjustment or a transfer as well.

**An excuse** says why nobody can know better. Without one, not knowing is a defect, too. Pure: no I/O.
"""

from __future__ import annotations

import typing as t

from . import doubts, gate, outcomes, overpayment, payments, reports
from .asks import Asks
from .goals import Goal
from .ledger import Entry
from .recording import Recording
from .runs import Post, Run

# Paid: the ledger against what was asked for, at any time.


def pays_once(recording: Recording, asks: Asks) -> list[str]:
    """An amount is paid once for each time that it is asked for, and a contract is closed once."""
    return payments.paid_too_often(recording, asks)


def pays_once_under_a_reference(recording: Recording, asks: Asks) -> list[str]:
    """Under a reference the account pays once, whatever loan and amount it is asked for, and however often, as long as the journal lives."""
    return payments.paid_under_one_reference(recording)


def not_executed_is_final(recording: Recording, asks: Asks) -> list[str]:
    """A run that reports not_executed has paid nothing, and nothing of it is executed later."""
    return payments.executed_after_all(recording)


def answers_once(recording: Recording, asks: Asks) -> list[str]:
    """A repayment answers one decision: it is reported again only if the first report failed or may have reached nobody."""
    return reports.reported_again(recording)


# Sent: each run that has ended.


def sends_only_when_it_may(run: Run, recording: Recording) -> list[str]:
    """Nothing is sent in check mode, without a journal that can be written, or with one that cannot be read."""
    return payments.sent_without_leave(run)


def sends_once(run: Run, recording: Recording) -> list[str]:
    """A run sends one repayment; for max_debt one more of the interest that accrued meanwhile, and the dust."""
    return payments.sent_again(run, recording)


def sends_nothing_while_another_is_open(run: Run, recording: Recording) -> list[str]:
    """Nothing is sent as long as an earlier request on the loan may still be executed, or nobody knows what became of it."""
    return payments.sent_beside_open_ones(run, recording)


def sends_what_is_missing(run: Run, recording: Recording) -> list[str]:
    """What is sent is what was asked for, with since what is missing of it; for a goal no more than it takes, and never past an LTV."""
    return payments.wrong_amounts(run, recording) + overpayment.beyond_goal(run, recording)


def keeps_to_its_cap(run: Run, recording: Recording) -> list[str]:
    """All that a run pays is at most at_most."""
    return payments.beyond_cap(run)


def decides_anew_after_the_gate(run: Run, recording: Recording) -> list[str]:
    """What the gate turned away is sent again only by fresh reads of debt and history, and counted in gate_retries."""
    return payments.sent_by_old_reads(run) + payments.uncounted_retries(run)


def writes_down_what_it_sends(run: Run, recording: Recording) -> list[str]:
    """What leaves is in the journal by then, as a repayment whose outcome is open."""
    return payments.sent_unwritten(run)


def sends_nothing_for_nobody(run: Run, recording: Recording) -> list[str]:
    """Nothing is written down and sent when nobody is left to get the result."""
    return payments.sent_for_nobody(run)


def waits_until_the_debt_shows_it(run: Run, recording: Recording) -> list[str]:
    """A run for a goal of the debt ends only when the debt shows what it paid, or wait_timeout is over."""
    return overpayment.left_too_early(run, recording)


# Reported: each result of a run.


def reports_a_result(run: Run, recording: Recording) -> list[str]:
    """A run that is not killed ends with one complete JSON document, and without a traceback."""
    return reports.missing(run)


def does_not_contradict_itself(run: Run, recording: Recording) -> list[str]:
    """Outcome, changed, failed, exit code, amounts and ids of a result fit each other."""
    return reports.contradictions(run, recording)


def knows_its_journal(run: Run, recording: Recording) -> list[str]:
    """With a journal that cannot be read, the outcome is unknown."""
    return reports.unread_journal(run)


def reports_what_was_made(run: Run, recording: Recording) -> list[str]:
    """Each repayment that a run reports as made for its goal stands in the ledger, as it says; pending only with an excuse."""
    return reports.wrong_repayments(run, recording, lambda entry: excuse_for_pending(run, entry, recording))


def answers_by_its_reference(run: Run, recording: Recording) -> list[str]:
    """What a run says of its reference is true: the repayment that was made under it, or that it names something else."""
    return reports.wrong_answers(run, recording, lambda entry: excuse_for_pending(run, entry, recording))


def reaches_its_goal(run: Run, recording: Recording) -> list[str]:
    """A success, or nothing to do, means that what was asked for is true."""
    return outcomes.goal_not_reached(run, recording)


def knows_what_is_in_doubt(run: Run, recording: Recording) -> list[str]:
    """No run reports not_executed while a repayment that was made for its goal is in doubt."""
    return outcomes.hidden_doubts(run, recording)


def reports_unknown_only_with_an_excuse(run: Run, recording: Recording) -> list[str]:
    """A run reports unknown only when nobody could know what became of the repayment."""
    return outcomes.needless_doubts(run, recording, lambda post: excuse_for_unknown(run, post, recording))


def reports_earlier_repayments(run: Run, recording: Recording) -> list[str]:
    """What a run reports of the repayments of earlier runs is true, too."""
    return reports.wrong_earlier(run, recording)


# The disk, and the end of a schedule.


def keeps_secrets(files: t.Iterable[tuple[str, int, bytes]], secrets: t.Iterable[str]) -> list[str]:
    """What a run leaves on the disk is for its user alone, and holds no key and no secret."""
    return reports.exposed(files, secrets)


def everybody_knows(recording: Recording, asks: Asks) -> list[str]:
    """After everything has healed, somebody was told of each repayment, and no ask is open."""
    return reports.unreported(recording, asks)


def comes_to_rest(goal: Goal, runs: list[Run], hour_turned: bool) -> list[str]:
    """After everything has healed, one run reaches a goal that says what shall be true, and the next pays nothing."""
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
    """Check one run that has just ended, and its result."""
    broken = reports_a_result(run, recording)
    laws = SENT if broken or run.result is None else (*REPORTED, *SENT)
    return [f"run {run.index}: {sentence}" for sentence in broken + [wrong for law in laws for wrong in law(run, recording)]]


def always(recording: Recording, asks: Asks) -> list[str]:
    """Check the ledger against everything that was asked for and reported so far."""
    return [wrong for law in PAID for wrong in law(recording, asks)]


# The excuses, the first that applies counts.


class Excuse(t.NamedTuple):
    """:ivar applies: Asked with the run, the request or the entry of the ledger, and the recording."""

    word: str
    why: str
    applies: t.Callable[[Run, t.Any, Recording], bool]


# For the outcome unknown.
UNKNOWN = (
    Excuse("changed", "an answer was changed on its way, and nobody can check later what it said", doubts.was_misled),
    Excuse("blocked", "the exchange blocked the sender, who must stop at once", doubts.was_blocked),
    Excuse("too old", "the history no longer reaches back to the request", doubts.is_too_old),
    Excuse("twin", "the owner repaid the same amount, and nobody can tell the two apart", doubts.has_twin),
    Excuse("switch", "the history shows amounts or types otherwise, so nobody can recognise it", doubts.is_shown_otherwise),
    Excuse("failed", "it failed in the end: the money left the wallet and came back", doubts.has_failed),
    Excuse("neighbour", "something else moved the same money, and the history does not show it yet", doubts.has_neighbour),
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
# Elsewhere, where each is used:
# - the gate's word, when another copy of what it turned away was executed: C(gate), with its own reasons;
# - a forged field that no other answer contradicts: C(forgeries);
# - an entry of the owner that looks just like ours: C(knowledge.can_be_mistaken);
# - a run that was killed may have written down what it never sent: C(Recording.sent);
# - what others repay at the very moment: C(overpayment).
GATE = gate.REASONS


def excuse_for_unknown(run: Run, post: Post, recording: Recording) -> str | None:
    """Return the word for why a run cannot know what became of a request; none when it should know."""
    return next((excuse.word for excuse in UNKNOWN if excuse.applies(run, post, recording)), None)


def excuse_for_pending(run: Run, entry: Entry, recording: Recording) -> str | None:
    """Return the word for why a run cannot know that a repayment is final; none when it should know."""
    return next((excuse.word for excuse in PENDING if excuse.applies(run, entry, recording)), None)

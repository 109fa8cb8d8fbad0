# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When it is right that a run does not know: the schedule has truly left no evidence. Anything else is a defect.

Pure: no I/O. A reason is a word for the tally; none means that the run should have known.
"""

from __future__ import annotations

from .facts import Facts
from .ledger import EARLY_MS, FAILED, OWNER, Entry
from .products import DEBT, HISTORY, LEDGER, LEGACY, OTHER, TIME, WALLET, Loan
from .runs import Post, Run
from .standin import DAY_MS
from .switches import UNRECOGNISED

# The longest pause between two looks, and what the requests of one look take at most.
_SLACK_MS = 4500
# Two whole looks, because one may lie astride a failing one.
_LOOKS = 2
# Further witnesses, which are asked once or twice.
_FURTHER = (WALLET, LEDGER, OTHER)
_NEVER_MS = 10**15
# Some days less than the history reaches back.
_HISTORY_MS = 178 * DAY_MS
# Whoever is told so stops at once.
_BLOCKED = 403
# What everybody assumes, as nothing is documented: the wallet's ledger shows a payment within settle_margin; where it does
# not pay or may not be read, one of the other witnesses shows the repayment within so many times settle_margin.
BLIND_MARGINS = 60


def processed_at(entry: Entry, facts: Facts) -> int:
    """Return when a repayment is no longer in process."""
    post = facts.post_of(entry)
    return entry.time + int(post.fault.get("processing_ms", 0) if post else 0)


def lateness(entry: Entry, facts: Facts) -> tuple[int, int]:
    """Return how much later than the ledger history and debt show a repayment."""
    final_at = processed_at(entry, facts)
    falls_at = [final_at]
    for other in facts.posts_on(entry.loan):
        one = facts.entry_of(other)
        # As long as the stand-in shows a debt as it was at one repayment, it shows nothing that came later either.
        if one and one.time <= final_at:
            falls_at.append(one.time + int(other.fault.get("debt_delay_ms", 0)))
    return shown_at(entry, facts) - entry.time, max(falls_at) - entry.time


def shown_at(entry: Entry, facts: Facts) -> int:
    """Return when the history shows a repayment."""
    if _is_gone(entry):
        return _NEVER_MS
    is_hidden = entry.loan.product == LEGACY and "hidden" in facts.switched.get("legacy_processing", ())
    return max(entry.visible_at, processed_at(entry, facts) if is_hidden else 0)


def shows_in_ledger(post: Post, facts: Facts) -> bool:
    """Tell whether the wallet's ledger, which its key may read, shows whether it was executed."""
    return not facts.is_blind and not facts.goal_of(post).collateral


def twins(post: Post, facts: Facts) -> list[Entry]:
    """Return the repayments that others made and that look like this one."""
    begin = post.timestamp - EARLY_MS
    return [
        entry for entry in facts.entries_on(post.loan)
        if entry.source == OWNER and entry.repay_id != post.repay_id
        # What a whole contract costs is not known beforehand.
        and (entry.amount == post.amount or facts.goal_of(post).is_whole)
        # One that was made long afterwards is a doubt as well: what the exchange calls the time is not documented.
        and begin - 60_000 <= entry.time and entry.status != FAILED
    ]


def for_unknown(run: Run, post: Post, facts: Facts) -> str | None:
    """Say why this run cannot know what became of this repayment request."""
    margin_ms = run.plan.settle_margin * 1000
    if run.is_misled or facts.runs[post.run].is_misled:
        # What was changed when it was sent, nobody can hold anything against later.
        return "changed"
    if post.run == run.index and isinstance(post.answer, dict) and post.answer.get("http_status") == _BLOCKED:
        return "blocked"
    if run.began_at - post.sent_at > _HISTORY_MS:
        return "too old"
    if twins(post, facts):
        return "twin"
    if facts.is_switched(*UNRECOGNISED):
        return "switch"
    entry = facts.entry_of(post)
    if entry is not None and not entry.lives:
        # The money has left the wallet, and come back.
        return "failed"
    is_shown = entry is not None and shown_at(entry, facts) <= (run.ended_at or 0)
    if not is_shown and _something_else_happened(run, post, facts):
        return "neighbour"
    if _something_is_late(run, post, facts):
        return "late"
    if _is_hidden_by_a_loan(run, post, facts):
        return "borrowed"
    closed_at = max(post.window_end, post.sent_at + post.recv_window + EARLY_MS)
    # One that has failed is no proof that there is no other, so the whole time must pass as if there were none.
    if entry and entry.lives and entry.time <= min(post.window_end, run.ended_at or 0):
        need = max(closed_at, shown_at(entry, facts))
    else:
        need = closed_at + margin_ms * (1 if shows_in_ledger(post, facts) else BLIND_MARGINS)
    begun = post.sent_at if post.run == run.index else min([read.at for read in run.reads], default=run.began_at)
    if begun + run.plan.wait_timeout * 1000 < need + _SLACK_MS:
        return "wait_timeout"
    senders = facts.runs[post.run].reads
    if any(not read.clean for read in senders if read.use in _FURTHER and read.at <= post.sent_at) and not facts.is_blind:
        # Without that, the wallet tells nothing afterwards.
        return "reads"
    if not _could_look(run, need, facts.is_blind):
        return "reads"
    return None


def for_pending(run: Run, entry: Entry, facts: Facts) -> str | None:
    """Say why this run cannot know that a repayment is final."""
    if not run.plan.wait:
        return "wait"
    post = facts.post_of(entry)
    if _is_gone(entry):
        return "gone"
    final_at = max(processed_at(entry, facts), entry.visible_at) + max(facts.switched.get("repay_id_query_ms", {0}))
    sent_at = post.sent_at if post and post.run == run.index else 0
    begun = max(sent_at, min([read.at for read in run.reads], default=run.began_at))
    if begun + run.plan.wait_timeout * 1000 < final_at + _SLACK_MS:
        return "wait_timeout"
    clean = [read for read in run.reads if read.use == HISTORY and read.clean and read.at >= final_at]
    return None if len(clean) >= _LOOKS else "reads"


def for_believing_the_gate(post: Post, facts: Facts) -> str | None:
    """Say why a run could not see that another copy of a request was executed, of which the gate said that it was turned away."""
    run, entry = facts.runs[post.run], facts.entry_of(post)
    if not post.is_turned_away or entry is None:
        return None
    until = min([other.sent_at for other in run.posts if other.sent_at > post.sent_at], default=run.ended_at or 0)
    reads = [read for read in run.reads if post.sent_at < read.at <= until]
    looks = [read.at for read in reads if read.use == HISTORY and read.clean]
    if not any(read.use == HISTORY for read in reads):
        return "refused"
    if any(at >= shown_at(entry, facts) for at in looks):
        return None
    if shown_at(entry, facts) - post.sent_at > run.plan.settle_margin * 1000:
        return "late"
    if run.is_misled or facts.is_switched(*UNRECOGNISED):
        return "changed"
    # What is pledged is shown as late as the debt.
    pays, late = (OTHER, "debt_delay_ms") if run.plan.goal.collateral else (WALLET, "wallet_delay_ms")
    seen = [read.at for read in reads if read.use == pays and read.clean]
    if facts.is_blind and pays == WALLET:
        # Then it has to wait as long as if it had been executed.
        return None
    if pays == WALLET and any(read.use == LEDGER and read.clean for read in reads):
        return None
    if not seen or seen[-1] < entry.time + int(post.fault.get(late, 0)):
        return "reads"
    return "borrowed" if any(post.sent_at <= at <= until for at, dummy in facts.borrowed) else None


def is_hidden_by_the_gate(loan: Loan, moment: int, facts: Facts) -> bool:
    """Tell whether a repayment that nobody could know of was not in the history yet."""
    hidden = [facts.entry_of(post) for post in facts.posts_on(loan) if for_believing_the_gate(post, facts)]
    return any(moment <= shown_at(entry, facts) for entry in hidden if entry)


def _could_look(run: Run, need: int, is_blind: bool) -> bool:
    """Tell whether the run could read all that it needed, after the moment from which on the evidence was there."""
    if any(not read.clean for read in run.reads if read.use in _FURTHER) and not is_blind:
        return False
    after = [read for read in run.reads if read.at >= need]
    for use in (HISTORY, DEBT):
        if sum(1 for read in after if read.use == use and read.clean) < _LOOKS:
            disturbed = [read for read in run.reads if not read.clean and read.use not in _FURTHER]
            # A run may stop at once when the exchange asks for it.
            return not disturbed or (disturbed[-1].at < need - _SLACK_MS and run.reads[-1].clean)
    asked_time = [read for read in after if read.use == TIME]
    return not asked_time or any(read.clean for read in asked_time)


def _is_gone(entry: Entry) -> bool:
    """Tell whether the history shows a repayment no longer: the legacy one has none that failed."""
    return entry.loan.product == LEGACY and entry.status == FAILED


def _something_else_happened(run: Run, post: Post, facts: Facts) -> bool:
    """Tell whether anything else has moved the same money since the sender looked, which may have been this repayment."""
    since = facts.runs[post.run].began_at - run.plan.settle_margin * 1000 - EARLY_MS
    others = [entry for entry in facts.ledger.values() if entry.repay_id != post.repay_id]
    return any(max(entry.time, processed_at(entry, facts)) >= since and entry.time <= (run.ended_at or 0) for entry in others)


def _something_is_late(run: Run, post: Post, facts: Facts) -> bool:
    """Tell whether history or debt of any repayment on this loan is later than the user has said it might be."""
    for other in facts.posts_on(post.loan):
        entry = facts.entry_of(other)
        if entry is None:
            continue
        history = shown_at(entry, facts) - entry.time
        late = max(history, *(int(other.fault.get(name, 0)) for name in ("debt_delay_ms", "wallet_delay_ms")))
        if entry.time + late >= post.sent_at - 60_000 and late > run.plan.settle_margin * 1000:
            return True
    return False


def _is_hidden_by_a_loan(run: Run, post: Post, facts: Facts) -> bool:
    """Tell whether more was borrowed since the run looked, so that the debt cannot show whether it was repaid."""
    sender = facts.runs[post.run]
    since = max((read.at for read in sender.reads if read.use == DEBT and read.at <= post.sent_at), default=0)
    entry = facts.entry_of(post)
    is_seen = entry is not None and entry.lives and shown_at(entry, facts) <= (run.ended_at or 0)
    return not is_seen and any(since <= at <= (run.ended_at or 0) and loan == post.loan for at, loan in facts.borrowed)

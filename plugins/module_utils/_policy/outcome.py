# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of a policy reached, for each operation, for each rule, and as a whole, in the form in which the module returns it.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._amounts import plain, plain_or_none
from .._outcomes import EXECUTED, NOT_EXECUTED, NOTHING_TO_DO, PENDING, PLANNED, UNKNOWN
from .apply import NOT_TRIED, Result
from .document import Document
from .plan import TRANSFER
from .wording import amount, noun

REACHED, PARTLY, NOT = "reached", "partly", "not"


class RuleState(t.NamedTuple):
    """Whether what a rule demands is true now.

    :ivar state: C(reached), C(partly), C(not), or C(unknown).
    :ivar reasons: What is missing and why, as sentences.
    """

    name: str
    state: str
    reasons: tuple[str, ...] = ()


def rule_states(document: Document, results: t.Sequence[Result]) -> list[RuleState]:
    """Return the state of each rule, in their order."""
    return [_state(rule["name"], document, results) for rule in document.policy["rules"]]


def _state(name: str, document: Document, results: t.Sequence[Result]) -> RuleState:
    own = [result for result in results if name in result.operation.rules]
    reasons = [entry.reason for entry in document.unmet if entry.rule == name]
    reasons += [_told(result) for result in own if not result.is_success]
    if any(result.outcome == UNKNOWN for result in own):
        return RuleState(name, UNKNOWN, tuple(reasons))
    if not reasons:
        return RuleState(name, REACHED)
    is_something_done = any(result.is_success and result.operation.kind != TRANSFER for result in own)
    return RuleState(name, PARTLY if is_something_done else NOT, tuple(reasons))


def overall(results: t.Sequence[Result]) -> str:
    """Return the outcome of all operations together."""
    outcomes = {result.outcome for result in results}
    for outcome in (UNKNOWN, PENDING, EXECUTED, PLANNED):
        if outcome in outcomes:
            return outcome
    return NOT_EXECUTED if outcomes & {NOT_EXECUTED, NOT_TRIED} else NOTHING_TO_DO


def message(document: Document, results: t.Sequence[Result]) -> str:
    """Sum up what was done, and name what was not, in whole sentences."""
    sentences = []
    if not results:
        sentences.append("No operation is possible now." if document.unmet else "Nothing to do.")
    for said, outcomes in (("Would make", (PLANNED,)), ("Made", (EXECUTED, PENDING))):
        some = [result for result in results if result.outcome in outcomes]
        if some:
            sentences.append(f"{said} {len(some)} of {len(results)} operations: {', '.join(_short(result) for result in some[:_SHOWN])}{_more(some)}.")
    sentences += [_told(result) for result in results if not result.is_success]
    unmet = dict.fromkeys(f"'{entry.rule}'" for entry in document.unmet)
    if unmet:
        sentences.append(f"Not fully met: {', '.join(unmet)}.")
    return " ".join(sentences)


def unmet_warnings(document: Document) -> list[str]:
    """Return one warning for each rule that the plan does not fully meet, with the first thing that is missing."""
    reasons: dict[str, list[str]] = {}
    for entry in document.unmet:
        reasons.setdefault(entry.rule, []).append(entry.reason)
    return [f"Rule '{rule}' is not fully met: {first}{_further(len(others))}" for rule, (first, *others) in reasons.items()]


def _further(number: int) -> str:
    return f" The result has {number} more {'reasons' if number > 1 else 'reason'} in 'rules'." if number else ""


_SHOWN = 5


def _told(result: Result) -> str:
    """Say why an operation was not made. Its message may name it already, such as C(The repayment of 5 USDT on loan 571 was not made: ...)."""
    of_amount = f" of {amount(result.operation)} "
    if of_amount in result.message.partition(": ")[0]:
        return result.message
    return f"The {noun(result.operation)}{of_amount.rstrip()}: {result.message}"


def _short(result: Result) -> str:
    return f"{noun(result.operation)} ({amount(result.operation)})"


def _more(results: t.Sequence[Result]) -> str:
    return f", and {len(results) - _SHOWN} more" if len(results) > _SHOWN else ""


def operation_as_dict(document: Document, result: Result) -> dict[str, t.Any]:
    """Return an operation as the module returns it."""
    played, operation, intent = result.played, result.operation, result.intent
    return {
        "number": result.number,
        "kind": operation.kind,
        "product": operation.product,
        "loan_id": operation.loan_id,
        "coin": operation.coin,
        "amount": plain(operation.amount),
        "moved": plain_or_none(result.moved),
        "sells": operation.sells,
        "rules": list(operation.rules),
        "reasons": [{"rule": share.rule, "reason": share.reason, "amount": plain_or_none(share.amount)} for share in operation.shares],
        "arithmetic": played.arithmetic,
        "ltv_before": plain_or_none(played.ltv_before),
        "ltv_after": plain_or_none(played.ltv_after),
        "reference": document.reference(result.number),
        "outcome": result.outcome,
        "id": intent.repay_id if intent is not None else None,
        "intent": intent.intent_id if intent is not None else None,
        "sent_at_ms": intent.sent_at_ms if intent is not None and intent.sent_at_ms else None,
        "msg": result.message,
    }

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turns the result of a policy into lines, one for each operation, and into what the totals count.

Pure: no I/O. This plugin util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, REPAY, TO_FUND
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FIXED, FLEXIBLE
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import EXECUTED, NOT_EXECUTED, NOTHING_TO_DO, PENDING, PLANNED, UNKNOWN
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import TRANSFER, percent
from ansible_collections.treasury.bybit.plugins.module_utils._policy.rules import ADD_COLLATERAL
from ansible_collections.treasury.bybit.plugins.module_utils._policy.rules import REPAY as REPAY_FROM_WALLETS
from ansible_collections.treasury.bybit.plugins.module_utils._policy.rules import REPAY_FROM_COLLATERAL
from ansible_collections.treasury.bybit.plugins.module_utils._words import WORDS
from ansible_collections.treasury.bybit.plugins.plugin_utils._movement import (
    CALM, DONE, LOUD, MOVED, NOTHING, RECOVERED, Line, TallyItem, item_of, loud, may_have_been,
)

_Result = t.Mapping[str, t.Any]

_LISTS = ("operations", "rules", "earlier")
_MOVES = {REPAY_FROM_WALLETS: REPAY, REPAY_FROM_COLLATERAL: REPAY, ADD_COLLATERAL: ADD, TRANSFER: TO_FUND}
_MADE = (EXECUTED, PENDING)


def is_policy_report(result: _Result) -> bool:
    """Whether this is the result of a policy that got as far as reading the options, whichever action returned it."""
    return {"outcome", "mode"} <= set(result) and all(isinstance(result.get(name), list) for name in _LISTS)


def policy_lines(result: _Result, is_told: bool, has_failed: bool) -> list[Line]:
    """Return what to show of the result of a policy.

    :param is_told: Whether Ansible itself shows the message of the failed task.
    """
    lines = [_earlier_line(summary) for summary in _only_earlier(result) if summary["outcome"] in (*_MADE, UNKNOWN)]
    for operation in result["operations"]:
        lines += _operation_lines(operation, is_told)
    message = result.get("msg") or ""
    if _is_in_doubt_elsewhere(result):
        lines.append(Line(loud(None) + f" {message}", LOUD))
    if has_failed:
        is_nothing = all(item.state == NOT_EXECUTED for item in policy_items(result, ""))
        return [*lines, *([Line(NOTHING, CALM)] if is_nothing else [])]
    return lines or [Line(message, CALM)]


def policy_items(result: _Result, host: str) -> list[TallyItem]:
    """Return each movement that the result of a policy reports."""
    recovered = {summary["intent"] for summary in result["earlier"]}
    items = [item_of(host, "", summary, RECOVERED) for summary in _only_earlier(result)]
    for operation in result["operations"]:
        outcome, intent = operation["outcome"], operation["intent"]
        if outcome == UNKNOWN and intent is None:
            items.append(_of_another_run(host))
        elif outcome in (*_MADE, PLANNED, NOT_EXECUTED, UNKNOWN):
            state = {EXECUTED: RECOVERED if intent in recovered else DONE}.get(outcome, outcome)
            amount = Decimal(operation["moved"] or operation["amount"])
            items.append(TallyItem(host, state, _MOVES[operation["kind"]], operation["coin"], amount, intent))
    return [*items, *([_of_another_run(host)] if _is_in_doubt_elsewhere(result) else [])]


def _of_another_run(host: str) -> TallyItem:
    """Return what is in doubt without an intent of this run: it may be for another amount."""
    return TallyItem(host, UNKNOWN, None, "", None)


def _only_earlier(result: _Result) -> list[_Result]:
    """Return the operations of earlier runs that are none of this plan's."""
    planned = {operation["intent"] for operation in result["operations"]}
    return [summary for summary in result["earlier"] if summary["intent"] not in planned]


def _is_in_doubt_elsewhere(result: _Result) -> bool:
    """Return whether something is in doubt that is neither an operation of the plan nor a reported one of an earlier run."""
    outcomes = [entry["outcome"] for entry in (*result["operations"], *result["earlier"])]
    return result["outcome"] == UNKNOWN and UNKNOWN not in outcomes


def _earlier_line(summary: _Result) -> Line:
    words, amount = WORDS[summary["move"]], f"{summary['amount']} {summary['coin']}"
    if summary["outcome"] == UNKNOWN:
        return Line(f"{loud(summary['intent'])} {may_have_been(f'{amount} of an earlier run', words.done, words.target)}", LOUD)
    entry = f"{words.entry} {summary[words.id_key]}, " if summary.get(words.id_key) else ""
    return Line(f"An earlier run {words.did.lower()} {amount} ({entry}{summary['outcome']}).", MOVED)


def _operation_lines(operation: _Result, is_told: bool) -> list[Line]:
    words, outcome, message = WORDS[_MOVES[operation["kind"]]], operation["outcome"], operation.get("msg") or ""
    if outcome == PLANNED:
        figures = f" ({operation['arithmetic']})" if operation["arithmetic"] else ""
        return [Line(f"Would {words.do} {_what(operation)}{figures}.", MOVED)]
    if outcome in _MADE:
        entry = f" ({words.entry} {operation['id']})" if operation["id"] else ""
        return [Line(f"{message or f'{words.did} {_what(operation)}{entry}.'}{_ltv(operation)}", MOVED)]
    if outcome == UNKNOWN:
        # Without an intent, only the message knows what is in doubt.
        is_own = operation["intent"] is not None and (is_told or not message)
        return [Line(f"{loud(operation['intent'])} {may_have_been(_what(operation), words.done, words.target) if is_own else message}", LOUD)]
    if outcome == NOTHING_TO_DO:
        return [Line(message, CALM)] if message else []
    # The message of the task says why.
    return [] if is_told else [Line(f"Did not {words.do} {_what(operation)}. {message}".rstrip(), CALM)]


def _what(operation: _Result) -> str:
    """Name the amount of an operation, and where it goes."""
    amount, kind = f"{operation['amount']} {operation['coin']}", operation["kind"]
    if kind == TRANSFER:
        return f"{amount} from UNIFIED to Funding"
    if kind == ADD_COLLATERAL:
        return f"{amount} to the collateral of {_target(operation)}"
    return f"{amount} on {_target(operation)}{' by selling ' + operation['sells'] if operation['sells'] else ''}"


def _target(operation: _Result) -> str:
    product, loan_id = operation["product"], operation["loan_id"]
    if product is None:
        return "the account"
    if product == FLEXIBLE:
        return f"the flexible {operation['coin']} loan"
    return f"fixed contract {loan_id}" if product == FIXED else f"loan {loan_id}"


def _ltv(operation: _Result) -> str:
    """Return a sentence about the planned change of the LTV; empty if there is none."""
    before, after = operation["ltv_before"], operation["ltv_after"]
    if None in (before, after) or before == after:
        return ""
    return f" Planned LTV: {percent(Decimal(before))} → {percent(Decimal(after))}."

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turns the results of the modules that move money into lines and totals.

Pure: no I/O. This plugin util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._amounts import plain, total
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, REPAY, TAKE_BACK, TO_FUND, TO_UNIFIED
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import EXECUTED, NOT_EXECUTED, NOTHING_TO_DO, PENDING, PLANNED, UNKNOWN
from ansible_collections.treasury.bybit.plugins.module_utils._words import WORDS
from ansible_collections.treasury.bybit.plugins.plugin_utils._movement import (
    CALM, COLUMNS, DONE, DOUBT, LOUD, MOVED, NOT_REACHED, NOTHING, RECOVERED, Line, TallyItem, item_of, loud, may_have_been,
)
from ansible_collections.treasury.bybit.plugins.plugin_utils._policy_lines import is_policy_report, policy_items, policy_lines

# What the totals call each move, after the coin, in this order.
_KINDS = {
    REPAY: "repaid",
    ADD: "added to collateral",
    TAKE_BACK: "taken back from collateral",
    TO_FUND: "transferred to Funding",
    TO_UNIFIED: "transferred to UNIFIED",
}
# The values of a result that list movements, and those with the figures before and after.
_LISTS = tuple(dict.fromkeys(words.list_key for words in WORDS.values()))
_SUBJECTS = tuple(dict.fromkeys(words.subject_key for words in WORDS.values()))
# Set by Ansible in the result of a task whose module returned none.
_CUT_OFF = ("timedout", "async_result", "module_stdout", "unreachable")
# What OpenSSH says before there is a connection. Without these words, the connection may have broken while the module ran.
_NO_CONNECTION = ("ssh: connect to host ", "ssh: Could not resolve hostname ", "Permission denied (", "Host key verification failed")
# The width of host names in the recap of Ansible.
_HOST_WIDTH = 26
# Ansible may have tried before, and does not say what became of that.
_NO_HOST = "The host was not reached. Run the task again: it finds out what earlier runs sent before it sends anything."
_NO_RESULT = "the task ended before it reported what it sent. Run it again: it finds out before it sends anything."


def is_report(result: t.Mapping[str, t.Any]) -> bool:
    """Whether this is the result of a module that moves money, whichever action returned it."""
    return _is_of_operation(result) or is_policy_report(result)


def _is_of_operation(result: t.Mapping[str, t.Any]) -> bool:
    """Whether this is the result of a module for one operation."""
    details = result.get("details")
    return {"outcome", "move"} <= set(result) and isinstance(details, dict) and {"earlier", "intent"} <= set(details)


def is_cut_off(result: t.Mapping[str, t.Any]) -> bool:
    """Whether the task of a module that moves money ended without the module's own result."""
    return not is_report(result) and any(result.get(name) for name in _CUT_OFF)


def _is_not_reached(result: t.Mapping[str, t.Any]) -> bool:
    """Return whether the task ended because there was no connection to its host."""
    return is_cut_off(result) and bool(result.get("unreachable")) and any(words in str(result.get("msg")) for words in _NO_CONNECTION)


def is_refusal(result: t.Mapping[str, t.Any]) -> bool:
    """Return whether a module that moves money ended before it could report more than that nothing was moved."""
    return not is_report(result) and result.get("outcome") == NOT_EXECUTED


def lines_of(result: t.Mapping[str, t.Any], has_failed: bool, is_shown: bool = True) -> list[Line]:
    """Return what to show of a result immediately.

    :param has_failed: Whether the task failed; since ansible-core 2.21, the result does not contain this.
    :param is_shown: Whether Ansible itself shows the message of a failed task.
    """
    message = result.get("msg") or ""
    if _is_not_reached(result):
        return [Line(_NO_HOST, CALM)]
    if is_cut_off(result):
        return [Line(f"{DOUBT}: {_NO_RESULT}", LOUD)]
    if is_refusal(result):
        return [Line(NOTHING, CALM)]
    if is_policy_report(result):
        return policy_lines(result, has_failed and is_shown, has_failed)
    if not is_report(result):
        return []
    # The message also reports a transfer that preceded a repayment.
    parts = _parts_of(result)
    coin, moved = _coin_of(result), [summary for part in parts for summary in _moved(part)]
    lines = []
    if result["outcome"] == UNKNOWN:
        lines.append(Line(_doubt(parts, message, has_failed and is_shown), LOUD))
    if has_failed:
        # The message describes only the failure.
        before = [Line(_before_failure(summary, coin), MOVED) for summary in moved]
        is_nothing = all(outcome == NOT_EXECUTED for outcome in (result["outcome"], *(item.state for item in items_of(result, ""))))
        return [*before, *lines, *([Line(NOTHING, CALM)] if is_nothing else [])]
    if moved or result["outcome"] == PLANNED:
        lines.append(Line(f"{message}{_ltv_of(result)}", MOVED))
    elif result["outcome"] in (EXECUTED, PENDING, NOTHING_TO_DO):
        # The message says why nothing was sent.
        lines.append(Line(message, CALM))
    return lines


def _doubt(parts: t.Sequence[t.Mapping[str, t.Any]], message: str, is_told: bool) -> str:
    """Say that an outcome is unknown.

    :param is_told: Whether the message, with everything that is known, is shown above this line.
    """
    part = next((part for part in parts if part["details"]["intent"]), None)
    if part is None:
        return f"{loud(None)} {message}"
    beginning = loud(part["details"]["intent"])
    if not is_told:
        return f"{beginning} {message}"
    words = WORDS[part["move"]]
    coin = _coin_of(part)
    # If something was moved before this, the amount is that.
    what = f"{part['amount']} {coin}".rstrip() if not _moved(part) else f"more {coin}".rstrip()
    return f"{beginning} {may_have_been(what, words.done, words.target)}"


def _ltv_of(result: t.Mapping[str, t.Any]) -> str:
    """Return a sentence about the change of the LTV, which the message does not contain; empty if there was none."""
    pair = result.get(WORDS[result["move"]].subject_key)
    before, after = ((pair or {}).get(name) or {} for name in ("before", "after"))
    ltvs = [subject.get("ltv") for subject in (before, after)]
    if result["outcome"] == PLANNED or None in ltvs or ltvs[0] == ltvs[1]:
        return ""
    return f" LTV before: {ltvs[0]}, now: {ltvs[1]}."


def items_of(result: t.Mapping[str, t.Any], host: str) -> list[TallyItem]:
    """Return each movement that a result reports."""
    if is_cut_off(result):
        return [TallyItem(host, NOT_REACHED if _is_not_reached(result) else UNKNOWN, None, "", None)]
    if is_policy_report(result):
        return policy_items(result, host)
    if not is_report(result):
        return []
    *transfer, own = _parts_of(result)
    items = [item for part in transfer for item in _items_of_part(part, host)]
    is_own_doubt = not any(item.state == UNKNOWN for item in items)
    # While a transfer is in doubt, nothing is repaid.
    return items + [item for item in _items_of_part(own, host) if is_own_doubt or item.state != UNKNOWN]


def _items_of_part(result: t.Mapping[str, t.Any], host: str) -> list[TallyItem]:
    coin, moved = _coin_of(result), _moved(result)
    earlier = result["details"]["earlier"]
    earlier_intents = {summary["intent"] for summary in earlier}
    made = [summary for summary in moved if summary["intent"] not in earlier_intents]
    items = [item_of(host, coin, summary, RECOVERED) for summary in earlier]
    items += [item_of(host, coin, summary, DONE) for summary in made]
    if result["outcome"] == PLANNED:
        items.append(TallyItem(host, PLANNED, result["move"], coin, Decimal(result["amount"])))
    elif result["outcome"] == UNKNOWN and result["details"]["intent"] is None:
        # It may be another run's, for another amount.
        items.append(TallyItem(host, UNKNOWN, None, "", None))
    elif result["outcome"] == UNKNOWN:
        # If something was moved before this, the amount is that.
        amount = None if moved else Decimal(result["amount"])
        items.append(TallyItem(host, UNKNOWN, result["move"], coin, amount, result["details"]["intent"]))
    return items


def _parts_of(result: t.Mapping[str, t.Any]) -> list[t.Mapping[str, t.Any]]:
    """Return the parts of a result: the transfer that was made first, if there was one, and the task's own operation."""
    funding = result.get("funding")
    return [funding, result] if isinstance(funding, dict) and _is_of_operation(funding) else [result]


def _moved(result: t.Mapping[str, t.Any]) -> list[t.Mapping[str, t.Any]]:
    return [summary for name in _LISTS for summary in result.get(name) or ()]


def _before_failure(summary: t.Mapping[str, t.Any], coin: str) -> str:
    words = WORDS[summary["move"]]
    amount = f"{summary['amount']} {summary.get('coin') or coin}"
    return f"{words.did} before the failure: {amount} ({words.entry} {summary[words.id_key]}, {summary['outcome']})"


def _coin_of(result: t.Mapping[str, t.Any]) -> str:
    # Of a repayment, "collateral" lists the coins that are sold.
    figures = [result[name] for name in _SUBJECTS if isinstance(result.get(name), dict)]
    shown = [subject["coin"] for pair in figures for subject in pair.values() if subject and subject.get("coin")]
    named = [result[name] for name in ("loan_currency", "currency", "coin") if result.get(name)]
    return next(iter([*shown, *named]), "")


class _Row(t.NamedTuple):
    """One row of the totals.

    :ivar kind: What was moved, and how.
    :ivar sums: How much, by what became of it; empty if the row has nothing to add up.
    """

    host: str
    kind: str
    sums: str
    tone: str


class Tally:
    """Adds up what the results of a run report, each movement once, as last reported."""

    def __init__(self) -> None:
        self._items: dict[str | int, TallyItem] = {}
        self._hosts: set[str] = set()
        self._number = itertools.count()

    def add(self, result: t.Mapping[str, t.Any], host: str) -> None:
        self._hosts.add(host)
        for item in items_of(result, host):
            key = item.intent or next(self._number)
            before = self._items.get(key)
            if before is not None and not item.coin:
                item = dataclasses.replace(item, coin=before.coin)
            # What this run moved remains moved, even if a later task reports it again.
            if before is None or not (before.state == DONE and item.state == RECOVERED):
                self._items[key] = item

    def lines(self) -> list[Line]:
        """Return the totals for each host, coin and move, and each movement in doubt; nothing without results."""
        rows = [row for host in sorted(self._hosts) for row in self._rows_of(host)]
        host_width = max([_HOST_WIDTH, *(len(row.host) for row in rows)])
        kind_width = max([0, *(len(row.kind) for row in rows if row.sums)])
        texts = [f"{row.kind.ljust(kind_width)}  {row.sums}" if row.sums else row.kind for row in rows]
        return [Line(f"{row.host.ljust(host_width)} : {text}", row.tone) for row, text in zip(rows, texts)]

    def _rows_of(self, host: str) -> t.Iterator[_Row]:
        items = [item for item in self._items.values() if item.host == host]
        counted = [item for item in items if item.state in COLUMNS]
        doubtful = [item for item in items if item.state == UNKNOWN]
        if not counted and not doubtful:
            yield _Row(host, "not reached" if any(item.state == NOT_REACHED for item in items) else "nothing was moved", "", CALM)
        for coin, move in sorted({(item.coin, item.move or "") for item in counted}, key=_place):
            those = [item for item in counted if (item.coin, item.move) == (coin, move)]
            sums = {state: [item.amount or Decimal(0) for item in those if item.state == state] for state in COLUMNS}
            shown = "  ".join(f"{state}={plain(total(*amounts))}" for state, amounts in sums.items() if amounts)
            yield _Row(host, f"{coin} {_KINDS[move]}:".lstrip(), shown, MOVED)
        for item in doubtful:
            kind = f" {item.coin} {_KINDS[item.move]}:".replace("  ", " ") if item.move else ""
            amount = f" amount={plain(item.amount)}" if item.amount is not None else ""
            yield _Row(host, f"{DOUBT}{kind}{amount} intent={item.intent or 'not reported'}", "", LOUD)


def _place(coin_and_move: tuple[str, str]) -> tuple[str, int]:
    """Return where a total stands among those of its host."""
    coin, move = coin_and_move
    return coin, list(_KINDS).index(move)

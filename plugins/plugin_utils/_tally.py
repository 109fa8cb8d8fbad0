# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the results of repay modules report about money, as lines and as totals.

Pure: no I/O. This plugin util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._amounts import plain, total
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import EXECUTED, PENDING, PLANNED, UNKNOWN

PAID, RECOVERED = "paid", "recovered"
COLUMNS = (PAID, RECOVERED, PENDING, PLANNED)
# What Ansible itself puts into the result of a task whose module returned none.
_CUT_OFF = ("timedout", "async_result", "module_stdout", "unreachable")
_LOUD = "OUTCOME UNKNOWN"
_NO_RESULT = "the task ended before it reported what it sent. Run it again: it finds out before it sends anything."


@dataclasses.dataclass(frozen=True)
class TallyItem:
    """One repayment that a result reports.

    :ivar state: One of C(COLUMNS), or C(UNKNOWN).
    :ivar intent: The ID of its intent; none if it is only planned, or if none was reported.
    """

    host: str
    state: str
    coin: str
    amount: Decimal | None
    intent: str | None = None


def is_report(result: t.Mapping[str, t.Any]) -> bool:
    """Whether this is the result of a repay module, whichever action returned it."""
    details = result.get("details")
    return "outcome" in result and "repayments" in result and isinstance(details, dict) and {"earlier", "intent"} <= set(details)


def is_cut_off(result: t.Mapping[str, t.Any]) -> bool:
    """Whether the task of a repay module ended without the module's own result."""
    return not is_report(result) and any(result.get(name) for name in _CUT_OFF)


def lines_of(result: t.Mapping[str, t.Any]) -> list[tuple[str, bool]]:
    """Return what to show of a result immediately, and for each line whether to highlight it."""
    message = result.get("msg") or ""
    if is_cut_off(result):
        return [(f"{_LOUD}: {_NO_RESULT}", True)]
    if not is_report(result):
        return []
    coin = _coin_of(result)
    lines = []
    if result["outcome"] == UNKNOWN:
        lines.append((f"{_LOUD} (intent {result['details']['intent'] or 'not reported'}): {message}", True))
    if result.get("failed"):
        # The message is about the failure.
        made = [f"{made['amount']} {coin} (repayment {made['repay_id']}, {made['outcome']})" for made in result["repayments"]]
        return [*((f"Repaid before the failure: {text}", False) for text in made), *lines]
    # A run that a reference has answered, too: why nothing was sent is worth a line.
    is_answered = result["outcome"] in (EXECUTED, PENDING) and not result["repayments"]
    if result["outcome"] == PLANNED or result["repayments"] or is_answered:
        lines.append((message, False))
    return lines


def items_of(result: t.Mapping[str, t.Any], host: str) -> list[TallyItem]:
    """Return each repayment that a result reports."""
    if is_cut_off(result):
        return [TallyItem(host, UNKNOWN, "", None)]
    if not is_report(result):
        return []
    coin = _coin_of(result)
    earlier = result["details"]["earlier"]
    earlier_intents = {summary["intent"] for summary in earlier}
    made = [summary for summary in result["repayments"] if summary["intent"] not in earlier_intents]
    items = [_item(host, coin, summary, RECOVERED) for summary in earlier]
    items += [_item(host, coin, summary, PAID) for summary in made]
    if result["outcome"] == PLANNED:
        items.append(TallyItem(host, PLANNED, coin, Decimal(result["amount"])))
    elif result["outcome"] == UNKNOWN:
        # If repayments were made before this one, the amount is theirs.
        amount = None if result["repayments"] else Decimal(result["amount"])
        items.append(TallyItem(host, UNKNOWN, coin, amount, result["details"]["intent"]))
    return items


def _item(host: str, coin: str, summary: t.Mapping[str, t.Any], state: str) -> TallyItem:
    states = {EXECUTED: state, PENDING: PENDING}
    state = states.get(summary["outcome"], summary["outcome"])
    return TallyItem(host, state, summary.get("coin") or coin, Decimal(summary["amount"]), summary["intent"])


def _coin_of(result: t.Mapping[str, t.Any]) -> str:
    loans = [loan for loan in (result.get("loan") or {}).values() if loan]
    return next((loan["coin"] for loan in loans if loan.get("coin")), None) or result.get("loan_currency") or "of an unknown coin"


class Tally:
    """Adds up what the results of a run report, each repayment once, as last reported."""

    def __init__(self) -> None:
        self._items: dict[str | int, TallyItem] = {}
        self._hosts: set[str] = set()
        self._number = itertools.count()

    def add(self, result: t.Mapping[str, t.Any], host: str) -> None:
        self._hosts.add(host)
        for item in items_of(result, host):
            key = item.intent or next(self._number)
            before = self._items.get(key)
            # What this run paid remains paid, even if a later task reports it again.
            if before is None or not (before.state == PAID and item.state == RECOVERED):
                self._items[key] = item

    def lines(self) -> list[tuple[str, bool]]:
        """Return the totals for each host and coin, and each repayment in doubt, highlighted; nothing without results."""
        return [(f"{host:<26} : {text}", is_loud) for host in sorted(self._hosts) for text, is_loud in self._lines_of(host)]

    def _lines_of(self, host: str) -> t.Iterator[tuple[str, bool]]:
        items = [item for item in self._items.values() if item.host == host]
        counted = [item for item in items if item.state in COLUMNS]
        doubtful = [item for item in items if item.state == UNKNOWN]
        if not counted and not doubtful:
            yield "nothing was repaid", False
        for coin in sorted({item.coin for item in counted}):
            those = [item for item in counted if item.coin == coin]
            sums = {state: total(*(item.amount or Decimal(0) for item in those if item.state == state)) for state in COLUMNS}
            yield f"{coin} {'  '.join(f'{state}={plain(number)}' for state, number in sums.items())}", False
        for item in doubtful:
            amount = f" amount={plain(item.amount)} {item.coin}" if item.amount is not None else ""
            yield f"{_LOUD}{amount} intent={item.intent or 'not reported'}", True

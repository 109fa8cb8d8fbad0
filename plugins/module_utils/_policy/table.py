# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as a plain-text table that a person can approve in a terminal of 80 columns.

Each operation has a row with what moves where, and below it the figures that it changes, and each rule with its reason. Sentences continue on
the next line, indented. Nothing is cut: if a number or an ID does not fit, its line is longer.
Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import functools
import re
import textwrap
import typing as t
from decimal import Decimal

from .._amounts import difference, multiply, plain, round_down, round_up, total
from .._engine.diff import aligned
from .money import Cap, Money
from .plan import SHOWN_PLACES, TRANSFER, Operation, Played, Unmet, money_after
from .wording import action, place

WIDTH = 80
_ZERO = Decimal(0)
_GAP = "  "
_CENTS = 2
_NO_BREAK = "\N{NO-BREAK SPACE}"
# A line must not end between a number and its unit.
_BEFORE_UNIT = re.compile("(?<=[0-9]) (?=[%A-Z])")


def table(operations: t.Sequence[Played], unmet: t.Sequence[Unmet], money: Money, width: int = WIDTH) -> str:
    """Return what a plan does, what it does not do, and its totals, in whole lines.

    :param money: The money before the plan: its prices, and what was moved before under its caps.
    """
    if not operations and not unmet:
        return "Nothing to do: all rules are met.\n"
    lines = list(_rows(operations, width)) if operations else ["Nothing is done."]
    if unmet:
        lines += ["", "Not done:"]
        for entry in unmet:
            lines += _sentence(f"{entry.rule}: {entry.reason}", _GAP, width)
    if operations:
        lines += ["", "Moved in total, without transfers:", *_totals(operations, money)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _rows(operations: t.Sequence[Played], width: int) -> t.Iterator[str]:
    amounts = aligned([plain(played.operation.amount) for played in operations])
    numbers = [str(number) for number in range(1, len(operations) + 1)]
    cells = [("#", "operation", "target", "amount")]
    for number, played, amount in zip(numbers, operations, amounts):
        operation = played.operation
        cells.append((number, _printable(action(operation)), _printable(place(operation)), f"{amount} {_printable(operation.coin)}"))
    columns = _columns(cells, right=(0,))
    indent = " " * len(numbers[-1]) + _GAP
    yield columns[0]
    for row, played in zip(columns[1:], operations):
        yield row
        details = [played.arithmetic] if played.arithmetic else []
        for detail in (*details, *_reasons(played.operation)):
            yield from _sentence(detail, indent, width)


def _reasons(operation: Operation) -> list[str]:
    """Return each reason after the rules that have it, with the part of the amount that each of several rules needs."""
    is_shared = len(operation.rules) > 1
    found: dict[str, list[str]] = {}
    for share in operation.shares:
        part = f" ({plain(share.amount)} {operation.coin})" if is_shared and share.amount is not None else ""
        found.setdefault(share.reason, []).append(share.rule + part)
    return [f"{', '.join(rules)}: {reason}" for reason, rules in found.items()]


def _totals(played: t.Sequence[Played], money: Money) -> t.Iterator[str]:
    moved: dict[str, Decimal] = {}
    for operation in [each.operation for each in played]:
        if operation.kind != TRANSFER:
            moved[operation.coin] = total(moved.get(operation.coin, _ZERO), operation.amount)
    usd = [_usd(coin, amount, money) for coin, amount in moved.items()]
    names = [*moved] if len(moved) == 1 else [*moved, "together"]
    values = usd if len(moved) == 1 else [*usd, None if None in usd else total(*(value for value in usd if value is not None))]
    # Rounded only now: a sum of rounded values could seem to break a cap.
    dollars = aligned([None if value is None else f"{round_up(value, _CENTS):f}" for value in values])
    amounts = [*aligned([plain(amount) for amount in moved.values()]), ""]
    cells = []
    for name, amount, value, dollar in zip(names, amounts, values, dollars):
        cells.append((_printable(name), amount, "value in USD unknown" if value is None else f"{dollar} USD"))
    yield from (_GAP + line for line in _columns(cells))
    after = functools.reduce(money_after, played, money)
    for before, cap in zip(money.caps, after.caps):
        # A sale also uses the cap of the coin that it sells.
        yield from (_GAP + line for line in _left(cap, [coin for coin in cap.coins if cap.used_coins.get(coin) != before.used_coins.get(coin)]))


def _usd(coin: str, amount: Decimal, money: Money) -> Decimal | None:
    """Return what an amount counts in USD, at the highest possible price as in the caps; none if the price is unknown."""
    price = money.highest_price(coin)
    return None if price is None else multiply(amount, price)


def _left(cap: Cap, coins: t.Sequence[str]) -> t.Iterator[str]:
    """Yield what a cap leaves in USD, and of these coins."""
    if cap.usd is not None:
        left = None if cap.used_usd is None else round_down(max(difference(cap.usd, cap.used_usd), _ZERO), _CENTS)
        yield f"{cap.name} leaves {'an unknown part' if left is None else plain(left)} of {plain(cap.usd)} USD"
    for coin in coins:
        left = max(difference(cap.coins[coin], cap.used_coins.get(coin, _ZERO)), _ZERO)
        yield f"{cap.name} leaves {plain(round_down(left, SHOWN_PLACES))} of {plain(cap.coins[coin])} {_printable(coin)}"


def _columns(rows: t.Sequence[t.Sequence[str]], right: t.Collection[int] = ()) -> list[str]:
    """Return rows with all cells of a column in the same width."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    padded = (
        (cell.rjust(width) if number in right else cell.ljust(width) for number, (cell, width) in enumerate(zip(row, widths))) for row in rows
    )
    return [_GAP.join(cells).rstrip() for cells in padded]


def _sentence(text: str, indent: str, width: int) -> list[str]:
    """Break a sentence between words into indented lines. Further lines are indented more."""
    text = _BEFORE_UNIT.sub(_NO_BREAK, _printable(text))
    lines = textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=indent + _GAP, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace(_NO_BREAK, " ") for line in lines]


def _printable(text: str) -> str:
    """Return text without control characters, with which a terminal could show something else than the plan."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)

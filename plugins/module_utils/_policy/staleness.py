# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a saved plan is still what its policy would do, and can still be done exactly as it was approved.

Exactly the saved amounts are done, even if a new plan would move slightly more or less. So each of them must still fit the debts, the wallets, and
the caps, whatever the tolerance. What the rules do not get makes no plan stale: nothing of it would be done.
Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, multiply, plain, round_down, total
from .._loans.wallet import FUND, UNIFIED
from .._times import MINUTE_MS, utc
from .book import Book, is_whole
from .canonical import Json
from .document import Document
from .draft import Draft
from .money import WALLETS, Amounts, Money
from .plan import SHOWN_PLACES, TRANSFER, Operation, loan_of, money_after, played_on
from .rules import REPAY, REPAY_FROM_COLLATERAL
from .wording import amount, noun

_ZERO = Decimal(0)


def differences(
    saved: Document, fresh: Document, book: Book, money: Money, tolerance: Decimal, done: t.Collection[int] = ()
) -> tuple[str, ...]:
    """Return what makes a saved plan stale, as clauses; empty if it can be applied.

    :param fresh: The plan of the present policy for the present book. Its time of creation is now.
    :param book: The present book.
    :param money: The present money. Under the caps of a run, what is C(done) was moved.
    :param tolerance: By which fraction of itself an amount may differ.
    :param done: The numbers of the operations that a killed run has executed. If there are any, the rest is not compared with the new plan: an LTV
        between the two levels of a rule needs nothing, even if the plan was to lower it further. Only what makes it impossible counts.
    """
    identity = tuple(_other_identity(saved, fresh))
    if identity:
        return identity
    operations = [played.operation for number, played in enumerate(saved.operations, 1) if number not in done]
    found = [*_out_of_time(saved, fresh.origin.created_ms), *_other_policy(saved.policy, fresh.policy)]
    if not done:
        found += _other_operations(operations, [played.operation for played in fresh.operations], tolerance)
    return tuple(dict.fromkeys([*found, *_impossible(operations, book, money, tolerance), *_short_wallets(operations, money)]))


def _other_identity(saved: Document, fresh: Document) -> t.Iterator[str]:
    for name in ("realm", "account"):
        planned, present = getattr(saved.origin, name), getattr(fresh.origin, name)
        if planned != present:
            yield f"the plan is for {name} {planned}, not for {name} {present}"


def _out_of_time(saved: Document, now_ms: int) -> t.Iterator[str]:
    if now_ms >= saved.origin.expires_ms:
        yield f"the plan expired at {utc(saved.origin.expires_ms)}"
    if now_ms < saved.origin.created_ms - MINUTE_MS:
        yield f"the plan was made at {utc(saved.origin.created_ms)}, which is in the future"


def _other_policy(saved: Json, present: Json) -> t.Iterator[str]:
    """Yield each difference between two policies in their canonical form."""
    planned, new = ({rule["name"]: rule for rule in policy["rules"]} for policy in (saved, present))
    for name in planned:
        if name not in new:
            yield f"the policy changed: rule '{name}' is gone"
    for name in new:
        if name not in planned:
            yield f"the policy changed: rule '{name}' is new"
    common = [name for name in planned if name in new]
    if common != [name for name in new if name in planned]:
        yield f"the policy changed: the order of its rules is now {', '.join(new)}"
    for name in common:
        yield from (f"the policy changed: rule '{name}': {change}" for change in _changes(planned[name], new[name]))
    yield from (f"the policy changed: {change}" for change in _changes({**saved, "rules": None}, {**present, "rules": None}))


def _changes(before: Json, after: Json) -> t.Iterator[str]:
    planned, present = dict(_settings(before)), dict(_settings(after))
    for name in sorted({*planned, *present}):
        if name not in present:
            yield f"{name} is not set instead of {planned[name]}"
        elif planned.get(name) != present[name]:
            yield f"{name} is {present[name]} instead of {planned.get(name, 'not set')}"


def _settings(values: t.Any, path: str = "") -> t.Iterator[tuple[str, str]]:
    """Yield each setting by its path, such as C(ltv.above)."""
    if isinstance(values, dict):
        for name, value in values.items():
            yield from _settings(value, f"{path}.{name}" if path else name)
    elif isinstance(values, list):
        yield path, ", ".join(map(_item, values)) or "empty"
    elif values is not None:
        yield path, str(values)


def _item(value: t.Any) -> str:
    if isinstance(value, dict):
        return " and ".join(f"{name} {_item(coins)}".rstrip() for name, coins in value.items())
    return "/".join(map(_item, value)) if isinstance(value, list) else str(value)


def _other_operations(saved: t.Sequence[Operation], fresh: t.Sequence[Operation], tolerance: Decimal) -> t.Iterator[str]:
    planned, needed = ({operation.target: operation for operation in operations} for operations in (saved, fresh))
    for target, operation in planned.items():
        if target not in needed:
            yield f"the {noun(operation)} is no longer needed"
        elif difference(needed[target].amount, operation.amount).copy_abs() > multiply(operation.amount, tolerance):
            yield f"the {noun(operation)} would be {plain(needed[target].amount)} instead of {amount(operation)}"
    for target, operation in needed.items():
        if target not in planned:
            yield f"a {noun(operation)} would be needed, too: {amount(operation)}"
    order = [target for target in needed if target in planned]
    if order != [target for target in planned if target in needed]:
        yield f"the order would be: {', '.join(noun(needed[target]) for target in order)}"


def _impossible(operations: t.Sequence[Operation], book: Book, money: Money, tolerance: Decimal) -> t.Iterator[str]:
    """Yield which operations exceed what is owed, held, pledged, or allowed, one after the other."""
    for operation in operations:
        if operation.kind == TRANSFER:
            continue
        why = _too_much_owed(operation, book, tolerance) or _too_much_moved(operation, book, money)
        if why:
            yield f"the {noun(operation)} of {amount(operation)} {why}"
            continue
        played, book = played_on(book, operation)
        money = money_after(money, played)


def _too_much_owed(operation: Operation, book: Book, tolerance: Decimal) -> str:
    """Say why a loan does not allow an operation, as the rest of a sentence; empty if it does."""
    loan = loan_of(book, operation)
    if loan is None:
        return "" if operation.product is None else "is not possible: the loan is not open"
    if operation.kind not in (REPAY, REPAY_FROM_COLLATERAL):
        return ""
    if operation.amount > loan.debt:
        return f"exceeds the debt, which is {plain(loan.debt)} {loan.coin}"
    # An overdue contract accrues interest until the plan is applied.
    if operation.kind == REPAY and is_whole(loan) and difference(loan.debt, operation.amount) > multiply(operation.amount, tolerance):
        return f"is too little: the contract can only be repaid in full, and its debt is {plain(loan.debt)} {loan.coin}"
    return ""


def _too_much_moved(operation: Operation, book: Book, money: Money) -> str:
    """Say why the wallets, the caps, or the collateral do not allow an operation; like C(_too_much_owed)."""
    loan = loan_of(book, operation)
    if operation.kind == REPAY_FROM_COLLATERAL and loan is not None:
        limit = Draft(book, money).sellable(loan, operation.sells or "")
    else:
        limit = money.payable(operation.coin)
    if limit.amount is None or operation.amount <= limit.amount:
        return ""
    most = f"{plain(round_down(limit.amount, SHOWN_PLACES))} {operation.coin}"
    return f"is too much: at most {most} can be moved, because {limit.why}"


def _short_wallets(operations: t.Sequence[Operation], money: Money) -> t.Iterator[str]:
    """Yield for which coins the saved transfers are too large, or too small for what the Funding wallet pays."""
    transferred = _by_coin(operation for operation in operations if operation.kind == TRANSFER)
    spent = _by_coin(operation for operation in operations if operation.kind not in (TRANSFER, REPAY_FROM_COLLATERAL))
    for coin, transfer in transferred.items():
        held = money.wallets.get(UNIFIED, {}).get(coin, _ZERO)
        if transfer > held:
            yield f"{plain(transfer)} {coin} would be transferred, but {WALLETS[UNIFIED]} holds {plain(held)} {coin}"
    for coin, needed in spent.items():
        # Without the Funding wallet as a source, only what is transferred may be spent.
        own = money.wallets.get(FUND, {}).get(coin, _ZERO) if FUND in money.sources else _ZERO
        held = total(own, transferred.get(coin, _ZERO))
        if needed > held:
            yield f"{plain(needed)} {coin} would be paid from {WALLETS[FUND]}, but it would hold {plain(held)} {coin}"


def _by_coin(operations: t.Iterable[Operation]) -> Amounts:
    sums: dict[str, Decimal] = {}
    for operation in operations:
        sums[operation.coin] = total(sums.get(operation.coin, _ZERO), operation.amount)
    return sums

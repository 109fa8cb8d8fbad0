# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The repayments: which of them match, how they are read, their totals, and how they are returned.

Only reads are sent from here. This module util is private to the collection.
"""

from __future__ import annotations

import functools
import typing as t

from .._amounts import plain, total
from .._api.client import Client
from .._api.parallel import side_by_side
from .._loans import fixed, flexible, legacy
from .._loans.history import PROCESSING, SUCCESS, HistoryEntry
from .._loans.loan import FLEXIBLE, LEGACY
from .._times import DAY_MS, HISTORY_REACH_DAYS, iso
from .common import Availability, QueryResult, counted


class ProductEntry(t.NamedTuple):
    """An entry of the history, and the product that it belongs to."""

    product: str
    entry: HistoryEntry


class RepaymentQuery(t.NamedTuple):
    """The filters for repayments; none means no limit.

    :ivar products: The products to read.
    :ivar named: Whether the user named the products.
    :ivar since_ms: The first moment (UTC, ms).
    :ivar until_ms: The moment after the last one (UTC, ms).
    :ivar statuses: The statuses that match; empty for all.
    """

    products: tuple[str, ...]
    named: bool
    coin: str | None = None
    loan_id: str | None = None
    repay_id: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    statuses: frozenset[str] = frozenset()

    @property
    def has_id(self) -> bool:
        return self.loan_id is not None or self.repay_id is not None

    def matches(self, entry: HistoryEntry) -> bool:
        """Return whether a repayment matches."""
        return (
            self.coin in (None, entry.coin)
            and (self.loan_id is None or any(part.loan_id == self.loan_id for part in entry.parts))
            and self.repay_id in (None, entry.repay_id)
            and (self.since_ms is None or self.since_ms <= entry.time_ms)
            and (self.until_ms is None or entry.time_ms < self.until_ms)
            and (not self.statuses or entry.status in self.statuses)
        )


def in_order(items: t.Iterable[ProductEntry]) -> list[ProductEntry]:
    """Sort by time, newest first."""
    return sorted(items, key=lambda item: (-item.entry.time_ms, item.product, item.entry.repay_id))


def repayment_result(item: ProductEntry) -> dict[str, t.Any]:
    """Return a repayment as the module returns it."""
    entry = item.entry
    return {
        "product": item.product,
        "repay_id": entry.repay_id,
        "coin": entry.coin,
        "amount": plain(entry.amount),
        "status": entry.status,
        "kind": entry.kind,
        "by_user": entry.by_user,
        "time_ms": entry.time_ms,
        "time": iso(entry.time_ms),
        "parts": [{"loan_id": part.loan_id, "amount": plain(part.amount)} for part in entry.parts],
        "collateral_coin": entry.collateral_coin,
        "collateral_return": None if entry.collateral_return is None else plain(entry.collateral_return),
    }


def repayment_totals(items: t.Sequence[ProductEntry]) -> list[dict[str, t.Any]]:
    """Add up the repayments of each coin."""
    entries = [item.entry for item in items]
    coins = sorted({entry.coin for entry in entries})
    return [_sums(coin, [entry for entry in entries if entry.coin == coin]) for coin in coins]


def _sums(coin: str, entries: t.Sequence[HistoryEntry]) -> dict[str, t.Any]:
    made = [entry for entry in entries if entry.status == SUCCESS]
    return {
        "coin": coin,
        "by_user": plain(total(*(entry.amount for entry in made if entry.by_user))),
        "by_exchange": plain(total(*(entry.amount for entry in made if entry.by_user is False))),
        "by_unknown": plain(total(*(entry.amount for entry in made if entry.by_user is None))),
        "processing": plain(total(*(entry.amount for entry in entries if entry.status == PROCESSING))),
        "repayments": len(entries),
    }


# Documented only for the repayments of legacy loans.
_LEGACY_REACH_MS = HISTORY_REACH_DAYS * DAY_MS


def list_repayments(client: Client, query: RepaymentQuery) -> QueryResult:
    """Return the repayments that match, and their totals.

    :raises BybitError: If a product that the account can use could not be read.
    """
    availability = Availability(query.products, query.named, query.has_id)
    # Read one product first: a bad key, clock, or address then fails only once.
    first, *others = query.products
    found = availability.read(first, functools.partial(_entries_of, client, query))
    reads = [functools.partial(_entries_of, query=query, product=product) for product in others]
    entries_of = dict(zip(others, side_by_side(client, reads)))
    for product in others:
        found += availability.read(product, lambda product: entries_of[product].result())
    availability.check()
    items, unavailable = in_order(found), availability.unavailable
    values = {
        "repayments": [repayment_result(item) for item in items],
        "totals": repayment_totals(items),
        "unavailable": [item.as_result() for item in unavailable],
        "msg": counted("repayment", [item.product for item in items], [item.product for item in unavailable]),
    }
    is_legacy_read = LEGACY in query.products and LEGACY not in {item.product for item in unavailable}
    return QueryResult(values, [*availability.warnings(), *(_too_old(client, query) if is_legacy_read else [])])


def _entries_of(client: Client, query: RepaymentQuery, product: str) -> list[ProductEntry]:
    return [ProductEntry(product, entry) for entry in _repayments(client, query, product) if query.matches(entry)]


def _repayments(client: Client, query: RepaymentQuery, product: str) -> list[HistoryEntry]:
    if product == LEGACY:
        return legacy.repayments(client, query.coin, query.loan_id, query.repay_id)
    if product == FLEXIBLE:
        return flexible.repayments(client, query.coin, query.repay_id)
    return fixed.repayments(client, query.coin, query.loan_id, query.repay_id)


def _too_old(client: Client, query: RepaymentQuery) -> list[str]:
    if query.since_ms is None or client.exchange_time_or_local_ms() - query.since_ms <= _LEGACY_REACH_MS:
        return []
    return [
        "since is more than 180 days ago: for legacy loans, the exchange only returns the repayments of the last 6 months, so "
        "older ones are missing from the result."
    ]

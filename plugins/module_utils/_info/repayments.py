# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The repayments: which of them match, how they are read, their totals, and how they are returned.

Nothing but reads is sent from here. This module util is private to the collection.
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
from .common import Answer, Availability, counted


class Entry(t.NamedTuple):
    """A repayment, and the product that it belongs to."""

    product: str
    record: HistoryEntry


class RepaymentQuestion(t.NamedTuple):
    """The filters for repayments; none means no limit.

    :ivar products: Those to read.
    :ivar named: Whether the products were asked for by name.
    :ivar since_ms: The first moment (UTC, ms).
    :ivar until_ms: The first moment that is too late (UTC, ms).
    :ivar statuses: Empty for all.
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

    def is_about(self, record: HistoryEntry) -> bool:
        """Return whether a repayment matches."""
        return (
            self.coin in (None, record.coin)
            and (self.loan_id is None or any(part.loan_id == self.loan_id for part in record.parts))
            and self.repay_id in (None, record.repay_id)
            and (self.since_ms is None or self.since_ms <= record.time_ms)
            and (self.until_ms is None or record.time_ms < self.until_ms)
            and (not self.statuses or record.status in self.statuses)
        )


def in_order(entries: t.Iterable[Entry]) -> list[Entry]:
    """Return the newest first, whatever order the exchange lists them in."""
    return sorted(entries, key=lambda entry: (-entry.record.time_ms, entry.product, entry.record.repay_id))


def repayment_result(entry: Entry) -> dict[str, t.Any]:
    """Return a repayment as the module returns it."""
    record = entry.record
    return {
        "product": entry.product,
        "repay_id": record.repay_id,
        "coin": record.coin,
        "amount": plain(record.amount),
        "status": record.status,
        "kind": record.kind,
        "by_user": record.by_user,
        "time_ms": record.time_ms,
        "time": iso(record.time_ms),
        "parts": [{"loan_id": part.loan_id, "amount": plain(part.amount)} for part in record.parts],
        "collateral_coin": record.collateral_coin,
        "collateral_return": None if record.collateral_return is None else plain(record.collateral_return),
    }


def repayment_totals(entries: t.Sequence[Entry]) -> list[dict[str, t.Any]]:
    """Add up the repayments of each coin."""
    records = [entry.record for entry in entries]
    coins = sorted({record.coin for record in records})
    return [_sums(coin, [record for record in records if record.coin == coin]) for coin in coins]


def _sums(coin: str, records: t.Sequence[HistoryEntry]) -> dict[str, t.Any]:
    made = [record for record in records if record.status == SUCCESS]
    return {
        "coin": coin,
        "by_user": plain(total(*(record.amount for record in made if record.by_user))),
        "by_exchange": plain(total(*(record.amount for record in made if record.by_user is False))),
        "by_unknown": plain(total(*(record.amount for record in made if record.by_user is None))),
        "processing": plain(total(*(record.amount for record in records if record.status == PROCESSING))),
        "repayments": len(records),
    }


# Documented for the repayments of legacy loans only.
_LEGACY_REACH_MS = HISTORY_REACH_DAYS * DAY_MS


def survey_repayments(client: Client, question: RepaymentQuestion) -> Answer:
    """Return the repayments and their sums.

    :raises BybitError: When something could not be read that could be used.
    """
    availability = Availability(question.products, question.named, question.has_id)
    # A bad key, clock or address shows with the first read alone.
    first, *others = question.products
    found = availability.read(first, functools.partial(_entries_of, client, question))
    reads = [functools.partial(_entries_of, question=question, product=product) for product in others]
    entries_of = dict(zip(others, side_by_side(client, reads)))
    for product in others:
        found += availability.read(product, lambda product: entries_of[product].result())
    availability.check()
    entries, unavailable = in_order(found), availability.unavailable
    values = {
        "repayments": [repayment_result(entry) for entry in entries],
        "totals": repayment_totals(entries),
        "unavailable": [entry.as_result() for entry in unavailable],
        "msg": counted("repayment", [entry.product for entry in entries], [entry.product for entry in unavailable]),
    }
    is_legacy_read = LEGACY in question.products and LEGACY not in {entry.product for entry in unavailable}
    return Answer(values, [*availability.warnings(), *(_too_old(client, question) if is_legacy_read else [])])


def _entries_of(client: Client, question: RepaymentQuestion, product: str) -> list[Entry]:
    return [Entry(product, record) for record in _repayments(client, question, product) if question.is_about(record)]


def _repayments(client: Client, question: RepaymentQuestion, product: str) -> list[HistoryEntry]:
    if product == LEGACY:
        return legacy.repayments(client, question.coin, question.loan_id, question.repay_id)
    if product == FLEXIBLE:
        return flexible.repayments(client, question.coin, question.repay_id)
    return fixed.repayments(client, question.coin, question.loan_id, question.repay_id)


def _too_old(client: Client, question: RepaymentQuestion) -> list[str]:
    if question.since_ms is None or client.exchange_time_or_local_ms() - question.since_ms <= _LEGACY_REACH_MS:
        return []
    return [
        "since is more than 180 days ago: for legacy loans, the exchange only returns the repayments of the last 6 months, so "
        "older ones are missing from the result."
    ]

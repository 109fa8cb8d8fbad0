# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of the repayments, which of them are meant, and how they are returned.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.treasury.bybit.plugins.module_utils._amounts import plain, total
from ansible_collections.treasury.bybit.plugins.module_utils._record import PROCESSING, SUCCESS, Record
from ansible_collections.treasury.bybit.plugins.module_utils._times import iso


class Entry(t.NamedTuple):
    """A repayment, and the product that it belongs to."""

    product: str
    record: Record


class RepaymentQuestion(t.NamedTuple):
    """Which repayments somebody wants to see; none is no limit.

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

    def is_about(self, record: Record) -> bool:
        """Tell whether a repayment is meant."""
        return (
            self.coin in (None, record.coin)
            and (self.loan_id is None or any(part.loan_id == self.loan_id for part in record.parts))
            and self.repay_id in (None, record.repay_id)
            and (self.since_ms is None or self.since_ms <= record.time_ms)
            and (self.until_ms is None or record.time_ms < self.until_ms)
            and (not self.statuses or record.status in self.statuses)
        )


def in_order(entries: t.Iterable[Entry]) -> list[Entry]:
    """Return the youngest first, whatever order the exchange lists them in."""
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


def _sums(coin: str, records: t.Sequence[Record]) -> dict[str, t.Any]:
    made = [record for record in records if record.status == SUCCESS]
    return {
        "coin": coin,
        "by_user": plain(total(*(record.amount for record in made if record.by_user))),
        "by_exchange": plain(total(*(record.amount for record in made if record.by_user is False))),
        "by_unknown": plain(total(*(record.amount for record in made if record.by_user is None))),
        "processing": plain(total(*(record.amount for record in records if record.status == PROCESSING))),
        "repayments": len(records),
    }

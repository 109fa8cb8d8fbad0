# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The loans and the history of a product, read once for many repayments. Without it, each repayment would read its own loan and its own history.

A listing only saves requests: whatever it does not show, a repayment reads alone. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from collections import Counter

from .._api.client import PAGE_LIMIT, Client
from .._api.errors import BybitError
from .._engine.run import Begun
from .._engine.steps import Given
from .._journal.intent import Intent
from .._loans import fixed, flexible, legacy
from .._loans.history import FAILED, SUCCESS, HistoryEntry
from .._loans.loan import FIXED, FLEXIBLE, LEGACY, Loan
from .._loans.parsing import at_most
from .._operations.base import Operation
from .._reconcile.evidence import seen_in_level
from .._times import SECOND_MS
from .plan import Operation as Planned
from .rules import REPAY

# Older figures are not good enough to send a request. Those of the exchange may be late by more than that (settle_margin).
_MAX_AGE_MS = 5 * SECOND_MS
# How long to use a reading that does not show yet what became of a repayment.
_PAUSE_MS = 500
# To read longer lists again and again would take longer than to read each target alone.
_MAX_ROWS = 10 * PAGE_LIMIT


class Listing(t.NamedTuple):
    """What one reading of a product shows.

    :ivar loans: By the name of their target. A closed loan may be missing.
    :ivar statuses: The status of each entry, by its ID.
    :ivar begun_ms: When the reading began, by the monotonic clock.
    :ivar is_usable: False if something could not be read, or if the reading took so long that it would soon have to be repeated.
    """

    product: str
    loans: t.Mapping[str, Loan] = {}
    entries: t.Sequence[HistoryEntry] = ()
    statuses: t.Mapping[str, str] = {}
    begun_ms: int = 0
    is_usable: bool = False

    def is_younger(self, age_ms: int, now_ms: int) -> bool:
        return now_ms - self.begun_ms <= age_ms

    def of(self, operation: Operation) -> Given | None:
        """Return what it shows of a target; none if the operation must read alone."""
        loan = self.loans.get(operation.name)
        if loan is None and self.product == FLEXIBLE:
            loan = flexible.no_debt(operation.name)
        if loan is None or not self.is_usable:
            return None
        return Given(loan, tuple(self._entries_of(operation.name)), self.begun_ms)

    def shows(self, operation: Operation, intent: Intent) -> bool:
        """Return whether the history shows an accepted repayment as final, and the loan includes it."""
        given = self.of(operation)
        is_final = self.statuses.get(intent.repay_id or "") in (SUCCESS, FAILED)
        return given is not None and is_final and bool(seen_in_level([intent], [], given.subject))

    def _entries_of(self, name: str) -> t.Iterable[HistoryEntry]:
        if self.product == FIXED:
            return fixed.of_contract(name, self.entries)
        if self.product == FLEXIBLE:
            return (entry for entry in self.entries if entry.coin == name)
        return (entry for entry in self.entries if any(part.loan_id == name for part in entry.parts))


class Listings:
    """The listings of one run of a policy. Each is read when the first operation needs it.

    :param operations: The operations of the plan. A single repayment of a product reads alone.
    """

    def __init__(self, client: Client, operations: t.Iterable[Planned]) -> None:
        self._client = client
        self._numbers = Counter(operation.product for operation in operations if operation.kind == REPAY)
        self._before: dict[str, Listing] = {}
        self._after: dict[str, Listing] = {}

    def serves(self, operation: Planned) -> bool:
        """Return whether a planned operation is one of several that are decided on a common reading."""
        return operation.kind == REPAY and self._numbers[operation.product] > 1

    def before(self, operation: Operation) -> Given | None:
        """Return what to decide on; none if the operation must read alone."""
        product = operation.product
        if self._numbers[product] < 2:
            return None
        # What is read before this wait may be outdated after it.
        self._client.pace_before_reads(operation.path)
        listing = self._before.get(product)
        if listing is None or (listing.is_usable and not listing.is_younger(_MAX_AGE_MS, self._now_ms())):
            # First the loans, then the history, as a single repayment does.
            listing = self._before[product] = self._listed(product, lambda: (_open_loans(self._client, product), _history(self._client, product)))
        return listing.of(operation)

    def after(self, begun: Begun) -> Given | None:
        """Return what has become of an accepted repayment; none if the operation must read alone."""
        operation, sent = begun.context.operation, begun.sent
        product = operation.product
        if self._numbers[product] < 2 or sent is None:
            return None
        listing = self._after.get(product)
        is_outdated = listing is not None and listing.is_usable and not listing.is_younger(_PAUSE_MS, self._now_ms())
        if listing is None or (is_outdated and not listing.shows(operation, sent.intent)):
            listing = self._after[product] = self._listed(product, lambda: self._after_it(product))
        return listing.of(operation)

    def promises(self, begun: Begun) -> int:
        """Return 2 if the latest listing shows an accepted repayment as executed, 1 if it does not show what became of it, and 0 if it shows that it failed."""
        listing, sent = self._after.get(begun.context.operation.product), begun.sent
        status = listing.statuses.get(sent.intent.repay_id or "") if listing is not None and sent is not None else None
        return {SUCCESS: 2, FAILED: 0}.get(status or "", 1)

    def outdate(self) -> None:
        """Read everything anew from now on."""
        self._before, self._after = {}, {}

    def _after_it(self, product: str) -> tuple[dict[str, Loan], list[HistoryEntry]]:
        # The figures that confirm a repayment must be read after the history.
        entries, loans = _history(self._client, product), _open_loans(self._client, product)
        return ({**_by_name(legacy.completed_loans(self._client)), **loans} if product == LEGACY else loans), entries

    def _listed(self, product: str, read: t.Callable[[], tuple[dict[str, Loan], list[HistoryEntry]]]) -> Listing:
        begun_ms = self._now_ms()
        try:
            loans, entries = read()
        except BybitError:
            # The operations read, and tell, what matters to them. Nothing may be raised here, because some may be under way.
            return Listing(product)
        statuses = {entry.repay_id: entry.status for entry in entries}
        return Listing(product, loans, entries, statuses, begun_ms, self._now_ms() - begun_ms <= _MAX_AGE_MS // 2)

    def _now_ms(self) -> int:
        return self._client.clock.monotonic_ms()


def _open_loans(client: Client, product: str) -> dict[str, Loan]:
    if product == FLEXIBLE:
        return {loan.coin: loan for loan in flexible.open_loans(client)}
    return _by_name(fixed.contracts(client) if product == FIXED else legacy.open_loans(client))


def _by_name(loans: t.Iterable[Loan]) -> dict[str, Loan]:
    return {loan.loan_id or "": loan for loan in at_most(loans, _MAX_ROWS)}


def _history(client: Client, product: str) -> list[HistoryEntry]:
    if product == FLEXIBLE:
        return flexible.repayments(client, most_rows=_MAX_ROWS)
    return fixed.repayments(client, most_rows=_MAX_ROWS) if product == FIXED else legacy.repayments(client, most_rows=_MAX_ROWS)

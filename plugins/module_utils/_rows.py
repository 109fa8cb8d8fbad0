# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the fields of the rows that the exchange answers with; a field that cannot be understood is never guessed.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._amounts import InvalidAmount, parse_exchange_decimal
from ansible_collections.treasury.bybit.plugins.module_utils._client import Client
from ansible_collections.treasury.bybit.plugins.module_utils._errors import ReadFailed
from ansible_collections.treasury.bybit.plugins.module_utils._record import (
    BY_CURRENCY,
    FAILED,
    KINDS,
    OTHER,
    PROCESSING,
    SUCCESS,
    USER,
    Record,
)
from ansible_collections.treasury.bybit.plugins.module_utils._times import END_OF_TIME_MS

_STATUSES = {1: SUCCESS, 2: PROCESSING, 3: FAILED}


class Row:
    """One row of a list, whose fields are read by name.

    :param path: The call that answered it, for the messages.
    """

    def __init__(self, path: str, fields: dict[str, t.Any]) -> None:
        self.path = path
        self._fields = fields

    def get(self, field: str) -> t.Any:
        return self._fields.get(field)

    def text(self, field: str) -> str:
        """Return a text that is not empty.

        :raises ReadFailed: When the field is anything else; the other methods raise it too.
        """
        value = self._fields.get(field)
        if not isinstance(value, str) or not value:
            raise self.unusable(field)
        return value

    def number(self, field: str) -> Decimal:
        """Return a decimal string as number; an empty one counts as zero."""
        try:
            return parse_exchange_decimal(self._fields.get(field))
        except InvalidAmount as error:
            raise self.unusable(field, f": {error}") from None

    def amount(self, field: str) -> Decimal:
        """Return an amount that stands there as decimal string or, against the documentation, as JSON number."""
        value = self._fields.get(field)
        return Row(self.path, {field: str(value)}).number(field) if _is_number(value) else self.number(field)

    def whole_number(self, field: str) -> int:
        """Return a whole number that stands there as text or as JSON number."""
        number = Row(self.path, {field: str(self._fields.get(field))}).number(field)
        if number != int(number):
            raise self.unusable(field, f": {number} is not a whole number")
        return int(number)

    def time_ms(self, field: str) -> int:
        """Return a time (UTC, milliseconds since 1970), which is within the calendar."""
        time_ms = self.whole_number(field)
        if not 0 < time_ms < END_OF_TIME_MS:
            raise self.unusable(field)
        return time_ms

    def unusable(self, field: str, why: str = "") -> ReadFailed:
        return ReadFailed(f"Bybit answered {self.path} with an unusable {field}{why}.")

    def record(self) -> Record:
        """Read the row as one of a repayment history, in the fields that all products share."""
        status = _STATUSES.get(self.whole_number("repayStatus"))
        if status is None:
            raise ReadFailed(f"Bybit answered {self.path} with the unknown repayStatus {self.get('repayStatus')}.")
        kind = KINDS.get(self.whole_number("repayType"), OTHER)
        return Record(
            repay_id=self.text("repayId"),
            amount=self.amount("repayAmount"),
            status=status,
            by_user=kind in (USER, BY_CURRENCY),
            time_ms=self.time_ms("repayTime"),
            coin=self.text("loanCurrency"),
            kind=kind,
        )


def rows_like(client: Client, path: str, query: dict[str, str | None]) -> t.Iterator[Row]:
    """Yield the rows of a list, page by page, that have what the query asks for; raises what C(Client.pages) raises.

    :param query: Without what is none; C(repayId) is left to the exchange.
    """
    asked = {name: value for name, value in query.items() if value}
    for fields in client.pages(path, asked):
        # The filters are the exchange's; that they were applied is checked here, because money follows.
        if all(fields.get(name) == value for name, value in asked.items() if name != "repayId"):
            yield Row(path, fields)


def unique(records: t.Iterable[Record]) -> t.Iterator[Record]:
    """Leave out what stands there again, because something came in between the reading of two pages."""
    seen: set[str] = set()
    for record in records:
        if record.repay_id not in seen:
            seen.add(record.repay_id)
            yield record


def _is_number(value: object) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the fields of the exchange's answers, and never guesses the value of an invalid one.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import MAX_DECIMALS, InvalidAmount, parse_exchange_decimal
from .._api.client import Client
from .._api.errors import ReadFailed
from .._redaction import quotable
from .._times import is_plausible
from .history import BY_USER, FAILED, KINDS, PROCESSING, SUCCESS, UNKNOWN_KIND, Contradiction, HistoryEntry
from .loan import Loan

# Sent to the exchange, but not compared row by row: C(united) selects the entry with the ID.
_IDS = ("repayId", "adjustId")
_STATUSES = {1: SUCCESS, 2: PROCESSING, 3: FAILED}
# The exchange writes "" for an unknown value. Only these fields may be unknown, because no payment is calculated from them.
_OPTIONAL_FIELDS = frozenset({
    "afterAmt", "annualRate", "collateralAmount", "collateralReturn", "currentLTV", "hourlyInterestRate", "liquidationLTV", "marginCallLTV",
    "residualPenaltyInterest",
})
# Loans are liquidated below 1, so a much larger value must be a percentage.
_MAX_LTV = Decimal("1.5")

_Row = t.TypeVar("_Row")


class Row:
    """One row of an answer, whose fields are read by name.

    :param path: The path of the call, for messages.
    """

    def __init__(self, path: str, fields: dict[str, t.Any]) -> None:
        self.path = path
        self._fields = fields

    def get(self, field: str) -> t.Any:
        return self._fields.get(field)

    def text(self, field: str) -> str:
        """Return a nonempty text.

        :raises ReadFailed: If the field is anything else; so do the other methods.
        """
        value = self._fields.get(field)
        if not isinstance(value, str) or not value:
            raise self.unusable(field)
        return value

    def identifier(self, field: str) -> str:
        """Return an ID given as text or as a JSON number."""
        value = self._fields.get(field)
        return str(value) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else self.text(field)

    def must_be(self, field: str, asked: str) -> None:
        """Refuse a row whose field differs from the requested value."""
        text = self.text(field)
        if text != asked:
            raise self.unusable(field, f": '{quotable(text, 64)}', but '{asked}' was requested")

    def is_of(self, field: str, coin: str) -> bool:
        """Return whether the row is for a coin; refuse a row that spells the coin differently."""
        text = self.text(field)
        if text != coin and text.strip().upper() == coin.upper():
            raise self.unusable(field, f": '{quotable(text, 64)}' may be {coin}")
        return text == coin

    def number(self, field: str) -> Decimal:
        """Return the number in a decimal string."""
        try:
            return parse_exchange_decimal(self._fields.get(field))
        except InvalidAmount as error:
            raise self.unusable(field, f": {error}") from None

    def number_or_none(self, field: str) -> Decimal | None:
        """Return the number in a decimal string; none if it is empty and the field is optional."""
        return None if field in _OPTIONAL_FIELDS and self._fields.get(field) == "" else self.number(field)

    def ltv_or_none(self, field: str, debt: Decimal) -> Decimal | None:
        """Return the LTV of a loan with its own collateral; none if the exchange does not report it, or reports zero despite a debt."""
        ltv = self.number_or_none(field)
        if ltv is not None and (ltv > _MAX_LTV or (ltv and not debt)):
            raise self.unusable(field, f": {ltv} contradicts a debt of {debt}")
        return ltv or None

    def threshold_or_none(self, field: str) -> Decimal | None:
        """Return the LTV of a margin call or liquidation; none if the exchange does not report it."""
        ltv = self.number_or_none(field)
        if ltv is not None and ltv > 1:
            raise self.unusable(field, f": {ltv} is not a fraction")
        return ltv

    def penalty_interest(self, is_overdue: bool) -> Decimal:
        """Return the penalty interest, which may be empty for a loan that is not overdue."""
        penalty = self.number_or_none("residualPenaltyInterest")
        if penalty is None and is_overdue:
            raise self.unusable("residualPenaltyInterest", ": it is empty, but the loan is overdue")
        return Decimal(0) if penalty is None else penalty

    def amount(self, field: str) -> Decimal:
        """Return an amount given as a decimal string or, contrary to the documentation, as a JSON number."""
        value = self._fields.get(field)
        return Row(self.path, {field: str(value)}).number(field) if _is_number(value) else self.number(field)

    def whole_number(self, field: str) -> int:
        """Return a whole number given as text or as a JSON number."""
        number = Row(self.path, {field: str(self._fields.get(field))}).number(field)
        if number != int(number):
            raise self.unusable(field, f": {number} is not a whole number")
        return int(number)

    def decimal_places(self, field: str) -> int:
        """Return a number of decimal places."""
        places = self.whole_number(field)
        if places > MAX_DECIMALS:
            raise self.unusable(field, f": no coin has {places} decimal places")
        return places

    def time_ms(self, field: str) -> int:
        """Return a time (UTC, ms since 1970), and refuse one in another unit."""
        time_ms = self.whole_number(field)
        if not is_plausible(time_ms):
            raise self.unusable(field, f": {time_ms} is not a time in milliseconds")
        return time_ms

    def status(self, field: str) -> str:
        """Return C(success), C(processing), or C(failed) for the exchange's number."""
        status = _STATUSES.get(self.whole_number(field))
        if status is None:
            raise ReadFailed(f"Bybit's answer to {self.path} has the unknown {field} {self.get(field)}.")
        return status

    def unusable(self, field: str, why: str = "") -> ReadFailed:
        return ReadFailed(f"Bybit's answer to {self.path} has an invalid {field}{why}.")

    def entry(self) -> HistoryEntry:
        """Read the fields that the rows of all repayment histories share."""
        status = self.status("repayStatus")
        kind = KINDS.get(self.whole_number("repayType"), UNKNOWN_KIND)
        return HistoryEntry(
            repay_id=self.text("repayId"),
            amount=self.amount("repayAmount"),
            status=status,
            by_user=BY_USER[kind],
            time_ms=self.time_ms("repayTime"),
            coin=self.text("loanCurrency"),
            kind=kind,
        )


def at_most(rows: t.Iterable[_Row], most_rows: int | None) -> t.Iterator[_Row]:
    """Yield rows up to a number; none for all.

    :raises ReadFailed: If there are more.
    """
    for number, row in enumerate(rows):
        if number == most_rows:
            raise ReadFailed(f"There are more than {most_rows} rows.")
        yield row


def rows_like(client: Client, path: str, query: dict[str, str | None], most_rows: int | None = None) -> t.Iterator[Row]:
    """Yield the rows of a list, page by page; raises what C(Client.pages) raises.

    :param query: The requested values by field; none if any value is fine. C(repayId) and C(adjustId) are not compared.
    :param most_rows: How many rows to read at most; none for all.
    :raises ReadFailed: If a row has another value than requested, because it may be the requested row under another name, or if there are more rows.
    """
    asked = {name: value for name, value in query.items() if value}
    for fields in at_most(client.pages(path, asked), most_rows):
        row = Row(path, fields)
        for name, value in asked.items():
            if name not in _IDS:
                row.must_be(name, value)
        yield row


def row_of_coin(coin: str, rows: list[Row]) -> Row | None:
    """Return the first row of the requested coin; none if there are no rows.

    :raises ReadFailed: If all rows are of other coins, because one may be the requested coin under another name.
    """
    found = next((row for row in rows if row.is_of("currency", coin)), None)
    if found is None and rows:
        rows[0].must_be("currency", coin)
    return found


def places_by_coin(rows: t.Sequence[Row], coins: t.Iterable[str], field: str) -> dict[str, int]:
    """Return the decimal places in the first row of each of these coins; a coin without a row is missing."""
    found = {coin: next((row for row in rows if row.is_of("currency", coin)), None) for coin in coins}
    return {coin: row.decimal_places(field) for coin, row in found.items() if row is not None}


def each_once(path: str, loans: t.Iterable[Loan], name: str) -> t.Iterator[Loan]:
    """Yield each loan once, even if it is listed twice.

    :param name: Precedes the ID or the coin in the message.
    :raises ReadFailed: If rows of one loan contradict each other.
    """
    seen: dict[str, Loan] = {}
    for loan in loans:
        key = loan.loan_id or loan.coin
        first = seen.setdefault(key, loan)
        if first != loan:
            raise ReadFailed(f"Bybit's answer to {path} has contradictory rows for {name}{key}.")
        if first is loan:
            yield loan


def united(path: str, entries: t.Iterable[HistoryEntry], repay_id: str | None = None, noun: str = "repayment") -> list[HistoryEntry]:
    """Return each entry of a history once. It is listed twice if another entry was added between the reads of two pages.

    :param repay_id: Return only the entry with this ID; all if none.
    :param noun: How the message names an entry.
    :raises ReadFailed: If rows with one ID contradict each other.
    """
    found: dict[str, HistoryEntry] = {}
    for entry in entries:
        known = found.get(entry.repay_id)
        try:
            found[entry.repay_id] = entry if known is None else known.united_with(entry)
        except Contradiction:
            raise ReadFailed(f"Bybit's answer to {path} has contradictory rows for {noun} {entry.repay_id}.") from None
    return [entry for entry in found.values() if repay_id in (None, entry.repay_id)]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)

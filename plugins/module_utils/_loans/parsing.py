# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the fields of the rows that the exchange answers with; a field that cannot be understood is never guessed.

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

# Asked for, these are left to the exchange: a history is searched for them, and the answer is checked afterwards.
_IDS = ("repayId", "adjustId")
_STATUSES = {1: SUCCESS, 2: PROCESSING, 3: FAILED}
# The exchange writes "" for an unknown value. Only these may be unknown: no payment is calculated from them.
_OPTIONAL_FIELDS = frozenset({
    "afterAmt", "annualRate", "collateralAmount", "collateralReturn", "currentLTV", "hourlyInterestRate", "liquidationLTV", "marginCallLTV",
    "residualPenaltyInterest",
})
# A loan is liquidated below 1; a much larger value is a percentage.
_MAX_LTV = Decimal("1.5")


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

    def identifier(self, field: str) -> str:
        """Return an ID given as text or as a JSON number."""
        value = self._fields.get(field)
        return str(value) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else self.text(field)

    def must_be(self, field: str, asked: str) -> None:
        """Refuse a row that was not requested."""
        text = self.text(field)
        if text != asked:
            raise self.unusable(field, f": '{quotable(text, 64)}', but '{asked}' was requested")

    def is_of(self, field: str, coin: str) -> bool:
        """Return whether the row is for a coin; a different spelling is not another coin."""
        text = self.text(field)
        if text != coin and text.strip().upper() == coin.upper():
            raise self.unusable(field, f": '{quotable(text, 64)}' may be {coin}")
        return text == coin

    def number(self, field: str) -> Decimal:
        """Return a decimal string as number."""
        try:
            return parse_exchange_decimal(self._fields.get(field))
        except InvalidAmount as error:
            raise self.unusable(field, f": {error}") from None

    def number_or_none(self, field: str) -> Decimal | None:
        """Return a decimal string as number; none when it is empty and may be."""
        return None if field in _OPTIONAL_FIELDS and self._fields.get(field) == "" else self.number(field)

    def ltv_or_none(self, field: str, debt: Decimal) -> Decimal | None:
        """Return the LTV of a loan with its own collateral; none if the exchange does not report it, or reports zero despite a debt."""
        ltv = self.number_or_none(field)
        if ltv is not None and (ltv > _MAX_LTV or (ltv and not debt)):
            raise self.unusable(field, f": {ltv} contradicts a debt of {debt}")
        return ltv or None

    def threshold_or_none(self, field: str) -> Decimal | None:
        """Return an LTV at which the exchange acts; none if it does not report it."""
        ltv = self.number_or_none(field)
        if ltv is not None and ltv > 1:
            raise self.unusable(field, f": {ltv} is not a fraction")
        return ltv

    def penalty_interest(self, is_overdue: bool) -> Decimal:
        """Return what is owed as penalty interest; only for a loan that is not overdue may the exchange omit it."""
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
        """Return how many decimal places a coin has."""
        places = self.whole_number(field)
        if places > MAX_DECIMALS:
            raise self.unusable(field, f": no coin has {places} decimal places")
        return places

    def time_ms(self, field: str) -> int:
        """Return a time (UTC, milliseconds since 1970), which is too early to be one in seconds, and within the calendar."""
        time_ms = self.whole_number(field)
        if not is_plausible(time_ms):
            raise self.unusable(field, f": {time_ms} is not a time in milliseconds")
        return time_ms

    def status(self, field: str) -> str:
        """Return C(success), C(processing) or C(failed) for the number that the exchange gives for it."""
        status = _STATUSES.get(self.whole_number(field))
        if status is None:
            raise ReadFailed(f"Bybit's answer to {self.path} has the unknown {field} {self.get(field)}.")
        return status

    def unusable(self, field: str, why: str = "") -> ReadFailed:
        return ReadFailed(f"Bybit's answer to {self.path} has an invalid {field}{why}.")

    def entry(self) -> HistoryEntry:
        """Read the row as one of a repayment history, in the fields that all products share."""
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


def rows_like(client: Client, path: str, query: dict[str, str | None]) -> t.Iterator[Row]:
    """Yield the rows of a list, page by page; raises what C(Client.pages) raises.

    :param query: What the rows must have, without what is none; C(repayId) and C(adjustId) are left to the exchange.
    :raises ReadFailed: If a row is not what was requested: it may be ours under another name.
    """
    asked = {name: value for name, value in query.items() if value}
    for fields in client.pages(path, asked):
        row = Row(path, fields)
        for name, value in asked.items():
            if name not in _IDS:
                row.must_be(name, value)
        yield row


def row_of_coin(coin: str, rows: list[Row]) -> Row | None:
    """Return the first row of a coin that was asked for; none when there are no rows.

    :raises ReadFailed: When all are of other coins: one may be it, under another name.
    """
    found = next((row for row in rows if row.is_of("currency", coin)), None)
    if found is None and rows:
        rows[0].must_be("currency", coin)
    return found


def each_once(path: str, loans: t.Iterable[Loan], name: str) -> t.Iterator[Loan]:
    """Yield each loan once, even if it is listed again.

    :param name: Precedes the ID or the coin in the message.
    :raises ReadFailed: When rows of one loan contradict each other.
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
    """Return one entry for each repayment, or whatever the history is of: one that is listed again, because something was added between
    the reads of two pages, counts once.

    :param repay_id: Only the one with this ID; the exchange was asked for it, and its answer is checked here.
    :param noun: What the message calls it.
    :raises ReadFailed: When rows of one ID contradict each other.
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

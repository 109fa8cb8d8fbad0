# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The loan products of the exchange behind one small interface: read a loan and its history, know its coin, repay.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._amounts import (
    InvalidAmount,
    parse_exchange_decimal,
    plain,
)
from ansible_collections.treasury.bybit.plugins.module_utils._client import Client, rows_of
from ansible_collections.treasury.bybit.plugins.module_utils._errors import ReadFailed, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._loan import LIQUIDATED, OPEN, REPAID, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._record import FAILED, PROCESSING, SUCCESS, Record
from ansible_collections.treasury.bybit.plugins.module_utils._return_codes import ORDER_NOT_FOUND

_CLOSED_STATUSES = {1: REPAID, 2: LIQUIDATED}
_REPAYMENT_STATUSES = {1: SUCCESS, 2: PROCESSING, 3: FAILED}
_BY_USER = 1


class LegacyLoans:
    """The legacy crypto loans (C(/v5/crypto-loan/)), one order at a time."""

    product = "legacy"
    history_call = "/v5/crypto-loan/repayment-history"

    def __init__(self, client: Client) -> None:
        self._client = client

    def find(self, order_id: str) -> Loan | None:
        """Return the loan, open or completed within the last 6 months; none when the exchange knows no such order.

        :raises Refused: When the exchange refused to tell.
        :raises ReadFailed: When its answer is missing or does not have the documented form.
        """
        return self._one("/v5/crypto-loan/ongoing-orders", order_id, _open_loan) or self.find_completed(order_id)

    def find_completed(self, order_id: str) -> Loan | None:
        """Return the loan when it has no debt any more; raises what C(find) raises."""
        return self._one("/v5/crypto-loan/borrow-history", order_id, _completed_loan)

    def accuracy(self, coin: str) -> int | None:
        """Return how many decimal places an amount of the coin may have; none when the exchange does not list it.

        :raises ReadFailed: When the answer is missing or does not have the documented form.
        """
        path = "/v5/crypto-loan/loanable-data"
        levels = self._client.read(path, {"currency": coin}, signed=False).get("vipCoinList")
        for level in levels if isinstance(levels, list) else []:
            for row in rows_of(path, level):
                if row.get("currency") == coin:
                    return _whole_number(path, row, "borrowingAccuracy")
        return None

    def history(self, order_id: str, repay_id: str | None = None) -> list[Record]:
        """Return all repayments of the loan that the exchange tells of (6 months), or only the one with an id.

        :raises Refused: When the exchange refused to tell.
        :raises ReadFailed: When its answer is missing or does not have the documented form.
        """
        query = {"orderId": order_id, **({"repayId": repay_id} if repay_id else {})}
        records = [_record(self.history_call, row) for row in self._rows(self.history_call, query)]
        # A repayment that comes in between two pages moves a row from one to the next, where it stands again.
        once = {record.repay_id: record for record in records if repay_id in (None, record.repay_id)}
        return list(once.values())

    def repay(self, order_id: str, amount: Decimal, on_signed: t.Callable[[int], None]) -> str:
        """POST one repayment and return its C(repayId); parameters and errors are those of C(Client.post_once)."""
        body = {"orderId": order_id, "amount": plain(amount)}
        return self._client.post_once("/v5/crypto-loan/repay", body, "repayId", on_signed)

    def _rows(self, path: str, query: dict[str, str]) -> t.Iterator[dict[str, t.Any]]:
        for row in self._client.pages(path, query):
            # The filter is the exchange's; that it was applied is checked here, because money follows.
            if row.get("orderId") == query["orderId"]:
                yield row

    def _one(self, path: str, order_id: str, build: t.Callable[[str, dict[str, t.Any]], Loan]) -> Loan | None:
        try:
            for row in self._rows(path, {"orderId": order_id}):
                return build(path, row)
        except Refused as error:
            # The documentation does not say whether an unknown order is an empty list or a refusal.
            if error.failure is None or error.failure.ret_code != ORDER_NOT_FOUND:
                raise
        return None


def _open_loan(path: str, row: dict[str, t.Any]) -> Loan:
    return Loan(
        order_id=_text(path, row, "orderId"),
        coin=_text(path, row, "loanCurrency"),
        # The exchange calls the unpaid principal of a legacy loan "totalDebt".
        principal=_number(path, row, "totalDebt"),
        interest=_number(path, row, "residualInterest"),
        penalty_interest=_number(path, row, "residualPenaltyInterest"),
        collateral_coin=_text(path, row, "collateralCurrency"),
        collateral_amount=_number(path, row, "collateralAmount"),
        ltv=_number(path, row, "currentLTV"),
        maturity_time_ms=_maturity(path, row),
        status=OPEN,
    )


def _completed_loan(path: str, row: dict[str, t.Any]) -> Loan:
    status = _CLOSED_STATUSES.get(_whole_number(path, row, "status"))
    if status is None:
        raise ReadFailed(f"Bybit answered {path} with the unknown status {row['status']}.")
    return Loan(
        order_id=_text(path, row, "orderId"),
        coin=_text(path, row, "loanCurrency"),
        principal=Decimal(0),
        interest=Decimal(0),
        penalty_interest=Decimal(0),
        collateral_coin=_text(path, row, "collateralCurrency"),
        collateral_amount=Decimal(0),
        ltv=None,
        maturity_time_ms=_maturity(path, row),
        status=status,
    )


def _record(path: str, row: dict[str, t.Any]) -> Record:
    status = _REPAYMENT_STATUSES.get(_whole_number(path, row, "repayStatus"))
    if status is None:
        raise ReadFailed(f"Bybit answered {path} with the unknown repayStatus {row['repayStatus']}.")
    time_ms = _whole_number(path, row, "repayTime")
    if not time_ms:
        raise ReadFailed(f"Bybit answered {path} without a repayTime.")
    return Record(
        repay_id=_text(path, row, "repayId"),
        amount=_number(path, row, "repayAmount"),
        status=status,
        by_user=_whole_number(path, row, "repayType") == _BY_USER,
        time_ms=time_ms,
    )


def _maturity(path: str, row: dict[str, t.Any]) -> int | None:
    flexible = row.get("expirationTime") in ("", None)
    return None if flexible else _whole_number(path, row, "expirationTime")


def _text(path: str, row: dict[str, t.Any], field: str) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not value:
        raise ReadFailed(f"Bybit answered {path} with an unusable {field}.")
    return value


def _number(path: str, row: dict[str, t.Any], field: str) -> Decimal:
    try:
        return parse_exchange_decimal(row.get(field))
    except InvalidAmount as error:
        raise ReadFailed(f"Bybit answered {path} with an unusable {field}: {error}.") from None


def _whole_number(path: str, row: dict[str, t.Any], field: str) -> int:
    number = _number(path, {field: str(row.get(field))}, field)
    if number != int(number):
        raise ReadFailed(f"Bybit answered {path} with an unusable {field}: {number} is not a whole number.")
    return int(number)

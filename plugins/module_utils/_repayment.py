# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only place from which money moves: look, decide, send once, look again.

This module util is private to the collection.
"""

from __future__ import annotations

import datetime
import re
import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._amounts import (
    InvalidAmount,
    difference,
    parse_amount,
    plain,
)
from ansible_collections.treasury.bybit.plugins.module_utils._client import Client
from ansible_collections.treasury.bybit.plugins.module_utils._errors import (
    BadInput,
    BybitError,
    Declined,
    OutcomeUnknown,
    ReadFailed,
    Refused,
)
from ansible_collections.treasury.bybit.plugins.module_utils._loan import LIQUIDATED, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans import LegacyLoans
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import (
    ACCEPTED,
    NOT_EXECUTED,
    NOTHING_TO_DO,
    PLANNED,
    UNKNOWN,
)
from ansible_collections.treasury.bybit.plugins.module_utils._plan import DECLINE, Decision, decide
from ansible_collections.treasury.bybit.plugins.module_utils._return_codes import ORDER_NOT_FOUND


class Repayment:
    """One repayment of one loan, and everything that is known of it so far, also when it fails half-way.

    :param order_id: The exchange's id of the loan order, as the user wrote it.
    :param amount: What to repay, as the user wrote it.
    :raises BadInput: When one of them cannot be used.
    """

    def __init__(self, client: Client, order_id: str, amount: object) -> None:
        self._client = client
        self._loans = LegacyLoans(client)
        self._order_id = _checked_order_id(order_id)
        self._amount = _checked_amount(amount)
        self._before: Loan | None = None
        self._after: Loan | None = None
        self._outcome: str | None = None
        self._repay_id: str | None = None
        self._message = ""
        self.warnings: list[str] = []

    @property
    def outcome(self) -> str:
        """What is known now; until it is concluded, a request that has left makes it unknown."""
        return self._outcome or (NOT_EXECUTED if self._client.posted_at_ms is None else UNKNOWN)

    def run(self, check_mode: bool) -> None:
        """Carry the repayment out, or only foresee it in check mode.

        :raises BybitError: When it was not made, or when that is unknown; C(as_result) then tells what is known.
        """
        loan = self._before = self._loans.find(self._order_id)
        accuracy = self._accuracy(loan.coin) if loan is not None and loan.status == OPEN else None
        decision = decide(self._order_id, loan, self._amount, accuracy)
        if loan is None or decision.kind == DECLINE:
            raise Declined(decision.message)
        if decision.kind == NOTHING_TO_DO:
            self._nothing_to_do(decision)
        elif check_mode:
            self._conclude(PLANNED, f"Would repay {decision.message}.", decision.after)
        else:
            self._pay(loan)

    def as_result(self) -> dict[str, t.Any]:
        """Return what the module returns, whether the repayment succeeded or not."""
        return {
            "changed": self.outcome in (ACCEPTED, PLANNED),
            "outcome": self.outcome,
            "repay_id": self._repay_id,
            "order_id": self._order_id,
            "amount": plain(self._amount),
            "loan": {
                "before": self._before.as_result() if self._before else None,
                "after": self._after.as_result() if self._after else None,
            },
            "sent_at_ms": self._client.posted_at_ms,
            "gate_retries": self._client.retries.as_result(),
            "msg": self._message,
        }

    def diff(self) -> dict[str, dict[str, t.Any]]:
        """Return debt and LTV before and after, for C(--diff)."""
        return {"before": _debt_and_ltv(self._before), "after": _debt_and_ltv(self._after)}

    def _accuracy(self, coin: str) -> int | None:
        try:
            return self._loans.accuracy(coin)
        except (ReadFailed, Refused) as error:
            self.warnings.append(f"The decimal places of amount are left to the exchange to check: {error}")
            return None

    def _pay(self, before: Loan) -> None:
        what = f"{plain(self._amount)} {before.coin} on loan {self._order_id}"
        try:
            self._repay_id = self._loans.repay(self._order_id, self._amount)
        except OutcomeUnknown as error:
            raise OutcomeUnknown(self._how_to_find_out(what, before, error), error.failure) from error
        except Refused as error:
            if self._is_closed_meanwhile(error):
                return
            raise Refused(f"The repayment of {what} was not made: {error}", error.failure) from error
        except BybitError as error:
            raise type(error)(f"The repayment of {what} was not made: {error}", error.failure) from error
        self._conclude(ACCEPTED, f"Bybit accepted the repayment of {what} (repayment {self._repay_id}).", None)
        self._look_again(what, before)

    def _look_again(self, what: str, before: Loan) -> None:
        """Read the loan after an accepted repayment; whatever goes wrong here must not hide that the money went."""
        try:
            after = self._after = self._loans.find(self._order_id)
        except BybitError as error:
            self.warnings.append(f"The repayment was accepted, but the loan could not be read afterwards: {error}")
            return
        if after is None:
            self.warnings.append("The repayment was accepted, but the exchange does not list the loan any more.")
        elif after.debt < before.debt:
            self._message = (
                f"Repaid {what} (repayment {self._repay_id}). "
                f"Debt before: {plain(before.debt)}, now: {plain(after.debt)}."
            )
        else:
            self.warnings.append("The repayment was accepted, but the debt has not fallen yet: it may be in process.")

    def _is_closed_meanwhile(self, refusal: Refused) -> bool:
        """Tell whether the loan was closed by somebody else between the look and the request."""
        if refusal.failure is None or refusal.failure.ret_code != ORDER_NOT_FOUND:
            return False
        try:
            loan = self._loans.find_completed(self._order_id)
        except BybitError as error:
            self.warnings.append(f"Whether the loan was closed meanwhile could not be read: {error}")
            return False
        decision = decide(self._order_id, loan, self._amount, None)
        if decision.kind != NOTHING_TO_DO:
            return False
        self._nothing_to_do(decision)
        return True

    def _nothing_to_do(self, decision: Decision) -> None:
        self._conclude(NOTHING_TO_DO, decision.message, decision.after)
        if decision.after is not None and decision.after.status == LIQUIDATED:
            self.warnings.append(f"{decision.message} The exchange has sold its collateral.")

    def _conclude(self, outcome: str, message: str, after: Loan | None) -> None:
        self._outcome, self._message, self._after = outcome, message, after

    def _how_to_find_out(self, what: str, before: Loan, error: OutcomeUnknown) -> str:
        less = plain(difference(before.debt, self._amount))
        history = f"GET {LegacyLoans.history_call}?orderId={self._order_id}, or the loan's page on the exchange's site"
        return (
            f"Whether the repayment of {what} was made is unknown: {error}. It was sent at "
            f"{_utc(self._client.posted_at_ms)} and is not sent again. Before you run this again, look whether it stands in "
            f"the repayment history ({history}) and whether the debt has fallen from {plain(before.debt)} to about {less}; "
            f"both may lag by some seconds."
        )


def _checked_order_id(order_id: str) -> str:
    order_id = order_id.strip()
    if not re.fullmatch("[0-9A-Za-z_-]{1,64}", order_id):
        raise BadInput(
            f"order_id '{order_id[:64]}' is not an order id: give it as the exchange shows it, "
            f"such as '1794267532472646144'."
        )
    return order_id


def _checked_amount(amount: object) -> Decimal:
    try:
        return parse_amount(amount)
    except InvalidAmount as error:
        raise BadInput(f"amount cannot be used: {error}.") from None


def _utc(time_ms: int | None) -> str:
    if time_ms is None:
        return "an unknown time"
    moment = datetime.datetime.fromtimestamp(time_ms // 1000, tz=datetime.timezone.utc)
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _debt_and_ltv(loan: Loan | None) -> dict[str, t.Any]:
    if loan is None:
        return {}
    values = loan.as_result()
    return {name: values[name] for name in ("order_id", "coin", "debt", "ltv")}

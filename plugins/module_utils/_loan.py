# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One loan, whatever product it comes from, in one vocabulary.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import ROUND_HALF_UP, Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._amounts import difference, plain, total

OPEN = "open"
REPAID = "repaid"
LIQUIDATED = "liquidated"

_LTV_STEP = Decimal("0.0001")


@dataclasses.dataclass(frozen=True)
class Loan:
    """A loan as of one moment; amounts are in C(coin) unless their name says otherwise.

    :ivar order_id: The exchange's id of the loan order.
    :ivar principal: Unpaid principal.
    :ivar interest: Unpaid interest.
    :ivar penalty_interest: Unpaid penalty interest of an overdue loan.
    :ivar ltv: Debt divided by collateral in USD, rounded by the exchange to four places; none when it has no debt.
    :ivar maturity_time_ms: When a fixed-term loan is due (UTC, ms); none for a flexible loan.
    :ivar status: One of C(open), C(repaid), C(liquidated).
    """

    order_id: str
    coin: str
    principal: Decimal
    interest: Decimal
    penalty_interest: Decimal
    collateral_coin: str
    collateral_amount: Decimal
    ltv: Decimal | None
    maturity_time_ms: int | None
    status: str

    @property
    def debt(self) -> Decimal:
        """Everything that is still to be paid: principal, interest and penalty interest."""
        return total(self.principal, self.interest, self.penalty_interest)

    def after_paying(self, amount: Decimal) -> Loan:
        """Foresee the loan after a repayment: interest is paid first, and prices stay as they are."""
        penalty_interest, rest = _pay(self.penalty_interest, amount)
        interest, rest = _pay(self.interest, rest)
        principal, dummy = _pay(self.principal, rest)
        debt = total(principal, interest, penalty_interest)
        return dataclasses.replace(
            self,
            principal=principal,
            interest=interest,
            penalty_interest=penalty_interest,
            collateral_amount=self.collateral_amount if debt else Decimal(0),
            ltv=(self.ltv * debt / self.debt).quantize(_LTV_STEP, ROUND_HALF_UP) if self.ltv and debt else None,
            status=OPEN if debt else REPAID,
        )

    def as_result(self) -> dict[str, t.Any]:
        """Return the loan as the modules return it: amounts as decimal strings."""
        return {
            "order_id": self.order_id,
            "status": self.status,
            "coin": self.coin,
            "debt": plain(self.debt),
            "principal": plain(self.principal),
            "interest": plain(self.interest),
            "penalty_interest": plain(self.penalty_interest),
            "collateral_coin": self.collateral_coin,
            "collateral_amount": plain(self.collateral_amount),
            "ltv": None if self.ltv is None else plain(self.ltv),
            "maturity_time_ms": self.maturity_time_ms,
        }


def _pay(due: Decimal, amount: Decimal) -> tuple[Decimal, Decimal]:
    paid = min(due, amount)
    return difference(due, paid), difference(amount, paid)

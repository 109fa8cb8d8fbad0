# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of flexible and fixed loans: debts, contracts, repayments, orders, and adjustments."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from ..amounts import ZERO

FLEXIBLE, FIXED = "flexible", "fixed"
OPEN, REPAID = "open", "repaid"
NO_AUTOMATIC, AUTO_REPAY, TO_FLEXIBLE = "0", "1", "2"
BY_USER, BY_LIQUIDATION, BY_AUTO_REPAY, BY_OVERDUE, BY_COIN, BY_TRANSFER = 1, 2, 3, 4, 7, 8
ADD, REDUCE = "0", "1"
FUND, UNIFIED = "FUND", "UNIFIED"


@dataclass
class FlexibleDebt:
    """Everything that an account owes in one coin at a flexible rate, charged hourly since it was first borrowed."""

    coin: str
    principal: Decimal
    hourly_rate: Decimal
    borrowed_at: int
    interest: Decimal = ZERO
    accrued_hours: int = 0

    @property
    def debt(self) -> Decimal:
        return self.principal + self.interest


@dataclass
class FixedContract:
    """One contract; principal is what is left to repay, and matured means that its due time has been processed."""

    loan_id: str
    order_id: str
    coin: str
    term: str
    principal: Decimal
    annual_rate: Decimal
    borrowed_at: int
    due_at: int
    interest_paid: Decimal
    initial_loan: Decimal
    repay_type: str = AUTO_REPAY
    penalty: Decimal = ZERO
    overdue_hours: int = 0
    matured: bool = False
    status: str = OPEN
    closed_at: int | None = None

    @property
    def debt(self) -> Decimal:
        return self.principal + self.penalty

    @property
    def position(self) -> tuple[int, int]:
        return self.borrowed_at, int(self.loan_id)

    def close(self, at: int) -> None:
        self.status = REPAID
        self.closed_at = at
        self.principal = self.penalty = ZERO


@dataclass
class Allocation:
    """The part of a repayment that goes to one contract."""

    loan_id: str
    amount: Decimal
    interest: Decimal = ZERO


@dataclass
class Repayment:
    """A repayment; sold is the collateral that paid for it and for the fee, empty if the wallet paid."""

    product: str
    coin: str
    amount: Decimal
    time: int
    type: int = BY_USER
    repay_id: str = ""
    status: int = 1
    origin: str = "api"
    visible_at: int = 0
    settles_at: int | None = None
    final_status: int = 1
    full: bool = False
    allocations: list[Allocation] = field(default_factory=list)
    sold: dict[str, Decimal] = field(default_factory=dict)
    # The fee that the wallet pays for the sale, and the part of the amount that paid interest.
    fee: Decimal = ZERO
    interest: Decimal = ZERO
    settled_at: int | None = None

    @property
    def position(self) -> tuple[int, int]:
        return self.time, int(self.repay_id)

    def summary(self) -> str:
        return f"repayment {self.repay_id}: {self.amount:f} {self.coin} of {self.product} loans"


@dataclass
class Borrowing:
    """An order that started or increased a flexible debt."""

    order_id: str
    coin: str
    amount: Decimal
    time: int

    @property
    def position(self) -> tuple[int, int]:
        return self.time, int(self.order_id)


@dataclass
class PendingBorrowing:
    """An order to borrow at a fixed rate, which waits for a lender."""

    order_id: str
    coin: str
    amount: Decimal
    term: str
    annual_rate: Decimal
    time: int


@dataclass
class Adjustment:
    """Collateral that moves from the Funding wallet to the pledged collateral, or back; order_id is set for a legacy loan only."""

    adjust_id: str
    coin: str
    amount: Decimal
    direction: str
    time: int
    before_ltv: Decimal
    after_ltv: Decimal
    order_id: str = ""
    status: int = 1
    settles_at: int | None = None
    final_status: int = 1
    visible_at: int = 0


@dataclass
class Transfer:
    """Money that moves between two wallets of the same account, under the client's own id."""

    number: int
    transfer_id: str
    coin: str
    amount: Decimal
    source: str
    target: str
    time: int
    status: int = 1
    settles_at: int | None = None
    final_status: int = 1
    visible_at: int = 0

    def summary(self) -> str:
        return f"transfer {self.transfer_id}: {self.amount:f} {self.coin} from {self.source} to {self.target}"

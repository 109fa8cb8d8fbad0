# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exchange's ledger, that is, the true debts and repayments: plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from .products import ACCOUNT_COLLATERAL, FIXED, FLEXIBLE, LEGACY, ORDER_COLLATERAL, REPAID, Loan

# The exchange accepts a timestamp that is less than a second in the future.
EARLY_MS = 1000
SUCCESS, PROCESSING, FAILED = 1, 2, 3
API, OWNER = "api", "owner"


@dataclass(frozen=True)
class Books:
    """The true debts and collateral at a moment.

    :ivar debts: The debt on each open loan, including what is being repaid at that moment.
    :ivar collateral_usd: The collateral of the account, for its flexible and fixed loans.
    :ivar interests: The part of the debts that is interest, including penalty interest.
    :ivar pledged_usd: The collateral of each legacy loan.
    :ivar pledged: The pledged coins, by the journal's target for the collateral.
    :ivar wallets: The balance of the Funding wallet, by coin.
    """

    debts: dict[Loan, Decimal]
    collateral_usd: Decimal = Decimal(0)
    interests: dict[Loan, Decimal] = field(default_factory=dict)
    pledged_usd: dict[Loan, Decimal] = field(default_factory=dict)
    pledged: dict[Loan, Decimal] = field(default_factory=dict)
    wallets: dict[str, Decimal] = field(default_factory=dict)

    def ltv_of(self, loan: Loan) -> tuple[Decimal, Decimal]:
        """Return the debt and the collateral, both in USD, of the LTV that this loan counts toward."""
        loan = loan_behind(loan)
        if loan.product == LEGACY:
            return self.debts.get(loan, Decimal(0)), self.pledged_usd.get(loan, Decimal(0))
        return self.shared_debt, self.collateral_usd

    @property
    def shared_debt(self) -> Decimal:
        """The debt on all loans that share the collateral; each of their coins is worth a dollar."""
        return sum((debt for loan, debt in self.debts.items() if loan.product in (FLEXIBLE, FIXED)), Decimal(0))


def loan_behind(target: Loan) -> Loan:
    """Return the legacy loan of a target that is its collateral, and any other target itself."""
    return Loan(LEGACY, target.name) if target.product == ORDER_COLLATERAL else target


def share_ltv(one: Loan, other: Loan) -> bool:
    """Check whether operations on these targets change the same LTV."""
    shared = (FLEXIBLE, FIXED, ACCOUNT_COLLATERAL)
    return loan_behind(one) == loan_behind(other) or (one.product in shared and other.product in shared)


@dataclass(frozen=True)
class Entry:
    """One repayment, adjustment, or transfer in the ledger."""

    repay_id: str
    loan: Loan
    amount: Decimal
    time: int
    status: int
    source: str
    visible_at: int
    move: str = REPAID
    coin: str = ""

    @property
    def is_paid(self) -> bool:
        return self.status in (SUCCESS, PROCESSING)

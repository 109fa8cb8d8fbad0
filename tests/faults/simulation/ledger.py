# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exchange's ledger: what is really owed, and what was really repaid; plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from .products import ACCOUNT_COLLATERAL, FIXED, FLEXIBLE, LEGACY, ORDER_COLLATERAL, REPAID, Loan

# The exchange accepts a timestamp that lies less than a second in its future.
EARLY_MS = 1000
SUCCESS, PROCESSING, FAILED = 1, 2, 3
API, OWNER, SEED = "api", "owner", "seed"


@dataclass(frozen=True)
class Books:
    """What is really owed and pledged at a moment.

    :ivar debts: What is owed on each loan that is open, also what is being repaid just then.
    :ivar collateral_usd: Of the account, for its flexible and fixed loans.
    :ivar interests: What of the debts is interest, penalty interest included.
    :ivar pledged_usd: What is pledged for a legacy loan alone.
    :ivar pledged: How many coins are pledged, by what journals call their collateral.
    :ivar wallets: What the Funding wallet holds, by coin.
    """

    debts: dict[Loan, Decimal]
    collateral_usd: Decimal = Decimal(0)
    interests: dict[Loan, Decimal] = field(default_factory=dict)
    pledged_usd: dict[Loan, Decimal] = field(default_factory=dict)
    pledged: dict[Loan, Decimal] = field(default_factory=dict)
    wallets: dict[str, Decimal] = field(default_factory=dict)

    def ltv_of(self, loan: Loan) -> tuple[Decimal, Decimal]:
        """Return the debt and the collateral, both in USD, that make the LTV which this loan counts for."""
        loan = loan_behind(loan)
        if loan.product == LEGACY:
            return self.debts.get(loan, Decimal(0)), self.pledged_usd.get(loan, Decimal(0))
        return self.shared_debt, self.collateral_usd

    @property
    def shared_debt(self) -> Decimal:
        """What is owed on all the loans that share the collateral; their coins are all worth a dollar."""
        return sum((debt for loan, debt in self.debts.items() if loan.product in (FLEXIBLE, FIXED)), Decimal(0))


def loan_behind(target: Loan) -> Loan:
    """Return the legacy loan whose collateral something is; itself for all else."""
    return Loan(LEGACY, target.name) if target.product == ORDER_COLLATERAL else target


def share_ltv(one: Loan, other: Loan) -> bool:
    """Tell whether what is done to these changes the same LTV."""
    shared = (FLEXIBLE, FIXED, ACCOUNT_COLLATERAL)
    return loan_behind(one) == loan_behind(other) or (one.product in shared and other.product in shared)


@dataclass(frozen=True)
class Entry:
    """One repayment, adjustment or transfer in the ledger."""

    repay_id: str
    loan: Loan
    amount: Decimal
    time: int
    status: int
    source: str
    visible_at: int
    settles_at: int | None
    move: str = REPAID
    coin: str = ""

    @property
    def is_paid(self) -> bool:
        return self.status in (SUCCESS, PROCESSING)

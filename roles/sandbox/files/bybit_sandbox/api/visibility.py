# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What queries show of an account; a fault can make them lag behind the ledger."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ..clock import DAY_MS
from ..ledger.model import OPEN, Account, LegacyLoan, Snapshot
from ..ledger.records import FixedContract, FlexibleDebt

# The documentation says "last 6 months" without a number of days.
HISTORY_MS = 183 * DAY_MS


def _snapshots(account: Account, now: int) -> list[Snapshot]:
    return [item for item in account.snapshots if item.until > now]


def _lagging_loans(account: Account, now: int) -> dict[str, LegacyLoan]:
    """The legacy loans that queries still show as they were, each from its earliest snapshot."""
    return {loan.order_id: loan for item in reversed(_snapshots(account, now)) for loan in item.legacy_loans}


def open_loans(account: Account, now: int) -> Callable[[LegacyLoan], list[LegacyLoan]]:
    """A function that returns the row of a loan in the list of open loans, if it has one."""
    lagging = _lagging_loans(account, now)

    def shown(loan: LegacyLoan) -> list[LegacyLoan]:
        if loan.order_id in lagging:
            return [lagging[loan.order_id]]
        return [loan] if loan.status == OPEN else []

    return shown


def closed_loans(account: Account, now: int) -> list[LegacyLoan]:
    lagging = _lagging_loans(account, now)
    shown = [
        loan for loan in account.legacy_loans
        if loan.status != OPEN and loan.closed_at >= now - HISTORY_MS and loan.order_id not in lagging
    ]
    return sorted(shown, key=lambda loan: (loan.closed_at, loan.order_id))


def wallet(account: Account, now: int) -> dict[str, Decimal]:
    return next((item.wallet for item in account.wallet_snapshots if item.until > now), account.wallet)


def unified(account: Account, now: int) -> dict[str, Decimal]:
    return next((item.unified for item in account.wallet_snapshots if item.until > now), account.unified)


def collateral(account: Account, now: int) -> dict[str, Decimal]:
    lagging = _snapshots(account, now)
    return lagging[0].collateral if lagging else account.collateral


def flexible(account: Account, now: int) -> list[FlexibleDebt]:
    """The flexible debts, sorted by coin."""
    lagging = {debt.coin: debt for item in reversed(_snapshots(account, now)) for debt in item.flexible_loans}
    return [debt for _coin, debt in sorted({**account.flexible_loans, **lagging}.items())]


def contracts(account: Account, now: int) -> Callable[[FixedContract], FixedContract]:
    """A function that returns a contract as queries show it."""
    lagging = {contract.loan_id: contract for item in reversed(_snapshots(account, now)) for contract in item.fixed_contracts}
    return lambda contract: lagging.get(contract.loan_id, contract)

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account's owner can see at a given time, which a fault can hold back behind the ledger."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ..clock import DAY_MS
from ..ledger.model import OPEN, Account, LegacyLoan, Snapshot
from ..ledger.records import FixedContract, FlexibleDebt

# "Last 6 months", as the documentation says without counting days.
HISTORY_MS = 183 * DAY_MS


def _snapshots(account: Account, now: int) -> list[Snapshot]:
    return [item for item in account.snapshots if item.until > now]


def _held_loans(account: Account, now: int) -> dict[str, LegacyLoan]:
    """The legacy loans that are still shown as they were, each as the first of its snapshots has it."""
    return {loan.order_id: loan for item in reversed(_snapshots(account, now)) for loan in item.legacy_loans}


def open_loans(account: Account, now: int) -> Callable[[LegacyLoan], list[LegacyLoan]]:
    """What to show of a loan among the open ones."""
    held = _held_loans(account, now)

    def shown(loan: LegacyLoan) -> list[LegacyLoan]:
        if loan.order_id in held:
            return [held[loan.order_id]]
        return [loan] if loan.status == OPEN else []

    return shown


def closed_loans(account: Account, now: int) -> list[LegacyLoan]:
    held = _held_loans(account, now)
    shown = [
        loan for loan in account.legacy_loans
        if loan.status != OPEN and loan.closed_at >= now - HISTORY_MS and loan.order_id not in held
    ]
    return sorted(shown, key=lambda loan: (loan.closed_at, loan.order_id))


def wallet(account: Account, now: int) -> dict[str, Decimal]:
    return next((item.wallet for item in account.wallet_snapshots if item.until > now), account.wallet)


def collateral(account: Account, now: int) -> dict[str, Decimal]:
    held = _snapshots(account, now)
    return held[0].collateral if held else account.collateral


def flexible(account: Account, now: int) -> list[FlexibleDebt]:
    """The flexible debts, sorted by coin."""
    held = {debt.coin: debt for item in reversed(_snapshots(account, now)) for debt in item.flexible_loans}
    return [debt for _coin, debt in sorted({**account.flexible_loans, **held}.items())]


def contracts(account: Account, now: int) -> Callable[[FixedContract], FixedContract]:
    """What to show of a contract."""
    held = {contract.loan_id: contract for item in reversed(_snapshots(account, now)) for contract in item.fixed_contracts}
    return lambda contract: held.get(contract.loan_id, contract)

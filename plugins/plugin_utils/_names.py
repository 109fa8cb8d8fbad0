# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of the modules. C(meta/runtime.yml) lists them, too.

Pure: no I/O. This plugin util is private to the collection.
"""

from __future__ import annotations

REPAY_MODULES = ("bybit_fixed_loan_repay", "bybit_flexible_loan_repay", "bybit_loan_repay")
# All modules that can move money.
MOVING_MODULES = (*REPAY_MODULES, "bybit_funding_transfer", "bybit_loan_collateral", "bybit_loan_policy")
INFO_MODULES = ("bybit_journal_info", "bybit_loan_info", "bybit_loan_repayment_info")


def module_of(action: str) -> str:
    """Return the name of a module without the name of its collection."""
    return action.rpartition(".")[2]

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exchange as it may be: the switches of the stand-in as the schedules know them; the first choice is its default.

Pure: no I/O.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

# How the exchange shows what has happened: these may change at any time.
SHOWN = {
    "legacy_processing": ("shown", "hidden"),
    "legacy_adjustment_processing": ("hidden", "shown"),
    "repay_amount": ("sent", "principal", "rounded", "after_fee", "split"),
    "user_repay_type": ("1", "7", "9"),
    "list_end": ("empty_cursor", "cursor_then_empty", "cursor_repeats"),
    "empty_amounts": ("never", "zeros", "untold"),
    "repay_time": ("accepted", "executed"),
    "repay_time_precision": ("ms", "s"),
    "repay_id_query_ms": (0, 3000, 20_000),
    "transfer_list_id": ("prefixed", "plain"),
    "transfer_status": ("told", "unknown"),
    "transfer_time_precision": ("s", "ms"),
}
# What it does: these stay as they are for a whole schedule. Whole coins, which sweep is about, are repaid in none.
RULES = {
    "repay_decimals": ("accuracy", "eight", "debt"),
    "returns_collateral": ("yes", "no"),
    "interest_hours": ("full", "begun", "clock"),
    "overpayment_dust": ("refused", "taken"),
    "collateral_order": ("name", "as_listed", "liquidation_order"),
    "fee_from": ("collateral", "wallet"),
    "early_repayment": ("nothing_back", "interest_back"),
    "transfer_decimals": ("eight", "accuracy"),
}
DEFAULTS: dict[str, str | int] = {name: choices[0] for name, choices in {**SHOWN, **RULES}.items()}
# With these, a run cannot recognise in the history what it has sent, or not read it at all.
UNRECOGNISED = ("repay_amount", "user_repay_type", "empty_amounts")

# The second row of a repayment that is shown as two has the id of the first, and this on top.
SECOND_ROW = 10**18
_CENT, _EIGHT_PLACES, _KEPT_AFTER_FEE, _AN_HOUR_MORE = Decimal("0.01"), Decimal("1E-8"), Decimal("0.9995"), Decimal("1.5")


def shown_amounts(amount: Decimal, interest: Decimal | None, way: str | int) -> set[Decimal]:
    """Return what the rows of a repayment can show, at least and at most.

    :param interest: What it paid of interest, as far as that is known; an hour that turns meanwhile makes it a little more.
    """
    if way == "principal":
        paid = amount if interest is None else min(amount, interest * _AN_HOUR_MORE)
        return {amount - paid, amount}
    if way == "rounded":
        return {amount.quantize(_CENT, ROUND_HALF_UP)}
    if way == "after_fee":
        return {(amount * _KEPT_AFTER_FEE).quantize(_EIGHT_PLACES, ROUND_DOWN)}
    # Two rows may come one by one.
    return {Decimal(0), amount} if way == "split" else {amount}

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The possible behaviors of the exchange: the stand-in's switches that the schedules use; the first choice is the default.

Pure: no I/O.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

# How the exchange shows what has happened; these may change at any time.
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
# What the exchange does; these stay the same for a whole schedule. The switch sweep is missing, because no schedule sweeps a coin.
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
# With these, a run cannot recognize or read in the history what it has sent.
UNRECOGNIZED = ("repay_amount", "user_repay_type", "empty_amounts")

# The second row of a repayment that is shown as two rows has the ID of the first plus this number.
SECOND_ROW = 10**18
_CENT, _EIGHT_PLACES, _KEPT_AFTER_FEE, _AN_HOUR_MORE = Decimal("0.01"), Decimal("1E-8"), Decimal("0.9995"), Decimal("1.5")


def shown_amounts(amount: Decimal, interest: Decimal | None, way: str | int) -> set[Decimal]:
    """Return the smallest and largest amount that the rows of a repayment can show.

    :param interest: The interest that it paid, if known; a charge of interest in between adds a little.
    """
    if way == "principal":
        paid = amount if interest is None else min(amount, interest * _AN_HOUR_MORE)
        return {amount - paid, amount}
    if way == "rounded":
        return {amount.quantize(_CENT, ROUND_HALF_UP)}
    if way == "after_fee":
        return {(amount * _KEPT_AFTER_FEE).quantize(_EIGHT_PLACES, ROUND_DOWN)}
    # The two rows may appear separately.
    return {Decimal(0), amount} if way == "split" else {amount}

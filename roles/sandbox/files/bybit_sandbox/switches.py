# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches: one for each behavior that the documentation leaves open; the first choice is the default."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from decimal import Decimal

from .amounts import ZERO, decimals, plain, unit
from .fields import Fields

SHOWN, HIDDEN = "shown", "hidden"
SENT, PRINCIPAL, ROUNDED, AFTER_FEE, SPLIT = "sent", "principal", "rounded", "after_fee", "split"
AS_RECORDED = "1"
EMPTY_CURSOR, CURSOR_THEN_EMPTY, CURSOR_REPEATS = "empty_cursor", "cursor_then_empty", "cursor_repeats"
ACCURACY, EIGHT, DEBT = "accuracy", "eight", "debt"
NEVER, ZEROS, UNTOLD = "never", "zeros", "untold"
OPEN_NOW, MATCHED_BEFORE = "open_now", "matched_before"
ACCEPTED, EXECUTED = "accepted", "executed"
FULL, BEGUN, CLOCK = "full", "begun", "clock"
REFUSED, TAKEN = "refused", "taken"
NAME, AS_LISTED, LIQUIDATION_ORDER = "name", "as_listed", "liquidation_order"
COLLATERAL, WALLET = "collateral", "wallet"
NOTHING_BACK, INTEREST_BACK = "nothing_back", "interest_back"
PREFIXED, PLAIN = "prefixed", "plain"
TOLD, UNKNOWN = "told", "unknown"
_EIGHT_PLACES = 8

CHOICES = {
    "legacy_processing": (SHOWN, HIDDEN),
    "repay_amount": (SENT, PRINCIPAL, ROUNDED, AFTER_FEE, SPLIT),
    "user_repay_type": (AS_RECORDED, "7", "9"),
    "list_end": (EMPTY_CURSOR, CURSOR_THEN_EMPTY, CURSOR_REPEATS),
    "repay_decimals": (ACCURACY, EIGHT, DEBT),
    "empty_amounts": (NEVER, ZEROS, UNTOLD),
    "sweep": (OPEN_NOW, MATCHED_BEFORE),
    "repay_time": (ACCEPTED, EXECUTED),
    "repay_time_precision": ("ms", "s"),
    "returns_collateral": ("yes", "no"),
    "interest_hours": (FULL, BEGUN, CLOCK),
    "overpayment_dust": (REFUSED, TAKEN),
    "collateral_order": (NAME, AS_LISTED, LIQUIDATION_ORDER),
    "fee_from": (COLLATERAL, WALLET),
    "early_repayment": (NOTHING_BACK, INTEREST_BACK),
    "legacy_adjustment_processing": (HIDDEN, SHOWN),
    "platform_limit_code": ("148048", "131239"),
    "transfer_list_id": (PREFIXED, PLAIN),
    "transfer_status": (TOLD, UNKNOWN),
    "transfer_time_precision": ("s", "ms"),
    "transfer_decimals": (EIGHT, ACCURACY),
}
DELAY = "repay_id_query_ms"


@dataclass(frozen=True)
class Switches:
    legacy_processing: str = SHOWN
    repay_amount: str = SENT
    user_repay_type: str = AS_RECORDED
    list_end: str = EMPTY_CURSOR
    repay_decimals: str = ACCURACY
    empty_amounts: str = NEVER
    sweep: str = OPEN_NOW
    repay_time: str = ACCEPTED
    repay_time_precision: str = "ms"
    returns_collateral: str = "yes"
    interest_hours: str = FULL
    overpayment_dust: str = REFUSED
    collateral_order: str = NAME
    fee_from: str = COLLATERAL
    early_repayment: str = NOTHING_BACK
    legacy_adjustment_processing: str = HIDDEN
    platform_limit_code: str = "148048"
    transfer_list_id: str = PREFIXED
    transfer_status: str = TOLD
    transfer_time_precision: str = "s"
    transfer_decimals: str = EIGHT
    repay_id_query_ms: int = 0

    def places(self, accuracy: int, debt: Decimal) -> int:
        """The number of decimal places that a repayment of this debt may have."""
        if self.repay_decimals == EIGHT:
            return max(accuracy, _EIGHT_PLACES)
        return max(accuracy, decimals(debt)) if self.repay_decimals == DEBT else accuracy

    def transfer_places(self, accuracy: int) -> int:
        """The number of decimal places that a transfer may have."""
        return accuracy if self.transfer_decimals == ACCURACY else _EIGHT_PLACES

    def cut_to_debt(self, amount: Decimal, left: Decimal, accuracy: int) -> Decimal:
        """The amount, cut to the rest of the debt if it exceeds the debt by less than one unit and the switch allows it."""
        dust = ZERO < amount - left < unit(accuracy)
        return left if dust and left > ZERO and self.overpayment_dust == TAKEN else amount

    def amount(self, value: Decimal) -> str:
        """The text of an amount in a row or a total."""
        return "" if self.empty_amounts == ZEROS and value == ZERO else plain(value)

    def optional(self, text: str) -> str:
        """The text of a field that no client needs to repay: a rate, penalty interest, or returned collateral."""
        return "" if self.empty_amounts == UNTOLD else text


def read_switches(fields: Fields, before: Switches) -> Switches:
    """The previous switches, with those changed that the document names."""
    unknown = sorted(set(fields.names()) - {*CHOICES, DELAY})
    if unknown:
        raise fields.error(f"do not include {unknown[0]!r}: they are {', '.join([*CHOICES, DELAY])}")
    chosen: dict = {name: fields.string(name, choices=CHOICES[name]) for name in fields.names() if name != DELAY}
    if DELAY in fields:
        chosen[DELAY] = fields.integer(DELAY)
    return replace(before, **chosen)


def shown_switches(switches: Switches) -> dict:
    """Each switch with its value and choices; the delay has no choices, since it takes any number of milliseconds."""
    return {
        name: {"value": value, "choices": list(CHOICES.get(name, ()))} for name, value in asdict(switches).items()
    }

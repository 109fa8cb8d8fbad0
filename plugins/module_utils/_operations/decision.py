# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decision that results from a plan, the means that the plan knows, and what all plans share.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import round_down, total, unit
from .._loans.subject import Subject
from .._outcomes import NOTHING_TO_DO

MOVE = "move"
DECLINE = "decline"
# For coins whose decimal places the exchange does not list. Most coins have no more.
_DEFAULT_ACCURACY = 8


class Means(t.NamedTuple):
    """How much can be moved, and with what precision.

    :ivar accuracy: How many decimal places the coin allows; none if unknown, so that the exchange decides.
    :ivar available: What can be moved from the source of the money; none if unknown.
    :ivar at_most: The most that this run may move; none for no cap.
    :ivar allow_partial: Whether to move as much as possible if that does not reach the goal.
    :ivar moved_so_far: What this run has already moved.
    :ivar refill: The remedy if too little is available for a repayment.
    :ivar lack: Why nothing can be moved at all, such as a missing permission of the key, with the remedy; empty if something can.
    """

    accuracy: int | None = None
    available: Decimal | None = None
    at_most: Decimal | None = None
    allow_partial: bool = False
    moved_so_far: Decimal = Decimal(0)
    lack: str = ""
    refill: str = "top up the Funding wallet"


class Decision(t.NamedTuple):
    """What to move, or why not.

    :ivar kind: C(MOVE), C(NOTHING_TO_DO), or C(DECLINE).
    :ivar message: What to move and why, or why not and what to do instead.
    :ivar amount: What to move; zero unless the kind is C(MOVE).
    :ivar after: The subject as it will be after the move; none if declined.
    :ivar arithmetic: How the amount was calculated, in words.
    :ivar shortfall: Why the move does not reach the goal; empty if it does, apart from C(dust_to_try).
    :ivar dust_to_try: The remainder above C(max_debt) that needs more decimal places than the exchange lists. The exchange may accept it
        all the same, so it is tried once.
    :ivar shortage: How much more the wallet would have to hold to reach the goal; zero if it holds enough.
    """

    kind: str
    message: str
    amount: Decimal
    after: Subject | None
    arithmetic: str = ""
    shortfall: str = ""
    dust_to_try: Decimal = Decimal(0)
    shortage: Decimal = Decimal(0)

    @property
    def reaches_goal(self) -> bool:
        return not self.shortfall


def nothing(message: str, subject: Subject) -> Decision:
    """Return the decision to move nothing.

    :param message: Why, as a sentence.
    """
    return Decision(NOTHING_TO_DO, message, Decimal(0), subject)


def decline(message: str, arithmetic: str = "") -> Decision:
    """Return a refusal.

    :param message: Why, and what to do: a sentence without its period that begins with the name of an option or with C(the).
    """
    # The name of an option keeps its lowercase letter.
    sentence = capital(message) if message.startswith("the ") else message
    return Decision(DECLINE, f"{sentence}.", Decimal(0), None, arithmetic)


def places_of(accuracy: int | None) -> int:
    """Return the number of decimal places to round an amount to."""
    return _DEFAULT_ACCURACY if accuracy is None else accuracy


def smallest_amount(accuracy: int | None) -> Decimal:
    """Return the smallest amount that the exchange lists for a coin."""
    return unit(places_of(accuracy))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def exceeds_cap(amount: Decimal, means: Means) -> bool:
    """Return whether an amount is more than this run may still move."""
    return means.at_most is not None and total(means.moved_so_far, amount) > means.at_most


def rounded_for(amount: Decimal, means: Means) -> Decimal:
    """Return an amount with no more decimal places than the coin allows, rounded down."""
    return round_down(max(amount, Decimal(0)), places_of(means.accuracy))

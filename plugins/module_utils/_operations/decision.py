# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan comes to, what it knows of the means, and what all plans share.

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
# For a coin whose decimal places the exchange does not list; most coins have no more.
_DEFAULT_ACCURACY = 8


class Means(t.NamedTuple):
    """What can be moved, and how exactly.

    :ivar accuracy: How many decimal places the coin allows; none if that is unknown and left to the exchange.
    :ivar available: What can be moved from where the money is; none when that is not known.
    :ivar at_most: What this run may move; none without such a cap.
    :ivar allow_partial: Whether to move what can be moved when that does not reach the goal.
    :ivar moved_so_far: What this run has moved already.
    :ivar refill: What to do where too little is available for a repayment.
    :ivar lack: Why nothing can be moved at all, such as a missing permission of the key, and the remedy; empty when it can.
    """

    accuracy: int | None = None
    available: Decimal | None = None
    at_most: Decimal | None = None
    allow_partial: bool = False
    moved_so_far: Decimal = Decimal(0)
    lack: str = ""
    refill: str = "top up the Funding wallet"


class Decision(t.NamedTuple):
    """The outcome of a plan.

    :ivar kind: C(MOVE), C(NOTHING_TO_DO) or C(DECLINE).
    :ivar message: What to move and why, or why not and what to do instead.
    :ivar amount: What to move; zero unless the kind is C(MOVE).
    :ivar after: The subject as it will be when this decision has been carried out; none when declined.
    :ivar arithmetic: How the amount was calculated, in words.
    :ivar shortfall: Why the goal is not reached then; empty when it is, but for C(dust_to_try).
    :ivar dust_to_try: What is missing then of C(max_debt) because it needs more decimal places than the exchange lists. The exchange may
        accept it all the same, so it is tried once.
    :ivar shortage: How much more the wallet would have to hold to reach the goal; zero when it holds enough.
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
    """Return that nothing is to be moved.

    :param message: Why, as a sentence.
    """
    return Decision(NOTHING_TO_DO, message, Decimal(0), subject)


def decline(message: str, arithmetic: str = "") -> Decision:
    """Return a refusal.

    :param message: Why, and what to do, as a sentence without full stop that begins with an option or with C(the).
    """
    # Not the name of an option.
    sentence = capital(message) if message.startswith("the ") else message
    return Decision(DECLINE, f"{sentence}.", Decimal(0), None, arithmetic)


def places_of(accuracy: int | None) -> int:
    """Return how many decimal places an amount gets."""
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

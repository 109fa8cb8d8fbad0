# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all plans share: the wanted amount, its source, and the limits to what may and can be moved.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import decimal_places, difference, plain, round_down, unit
from .._loans.subject import Subject
from .decision import MOVE, Decision, Means, decline, exceeds_cap, nothing, rounded_for


class Wanted(t.NamedTuple):
    """What a goal asks for, before it is known whether it can be moved.

    :ivar amount: Rounded to the coin's accuracy, toward the safe side.
    :ivar what: Names the goal in a refusal, before "needs".
    :ivar explain: Describes how an amount, which may be less than wanted, changes the subject.
    :ivar after: Returns the subject as it will be after an amount was moved.
    :ivar shortfall: Why the goal cannot be reached with this amount; empty if it can.
    """

    amount: Decimal
    what: str
    explain: t.Callable[[Decimal], str]
    after: t.Callable[[Decimal], Subject]
    shortfall: str = ""


class Source(t.NamedTuple):
    """Words for where an amount comes from and goes to.

    :ivar where: Follows an amount, such as "for the collateral of loan 17".
    :ivar holds: Precedes what is available, such as "the Funding wallet holds".
    :ivar remedy: What to do if that is too little, such as "top up the Funding wallet".
    :ivar instead: What to do if the goal cannot be reached at all, such as "repay other loans too".
    :ivar partly: What C(allow_partial) would do instead.
    :ivar done: The participle of what is done with the amount.
    :ivar is_divisible: Whether less than the wanted amount can be moved.
    """

    where: str
    holds: str
    remedy: str
    instead: str = "request less"
    partly: str = "move as much as possible"
    done: str = "moved"
    is_divisible: bool = True


def within(wanted: Wanted, means: Means, coin: str, subject: Subject, source: Source) -> Decision:
    """Limit the wanted amount to what may and can be moved.

    :param subject: The subject as it is now.
    """
    amount, shortfall, shortage = wanted.amount, wanted.shortfall, Decimal(0)
    asked, less = wanted.explain(amount), ", or request less" if source.is_divisible else ""
    is_partial = means.allow_partial and source.is_divisible
    if means.lack:
        return decline(means.lack, asked)
    if shortfall and not means.allow_partial:
        return decline(f"{shortfall}: {source.instead}, or set allow_partial to {source.partly}", asked)
    if means.at_most is not None and exceeds_cap(amount, means):
        shortfall = _over_cap(wanted, means, coin, source)
        if not is_partial:
            return decline(f"{shortfall}: raise at_most{less}", asked)
        amount = rounded_for(difference(means.at_most, means.moved_so_far), means)
    if means.available is not None and amount > means.available:
        shortage = difference(amount, means.available)
        shortfall = f"{wanted.what} needs {plain(wanted.amount)} {coin}, but {source.holds} {plain(means.available)}"
        if not is_partial:
            return decline(f"{shortfall}: {source.remedy}{less}", asked)._replace(shortage=shortage)
        amount = rounded_for(means.available, means)
    if not amount:
        return nothing(f"Nothing can be {source.done} now, because {shortfall}.", subject)._replace(shortfall=shortfall, shortage=shortage)
    arithmetic = wanted.explain(amount)
    message = f"{plain(amount)} {coin} {source.where}: {arithmetic}"
    if shortfall:
        message = f"{message}; this is as much as possible, because {shortfall}"
    return Decision(MOVE, message, amount, wanted.after(amount), arithmetic, shortfall, shortage=shortage)


def too_exact(what: str, amount: Decimal, coin: str, accuracy: int | None) -> str:
    """Say that a requested amount, which is never rounded, has too many decimal places, with the remedy; empty if it does not.

    :param what: The option and its value.
    """
    if accuracy is None or decimal_places(amount) <= accuracy:
        return ""
    lower = round_down(amount, accuracy)
    closest = f"use '{plain(lower)}', for example" if lower else f"use at least '{plain(unit(accuracy))}'"
    places = decimal_places(amount)
    return f"{what} has {places} decimal place{'' if places == 1 else 's'}, but the exchange lists {accuracy} for {coin}: {closest}"


def _over_cap(wanted: Wanted, means: Means, coin: str, source: Source) -> str:
    at_most = f"at_most '{plain(means.at_most or Decimal(0))}'"
    if not means.moved_so_far:
        return f"{wanted.what} needs {plain(wanted.amount)} {coin} {source.where}, more than {at_most}"
    another = f"another {plain(wanted.amount)} {coin} {source.where} after the {plain(means.moved_so_far)} already {source.done} by this run"
    return f"{wanted.what} needs {another}, more than {at_most}"

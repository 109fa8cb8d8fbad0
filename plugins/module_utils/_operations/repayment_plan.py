# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide what to repay, before anything is sent: an amount, nothing, or a refusal that says why.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import decimal_places, difference, plain, round_down, round_up, total
from .._goal import Goal
from .._loans.loan import LIQUIDATED, OPEN, Loan
from .._times import utc
from .decision import Decision, Means, capital, decline, nothing, places_of
from .limits import Source, Wanted, too_exact, within
from .progress import Progress
from .terms import Terms

_WHOLE = "the whole debt"


class _Wanted(t.NamedTuple):
    """What a goal asks for, before it is known whether it can be paid.

    :ivar amount: Rounded to the coin's accuracy, toward the goal, and never more than the debt.
    :ivar what: Names the goal in a refusal, before "needs".
    :ivar prefix: Precedes the debt in the arithmetic.
    :ivar suffix: Follows the debt in the arithmetic.
    :ivar shortfall: Why the goal cannot be reached with this loan alone; empty if it can.
    :ivar is_of_ltv: Whether C(prefix) shows the LTV after paying the amount, so that another amount needs another prefix.
    """

    amount: Decimal
    what: str
    prefix: str = ""
    suffix: str = ""
    shortfall: str = ""
    is_of_ltv: bool = False


def decide(terms: Terms, loan: Loan | None, goal: Goal, means: Means, progress: Progress | None = None) -> Decision:
    """Decide how much to repay of one loan.

    :param loan: The loan; none if the exchange knows no such loan.
    :param progress: Needed for a goal with C(since).
    """
    if loan is None:
        return decline(terms.missing)
    reached = _reached(terms, loan, goal, progress)
    if reached:
        return nothing(reached, loan)
    if goal.max_debt is not None:
        wanted = _for_debt(terms, loan, goal.max_debt, means)
    elif goal.max_ltv is not None:
        wanted = _for_ltv(terms, loan, goal.max_ltv, means)
    else:
        wanted = _for_amount(loan, goal, means, progress)
    return wanted if isinstance(wanted, Decision) else _within(terms, loan, wanted, means)


def dust_of(loan: Loan, goal: Goal, accuracy: int | None) -> Decimal:
    """Return the debt above C(max_debt) if the whole debt is less than the smallest amount that the exchange lists; zero otherwise."""
    if goal.max_debt is None or loan.debt <= goal.max_debt or round_down(loan.debt, places_of(accuracy)):
        return Decimal(0)
    return difference(loan.debt, goal.max_debt)


def _reached(terms: Terms, loan: Loan, goal: Goal, progress: Progress | None) -> str:
    """Say why there is nothing to repay; empty if there is."""
    label, coin = terms.label, loan.coin
    if progress is not None and not progress.missing:
        repaid = f"{plain(progress.repaid)} {coin} has been repaid on {label} since {utc(goal.since_ms or 0)}"
        return f"{repaid}, and at least {plain(goal.amount or Decimal(0))} was requested: nothing to repay."
    if goal.max_ltv is not None and loan.reported_ltv is not None and loan.is_ltv_surely_at_most(goal.max_ltv):
        whose = "of the account" if terms.shares_collateral else f"of {label}"
        return f"The LTV {whose} is {plain(loan.reported_ltv)}, and at most {plain(goal.max_ltv)} was requested: nothing to repay."
    if loan.status != OPEN and (goal.max_ltv is None or loan.position is None):
        how = "was closed by liquidation" if loan.status == LIQUIDATED else "is already fully repaid"
        return f"{capital(label)} {how}: nothing to repay."
    if goal.max_debt is not None and loan.debt <= goal.max_debt:
        asked = f"and at most {plain(goal.max_debt)} was requested"
        return f"The debt on {label} is {plain(loan.debt)} {coin}, {asked}: nothing to repay."
    return ""


def _for_amount(loan: Loan, goal: Goal, means: Means, progress: Progress | None) -> _Wanted | Decision:
    amount, accuracy = goal.amount or Decimal(0), means.accuracy
    what, prefix, repaid = f"amount '{plain(amount)}'", "", Decimal(0)
    lacking = what
    asked = f"debt {plain(loan.debt)}, {plain(amount)} requested"
    # Closing a loan may need all decimal places of its debt, which the exchange may accept.
    if accuracy is not None and decimal_places(amount) > accuracy and (progress is not None or amount != loan.debt):
        return decline(too_exact(what, amount, loan.coin, accuracy), asked)
    if progress is not None:
        # Other clients may have paid amounts with more decimal places than the exchange lists.
        missing = progress.missing if accuracy is None else round_up(progress.missing, accuracy)
        since = f"since {utc(goal.since_ms or 0)}"
        what, lacking = f"{what} {since} still", f"the {plain(missing)} {loan.coin} still missing from {what} {since}"
        prefix = f"{plain(progress.repaid)} of {plain(amount)} repaid {since}, "
        amount, repaid = missing, progress.repaid
    payable = round_down(loan.debt, places_of(accuracy))
    if amount > loan.debt and means.allow_partial:
        return _Wanted(payable, what, prefix, shortfall=f"{lacking} is more than the debt of {plain(loan.debt)} {loan.coin}")
    if amount > loan.debt:
        return decline(
            f"{lacking} is more than the debt of {plain(loan.debt)} {loan.coin} (principal {plain(loan.principal)}, interest "
            f"{plain(loan.interest)}, penalty interest {plain(loan.penalty_interest)}): {_at_most(loan.debt, repaid, accuracy)}",
            f"{prefix}debt {plain(loan.debt)}, {plain(amount)} requested",
        )
    return _Wanted(amount, what, prefix)


def _for_debt(terms: Terms, loan: Loan, max_debt: Decimal, means: Means) -> _Wanted | Decision:
    # Zero is the default for whole contracts and is named differently in playbooks, so do not name the option.
    what = f"max_debt '{plain(max_debt)}'" if max_debt else _WHOLE
    if terms.is_whole:
        return _Wanted(loan.debt, what)
    needed, places = difference(loan.debt, max_debt), places_of(means.accuracy)
    amount = min(round_up(needed, places), round_down(loan.debt, places))
    # The amount must not be rounded up beyond the debt.
    dust = max(difference(needed, amount), Decimal(0))
    if not amount:
        left = f"{plain(dust)} {loan.coin} above max_debt '{plain(max_debt)}' remains on {terms.label}"
        message = f"Only {left}, less than the smallest amount that the exchange lists ({places} decimal places)."
        return nothing(message, loan)._replace(dust_to_try=dust)
    suffix = f" ({plain(dust)} of it above max_debt '{plain(max_debt)}' and less than the smallest amount that the exchange lists)" if dust else ""
    return _Wanted(amount, what, suffix=suffix)


def _for_ltv(terms: Terms, loan: Loan, max_ltv: Decimal, means: Means) -> _Wanted | Decision:
    what, places = f"max_ltv '{plain(max_ltv)}'", places_of(means.accuracy)
    payable = loan.debt if terms.is_whole else round_down(loan.debt, places)
    needed = loan.amount_above_ltv(max_ltv)
    if needed is None and loan.debt and (loan.position is None or not loan.position.shows(loan.product, loan.coin)):
        # Without the value of the loan, even a partial repayment has no basis.
        why = f"The amount for {what} cannot be calculated, because the exchange does not report the value of {terms.label}: run again later"
        return decline(why, f"LTV {_shown(loan)}, {plain(max_ltv)} requested")
    is_enough = needed is not None and needed <= payable
    amount = payable if terms.is_whole or needed is None or not is_enough else round_up(needed, places)
    change = _ltv_change(loan, amount)
    if is_enough:
        return _Wanted(amount, what, change, is_of_ltv=True)
    far = f"repaying all {plain(payable)} {loan.coin}: {change}".rstrip(", ") if payable else "nothing can be repaid there"
    return _Wanted(amount, what, change, shortfall=f"{what} cannot be reached with {terms.label} alone ({far})", is_of_ltv=True)


def _within(terms: Terms, loan: Loan, wanted: _Wanted, means: Means) -> Decision:
    """Limit the wanted amount to what may and can be paid."""
    partly = "pay as much as possible here"
    instead = "repay other loans too"
    words = Source(f"on {terms.label}", "the Funding wallet holds", means.refill, instead, partly, "paid", not terms.is_whole)
    limited = Wanted(wanted.amount, wanted.what, lambda amount: _arithmetic(loan, wanted, amount), loan.after_paying, wanted.shortfall)
    return within(limited, means, loan.coin, loan, words)


def _arithmetic(loan: Loan, wanted: _Wanted, amount: Decimal) -> str:
    """Describe how an amount, which may be less than wanted, changes the loan."""
    is_all = amount == wanted.amount
    prefix = _ltv_change(loan, amount) if wanted.is_of_ltv and not is_all else wanted.prefix
    debt = f"{plain(loan.debt)} → {plain(loan.after_paying(amount).debt)}{wanted.suffix if is_all else ''}"
    return f"{prefix}debt {debt}, pay {plain(amount)}"


def _ltv_change(loan: Loan, amount: Decimal) -> str:
    after = loan.after_paying(amount).reported_ltv
    return f"LTV {_shown(loan)} → {'none' if after is None else plain(after)}, "


def _shown(loan: Loan) -> str:
    return "unknown" if loan.reported_ltv is None else plain(loan.reported_ltv)


def _at_most(debt: Decimal, repaid: Decimal, accuracy: int | None) -> str:
    most = debt if accuracy is None else round_down(debt, accuracy)
    if most:
        return f"use at most '{plain(total(repaid, most))}'"
    return "set max_debt to '0' to try it anyway; it is less than the smallest amount that the exchange lists"

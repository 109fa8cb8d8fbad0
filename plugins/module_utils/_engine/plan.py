# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides what to pay, before anything is sent: a loan and a goal make an amount, nothing to do, or a refusal that says why.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import decimal_places, difference, plain, round_down, round_up, total, unit
from .._goal import Goal
from .._loans.loan import LIQUIDATED, OPEN, Loan
from .._operations.terms import Terms
from .._outcomes import NOTHING_TO_DO
from .._times import utc
from .progress import Progress

PAY = "pay"
DECLINE = "decline"
_WHOLE = "the whole debt"
# For a coin whose decimal places the exchange does not list; most coins have no more.
_DEFAULT_ACCURACY = 8


class Means(t.NamedTuple):
    """What can be paid, and how exactly.

    :ivar accuracy: How many decimal places the coin allows; none if that is unknown and left to the exchange.
    :ivar wallet: What the Funding wallet holds; none when it is not known, or does not pay.
    :ivar at_most: What this run may pay; none without such a cap.
    :ivar allow_partial: Whether to pay what can be paid when that does not reach the goal.
    :ivar paid_so_far: What this run has paid already.
    :ivar lack: Why the key may not pay at all, and the remedy; empty when it may.
    """

    accuracy: int | None = None
    wallet: Decimal | None = None
    at_most: Decimal | None = None
    allow_partial: bool = False
    paid_so_far: Decimal = Decimal(0)
    lack: str = ""


class Decision(t.NamedTuple):
    """The outcome of the plan.

    :ivar kind: C(PAY), C(NOTHING_TO_DO) or C(DECLINE).
    :ivar message: What to pay and why, or why not and what to do instead.
    :ivar amount: What to pay; zero unless the kind is C(PAY).
    :ivar after: The loan as it will be when this decision has been carried out; none when declined.
    :ivar arithmetic: How the amount was calculated, in words.
    :ivar shortfall: Why the goal is not reached then; empty when it is, but for C(dust_to_try).
    :ivar dust_to_try: What is missing then of C(max_debt) because it needs more decimal places than the exchange lists. The exchange may
        accept it all the same, so it is tried once.
    """

    kind: str
    message: str
    amount: Decimal
    after: Loan | None
    arithmetic: str = ""
    shortfall: str = ""
    dust_to_try: Decimal = Decimal(0)

    @property
    def reaches_goal(self) -> bool:
        return not self.shortfall


class _Wanted(t.NamedTuple):
    """What a goal asks for, before it is known whether it can be paid.

    :ivar amount: Rounded to the coin's accuracy, towards the goal, and never more than the debt.
    :ivar what: Names it in a refusal, before "takes".
    :ivar prefix: Precedes the debt in the arithmetic.
    :ivar suffix: Follows it.
    :ivar shortfall: Why the goal cannot be reached with this loan alone; empty when it can.
    :ivar is_of_ltv: Whether C(prefix) shows the LTV after paying the amount, so that another amount needs another prefix.
    """

    amount: Decimal
    what: str
    prefix: str = ""
    suffix: str = ""
    shortfall: str = ""
    is_of_ltv: bool = False


def decide(terms: Terms, loan: Loan | None, goal: Goal, means: Means, progress: Progress | None = None) -> Decision:
    """Decide on repaying one loan.

    :param loan: The loan, none when the exchange knows no such loan.
    :param progress: Needed for a goal with C(since).
    """
    if loan is None:
        return _decline(terms.missing)
    reached = _reached(terms, loan, goal, progress)
    if reached:
        return _nothing(reached, loan)
    if goal.max_debt is not None:
        wanted = _for_debt(terms, loan, goal.max_debt, means)
    elif goal.max_ltv is not None:
        wanted = _for_ltv(terms, loan, goal.max_ltv, means)
    else:
        wanted = _for_amount(loan, goal, means, progress)
    return wanted if isinstance(wanted, Decision) else _within(terms, loan, wanted, means)


def dust_of(loan: Loan, goal: Goal, accuracy: int | None) -> Decimal:
    """Return what a loan owes above C(max_debt), when all it owes is less than the smallest amount that the exchange lists."""
    if goal.max_debt is None or loan.debt <= goal.max_debt or round_down(loan.debt, _places(accuracy)):
        return Decimal(0)
    return difference(loan.debt, goal.max_debt)


def _reached(terms: Terms, loan: Loan, goal: Goal, progress: Progress | None) -> str:
    """Say why nothing is to be paid; empty when something is."""
    label, coin = terms.label, loan.coin
    if progress is not None and not progress.missing:
        repaid = f"{plain(progress.repaid)} {coin} has been repaid on {label} since {utc(goal.since_ms or 0)}"
        return f"{repaid}, and at least {plain(goal.amount or Decimal(0))} was requested: nothing to repay."
    if goal.max_ltv is not None and loan.reported_ltv is not None and loan.is_ltv_surely_at_most(goal.max_ltv):
        whose = "of the account" if terms.shares_collateral else f"of {label}"
        return f"The LTV {whose} is {plain(loan.reported_ltv)}, and at most {plain(goal.max_ltv)} was requested: nothing to repay."
    if loan.status != OPEN and (goal.max_ltv is None or loan.position is None):
        how = "was closed by liquidation" if loan.status == LIQUIDATED else "is already fully repaid"
        return f"{_capital(label)} {how}: nothing to repay."
    if goal.max_debt is not None and loan.debt <= goal.max_debt:
        asked = f"and at most {plain(goal.max_debt)} was requested"
        return f"The debt on {label} is {plain(loan.debt)} {coin}, {asked}: nothing to repay."
    return ""


def _for_amount(loan: Loan, goal: Goal, means: Means, progress: Progress | None) -> _Wanted | Decision:
    amount, accuracy = goal.amount or Decimal(0), means.accuracy
    what, prefix, repaid = f"amount '{plain(amount)}'", "", Decimal(0)
    lacking = what
    asked = f"debt {plain(loan.debt)}, {plain(amount)} requested"
    # Closing a loan may take as many as its debt has; whether the exchange accepts them is not documented.
    if accuracy is not None and decimal_places(amount) > accuracy and (progress is not None or amount != loan.debt):
        places = f"has {decimal_places(amount)} decimal places, but the exchange lists {accuracy} for {loan.coin}"
        return _decline(f"{what} {places}: {_closest(amount, accuracy)}", asked)
    if progress is not None:
        # Others may have paid amounts with more decimal places than the coin allows here.
        missing = progress.missing if accuracy is None else round_up(progress.missing, accuracy)
        since = f"since {utc(goal.since_ms or 0)}"
        what, lacking = f"{what} {since} still", f"the {plain(missing)} {loan.coin} still missing from {what} {since}"
        prefix = f"{plain(progress.repaid)} of {plain(amount)} repaid {since}, "
        amount, repaid = missing, progress.repaid
    payable = round_down(loan.debt, _places(accuracy))
    if amount > loan.debt and means.allow_partial:
        return _Wanted(payable, what, prefix, shortfall=f"{lacking} is more than the debt of {plain(loan.debt)} {loan.coin}")
    if amount > loan.debt:
        return _decline(
            f"{lacking} is more than the debt of {plain(loan.debt)} {loan.coin} (principal {plain(loan.principal)}, interest "
            f"{plain(loan.interest)}, penalty interest {plain(loan.penalty_interest)}): {_at_most(loan.debt, repaid, accuracy)}",
            f"{prefix}debt {plain(loan.debt)}, {plain(amount)} requested",
        )
    return _Wanted(amount, what, prefix)


def _for_debt(terms: Terms, loan: Loan, max_debt: Decimal, means: Means) -> _Wanted | Decision:
    # The user may not have set max_debt: it is the default for whole contracts, and playbooks have their own word for it.
    what = f"max_debt '{plain(max_debt)}'" if max_debt else _WHOLE
    if terms.is_whole:
        return _Wanted(loan.debt, what)
    needed, places = difference(loan.debt, max_debt), _places(means.accuracy)
    amount = min(round_up(needed, places), round_down(loan.debt, places))
    # Rounding up would be more than is owed.
    dust = max(difference(needed, amount), Decimal(0))
    if not amount:
        left = f"{plain(dust)} {loan.coin} above max_debt '{plain(max_debt)}' remains on {terms.label}"
        message = f"Only {left}, less than the smallest amount that the exchange lists ({places} decimal places)."
        return _nothing(message, loan)._replace(dust_to_try=dust)
    suffix = f" ({plain(dust)} of it above max_debt '{plain(max_debt)}' and less than the smallest amount that the exchange lists)" if dust else ""
    return _Wanted(amount, what, suffix=suffix)


def _for_ltv(terms: Terms, loan: Loan, max_ltv: Decimal, means: Means) -> _Wanted | Decision:
    what, places = f"max_ltv '{plain(max_ltv)}'", _places(means.accuracy)
    payable = loan.debt if terms.is_whole else round_down(loan.debt, places)
    needed = loan.amount_above_ltv(max_ltv)
    if needed is None and loan.debt and (loan.position is None or not loan.position.shows(loan.product, loan.coin)):
        # Without the value of the loan, even a partial repayment has no basis.
        why = f"The amount for {what} cannot be calculated, because the exchange does not report the value of {terms.label}: run again later"
        return _decline(why, f"LTV {_shown(loan)}, {plain(max_ltv)} requested")
    is_enough = needed is not None and needed <= payable
    amount = payable if terms.is_whole or needed is None or not is_enough else round_up(needed, places)
    change = _ltv_change(loan, amount)
    if is_enough:
        return _Wanted(amount, what, change, is_of_ltv=True)
    far = f"repaying all {plain(payable)} {loan.coin}: {change}".rstrip(", ") if payable else "nothing can be repaid there"
    return _Wanted(amount, what, change, shortfall=f"{what} cannot be reached with {terms.label} alone ({far})", is_of_ltv=True)


def _within(terms: Terms, loan: Loan, wanted: _Wanted, means: Means) -> Decision:
    """Limit what is wanted to what may and can be paid."""
    amount, coin, shortfall = wanted.amount, loan.coin, wanted.shortfall
    asked = _arithmetic(loan, wanted, amount)
    is_partial = means.allow_partial and not terms.is_whole
    less = "" if terms.is_whole else ", or ask for less"
    if means.lack:
        return _decline(means.lack, asked)
    if shortfall and not means.allow_partial:
        return _decline(f"{shortfall}: repay other loans too, or set allow_partial to pay as much as possible here", asked)
    if means.at_most is not None and total(means.paid_so_far, amount) > means.at_most:
        at_most = f"at_most '{plain(means.at_most)}'"
        shortfall = f"{wanted.what} takes {plain(amount)} {coin} on {terms.label}, more than {at_most}"
        if means.paid_so_far:
            another = f"another {plain(amount)} {coin} on {terms.label} after the {plain(means.paid_so_far)} already paid by this run"
            shortfall = f"{wanted.what} needs {another}, which exceeds {at_most}"
        if not is_partial:
            return _decline(f"{shortfall}: raise at_most{less}", asked)
        amount = round_down(max(difference(means.at_most, means.paid_so_far), Decimal(0)), _places(means.accuracy))
    if means.wallet is not None and amount > means.wallet:
        shortfall = f"{wanted.what} takes {plain(wanted.amount)} {coin}, but the Funding wallet holds {plain(means.wallet)}"
        if not is_partial:
            return _decline(f"{shortfall}: top up the Funding wallet{less}", asked)
        amount = round_down(means.wallet, _places(means.accuracy))
    if not amount:
        return _nothing(f"Nothing can be paid now, because {shortfall}.", loan)._replace(shortfall=shortfall)
    arithmetic = _arithmetic(loan, wanted, amount)
    message = f"{plain(amount)} {coin} on {terms.label}: {arithmetic}"
    if shortfall:
        message = f"{message}; this is as much as possible, because {shortfall}"
    return Decision(PAY, message, amount, loan.after_paying(amount), arithmetic, shortfall)


def _arithmetic(loan: Loan, wanted: _Wanted, amount: Decimal) -> str:
    """Say what an amount, which may be less than what is wanted, makes of the loan."""
    is_all = amount == wanted.amount
    prefix = _ltv_change(loan, amount) if wanted.is_of_ltv and not is_all else wanted.prefix
    debt = f"{plain(loan.debt)} → {plain(loan.after_paying(amount).debt)}{wanted.suffix if is_all else ''}"
    return f"{prefix}debt {debt}, pay {plain(amount)}"


def _ltv_change(loan: Loan, amount: Decimal) -> str:
    after = loan.after_paying(amount).reported_ltv
    return f"LTV {_shown(loan)} → {'none' if after is None else plain(after)}, "


def _shown(loan: Loan) -> str:
    return "unknown" if loan.reported_ltv is None else plain(loan.reported_ltv)


def _nothing(message: str, loan: Loan) -> Decision:
    return Decision(NOTHING_TO_DO, message, Decimal(0), loan)


def _decline(message: str, arithmetic: str = "") -> Decision:
    # Not the name of an option.
    sentence = _capital(message) if message.startswith("the ") else message
    return Decision(DECLINE, f"{sentence}.", Decimal(0), None, arithmetic)


def smallest_amount(accuracy: int | None) -> Decimal:
    """Return the smallest amount that the exchange lists for a coin."""
    return unit(_places(accuracy))


def _places(accuracy: int | None) -> int:
    return _DEFAULT_ACCURACY if accuracy is None else accuracy


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _closest(amount: Decimal, accuracy: int) -> str:
    lower = round_down(amount, accuracy)
    if lower:
        return f"give '{plain(lower)}', for example"
    return f"give at least '{plain(unit(accuracy))}'"


def _at_most(debt: Decimal, repaid: Decimal, accuracy: int | None) -> str:
    most = debt if accuracy is None else round_down(debt, accuracy)
    if most:
        return f"give at most '{plain(total(repaid, most))}'"
    return "set max_debt to '0' to try it anyway; it is less than the smallest amount that the exchange lists"

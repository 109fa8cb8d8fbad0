# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much to transfer between the UNIFIED and the Funding wallet, before anything is sent.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

from decimal import Decimal

from .._amounts import difference, plain, round_up
from .._goal import TO_FUND, Goal
from .._loans.subject import Balances
from .._words import WORDS
from .decision import Decision, Means, decline, nothing, places_of
from .limits import Source, Wanted, too_exact, within
from .terms import Terms

_FROM_UNIFIED = ("the transferable balance of the UNIFIED wallet is", "top up the UNIFIED wallet")
_FROM_FUNDING = ("the Funding wallet holds", "top up the Funding wallet")


def decide(terms: Terms, balances: Balances | None, goal: Goal, means: Means) -> Decision:
    """Decide how much to transfer.

    :param terms: The label names the account.
    :param balances: The wallets; none if the exchange knows no such coin.
    :param goal: An amount, which is transferred exactly, or C(ensure): the least that the Funding wallet must hold.
    :param means: C(allow_partial) has no effect on an amount.
    """
    if balances is None:
        return decline(terms.missing)
    source = Source(f"{WORDS[goal.move].place} {terms.label}", *(_FROM_UNIFIED if goal.move == TO_FUND else _FROM_FUNDING))
    if goal.ensure is None:
        amount, means = goal.amount or Decimal(0), means._replace(allow_partial=False)
        what = f"amount '{plain(amount)}'"
        refusal = too_exact(what, amount, balances.coin, means.accuracy)
        if refusal:
            return decline(refusal, f"{plain(amount)} requested")
    else:
        what = f"ensure '{plain(goal.ensure)}'"
        if balances.funding is None:
            why = f"{what} needs to know how much {balances.coin} the Funding wallet holds, which the exchange does not report"
            return decline(f"{why}: check coin, grant api_key the permission 'Account transfer', or transfer an amount")
        if balances.funding >= goal.ensure:
            holds = f"{plain(balances.funding)} {balances.coin}"
            return nothing(f"The Funding wallet holds {holds}, and at least {plain(goal.ensure)} was requested: nothing to transfer.", balances)
        amount = round_up(difference(goal.ensure, balances.funding), places_of(means.accuracy))

    def after(moved: Decimal) -> Balances:
        return balances.moved(moved, goal.is_incoming)

    def explain(moved: Decimal) -> str:
        funding = after(moved).funding
        change = "" if balances.funding is None or funding is None else f"Funding {plain(balances.funding)} → {plain(funding)}, "
        return f"{change}transfer {plain(moved)}"

    return within(Wanted(amount, what, explain, after), means, balances.coin, balances, source)

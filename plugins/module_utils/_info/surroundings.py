# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what surrounds the open loans: the wallets, and the collateral ratio tiers. What cannot be read is left out, with a warning.

Only reads are sent from here. This module util is private to the collection.
"""

from __future__ import annotations

import functools
import typing as t
from decimal import Decimal

from .._api.client import Client
from .._api.errors import BybitError, ReadFailed, Refused
from .._api.parallel import side_by_side
from .._loans.account import read_balance
from .._loans.coins import collateral_tiers
from .._loans.loan import Loan
from .._loans.position import Position
from .._loans.prices import TiersOfCoins, contradicted_coins
from .._loans.wallet import FUND, UNIFIED
from .common import is_unusable


class Surroundings(t.NamedTuple):
    """What surrounds the open loans.

    :ivar coins: The coins that are owed or pledged.
    :ivar funding: The balances of these coins in the Funding wallet, as far as they could be read; C(unified) is the same for the UNIFIED
        wallet.
    :ivar tiers: The collateral ratio tiers, for the coins whose tiers this collection understands.
    :ivar warnings: What could not be read, and the consequences.
    """

    coins: list[str]
    funding: dict[str, Decimal]
    unified: dict[str, Decimal]
    tiers: TiersOfCoins
    warnings: list[str]


def read_surroundings(client: Client, position: Position | None, loans: t.Sequence[Loan]) -> Surroundings:
    """Read the wallets and the tiers, in parallel.

    :raises BybitError: When the exchange has blocked this address.
    """
    coins = _coins(position, loans)
    tiers, tier_warnings = read_tiers(client, position)
    reads = [functools.partial(_balances, coins=coins, account_type=account_type) for account_type in (FUND, UNIFIED)]
    [(funding, no_funding), (unified, no_unified)] = [future.result() for future in side_by_side(client, reads)]
    # Both wallets are read with the same API call.
    return Surroundings(coins, funding, unified, tiers, [*tier_warnings, *wallet_warnings([*no_funding, *no_unified])])


def wallet_warnings(missing: t.Sequence[BybitError]) -> list[str]:
    """Return the warning about balances that are missing. One is enough, because they are missing for the same reason."""
    return [f"Not all balances of the wallets can be read. {error}" for error in missing[:1]]


def _coins(position: Position | None, loans: t.Sequence[Loan]) -> list[str]:
    found = {coin for loan in loans for coin in (loan.coin, loan.collateral_coin) if coin}
    if position is not None:
        found |= {debt.coin for debt in position.debts} | {entry.coin for entry in position.collateral}
    return sorted(found)


def _balances(client: Client, coins: t.Sequence[str], account_type: str) -> tuple[dict[str, Decimal], list[BybitError]]:
    return each_balance(coins, lambda coin: read_balance(client, coin, account_type))


def each_balance(coins: t.Sequence[str], read: t.Callable[[str], Decimal]) -> tuple[dict[str, Decimal], list[BybitError]]:
    """Return the balance of each coin in a wallet, and the errors of those that are missing.

    :raises BybitError: When the exchange has blocked this address.
    """
    found: dict[str, Decimal] = {}
    missing: list[BybitError] = []
    for coin in coins:
        try:
            found[coin] = read(coin)
        except (Refused, ReadFailed) as error:
            if error.is_block:
                raise
            missing.append(error)
            if is_unusable(error):
                break
    return found, missing


def read_tiers(client: Client, position: Position | None) -> tuple[TiersOfCoins, list[str]]:
    """Return the usable tiers, and a warning about the coins without. Without collateral, nothing is read.

    :raises BybitError: When the exchange has blocked this address.
    """
    if position is None or not position.collateral:
        return {}, []
    try:
        listed = collateral_tiers(client)
    except (Refused, ReadFailed) as error:
        if error.is_block:
            raise
        return {}, [f"{_unpredictable(entry.coin for entry in position.collateral)} the collateral ratio tiers cannot be read. {error}"]
    contradicted = contradicted_coins(position, listed)
    usable = {coin: tiers for coin, tiers in listed.items() if coin not in contradicted}
    unknown = [entry.coin for entry in position.collateral if entry.coin not in usable]
    why = "the exchange lists no collateral ratio tiers for them that this collection understands and that match the position."
    return usable, [f"{_unpredictable(unknown)} {why}"] if unknown else []


def _unpredictable(coins: t.Iterable[str]) -> str:
    return f"The effect of price changes on the collateral in {', '.join(coins)} is not predicted, because"

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the loan book of an account once, with the balances, the prices, and the decimal places that the rules of a policy need.

What cannot be read is unknown in the book, with a warning, and never looks safe. Only reads are sent from here.
This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from decimal import Decimal

from .._api.client import Client
from .._api.errors import BybitError, ReadFailed, Refused
from .._api.parallel import side_by_side
from .._info.common import is_unusable
from .._info.open_loans import LoanFilter, OpenLoans, read_open_loans
from .._info.surroundings import each_balance, read_tiers, wallet_warnings
from .._loans import fixed, legacy
from .._loans.account import funding_balance
from .._loans.coins import borrowing_accuracies
from .._loans.loan import LEGACY, PRODUCTS
from .._loans.outlook import Outlook, account_outlook
from .._loans.position import Position
from .._loans.prices import Prices, TiersOfCoins, coin_prices
from .._loans.transfers import MOST_COINS, given_away, given_away_of
from .._loans.wallet import UNIFIED
from .book import ACCOUNT, Book
from .money import Amounts
from .rules import INITIAL, LIQUIDATION, MARGIN_CALL, Marks, Rule
from .scope import not_open, reaches, scope_of

Places = t.Mapping[t.Tuple[str, str], int]


class Reading(t.NamedTuple):
    """What was read of an account.

    :ivar wallets: The balances by wallet and coin, of the coins that the rules may spend; a coin is missing if its balance cannot be read.
    :ivar prices: The prices of the owed and pledged coins, as far as they follow from the exchange's figures.
    :ivar position: The position of the account; none if it cannot be read.
    :ivar warnings: What cannot be read.
    """

    book: Book
    wallets: t.Mapping[str, Amounts]
    prices: Prices
    position: Position | None
    warnings: tuple[str, ...]


class _Part(t.NamedTuple):
    """What one of the parallel reads found."""

    tiers: TiersOfCoins = {}
    places: Places = {}
    wallets: t.Mapping[str, Amounts] = {}
    warnings: t.Sequence[str] = ()


def read_account(client: Client, rules: t.Sequence[Rule], sources: t.Sequence[str], account_marks: Marks) -> Reading:
    """Read the whole loan book of an account, and what the rules need beside it.

    :param sources: The wallets that the money may come from, as the exchange names them.
    :param account_marks: The marks of the account, which the exchange does not report.
    :raises BybitError: When something could not be read that could be used, no product can be used, or answers contradict each other.
    """
    found = read_open_loans(client, LoanFilter(PRODUCTS))
    now_ms, position = client.exchange_time_or_local_ms(), found.position
    scope = scope_of(rules, found.loans, {entry.coin for entry in position.collateral} if position else (), now_ms)
    reads: list[t.Callable[[Client], _Part]] = [
        functools.partial(_tiers, position=position),
        functools.partial(_places, listed=_legacy_places, repaid=sorted(pair for pair in scope.repaid if pair[0] == LEGACY)),
        functools.partial(_places, listed=_shared_places, repaid=sorted(pair for pair in scope.repaid if pair[0] != LEGACY)),
        *(functools.partial(_wallet, wallet=wallet, coins=sorted(scope.spent)) for wallet in sources),
    ]
    parts = [future.result() for future in side_by_side(client, reads)]
    tiers = {coin: some for part in parts for coin, some in part.tiers.items()}
    book = Book(
        now_ms=now_ms,
        # The account's figures in the book change with each operation; those in the loans would not.
        loans=tuple(loan if loan.position is None else dataclasses.replace(loan, position=None) for loan in found.loans),
        account=account_outlook(position, tiers) if position else Outlook(),
        marks={**_legacy_marks(client, found), ACCOUNT: account_marks},
        places={pair: places for part in parts for pair, places in part.places.items()},
        refuses_collateral=position is not None and position.refuses_collateral,
        unread=frozenset([*(entry.product for entry in found.unavailable), *([] if position else [ACCOUNT])]),
    )
    warnings = [*_unavailable(found, rules), *_unknown(client, found, rules), *found.warnings, *(warning for part in parts for warning in part.warnings)]
    wallets = {wallet: amounts for part in parts for wallet, amounts in part.wallets.items()}
    return Reading(book, wallets, coin_prices(position, tiers, book.loans), position, tuple(dict.fromkeys(warnings)))


def _unavailable(found: OpenLoans, rules: t.Iterable[Rule]) -> list[str]:
    missing = [entry for entry in found.unavailable if any(reaches(rule, entry.product) for rule in rules)]
    return [f"The {entry.product} loans cannot be read, so the policy does nothing about them. {entry.error}" for entry in missing]


def _unknown(client: Client, found: OpenLoans, rules: t.Sequence[Rule]) -> list[str]:
    """Warn about IDs that belong to no loan, neither open nor repaid."""
    unread = {entry.product for entry in found.unavailable}
    warnings = []
    for rule, loan_id in not_open(rules, found.loans):
        product = rule.loans.product
        if product in unread:
            continue
        try:
            known = legacy.find(client, loan_id) if product == LEGACY else fixed.find(client, loan_id)
        except (Refused, ReadFailed) as error:
            if error.is_block:
                raise
            warnings.append(f"Whether {product} loan {loan_id} of rule '{rule.name}' exists could not be checked: {error}")
            continue
        if known is None:
            warnings.append(f"Rule '{rule.name}' selects {product} loan {loan_id}, which the exchange does not know: correct loans.id, or remove the rule.")
    return warnings


def _legacy_marks(client: Client, found: OpenLoans) -> dict[str, Marks]:
    """Return the marks of the legacy loans by collateral coin, as far as the exchange reports them."""
    coins = {loan.collateral_coin or "" for loan in found.loans} & set(found.thresholds)
    # The answer with the thresholds has them, too.
    initial = legacy.initial_ltvs(client) if coins else {}
    return {
        coin: {
            MARGIN_CALL: found.thresholds[coin].margin_call_ltv,
            LIQUIDATION: found.thresholds[coin].liquidation_ltv,
            **({INITIAL: initial[coin]} if coin in initial else {}),
        }
        for coin in sorted(coins)
    }


def _tiers(client: Client, position: Position | None) -> _Part:
    tiers, warnings = read_tiers(client, position)
    return _Part(tiers=tiers, warnings=warnings)


def _legacy_places(client: Client, repaid: t.Sequence[tuple[str, str]]) -> Places:
    found = legacy.accuracies(client, [coin for dummy, coin in repaid])
    return {(LEGACY, coin): places for coin, places in found.items()}


def _shared_places(client: Client, repaid: t.Sequence[tuple[str, str]]) -> Places:
    found: dict[tuple[str, str], int] = {}
    for product in sorted({product for product, dummy in repaid}):
        coins = [coin for other, coin in repaid if other == product]
        found.update({(product, coin): places for coin, places in borrowing_accuracies(client, coins, product).items()})
    return found


def _places(client: Client, listed: t.Callable[[Client, t.Sequence[tuple[str, str]]], Places], repaid: t.Sequence[tuple[str, str]]) -> _Part:
    try:
        return _Part(places=listed(client, repaid) if repaid else {})
    except (Refused, ReadFailed) as error:
        if error.is_block:
            raise
        return _Part(warnings=[f"The decimal places of the amounts could not be checked beforehand: {error}"])


def _wallet(client: Client, wallet: str, coins: t.Sequence[str]) -> _Part:
    amounts, missing = _unified(client, coins) if wallet == UNIFIED else each_balance(coins, lambda coin: funding_balance(client, coin))
    return _Part(wallets={wallet: amounts}, warnings=wallet_warnings(missing))


def _unified(client: Client, coins: t.Sequence[str]) -> tuple[dict[str, Decimal], list[BybitError]]:
    """Return how much of each coin the UNIFIED wallet can give away, and the errors of those that are missing."""
    found: dict[str, Decimal] = {}
    missing: list[BybitError] = []
    for first in range(0, len(coins), MOST_COINS):
        some = coins[first : first + MOST_COINS]
        try:
            found.update(given_away_of(client, some))
        except (Refused, ReadFailed) as error:
            if error.is_block:
                raise
            if is_unusable(error):
                return found, [*missing, error]
            # The exchange may refuse all coins because it does not know one of them.
            each, errors = each_balance(some, lambda coin: given_away(client, coin)) if isinstance(error, Refused) else ({}, [error])
            found.update(each)
            missing += errors
    return found, missing

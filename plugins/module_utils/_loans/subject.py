# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The subject of an operation: a loan, its collateral, or the wallets.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

from .._amounts import difference, plain_or_none, total
from .loan import Loan
from .position import Position
from .wallet import Movement

# Amounts that the exchange shows, by name; the main one comes first.
Levels = t.Tuple[t.Tuple[str, Decimal], ...]


class Subject(t.Protocol):
    """The subject of an operation at one moment.

    :ivar coin: The coin that is moved.
    :ivar levels: The amounts in this coin that the operation changes by exactly what it moves; empty if others change them, too.
    :ivar is_open: Whether an operation can still change it.
    :ivar movements: The latest entries of the Funding wallet's ledger, if they are the evidence; none if the levels are.
    """

    @property
    def coin(self) -> str: ...

    @property
    def levels(self) -> Levels: ...

    @property
    def is_open(self) -> bool: ...

    @property
    def movements(self) -> tuple[Movement, ...] | None: ...

    def as_result(self) -> dict[str, t.Any]:
        """Return it as the modules return it, with amounts as decimal strings."""

    def shown(self) -> dict[str, str | None]:
        """Return the figures for C(--diff), each with its label as key; the first is in C(coin)."""


@dataclasses.dataclass(frozen=True)
class Pledge:
    """The collateral of a legacy order, or the collateral of the account in one coin.

    :ivar amount: The pledged amount of the coin; none if the exchange does not report it.
    :ivar loan: The legacy order; none for the account.
    :ivar position: The position of the account; none for a legacy order.
    """

    coin: str
    amount: Decimal | None
    loan: Loan | None = None
    position: Position | None = None
    movements: None = None

    @property
    def levels(self) -> Levels:
        # When a loan is closed, its collateral changes without an adjustment.
        return (("collateral_amount", self.amount),) if self.amount is not None and self.is_open else ()

    @property
    def is_open(self) -> bool:
        return self.loan is None or self.loan.is_open

    @property
    def ltv(self) -> Decimal | None:
        """The LTV as the exchange shows it; none if it does not."""
        if self.position is not None:
            return self.position.ltv
        return self.loan.ltv if self.loan is not None else None

    def as_result(self) -> dict[str, t.Any]:
        return {
            "product": self.loan.product if self.loan is not None else None,
            "id": self.loan.loan_id if self.loan is not None else None,
            "coin": self.coin,
            "collateral_amount": plain_or_none(self.amount),
            "ltv": plain_or_none(self.ltv),
        }

    def shown(self) -> dict[str, str | None]:
        return {"collateral": plain_or_none(self.amount), "LTV": plain_or_none(self.ltv)}


@dataclasses.dataclass(frozen=True)
class Balances:
    """The balances of the account's wallets in one coin.

    :ivar funding: The balance of the Funding wallet; none if it cannot be read.
    :ivar unified: How much the UNIFIED wallet can give away; none if it is not needed, or cannot be read.
    :ivar movements: The latest entries of the Funding wallet's ledger; none if it cannot be read.
    """

    coin: str
    funding: Decimal | None
    unified: Decimal | None = None
    movements: tuple[Movement, ...] | None = None

    @property
    def levels(self) -> Levels:
        # Other payments change the balances, too.
        return ()

    @property
    def is_open(self) -> bool:
        return True

    def moved(self, amount: Decimal, is_incoming: bool) -> Balances:
        """Predict the balances after a transfer to or from the Funding wallet."""
        change = amount if is_incoming else amount.copy_negate()
        return dataclasses.replace(
            self,
            funding=None if self.funding is None else total(self.funding, change),
            unified=None if self.unified is None else difference(self.unified, change),
        )

    def as_result(self) -> dict[str, t.Any]:
        return {"coin": self.coin, "funding": plain_or_none(self.funding), "unified": plain_or_none(self.unified)}

    def shown(self) -> dict[str, str | None]:
        return {"Funding": plain_or_none(self.funding), "UNIFIED": plain_or_none(self.unified)}


def main_level(levels: Levels) -> Decimal | None:
    """Return the main amount; none if others change it, too."""
    return levels[0][1] if levels else None

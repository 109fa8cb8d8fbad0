# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an operation changes: a loan, what is pledged for it, or what the wallets hold.

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

# Amounts that the exchange shows, by name; the first is what a user thinks of.
Levels = t.Tuple[t.Tuple[str, Decimal], ...]


class Subject(t.Protocol):
    """What an operation changes, as of one moment.

    :ivar coin: What is moved.
    :ivar levels: The amounts in this coin that the operation changes by just as much as it moves; empty when others change them, too.
    :ivar is_open: Whether there is anything left to change.
    :ivar movements: The latest entries of the Funding wallet's ledger, where they show what was moved; none where levels do.
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
        """Return it as the modules return it: amounts as decimal strings."""

    def shown(self) -> dict[str, str | None]:
        """Return the figures for C(--diff), by the word that precedes each; the first one is in C(coin)."""


@dataclasses.dataclass(frozen=True)
class Pledge:
    """The collateral of a legacy order, or what an account has pledged of one coin.

    :ivar amount: What is pledged of the coin; none when the exchange does not say.
    :ivar loan: The legacy order; none for the account.
    :ivar position: The account; none for a legacy order.
    """

    coin: str
    amount: Decimal | None
    loan: Loan | None = None
    position: Position | None = None
    movements: None = None

    @property
    def levels(self) -> Levels:
        # What a closed loan gives back is no adjustment.
        return (("collateral_amount", self.amount),) if self.amount is not None and self.is_open else ()

    @property
    def is_open(self) -> bool:
        return self.loan is None or self.loan.is_open

    @property
    def ltv(self) -> Decimal | None:
        """The LTV as the exchange shows it; none when it does not."""
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
    """What the wallets of an account hold of one coin.

    :ivar funding: What the Funding wallet holds; none when it cannot be read.
    :ivar unified: What the UNIFIED wallet can give away; none when it is not needed, or cannot be read.
    :ivar movements: The latest entries of the Funding wallet's ledger; none when it cannot be read.
    """

    coin: str
    funding: Decimal | None
    unified: Decimal | None = None
    movements: tuple[Movement, ...] | None = None

    @property
    def levels(self) -> Levels:
        # Anybody may pay into a wallet and out of it.
        return ()

    @property
    def is_open(self) -> bool:
        return True

    def moved(self, amount: Decimal, is_incoming: bool) -> Balances:
        """Predict the wallets after a transfer to the Funding wallet, or from there."""
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
    """Return what a user thinks of; none when others change it, too."""
    return levels[0][1] if levels else None

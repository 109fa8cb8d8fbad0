# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transfers between the Funding and the UNIFIED wallet of an account."""

from __future__ import annotations

import functools
from decimal import Decimal

from ..amounts import ZERO, decimals
from ..errors import Refusal
from . import business_types
from .bookkeeping import Bookkeeping
from .model import FAILED, PROCESSING, Account
from .records import FUND, Transfer
from .settlement import Settlement

DEFAULT_ACCURACY = 8


class Transfers:
    def __init__(self, books: Bookkeeping) -> None:
        self.books = books
        self.ledger = books.ledger

    def resume(self, account: Account) -> None:
        for transfer in account.transfers:
            if transfer.status == PROCESSING:
                self._settle_later(account, transfer)

    def begin(
        self, account: Account, transfer_id: str, coin: str, amount: Decimal, source: str, target: str, now: int,
        settlement: Settlement,
    ) -> Transfer:
        """Take the money from the source; it arrives when the transfer settles."""
        if any(item.transfer_id == transfer_id for item in account.transfers):
            raise Refusal(131214)
        if decimals(amount) > self.books.switches.transfer_places(self._accuracy(coin)):
            raise Refusal(131210)
        held = account.wallet if source == FUND else account.unified
        if amount > held.get(coin, ZERO):
            raise Refusal(131212)
        self.books.delay_visibility(account, settlement, now, [])
        self.ledger.last_transfer_number += 1
        transfer = Transfer(
            self.ledger.last_transfer_number, transfer_id, coin, amount, source, target, now, PROCESSING,
            now + settlement.processing_ms, settlement.final_status, now + settlement.history_delay_ms,
        )
        account.transfers.append(transfer)
        self._post(account, source, coin, -amount, now)
        if transfer.settles_at <= now:
            self._settle(account, transfer, now)
        else:
            self._settle_later(account, transfer)
        return transfer

    def _accuracy(self, coin: str) -> int:
        terms = self.ledger.loan_coins.get(coin) or self.ledger.collateral_coins.get(coin)
        return terms.accuracy if terms else DEFAULT_ACCURACY

    def _settle_later(self, account: Account, transfer: Transfer) -> None:
        self.books.events.add(transfer.settles_at, functools.partial(self._settle, account, transfer))

    def _settle(self, account: Account, transfer: Transfer, at: int) -> None:
        transfer.settles_at = None
        transfer.status = transfer.final_status
        arrives = transfer.source if transfer.status == FAILED else transfer.target
        self._post(account, arrives, transfer.coin, transfer.amount, at)

    def _post(self, account: Account, wallet: str, coin: str, amount: Decimal, at: int) -> None:
        if wallet == FUND:
            self.books.post(account, coin, amount, at, business_types.TRANSFER)
        else:
            account.unified[coin] = account.unified.get(coin, ZERO) + amount
        self.books.changed = True

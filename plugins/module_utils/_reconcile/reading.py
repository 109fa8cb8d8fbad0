# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the evidence for one target repeatedly, with growing pauses, and what happened to the money.

Only reads are sent from here. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, total
from .._api.client import Client
from .._api.errors import Refused
from .._goal import TO_FUND
from .._journal.intent import Intent
from .._loans.account import read_balance, read_position, wallet_movements
from .._loans.history import HistoryEntry
from .._loans.transfers import given_away
from .._loans.wallet import Movement, Spending
from .._operations.base import Operation
from .._times import CLOCK_SLACK_MS, DAY_MS, SECOND_MS
from .money import Funds, moved_before, without_own

_Found = t.TypeVar("_Found", Decimal, t.List[Movement])

_FIRST_PAUSE_MS = 500
_MAX_PAUSE_MS = 4000
# How far back the Funding wallet's ledger reaches.
_LEDGER_REACH_MS = 7 * DAY_MS


class Reader:
    """Reads the evidence for one target.

    :param settle_margin_ms: How late the history and the figures may be at most.
    """

    def __init__(self, client: Client, operation: Operation, settle_margin_ms: int) -> None:
        self._client = client
        self._operation = operation
        self._settle_margin_ms = settle_margin_ms
        self._label = operation.terms.label
        self._begun_ms = client.clock.monotonic_ms()

    def movements(self, intent: Intent) -> list[Movement]:
        """Return the wallet's movements since an intent was signed, in its direction and of at least its amount.

        Empty if the key may not read the ledger, or if collateral is sold.

        :raises BybitError: If the ledger cannot be read now.
        """
        held = intent.baseline.wallet
        if held is None:
            return []
        from_ms, to_ms = intent.earliest_ms - SECOND_MS, max(self._client.exchange_time_or_local_ms(), intent.window_end_ms)
        ledger = self._allowed(lambda: wallet_movements(self._client, intent.coin, from_ms, to_ms)) or []
        sign = 1 if intent.goal.is_incoming else -1
        candidates = [m for m in without_own(ledger, intent.baseline.recent_payments) if sign * m.amount >= intent.amount]
        # The ledger has whole seconds, so leave out what the balance before the request already includes.
        return [m for m in candidates if m.after is None or sign * difference(m.after, held) >= intent.amount]

    def _departed_ms(self, intent: Intent) -> int:
        """Return when a request was sent, by the monotonic clock; the start of this run if the machine was restarted since."""
        sent_ms = intent.sent_monotonic_ms
        if sent_ms is None or not intent.boot_id or intent.boot_id != self._client.clock.boot_id():
            return self._begun_ms
        # A time in the future was recorded by another clock.
        return sent_ms if sent_ms <= self._client.clock.monotonic_ms() else self._begun_ms

    def _reads(
        self,
        deadline_ms: int,
        doubt: str,
        exchange_checkpoints_ms: tuple[int, ...] = (),
        local_checkpoints_ms: tuple[int, ...] = (),
    ) -> t.Iterator[None]:
        """Yield before each read: at least once, and a last time after the deadline.

        :param deadline_ms: When to give up, by the monotonic clock.
        :param doubt: Why a second read is needed, as the sentence of a wait.
        :param exchange_checkpoints_ms: Times on the exchange's clock after which a read can show more; no pause skips one.
        :param local_checkpoints_ms: The same on this machine's monotonic clock.
        """
        clock, pause_ms = self._client.clock, _FIRST_PAUSE_MS
        begun_ms = clock.monotonic_ms()
        yield
        remaining_ms = deadline_ms - clock.monotonic_ms()
        if remaining_ms <= 0:
            return
        clock.report_wait(doubt, remaining_ms)
        with clock.waiting(doubt, remaining_ms):
            while remaining_ms > 0:
                until_checkpoints = self._until_checkpoints_ms(begun_ms, exchange_checkpoints_ms, local_checkpoints_ms)
                clock.sleep_ms(min(pause_ms, remaining_ms, *until_checkpoints))
                pause_ms = min(pause_ms * 3 // 2, _MAX_PAUSE_MS)
                begun_ms = clock.monotonic_ms()
                yield
                remaining_ms = deadline_ms - clock.monotonic_ms()

    def _until_checkpoints_ms(
        self, begun_ms: int, exchange_checkpoints_ms: tuple[int, ...], local_checkpoints_ms: tuple[int, ...]
    ) -> list[int]:
        """Return how long it takes until each checkpoint that had not passed when the last read began."""
        now_ms = self._client.clock.monotonic_ms()
        seen_at_ms, exchange_ms = self._client.exchange_time_at_least_ms(begun_ms), self._client.exchange_time_at_least_ms()
        until = [
            max(checkpoint_ms - exchange_ms, 0) + CLOCK_SLACK_MS
            for checkpoint_ms in exchange_checkpoints_ms
            if exchange_ms is not None and seen_at_ms is not None and checkpoint_ms >= seen_at_ms
        ]
        return until + [max(checkpoint_ms - now_ms, 0) + CLOCK_SLACK_MS for checkpoint_ms in local_checkpoints_ms if checkpoint_ms >= begun_ms]

    def _read_funds(self, intent: Intent, entries: t.Sequence[HistoryEntry], has_failed: bool) -> Funds:
        """Read what happened to the money.

        :param entries: The history of the target.
        :param has_failed: Whether the history shows a matching move that failed, so that its money was returned.
        :raises BybitError: If something cannot be read now; what the key may not read is none.
        """
        # The goal is that of the intent, because this run may be paid from another source.
        if intent.goal.collateral:
            pledged = read_position(self._client).pledged(intent.goal.collateral)
            return Funds(pledged=pledged, ledger_gap="no ledger records the collateral that the exchange sells")
        balance = self._allowed(lambda: read_balance(self._client, intent.coin))
        now_ms = self._client.exchange_time_or_local_ms()
        if now_ms - intent.sent_at_ms > _LEDGER_REACH_MS:
            return Funds(balance=balance, ledger_gap="the Funding wallet's ledger does not reach back to when it was sent")
        # The ledger has whole seconds.
        from_ms, latest_ms = intent.earliest_ms - SECOND_MS, intent.window_end_ms + self._settle_margin_ms + SECOND_MS
        movements = self._allowed(
            lambda: wallet_movements(self._client, intent.coin, from_ms, max(latest_ms, now_ms))
        )
        if movements is None:
            return Funds(balance=balance, ledger_gap="api_key may not read the Funding wallet's ledger")
        movements = without_own(movements, [*intent.baseline.recent_payments, *moved_before(intent, entries)])
        net, sign = total(*(movement.amount for movement in movements)), 1 if intent.goal.is_incoming else -1
        moved = total(*(sign * m.amount for m in movements if sign * m.amount > 0 and m.time_ms <= latest_ms))
        if has_failed:
            # Its money came back, but that of others which were sent after it did not.
            others = [payment for payment in self._client.state(Spending).executed if payment.coin == intent.coin and payment.from_ms > intent.sent_at_ms]
            moved = max(sign * total(*(movement.amount for movement in without_own(movements, others))), Decimal(0))
        unified = self._allowed(lambda: given_away(self._client, intent.coin)) if intent.goal.move == TO_FUND else None
        return Funds(moved, balance, net, unified=unified)

    def _allowed(self, read: t.Callable[[], _Found]) -> _Found | None:
        """Return what is read; none if the exchange refuses the request.

        :raises Refused: If the exchange blocks this address.
        """
        try:
            return read()
        except Refused as error:
            if error.is_block:
                raise
            return None

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Transfer a coin between the UNIFIED wallet and the Funding wallet of the account.

The exchange accepts the ID of the intent as the ID of the transfer, so a run can ask for the outcome by this ID.
This module util is private to the collection.
"""

from __future__ import annotations

from decimal import Decimal

from .._amounts import plain
from .._api.api_key import TRANSFERS
from .._api.client import Client, Request, readable
from .._goal import TO_FUND, Goal
from .._journal.target import WALLETS
from .._loans.account import read_balance, wallet_movements
from .._loans.coins import borrowing_accuracy
from .._loans.history import HistoryEntry
from .._loans.loan import FLEXIBLE
from .._loans.subject import Balances, Subject
from .._loans.transfers import HISTORY, given_away, transfers
from .._loans.wallet import FUND, UNIFIED
from .._times import DAY_MS, HOUR_MS, MINUTE_MS
from .base import Operation
from .decision import Decision, Means
from .progress import Progress
from .terms import Terms
from .transfer_plan import decide

# One request covers seven days, and C(transfers) asks for a second more on either side.
_LIST_REACH_MS = 7 * DAY_MS - MINUTE_MS
_LEDGER_REACH_MS = HOUR_MS
# The exchange documents that balances can be delayed. This is assumed to be the longest delay.
_MAX_BALANCE_DELAY_MS = 10 * MINUTE_MS


class Transfer(Operation):
    """Transfers an amount of a coin.

    :param move: C(TO_FUND) or C(TO_UNIFIED).
    """

    product = WALLETS
    path = "/v5/asset/transfer/inter-transfer"
    history_reach_ms = _LIST_REACH_MS
    right = TRANSFERS

    def __init__(self, client: Client, coin: str, move: str) -> None:
        self._client = client
        self.name = coin
        self.move = move
        self.ids = {"coin": coin}
        self.history_request = f"GET {HISTORY}?coin={coin}"
        self.terms = Terms(label="this account", missing="")
        if move == TO_FUND:
            self.source = "The transferable balance of the UNIFIED wallet"

    def request(self, subject: Subject, amount: Decimal, intent_id: str) -> Request:
        origin, destination = (UNIFIED, FUND) if self.move == TO_FUND else (FUND, UNIFIED)
        body = {"transferId": intent_id, "coin": self.name, "amount": plain(amount), "fromAccountType": origin, "toAccountType": destination}
        return Request(self.path, body, "transferId")

    def find(self, is_of_ltv: bool = False) -> Balances | None:
        coin, now_ms = self.name, self._client.exchange_time_or_local_ms()
        funding = readable(lambda: read_balance(self._client, coin))
        movements = readable(lambda: wallet_movements(self._client, coin, now_ms - _LEDGER_REACH_MS, now_ms + MINUTE_MS))
        unified = readable(lambda: given_away(self._client, coin))
        return Balances(coin, funding, unified, None if movements is None else tuple(movements))

    def decide(self, subject: Subject | None, goal: Goal, means: Means, progress: Progress | None = None) -> Decision:
        if goal.ensure is not None and means.accuracy is None:
            # Not documented for transfers. A goal can be reached with the places that the exchange lists for borrowing.
            means = means._replace(accuracy=readable(lambda: borrowing_accuracy(self._client, self.name, FLEXIBLE)))
        return decide(self.terms, subject if isinstance(subject, Balances) else None, goal, means)

    def accuracy(self, coin: str) -> int | None:
        # The exchange documents none for transfers.
        return None

    def history(self, since_ms: int | None = None) -> list[HistoryEntry]:
        now_ms = self._client.exchange_time_or_local_ms()
        from_ms = now_ms - _LIST_REACH_MS if since_ms is None else since_ms
        return transfers(self._client, self.name, from_ms, min(now_ms + MINUTE_MS, from_ms + _LIST_REACH_MS))

    def history_of_account(self, move_id: str) -> list[HistoryEntry]:
        return [entry for entry in self.history() if entry.repay_id == move_id]

    def available(self, subject: Subject, goal: Goal, needed: Decimal | None) -> Decimal | None:
        if goal.move != TO_FUND:
            return super().available(subject, goal, needed)
        unified = subject.unified if isinstance(subject, Balances) else None
        return given_away(self._client, self.name) if unified is None else unified

    def doubt(self, subject: Subject) -> str:
        movements, funding = subject.movements, subject.funding if isinstance(subject, Balances) else None
        if not movements or funding is None:
            return ""
        latest_ms = max(movement.time_ms for movement in movements)
        # The ledger has whole seconds, so several movements can be the last one.
        held = {movement.after for movement in movements if movement.time_ms == latest_ms}
        is_old = self._client.exchange_time_or_local_ms() - latest_ms > _MAX_BALANCE_DELAY_MS
        if is_old or None in held or funding in held:
            return ""
        return f"the balance of the Funding wallet, {plain(funding)} {self.name}, does not match its ledger"

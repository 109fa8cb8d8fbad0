# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A clock that no test waits for, an exchange without a network, and the reads of a run."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._api.client import (
    NOT_MADE,
    UNCLEAR,
    Accepted,
    NotAccepted,
    Request,
    Signed,
)
from ansible_collections.treasury.bybit.plugins.module_utils._api.prepared import Prepared
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import OutcomeUnknown
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, OPEN, REPAID, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._goal import RunOptions
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._engine.preflight import run_preflight
from ansible_collections.treasury.bybit.plugins.module_utils._engine.steps import Preflight
from ansible_collections.treasury.bybit.plugins.module_utils._engine.context import RunContext, new_context
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._loans.account import read_position
from ansible_collections.treasury.bybit.plugins.module_utils._loans.subject import Subject
from ansible_collections.treasury.bybit.plugins.module_utils._operations.base import ORDER_PRODUCTS
from ansible_collections.treasury.bybit.plugins.module_utils._operations.repayment import Repayment
from ansible_collections.treasury.bybit.plugins.module_utils._operations.terms import Terms
from ansible_collections.treasury.bybit.plugins.module_utils._loans.wallet import Spending

USUAL = RunOptions(True, 60_000, 10_000, 1000, None)


class FakeClock(Clock):
    """Advances only by what is slept, and records the pauses.

    :ivar after_pause: Called after each pause.
    :ivar heard: What its listener got: each reason when a wait began, and an empty one when it was over.
    """

    def __init__(self) -> None:
        self.heard: list[str] = []
        super().__init__(listener=lambda number, reason, at_most_ms: self.heard.append(reason))
        # The two clocks are independent.
        self.time_ms = 1793534400000
        self.running_ms = 7_000_000
        self.pauses: list[int] = []
        self.after_pause: t.Callable[[], object] = lambda: None

    def now_ms(self) -> int:
        return self.time_ms

    def monotonic_ms(self) -> int:
        return self.running_ms

    def boot_id(self) -> str:
        return "one-start"

    def sleep_ms(self, duration_ms: int) -> None:
        assert duration_ms > 0
        self.pauses.append(duration_ms)
        self.pass_ms(duration_ms)
        self.after_pause()

    def pass_ms(self, duration_ms: int) -> None:
        self.time_ms += duration_ms
        self.running_ms += duration_ms


def given(value: t.Any) -> t.Any:
    if isinstance(value, Exception):
        raise value
    return value


def not_accepted(trouble: t.Any) -> NotAccepted:
    return NotAccepted(UNCLEAR if isinstance(trouble, OutcomeUnknown) else NOT_MADE, trouble)


class FakeExchange(Repayment):
    """One loan and a wallet. Stands in for both the client and the operation.

    :ivar debt: What is owed, before C(falls): paid amounts, and when the exchange shows them.
    :ivar history_lag_ms: How late the history shows a repayment; C(debt_lag_ms) is the same for the debt.
    :ivar accruals: The interest that accrues with each repayment.
    :ivar troubles: The error that answers each repayment, which is executed nevertheless if it C(is_committed).
    :ivar sent: The requested amounts, and when.
    :ivar wallet: The balance, or the error when it is read; C(places) is the same for the decimal places.
    :ivar ledger: Ledger entries besides the repayments: direction, amount, and time; or the error when it is read.
    :ivar pledged: The collateral in BTC.
    :ivar unreadable: The error when the history is read, if any.
    :ivar others: What changed the LTV besides the repayments of this loan.
    :ivar doubtful: Why the figures cannot be believed, if there is a reason.
    :ivar key: The description of the key.
    """

    product, name, ids, gone_codes = LEGACY, "17", {"order_id": "17"}, frozenset({177005})
    ltv_name, ltv_products = "17", ORDER_PRODUCTS
    history_request = "GET /history"
    path = "/repay"
    recv_window_ms = 5000

    def __init__(self, clock: FakeClock) -> None:
        self._client = self
        self.clock = clock
        self.doubtful = ""
        self.spending = Spending()
        self.terms = Terms("loan 17", "order_id '17' names no loan: check order_id")
        self.debt = Decimal("1000.4")
        self.falls: list[tuple[int, Decimal]] = []
        self.entries: list[tuple[int, HistoryEntry]] = []
        self.history_lag_ms = self.debt_lag_ms = 0
        self.accruals: list[str] = []
        self.troubles: list[Exception | None] = []
        self.new_status = SUCCESS
        self.others: list[HistoryEntry] = []
        self.sent: list[tuple[Decimal, int]] = []
        self.wallet: t.Any = "50000"
        self.ledger: t.Any = []
        self.pledged = Decimal(1)
        self.places: t.Any = 4
        self.closed_as = REPAID
        self.collateral_usd = Decimal(2000)
        self.posted_at_ms: int | None = None
        self.reads: list[str] = []
        self.unreadable: Exception | None = None
        self.key: dict[str, t.Any] = {"userID": 104}

    def state(self, kind: type[Spending]) -> Spending:
        assert kind is Spending
        return self.spending

    def now_ms(self) -> int:
        return self.clock.now_ms()

    signing_time_ms = exchange_time_or_local_ms = now_ms

    def exchange_time_at_least_ms(self, monotonic_ms: int | None = None) -> int | None:
        return self.now_ms() if monotonic_ms is None else self.now_ms() - self.clock.monotonic_ms() + monotonic_ms

    def read(self, path: str, query: dict[str, str] | None = None) -> dict[str, t.Any]:
        self.reads.append(path.rpartition("/")[2])
        if path.endswith("/position"):
            owed = str(self.find().debt)
            debts = [{
                "loanCurrency": "USDT", "flexibleTotalDebt": owed, "flexibleTotalDebtUSD": owed, "fixedTotalDebt": "0",
                "fixedTotalDebtUSD": "0",
            }]
            ltv = str(round(Decimal(owed) / self.collateral_usd, 6))
            pledged = [{"currency": "BTC", "amount": str(self.pledged), "amountUSD": str(self.collateral_usd)}]
            total = {"ltv": ltv, "totalDebt": owed, "totalCollateral": str(self.collateral_usd)}
            return {**total, "borrowList": debts, "collateralList": pledged}
        return {"balance": {"coin": "USDT", "walletBalance": given(self.wallet)}}

    def pages(self, path: str, query: dict[str, str]) -> t.Iterator[dict[str, t.Any]]:
        self.reads.append(path.rpartition("/")[2])
        moved = [*given(self.ledger), *(("O", str(r.amount), r.time_ms) for dummy, r in self.entries if r.status != FAILED)]
        for direction, amount, time_ms in moved:
            if int(query["createTimeFrom"]) <= time_ms // 1000 <= int(query["createTimeTo"]):
                yield {"currency": "USDT", "ioDirection": direction, "txnAmt": amount, "createTime": str(time_ms // 1000)}

    def recall(self, path: str, query: dict[str, str]) -> None:
        return None

    def cached(self, path: str, query: dict[str, str], extract: t.Callable[[dict[str, t.Any]], t.Any], signed: bool = False) -> t.Any:
        assert (path, signed) == ("/v5/user/query-api", True)
        return extract(self.key)

    def pace_before_reads(self, path: str) -> None:
        assert path == self.path

    def find(self, is_of_ltv: bool = False) -> Loan:
        debt = self.debt - sum(amount for since_ms, amount in self.falls if since_ms <= self.now_ms())
        ltv = round(debt / self.collateral_usd, 4) if debt else None
        loan = Loan(self.product, "17", "USDT", debt, Decimal(0), Decimal(0), OPEN if debt else self.closed_as, ltv=ltv)
        return dataclasses.replace(loan, position=read_position(self)) if is_of_ltv and self.terms.shares_collateral else loan

    def doubt(self, subject: Subject) -> str:
        return self.doubtful

    def accuracy(self, coin: str) -> int | None:
        return given(self.places)

    def history(self, since_ms: int | None = None) -> list[HistoryEntry]:
        given(self.unreadable)
        return [entry for since_ms, entry in self.entries if since_ms <= self.now_ms()]

    def history_of_account(self, move_id: str) -> list[HistoryEntry]:
        return [entry for entry in self.history() + self.others if entry.repay_id == move_id]

    def ltv_history(self) -> list[HistoryEntry]:
        return self.history() + self.others

    def request(self, subject: Subject, amount: Decimal, intent_id: str) -> Request:
        return Request(self.path, {"amount": str(amount)}, "repayId")

    def sign(self, request: Request) -> Signed:
        self.posted_at_ms = None
        return Signed(Prepared("POST", request.path, request.body["amount"], {}, "", self.now_ms(), True), request.id_field)

    def post(self, signed: Signed) -> Accepted | NotAccepted:
        amount = Decimal(signed.prepared.payload)
        self.posted_at_ms = self.now_ms()
        self.sent.append((amount, self.now_ms()))
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble is not None and not getattr(trouble, "is_committed", False):
            return not_accepted(trouble)
        repay_id = self.commit(amount, self.new_status)
        if trouble is not None:
            return not_accepted(trouble)
        return Accepted(None if self.terms.from_collateral else repay_id, self.now_ms())

    def commit(self, amount: Decimal, status: str = SUCCESS) -> str:
        """Execute a repayment, whoever requested it."""
        now_ms, repay_id = self.now_ms(), str(100 + len(self.entries))
        self.entries.append((now_ms + self.history_lag_ms, HistoryEntry(repay_id, amount, status, True, now_ms)))
        self.falls.append((now_ms + self.debt_lag_ms, amount))
        self.debt += Decimal(self.accruals.pop(0)) if self.accruals else 0
        return repay_id


class Prepare:
    """Reads what a run reads before it pays."""

    def __init__(self, bybit: FakeExchange, journal: Journal) -> None:
        self.bybit = bybit
        self.journal = journal

    def context(self, goal: Goal = Goal(max_debt=Decimal(0)), **run_options: t.Any) -> RunContext:
        return new_context(self.bybit, self.bybit, self.journal, goal, USUAL._replace(**run_options))

    def __call__(self, goal: Goal = Goal(max_debt=Decimal(0)), paid: str = "0", **run_options: t.Any) -> Preflight:
        return run_preflight(self.context(goal, **run_options), Decimal(paid))

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A transfer has its own ID, so an unchanged one is sent again under the same ID, and the exchange executes it at most once."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._amounts import plain
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import TURNED_AWAY, UNCLEAR, Accepted, NotAccepted, Request, Signed
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Failure, OutcomeUnknown, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._api.prepared import Prepared
from ansible_collections.treasury.bybit.plugins.module_utils._engine.report import Report
from ansible_collections.treasury.bybit.plugins.module_utils._goal import TO_FUND, TO_UNIFIED, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.account import wallet_movements
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._loans.subject import Balances
from ansible_collections.treasury.bybit.plugins.module_utils._operations.transfer_plan import decide

ENSURE, TAKE_100, GIVE_100 = Goal(ensure=Decimal(500), move=TO_FUND), Goal(Decimal(100), move=TO_FUND), Goal(Decimal(100), move=TO_UNIFIED)
BUSY = Refused("too many requests", Failure(ret_code=10006), "Run fewer at once.")
KNOWN = OutcomeUnknown("a transfer with this ID already exists", Failure(131214, outcome="earlier_request"))

Run = t.Callable[..., Report]


@pytest.fixture
def bybit(bybit: t.Any) -> t.Any:
    """The exchange with two wallets in place of the loan. It refuses a known ID, and records the IDs that were sent.
    """

    class Wallets(type(bybit)):  # type: ignore[misc]
        def find(self, is_of_ltv: bool = False) -> Balances:
            now_ms = self.now_ms()
            ledger = wallet_movements(self, "USDT", now_ms - 3_600_000, now_ms)
            return Balances("USDT", Decimal(self.wallet), self.unified, tuple(ledger))

        def decide(self, subject: t.Any, goal: Goal, means: t.Any, progress: t.Any = None) -> t.Any:
            return decide(self.terms, subject, goal, means)

        def available(self, subject: t.Any, goal: Goal, needed: Decimal | None) -> Decimal | None:
            return self.unified if goal.is_incoming else super().available(subject, goal, needed)

        def pages(self, path: str, query: dict[str, str]) -> t.Iterator[dict[str, t.Any]]:
            for direction, amount, time_ms in self.ledger:
                if int(query["createTimeFrom"]) <= time_ms // 1000 <= int(query["createTimeTo"]):
                    yield {"currency": "USDT", "ioDirection": direction, "txnAmt": amount, "createTime": str(time_ms // 1000)}

        def request(self, subject: t.Any, amount: Decimal, intent_id: str) -> Request:
            return Request(self.path, {"amount": plain(amount), "transferId": intent_id}, "transferId")

        def sign(self, request: Request) -> Signed:
            payload = f"{request.body['transferId']} {request.body['amount']}"
            return Signed(Prepared("POST", request.path, payload, {}, "", self.now_ms(), True), request.id_field)

        def post(self, signed: Signed) -> t.Any:
            transfer_id, amount = signed.prepared.payload.split()
            self.tried.append((transfer_id, amount))
            assert transfer_id not in {entry.repay_id for dummy, entry in self.entries}
            self.posted_at_ms = self.now_ms()
            how, between = self.gate.pop(0) if self.gate else ("", None)
            if between is not None:
                between()
            if how == "turned away":
                self.clock.pass_ms(1050)
                return NotAccepted(TURNED_AWAY, BUSY)
            if how == "known":
                return NotAccepted(UNCLEAR, KNOWN)
            self.transfer(Decimal(amount), transfer_id)
            return Accepted(transfer_id, self.now_ms())

        def transfer(self, amount: Decimal, transfer_id: str) -> None:
            """Execute a transfer, whoever requested it."""
            sign, now_ms = (1 if self.move == TO_FUND else -1), self.now_ms()
            self.entries.append((0, HistoryEntry(transfer_id, amount, SUCCESS, True, now_ms, "USDT", "user", move=self.move)))
            self.ledger.append(("I" if sign > 0 else "O", str(amount), now_ms))
            self.wallet = str(Decimal(self.wallet) + sign * amount)
            self.unified -= sign * amount

    bybit.__class__ = Wallets
    bybit.terms = bybit.terms._replace(label="this account")
    bybit.wallet, bybit.unified, bybit.places = "120", Decimal(1000), None
    bybit.tried, bybit.gate = [], []
    return bybit


def go(run: Run, bybit: t.Any, goal: Goal, **more: t.Any) -> Report:
    bybit.move = goal.move
    return run(goal, **more)


@pytest.mark.parametrize("goal", [ENSURE, TAKE_100, GIVE_100], ids=["ensure", "to FUND", "to UNIFIED"])
@pytest.mark.parametrize("times", [1, 2])
def test_an_unchanged_transfer_that_was_turned_away_keeps_its_id(
    run: Run, bybit: t.Any, recorded: t.Callable[[], list[Intent]], goal: Goal, times: int
) -> None:
    noted: list[set[str]] = []
    bybit.gate = [("turned away", lambda: noted.append({intent.intent_id for intent in recorded()})) for dummy in range(times)]
    report = go(run, bybit, goal)
    assert (report.outcome, report.as_dict()["changed"], len(bybit.tried)) == ("executed", True, times + 1)
    (ids, amounts) = ({tried_id for tried_id, dummy in bybit.tried}, {amount for dummy, amount in bybit.tried})
    assert len(ids) == len(amounts) == 1
    # It was recorded before each request, as one intent.
    assert noted == [ids] * times
    assert (report.as_dict()["transfer_id"], len(bybit.entries)) == (bybit.tried[0][0], 1)


def test_a_transfer_of_another_amount_gets_another_id(run: Run, bybit: t.Any, recorded: t.Callable[[], list[Intent]]) -> None:
    noted: list[str] = []

    def come_in() -> None:
        bybit.wallet = str(Decimal(bybit.wallet) + 5)
        bybit.ledger.append(("I", "5", bybit.now_ms()))

    bybit.gate = [("turned away", come_in), ("", lambda: noted.extend(intent.intent_id for intent in recorded()))]
    report = go(run, bybit, ENSURE)
    (first, second) = bybit.tried
    assert (first[1], second[1], first[0] != second[0]) == ("380", "375", True)
    # The first one can no longer arrive, so its intent is gone.
    assert (noted, report.outcome, bybit.wallet) == ([second[0]], "executed", "500")


@pytest.mark.parametrize("goal", [ENSURE, TAKE_100, GIVE_100], ids=["ensure", "to FUND", "to UNIFIED"])
def test_a_copy_that_was_carried_out_is_found_by_its_id(run: Run, bybit: t.Any, goal: Goal) -> None:
    bybit.gate = [("turned away", lambda: bybit.transfer(Decimal(bybit.tried[0][1]), bybit.tried[0][0]))]
    report = go(run, bybit, goal)
    assert (report.outcome, report.as_dict()["changed"]) == ("executed", True)
    assert (report.as_dict()["transfer_id"], len(bybit.tried), len(bybit.entries)) == (bybit.tried[0][0], 1, 1)


@pytest.mark.parametrize("goal", [TAKE_100, GIVE_100], ids=["to FUND", "to UNIFIED"])
def test_an_equal_transfer_of_somebody_else_is_no_proof(run: Run, bybit: t.Any, goal: Goal) -> None:
    bybit.wallet = "500"
    bybit.gate = [("turned away", lambda: bybit.transfer(Decimal(100), "somebody-elses"))]
    report = go(run, bybit, goal, may_end=OutcomeUnknown)
    # The same amount moved, so nothing more is sent until it is known whose transfer that was.
    assert (len(bybit.tried), report.as_dict()["changed"]) == (1, False)
    assert report.outcome == "unknown"


@pytest.mark.parametrize("goal", [TAKE_100, GIVE_100], ids=["to FUND", "to UNIFIED"])
@pytest.mark.parametrize("timeout_ms", [60_000, 900_000])
def test_an_id_that_the_exchange_already_has_is_never_reported_as_not_executed(run: Run, bybit: t.Any, goal: Goal, timeout_ms: int) -> None:
    bybit.wallet = "500"
    bybit.gate = [("known", None)]
    report = go(run, bybit, goal, error=OutcomeUnknown, wait_timeout_ms=timeout_ms)
    assert (report.outcome, len(bybit.tried)) == ("unknown", 1)


@pytest.mark.parametrize("goal", [TAKE_100, GIVE_100], ids=["to FUND", "to UNIFIED"])
def test_an_id_that_the_exchange_has_already_is_found(run: Run, bybit: t.Any, goal: Goal) -> None:
    bybit.wallet = "500"
    bybit.gate = [("known", lambda: bybit.transfer(Decimal(100), bybit.tried[0][0]))]
    assert (go(run, bybit, goal).outcome, len(bybit.tried)) == ("executed", 1)

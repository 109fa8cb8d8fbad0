# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run reports about the transfer before a repayment, whatever happens afterward."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Failure, ReadFailed, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._engine.context import new_context
from ansible_collections.treasury.bybit.plugins.module_utils._engine.report import Report
from ansible_collections.treasury.bybit.plugins.module_utils._engine.run import run as engine
from ansible_collections.treasury.bybit.plugins.module_utils._goal import TO_FUND, Goal, RunOptions
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import WALLETS, Target
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import PROCESSING, SUCCESS
from ansible_collections.treasury.bybit.plugins.module_utils._loans.subject import Balances
from ansible_collections.treasury.bybit.plugins.module_utils._operations.transfer_plan import decide

USUAL = RunOptions(True, 20_000, 10_000, 1000, None)
LOAN = Target("mainnet", "104", "legacy", "17")
BROKEN, BLOCKED = ReadFailed("No answer."), Refused("Blocked.", Failure(http_status=403))

Fund = t.Callable[..., Report]


@pytest.fixture
def fund(bybit: t.Any, clock: t.Any, new_store: t.Any) -> Fund:
    """Repay 100 USDT from a wallet that holds 30, after a transfer of the rest."""

    def call(wallet_after: t.Any, status: str = SUCCESS) -> Report:
        class Transfers(type(bybit)):  # type: ignore[misc]
            move = TO_FUND

            def find(self, is_of_ltv: bool = False) -> Balances:
                return Balances("USDT", Decimal(30), Decimal(500))

            def decide(self, subject: t.Any, goal: Goal, means: t.Any, progress: t.Any = None) -> t.Any:
                return decide(self.terms, subject, goal, means)

            def available(self, subject: t.Any, goal: Goal, needed: Decimal | None) -> Decimal:
                return Decimal(500)

            def request(self, subject: t.Any, amount: Decimal, intent_id: str) -> t.Any:
                self.given_id = intent_id
                return super().request(subject, amount, intent_id)

            def commit(self, amount: Decimal, status: str = SUCCESS) -> str:
                super().commit(amount, status)
                since_ms, entry = self.entries.pop()
                self.entries.append((since_ms, entry._replace(repay_id=self.given_id, move=TO_FUND)))
                bybit.wallet = wallet_after
                return str(self.given_id)

        giver = Transfers(clock)
        giver.new_status, giver.wallet = status, "30"
        bybit.wallet = "30"
        with Journal(new_store(LOAN)) as journal, Journal(new_store(LOAN._replace(product=WALLETS, loan="USDT"))) as other:
            def funding(coin: str, wanted: Decimal) -> t.Any:
                return new_context(giver, giver, other, Goal(ensure=wanted, move=TO_FUND), USUAL)

            return engine(new_context(bybit, bybit, journal, Goal(Decimal(100)), USUAL, funding=funding))

    return call


def test_the_transferred_amount_is_repaid(fund: Fund, bybit: t.Any) -> None:
    report = fund("100")
    assert (report.trace, report.outcome, [amount for amount, dummy in bybit.sent]) == ("", "executed", [100])
    assert report.as_dict()["funding"]["amount"] == "70"


@pytest.mark.parametrize("status", [SUCCESS, PROCESSING])
@pytest.mark.parametrize("wallet", ["30", "99.9999", BROKEN, BLOCKED], ids=str)
def test_a_transfer_whose_money_is_not_seen_is_reported_and_nothing_is_repaid(fund: Fund, bybit: t.Any, status: str, wallet: t.Any) -> None:
    report = fund(wallet, status)
    told = report.as_dict()
    assert (report.trace, told["changed"], told["outcome"], bybit.sent) == ("", True, "not_executed", [])
    outcome = "pending" if status == PROCESSING else "executed"
    assert (told["funding"]["changed"], told["funding"]["outcome"], told["funding"]["amount"]) == (True, outcome, "70")
    if isinstance(wallet, str):
        state = "is still pending" if status == PROCESSING else "was made, but the Funding wallet does not show it yet"
        assert f"The transfer of USDT {state}, so nothing was repaid. Do not transfer it again; run again later." in told["msg"]

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two short paths of C(make simulate-http) with whole playbooks; and the audit notices what a policy or a playbook does wrong."""

from __future__ import annotations

import typing as t
from decimal import Decimal
from pathlib import Path

import pytest
from account import ADD, DAY_MS, FLEXIBLE, REPAY, SELL, Account
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import Operation
from audit import beyond_caps, differences, judged_at_the_end, kept_too_little, misreported
from declared import TERMS, Case, case
from ledger import OWN, WITHOUT, Entry, OnStandIn, shown_by_ledger, shown_by_simulation
from over_http import Exchange, main, play

D = Decimal
STEP_MS = 900_000
REPAID = Operation(REPAY, "USDT", D(5), "flexible")
REPORTED = {"returncode": 0, "outcome": "executed", "changed": True, "operations": [
    {"kind": REPAY, "product": "flexible", "loan_id": None, "coin": "USDT", "amount": "5.0", "sells": None},
]}


@pytest.mark.parametrize("seed, kinds", [
    (44, {"repay", "transfer", "add_collateral", "repay_from_collateral"}),
    (134, {"repay", "transfer", "add_collateral"}),
])
def test_whole_playbooks_leave_the_account_as_the_simulation_does(seed: int, kinds: set[str]) -> None:
    outcome = play(seed, days=2)
    assert (outcome.faults, set(outcome.operations)) == ((), kinds)
    assert outcome.without and outcome.runs > outcome.empty > 0


def test_the_table_shows_the_runs_and_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "47", "--days", "2", "--jobs", "1"]) == 0
    shown = capsys.readouterr().out
    assert "| 47 | crash | stress | account | " in shown and "0 faults in 1 paths of 2 days, in " in shown


class Stage(t.NamedTuple):
    """A path on the stand-in, in its first step."""

    played: Case
    account: OnStandIn
    exchange: Exchange

    def ledger(self, number: int = OWN) -> dict[str, t.Any]:
        return self.exchange.account(number)


@pytest.fixture
def stage(tmp_path: Path) -> t.Iterator[t.Callable[[int, int], Stage]]:
    """Begin the path of a seed."""
    exchanges: list[Exchange] = []

    def begin(seed: int, days: int) -> Stage:
        played = case(seed, days)
        account = OnStandIn.of(played.account)
        exchanges.append(Exchange(tmp_path, account))
        exchanges[0].move_to(account.now_ms, account.prices)
        return Stage(played, account, exchanges[0])

    yield begin
    for exchange in exchanges:
        exchange.stop()


@pytest.mark.parametrize("seed, lost", [(15, set()), (27, {"6000", "6001"}), (34, {"account"})])
def test_without_a_policy_both_owe_the_same_until_both_liquidate_the_same(stage: t.Callable[..., Stage], seed: int, lost: set[str]) -> None:
    played, account, exchange = stage(seed, 30)
    unchanged = account.prolonged()
    for step in range(0, len(played.path.prices), 8):
        now_ms = account.now_ms + step * played.path.minutes * 60_000
        exchange.move_to(now_ms, played.path.prices[step])
        unchanged.move_to(now_ms, played.path.prices[step])
        if unchanged.liquidated.keys() == lost and lost:
            break
        ledger, simulated = exchange.account(WITHOUT), shown_by_simulation(unchanged)
        if not unchanged.liquidated:
            assert shown_by_ledger(ledger, WITHOUT) == simulated
    assert unchanged.liquidated.keys() == lost
    assert [fault for fault in judged_at_the_end(exchange.account(OWN), exchange.account(WITHOUT), account, unchanged) if "without" in fault] == []


@pytest.mark.parametrize("change, name", [
    (lambda account: account.wallets["FUND"].update({"USDT": account.wallets["FUND"]["USDT"] - D("1e-8")}), "FUND"),
    (lambda account: account.collateral.update({"BTC": account.collateral["BTC"] + D("1e-8")}), "collateral"),
    (lambda account: setattr(account, "flexible", account.flexible - D("1e-8")), "flexible"),
    (lambda account: account.legacy.pop("6001"), "legacy"),
], ids=["wallet", "collateral", "debt", "legacy loan"])
def test_each_difference_between_ledger_and_simulation_is_a_fault(stage: t.Callable[..., Stage], change: t.Callable[[Account], object], name: str) -> None:
    found = stage(134, 2)
    assert list(differences(found.ledger(), found.account, 0, [], found.account.now_ms)) == []
    change(found.account)
    assert [fault.partition(" ")[0] for fault in differences(found.ledger(), found.account, 0, [], found.account.now_ms)] == [name]


def test_an_operation_that_only_one_of_both_has_is_a_fault(stage: t.Callable[..., Stage]) -> None:
    found = stage(134, 2)
    faults = differences(found.ledger(), found.account, 0, [Operation("transfer", "USDT", D(1))], found.account.now_ms)
    assert [fault.partition(" ")[0] for fault in faults] == ["the"]


@pytest.mark.parametrize("change, planned", [
    ({"returncode": 2}, [REPAID]),
    ({"outcome": "pending"}, [REPAID]),
    ({"changed": False}, [REPAID]),
    ({"operations": []}, [REPAID]),
    ({}, [REPAID._replace(amount=D("5.0001"))]),
    ({}, [REPAID._replace(kind=SELL, sells="BTC")]),
    ({}, [REPAID, REPAID._replace(product="legacy", loan_id="6000")]),
])
def test_a_playbook_that_reports_something_else_is_a_fault(change: dict[str, t.Any], planned: list[Operation]) -> None:
    assert list(misreported(REPORTED, [REPAID])) == []
    assert len(list(misreported({**REPORTED, **change}, planned))) == 1


def test_a_playbook_must_report_no_change_without_a_plan() -> None:
    nothing: dict[str, t.Any] = {"returncode": 0, "outcome": "nothing_to_do", "changed": False, "operations": []}
    assert list(misreported(nothing, [])) == []
    assert len(list(misreported({**nothing, "changed": True}, []))) == 1


@pytest.mark.parametrize("made, caps", [
    ([(0, REPAY, "5000"), (STEP_MS, REPAY, "5000")], []),
    ([(0, REPAY, "3000"), (60_000, REPAY, "2000.0001")], ["per_run"]),
    ([(0, REPAY, "5000"), (STEP_MS, REPAY, "5000"), (DAY_MS - 1, REPAY, "0.01")], ["per_day"]),
    ([(0, REPAY, "5000"), (STEP_MS, REPAY, "5000"), (DAY_MS, REPAY, "5000")], []),
])
def test_the_ledger_shows_what_was_moved_beyond_a_cap(made: list[tuple[int, str, str]], caps: list[str]) -> None:
    prices = {step_ms: {"USDT": D(1), "BTC": D(60000)} for step_ms in range(0, DAY_MS + 1, STEP_MS)}
    entries = [Entry(time_ms, kind, FLEXIBLE, "USDT", D(amount)) for time_ms, kind, amount in made]
    assert [fault.partition(":")[0] for fault in beyond_caps(TERMS[0], entries, prices, STEP_MS)] == caps


@pytest.mark.parametrize("amount, sold, caps", [("2400", "0.0402", []), ("2980", "0.0501", ["per_run"]), ("3000.01", "0.05", ["per_run"])])
def test_a_sale_counts_with_what_it_repays_and_with_what_it_sells(amount: str, sold: str, caps: list[str]) -> None:
    sale = Entry(0, SELL, FLEXIBLE, "USDT", D(amount), "BTC", D(sold))
    assert [fault.partition(":")[0] for fault in beyond_caps(TERMS[3], [sale], {0: {"USDT": D(1), "BTC": D(60000)}}, STEP_MS)] == caps


@pytest.mark.parametrize("fund, unified, kind, faults", [
    ("0.005", "0.005", ADD, 0), ("0.005", "0.0049", ADD, 1), ("0.005", "0.0049", SELL, 0),
])
def test_what_must_remain_is_counted_in_all_sources_after_a_payment(fund: str, unified: str, kind: str, faults: int) -> None:
    row = {"time": 7, "coin": "BTC", "amount": "0.1"}
    ledger = {
        "wallet": {"BTC": fund}, "unified": {"BTC": unified}, "transfers": [], "legacy_adjustments": [], "repayments": [],
        "adjustments": [row] if kind == ADD else [],
    }
    assert len(list(kept_too_little(ledger, TERMS[1], 0))) == faults
    assert list(kept_too_little(ledger, TERMS[1], 8)) == []


def test_a_liquidation_with_the_policy_is_a_fault(stage: t.Callable[..., Stage]) -> None:
    found = stage(7, 2)
    found.exchange.move_to(found.account.now_ms, {coin: price / 2 for coin, price in found.account.prices.items() if coin != "USDT"})
    faults = list(judged_at_the_end(found.ledger(), found.ledger(WITHOUT), found.account, found.account.prolonged()))
    assert [fault.partition(" is liquidated")[0] for fault in faults] == ["['account']", "without the policy, ['account']"]

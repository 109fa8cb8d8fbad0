# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paid once, and known: a lost repayment that only one piece of evidence shows is never reported as not executed.

The schedule itself checks whether any run reports that.
"""

from __future__ import annotations

import typing as t

import pytest
from simulation.goals import Goal, Kill, Plan
from simulation.machine import Schedule
from simulation.owner import OwnerAct
from simulation.products import LEDGER
from simulation.standin import BIG_COIN, BIG_LOAN, CONTRACTS, SMALL_COIN

GOALS = {
    "legacy": Goal(BIG_LOAN, "100"),
    "flexible": Goal(BIG_COIN, "100"),
    "max_debt": Goal(BIG_COIN, max_debt="4700"),
    "max_debt 0": Goal(SMALL_COIN, max_debt="0"),
    "max_ltv": Goal(BIG_COIN, max_ltv="0.19"),
    "collateral": Goal(BIG_COIN, "100", collateral=("BTC",)),
    "fixed": Goal(CONTRACTS[2]),
}
# A later run that looks for the repayment may have another goal on the same loan, and another source of money.
OTHERS = {
    "legacy": Goal(BIG_LOAN, max_debt="8700"),
    "flexible": Goal(BIG_COIN, "40.5", collateral=("BTC",)),
    "max_debt": Goal(BIG_COIN, "40.5", collateral=("BTC",)),
    "max_debt 0": Goal(SMALL_COIN, "0.5"),
    "max_ltv": Goal(BIG_COIN, "40.5", collateral=("BTC",)),
    "collateral": Goal(BIG_COIN, "40.5"),
    "fixed": Goal(CONTRACTS[2]),
}
_LATE = 90_000
ONLY = {
    "history": {"debt_delay_ms": _LATE, "wallet_delay_ms": _LATE},
    "debt": {"history_delay_ms": _LATE, "wallet_delay_ms": _LATE},
    "wallet": {"history_delay_ms": _LATE, "debt_delay_ms": _LATE},
    "ledger": {"history_delay_ms": _LATE, "debt_delay_ms": _LATE, "wallet_delay_ms": _LATE},
}
# A little less than sixty times settle_margin.
_LONG = {"history_delay_ms": 590_000, "debt_delay_ms": 590_000, "wallet_delay_ms": 590_000}
_VERY_LONG = {"history_delay_ms": 2_000_000, "debt_delay_ms": 2_000_000}
_PATIENT = {"wait_timeout": 900}
goals = pytest.mark.parametrize("name", GOALS)


def lose(schedule: Schedule, effects: dict[str, int], **fault: t.Any) -> None:
    schedule.order([{"method": "POST", "answer": "close", **effects, **fault}])


@goals
@pytest.mark.parametrize("witness", ONLY)
@pytest.mark.parametrize("looks", ["at once", "another later"])
def test_one_piece_of_evidence_is_enough(schedule: Schedule, looks: str, witness: str, name: str) -> None:
    """The wallet's ledger, its balance, the debt, or the history alone prevents the report not_executed."""
    lose(schedule, ONLY[witness])
    schedule.play([Plan(GOALS[name], kill=None if looks == "at once" else Kill("post", 2))])
    then = GOALS[name]
    if looks == "another later":
        schedule.world.pass_time(20_000)
        then = OTHERS[name]
    schedule.play([Plan(then)])


@goals
def test_without_the_wallet_a_run_waits_longer(schedule: Schedule, name: str) -> None:
    """A run whose key may not read the wallet waits longer, and then sees the repayment."""
    schedule.world.use_key_without_wallet()
    lose(schedule, _LONG)
    [run] = schedule.play([Plan(GOALS[name], **_PATIENT)])
    assert run.outcome in ("executed", "unknown")
    schedule.play([Plan(GOALS[name], **_PATIENT)])


@goals
def test_without_the_wallet_the_outcome_is_known_in_the_end(schedule: Schedule, name: str) -> None:
    schedule.world.use_key_without_wallet()
    lose(schedule, {}, commit=False)
    [run] = schedule.play([Plan(GOALS[name], **_PATIENT)])
    assert run.outcome == "not_executed"


@pytest.mark.parametrize("name", [name for name in GOALS if not GOALS[name].collateral])
def test_the_balance_is_evidence_if_the_ledger_cannot_be_read(schedule: Schedule, name: str) -> None:
    """The wallet's balance before and after is evidence even without its ledger."""
    schedule.focus = GOALS[name].loan.product
    lose(schedule, _VERY_LONG)
    schedule.order([{"method": "GET", "use": LEDGER, "answer": {"ret_code": 10005}, "times": 0}])
    [run] = schedule.play([Plan(GOALS[name], **_PATIENT)])
    assert run.outcome == "unknown"


@goals
def test_the_debt_is_evidence_if_the_wallet_cannot_be_read(schedule: Schedule, name: str) -> None:
    schedule.world.use_key_without_wallet()
    lose(schedule, {"history_delay_ms": _VERY_LONG["history_delay_ms"]})
    [run] = schedule.play([Plan(GOALS[name], **_PATIENT)])
    assert run.outcome == "unknown"


@pytest.mark.parametrize("amount", ["40.5", "99.9", "0.5"])
@pytest.mark.parametrize("name", ["legacy", "flexible", "collateral"])
@pytest.mark.parametrize("commit", [True, False], ids=["executed", "lost"])
def test_an_entry_of_any_amount_may_be_the_repayment(schedule: Schedule, commit: bool, name: str, amount: str) -> None:
    """A repayment of the owner meanwhile is not attributed to a run."""
    lose(schedule, ONLY["wallet"] if commit else {}, commit=commit)
    schedule.play([Plan(GOALS[name])], None, OwnerAct(48, GOALS[name].loan, amount))
    schedule.play([Plan(GOALS[name])])


@pytest.mark.parametrize("name", ["flexible", "max_debt", "max_ltv"])
def test_a_run_that_sells_collateral_checks_what_the_wallet_paid(schedule: Schedule, name: str) -> None:
    lose(schedule, _VERY_LONG)
    schedule.play([Plan(GOALS[name], kill=Kill("post", 2))])
    [run] = schedule.play([Plan(OTHERS[name], **_PATIENT)])
    assert run.outcome == "unknown"


def test_a_run_that_pays_from_the_wallet_checks_what_the_collateral_paid(schedule: Schedule) -> None:
    lose(schedule, {}, commit=False)
    schedule.play([Plan(GOALS["collateral"], kill=Kill("post", 2))])
    # Long enough for everything to show.
    schedule.world.pass_time(3_600_000)
    [run] = schedule.play([Plan(OTHERS["collateral"])])
    assert [earlier["outcome"] for earlier in run.earlier] == ["not_executed"], run.result


@pytest.mark.parametrize("name", ["legacy", "flexible"])
def test_an_entry_from_before_is_not_the_repayment(schedule: Schedule, name: str) -> None:
    schedule.play([Plan(GOALS[name])])
    lose(schedule, {}, commit=False)
    [run] = schedule.play([Plan(GOALS[name])])
    assert run.outcome in ("not_executed", "unknown")

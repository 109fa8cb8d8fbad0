# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With `max_debt`, a run brings the debt to at most this value, including interest that accrues meanwhile. A second run pays nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ways import FLEXIBLE, LEGACY

HOUR_MS = 3_600_000
each_way = pytest.mark.parametrize("way", [LEGACY, FLEXIBLE], ids=lambda way: way.name)


@pytest.fixture
def window_ms() -> int:
    """Shorter than elsewhere, because many runs in this file wait for its end."""
    return 700


@pytest.fixture
def dusty(sandbox, roomy_seed) -> None:
    """Let the exchange keep debts below a coin's smallest amount, and return a legacy loan that has one."""
    roomy_seed["settings"]["forgive_dust"] = False
    roomy_seed["accounts"][0]["loans"][0]["principal"] = "1000.00004"
    sandbox.control("PUT", "seed", roomy_seed)


@pytest.fixture
def hour_turns(begin_way, sandbox, roomy_seed, until, sent):
    """Run while interest is charged between the look and the request, and again before each further request."""

    def call(way, times: int = 1, forgive_dust: bool = True, **options):
        account = roomy_seed["accounts"][0]
        loan = account["loans"][0] if way is LEGACY else account["flexible_loans"][0]
        roomy_seed["settings"]["forgive_dust"] = forgive_dust
        turns_at_ms = sandbox.state()["server_time"] + 300
        loan["borrowed_at"] = turns_at_ms - 80 * HOUR_MS
        sandbox.control("PUT", "seed", roomy_seed)
        sandbox.clock(freeze_at_ms=turns_at_ms - 1)
        sandbox.control("POST", "faults", {"method": "POST", "path": way.path, "delay_ms": 200, "times": times})
        process = begin_way(way, amount=None, **options)
        until(lambda: count(sandbox, way))
        sandbox.clock(advance_ms=2)
        sandbox.clock(freeze=False)
        return process

    return call


def count(sandbox, way) -> int:
    return sandbox.requests()["counts"].get(f"POST {way.path}", 0)


def interest(way) -> str:
    """Return the interest of one hour."""
    return {"legacy": "0.0090346", "flexible": "0.04506146"}[way.name]


@each_way
def test_the_excess_is_paid(pay, sandbox, ledger, posted, way) -> None:
    foreseen = pay(way, amount=None, max_debt="600.5", check=True, diff=True)
    run = pay(way, amount=None, max_debt="600.5", diff=True)
    # Rounded up to the coin's four decimal places.
    amount = {"legacy": "399.9", "flexible": "4388.3889"}[way.name]
    after = {"legacy": "600.5", "flexible": "600.49998939"}[way.name]
    assert (run["outcome"], run["amount"], [entry["amount"] for entry in ledger()]) == ("executed", amount, [amount])
    assert way.debt(sandbox.account()) == run["loan"]["after"]["debt"] == after
    assert (run["goal_reached"], run.details["dust"]) == (True, "0")
    assert run.details["decision"] == f"debt {way.before} → {after}, pay {amount}"
    assert (foreseen["outcome"], foreseen["amount"], foreseen.details["decision"]) == ("planned", amount, run.details["decision"])
    assert foreseen["loan"]["after"]["debt"] == after
    assert foreseen["diff"]["after_header"] == run["diff"]["after_header"] == run.details["decision"]
    again = pay(way, amount=None, max_debt="600.5")
    assert (again["outcome"], again["changed"], again["goal_reached"]) == ("nothing_to_do", False, True)
    assert again["msg"] == f"The debt on {way.label} is {after} USDT, and at most 600.5 was requested: nothing to repay."
    assert len(posted()) == 1


@each_way
def test_a_debt_at_the_limit_is_left_alone(pay, ledger, way) -> None:
    run = pay(way, amount=None, max_debt=way.before)
    assert (run["outcome"], run["changed"], ledger()) == ("nothing_to_do", False, [])


@each_way
def test_zero_pays_it_off(pay, sandbox, ledger, way) -> None:
    run = pay(way, amount=None, max_debt="0")
    paid = way.before if way is LEGACY else "4988.8888"
    assert (run["outcome"], run["amount"], run["goal_reached"], run.details["dust"]) == ("executed", paid, True, "0")
    assert (run["loan"]["after"]["status"], way.debt(sandbox.account())) == ("repaid", "0")
    again = pay(way, amount=None, max_debt="0")
    assert (again["outcome"], again["changed"], [entry["amount"] for entry in ledger()]) == ("nothing_to_do", False, [paid])


@each_way
def test_dust_is_reported(pay, dusty, sandbox, ledger, way) -> None:
    left = {"legacy": "0.00004", "flexible": "0.00008939"}[way.name]
    foreseen = pay(way, amount=None, max_debt="0", check=True)
    remark = f"({left} of it above max_debt '0' and less than the smallest amount that the exchange lists)"
    assert remark in foreseen["msg"]
    run = pay(way, amount=None, max_debt="0")
    assert (run["outcome"], run.details["dust"], run["goal_reached"], way.debt(sandbox.account())) == ("executed", left, True, left)
    assert remark in run.details["decision"]
    again = pay(way, amount=None, max_debt="0")
    assert (again["outcome"], again["changed"], again.details["dust"], again["goal_reached"]) == ("nothing_to_do", False, left, True)
    assert again["msg"].startswith(
        f"Only {left} USDT above max_debt '0' remains on {way.label}, less than the smallest amount that the exchange lists (4 "
    )
    assert len(ledger()) == 1


@each_way
@pytest.mark.parametrize("max_debt", ["0", "600"])
def test_interest_that_accrues_meanwhile_is_paid_by_a_second_repayment(hour_turns, pay, sandbox, ledger, way, max_debt: str) -> None:
    run = hour_turns(way, max_debt=max_debt).end()
    first, second = ledger()
    assert (run["outcome"], run["changed"], run["goal_reached"], run.warnings) == ("executed", True, True, "")
    assert Decimal(interest(way)) - Decimal("0.0001") < Decimal(second["amount"]) < Decimal(interest(way)) + Decimal("0.0001")
    assert [(item["amount"], item["repay_id"], item["outcome"]) for item in run["repayments"]] == [
        (entry["amount"], entry["repay_id"], "executed") for entry in (first, second)
    ]
    assert Decimal(run["amount"]) == Decimal(first["amount"]) + Decimal(second["amount"])
    assert (run["repay_id"], run.details["sent_at_ms"]) == (first["repay_id"], run["repayments"][0]["sent_at_ms"])
    for entry in (first, second):
        assert f"Repaid {entry['amount']} USDT on {way.label} (repayment {entry['repay_id']})." in run["msg"]
    assert run["loan"]["before"]["debt"] == way.before
    assert run["loan"]["after"]["debt"] == way.debt(sandbox.account())
    assert Decimal(max_debt) - Decimal("0.0001") < Decimal(way.debt(sandbox.account())) <= Decimal(max_debt)
    assert pay(way, amount=None, max_debt=max_debt)["outcome"] == "nothing_to_do"
    assert len(ledger()) == 2


@each_way
def test_dust_after_a_second_repayment_is_reported(hour_turns, ledger, way) -> None:
    run = hour_turns(way, max_debt="0", forgive_dust=False).end()
    left = {"legacy": "0.0000346", "flexible": "0.00005086"}[way.name]
    assert (run.details["dust"], run["loan"]["after"]["debt"], run["goal_reached"], len(ledger())) == (left, left, True, 2)


def test_the_second_repayment_waits_until_the_debt_includes_the_first(hour_turns, ledger) -> None:
    run = hour_turns(LEGACY, max_debt="600", settle_margin=1).end()
    first, second = run["repayments"]
    assert second["sent_at_ms"] - first["sent_at_ms"] > 1000
    assert len(ledger()) == 2


def test_a_debt_that_falls_later_than_the_margin_is_waited_for(pay, spoil, ledger) -> None:
    """Otherwise the run would pay again what it has just paid."""
    spoil(LEGACY, debt_delay_ms=700)
    run = pay(LEGACY, amount=None, max_debt="600")
    assert (run["outcome"], run["goal_reached"], run["loan"]["after"]["debt"], run.warnings) == ("executed", True, "600", "")
    assert [entry["amount"] for entry in ledger()] == ["400.4"]


def test_the_run_says_when_its_time_was_too_short(hour_turns, ledger) -> None:
    run = hour_turns(LEGACY, max_debt="600", settle_margin=2, wait_timeout=1).end()
    assert (run.failed, run["outcome"], run["goal_reached"], len(ledger())) == (False, "executed", False, 1)
    assert "600.0090346 USDT is still owed, more than max_debt. A repayment on loan" in run.warnings
    assert "was made recently or is still in process" in run.warnings
    assert "Run again to repay it." in run.warnings


def test_at_most_limits_the_sum_of_both(hour_turns, ledger) -> None:
    run = hour_turns(LEGACY, max_debt="600", at_most="400.409").end()
    assert (run.failed, run["outcome"], run["goal_reached"], len(ledger())) == (False, "executed", False, 1)
    assert "needs another 0.0091 USDT on loan" in run.warnings
    assert "already paid by this run, more than at_most '400.409': raise at_most, or request less." in run.warnings


def test_a_third_repayment_is_not_made(hour_turns, sandbox, until, ledger) -> None:
    process = hour_turns(FLEXIBLE, times=2, max_debt="600", wait_timeout=1)
    until(lambda: count(sandbox, FLEXIBLE) == 2)
    sandbox.control("POST", "borrow", {"product": "flexible", "loanCurrency": "USDT", "amount": "100"})
    run = process.end()
    assert (run["outcome"], len(run["repayments"]), len(ledger())) == ("executed", 2, 2)
    assert Decimal(run["loan"]["after"]["debt"]) > 600
    assert "Interest accrued again, or the exchange does not show this repayment yet. Run again to repay it." in run.warnings


def test_the_new_plan_includes_interest_that_accrued_meanwhile(hour_turns, sandbox, until, ledger) -> None:
    process = hour_turns(LEGACY, times=2, max_debt="600")
    until(lambda: count(sandbox, LEGACY) == 2)
    # Its timestamp is an hour old when it arrives.
    sandbox.clock(advance_ms=HOUR_MS + 1000)
    run = process.end()
    assert (run["outcome"], run["goal_reached"], run.details["gate_retries"]["clock_syncs"]) == ("executed", True, 1)
    assert [entry["amount"] for entry in ledger()] == ["400.4", "0.0145"]
    assert Decimal(run["loan"]["after"]["debt"]) <= 600


def test_a_rise_above_possible_interest_is_not_paid(begin_way, sandbox, until, spoil, sent, ledger) -> None:
    spoil(FLEXIBLE, delay_ms=200)
    process = begin_way(FLEXIBLE, amount=None, max_debt="100")
    until(lambda: sandbox.requests()["counts"].get(f"POST {FLEXIBLE.path}"))
    sandbox.control("POST", "borrow", {"product": "flexible", "loanCurrency": "USDT", "amount": "1000"})
    run = process.end()
    assert (run.failed, run["outcome"], run["goal_reached"]) == (False, "executed", False)
    assert [entry["amount"] for entry in ledger()] == ["4888.8889"]
    assert "The debt rose by more than interest can accrue, so something was probably borrowed. Run again to repay it." in run.warnings
    assert run["loan"]["after"]["debt"] == FLEXIBLE.debt(sandbox.account())


@pytest.mark.parametrize(
    ("fault", "is_made"),
    [
        ({"answer": {"ret_code": 177012}}, False),
        ({"answer": "close", "commit": False}, False),
        ({"answer": "close", "commit": True}, True),
    ],
)
def test_a_second_repayment_that_is_refused_or_lost_is_a_warning(hour_turns, pay, spoil, remembered, ledger, fault: dict, is_made: bool) -> None:
    process = hour_turns(LEGACY, max_debt="600")
    spoil(LEGACY, **fault)
    run = process.end()
    assert (run.failed, run["changed"], run["outcome"], run["goal_reached"]) == (False, True, "executed", is_made)
    assert [item["amount"] for item in run["repayments"]] == (["400.4", "0.0091"] if is_made else ["400.4"])
    assert "Run again to repay it." in run.warnings or is_made
    assert remembered() == []
    again = pay(LEGACY, amount=None, max_debt="600")
    assert again["outcome"] == ("nothing_to_do" if is_made else "executed")
    assert [entry["amount"] for entry in ledger()] == ["400.4", "0.0091"]


@pytest.mark.parametrize("commit", [True, False])
def test_a_second_repayment_in_doubt_fails_a_run_that_has_paid(hour_turns, pay, spoil, remembered, ledger, commit: bool) -> None:
    # Its time window is still open when the run ends.
    process = hour_turns(LEGACY, max_debt="600", wait_timeout=1, recv_window=1500)
    spoil(LEGACY, answer="close", commit=commit)
    run = process.end()
    assert (run.failed, run.exit_code, run["changed"], run["outcome"]) == (True, 1, True, "unknown")
    assert ([item["amount"] for item in run["repayments"]], run["amount"]) == (["400.4"], "400.4")
    assert run["msg"].startswith(f"Repaid 400.4 USDT on {LEGACY.label} (repayment {ledger()[0]['repay_id']}).")
    assert f"It is unknown whether the repayment of 0.0091 USDT on {LEGACY.label} was made: " in run["msg"]
    [noted] = [intent for intent in remembered() if intent["amount"] == "0.0091"]
    assert run.details["intent"] == noted["intent"]
    again = pay(LEGACY, amount=None, max_debt="600")
    assert (again["changed"], again["outcome"], again["goal_reached"], again.details["recovered"]) == (True, "executed", True, True)
    assert [item["amount"] for item in again.details["earlier"]] == ["400.4", "0.0091"]
    assert [item["amount"] for item in again["repayments"]] == ["400.4", "0.0091"]
    assert [entry["amount"] for entry in ledger()] == ["400.4", "0.0091"]
    assert (pay(LEGACY, amount=None, max_debt="600")["outcome"], remembered()) == ("nothing_to_do", [])

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reference names a collateral step or a transfer, as it does a repayment: what was moved under it is never moved again."""

from __future__ import annotations

import typing as t

import pytest
from moves import ACCOUNT_ADD, ACCOUNT_TAKE_BACK, GOALS, LEGACY_ADD, LEGACY_TAKE_BACK, STEPS, TO_FUND, TO_UNIFIED
from referring import AGAIN, DAY_SECONDS, asked
from ways import FLEXIBLE, LEGACY

# A fixture from another file, which pytest finds here.
__all__ = ["asked"]
each_step = pytest.mark.parametrize("move", STEPS, ids=lambda move: move.name)
REFERENCE = "margin 2026/11-47"


@pytest.fixture
def assert_answered(asked, pay) -> t.Callable[..., None]:
    """Run it again. The run must report the earlier move, without reading from the exchange."""

    def call(move, entry: dict[str, t.Any], **options: t.Any) -> None:
        for check in (True, False):
            run, calls = asked(lambda: pay(move, reference=REFERENCE, check=check, **options))
            assert (run.failed, run["changed"], run["outcome"], run["goal_reached"]) == (False, False, "executed", True)
            assert (run[move.id_key], run["amount"], run[move.list_key]) == (entry["id"], entry["amount"], [])
            assert (run[move.subject_key], run.warnings, calls) == ({"before": None, "after": None}, "", ["GET query-api"])
            assert run["msg"].startswith(
                f"Nothing was sent: reference '{REFERENCE}' was already used for {move.named} ({move.entry} {entry['id']}), which was sent at 20"
            )
            assert run["msg"].endswith(" and was executed.")

    return call


@each_step
def test_an_executed_step_is_reported_again_and_never_sent_again(pay, simulated_time, booked, assert_answered, move) -> None:
    first = pay(move, reference=REFERENCE)
    [entry] = booked(move)
    assert (first["changed"], first["outcome"], first[move.id_key]) == (True, "executed", entry["id"])
    assert_answered(move, entry)
    # Even after the history no longer has it.
    simulated_time.pass_by(400 * DAY_SECONDS)
    assert_answered(move, entry, wait=False, at_most="0.0001")
    assert len(booked(move)) == 1


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        (LEGACY_ADD, LEGACY_TAKE_BACK, f"addition of 0.01 BTC {LEGACY_ADD.where}"),
        (LEGACY_ADD, LEGACY_ADD._replace(options={**LEGACY_ADD.options, "add": "0.011"}), "addition of 0.01 BTC"),
        (LEGACY_TAKE_BACK, ACCOUNT_TAKE_BACK, "return of 0.004 BTC from the collateral of loan 1794267532472646144"),
        (ACCOUNT_ADD, ACCOUNT_ADD._replace(options={"currency": "ETH", "add": "0.02"}), "addition of 0.02 BTC to the collateral of the account"),
        (ACCOUNT_ADD, ACCOUNT_ADD._replace(options={"currency": "BTC", "take_back": "0.02"}), "addition of 0.02 BTC to the collateral of the account"),
        (TO_FUND, TO_UNIFIED._replace(options={**TO_UNIFIED.options, "amount": "500"}), "transfer of 500 USDT"),
        (TO_FUND, ACCOUNT_ADD, "transfer of 500 USDT"),
        (LEGACY_ADD, LEGACY, "addition of 0.01 BTC"),
        (LEGACY, LEGACY_ADD, "repayment of 100 USDT on the legacy loan 1794267532472646144"),
        (FLEXIBLE, TO_FUND, "repayment of 100 USDT on the flexible loan USDT"),
        (TO_FUND, FLEXIBLE, "transfer of 500 USDT"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_reference_is_refused_for_another_step(pay, asked, sandbox, first, second, named: str) -> None:
    assert pay(first, reference=REFERENCE)["outcome"] == "executed"
    for check in (True, False):
        run, calls = asked(lambda check=check: pay(second, reference=REFERENCE, check=check))
        assert (run.failed, run["changed"], run["outcome"], calls) == (True, False, "not_executed", ["GET query-api"])
        assert run["msg"].startswith(f"reference '{REFERENCE}' was already used for the {named}")
        assert ", sent at 20" in run["msg"]
        assert run["msg"].endswith(AGAIN)


@pytest.mark.parametrize("move", GOALS, ids=lambda move: move.name)
def test_a_goal_takes_no_reference(pay, sandbox, move) -> None:
    run = pay(move, reference=REFERENCE)
    step = "amount" if move.is_transfer else "add or take_back"
    assert run["msg"] == (
        f"reference '{REFERENCE}' can name only a step: use it with {step}, or omit it, because a goal moves "
        f"only what is missing."
    )
    assert (run.failed, run["outcome"], sandbox.requests()["counts"]) == (True, "not_executed", {})


@each_step
def test_an_executed_step_whose_answer_was_lost_is_executed_once(pay, spoil, booked, arrived, assert_answered, move) -> None:
    spoil(move, answer="close", history_delay_ms=800)
    assert pay(move, reference=REFERENCE, wait_timeout=0)["outcome"] == "unknown"
    foreseen, found = pay(move, reference=REFERENCE, check=True), pay(move, reference=REFERENCE)
    [entry] = booked(move)
    for run in (foreseen, found):
        assert (run["changed"], run["outcome"], run[move.id_key], run.details["recovered"]) == (True, "executed", entry["id"], True)
    assert arrived(move) == 1
    assert_answered(move, entry)


@each_step
def test_a_step_that_was_not_executed_is_sent(pay, spoil, booked, arrived, assert_answered, move) -> None:
    spoil(move, answer="close", commit=False)
    assert pay(move, reference=REFERENCE, wait_timeout=0)["outcome"] == "unknown"
    assert pay(move, reference=REFERENCE, check=True)["outcome"] == "planned"
    run = pay(move, reference=REFERENCE)
    assert (run["changed"], run["outcome"], run.details["earlier"][0]["outcome"]) == (True, "executed", "not_executed")
    assert arrived(move) == 2
    assert_answered(move, *booked(move))


@each_step
def test_a_refusal_by_the_exchange_does_not_use_the_reference(pay, spoil, booked, assert_answered, move) -> None:
    spoil(move, answer={"ret_code": 131212 if move.is_transfer else 148037})
    assert (pay(move, reference=REFERENCE)["outcome"], booked(move)) == ("not_executed", [])
    assert pay(move, reference=REFERENCE)["outcome"] == "executed"
    assert_answered(move, *booked(move))


@each_step
def test_while_the_step_is_in_doubt_nothing_is_sent(pay, spoil, booked, arrived, move) -> None:
    spoil(move, answer="close", history_delay_ms=3_600_000)
    doubt = pay(move, reference=REFERENCE, wait_timeout=0)
    for check in (True, False):
        run = pay(move, reference=REFERENCE, wait_timeout=2, check=check)
        assert (run.failed, run["changed"], run["outcome"], run.details["intent"]) == (True, False, "unknown", doubt.details["intent"])
    assert (len(booked(move)), arrived(move)) == (1, 1)
    told = pay(move, reference=REFERENCE, wait_timeout=2, acknowledge=doubt.details["intent"])
    assert (told["outcome"], told["changed"]) == ("nothing_to_do", False)
    last = pay(move, reference=REFERENCE)
    assert (last.failed, last["outcome"], arrived(move)) == (True, "not_executed", 1)
    assert "its unknown outcome was acknowledged. Nothing was sent" in last["msg"]


@each_step
def test_a_pending_step_that_became_final_is_reported(pay, spoil, booked, arrived, assert_answered, move) -> None:
    spoil(move, processing_ms=60_000)
    first = pay(move, reference=REFERENCE, wait=False)
    assert (first["changed"], first["outcome"]) == (True, "pending")
    for check in (True, False):
        run = pay(move, reference=REFERENCE, wait=False, check=check)
        assert (run["changed"], run["outcome"], run[move.id_key]) == (False, "pending", first[move.id_key])
        assert run["msg"].endswith(" and was accepted and is still pending.")
    final = pay(move, reference=REFERENCE, wait_timeout=90)
    assert (final["changed"], final["outcome"], final[move.id_key], arrived(move)) == (False, "executed", first[move.id_key], 1)
    assert_answered(move, *booked(move))


@pytest.mark.parametrize("move", [move for move in STEPS if not move.is_legacy], ids=lambda move: move.name)
def test_a_pending_step_that_failed_is_sent_again(pay, spoil, simulated_time, sandbox, arrived, booked, assert_answered, move) -> None:
    spoil(move, processing_ms=5000, final_status=3)
    first = pay(move, reference=REFERENCE, wait=False)
    assert (first["changed"], first["outcome"]) == (True, "pending")
    simulated_time.pass_by(10)
    assert pay(move, reference=REFERENCE, check=True)["outcome"] == "planned"
    run = pay(move, reference=REFERENCE)
    assert (run["changed"], run["outcome"], run[move.id_key] != first[move.id_key]) == (True, "executed", True)
    assert (arrived(move), move.level(sandbox.account())) == (2, move.after)
    assert_answered(move, booked(move)[-1])

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repayment in doubt that the user acknowledges is forgotten, and the run that is told so sends nothing."""

from __future__ import annotations

import pytest
from remembered_runs import assert_answered, open_intent

# Fixtures from another file, which pytest finds here.
__all__ = ["open_intent"]


@pytest.mark.parametrize("amount", ["100", "30"])
def test_acknowledging_forgets_it_and_sends_nothing(repay, open_intent, paid, posts, remembered, amount: str) -> None:
    intent = open_intent(history_delay_ms=60_000)
    run = repay(amount=amount, wait_timeout=2, acknowledge=intent["intent"])
    assert (run.failed, run["changed"], run["outcome"], run["amount"]) == (False, False, "nothing_to_do", "0")
    assert (run["repay_id"], run.details["intent"], len(run.details["earlier"])) == (None, None, 1)
    [earlier] = run.details["earlier"]
    assert (earlier["intent"], earlier["outcome"], earlier["repay_id"]) == (intent["intent"], "unknown", None)
    assert run["msg"].startswith("The intent of the repayment of 100 USDT on loan ")
    assert run["msg"].endswith(
        " is discarded, because acknowledge names it. Nothing was sent now: run without acknowledge if something still needs to be "
        "repaid."
    )
    assert "The outcome of the repayment is unknown." in run.warnings
    assert (paid(), posts(), remembered()) == (["100"], 1, [])
    after = repay(amount=amount)
    assert (after["outcome"], after["amount"], after.details["earlier"]) == ("executed", amount, [])
    assert (sorted(paid()), posts()) == (sorted(["100", amount]), 2)


SENDS_NOTHING = "A run with acknowledge sends nothing: run without it if something still needs to be repaid."


def test_acknowledging_sends_nothing_when_it_turns_out_not_executed(repay, open_intent, paid, posts, remembered) -> None:
    intent = open_intent(commit=False)
    run = repay(acknowledge=intent["intent"])
    assert (run["changed"], run["outcome"], run.details["earlier"][0]["outcome"]) == (False, "nothing_to_do", "not_executed")
    assert run["msg"].endswith(SENDS_NOTHING)
    assert (paid(), posts(), remembered()) == ([], 1, [])


@pytest.mark.parametrize("goal", [{"amount": "9"}, {"amount": None, "max_debt": "500"}], ids=["amount", "max_debt"])
def test_acknowledging_sends_nothing_when_another_repayment_turns_out_executed(repay, open_intent, paid, posts, goal) -> None:
    intent = open_intent(history_delay_ms=500)
    run = repay(acknowledge=intent["intent"], **goal)
    assert (run["changed"], run["outcome"], run.details["earlier"][0]["outcome"]) == (False, "nothing_to_do", "executed")
    assert run["msg"].endswith(SENDS_NOTHING)
    assert (paid(), posts()) == (["100"], 1)


@pytest.mark.parametrize("wrong", [None, "00000000-0000-4000-8000-000000000000", ""])
def test_acknowledging_what_an_earlier_run_settled_sends_nothing(repay, open_intent, paid, posts, wrong) -> None:
    intent = open_intent(history_delay_ms=500)
    assert repay(acknowledge=wrong).details["recovered"]
    run = repay(acknowledge=intent["intent"])
    assert (run["changed"], run["outcome"], run["msg"] in run.warnings) == (False, "nothing_to_do", True)
    assert (paid(), posts()) == (["100"], 1)


def test_acknowledging_another_id_forgets_nothing(repay, open_intent, posts, remembered) -> None:
    intent = open_intent(history_delay_ms=60_000)
    for wrong in ("00000000-0000-4000-8000-000000000000", intent["intent"][:8], "", "*"):
        run = repay(wait_timeout=0, acknowledge=wrong)
        assert (run.failed, run["outcome"], run.details["intent"]) == (True, "unknown", intent["intent"])
    assert (posts(), remembered()) == (1, [intent])


def test_acknowledging_does_not_hide_what_can_be_found(repay, open_intent, sandbox, paid, remembered) -> None:
    intent = open_intent(history_delay_ms=500)
    assert_answered(repay(acknowledge=intent["intent"]), sandbox, intent, remembered)
    assert paid() == ["100"]

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy moves each planned amount once, and tells it: each fault at each of its requests, and a SIGKILL before each step.

The laws are checked after each run. At the end, everything heals, and runs go on until nothing is left to do.
"""

from __future__ import annotations

import typing as t

import pytest
from simulation.goals import Kill
from simulation.policies import ROOMY, TIGHT, PolicyGoal
from simulation.policy_schedule import PolicySchedule
from simulation.runs import Run
from simulation.strategies import HTML, UNKNOWN_CODES

Begin = t.Callable[..., PolicySchedule]
UNCLEAR: list[t.Any] = [
    "close", "reset", "truncate", "html_502", "html_200", "not_json", *({"ret_code": code} for code in UNKNOWN_CODES[:2]),
    {"http_status": 503, "body": "later"}, {"http_status": 403, "body": HTML},
]
FATES = {"executed": {"commit": True}, "lost": {"commit": False}, "late": {"arrive_after_ms": 4900}}
LATE: list[dict[str, int]] = [
    {"history_delay_ms": 9900}, {"debt_delay_ms": 9900}, {"wallet_delay_ms": 9900}, {"history_delay_ms": 9900, "debt_delay_ms": 9900, "wallet_delay_ms": 9900},
    {"history_delay_ms": 90_000, "debt_delay_ms": 90_000, "wallet_delay_ms": 90_000}, {"processing_ms": 90_000},
]
# The transfer, two contracts, two flexible debts around two legacy loans, and the collateral.
POSTS = range(8)
# How often a run reads each list; the last ones of the wallet are for the single operations.
READS = {
    "/v5/user/query-api": 1, "/v5/crypto-loan-common/position": 3, "/v5/crypto-loan/ongoing-orders": 3, "/v5/crypto-loan-flexible/ongoing-coin": 3,
    "/v5/crypto-loan-fixed/borrow-contract-info": 3, "/v5/crypto-loan/collateral-data": 1, "/v5/crypto-loan-common/collateral-data": 1,
    "/v5/crypto-loan/loanable-data": 1, "/v5/crypto-loan-common/loanable-data": 1, "/v5/asset/transfer/query-account-coin-balance": 8,
    "/v5/account/withdrawal": 3, "/v5/asset/fundinghistory": 2, "/v5/asset/transfer/query-inter-transfer-list": 2,
    "/v5/crypto-loan-fixed/repayment-history": 2, "/v5/crypto-loan-flexible/repayment-history": 2, "/v5/crypto-loan/repayment-history": 2,
    "/v5/crypto-loan/borrow-history": 1, "/v5/crypto-loan-common/adjustment-history": 2,
}
# Without the balance of a coin, an LTV rule goes on with its next means, which the laws do not foresee.
_DECIDING = {("/v5/account/withdrawal", number) for number in range(3)} | {("/v5/asset/transfer/query-account-coin-balance", number) for number in range(4)}
EACH_READ = [(path, number) for path, times in READS.items() for number in range(times) if (path, number) not in _DECIDING]
# More than the steps of a run.
STEPS = range(192)
posts = pytest.mark.parametrize("number", POSTS)
policies = pytest.mark.parametrize("policy", [ROOMY, TIGHT], ids=lambda policy: policy.name)
from_file = pytest.mark.parametrize("has_file", [False, True], ids=["planned anew", "from a file"])


@policies
@from_file
def test_each_request_of_an_undisturbed_run_is_covered(begin: Begin, policy: PolicyGoal, has_file: bool) -> None:
    schedule = begin(policy, has_file=has_file)
    run = schedule.run()
    assert (run.failed, len(run.posts), len(schedule.expected.moved)) == (False, len(POSTS), len(POSTS))
    read = [step.removeprefix("head GET ") for step in schedule.expected.first.steps if step.startswith("head GET ")]
    assert {path: read.count(path) for path in read} == READS
    assert len(run.steps) <= STEPS.stop


@posts
@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("answer", UNCLEAR, ids=str)
def test_the_outcome_is_found_after_an_unclear_answer(begin: Begin, answer: t.Any, fate: str, number: int) -> None:
    schedule = begin(ROOMY)
    schedule.order(number, answer=answer, **FATES[fate])
    assert schedule.run().failed is (fate == "lost")


@posts
@pytest.mark.parametrize("fate", FATES)
def test_a_plan_from_a_file_goes_on_after_an_unclear_answer(begin: Begin, fate: str, number: int) -> None:
    schedule = begin(TIGHT, has_file=True)
    schedule.order(number, answer="close", **FATES[fate])
    assert schedule.run().failed is (fate == "lost")


@policies
@pytest.mark.parametrize("fate", FATES)
def test_all_answers_can_be_unclear(begin: Begin, fate: str, policy: PolicyGoal) -> None:
    schedule = begin(policy)
    for dummy in POSTS:
        schedule.order(answer="close", **FATES[fate])
    schedule.run()


@posts
@from_file
@pytest.mark.parametrize("code", [177007, 10006])
def test_a_refusal_stops_only_what_depends_on_it(begin: Begin, code: int, has_file: bool, number: int) -> None:
    schedule = begin(TIGHT, has_file=has_file)
    schedule.order(number, answer={"ret_code": code}, commit=False)
    assert schedule.run().failed is (code == 177007)


@posts
@pytest.mark.parametrize("answer", ["normal", "close"])
@pytest.mark.parametrize("effects", LATE, ids=str)
def test_what_shows_late_is_not_moved_again(begin: Begin, effects: dict[str, int], answer: str, number: int) -> None:
    schedule = begin(TIGHT if number % 2 else ROOMY)
    schedule.order(number, answer=answer, **effects)
    schedule.run(wait_timeout=3 if number % 3 else 60)
    schedule.run()


@pytest.mark.parametrize("number", [2, 3, 6])
def test_a_repayment_that_failed_is_made_again(begin: Begin, number: int) -> None:
    """A contract, and the flexible debts. That a repayment of a legacy loan failed never shows, so its outcome stays unknown."""
    schedule = begin(TIGHT if number % 2 else ROOMY)
    schedule.order(number, processing_ms=5000, final_status=3)
    schedule.run(wait_timeout=3)
    schedule.run()


@posts
@pytest.mark.parametrize("effects", LATE[:5], ids=str)
def test_a_policy_that_does_not_wait_moves_nothing_again(begin: Begin, effects: dict[str, int], number: int) -> None:
    schedule = begin(TIGHT)
    schedule.order(number, **effects)
    schedule.run(wait=False)
    schedule.run(wait=False)


@pytest.mark.parametrize("lasting", [1, 0], ids=["once", "for good"])
@pytest.mark.parametrize(("path", "number"), EACH_READ)
def test_a_failing_read_leads_to_no_wrong_report(begin: Begin, path: str, number: int, lasting: int) -> None:
    schedule = begin(ROOMY)
    schedule.order_read(path, answer="html_502", skip=number, times=lasting)
    schedule.run()


@pytest.mark.parametrize("number", POSTS[1:])
@pytest.mark.parametrize("path", [path for path, times in READS.items() if path.endswith("history") and times > 1])
def test_a_lost_answer_whose_outcome_cannot_be_read_is_loud(begin: Begin, path: str, number: int) -> None:
    """It is in the middle of repayments that were accepted, and whose outcomes are still to be found out."""
    schedule = begin(ROOMY)
    schedule.order(number, answer="close")
    schedule.order_read(path, answer="html_502", skip=1, times=0)
    schedule.run(wait_timeout=3)
    schedule.run(wait_timeout=3)


def _kill(begin: Begin, policy: PolicyGoal, kill: Kill, answer: str = "normal", **surroundings: bool) -> Run:
    schedule = begin(policy, **surroundings)
    schedule.order(kill.number % len(POSTS), answer=answer)
    run = schedule.run(kill)
    schedule.run()
    return run


@pytest.mark.parametrize("number", STEPS)
def test_a_run_killed_before_any_step_can_be_repeated(begin: Begin, number: int) -> None:
    _kill(begin, TIGHT if number % 2 else ROOMY, Kill("step", number), "close" if number % 4 > 1 else "normal")


@pytest.mark.parametrize("number", STEPS[::2])
def test_a_run_of_a_saved_plan_that_is_killed_before_any_step_can_be_repeated(begin: Begin, number: int) -> None:
    _kill(begin, TIGHT if number % 4 else ROOMY, Kill("step", number), "close" if number % 8 > 3 else "normal", has_file=True)


@from_file
@pytest.mark.parametrize("number", range(0, 48, 3))
def test_a_run_killed_after_its_report_can_be_repeated(begin: Begin, number: int, has_file: bool) -> None:
    _kill(begin, ROOMY, Kill("reported", number), has_file=has_file)


@pytest.mark.parametrize("number", STEPS[1::8])
def test_runs_that_are_killed_again_and_again_move_each_amount_once(begin: Begin, number: int) -> None:
    schedule = begin(TIGHT)
    for late in range(4):
        schedule.order(answer="close", **LATE[late])
        schedule.run(Kill("step", number + late))


@posts
def test_a_run_killed_before_a_request_arrives_late_can_be_repeated(begin: Begin, number: int) -> None:
    schedule = begin(TIGHT)
    schedule.order(number, answer="close", arrive_after_ms=4900)
    steps = [post.step for post in schedule.expected.first.posts]
    schedule.run(Kill("step", steps[number] + 1))


def test_check_mode_and_a_plan_send_nothing(begin: Begin) -> None:
    schedule = begin(ROOMY, has_file=True)
    assert schedule.run(check=True).posts == schedule.world.recording.posts == []

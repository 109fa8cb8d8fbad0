# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines and the totals for the result of a policy."""

from __future__ import annotations

import pytest
from ansible_collections.treasury.bybit.plugins.plugin_utils._movement import CALM, LOUD, MOVED
from ansible_collections.treasury.bybit.plugins.plugin_utils._tally import Tally, is_refusal, is_report, lines_of
from results import MESSAGE, carried_out, made, planned, policy, result

NOTHING = ("Nothing was moved.", CALM)
REPAID = "Repaid 500 USDT on the flexible USDT loan (repayment 1771). Debt before: 13020.4, now: 12520.4."
ADDED = {"product": None, "coin": "BTC"}
LEGACY = {"product": "legacy", "loan_id": "1794"}
FIXED = {"product": "fixed", "loan_id": "571"}
UNTIL_KNOWN = "Nothing is sent for this {} until that is known. Run the task again to find out."


@pytest.mark.parametrize(
    ("operation", "line"),
    [
        (planned(1), "Would repay 500 USDT on the flexible USDT loan."),
        (planned(1, arithmetic="LTV 61.20 % → 58.14 %"), "Would repay 500 USDT on the flexible USDT loan (LTV 61.20 % → 58.14 %)."),
        (planned(1, "repay_from_collateral", sells="BTC"), "Would repay 500 USDT on the flexible USDT loan by selling BTC."),
        (planned(1, **FIXED), "Would repay 500 USDT on fixed contract 571."),
        (planned(1, **LEGACY), "Would repay 500 USDT on loan 1794."),
        (planned(1, "add_collateral", "0.1", **ADDED), "Would add 0.1 BTC to the collateral of the account."),
        (planned(1, "add_collateral", "0.1", **{**ADDED, **LEGACY}), "Would add 0.1 BTC to the collateral of loan 1794."),
        (planned(1, "transfer", "40", product=None), "Would transfer 40 USDT from UNIFIED to Funding."),
        (carried_out(1, msg=REPAID), REPAID),
        (carried_out(1, msg=REPAID, ltv_before="0.612", ltv_after="0.58135"), f"{REPAID} Planned LTV: 61.20 % → 58.14 %."),
        (carried_out(1, msg=REPAID, ltv_before="0.612", ltv_after="0.612"), REPAID),
        (carried_out(1, msg=REPAID, ltv_before="0.612"), REPAID),
        (carried_out(1, outcome="pending"), "Repaid 500 USDT on the flexible USDT loan (repayment id1)."),
        (carried_out(1, "repay_from_collateral", sells="BTC", id=None), "Repaid 500 USDT on the flexible USDT loan by selling BTC."),
        (carried_out(1, "add_collateral", "0.1", **ADDED), "Added 0.1 BTC to the collateral of the account (adjustment id1)."),
        (carried_out(1, "transfer", "40", product=None), "Transferred 40 USDT from UNIFIED to Funding (transfer id1)."),
    ],
)
def test_each_operation_that_moved_or_would_move_has_a_line(operation: dict, line: str) -> None:
    assert lines_of(policy(operation["outcome"], operation), False) == [(line, MOVED)]


@pytest.mark.parametrize(
    ("told", "has_failed", "expected"),
    [
        (policy("nothing_to_do"), False, [(MESSAGE, CALM)]),
        (policy("planned", planned(1), planned(2, **FIXED), mode="plan"), False, [
            ("Would repay 500 USDT on the flexible USDT loan.", MOVED), ("Would repay 500 USDT on fixed contract 571.", MOVED),
        ]),
        # The loan was repaid in the meantime.
        (policy("nothing_to_do", planned(1, outcome="nothing_to_do", msg="Nothing is owed.")), False, [("Nothing is owed.", CALM)]),
        # The account cannot be read, or the plan is stale.
        (policy("not_executed"), True, [NOTHING]),
        (policy("not_executed", carried_out(1, outcome="not_executed", msg="Refused."), planned(2, outcome="not_tried", msg="Not tried.")), True, [NOTHING]),
        # One operation failed, and Ansible shows why.
        (
            policy("executed", carried_out(1, msg=REPAID), carried_out(2, outcome="not_executed", msg="Refused.", **FIXED)),
            True, [(REPAID, MOVED)],
        ),
        # An earlier run's operation, of another plan, and of this one.
        (policy("nothing_to_do", earlier=[made("a", "5")]), False, [("An earlier run repaid 5 USDT (repayment id of a, executed).", MOVED)]),
        (policy("nothing_to_do", earlier=[{**made("a", "5", "pending"), "repay_id": None}]), False, [("An earlier run repaid 5 USDT (pending).", MOVED)]),
        (policy("nothing_to_do", earlier=[made("a", "5", "not_executed")]), False, [(MESSAGE, CALM)]),
        (policy("executed", carried_out(1, msg=REPAID), earlier=[made("i1", "500")]), False, [(REPAID, MOVED)]),
        (policy("not_executed", earlier=[made("a", "5", move="add")]), True, [("An earlier run added 5 USDT (adjustment id of a, executed).", MOVED)]),
        # In doubt: an operation, an earlier run's one, and another run's.
        (
            policy("unknown", carried_out(1, outcome="unknown", msg="Long story."), planned(2, outcome="not_tried", msg="Not tried.")),
            True,
            [(f"OUTCOME UNKNOWN (intent i1): 500 USDT on the flexible USDT loan may have been repaid. {UNTIL_KNOWN.format('loan')}", LOUD)],
        ),
        (policy("unknown", carried_out(1, outcome="unknown", msg="Long story.")), False, [("OUTCOME UNKNOWN (intent i1): Long story.", LOUD)]),
        # Another run's, whose intent could not be read.
        (policy("unknown", planned(1, outcome="unknown", msg="Long story.")), True, [("OUTCOME UNKNOWN: Long story.", LOUD)]),
        # The task itself says when it has failed.
        (policy("nothing_to_do"), True, [NOTHING]),
        (
            policy("unknown", earlier=[made("a", "0.1", "unknown", "add")]),
            True,
            [(f"OUTCOME UNKNOWN (intent a): 0.1 USDT of an earlier run may have been added. {UNTIL_KNOWN.format('collateral')}", LOUD)],
        ),
        (policy("unknown"), True, [(f"OUTCOME UNKNOWN: {MESSAGE}", LOUD)]),
    ],
)
def test_the_lines_of_a_whole_result(told: dict, has_failed: bool, expected: list) -> None:
    told["earlier"] = [{"coin": "USDT", **summary} for summary in told["earlier"]]
    assert is_report(told) and not is_refusal(told)
    assert lines_of(told, has_failed) == expected


def test_a_failure_that_ansible_does_not_show_says_what_was_not_done() -> None:
    told = policy("executed", carried_out(1, msg=REPAID), carried_out(2, outcome="not_executed", msg="Refused."), planned(3, outcome="not_tried", **FIXED))
    assert lines_of(told, True, is_shown=False) == [
        (REPAID, MOVED),
        ("Did not repay 500 USDT on the flexible USDT loan. Refused.", CALM),
        ("Did not repay 500 USDT on fixed contract 571.", CALM),
    ]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (policy("nothing_to_do"), ["nothing was moved"]),
        (
            policy("planned", planned(1), planned(2, amount="0.5", **FIXED), planned(3, "add_collateral", "0.1", **ADDED)),
            ["BTC added to collateral: planned=0.1", "USDT repaid: planned=500.5"],
        ),
        (
            policy("pending", carried_out(1, "transfer", "40", product=None), carried_out(2), carried_out(3, "repay_from_collateral", "7", "pending")),
            ["USDT repaid: done=500 pending=7", "USDT transferred to Funding: done=40"],
        ),
        (policy("executed", carried_out(1), earlier=[made("i1", "500"), made("a", "3")]), ["USDT repaid: recovered=500", "repaid: recovered=3"]),
        (policy("executed", carried_out(1), planned(2, outcome="not_tried")), ["USDT repaid: done=500"]),
        (policy("executed", carried_out(1, moved="500.0003")), ["USDT repaid: done=500.0003"]),
        (policy("not_executed", carried_out(1, outcome="not_executed"), planned(2, outcome="not_executed")), ["nothing was moved"]),
        (policy("unknown", carried_out(1), carried_out(2, amount="7", outcome="unknown")), [
            "USDT repaid: done=500", "OUTCOME UNKNOWN USDT repaid: amount=7 intent=i2",
        ]),
        (policy("unknown", earlier=[made("a", "5", "unknown")]), ["OUTCOME UNKNOWN repaid: amount=5 intent=a"]),
        (policy("unknown"), ["OUTCOME UNKNOWN intent=not reported"]),
        (policy("unknown", carried_out(1), planned(2, outcome="unknown")), ["USDT repaid: done=500", "OUTCOME UNKNOWN intent=not reported"]),
        (policy("executed", carried_out(1), carried_out(2, outcome="nothing_to_do")), ["USDT repaid: done=500"]),
    ],
)
def test_each_operation_counts_in_the_totals(told: dict, expected: list[str]) -> None:
    tally = Tally()
    tally.add(told, "here")
    assert sorted(" ".join(line.text.split()) for line in tally.lines()) == sorted(f"here : {row}" for row in expected)


def test_what_a_later_run_of_the_policy_finds_out_replaces_the_doubt() -> None:
    tally = Tally()
    tally.add(policy("unknown", carried_out(1, outcome="unknown")), "here")
    tally.add(policy("executed", carried_out(2, amount="7"), earlier=[{**made("i1", "500"), "coin": "USDT"}]), "here")
    assert [" ".join(line.text.split()) for line in tally.lines()] == ["here : USDT repaid: done=7 recovered=500"]


def test_operations_of_policies_and_of_single_tasks_are_added_up() -> None:
    tally = Tally()
    tally.add(result(repayments=[made("a", "100")]), "here")
    tally.add(policy("executed", carried_out(1)), "here")
    assert [" ".join(line.text.split()) for line in tally.lines()] == ["here : USDT repaid: done=600"]


def test_a_refusal_of_the_options_moved_nothing() -> None:
    told = {"changed": False, "outcome": "not_executed", "msg": "rules '[]' is empty: list at least one rule."}
    assert is_refusal(told)
    assert lines_of(told, True) == [NOTHING]


@pytest.mark.parametrize("missing", ["outcome", "mode", "operations", "rules", "earlier"])
def test_a_result_of_another_module_is_not_mistaken_for_that_of_a_policy(missing: str) -> None:
    told = policy("executed", carried_out(1))
    del told[missing]
    assert not is_report(told)
    assert lines_of(told, False) == []

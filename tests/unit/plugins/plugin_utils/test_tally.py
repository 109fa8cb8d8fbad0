# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The totals and lines for each kind of result."""

from __future__ import annotations

import pytest
from ansible_collections.treasury.bybit.plugins.plugin_utils._tally import Tally, lines_of

MESSAGE = "What happened."


def made(intent: str, amount: str = "100", outcome: str = "executed") -> dict:
    return {"intent": intent, "amount": amount, "outcome": outcome, "repay_id": f"id of {intent}", "sent_at_ms": 1}


def result(outcome: str | None = "executed", amount: str = "100", coin: str | None = "USDT", **more: object) -> dict:
    loan = {"before": {"coin": coin} if coin else None, "after": None}
    details = {"earlier": more.pop("earlier", []), "intent": more.pop("intent", None)}
    return {"outcome": outcome, "amount": amount, "repayments": [], "loan": loan, "msg": MESSAGE, **more, "details": details}


def sums(*results: tuple[str, dict]) -> list[str]:
    tally = Tally()
    for host, told in results:
        tally.add(told, host)
    return [" ".join(text.split()) for text, dummy in tally.lines()]


def test_no_result_no_line() -> None:
    assert Tally().lines() == []


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (result(repayments=[made("a", "100"), made("b", "0.5")]), "USDT paid=100.5 recovered=0 pending=0 planned=0"),
        (result(repayments=[made("a")], earlier=[made("a")]), "USDT paid=0 recovered=100 pending=0 planned=0"),
        # Of an earlier run for another goal, with a repayment of this run.
        (result(repayments=[made("b", "7")], earlier=[made("a", "5")]), "USDT paid=7 recovered=5 pending=0 planned=0"),
        (result(repayments=[made("b", "7", "pending")], earlier=[made("a", "5", "pending")]), "USDT paid=0 recovered=0 pending=12 planned=0"),
        (result(earlier=[made("a", "5", "not_executed")], repayments=[made("b")]), "USDT paid=100 recovered=0 pending=0 planned=0"),
        (result("planned", "25"), "USDT paid=0 recovered=0 pending=0 planned=25"),
        (result("planned", "25", failed=False, repayments=[]), "USDT paid=0 recovered=0 pending=0 planned=25"),
        (result("nothing_to_do", "0"), "nothing was repaid"),
        # By a run before, under the same reference.
        (result("executed"), "nothing was repaid"),
        (result("not_executed", failed=True), "nothing was repaid"),
        (result("not_executed", failed=True, repayments=[made("a", "3")]), "USDT paid=3 recovered=0 pending=0 planned=0"),
        (result("unknown", failed=True, intent="x"), "OUTCOME UNKNOWN amount=100 USDT intent=x"),
        (result("unknown", failed=True), "OUTCOME UNKNOWN amount=100 USDT intent=not reported"),
        (result(coin=None, loan_currency="ETH", repayments=[made("a")]), "ETH paid=100 recovered=0 pending=0 planned=0"),
        (result(coin=None, repayments=[made("a")]), "of an unknown coin paid=100 recovered=0 pending=0 planned=0"),
        # More digits than a float or Python's default context keeps.
        (
            result(repayments=[made("a", "123456789012345678.000000000000000001"), made("b", "1E-18")]),
            "USDT paid=123456789012345678.000000000000000002 recovered=0 pending=0 planned=0",
        ),
        ({"failed": True, "timedout": {"period": 3}, "msg": "Timed out"}, "OUTCOME UNKNOWN intent=not reported"),
        ({"unreachable": True, "msg": "gone"}, "OUTCOME UNKNOWN intent=not reported"),
    ],
)
def test_the_sum_of_one_result(told: dict, expected: str) -> None:
    assert sums(("here", told)) == [f"here : {expected}"]


def test_hosts_and_coins_are_summed_apart() -> None:
    assert sums(
        ("two", result(repayments=[made("a")])),
        ("one", result(repayments=[made("b", "1")])),
        ("one", result(coin="ETH", repayments=[made("c", "2")])),
        ("one", result(repayments=[made("d", "3")])),
        ("three", result("nothing_to_do")),
    ) == [
        "one : ETH paid=2 recovered=0 pending=0 planned=0",
        "one : USDT paid=4 recovered=0 pending=0 planned=0",
        "three : nothing was repaid",
        "two : USDT paid=100 recovered=0 pending=0 planned=0",
    ]


def test_what_is_told_again_counts_once_as_it_was_told_last() -> None:
    unknown = ("here", result("unknown", failed=True, intent="a"))
    found = ("here", result(repayments=[made("a")], earlier=[made("a")]))
    recovered = ["here : USDT paid=0 recovered=100 pending=0 planned=0"]
    assert sums(unknown, unknown) == ["here : OUTCOME UNKNOWN amount=100 USDT intent=a"]
    assert sums(unknown, found) == sums(unknown, found, found) == recovered
    assert sums(("here", result(repayments=[made("a")])), found) == ["here : USDT paid=100 recovered=0 pending=0 planned=0"]
    # The user has taken care of it, by acknowledge.
    assert sums(unknown, ("here", result("nothing_to_do", earlier=[made("a", outcome="unknown")]))) == [
        "here : OUTCOME UNKNOWN amount=100 USDT intent=a"
    ]
    assert sums(unknown, ("here", result("nothing_to_do", earlier=[made("a", outcome="not_executed")]))) == ["here : nothing was repaid"]


def test_a_repayment_in_doubt_after_others_is_not_summed_with_them() -> None:
    told = result("unknown", "7", failed=True, intent="b", repayments=[made("a", "7")])
    assert sums(("here", told)) == ["here : USDT paid=7 recovered=0 pending=0 planned=0", "here : OUTCOME UNKNOWN intent=b"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (result(repayments=[made("a")]), [(MESSAGE, False)]),
        (result("planned"), [(MESSAGE, False)]),
        # Nothing was sent, because its reference was used before.
        (result("executed"), [(MESSAGE, False)]),
        (result("pending"), [(MESSAGE, False)]),
        (result("nothing_to_do"), []),
        (result("not_executed", failed=True), []),
        (
            result("not_executed", failed=True, repayments=[made("a", "3")]),
            [("Repaid before the failure: 3 USDT (repayment id of a, executed)", False)],
        ),
        (result("unknown", failed=True, intent="x"), [(f"OUTCOME UNKNOWN (intent x): {MESSAGE}", True)]),
        # Where the task says that this is no failure.
        (result("unknown", intent="x"), [(f"OUTCOME UNKNOWN (intent x): {MESSAGE}", True)]),
        (
            result("unknown", failed=True, intent="x", repayments=[made("a", "3", "pending")]),
            [
                ("Repaid before the failure: 3 USDT (repayment id of a, pending)", False),
                (f"OUTCOME UNKNOWN (intent x): {MESSAGE}", True),
            ],
        ),
        ({"failed": True, "msg": "missing required arguments: order_id"}, []),
        ({"censored": "the output has been hidden", "changed": True}, []),
    ],
)
def test_the_lines_of_one_result(told: dict, expected: list) -> None:
    assert lines_of(told) == expected

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The totals and lines for each kind of result."""

from __future__ import annotations

import pytest
from ansible_collections.treasury.bybit.plugins.plugin_utils._tally import Tally, lines_of

MESSAGE = "What happened."


# Of each move: the value of the result with the ID, the one with the list, and the one with the figures.
KEYS = {
    **dict.fromkeys(["repay"], ("repay_id", "repayments", "loan")),
    **dict.fromkeys(["add", "take_back"], ("adjust_id", "adjustments", "collateral")),
    **dict.fromkeys(["to_fund", "to_unified"], ("transfer_id", "transfers", "wallets")),
}


def made(intent: str, amount: str = "100", outcome: str = "executed", move: str = "repay") -> dict:
    return {"intent": intent, "move": move, "amount": amount, "outcome": outcome, KEYS[move][0]: f"id of {intent}", "sent_at_ms": 1}


def result(outcome: str | None = "executed", amount: str = "100", coin: str | None = "USDT", move: str = "repay", **more: object) -> dict:
    dummy, listed, figures = KEYS[move]
    subject = {"before": {"coin": coin} if coin else None, "after": None}
    details = {"earlier": more.pop("earlier", []), "intent": more.pop("intent", None)}
    return {"outcome": outcome, "move": move, "amount": amount, listed: [], figures: subject, "msg": MESSAGE, **more, "details": details}


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
        (result(repayments=[made("a", "100"), made("b", "0.5")]), "USDT repaid: done=100.5 recovered=0 pending=0 planned=0"),
        (result(repayments=[made("a")], earlier=[made("a")]), "USDT repaid: done=0 recovered=100 pending=0 planned=0"),
        # Of an earlier run for another goal, with a repayment of this run.
        (result(repayments=[made("b", "7")], earlier=[made("a", "5")]), "USDT repaid: done=7 recovered=5 pending=0 planned=0"),
        (result(repayments=[made("b", "7", "pending")], earlier=[made("a", "5", "pending")]), "USDT repaid: done=0 recovered=0 pending=12 planned=0"),
        (result(earlier=[made("a", "5", "not_executed")], repayments=[made("b")]), "USDT repaid: done=100 recovered=0 pending=0 planned=0"),
        (result("planned", "25"), "USDT repaid: done=0 recovered=0 pending=0 planned=25"),
        (result("planned", "25", failed=False, repayments=[]), "USDT repaid: done=0 recovered=0 pending=0 planned=25"),
        (result("nothing_to_do", "0"), "nothing was moved"),
        # By a run before, under the same reference.
        (result("executed"), "nothing was moved"),
        (result("not_executed", failed=True), "nothing was moved"),
        (result("not_executed", failed=True, repayments=[made("a", "3")]), "USDT repaid: done=3 recovered=0 pending=0 planned=0"),
        (result("unknown", failed=True, intent="x"), "OUTCOME UNKNOWN USDT repaid: amount=100 intent=x"),
        (result("unknown", failed=True), "OUTCOME UNKNOWN USDT repaid: amount=100 intent=not reported"),
        (result(coin=None, loan_currency="ETH", repayments=[made("a")]), "ETH repaid: done=100 recovered=0 pending=0 planned=0"),
        (result(coin=None, repayments=[made("a")]), "of an unknown coin repaid: done=100 recovered=0 pending=0 planned=0"),
        # More digits than a float or Python's default context keeps.
        (
            result(repayments=[made("a", "123456789012345678.000000000000000001"), made("b", "1E-18")]),
            "USDT repaid: done=123456789012345678.000000000000000002 recovered=0 pending=0 planned=0",
        ),
        # What a repayment sells stands in "collateral", too, as a list.
        (result(coin=None, loan_currency="ETH", collateral=["BTC"], repayments=[made("a")]), "ETH repaid: done=100 recovered=0 pending=0 planned=0"),
        ({"failed": True, "timedout": {"period": 3}, "msg": "Timed out"}, "OUTCOME UNKNOWN intent=not reported"),
        ({"unreachable": True, "msg": "gone"}, "OUTCOME UNKNOWN intent=not reported"),
    ],
)
def test_the_sum_of_one_result(told: dict, expected: str) -> None:
    assert sums(("here", told)) == [f"here : {expected}"]


@pytest.mark.parametrize(
    ("move", "kind"),
    [
        ("repay", "repaid"),
        ("add", "added to collateral"),
        ("take_back", "taken back from collateral"),
        ("to_fund", "transferred to Funding"),
        ("to_unified", "transferred to UNIFIED"),
    ],
)
def test_each_move_is_told_by_its_kind(move: str, kind: str) -> None:
    listed = KEYS[move][1]
    for told, expected in [
        (result(move=move, **{listed: [made("a", move=move)]}), f"USDT {kind}: done=100 recovered=0 pending=0 planned=0"),
        (result("planned", "5", move=move), f"USDT {kind}: done=0 recovered=0 pending=0 planned=5"),
        (result(earlier=[made("a", "5", move=move)], move=move), f"USDT {kind}: done=0 recovered=5 pending=0 planned=0"),
        (result("unknown", "5", move=move, failed=True, intent="x"), f"OUTCOME UNKNOWN USDT {kind}: amount=5 intent=x"),
    ]:
        assert sums(("here", told)) == [f"here : {expected}"]


@pytest.mark.parametrize(("move", "option"), [("add", "currency"), ("take_back", "currency"), ("to_fund", "coin"), ("to_unified", "coin")])
def test_the_coin_is_the_one_that_was_asked_for_where_nothing_was_read(move: str, option: str) -> None:
    told = {**result("unknown", "5", coin=None, move=move, intent="x"), option: "ETH"}
    assert sums(("here", told))[0].startswith("here : OUTCOME UNKNOWN ETH ")


def test_moves_of_one_coin_are_not_added_to_each_other() -> None:
    told = [result(move=move, **{KEYS[move][1]: [made(move, str(number), move=move)]}) for number, move in enumerate(KEYS, 1)]
    assert sums(*[("here", one) for one in reversed(told)]) == [
        "here : USDT repaid: done=1 recovered=0 pending=0 planned=0",
        "here : USDT added to collateral: done=2 recovered=0 pending=0 planned=0",
        "here : USDT taken back from collateral: done=3 recovered=0 pending=0 planned=0",
        "here : USDT transferred to Funding: done=4 recovered=0 pending=0 planned=0",
        "here : USDT transferred to UNIFIED: done=5 recovered=0 pending=0 planned=0",
    ]


def test_what_an_earlier_run_took_back_is_not_counted_as_added() -> None:
    told = result(move="add", adjustments=[made("b", "2", move="add")], earlier=[made("a", "5", move="take_back")])
    assert sums(("here", told)) == [
        "here : USDT added to collateral: done=2 recovered=0 pending=0 planned=0",
        "here : USDT taken back from collateral: done=0 recovered=5 pending=0 planned=0",
    ]


FUNDED = result(move="to_fund", transfers=[made("t", "40", move="to_fund")])
ROW = "here : USDT {}: done={} recovered={} pending=0 planned={}"


@pytest.mark.parametrize(
    ("told", "rows"),
    [
        (result(repayments=[made("a")], funding=FUNDED), [ROW.format("repaid", 100, 0, 0), ROW.format("transferred to Funding", 40, 0, 0)]),
        (result("not_executed", failed=True, funding=FUNDED), [ROW.format("transferred to Funding", 40, 0, 0)]),
        (
            result(repayments=[made("a")], funding={**FUNDED, "details": {"intent": None, "earlier": FUNDED["transfers"]}}),
            [ROW.format("repaid", 100, 0, 0), ROW.format("transferred to Funding", 0, 40, 0)],
        ),
        (
            result("planned", funding=result("planned", "40", move="to_fund")),
            [ROW.format("repaid", 0, 0, 100), ROW.format("transferred to Funding", 0, 0, 40)],
        ),
        # The transfer is in doubt, so nothing was repaid.
        (
            result("unknown", failed=True, funding=result("unknown", "40", move="to_fund", intent="t")),
            ["here : OUTCOME UNKNOWN USDT transferred to Funding: amount=40 intent=t"],
        ),
        # The repayment is.
        (
            result("unknown", failed=True, intent="x", funding=FUNDED),
            [ROW.format("transferred to Funding", 40, 0, 0), "here : OUTCOME UNKNOWN USDT repaid: amount=100 intent=x"],
        ),
        (result(repayments=[made("a")], funding=None), [ROW.format("repaid", 100, 0, 0)]),
    ],
)
def test_a_transfer_before_a_repayment_is_told_apart_from_it(told: dict, rows: list[str]) -> None:
    assert sums(("here", told)) == rows


def test_hosts_and_coins_are_summed_apart() -> None:
    assert sums(
        ("two", result(repayments=[made("a")])),
        ("one", result(repayments=[made("b", "1")])),
        ("one", result(coin="ETH", repayments=[made("c", "2")])),
        ("one", result(repayments=[made("d", "3")])),
        ("three", result("nothing_to_do")),
    ) == [
        "one : ETH repaid: done=2 recovered=0 pending=0 planned=0",
        "one : USDT repaid: done=4 recovered=0 pending=0 planned=0",
        "three : nothing was moved",
        "two : USDT repaid: done=100 recovered=0 pending=0 planned=0",
    ]


def test_what_is_told_again_counts_once_as_it_was_told_last() -> None:
    unknown = ("here", result("unknown", failed=True, intent="a"))
    found = ("here", result(repayments=[made("a")], earlier=[made("a")]))
    recovered = ["here : USDT repaid: done=0 recovered=100 pending=0 planned=0"]
    assert sums(unknown, unknown) == ["here : OUTCOME UNKNOWN USDT repaid: amount=100 intent=a"]
    assert sums(unknown, found) == sums(unknown, found, found) == recovered
    assert sums(("here", result(repayments=[made("a")])), found) == ["here : USDT repaid: done=100 recovered=0 pending=0 planned=0"]
    # The user has taken care of it, by acknowledge.
    assert sums(unknown, ("here", result("nothing_to_do", earlier=[made("a", outcome="unknown")]))) == [
        "here : OUTCOME UNKNOWN USDT repaid: amount=100 intent=a"
    ]
    assert sums(unknown, ("here", result("nothing_to_do", earlier=[made("a", outcome="not_executed")]))) == ["here : nothing was moved"]


def test_what_is_in_doubt_after_others_is_not_summed_with_them() -> None:
    told = result("unknown", "7", failed=True, intent="b", repayments=[made("a", "7")])
    assert sums(("here", told)) == ["here : USDT repaid: done=7 recovered=0 pending=0 planned=0", "here : OUTCOME UNKNOWN USDT repaid: intent=b"]


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
        (
            result("not_executed", failed=True, move="take_back", adjustments=[made("a", "3", move="take_back")]),
            [("Took back before the failure: 3 USDT (adjustment id of a, executed)", False)],
        ),
        (
            result("not_executed", failed=True, move="to_fund", transfers=[made("a", "3", move="to_fund")]),
            [("Transferred before the failure: 3 USDT (transfer id of a, executed)", False)],
        ),
        (result(move="add", adjustments=[made("a", move="add")]), [(MESSAGE, False)]),
        (
            result("not_executed", failed=True, funding=FUNDED),
            [("Transferred before the failure: 40 USDT (transfer id of t, executed)", False)],
        ),
        (
            result("unknown", failed=True, funding=result("unknown", move="to_fund", intent="t")),
            [(f"OUTCOME UNKNOWN (intent t): {MESSAGE}", True)],
        ),
        (result("planned", move="to_unified"), [(MESSAGE, False)]),
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

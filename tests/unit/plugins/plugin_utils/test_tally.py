# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The totals of the results of a play."""

from __future__ import annotations

import pytest
from ansible_collections.treasury.bybit.plugins.plugin_utils._movement import LOUD, MOVED
from ansible_collections.treasury.bybit.plugins.plugin_utils._tally import Tally
from results import FUNDED, KEYS, made, result

NO_CONNECTION = [
    "ssh: connect to host gone port 22: Connection refused",
    "ssh: Could not resolve hostname gone: Name or service not known",
    "me@gone: Permission denied (publickey).",
    "Host key verification failed.",
]


def sums(*results: tuple[str, dict]) -> list[str]:
    tally = Tally()
    for host, told in results:
        tally.add(told, host)
    return [" ".join(line.text.split()) for line in tally.lines()]


def test_no_result_shows_no_line() -> None:
    assert Tally().lines() == []


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (result(repayments=[made("a", "100"), made("b", "0.5")]), "USDT repaid: done=100.5"),
        (result(repayments=[made("a")], earlier=[made("a")]), "USDT repaid: recovered=100"),
        # An earlier run for another goal, with a repayment of this run.
        (result(repayments=[made("b", "7")], earlier=[made("a", "5")]), "USDT repaid: done=7 recovered=5"),
        (result(repayments=[made("b", "7", "pending")], earlier=[made("a", "5", "pending")]), "USDT repaid: pending=12"),
        (result(earlier=[made("a", "5", "not_executed")], repayments=[made("b")]), "USDT repaid: done=100"),
        (result("planned", "25"), "USDT repaid: planned=25"),
        (result("planned", "25", failed=False, repayments=[]), "USDT repaid: planned=25"),
        (result("nothing_to_do", "0"), "nothing was moved"),
        # By an earlier run, under the same reference.
        (result("executed"), "nothing was moved"),
        (result("not_executed", failed=True), "nothing was moved"),
        (result("not_executed", failed=True, repayments=[made("a", "3")]), "USDT repaid: done=3"),
        (result("unknown", failed=True, intent="x"), "OUTCOME UNKNOWN USDT repaid: amount=100 intent=x"),
        # Another run, which has not ended, or whose intent cannot be read.
        (result("unknown", failed=True), "OUTCOME UNKNOWN intent=not reported"),
        (result(coin=None, loan_currency="ETH", repayments=[made("a")]), "ETH repaid: done=100"),
        (result(coin=None, repayments=[made("a")]), "repaid: done=100"),
        # More digits than a float or Python's default context keeps.
        (
            result(repayments=[made("a", "123456789012345678.000000000000000001"), made("b", "1E-18")]),
            "USDT repaid: done=123456789012345678.000000000000000002",
        ),
        # "collateral" is also the list of coins that a repayment sells.
        (result(coin=None, loan_currency="ETH", collateral=["BTC"], repayments=[made("a")]), "ETH repaid: done=100"),
        ({"failed": True, "timedout": {"period": 3}, "msg": "Timed out"}, "OUTCOME UNKNOWN intent=not reported"),
        # The connection may have broken while the module ran.
        ({"unreachable": True, "msg": "gone"}, "OUTCOME UNKNOWN intent=not reported"),
        ({"unreachable": True, "msg": "Shared connection to here closed."}, "OUTCOME UNKNOWN intent=not reported"),
        *[({"unreachable": True, "msg": f"Task failed: Failed to connect to the host via ssh: {said}"}, "not reached") for said in NO_CONNECTION],
        ({"failed": True, "module_stdout": NO_CONNECTION[0]}, "OUTCOME UNKNOWN intent=not reported"),
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
def test_each_kind_of_move_has_its_own_words(move: str, kind: str) -> None:
    listed = KEYS[move][1]
    for told, expected in [
        (result(move=move, **{listed: [made("a", move=move)]}), f"USDT {kind}: done=100"),
        (result("planned", "5", move=move), f"USDT {kind}: planned=5"),
        (result(earlier=[made("a", "5", move=move)], move=move), f"USDT {kind}: recovered=5"),
        (result("unknown", "5", move=move, failed=True, intent="x"), f"OUTCOME UNKNOWN USDT {kind}: amount=5 intent=x"),
    ]:
        assert sums(("here", told)) == [f"here : {expected}"]


@pytest.mark.parametrize(("move", "option"), [("add", "currency"), ("take_back", "currency"), ("to_fund", "coin"), ("to_unified", "coin")])
def test_the_coin_is_the_requested_one_if_nothing_was_read(move: str, option: str) -> None:
    told = {**result("unknown", "5", coin=None, move=move, intent="x"), option: "ETH"}
    assert sums(("here", told))[0].startswith("here : OUTCOME UNKNOWN ETH ")


def test_different_moves_of_one_coin_are_not_added_up() -> None:
    told = [result(move=move, **{KEYS[move][1]: [made(move, str(number), move=move)]}) for number, move in enumerate(KEYS, 1)]
    assert sums(*[("here", one) for one in reversed(told)]) == [
        "here : USDT repaid: done=1",
        "here : USDT added to collateral: done=2",
        "here : USDT taken back from collateral: done=3",
        "here : USDT transferred to Funding: done=4",
        "here : USDT transferred to UNIFIED: done=5",
    ]


def test_collateral_taken_back_by_an_earlier_run_is_not_counted_as_added() -> None:
    told = result(move="add", adjustments=[made("b", "2", move="add")], earlier=[made("a", "5", move="take_back")])
    assert sums(("here", told)) == [
        "here : USDT added to collateral: done=2",
        "here : USDT taken back from collateral: recovered=5",
    ]


@pytest.mark.parametrize(
    ("told", "rows"),
    [
        (result(repayments=[made("a")], funding=FUNDED), ["here : USDT repaid: done=100", "here : USDT transferred to Funding: done=40"]),
        (result("not_executed", failed=True, funding=FUNDED), ["here : USDT transferred to Funding: done=40"]),
        (
            result(repayments=[made("a")], funding={**FUNDED, "details": {"intent": None, "earlier": FUNDED["transfers"]}}),
            ["here : USDT repaid: done=100", "here : USDT transferred to Funding: recovered=40"],
        ),
        (
            result("planned", funding=result("planned", "40", move="to_fund")),
            ["here : USDT repaid: planned=100", "here : USDT transferred to Funding: planned=40"],
        ),
        # The transfer is in doubt, so nothing was repaid.
        (
            result("unknown", failed=True, funding=result("unknown", "40", move="to_fund", intent="t")),
            ["here : OUTCOME UNKNOWN USDT transferred to Funding: amount=40 intent=t"],
        ),
        # The repayment is in doubt.
        (
            result("unknown", failed=True, intent="x", funding=FUNDED),
            ["here : USDT transferred to Funding: done=40", "here : OUTCOME UNKNOWN USDT repaid: amount=100 intent=x"],
        ),
        (result(repayments=[made("a")], funding=None), ["here : USDT repaid: done=100"]),
    ],
)
def test_a_transfer_before_a_repayment_is_shown_separately(told: dict, rows: list[str]) -> None:
    assert sums(("here", told)) == rows


def test_hosts_and_coins_are_summed_separately() -> None:
    assert sums(
        ("two", result(repayments=[made("a")])),
        ("one", result(repayments=[made("b", "1")])),
        ("one", result(coin="ETH", repayments=[made("c", "2")])),
        ("one", result(repayments=[made("d", "3")])),
        ("three", result("nothing_to_do")),
    ) == [
        "one : ETH repaid: done=2",
        "one : USDT repaid: done=4",
        "three : nothing was moved",
        "two : USDT repaid: done=100",
    ]


def test_a_repeated_result_counts_once_as_last_reported() -> None:
    unknown = ("here", result("unknown", failed=True, intent="a"))
    found = ("here", result(repayments=[made("a")], earlier=[made("a")]))
    recovered = ["here : USDT repaid: recovered=100"]
    assert sums(unknown, unknown) == ["here : OUTCOME UNKNOWN USDT repaid: amount=100 intent=a"]
    assert sums(unknown, found) == sums(unknown, found, found) == recovered
    assert sums(("here", result(repayments=[made("a")])), found) == ["here : USDT repaid: done=100"]
    # The user acknowledged it.
    assert sums(unknown, ("here", result("nothing_to_do", earlier=[made("a", outcome="unknown")]))) == [
        "here : OUTCOME UNKNOWN USDT repaid: amount=100 intent=a"
    ]
    assert sums(unknown, ("here", result("nothing_to_do", earlier=[made("a", outcome="not_executed")]))) == ["here : nothing was moved"]


def test_a_doubt_is_not_summed_with_executed_moves() -> None:
    told = result("unknown", "7", failed=True, intent="b", repayments=[made("a", "7")])
    assert sums(("here", told)) == ["here : USDT repaid: done=7", "here : OUTCOME UNKNOWN USDT repaid: intent=b"]


def test_totals_are_aligned() -> None:
    tally = Tally()
    tally.add(result(repayments=[made("a", "1")]), "a-host-with-a-name-of-thirty-one")
    tally.add(result(move="take_back", adjustments=[made("b", "2", move="take_back")]), "short")
    tally.add(result("unknown", "7", failed=True, intent="c"), "short")
    assert [line.text for line in tally.lines()] == [
        "a-host-with-a-name-of-thirty-one : USDT repaid:                      done=1",
        "short                            : USDT taken back from collateral:  done=2",
        "short                            : OUTCOME UNKNOWN USDT repaid: amount=7 intent=c",
    ]
    assert [line.tone for line in tally.lines()] == [MOVED, MOVED, LOUD]


def test_the_coin_of_a_doubt_stays_known() -> None:
    unknown = result("unknown", "100", failed=True, intent="a")
    later = result("unknown", "100", coin=None, failed=True, intent="a")
    assert sums(("here", unknown), ("here", later)) == ["here : OUTCOME UNKNOWN USDT repaid: amount=100 intent=a"]
    assert sums(("here", later)) == ["here : OUTCOME UNKNOWN repaid: amount=100 intent=a"]


def test_a_host_that_was_refused_is_among_the_totals() -> None:
    assert sums(("here", {"msg": "amount cannot be used", "outcome": "not_executed"})) == ["here : nothing was moved"]

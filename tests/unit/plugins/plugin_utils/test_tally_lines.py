# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines for each kind of result."""

from __future__ import annotations

import pytest
from ansible_collections.treasury.bybit.plugins.plugin_utils._movement import CALM, LOUD, MOVED
from ansible_collections.treasury.bybit.plugins.plugin_utils._tally import lines_of
from results import FUNDED, MESSAGE, made, result

NOTHING = "Nothing was moved."
CUT_OFF = "OUTCOME UNKNOWN: the task ended before it reported what it sent. Run it again: it finds out before it sends anything."

NO_HOST = "The host was not reached. Run the task again: it finds out what earlier runs sent before it sends anything."


def doubt(intent: str, what: str, target: str) -> str:
    return (
        f"OUTCOME UNKNOWN (intent {intent}): {what}. Nothing is sent for this {target} until that is known. Run the task again to find out."
    )


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (result(repayments=[made("a")]), [(MESSAGE, MOVED)]),
        (result("planned"), [(MESSAGE, MOVED)]),
        # Nothing was sent, because its reference was used before.
        (result("executed"), [(MESSAGE, CALM)]),
        (result("pending"), [(MESSAGE, CALM)]),
        # The reason why nothing was sent is shown, too.
        (result("nothing_to_do"), [(MESSAGE, CALM)]),
        (result("not_executed", failed=True), [(NOTHING, CALM)]),
        (result(None, failed=True), []),
        (
            result("not_executed", failed=True, repayments=[made("a", "3")]),
            [("Repaid before the failure: 3 USDT (repayment id of a, executed)", MOVED)],
        ),
        (
            result("not_executed", failed=True, move="take_back", adjustments=[made("a", "3", move="take_back")]),
            [("Took back before the failure: 3 USDT (adjustment id of a, executed)", MOVED)],
        ),
        (
            result("not_executed", failed=True, move="to_fund", transfers=[made("a", "3", move="to_fund")]),
            [("Transferred before the failure: 3 USDT (transfer id of a, executed)", MOVED)],
        ),
        # By an earlier run for another goal: the totals include it.
        (result("not_executed", failed=True, earlier=[made("a", "3")]), []),
        (result("not_executed", failed=True, earlier=[made("a", "3", "not_executed")]), [(NOTHING, CALM)]),
        (result(move="add", adjustments=[made("a", move="add")]), [(MESSAGE, MOVED)]),
        (
            result("not_executed", failed=True, funding=FUNDED),
            [("Transferred before the failure: 40 USDT (transfer id of t, executed)", MOVED)],
        ),
        (
            result("unknown", amount="0", failed=True, funding={**result("unknown", "40", move="to_fund", intent="t"), "coin": "USDT"}),
            [(doubt("t", "40 USDT may have been transferred", "wallet"), LOUD)],
        ),
        (result("planned", move="to_unified"), [(MESSAGE, MOVED)]),
        (result("unknown", failed=True, intent="x"), [(doubt("x", "100 USDT may have been repaid", "loan"), LOUD)]),
        (result("unknown", coin=None, failed=True, intent="x"), [(doubt("x", "100 may have been repaid", "loan"), LOUD)]),
        # An earlier run, whose intent could not be read.
        (result("unknown", failed=True), [(f"OUTCOME UNKNOWN: {MESSAGE}", LOUD)]),
        # If the task says that this is no failure, Ansible does not show the message.
        (result("unknown", intent="x"), [(f"OUTCOME UNKNOWN (intent x): {MESSAGE}", LOUD)]),
        (
            result("unknown", failed=True, intent="x", repayments=[made("a", "3", "pending")]),
            [
                ("Repaid before the failure: 3 USDT (repayment id of a, pending)", MOVED),
                (doubt("x", "more USDT may have been repaid", "loan"), LOUD),
            ],
        ),
        ({"failed": True, "msg": "missing required arguments: order_id"}, []),
        ({"failed": True, "msg": "amount cannot be used", "outcome": "not_executed"}, [(NOTHING, CALM)]),
        ({"failed": True, "msg": "Timed out", "timedout": {"period": 3}}, [(CUT_OFF, LOUD)]),
        ({"unreachable": True, "msg": "Connection reset by peer"}, [(CUT_OFF, LOUD)]),
        ({"unreachable": True, "msg": "ssh: connect to host gone port 22: Connection refused"}, [(NO_HOST, CALM)]),
        ({"censored": "the output has been hidden", "changed": True}, []),
    ],
)
def test_the_lines_of_one_result(told: dict, expected: list) -> None:
    # Since ansible-core 2.21, the result does not tell the callback whether the task failed.
    assert lines_of({name: value for name, value in told.items() if name != "failed"}, bool(told.get("failed"))) == expected


def test_a_retry_shows_the_message_that_ansible_does_not() -> None:
    told = result("unknown", intent="x")
    assert lines_of(told, True, is_shown=False) == [(f"OUTCOME UNKNOWN (intent x): {MESSAGE}", LOUD)]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"coin": "USDT", "ltv": "0.42"}, {"coin": "USDT", "ltv": "0.38"}, " LTV before: 0.42, now: 0.38."),
        ({"coin": "USDT", "ltv": "0.42"}, {"coin": "USDT", "ltv": "0.42"}, ""),
        ({"coin": "USDT", "ltv": None}, {"coin": "USDT", "ltv": "0.42"}, ""),
        ({"coin": "USDT", "ltv": "0.42"}, {"coin": "USDT", "ltv": None}, ""),
        ({"coin": "USDT", "ltv": "0.42"}, {"coin": "USDT"}, ""),
        ({"coin": "USDT", "ltv": "0.42"}, None, ""),
        (None, {"coin": "USDT", "ltv": "0.42"}, ""),
    ],
)
def test_the_change_of_the_ltv_follows_the_message(before: dict | None, after: dict | None, told: str) -> None:
    done = {**result(repayments=[made("a")]), "loan": {"before": before, "after": after}}
    assert lines_of(done, False) == [(f"{MESSAGE}{told}", MOVED)]
    assert lines_of({**done, "outcome": "planned"}, False) == [(MESSAGE, MOVED)]

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each adjustment of collateral and each transfer promises when the exchange answers: the result, check mode, diff, and refusals."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from moves import ACCOUNT_ADD, ACCOUNT_MAX_LTV, ENSURE, GOALS, LEGACY_ADD, MOVES, STEPS, TO_FUND, TO_UNIFIED

each_move = pytest.mark.parametrize("move", MOVES, ids=lambda move: move.name)
each_step = pytest.mark.parametrize("move", STEPS, ids=lambda move: move.name)
each_goal = pytest.mark.parametrize("move", GOALS, ids=lambda move: move.name)
DOCUMENTED = Path(__file__).resolve().parents[2] / "documented"
DETAILS = {
    "recovered": False, "inferred": False, "dust": "0", "since": None, "intent": None, "earlier": [], "evidence": None, "waits": [],
    "gate_retries": {"clock_syncs": 0, "rate_limits": 0, "rate_limit_wait_ms": 0},
}


def _moved(before: dict, after: dict, book: str) -> dict[str, Decimal]:
    changes = {coin: Decimal(after[book].get(coin, "0")) - Decimal(before[book][coin]) for coin in before[book]}
    return {coin: change for coin, change in changes.items() if change}


@each_move
def test_a_move_is_executed_and_reported(pay, sandbox, booked, arrived, remembered, simulated_time, move) -> None:
    before, begun_ms = sandbox.account(), simulated_time.now_ms()
    run = pay(move)
    after, [entry] = sandbox.account(), booked(move)
    assert (entry["amount"], entry["coin"], entry["status"]) == (move.amount, move.coin, 1)
    assert (move.level(before), move.level(after), arrived(move)) == (move.before, move.after, 1)
    # The money goes from one place to another, and nothing else changes.
    assert _moved(before, after, "wallet") == {move.coin: Decimal(move.funding)}
    assert _moved(before, after, "unified") == ({move.coin: -Decimal(move.funding)} if move.is_transfer else {})
    is_of_account = not move.is_transfer and not move.is_legacy
    assert _moved(before, after, "collateral") == ({move.coin: -Decimal(move.funding)} if is_of_account else {})
    assert run.exit_code == 0
    sent_at_ms = run.details["sent_at_ms"]
    assert begun_ms <= sent_at_ms <= simulated_time.now_ms()
    [made] = run[move.list_key]
    assert len(made["intent"]) == 36
    level = "" if move.is_transfer else f" Collateral before: {move.before}, now: {move.after}."
    assert run.result == {
        "changed": True,
        "msg": f"{move.words[1]} {move.named} ({move.entry} {entry['id']}).{level}",
        "outcome": "executed",
        "move": move.kind,
        move.id_key: entry["id"],
        **move.ids,
        "amount": move.amount,
        "goal_reached": True,
        move.list_key: [
            {
                "intent": made["intent"], "move": move.kind, "amount": move.amount, "coin": move.coin, "outcome": "executed", move.id_key: entry["id"],
                "sent_at_ms": sent_at_ms,
            }
        ],
        move.subject_key: {"before": move.shown(0), "after": move.shown(2)},
        "details": {**DETAILS, "decision": move.arithmetic, "sent_at_ms": sent_at_ms},
        "api_host": sandbox.url.removeprefix("http://"),
    }
    assert remembered() == []


@each_move
def test_only_the_documented_calls_are_sent(pay, sandbox, move) -> None:
    run = pay(move)
    [request] = [r for r in sandbox.requests()["requests"] if r["method"] == "POST"]
    [made] = run[move.list_key]
    assert (request["path"], request["body"]) == (move.path, move.body.replace("{id}", made["intent"]))
    # The exchange knows a transfer by the ID that was recorded before it was sent.
    assert (made[move.id_key] == made["intent"]) is move.is_transfer


@each_step
def test_the_body_is_what_the_documentation_says(move) -> None:
    calls = [json.loads(path.read_text(encoding="utf-8")) for path in DOCUMENTED.glob("*.json")]
    [call] = [call for call in calls if (call["method"], call["path"]) == ("POST", move.path)]
    required = [field["name"] for field in call["request"] if field["required"]]
    assert [part.partition('":')[0].lstrip('{"') for part in move.body.split(',"')] == required


@each_move
def test_check_mode_predicts_it_and_sends_nothing(pay, sandbox, booked, posted, journal, move) -> None:
    foreseen = pay(move, check=True, diff=True)
    assert (foreseen.failed, foreseen["changed"], foreseen["outcome"]) == (False, True, "planned")
    assert foreseen["msg"] == f"Would {move.words[2]} {move.named}: {move.arithmetic}."
    assert (foreseen["amount"], foreseen[move.id_key], foreseen[move.list_key]) == (move.amount, None, [])
    assert foreseen.details == {**DETAILS, "decision": move.arithmetic, "sent_at_ms": None}
    assert foreseen[move.subject_key] == {"before": move.shown(0), "after": move.shown(1)}
    assert (posted(), booked(move), journal.parent.exists()) == ([], [], False)
    real = pay(move, diff=True)
    assert (real["outcome"], real["goal_reached"]) == ("executed", foreseen["goal_reached"])
    assert real.details["decision"] == foreseen.details["decision"]
    # Values that the exchange rounds were predicted from rounded numbers.
    before, after = foreseen[move.subject_key]["after"], real[move.subject_key]["after"]
    assert {**before, "ltv": None} == {**after, "ltv": None}
    assert abs(Decimal(before.get("ltv", "0")) - Decimal(after.get("ltv", "0"))) <= Decimal("0.0001")


@each_move
def test_the_diff_shows_the_change(pay, move) -> None:
    shown = pay(move, diff=True)["diff"]
    assert (shown["before_header"], shown["after_header"]) == (move.label, move.arithmetic)
    for side, which in (("before", 0), ("after", 2)):
        figures = move.shown(which)
        line = f"Funding {figures['funding']} USDT UNIFIED {figures['unified']} USDT" if move.is_transfer else (
            f"collateral {figures['collateral_amount']} {move.coin} LTV {figures['ltv']}"
        )
        assert " ".join(shown[side].split()) == line
        assert shown[side].endswith("\n")


@each_goal
def test_a_goal_is_reached_once(pay, booked, arrived, move) -> None:
    pay(move)
    again = pay(move, diff=True)
    assert (again.failed, again["outcome"], again["changed"], again["amount"], again[move.list_key]) == (False, "nothing_to_do", False, "0", [])
    assert (again["goal_reached"], again[move.id_key], again.details["decision"]) == (True, None, None)
    assert again["diff"]["before"] == again["diff"]["after"]
    assert again[move.subject_key]["before"] == again[move.subject_key]["after"] == move.shown(2)
    assert (len(booked(move)), arrived(move)) == (1, 1)


@each_step
def test_a_step_is_executed_each_time(pay, booked, move) -> None:
    assert [pay(move)["outcome"] for dummy in range(2)] == ["executed"] * 2
    assert [entry["amount"] for entry in booked(move)] == [move.amount] * 2


@each_move
def test_at_most_is_never_exceeded(pay, booked, posted, move) -> None:
    less = str(Decimal(move.amount) * Decimal("0.99"))
    shown = f"{Decimal(less).normalize():f}"
    option = move.step or next(name for name in ("max_ltv", "min_ltv", "ensure") if name in move.options)
    sentence = f"{option} '{move.options[option]}' needs {move.named}, more than at_most '{shown}': raise at_most, or request less."
    for check in (True, False):
        run = pay(move, at_most=less, check=check)
        assert run["msg"] == sentence
        assert (run.failed, run["changed"], run["outcome"], run["failure"]) == (True, False, "not_executed", None)
        assert (run[move.subject_key], run.details["decision"]) == ({"before": move.shown(0), "after": None}, move.arithmetic)
    assert (booked(move), posted()) == ([], [])
    assert pay(move, at_most=move.amount)["outcome"] == "executed"


@each_goal
def test_with_allow_partial_at_most_is_moved_up_to(pay, booked, move) -> None:
    cap = "100" if move is ENSURE else "0.005"
    for check in (True, False):
        run = pay(move, at_most=cap, allow_partial=True, check=check)
        assert (run.failed, run["changed"], run["amount"], run["goal_reached"]) == (False, True, cap, False)
        assert f"more than at_most '{cap}'" in run["msg"]
    assert [entry["amount"] for entry in booked(move)] == [cap]


@each_step
def test_a_step_is_never_executed_in_part(pay, sandbox, move) -> None:
    run = pay(move, allow_partial=True)
    goals = "ensure" if move.is_transfer else "max_ltv or min_ltv"
    assert run["msg"] == (
        f"allow_partial 'true' has no effect on {move.step}, which is never moved in part: omit allow_partial, or set {goals}."
    )
    assert (run.failed, run["outcome"], sandbox.requests()["counts"]) == (True, "not_executed", {})


@pytest.mark.parametrize("move", [LEGACY_ADD, ACCOUNT_ADD, ACCOUNT_MAX_LTV, TO_UNIFIED], ids=lambda move: move.name)
def test_a_wallet_that_holds_too_little_is_refused_before_sending(pay, sandbox, posted, booked, move) -> None:
    sandbox.control("POST", "wallet", {"coin": move.coin, "balance": "0.005"})
    asked = f"{move.step} '{move.amount}'" if move.is_step else f"max_ltv '{move.options['max_ltv']}'"
    shortage = f"{asked} needs {move.amount} {move.coin}, but the Funding wallet holds 0.005"
    for check in (True, False):
        run = pay(move, check=check)
        assert run["msg"] == f"{shortage}: top up the Funding wallet, or request less."
        assert (run["outcome"], run["failure"], posted(), booked(move)) == ("not_executed", None, [], [])
    if not move.is_step:
        run = pay(move, allow_partial=True)
        assert (run["outcome"], run["amount"], run["goal_reached"]) == ("executed", "0.005", False)
        assert f"The goal is not reached: {shortage}." in run["msg"]


@pytest.mark.parametrize("move", [TO_FUND, ENSURE], ids=lambda move: move.name)
def test_more_than_unified_can_transfer_is_refused_before_sending(pay, sandbox, posted, booked, move) -> None:
    sandbox.control("POST", "wallet", {"accountType": "UNIFIED", "coin": "USDT", "balance": "70.5"})
    asked = "amount '500'" if move is TO_FUND else "ensure '10500'"
    shortage = f"{asked} needs 500 USDT, but the transferable balance of the UNIFIED wallet is 70.5"
    for check in (True, False):
        run = pay(move, check=check)
        assert run["msg"] == f"{shortage}: top up the UNIFIED wallet, or request less."
        assert (run["outcome"], run["failure"], posted(), booked(move)) == ("not_executed", None, [], [])
    if move is ENSURE:
        run = pay(move, allow_partial=True)
        assert (run["outcome"], run["amount"], run["goal_reached"], sandbox.account()["wallet"]["USDT"]) == ("executed", "70.5", False, "10070.5")
        again = pay(move, allow_partial=True)
        assert (again["outcome"], again["changed"], again["goal_reached"]) == ("nothing_to_do", False, False)
        assert "Nothing can be moved now, because ensure '10500' needs 429.5 USDT" in again.warnings


@each_move
def test_a_key_that_may_only_read_is_refused(pay, posted, booked, move) -> None:
    right = "Account transfer" if move.is_transfer else "Spot trade"
    sentence = f"api_key is read-only: use another key of this account, with the permission '{right}' (read and write)."
    for check in (True, False):
        run = pay(move, api_key="sandbox-key-readonly", check=check)
        assert (run["msg"], run["outcome"], run["failure"], run["changed"]) == (sentence, "not_executed", None, False)
        assert (run.details["decision"], run[move.subject_key]["before"]) == (move.arithmetic, move.shown(0))
    assert (posted(), booked(move)) == ([], [])


@each_move
def test_without_wait_it_is_pending(pay, spoil, booked, move) -> None:
    spoil(move, processing_ms=60_000)
    run = pay(move, wait=False)
    [entry] = booked(move)
    assert (run.failed, run["changed"], run["outcome"], run[move.id_key]) == (False, True, "pending", entry["id"])
    assert [made["outcome"] for made in run[move.list_key]] == ["pending"]
    assert run["msg"].startswith(f"Bybit accepted the {move.noun} of {move.named} ({move.entry} {entry['id']}).")
    assert "It is pending: the exchange has not reported it as final yet." in run["msg"]


@each_move
def test_whitespace_and_numbers_are_understood(pay, booked, move) -> None:
    """YAML passes such values."""
    name = move.step or next(name for name in ("max_ltv", "min_ltv", "ensure") if name in move.options)
    assert pay(move, **{name: f" {move.options[name]}0 " if "." in move.options[name] else float(move.options[name])})["amount"] == move.amount
    assert [entry["amount"] for entry in booked(move)] == [move.amount]

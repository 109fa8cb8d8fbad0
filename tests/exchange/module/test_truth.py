# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a run never contradicts the exchange's ledger, whatever goes wrong."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

REPAY = {"method": "POST", "path": "/v5/crypto-loan/repay"}
HISTORY = {"method": "GET", "path": "/v5/crypto-loan/repayment-history"}
ORDERS = {"method": "GET", "path": "/v5/crypto-loan/ongoing-orders"}
BLOCKED = {"http_status": 403, "body": "access too frequent"}

# Faults by name, and the outcome of the first run.
SCHEDULES: dict[str, tuple[list[dict], str]] = {
    "nothing": ([], "executed"),
    "refused": ([{**REPAY, "answer": {"ret_code": 177011}}], "not_executed"),
    "refused-by-the-clock": ([{**REPAY, "answer": {"ret_code": 10002}}], "executed"),
    "refused-by-the-limit": ([{**REPAY, "answer": {"ret_code": 10006}}], "executed"),
    "reset-before": ([{**REPAY, "answer": "reset", "commit": False}], "not_executed"),
    "reset-after": ([{**REPAY, "answer": "reset"}], "executed"),
    "truncated": ([{**REPAY, "answer": "truncate"}], "executed"),
    "late-history": ([{**REPAY, "answer": "html_502", "history_delay_ms": 800}], "executed"),
    "late-debt": ([{**REPAY, "answer": "close", "debt_delay_ms": 3000}], "executed"),
    "late-packet": ([{**REPAY, "answer": "html_502", "arrive_after_ms": 250}], "executed"),
    "too-late-packet": ([{**REPAY, "answer": "close", "arrive_after_ms": 1200}], "not_executed"),
    "says-busy-but-pays": ([{**REPAY, "answer": {"ret_code": 177002}, "commit": True}], "executed"),
    "processing-to-success": ([{**REPAY, "processing_ms": 300}], "executed"),
    "hidden": ([{**REPAY, "history_delay_ms": 4000}], "pending"),
    "lost-and-hidden": ([{**REPAY, "answer": "reset", "history_delay_ms": 4000}], "unknown"),
    "blind-afterwards": ([{**REPAY, "answer": "reset"}, {**HISTORY, "skip": 1, "times": 20, "answer": "close"}], "unknown"),
    "blocked-afterwards": ([{**REPAY, "answer": "reset"}, {**HISTORY, "skip": 1, "answer": BLOCKED}], "unknown"),
    "no-look-at-the-end": ([{**ORDERS, "skip": 1, "answer": "close"}], "executed"),
}


@pytest.fixture
def window_ms() -> int:
    """Shorter than elsewhere, because many runs in this file wait for its end."""
    return 500


@pytest.fixture
def agree(sandbox, posts, remembered):
    """Compare a result with the ledger."""
    old = {entry["repay_id"] for entry in sandbox.account()["repayments"]}
    debt = Decimal(sandbox.loan()["debt"])

    def check(run) -> None:
        new = {entry["repay_id"]: entry for entry in sandbox.repayments() if entry["repay_id"] not in old}
        outcome, entry = run["outcome"], new.get(run["repay_id"])
        assert run["changed"] == (outcome in ("executed", "pending"))
        assert run.failed == (outcome in ("not_executed", "unknown")) == (run.exit_code == 1)
        assert (run.details["intent"] is not None) == (outcome == "unknown")
        if run["changed"]:
            assert (entry["amount"], entry["status"]) == (run["amount"], 1 if outcome == "executed" else entry["status"])
            assert entry["status"] in (1, 2)
            assert abs(entry["time"] - run.details["sent_at_ms"]) < 1500
        elif outcome == "not_executed":
            assert [e for e in new.values() if e["status"] != 3] == []
            assert run["repay_id"] is None or entry["status"] == 3
        elif outcome == "unknown":
            assert run["repay_id"] is None
            assert run.details["intent"] in [intent["intent"] for intent in remembered()]
        else:
            assert (run["amount"], run["repay_id"]) == ("0", None)
        if outcome == "executed" and run["loan"]["after"] and run["loan"]["after"]["debt"] != str(debt):
            assert run["loan"]["after"]["debt"] == sandbox.loan()["debt"]
        settled = [e for e in new.values() if e["status"] == 1]
        assert debt - Decimal(sandbox.loan()["debt"]) == sum(Decimal(e["amount"]) for e in settled)

    return check


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_run_and_its_successors_agree_with_the_ledger(repay, sandbox, agree, until, name: str) -> None:
    faults, outcome = SCHEDULES[name]
    margin = 1 if name == "late-history" else 0
    if faults:
        sandbox.control("POST", "faults", faults)
    run = repay(wait_timeout=5 if margin else 2, settle_margin=margin)
    assert run["outcome"] == outcome
    agree(run)
    for dummy in range(5):
        if not run.failed:
            break
        sandbox.control("DELETE", "faults")
        run = repay(wait_timeout=4)
        agree(run)
    until(lambda: not sandbox.state()["waiting"])
    assert (run["changed"], run["amount"]) == (True, "100")
    live = [entry for entry in sandbox.repayments() if entry["origin"] == "api" and entry["status"] != 3]
    assert [(entry["amount"], entry["repay_id"]) for entry in live] == [("100", run["repay_id"])]
    assert sandbox.loan()["debt"] == "900.4"


@pytest.mark.parametrize("name", ["reset-before", "late-packet", "hidden"])
def test_a_goal_with_since_and_its_successors_agree_with_the_ledger(repay, sandbox, name: str) -> None:
    faults, outcome = SCHEDULES[name]
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    sandbox.control("POST", "repay", {"orderId": "1794267532472646144", "amount": "40"})
    sandbox.control("POST", "faults", faults)
    options = {"since": since, "wait_timeout": 2, "settle_margin": 1 if name == "hidden" else 0}
    for dummy in range(5):
        run = repay(**options)
        if run["outcome"] == "nothing_to_do":
            break
        assert run["amount"] == "60"
        assert run["outcome"] in (outcome, "executed", "unknown")
    assert (run["outcome"], run["amount"], run["repay_id"], run["changed"]) == ("nothing_to_do", "0", None, False)
    live = [entry for entry in sandbox.repayments() if entry["origin"] == "api" and entry["status"] != 3]
    assert ([entry["amount"] for entry in live], sandbox.loan()["debt"]) == (["60"], "900.4")


@pytest.mark.parametrize(("answer", "outcome"), [("normal", "pending"), ("close", "unknown")])
def test_a_failure_that_is_not_shown_is_never_reported_as_executed(repay, sandbox, posts, noted, answer: str, outcome: str) -> None:
    """The history of legacy loans does not show failures, so a goal pays again only after the user acknowledges it."""
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    sandbox.fault(answer=answer, processing_ms=300, final_status=3)
    assert repay(since=since, wait_timeout=2)["outcome"] == outcome
    for dummy in range(2):
        run = repay(since=since, wait_timeout=2)
        assert (run.failed, run["changed"], run["outcome"], posts()) == (True, False, "unknown", 1)
    [intent] = noted()
    assert run.details["intent"] == intent["intent"]
    assert repay(since=since, wait_timeout=2, acknowledge=run.details["intent"])["outcome"] == "nothing_to_do"
    assert (repay(since=since)["outcome"], repay(since=since)["outcome"], posts()) == ("executed", "nothing_to_do", 2)
    assert sandbox.loan()["debt"] == "900.4"

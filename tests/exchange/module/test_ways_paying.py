# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each way to repay of each product: what is sent, paid, and reported, and what check mode predicts."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from ways import FIXED, FIXED_SWEEP, FLEXIBLE, LEGACY, WAYS

each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
each_with_an_amount = pytest.mark.parametrize("way", [way for way in WAYS if not way.is_whole], ids=lambda way: way.name)


def refusal(code: int) -> dict:
    return {"answer": {"ret_code": code}}


@each_way
def test_a_repayment_is_executed_and_reported(pay, sandbox, ledger, remembered, way) -> None:
    before = sandbox.account()
    run = pay(way)
    [entry] = ledger()
    after = sandbox.account()
    assert (way.is_entry(entry), entry["amount"], entry["status"], entry["origin"]) == (True, way.amount, 1, "api")
    assert (way.debt(before), way.debt(after)) == (way.before, way.after)
    # Either the wallet or the collateral pays, and nothing else changes.
    taken = {n: Decimal(before["wallet"][n]) - Decimal(after["wallet"][n]) for n in before["wallet"]}
    assert {n: amount for n, amount in taken.items() if amount} == ({} if way.sold else {way.coin: Decimal(way.amount)})
    sold = {n: Decimal(before["collateral"][n]) - Decimal(after["collateral"][n]) for n in before["collateral"]}
    assert {n: str(amount) for n, amount in sold.items() if amount} == way.sold
    assert (run.exit_code, run.failed, run["changed"], run["outcome"]) == (0, False, True, "executed")
    assert {name: run[name] for name in way.ids} == way.ids
    assert (run["amount"], run["repay_id"]) == (way.amount, entry["repay_id"])
    [repayment] = run["repayments"]
    assert {**repayment, "intent": len(repayment["intent"])} == {
        "intent": 36,
        "move": "repay",
        "amount": way.amount,
        "coin": way.coin,
        "outcome": "executed",
        "repay_id": entry["repay_id"],
        "sent_at_ms": run.details["sent_at_ms"],
    }
    assert (run.details["recovered"], run.details["inferred"]) == (False, bool(way.sold))
    assert (run.details["intent"], run.details["earlier"], run.details["since"], run.details["dust"]) == (None, [], None, "0")
    assert (run.details["decision"], run["goal_reached"]) == (f"debt {way.before} → {way.after}, pay {way.amount}", True)
    assert [run["loan"][when]["debt"] for when in ("before", "after")] == [way.before, way.after]
    known = " the exchange returned no ID for it, but its history shows it"
    assert run["msg"] == (
        f"Repaid {way.amount} {way.coin} on {way.label} (repayment {entry['repay_id']}){f':{known}' if way.sold else ''}. "
        f"Debt before: {way.before}, now: {way.after}."
    )
    assert ("diff" in run.result, run.warnings, remembered()) == (False, "", [])


@each_way
def test_only_the_documented_calls_are_sent(pay, sandbox, calls, way) -> None:
    run = pay(way)
    [request] = [r for r in sandbox.requests()["requests"] if r["method"] == "POST"]
    assert (request["path"], request["body"]) == (way.path, way.body)
    loan = {"legacy": "ongoing-orders", "flexible": "ongoing-coin", "fixed": "borrow-contract-info"}[way.name.partition("-")[0]]
    # The paying wallet or the pledged collateral is read first.
    money = "GET position" if way.sold else "GET query-account-coin-balance"
    looks = ["GET query-api", f"GET {loan}", "GET loanable-data", "GET repayment-history", money]
    # Without an ID in the answer, history and debt show it as soon as the exchange's clock has certainly moved on.
    looked = (run.details["evidence"] or {"reads": 0})["reads"]
    found = ["GET repayment-history", f"GET {loan}"] * looked if way.sold else ["GET repayment-history"]
    assert calls() == [*looks, f"POST {way.path.rpartition('/')[2]}", *found, f"GET {loan}"]
    assert looked in ((1, 2) if way.sold else (0,))


@each_way
def test_check_mode_predicts_it_and_sends_nothing(pay, sandbox, ledger, journal, way) -> None:
    foreseen = pay(way, check=True, diff=True)
    assert (foreseen.failed, foreseen["changed"], foreseen["outcome"]) == (False, True, "planned")
    assert (foreseen["amount"], foreseen["repay_id"], foreseen.details["sent_at_ms"]) == (way.amount, None, None)
    assert (foreseen["repayments"], foreseen.details["inferred"]) == ([], False)
    assert foreseen["msg"] == (
        f"Would repay {way.amount} {way.coin} on {way.label}: debt {way.before} → {way.after}, pay {way.amount}."
    )
    assert (ledger(), journal.parent.exists()) == ([], False)
    assert [r for r in sandbox.requests()["requests"] if r["method"] != "GET"] == []
    real = pay(way, diff=True)
    assert [foreseen.details[n] for n in ("decision", "dust")] == [real.details[n] for n in ("decision", "dust")]
    assert foreseen["goal_reached"] == real["goal_reached"]
    # The LTV of a legacy loan is calculated from one that the exchange rounded.
    for run in (foreseen, real):
        run["loan"]["after"]["ltv"] = None
        run["diff"]["after"] = run["diff"]["after"].partition("LTV")[0]
    assert (foreseen["loan"], foreseen["diff"]) == (real["loan"], real["diff"])


@each_way
def test_diff_shows_the_debt_under_its_arithmetic(pay, way) -> None:
    shown = pay(way, diff=True)["diff"]
    ltv = {"before": " LTV 0.4168", "after": " LTV 0.3752"} if way is LEGACY else {"before": "", "after": ""}
    assert shown == {
        "before_header": way.label,
        "after_header": f"debt {way.before} → {way.after}, pay {way.amount}",
        "before": shown["before"],
        "after": shown["after"],
    }
    for side, debt in (("before", way.before), ("after", way.after)):
        assert " ".join(shown[side].split()) == f"debt {debt} {way.coin}{ltv[side]}"


@each_with_an_amount
def test_since_is_reached_once(pay, ledger, way) -> None:
    since = {"since": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d") + "T00:00:00Z"}
    first = pay(way, **since)
    again = pay(way, **since, diff=True)
    assert (first.details["since"]["repaid"], first.details["since"]["missing"], first["changed"]) == ("0", way.amount, True)
    assert (again["outcome"], again["changed"], again["amount"], again["repayments"]) == ("nothing_to_do", False, "0", [])
    assert (again.details["since"]["repaid"], again.details["since"]["missing"]) == (way.amount, "0")
    assert f"{way.amount} {way.coin} has been repaid on {way.label} since " in again["msg"]
    assert again["diff"]["before"] == again["diff"]["after"]
    more = pay(way, **since, amount=str(Decimal(way.amount) * 3 / 2))
    assert Decimal(more.details["since"]["missing"]) == Decimal(more["amount"]) == Decimal(way.amount) / 2
    assert [entry["amount"] for entry in ledger()] == [way.amount, more["amount"]]


@pytest.mark.parametrize("way", [FIXED, FIXED_SWEEP], ids=lambda way: way.name)
def test_a_second_run_finds_a_whole_contract_repaid(pay, ledger, sent, way) -> None:
    pay(way)
    again = pay(way)
    assert (again["outcome"], again["changed"], again["amount"]) == ("nothing_to_do", False, "0")
    assert again["msg"] == f"{way.label[:1].upper()}{way.label[1:]} is already fully repaid: nothing to repay."
    assert (len(ledger()), sent(way)) == (1, 1)


@each_way
def test_a_repayment_that_the_exchange_refuses_is_not_executed(pay, spoil, sandbox, ledger, remembered, sent, way) -> None:
    code = 177006 if way is LEGACY else 148031
    spoil(way, **refusal(code))
    run = pay(way)
    assert (run.failed, run.exit_code, run["changed"], run["outcome"]) == (True, 1, False, "not_executed")
    assert (run["failure"]["ret_code"], run["failure"]["outcome"], run["repayments"]) == (code, "not_executed", [])
    assert run["msg"].startswith(f"The repayment of {way.amount} {way.coin} on {way.label} was not made: ")
    assert f"(retCode {code}" in run["msg"]
    assert (ledger(), remembered(), sent(way), way.debt(sandbox.account())) == ([], [], 1, way.before)


@each_way
def test_a_key_that_may_only_read_is_refused(pay, ledger, way) -> None:
    run = pay(way, api_key="sandbox-key-readonly")
    assert (run["outcome"], run["failure"], ledger()) == ("not_executed", None, [])
    assert run["msg"].startswith("api_key is read-only: ")
    assert pay(way, api_key="sandbox-key-readonly", check=True)["msg"] == run["msg"]


@each_way
def test_a_timestamp_that_is_refused_is_corrected_once(pay, spoil, ledger, sent, way) -> None:
    spoil(way, **refusal(10002))
    run = pay(way)
    assert (run["outcome"], run.details["recovered"], run.details["gate_retries"]["clock_syncs"]) == ("executed", False, 1)
    assert (len(ledger()), sent(way)) == (1, 2)


# One after the other, because an equal repayment by another process during the pause would be a doubt.
@each_way
def test_the_rate_limit_is_waited_for(pay, spoil, ledger, sent, way) -> None:
    spoil(way, **refusal(10006))
    run = pay(way)
    assert (run["outcome"], run.details["gate_retries"]["rate_limits"]) == ("executed", 1)
    assert (len(ledger()), sent(way)) == (1, 2)


@each_way
def test_a_loan_that_somebody_else_closed_meanwhile_is_no_error(begin_way, sandbox, spoil, until, sent, ledger, way) -> None:
    spoil(way, delay_ms=250)
    process = begin_way(way)
    until(lambda: sent(way))
    # The rest is smaller than the coin's smallest amount.
    all_of_it = way.before[:-4] if way is FLEXIBLE else way.before
    if way is LEGACY:
        done = {"orderId": way.ids["order_id"], "amount": all_of_it}
    elif way.path.startswith("/v5/crypto-loan-flexible"):
        done = {"product": "flexible", "loanCurrency": way.coin, "amount": all_of_it}
    else:
        done = {"product": "fixed", "loanId": way.ids["loan_id"] or "571"}
    sandbox.control("POST", "repay", done)
    run = process.end()
    assert (run.failed, run["changed"], run["outcome"], run["repayments"]) == (False, False, "nothing_to_do", [])
    assert f"{way.label[1:]} is already fully repaid: nothing to repay." in run["msg"]
    assert [(entry["origin"], entry["amount"]) for entry in ledger()] == [("app", all_of_it)]


@each_way
def test_a_key_that_may_not_read_the_wallet_leaves_its_balance_to_the_exchange(pay, sandbox, ledger, way) -> None:
    sandbox.control("POST", "wallet", {"coin": way.coin, "balance": "0.001"})
    run = pay(way, api_key="sandbox-key-no-wallet")
    if way.sold:
        assert (run["outcome"], len(ledger())) == ("executed", 1)
    else:
        assert (run["outcome"], ledger(), run.warnings) == ("not_executed", [], "")
        assert run["failure"]["ret_code"] == (177011 if way is LEGACY else 148029)
        assert "Top up the Funding wallet" in run["msg"]


@each_way
def test_a_wallet_that_holds_too_little_is_refused_before_sending(pay, sandbox, ledger, sent, way) -> None:
    sandbox.control("POST", "wallet", {"coin": way.coin, "balance": "0.001"})
    run = pay(way)
    if way.sold:
        assert (run["outcome"], len(ledger())) == ("executed", 1)
    else:
        assert (run["outcome"], run["failure"], sent(way)) == ("not_executed", None, 0)
        wanted = "The whole debt" if way.is_whole else f"amount '{way.amount}'"
        less = "" if way.is_whole else ", or request less"
        assert run["msg"] == f"{wanted} needs {way.amount} {way.coin}, but the Funding wallet holds 0.001: top up the Funding wallet{less}."

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With fund_from, a run first transfers exactly what the Funding wallet lacks, and reports transfer and repayment separately."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest

_TRANSFER = "/v5/asset/transfer/inter-transfer"
_REPAY = "/v5/crypto-loan/repay"
_WALLETS = ("FUND", "UNIFIED")


@pytest.fixture(autouse=True)
def _short_of_money(sandbox, simulated_time) -> None:
    """The Funding wallet holds 30 USDT, and UNIFIED 500."""
    for wallet, balance in zip(_WALLETS, ("30", "500")):
        sandbox.control("POST", "wallet", {"coin": "USDT", "balance": balance, "accountType": wallet})
    # Times in the ledger are whole seconds.
    simulated_time.pass_by(5)


@pytest.fixture
def held(sandbox) -> t.Callable[[], tuple[str, str]]:
    """Return what both wallets hold."""
    return lambda: (sandbox.account()["wallet"]["USDT"], sandbox.account()["unified"]["USDT"])


@pytest.fixture
def fund(repay) -> t.Callable[..., t.Any]:
    return lambda **options: repay(fund_from="unified", **options)


def _posts(sandbox) -> list[str]:
    return [request["path"] for request in sandbox.requests()["requests"] if request["method"] == "POST"]


def test_the_missing_amount_is_transferred_first(fund, sandbox, held, paid, noted) -> None:
    run = fund(diff=True)
    assert (run.failed, run["changed"], run["outcome"], run["amount"], run["goal_reached"]) == (False, True, "executed", "100", True)
    assert (held(), paid(), _posts(sandbox)) == (("0", "430"), ["100"], [_TRANSFER, _REPAY])
    funding = run["funding"]
    assert (funding["changed"], funding["outcome"], funding["coin"], funding["amount"]) == (True, "executed", "USDT", "70")
    assert [entry["transfer_id"] for entry in funding["transfers"]] == [funding["transfer_id"]] == [funding["transfers"][0]["intent"]]
    assert funding["wallets"] == {
        "before": {"coin": "USDT", "funding": "30", "unified": "500"}, "after": {"coin": "USDT", "funding": "100", "unified": "430"}
    }
    assert run["msg"].startswith(f"Transferred 70 USDT from UNIFIED to FUND in this account (transfer {funding['transfer_id']}). Repaid 100 USDT on loan ")
    assert noted() == []


def test_transfer_and_repayment_have_their_own_journal_entries(fund, run, journal) -> None:
    done = fund()
    trail = run(module="bybit_journal_info", journal=str(journal))["entries"]
    told = [(entry["product"], entry["event"], entry["amount"]) for entry in trail]
    assert [entry for entry in told if entry[1] in ("signed", "executed")] == [
        ("wallets", "signed", "70"), ("legacy", "signed", "100"), ("wallets", "executed", "70"), ("legacy", "executed", "100")
    ]
    assert {entry["intent"] for entry in trail} == {done["funding"]["transfers"][0]["intent"], done["repayments"][0]["intent"]}


def test_nothing_is_transferred_where_the_wallet_holds_enough(fund, sandbox, held) -> None:
    run = fund(amount="30")
    assert (run["funding"], run["outcome"], held(), _posts(sandbox)) == (None, "executed", ("0", "500"), [_REPAY])


def test_without_the_option_a_short_wallet_ends_the_run(repay, sandbox) -> None:
    run = repay()
    assert (run.failed, run["outcome"], run["funding"], _posts(sandbox)) == (True, "not_executed", None, [])
    assert "the Funding wallet holds 30: top up the Funding wallet" in run["msg"]


def test_check_mode_predicts_both(fund, sandbox, held, noted) -> None:
    run = fund(check=True)
    assert (run.failed, run["changed"], run["outcome"], run["amount"]) == (False, True, "planned", "100")
    assert (run["funding"]["outcome"], run["funding"]["amount"], run["funding"]["transfers"]) == ("planned", "70", [])
    assert run["loan"]["after"]["debt"] == "900.4"
    assert (held(), _posts(sandbox), noted()) == (("30", "500"), [], [])
    assert run["msg"].startswith("Would transfer 70 USDT from UNIFIED to FUND in this account: Funding 30 → 100, transfer 70. Would repay 100 USDT on ")


@pytest.mark.parametrize("options", [{"amount": "100"}, {"amount": None, "max_debt": "900.4"}])
def test_the_cap_limits_both(fund, sandbox, held, options: dict) -> None:
    run = fund(**options, at_most="99")
    assert (run.failed, run["changed"], run["outcome"], run["funding"], _posts(sandbox)) == (True, False, "not_executed", None, [])
    assert (held(), "more than at_most '99'" in run["msg"]) == (("30", "500"), True)


def test_allow_partial_pays_what_both_wallets_hold(fund, held, paid) -> None:
    run = fund(amount=None, max_debt="0", allow_partial=True, at_most="800")
    assert (run["outcome"], run["goal_reached"], run["funding"]["amount"], paid()) == ("executed", False, "500", ["530"])
    assert held() == ("0", "0")


def test_a_unified_wallet_that_holds_too_little_is_refused(fund, sandbox, held) -> None:
    run = fund(amount="600")
    assert (run.failed, run["changed"], run["outcome"], _posts(sandbox)) == (True, False, "not_executed", [])
    assert run["msg"] == (
        "The Funding wallet could not be topped up from UNIFIED: ensure '600' needs 570 USDT, but the transferable balance of the UNIFIED wallet is 500: "
        "top up the UNIFIED wallet, or request less. Nothing was repaid."
    )
    assert held() == ("30", "500")


def test_a_key_that_may_not_transfer_is_refused(fund, sandbox) -> None:
    run = fund(api_key="sandbox-key-no-transfer")
    assert (run.failed, run["changed"], run["outcome"], _posts(sandbox)) == (True, False, "not_executed", [])
    assert "api_key lacks the permission 'Account transfer'" in run["msg"]


def test_a_refused_repayment_still_reports_its_transfer(fund, sandbox, held, paid, noted) -> None:
    sandbox.control("POST", "faults", {"method": "POST", "path": _REPAY, "answer": {"ret_code": 177012}, "commit": False})
    run = fund()
    assert (run.failed, run["changed"], run["outcome"], run["repayments"]) == (True, True, "not_executed", [])
    assert (run["funding"]["outcome"], run["funding"]["amount"], held(), paid()) == ("executed", "70", ("100", "430"), [])
    assert run["msg"].startswith("Transferred 70 USDT from UNIFIED to FUND in this account")
    assert "The repayment of 100 USDT on loan" in run["msg"] and "was not made" in run["msg"]
    again = fund()
    assert (again["outcome"], again["funding"], held(), paid(), noted()) == ("executed", None, ("0", "430"), ["100"], [])


@pytest.mark.parametrize("is_executed", [True, False])
def test_a_transfer_whose_answer_is_lost_is_found(fund, sandbox, held, paid, noted, is_executed: bool) -> None:
    sandbox.control("POST", "faults", {"method": "POST", "path": _TRANSFER, "answer": {"http_status": 503}, "commit": is_executed})
    run = fund()
    if is_executed:
        assert (run["outcome"], run["funding"]["outcome"], held(), paid()) == ("executed", "executed", ("0", "430"), ["100"])
    else:
        assert (run.failed, run["changed"], run["outcome"], run["funding"]["outcome"]) == (True, False, "not_executed", "not_executed")
        assert (held(), paid()) == (("30", "500"), [])
    assert noted() == []
    assert _posts(sandbox).count(_TRANSFER) == 1


def test_a_transfer_in_doubt_keeps_the_repayment_back(fund, run_module, sandbox, held, paid, noted) -> None:
    sandbox.control("POST", "faults", {"method": "POST", "path": _TRANSFER, "answer": {"http_status": 503}, "commit": True})
    unreadable = {"method": "GET", "path": "/v5/asset/transfer/query-inter-transfer-list", "answer": {"http_status": 503}, "skip": 1, "times": 0}
    sandbox.control("POST", "faults", unreadable)
    run = fund(wait_timeout=5)
    assert (run.failed, run["changed"], run["outcome"], run.details["intent"], paid()) == (True, False, "unknown", None, [])
    intent = run["msg"].partition("acknowledge: '")[2].partition("'")[0]
    assert "Nothing was repaid. To acknowledge the transfer, run bybit_funding_transfer with coin 'USDT' and acknowledge." in run["msg"]
    # The wallet holds enough for this. While the transfer is in doubt, nothing that needs another one may be sent.
    assert (fund()["outcome"], held(), paid()) == ("executed", ("0", "430"), ["100"])
    assert (fund(wait_timeout=5)["outcome"], held(), paid()) == ("unknown", ("0", "430"), ["100"])
    sandbox.control("DELETE", "faults")
    known = run_module("bybit_funding_transfer", coin="USDT", ensure="1", settle_margin=0)
    assert (known.failed, known.details["earlier"][0]["intent"], held(), noted()) == (False, intent, ("1", "429"), [])


def test_the_run_after_one_killed_between_both_transfers_nothing_again(begin, fund, sandbox, until, held, paid, noted) -> None:
    sandbox.control("POST", "faults", {"method": "POST", "path": _REPAY, "answer": "close", "delay_answer_ms": 1500, "commit": False})
    process = begin(fund_from="unified")
    until(lambda: _REPAY in _posts(sandbox))
    process.kill()
    run = fund()
    assert (run["outcome"], held(), paid()) == ("executed", ("0", "430"), ["100"])
    assert _posts(sandbox).count(_TRANSFER) == 1
    # The next run that needs a transfer reports the first one.
    [left] = noted()
    more = fund(amount="10")
    assert (more["outcome"], more["funding"]["transfers"][0]["amount"], noted()) == ("executed", "10", [])
    assert f"An earlier run began a transfer of {left['amount']} USDT" in more.warnings


def test_two_loans_of_one_coin_at_once_are_both_repaid(begin, sandbox, held, names) -> None:
    runs = [begin(fund_from="unified", order_id=order_id).end for order_id in (names.loan, names.overdue)]
    ended = [end() for end in runs]
    assert [run["outcome"] for run in ended] == ["executed", "executed"]
    assert sum(Decimal(run["funding"]["amount"]) for run in ended if run["funding"]) == 170
    assert held() == ("0", "330")


def test_collateral_needs_no_funding(run_module) -> None:
    run = run_module("bybit_flexible_loan_repay", loan_currency="BTC", amount="0.001", collateral=["ETH"], fund_from="unified")
    assert (run.failed, run["changed"]) == (True, False)
    assert run["msg"].startswith("fund_from 'unified' cannot be combined with collateral") and run["msg"].endswith("omit one of them.")

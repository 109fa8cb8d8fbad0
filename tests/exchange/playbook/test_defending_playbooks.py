# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks that keep the Funding wallet filled and loans away from liquidation, and their entries in the ledger."""

from __future__ import annotations

import re
import subprocess
from decimal import Decimal

import pytest

ACCOUNT = ("-e", "currency=BTC", "-e", "loan_currency=USDT")
SOL_LOAN = ("-e", "order_id=1794288290015682560")
LIMITS = ("-e", "trigger_ltv=0.5", "-e", "max_ltv=0.4")
ADJUST = "/v5/crypto-loan-common/adjust-ltv"


def posts(sandbox) -> list[str]:
    """Return the last path segment of each call that moves money, in order."""
    return [entry["path"].rpartition("/")[2] for entry in sandbox.requests()["requests"] if entry["method"] == "POST"]


def changed(ended: subprocess.CompletedProcess) -> int:
    assert ended.returncode == 0, ended.stdout
    return len(re.findall(r"^changed: \[localhost\]", ended.stdout, re.MULTILINE))


def ltv_of(sandbox, which: tuple[str, ...]) -> Decimal:
    account = sandbox.account()
    return Decimal(account["ltv"] if which == ACCOUNT else next(loan["ltv"] for loan in account["loans"] if loan["collateral_coin"] == "SOL"))


@pytest.mark.parametrize("which", [ACCOUNT, SOL_LOAN], ids=["account", "legacy"])
def test_defend_checks_then_adds_then_repays_and_a_second_time_changes_nothing(play, sandbox, which) -> None:
    options = ("treasury.bybit.defend", *which, *LIMITS, "-e", "at_most_added=0.05", "--diff")
    checked = play(*options, "--check")
    # In check mode, each task plans without the effect of the other.
    assert changed(checked) == 2
    assert [word in checked.stdout for word in ("Would add 0.05 ", "Would repay ")] == [True, True]
    assert posts(sandbox) == []
    assert changed(play(*options)) == 2
    assert posts(sandbox) == ["adjust-ltv", "repay"]
    assert Decimal("0.399") < ltv_of(sandbox, which) <= Decimal("0.4")
    assert changed(play(*options)) == 0
    assert len(posts(sandbox)) == 2


def test_defend_adds_only_as_much_as_is_needed_and_then_repays_nothing(play, sandbox) -> None:
    assert changed(play("treasury.bybit.defend", *ACCOUNT, *LIMITS)) == 1
    assert posts(sandbox) == ["adjust-ltv"]
    assert Decimal("0.3999") < ltv_of(sandbox, ACCOUNT) <= Decimal("0.4")


def test_defend_repays_all_when_the_wallet_holds_no_collateral(play, sandbox) -> None:
    sandbox.control("POST", "wallet", {"coin": "BTC", "balance": "0"})
    assert changed(play("treasury.bybit.defend", *ACCOUNT, *LIMITS)) == 1
    assert posts(sandbox) == ["repay"]


def test_defend_repays_when_the_exchange_accepts_no_more_collateral(play, sandbox) -> None:
    sandbox.control("POST", "col_res", {"col_res": 2})
    ended = play("treasury.bybit.defend", *ACCOUNT, *LIMITS)
    assert changed(ended) == 1
    assert "The exchange accepts no more BTC as collateral at the moment" in ended.stdout
    assert posts(sandbox) == ["repay"]
    assert Decimal("0.3999") < ltv_of(sandbox, ACCOUNT) <= Decimal("0.4")


@pytest.mark.parametrize("commit", [True, False])
def test_defend_repays_nothing_while_it_is_unknown_whether_the_collateral_arrived(play, sandbox, commit: bool) -> None:
    """A repayment must not replace collateral whose arrival is unknown, whether it arrived or not."""
    late = {"history_delay_ms": 3000, "debt_delay_ms": 3000} if commit else {}
    sandbox.fault(path=ADJUST, answer="reset", commit=commit, **late)
    options = ("treasury.bybit.defend", *ACCOUNT, "-e", "trigger_ltv=0.45", "-e", "max_ltv=0.4", "-e", "at_most_added=0.05")
    ended = play(*options, "-e", "wait_timeout=0")
    assert ended.returncode == 2
    assert "Nothing is repaid, because the collateral may still arrive. It is unknown whether" in ended.stdout
    assert posts(sandbox) == ["adjust-ltv"]
    assert changed(play(*options)) == 2
    # The cap limits each run. The second one adds more only after the first one's outcome is known.
    assert posts(sandbox) == ["adjust-ltv", "adjust-ltv", "repay"]
    assert sandbox.account()["collateral"]["BTC"] == ("0.35" if commit else "0.3")
    assert Decimal("0.3999") < ltv_of(sandbox, ACCOUNT) <= Decimal("0.4")


def test_defend_repays_nothing_before_the_collateral_is_final(play, sandbox) -> None:
    sandbox.fault(path=ADJUST, processing_ms=3_600_000)
    options = ("treasury.bybit.defend", *ACCOUNT, *LIMITS, "-e", "at_most_added=0.05", "-e", "wait=false")
    ended = play(*options)
    assert ended.returncode == 2
    assert "Nothing is repaid, because the collateral may still arrive." in ended.stdout
    assert posts(sandbox) == ["adjust-ltv"]


def test_defend_takes_what_the_wallet_lacks_for_the_repayment_from_unified(play, sandbox) -> None:
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "10"})
    assert changed(play("treasury.bybit.defend", *ACCOUNT, *LIMITS, "-e", "at_most_added=0.05", "-e", "fund_from=unified")) == 2
    assert posts(sandbox) == ["adjust-ltv", "inter-transfer", "repay"]


def test_defend_fails_at_its_end_when_both_are_not_enough(play, sandbox) -> None:
    for coin in ("BTC", "USDT"):
        sandbox.control("POST", "wallet", {"coin": coin, "balance": "0.01"})
    ended = play("treasury.bybit.defend", *ACCOUNT, *LIMITS)
    assert ended.returncode == 2
    assert "The goal is not reached. Added 0.01 BTC" in ended.stdout
    assert posts(sandbox) == ["adjust-ltv", "repay"]


BALANCES = '{"balances": [{"coin": "USDT", "ensure": "10500.25"}, {"coin": "DOGE", "ensure": "1"}, {"coin": "BTC", "ensure": "0.3"}]}'


def test_top_up_checks_then_transfers_and_a_second_time_changes_nothing(play, sandbox) -> None:
    options = ("treasury.bybit.top_up", "-e", BALANCES.replace("DOGE", "SOL"), "--diff")
    checked = play(*options, "--check")
    assert changed(checked) == 2
    assert "Funding 10000 → 10500.25, transfer 500.25" in checked.stdout
    assert posts(sandbox) == []
    assert changed(play(*options)) == 2
    assert {coin: sandbox.account()["wallet"][coin] for coin in ("BTC", "SOL", "USDT")} == {"BTC": "0.3", "SOL": "20", "USDT": "10500.25"}
    assert changed(play(*options)) == 0
    assert posts(sandbox) == ["inter-transfer"] * 2


def test_top_up_transfers_the_others_when_one_is_refused(play, sandbox) -> None:
    ended = play("treasury.bybit.top_up", "-e", BALANCES)
    assert ended.returncode == 2
    assert re.search("The Funding wallet does not hold all that was asked for. .* It is safe to run again.", ended.stdout)
    assert posts(sandbox) == ["inter-transfer"] * 2


def test_top_up_transfers_what_unified_can_transfer_and_fails(play, sandbox) -> None:
    ended = play("treasury.bybit.top_up", "-e", "coin=USDT", "-e", "ensure=50000")
    assert ended.returncode == 2
    assert "but the transferable balance of the UNIFIED wallet is 11999" in ended.stdout
    assert Decimal(sandbox.account()["wallet"]["USDT"]) == 21999


def test_top_up_without_the_permission_says_so_in_one_sentence(play, sandbox) -> None:
    keys = ("-e", "bybit_api_key=sandbox-key-no-transfer", "-e", "bybit_api_secret=sandbox-secret")
    ended = play("treasury.bybit.top_up", "-e", "coin=USDT", "-e", "ensure=12000", *keys)
    assert ended.returncode == 2
    assert "api_key lacks the permission 'Account transfer'" in ended.stdout
    assert posts(sandbox) == []

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state file: what it keeps across restarts, and how an invalid one is refused."""

from __future__ import annotations

import json
import os
import signal
from decimal import Decimal
from pathlib import Path

import pytest
from processes import wait_until_gone

HOUR = 3600 * 1000


def test_the_state_survives_a_kill_right_after_the_answer(start, names, tmp_path):
    state = str(tmp_path / "state.json")
    found = start("--state", state, "--quiet")
    client = names.client(found.url)
    repay_id = client.repay(names.loan, "250.4").result["repayId"]
    os.kill(found.pid, signal.SIGKILL)
    wait_until_gone(found.pid, 3)
    assert Path(state).stat().st_mode & 0o777 == 0o600

    second = start("--state", state, name="second")
    client = names.client(second.url)
    assert client.listed("repayment-history", f"repayId={repay_id}")[0]["repayAmount"] == "250.4"
    assert client.loan()["debt"] == "750" and client.balance() == Decimal("9749.6")
    assert int(client.repay(names.loan, "1").result["repayId"]) > int(repay_id)


def test_the_state_file_keeps_everything(start, cli, names, tmp_path):
    state = str(tmp_path / "state.json")
    found = start("--state", state)
    client = names.client(found.url)
    client.control("POST", "prices", {"BTC": "55000"})
    client.control("POST", "wallet", {"coin": "XRP", "balance": "1.25"})
    client.fault(processing_ms=60_000, debt_delay_ms=60_000, history_delay_ms=1000)
    client.repay(names.loan, "10")
    client.clock(advance_ms=2 * HOUR)
    before = client.state()
    cli("stop", "--run-dir", found.run_dir)
    after = names.client(start("--state", state, name="second").url).state()
    assert after["accounts"] == before["accounts"] and after["prices"] == before["prices"]
    assert after["clock"] == before["clock"]


def test_transfers_and_adjustments_continue_after_a_restart(start, cli, names, tmp_path):
    state = str(tmp_path / "state.json")
    found = start("--state", state)
    client = names.client(found.url)
    client.control("POST", "col_res", {"col_res": 1})
    posts = {
        "/v5/crypto-loan/adjust-ltv": {"orderId": names.loan, "amount": "0.01", "direction": "0"},
        "/v5/crypto-loan-common/adjust-ltv": {"currency": "BTC", "amount": "0.02", "direction": "0"},
        "/v5/asset/transfer/inter-transfer": {
            "transferId": "42c0cfb0-6bca-c242-bc76-4e6df6cbab16", "coin": "USDT", "amount": "9", "fromAccountType": "UNIFIED",
            "toAccountType": "FUND",
        },
    }
    client.clock(freeze=True)
    for path, body in posts.items():
        client.control("POST", "faults", {"path": path, "processing_ms": 60_000, "wallet_delay_ms": 60_000})
        assert client.signed("POST", path, body=json.dumps(body)).code == 0
    before = client.state()
    cli("stop", "--run-dir", found.run_dir)
    client = names.client(start("--state", state, name="second").url)
    assert client.state()["accounts"] == before["accounts"] and client.state()["col_res"] == 1
    client.clock(advance_ms=60_000)
    account = client.account()
    assert (account["collateral"]["BTC"], client.loan()["collateral"], account["wallet"]["USDT"]) == ("0.27", "0.05", "10009")
    assert account["unified"]["USDT"] == "11990" and account["transfers"][0]["status"] == 1


def test_a_moved_clock_is_kept_although_the_ledger_is_unchanged(start, cli, names, tmp_path):
    state = str(tmp_path / "state.json")
    found = start("--state", state)
    frozen = names.client(found.url).clock(freeze=True)
    cli("stop", "--run-dir", found.run_dir)
    assert names.client(start("--state", state, name="second").url).state()["server_time"] == frozen


def test_interest_accrues_while_the_process_is_down(start, cli, names, tmp_path):
    state = str(tmp_path / "state.json")
    found = start("--state", state)
    assert names.client(found.url).loan()["interest"] == "0.4"
    cli("stop", "--run-dir", found.run_dir)
    second = start("--state", state, "--clock-offset-ms", str(3 * HOUR), name="second")
    assert names.client(second.url).loan()["interest"] == "0.4271038"


def test_an_rsa_key_is_added_to_a_saved_ledger(start, cli, names, tmp_path, rsa_keys):
    state = str(tmp_path / "state.json")
    cli("stop", "--run-dir", start("--state", state).run_dir)
    second = start("--state", state, "--rsa-public-key", str(rsa_keys.public_path), name="second")
    client = names.client(second.url)
    assert client.account()["keys"][-1] == "sandbox-rsa-key"
    client.control("POST", "reset")
    assert client.account()["keys"].count("sandbox-rsa-key") == 1


def test_a_reset_is_kept_in_the_state_file(start, cli, names, tmp_path):
    state = str(tmp_path / "state.json")
    found = start("--state", state)
    client = names.client(found.url)
    client.repay(names.loan, "10")
    client.control("POST", "reset")
    cli("stop", "--run-dir", found.run_dir)
    assert names.client(start("--state", state, name="second").url).loan()["debt"] == "1000.4"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}', '{"format": 1, "ledger": {}, "clock": {}}'])
def test_an_invalid_state_file_is_refused_and_kept(cli, tmp_path, text):
    path = tmp_path / "state.json"
    path.write_text(text)
    done = cli("run", "--port", "0", "--state", str(path))
    assert done.returncode == 2 and "state file" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and path.read_text() == text


def test_an_internal_error_is_answered_with_500(start, names, tmp_path):
    """Removing the state file's folder is the only way to cause an internal error from outside."""
    folder = tmp_path / "kept"
    folder.mkdir()
    client = names.client(start("--state", str(folder / "state.json")).url)
    (folder / "state.json").unlink()
    folder.rmdir()
    answer = client.repay()
    assert answer.status == 500 and "cannot be written" in answer.document["error"]
    assert "Traceback" in (tmp_path / "run" / "log").read_text()
    assert client.raw("GET", "/v5/market/time").status == 500
    folder.mkdir()
    assert client.raw("GET", "/v5/market/time").status == 200

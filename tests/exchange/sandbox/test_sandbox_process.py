# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line, the state file, TLS and the control calls."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

HOUR = 3600 * 1000


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until_gone(pid: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(pid)


def test_start_and_stop(start, cli, names, tmp_path):
    begun = time.monotonic()
    found = start()
    assert time.monotonic() - begun < 3
    assert found.ca_path is None and found.run_dir == str(tmp_path / "run")
    note = json.loads((tmp_path / "run" / "sandbox.json").read_text())
    assert note == {"url": found.url, "pid": found.pid, "run_dir": found.run_dir, "ca_path": None}
    client = names.client(found.url)
    assert client.control("GET", "ping")["pid"] == found.pid
    assert client.repay().code == 0
    log = (tmp_path / "run" / "log").read_text().splitlines()
    assert log[0] == f"Sandbox exchange listening on {found.url}"
    assert log[1] == f"export BYBIT_API_URL={found.url} BYBIT_API_KEY=sandbox-key BYBIT_API_SECRET=sandbox-secret"
    assert log[-1].startswith("repayment ") and log[-1].endswith(f": 100 USDT of order {names.loan}")
    assert json.loads(cli("stop", "--run-dir", found.run_dir).stdout) == {"stopped": True}
    assert not alive(found.pid) and not (tmp_path / "run" / "sandbox.json").exists()
    again = cli("stop", "--run-dir", found.run_dir)
    assert (again.returncode, json.loads(again.stdout)) == (0, {"stopped": False})


def test_starting_twice_gives_the_running_one(start):
    first, second = start(), start()
    assert (first.pid, first.already_running) == (second.pid, False)
    assert second.already_running


def test_stop_spares_a_stranger_with_the_same_process_id(cli, tmp_path):
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        note = {"url": "http://127.0.0.1:9", "pid": stranger.pid, "run_dir": str(tmp_path), "ca_path": None}
        (tmp_path / "sandbox.json").write_text(json.dumps(note))
        done = cli("stop", "--run-dir", str(tmp_path))
        assert (done.returncode, json.loads(done.stdout)) == (0, {"stopped": False})
        assert stranger.poll() is None and not (tmp_path / "sandbox.json").exists()
    finally:
        stranger.kill()
        stranger.wait()


def test_stop_is_quick_with_open_connections_and_delayed_answers(start, cli, names):
    found = start()
    client = names.client(found.url)
    idle = client.connect()
    idle.request("GET", "/v5/market/time")
    idle.getresponse().read()
    client.fault(delay_answer_ms=60_000)
    with pytest.raises(TimeoutError):
        client.repay(timeout=0.1)
    begun = time.monotonic()
    assert json.loads(cli("stop", "--run-dir", found.run_dir).stdout) == {"stopped": True}
    assert time.monotonic() - begun < 2
    idle.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_in_the_foreground_ends_cleanly(names, number):
    process = subprocess.Popen(
        [sys.executable, str(names.launcher), "run", "--port", "0", "--quiet"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    url = process.stdout.readline().removeprefix("Sandbox exchange listening on ").strip()
    assert names.client(url).repay().code == 0
    process.send_signal(number)
    output, errors = process.communicate(timeout=5)
    assert (process.returncode, output, errors) == (0, "", "")


def test_it_goes_on_when_nobody_reads_its_output(names):
    process = subprocess.Popen(
        [sys.executable, str(names.launcher), "run", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    try:
        url = process.stdout.readline().decode().removeprefix("Sandbox exchange listening on ").strip()
        process.stdout.close()
        client = names.client(url)
        assert client.repay().code == 0
        assert client.loan()["debt"] == "900.4"
    finally:
        process.terminate()
        process.wait(5)


def test_lifetime(start):
    found = start("--lifetime", "0.5")
    wait_until_gone(found.pid, 3)


def test_state_survives_a_kill_right_after_the_answer(start, names, tmp_path):
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


def test_state_keeps_everything(start, cli, names, tmp_path):
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


def test_interest_accrues_while_it_was_down(start, cli, names, tmp_path):
    state = str(tmp_path / "state.json")
    found = start("--state", state)
    assert names.client(found.url).loan()["interest"] == "0.4"
    cli("stop", "--run-dir", found.run_dir)
    second = start("--state", state, "--clock-offset-ms", str(3 * HOUR), name="second")
    assert names.client(second.url).loan()["interest"] == "0.4271038"


def test_rsa_key_joins_a_book_that_was_kept(start, cli, names, tmp_path, rsa_keys):
    state = str(tmp_path / "state.json")
    cli("stop", "--run-dir", start("--state", state).run_dir)
    second = start("--state", state, "--rsa-public-key", str(rsa_keys.public_path), name="second")
    client = names.client(second.url)
    assert client.account()["keys"][-1] == "sandbox-rsa-key"
    client.control("POST", "reset")
    assert client.account()["keys"].count("sandbox-rsa-key") == 1


def test_reset_with_a_state_file_is_kept(start, cli, names, tmp_path):
    state = str(tmp_path / "state.json")
    found = start("--state", state)
    client = names.client(found.url)
    client.repay(names.loan, "10")
    client.control("POST", "reset")
    cli("stop", "--run-dir", found.run_dir)
    assert names.client(start("--state", state, name="second").url).loan()["debt"] == "1000.4"


def test_clock_offset(start, names):
    client = names.client(start("--clock-offset-ms", "-90000").url)
    assert client.state()["server_time"] / 1000 == pytest.approx(time.time() - 90, abs=5)
    assert client.repay().code == 10002
    assert client.repay(timestamp=int(time.time() * 1000) - 90_000).code == 0


def test_tls(start, names, roomy_seed):
    found = start("--tls")
    assert found.url.startswith("https://127.0.0.1:") and found.ca_path.endswith("ca.pem")
    log = Path(found.run_dir, "log").read_text(encoding="utf-8")
    assert f"export REQUESTS_CA_BUNDLE={found.ca_path} CURL_CA_BUNDLE={found.ca_path}\n" in log
    client = names.client(found.url, found.ca_path)
    client.control("PUT", "seed", roomy_seed)
    assert client.repay().code == 0
    by_name = names.client(found.url.replace("127.0.0.1", "localhost"), found.ca_path)
    assert by_name.raw("GET", "/v5/market/time").code == 0
    stranger = names.client(found.url)
    stranger.context = ssl.create_default_context()
    with pytest.raises(ssl.SSLCertVerificationError):
        stranger.raw("GET", "/v5/market/time")
    client.fault(answer="close")
    with pytest.raises((http.client.RemoteDisconnected, ssl.SSLEOFError)):
        client.repay()
    client.fault(answer="reset")
    with pytest.raises((ConnectionResetError, ssl.SSLEOFError)):
        client.repay()
    client.fault(answer="truncate")
    with pytest.raises((http.client.IncompleteRead, ssl.SSLEOFError)):
        client.repay()
    assert client.loan()["debt"] == "600.4"


@pytest.mark.parametrize(("arguments", "text"), [
    ([], "required"), (["dance"], "invalid choice"), (["run", "--port", "x"], "invalid port"),
    (["run", "--port", "70000"], "invalid port"), (["run", "--lifetime", "-1"], "invalid number of seconds"),
    (["run", "--colour"], "unrecognized"), (["start"], "--run-dir"), (["run", "--seed", "/nowhere"], "cannot be read"),
    (["run", "--rsa-public-key", "/nowhere"], "cannot be read"), (["run", "--host", "192.0.2.1"], "Cannot listen"),
    (["run", "--port", "0", "--state", "/nowhere/state"], "cannot be written"),
])
def test_bad_arguments(cli, arguments, text):
    done = cli(*arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert text in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_port_in_use(cli, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for command in (["run"], ["start", "--run-dir", str(tmp_path / "run")]):
            done = cli(*command, "--port", port)
            assert done.returncode == 2 and done.stdout == ""
            assert done.stderr.startswith(f"Cannot listen on 127.0.0.1 port {port}: ")
            assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "run" / "sandbox.json").exists()


def test_missing_aiohttp(cli, names, tmp_path):
    (tmp_path / "aiohttp.py").write_text("raise ImportError('not here')\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    for command in (["run"], ["start", "--run-dir", str(tmp_path / "run")]):
        done = cli(*command, env=environment)
        assert done.returncode == 2 and done.stdout == ""
        assert "aiohttp" in done.stderr and "pip install -r" in done.stderr
        assert done.stderr.strip().endswith(str(names.launcher.with_name("requirements.txt")))
        assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}', '{"format": 1, "ledger": {}, "clock": {}}'])
def test_broken_state_file(cli, tmp_path, text):
    path = tmp_path / "state.json"
    path.write_text(text)
    done = cli("run", "--port", "0", "--state", str(path))
    assert done.returncode == 2 and "state file" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and path.read_text() == text


def broken(seed: dict, where: tuple, value: object) -> dict:
    *path, last = where
    part = seed
    for step in path:
        part = part[step]
    part[last] = value
    return seed


@pytest.mark.parametrize(("where", "value", "text"), [
    (("prices", "BTC"), 60000.5, "prices.BTC must be a plain decimal number above zero"),
    (("prices",), {"BTC": "1"}, "prices has no price for"),
    (("colour",), "red", "unknown field 'colour'"),
    (("accounts",), [], "at least one account"),
    (("accounts", 0, "wallet", "DOGE"), "1", "holds DOGE, which has no price"),
    (("accounts", 0, "loans", 0, "loan_coin"), "DOGE", "accounts[0].loans[0].loan_coin must be one of"),
    (("accounts", 0, "loans", 0, "principal"), "0", "accounts[0].loans[0].principal must be"),
    (("accounts", 0, "loans", 0, "borrowed_at"), "yesterday", "must be a time"),
    (("accounts", 0, "loans", 0, "term"), "8", "term must be one of"),
    (("accounts", 0, "loans", 1, "order_id"), "1794267532472646144", "order_id 1794267532472646144 more than once"),
    (("accounts", 0, "repayments", 0, "order_id"), "1", "is not a loan of this account"),
    (("accounts", 0, "keys", 0, "secret"), "", "needs either a secret or an rsa_public_key"),
    (("accounts", 1, "keys", 0, "key"), "sandbox-key", "key sandbox-key more than once"),
    (("settings", "limits", "POST /v5/crypto-loan/borrow"), 1, "which is no call that is served"),
    (("settings", "forgive_dust"), 1, "must be true or false"),
])
def test_broken_seed(sandbox, roomy_seed, where, value, text):
    before = sandbox.state()["accounts"]
    assert text in sandbox.control("PUT", "seed", broken(roomy_seed, where, value), expect=400)["error"]
    assert sandbox.state()["accounts"] == before


def test_broken_seed_file(cli, tmp_path):
    path = tmp_path / "seed.json"
    for text in ("{", "[]", "{}"):
        path.write_text(text)
        done = cli("run", "--port", "0", "--seed", str(path))
        assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1


def test_own_seed(start, names, tmp_path):
    path = tmp_path / "seed.json"
    path.write_text(json.dumps({
        "prices": {"USDT": "1", "BTC": "50000"},
        "loan_coins": {"USDT": {"accuracy": 2, "min": "1", "max": "10"}},
        "collateral_coins": {"BTC": {"accuracy": 8, "initial_ltv": "0.8", "margin_call_ltv": "0.87",
                                     "liquidation_ltv": "0.95", "max_limit": "5"}},
        "accounts": [{"uid": "7", "wallet": {"USDT": "5"}, "keys": [
            {"key": "sandbox-key", "secret": "sandbox-secret", "permissions": ["SpotTrade"]}], "loans": [
            {"order_id": "1", "loan_coin": "USDT", "collateral_coin": "BTC", "principal": "9", "collateral": "0.001",
             "hourly_rate": "0.001", "borrowed_at": "-90m"}]}],
    }))
    client = names.client(start("--seed", str(path)).url)
    assert client.loan("1")["debt"] == "9.009"
    assert client.repay("1", "1.001").code == 177004 and client.repay("1", "2.5").code == 10006
    client.control("POST", "reset")
    assert client.repay("1", "2.5").code == 0


def test_control_calls_that_are_refused(sandbox):
    for method, name, document in (
        ("POST", "clock", {}), ("POST", "clock", {"offset_ms": 1, "advance_ms": 1}),
        ("POST", "clock", {"freeze": "no"}), ("POST", "clock", {"advance_ms": 1.5}),
        ("POST", "prices", {"BTC": "0"}), ("POST", "prices", {"BTC": 1}),
        ("POST", "prices", {"DOGE": "1"}), ("POST", "wallet", {"coin": "DOGE", "balance": "1"}),
        ("POST", "wallet", {"coin": "USDT", "balance": "-1"}),
        ("POST", "wallet", {"coin": "USDT", "balance": "1", "uid": "0"}),
        ("POST", "repay", {"orderId": "1", "amount": "1"}), ("POST", "repay", {"orderId": "1"}), ("PUT", "seed", []),
    ):
        assert sandbox.control(method, name, document, expect=400)["error"], (name, document)
    assert sandbox.raw("POST", "/sandbox/clock", b"{").status == 400
    assert sandbox.raw("POST", "/sandbox/state").status == 404
    assert sandbox.loan()["debt"] == "1000.4"


def test_clock_control(sandbox):
    now = time.time() * 1000
    assert sandbox.clock(offset_ms=-60_000) == pytest.approx(now - 60_000, abs=3000)
    assert sandbox.clock(advance_ms=10_000) == pytest.approx(now - 50_000, abs=3000)
    frozen = sandbox.clock(freeze=True)
    time.sleep(0.02)
    assert sandbox.state()["server_time"] == frozen
    assert sandbox.clock(freeze=False) == pytest.approx(now - 50_000, abs=3000)
    sandbox.control("POST", "reset")
    assert sandbox.state()["server_time"] == pytest.approx(now, abs=3000)


def test_state_shows_no_secret(sandbox):
    text = json.dumps(sandbox.state())
    assert "sandbox-key-readonly" in text and "sandbox-secret" not in text


def test_second_accounts_wallet(sandbox):
    sandbox.control("POST", "wallet", {"uid": "1631390", "coin": "USDT", "balance": "3"})
    assert sandbox.balance(key="sandbox-key-second-account") == 3 and sandbox.balance() == 10000


def test_page(sandbox):
    answer = sandbox.raw("GET", "/")
    text = answer.body.decode()
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/html")
    assert "/sandbox/state" in text and "</html>" in text
    for outside in ('src="http', 'href="http', "@import", "url(http", "//cdn"):
        assert outside not in text


def test_a_mistake_inside_answers_500(start, names, tmp_path):
    """The only way to make one from outside: take the folder of the state file away."""
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


def test_requests_that_are_not_http(sandbox):
    with socket.create_connection((sandbox.parts.hostname, sandbox.parts.port), 5) as line:
        line.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        assert line.recv(4096).startswith(b"HTTP/1.1 400") or line.recv(1) == b""
    with socket.create_connection((sandbox.parts.hostname, sandbox.parts.port), 5) as line:
        line.sendall(b"POST /v5/crypto-loan/repay HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert sandbox.repay().code == 0


def test_a_throw_away_authority_is_thrown_away(tmp_path, names):
    command = [sys.executable, str(names.launcher), "run", "--port", "0", "--tls", "--lifetime", "30"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    url = running.stdout.readline().split()[-1]
    ca_path = running.stdout.readline().split()[-1]
    assert names.client(url, ca_path).control("GET", "ping")["pid"] == running.pid
    running.terminate()
    assert running.wait(10) == 0
    running.stdout.close()
    assert list(tmp_path.iterdir()) == []

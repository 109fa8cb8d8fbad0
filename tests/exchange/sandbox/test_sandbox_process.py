# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: start, stop, and mistakes in the arguments."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from processes import alive, wait_until_gone


def test_start_serves_in_the_background_and_stop_ends_it(start, cli, names, tmp_path):
    begun = time.monotonic()
    found = start()
    assert time.monotonic() - begun < 15
    assert found.ca_path is None and found.run_dir == str(tmp_path / "run")
    note = json.loads((tmp_path / "run" / "sandbox.json").read_text())
    assert note == {"url": found.url, "pid": found.pid, "run_dir": found.run_dir, "is_temporary": False, "ca_path": None}
    client = names.client(found.url)
    assert client.control("GET", "ping")["pid"] == found.pid
    assert client.repay().code == 0
    log = (tmp_path / "run" / "log").read_text().splitlines()
    assert log[0] == f"Stand-in exchange listening on {found.url}"
    assert log[1] == f"export BYBIT_API_URL={found.url} BYBIT_API_KEY=sandbox-key BYBIT_API_SECRET=sandbox-secret"
    assert log[-1].startswith("repayment ") and log[-1].endswith(f": 100 USDT of order {names.loan}")
    assert json.loads(cli("stop", "--run-dir", found.run_dir).stdout) == {"stopped": True, "removed": False}
    assert not alive(found.pid) and not (tmp_path / "run" / "sandbox.json").exists()
    again = cli("stop", "--run-dir", found.run_dir)
    assert (again.returncode, json.loads(again.stdout)) == (0, {"stopped": False, "removed": False})


def test_a_second_start_returns_the_running_process(start):
    first, second = start(), start()
    assert (first.pid, first.already_running) == (second.pid, False)
    assert second.already_running


@pytest.mark.parametrize("has_ended", [False, True], ids=["running", "ended"])
def test_stop_removes_the_folder_that_start_created(cli, tmp_path, monkeypatch, has_ended):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    found = json.loads(cli("start", "--lifetime", "120").stdout)
    [folder] = tmp_path.iterdir()
    assert found["run_dir"] == str(folder) and found["is_temporary"]
    (folder / "journal.sqlite").touch()
    if has_ended:
        os.kill(found["pid"], signal.SIGKILL)
        wait_until_gone(found["pid"], 5)
    assert json.loads(cli("stop", "--run-dir", found["run_dir"]).stdout) == {"stopped": not has_ended, "removed": True}
    assert not alive(found["pid"]) and not folder.exists()


def test_a_failed_start_leaves_no_folder_behind(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert cli("start", "--seed", "no-such-file").returncode == 2
    assert not [*tmp_path.iterdir()]


def test_stop_spares_another_process_with_the_same_id(cli, tmp_path):
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        note = {"url": "http://127.0.0.1:9", "pid": stranger.pid, "run_dir": str(tmp_path), "ca_path": None}
        (tmp_path / "sandbox.json").write_text(json.dumps(note))
        done = cli("stop", "--run-dir", str(tmp_path))
        assert (done.returncode, json.loads(done.stdout)) == (0, {"stopped": False, "removed": False})
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
    assert json.loads(cli("stop", "--run-dir", found.run_dir).stdout) == {"stopped": True, "removed": False}
    assert time.monotonic() - begun < 15
    idle.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_foreground_process_ends_cleanly(names, number):
    process = subprocess.Popen(
        [sys.executable, str(names.launcher), "run", "--port", "0", "--quiet"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    url = process.stdout.readline().removeprefix("Stand-in exchange listening on ").strip()
    assert names.client(url).repay().code == 0
    process.send_signal(number)
    output, errors = process.communicate(timeout=30)
    assert (process.returncode, output, errors) == (0, "", "")


def test_the_process_goes_on_when_nobody_reads_its_output(names):
    process = subprocess.Popen(
        [sys.executable, str(names.launcher), "run", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    try:
        url = process.stdout.readline().decode().removeprefix("Stand-in exchange listening on ").strip()
        process.stdout.close()
        client = names.client(url)
        assert client.repay().code == 0
        assert client.loan()["debt"] == "900.4"
    finally:
        process.terminate()
        process.wait(5)


def test_the_process_ends_after_its_lifetime(start):
    found = start("--lifetime", "0.5")
    wait_until_gone(found.pid, 3)


def test_the_clock_can_start_with_an_offset(start, names):
    client = names.client(start("--clock-offset-ms", "-90000").url)
    assert client.state()["server_time"] / 1000 == pytest.approx(time.time() - 90, abs=5)
    assert client.repay().code == 10002
    assert client.repay(timestamp=int(time.time() * 1000) - 90_000).code == 0


@pytest.mark.parametrize(("arguments", "text"), [
    ([], "required"), (["dance"], "invalid choice"), (["run", "--port", "x"], "invalid port"),
    (["run", "--port", "70000"], "invalid port"), (["run", "--lifetime", "-1"], "invalid number of seconds"),
    (["run", "--colour"], "unrecognized"), (["stop"], "--run-dir"), (["run", "--seed", "/nowhere"], "cannot be read"),
    (["run", "--rsa-public-key", "/nowhere"], "cannot be read"), (["run", "--host", "192.0.2.1"], "Cannot listen"),
    (["run", "--port", "0", "--state", "/nowhere/state"], "cannot be written"),
])
def test_invalid_arguments_are_explained_in_one_line(cli, arguments, text):
    done = cli(*arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert text in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_a_port_in_use_is_explained_in_one_line(cli, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for command in (["run"], ["start", "--run-dir", str(tmp_path / "run")]):
            done = cli(*command, "--port", port)
            assert done.returncode == 2 and done.stdout == ""
            assert done.stderr.startswith(f"Cannot listen on 127.0.0.1 port {port}: ")
            assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "run" / "sandbox.json").exists()


def test_an_old_python_is_refused(names):
    program = f"import sys; sys.version_info = (3, 9, 18); sys.path.insert(0, {str(names.launcher.parent)!r}); from bybit_sandbox.cli import main"
    done = subprocess.run([sys.executable, "-c", f"{program}; sys.exit(main(['run', '--port', '0']))"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"The stand-in exchange needs Python 3.11 or later, but {sys.executable} is Python 3.9: use a newer one (sandbox_python)\n"
    )


def test_a_missing_aiohttp_is_explained_with_the_command_that_installs_it(cli, tmp_path):
    (tmp_path / "aiohttp.py").write_text("raise ImportError('not here')\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    for command in (["run"], ["start", "--run-dir", str(tmp_path / "run")]):
        done = cli(*command, env=environment)
        assert done.returncode == 2 and done.stdout == ""
        assert f"run {sys.executable} -m pip install aiohttp, or use a Python that has it" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1

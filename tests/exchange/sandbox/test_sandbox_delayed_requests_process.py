# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delayed requests in a real process: in real time, and with a state file."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

FROZEN, RUNNING = {"freeze": True}, {"freeze": False}


def send(client, after: int) -> None:
    client.fault(answer="not_json", arrive_after_ms=after)
    assert client.repay(window="99999").body.startswith(b"upstream")


def written(path: Path) -> list[dict]:
    """The repayments in the state file, without a request that would make the exchange catch up."""
    return json.loads(path.read_text(encoding="utf-8"))["ledger"]["accounts"][0]["legacy_repayments"]


def written_when_more_than(count: int, path: Path) -> list[dict]:
    deadline = time.monotonic() + 30
    while len(written(path)) <= count and time.monotonic() < deadline:
        time.sleep(0.05)
    return written(path)


@pytest.mark.parametrize(("after", "moves"), [
    (800, []), (800, [FROZEN, RUNNING]), (60_000, [{"advance_ms": 59_200}]),
    (60_000, [{"advance_ms": -5000}, {"offset_ms": 59_200}]),
])
def test_a_request_arrives_in_real_time_without_another_request(start, names, tmp_path, after, moves):
    path = tmp_path / "state.json"
    client = names.client(start("--state", str(path)).url)
    before = len(written(path))
    send(client, after)
    assert len(written(path)) == before
    for move in moves:
        client.clock(**move)
    assert len(written_when_more_than(before, path)) == before + 1
    assert (client.loan()["debt"], client.state()["waiting"]) == ("900.4", [])


def test_several_requests_arrive_in_real_time_each_at_its_own_moment(start, names, tmp_path, roomy_seed):
    path, seed = tmp_path / "state.json", tmp_path / "seed.json"
    seed.write_text(json.dumps(roomy_seed), encoding="utf-8")
    client = names.client(start("--state", str(path), "--seed", str(seed)).url)
    before = len(written(path))
    for after in (1600, 1300, 1000):
        send(client, after)
    expected = sorted(request["arrives_at_ms"] for request in client.state()["waiting"])
    items = written_when_more_than(before + 2, path)
    assert [item["time"] for item in items[before:]] == expected and len(expected) == 3


def test_waiting_requests_end_with_the_process(start, cli, names, tmp_path):
    state = str(tmp_path / "state.json")
    found = start("--state", state)
    send(names.client(found.url), 60_000)
    cli("stop", "--run-dir", found.run_dir)
    client = names.client(start("--state", state, name="second").url)
    client.clock(advance_ms=60_000)
    assert client.state()["waiting"] == [] and client.loan()["debt"] == "1000.4"


def test_an_arrival_is_kept_in_the_state_file(start, cli, names, tmp_path):
    state = str(tmp_path / "state.json")
    found = start("--state", state)
    client = names.client(found.url)
    client.clock(**FROZEN)
    send(client, 3000)
    client.clock(advance_ms=60_000)
    cli("stop", "--run-dir", found.run_dir)
    assert names.client(start("--state", state, name="second").url).loan()["debt"] == "900.4"

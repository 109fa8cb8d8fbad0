# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs in Ansible's process that a time limit or a signal cuts off: the results never contradict the ledger."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import sqlite3
import typing as t
from pathlib import Path

import pytest
from two_ways.running import IN_PROCESS, MODULE, Controller, Told

REPAY = "/v5/crypto-loan/repay"
REPAYMENT = """
- name: Repay
  hosts: localhost
  gather_facts: false
  tasks:
    - treasury.bybit.bybit_loan_repay:
        order_id: "1794267532472646144"
        amount: "{{ item }}"
        recv_window: %(recv_window)d
        settle_margin: 0
      loop: %(amounts)s
      timeout: %(timeout)d
      ignore_errors: true
"""
SLOW_DISK = """
import functools
import sqlite3
import time


class Slow(sqlite3.Connection):
    def execute(self, sql, *values):
        if sql == "COMMIT":
            time.sleep(0.3)
        return super().execute(sql, *values)


sqlite3.connect = functools.partial(sqlite3.connect, factory=Slow)
"""


@pytest.fixture(scope="module")
def url(exchange, roomy) -> str:
    return exchange(roomy)


@pytest.fixture
def book(url, names) -> t.Any:
    """The exchange with a fresh ledger."""
    client = names.client(url)
    client.control("POST", "reset")
    return client


@pytest.fixture
def paid(book) -> t.Callable[[], list[str]]:
    old = {entry["repay_id"] for entry in book.account()["repayments"]}
    return lambda: sorted((e["amount"] for e in book.account()["repayments"] if e["repay_id"] not in old), key=float)


def repayment(*amounts: str, timeout: int = 0, recv_window: int = 1000) -> str:
    return REPAYMENT % {"amounts": list(amounts), "timeout": timeout, "recv_window": recv_window}


def items_of(told: Told) -> list[dict[str, t.Any]]:
    """Return the results of the items, with lists and summaries as plain values."""
    items = [record for record in told.records if record["event"].startswith("item ")]
    return [{**plain(item["result"]), "failed": item["event"] == "item failed"} for item in items]


def plain(value: t.Any) -> t.Any:
    if not isinstance(value, dict):
        return value
    if "items" in value:
        return {key: plain(item) for key, item in value["items"]}
    return [plain(item) for item in value["list"]] if "list" in value else value["text"]


def lock_of(controller: Controller) -> Path:
    (lock,) = [path for path in controller.journal.parent.glob("*.lock") if "_ltv_" not in path.name]
    return lock


def holder_of(controller: Controller) -> int:
    """Return the process that holds the loan's lock."""
    with contextlib.closing(sqlite3.connect(controller.journal, timeout=30)) as connection:
        [(holder,)] = connection.execute("SELECT holder FROM bybit_targets").fetchall()
    return json.loads(holder)["process"]


def is_locked(controller: Controller) -> bool:
    with lock_of(controller).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_after_a_time_limit_the_next_item_reports_the_earlier_repayment(tmp_path, url, book, paid) -> None:
    book.control("POST", "faults", {"method": "POST", "path": REPAY, "delay_answer_ms": 6000})
    told = Controller(tmp_path / "here", url, IN_PROCESS).play(repayment("10", "20", "30", timeout=4))
    first, second, third = items_of(told)
    assert told.here == 3
    assert first["failed"]
    assert "Timed out after 4 second(s)." in first["msg"]
    assert first["timedout"]["period"] == 4
    # A process does not lock itself out, and knows that an operation was under way.
    assert [(e["amount"], e["outcome"]) for e in second["details"]["earlier"]] == [("10", "executed")]
    assert (second["outcome"], third["outcome"], third["details"]["earlier"]) == ("executed", "executed", [])
    assert paid() == ["10", "20", "30"]


def test_after_a_time_limit_an_equal_item_takes_over_the_repayment(tmp_path, url, book, paid) -> None:
    book.control("POST", "faults", {"method": "POST", "path": REPAY, "delay_answer_ms": 6000})
    told = Controller(tmp_path / "here", url, IN_PROCESS).play(repayment("10", "10", timeout=4))
    first, second = items_of(told)
    assert first["failed"]
    assert (second["outcome"], second["details"]["recovered"], second["changed"]) == ("executed", True, True)
    assert paid() == ["10"]


def test_a_time_limit_during_the_last_writes_loses_no_result(tmp_path, url, book, paid) -> None:
    """However slow the disk is, exactly one of an item and the next one reports the result."""
    disk = tmp_path / "disk"
    disk.mkdir()
    (disk / "sitecustomize.py").write_text(SLOW_DISK)
    controller = Controller(tmp_path / "here", url, IN_PROCESS)
    # Four writes of 0.3 s each, including the tables, in a task of 3 s: the last write of the last item ends too late.
    delays_ms = [1250, 1250, 2250]
    amounts = [str(10 * number) for number, dummy in enumerate(delays_ms, 1)]
    book.control("POST", "faults", [{"method": "POST", "path": REPAY, "delay_answer_ms": delay} for delay in delays_ms])
    started = controller.play(repayment(*amounts, timeout=3, recv_window=5000), PYTHONPATH=str(disk))
    items = items_of(started) + items_of(controller.play(repayment("99")))
    in_time = [item for item in items if not item["failed"]]
    late = [item for item in items if item["failed"]]
    assert not items[0]["failed"]
    assert late
    assert all("Timed out after 3 second(s)." in item["msg"] for item in late)
    told_by_themselves = [item["amount"] for item in in_time]
    earlier = [entry for item in in_time for entry in item["details"]["earlier"]]
    told_by_others = [entry["amount"] for entry in earlier if entry["outcome"] == "executed"]
    assert sorted([*told_by_themselves, *told_by_others], key=float) == paid()
    assert paid() == [*amounts, "99"]


def _kill_playbook(process, controller: Controller) -> None:
    os.kill(process.pid, signal.SIGKILL)


def _kill_whoever_repays(process, controller: Controller) -> None:
    os.kill(holder_of(controller), signal.SIGKILL)


def _press_ctrl_c(process, controller: Controller) -> None:
    os.killpg(process.pid, signal.SIGINT)


@pytest.mark.parametrize(
    ("way", "cut"),
    [
        (IN_PROCESS, _kill_playbook),
        (IN_PROCESS, _kill_whoever_repays),
        (IN_PROCESS, _press_ctrl_c),
        (MODULE, _press_ctrl_c),
    ],
)
@pytest.mark.parametrize("fault", [{"delay_answer_ms": 2500}, {"answer": "reset"}], ids=["held", "lost"])
def test_an_equal_run_after_a_kill_reports_the_repayment(tmp_path, url, book, paid, until, way: str, cut: t.Callable, fault: dict[str, t.Any]) -> None:
    book.control("POST", "faults", {"method": "POST", "path": REPAY, **fault})
    controller = Controller(tmp_path / way, url, way)
    process = controller.start(repayment("10", recv_window=3000))
    until(lambda: paid() == ["10"], seconds=40)
    worker = holder_of(controller)
    assert worker != process.pid
    cut(process, controller)
    killed = controller.end(process)
    assert [item for item in items_of(killed) if not item["failed"]] == []
    # A process that was not killed goes on until its work is done.
    until(lambda: not is_locked(controller), seconds=40)
    (again,) = items_of(controller.play(repayment("10")))
    assert (again["outcome"], again["details"]["recovered"]) == ("executed", True)
    assert paid() == ["10"]
    (more,) = items_of(controller.play(repayment("10")))
    assert (more["outcome"], more["details"]["recovered"]) == ("executed", False)
    assert paid() == ["10", "10"]

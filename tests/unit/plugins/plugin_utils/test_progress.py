# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What running tasks wait for, from the worker to the callback that shows it."""

from __future__ import annotations

import json
import os
import threading
import time

import pytest
from ansible_collections.treasury.bybit.plugins.plugin_utils import _progress
from ansible_collections.treasury.bybit.plugins.plugin_utils._progress import Notice, Teller, Waits, Watcher

REASON = "The answer is not here yet"
FIRST = f"{REASON}: waiting up to 60 s."


class Heard:
    """The output about one run that began at second 0."""

    def __init__(self) -> None:
        self.waits = Waits()
        self.alive = True
        self._write(0, run=1, task="Repay", host="here")

    def begin(self, at: float, number: int = 1, reason: str = REASON, at_most: int = 60) -> None:
        self._write(at, wait=number, reason=reason, at_most=at_most)

    def end(self, at: float, number: int = 1) -> None:
        self._write(at, wait=number, reason="", at_most=0)

    def end_run(self, at: float) -> None:
        self._write(at, run=0)

    def shown(self, *, until: float, since: float = 0) -> list[tuple[float, str]]:
        """Look eight times a second, a step that a float represents exactly."""
        moments = [eighth / 8 for eighth in range(int(since * 8), int(until * 8) + 1)]
        return [(moment, notice.text) for moment in moments for notice in self.waits.due(moment, lambda process: self.alive)]

    def _write(self, at: float, **message: object) -> None:
        self.waits.take(json.dumps({"pid": 17, **message}).encode(), at)


def test_a_wait_is_shown_after_two_seconds_and_then_every_fifteen() -> None:
    heard = Heard()
    heard.begin(0)
    assert heard.shown(until=40) == [
        (2.0, FIRST),
        (17.0, f"{REASON}: still waiting after 17 s, for up to 60 s."),
        (32.0, f"{REASON}: still waiting after 32 s, for up to 60 s."),
    ]


def test_short_waits_are_not_shown() -> None:
    heard = Heard()
    heard.begin(0.2)
    assert heard.shown(until=1.8) == []
    heard.end(1.8)
    assert heard.shown(since=1.8, until=30) == []


def test_many_short_waits_that_take_long_together_are_shown() -> None:
    heard, told = Heard(), []
    for number in range(10):
        heard.begin(number / 2, number)
        told += heard.shown(since=number / 2, until=number / 2 + 0.375)
        heard.end(number / 2 + 0.4, number)
    assert told == [(2.0, FIRST)]


def test_the_first_of_several_waits_is_shown() -> None:
    heard = Heard()
    heard.begin(0)
    heard.begin(1, 2, "The host has not answered yet", 10)
    assert heard.shown(until=2) == [(2.0, FIRST)]
    heard.end(3, 1)
    # The next wait is shown soon, but not at once.
    assert heard.shown(since=3, until=8) == [(7.0, "The host has not answered yet: waiting up to 10 s.")]


def test_a_new_wait_is_shown_after_two_seconds() -> None:
    heard = Heard()
    heard.begin(0)
    assert heard.shown(until=2) == [(2.0, FIRST)]
    heard.end(10)
    heard.begin(10, 2, "Another one")
    assert heard.shown(since=10, until=13) == [(12.0, "Another one: waiting up to 60 s.")]


def test_nothing_is_shown_after_the_run_or_about_a_process_that_has_ended() -> None:
    heard = Heard()
    heard.begin(0)
    heard.end_run(1)
    assert not heard.waits.are_any
    heard.begin(1, 2)
    assert heard.shown(until=60) == []
    heard = Heard()
    heard.begin(0)
    heard.alive = False
    assert heard.shown(until=60) == []
    assert not heard.waits.are_any


def test_a_wait_whose_reason_changes_goes_on() -> None:
    heard = Heard()
    heard.begin(0)
    assert heard.shown(until=2) == [(2.0, FIRST)]
    heard.begin(10, reason="Another one")
    assert heard.shown(since=10, until=20) == [(17.0, "Another one: still waiting after 17 s, for up to 60 s.")]


def test_a_wait_without_a_limit() -> None:
    heard = Heard()
    heard.begin(0, at_most=0)
    assert heard.shown(until=20) == [(2.0, f"{REASON}."), (17.0, f"{REASON}: still waiting after 17 s.")]


class Shown:
    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.logged: list[tuple[Notice, bool]] = []
        self.heard = threading.Event()
        self.lock = threading.RLock()

    def __call__(self, notice: Notice) -> None:
        self.notices.append(notice)
        self.heard.set()

    def log(self, notice: Notice) -> None:
        """Note whether another thread may show something meanwhile."""
        free: list[bool] = []
        other = threading.Thread(target=lambda: free.append(self.lock.acquire(timeout=1)))
        other.start()
        other.join()
        self.logged.append((notice, free[0]))


@pytest.fixture
def shown():
    return Shown()


@pytest.fixture
def watcher(shown):
    watcher = Watcher(shown, shown.log, shown.lock)
    yield watcher
    watcher.end()


def test_a_forked_worker_is_heard(shown, watcher) -> None:
    child = os.fork()
    if not child:
        with Teller("Repay", "here") as teller:
            teller.tell(1, REASON, 60_000)
            time.sleep(20)
        os._exit(0)
    try:
        assert shown.heard.wait(10)
        assert shown.notices == [Notice("Repay", "here", FIRST)]
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_nothing_is_shown_while_a_result_is(shown, watcher) -> None:
    with Teller("Repay", "here") as teller:
        teller.tell(1, REASON, 60_000)
        with shown.lock:
            assert not shown.heard.wait(2.5)
            teller.__exit__()
    assert not shown.heard.wait(0.5)


def test_a_wait_is_logged_while_others_may_show_something(shown, watcher) -> None:
    """Whoever cannot log shows that, and holds the lock of the log."""
    with Teller("Repay", "here") as teller:
        teller.tell(1, REASON, 60_000)
        assert shown.heard.wait(10)
        watcher.end()
    watcher._thread.join(10)
    assert shown.logged == [(Notice("Repay", "here", FIRST), True)]


def test_the_next_watcher_takes_over(shown, watcher) -> None:
    """In ansible-console, no command of the same process ends with totals."""
    later, before = Shown(), len(os.listdir("/dev/fd"))
    second = Watcher(later, later.log, later.lock)
    assert not watcher._thread.is_alive()
    assert len(os.listdir("/dev/fd")) == before
    watcher.end()
    with Teller("Repay", "here") as teller:
        teller.tell(1, REASON, 60_000)
        assert later.heard.wait(10)
    second.end()
    assert (shown.notices, _progress._pipe) == ([], [])


def test_a_watcher_without_a_thread_leaves_nothing_behind(shown, monkeypatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    before = len(os.listdir("/dev/fd"))
    with pytest.raises(RuntimeError):
        Watcher(shown, shown.log, shown.lock)
    assert (len(os.listdir("/dev/fd")), _progress._pipe) == (before, [])


def test_nothing_is_shown_or_written_after_the_end(shown, watcher) -> None:
    with Teller("Repay", "here") as teller:
        teller.tell(1, REASON, 60_000)
        watcher.end()
        teller.tell(2, REASON, 60_000)
        assert not shown.heard.wait(2.5)
    watcher.end()
    assert _progress._pipe == []


def test_without_a_watcher_nothing_is_written() -> None:
    with Teller("Repay", "here") as teller:
        teller.tell(1, REASON, 60_000)
    assert _progress._pipe == []


def test_an_error_while_showing_a_wait_stops_only_the_output(watcher) -> None:
    watcher._show = lambda notice: 1 / 0
    with Teller("Repay", "here") as teller:
        teller.tell(1, REASON, 60_000)
        watcher._thread.join(10)
        assert not watcher._thread.is_alive()
        teller.tell(2, REASON, 60_000)

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a worker writes to the pipe that leads to the callback."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import resource
import select
import threading

import pytest
from ansible_collections.treasury.bybit.plugins.plugin_utils import _progress
from ansible_collections.treasury.bybit.plugins.plugin_utils._progress import Teller, Waits, Watcher

REASON = "The answer is not here yet"


@pytest.fixture
def pipe():
    source, end = os.pipe()
    for descriptor in (source, end):
        os.set_blocking(descriptor, False)
    _progress._pipe[:] = [end]
    yield source, end
    _progress._pipe.clear()
    for descriptor in (source, end):
        with contextlib.suppress(OSError):
            os.close(descriptor)


def test_a_pipe_that_is_full_or_closed_is_no_reason_to_wait(pipe) -> None:
    source, end = pipe
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(end, b"x" * select.PIPE_BUF)
    with Teller("Repay", "here") as teller:
        teller.tell(1, REASON, 60_000)
        os.close(source)
        teller.tell(2, REASON, 60_000)
        os.close(end)
        teller.tell(3, REASON, 60_000)


def test_a_teller_repeats_what_a_full_pipe_did_not_take(pipe) -> None:
    """Otherwise, a wait that has ended would be shown as if it continued."""
    source, end = pipe
    with Teller("Repay", "here") as teller:
        teller.tell(1, REASON, 60_000)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(end, b"\n")
        teller.tell(1, "", 0)
        teller.tell(2, "Another one", 60_000)
        heard = Waits()
        for line in filter(None, _everything(source).split(b"\n")):
            heard.take(line, 0)
        teller.tell(3, "Within", 60_000)
        for line in filter(None, _everything(source).split(b"\n")):
            heard.take(line, 0)
        assert [notice.text for notice in heard.due(2, lambda process: True)] == ["Another one: waiting up to 60 s."]


@pytest.fixture
def high_descriptors():
    """Leave only descriptors free that select(2) cannot handle."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limits[1] != resource.RLIM_INFINITY and limits[1] < 1100:
        pytest.skip("this system allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(limits[0], 1100), limits[1]))
    taken = [os.open(os.devnull, os.O_RDONLY)]
    while taken[-1] < 1030:
        taken.append(os.dup(taken[0]))
    yield
    for descriptor in taken:
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_wait_is_shown_in_a_process_with_many_open_files(high_descriptors) -> None:
    shown, is_shown = [], threading.Event()

    def show(notice) -> None:
        shown.append(notice.text)
        is_shown.set()

    watcher = Watcher(show, lambda notice: None, threading.RLock())
    try:
        with Teller("Repay", "here") as teller:
            teller.tell(1, REASON, 60_000)
            assert is_shown.wait(20)
    finally:
        watcher.end()
    assert shown == [f"{REASON}: waiting up to 60 s."]


def _everything(source: int) -> bytes:
    parts = []
    with contextlib.suppress(BlockingIOError):
        while True:
            parts.append(os.read(source, 100_000))
    return b"".join(parts)


def test_hosts_with_long_names_are_distinguished(pipe) -> None:
    names = [f"{'ip-10-0-0-1' * 8}.{number}" for number in range(2)]
    for name in names:
        with Teller("Repay", name):
            pass
    messages = [json.loads(line) for line in _everything(pipe[0]).splitlines()]
    assert [message["host"] for message in messages if "host" in message] == names


def test_each_line_is_written_without_interruption(pipe) -> None:
    with Teller("Repay" * 100, "here" * 100) as teller:
        teller.tell(1, "→" * 5000, 60_000)
    *lines, rest = os.read(pipe[0], 100_000).split(b"\n")
    assert (len(lines), rest) == (3, b"")
    assert all(len(line) < select.PIPE_BUF for line in lines)
    assert json.loads(lines[1])["reason"] == "→" * 300 + "..."


def test_no_program_that_a_worker_starts_inherits_the_pipe(pipe) -> None:
    assert all(fcntl.fcntl(descriptor, fcntl.F_GETFD) & fcntl.FD_CLOEXEC for descriptor in pipe)

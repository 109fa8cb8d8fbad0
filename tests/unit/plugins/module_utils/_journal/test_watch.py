# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection is cut if the server does not answer, and kept if it does, however long it lasts."""

from __future__ import annotations

import os
import socket
import threading
import time
import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._journal.watch import Watch

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture
def line() -> t.Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection."""
    near, far = socket.socketpair()
    with near, far:
        yield near, far


@pytest.fixture
def watch(line: tuple[socket.socket, socket.socket]) -> t.Iterator[Watch]:
    watch = Watch(line[0].fileno())
    yield watch
    watch.end()


def test_a_wait_that_takes_too_long_is_ended(line: tuple[socket.socket, socket.socket], watch: Watch) -> None:
    with watch.limit(0.5):
        assert line[0].recv(1) == b""


def test_waits_are_watched_one_by_one(line: tuple[socket.socket, socket.socket], watch: Watch) -> None:
    for dummy in range(6):
        with watch.limit(2):
            time.sleep(0.5)
    time.sleep(3)
    line[1].sendall(b"1")
    assert line[0].recv(1) == b"1"


def test_a_connection_may_end_by_itself_meanwhile(line: tuple[socket.socket, socket.socket], watch: Watch) -> None:
    with watch.limit(0):
        line[0].close()
        time.sleep(2.2)


def test_another_socket_that_gets_its_number_is_not_cut(line: tuple[socket.socket, socket.socket], watch: Watch) -> None:
    number = line[0].fileno()
    other, end = socket.socketpair()
    with other, end:
        os.dup2(other.fileno(), number)
        with watch.limit(0):
            time.sleep(2.2)
        end.sendall(b"1")
        assert other.recv(1) == b"1"


def test_it_leaves_no_thread_behind(line: tuple[socket.socket, socket.socket]) -> None:
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    watches = [Watch(line[0].fileno()) for dummy in range(5)]
    for watch in watches:
        watch.end()
    deadline = time.monotonic() + 5
    while (threading.active_count(), len(os.listdir("/proc/self/fd"))) != (threads, descriptors):
        assert time.monotonic() < deadline
        time.sleep(0.01)

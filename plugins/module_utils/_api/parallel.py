# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs independent reads at the same time.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from concurrent.futures import Future, wait
from threading import Thread

from .client import Client

_Found = t.TypeVar("_Found")


def side_by_side(client: Client, reads: t.Sequence[t.Callable[[Client], _Found]]) -> list[Future[_Found]]:
    """Run reads at the same time, and return their futures in the order of the reads when all have ended.

    :param reads: Each gets its own client. Its future holds what it returns or raises.
    """
    forks = [client.fork() for dummy in reads]
    ended: list[Future[_Found]] = [Future() for dummy in reads]
    for read, fork, future in zip(reads, forks, ended):
        # A daemon thread, so that a read that waits for the rate limit does not keep the process alive.
        Thread(target=_carry_out, args=(read, fork, future), daemon=True).start()
    try:
        wait(ended)
    except BaseException:
        for fork in forks:
            fork.is_abandoned = True
        raise
    for fork in forks:
        client.merge(fork)
    return ended


def _carry_out(read: t.Callable[[Client], _Found], fork: Client, future: Future[_Found]) -> None:
    try:
        future.set_result(read(fork))
    except BaseException as error:
        future.set_exception(error)

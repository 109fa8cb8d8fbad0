# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gives up a server that does not answer: one that is paused keeps its connections, so only the time tells.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import typing as t


class Watch:
    """Cuts a connection whose server takes too long, which ends the wait for its answer.

    One thread for the whole connection, because starting one takes longer than a statement.

    :param descriptor: That of the connection's socket.
    """

    def __init__(self, descriptor: int) -> None:
        # One of its own, because the number of one that is closed may be given to another socket.
        self._line = socket.socket(fileno=os.dup(descriptor))
        # For what an answer is awaited, and how many seconds it may take.
        self._awaited: tuple[object, float] | None = None
        self._is_over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    @contextlib.contextmanager
    def limit(self, seconds: float) -> t.Iterator[None]:
        """Give the server as long for what is done within, and up to two seconds more."""
        self._awaited = (object(), seconds)
        try:
            yield
        finally:
            self._awaited = None

    def end(self) -> None:
        """Watch no more; called before the connection is closed."""
        self._is_over.set()

    def _watch(self) -> None:
        seen, seconds = None, 0
        with self._line:
            while not self._is_over.wait(1):
                awaited = self._awaited
                seen, seconds = awaited, seconds + 1 if awaited is seen else 0
                if awaited is not None and seconds >= awaited[1]:
                    with contextlib.suppress(OSError):
                        self._line.shutdown(socket.SHUT_RDWR)
                    return

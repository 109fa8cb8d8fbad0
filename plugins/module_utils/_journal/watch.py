# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gives up a database server that does not answer; a paused server keeps its connections open, so only a timeout helps.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import typing as t


class Watch:
    """Shuts down a connection whose server takes too long, which ends the wait for its answer.

    One thread serves the whole connection, because starting one for each statement takes longer than the statement.

    :param descriptor: The file descriptor of the connection's socket.
    """

    def __init__(self, descriptor: int) -> None:
        # A duplicate, because the number of a closed descriptor may be assigned to another socket.
        self._line = socket.socket(fileno=os.dup(descriptor))
        # Identifies the current wait, with the seconds that it may take.
        self._awaited: tuple[object, float] | None = None
        self._is_over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    @contextlib.contextmanager
    def limit(self, seconds: float) -> t.Iterator[None]:
        """Limit the time for the statements in the block to this many seconds, plus at most two."""
        self._awaited = (object(), seconds)
        try:
            yield
        finally:
            self._awaited = None

    def end(self) -> None:
        """Stop watching; called before the connection is closed."""
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

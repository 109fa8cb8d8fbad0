# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The deadline of a thread's current HTTP request, and connections that keep to it.

A socket timeout applies to one operation, so a peer that sends a byte now and then could hold a request forever. These
connections set the timeout to the remaining time before each operation. This module util is private to the collection.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
import typing as t

from .._clock import Clock

_clock = Clock()
# When the thread's current request must have ended (ms, by the monotonic clock).
_here = threading.local()


def begin(seconds: float) -> None:
    """Set the deadline of this thread's next request."""
    _here.ends_ms = _clock.monotonic_ms() + int(seconds * 1000)


def seconds_left() -> float:
    """Return the seconds that the current request may still take.

    :raises socket.timeout: If none remain.
    """
    remaining_ms: int = _here.ends_ms - _clock.monotonic_ms()
    if remaining_ms <= 0:
        raise socket.timeout("timed out")
    return remaining_ms / 1000


class _TimedReader(io.RawIOBase):
    """Reads from a socket, and limits each part to the time that remains for the whole request."""

    def __init__(self, parts: t.Any, connected: socket.socket) -> None:
        self._parts = parts
        self._socket = connected

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int | None:
        self._socket.settimeout(seconds_left())
        count: int | None = self._parts.readinto(buffer)
        return count

    def close(self) -> None:
        self._parts.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: t.Any, **options: t.Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock))


class TimedConnection(http.client.HTTPConnection):
    """A mixin for the connections of C(urllib3) that limits each operation to the remaining time."""

    response_class = _TimedResponse

    def send(self, data: t.Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(seconds_left())
        super().send(data)

    def _tunnel(self) -> None:
        super()._tunnel()  # type: ignore[misc]
        # This also limits the TLS handshake, which comes next.
        self.sock.settimeout(seconds_left())

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The deadline of the HTTP request that a thread has under way, and connections that keep to it.

The timeout of a socket is for one operation, so somebody who sends a byte now and then could hold a request for ever. Here it is
set anew before each operation, to what is left. This module util is private to the collection.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
import typing as t

from .._clock import Clock

_clock = Clock()
# When it must be over (ms, by the monotonic clock); each thread has a request of its own.
_here = threading.local()


def begin(seconds: float) -> None:
    """Give what this thread does from now on so much time."""
    _here.ends_ms = _clock.monotonic_ms() + int(seconds * 1000)


def seconds_left() -> float:
    """Return the seconds that the request under way may still take.

    :raises socket.timeout: When there are none.
    """
    remaining_ms: int = _here.ends_ms - _clock.monotonic_ms()
    if remaining_ms <= 0:
        raise socket.timeout("timed out")
    return remaining_ms / 1000


class _TimedReader(io.RawIOBase):
    """What comes from a socket; each part may take as long as the request may still take, not as long as any part before it."""

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
    """What the library's connections are beside what the library makes of them; C(_tunnel) and C(_new_conn) are its names."""

    response_class = _TimedResponse

    def send(self, data: t.Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(seconds_left())
        super().send(data)

    def _tunnel(self) -> None:
        super()._tunnel()  # type: ignore[misc]
        # The TLS handshake, which comes next, keeps to what is set here.
        self.sock.settimeout(seconds_left())

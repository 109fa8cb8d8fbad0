# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stand-in exchanges that follow the test's clock."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
import typing as t
import urllib.parse


def real_ms() -> int:
    return time.time_ns() // 1_000_000


class FollowingExchange:
    """A stand-in exchange that follows another clock: it is told the time before each request.

    Its clock can be set like that of any stand-in: to an offset from the test's clock, or to stand still.
    """

    def __init__(self, url: str, ca_path: str | None = None) -> None:
        self.url = url
        parts = urllib.parse.urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        if ca_path:
            context = ssl.create_default_context(cafile=ca_path)
            self._connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=20, context=context)
        # A test's threads send requests as well.
        self._lock = threading.Lock()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all settings, as the exchange does when it gets a new book."""
        self._offset_ms = 0
        self._stopped_at_ms: int | None = None
        # The last time that it was told, or none while its clock runs by itself.
        self._told_ms: int | None = None
        self._goes_on = False

    def set_clock(
        self, now_ms: int, goes_on: bool, *, offset_ms: int | None = None, advance_ms: int = 0, freeze_at_ms: int | None = None,
        freeze: bool | None = None,
    ) -> int:
        """Set its clock as C(POST /sandbox/clock) does, and return the new time."""
        if offset_ms is not None:
            self._offset_ms, self._stopped_at_ms = offset_ms, None
        elif freeze is not None:
            self._stopped_at_ms = self._time(now_ms) if freeze else None
        elif freeze_at_ms is not None:
            self._stopped_at_ms = freeze_at_ms
        elif self._stopped_at_ms is not None:
            self._stopped_at_ms += advance_ms
        else:
            self._offset_ms += advance_ms
        self._goes_on = False
        self.tell_time(now_ms, goes_on)
        return self._time(now_ms)

    def tell_time(self, now_ms: int, goes_on: bool) -> None:
        """Tell it the time if it does not know it yet.

        :param goes_on: Whether the test's clock, and with it the exchange's, runs in real time.
        """
        goes_on = goes_on and self._stopped_at_ms is None
        with self._lock:
            time_ms = self._time(now_ms)
            if (self._goes_on and goes_on) or (not goes_on and time_ms == self._told_ms):
                return
            clock = {"offset_ms": time_ms - real_ms()} if goes_on else {"freeze_at_ms": time_ms}
            answer, text = self._ask("POST", "/sandbox/clock", json.dumps(clock).encode(), {})
            assert answer.status == 200, text
            self._told_ms, self._goes_on = None if goes_on else time_ms, goes_on

    def ask(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Send a request over the one connection that a test has to it."""
        with self._lock:
            return self._ask(method, target, body, headers)

    def _ask(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        try:
            self._connection.request(method, target, body, headers)
            response = self._connection.getresponse()
            return response, response.read()
        except (http.client.HTTPException, OSError):
            # The next request opens another connection.
            self._connection.close()
            raise

    def end(self) -> None:
        self._connection.close()

    def _time(self, now_ms: int) -> int:
        return now_ms + self._offset_ms if self._stopped_at_ms is None else self._stopped_at_ms


def following(client: type[t.Any]) -> type[t.Any]:
    """Return a client that makes the exchange follow the test's clock."""

    class Following(client):  # type: ignore[misc]
        def __init__(self, url: str, stage: t.Any) -> None:
            super().__init__(url, now_ms=stage.now_ms)
            self._stage = stage
            self._exchange = stage.follow(url)

        def answered(self, method: str, target: str, body: t.Any, headers: t.Any, timeout: float) -> t.Any:
            self._stage.tell_time()
            answer = self._exchange.ask(method, target, body, headers)
            if (method, target) == ("PUT", "/sandbox/seed"):
                self._exchange.begin_anew()
            return answer

        def clock(self, **document: t.Any) -> int:
            return int(self._exchange.set_clock(self._stage.now_ms(), self._stage.goes_on, **document))

    return Following

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes one call at a time: waits for the rate limit, signs, sends once, and interprets the answer.

This module util is private to the collection.
"""

from __future__ import annotations

import re
import typing as t
import uuid

from .._clock import Clock
from .._outcomes import NOT_EXECUTED, UNKNOWN
from .errors import BybitError, Failure, NotSent, OutcomeUnknown, ReadFailed, Refused
from .prepared import Prepared, query_text
from .rate_limit import RateLimit
from .response import Response, interpret, reported_time_ms
from .return_codes import ACCEPTED, CLOCK_CODES, CLOCK_REFUSED, LOOK_FIRST, NO_API, RATE_LIMITED, UNKNOWN_CODE
from .session import Session
from .signing import Signer
from .transport import NoReply, Reply

# After exactly one second, a limit of "1 per second" is still exceeded now and then.
_MIN_PAUSE_MS = 1050
# The exchange may close a connection that is idle for longer, and a request over a closed connection gets no answer.
_MAX_IDLE_MS = 5000
# By how much the clocks may make an answer seem older than its request.
_MAX_ANSWER_AGE_MS = 60_000
_PASSING_STATUSES = {408, 429, *range(500, 600)}


class Retries:
    """How often the rate limit or the timestamp check refused a request that was then sent again; returned to the user."""

    def __init__(self) -> None:
        self.clock_syncs = 0
        self.rate_limits = 0
        self.rate_limit_wait_ms = 0

    def add(self, other: Retries) -> None:
        self.clock_syncs += other.clock_syncs
        self.rate_limits += other.rate_limits
        self.rate_limit_wait_ms += other.rate_limit_wait_ms

    def as_result(self) -> dict[str, int]:
        return dict(vars(self))


class Called(t.NamedTuple):
    """The result of one request.

    :ivar was_turned_away: Whether the rate limit or the timestamp check refused it, and it may be signed and sent again now.
    """

    response: Response
    was_turned_away: bool


class Requestor:
    """Makes the calls of one run with one API key.

    :param recv_window_ms: How long after its timestamp the exchange accepts a request.
    :param rate_limit_timeout: Seconds that all pauses after an exceeded rate limit may take together.
    :param api_timeout: Seconds that one request may take.
    :ivar is_abandoned: Whether the answers are no longer needed; then nothing more is sent.
    :ivar posted_at_ms: When the last POST that may have left this machine was signed (exchange's time, UTC, ms).
    """

    def __init__(
        self,
        session: Session,
        api_key: str,
        signer: Signer,
        recv_window_ms: int = 5000,
        rate_limit_timeout: int = 30,
        clock: Clock | None = None,
        api_timeout: int = 10,
    ) -> None:
        self._session = session
        self._api_timeout = api_timeout
        self._api_key = api_key
        self._signer = signer
        self.recv_window_ms = recv_window_ms
        self._rate_limit_timeout_ms = rate_limit_timeout * 1000
        self.clock = clock or Clock()
        self._time_differences_ms: list[int] = []
        self._blocked: BybitError | None = None
        self.retries = Retries()
        self.is_abandoned = False
        self.posted_at_ms: int | None = None

    @property
    def pacing(self) -> str:
        """The reason for a wait that keeps requests below the rate limits, as the user sees it."""
        return f"Pacing requests to stay below the rate limit of {self._session.transport.base_url}"

    def signing_time_ms(self) -> int:
        """Return the time to sign with (UTC, ms): this machine's, corrected once the exchange has refused it."""
        return self.clock.now_ms() + self._session.clock_offset_ms

    def exchange_time_at_least_ms(self, monotonic_ms: int | None = None) -> int | None:
        """Return a time (UTC, ms) that the exchange's clock has certainly reached; none before it reported any.

        :param monotonic_ms: The moment (by this machine's monotonic clock) for which the time is returned; the present by default.
        """
        if not self._time_differences_ms:
            return None
        # The lower median, so that a single machine of the exchange with a wrong clock has no effect.
        differences = sorted(self._time_differences_ms)
        moment_ms = self.clock.monotonic_ms() if monotonic_ms is None else monotonic_ms
        return moment_ms + differences[(len(differences) - 1) // 2]

    def exchange_time_or_local_ms(self) -> int:
        """Return the exchange's time (UTC, ms), or the signing time until the exchange has reported its own."""
        reported_ms = self.exchange_time_at_least_ms()
        return self.signing_time_ms() if reported_ms is None else reported_ms

    def read(self, path: str, query: dict[str, str] | None = None, signed: bool = True) -> dict[str, t.Any]:
        """GET a path and return the object C(result).

        :raises Refused: If the exchange refused the request, or has blocked this IP address in an earlier answer.
        :raises ReadFailed: If no usable answer came.
        """
        if self._blocked is not None:
            raise Refused(str(self._blocked), self._blocked.failure)
        syncs_before, was_turned_away = self.retries.clock_syncs, True
        while was_turned_away:
            may_synchronise = self.retries.clock_syncs == syncs_before
            prepared = self.prepare("GET", path, query_text(query or {}), signed)
            response, was_turned_away = self.send(prepared, may_synchronise)
        if response.reading == ACCEPTED:
            return response.result
        error = _read_error(self._session.transport.base_url, path, response)
        if response.failure.is_block:
            self._blocked = error
        raise error

    def prepare(self, method: str, path: str, payload: str, is_signed: bool = True) -> Prepared:
        """Wait until the rate limits allow a request, then sign it."""
        clock = self.clock
        pause_ms = max(limit.pause_ms(clock.monotonic_ms()) for limit in self._limits(method, path, is_signed))
        if pause_ms:
            clock.pause_ms(self.pacing, pause_ms)
        if self.is_abandoned:
            raise ReadFailed("The answer is no longer needed.")
        request_id, now_ms = str(uuid.uuid4()), self.signing_time_ms()
        headers = {"cdn-request-id": request_id}
        if is_signed:
            headers.update(self._signature_headers(now_ms, payload))
        if method == "POST":
            headers["Content-Type"] = "application/json"
        return Prepared(method, path, payload, headers, request_id, now_ms, is_signed)

    def send(self, prepared: Prepared, may_synchronise: bool) -> Called:
        """Send a request once. If the rate limit or the timestamp check refused it, pause until it may be signed again.

        :param may_synchronise: Whether to read the exchange's clock after a refused timestamp; once per call is enough.
        """
        method, path, signed = prepared.method, prepared.path, prepared.is_signed
        reply = self._send_counted(prepared)
        response = interpret(method, reply.status, reply.body, prepared.request_id, reply.secrets)
        is_stale = response.is_gate_refusal(*(CLOCK_CODES if method == "GET" else (CLOCK_REFUSED,)))
        if not is_stale and self._is_too_old(method, response):
            response = response.as_too_old()
        is_limited = response.is_gate_refusal(RATE_LIMITED)
        if signed and not is_stale:
            reported_limit = reply.headers.get("x-bapi-limit", "")
            self._session.limits.of(method, path).observe(self.clock.monotonic_ms(), reported_limit, is_limited)
        if response.time_ms is not None:
            self._time_differences_ms.append(response.time_ms - self.clock.monotonic_ms())
        if is_stale and signed and may_synchronise:
            self._synchronise_clock()
            return Called(response, True)
        return Called(response, is_limited and self._pause_for_limit(reply, response))

    def _is_too_old(self, method: str, response: Response) -> bool:
        """Return whether an answer to a POST is older than the request, so that something in between must have replayed it."""
        if method != "POST" or response.time_ms is None or self.posted_at_ms is None:
            return False
        return response.time_ms < self.posted_at_ms - _MAX_ANSWER_AGE_MS

    def _limits(self, method: str, path: str, is_signed: bool) -> list[RateLimit]:
        limits = self._session.limits
        return [limits.address, *([limits.of(method, path)] if is_signed else [])]

    def _send_counted(self, prepared: Prepared) -> Reply:
        """Send a request, and count it toward the rate limits if it may have arrived."""
        session, clock = self._session, self.clock
        if session.heard_ms is not None and clock.monotonic_ms() - session.heard_ms > _MAX_IDLE_MS:
            session.transport.hang_up()
        try:
            reply = self._send(prepared)
        except BaseException:
            # It may still arrive, and then it counts.
            for limit in self._limits(prepared.method, prepared.path, prepared.is_signed):
                limit.observe(clock.monotonic_ms())
            raise
        session.heard_ms = clock.monotonic_ms()
        session.limits.address.observe(session.heard_ms)
        return reply

    def _send(self, prepared: Prepared) -> Reply:
        if prepared.method == "POST":
            self.posted_at_ms = prepared.timestamp_ms
        reason = f"{self._session.transport.base_url} has not answered {prepared.method} {prepared.path} yet"
        try:
            with self.clock.waiting(reason, self._api_timeout * 1000):
                return self._session.transport.send(prepared.method, prepared.request_target, prepared.headers, prepared.body)
        except NoReply as error:
            if not error.sent:
                self.posted_at_ms = None
            raise self._unanswered(prepared.method, prepared.path, error, prepared.request_id) from error

    def _signature_headers(self, now_ms: int, payload: str) -> dict[str, str]:
        timestamp, window = str(now_ms), str(self.recv_window_ms)
        text = f"{timestamp}{self._api_key}{window}{payload}"
        return {
            "X-BAPI-API-KEY": self._api_key,
            "X-BAPI-TIMESTAMP": timestamp,
            "X-BAPI-RECV-WINDOW": window,
            "X-BAPI-SIGN": self._signer.sign(text.encode()),
            "X-BAPI-SIGN-TYPE": "2",
        }

    def _unanswered(self, method: str, path: str, error: NoReply, request_id: str) -> BybitError:
        failure = Failure(request_id=request_id)
        host = self._session.transport.base_url
        if method == "GET":
            return ReadFailed(f"No answer from {host} to GET {path} ({error})", failure, error.remedy)
        if error.sent:
            return OutcomeUnknown(f"no answer came from {host} ({error})", failure._replace(outcome=UNKNOWN))
        return NotSent(f"the connection to {host} failed before anything was sent ({error})", failure, error.remedy)

    def _synchronise_clock(self) -> None:
        self.retries.clock_syncs += 1
        before_ms = self.clock.now_ms()
        result = self.read("/v5/market/time", signed=False)
        after_ms = self.clock.now_ms()
        nanoseconds = str(result.get("timeNano"))
        server_ms = reported_time_ms(int(nanoseconds) // 1_000_000) if re.fullmatch("[0-9]{18,20}", nanoseconds) else None
        if server_ms is None:
            raise ReadFailed("Bybit's answer to /v5/market/time lacks the time. Run again later.")
        self._session.clock_offset_ms = server_ms - (before_ms + after_ms) // 2

    def _pause_for_limit(self, reply: Reply, response: Response) -> bool:
        """Wait until the rate limit resets and return true; return false without waiting if that would exceed the timeout."""
        now_ms = self.signing_time_ms() if response.time_ms is None else response.time_ms
        reset = reply.headers.get("x-bapi-limit-reset-timestamp", "")
        reset_ms = reported_time_ms(int(reset)) if re.fullmatch("[0-9]{1,15}", reset) else None
        pause_ms = _MIN_PAUSE_MS if reset_ms is None else max(_MIN_PAUSE_MS, reset_ms - now_ms)
        if self.retries.rate_limit_wait_ms + pause_ms > self._rate_limit_timeout_ms:
            return False
        self.clock.pause_ms(f"{self._session.transport.base_url} accepts no more requests right now ({response.cause()})", pause_ms)
        self.retries.rate_limits += 1
        self.retries.rate_limit_wait_ms += pause_ms
        return True


def _read_error(host: str, path: str, response: Response) -> BybitError:
    # A read moves no money, whatever its answer.
    failure = response.failure._replace(outcome=NOT_EXECUTED)
    if response.reading == NOT_EXECUTED:
        return Refused(f"{host} refused GET {path}: {response.cause()}", failure, response.meaning.remedy)
    # Do not advise to run again later where waiting may never help.
    if response.meaning == UNKNOWN_CODE:
        remedy = "Look up the code in the exchange's documentation, or contact its support with the request ID."
    elif response.meaning == NO_API and failure.http_status not in _PASSING_STATUSES:
        remedy = "Check environment or api_url, and what is between this machine and the exchange, such as a proxy or a login page."
    else:
        remedy = response.meaning.remedy if response.meaning.remedy != LOOK_FIRST else "Run again later."
    return ReadFailed(f"{host} gave no usable answer to GET {path}: {response.cause()}", failure, remedy)

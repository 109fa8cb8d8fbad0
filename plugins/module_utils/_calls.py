# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One call at a time: signed, in turn, sent, and its answer judged.

This module util is private to the collection.
"""

from __future__ import annotations

import re
import typing as t
import uuid
from urllib.parse import quote_plus

from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._errors import (
    BybitError,
    Failure,
    NotSent,
    OutcomeUnknown,
    ReadFailed,
    Refused,
)
from ansible_collections.treasury.bybit.plugins.module_utils._http import NoReply, Reply
from ansible_collections.treasury.bybit.plugins.module_utils._line import Line
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOT_EXECUTED, UNKNOWN
from ansible_collections.treasury.bybit.plugins.module_utils._return_codes import (
    ACCEPTED,
    CLOCK_CODES,
    CLOCK_REFUSED,
    LOOK_FIRST,
    NO_API,
    RATE_LIMITED,
    UNKNOWN_CODE,
)
from ansible_collections.treasury.bybit.plugins.module_utils._signing import Signer
from ansible_collections.treasury.bybit.plugins.module_utils._verdict import Verdict, judge, told_time_ms, with_remedy

# A pause of exactly one second still meets the limit of "1 a second" now and then.
_SHORTEST_PAUSE_MS = 1050
# The exchange may have closed a connection that was not used for longer, and a request that meets that has no answer.
_LONGEST_SILENCE_MS = 5000
# By how much an answer may seem older than its request; the exchange takes no timestamp of more than a second in its future.
_OLDEST_ANSWER_MS = 60_000
_PASSING_STATUSES = {408, 429, *range(500, 600)}
_ENCODED = re.compile("(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})*")


class Retries:
    """How often the gate turned a request away and it was sent again; shown to the user."""

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
    """What came of one request.

    :ivar was_turned_away: Whether only the exchange's gate refused it, and the pause that this takes has been made.
    """

    verdict: Verdict
    was_turned_away: bool


class Calls:
    """The calls of one run with one key.

    :param recv_window_ms: How long after its timestamp the exchange accepts a request.
    :param rate_limit_timeout: Seconds that all pauses for the rate limit may take together.
    :ivar is_abandoned: Whether nobody waits for the answers any more, so that nothing more is sent.
    :ivar posted_at_ms: When the last POST that may have left this machine was signed (exchange's time, UTC, ms).
    """

    def __init__(
        self,
        line: Line,
        api_key: str,
        signer: Signer,
        recv_window_ms: int = 5000,
        rate_limit_timeout: int = 30,
        clock: Clock | None = None,
    ) -> None:
        self._line = line
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

    def now_ms(self) -> int:
        """Return the exchange's time as far as it is known (UTC, ms)."""
        return self.clock.now_ms() + self._line.clock_offset_ms

    def exchange_time_ms(self, monotonic_ms: int | None = None) -> int | None:
        """Return a time (UTC, ms) that the exchange's clock had surely reached at a moment; none before it told any.

        :param monotonic_ms: The moment, by this machine's monotonic clock; now unless given.
        """
        if not self._time_differences_ms:
            return None
        # The lower middle: an answer from a machine whose clock is wrong does not count among others.
        differences = sorted(self._time_differences_ms)
        moment_ms = self.clock.monotonic_ms() if monotonic_ms is None else monotonic_ms
        return moment_ms + differences[(len(differences) - 1) // 2]

    def believed_time_ms(self) -> int:
        """Return the exchange's time (UTC, ms): as it told it, or by this machine's clock as long as it has not."""
        told_ms = self.exchange_time_ms()
        return self.now_ms() if told_ms is None else told_ms

    def read(self, path: str, query: dict[str, str] | None = None, signed: bool = True) -> dict[str, t.Any]:
        """GET a path and return the object C(result).

        :raises Refused: When the exchange refused, also when it has blocked this address by an earlier answer.
        :raises ReadFailed: When no usable answer came.
        """
        if self._blocked is not None:
            raise Refused(str(self._blocked), self._blocked.failure)
        syncs_before, was_turned_away = self.retries.clock_syncs, True
        while was_turned_away:
            may_synchronise = self.retries.clock_syncs == syncs_before
            verdict, was_turned_away = self.call("GET", path, query_text(query or {}), signed, may_synchronise)
        if verdict.reading == ACCEPTED:
            return verdict.result
        error = _read_error(path, verdict)
        if verdict.failure.is_block:
            self._blocked = error
        raise error

    def call(
        self,
        method: str,
        path: str,
        payload: str,
        signed: bool,
        may_synchronise: bool,
        on_signed: t.Callable[[int], None] | None = None,
    ) -> Called:
        """Send a request once, and make the pause after which it may be signed anew when only the gate turned it away.

        :param payload: What is signed: the query of a GET or the body of a POST.
        :param may_synchronise: Whether a refused timestamp is worth a look at the exchange's clock; once is enough.
        """
        reply, request_id = self._send_in_turn(method, path, payload, signed, on_signed)
        verdict = judge(method, reply.status, reply.body, request_id, reply.secrets)
        is_stale = verdict.is_gate_refusal(*(CLOCK_CODES if method == "GET" else (CLOCK_REFUSED,)))
        if not is_stale and self._is_too_old(method, verdict):
            verdict = verdict.as_too_old()
        is_limited = verdict.is_gate_refusal(RATE_LIMITED)
        if signed and not is_stale:
            told_limit = reply.headers.get("x-bapi-limit", "")
            self._line.paces.of(method, path).note(self.clock.monotonic_ms(), told_limit, is_limited)
        if verdict.time_ms is not None:
            self._time_differences_ms.append(verdict.time_ms - self.clock.monotonic_ms())
        if is_stale and signed and may_synchronise:
            self._synchronise_clock()
            return Called(verdict, True)
        return Called(verdict, is_limited and self._pause_for_limit(reply, verdict))

    def _is_too_old(self, method: str, verdict: Verdict) -> bool:
        """Tell whether an answer to a POST is one to an earlier request, which something in between has kept."""
        if method != "POST" or verdict.time_ms is None or self.posted_at_ms is None:
            return False
        return verdict.time_ms < self.posted_at_ms - _OLDEST_ANSWER_MS

    def _send_in_turn(
        self, method: str, path: str, payload: str, signed: bool, on_signed: t.Callable[[int], None] | None
    ) -> tuple[Reply, str]:
        """Send a request as soon as the limits allow it."""
        line, clock = self._line, self.clock
        paces = [line.paces.address, *([line.paces.of(method, path)] if signed else [])]
        pause_ms = max(pace.pause_ms(clock.monotonic_ms()) for pace in paces)
        if pause_ms:
            clock.tell_wait(f"{line.transport.base_url} takes no more requests in these seconds", pause_ms)
            clock.sleep_ms(pause_ms)
        if self.is_abandoned:
            raise ReadFailed("Nobody waits for the answer any more.")
        if line.heard_ms is not None and clock.monotonic_ms() - line.heard_ms > _LONGEST_SILENCE_MS:
            line.transport.hang_up()
        try:
            sent = self._send(method, path, payload, signed, on_signed)
        except BaseException:
            # It may arrive all the same, and then it counts.
            for pace in paces:
                pace.note(clock.monotonic_ms())
            raise
        line.heard_ms = clock.monotonic_ms()
        line.paces.address.note(line.heard_ms)
        return sent

    def _send(
        self, method: str, path: str, payload: str, signed: bool, on_signed: t.Callable[[int], None] | None
    ) -> tuple[Reply, str]:
        request_id = str(uuid.uuid4())
        now_ms = self.now_ms()
        headers = {"cdn-request-id": request_id}
        if signed:
            headers.update(self._signature_headers(now_ms, payload))
        target, body = path, None
        if method == "POST":
            body = payload.encode()
            headers["Content-Type"] = "application/json"
            if on_signed:
                on_signed(now_ms)
            self.posted_at_ms = now_ms
        elif payload:
            target = f"{path}?{payload}"
        try:
            return self._line.transport.send(method, target, headers, body), request_id
        except NoReply as error:
            if not error.sent:
                self.posted_at_ms = None
            raise self._unanswered(method, path, error, request_id) from error

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
        host = self._line.transport.base_url
        if method == "GET":
            return ReadFailed(with_remedy(f"No answer from {host} to reading {path} ({error})", error.remedy), failure)
        if error.sent:
            return OutcomeUnknown(f"no answer came from {host} ({error})", failure._replace(reading=UNKNOWN))
        cause = f"the connection to {host} failed before anything was sent ({error})"
        return NotSent(with_remedy(cause, error.remedy), failure)

    def _synchronise_clock(self) -> None:
        self.retries.clock_syncs += 1
        before_ms = self.clock.now_ms()
        result = self.read("/v5/market/time", signed=False)
        after_ms = self.clock.now_ms()
        nanoseconds = str(result.get("timeNano"))
        server_ms = told_time_ms(int(nanoseconds) // 1_000_000) if re.fullmatch("[0-9]{18,20}", nanoseconds) else None
        if server_ms is None:
            raise ReadFailed("Bybit answered /v5/market/time without its time.")
        self._line.clock_offset_ms = server_ms - (before_ms + after_ms) // 2

    def _pause_for_limit(self, reply: Reply, verdict: Verdict) -> bool:
        """Wait as the answer says and return true, or return false when that would take longer than allowed."""
        now_ms = self.now_ms() if verdict.time_ms is None else verdict.time_ms
        reset = reply.headers.get("x-bapi-limit-reset-timestamp", "")
        reset_ms = told_time_ms(int(reset)) if re.fullmatch("[0-9]{1,15}", reset) else None
        pause_ms = _SHORTEST_PAUSE_MS if reset_ms is None else max(_SHORTEST_PAUSE_MS, reset_ms - now_ms)
        if self.retries.rate_limit_wait_ms + pause_ms > self._rate_limit_timeout_ms:
            return False
        self.clock.tell_wait(f"{self._line.transport.base_url} takes no more requests now ({verdict.cause()})", pause_ms)
        self.clock.sleep_ms(pause_ms)
        self.retries.rate_limits += 1
        self.retries.rate_limit_wait_ms += pause_ms
        return True


def _read_error(path: str, verdict: Verdict) -> BybitError:
    # Whatever became of a read, it has moved no money.
    failure = verdict.failure._replace(reading=NOT_EXECUTED)
    if verdict.reading == NOT_EXECUTED:
        return Refused(f"Bybit refused reading {path}: {verdict.sentence()}", failure)
    # What may never get better is not put off.
    if verdict.meaning == UNKNOWN_CODE:
        remedy = "Look the code up in the documentation of the exchange, or ask its support, naming the request id."
    elif verdict.meaning == NO_API and failure.http_status not in _PASSING_STATUSES:
        remedy = "Check environment or api_url, and what lies between this machine and the exchange."
    else:
        remedy = verdict.meaning.remedy if verdict.meaning.remedy != LOOK_FIRST else "Run again later."
    verdict = verdict._replace(meaning=verdict.meaning._replace(remedy=remedy))
    return ReadFailed(f"Bybit gave no usable answer to reading {path}: {verdict.sentence()}", failure)


def query_text(query: dict[str, str]) -> str:
    # The exchange hands out its cursors percent-encoded, to be sent back as they are.
    return "&".join(f"{k}={v if _ENCODED.fullmatch(v) else quote_plus(v)}" for k, v in query.items())

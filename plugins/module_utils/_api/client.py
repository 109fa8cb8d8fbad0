# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exchange as seen with one API key: paged lists, a cache for rarely changing answers, and the only way to POST.

This module util is private to the collection.
"""

from __future__ import annotations

import json
import typing as t

from .._outcomes import NOT_EXECUTED, UNKNOWN
from .._times import MINUTE_MS
from .errors import BybitError, NotSent, OutcomeUnknown, ReadFailed, Refused
from .prepared import Prepared, query_text
from .requestor import Requestor
from .return_codes import ACCEPTED

TURNED_AWAY = "turned away"
NOT_MADE = "not made"
UNCLEAR = "unclear"

PAGE_LIMIT = 100
# Cached answers, such as the decimal places of a coin or the account of a key, rarely change.
_CACHE_AGE_MS = 10 * MINUTE_MS
_MAX_PAGES = 1000
_MAX_EMPTY_PAGES = 3

_Cached = t.TypeVar("_Cached")
_State = t.TypeVar("_State")
_Read = t.TypeVar("_Read")


class Request(t.NamedTuple):
    """A POST that moves money.

    :ivar id_field: The field of C(result) that a successful answer must have; none if the call returns no ID.
    """

    path: str
    body: dict[str, str]
    id_field: str | None


class Signed(t.NamedTuple):
    """A signed POST, ready to be sent."""

    prepared: Prepared
    id_field: str | None

    @property
    def timestamp_ms(self) -> int:
        """The timestamp (exchange's time, UTC, ms) that is part of the signature."""
        return self.prepared.timestamp_ms


class Accepted(t.NamedTuple):
    """The exchange's confirmation that it accepted a POST.

    :ivar given_id: The ID that it returned; none if the call returns none.
    :ivar time_ms: When it answered (UTC, ms), by its own clock if it reported the time, else by this machine's.
    """

    given_id: str | None
    time_ms: int


class NotAccepted(t.NamedTuple):
    """Any other outcome of a POST, including no answer.

    :ivar kind: C(TURNED_AWAY) if the rate limit or the timestamp check refused it, so that it may be signed and sent again after the state
        is checked anew; C(NOT_MADE) if it was certainly not executed; C(UNCLEAR) if it may have been.
    :ivar error: The explanation for the user.
    """

    kind: str
    error: BybitError


class Client(Requestor):
    """The exchange as seen with one API key."""

    _reads_began_ms: int | None = None
    _has_synchronised: bool = False

    def state(self, kind: type[_State]) -> _State:
        """Return the object of this class that keeps state from one item of a loop to the next."""
        return self._session.state(kind)

    def fork(self) -> Client:
        """Return a client that another thread can use for reads."""
        remaining_ms = max(0, self._rate_limit_timeout_ms - self.retries.rate_limit_wait_ms)
        fork = Client(self._session, self._api_key, self._signer, self.recv_window_ms, remaining_ms // 1000, self.clock, self._api_timeout)
        fork._blocked = self._blocked
        return fork

    def merge(self, fork: Client) -> None:
        """Take over the retries, clock readings, and block that a fork has seen."""
        self.retries.add(fork.retries)
        self._time_differences_ms += fork._time_differences_ms
        self._blocked = self._blocked or fork._blocked

    def pages(self, path: str, query: dict[str, str], limit: int = PAGE_LIMIT) -> t.Iterator[dict[str, t.Any]]:
        """Yield the rows of all pages of a list.

        :param limit: The most rows that the exchange returns in one page of this list.
        :raises ReadFailed: If a page does not have the documented form, or the list never ends; also raises what C(read) raises.
        """
        cursor, empty = "", 0
        before: list[dict[str, t.Any]] = []
        followed: set[str] = set()
        for dummy in range(_MAX_PAGES):
            page = self.read(path, {**query, "limit": str(limit), **({"cursor": cursor} if cursor else {})})
            rows = rows_of(path, page)
            following = _cursor_after(path, page, is_full=len(rows) >= limit)
            if cursor and following == cursor and _brings_nothing_new(rows, before, limit):
                return
            yield from rows
            empty = 0 if rows else empty + 1
            if not following:
                return
            if goes_in_circles(following, followed, empty):
                break
            followed.add(following)
            cursor, before = following, rows
        raise ReadFailed(f"The pages of {path} never end.")

    def cached(
        self, path: str, query: dict[str, str], extract: t.Callable[[dict[str, t.Any]], _Cached | None], signed: bool = False
    ) -> _Cached | None:
        """Return a rarely changing value from the answer to a GET, cached for ten minutes; raises what C(read) raises.

        :param extract: Extracts the value from the answer. None is not cached.
        :param signed: Whether the request must be signed.
        """
        now_ms, value = self.clock.monotonic_ms(), self.recall(path, query)
        if value is None:
            value = extract(self.read(path, query, signed=signed))
            self._session.cache[path, query_text(query)] = now_ms, value
        known: _Cached | None = value
        return known

    def recall(self, path: str, query: dict[str, str]) -> t.Any:
        """Return what C(cached) extracted from an answer within the last ten minutes; none if there was no such call."""
        read_ms, value = self._session.cache.get((path, query_text(query)), (0, None))
        return value if self.clock.monotonic_ms() - read_ms <= _CACHE_AGE_MS else None

    def pace_before_reads(self, path: str) -> None:
        """Wait now, so that the next POST to this path need not wait after the reads that precede it.

        If it waited after the reads, their results would be outdated when the POST is sent.
        """
        now_ms = self.clock.monotonic_ms()
        pause_ms = self._session.limits.of("POST", path).pause_ms(now_ms) - self._session.read_duration_ms
        if pause_ms > 0:
            self.clock.pause_ms(self.pacing, pause_ms)
        self._reads_began_ms = self.clock.monotonic_ms()

    def sign(self, request: Request) -> Signed:
        """Wait until the rate limit allows a POST, then sign it without sending it.

        :raises NotSent: If the exchange has blocked this IP address.
        """
        self.posted_at_ms = None
        if self._blocked is not None:
            raise NotSent(str(self._blocked), self._blocked.failure)
        if self._reads_began_ms is not None:
            self._session.read_duration_ms = self.clock.monotonic_ms() - self._reads_began_ms
            self._reads_began_ms = None
        payload = json.dumps(request.body, separators=(",", ":"))
        return Signed(self.prepare("POST", request.path, payload), request.id_field)

    def post(self, signed: Signed) -> Accepted | NotAccepted:
        """Send a signed POST exactly once."""
        syncs_before = self.retries.clock_syncs
        try:
            response, was_turned_away = self.send(signed.prepared, may_synchronise=not self._has_synchronised)
        except OutcomeUnknown as error:
            return NotAccepted(UNCLEAR, error)
        except BybitError as error:
            return NotAccepted(NOT_MADE, error)
        if was_turned_away:
            # If the exchange refuses a synchronized clock, synchronizing again does not help.
            self._has_synchronised = self._has_synchronised or self.retries.clock_syncs > syncs_before
            return NotAccepted(TURNED_AWAY, Refused(response.cause(), response.failure, response.meaning.remedy))
        if response.reading == NOT_EXECUTED:
            return NotAccepted(NOT_MADE, Refused(response.cause(), response.failure, response.meaning.remedy))
        if response.reading != ACCEPTED:
            return NotAccepted(UNCLEAR, OutcomeUnknown(response.cause(), response.failure))
        time_ms = self.signing_time_ms() if response.time_ms is None else response.time_ms
        given = None if signed.id_field is None else _id_in(response.result, signed.id_field)
        if signed.id_field is not None and given is None:
            failure = response.failure._replace(outcome=UNKNOWN)
            return NotAccepted(UNCLEAR, OutcomeUnknown(f"Bybit reported success but gave no {signed.id_field}", failure))
        return Accepted(given, time_ms)


def readable(read: t.Callable[[], _Read]) -> _Read | None:
    """Return the result of a read; none if the key may not make it, or if the answer is not understood.

    :raises BybitError: If the exchange has blocked this IP address.
    """
    try:
        return read()
    except (Refused, ReadFailed) as error:
        if error.is_block:
            raise
        return None


def rows_of(path: str, holder: t.Any) -> list[dict[str, t.Any]]:
    """Return the rows of an answer of the form C({"list": [{...}, ...]}).

    :raises ReadFailed: If the answer has another form.
    """
    rows = holder.get("list") if isinstance(holder, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ReadFailed(f"Bybit's answer to {path} lacks a list of rows.")
    return rows


def _id_in(result: dict[str, t.Any], field: str) -> str | None:
    """Return an ID, which some calls return as a number; none if there is none."""
    value = result.get(field)
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    return value if isinstance(value, str) and value else None


def _cursor_after(path: str, page: dict[str, t.Any], is_full: bool) -> str:
    """Return the cursor of the next page; empty after the last page.

    :raises ReadFailed: If the page does not tell whether it is the last.
    """
    following = page.get("nextPageCursor")
    if following is None and not is_full:
        return ""
    if not isinstance(following, str):
        # A page that was cut off must not be taken for the last one.
        raise ReadFailed(f"Bybit's answer to {path} has an invalid nextPageCursor: it is unknown whether there are more pages.")
    return following


def goes_in_circles(following: str, followed: set[str], empty: int) -> bool:
    """Return whether the cursors of a list repeat, or too many empty pages follow each other."""
    return following in followed or empty == _MAX_EMPTY_PAGES


def _brings_nothing_new(rows: list[dict[str, t.Any]], before: list[dict[str, t.Any]], limit: int) -> bool:
    """Return whether a page whose cursor points to itself ends the list, as in the exchange's examples after a short last page."""
    return not rows or (len(rows) < limit and all(row in before for row in rows))

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Interprets an HTTP response: the request was accepted, was refused, or its outcome is unknown.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import json
import re
import typing as t
from decimal import Decimal, InvalidOperation

from .._outcomes import NOT_EXECUTED, UNKNOWN
from .._redaction import quotable
from .._times import is_plausible
from .errors import Failure
from .return_codes import ACCEPTED, HTTP_STATUSES, LOOK_FIRST, Meaning, meaning_of_code, meaning_of_status

_MESSAGE_CHARACTERS = 300
# More than any answer of the exchange needs, but short enough to print.
_MAX_DIGITS = 100
_MAX_LEVELS = 20
_SURROGATES = re.compile("[\ud800-\udfff]")


class Response(t.NamedTuple):
    """The interpretation of a reply.

    :ivar meaning: The row of the return code table that applies.
    :ivar failure: The reply as it is returned to the user if the request failed.
    :ivar result: The object C(result) of the answer; empty if there is none.
    :ivar time_ms: When the exchange answered, by its own clock (UTC, ms); none if the answer does not tell.
    """

    meaning: Meaning
    failure: Failure
    result: dict[str, t.Any]
    time_ms: int | None

    @property
    def reading(self) -> str:
        return self.meaning.reading

    def is_gate_refusal(self, *codes: int) -> bool:
        """Return whether the exchange itself certainly refused the request with one of these return codes."""
        refused = self.failure.http_status == 200 and self.reading == NOT_EXECUTED
        return refused and self.failure.ret_code in codes

    def as_too_old(self) -> Response:
        """Return the response with an unknown outcome, because the answer is older than the request."""
        meaning = Meaning(UNKNOWN, "the answer is older than the request", LOOK_FIRST)
        return self._replace(meaning=meaning, failure=self.failure._replace(outcome=UNKNOWN), time_ms=None)

    def cause(self) -> str:
        """Return the cause and the answer, for use within a sentence."""
        failure = self.failure
        if failure.ret_code is None:
            answer = f"HTTP {failure.http_status}"
        else:
            quoted = f' "{failure.ret_msg}"' if failure.ret_msg else ""
            status = "" if failure.http_status == 200 else f", HTTP {failure.http_status}"
            answer = f"retCode {failure.ret_code}{quoted}{status}"
        return f"{self.meaning.cause} ({answer})"


def interpret(method: str, status: int, body: bytes, request_id: str, secrets: tuple[str, ...] = ()) -> Response:
    """Interpret an answer. Unless the request was certainly accepted or certainly refused, its outcome is unknown.

    :param method: A POST counts as refused only if the exchange's own JSON says so, because a proxy may have replaced the answer.
    :param secrets: The values sent with the request that must not be shown.
    """
    document = _document(body)
    code = document.get("retCode") if document else None
    if document is None or not _is_integer(code):
        meaning = meaning_of_status(status, method)
        return Response(meaning, Failure(None, None, status, request_id, meaning.reading), {}, None)
    meaning = meaning_of_code(code)
    if not _fits(status, meaning):
        meaning = Meaning(UNKNOWN, "the HTTP status and the return code contradict each other", LOOK_FIRST)
    result = document.get("result")
    if method == "POST" and meaning.reading == NOT_EXECUTED and isinstance(result, dict) and any(result.values()):
        meaning = Meaning(UNKNOWN, "the answer refuses the request, but contains a result", LOOK_FIRST)
    return Response(
        meaning,
        Failure(code, _words(document.get("retMsg"), secrets), status, request_id, meaning.reading),
        result if isinstance(result, dict) else {},
        reported_time_ms(document.get("time")),
    )


def reported_time_ms(value: object) -> int | None:
    """Return a time that the exchange reported (UTC, ms); none if it is implausible, for example in seconds."""
    return value if _is_integer(value) and is_plausible(value) else None


def _document(body: bytes) -> dict[str, t.Any] | None:
    """Return the JSON object in a body; none if it is invalid, ambiguous, or cannot be printed."""
    try:
        document = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_float=_decimal, parse_int=_whole, parse_constant=_refuse
        )
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and _is_plain(document, _MAX_LEVELS) else None


def _unique(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a name occurs twice in one object")
    return fields


def _whole(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError("a number is too long")
    return int(digits)


def _decimal(digits: str) -> Decimal:
    if len(digits) > _MAX_DIGITS:
        raise ValueError("a number is too long")
    try:
        number = Decimal(digits)
    except InvalidOperation:
        raise ValueError("a number is too large") from None
    # Written out in full, 1e999999999 would exhaust the memory.
    if abs(number.adjusted()) > _MAX_DIGITS:
        raise ValueError("a number is too large")
    return number


def _refuse(constant: str) -> t.NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _is_plain(value: object, levels: int) -> bool:
    """Return whether a value is nested at most this deep, and all of its text is valid Unicode."""
    if isinstance(value, str):
        # JSON can express half of a surrogate pair, which cannot be written to a file or a terminal.
        return value.isascii() or not _SURROGATES.search(value)
    if isinstance(value, dict):
        return levels > 0 and all(_is_plain(k, 0) and _is_plain(v, levels - 1) for k, v in value.items())
    if isinstance(value, list):
        return levels > 0 and all(_is_plain(v, levels - 1) for v in value)
    return True


def _words(message: object, secrets: tuple[str, ...]) -> str:
    """Return the exchange's message in a form that is safe to quote."""
    return quotable(message, _MESSAGE_CHARACTERS, secrets) if isinstance(message, str) else ""


def _is_integer(value: object) -> t.TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _fits(status: int, meaning: Meaning) -> bool:
    if meaning.reading == ACCEPTED:
        return status == 200
    return status == 200 or meaning.reading != NOT_EXECUTED or status in HTTP_STATUSES

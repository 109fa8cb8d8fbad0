# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one HTTP reply says: accepted, refused, or unknown whether it was executed.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import json
import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._errors import Failure
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOT_EXECUTED, UNKNOWN
from ansible_collections.treasury.bybit.plugins.module_utils._return_codes import (
    ACCEPTED,
    HTTP_STATUSES,
    LOOK_FIRST,
    Meaning,
    meaning_of_code,
    meaning_of_status,
)

_MESSAGE_CHARACTERS = 300


class Verdict(t.NamedTuple):
    """The reading of a reply.

    :ivar meaning: The row of the table that applies.
    :ivar failure: The reply in the form that a user gets when it is a failure.
    :ivar result: The object C(result) of the answer; empty when there is none.
    :ivar time_ms: The exchange's clock when it answered (UTC), where the answer tells it.
    """

    meaning: Meaning
    failure: Failure
    result: dict[str, t.Any]
    time_ms: int | None

    @property
    def reading(self) -> str:
        return self.meaning.reading

    def is_gate_refusal(self, *codes: int) -> bool:
        """Tell whether the exchange itself certainly refused the request with one of these codes."""
        refused = self.failure.http_status == 200 and self.reading == NOT_EXECUTED
        return refused and self.failure.ret_code in codes

    def sentence(self) -> str:
        """Say what the exchange answered, why, and what to do."""
        return with_remedy(self.cause(), self.meaning.remedy)

    def cause(self) -> str:
        """Say what the exchange answered and why, as the middle of a sentence."""
        failure = self.failure
        if failure.ret_code is None:
            answer = f"HTTP {failure.http_status}"
        else:
            quoted = f' "{failure.ret_msg}"' if failure.ret_msg else ""
            status = "" if failure.http_status == 200 else f", HTTP {failure.http_status}"
            answer = f"retCode {failure.ret_code}{quoted}{status}"
        return f"{self.meaning.cause} ({answer})"


def with_remedy(cause: str, remedy: str) -> str:
    """Join what is wrong and what to do about it into one sentence."""
    return f"{cause}: {remedy[:1].lower()}{remedy[1:]}"


def judge(status: int, body: bytes, request_id: str) -> Verdict:
    """Read an answer; whatever is not surely accepted or surely refused is unknown."""
    document = _document(body)
    code = document.get("retCode") if document else None
    if document is None or not _is_integer(code):
        meaning = meaning_of_status(status)
        if body.lstrip().startswith(b"<"):
            # A page for people comes from something in between, which may have replaced an answer of the exchange.
            meaning = meaning._replace(reading=UNKNOWN)
        return Verdict(meaning, Failure(None, None, status, request_id, meaning.reading), {}, None)
    meaning = meaning_of_code(code)
    if not _fits(status, meaning):
        meaning = Meaning(UNKNOWN, "the HTTP status and the return code contradict each other", LOOK_FIRST)
    message = str(document.get("retMsg") or "")[:_MESSAGE_CHARACTERS]
    result, time_ms = document.get("result"), document.get("time")
    return Verdict(
        meaning,
        Failure(code, message, status, request_id, meaning.reading),
        result if isinstance(result, dict) else {},
        time_ms if _is_integer(time_ms) else None,
    )


def _document(body: bytes) -> dict[str, t.Any] | None:
    try:
        document = json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _refuse(constant: str) -> t.NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _is_integer(value: object) -> t.TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _fits(status: int, meaning: Meaning) -> bool:
    if meaning.reading == ACCEPTED:
        return status == 200
    return status == 200 or meaning.reading != NOT_EXECUTED or status in HTTP_STATUSES

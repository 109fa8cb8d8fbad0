# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One exception class for each consequence of an error. Their texts are shown to the user.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._outcomes import NOT_EXECUTED, UNKNOWN
from .return_codes import IP_BLOCKED, IP_LIMITED


class Failure(t.NamedTuple):
    """The known facts about a failed request; returned to the user as C(failure).

    :ivar outcome: Whether this request was executed: C(NOT_EXECUTED), C(UNKNOWN), or C(EARLIER_REQUEST).
    """

    ret_code: int | None = None
    ret_msg: str | None = None
    http_status: int | None = None
    request_id: str | None = None
    outcome: str = NOT_EXECUTED

    @property
    def is_block(self) -> bool:
        """Whether the exchange has blocked this IP address, so that each further request would make it worse."""
        return self.http_status == IP_BLOCKED or self.ret_code == IP_LIMITED


class BybitError(Exception):
    """The base class. C(str(error)) is shown to the user: whole sentences without any secret.

    :ivar cause: What is wrong, without the remedy and the period, for use within another sentence.
    """

    outcome = NOT_EXECUTED

    def __init__(self, message: str, failure: Failure | None = None, remedy: str = "") -> None:
        super().__init__(f"{message}. {remedy}" if remedy else message)
        self.cause = message.rstrip(".")
        self.failure = failure

    @property
    def is_block(self) -> bool:
        """Whether the exchange has blocked this IP address, so that each further request would make it worse."""
        return self.failure is not None and self.failure.is_block


class BadInput(BybitError):
    """An option is wrong; nothing has been sent."""


class JournalUnusable(BybitError):
    """The journal cannot be used, so nothing was sent."""


class Overtaken(JournalUnusable):
    """Another run has acquired the target, so this run may not write to the journal, and sends nothing more."""


class AuditTrailBroken(BybitError):
    """The audit trail was changed, or part of it is missing."""


class JournalLost(JournalUnusable):
    """The journal cannot be read, so the outcome of earlier runs is unknown; nothing was sent."""

    outcome = UNKNOWN


class Declined(BybitError):
    """The plan refuses the request; only reads were sent."""


class Refused(BybitError):
    """The exchange refused the request and did nothing."""


class NotSent(BybitError):
    """The request did not reach the exchange."""


class ReadFailed(BybitError):
    """A read got no usable answer; it is safe to repeat."""


class Busy(BybitError):
    """Another run for the same target did not end in time; nothing was sent."""


class BusyInDoubt(Busy):
    """The other run began an operation whose outcome is unknown."""

    outcome = UNKNOWN


class NotExecuted(BybitError):
    """The request was sent, and perhaps accepted, but was certainly not executed."""


class OutcomeUnknown(BybitError):
    """The request may have been executed: it must not be sent again before its outcome is known."""

    outcome = UNKNOWN


class Defect(BybitError):
    """An error inside this collection.

    :ivar outcome: What became of the operation, as far as it is known.
    """

    def __init__(self, name: str, outcome: str) -> None:
        self.outcome = outcome
        super().__init__(
            f"Internal error in treasury.bybit ({name}); outcome: {outcome}. Check the loan before you run this again, and report the "
            f"error."
        )

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fault of each row of the table, and how a measurement proves that it happened."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

LOAN = "1794267532472646144"
# A loan in ETH, which allows eight decimal places, so that 0.00001 can be paid.
ETH_LOAN = "1794300811046633472"

EVERY_TIME = {"times": 0}
LATE_ANSWER = {"delay_answer_ms": 3000}
REFUSED_FUNDS = 177011


def _code(number: int, commit: bool) -> dict[str, t.Any]:
    return {"answer": {"ret_code": number}, "commit": commit}


@dataclass(frozen=True)
class Row:
    """One line of the table.

    :ivar fault: What the stand-in does with the request to repay.
    :ivar committed: Whether the stand-in accepts and executes the first affected request; None if that varies.
    :ivar failed_later: Whether the exchange accepts the affected repayment and later returns the money.
    :ivar recv_window: The time window of ours, in ms. Settling has to wait for it, so it is short by default.
    """

    name: str
    fault: dict[str, t.Any] | None = None
    committed: bool | None = None
    order_id: str = LOAN
    amount: str | float = "100"
    wallet: dict[str, str] | None = None
    listening: bool = True
    failed_later: bool = False
    recv_window: int = 1000

    def broken_premise(self, posts: list[dict[str, t.Any]], left: list[dict[str, t.Any]], records: list[dict]) -> str:
        """Return why this is not a valid measurement of the row; empty if it is."""
        if not self.listening:
            return "something was delivered" if posts else ""
        if not posts:
            # A client that checks the wallet first sends nothing.
            return "" if self.wallet else "nothing was delivered"
        if self.wallet and not any(post["ret_code"] == REFUSED_FUNDS for post in posts):
            return f"nothing was refused with {REFUSED_FUNDS}"
        return self._fault_was_not_met(posts, left) or self._effects_are_missing(records)

    def _fault_was_not_met(self, posts: list[dict[str, t.Any]], left: list[dict[str, t.Any]]) -> str:
        met = [post for post in posts if post["fault"] is not None]
        if self.fault is None:
            return "a fault was met" if met else ""
        every_time = self.fault.get("times") == 0
        if every_time and len(met) != len(posts) or not every_time and (left or met != posts[:1]):
            return f"{len(met)} of {len(posts)} requests met the fault"
        if self.committed is not None and posts[0]["committed"] != self.committed:
            return f"the first request was {'not ' if self.committed else ''}committed"
        return ""

    def _effects_are_missing(self, records: list[dict]) -> str:
        late = (self.fault or {}).get("history_delay_ms", 0)
        if late and not any(item["visible_at"] - item["time"] == late for item in records):
            return "no record was late"
        if self.failed_later and not any(item["status"] == 3 for item in records):
            return "no repayment failed later"
        return ""


ROWS = [
    Row("no fault"),
    Row("read timeout, committed", LATE_ANSWER, True),
    Row("read timeout, committed, at every try", {**LATE_ANSWER, **EVERY_TIME}, True),
    Row("connection reset, committed", {"answer": "reset"}, True),
    Row("connection reset, committed, at every try", {"answer": "reset", **EVERY_TIME}, True),
    Row("connection reset, not committed", {"answer": "reset", "commit": False}, False),
    Row("connection closed, committed", {"answer": "close"}, True),
    Row("truncated answer, committed", {"answer": "truncate"}, True),
    Row("HTML with status 502, committed", {"answer": "html_502"}, True),
    Row("HTML with status 502, not committed", {"answer": "html_502", "commit": False}, False),
    Row("HTML with status 200, committed", {"answer": "html_200"}, True),
    Row("HTML with status 200, not committed", {"answer": "html_200", "commit": False}, False),
    Row("10016 server error, committed", _code(10016, True), True),
    Row("10016 server error, not committed", _code(10016, False), False),
    Row("10000 server timeout, committed", _code(10000, True), True),
    Row("10000 server timeout, not committed", _code(10000, False), False),
    Row("10006 rate limit, once", _code(10006, False), False),
    # The server's clock is off for one request, so the gate itself refuses it.
    Row("10002 timestamp refused, once", {"clock_offset_ms": 60_000}, False),
    Row("177011 balance too small", wallet={"USDT": "50"}),
    Row("connection refused", listening=False),
    Row(
        "answer lost, history and debt 1.5 s late",
        {"answer": "reset", "history_delay_ms": 1500, "debt_delay_ms": 1500}, True,
    ),
    Row("answer lost, history 5 s late", {"answer": "reset", "history_delay_ms": 5000}, True),
    # All clients sign for five seconds or more here, so that the packet is still valid when it arrives.
    Row(
        "connection closed, the packet arrives 3 s later", {"answer": "close", "arrive_after_ms": 3000}, True,
        recv_window=5000,
    ),
    Row(
        "accepted, in process for 1.5 s, then failed", {"processing_ms": 1500, "final_status": 3}, True,
        failed_later=True,
    ),
    Row("amount 0.00001 given as a number", order_id=ETH_LOAN, amount=0.00001),
]

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict in a cell of the table, from the ledger, the request log, and what the user was told."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from decimal import Decimal

from safety_clients import IN_DOUBT, NO_ID, NOT_PAID, PENDING, SUCCESS, Told
from standin import FAILED

# The verdicts, from best to worst.
OK, LUCKY, LOST, UNTRUE, PAID_AGAIN = "ok", "no id", "lost", "untrue", "paid again"
VERDICTS = (OK, LUCKY, LOST, UNTRUE, PAID_AGAIN)
HARMFUL = (UNTRUE, PAID_AGAIN)

_SENT_AMOUNT = re.compile(r'"amount":\s*("[^"]*"|[^,}\s]+)')
_TOLD = {
    SUCCESS: "reported success",
    NO_ID: "reported success without an ID",
    PENDING: "reported pending",
    NOT_PAID: "reported not paid",
    IN_DOUBT: "not reported",
}
LEGEND = """\
Unless its row says otherwise, a fault happens to the first try only. "Committed" means that the exchange executed the
request. Each cell shows the verdict, how often the request to repay was delivered (POSTs), what the exchange's ledger
shows in the end, and what the last message of the client tells its user.

- ok: paid at most once, and the user knows whether it was.
- no id: paid once and reported as a success, but without an ID, just as if nothing had been paid.
- **lost**: the client ends with an error that leaves open whether the money went. Whoever runs it again may pay twice.
- **UNTRUE**: the client reports success and nothing was paid, or reports that nothing was paid and it was.
- **PAID n×**: the loan was repaid n times.

Ours assumes that the history, the debt, or the ledger of the Funding wallet shows a repayment within `settle_margin` (2 s
here, 10 s by default). If all three are later than that and the answer is lost, it takes the repayment for not made, and
its next try pays again, as the other clients do."""


@dataclass(frozen=True)
class Finding:
    verdict: str
    posts: int
    paid: int
    told: Told
    sent_amount: str = ""
    # Another untrue statement of a client that reports more than the others.
    objection: str = ""

    def cell(self) -> str:
        posts = f"{self.posts} POST{'' if self.posts == 1 else 's'}"
        if self.sent_amount:
            posts += f" (sent `{self.sent_amount}`)"
        money = "paid" if self.paid else "not paid"
        if self.verdict == PAID_AGAIN:
            return f"**PAID {self.paid}×**: {posts}, {_TOLD[self.told.kind]}"
        if self.verdict == OK and self.told.kind != PENDING:
            return f"ok: {posts}, {money}, reported"
        heads = {OK: "ok", LUCKY: "no id", LOST: "**lost**", UNTRUE: "**UNTRUE**"}
        return f"{heads[self.verdict]}: {posts}, {money}, {_TOLD[self.told.kind]}"


def find(told: Told, posts: list[dict[str, t.Any]], records: list[dict[str, t.Any]], odd_amount: bool) -> Finding:
    """Compare what the user was told with the ledger; records are the repayments of this measurement."""
    paid = [item for item in records if item["status"] != FAILED]
    sent = _SENT_AMOUNT.search(posts[0]["body"]) if odd_amount and posts else None
    objection = _objection(told, posts, records, paid)
    return Finding(_verdict(told, paid), len(posts), len(paid), told, sent.group(1) if sent else "", objection)


def _verdict(told: Told, paid: list[dict[str, t.Any]]) -> str:
    if len(paid) > 1:
        return PAID_AGAIN
    if told.kind == IN_DOUBT:
        return LOST
    if told.kind == PENDING:
        return OK
    if (told.kind == NOT_PAID) == bool(paid):
        return UNTRUE
    if told.kind == SUCCESS and told.repay_id != paid[0]["repay_id"]:
        return UNTRUE
    return LUCKY if told.kind == NO_ID else OK


def _objection(
    told: Told, posts: list[dict[str, t.Any]], records: list[dict[str, t.Any]], paid: list[dict[str, t.Any]]
) -> str:
    if told.repay_id is not None and told.repay_id not in [item["repay_id"] for item in records]:
        return f"there is no repayment {told.repay_id}"
    if told.amount is not None and told.repay_id is not None:
        amount = next(item["amount"] for item in records if item["repay_id"] == told.repay_id)
        if Decimal(told.amount) != Decimal(amount):
            return f"it tells the amount {told.amount}, and the repayment is of {amount}"
    for kind, at_ms in told.before:
        # More was paid than was sent afterwards, so an earlier request was executed.
        if kind == NOT_PAID and len(paid) > len([post for post in posts if post["time"] > at_ms]):
            return "a try before the last one told that nothing was paid, and something was"
    return ""

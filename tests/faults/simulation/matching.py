# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The effect of the runs' requests: the entry of the ledger that each has led to, and results with uniform keys.

Pure: no I/O.
"""

from __future__ import annotations

import json
import typing as t
from decimal import Decimal

from .ledger import API, Entry
from .products import ACCOUNT_COLLATERAL, FIXED, ORDER_COLLATERAL, PRODUCTS, WALLETS, loan_of, move_of
from .recording import Recording
from .runs import Post
from .standin import UNIT

# How results name the ID, the list of operations, and the changed object.
_KEYS = {
    **{name: ("adjust_id", "adjustments", "collateral") for name in (ORDER_COLLATERAL, ACCOUNT_COLLATERAL)},
    WALLETS: ("transfer_id", "transfers", "wallets"),
}
_REPAYMENT_KEYS = ("repay_id", "repayments", "loan")


def complete(post: Post, entry: dict[str, t.Any]) -> None:
    """Record what the exchange's request log says about a request.

    :param entry: The log entry, as the stand-in's control API returns it.
    """
    if not post.timestamp:
        body = json.loads(entry["body"])
        post.timestamp, post.loan, post.move = int(entry["timestamp"]), loan_of(entry["path"], body), move_of(body)
        post.gives_id = entry["path"] != PRODUCTS[post.loan.product].from_collateral
        post.amount = Decimal(body["amount"]) if "amount" in body else post.books.debts.get(post.loan, Decimal(0))
        post.own_id = body.get("transferId")
    post.handled_at, post.ret_code, post.committed = entry["handled_at"], entry["ret_code"], entry["committed"]


def match(recording: Recording) -> None:
    """Find the ledger's entry for every request."""
    claimed = {post.repay_id for post in recording.posts}
    for post in recording.posts:
        if post.committed and post.repay_id is None:
            alike = [e for e in recording.ledger.values() if _fits(e, post) and e.repay_id not in claimed]
            assert alike, f"no entry in the ledger for {post}"
            entry = min(alike, key=lambda entry: int(entry.repay_id)) if post.own_id is None else alike[0]
            post.repay_id = entry.repay_id
            post.amount = entry.amount if entry.loan.product == FIXED else post.amount
            claimed.add(post.repay_id)


def _fits(entry: Entry, post: Post) -> bool:
    if post.own_id is not None:
        return entry.repay_id == post.own_id
    same = (entry.loan, entry.time, entry.move) == (post.loan, post.handled_at, post.move)
    # The exchange may cut an overpayment of less than one unit.
    is_alike = entry.amount <= post.amount < entry.amount + UNIT or entry.loan.product == FIXED
    return same and entry.source == API and is_alike


def in_one_vocabulary(result: dict[str, t.Any], product: str) -> dict[str, t.Any]:
    """Return a result with the keys of a repayment's result."""
    if product not in _KEYS:
        return result
    names = dict(zip(_KEYS[product], _REPAYMENT_KEYS, strict=True))
    result = {names.get(name, name): value for name, value in result.items()}
    details = result.get("details") or {}
    for holder, key in ((result, "repayments"), (details, "earlier")):
        if holder.get(key):
            holder[key] = [{names.get(name, name): value for name, value in item.items()} for item in holder[key]]
    return result

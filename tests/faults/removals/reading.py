# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Safeguards that read the exchange's answers, and send the one request that moves money."""

from __future__ import annotations

import functools
import typing as t
from decimal import Decimal

from .replacing import Removal, around, instead


def _filtering(original: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    def rows_like(client: t.Any, path: str, query: dict[str, str | None], most_rows: int | None = None) -> t.Iterator[t.Any]:
        from ansible_collections.treasury.bybit.plugins.module_utils._loans.parsing import Row, at_most

        asked = {name: value for name, value in query.items() if value}
        for fields in at_most(client.pages(path, asked), most_rows):
            if all(fields.get(name) == value for name, value in asked.items() if name not in ("repayId", "adjustId")):
                yield Row(path, fields)

    return rows_like


def _retrying(original: type) -> t.Any:
    import urllib3

    return functools.partial(original, max_retries=urllib3.util.Retry(2, allowed_methods=None, backoff_factor=0))


REMOVALS = (
    Removal("reading: an unknown type is not the user's", (
        around("_loans.history:BY_USER", lambda original: {**original, "unknown": False}),
    )),
    Removal("reading: an empty amount is not an amount", (
        around("_amounts:parse_exchange_decimal", lambda original: lambda text: Decimal(0) if text == "" else original(text)),
    )),
    Removal("reading: a row that was not requested is refused", (
        around("_loans.parsing:rows_like", _filtering),
    )),
    Removal("reading: times in another unit", (
        instead("_loans.parsing:is_plausible", lambda time_ms: True),
    )),
    Removal("reading: a repeated row counts once", (
        instead("_loans.parsing:united", lambda path, entries, repay_id=None, noun="": [
            entry for entry in entries if repay_id in (None, entry.repay_id)
        ]),
    )),
    Removal("reading: a last page that repeats its cursor is the end", (
        instead("_api.client:_brings_nothing_new", lambda rows, before, limit: False),
    )),
    Removal("reading: pages that repeat in a circle", (
        instead("_api.client:goes_in_circles", lambda following, followed, empty: False),
    )),
    Removal("a refusal that is not the exchange's", (
        around("_api.return_codes:meaning_of_status", lambda original: lambda status, method: original(status, "GET")),
    )),
    Removal("return codes: 10016 counts as a refusal", (
        around("_api.return_codes:CODES", lambda original: {**original, 10016: original[10016]._replace(reading="not_executed")}),
    )),
    Removal("send once: the transport library retries", (
        around("_api.transport:_Adapter", _retrying),
    )),
)

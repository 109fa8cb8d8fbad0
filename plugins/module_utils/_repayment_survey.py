# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the repayments that a question is about, of all products. Nothing but reads is sent from here.

This module util is private to the collection.
"""

from __future__ import annotations

import functools

from ansible_collections.treasury.bybit.plugins.module_utils import _fixed, _flexible, _legacy
from ansible_collections.treasury.bybit.plugins.module_utils._answer import Answer, counted
from ansible_collections.treasury.bybit.plugins.module_utils._availability import Availability
from ansible_collections.treasury.bybit.plugins.module_utils._client import Client
from ansible_collections.treasury.bybit.plugins.module_utils._loan import FLEXIBLE, LEGACY
from ansible_collections.treasury.bybit.plugins.module_utils._record import Record
from ansible_collections.treasury.bybit.plugins.module_utils._repayment_question import (
    Entry,
    RepaymentQuestion,
    in_order,
    repayment_result,
    repayment_totals,
)
from ansible_collections.treasury.bybit.plugins.module_utils._side_by_side import side_by_side
from ansible_collections.treasury.bybit.plugins.module_utils._times import DAY_MS, HISTORY_REACH_DAYS

# Documented for the repayments of legacy loans only.
_LEGACY_REACH_MS = HISTORY_REACH_DAYS * DAY_MS


def survey_repayments(client: Client, question: RepaymentQuestion) -> Answer:
    """Return the repayments and their sums.

    :raises BybitError: When something could not be read that could be used.
    """
    availability = Availability(question.products, question.named, question.has_id)
    # The first one alone tells at once when key, clock or address are no good.
    first, *others = question.products
    found = availability.read(first, functools.partial(_entries_of, client, question))
    reads = [functools.partial(_entries_of, question=question, product=product) for product in others]
    entries_of = dict(zip(others, side_by_side(client, reads)))
    for product in others:
        found += availability.read(product, lambda product: entries_of[product].result())
    availability.check()
    entries, unavailable = in_order(found), availability.unavailable
    values = {
        "repayments": [repayment_result(entry) for entry in entries],
        "totals": repayment_totals(entries),
        "unavailable": [entry.as_result() for entry in unavailable],
        "msg": counted("repayment", [entry.product for entry in entries], [entry.product for entry in unavailable]),
    }
    is_legacy_read = LEGACY in question.products and LEGACY not in {entry.product for entry in unavailable}
    return Answer(values, [*availability.warnings(), *(_too_old(client, question) if is_legacy_read else [])])


def _entries_of(client: Client, question: RepaymentQuestion, product: str) -> list[Entry]:
    return [Entry(product, record) for record in _repayments(client, question, product) if question.is_about(record)]


def _repayments(client: Client, question: RepaymentQuestion, product: str) -> list[Record]:
    if product == LEGACY:
        return _legacy.repayments(client, question.coin, question.loan_id, question.repay_id)
    if product == FLEXIBLE:
        return _flexible.repayments(client, question.coin, question.repay_id)
    return _fixed.repayments(client, question.coin, question.loan_id, question.repay_id)


def _too_old(client: Client, question: RepaymentQuestion) -> list[str]:
    if question.since_ms is None or client.believed_time_ms() - question.since_ms <= _LEGACY_REACH_MS:
        return []
    return [
        "since is more than 180 days ago: of legacy loans, the exchange tells only the repayments of the last 6 months, so "
        "older ones are not in the result."
    ]

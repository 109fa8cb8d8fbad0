# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Amounts, interest and the clock, without a server."""

from __future__ import annotations

from decimal import Decimal

import pytest
from bybit_sandbox import amounts
from bybit_sandbox.clock import HOUR_MS, Clock
from bybit_sandbox.ledger import interest
from bybit_sandbox.ledger.model import LegacyLoan, build, to_plain


def loan(**changes) -> LegacyLoan:
    values = {
        "order_id": "1", "loan_coin": "USDT", "collateral_coin": "BTC", "term": "", "principal": Decimal(1000),
        "collateral": Decimal("0.04"), "hourly_rate": Decimal("0.0000090346"), "borrowed_at": 0, "due_at": None,
        "initial_loan": Decimal(1000), "initial_collateral": Decimal("0.04"),
    }
    return LegacyLoan(**{**values, **changes})


@pytest.mark.parametrize(("text", "value"), [
    ("0", "0"), ("12.50", "12.5"), ("-3", "-3"), ("007", "7"), ("0.00000001", "0.00000001"), ("1" * 40, "1" * 40),
])
def test_plain_decimals_are_parsed_and_printed(text, value):
    assert amounts.plain(amounts.parse(text)) == value


@pytest.mark.parametrize("text", [
    "", "1e5", "1E-5", "+1", ".5", "5.", "1 ", "1\n", "1_000", "Infinity", "NaN", "١", "1" * 41,
])
def test_other_texts_are_not_amounts(text):
    assert amounts.parse(text) is None


@pytest.mark.parametrize(("value", "text"), [
    (Decimal("1E+3"), "1000"), (Decimal("1E-8"), "0.00000001"), (Decimal("-0.000"), "0"), (Decimal("10.00"), "10"),
])
def test_amounts_are_printed_without_an_exponent(value, text):
    assert amounts.plain(value) == text


def test_decimals_are_counted_and_rounded():
    assert [amounts.decimals(Decimal(text)) for text in ("1", "1.0", "1.50", "1E-8", "1E+2")] == [0, 0, 1, 8, 0]
    assert amounts.rounded(Decimal("0.000000005"), 8) == Decimal("0.00000001")
    assert amounts.rounded_down(Decimal("0.00000001999"), 8) == Decimal("0.00000001")
    assert amounts.unit(4) == Decimal("0.0001")


def test_a_partial_hour_costs_nothing():
    item = loan()
    assert not interest.accrue(item, HOUR_MS - 1)
    assert item.debt == 1000


def test_the_number_of_queries_does_not_change_the_interest():
    often, once = loan(principal=Decimal("333.3333")), loan(principal=Decimal("333.3333"))
    for number in range(1, 200):
        interest.accrue(often, number * HOUR_MS + 5)
    interest.accrue(once, 199 * HOUR_MS + 5)
    assert often.interest == once.interest == 199 * Decimal("0.00301154")


def test_a_clock_set_back_returns_no_interest():
    item = loan()
    interest.accrue(item, 10 * HOUR_MS)
    assert not interest.accrue(item, 2 * HOUR_MS)
    assert item.interest == Decimal("0.090346") and not interest.accrue(item, 10 * HOUR_MS)


@pytest.mark.parametrize(("hours", "ordinary", "overdue"), [(10, 10, 0), (11, 10, 1), (15, 10, 5), (3, 3, 0)])
def test_overdue_hours_cost_three_times_as_penalty(hours, ordinary, overdue):
    item = loan(due_at=10 * HOUR_MS)
    interest.accrue(item, hours * HOUR_MS)
    assert (item.interest, item.penalty) == (ordinary * Decimal("0.0090346"), overdue * Decimal("0.0271038"))


def test_an_hour_that_ends_after_the_due_time_is_overdue():
    item = loan(due_at=10 * HOUR_MS + 1)
    interest.accrue(item, 11 * HOUR_MS)
    assert (item.interest, item.penalty) == (10 * Decimal("0.0090346"), Decimal("0.0271038"))


def test_penalty_is_paid_before_interest_before_principal():
    item = loan(interest=Decimal(3), penalty=Decimal(2))
    interest.allocate(item, Decimal("4.5"))
    assert (item.penalty, item.interest, item.principal) == (0, Decimal("0.5"), 1000)
    interest.allocate(item, Decimal("10"))
    assert (item.penalty, item.interest, item.principal) == (0, 0, Decimal("990.5"))
    assert (item.repaid_penalty, item.repaid_interest) == (2, 3)


def test_the_ltv_is_debt_divided_by_collateral():
    assert interest.ltv(loan(interest=Decimal(200)), {"USDT": Decimal(1), "BTC": Decimal(60000)}) == Decimal("0.5")


def test_a_loan_survives_being_written_and_read():
    item = loan(interest=Decimal("0.00000001"), due_at=5, term="7")
    document = to_plain(item)
    assert document["interest"] == "0.00000001" and build(LegacyLoan, document) == item


def test_the_clock_is_offset_advanced_and_frozen():
    clock = Clock(5000)
    real = Clock()
    assert abs(clock.now_ms() - real.now_ms() - 5000) < 200
    clock.freeze(1000)
    clock.advance(10)
    assert clock.now_ms() == 1010
    clock.unfreeze()
    assert abs(clock.now_ms() - real.now_ms() - 5000) < 200
    clock.freeze()
    clock.set_offset(0)
    assert clock.frozen_at_ms is None and abs(clock.now_ms() - real.now_ms()) < 200

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._connection import connection_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._intent import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._repay_options import (
    goal_of,
    manner_of,
    order_id_of,
    repay_argument_spec,
)
from ansible_collections.treasury.bybit.plugins.module_utils._repayment import Manner

MIDNIGHT_MS = 1793491200000


def options(**given: object) -> dict[str, t.Any]:
    spec = {name: option.get("default") for name, option in repay_argument_spec().items()}
    return {**spec, "amount": "100", "order_id": "17", **given}


@pytest.mark.parametrize(
    ("given", "goal"),
    [
        ({}, Goal(Decimal(100), None)),
        ({"amount": 100}, Goal(Decimal(100))),
        ({"amount": "100.10"}, Goal(Decimal("100.1"))),
        ({"since": "2026-11-01"}, Goal(Decimal(100), MIDNIGHT_MS)),
        ({"since": "2026-11-01T01:00:00+01:00"}, Goal(Decimal(100), MIDNIGHT_MS)),
        ({"since": "1970-01-01"}, Goal(Decimal(100), 0)),
    ],
    ids=str,
)
def test_goals(given: dict[str, object], goal: Goal) -> None:
    assert goal_of(options(**given)) == goal


@pytest.mark.parametrize(
    "given",
    [
        ({"amount": "100"}, {"amount": 100}),
        ({"amount": "100"}, {"amount": "100.00"}),
        ({"amount": "0.1"}, {"amount": 0.1}),
        ({"since": "2026-11-01"}, {"since": "2026-11-01T00:00:00.000Z"}),
    ],
    ids=str,
)
def test_the_same_goal_may_be_written_in_many_ways(given: tuple[dict[str, object], ...]) -> None:
    assert len({goal_of(options(**way)) for way in given}) == 1


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"amount": "0"}, "amount cannot be used: '0' is zero: write an amount greater than zero."),
        ({"amount": None}, "amount cannot be used: null is not a number"),
        ({"amount": "1,5"}, "amount cannot be used: '1,5' has separators"),
        ({"since": ""}, "since cannot be used: '' is not an ISO 8601 time: write a date"),
        ({"since": "2026-11-01 10:00"}, "since cannot be used: '2026-11-01 10:00' has no time zone: write a date"),
        ({"since": "2026-11-31"}, "since cannot be used: '2026-11-31' is no time of the calendar"),
    ],
)
def test_a_goal_that_cannot_be_used(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        goal_of(options(**given))
    assert str(caught.value).startswith(sentence)
    assert str(caught.value).endswith(".")
    assert caught.value.outcome == "not_executed"


def test_the_usual_manner() -> None:
    assert manner_of(options()) == Manner(True, 60_000, 10_000, 180_000, None)


def test_another_manner() -> None:
    given = {"wait": False, "wait_timeout": 1, "settle_margin": 2, "lock_timeout": 3, "acknowledge": "8f2a"}
    assert manner_of(options(**given)) == Manner(False, 1000, 2000, 3000, "8f2a")


@pytest.mark.parametrize(("name", "most"), [("wait_timeout", 86_400), ("settle_margin", 3600), ("lock_timeout", 86_400)])
def test_ranges(name: str, most: int) -> None:
    for number in (0, most):
        assert getattr(manner_of(options(**{name: number})), f"{name}_ms") == number * 1000
    for number in (-1, most + 1):
        with pytest.raises(BadInput) as caught:
            manner_of(options(**{name: number}))
        assert str(caught.value) == f"{name} '{number}' is out of range: give a whole number from 0 to {most}."


@pytest.mark.parametrize(
    ("order_id", "expected"),
    [("17", "17"), (" 1794267532472646144\n", "1794267532472646144"), ("aB_-9", "aB_-9"), ("x" * 64, "x" * 64)],
)
def test_order_ids(order_id: str, expected: str) -> None:
    assert order_id_of(options(order_id=order_id)) == expected


@pytest.mark.parametrize("order_id", ["", " ", "1 7", "17&amount=1", "../17", "17\n18", "x" * 65, "\u0661\u0667", "17."])
def test_what_is_no_order_id(order_id: str) -> None:
    with pytest.raises(BadInput, match="is not an order id: give it as the exchange shows it, such as '1794267532472646144'"):
        order_id_of(options(order_id=order_id))


def test_the_options_of_repaying_and_connecting_are_different_ones() -> None:
    assert set(repay_argument_spec()) & set(connection_argument_spec()) == set()


def test_the_state_directory_can_come_from_the_environment() -> None:
    option = repay_argument_spec()["state_dir"]
    assert option["fallback"][1] == ["BYBIT_STATE_DIR"]
    # A path is expanded by Ansible.
    assert (option["type"], option["default"]) == ("path", "~/.local/state/treasury.bybit")

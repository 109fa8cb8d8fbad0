# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._options.repay import goal_of, repay_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._options.run import run_options_of

MIDNIGHT_MS = 1793491200000


def options(**given: object) -> dict[str, t.Any]:
    spec = {name: option.get("default") for name, option in repay_argument_spec().items()}
    return {**spec, "amount": "100", **given}


@pytest.mark.parametrize(
    ("given", "goal"),
    [
        ({}, Goal(Decimal(100), None)),
        ({"amount": 100}, Goal(Decimal(100))),
        ({"amount": "100.10"}, Goal(Decimal("100.1"))),
        ({"since": "2026-11-01"}, Goal(Decimal(100), MIDNIGHT_MS)),
        ({"since": "2026-11-01T01:00:00+01:00"}, Goal(Decimal(100), MIDNIGHT_MS)),
        ({"since": "1970-01-01"}, Goal(Decimal(100), 0)),
        ({"amount": None, "max_debt": "750.50"}, Goal(max_debt=Decimal("750.5"))),
        ({"amount": None, "max_debt": 0}, Goal(max_debt=Decimal(0))),
        ({"amount": None, "max_ltv": "0.65"}, Goal(max_ltv=Decimal("0.65"))),
        ({"amount": None, "max_ltv": 0.65, "allow_partial": True}, Goal(max_ltv=Decimal("0.65"))),
        ({"amount": None, "max_debt": "0", "allow_partial": True}, Goal(max_debt=Decimal(0))),
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
        ({"amount": "0"}, "amount '0' is zero: use an amount greater than zero."),
        ({"max_debt": "-1"}, "max_debt '-1' is negative"),
        ({"max_debt": "all"}, "max_debt 'all' is not a decimal number"),
        ({"max_ltv": "50 %"}, "max_ltv '50 %' is not a fraction between 0 and 1: use '0.5' for 50 %, for example."),
        ({"amount": None}, "amount, max_debt, and max_ltv have no value: set exactly one of them."),
        ({"amount": None, "since": "2026-11-01"}, "amount, max_debt, and max_ltv have no value: set exactly one of them."),
        ({"max_ltv": "0"}, "max_ltv '0' is not an LTV above 0: set max_debt to '0' to repay the whole debt."),
        ({"max_ltv": 1}, "max_ltv '1' is not a fraction between 0 and 1: use '0.5' for 50 %, for example."),
        ({"max_ltv": "65"}, "max_ltv '65' is not a fraction between 0 and 1: use '0.5' for 50 %, for example."),
        (
            {"allow_partial": True},
            "allow_partial 'true' has no effect on amount without since, which is never moved in part: omit allow_partial, or set "
            "since, max_debt, or max_ltv.",
        ),
        ({"amount": "1,5"}, "amount '1,5' contains a separator"),
        ({"since": ""}, "since '' is not an ISO 8601 time: use a date"),
        ({"since": "2026-11-01 10:00"}, "since '2026-11-01 10:00' has no time zone: use a date"),
        ({"since": "2026-11-31"}, "since '2026-11-31' is not a valid date and time"),
    ],
)
def test_a_goal_that_cannot_be_used(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        goal_of(options(**given))
    assert str(caught.value).startswith(sentence)
    assert str(caught.value).endswith(".")
    assert caught.value.outcome == "not_executed"


@pytest.mark.parametrize(
    "goal",
    [
        {"amount": "100", "since": "2026-11-01"},
        {"amount": None, "max_debt": "0"},
        {"amount": None, "max_ltv": "0.5"},
        # A fixed contract is repaid as a whole.
        {"amount": None},
    ],
    ids=str,
)
def test_a_goal_takes_no_reference(goal: dict[str, object]) -> None:
    with pytest.raises(BadInput) as caught:
        run_options_of(options(reference="INV-7", **goal))
    assert str(caught.value) == (
        "reference 'INV-7' can name only a step: use it with amount without since, or omit it, because a goal "
        "moves only what is missing; repaying a whole fixed contract needs no reference."
    )

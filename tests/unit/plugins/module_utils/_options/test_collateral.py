# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, TAKE_BACK, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._operations.collateral import AccountCollateral, LegacyCollateral
from ansible_collections.treasury.bybit.plugins.module_utils._options.collateral import (
    COLLATERAL_RULES,
    collateral_argument_spec,
    parse_collateral_options,
)
from ansible_collections.treasury.bybit.plugins.module_utils._options.run import Instruction, run_options_of

ORDER: dict[str, object] = {"order_id": "17"}
ACCOUNT: dict[str, object] = {"currency": "BTC"}
NO_GOAL = "add, take_back, max_ltv, and min_ltv have no value: set exactly one of them."
NO_NAME = "order_id and currency have no value: set one of them."
NO_FRACTION = "is not a fraction between 0 and 1: use '0.5' for 50 %, for example."


def options(given: dict[str, object]) -> dict[str, t.Any]:
    return {**{name: option.get("default") for name, option in collateral_argument_spec().items()}, **given}


def ask(given: dict[str, object]) -> Instruction:
    # Options are checked before a client is needed.
    client: t.Any = None
    return parse_collateral_options(client, options(given))


@pytest.mark.parametrize(
    ("given", "goal"),
    [
        ({"add": "0.1"}, Goal(Decimal("0.1"), move=ADD)),
        ({"add": 2}, Goal(Decimal(2), move=ADD)),
        ({"take_back": "0.10"}, Goal(Decimal("0.1"), move=TAKE_BACK)),
        ({"max_ltv": "0.5"}, Goal(max_ltv=Decimal("0.5"), move=ADD)),
        ({"max_ltv": 0.65, "allow_partial": True}, Goal(max_ltv=Decimal("0.65"), move=ADD)),
        ({"min_ltv": "0.3"}, Goal(min_ltv=Decimal("0.3"), move=TAKE_BACK)),
        ({"min_ltv": "0.3", "allow_partial": True}, Goal(min_ltv=Decimal("0.3"), move=TAKE_BACK)),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("naming", "kind", "ids"),
    [(ORDER, LegacyCollateral, {"order_id": "17"}), ({"currency": " BTC "}, AccountCollateral, {"currency": "BTC"})],
    ids=["order", "account"],
)
def test_valid_requests(naming: dict[str, object], kind: type, ids: dict[str, str], given: dict[str, object], goal: Goal) -> None:
    operation, asked = ask({**naming, **given})
    assert (type(operation), asked) == (kind, goal)
    assert ids.items() <= operation.ids.items()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        # A null variable must not select another request.
        ({"add": "1"}, NO_NAME),
        ({}, NO_NAME),
        (ORDER, NO_GOAL),
        ({**ACCOUNT, "allow_partial": True}, NO_GOAL),
        ({"order_id": "1 7", "add": "1"}, "order_id '1 7' is not an ID: use the ID that the exchange shows, in quotes, such as '1794267532472646144'."),
        ({"order_id": "", "add": "1"}, "order_id '' is not an ID: use the ID that the exchange shows, in quotes, such as '1794267532472646144'."),
        ({"currency": "btc", "add": "1"}, "currency 'btc' is not a coin: use the exchange's spelling, such as 'BTC'."),
        ({"currency": "", "add": "1"}, "currency '' is not a coin: use the exchange's spelling, such as 'USDT'."),
        *(({**ORDER, step: "0"}, f"{step} '0' is zero: use an amount greater than zero.") for step in ("add", "take_back")),
        *(({**ORDER, step: "-1"}, f"{step} '-1' is negative") for step in ("add", "take_back")),
        *(({**ACCOUNT, step: "all"}, f"{step} 'all' is not a decimal number") for step in ("add", "take_back")),
        *(({**ACCOUNT, goal: given}, f"{goal} '{given}' {NO_FRACTION}") for goal in ("max_ltv", "min_ltv") for given in ("50 %", "1", 65)),
        (
            {**ORDER, "max_ltv": "0"},
            "max_ltv '0' cannot be reached, because collateral never brings an LTV to zero: set an LTV above 0, such as '0.5', or repay.",
        ),
        (
            {**ORDER, "min_ltv": 0},
            "min_ltv '0' has no effect, because no LTV is below 0: set the LTV up to which collateral is taken back, such as '0.5'.",
        ),
        *(
            (
                {**ACCOUNT, step: "1", "allow_partial": True},
                f"allow_partial 'true' has no effect on {step}, which is never moved in part: omit allow_partial, or set max_ltv or min_ltv.",
            )
            for step in ("add", "take_back")
        ),
    ],
    ids=str,
)
def test_invalid_requests_are_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        ask(given)
    assert str(caught.value).startswith(message)
    assert str(caught.value).endswith(".")
    assert caught.value.outcome == "not_executed"


@pytest.mark.parametrize("goal", ["max_ltv", "min_ltv"])
def test_a_goal_takes_no_reference(goal: str) -> None:
    with pytest.raises(BadInput) as caught:
        run_options_of(options({**ORDER, goal: "0.5", "reference": "INV-7"}))
    assert str(caught.value) == (
        "reference 'INV-7' can name only a step: use it with add or take_back, or omit it, because a goal "
        "moves only what is missing."
    )


def test_collateral_and_goal_are_each_named_in_one_way() -> None:
    ways = [("order_id", "currency"), ("add", "take_back", "max_ltv", "min_ltv")]
    assert {rule: sorted(names) for rule, names in COLLATERAL_RULES.items()} == {
        "mutually_exclusive": sorted(ways), "required_one_of": sorted(ways),
    }

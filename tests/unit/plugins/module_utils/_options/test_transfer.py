# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._goal import TO_FUND, TO_UNIFIED, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._operations.transfer import Transfer
from ansible_collections.treasury.bybit.plugins.module_utils._options.run import Instruction, run_options_of
from ansible_collections.treasury.bybit.plugins.module_utils._options.transfer import (
    TRANSFER_RULES,
    parse_transfer_options,
    transfer_argument_spec,
)

BACK: dict[str, object] = {"from_account_type": "FUND", "to_account_type": "UNIFIED"}
NO_GOAL = "amount and ensure have no value: set exactly one of them."


def options(given: dict[str, object]) -> dict[str, t.Any]:
    return {**{name: option.get("default") for name, option in transfer_argument_spec().items()}, "coin": "USDT", **given}


def ask(given: dict[str, object]) -> Instruction:
    # Options are checked before a client is needed.
    client: t.Any = None
    return parse_transfer_options(client, options(given))


@pytest.mark.parametrize(
    ("given", "goal"),
    [
        ({"amount": "100.50"}, Goal(Decimal("100.5"), move=TO_FUND)),
        ({"amount": 5, **BACK}, Goal(Decimal(5), move=TO_UNIFIED)),
        ({"ensure": "500"}, Goal(ensure=Decimal(500), move=TO_FUND)),
        ({"ensure": 500, "from_account_type": "UNIFIED", "to_account_type": "FUND"}, Goal(ensure=Decimal(500), move=TO_FUND)),
        ({"ensure": "500", "allow_partial": True}, Goal(ensure=Decimal(500), move=TO_FUND)),
    ],
    ids=str,
)
def test_valid_requests(given: dict[str, object], goal: Goal) -> None:
    operation, asked = ask(given)
    assert (type(operation), asked) == (Transfer, goal)
    assert {"coin": "USDT"}.items() <= operation.ids.items()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, NO_GOAL),
        ({"allow_partial": True}, NO_GOAL),
        (BACK, NO_GOAL),
        ({"coin": "usdt", "amount": "1"}, "coin 'usdt' is not a coin: use the exchange's spelling, such as 'USDT'."),
        ({"coin": "", "amount": "1"}, "coin '' is not a coin: use the exchange's spelling, such as 'USDT'."),
        ({"coin": "True", "amount": "1"}, "coin is a YAML boolean, not a coin: put the coin in quotes, such as 'ON'."),
        *(({name: "0"}, f"{name} '0' is zero: use an amount greater than zero.") for name in ("amount", "ensure")),
        *(({name: "-1"}, f"{name} '-1' is negative") for name in ("amount", "ensure")),
        *(({name: "all"}, f"{name} 'all' is not a decimal number") for name in ("amount", "ensure")),
        (
            {"amount": "1", "to_account_type": "UNIFIED"},
            "from_account_type and to_account_type are both 'UNIFIED': set one of them to 'FUND'.",
        ),
        (
            {"ensure": "1", "from_account_type": "FUND"},
            "from_account_type and to_account_type are both 'FUND': set one of them to 'UNIFIED'.",
        ),
        (
            {"ensure": "500.0", **BACK},
            "ensure '500' tops up the Funding wallet, but this transfer goes from FUND to UNIFIED: omit from_account_type and "
            "to_account_type, or set amount instead.",
        ),
        (
            {"amount": "1", "allow_partial": True},
            "allow_partial 'true' has no effect on amount, which is never moved in part: omit allow_partial, or set ensure.",
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


def test_a_goal_takes_no_reference() -> None:
    with pytest.raises(BadInput) as caught:
        run_options_of(options({"ensure": "500", "reference": "INV-7"}))
    assert str(caught.value) == (
        "reference 'INV-7' can name only a step: use it with amount, or omit it, because a goal moves only "
        "what is missing."
    )


def test_a_transfer_has_one_goal_and_two_ends() -> None:
    assert TRANSFER_RULES == {"mutually_exclusive": [("amount", "ensure")], "required_one_of": [("amount", "ensure")]}
    spec = transfer_argument_spec()
    assert {name: (spec[name]["choices"], spec[name]["default"]) for name in ("from_account_type", "to_account_type")} == {
        "from_account_type": (["UNIFIED", "FUND"], "UNIFIED"), "to_account_type": (["UNIFIED", "FUND"], "FUND"),
    }

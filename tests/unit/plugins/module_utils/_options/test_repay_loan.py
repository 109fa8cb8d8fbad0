# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._options.repay import (
    FIXED_RULES,
    parse_fixed_options,
    parse_flexible_options,
    parse_legacy_options,
    repay_argument_spec,
)
from ansible_collections.treasury.bybit.plugins.module_utils._options.run import Instruction
from ansible_collections.treasury.bybit.plugins.module_utils._options.values import coin_of, id_of
from ansible_collections.treasury.bybit.plugins.module_utils._operations.fixed import FixedRepayment
from ansible_collections.treasury.bybit.plugins.module_utils._operations.flexible import FlexibleRepayment
from ansible_collections.treasury.bybit.plugins.module_utils._operations.legacy import LegacyRepayment

NAMING = {
    parse_legacy_options: {"order_id": "17"},
    parse_flexible_options: {"loan_currency": "USDT", "collateral": None},
    parse_fixed_options: {"loan_id": None, "loan_currency": None, "collateral": None, "sweep": False},
}
ONE, ALL = {"loan_id": "571"}, {"loan_currency": "USDT", "sweep": True}
PAID_OFF = Goal(max_debt=Decimal(0))


def ask(build: t.Callable[..., Instruction], given: dict[str, object]) -> Instruction:
    # Options are checked before a client is needed.
    client: t.Any = None
    spec = {name: option.get("default") for name, option in repay_argument_spec().items()}
    return build(client, {**spec, **NAMING[build], **given})


def refusal(build: t.Callable[..., Instruction], given: dict[str, object]) -> str:
    with pytest.raises(BadInput) as caught:
        ask(build, given)
    assert caught.value.outcome == "not_executed"
    return str(caught.value)


@pytest.mark.parametrize(
    ("build", "given", "ids", "goal"),
    [
        (parse_legacy_options, {"amount": "100"}, {"order_id": "17"}, Goal(Decimal(100))),
        (parse_legacy_options, {"max_ltv": "0.5"}, {"order_id": "17"}, Goal(max_ltv=Decimal("0.5"))),
        (parse_flexible_options, {"max_debt": "0"}, {"loan_currency": "USDT", "collateral": []}, PAID_OFF),
        (parse_flexible_options, {"max_ltv": "0.5"}, {"loan_currency": "USDT", "collateral": []}, Goal(max_ltv=Decimal("0.5"))),
        (
            parse_flexible_options, {"amount": 5, "since": "1970-01-01", "collateral": ["BTC", " ETH "]},
            {"loan_currency": "USDT", "collateral": ["BTC", "ETH"]}, Goal(Decimal(5), 0, collateral=("BTC", "ETH")),
        ),
        (parse_fixed_options, ONE, {"loan_id": "571", "loan_currency": None, "collateral": []}, PAID_OFF),
        (parse_fixed_options, {**ONE, "max_debt": "0"}, {"loan_id": "571", "loan_currency": None, "collateral": []}, PAID_OFF),
        (
            parse_fixed_options, {**ONE, "max_ltv": "0.5"},
            {"loan_id": "571", "loan_currency": None, "collateral": []}, Goal(max_ltv=Decimal("0.5")),
        ),
        (parse_fixed_options, ALL, {"loan_id": None, "loan_currency": "USDT", "collateral": []}, PAID_OFF),
        (
            parse_fixed_options, {**ONE, "amount": "5", "collateral": ["BTC"]},
            {"loan_id": "571", "loan_currency": None, "collateral": ["BTC"]}, Goal(Decimal(5), collateral=("BTC",)),
        ),
        # A repayment from collateral names an amount, so it is no sweep.
        (
            parse_fixed_options, {"loan_currency": "USDT", "max_debt": "9", "collateral": ["BTC"]},
            {"loan_id": None, "loan_currency": "USDT", "collateral": ["BTC"]}, Goal(max_debt=Decimal(9), collateral=("BTC",)),
        ),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_valid_requests(build: t.Callable[..., Instruction], given: dict[str, object], ids: dict[str, object], goal: Goal) -> None:
    operation, asked = ask(build, given)
    kinds = {parse_legacy_options: LegacyRepayment, parse_flexible_options: FlexibleRepayment, parse_fixed_options: FixedRepayment}
    assert isinstance(operation, kinds[build])
    assert (operation.ids, asked) == (ids, goal)
    assert operation.terms.from_collateral == bool(goal.collateral)
    assert operation.terms.is_whole == (build is parse_fixed_options and not goal.collateral)


@pytest.mark.parametrize(
    ("build", "given", "message"),
    [
        (
            parse_legacy_options, {"order_id": "1 7", "amount": "1"},
            "order_id '1 7' is not an ID: use the ID that the exchange shows, in quotes, such as '1794267532472646144'.",
        ),
        (parse_legacy_options, {"amount": "0"}, "amount '0' is zero: use an amount greater than zero."),
        (
            parse_flexible_options, {"loan_currency": "usdt", "amount": "1"},
            "loan_currency 'usdt' is not a coin: use the exchange's spelling, such as 'USDT'.",
        ),
        (
            parse_flexible_options, {"loan_currency": "btc", "amount": "1"},
            "loan_currency 'btc' is not a coin: use the exchange's spelling, such as 'BTC'.",
        ),
        (
            parse_flexible_options, {"collateral": [], "amount": "1"},
            "collateral '[]' is empty: list the coins to sell, or omit it to repay from the Funding wallet.",
        ),
        (
            parse_flexible_options, {"collateral": ["BTC", "eth"], "amount": "1"},
            "collateral 'eth' is not a coin: use the exchange's spelling, such as 'ETH'.",
        ),
        (
            parse_flexible_options, {"collateral": ["BTC,ETH"], "amount": "1"},
            "collateral 'BTC,ETH' is not a coin: use the exchange's spelling, such as 'USDT'.",
        ),
        (
            parse_flexible_options, {"collateral": ["BTC", "ETH", "BTC"], "amount": "1"},
            "collateral lists 'BTC' more than once: list each coin once.",
        ),
        *[
            (
                build, {**given, "collateral": ["BTC"], "max_ltv": "0.5"},
                "max_ltv '0.5' cannot be combined with collateral, because the exchange does not publish its fee in advance: set "
                "amount or max_debt instead, or omit collateral.",
            )
            for build, given in ((parse_flexible_options, {}), (parse_fixed_options, ONE))
        ],
        (parse_fixed_options, {"loan_id": "571?"}, "loan_id '571?' is not an ID: use the ID that the exchange shows, in quotes, such as '571'."),
        (parse_fixed_options, {"loan_id": ""}, "loan_id '' is not an ID: use the ID that the exchange shows, in quotes, such as '571'."),
        (
            parse_fixed_options, {"loan_currency": "$", "sweep": True},
            "loan_currency '$' is not a coin: use the exchange's spelling, such as 'USDT'.",
        ),
        (
            parse_fixed_options, {**ONE, "collateral": ["BTC"]},
            "amount, max_debt, and max_ltv have no value: set exactly one of them.",
        ),
        # A null variable must not mean everything.
        *(
            (parse_fixed_options, {"sweep": sweep, **goal}, "loan_id and loan_currency have no value: set one of them.")
            for sweep in (False, True)
            for goal in ({}, {"amount": "5", "collateral": ["BTC"]})
        ),
        (parse_legacy_options, {}, "amount, max_debt, and max_ltv have no value: set exactly one of them."),
        (parse_flexible_options, {"allow_partial": True}, "amount, max_debt, and max_ltv have no value: set exactly one of them."),
        (
            parse_fixed_options, {**ONE, "amount": "5"},
            "amount '5' cannot be used without collateral, because the Funding wallet repays a fixed contract only in full: "
            "omit amount, or set collateral.",
        ),
        (
            parse_fixed_options, {**ALL, "max_debt": "5"},
            "max_debt '5' cannot be used without collateral, because the Funding wallet repays a fixed contract only in "
            "full: set max_debt to '0', or set collateral.",
        ),
        (
            parse_fixed_options, {"loan_currency": "USDT"},
            "loan_currency 'USDT' without loan_id repays all fixed USDT contracts: set sweep to true to confirm this, or set "
            "loan_id.",
        ),
    ],
)
def test_invalid_requests_are_refused(build: t.Callable[..., Instruction], given: dict[str, object], message: str) -> None:
    assert refusal(build, given) == message


@pytest.mark.parametrize(
    ("value", "expected"),
    [("17", "17"), (" 1794267532472646144\n", "1794267532472646144"), ("aB_-9", "aB_-9"), ("x" * 64, "x" * 64)],
)
def test_ids(value: str, expected: str) -> None:
    assert id_of({"order_id": value}, "order_id", "17") == expected


@pytest.mark.parametrize("value", ["", " ", "1 7", "17&amount=1", "../17", "17\n18", "x" * 65, "\u0661\u0667", "17."])
def test_invalid_ids_are_refused(value: str) -> None:
    with pytest.raises(BadInput) as caught:
        id_of({"order_id": value}, "order_id", "1794267532472646144")
    example = "use the ID that the exchange shows, in quotes, such as '1794267532472646144'."
    shown = {"x" * 65: "… (65 characters)", "17\n18": "17\ufffd18"}.get(value, value.strip())
    assert str(caught.value) == f"order_id '{shown}' is not an ID: {example}"


@pytest.mark.parametrize(("value", "expected"), [("USDT", "USDT"), (" BTC\n", "BTC"), ("1INCH", "1INCH"), ("X" * 20, "X" * 20)])
def test_coins(value: str, expected: str) -> None:
    assert coin_of({"loan_currency": value}, "loan_currency") == expected


@pytest.mark.parametrize("value", ["", "usdt", "US DT", "USDT&amount=1", "X" * 21, "\u0412TC", "BTC/USDT", "x" * 100])
def test_invalid_coins_are_refused(value: str) -> None:
    with pytest.raises(BadInput) as caught:
        coin_of({"loan_currency": value}, "loan_currency")
    shown = value if len(value) <= 64 else f"… ({len(value)} characters)"
    assert str(caught.value).startswith(f"loan_currency '{shown}' is not a coin: use the exchange's spelling, such as '")


@pytest.mark.parametrize(("value", "example"), [("True", "ON"), ("False", "NO"), (" True\n", "ON")])
def test_a_boolean_of_yaml_is_no_coin_and_no_id(value: str, example: str) -> None:
    with pytest.raises(BadInput) as caught:
        coin_of({"loan_currency": value}, "loan_currency")
    assert str(caught.value) == f"loan_currency is a YAML boolean, not a coin: put the coin in quotes, such as '{example}'."
    with pytest.raises(BadInput) as caught:
        id_of({"order_id": value}, "order_id", "17")
    assert str(caught.value) == "order_id is a YAML boolean, not an ID: put the ID in quotes, such as '17'."


def test_a_fixed_loan_is_named_in_one_way() -> None:
    assert FIXED_RULES["required_one_of"] == [("loan_id", "loan_currency")]
    assert ("loan_id", "loan_currency") in FIXED_RULES["mutually_exclusive"]
    assert ("amount", "max_debt", "max_ltv") in FIXED_RULES["mutually_exclusive"]
    assert FIXED_RULES["required_by"] == {"since": ("amount",)}

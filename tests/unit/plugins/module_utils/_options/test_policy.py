# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options of a policy mean: its money, its caps, and its stress. And which ones are refused."""

from __future__ import annotations

import copy
import json
import re
import typing as t
from decimal import Decimal

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._options.policy import PolicyRequest, parse_policy_options, policy_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Cap
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import Policy
from ansible_collections.treasury.bybit.plugins.module_utils._policy.rules import (
    DebtRule, InstallmentRule, Level, LtvRule, MaturityRule, Selection, Way,
)
from hypothesis import given
from hypothesis import strategies as st
from policy_requests import LTV, MONTHLY, declare, validated

D = Decimal
MARKS = {"initial": D("0.8"), "margin_call": D("0.85"), "liquidation": D("0.95")}

WHOLE = """
rules:
  - name: never above 70 %
    ltv: {above: margin_call - 0.15, down_to: "0.55"}
    using: [repay, {add_collateral: [BTC]}, {repay_from_collateral: [BTC, ETH]}]
    order: smallest_debt
  - name: before they fall due
    loans: {product: fixed}
    before_maturity: 3d
  - name: monthly
    loans: {product: flexible, coin: USDT}
    installment: {amount: "500", per: month}
  - name: at most
    loans: {coin: USDT}
    max_debt: "1000"
funds: {from: [funding, unified], keep: {USDT: "200"}}
limits: {per_run: {usd: "5000", USDT: "3000"}, per_day: {usd: "10000", BTC: "2"}}
stress: {BTC: "-30%"}
initial_ltv: "0.75"
"""


def test_a_whole_policy() -> None:
    ways = (Way("repay"), Way("add_collateral", ("BTC",)), Way("repay_from_collateral", ("BTC", "ETH")))
    rules = (
        LtvRule("never above 70 %", Selection(), Level(D("-0.15"), "margin_call"), Level(D("0.55")), ways, "smallest_debt"),
        MaturityRule("before they fall due", Selection("fixed"), 3 * 86_400_000),
        InstallmentRule("monthly", Selection("flexible", "USDT"), D(500), "month"),
        DebtRule("at most", Selection(None, "USDT"), D(1000)),
    )
    assert declare(WHOLE) == PolicyRequest(
        Policy(rules, {"BTC": D("-0.3")}),
        ("FUND", "UNIFIED"),
        {"USDT": D(200)},
        (Cap("per_run", D(5000), {"USDT": D(3000)}), Cap("per_day", D(10000), {"BTC": D(2)}, used_usd=None)),
        {**MARKS, "initial": D("0.75")},
    )


def test_the_shortest_policy() -> None:
    request = declare(MONTHLY)
    assert request[1:] == (("FUND",), {}, (), MARKS)
    assert request.policy.stress == {}


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("funds: {}", "sources", ("FUND",)),
        ("funds: {from: [unified]}", "sources", ("UNIFIED",)),
        ("funds: {from: [unified, funding]}", "sources", ("UNIFIED", "FUND")),
        ("funds: {keep: {USDT: '0', BTC: '0.010'}}", "keep", {"USDT": D(0), "BTC": D("0.01")}),
        ("limits: {}", "caps", ()),
        ("limits: {per_run: {}, per_day: {}}", "caps", ()),
        ("limits: {per_run: {usd: '5000'}}", "caps", (Cap("per_run", D(5000)),)),
        ("limits: {per_run: {BTC: '0.5', USDT: '10'}}", "caps", (Cap("per_run", None, {"BTC": D("0.5"), "USDT": D(10)}),)),
        ("limits: {per_day: {USDT: '10'}}", "caps", (Cap("per_day", None, {"USDT": D(10)}, used_usd=None),)),
        (
            "initial_ltv: '0.6'\nmargin_call_ltv: '0.7'\nliquidation_ltv: '0.7'",
            "marks",
            {"initial": D("0.6"), "margin_call": D("0.7"), "liquidation": D("0.7")},
        ),
    ],
)
def test_the_money_and_the_marks(text: str, field: str, value: object) -> None:
    assert getattr(declare(f"{MONTHLY}\n{text}"), field) == value


def test_nothing_may_be_moved_under_a_cap_of_a_day_before_its_sum_is_known() -> None:
    of_run, of_day = declare(f"{MONTHLY}\nlimits: {{per_run: {{usd: '5000'}}, per_day: {{usd: '10000'}}}}").caps
    assert of_run.left("USDT", D(1))[0] == 5000
    assert of_day.left("USDT", D(1))[:2] == (D(0), "per_day is 10000 USD, and what was moved before in USD is not known")
    assert of_day._replace(used_usd=D(4000)).left("USDT", D(1))[0] == 6000


@pytest.mark.parametrize(
    ("text", "stress"),
    [
        ("{}", {}),
        ("{BTC: '-30%', ETH: '+12.5 %'}", {"BTC": D("-0.3"), "ETH": D("0.125")}),
        ("{BTC: '-0.3', ETH: -0.25}", {"BTC": D("-0.3"), "ETH": D("-0.25")}),
        ("{BTC: '-99.99%'}", {"BTC": D("-0.9999")}),
    ],
)
def test_stress(text: str, stress: dict[str, Decimal]) -> None:
    assert declare(f"{LTV}\nstress: {text}").policy.stress == stress


NO_CHANGE = "is not a price change above -100%: use '-30%' for a fall of 30 % or '+10%' for a rise of 10 %, with the sign."
BOOLEAN = "is a YAML boolean, not a coin: put the coin in quotes, such as"
SOURCES = "list funding, unified, or both, in the order in which to use them."
NOTHING = "'0' allows nothing: remove the rules that must not move money, or use check mode to see only the plan."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("funds: {from: []}", f"funds.from '[]' is empty: {SOURCES}"),
        ("funds: {from: [funding, unified, funding]}", "funds.from lists 'funding' more than once: list each wallet once."),
        ("funds: {keep: {USDT: '-1'}}", "funds.keep.USDT '-1' is negative: use an amount greater than zero."),
        ("funds: {keep: {USDT: null}}", "funds.keep.USDT null is not a number: use a quoted decimal number, such as '100.5'."),
        (
            "funds: {keep: {USDT: 200}}",
            "funds.keep.USDT 200 is a number without quotes, which YAML can change: put it in quotes where it is set, such as '100.5'.",
        ),
        ("funds: {keep: {usdt: '1'}}", "funds.keep 'usdt' is not a coin: use the exchange's spelling, such as 'USDT'."),
        # What remains is an amount of a coin.
        *((f"funds: {{keep: {{{usd}: '1'}}}}", f"funds.keep '{usd}' is not a coin: use the exchange's spelling, such as 'USDT'.") for usd in ("usd", "USD")),
        ("funds: {keep: {USDT: '1', ' USDT': '2'}}", "funds.keep lists 'USDT' more than once: list each coin once."),
        ("limits: {per_day: {usd: null}}", "limits.per_day.usd null is not a number: use a quoted decimal number, such as '100.5'."),
        ("limits: {per_day: {USDT: null}}", "limits.per_day.USDT null is not a number: use a quoted decimal number, such as '100.5'."),
        ("limits: {per_run: {usd: '0'}}", f"limits.per_run.usd {NOTHING}"),
        ("limits: {per_day: {USDT: '0.00'}}", f"limits.per_day.USDT {NOTHING}"),
        ("limits: {per_run: {usd: '-5'}}", "limits.per_run.usd '-5' is negative: use an amount greater than zero."),
        (
            "limits: {per_run: {usd: 5000}}",
            "limits.per_run.usd 5000 is a number without quotes, which YAML can change: put it in quotes where it is set, such as '100.5'.",
        ),
        ("limits: {per_run: {usd: yes}}", "limits.per_run.usd True is not a number: use a quoted decimal number, such as '100.5'."),
        *((f"limits: {{per_day: {{'{usd}': '1'}}}}", f"limits.per_day '{usd}' is not a coin: write usd for a cap in USD over all coins.") for usd in (
            "USD", "Usd", " usd",
        )),
        ("limits: {per_run: {usd: '1', USD: '2'}}", "limits.per_run 'USD' is not a coin: write usd for a cap in USD over all coins."),
        ("limits: {per_run: {usdt: '1'}}", "limits.per_run 'usdt' is not a coin: use the exchange's spelling, such as 'USDT'."),
        ("limits: {per_run: {total: '1'}}", "limits.per_run 'total' is not a coin: use the exchange's spelling, such as 'TOTAL'."),
        *((f"stress: {{BTC: '{change}'}}", f"stress '{change}' of BTC {NO_CHANGE}") for change in ("-100%", "-130%", "-1", "-30", "30%", "a lot")),
        ("stress: {BTC: -30}", f"stress '-30' of BTC {NO_CHANGE}"),
        ("stress: {BTC: null}", f"stress 'None' of BTC {NO_CHANGE}"),
        ("stress: {btc: '-30%'}", "stress 'btc' is not a coin: use the exchange's spelling, such as 'BTC'."),
        ("stress: {BTC: '-30%', ETH: '-40%'}", "stress of BTC, ETH has no effect without a rule with ltv: add such a rule, or omit stress."),
        ("initial_ltv: '0.86'", "initial_ltv '0.86' is above margin_call_ltv '0.85': set initial_ltv to at most margin_call_ltv."),
        ("margin_call_ltv: '0.96'", "margin_call_ltv '0.96' is above liquidation_ltv '0.95': set margin_call_ltv to at most liquidation_ltv."),
        ("liquidation_ltv: '95%'", "liquidation_ltv '95%' is not a fraction between 0 and 1: use '0.5' for 50 %, for example."),
        ("initial_ltv: '0'", "initial_ltv '0' is not an LTV above 0: use '0.85' for 85 %, for example."),
        ("initial_ltv: null", "initial_ltv 'None' is not an LTV above 0: use '0.85' for 85 %, for example."),
    ],
)
def test_invalid_options_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        declare(f"{MONTHLY}\n{text}")
    assert str(caught.value) == sentence
    assert caught.value.outcome == "not_executed"


@pytest.mark.parametrize("as_json", [False, True], ids=["in Ansible's process", "in its own process"])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("funds: {keep: {ON: '1'}}", f"funds.keep {BOOLEAN} 'ON'."),
        ("limits: {per_run: {NO: '1'}}", f"limits.per_run {BOOLEAN} 'NO'."),
        ("stress: {on: '-30%'}", f"stress {BOOLEAN} 'ON'."),
    ],
)
def test_a_coin_that_yaml_reads_as_a_boolean_is_named(text: str, sentence: str, as_json: bool) -> None:
    """A module in its own process gets its options as JSON, whose keys are always text."""
    options = validated(f"{LTV}\n{text}")
    with pytest.raises(BadInput) as caught:
        parse_policy_options(json.loads(json.dumps(options)) if as_json else options)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("rules", "rules: null"),
        *((option, f"rules: [{{name: R, before_maturity: 3d, {option}: null}}]") for option in ("loans", "using", "order")),
        ("product", "rules: [{name: R, before_maturity: 3d, loans: {product: null}}]"),
        ("per", "rules: [{name: R, installment: {amount: '5', per: null}, loans: {coin: USDT}}]"),
        *((option, f"{MONTHLY}\n{option}: null") for option in ("funds", "limits", "stress")),
        *((option, f"{MONTHLY}\nfunds: {{{option}: null}}") for option in ("from", "keep")),
        *((option, f"{MONTHLY}\nlimits: {{{option}: null}}") for option in ("per_run", "per_day")),
    ],
)
def test_ansible_refuses_a_variable_that_is_null(option: str, text: str) -> None:
    """It must not mean "not set": a rule would select more loans, and a cap would be none."""
    messages = ArgumentSpecValidator(policy_argument_spec()).validate(yaml.safe_load(text)).error_messages
    assert re.match(f"argument '{option}' is of type NoneType|value of {option} must be one of", messages[0])


def test_defaults_are_never_changed() -> None:
    """A specification can serve several tasks of a process. Ansible writes the defaults of suboptions into a default that lacks them."""
    spec = policy_argument_spec()
    before = copy.deepcopy(spec)
    options: dict[str, t.Any] = {"rules": [{"name": "safe", "ltv": {"above": "0.7", "down_to": "0.55"}}]}
    result = ArgumentSpecValidator(spec).validate(options)
    parse_policy_options(result.validated_parameters)
    assert (result.error_messages, spec) == ([], before)


OPTIONS = validated(WHOLE)
# All places whose values Ansible does not convert.
PLACES = (
    ("rules", 0, "ltv", "above"), ("rules", 0, "ltv", "down_to"), ("rules", 0, "using", 0), ("rules", 0, "using", 1, "add_collateral"),
    ("rules", 2, "installment", "amount"), ("rules", 3, "max_debt"), ("funds", "keep", "USDT"), ("limits", "per_run", "usd"),
    ("limits", "per_day", "BTC"), ("stress", "BTC"), ("initial_ltv",), ("liquidation_ltv",),
)
TEXTS = st.one_of(
    st.text(),
    st.from_regex(r"\A(initial|margin_call|liquidation)( ?[-+] ?[0-9]{0,2}(\.[0-9]{1,3})?)?\Z"),
    st.from_regex(r"\A[-+]?[0-9]{1,3}(\.[0-9]{1,20})?%?\Z"),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["repay", "add_collateral", "repay_from_collateral"]) | st.text(), inner),
    max_leaves=5,
)


@given(place=st.sampled_from(PLACES), value=VALUES)
def test_any_value_is_understood_or_refused_in_one_sentence(place: tuple[t.Any, ...], value: object) -> None:
    options = copy.deepcopy(OPTIONS)
    found: t.Any = options
    for key in place[:-1]:
        found = found[key]
    found[place[-1]] = value
    try:
        request = parse_policy_options(options)
    except BadInput as error:
        assert re.fullmatch(r"[^\n]+[^.]\.", str(error))
        return
    by_ltv = request.policy.rules[0]
    assert isinstance(by_ltv, LtvRule)
    trigger, target = by_ltv.above.at(request.marks), by_ltv.down_to.at(request.marks)
    assert trigger is not None and target is not None
    assert 0 < target < trigger < request.marks["liquidation"] < 1
    assert all(cap.usd is None or cap.usd > 0 for cap in request.caps)
    assert all(amount > 0 for cap in request.caps for amount in cap.coins.values())

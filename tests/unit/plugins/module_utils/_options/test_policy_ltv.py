# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the levels and the ways of an LTV rule mean, and which ones are refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._policy.rules import Level, LtvRule
from policy_requests import SAFE, UNQUOTED, declare, refuses, rule

D = Decimal


@pytest.mark.parametrize(
    ("above", "down_to", "levels"),
    [
        ("'0.70'", "'0.699'", (Level(D("0.7")), Level(D("0.699")))),
        ("margin_call", "initial", (Level(D(0), "margin_call"), Level(D(0), "initial"))),
        ("margin_call - 0.05", "margin_call - 0.15", (Level(D("-0.05"), "margin_call"), Level(D("-0.15"), "margin_call"))),
        (" initial+0.02 ", "initial-0", (Level(D("0.02"), "initial"), Level(D(0), "initial"))),
        ("liquidation  -  0.01", "'0.5'", (Level(D("-0.01"), "liquidation"), Level(D("0.5")))),
        ("'7e-1'", "margin_call - 0.84", (Level(D("0.7")), Level(D("-0.84"), "margin_call"))),
    ],
)
def test_levels(above: str, down_to: str, levels: tuple[Level, Level]) -> None:
    found = rule(f"ltv: {{above: {above}, down_to: {down_to}}}")
    assert isinstance(found, LtvRule)
    assert (found.above, found.down_to) == levels


FRACTION = "is not a fraction between 0 and 1: use '0.5' for 50 %, for example."
LEVELS = "use a fraction such as '0.7', a mark (initial, margin_call, or liquidation), or a distance from a mark such as 'margin_call - 0.05'."
AGAIN = "set a lower down_to, so that a small change of prices does not trigger the rule again."


@pytest.mark.parametrize(
    ("above", "sentence"),
    [
        *((f"'{text}'", f"'{text}' {FRACTION}") for text in ("70%", "70 %", "70", "1", "1.0", "-0.7", "0,7", "0.7.1", "+0.7")),
        ("70", f"'70' {FRACTION}"),
        ("70%", f"'70%' {FRACTION}"),
        ("1", f"'1' {FRACTION}"),
        ("true", f"'True' {FRACTION}"),
        ("[0.7]", f"'[0.7]' {FRACTION}"),
        (".nan", f"'nan' {FRACTION}"),
        ("0.7", f"0.7 {UNQUOTED} '0.5'."),
        ("0", f"0 {UNQUOTED} '0.5'."),
        ("null", f"has no value: {LEVELS}"),
        *(
            (f"'{text}'", f"'{text}' is not an LTV: {LEVELS}")
            for text in (
                "", "high", "margincall", "Margin_call", "margin_call -", "margin_call - 5%", "margin_call - -0.05", "margin_call 0.05",
                "margin_call \u2212 0.05", "margin_call * 0.9", "liquidation - margin_call", "margin_call - 0.05 - 0.05", "margin_call - .05",
                "margin_call - \u0660.05",
            )
        ),
        ("'0'", "'0' is not an LTV above 0: set a higher LTV."),
        ("margin_call - 0.85", "'margin_call - 0.85' (0) is not an LTV above 0: set a higher LTV."),
        ("margin_call - 5", "'margin_call - 5' (-4.15) is not an LTV above 0: set a higher LTV."),
        ("'0.95'", "'0.95' is not below liquidation_ltv '0.95', so the rule acts too late: set a lower above."),
        ("liquidation", "'liquidation' (0.95) is not below liquidation_ltv '0.95', so the rule acts too late: set a lower above."),
        (
            "margin_call + 0.2",
            "'margin_call + 0.2' (1.05) is not below liquidation_ltv '0.95', so the rule acts too late: set a lower above.",
        ),
    ],
)
def test_invalid_triggers_are_refused(above: str, sentence: str) -> None:
    refuses(f"ltv: {{above: {above}, down_to: '0.3'}}", f"ltv.above {sentence}")


@pytest.mark.parametrize(
    ("down_to", "sentence"),
    [
        ("'55%'", f"'55%' {FRACTION}"),
        ("55", f"'55' {FRACTION}"),
        ("0.55", f"0.55 {UNQUOTED} '0.5'."),
        ("null", f"has no value: {LEVELS}"),
        ("'0'", "'0' is not an LTV above 0: set a higher LTV."),
        ("initial - 0.8", "'initial - 0.8' (0) is not an LTV above 0: set a higher LTV."),
        # Equal, above, and the same by another name.
        ("'0.80'", f"'0.80' is not below ltv.above 'initial' (0.8): {AGAIN}"),
        ("'0.81'", f"'0.81' is not below ltv.above 'initial' (0.8): {AGAIN}"),
        ("initial", f"'initial' (0.8) is not below ltv.above 'initial' (0.8): {AGAIN}"),
        ("margin_call - 0.05", f"'margin_call - 0.05' (0.8) is not below ltv.above 'initial' (0.8): {AGAIN}"),
        ("liquidation", f"'liquidation' (0.95) is not below ltv.above 'initial' (0.8): {AGAIN}"),
        ("initial + 5", f"'initial + 5' (5.8) is not below ltv.above 'initial' (0.8): {AGAIN}"),
    ],
)
def test_invalid_targets_are_refused(down_to: str, sentence: str) -> None:
    refuses(f"ltv: {{above: initial, down_to: {down_to}}}", f"ltv.down_to {sentence}")


def test_levels_are_compared_with_the_assumed_marks() -> None:
    text = "rules: [{name: R, ltv: {above: '0.75', down_to: initial}}]"
    with pytest.raises(BadInput) as caught:
        declare(text)
    assert str(caught.value) == f"In rule 'R', ltv.down_to 'initial' (0.8) is not below ltv.above '0.75': {AGAIN}"
    assert len(declare(f"{text}\ninitial_ltv: '0.74'").policy.rules) == 1


DOUBLE = "lists '{}' more than once: list each coin once."
WAYS = "use repay, {add_collateral: [BTC]}, or {repay_from_collateral: [BTC]}"


@pytest.mark.parametrize(
    ("using", "sentence"),
    [
        ("[]", f"using '[]' is empty: {WAYS}, or omit it to repay."),
        ("[repay, repya]", f"using 'repya' is not a way to lower an LTV: {WAYS}."),
        ("[Repay]", f"using 'Repay' is not a way to lower an LTV: {WAYS}."),
        ("[true]", f"using 'True' is not a way to lower an LTV: {WAYS}."),
        ("[null]", f"using 'None' is not a way to lower an LTV: {WAYS}."),
        ("[{}]", f"using '{{}}' is not a way to lower an LTV: {WAYS}."),
        ("[[repay]]", f"using '['repay']' is not a way to lower an LTV: {WAYS}."),
        ("[{repay: [BTC]}]", f"using '{{'repay': ['BTC']}}' is not a way to lower an LTV: {WAYS}."),
        ("[{add_colateral: [BTC]}]", f"using '{{'add_colateral': ['BTC']}}' is not a way to lower an LTV: {WAYS}."),
        ("[add_collateral]", "using.add_collateral has no list of coins: list the coins to add, such as [BTC, ETH]."),
        ("[repay_from_collateral]", "using.repay_from_collateral has no list of coins: list the coins to sell, such as [BTC, ETH]."),
        *(
            (f"[{{add_collateral: {coins}}}]", "using.add_collateral has no list of coins: list the coins to add, such as [BTC, ETH].")
            for coins in ("[]", "null", "BTC", "{BTC: 1}")
        ),
        ("[{add_collateral: [btc]}]", "using.add_collateral 'btc' is not a coin: use the exchange's spelling, such as 'BTC'."),
        ("[{add_collateral: [ON]}]", "using.add_collateral is a YAML boolean, not a coin: put the coin in quotes, such as 'ON'."),
        ("[{repay_from_collateral: [no]}]", "using.repay_from_collateral is a YAML boolean, not a coin: put the coin in quotes, such as 'NO'."),
        ("[{add_collateral: [null]}]", "using.add_collateral 'None' is not a coin: put the exchange's spelling in quotes, such as 'USDT'."),
        ("[{add_collateral: [1000]}]", "using.add_collateral '1000' is not a coin: put the exchange's spelling in quotes, such as 'USDT'."),
        ("[{add_collateral: [BTC, BTC]}]", f"using.add_collateral {DOUBLE.format('BTC')}"),
        ("[{add_collateral: [BTC]}, {add_collateral: [ETH, BTC]}]", f"using.add_collateral {DOUBLE.format('BTC')}"),
        ("[repay, {add_collateral: [BTC]}, repay]", "using lists 'repay' more than once: list it once."),
        ("[{add_collateral: [BTC]}, {add_collateral: [BTC]}]", "using lists 'add_collateral' more than once: list it once."),
        (
            "[{add_collateral: [BTC], repay_from_collateral: [ETH]}]",
            "using has add_collateral and repay_from_collateral in one entry, and so in no order: make each of them an entry of its own.",
        ),
    ],
)
def test_invalid_ways_are_refused(using: str, sentence: str) -> None:
    refuses(f"{SAFE}\nusing: {using}", sentence)

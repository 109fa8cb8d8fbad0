# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rules of a policy mean, and which ones are refused."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._policy.rules import (
    DebtRule, InstallmentRule, Level, LtvRule, MaturityRule, Rule, Selection, Way,
)
from policy_requests import SAFE, UNQUOTED, declare, refuses, rule

D = Decimal
DAY_MS = 86_400_000
ALL = Selection()
MONTHLY = "installment: {amount: '500', per: month}"
ABOVE, DOWN_TO = Level(D("0.7")), Level(D("0.55"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SAFE, LtvRule("R", ALL, ABOVE, DOWN_TO, (Way("repay"),), "highest_rate")),
        ("{before_maturity: 3d, loans: {product: fixed}}", MaturityRule("R", Selection("fixed"), 3 * DAY_MS)),
        ("{before_maturity: 36h, loans: {product: legacy}}", MaturityRule("R", Selection("legacy"), 3 * DAY_MS // 2)),
        # On the day on which they are due.
        ("before_maturity: 0d", MaturityRule("R", ALL, 0)),
        (f"{MONTHLY}\nloans: {{product: flexible, coin: USDT}}", InstallmentRule("R", Selection("flexible", "USDT"), D(500), "month")),
        *(
            (f"installment: {{amount: ' 0.50 ', per: {per}}}\nloans: {{coin: USDT}}", InstallmentRule("R", Selection(None, "USDT"), D("0.5"), per))
            for per in ("day", "week", "month", "quarter")
        ),
        ("{max_debt: '1000', loans: {coin: ' USDT '}}", DebtRule("R", Selection(None, "USDT"), D(1000))),
        ("{max_debt: '0', loans: {coin: USDT}, order: as_listed}", DebtRule("R", Selection(None, "USDT"), D(0), "as_listed")),
        # What is written out is the same as what is omitted.
        (f"{SAFE}\nloans: {{product: all, coin: all, id: all}}\nusing: [repay]\norder: highest_rate", LtvRule("R", ALL, ABOVE, DOWN_TO)),
        (f"{SAFE}\nloans: {{product: legacy, id: 1794267532472646144}}", LtvRule("R", Selection("legacy", None, "1794267532472646144"), ABOVE, DOWN_TO)),
        ("before_maturity: 3d\nloans: {product: fixed, id: ' 571 '}", MaturityRule("R", Selection("fixed", None, "571"), 3 * DAY_MS)),
        ("before_maturity: 3d\nusing: [repay]", MaturityRule("R", ALL, 3 * DAY_MS)),
        *((f"{SAFE}\norder: {order}", LtvRule("R", ALL, ABOVE, DOWN_TO, order=order)) for order in ("soonest_due", "smallest_debt", "as_listed")),
        (
            f"{SAFE}\nusing: [repay, {{add_collateral: [BTC]}}, {{repay_from_collateral: [BTC, ETH]}}]",
            LtvRule("R", ALL, ABOVE, DOWN_TO, (Way("repay"), Way("add_collateral", ("BTC",)), Way("repay_from_collateral", ("BTC", "ETH")))),
        ),
        # First one coin, then the wallets, then another coin.
        (
            f"{SAFE}\nusing: [add_collateral: [BTC], repay, add_collateral: [ETH]]",
            LtvRule("R", ALL, ABOVE, DOWN_TO, (Way("add_collateral", ("BTC",)), Way("repay"), Way("add_collateral", ("ETH",)))),
        ),
        (f"{SAFE}\nusing: repay", LtvRule("R", ALL, ABOVE, DOWN_TO)),
    ],
)
def test_rules(text: str, expected: Rule) -> None:
    assert rule(text) == expected
    assert type(rule(text)) is type(expected)


ONLY_REPAYS = "which only repays from the wallets: omit using, or make it a rule with ltv."
IN_FULL = "which can only be repaid in full from the wallets: select another product, or use before_maturity."
NO_COIN = "is an amount without a coin: set loans.coin to its coin."
MAX_DEBT = "max_debt: '1000'"
CHANGED = f"{UNQUOTED} '100.5'."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{}", "ltv, before_maturity, installment, and max_debt have no value: set exactly one of them."),
        ("max_debt: null", "ltv, before_maturity, installment, and max_debt have no value: set exactly one of them."),
        (f"{SAFE}\nbefore_maturity: 3d", "ltv and before_maturity exclude each other: make each of them a rule of its own."),
        (f"{SAFE}\n{MONTHLY}\n{MAX_DEBT}", "ltv, installment, and max_debt exclude each other: make each of them a rule of its own."),
        # The selection.
        (f"{SAFE}\nloans: {{coin: usdt}}", "loans.coin 'usdt' is not a coin: use the exchange's spelling, such as 'USDT'."),
        (f"{SAFE}\nloans: {{coin: ON}}", "loans.coin is a YAML boolean, not a coin: put the coin in quotes, such as 'ON'."),
        # To Ansible, null is an empty text, because the option has a default.
        *((f"{SAFE}\nloans: {{coin: {empty}}}", "loans.coin '' is not a coin: use the exchange's spelling, such as 'USDT'.") for empty in ("''", "null")),
        (
            f"{SAFE}\nloans: {{product: legacy, id: null}}",
            "loans.id '' is not an ID: use the ID that the exchange shows, in quotes, such as '1794267532472646144'.",
        ),
        (
            f"{SAFE}\nloans: {{product: fixed, id: 5 71}}",
            "loans.id '5 71' is not an ID: use the ID that the exchange shows, in quotes, such as '1794267532472646144'.",
        ),
        (f"{SAFE}\nloans: {{id: '571'}}", "loans.id '571' has no product, and each product has IDs of its own: set loans.product to legacy or fixed."),
        (
            f"{SAFE}\nloans: {{product: flexible, id: '571'}}",
            "loans.id '571' matches no flexible loan, because flexible loans have no ID: omit id, or select another product.",
        ),
        # What only a rule with ltv can do.
        *(
            (f"{kind}\nloans: {{coin: USDT}}\nusing: [{{add_collateral: [BTC]}}]", f"using 'add_collateral' has no effect on {name}, {ONLY_REPAYS}")
            for name, kind in (("installment", MONTHLY), ("max_debt", MAX_DEBT), ("before_maturity", "before_maturity: 3d"))
        ),
        (
            f"{MAX_DEBT}\nusing: [repay, {{repay_from_collateral: [BTC]}}]",
            f"using 'repay and repay_from_collateral' has no effect on max_debt, {ONLY_REPAYS}",
        ),
        (
            f"{SAFE}\nloans: {{product: legacy}}\nusing: [repay, {{repay_from_collateral: [BTC]}}]",
            "using 'repay_from_collateral' has no effect on legacy loans, because the exchange does not sell their collateral to repay them: use repay or "
            "add_collateral.",
        ),
        # Before maturity.
        (
            "before_maturity: 3d\norder: smallest_debt",
            "order 'smallest_debt' has no effect on before_maturity, which repays the loans that are due first: omit order.",
        ),
        (
            "before_maturity: 3d\nloans: {product: flexible}",
            "before_maturity '3d' matches no flexible loan, because flexible loans have no due date: select another product, or use another kind of rule.",
        ),
        ("before_maturity: 3", "before_maturity '3' has no unit: use '3d' for days or '3h' for hours."),
        ("before_maturity: ''", "before_maturity '' is not a duration: use whole days such as '3d', or hours such as '36h'."),
        ("before_maturity: -3d", "before_maturity '-3d' is not a duration: use whole days such as '3d', or hours such as '36h'."),
        # Amounts.
        (MONTHLY, f"installment {NO_COIN}"),
        (MAX_DEBT, f"max_debt {NO_COIN}"),
        (f"{MONTHLY}\nloans: {{product: fixed, coin: USDT}}", f"installment selects only fixed contracts, {IN_FULL}"),
        (f"{MAX_DEBT}\nloans: {{product: fixed, id: '571', coin: USDT}}", f"max_debt selects only fixed contracts, {IN_FULL}"),
        *(
            (f"installment: {{amount: {amount}, per: month}}\nloans: {{coin: USDT}}", f"installment.amount {sentence}")
            for amount, sentence in (
                ("'0'", "'0' is zero: use an amount greater than zero."),
                ("'-5'", "'-5' is negative: use an amount greater than zero."),
                ("'1,000'", "'1,000' contains a separator: use only digits and a decimal point, such as '1000.5'."),
                ("500", f"500 {CHANGED}"),
                ("0x1F", f"31 {CHANGED}"),
                ("0.5", f"0.5 {CHANGED}"),
                ("yes", "True is not a number: use a quoted decimal number, such as '100.5'."),
                ("null", "null is not a number: use a quoted decimal number, such as '100.5'."),
                ("[1]", "is a list, not a number: use a quoted decimal number, such as '100.5'."),
                ("1" + "0" * 18, "has too many digits: use at most 18 before and 18 after the point."),
            )
        ),
        ("max_debt: 0\nloans: {coin: USDT}", f"max_debt 0 {CHANGED}"),
        ("max_debt: '-1'\nloans: {coin: USDT}", "max_debt '-1' is negative: use an amount greater than zero."),
    ],
)
def test_invalid_rules_are_refused(text: str, sentence: str) -> None:
    refuses(text, sentence)


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ("[]", "rules '[]' is empty: list at least one rule."),
        ("[{name: a}, {name: b}, {name: a}]", "rules 1 and 3 have the same name 'a': give each rule a name of its own."),
        ("[{name: b}, {name: a}, {name: a}, {name: a}]", "rules 2, 3, and 4 have the same name 'a': give each rule a name of its own."),
        # Names that look the same: composed, and decomposed.
        (r'[{name: "\u00e9"}, {name: "e\u0301"}]', "rules 1 and 2 have the same name '\u00e9': give each rule a name of its own."),
        (
            "[{name: a}, {name: null}]",
            "The name of rule 2, '', is not a valid name: use 1 to 100 printable characters without white space at either end.",
        ),
        ("[{name: on}]", "The name of rule 1 is a YAML boolean, not a name: put the name in quotes."),
        *(
            (
                f'[{{name: "{name}"}}]',
                f"The name of rule 1, '{shown}', is not a valid name: use 1 to 100 printable characters without white space at either end.",
            )
            for name, shown in (("", ""), (" a", " a"), (r"a\nb", "a\N{REPLACEMENT CHARACTER}b"), ("a" * 101, "… (101 characters)"))
        ),
        # The first rule that is wrong.
        ("[{name: a, max_debt: '1', loans: {coin: USDT}}, {name: b c, max_debt: '1'}]", f"In rule 'b c', max_debt {NO_COIN}"),
    ],
)
def test_invalid_lists_of_rules_are_refused(rules: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=f"^{re.escape(sentence)}$"):
        declare(f"rules: {rules}")


def test_rules_keep_their_order() -> None:
    names = ["z", "never above 70 %", "a" * 100, "Z"]
    text = "\n".join(f"- {{name: '{name}', before_maturity: 3d}}" for name in names)
    assert [rule.name for rule in declare(f"rules:\n{text}").policy.rules] == names

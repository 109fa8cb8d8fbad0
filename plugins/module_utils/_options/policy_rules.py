# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of a policy as options: specification, and the rules that they mean.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
import unicodedata

from .._amounts import plain
from .._api.errors import BadInput
from .._loans.loan import FIXED, FLEXIBLE, LEGACY, PRODUCTS
from .._policy.rules import (
    ADD_COLLATERAL, HIGHEST_RATE, LIQUIDATION, ORDERS, REPAY, REPAY_FROM_COLLATERAL,
    DebtRule, InstallmentRule, Level, LtvRule, Marks, MaturityRule, Rule, Selection, Way,
)
from .._redaction import quotable
from .._times import PERIODS
from .policy_values import coins_in, level_of, ltv_at, quoted_amount, shown_level
from .values import Options, checked_coin, duration_of, id_of, joined

_ALL = "all"
_KINDS = ("ltv", "before_maturity", "installment", "max_debt")
_MAX_NAME_LENGTH = 100
_MAX_QUOTED = 80
# The ways that name coins, and what they do with them.
_WITH_COINS = {ADD_COLLATERAL: "add", REPAY_FROM_COLLATERAL: "sell"}
_WAYS = "use repay, {add_collateral: [BTC]}, or {repay_from_collateral: [BTC]}"


def rule_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options of one rule.

    All options that narrow a rule have defaults, so that Ansible refuses null. Otherwise, it would be the same as an option that is not set.
    """
    selection: dict[str, dict[str, t.Any]] = {
        "product": {"type": "str", "choices": [_ALL, *PRODUCTS], "default": _ALL},
        "coin": {"type": "str", "default": _ALL},
        "id": {"type": "str", "default": _ALL},
    }
    return {
        "name": {"type": "str", "required": True},
        "loans": {"type": "dict", "default": {name: option["default"] for name, option in selection.items()}, "options": selection},
        "ltv": {"type": "dict", "options": {"above": {"type": "raw", "required": True}, "down_to": {"type": "raw", "required": True}}},
        "using": {"type": "list", "elements": "raw", "default": [REPAY]},
        "order": {"type": "str", "choices": list(ORDERS), "default": HIGHEST_RATE},
        "before_maturity": {"type": "str"},
        "installment": {
            "type": "dict",
            "options": {"amount": {"type": "raw", "required": True}, "per": {"type": "str", "choices": list(PERIODS), "required": True}},
        },
        "max_debt": {"type": "raw"},
    }


def parse_rules(entries: list[Options], marks: Marks) -> tuple[Rule, ...]:
    """Return the rules that the option C(rules) means.

    :param marks: The assumed marks of the account, with which levels are compared.
    :raises BadInput: If a rule cannot be used; the message names the rule.
    """
    if not entries:
        raise BadInput("rules '[]' is empty: list at least one rule.")
    names = [_name(number, entry["name"]) for number, entry in enumerate(entries, 1)]
    for name in names:
        numbers = [str(number) for number, other in enumerate(names, 1) if other == name]
        if len(numbers) > 1:
            raise BadInput(f"rules {joined(numbers)} have the same name '{_shown(name)}': give each rule a name of its own.")
    return tuple(_named_rule(name, entry, marks) for name, entry in zip(names, entries))


def _name(number: int, given: str) -> str:
    # Names that look the same are the same.
    name = unicodedata.normalize("NFC", given)
    if name in ("True", "False"):
        raise BadInput(f"The name of rule {number} is a YAML boolean, not a name: put the name in quotes.")
    if not name.isprintable() or not 0 < len(name) <= _MAX_NAME_LENGTH or name != name.strip():
        raise BadInput(
            f"The name of rule {number}, '{_shown(name)}', is not a valid name: use 1 to {_MAX_NAME_LENGTH} printable characters without "
            f"white space at either end."
        )
    return name


def _named_rule(name: str, entry: Options, marks: Marks) -> Rule:
    try:
        return _rule(name, entry, marks)
    except BadInput as error:
        raise BadInput(f"In rule '{_shown(name)}', {error}") from None


def _rule(name: str, entry: Options, marks: Marks) -> Rule:
    kinds = [kind for kind in _KINDS if entry[kind] is not None]
    if not kinds:
        raise BadInput(f"{joined(_KINDS)} have no value: set exactly one of them.")
    if len(kinds) > 1:
        raise BadInput(f"{joined(kinds)} exclude each other: make each of them a rule of its own.")
    loans, using = _selection(entry["loans"]), _ways(entry["using"])
    order: str = entry["order"]
    if kinds == ["ltv"]:
        return _ltv_rule(LtvRule(name, loans, *_levels(entry["ltv"], marks), using, order))
    if using != (Way(REPAY),):
        ways = joined([way.kind for way in using])
        raise BadInput(f"using '{ways}' has no effect on {kinds[0]}, which only repays from the wallets: omit using, or make it a rule with ltv.")
    if kinds == ["before_maturity"]:
        return _maturity_rule(name, loans, entry, order)
    _check_amount_fits(kinds[0], loans)
    if kinds == ["installment"]:
        installment = entry["installment"]
        amount = quoted_amount("installment.amount", installment["amount"])
        return InstallmentRule(name, loans, amount, installment["per"], order)
    return DebtRule(name, loans, quoted_amount("max_debt", entry["max_debt"], zero_allowed=True), order)


def _selection(loans: Options) -> Selection:
    product = None if loans["product"] == _ALL else loans["product"]
    coin = None if loans["coin"] == _ALL else checked_coin("loans.coin", loans["coin"])
    if loans["id"] == _ALL:
        return Selection(product, coin)
    loan_id = id_of({"loans.id": loans["id"]}, "loans.id", "1794267532472646144")
    if product is None:
        raise BadInput(f"loans.id '{loan_id}' has no product, and each product has IDs of its own: set loans.product to {LEGACY} or {FIXED}.")
    if product == FLEXIBLE:
        raise BadInput(f"loans.id '{loan_id}' matches no flexible loan, because flexible loans have no ID: omit id, or select another product.")
    return Selection(product, coin, loan_id)


def _levels(given: Options, marks: Marks) -> tuple[Level, Level]:
    """Return the trigger and the target of an LTV rule, which are never one number."""
    above, down_to = (level_of(f"ltv.{name}", given[name]) for name in ("above", "down_to"))
    shown_above, shown_target = shown_level(given["above"], above, marks), shown_level(given["down_to"], down_to, marks)
    for name, level, shown in (("above", above, shown_above), ("down_to", down_to, shown_target)):
        if ltv_at(level, marks) <= 0:
            raise BadInput(f"ltv.{name} {shown} is not an LTV above 0: set a higher LTV.")
    if ltv_at(down_to, marks) >= ltv_at(above, marks):
        raise BadInput(
            f"ltv.down_to {shown_target} is not below ltv.above {shown_above}: set a lower down_to, so that a small change of prices does not trigger "
            f"the rule again."
        )
    if ltv_at(above, marks) >= marks[LIQUIDATION]:
        liquidation = plain(marks[LIQUIDATION])
        raise BadInput(f"ltv.above {shown_above} is not below liquidation_ltv '{liquidation}', so the rule acts too late: set a lower above.")
    return above, down_to


def _ltv_rule(rule: LtvRule) -> LtvRule:
    if rule.loans.product == LEGACY and any(way.kind == REPAY_FROM_COLLATERAL for way in rule.using):
        raise BadInput(
            "using 'repay_from_collateral' has no effect on legacy loans, because the exchange does not sell their collateral to repay them: use repay or "
            "add_collateral."
        )
    return rule


def _ways(given: list[t.Any]) -> tuple[Way, ...]:
    if not given:
        raise BadInput(f"using '[]' is empty: {_WAYS}, or omit it to repay.")
    ways = tuple(_way(entry) for entry in given)
    for way in ways:
        if ways.count(way) > 1:
            raise BadInput(f"using lists '{way.kind}' more than once: list it once.")
        others = [coin for other in ways if other.kind == way.kind for coin in other.coins]
        for coin in way.coins:
            if others.count(coin) > 1:
                raise BadInput(f"using.{way.kind} lists '{coin}' more than once: list each coin once.")
    return ways


def _way(entry: object) -> Way:
    if isinstance(entry, dict) and len(entry) > 1 and set(entry) <= {REPAY, *_WITH_COINS}:
        raise BadInput(f"using has {joined(list(entry))} in one entry, and so in no order: make each of them an entry of its own.")
    if entry == REPAY:
        return Way(REPAY)
    if isinstance(entry, str) and entry in _WITH_COINS:
        coins_in(f"using.{entry}", None, _WITH_COINS[entry])
    kind = next(iter(entry)) if isinstance(entry, dict) and len(entry) == 1 else None
    if kind not in _WITH_COINS or not isinstance(entry, dict):
        raise BadInput(f"using '{_shown(str(entry))}' is not a way to lower an LTV: {_WAYS}.")
    return Way(kind, coins_in(f"using.{kind}", entry[kind], _WITH_COINS[kind]))


def _maturity_rule(name: str, loans: Selection, entry: Options, order: str) -> MaturityRule:
    given = _shown(entry["before_maturity"])
    within_ms = duration_of(entry, "before_maturity")
    if loans.product == FLEXIBLE:
        raise BadInput(
            f"before_maturity '{given}' matches no flexible loan, because flexible loans have no due date: select another product, or use another kind "
            f"of rule."
        )
    if order != HIGHEST_RATE:
        raise BadInput(f"order '{order}' has no effect on before_maturity, which repays the loans that are due first: omit order.")
    return MaturityRule(name, loans, within_ms or 0)


def _check_amount_fits(kind: str, loans: Selection) -> None:
    """Refuse a rule with an amount that cannot be repaid, or whose coin is not known."""
    if loans.product == FIXED:
        raise BadInput(
            f"{kind} selects only fixed contracts, which can only be repaid in full from the wallets: select another product, or use before_maturity."
        )
    if loans.coin is None:
        raise BadInput(f"{kind} is an amount without a coin: set loans.coin to its coin.")


def _shown(text: str) -> str:
    return quotable(text, _MAX_QUOTED)

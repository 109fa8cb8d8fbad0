# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of C(bybit_loan_policy) that declare the policy: specification, and the rules and the money that they mean.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._api.errors import BadInput
from .._loans.outlook import Shock
from .._loans.wallet import FUND, UNIFIED
from .._policy.money import Cap
from .._policy.planner import Policy
from .._policy.request import PER_DAY, PER_RUN, PolicyRequest
from .._policy.rules import INITIAL, LIQUIDATION, MARGIN_CALL, LtvRule, Rule
from .policy_rules import parse_rules, rule_argument_spec
from .policy_values import amounts_by_coin, quoted_amount
from .values import Options, changes_of, thresholds_of

# The wallets by the names that users give them, in the order of the documentation.
_SOURCES = {"funding": FUND, "unified": UNIFIED}
_LIMITS = (PER_RUN, PER_DAY)
# The key of a cap in USD. All other keys are coins.
_USD = "usd"
# The marks of the account, which the exchange does not report, by their options.
_MARKS = {"initial_ltv": INITIAL, "margin_call_ltv": MARGIN_CALL, "liquidation_ltv": LIQUIDATION}


def policy_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options that declare a policy.

    All options that protect money have defaults, so that Ansible refuses null. Otherwise, it would remove the protection. The defaults of suboptions
    are written out, because Ansible would write them into a default that lacks them.
    """
    return {
        "rules": {"type": "list", "elements": "dict", "required": True, "options": rule_argument_spec()},
        "funds": {
            "type": "dict",
            "default": {"from": ["funding"], "keep": {}},
            "options": {
                "from": {"type": "list", "elements": "str", "choices": list(_SOURCES), "default": ["funding"]},
                "keep": {"type": "dict", "default": {}},
            },
        },
        "limits": {
            "type": "dict",
            "default": {name: {} for name in _LIMITS},
            "options": {name: {"type": "dict", "default": {}} for name in _LIMITS},
        },
        "stress": {"type": "dict", "default": {}},
        "initial_ltv": {"type": "raw", "default": "0.80"},
        "margin_call_ltv": {"type": "raw", "default": "0.85"},
        "liquidation_ltv": {"type": "raw", "default": "0.95"},
    }


def parse_policy_options(options: Options) -> PolicyRequest:
    """Return the policy that the options of C(bybit_loan_policy) declare.

    :raises BadInput: If an option cannot be used.
    """
    marks = dict(zip(_MARKS.values(), thresholds_of(options, *_MARKS)))
    rules = parse_rules(options["rules"], marks)
    funds = options["funds"]
    keep = amounts_by_coin("funds.keep", funds["keep"], zero_allowed=True)
    return PolicyRequest(Policy(rules, _stress(options, rules)), _sources(funds["from"]), keep, _caps(options["limits"]), marks)


def _sources(names: list[str]) -> tuple[str, ...]:
    if not names:
        raise BadInput("funds.from '[]' is empty: list funding, unified, or both, in the order in which to use them.")
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"funds.from lists '{name}' more than once: list each wallet once.")
    return tuple(_SOURCES[name] for name in names)


def _caps(limits: Options) -> tuple[Cap, ...]:
    caps = [_cap(name, limits[name]) for name in _LIMITS]
    return tuple(cap for cap in caps if cap is not None)


def _cap(limit: str, given: dict[t.Any, object]) -> Cap | None:
    """Return a cap; none if it limits nothing."""
    name = f"limits.{limit}"
    amounts = dict(given)
    for key in amounts:
        if key != _USD and str(key).strip().lower() == _USD:
            raise BadInput(f"{name} '{key}' is not a coin: write {_USD} for a cap in USD over all coins.")
    usd = _cap_amount(name, _USD, quoted_amount(f"{name}.{_USD}", amounts.pop(_USD), zero_allowed=True)) if _USD in amounts else None
    coins = {coin: _cap_amount(name, coin, amount) for coin, amount in amounts_by_coin(name, amounts, zero_allowed=True).items()}
    if usd is None and not coins:
        return None
    # Until the sum of the day is known, nothing may be moved.
    return Cap(limit, usd, coins, used_usd=None if limit == PER_DAY else Decimal(0))


def _cap_amount(name: str, key: str, amount: Decimal) -> Decimal:
    if not amount:
        raise BadInput(f"{name}.{key} '0' allows nothing: remove the rules that must not move money, or use check mode to see only the plan.")
    return amount


def _stress(options: Options, rules: tuple[Rule, ...]) -> Shock:
    stress = changes_of(options, "stress") or {}
    if stress and not any(isinstance(rule, LtvRule) for rule in rules):
        raise BadInput(f"stress of {', '.join(stress)} has no effect without a rule with ltv: add such a rule, or omit stress.")
    return stress

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of the policy module is true: return values, examples, and the limits that it names."""

from __future__ import annotations

import re
import typing as t
from decimal import Decimal

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.treasury.bybit.plugins.module_utils import _outcomes
from ansible_collections.treasury.bybit.plugins.module_utils._options import policy_rules
from ansible_collections.treasury.bybit.plugins.module_utils._options.policy_run import PolicyRun, parse_policy_run
from ansible_collections.treasury.bybit.plugins.module_utils._policy import book, draft
from ansible_collections.treasury.bybit.plugins.module_utils._policy.rules import InstallmentRule, LtvRule, MaturityRule
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_policy, bybit_loan_repay
from documented import all_names, check_samples, names_returned

NAME = "treasury.bybit.bybit_loan_policy"
DOCUMENTATION = yaml.safe_load(bybit_loan_policy.DOCUMENTATION)
RETURNED = yaml.safe_load(bybit_loan_policy.RETURN)
OPTIONS = DOCUMENTATION["options"]


def text_of(option: dict[str, t.Any]) -> str:
    return " ".join(option["description"])


def examples() -> dict[str, dict[str, t.Any]]:
    """Return the options of each task in the examples, with the defaults of its block."""
    found = {}

    def walk(tasks: list[dict[str, t.Any]], defaults: dict[str, t.Any]) -> None:
        for task in tasks:
            of_block = [task.get("module_defaults", {}).get(name, {}) for name in ("group/treasury.bybit.bybit", NAME)]
            inner = {**defaults, **of_block[0], **of_block[1]}
            if NAME in task:
                found[task["name"]] = {**inner, **task[NAME]}
            walk(task.get("block", []), inner)

    walk(yaml.safe_load(bybit_loan_policy.EXAMPLES), {})
    return found


EXAMPLES = examples()


def parsed(name: str) -> PolicyRun:
    result = ArgumentSpecValidator(bybit_loan_policy.SPEC.options, **bybit_loan_policy.SPEC.rules).validate(EXAMPLES[name])
    assert result.error_messages == []
    return parse_policy_run(result.validated_parameters)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_module_accepts_each_example(name: str) -> None:
    assert parsed(name).request.policy.rules
    assert EXAMPLES[name]["environment"] == "testnet"


def test_the_examples_show_all_that_a_policy_can_do() -> None:
    runs = [parsed(name) for name in EXAMPLES]
    rules = [rule for run in runs for rule in run.request.policy.rules]
    assert {type(rule).__name__ for rule in rules} == {"LtvRule", "MaturityRule", "InstallmentRule", "DebtRule"}
    assert {way.kind for rule in rules if isinstance(rule, LtvRule) for way in rule.using} == {"repay", "add_collateral", "repay_from_collateral"}
    assert {(run.mode, run.plan_file is None) for run in runs} == {("plan", True), ("plan", False), ("apply", True), ("apply", False)}
    assert any(run.request.policy.stress for run in runs)
    whole = parsed("Keep the loan book within the policy of the treasury").request
    assert [type(rule) for rule in whole.policy.rules] == [LtvRule, MaturityRule, InstallmentRule]
    assert (whole.sources, whole.keep) == (("FUND", "UNIFIED"), {"USDT": Decimal(200)})
    assert [(cap.name, cap.usd, cap.coins) for cap in whole.caps] == [
        ("per_run", Decimal(5000), {}), ("per_day", Decimal(10000), {"BTC": Decimal("0.1")}),
    ]


def test_a_plan_and_its_application_have_the_same_policy() -> None:
    """Otherwise, the plan would be refused as stale."""
    of_file = [run for run in map(parsed, EXAMPLES) if run.plan_file is not None]
    assert [run.mode for run in of_file] == ["plan", "apply"]
    assert of_file[0].request == of_file[1].request
    assert of_file[0].plan_file == of_file[1].plan_file


def test_samples_have_the_documented_type() -> None:
    check_samples(RETURNED)


def test_every_outcome_is_documented() -> None:
    outcomes = {value for name, value in vars(_outcomes).items() if name.isupper() and isinstance(value, str)}
    assert set(re.findall(r"V\((\w+)\) means", " ".join(RETURNED["outcome"]["description"]))) == outcomes
    of_operation = " ".join(RETURNED["operations"]["contains"]["outcome"]["description"])
    assert set(re.findall(r"\bV\((\w+)\)", of_operation)) == {*outcomes, "not_tried"}


def test_the_result_has_the_agreed_names() -> None:
    """Other tools read it: the callback, reports, and templates of users."""
    assert set(RETURNED) == {
        *("msg", "mode", "outcome", "digest", "plan_file", "expires", "operations", "rules", "earlier", "position", "diff", "api_host", "failure", "details"),
    }
    assert set(RETURNED["operations"]["contains"]) == {
        *("number", "kind", "product", "loan_id", "coin", "amount", "moved", "sells", "rules", "reasons", "arithmetic", "ltv_before", "ltv_after", "reference"),
        *("outcome", "id", "intent", "sent_at_ms", "msg"),
    }
    assert {"rules.name", "rules.state", "rules.reasons", "position.ltv", "position.debts", "position.collateral", "position.prices"} <= all_names(RETURNED)


def test_what_all_modules_return_has_the_same_documentation() -> None:
    other = yaml.safe_load(bybit_loan_repay.RETURN)

    def told(entry: dict[str, t.Any]) -> tuple[t.Any, ...]:
        return tuple(entry.get(key) for key in ("description", "returned", "type", "elements"))

    assert [told(RETURNED[name]) for name in ("api_host", "failure")] == [told(other[name]) for name in ("api_host", "failure")]
    assert [RETURNED["details"]["contains"][name] for name in ("waits", "gate_retries")] == [
        other["details"]["contains"][name] for name in ("waits", "gate_retries")
    ]


def test_the_documented_limits_are_those_of_the_code() -> None:
    rules = OPTIONS["rules"]["suboptions"]
    assert f"at most {policy_rules._MAX_NAME_LENGTH} characters" in text_of(rules["name"])
    assert f"worth at most {draft._MAX_SALE_USD:,} USD in one sale" in text_of(rules["using"])
    assert f"for which the plan assumes {int(book._SALE_COST * 100)} %" in text_of(rules["using"])


def test_suboptions_are_documented_as_they_are_specified() -> None:
    """A wrong default of a suboption would be a wrong rule or no cap."""
    left = [(name, documented, bybit_loan_policy.SPEC.options[name]) for name, documented in OPTIONS.items()]
    for path, documented, specified in left:
        for key in ("type", "default", "choices", "elements", "required"):
            assert documented.get(key) == specified.get(key), (path, key)
        inner = specified.get("options", {})
        assert set(documented.get("suboptions", {})) == set(inner), path
        left += [(f"{path}.{name}", entry, inner[name]) for name, entry in documented.get("suboptions", {}).items()]
    assert len(left) > 25


RULES = [{"name": "at most 4000 USDT", "loans": {"product": "flexible", "coin": "USDT"}, "max_debt": "4000"}]
LTV_RULES = [{"name": "safe", "ltv": {"above": "0.4", "down_to": "0.3"}, "using": [{"repay_from_collateral": ["ETH"]}]}]


def by_documented_coins(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return a result with the documented samples in place of what it has by coin, whose names are those of any coin."""
    position = result.get("position")
    if position is None:
        return result
    samples = {name: entry["sample"] for name, entry in RETURNED["position"]["contains"].items()}
    by_coin = {name: values for name, values in position.items() if isinstance(values, dict)}
    assert all(re.fullmatch("[0-9A-Z]+", coin) for values in by_coin.values() for coin in values)
    assert all(set(price) == {"low", "high"} for price in position["prices"].values())
    return {**result, "position": {**position, **{name: samples[name] for name in by_coin}}}


def test_results_have_the_documented_values(run_module, sandbox, tmp_path) -> None:
    def run(**options: t.Any) -> t.Any:
        return run_module("bybit_loan_policy", **{"rules": RULES, "settle_margin": 0, **options})

    plan_file = str(tmp_path / "plan.json")
    runs = [
        run(mode="plan", plan_file=plan_file, diff=True), run(mode="apply", check=True, diff=True), run(mode="apply", plan_file=plan_file, diff=True),
        run(mode="apply", plan_file=plan_file), run(mode="apply", rules=LTV_RULES, limits={"per_run": {"usd": "5"}}), run(mode="plan", api_key="nobodys"),
        run(mode="plan", tolerance="2"), run(mode="plan", api_key=""),
    ]
    sandbox.control("POST", "faults", {"method": "POST", "path": "/v5/crypto-loan-flexible/repay", "answer": {"ret_code": 148029}})
    runs.append(run(mode="apply", rules=[{**RULES[0], "max_debt": "3000"}]))
    assert {call.result.get("outcome") for call in runs} >= {"planned", "executed", "not_executed"}
    assert set().union(*(names_returned(by_documented_coins(call.result), RETURNED) for call in runs)) == all_names(RETURNED)

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""On a sample of simulated markets, policies do all that they may, and no more; and the simulation notices a planner that does not."""

from __future__ import annotations

import datetime
import re
import typing as t
import xml.etree.ElementTree
from decimal import Decimal
from pathlib import Path

import market
import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.treasury.bybit.plugins.module_utils._options.policy import parse_policy_options, policy_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.book import Book
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Money
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import TRANSFER, Operation, Plan, Played, Share, merged
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import Policy, plan
from declared import TERMS, Terms, case, period
from play import Planner, play, poorer, worse
from playbook import options
from rescue import could_prevent
from simulate import main

D = Decimal
DAYS = 5
# Each policy on each kind of market.
SEEDS = range(len(TERMS) * len(market.KINDS))
Repaid = t.Mapping[str, Decimal]


@pytest.mark.parametrize("seed", SEEDS)
def test_each_policy_does_on_each_market_what_it_may_and_no_more(seed: int) -> None:
    assert play(seed, DAYS).faults == ()


@pytest.mark.parametrize("terms", TERMS, ids=lambda terms: terms.name)
def test_each_policy_is_one_that_the_module_accepts(terms: Terms) -> None:
    validated = ArgumentSpecValidator(policy_argument_spec()).validate(options(terms))
    assert validated.error_messages == []
    request = parse_policy_options(validated.validated_parameters)
    assert (request.policy, request.sources, request.keep) == (terms.policy, terms.sources, terms.keep)
    assert [(cap.name, cap.usd, cap.coins) for cap in request.caps] == [(cap.name, cap.usd, cap.coins) for cap in (terms.per_run, terms.per_day)]


def of_policy(change: t.Callable[[t.Any], t.Any]) -> Planner:
    """Return a planner that plans with other rules."""
    return lambda policy, book, money, repaid: plan(policy._replace(rules=tuple(change(rule) for rule in policy.rules)), book, money, repaid)


def of_money(change: t.Callable[[Money], Money]) -> Planner:
    """Return a planner that sees other money."""
    return lambda policy, book, money, repaid: plan(policy, book, change(money), repaid)


def of_operations(change: t.Callable[[Operation], Operation | None]) -> Planner:
    """Return a planner that changes or drops what it planned."""

    def planned(policy: Policy, book: Book, money: Money, repaid: Repaid) -> Plan:
        found = plan(policy, book, money, repaid)
        changed = [change(played.operation) for played in found.operations]
        return found._replace(operations=tuple(Played(operation, None, None, None, None) for operation in changed if operation))

    return planned


def levels(factor: str) -> t.Callable[[t.Any], t.Any]:
    def change(rule: t.Any) -> t.Any:
        return rule._replace(above=rule.above._replace(distance=rule.above.distance * D(factor))) if isinstance(rule, rules.LtvRule) else rule

    return change


def target(distance: str) -> t.Callable[[t.Any], t.Any]:
    def change(rule: t.Any) -> t.Any:
        level = rule.down_to._replace(distance=rule.down_to.distance + D(distance)) if isinstance(rule, rules.LtvRule) else None
        return rule._replace(down_to=level) if level else rule

    return change


def without(kind: str) -> t.Callable[[Operation], Operation | None]:
    return lambda operation: None if operation.kind == kind else operation


def counting(part: int) -> t.Callable[[Operation], Operation]:
    """Count this part of each repayment as an installment."""
    return lambda operation: operation._replace(shares=(Share("installment", "", operation.amount * part),))


def half(operation: Operation) -> Operation:
    is_partial = operation.product != "fixed" and operation.kind == rules.REPAY
    return operation._replace(amount=(operation.amount / 2).quantize(D("0.0001"))) if is_partial else operation


def each_rule_alone(policy: Policy, book: Book, money: Money, repaid: Repaid) -> Plan:
    """Forget that earlier rules changed the book and spent money."""
    plans = [plan(policy._replace(rules=(rule,)), book, money, repaid) for rule in policy.rules]
    operations = merged(played.operation for found in plans for played in found.operations)
    return plans[0]._replace(operations=tuple(Played(operation, None, None, None, None) for operation in operations))


def unimportant_first(policy: Policy, book: Book, money: Money, repaid: Repaid) -> Plan:
    return plan(policy._replace(rules=policy.rules[::-1]), book, money, repaid)


def without_stress(policy: Policy, book: Book, money: Money, repaid: Repaid) -> Plan:
    return plan(policy._replace(stress={}), book, money, repaid)


def with_every_repayment_as_installment(policy: Policy, book: Book, money: Money, repaid: Repaid) -> Plan:
    return plan(policy, book, money, dict.fromkeys(repaid, D(1000000)))


def with_no_installment_remembered(policy: Policy, book: Book, money: Money, repaid: Repaid) -> Plan:
    return plan(policy, book, money, {})


def term(days: int) -> t.Callable[[t.Any], t.Any]:
    return lambda rule: rule._replace(within_ms=rule.within_ms + days * 86_400_000) if isinstance(rule, rules.MaturityRule) else rule


def more_debt(rule: t.Any) -> t.Any:
    return rule._replace(max_debt=rule.max_debt + 100) if isinstance(rule, rules.DebtRule) else rule


# Ways to break the planner: a seed that shows it, the broken planner, and what is noticed.
BROKEN: dict[str, tuple[int, Planner, str]] = {
    "it acts 5 % too late": (2, of_policy(levels("1.05")), "the LTV of .* stayed at"),
    "it acts 1 % too early": (2, of_policy(levels("0.99")), "only .* were needed"),
    "it repays too little": (8, of_policy(target("0.005")), "fell only to"),
    "it repays too much": (8, of_policy(target("-0.005")), "more than needed"),
    "it repays half": (12, of_operations(half), "fell only to|stayed at"),
    "it forgets what to keep": (2, of_money(lambda money: money._replace(keep={})), "only .* remain"),
    "it ignores the cap of a run": (3, of_money(lambda money: money._replace(caps=money.caps[1:])), "per_run"),
    "it ignores the cap of a day": (7, of_money(lambda money: money._replace(caps=money.caps[:1])), "per_day"),
    "it forgets what the day moved": (
        7, of_money(lambda money: money._replace(caps=tuple(cap._replace(used_usd=D(0), used_coins={}) for cap in money.caps))), "per_day",
    ),
    "it halves the cap of a run": (
        2, of_money(lambda money: money._replace(caps=(money.caps[0]._replace(usd=D(2000), coins={}), *money.caps[1:]))),
        "fell only to|stayed at",
    ),
    "it takes from one wallet only": (2, of_money(lambda money: money._replace(sources=money.sources[:1])), "stayed at|fell only to|are missing"),
    "it forgets the transfers": (2, of_operations(without(TRANSFER)), "refuses"),
    "it transfers too much": (
        2, of_operations(lambda operation: operation._replace(amount=operation.amount + 1) if operation.kind == TRANSFER else operation),
        "are left in the Funding wallet|cannot give",
    ),
    "each rule thinks it is alone": (22, each_rule_alone, "refuses|per_run|more than needed|remain"),
    "unimportant rules come first": (128, unimportant_first, "stayed at|fell only to|is not repaid|are missing"),
    "it ignores the stress": (12, without_stress, "stress: .* stayed at"),
    "it counts other repayments as installments": (2, with_every_repayment_as_installment, "installment: .* are missing"),
    "it forgets which installments it paid": (2, with_no_installment_remembered, "installment: .* only .* were missing"),
    "it counts each repayment as an installment": (2, of_operations(counting(1)), "installment: .* USDT count, and only"),
    "it counts no repayment as an installment": (2, of_operations(counting(0)), "installment: only 0.* USDT count"),
    "it repays contracts a day too late": (55, of_policy(term(-1)), "contract .* is not repaid"),
    "it repays contracts a day too early": (33, of_policy(term(1)), "only .* were needed|more than needed"),
    "it allows too much debt": (22, of_policy(more_debt), "debt: .* are missing"),
    "it never adds collateral": (7, of_operations(without(rules.ADD_COLLATERAL)), "fell only to|stayed at"),
    "it sells dust": (
        7, of_operations(lambda operation: operation._replace(amount=D("0.5")) if operation.kind == rules.REPAY_FROM_COLLATERAL else operation),
        "worth only .* was sold",
    ),
    "it never sells": (7, of_operations(without(rules.REPAY_FROM_COLLATERAL)), "fell only to|stayed at"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_planner_is_noticed(what: str) -> None:
    seed, planner, expected = BROKEN[what]
    assert [fault for fault in play(seed, DAYS, planner).faults if re.search(expected, fault)]


@pytest.mark.parametrize("seed", sorted({seed for seed, _planner, _expected in BROKEN.values()} - set(SEEDS)))
def test_the_planner_itself_is_faultless_there(seed: int) -> None:
    assert play(seed, DAYS).faults == ()


def test_somebody_else_can_prevent_a_liquidation_only_with_enough_money() -> None:
    rich, poor = case(18, DAYS), case(2, DAYS)
    assert (play(18, DAYS).without, play(2, DAYS).without) == (("account",), ("account",))
    assert (could_prevent(rich, "account", {}), could_prevent(poor, "account", {})) == (True, False)


def test_less_money_than_without_the_policy_is_a_fault() -> None:
    unchanged = case(0, DAYS).account
    paid, lost = unchanged.copy(), unchanged.copy()
    paid.repay("flexible", D(1))
    lost.wallets["FUND"]["USDT"] -= 1
    assert (list(poorer(paid, unchanged)), len(list(poorer(lost, unchanged)))) == ([], 1)


def test_a_higher_ltv_or_a_liquidation_than_without_the_policy_is_a_fault() -> None:
    unchanged = case(0, DAYS).account
    risky, dead = unchanged.copy(), unchanged.copy()
    risky.flexible += 1
    dead.liquidated["account"] = 0
    assert list(worse(unchanged, unchanged)) == []
    assert [fault.partition(" is ")[0] for each in (risky, dead) for fault in worse(each, unchanged)] == ["the LTV of account", "account"]


@pytest.mark.parametrize("per, first, last", [
    ("day", "2026-03-04T00:00", "2026-03-04T23:59"),
    ("week", "2026-03-02T00:00", "2026-03-08T23:59"),
    ("month", "2026-02-01T00:00", "2026-02-28T23:59"),
    ("quarter", "2026-04-01T00:00", "2026-06-30T23:59"),
])
def test_installments_are_due_in_calendar_periods_in_utc(per: str, first: str, last: str) -> None:
    begin, end = (int(datetime.datetime.fromisoformat(f"{text}+00:00").timestamp() * 1000) for text in (first, last))
    assert period(per, begin) == period(per, end)
    assert len({period(per, begin - 60_000), period(per, begin), period(per, end + 60_000)}) == 3


def test_the_simulation_shows_tables_and_fails_if_there_are_faults(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--paths", "5", "--days", "1", "--jobs", "1"]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert "| calm | 1 | 0 | 0 |" in shown and "| **all** | 5 |" in shown and "0 faults in 5 paths of 1 days." in shown
    assert main([*arguments, "--format", "rst"], with_no_installment_remembered) == 1
    shown = capsys.readouterr().out
    assert ".. list-table::" in shown and "seed 0, step 1, repay: installment: " in shown


def test_the_picture_shows_the_ltv_with_and_without_the_policy(tmp_path: Path) -> None:
    assert main(["--picture", str(tmp_path / "crash.svg"), "--days", "10"]) == 0
    drawing = xml.etree.ElementTree.parse(tmp_path / "crash.svg").getroot()
    kinds = {element.get("class"): element for element in drawing.iter() if element.tag.endswith("polyline")}
    lowest = {kind: min(float(point.partition(",")[2]) for point in str(element.get("points")).split()) for kind, element in kinds.items()}
    # The higher the LTV, the lower is its coordinate.
    assert lowest["without"] < lowest["with"]
    assert "liquidated" in [element.text for element in drawing.iter()]

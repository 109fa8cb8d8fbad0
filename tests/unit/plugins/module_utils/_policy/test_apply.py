# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which operations of a plan go on after one has failed, and what each rule has reached."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._policy.apply import NOT_TRIED, Result, apply
from ansible_collections.treasury.bybit.plugins.module_utils._policy.document import Document, Origin
from ansible_collections.treasury.bybit.plugins.module_utils._policy.listing import Listings
from ansible_collections.treasury.bybit.plugins.module_utils._policy.outcome import message, overall, rule_states, unmet_warnings
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import Operation, Played, Share, Unmet

D = Decimal
ORIGIN = Origin("mainnet", "104", 0, 1)
# Nothing here gets as far as a reading.
NO_LISTINGS = Listings(t.cast(t.Any, None), ())


def operation(kind: str, coin: str, product: str | None = None, loan_id: str | None = None, sells: str | None = None, rule: str = "a") -> Operation:
    return Operation(kind, coin, D(5), product, loan_id, sells, (Share(rule, "why", D(5)),))


def document(*names: str, unmet: t.Sequence[Unmet] = ()) -> Document:
    return Document(ORIGIN, {"rules": [{"name": name} for name in names]}, {}, (), tuple(unmet), "0123456789abcdef" * 4)


TRANSFER = operation("transfer", "USDT")
LEGACY = operation("repay", "USDT", "legacy", "1")
OTHER_LEGACY = operation("repay", "ETH", "legacy", "2")
FLEXIBLE = operation("repay", "USDT", "flexible")
SALE = operation("repay_from_collateral", "USDT", "flexible", sells="BTC")
OTHER_SALE = operation("repay_from_collateral", "ETH", "flexible", sells="BTC")
THIRD_SALE = operation("repay_from_collateral", "ETH", "flexible", sells="SOL")
ADDITION = operation("add_collateral", "BTC")
OF_LEGACY = operation("add_collateral", "BTC", "legacy", "1")


@pytest.mark.parametrize(
    ("first", "second", "stops"),
    [
        (TRANSFER, LEGACY, True), (TRANSFER, FLEXIBLE, True), (TRANSFER, OTHER_LEGACY, False), (TRANSFER, SALE, False),
        (LEGACY, FLEXIBLE, True), (LEGACY, OTHER_LEGACY, False), (LEGACY, SALE, False), (LEGACY, OF_LEGACY, True),
        (FLEXIBLE, SALE, True), (FLEXIBLE, OTHER_SALE, False),
        (SALE, OTHER_SALE, True), (SALE, THIRD_SALE, False), (SALE, FLEXIBLE, True), (OTHER_SALE, THIRD_SALE, True),
        (ADDITION, OF_LEGACY, True), (ADDITION, SALE, True), (ADDITION, FLEXIBLE, False), (ADDITION, OTHER_LEGACY, False),
    ],
)
@pytest.mark.parametrize("outcome", ["not_executed", "unknown", NOT_TRIED])
def test_a_failure_stops_what_depends_on_it_and_nothing_else(first: Operation, second: Operation, stops: bool, outcome: str) -> None:
    tried: list[int] = []

    def contexts(number: int) -> t.Any:
        tried.append(number)
        raise LookupError

    failed = {1: Result(1, Played(first), outcome)}
    plan = [Played(first), Played(second)]
    if not stops:
        with pytest.raises(LookupError):
            list(apply(plan, contexts, failed, NO_LISTINGS))
        assert tried == [2]
        return
    results = list(apply(plan, contexts, failed, NO_LISTINGS))
    assert (results[1].outcome, tried) == (NOT_TRIED, [])
    assert results[1].message.startswith("Not tried, because the ")


def test_money_that_has_not_arrived_stops_what_needs_it() -> None:
    moved = {1: Result(1, Played(TRANSFER), "executed", short="the Funding wallet does not show it yet")}
    results = list(apply([Played(TRANSFER), Played(FLEXIBLE)], lambda number: pytest.fail("tried"), moved, NO_LISTINGS))
    assert results[1].message == "Not tried, because the Funding wallet does not show it yet."


@pytest.mark.parametrize(
    ("outcomes", "unmet", "states"),
    [
        ([], [], {"a": "reached", "b": "reached"}),
        ([], [Unmet("a", "No money.")], {"a": "not", "b": "reached"}),
        ([("a", "executed")], [Unmet("a", "No money.")], {"a": "partly", "b": "reached"}),
        ([("a", "executed"), ("b", "pending")], [], {"a": "reached", "b": "reached"}),
        ([("a", "planned"), ("b", "not_executed")], [], {"a": "reached", "b": "not"}),
        ([("a", "executed"), ("a", "not_executed")], [], {"a": "partly", "b": "reached"}),
        ([("a", "executed"), ("a", "unknown"), ("b", NOT_TRIED)], [], {"a": "unknown", "b": "not"}),
        ([("a", "nothing_to_do")], [], {"a": "reached", "b": "reached"}),
    ],
    ids=str,
)
def test_the_state_of_each_rule(outcomes: list[tuple[str, str]], unmet: list[Unmet], states: dict[str, str]) -> None:
    results = [
        Result(number, Played(operation("repay", "USDT", "fixed", str(number), rule=rule)), outcome, message="It failed.")
        for number, (rule, outcome) in enumerate(outcomes, 1)
    ]
    found = rule_states(document("a", "b", unmet=unmet), results)
    assert {state.name: state.state for state in found} == states
    assert all(bool(state.reasons) == (state.state != "reached") for state in found)


@pytest.mark.parametrize(
    ("outcomes", "together"),
    [
        ([], "nothing_to_do"), (["nothing_to_do"], "nothing_to_do"), (["planned", "planned"], "planned"), (["executed", "executed"], "executed"),
        (["executed", "pending"], "pending"), (["executed", "not_executed"], "executed"), (["not_executed", NOT_TRIED], "not_executed"),
        (["executed", "unknown", "pending"], "unknown"),
    ],
    ids=str,
)
def test_the_outcome_of_all_operations(outcomes: list[str], together: str) -> None:
    assert overall([Result(number, Played(FLEXIBLE), outcome) for number, outcome in enumerate(outcomes, 1)]) == together


def test_an_operation_that_its_message_names_is_named_once() -> None:
    said = "The repayment of 5 USDT on the flexible USDT loan was not made: The exchange refused it."
    results = [Result(1, Played(FLEXIBLE), "not_executed", message=said)]
    assert message(document("a"), results) == said
    assert [state.reasons for state in rule_states(document("a"), results)] == [(said,)]


def test_a_message_says_what_was_made_and_what_was_not() -> None:
    results = [
        Result(1, Played(TRANSFER), "executed"),
        Result(2, Played(FLEXIBLE), "not_executed", message="The exchange refused it."),
        Result(3, Played(SALE), NOT_TRIED, message="Not tried, because of that."),
    ]
    assert message(document("a", unmet=[Unmet("a", "No money.")]), results) == (
        "Made 1 of 3 operations: transfer of USDT from the UNIFIED to the Funding wallet (5 USDT). "
        "The repayment on flexible USDT of 5 USDT: The exchange refused it. "
        "The repayment on flexible USDT by selling BTC of 5 USDT: Not tried, because of that. Not fully met: 'a'."
    )
    assert message(document("a"), []) == "Nothing to do."
    assert message(document("a", unmet=[Unmet("a", "No money.")]), []) == "No operation is possible now. Not fully met: 'a'."


def test_each_rule_that_is_not_fully_met_warns_once() -> None:
    """Ten loans that one cap keeps from being repaid are one warning, not ten."""
    unmet = [Unmet("a", "Loan 1 is not repaid."), Unmet("b", "No money."), *(Unmet("a", f"Loan {number} is not repaid.") for number in (2, 3))]
    assert unmet_warnings(document("a", "b", unmet=unmet)) == [
        "Rule 'a' is not fully met: Loan 1 is not repaid. The result has 2 more reasons in 'rules'.", "Rule 'b' is not fully met: No money.",
    ]
    assert unmet_warnings(document("a")) == []

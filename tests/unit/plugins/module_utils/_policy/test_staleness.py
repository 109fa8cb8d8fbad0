# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A saved plan is stale if its policy would do something else, or if it cannot be done exactly as it was approved."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FIXED, FLEXIBLE, LEGACY
from ansible_collections.treasury.bybit.plugins.module_utils._loans.wallet import FUND, UNIFIED
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.book import Book
from ansible_collections.treasury.bybit.plugins.module_utils._policy.document import Document, Origin, document_of, read, written
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Cap, Money
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import TRANSFER, Operation, Plan, Played, Share, Unmet
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import Policy
from ansible_collections.treasury.bybit.plugins.module_utils._policy.staleness import differences
from policies import DAY_MS, NOW_MS, book, legacy, level, loan, money, pledged

D = Decimal
ORIGIN = Origin("mainnet", "104", NOW_MS, NOW_MS + DAY_MS)
LTV = rules.LtvRule("ltv", rules.Selection(), level("0.7"), level("0.55"), (rules.Way(rules.REPAY), rules.Way(rules.ADD_COLLATERAL, ("BTC",))))
DEBT = rules.DebtRule("debt", rules.Selection(FLEXIBLE, "USDT"), D(900))
POLICY = Policy((LTV, DEBT), {"BTC": D("-0.1")})
BOOK = book([loan(FLEXIBLE, "1000"), loan(FIXED, "300", "570"), legacy("6", "400", "0.02", "0.4")], pledged("BTC", "1"), pledged("SOL", "2"))
MONEY = money({"USDT": "500", "BTC": "1"}, {"USDT": "500"}, {}, [Cap("per_run", D(100000))])


def operation(kind: str = rules.REPAY, number: str = "100", product: str | None = FLEXIBLE, coin: str = "USDT", **more: t.Any) -> Operation:
    return Operation(kind, coin, D(number), product, shares=(Share("debt", "why", D(number)),), **more)


REPAYMENT = operation()
CONTRACT = operation(number="300", product=FIXED, loan_id="570")
SALE = operation(rules.REPAY_FROM_COLLATERAL, "200", sells="SOL")
ADDITION = operation(rules.ADD_COLLATERAL, "0.5", None, "BTC")
TO_LEGACY = operation(rules.ADD_COLLATERAL, "0.5", LEGACY, "BTC", loan_id="6")
MOVE = operation(TRANSFER, "200", None)


def made(*operations: Operation, policy: Policy = POLICY, money: Money = MONEY, unmet: t.Sequence[Unmet] = (), **origin: t.Any) -> Document:
    """Return a document with these operations."""
    played = tuple(Played(operation, None, None, None, None) for operation in operations)
    return document_of(Plan(played, tuple(unmet), BOOK, BOOK), policy, money, {}, ORIGIN._replace(**origin))


def stale(
    saved: Document, fresh: Document, book: Book = BOOK, money: Money = MONEY, tolerance: str = "0.01", done: t.Collection[int] = ()
) -> list[str]:
    return list(differences(read(written(saved)), fresh, book, money, D(tolerance), done))


def again(*operations: Operation, book: Book = BOOK, money: Money = MONEY) -> list[str]:
    """Return what is wrong with a plan that would still be the same."""
    return stale(made(*operations), made(*operations), book, money)


def with_loans(*loans: t.Any) -> Book:
    return book(loans, pledged("BTC", "1"), pledged("SOL", "2"))


def test_the_same_plan_is_not_stale() -> None:
    assert again(MOVE, REPAYMENT, CONTRACT, SALE, ADDITION, TO_LEGACY) == []
    assert again() == []


@pytest.mark.parametrize(
    ("saved", "fresh", "words"),
    [
        ([REPAYMENT], [REPAYMENT._replace(amount=D("120.5"))], ["the repayment on flexible USDT would be 120.5 instead of 100 USDT"]),
        ([REPAYMENT], [REPAYMENT._replace(amount=D("101"))], []),
        ([REPAYMENT], [REPAYMENT._replace(amount=D("99"))], []),
        ([REPAYMENT], [REPAYMENT._replace(amount=D("101.0001"))], ["the repayment on flexible USDT would be 101.0001 instead of 100 USDT"]),
        ([REPAYMENT], [REPAYMENT._replace(amount=D("98.9999"))], ["the repayment on flexible USDT would be 98.9999 instead of 100 USDT"]),
        ([REPAYMENT, ADDITION], [REPAYMENT], ["the addition of BTC to the collateral of the account is no longer needed"]),
        ([REPAYMENT], [REPAYMENT, CONTRACT], ["a repayment on fixed 570 would be needed, too: 300 USDT"]),
        ([], [MOVE], ["a transfer of USDT from the UNIFIED to the Funding wallet would be needed, too: 200 USDT"]),
        (
            [REPAYMENT], [SALE],
            [
                "the repayment on flexible USDT is no longer needed",
                "a repayment on flexible USDT by selling SOL would be needed, too: 200 USDT",
            ],
        ),
        (
            [REPAYMENT, CONTRACT, ADDITION], [CONTRACT, REPAYMENT],
            [
                "the addition of BTC to the collateral of the account is no longer needed",
                "the order would be: repayment on fixed 570, repayment on flexible USDT",
            ],
        ),
        # Another rule needs the same: what is done stays the same.
        ([REPAYMENT], [REPAYMENT._replace(shares=(Share("ltv", "another reason", D(100)),))], []),
    ],
)
def test_operations_that_differ_make_a_plan_stale(saved: list[Operation], fresh: list[Operation], words: list[str]) -> None:
    assert stale(made(*saved), made(*fresh)) == words


def test_without_a_tolerance_each_step_counts() -> None:
    fresh = made(REPAYMENT._replace(amount=D("100.0001")))
    assert stale(made(REPAYMENT), fresh, tolerance="0") == ["the repayment on flexible USDT would be 100.0001 instead of 100 USDT"]


def test_what_rules_do_not_get_makes_no_plan_stale() -> None:
    assert stale(made(REPAYMENT), made(REPAYMENT, unmet=[Unmet("ltv", "No money is left.")])) == []
    assert stale(made(REPAYMENT, unmet=[Unmet("ltv", "No money is left.")]), made(REPAYMENT)) == []


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        ({"created_ms": NOW_MS + DAY_MS - 1000}, []),
        ({"created_ms": NOW_MS + DAY_MS}, ["the plan expired at 2026-11-07 21:20:00 UTC"]),
        ({"created_ms": NOW_MS - 60_000}, []),
        ({"created_ms": NOW_MS - 61_000}, ["the plan was made at 2026-11-06 21:20:00 UTC, which is in the future"]),
        ({"account": "105"}, ["the plan is for account 104, not for account 105"]),
        (
            {"realm": "testnet", "account": "7"},
            ["the plan is for realm mainnet, not for realm testnet", "the plan is for account 104, not for account 7"],
        ),
    ],
)
def test_time_and_account_count(origin: dict[str, t.Any], words: list[str]) -> None:
    assert stale(made(REPAYMENT), made(REPAYMENT, **origin)) == words


def test_nothing_else_is_said_about_the_plan_of_another_account() -> None:
    fresh = made(CONTRACT, account="105", created_ms=NOW_MS + DAY_MS, policy=Policy(()))
    assert stale(made(REPAYMENT), fresh) == ["the plan is for account 104, not for account 105"]


@pytest.mark.parametrize(
    ("policy", "money", "words"),
    [
        (Policy((LTV,), POLICY.stress), MONEY, ["rule 'debt' is gone"]),
        (Policy((LTV, DEBT, DEBT._replace(name="x")), POLICY.stress), MONEY, ["rule 'x' is new"]),
        (Policy((DEBT, LTV), POLICY.stress), MONEY, ["the order of its rules is now debt, ltv"]),
        (
            Policy((LTV._replace(above=level("0.6"), order="soonest_due"), DEBT), POLICY.stress), MONEY,
            ["rule 'ltv': ltv.above is 0.6 instead of 0.7", "rule 'ltv': order is soonest_due instead of highest_rate"],
        ),
        (Policy((LTV, DEBT._replace(loans=rules.Selection())), POLICY.stress), MONEY, [
            "rule 'debt': loans.coin is not set instead of USDT", "rule 'debt': loans.product is not set instead of flexible",
        ]),
        (
            Policy((LTV._replace(using=LTV.using[:1]), DEBT), POLICY.stress), MONEY,
            ["rule 'ltv': using is repay instead of repay, add_collateral BTC"],
        ),
        (
            Policy((LTV._replace(using=(LTV.using[0], rules.Way(rules.ADD_COLLATERAL, ("BTC", "SOL")))), DEBT), POLICY.stress), MONEY,
            ["rule 'ltv': using is repay, add_collateral BTC/SOL instead of repay, add_collateral BTC"],
        ),
        (Policy((LTV, rules.MaturityRule("debt", rules.Selection(FLEXIBLE, "USDT"), DAY_MS)), POLICY.stress), MONEY, [
            "rule 'debt': before_maturity is 1d instead of not set", "rule 'debt': max_debt is not set instead of 900",
            "rule 'debt': order is not set instead of highest_rate",
        ]),
        (Policy((LTV, DEBT)), MONEY, ["stress.BTC is not set instead of -0.1"]),
        (POLICY, MONEY._replace(keep={"USDT": D(5)}), ["funds.keep.USDT is 5 instead of not set"]),
        (POLICY, MONEY._replace(sources=(UNIFIED, FUND)), ["funds.from is unified, funding instead of funding, unified"]),
        (POLICY, MONEY._replace(caps=(Cap("per_run", D(90000)),)), ["limits.per_run.usd is 90000 instead of 100000"]),
        (POLICY, MONEY._replace(caps=()), ["limits.per_run.usd is not set instead of 100000"]),
        (POLICY, MONEY._replace(caps=(Cap("per_run", D("1.0E+5"), used_usd=D(7), used_coins={"USDT": D(7)}),)), []),
    ],
)
def test_a_changed_policy_makes_a_plan_stale(policy: Policy, money: Money, words: list[str]) -> None:
    assert stale(made(REPAYMENT), made(REPAYMENT, policy=policy, money=money)) == [f"the policy changed: {change}" for change in words]


@pytest.mark.parametrize(
    ("operations", "loans", "words"),
    [
        ([REPAYMENT], [loan(FLEXIBLE, "99.9999")], ["the repayment on flexible USDT of 100 USDT exceeds the debt, which is 99.9999 USDT"]),
        ([REPAYMENT], [loan(FLEXIBLE, "100")], []),
        ([REPAYMENT], [], ["the repayment on flexible USDT of 100 USDT is not possible: the loan is not open"]),
        (
            [REPAYMENT, SALE], [loan(FLEXIBLE, "250")],
            ["the repayment on flexible USDT by selling SOL of 200 USDT exceeds the debt, which is 150 USDT"],
        ),
        (
            [CONTRACT], [loan(FIXED, "303.01", "570")],
            ["the repayment on fixed 570 of 300 USDT is too little: the contract can only be repaid in full, and its debt is 303.01 USDT"],
        ),
        ([CONTRACT], [loan(FIXED, "303", "570")], []),
        ([TO_LEGACY], [], ["the addition of BTC to the collateral of legacy 6 of 0.5 BTC is not possible: the loan is not open"]),
    ],
)
def test_each_saved_amount_must_fit_the_debts(operations: list[Operation], loans: list[t.Any], words: list[str]) -> None:
    assert again(*operations, book=with_loans(*loans)) == words


@pytest.mark.parametrize(
    ("operations", "wallets", "words"),
    [
        ([REPAYMENT], ("100", "0"), []),
        ([MOVE, CONTRACT], ("100", "200"), []),
        (
            [REPAYMENT], ("99", "0"),
            [
                "the repayment on flexible USDT of 100 USDT is too much: at most 99 USDT can be moved, because the Funding wallet and the UNIFIED wallet "
                "have 99 USDT left",
                "100 USDT would be paid from the Funding wallet, but it would hold 99 USDT",
            ],
        ),
        # Together, the wallets hold enough, but not where the saved transfer leaves it.
        ([MOVE, CONTRACT], ("99", "900"), ["300 USDT would be paid from the Funding wallet, but it would hold 299 USDT"]),
        ([MOVE, CONTRACT], ("900", "199"), ["200 USDT would be transferred, but the UNIFIED wallet holds 199 USDT"]),
        ([REPAYMENT], ("99", "900"), ["100 USDT would be paid from the Funding wallet, but it would hold 99 USDT"]),
        (
            [REPAYMENT, CONTRACT], ("350", "0"),
            [
                "the repayment on fixed 570 of 300 USDT is too much: at most 250 USDT can be moved, because the Funding wallet and the UNIFIED wallet "
                "have 250 USDT left",
                "400 USDT would be paid from the Funding wallet, but it would hold 350 USDT",
            ],
        ),
        ([SALE], ("0", "0"), []),
    ],
)
def test_the_saved_amounts_must_fit_the_wallets(operations: list[Operation], wallets: tuple[str, str], words: list[str]) -> None:
    assert again(*operations, money=money({"USDT": wallets[0]}, {"USDT": wallets[1]})) == words


def test_what_must_remain_in_the_wallets_is_not_used() -> None:
    assert again(REPAYMENT, money=money({"USDT": "150"}, None, {"USDT": "50"})) == []
    assert again(REPAYMENT, money=money({"USDT": "150"}, None, {"USDT": "50.1"})) == [
        "the repayment on flexible USDT of 100 USDT is too much: at most 99.9 USDT can be moved, because the Funding wallet has 150 USDT left, "
        "of which 50.1 must remain",
    ]


def test_money_of_the_funding_wallet_is_only_used_if_it_is_a_source() -> None:
    unified = money({"USDT": "900"}, {"USDT": "900"})._replace(sources=(UNIFIED,))
    assert again(MOVE, CONTRACT, money=unified) == ["300 USDT would be paid from the Funding wallet, but it would hold 200 USDT"]
    assert again(MOVE._replace(amount=D(300)), CONTRACT, money=unified) == []


@pytest.mark.parametrize(
    ("cap", "words"),
    [
        # A sale counts what it sells, 204 USD.
        (Cap("per_day", D(404), {}, D(100)), []),
        (Cap("per_day", D(404), {}, D("100.51")), ["at most 199.5 USDT can be moved, because only 203.49 USD of per_day (404 USD) is left"]),
        (Cap("per_day", None, {"USDT": D(299)}), ["at most 199 USDT can be moved, because only 199 USDT of per_day (299 USDT) is left"]),
        (
            Cap("per_day", D(400), {}, None),
            ["at most 0 USDT can be moved, because per_day is 400 USD, and what was moved before in USD is not known"] * 2,
        ),
    ],
)
def test_the_saved_amounts_must_fit_the_caps(cap: Cap, words: list[str]) -> None:
    found = again(REPAYMENT, SALE, money=MONEY._replace(caps=(cap,)))
    assert [clause.partition(" is too much: ")[2] for clause in found] == words


@pytest.mark.parametrize(
    ("collateral", "words"),
    [
        ([pledged("SOL", "1.632")], []),
        ([pledged("SOL", "1.63")], ["at most 199.75490196 USDT can be moved, because 1.63 SOL is pledged"]),
        ([pledged("BTC", "1")], ["at most 0 USDT can be moved, because no SOL is pledged, or its value is not known"]),
    ],
)
def test_the_collateral_to_sell_must_be_pledged(collateral: list[t.Any], words: list[str]) -> None:
    found = again(SALE, book=book([loan(FLEXIBLE, "1000")], *collateral))
    assert found == [f"the repayment on flexible USDT by selling SOL of 200 USDT is too much: {clause}" for clause in words]


def test_after_a_killed_run_only_the_rest_counts() -> None:
    saved = made(MOVE, REPAYMENT, CONTRACT)
    # The LTV is now between the two levels of the rule, so that a new plan would be empty.
    assert stale(saved, made(), with_loans(loan(FIXED, "300", "570")), money({"USDT": "300"}), done=(1, 2)) == []
    assert stale(saved, made(), with_loans(), money({"USDT": "300"}), done={1, 2}) == [
        "the repayment on fixed 570 of 300 USDT is not possible: the loan is not open",
    ]
    late = made(created_ms=NOW_MS + DAY_MS)
    assert stale(saved, late, done={1}) == ["the plan expired at 2026-11-07 21:20:00 UTC"]

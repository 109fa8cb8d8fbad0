# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the book of an account: what is read, with how many requests, and what is unknown if something cannot be read."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import fake_account as fake
import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import Client
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import ReadFailed, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._api.session import Session
from ansible_collections.treasury.bybit.plugins.module_utils._api.signing import HmacSigner
from ansible_collections.treasury.bybit.plugins.module_utils._loans.wallet import FUND, UNIFIED
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.book import ACCOUNT
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Money
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import Plan
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import Policy, plan
from ansible_collections.treasury.bybit.plugins.module_utils._policy.reading import Reading, read_account

D = Decimal
DAY_MS = 86_400_000
ALL = rules.Selection()
ASSUMED = {"margin_call": D("0.85"), "liquidation": D("0.95")}
ABOVE, TO = rules.Level(D("0.6")), rules.Level(D("0.5"))
LTV = rules.LtvRule("ltv", ALL, ABOVE, TO)
MATURITY = rules.MaturityRule("maturity", ALL, 3 * DAY_MS)
USDT = rules.Selection(coin="USDT")
INSTALLMENT = rules.InstallmentRule("installment", USDT, D(100), "month")
MAX_DEBT = rules.DebtRule("max_debt", USDT, D(100))
# The account owes 5000 USD with 8000 USD of collateral, and the legacy loan has an LTV of 0.7.
LTV_OF_ACCOUNT, LTV_OF_LEGACY = D("0.625"), D("0.7")

Read = t.Callable[..., Reading]


@pytest.fixture
def account(clock: t.Any) -> fake.FakeAccount:
    account = fake.FakeAccount(clock)
    account.legacy = [fake.legacy_row("17")]
    account.flexible = [fake.flexible_row("USDT", "3000")]
    account.fixed = [fake.fixed_row("571", "2000", clock.now_ms() + 2 * DAY_MS)]
    account.collateral = {"BTC": "0.2"}
    return account


@pytest.fixture
def read(account: fake.FakeAccount, clock: t.Any) -> Read:
    """Read the account for these rules, with one session for the whole test."""
    session = Session(account)

    def call(*wanted: rules.Rule, sources: tuple[str, ...] = (FUND,)) -> Reading:
        client = Client(session, "the-key", HmacSigner("the-secret"), clock=clock)
        return read_account(client, wanted, sources, ASSUMED)

    return call


def planned(reading: Reading, *wanted: rules.Rule, sources: tuple[str, ...] = (FUND,)) -> Plan:
    return plan(Policy(wanted), reading.book, Money(reading.wallets, sources, prices=reading.prices), {})


def targets(of: Plan) -> list[tuple[str, str | None, str | None]]:
    return [(played.operation.kind, played.operation.product, played.operation.loan_id) for played in of.operations]


def unmet(of: Plan) -> dict[str, list[str]]:
    return {rule: [entry.reason for entry in of.unmet if entry.rule == rule] for rule in dict.fromkeys(entry.rule for entry in of.unmet)}


def test_the_whole_book_is_read(read: Read, account: fake.FakeAccount, clock: t.Any) -> None:
    reading = read(LTV)
    book = reading.book
    assert [(loan.product, loan.loan_id, loan.debt, loan.position) for loan in book.loans] == [
        ("legacy", "17", D(700), None), ("flexible", None, D(3000), None), ("fixed", "571", D(2000), None),
    ]
    assert book.now_ms == clock.now_ms() + fake.AHEAD_MS
    # The worst case that the rounded figures allow.
    assert LTV_OF_ACCOUNT < book.ltv(None, {}) < LTV_OF_ACCOUNT + D("0.0001")
    assert LTV_OF_LEGACY < book.ltv(book.loans[0], {}) < LTV_OF_LEGACY + D("0.001")
    assert book.ltv(None, {"BTC": D("-0.5")}) > 2 * LTV_OF_ACCOUNT
    assert book.marks == {"BTC": {"initial": D("0.8"), **ASSUMED}, ACCOUNT: ASSUMED}
    assert book.places == {(product, "USDT"): 4 for product in ("legacy", "flexible", "fixed")}
    assert (book.refuses_collateral, book.unread, reading.warnings) == (False, frozenset(), ())
    assert reading.wallets == {FUND: {"USDT": D(1000)}}
    assert (reading.prices["USDT"].low <= 1 <= reading.prices["USDT"].high, set(reading.prices)) == (True, {"USDT", "BTC"})
    assert reading.position is not None and reading.position.ltv == LTV_OF_ACCOUNT
    assert targets(planned(reading, LTV)) == [("repay", "legacy", "17"), ("repay", "flexible", None)]


@pytest.mark.parametrize(("told", "refuses"), [("1", False), ("2", True)])
def test_the_book_says_whether_the_exchange_accepts_collateral(read: Read, account: fake.FakeAccount, told: str, refuses: bool) -> None:
    account.col_res = told
    assert read(LTV).book.refuses_collateral is refuses


def rows_of(legacy: int, fixed: int, clock: t.Any) -> dict[str, list[fake.Row]]:
    return {
        "legacy": [fake.legacy_row(str(number), due=str(clock.now_ms() + 9 * DAY_MS)) for number in range(legacy)],
        "fixed": [fake.fixed_row(str(number), "1", clock.now_ms() + 9 * DAY_MS) for number in range(fixed)],
    }


@pytest.mark.parametrize(
    ("legacy", "fixed", "requests"),
    # The pages of legacy loans and of fixed contracts; besides, one request for each of these: the position, flexible loans, the tiers, decimal
    # places, USDT in the Funding wallet, and all coins in the UNIFIED wallet. Legacy loans need their marks and another list of decimal places.
    [(0, 0, 1 + 1 + 6), (60, 39, 1 + 1 + 8), (600, 399, 6 + 4 + 8), (6000, 3999, 60 + 40 + 8), (9999, 0, 100 + 1 + 8)],
)
def test_requests_follow_the_pages_not_the_loans(
    read: Read, account: fake.FakeAccount, clock: t.Any, legacy: int, fixed: int, requests: int
) -> None:
    account.flexible = [fake.flexible_row("USDT", "1")]
    vars(account).update(rows_of(legacy, fixed, clock))
    reading = read(rules.LtvRule("ltv", ALL, rules.Level(D("0.8")), TO), MATURITY, sources=(FUND, UNIFIED))
    assert len(reading.book.loans) == legacy + fixed + 1
    assert len(account.asked) == requests
    assert max(count for path, count in account.counts.items() if path not in (fake.LEGACY_LOANS, fake.FIXED_LOANS)) == 1


def test_an_empty_account_takes_four_requests(read: Read, account: fake.FakeAccount) -> None:
    account.legacy, account.flexible, account.fixed, account.collateral = [], [], [], {}
    reading = read(LTV, MATURITY, INSTALLMENT, MAX_DEBT, sources=(FUND, UNIFIED))
    assert account.counts == dict.fromkeys([fake.POSITION, *fake.LISTS.values()], 1)
    assert (reading.book.loans, reading.wallets, reading.warnings) == ((), {FUND: {}, UNIFIED: {}}, ())
    assert planned(reading, LTV, MATURITY, INSTALLMENT, MAX_DEBT)[:2] == ((), ())


@pytest.mark.parametrize(
    ("rule", "coins", "repaid"),
    [
        (LTV, {"USDT", "ETH"}, {("legacy", "USDT"), ("flexible", "USDT"), ("flexible", "ETH"), ("fixed", "USDT")}),
        (
            LTV._replace(using=(rules.Way(rules.REPAY_FROM_COLLATERAL, ("BTC",)),)), set(),
            {("flexible", "USDT"), ("flexible", "ETH"), ("fixed", "USDT")},
        ),
        # Nothing is pledged in SOL, so it cannot be added.
        (LTV._replace(using=(rules.Way(rules.ADD_COLLATERAL, ("SOL", "BTC")),)), {"BTC"}, set()),
        (LTV._replace(loans=rules.Selection("legacy"), using=(rules.Way(rules.ADD_COLLATERAL, ("BTC", "ETH")),)), {"BTC"}, set()),
        (LTV._replace(loans=rules.Selection(loan_id="99")), set(), set()),
        (MATURITY, {"USDT"}, {("fixed", "USDT")}),
        (MATURITY._replace(within_ms=DAY_MS), set(), set()),
        (INSTALLMENT, {"USDT"}, {("legacy", "USDT"), ("flexible", "USDT"), ("fixed", "USDT")}),
        (MAX_DEBT._replace(loans=rules.Selection("flexible", "ETH")), {"ETH"}, {("flexible", "ETH")}),
    ],
    ids=["repay", "sell", "add to the account", "add to a loan", "no such loan", "due", "due later", "installment", "debt"],
)
def test_only_what_the_rules_may_use_is_read(
    read: Read, account: fake.FakeAccount, rule: rules.Rule, coins: set[str], repaid: set[tuple[str, str]]
) -> None:
    account.flexible.append(fake.flexible_row("ETH", "0.1"))
    account.places["ETH"] = 6
    for wallet in account.wallets.values():
        wallet["ETH"] = "3"
    reading = read(rule, sources=(UNIFIED, FUND))
    assert {wallet: set(held) for wallet, held in reading.wallets.items()} == {FUND: coins, UNIFIED: coins}
    assert set(reading.book.places) == repaid
    assert account.counts.get(fake.UNIFIED, 0) == bool(coins)
    assert account.counts.get(fake.LEGACY_PLACES, 0) == any(product == "legacy" for product, dummy in repaid)
    assert account.counts.get(fake.SHARED_PLACES, 0) == any(product != "legacy" for product, dummy in repaid)


def test_the_unified_wallet_is_only_read_if_money_may_come_from_it(read: Read, account: fake.FakeAccount) -> None:
    assert set(read(LTV).wallets) == {FUND}
    assert fake.UNIFIED not in account.counts
    assert read(LTV, sources=(UNIFIED,)).wallets == {UNIFIED: {"USDT": D(2000)}}
    assert account.counts[fake.FUNDING] == 1


def test_rarely_changing_lists_are_read_once_in_a_session(read: Read, account: fake.FakeAccount) -> None:
    read(LTV)
    account.asked.clear()
    read(LTV)
    assert account.counts == dict.fromkeys([fake.POSITION, *fake.LISTS.values(), fake.FUNDING], 1)


UNUSABLE = [10005, 10024, 10017, 404]


@pytest.mark.parametrize("code", UNUSABLE)
@pytest.mark.parametrize("product", ["legacy", "flexible", "fixed"])
def test_a_product_that_cannot_be_read_is_told(read: Read, account: fake.FakeAccount, product: str, code: int) -> None:
    account.refused[fake.LISTS[product]] = code
    reading = read(LTV, MATURITY, INSTALLMENT, MAX_DEBT)
    assert (reading.book.unread, {loan.product for loan in reading.book.loans}) == ({product}, {"legacy", "flexible", "fixed"} - {product})
    assert [warning.partition(". ")[0] for warning in reading.warnings] == [
        f"The {product} loans cannot be read, so the policy does nothing about them"
    ]
    assert fake.LISTS[product] in reading.warnings[0]


def test_a_product_that_no_rule_selects_is_not_missed(read: Read, account: fake.FakeAccount) -> None:
    account.refused[fake.LISTS["flexible"]] = 10005
    reading = read(MATURITY, LTV._replace(loans=rules.Selection("legacy")), INSTALLMENT._replace(loans=rules.Selection("fixed", "USDT")))
    assert (reading.book.unread, reading.warnings) == ({"flexible"}, ())


@pytest.mark.parametrize("product", ["legacy", "flexible", "fixed"])
@pytest.mark.parametrize("rule", [LTV, MATURITY, INSTALLMENT, MAX_DEBT])
@pytest.mark.parametrize("selected", ["legacy", "flexible", "fixed", None])
def test_the_rules_that_select_it_are_unmet(
    read: Read, account: fake.FakeAccount, product: str, rule: rules.Rule, selected: str | None
) -> None:
    rule = rule._replace(loans=rule.loans._replace(product=selected))
    account.refused[fake.LISTS[product]] = 10005
    account.wallets["FUND"]["USDT"] = "100000"
    of = planned(read(rule), rule)
    is_concerned = selected in (None, product) and (rule.name, product) != ("maturity", "flexible")
    assert [reason.startswith(f"The {product} loans cannot be read, so ") for entry, reasons in unmet(of).items() for reason in reasons] == (
        [True] if is_concerned else [False] * len(of.unmet)
    )
    if is_concerned and rule.name in ("installment", "max_debt"):
        assert targets(of) == []
    elif selected is None and rule.name == "ltv":
        # The position has all debts of the account, so its LTV is known.
        # Contracts come last, and are not needed unless the flexible loan is missing.
        assert {name for dummy, name, dummy_id in targets(of)} == {"legacy", "flexible" if product != "flexible" else "fixed"} - {product}


def test_nothing_that_can_be_read_is_an_error(read: Read, account: fake.FakeAccount) -> None:
    account.refused = dict.fromkeys(fake.LISTS.values(), 10005)
    with pytest.raises(Refused, match="^None of the loan products can be read. legacy and flexible and fixed: "):
        read(LTV)


@pytest.mark.parametrize("code", UNUSABLE)
def test_an_unreadable_position_is_never_safe(read: Read, account: fake.FakeAccount, code: int) -> None:
    account.refused[fake.POSITION] = code
    reading = read(LTV, MATURITY)
    assert (reading.book.unread, reading.position, reading.book.ltv(None, {})) == ({ACCOUNT}, None, None)
    [warning] = reading.warnings
    assert warning.startswith("The account's position, and therefore the LTV of its loans, cannot be read. ")
    of = planned(reading, LTV, MATURITY)
    assert unmet(of) == {
        "ltv": ["The LTV of the account is not known, so the rule cannot be applied."],
        "maturity": ["Loan 571 is not repaid: 2000 USDT is needed, but the Funding wallet has 799.7286 USDT left."],
    }
    # Legacy loans have their own LTV.
    assert targets(of) == [("repay", "legacy", "17")]
    assert {played.ltv_after for played in of.operations if played.operation.product != "legacy"} <= {None}


@pytest.mark.parametrize(
    ("debts", "sentence"),
    [
        ({("flexible", "USDT"): D(3000)}, "the fixed loans contradict each other: the list has a debt in USDT, but the position has none"),
        ({("fixed", "USDT"): D(2000)}, "the flexible loans contradict each other: the list has a debt in USDT, but the position has none"),
        (
            {("flexible", "USDT"): D(3000), ("fixed", "USDT"): D(2000), ("flexible", "ETH"): D("0.1")},
            "the flexible loans contradict each other: the position has a debt in ETH, but the list has none",
        ),
    ],
)
def test_contradictory_answers_are_refused(read: Read, account: fake.FakeAccount, debts: t.Any, sentence: str) -> None:
    account.debts = debts
    with pytest.raises(ReadFailed, match=sentence):
        read(LTV)


@pytest.mark.parametrize("path", [fake.POSITION, *fake.LISTS.values(), fake.MARKS])
def test_any_other_failure_of_the_book_is_an_error(read: Read, account: fake.FakeAccount, path: str) -> None:
    account.refused[path] = 502
    with pytest.raises(ReadFailed, match=path):
        read(LTV)


@pytest.mark.parametrize(
    ("path", "code", "warning"),
    [
        (fake.FUNDING, 10005, "Not all balances of the wallets can be read. "),
        (fake.FUNDING, 502, "Not all balances of the wallets can be read. "),
        (fake.UNIFIED, 10005, "Not all balances of the wallets can be read. "),
        (fake.UNIFIED, 502, "Not all balances of the wallets can be read. "),
        (fake.MARKS, 10005, "The LTVs of margin call and liquidation cannot be read. "),
        (fake.TIERS, 502, "The effect of price changes on the collateral in BTC is not predicted, because the collateral ratio tiers cannot "),
        (fake.LEGACY_PLACES, 502, "The decimal places of the amounts could not be checked beforehand: "),
        (fake.SHARED_PLACES, 10005, "The decimal places of the amounts could not be checked beforehand: "),
    ],
)
def test_anything_else_that_cannot_be_read_is_unknown(read: Read, account: fake.FakeAccount, path: str, code: int, warning: str) -> None:
    account.refused[path] = code
    reading = read(LTV, sources=(FUND, UNIFIED))
    [found] = reading.warnings
    assert found.startswith(warning) and path in found
    assert account.counts[path] == 1
    wallets = {name: {"USDT"} - ({"USDT"} if path == of else set()) for name, of in ((FUND, fake.FUNDING), (UNIFIED, fake.UNIFIED))}
    assert {wallet: set(held) for wallet, held in reading.wallets.items()} == wallets
    assert ("BTC" in reading.book.marks) == (path != fake.MARKS)
    assert (reading.book.account.collateral[0].market_usd is None) == (path == fake.TIERS)
    unlisted = {fake.LEGACY_PLACES: {"legacy"}, fake.SHARED_PLACES: {"flexible", "fixed"}}.get(path, set())
    assert {product for product, dummy in reading.book.places} == {"legacy", "flexible", "fixed"} - unlisted


@pytest.mark.parametrize("path", [fake.FUNDING, fake.UNIFIED, fake.TIERS, fake.LEGACY_PLACES, fake.SHARED_PLACES, fake.POSITION])
def test_a_block_of_the_address_ends_the_run(read: Read, account: fake.FakeAccount, path: str) -> None:
    account.refused[path] = 403
    with pytest.raises((Refused, ReadFailed)) as caught:
        read(LTV, sources=(FUND, UNIFIED))
    assert caught.value.is_block


def test_without_the_permission_for_the_wallets_nothing_is_spent(read: Read, account: fake.FakeAccount) -> None:
    account.refused = {fake.FUNDING: 10005, fake.UNIFIED: 10005}
    of = planned(read(LTV, sources=(FUND, UNIFIED)), LTV, sources=(FUND, UNIFIED))
    assert targets(of) == []
    assert all("the balance of USDT in the Funding wallet is not known" in reason for reason in unmet(of)["ltv"])


def test_a_coin_that_the_wallets_do_not_know_hides_no_other(read: Read, account: fake.FakeAccount) -> None:
    account.flexible.append(fake.flexible_row("ETH", "0.1"))
    reading = read(LTV, sources=(FUND, UNIFIED))
    assert reading.wallets == {FUND: {"USDT": D(1000)}, UNIFIED: {"USDT": D(2000)}}
    assert len(reading.warnings) == 2


LOWEST = {"initial": D("0.75"), "margin_call": D("0.83"), "liquidation": D("0.93")}


@pytest.mark.parametrize(
    ("levels", "marks"),
    [
        ({"VIP0": ("0.75", "0.83", "0.93"), "VIP1": ("0.8", "0.85", "0.95")}, LOWEST),
        ({"VIP0": ("0.8", "0.83", "0.95"), "VIP1": ("0.75", "0.85", "0.93")}, LOWEST),
        ({"VIP0": ("", "0.85", "0.95")}, ASSUMED),
        ({"VIP0": ("0.8", "", "")}, None),
        ({}, None),
    ],
)
def test_legacy_loans_have_the_lowest_marks_of_all_levels(read: Read, account: fake.FakeAccount, levels: t.Any, marks: t.Any) -> None:
    account.levels = {name: [fake.marks_row("BTC", *ltvs), fake.marks_row("ETH", "0.1", "0.2", "0.3")] for name, ltvs in levels.items()}
    reading = read(LTV)
    assert reading.book.marks == {ACCOUNT: ASSUMED, **({"BTC": marks} if marks else {})}
    to_initial = LTV._replace(loans=rules.Selection("legacy"), down_to=rules.Level(D("-0.2"), "initial"))
    known = bool(marks) and "initial" in marks
    assert unmet(planned(reading, to_initial)) == (
        {} if known else {"ltv": ["The marks of loan 17 are not known, so the rule cannot be applied."]}
    )
    assert bool(targets(planned(reading, to_initial))) == known
    assert account.counts[fake.MARKS] == 1


def test_a_coin_without_listed_places_is_missing(read: Read, account: fake.FakeAccount) -> None:
    del account.places["USDT"]
    reading = read(LTV)
    assert (reading.book.places, reading.warnings) == ({}, ())


def test_a_loan_on_two_pages_is_one_loan(read: Read, account: fake.FakeAccount) -> None:
    account.legacy = [fake.legacy_row(str(number)) for number in [*range(100), 99, 100]]
    assert [loan.loan_id for loan in read(LTV).book.loans if loan.product == "legacy"] == [str(number) for number in range(101)]

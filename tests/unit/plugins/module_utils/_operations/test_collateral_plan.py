# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much collateral is added or taken back: cases calculated by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, TAKE_BACK, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, LIQUIDATED, OPEN, REPAID, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.position import CoinCollateral, CoinDebt, Position
from ansible_collections.treasury.bybit.plugins.module_utils._loans.subject import Pledge
from ansible_collections.treasury.bybit.plugins.module_utils._loans.tiers import Tier, Tiers
from ansible_collections.treasury.bybit.plugins.module_utils._operations.collateral_plan import decide
from ansible_collections.treasury.bybit.plugins.module_utils._operations.decision import DECLINE, MOVE, Decision, Means
from ansible_collections.treasury.bybit.plugins.module_utils._operations.terms import Terms
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOTHING_TO_DO

D = Decimal
ORDER = Terms("loan 17", "order_id '17' is not a loan of this account: check order_id")
ACCOUNT = Terms("the account", "currency 'FOO' is not a coin that can be pledged: check it", shares_collateral=True)
TIERS: Tiers = (Tier(D(0), D(10000), D("0.8")), Tier(D(10000), D(20000), D("0.5")))


def goal(**parts: str) -> Goal:
    [(name, value)] = list(parts.items())
    move = ADD if name in ("add", "max_ltv") else TAKE_BACK
    return Goal(move=move, **{"amount" if name in ("add", "take_back") else name: D(value)})


def order(ltv: str | None = "0.6", amount: str | None = "0.1", debt: str = "6000", status: str = OPEN) -> Pledge:
    held = None if amount is None else D(amount)
    loan = Loan(
        LEGACY, "17", "USDT", D(debt), D(0), D(0), status, collateral_coin="BTC", collateral_amount=held, ltv=None if ltv is None else D(ltv)
    )
    return Pledge("BTC", held, loan)


def account(debt: str = "6000", ltv: str | None = None, total: str = "10000", **collateral: tuple[str, str]) -> Pledge:
    """BTC at 10,000 USD: 1 BTC counts 8000."""
    pledged = collateral or {"BTC": ("1", "8000"), "ETH": ("1", "2000")}
    entries = tuple(CoinCollateral(coin, D(amount), D(usd)) for coin, (amount, usd) in pledged.items())
    debts = (CoinDebt("USDT", D(debt), D(debt), D(0), D(0)),) if D(debt) else ()
    found = Position(D(ltv) if ltv else D(debt) / D(total), D(debt), D(total), debts, entries)
    return Pledge("BTC", next((entry.amount for entry in entries if entry.coin == "BTC"), D(0)), position=found)


@pytest.mark.parametrize(
    ("pledge", "wish", "means", "kind", "amount", "message"),
    [
        # 0.1 x 0.6001 / 0.4998 = 0.120068...
        (order(), {"max_ltv": "0.5"}, Means(4), MOVE, "0.0201", "to the collateral of loan 17: LTV 0.6 → 0.4996, collateral 0.1 → 0.1201 BTC, add 0.0201"),
        (order("0.4999"), {"max_ltv": "0.5"}, Means(4), NOTHING_TO_DO, "0", "The LTV of loan 17 is 0.4999, and at most 0.5 was requested: nothing to add."),
        # Rounding may hide one more step.
        (
            order("0.5"), {"max_ltv": "0.5"}, Means(4), MOVE, "0.0001",
            "to the collateral of loan 17: LTV 0.5 → 0.4995, collateral 0.1 → 0.1001 BTC, add 0.0001",
        ),
        (order(), {"max_ltv": "0"}, Means(), DECLINE, "0", "max_ltv '0' cannot be reached by adding BTC: repay, or raise max_ltv."),
        (
            order(None), {"max_ltv": "0.5"}, Means(), DECLINE, "0",
            "The amount for max_ltv '0.5' cannot be calculated, because the exchange does not report the LTV of loan 17: add an amount with add, or repay.",
        ),
        (
            order(amount=None), {"min_ltv": "0.7"}, Means(), DECLINE, "0",
            "The amount for min_ltv '0.7' cannot be calculated, because the exchange does not report how much is pledged: "
            "take back an amount with take_back.",
        ),
        (
            order(), {"max_ltv": "0.5"}, Means(4, available=D("0.01")), DECLINE, "0",
            "max_ltv '0.5' needs 0.0201 BTC, but the Funding wallet holds 0.01: top up the Funding wallet, or request less.",
        ),
        (order(None, status=REPAID, debt="0"), {"max_ltv": "0.5"}, Means(), NOTHING_TO_DO, "0", "Loan 17 is already fully repaid: nothing to add."),
        (
            order(None, status=LIQUIDATED, debt="0"), {"min_ltv": "0.5"}, Means(), NOTHING_TO_DO, "0",
            "Loan 17 was closed by liquidation: nothing to take back.",
        ),
        (order(None, debt="0"), {"min_ltv": "0.5"}, Means(), NOTHING_TO_DO, "0", "Nothing is owed on loan 17: nothing to take back."),
        (
            order(None, status=REPAID, debt="0"), {"add": "0.1"}, Means(), DECLINE, "0",
            "add '0.1' is not possible, because loan 17 is already fully repaid: use the ID of an open loan.",
        ),
        # 0.1 x 0.3001 / 0.4998 = 0.060044...
        (
            order("0.3"), {"min_ltv": "0.5"}, Means(4), MOVE, "0.0399",
            "from the collateral of loan 17: LTV 0.3 → 0.4992, collateral 0.1 → 0.0601 BTC, take back 0.0399",
        ),
        (order(), {"min_ltv": "0.5"}, Means(4), NOTHING_TO_DO, "0", "The LTV of loan 17 is 0.6, and min_ltv is 0.5: nothing to take back."),
        (order("0.4975"), {"min_ltv": "0.5"}, Means(4), NOTHING_TO_DO, "0", "The LTV of loan 17 is 0.4975, and min_ltv is 0.5: nothing to take back."),
        (order("0.49"), {"min_ltv": "0.5"}, Means(2), NOTHING_TO_DO, "0", "The LTV of loan 17 is 0.49, and min_ltv is 0.5: no BTC to take back."),
        (
            order("0.3"), {"min_ltv": "0.5"}, Means(4, available=D("0.03")), DECLINE, "0",
            "min_ltv '0.5' needs 0.0399 BTC, but the exchange releases 0.03: set allow_partial to take back as much as possible, or request less.",
        ),
        (
            order("0.3"), {"min_ltv": "0.5"}, Means(4, available=D("0.03"), allow_partial=True), MOVE, "0.03",
            "from the collateral of loan 17: LTV 0.3 → 0.4286, collateral 0.1 → 0.07 BTC, take back 0.03; this is as much as possible, because "
            "min_ltv '0.5' needs 0.0399 BTC, but the exchange releases 0.03",
        ),
        (order(), {"add": "0.02"}, Means(4), MOVE, "0.02", "to the collateral of loan 17: LTV 0.6 → 0.5, collateral 0.1 → 0.12 BTC, add 0.02"),
        (
            order(None, amount=None), {"add": "0.02"}, Means(4), MOVE, "0.02",
            "to the collateral of loan 17: collateral unknown → unknown BTC, add 0.02",
        ),
        (
            order(), {"add": "0.00001"}, Means(4), DECLINE, "0",
            "add '0.00001' has 5 decimal places, but the exchange lists 4 for BTC: use at least '0.0001'.",
        ),
        (
            order(), {"take_back": "0.2"}, Means(4, allow_partial=True), DECLINE, "0",
            "take_back '0.2' is more than the 0.1 BTC in the collateral of loan 17: use at most '0.1'.",
        ),
        (
            order(), {"take_back": "0.05"}, Means(4, available=D("0.01"), allow_partial=True), DECLINE, "0",
            "take_back '0.05' needs 0.05 BTC, but the exchange releases 0.01: repay first, or request less.",
        ),
        (
            order(), {"add": "0.05"}, Means(4, at_most=D("0.01")), DECLINE, "0",
            "add '0.05' needs 0.05 BTC to the collateral of loan 17, more than at_most '0.01': raise at_most, or request less.",
        ),
    ],
)
def test_plans_for_an_order(pledge: Pledge, wish: dict[str, str], means: Means, kind: str, amount: str, message: str) -> None:
    judge(decide(ORDER, pledge, goal(**wish), means), kind, amount, message)


@pytest.mark.parametrize(
    ("pledge", "wish", "means", "kind", "amount", "message"),
    [
        # 6000 / 0.5 = 12,000: 2000 more, of which each USD counts half: 4000 USD of BTC at 10,000.
        (
            account(), {"max_ltv": "0.5"}, Means(4), MOVE, "0.4001",
            "to the collateral of the account: LTV 0.6 → 0.499979, collateral 1 → 1.4001 BTC, add 0.4001",
        ),
        (
            account(), {"max_ltv": "0.4"}, Means(4), DECLINE, "0",
            "max_ltv '0.4' cannot be reached by adding BTC: repay, or raise max_ltv.",
        ),
        (account(), {"max_ltv": "0.7"}, Means(4), NOTHING_TO_DO, "0", "The LTV of the account is 0.6, and at most 0.7 was requested: nothing to add."),
        # 6000 / 0.75 = 8000, of which ETH is 2000: 6000 are 7500 USD of BTC.
        (
            account(), {"min_ltv": "0.75"}, Means(4), MOVE, "0.2499",
            "from the collateral of the account: LTV 0.6 → 0.749925, collateral 1 → 0.7501 BTC, take back 0.2499",
        ),
        # The last tier goes first: 1.4 BTC are 8000 + 2000; 4800 / 0.5 = 9600, 800 USD at 0.5.
        (
            account("4800", total="10000", BTC=("1.4", "10000")), {"min_ltv": "0.5"}, Means(2), MOVE, "0.07",
            "from the collateral of the account: LTV 0.48 → 0.497409, collateral 1.4 → 1.33 BTC, take back 0.07",
        ),
        # Even without it, the other collateral is more than enough.
        (
            account("100", total="10000"), {"min_ltv": "0.5"}, Means(4), DECLINE, "0",
            "min_ltv '0.5' cannot be reached with BTC alone, of which 1 is pledged: take back other coins, too, or set allow_partial to move as "
            "much as possible.",
        ),
        (
            account("100", total="10000"), {"min_ltv": "0.5"}, Means(4, allow_partial=True), MOVE, "1",
            "from the collateral of the account: LTV 0.01 → 0.05, collateral 1 → 0 BTC, take back 1; this is as much as possible, because min_ltv '0.5' "
            "cannot be reached with BTC alone, of which 1 is pledged",
        ),
        (account("100", total="10000"), {"min_ltv": "0.5"}, Means(4, available=D("0.5"), allow_partial=True), MOVE, "0.5", None),
        (account("100", total="10000"), {"min_ltv": "0.5"}, Means(4, at_most=D("0.2"), allow_partial=True), MOVE, "0.2", None),
        # Nothing is owed, so no LTV is too high or too low.
        (account("0"), {"min_ltv": "0.5"}, Means(4), MOVE, "1", "from the collateral of the account: LTV 0 → 0, collateral 1 → 0 BTC, take back 1"),
        (
            account("0"), {"min_ltv": "0.5"}, Means(4, available=D("0.5"), allow_partial=True), MOVE, "0.5", None,
        ),
        (
            account("0", ETH=("1", "2000"), total="2000"), {"min_ltv": "0.5"}, Means(4), NOTHING_TO_DO, "0",
            "The LTV of the account is 0, and min_ltv is 0.5: nothing to take back.",
        ),
        (account("0"), {"max_ltv": "0"}, Means(4), NOTHING_TO_DO, "0", "The LTV of the account is 0, and at most 0 was requested: nothing to add."),
        (
            account(ETH=("1", "10000")), {"max_ltv": "0.5"}, Means(4), DECLINE, "0",
            "The amount for max_ltv '0.5' cannot be calculated, because the exchange does not show how it values BTC as "
            "collateral: add an amount with add, or repay.",
        ),
        # No price follows from a value of one cent.
        (account(BTC=("0.0001", "0.8"), ETH=("5", "9999.2")), {"max_ltv": "0.5"}, Means(4), DECLINE, "0", None),
        (account(), {"add": "1"}, Means(4), MOVE, "1", "to the collateral of the account: LTV 0.6 → 0.4, collateral 1 → 2 BTC, add 1"),
        (
            account(ETH=("5", "10000")), {"add": "1"}, Means(4), MOVE, "1",
            "to the collateral of the account: LTV 0.6 → unknown, collateral 0 → 1 BTC, add 1",
        ),
        (
            account(ETH=("5", "10000")), {"take_back": "1"}, Means(4), DECLINE, "0",
            "take_back '1' is more than the 0 BTC in the collateral of the account: there is nothing to take back.",
        ),
    ],
)
def test_plans_for_an_account(pledge: Pledge, wish: dict[str, str], means: Means, kind: str, amount: str, message: str | None) -> None:
    judge(decide(ACCOUNT, pledge, goal(**wish), means, TIERS), kind, amount, message)


def judge(found: Decision, kind: str, amount: str, message: str | None) -> None:
    assert (found.kind, found.amount) == (kind, D(amount)), found
    if message is not None:
        assert found.message == (f"{amount} BTC {message}" if kind == MOVE else message)
    assert (found.after is None) == (kind == DECLINE)


@pytest.mark.parametrize(("wish", "remedy"), [({"max_ltv": "0.5"}, "add an amount with add, or repay."), ({"min_ltv": "0.7"}, "with take_back.")])
def test_without_tiers_no_goal_has_an_amount(wish: dict[str, str], remedy: str) -> None:
    for tiers in (None, ()):
        found = decide(ACCOUNT, account(), goal(**wish), Means(), tiers)
        assert found.kind == DECLINE and found.message.endswith(remedy)


def test_tiers_that_contradict_the_price_of_a_debt_are_not_believed() -> None:
    pledge = account()
    assert pledge.position is not None
    owed = (CoinDebt("BTC", D("0.5"), D(6000), D(0), D(0)),)
    found = decide(ACCOUNT, Pledge("BTC", D(1), position=pledge.position._replace(debts=owed)), goal(max_ltv="0.5"), Means(), TIERS)
    assert found.kind == DECLINE


@pytest.mark.parametrize("terms", [ORDER, ACCOUNT])
def test_unknown_orders_and_coins_are_refused(terms: Terms) -> None:
    assert decide(terms, None, goal(add="1"), Means()).message == f"{terms.missing}."


def test_the_missing_amount_is_reported() -> None:
    found = decide(ORDER, order(), goal(max_ltv="0.5"), Means(4, available=D("0.01"), allow_partial=True))
    assert (found.amount, found.shortage, found.reaches_goal) == (D("0.01"), D("0.0101"), False)


def test_the_prediction_follows_the_plan() -> None:
    found = decide(ORDER, order(), goal(add="0.02"), Means()).after
    assert isinstance(found, Pledge) and found.loan is not None
    assert (found.amount, found.loan.collateral_amount, found.ltv, found.loan.debt) == (D("0.12"), D("0.12"), D("0.5"), D(6000))
    found = decide(ACCOUNT, account(), goal(take_back="0.5"), Means(), TIERS).after
    assert isinstance(found, Pledge) and found.position is not None
    assert (found.amount, found.ltv, found.position.total_collateral_usd) == (D("0.5"), D(1), D(6000))
    assert {entry.coin: entry.amount_usd for entry in found.position.collateral} == {"ETH": D(2000), "BTC": D(4000)}
    assert not found.position.contradiction()

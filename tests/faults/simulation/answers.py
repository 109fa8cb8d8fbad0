# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changed answers: every field of every call that a run for a goal makes, and every way in which the field can change.

The only I/O is reading the documentation.
"""

from __future__ import annotations

import itertools
import random
import re
import typing as t

from . import documented, forgeries
from .goals import Goal
from .products import (
    ACCOUNT_COLLATERAL,
    ADD,
    COINS,
    DEBT,
    FIXED,
    FLEXIBLE,
    HISTORY,
    KEY,
    LEDGER,
    LEGACY,
    LIMIT,
    ORDER_COLLATERAL,
    OTHER,
    PRODUCTS,
    TAKE_BACK,
    TIME,
    TO_FUND,
    TO_UNIFIED,
    WALLET,
    WALLETS,
)
from .standin import BIG_COIN, BIG_LOAN, COIN_PLEDGE, CONTRACTS, DAY_MS, ORDER_PLEDGE, SMALL_COIN, SMALL_LOAN, START_MS, WALLET_USDT

_TWO_DAYS_AGO = START_MS - 2 * DAY_MS
GOALS = {
    "legacy amount": Goal(BIG_LOAN, "100"),
    "legacy since": Goal(BIG_LOAN, "300", _TWO_DAYS_AGO),
    "legacy max_debt": Goal(BIG_LOAN, max_debt="8700"),
    "legacy max_ltv": Goal(BIG_LOAN, max_ltv="0.145"),
    "legacy max_debt 0": Goal(SMALL_LOAN, max_debt="0"),
    "flexible amount": Goal(BIG_COIN, "100"),
    "flexible since": Goal(BIG_COIN, "300", _TWO_DAYS_AGO),
    "flexible max_debt": Goal(BIG_COIN, max_debt="4700"),
    "flexible max_debt 0": Goal(SMALL_COIN, max_debt="0"),
    "flexible max_ltv": Goal(BIG_COIN, max_ltv="0.19"),
    "from collateral amount": Goal(BIG_COIN, "100", collateral=("BTC",)),
    "from collateral max_debt": Goal(BIG_COIN, max_debt="4700", collateral=("BTC",)),
    "fixed": Goal(CONTRACTS[0]),
    **{
        f"{name} {word}": goal for name, target, max_ltv, min_ltv in (("order", ORDER_PLEDGE, "0.13", "0.2"), ("account", COIN_PLEDGE, "0.17", "0.25"))
        for word, goal in (
            ("add", Goal(target, "0.1", move=ADD)), ("max_ltv by adding", Goal(target, max_ltv=max_ltv, move=ADD)),
            ("take_back", Goal(target, "0.05", move=TAKE_BACK)), ("min_ltv", Goal(target, min_ltv=min_ltv, move=TAKE_BACK)),
        )
    },
    "transfer to fund": Goal(WALLET_USDT, "100", move=TO_FUND),
    "transfer to unified": Goal(WALLET_USDT, "100", move=TO_UNIFIED),
    "ensure": Goal(WALLET_USDT, ensure="100500", move=TO_FUND),
}
# The histories of whatever else changes the same LTV.
_BESIDE = {
    ORDER_COLLATERAL: {PRODUCTS[LEGACY].reads[HISTORY]}, LEGACY: {PRODUCTS[ORDER_COLLATERAL].reads[HISTORY]},
    ACCOUNT_COLLATERAL: {PRODUCTS[name].reads[HISTORY] for name in (FLEXIBLE, FIXED)},
    FLEXIBLE: {PRODUCTS[name].reads[HISTORY] for name in (FIXED, ACCOUNT_COLLATERAL)},
}
# Fields that no run needs, so that any change must be harmless. A message is for people only.
_UNREAD = {
    "": "retMsg retExtInfo",
    "/v5/asset/transfer/query-account-coin-balance":
        "accountId bizType memberId bonus transferBalance transferSafeAmount ltvTransferSafeAmount",
    "/v5/asset/fundinghistory": "memberId description descriptionEn",
    "/v5/crypto-loan/loanable-data":
        "flexibleHourlyInterestRate hourlyInterestRate[0-9]+D maxBorrowingAmount minBorrowingAmount vipLevel",
    "/v5/crypto-loan/ongoing-orders": "loanTerm",
    "/v5/crypto-loan/repayment-history": "loanTerm",
    "/v5/crypto-loan/borrow-history":
        "loanTerm borrowTime initialCollateralAmount initialLoanAmount repaidInterest repaidPenaltyInterest",
    "/v5/crypto-loan-common/loanable-data":
        "annualizedInterestRate[0-9]+D flexibleAnnualizedInterestRate fixedBorrowable flexibleBorrowable maxBorrowingAmount "
        "minFixedBorrowingAmount minFlexibleBorrowingAmount vipLevel",
    "/v5/crypto-loan-common/position": "flexibleHourlyInterestRate colRes supplyList totalSupply",
    "/v5/user/query-api":
        "id note apiKey secret ContractTrade Wallet Options Derivatives Exchange Earn FiatP2P FiatBitPay FiatConvertBroker "
        "FiatGlobalPay BitCard ByXPost Affiliate BlockTrade NFT CopyTrading ips type deadlineDay expiredAt createdAt uta inviterID "
        "vipLevel mktMakerLevel affiliateID rsaPublicKey isMaster parentUid kycLevel kycRegion unified userIDInt64 "
        "inviterIDInt64 affiliateIDInt64",
    "/v5/crypto-loan/adjustment-history": "preLTV afterLTV",
    "/v5/crypto-loan-common/adjustment-history": "preLTV afterLTV",
    "/v5/crypto-loan/collateral-data": "initialLTV marginCallLTV liquidationLTV maxLimit vipLevel",
    "/v5/crypto-loan-common/collateral-data": "currencyLiquidationList liquidationOrder currency",
    "/v5/asset/transfer/inter-transfer": "status",
    "/v5/crypto-loan-fixed/borrow-contract-info": "autoRepay borrowTime interestPaid orderId repayType term",
}


# What happens in a run: its repayment is answered; the answer is lost; the answer is lost and only the wallet shows the repayment in
# time; or the machine's clock is off at first.
CLEAR, LOST, HIDDEN, CLOCK = "clear", "lost", "hidden", "clock"
_LOSSES = {
    LOST: {"method": "POST", "answer": "close"},
    HIDDEN: {"method": "POST", "answer": "close", "history_delay_ms": 90_000, "debt_delay_ms": 90_000},
}
_ALWAYS = (KEY, DEBT, HISTORY, COINS)
_CLOCK_GOAL = "legacy amount"
_HIDDEN_GOALS = (
    "legacy amount", "flexible amount", "flexible max_debt", "fixed", "order add", "order take_back", "account min_ltv", "transfer to fund",
    "transfer to unified",
)
# A minute exceeds any time window.
DRIFT_MS = 60_000


_HISTORY, _FLEXIBLE_DEBT = "/v5/crypto-loan/repayment-history", "/v5/crypto-loan-flexible/ongoing-coin"
_FLEXIBLE_HISTORY = "/v5/crypto-loan-flexible/repayment-history"
# Goal, run, call, field, and change of cases that once found a defect; every sample includes them.
_FOUND = frozenset({
    ("legacy since", CLEAR, _HISTORY, "result.list.orderId", "unknown"),
    ("legacy since", LOST, _HISTORY, "result.list.orderId", "unit"),
    ("flexible since", CLEAR, _FLEXIBLE_HISTORY, "result.list.loanCurrency", "unknown"),
    ("flexible since", CLEAR, _FLEXIBLE_HISTORY, "result.list.loanCurrency", "null"),
    ("flexible since", LOST, _FLEXIBLE_HISTORY, "result.list.repayType", "unknown"),
    ("flexible max_debt", CLEAR, _FLEXIBLE_DEBT, "result.list.loanCurrency", "unknown"),
    ("flexible max_debt", LOST, _FLEXIBLE_DEBT, "result.list.unpaidInterest", "unknown"),
    ("flexible max_debt 0", LOST, "/v5/crypto-loan-common/loanable-data", "result.list.flexibleBorrowingAccuracy", "empty"),
    ("legacy max_debt 0", LOST, "/v5/crypto-loan/loanable-data", "result.vipCoinList.list.borrowingAccuracy", "unit"),
    ("legacy max_debt 0", LOST, "/v5/crypto-loan/ongoing-orders", "result.nextPageCursor", "type"),
    ("legacy max_debt 0", LOST, _HISTORY, "result.list.repayAmount", "unit"),
})


class Case(t.NamedTuple):
    """One field of one call that is changed for the duration of a run.

    :ivar goal: A key of C(GOALS).
    :ivar how: The change, as the stand-in's faults name it.
    """

    goal: str
    run: str
    method: str
    path: str
    field: str
    how: str

    @property
    def is_unread(self) -> bool:
        """Whether the run must behave as if nothing had changed."""
        if self.run == HIDDEN:
            return False
        if self.how in ("extra", "reordered"):
            return True
        names = self.field.split(".")
        return any(
            re.fullmatch("|".join(_UNREAD.get(path, "-").split()), name) for path in ("", self.path) for name in names
        )

    def faults(self) -> list[dict[str, t.Any]]:
        changed = {"method": self.method, **_fault(self.path, self.field, self.how)}
        return [*losses(self.run), {**changed, "times": 1 if self.method == "POST" else 0}]

    def __str__(self) -> str:
        return f"{self.goal}, {self.run}: {self.path.removeprefix('/v5/')} {self.field} {self.how}"


def losses(run: str) -> list[dict[str, t.Any]]:
    """Return the faults of the repayment in such a run."""
    return [_LOSSES[run]] if run in _LOSSES else []


def asked(name: str, run: str) -> set[tuple[str, str]]:
    """Return the calls, as method and path, that a run for a goal makes."""
    goal = GOALS[name]
    product = PRODUCTS[goal.loan.product]
    if goal.move:
        return _asked_of_move(goal, run)
    paths = {product.reads[use] for use in _ALWAYS}
    # The source of the money is read before, and the wallet's ledger where nothing else shows the repayment.
    paths.add(product.reads[OTHER if goal.collateral else WALLET])
    if run == HIDDEN and not goal.collateral:
        paths.add(product.reads[LEDGER])
    if goal.loan.product == LEGACY and goal.max_debt == "0" and run != HIDDEN:
        # This list has the loans that are paid off.
        paths.add(product.reads[OTHER])
    if goal.max_ltv is not None:
        paths |= _BESIDE[goal.loan.product] | ({product.reads[OTHER]} if goal.loan.product == FLEXIBLE else set())
    if run == CLOCK:
        paths.add(product.reads[TIME])
    return {*(("GET", path) for path in paths), ("POST", product.from_collateral if goal.collateral else product.repay)}


def _asked_of_move(goal: Goal, run: str) -> set[tuple[str, str]]:
    """Return the same for an adjustment or a transfer."""
    product, name = PRODUCTS[goal.loan.product], goal.loan.product
    # A transfer concerns only the wallets.
    uses = {KEY, DEBT, HISTORY, WALLET}
    uses |= {LEDGER, LIMIT} if name == WALLETS else {LIMIT} if goal.move == TAKE_BACK else set()
    if name != WALLETS:
        uses.add(COINS)
    if run == HIDDEN:
        uses.add(LEDGER)
    paths = {product.reads[use] for use in uses} | (_BESIDE[name] if goal.limit is not None else set())
    # The decimal places for a goal come from another product's list.
    places = {ACCOUNT_COLLATERAL: PRODUCTS[ORDER_COLLATERAL].reads[COINS], WALLETS: PRODUCTS[FLEXIBLE].reads[COINS]}
    if (goal.limit is not None or goal.ensure is not None) and name in places:
        paths.add(places[name])
    return {*(("GET", path) for path in paths), ("POST", product.repay)}


def every() -> list[Case]:
    """Return all cases: a field that is read for every goal that reads it, and a field that is not read for one goal."""
    cases = [
        Case(name, run, method, path, field, how)
        for name in GOALS
        for run in (CLEAR, LOST)
        for method, path in sorted(asked(name, run))
        # A lost answer has no fields.
        if (method, run) != ("POST", LOST)
        for field, how in _changes(path)
    ]
    cases += [
        Case(name, HIDDEN, "GET", path, *change)
        for name in _HIDDEN_GOALS
        for path in (PRODUCTS[GOALS[name].loan.product].reads[use] for use in (WALLET, LEDGER))
        for change in _changes(path)
    ]
    time = PRODUCTS[GOALS[_CLOCK_GOAL].loan.product].reads[TIME]
    cases += [Case(_CLOCK_GOAL, CLOCK, "GET", time, *change) for change in _changes(time)]
    by_change: dict[tuple[str, ...], list[Case]] = {}
    for case in cases:
        by_change.setdefault(case[1:], []).append(case)
    # Take turns, so that each goal meets some changes of fields that it does not read.
    turns = itertools.count()
    alone = {alike[next(turns) % len(alike)] for alike in by_change.values() if alike[0].is_unread}
    return [case for case in cases if case in alone or not case.is_unread]


def sample(count: int, seed: int) -> list[Case]:
    """Return some of all cases in their order: those that once found a defect, and preferably those that matter most."""
    cases, chance = every(), random.Random(seed)

    def rank(number: int) -> tuple[bool, float]:
        case = cases[number]
        return case[:2] + case[3:] in _FOUND, chance.random() ** (1 / _weight(case))

    order = sorted(range(len(cases)), key=rank, reverse=True)
    return [cases[number] for number in sorted(order[:count])]


def _weight(case: Case) -> int:
    """Return a case's weight: reads matter most after a lost answer, and where the amount to pay depends on them."""
    if case.is_unread or case.field.count(".") < 2:
        return 2
    return 6 if case.run in _LOSSES or GOALS[case.goal].is_declarative else 3


def visible(path: str) -> list[tuple[str, str]]:
    """Return the detectable changes of a call's answer as (field, how); changes of fields that are read appear twice."""
    found = [change for change in _changes(path) if not forgeries.forged_by(_fault(path, *change))]
    return [*found, *(one for one in found if not Case("", CLEAR, "GET", path, *one).is_unread)]


def _fault(path: str, field: str, how: str) -> dict[str, t.Any]:
    return {"path": path, "mutations": [{"field": field, "how": how}]}


def _changes(path: str) -> t.Iterator[tuple[str, str]]:
    for field, example in documented.calls()[path].fields.items():
        for how in documented.ways(example):
            yield field, how

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Play one path with and without its policy, step by step."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

from account import DAY_MS, Account, Move, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.book import Book
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Cap, Money
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import Plan
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import Policy, plan
from declared import Terms, case, period
from judge import Run, levels
from rescue import could_prevent
from shown import View, carry_out

D = Decimal
Planner = t.Callable[[Policy, Book, Money, t.Mapping[str, Decimal]], Plan]
Watch = t.Callable[[Account, Account], None]

JUMPED, USED_UP = "the price jumped too far at once", "the declared money was used up"
# How much somebody else withdraws.
WITHDRAWN = D("0.9")


class Outcome(t.NamedTuple):
    """What became of an account on one path.

    :ivar liquidated: What was liquidated with the policy, each with its cause.
    :ivar without: What was liquidated without it.
    :ivar net_usd: What belongs to the owner at the end; C(net_usd_without) is that without the policy.
    :ivar faults: What the policy did wrong.
    """

    kind: str
    terms: str
    liquidated: dict[str, str]
    without: tuple[str, ...]
    moved: Decimal
    moves: int
    net_usd: Decimal
    net_usd_without: Decimal
    faults: tuple[str, ...]


@dataclasses.dataclass
class Installments:
    """What was repaid under the installment rules in their current periods.

    :ivar others: What was repaid of which loan for other rules than those for the LTV, by time (UTC, ms).
    """

    terms: Terms
    repaid: dict[str, Decimal] = dataclasses.field(default_factory=dict)
    periods: dict[str, tuple[int, ...]] = dataclasses.field(default_factory=dict)
    others: dict[int, list[tuple[str, Decimal]]] = dataclasses.field(default_factory=dict)

    @property
    def rules(self) -> list[rules.InstallmentRule]:
        return [rule for rule in self.terms.policy.rules if isinstance(rule, rules.InstallmentRule)]

    def begin(self, now_ms: int) -> None:
        for rule in self.rules:
            current = period(rule.per, now_ms)
            if self.periods.get(rule.name) != current:
                self.periods[rule.name], self.repaid[rule.name] = current, D(0)

    def due(self) -> dict[str, Decimal]:
        return {rule.name: rule.amount - self.repaid[rule.name] for rule in self.rules}

    def count(self, run: Run) -> None:
        """Count what was repaid under a rule, according to the plan."""
        if run.moves:
            self.others[run.after.now_ms] = run.declared_otherwise()
        for name, amount in run.counted.items():
            self.repaid[name] += amount


def play(seed: int, days: int, planner: Planner = plan, watch: Watch | None = None) -> Outcome:
    """Play the path of a seed with and without its policy.

    :param watch: Is called after each step, with both accounts.
    """
    played = case(seed, days)
    path, account, without = played.path, played.account.copy(), played.account.copy()
    start_ms, view, installments = account.now_ms, View(played.rounding), Installments(played.terms)
    faults: list[str] = []
    causes: dict[str, str] = {}
    for step, prices in enumerate(path.prices):
        now_ms = start_ms + step * path.minutes * 60_000
        risky = risks(played.terms, account)
        for each in (account, without):
            each.move_to(now_ms, prices)
            if step == played.withdrawal_step:
                each.withdraw(WITHDRAWN)
        for subject in account.liquidated.keys() - causes.keys():
            causes[subject] = USED_UP if subject in risky else JUMPED
        installments.begin(now_ms)
        faults += [*run_policy(planner, played.terms, view, account, installments), *worse(account, without)]
        if watch:
            watch(account, without)
        if faults:
            break
    preventable = [subject for subject in causes if could_prevent(played, subject, installments.others)] if not faults else []
    faults += [f"the declared money could have prevented that {subject} is liquidated" for subject in preventable]
    faults += [] if faults else poorer(account, without)
    faults = [f"step {step}, {played.terms.name}: {fault}" for fault in faults]
    moved = sum((move.usd for move in account.moves), D(0))
    nets = account.net_usd(), without.net_usd()
    return Outcome(path.kind, played.terms.name, causes, tuple(without.liquidated), moved, len(account.moves), *nets, tuple(faults))


def run_policy(planner: Planner, terms: Terms, view: View, account: Account, installments: Installments) -> list[str]:
    """Plan and carry out the policy once; return what is wrong with that."""
    book, prices = view.book(account)
    wallets = {wallet: account.wallets[wallet] for wallet in terms.sources}
    caps = terms.per_run, used(terms.per_day, account.moved_since(account.now_ms - DAY_MS))
    money = Money(wallets, terms.sources, terms.keep, caps, prices)
    planned = planner(terms.policy, book, money, installments.repaid)
    before = account.copy() if planned.operations else account
    try:
        for played in planned.operations:
            carry_out(account, played.operation)
    except Refused as error:
        return [f"the exchange refuses an operation: {error}"]
    repayments = [played.operation for played in planned.operations if played.operation.kind == rules.REPAY]
    counted = {rule.name: sum((operation.amount_of(rule.name) for operation in repayments), D(0)) for rule in installments.rules}
    run = Run(terms, before, account, installments.due(), counted)
    installments.count(run)
    return run.faults()


def risks(terms: Terms, account: Account) -> set[str]:
    """Return what has an LTV above the level of a rule, or is not covered by a rule at all."""
    found, run = set(account.subjects), Run(terms, account, account, {})
    for rule in (rule for rule in terms.policy.rules if isinstance(rule, rules.LtvRule)):
        found -= {each for each in run.subjects(rule, account) if account.ltv(each, terms.policy.stress) <= levels(rule, each, account)[0]}
    return found


def used(cap: Cap, moves: t.Sequence[Move]) -> Cap:
    """Return a cap of which some moves used a part."""
    coins: dict[str, Decimal] = {}
    for move in moves:
        for coin in filter(None, (move.coin, move.sells)):
            coins[coin] = coins.get(coin, D(0)) + move.of(coin)
    return cap._replace(used_usd=sum((move.usd for move in moves), D(0)), used_coins=coins)


def worse(account: Account, without: Account) -> t.Iterator[str]:
    """Yield where the account is worse off than without the policy."""
    for subject in account.liquidated.keys() - without.liquidated.keys():
        if subject in without.subjects:
            yield f"{subject} is liquidated, and would not be without the policy"
    # What is sold can rise more than what is kept, so a sale can also raise the LTV later.
    for subject in account.subjects if not account.sold else ():
        if subject in without.subjects and account.ltv(subject) > without.ltv(subject):
            yield f"the LTV of {subject} is {account.ltv(subject)}, and {without.ltv(subject)} without the policy"


def poorer(account: Account, without: Account) -> t.Iterator[str]:
    """Yield which coins are fewer than without the policy, if nothing was liquidated, as if the sales had not been made."""
    if account.liquidated or without.liquidated:
        return
    with_it, without_it = account.net(), without.net()
    for coin in with_it:
        undone = account.sold.get(coin, D(0)) - (account.repaid_by_sales if coin == "USDT" else D(0))
        if with_it[coin] + undone < without_it[coin] - D("0.0001"):
            yield f"{with_it[coin] + undone} {coin} are left, and {without_it[coin]} without the policy"

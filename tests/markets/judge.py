# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge one run of a policy by the exact account before and after it. The planner sees only rounded figures, and its words do not count.

Hard limits: caps, what must remain, and the wallets. Each goal: it is reached, or no money is left that could serve it. And nothing moves
without a need, or beyond it.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from account import ACCOUNT, ADD, DAY_MS, FLEXIBLE, FUND, REPAY, SELL, Account, Move
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from declared import Terms
from shown import MARKS

D = Decimal
# Amounts in USD that are too small to matter.
SMALL = D(1)
# By how much the planner may undershoot a cap: if the account owes nothing, prices follow only from LTVs with four decimal places.
PRICE_DOUBT = D("0.003")
# The planner takes a sale to cost at most this.
SALE_COST = D("0.02")
MOST_SOLD = D(300000)
# What the exchange's rounding can make of the LTV of the account.
LTV_ROUNDING = D("0.00001")


class Run(t.NamedTuple):
    """One run of a policy.

    :ivar due: What was missing of the installments before the run, by the name of the rule.
    :ivar counted: What the plan counts as installments, by the name of the rule.
    """

    terms: Terms
    before: Account
    after: Account
    due: t.Mapping[str, Decimal]
    counted: t.Mapping[str, Decimal] = {}

    @property
    def moves(self) -> list[Move]:
        return self.after.moves[len(self.before.moves):]

    def faults(self) -> list[str]:
        return [*self._left_undone(), *(() if self.after is self.before else (*self._limits(), *self._needless()))]

    def _limits(self) -> t.Iterator[str]:
        for cap, moves in ((self.terms.per_run, self.moves), (self.terms.per_day, self.after.moved_since(self.after.now_ms - DAY_MS))):
            moved = _usd(moves)
            if cap.usd is not None and moved > cap.usd:
                yield f"{cap.name}: {moved} USD were moved"
            for coin, most in cap.coins.items():
                amount = _of_coin(moves, coin)
                if amount > most and _of_coin(self.moves, coin):
                    yield f"{cap.name}: {amount} {coin} were moved"
        for wallet, held in self.before.wallets.items():
            for coin, amount in held.items():
                if wallet not in self.terms.sources and self.after.wallets[wallet].get(coin) != amount:
                    yield f"the {wallet} wallet is not a source, but its {coin} changed"
        for coin in self.before.prices:
            paid = sum((move.amount for move in self.moves if move.coin == coin and move.kind != SELL), D(0))
            remaining = self._held(coin) - self._returned(coin)
            if paid and remaining < self.terms.keep.get(coin, D(0)):
                yield f"only {remaining} {coin} remain"
            left = max(self.before.wallets[FUND].get(coin, D(0)) - paid, D(0)) + self._returned(coin)
            if self.after.wallets[FUND].get(coin, D(0)) != left:
                yield f"{self.after.wallets[FUND].get(coin)} {coin} are left in the Funding wallet, not {left}"

    def _returned(self, coin: str) -> Decimal:
        """Return the collateral of repaid legacy loans."""
        closed = [loan for key, loan in self.before.legacy.items() if key not in self.after.legacy and loan.coin == coin]
        return sum((loan.collateral for loan in closed), D(0))

    def _held(self, coin: str) -> Decimal:
        return sum((self.after.wallets[wallet].get(coin, D(0)) for wallet in self.terms.sources), D(0))

    def _left_undone(self) -> t.Iterator[str]:
        """Yield the goals that are missed although money is left, or went to less important rules."""
        for number, rule in enumerate(self.terms.policy.rules):
            ranked = self.terms.policy.rules[:number + 1]
            others = [move for move in self.moves if not any(self._serves(move, each) for each in ranked)]
            if isinstance(rule, rules.LtvRule):
                for subject in self.subjects(rule, self.after):
                    yield from self._ltv_too_high(rule, subject, others)
            elif isinstance(rule, rules.MaturityRule):
                for key in self.contracts(rule, self.after):
                    if self._free("USDT", others) > self.after.fixed[key][0] + SMALL:
                        yield f"contract {key} is not repaid, although {self._free('USDT', others)} USDT are free"
            else:
                missing = self.due[rule.name] - self._under(rule) if isinstance(rule, rules.InstallmentRule) else self.after.flexible - rule.max_debt
                payable = min(missing, self.after.flexible, self._free("USDT", others)) if missing > SMALL else missing
                if payable > SMALL:
                    yield f"{rule.name}: {missing} USDT are missing, although {payable} USDT can be repaid"

    def _ltv_too_high(self, rule: rules.LtvRule, subject: str, others: t.Sequence[Move]) -> t.Iterator[str]:
        above, target = levels(rule, subject, self.after)
        shock = self.terms.policy.stress
        ltv = self.after.ltv(subject, shock)
        left = self.usable(rule, subject, others) if ltv > target and (ltv > above or self.moves) else D(0)
        if left <= SMALL:
            return
        if ltv > above:
            yield f"{rule.name}: the LTV of {subject} stayed at {ltv:.6f}, although {left:.2f} USD can lower it"
        elif ltv > target and self._begun(rule, subject).ltv(subject, shock) > above:
            yield f"{rule.name}: the LTV of {subject} fell only to {ltv:.6f}, although {left:.2f} USD can lower it"

    def _begun(self, rule: rules.LtvRule, subject: str) -> Account:
        """Return the account as the rule found it: after the contracts that more important rules repaid."""
        found, ranked = self.before.copy(), self.terms.policy.rules
        for earlier in ranked[:ranked.index(rule)]:
            if isinstance(earlier, rules.MaturityRule) and subject == ACCOUNT:
                for key in set(self.contracts(earlier, found)) - set(self.after.fixed):
                    del found.fixed[key]
        return found

    def usable(self, rule: rules.LtvRule, subject: str, others: t.Sequence[Move]) -> Decimal:
        """Return how many USD could still serve a rule, in the way that serves it most."""
        account, best = self.after, D(0)
        for way in rule.using:
            free = self._free("USDT", others)
            if way.kind == REPAY and subject == ACCOUNT:
                selected = [debt for key, (debt, dummy) in account.fixed.items() if selects(rule.loans, "fixed", key) and debt + SMALL < free]
                flexible = account.flexible if selects(rule.loans, FLEXIBLE, None) else D(0)
                best = max(best, min(free, flexible) if flexible > SMALL else max(selected, default=D(0)))
            elif way.kind == REPAY:
                best = max(best, min(free, account.legacy[subject].debt))
            elif way.kind == ADD:
                accepted = [coin for coin, amount in account.collateral.items() if amount] if subject == ACCOUNT else [account.legacy[subject].coin]
                best = max(best, *(self._free(coin, others) * account.prices[coin] for coin in way.coins if coin in accepted), D(0))
            elif subject == ACCOUNT:
                best = max(best, min(account.debt, self._allowed("USDT", others), max(self._sellable(coin, others) for coin in way.coins)))
        return best

    def _sellable(self, coin: str, others: t.Sequence[Move]) -> Decimal:
        """Return how many USD of a debt the sale of a coin could still repay, if it costs as much as the planner must expect."""
        pledged = self.after.collateral.get(coin, D(0)) * self.after.prices[coin] - self._spared(coin) - SMALL
        return min(pledged, self._allowed(coin, others) * self.after.prices[coin], MOST_SOLD) / (1 + SALE_COST)

    def _spared(self, *coins: str) -> Decimal:
        """Return how many USD less than the planner must expect were sold of some coins in this run."""
        return sum((max(move.amount * (1 + SALE_COST) - move.usd, D(0)) for move in self.moves if move.sells in coins), D(0))

    def _free(self, coin: str, others: t.Sequence[Move]) -> Decimal:
        """Return how much of a coin could still be spent, if some moves had not been made."""
        undone = sum((move.amount for move in others if move.coin == coin and move.kind != SELL), D(0))
        held = self._held(coin) - self.terms.keep.get(coin, D(0)) + undone - self._returned(coin)
        return max(min(held, self._allowed(coin, others)), D(0))

    def _allowed(self, coin: str, others: t.Sequence[Move]) -> Decimal:
        price, found = self.after.prices[coin], D("Infinity")
        for cap, moves in ((self.terms.per_run, self.moves), (self.terms.per_day, self.after.moved_since(self.after.now_ms - DAY_MS))):
            if cap.usd is not None and not self.after.shows_prices:
                return D(0)
            if cap.usd is not None:
                found = min(found, (cap.usd * (1 - PRICE_DOUBT) - _usd(moves) - self._spared(*self.after.prices) + _usd(others)) / price)
            if coin in cap.coins:
                found = min(found, cap.coins[coin] - _of_coin(moves, coin) - self._spared(coin) / price + _of_coin(others, coin))
        return max(found, D(0))

    def _needless(self) -> t.Iterator[str]:
        """Yield what moved without a need, or beyond it."""
        for subject in [ACCOUNT, *self.before.legacy]:
            moved = [move for move in self.moves if self._subject_of(move) == subject]
            if moved:
                yield from self._too_much(subject, moved)
        for sale in (move for move in self.moves if move.kind == SELL and move.usd < SMALL):
            yield f"{sale.sells} worth only {sale.usd} USD was sold"
        for rule in self.terms.policy.rules:
            if isinstance(rule, rules.InstallmentRule):
                yield from self._miscounted(rule)

    def _miscounted(self, rule: rules.InstallmentRule) -> t.Iterator[str]:
        """Yield whether too much was repaid under a rule, or whether what the plan counts for it was not repaid, or for another need."""
        under, counted = self._under(rule), self.counted.get(rule.name, D(0))
        if under > max(self.due[rule.name], D(0)) + SMALL:
            yield f"{rule.name}: {under} USDT were repaid, and only {self.due[rule.name]} were missing"
        if counted > under + SMALL:
            yield f"{rule.name}: {counted} USDT count, and only {under} were repaid beyond the need of other rules"
        # The planner sees a rounded LTV.
        doubtful = max(self.lowering(LTV_ROUNDING) - max(self.lowering(), D(0)), D(0))
        if counted < under - doubtful - SMALL:
            yield f"{rule.name}: only {counted} USDT count, and {under} were repaid"

    def _too_much(self, subject: str, moved: t.Sequence[Move]) -> t.Iterator[str]:
        shock, repaid = self.terms.policy.stress, sum((move.amount for move in moved if move.kind != ADD), D(0))
        counted = self.before.counts(subject, shock)
        rounding = LTV_ROUNDING if subject == ACCOUNT else D("0.0006")
        other_needs, lowest = self._other_needs(subject), None
        for rule in (rule for rule in self.terms.policy.rules if isinstance(rule, rules.LtvRule)):
            if subject in self.subjects(rule, self.before):
                above, target = levels(rule, subject, self.before)
                if self.before.ltv(subject, shock) > above - rounding:
                    lowest = target if lowest is None else min(lowest, target)
        if lowest is None:
            if any(move.kind != REPAY for move in moved) or repaid > other_needs + SMALL:
                yield f"{subject}: {repaid} USDT were repaid or collateral was moved, and only {other_needs} were needed"
            return
        closed = subject not in self.after.subjects
        after_counts = self.before.counts(subject, shock) if closed else self.after.counts(subject, shock)
        after_debt = D(0) if closed else self.after.owed(subject)
        sales = sum((move.amount for move in moved if move.kind == SELL), D(0)) * SALE_COST
        whole = sum((debt for key, (debt, dummy) in self.before.fixed.items() if key not in self.after.fixed), D(0)) if subject == ACCOUNT else D(0)
        beyond = lowest * after_counts - after_debt - other_needs - sales - 2 * rounding * max(counted, after_counts) - SMALL
        if beyond > (whole if self.after.flexible <= SMALL else D(0)):
            yield f"{subject}: {beyond} USDT more than needed were repaid or added"

    def _other_needs(self, subject: str) -> Decimal:
        """Return what rules other than those for the LTV need."""
        found = D(0)
        for rule in self.terms.policy.rules if subject == ACCOUNT else ():
            if isinstance(rule, rules.MaturityRule):
                found += sum((self.before.fixed[key][0] for key in self.contracts(rule, self.before)), D(0))
            elif isinstance(rule, rules.InstallmentRule):
                found += max(self.due[rule.name], D(0))
            elif isinstance(rule, rules.DebtRule):
                found += max(self.before.flexible - rule.max_debt, D(0))
        return found

    def _under(self, rule: rules.InstallmentRule) -> Decimal:
        """Return what was repaid of the flexible debt beyond the need of all LTV rules, which come first: at most the installment."""
        repaid = sum((move.amount for move in self.moves if move.kind == REPAY and move.target == FLEXIBLE), D(0))
        return max(repaid - self.lowering(), D(0)) if repaid else repaid

    def lowering(self, rounding: Decimal = D(0)) -> Decimal:
        """Return how much of the flexible debt LTV rules need to repay: exactly, or the most that the rounding of an LTV can make of it."""
        found, shock = D(0), self.terms.policy.stress
        for rule in self.terms.policy.rules:
            if isinstance(rule, rules.LtvRule) and ACCOUNT in self.subjects(rule, self.before):
                above, target = levels(rule, ACCOUNT, self.before)
                if self.before.ltv(ACCOUNT, shock) > above - rounding:
                    found = max(found, self.before.debt - (target - 2 * rounding) * self.before.counts(ACCOUNT, shock))
        return found

    def declared_otherwise(self) -> list[tuple[str, Decimal]]:
        """Return what was repaid of which loan for other rules than those for the LTV."""
        due = {key for rule in self.terms.policy.rules if isinstance(rule, rules.MaturityRule) for key in self.contracts(rule, self.before)}
        found = [(move.target, move.amount) for move in self.moves if move.kind == REPAY and move.target in due]
        flexible = sum((move.amount for move in self.moves if move.kind == REPAY and move.target == FLEXIBLE), D(0))
        beyond = flexible - max(self.lowering(), D(0)) if flexible else flexible
        return [*found, (FLEXIBLE, beyond)] if beyond > 0 else found

    def subjects(self, rule: rules.LtvRule, account: Account) -> list[str]:
        """Return what has an LTV, of the loans that a rule selects."""
        found = [key for key in account.legacy if selects(rule.loans, "legacy", key)]
        is_shared = account.flexible and selects(rule.loans, FLEXIBLE, None) or any(selects(rule.loans, "fixed", key) for key in account.fixed)
        return [*found, *([ACCOUNT] if is_shared else [])]

    def contracts(self, rule: rules.MaturityRule, account: Account) -> list[str]:
        """Return the contracts that are due according to a rule."""
        latest_ms = account.now_ms + rule.within_ms
        return [key for key, (dummy, due_ms) in account.fixed.items() if due_ms <= latest_ms and selects(rule.loans, "fixed", key)]

    def _serves(self, move: Move, rule: rules.Rule) -> bool:
        if isinstance(rule, rules.LtvRule):
            return self._subject_of(move) in self.subjects(rule, self.before)
        if isinstance(rule, rules.MaturityRule):
            return move.target in self.contracts(rule, self.before)
        return move.target == FLEXIBLE and move.kind == REPAY

    def _subject_of(self, move: Move) -> str:
        """Return whose LTV a move changes."""
        return move.target if move.target in self.before.legacy else ACCOUNT


def selects(selection: rules.Selection, product: str, loan_id: str | None) -> bool:
    return selection.product in (None, product) and selection.coin in (None, "USDT") and selection.loan_id in (None, loan_id)


def levels(rule: rules.LtvRule, subject: str, account: Account) -> tuple[Decimal, Decimal]:
    """Return the exact trigger and target."""
    marks = MARKS["" if subject == ACCOUNT else account.legacy[subject].coin]
    above, target = (level.distance + (marks[level.mark] if level.mark else 0) for level in (rule.above, rule.down_to))
    return above, target


def _usd(moves: t.Iterable[Move]) -> Decimal:
    return sum((move.usd for move in moves), D(0))


def _of_coin(moves: t.Iterable[Move], coin: str) -> Decimal:
    return sum((move.of(coin) for move in moves), D(0))

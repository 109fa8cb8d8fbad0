# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What really happened in a schedule, shared by the world and the oracle: plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from .goals import Goal
from .ledger import Books, Entry, loan_behind
from .products import FIXED, FLEXIBLE, LEGACY, REPAID, Loan
from .runs import Post, Run
from .switches import DEFAULTS, SECOND_ROW, shown_amounts


@dataclass
class Recording:
    """What really happened in a schedule."""

    now: int
    runs: list[Run] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    ledger: dict[str, Entry] = field(default_factory=dict)
    # The owner's operations by hand, as (time, loan).
    owner_repaid: list[tuple[int, Loan]] = field(default_factory=list)
    borrowed: list[tuple[int, Loan]] = field(default_factory=list)
    # The current debts and collateral.
    books: Books = Books({})
    # The subjects of wrong answers that no reader could detect; see C(forgeries).
    forged: set[str] = field(default_factory=set)
    # All values of each switch that was set, including its default unless it was set before the first run.
    switched: dict[str, set[str | int]] = field(default_factory=dict)
    # Whether the key may not read the wallet.
    cannot_read_wallet: bool = False
    # The timestamps of requests that a person has looked up at the exchange.
    looked_up: set[int] = field(default_factory=set)
    # The number of runs that had begun each time somebody removed the journal and its knowledge.
    journals_removed: list[int] = field(default_factory=list)

    def is_closed(self, loan: Loan) -> bool:
        behind = loan_behind(loan)
        is_loan = behind.product in (LEGACY, FLEXIBLE, FIXED)
        return is_loan and bool(self.books.debts) and behind not in self.books.debts

    def owed(self, loan: Loan) -> Decimal:
        return self.books.debts.get(loan, Decimal(0))

    def posts_on(self, loan: Loan) -> list[Post]:
        return [post for post in self.posts if post.loan == loan]

    def sent(self, loan: Loan, timestamp: int | None, amount: str) -> list[Post]:
        """Return the requests with a timestamp; if a run that was cut off may have signed one, return it although it never left."""
        found = [post for post in self.posts_on(loan) if post.timestamp == timestamp]
        killed = [run for run in self.runs if run.is_cut_off and run.plan.goal.loan == loan]
        if not found and killed and timestamp:
            never = {"answer": "close", "commit": False}
            window = max(run.plan.recv_window for run in killed)
            found = [Post(killed[0].index, timestamp, timestamp, loan, Decimal(amount), window, never)]
        return found

    def entries_on(self, loan: Loan) -> list[Entry]:
        return [entry for entry in self.ledger.values() if entry.loan == loan]

    def entry_with_id(self, repay_id: str | None) -> Entry | None:
        """Return the repayment with an ID in the history, which can also be the ID of its second row."""
        entry = self.ledger.get(repay_id or "")
        if entry is None and repay_id and repay_id.isdigit():
            entry = self.ledger.get(str(int(repay_id) - SECOND_ROW))
        return entry

    def is_switched(self, *names: str) -> bool:
        """Check whether any of these switches ever differed from its default."""
        return any(self.switched.get(name, {DEFAULTS[name]}) != {DEFAULTS[name]} for name in names)

    def amounts_of(self, entry: Entry) -> tuple[Decimal, Decimal]:
        """Return the smallest and largest amount that may be reported for a repayment: sent, paid, or shown."""
        post = self.post_of(entry)
        interest = post.books.interests.get(entry.loan) if post else None
        if entry.move != REPAID:
            return entry.amount, entry.amount
        ways = self.switched.get("repay_amount", {DEFAULTS["repay_amount"]})
        found = {entry.amount, *([post.amount] if post else [])}
        for way in ways:
            found |= shown_amounts(entry.amount, interest, way)
        return min(found), max(found)

    def can_show(self, entry: Entry, amount: Decimal) -> bool:
        least, most = self.amounts_of(entry)
        return least <= amount <= most

    def entry_of(self, post: Post) -> Entry | None:
        # A transfer that is sent again with the same ID is one transfer.
        return self.ledger.get(post.repay_id or post.own_id or "")

    def post_of(self, entry: Entry) -> Post | None:
        return next((post for post in self.posts if post.repay_id == entry.repay_id), None)

    def goal_of(self, post: Post) -> Goal:
        return self.runs[post.run].plan.goal

    def knows(self, earlier: Run, later: Run) -> bool:
        """Check whether a run's records are still in the journal when another run begins."""
        return not any(earlier.index < count <= later.index for count in self.journals_removed)

    def under(self, reference: str) -> list[Run]:
        return [run for run in self.runs if run.plan.goal.reference == reference]

    def paid_since(self, loan: Loan, since_ms: int) -> Decimal:
        return sum((e.amount for e in self.entries_on(loan) if e.is_paid and e.time >= since_ms), Decimal(0))

    def shown_since(self, loan: Loan, since_ms: int) -> Decimal:
        """Return the largest sum that the history can have shown, since runs go by what it shows."""
        entries = [e for e in self.entries_on(loan) if e.is_paid and e.time >= since_ms]
        return sum((self.amounts_of(entry)[1] for entry in entries), Decimal(0))

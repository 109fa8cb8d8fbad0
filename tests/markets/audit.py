# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Audit a policy on the stand-in exchange: by what the playbook reports, by the simulation, and by the exchange's own ledger."""

from __future__ import annotations

import typing as t
from decimal import Decimal

from account import ADD, DAY_MS, REPAY, SELL, TRANSFER, Account
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import Operation
from declared import Terms
from ledger import LIQUIDATED, Entry, OnStandIn, entries, entry_of, shown_by_ledger, shown_by_simulation

D = Decimal
Row = t.Mapping[str, t.Any]


def misreported(result: Row, planned: t.Sequence[Operation]) -> t.Iterator[str]:
    """Yield what a playbook reports other than that it carried out exactly these operations."""
    outcome = "executed" if planned else "nothing_to_do"
    said = result.get("returncode"), result.get("outcome"), result.get("changed")
    if said != (0, outcome, bool(planned)):
        yield f"the playbook ended with {said}: {result.get('msg')}"
    made = [(each["kind"], each["product"], each["loan_id"], each["coin"], D(each["amount"]), each["sells"]) for each in result.get("operations", ())]
    wanted = [(each.kind, each.product, each.loan_id, each.coin, each.amount, each.sells) for each in planned]
    if made != wanted:
        yield f"the playbook made {made} instead of {wanted}"


def differences(ledger: Row, account: OnStandIn, before: int, planned: t.Sequence[Operation], begin_ms: int) -> t.Iterator[str]:
    """Yield in what the ledger differs from the simulation after a run.

    :param before: How many moves the simulation had before the run.
    :param begin_ms: When the run began (UTC, ms).
    """
    kept, simulated = shown_by_ledger(ledger), shown_by_simulation(account)
    for name, amounts in simulated.items():
        if kept[name] != amounts:
            yield f"{name} is {kept[name]} in the ledger, and {amounts} in the simulation"
    made = sorted(entry._replace(time_ms=0) for entry in entries(ledger) if entry.time_ms >= begin_ms)
    transfers = [Entry(0, TRANSFER, "FUND", each.coin, each.amount) for each in planned if each.kind == TRANSFER]
    expected = sorted([*(entry_of(move)._replace(time_ms=0) for move in account.moves[before:]), *transfers])
    if made != expected:
        yield f"the ledger has {made} instead of {expected}"


def kept_too_little(ledger: Row, terms: Terms, begin_ms: int) -> t.Iterator[str]:
    """Yield the coins of which a run since then paid, and left less than must remain."""
    wallets = {"FUND": ledger["wallet"], "UNIFIED": ledger["unified"]}
    for coin in sorted({entry.coin for entry in entries(ledger) if entry.time_ms >= begin_ms and entry.kind in (REPAY, ADD)}):
        left = sum((D(wallets[wallet].get(coin, "0")) for wallet in terms.sources), D(0))
        if left < terms.keep.get(coin, D(0)):
            yield f"only {left} {coin} remain according to the ledger"


def beyond_caps(terms: Terms, made: t.Sequence[Entry], prices: t.Mapping[int, t.Mapping[str, Decimal]], step_ms: int) -> t.Iterator[str]:
    """Yield what the ledger says was moved beyond the caps.

    :param prices: The prices of each step by its time (UTC, ms).
    """
    moved = [entry for entry in made if entry.kind in (REPAY, ADD, SELL)]
    last_of_runs = {_step(entry, step_ms): entry for entry in moved}
    for step, entry in last_of_runs.items():
        run = [other for other in moved if _step(other, step_ms) == step]
        day = [other for other in moved if entry.time_ms - DAY_MS < other.time_ms <= entry.time_ms]
        for cap, counted in ((terms.per_run, run), (terms.per_day, day)):
            usd = sum((max(each.of(coin) * prices[_step(each, step_ms)][coin] for coin in {each.coin, each.sells} - {""}) for each in counted), D(0))
            if cap.usd is not None and usd > cap.usd:
                yield f"{cap.name}: {usd} USD were moved according to the ledger"
            for coin, most in cap.coins.items():
                amount = sum((each.of(coin) for each in counted), D(0))
                if amount > most:
                    yield f"{cap.name}: {amount} {coin} were moved according to the ledger"


def _step(entry: Entry, step_ms: int) -> int:
    return entry.time_ms // step_ms * step_ms


def liquidated(ledger: Row) -> set[str]:
    """Return the targets that the ledger says were liquidated; the account for its flexible and fixed loans."""
    legacy = {loan["order_id"] for loan in ledger["closed_loans"]}
    found = {entry.target for entry in entries(ledger) if entry.kind == LIQUIDATED}
    return {target if target in legacy else "account" for target in found}


def judged_at_the_end(ledger: Row, without: Row, account: Account, unchanged: Account) -> t.Iterator[str]:
    """Yield what the ledger says that the policy made worse, and in what the ledger without the policy differs from the simulation."""
    if liquidated(ledger):
        yield f"{sorted(liquidated(ledger))} is liquidated according to the ledger"
    lost = {target.removeprefix("9") for target in liquidated(without)}
    if lost != set(unchanged.liquidated):
        yield f"without the policy, {sorted(lost)} is liquidated according to the ledger, and {sorted(unchanged.liquidated)} in the simulation"
    # What is sold can rise more than what is kept, so a sale can also raise the LTV later.
    if not account.sold and "account" not in lost and D(ledger["ltv"]) > D(without["ltv"]):
        yield f"the LTV is {ledger['ltv']} according to the ledger, and {without['ltv']} without the policy"

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that change the same LTV may overlap. A run that plans by the LTV must be alone, and must know what others left open."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Busy, BusyInDoubt, Overtaken
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import Database
from ansible_collections.treasury.bybit.plugins.module_utils._journal.entries import SIGNED, Event
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.records import DONE, GIVEN_UP, MADE, OPEN, VOID, Change, Record
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import ACCOUNT_COLLATERAL, LTV, ORDER_COLLATERAL, WALLETS, SharedLtv, Target

USDT = Target("mainnet", "104", "flexible", "USDT")
ETH, CONTRACT = USDT._replace(loan="ETH"), USDT._replace(product="fixed", loan="571")
BTC = USDT._replace(product=ACCOUNT_COLLATERAL, loan="BTC")
ORDER, OTHER_ORDER = USDT._replace(product="legacy", loan="17"), USDT._replace(product="legacy", loan="18")
PLEDGE = ORDER._replace(product=ORDER_COLLATERAL)
WALLET = USDT._replace(product=WALLETS)
ACCOUNT_PRODUCTS, ORDER_PRODUCTS = ("flexible", "fixed", ACCOUNT_COLLATERAL), ("legacy", ORDER_COLLATERAL)
INTENT = Intent("8f2a", Goal(Decimal(100)), Decimal(100), "USDT", Baseline((), ()), 1793534400000, 5000)

Begin = t.Callable[..., Store]


def ltv_of(target: Target, is_exclusive: bool) -> SharedLtv:
    is_order = target.product in ORDER_PRODUCTS
    lock = target._replace(product=LTV, loan=target.loan if is_order else "account")
    return SharedLtv(lock, ORDER_PRODUCTS if is_order else ACCOUNT_PRODUCTS, target.loan if is_order else None, is_exclusive)


@pytest.fixture
def named(new_database: t.Callable[[], Database], clock: t.Any) -> Begin:
    """Name the target of a run, which may plan by its LTV."""
    return lambda target, is_exclusive=False: Store(new_database(), target, clock, ltv_of(target, is_exclusive))


@pytest.fixture
def begun(named: Begin) -> Begin:
    """Begin a run that writes or only reads."""

    def call(target: Target, is_exclusive: bool = False, writes: bool = True, timeout_ms: int = 0) -> Store:
        store = named(target, is_exclusive)
        store.acquire(timeout_ms, writes)
        return store

    return call


def record(store: Store, state: str = OPEN, **change: t.Any) -> Intent:
    intent = dataclasses.replace(INTENT, **change)
    store.write([Change(Record(intent, state, SIGNED), (Event(SIGNED, "sent"),), is_new=True)])
    return intent


@pytest.mark.parametrize(("first", "second"), [(USDT, ETH), (USDT, CONTRACT), (BTC, USDT), (ORDER, PLEDGE)])
@pytest.mark.parametrize("is_exclusive", [(False, False), (True, False), (False, True), (True, True)], ids=str)
def test_a_run_that_plans_by_the_ltv_is_alone(begun: Begin, first: Target, second: Target, is_exclusive: tuple[bool, bool]) -> None:
    begun(first, is_exclusive[0])
    if not any(is_exclusive):
        begun(second)
        return
    with pytest.raises(Busy) as caught:
        begun(second, is_exclusive[1], timeout_ms=2000)
    assert not isinstance(caught.value, BusyInDoubt)
    assert str(caught.value) == (
        "Another run that changes the same LTV did not end within lock_timeout, 2 s, so nothing was sent: run again later, or raise "
        "lock_timeout."
    )


@pytest.mark.parametrize(("first", "second"), [(USDT, ORDER), (BTC, PLEDGE), (ORDER, OTHER_ORDER), (USDT, USDT._replace(account="105"))])
def test_other_ltvs_are_free(begun: Begin, first: Target, second: Target) -> None:
    begun(first, is_exclusive=True)
    begun(second, is_exclusive=True)


def test_a_run_that_changes_no_ltv_does_not_wait(begun: Begin, new_database: t.Callable[[], Database], clock: t.Any) -> None:
    begun(USDT, is_exclusive=True)
    assert Store(new_database(), WALLET, clock).acquire(0) == []


def test_a_run_that_waits_for_the_ltv_is_next(begun: Begin, named: Begin, clock: t.Any) -> None:
    first = begun(USDT)
    clock.after_pause = lambda: first.release() if len(clock.pauses) == 3 else None
    begun(ETH, is_exclusive=True, timeout_ms=60_000)
    assert clock.pauses == [50, 100, 200]
    assert clock.waits == ["Another run that changes the same LTV has not ended: waiting up to 60 s."]


def test_a_run_that_ends_releases_the_ltv_too(begun: Begin) -> None:
    for is_exclusive in (True, False, True):
        begun(USDT, is_exclusive).release()
    begun(ETH, is_exclusive=True)


def test_a_reading_run_blocks_nobody_but_waits_for_writers(begun: Begin) -> None:
    begun(USDT, is_exclusive=True).release()
    reading = begun(USDT, is_exclusive=True, writes=False)
    # Its plan does not matter, because it sends nothing.
    begun(ETH).release()
    reading.release()
    deciding = begun(ETH, is_exclusive=True)
    with pytest.raises(Busy, match="Another run that changes the same LTV"):
        begun(USDT, writes=False)
    deciding.release()
    begun(USDT, writes=False)


@pytest.mark.parametrize(
    ("target", "others"), [(USDT, (ETH, CONTRACT, BTC)), (BTC, (USDT, ETH, CONTRACT)), (ORDER, (PLEDGE,)), (PLEDGE, (ORDER,))], ids=str
)
@pytest.mark.parametrize("is_exclusive", [False, True])
def test_open_intents_of_other_targets_of_the_ltv_are_listed(begun: Begin, target: Target, others: tuple[Target, ...], is_exclusive: bool) -> None:
    left = {}
    for number, other in enumerate((USDT, ETH, CONTRACT, BTC, ORDER, OTHER_ORDER, PLEDGE, WALLET, USDT._replace(account="105"))):
        store = begun(other)
        left[other] = record(store, intent_id=str(number), goal=Goal(Decimal(100), move=ADD))
        store.release()
    found = begun(target, is_exclusive).unsettled_of_ltv()
    assert sorted(found, key=str) == sorted(((other, left[other]) for other in others), key=str)


@pytest.mark.parametrize(("state", "is_found"), [(OPEN, True), (MADE, True), (DONE, False), (VOID, False), (GIVEN_UP, False)])
def test_settled_intents_are_not_listed(begun: Begin, state: str, is_found: bool) -> None:
    store = begun(ETH)
    intent = record(store, state)
    store.release()
    assert begun(USDT, is_exclusive=True).unsettled_of_ltv() == ([(ETH, intent)] if is_found else [])


def test_a_run_without_an_ltv_asks_for_nothing(begun: Begin, new_database: t.Callable[[], Database], clock: t.Any) -> None:
    record(begun(ETH))
    store = Store(new_database(), USDT, clock)
    store.acquire(0)
    assert store.unsettled_of_ltv() == []


def test_a_journal_tells_what_is_recorded_now(begun: Begin, named: Begin) -> None:
    other = begun(ETH)
    with Journal(named(USDT)) as journal:
        journal.begin(False, 0)
        assert journal.unsettled_of_ltv() == []
        intent = record(other)
        assert journal.unsettled_of_ltv() == [(ETH, intent)]
        # It belongs to another target, so this run does not resolve it.
        assert (journal.noted(), journal.is_in_doubt) == ([], False)


@pytest.mark.parametrize("check_mode", [True, False])
def test_without_a_journal_nothing_is_left_open(named: Begin, check_mode: bool) -> None:
    with Journal(named(USDT, True)) as journal:
        journal.begin(check_mode, 0)
        assert journal.unsettled_of_ltv() == []


@pytest.mark.parametrize(("is_exclusive", "is_refused"), [(True, True), (False, False)])
def test_after_a_lost_connection_nothing_new_is_planned_by_the_ltv(
    begun: Begin, kind: str, lose_lock: t.Callable[[], None], is_exclusive: bool, is_refused: bool
) -> None:
    store = begun(USDT, is_exclusive)
    first = record(store)
    lose_lock()
    # What was already sent is still recorded, because the epoch protects the target.
    store.write([Change(Record(dataclasses.replace(first, repay_id="99"), MADE, SIGNED), (Event(SIGNED, "known"),))])
    if kind == "postgresql" and is_refused:
        with pytest.raises(Overtaken, match="was lost for a moment, so another run may have changed the same LTV. Nothing more is sent. Run again."):
            record(store, intent_id="9a3b")
    else:
        # A file has no connection to lose.
        record(store, intent_id="9a3b")

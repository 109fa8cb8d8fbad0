# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a run waits until money shows at its destination, and what happens if that cannot be read."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Failure, ReadFailed, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, TAKE_BACK, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.subject import Pledge
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.poll import Poller

DENIED, BLOCKED = Refused("No permission.", Failure(ret_code=10005, http_status=200)), Refused("Blocked.", Failure(http_status=403))
BROKEN = ReadFailed("No answer.")
TIMEOUT_MS = 8000


@pytest.fixture
def bybit(bybit: t.Any) -> t.Any:
    """The exchange with a pledged coin in place of the loan. It returns the pledged amount, or raises an error.
    """

    class Pledged(type(bybit)):  # type: ignore[misc]
        def find(self, is_of_ltv: bool = False) -> Pledge | None:
            if isinstance(self.held, Exception):
                raise self.held
            return None if self.held is None else Pledge("USDT", Decimal(self.held))

        def read(self, path: str, query: dict[str, str] | None = None) -> dict[str, t.Any]:
            return super().read(path, query)  # type: ignore[no-any-return]

    bybit.__class__ = Pledged
    bybit.held, bybit.wallet = "10", "700"
    return bybit


def sent(bybit: t.Any, move: str, wallet: str | None = "700") -> Intent:
    before = Baseline((("collateral_amount", Decimal(10)),), (), None if wallet is None else Decimal(wallet))
    return Intent("8f2a", Goal(Decimal(5), move=move), Decimal(5), "USDT", before, bybit.now_ms(), 5000)


def arrives(bybit: t.Any, intent: Intent) -> bool:
    return Poller(bybit, bybit, 10_000).await_arrival(intent, bybit.clock.monotonic_ms() + TIMEOUT_MS)


def later(bybit: t.Any, name: str, value: t.Any) -> None:
    """Let the exchange show something only at the third look."""

    def show() -> None:
        if len(bybit.clock.pauses) == 2:
            setattr(bybit, name, value)

    bybit.clock.after_pause = show


@pytest.mark.parametrize(("held", "arrived"), [("15", True), ("12.5", True), ("12.4", False), ("10", False), ("5", False), (None, True)])
def test_added_collateral_shows_in_the_pledged_amount(bybit: t.Any, held: str | None, arrived: bool) -> None:
    bybit.held = held
    assert arrives(bybit, sent(bybit, ADD)) == arrived
    assert sum(bybit.clock.pauses) == (0 if arrived else TIMEOUT_MS)


def test_added_collateral_is_waited_for(bybit: t.Any) -> None:
    later(bybit, "held", "15")
    assert arrives(bybit, sent(bybit, ADD))
    assert bybit.clock.pauses == [500, 750]


@pytest.mark.parametrize(
    ("wallet", "ledger", "arrived"),
    [
        ("700", [], False),
        ("705", [], True),
        ("704.99", [], False),
        # Somebody has already spent it.
        ("100", [("I", "5", 40)], True),
        ("700", [("I", "4.99", 40), ("O", "5", 40)], False),
        # It can no longer be told.
        (DENIED, [], True),
        ("700", DENIED, False),
        ("705", DENIED, True),
        (DENIED, DENIED, True),
    ],
    ids=str,
)
def test_collateral_taken_back_shows_in_the_wallet(bybit: t.Any, wallet: t.Any, ledger: t.Any, arrived: bool) -> None:
    intent = sent(bybit, TAKE_BACK)
    bybit.wallet = wallet
    bybit.ledger = ledger if isinstance(ledger, Exception) else [(way, amount, bybit.now_ms() + after_ms) for way, amount, after_ms in ledger]
    # The pledged amount falls at once, whether or not the money arrived.
    bybit.held = "5"
    assert arrives(bybit, intent) == arrived
    assert sum(bybit.clock.pauses) == (0 if arrived else TIMEOUT_MS)


def test_without_a_balance_before_nothing_is_waited_for(bybit: t.Any) -> None:
    assert arrives(bybit, sent(bybit, TAKE_BACK, wallet=None))
    assert bybit.clock.pauses == []


@pytest.mark.parametrize(("move", "name", "right"), [(ADD, "held", "15"), (TAKE_BACK, "wallet", "705"), (TAKE_BACK, "ledger", None)])
def test_an_unreadable_destination_is_read_again_and_never_an_error(bybit: t.Any, move: str, name: str, right: t.Any) -> None:
    # The move was made, so a later error must not look like its failure.
    intent = sent(bybit, move)
    setattr(bybit, name, BROKEN)
    assert not arrives(bybit, intent)
    assert sum(bybit.clock.pauses) == TIMEOUT_MS
    bybit.clock.pauses.clear()
    later(bybit, name, [("I", "5", bybit.now_ms())] if right is None else right)
    assert arrives(bybit, intent)


@pytest.mark.parametrize(("move", "name"), [(ADD, "held"), (TAKE_BACK, "wallet"), (TAKE_BACK, "ledger")])
def test_a_block_ends_the_wait(bybit: t.Any, move: str, name: str) -> None:
    intent = sent(bybit, move)
    setattr(bybit, name, BLOCKED)
    assert not arrives(bybit, intent)
    assert bybit.clock.pauses == []


@pytest.mark.parametrize(
    ("shown", "then", "is_there", "pauses"),
    [
        ("120", "120", True, []),
        ("100", "100", True, []),
        ("99.9999", "100", True, [500, 750]),
        ("99.9999", "99.9999", False, None),
        (DENIED, "0", True, []),
        ("0", DENIED, True, [500, 750]),
    ],
    ids=str,
)
def test_a_balance_is_waited_for(bybit: t.Any, shown: t.Any, then: t.Any, is_there: bool, pauses: list[int] | None) -> None:
    bybit.wallet = shown
    later(bybit, "wallet", then)
    poller = Poller(bybit, bybit, 10_000)
    assert poller.await_balance("USDT", Decimal(100), bybit.clock.monotonic_ms() + TIMEOUT_MS) == is_there
    assert (bybit.clock.pauses == pauses) if pauses is not None else (sum(bybit.clock.pauses) == TIMEOUT_MS)


@pytest.mark.parametrize("error", [BROKEN, BLOCKED])
def test_a_balance_that_cannot_be_read_is_an_error(bybit: t.Any, error: Exception) -> None:
    bybit.wallet = error
    with pytest.raises(type(error)):
        Poller(bybit, bybit, 10_000).await_balance("USDT", Decimal(100), bybit.clock.monotonic_ms() + TIMEOUT_MS)

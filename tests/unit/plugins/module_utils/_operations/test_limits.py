# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a plan limits the wanted amount to what may and can be moved: a table of cases."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._amounts import plain
from ansible_collections.treasury.bybit.plugins.module_utils._loans.subject import Balances
from ansible_collections.treasury.bybit.plugins.module_utils._operations.decision import DECLINE, MOVE, Means
from ansible_collections.treasury.bybit.plugins.module_utils._operations.limits import Source, Wanted, too_exact, within
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOTHING_TO_DO
from hypothesis import given
from hypothesis import strategies as st

D = Decimal
NOW = Balances("BTC", D(1))
SOURCE = Source("for loan 17", "the Funding wallet holds", "top up the Funding wallet")
CAPPED = "max_ltv '0.5' needs 0.2 BTC for loan 17, more than at_most '0.1'"
SHORT = "max_ltv '0.5' needs 0.2 BTC, but the Funding wallet holds 0.15"
FAR = "max_ltv '0.5' cannot be reached"


def wanted(amount: str = "0.2", shortfall: str = "") -> Wanted:
    return Wanted(D(amount), "max_ltv '0.5'", lambda moved: f"add {plain(moved)}", lambda moved: NOW.moved(moved, False), shortfall)


@pytest.mark.parametrize(
    ("means", "shortfall", "kind", "amount", "message", "shortage"),
    [
        ({}, "", MOVE, "0.2", "0.2 BTC for loan 17: add 0.2", "0"),
        ({"at_most": "0.2", "available": "0.2"}, "", MOVE, "0.2", "0.2 BTC for loan 17: add 0.2", "0"),
        ({"lack": "the key may only read: create another one"}, "", DECLINE, "0", "The key may only read: create another one.", "0"),
        ({"at_most": "0.1"}, "", DECLINE, "0", f"{CAPPED}: raise at_most, or request less.", "0"),
        (
            {"at_most": "0.3", "moved_so_far": "0.25"}, "", DECLINE, "0",
            "max_ltv '0.5' needs another 0.2 BTC for loan 17 after the 0.25 already moved by this run, more than at_most '0.3': "
            "raise at_most, or request less.", "0",
        ),
        ({"available": "0.15"}, "", DECLINE, "0", f"{SHORT}: top up the Funding wallet, or request less.", "0.05"),
        ({}, FAR, DECLINE, "0", f"{FAR}: request less, or set allow_partial to move as much as possible.", "0"),
        ({"allow_partial": True}, FAR, MOVE, "0.2", f"0.2 BTC for loan 17: add 0.2; this is as much as possible, because {FAR}", "0"),
        (
            {"at_most": "0.1", "allow_partial": True}, "", MOVE, "0.1",
            f"0.1 BTC for loan 17: add 0.1; this is as much as possible, because {CAPPED}", "0",
        ),
        (
            {"available": "0.15", "allow_partial": True}, "", MOVE, "0.15",
            f"0.15 BTC for loan 17: add 0.15; this is as much as possible, because {SHORT}", "0.05",
        ),
        # The wallet would have to hold what the cap allows.
        (
            {"at_most": "0.16", "available": "0.15", "allow_partial": True}, "", MOVE, "0.15",
            f"0.15 BTC for loan 17: add 0.15; this is as much as possible, because {SHORT}", "0.01",
        ),
        (
            {"available": "0.1599", "allow_partial": True, "accuracy": 2}, "", MOVE, "0.15",
            f"0.15 BTC for loan 17: add 0.15; this is as much as possible, because {SHORT}99", "0.0401",
        ),
        ({"at_most": "0.1", "moved_so_far": "0.1", "allow_partial": True}, "", NOTHING_TO_DO, "0", None, "0"),
        (
            {"available": "0", "allow_partial": True}, "", NOTHING_TO_DO, "0",
            "Nothing can be moved now, because max_ltv '0.5' needs 0.2 BTC, but the Funding wallet holds 0.", "0.2",
        ),
    ],
)
def test_limits(means: dict[str, t.Any], shortfall: str, kind: str, amount: str, message: str | None, shortage: str) -> None:
    given_means = Means(**{name: D(value) if isinstance(value, str) and name != "lack" else value for name, value in means.items()})
    found = within(wanted(shortfall=shortfall), given_means, "BTC", NOW, SOURCE)
    assert (found.kind, found.amount, found.shortage) == (kind, D(amount), D(shortage))
    assert message is None or found.message == message
    assert found.after == {MOVE: NOW.moved(D(amount), False), NOTHING_TO_DO: NOW, DECLINE: None}[kind]
    assert found.reaches_goal or kind != DECLINE
    if kind == NOTHING_TO_DO:
        assert not found.reaches_goal


@pytest.mark.parametrize(
    ("amount", "accuracy", "refusal"),
    [
        ("0.12", 2, ""),
        ("0.120", 2, ""),
        ("0.123456789123", None, ""),
        ("0.123", 2, "add '0.123' has 3 decimal places, but the exchange lists 2 for BTC: use '0.12', for example"),
        ("0.001", 2, "add '0.001' has 3 decimal places, but the exchange lists 2 for BTC: use at least '0.01'"),
    ],
)
def test_a_requested_amount_is_never_rounded(amount: str, accuracy: int | None, refusal: str) -> None:
    assert too_exact(f"add '{amount}'", D(amount), "BTC", accuracy) == refusal


AMOUNTS = st.decimals(min_value=0, max_value=100, places=4)


@given(st.decimals(min_value=D("0.01"), max_value=100, places=2), AMOUNTS, AMOUNTS, AMOUNTS, st.booleans())
def test_never_more_than_is_allowed_and_available(amount: Decimal, at_most: Decimal, moved: Decimal, available: Decimal, is_partial: bool) -> None:
    means = Means(accuracy=2, available=available, at_most=at_most, moved_so_far=moved, allow_partial=is_partial)
    found = within(wanted(str(amount)), means, "BTC", NOW, SOURCE)
    assert not found.amount or (found.amount <= min(amount, available) and moved + found.amount <= at_most)
    assert found.amount == round(found.amount, 2)
    assert found.kind != MOVE or found.reaches_goal == (found.amount == amount)
    assert is_partial or found.kind == (MOVE if amount <= available and moved + amount <= at_most else DECLINE)

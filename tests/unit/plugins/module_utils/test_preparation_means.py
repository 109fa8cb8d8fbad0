# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a decision is made with: the wallet, what is pledged, the decimal places, and what this run has paid already."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._errors import Failure, ReadFailed, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._intent import Goal

TO_750, HALF = Goal(max_debt=Decimal(750)), Goal(max_ltv=Decimal("0.25"))


def test_the_account_is_read_for_an_ltv_that_loans_share(prepare: t.Any, bybit: t.Any) -> None:
    prepare(HALF)
    assert bybit.reads == ["query-account-coin-balance"]
    bybit.traits, bybit.product = bybit.traits._replace(shares_collateral=True), "flexible"
    prepared = prepare(HALF)
    assert bybit.reads[1:] == ["position", "query-account-coin-balance"]
    assert prepared.loan.position.ltv == Decimal("0.5002")
    prepare(TO_750)
    assert "position" not in bybit.reads[3:]


def test_the_wallet_is_not_asked_when_it_does_not_pay(prepare: t.Any, bybit: t.Any) -> None:
    prepare(Goal(max_debt=Decimal(2000)))
    assert bybit.reads == []
    bybit.traits = bybit.traits._replace(from_collateral=True)
    assert prepare(Goal(max_debt=Decimal(0), collateral=("BTC",))).means.wallet is None
    assert bybit.reads == ["position"]


@pytest.mark.parametrize(
    ("collateral", "pledged"),
    [(("BTC",), (("BTC", Decimal(1)),)), (("ETH", "BTC"), (("BTC", Decimal(1)),)), (("ETH",), ())],
)
def test_what_is_pledged_is_known_before_it_is_sold(
    prepare: t.Any, bybit: t.Any, collateral: tuple[str, ...], pledged: tuple[tuple[str, Decimal], ...]
) -> None:
    bybit.traits = bybit.traits._replace(from_collateral=True)
    assert prepare(Goal(Decimal(100), collateral=collateral)).pledged == pledged
    assert prepare(Goal(max_debt=Decimal(2000), collateral=collateral)).pledged == ()


def test_where_the_wallet_pays_nothing_is_pledged_for_it(prepare: t.Any) -> None:
    prepared = prepare(Goal(Decimal(100)))
    assert (prepared.pledged, prepared.means.wallet) == ((), Decimal(50000))


def test_the_wallet_is_asked_for_a_rest_too(prepare: t.Any, bybit: t.Any) -> None:
    bybit.debt = Decimal("0.00005")
    prepared = prepare()
    assert (prepared.decision.kind, prepared.decision.rest) == ("nothing_to_do", Decimal("0.00005"))
    assert (prepared.means.wallet, bybit.reads) == (Decimal(50000), ["query-account-coin-balance"])


def test_a_wallet_that_is_too_small_is_known_before(prepare: t.Any, bybit: t.Any) -> None:
    bybit.wallet = "99.5"
    assert prepare().decision.message.endswith("the Funding wallet holds 99.5: top up the Funding wallet, or ask for less.")
    assert prepare(allow_partial=True).decision.amount == Decimal("99.5")


@pytest.mark.parametrize(
    ("error", "warnings"),
    [
        (Refused("No permission.", Failure(ret_code=10005, http_status=200)), []),
        (
            Refused("Too many.", Failure(ret_code=10006, http_status=200)),
            ["Whether the Funding wallet holds enough is left to the exchange to check: Too many."],
        ),
        (
            Refused("Maintenance."),
            ["Whether the Funding wallet holds enough is left to the exchange to check: Maintenance."],
        ),
        (
            ReadFailed("No answer."),
            ["Whether the Funding wallet holds enough is left to the exchange to check: No answer."],
        ),
    ],
)
def test_a_wallet_that_cannot_be_read_is_left_to_the_exchange(
    prepare: t.Any, bybit: t.Any, error: Exception, warnings: list[str]
) -> None:
    bybit.wallet = error
    for dummy in range(2):
        prepared = prepare()
    assert (prepared.decision.kind, prepared.means.wallet, prepare.result.warnings) == ("pay", None, warnings)


def test_a_block_ends_the_run(prepare: t.Any, bybit: t.Any) -> None:
    bybit.wallet = Refused("Blocked.", Failure(http_status=403))
    with pytest.raises(Refused, match="Blocked"):
        prepare()


@pytest.mark.parametrize("error", [ReadFailed("No answer."), Refused("Maintenance.")])
def test_an_accuracy_that_cannot_be_read_is_left_to_the_exchange(prepare: t.Any, bybit: t.Any, error: Exception) -> None:
    bybit.places = error
    assert prepare().means.accuracy is None
    assert prepare.result.warnings == [f"The decimal places of amounts are left to the exchange to check: {error}"]


def test_no_accuracy_is_needed_where_nothing_is_owed(prepare: t.Any, bybit: t.Any) -> None:
    bybit.debt, bybit.places = Decimal(0), ReadFailed("No answer.")
    assert prepare().decision.kind == "nothing_to_do"
    assert prepare.result.warnings == []


@pytest.mark.parametrize(("paid", "kind"), [("0", "pay"), ("749.5999", "pay"), ("749.6", "pay"), ("749.6001", "decline")])
def test_what_was_paid_counts_for_the_cap(prepare: t.Any, paid: str, kind: str) -> None:
    assert prepare(TO_750, paid=paid, at_most=Decimal(1000)).decision.kind == kind

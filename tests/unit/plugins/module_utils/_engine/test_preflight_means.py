# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan uses: the wallet, the pledged amount, the decimal places, and what this run has already paid."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Failure, ReadFailed, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FLEXIBLE, REPAID, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._engine.report import Report

TO_750, HALF = Goal(max_debt=Decimal(750)), Goal(max_ltv=Decimal("0.25"))


def test_the_account_is_read_for_an_ltv_that_loans_share(prepare: t.Any, bybit: t.Any) -> None:
    prepare(HALF)
    assert bybit.reads == ["query-account-coin-balance"]
    bybit.terms, bybit.product = bybit.terms._replace(shares_collateral=True), "flexible"
    prepared = prepare(HALF)
    assert bybit.reads[1:] == ["position", "query-account-coin-balance"]
    assert prepared.subject.position.ltv == Decimal("0.5002")
    prepare(TO_750)
    assert "position" not in bybit.reads[3:]


def test_the_wallet_is_not_read_if_it_does_not_pay(prepare: t.Any, bybit: t.Any) -> None:
    prepare(Goal(max_debt=Decimal(2000)))
    assert bybit.reads == []
    bybit.terms = bybit.terms._replace(from_collateral=True)
    assert prepare(Goal(max_debt=Decimal(0), collateral=("BTC",))).means.available is None
    assert bybit.reads == ["position"]


@pytest.mark.parametrize(
    ("collateral", "pledged"),
    [(("BTC",), (("BTC", Decimal(1)),)), (("ETH", "BTC"), (("BTC", Decimal(1)),)), (("ETH",), ())],
)
def test_the_pledged_amount_is_read_before_it_is_sold(
    prepare: t.Any, bybit: t.Any, collateral: tuple[str, ...], pledged: tuple[tuple[str, Decimal], ...]
) -> None:
    bybit.terms = bybit.terms._replace(from_collateral=True)
    assert prepare(Goal(Decimal(100), collateral=collateral)).pledged == pledged
    assert prepare(Goal(max_debt=Decimal(2000), collateral=collateral)).pledged == ()


def test_where_the_wallet_pays_nothing_is_pledged_for_it(prepare: t.Any) -> None:
    prepared = prepare(Goal(Decimal(100)))
    assert (prepared.pledged, prepared.means.available) == ((), Decimal(50000))


def test_the_wallet_is_read_for_a_rest_too(prepare: t.Any, bybit: t.Any) -> None:
    bybit.debt = Decimal("0.00005")
    prepared = prepare()
    assert (prepared.decision.kind, prepared.decision.dust_to_try) == ("nothing_to_do", Decimal("0.00005"))
    assert (prepared.means.available, bybit.reads) == (Decimal(50000), ["query-account-coin-balance"])


def test_a_wallet_that_holds_too_little_is_refused_before_sending(prepare: t.Any, bybit: t.Any) -> None:
    bybit.wallet = "99.5"
    assert prepare().decision.message.endswith("the Funding wallet holds 99.5: top up the Funding wallet, or request less.")
    assert prepare(allow_partial=True).decision.amount == Decimal("99.5")


@pytest.mark.parametrize(
    ("error", "warnings"),
    [
        (Refused("No permission.", Failure(ret_code=10005, http_status=200)), []),
        (
            Refused("Too many.", Failure(ret_code=10006, http_status=200)),
            ["The balance of the Funding wallet could not be checked beforehand: Too many."],
        ),
        (
            Refused("Maintenance."),
            ["The balance of the Funding wallet could not be checked beforehand: Maintenance."],
        ),
        (
            ReadFailed("No answer."),
            ["The balance of the Funding wallet could not be checked beforehand: No answer."],
        ),
    ],
)
def test_a_wallet_that_cannot_be_read_is_left_to_the_exchange(
    prepare: t.Any, bybit: t.Any, error: Exception, warnings: list[str]
) -> None:
    bybit.wallet = error
    for dummy in range(2):
        prepared = prepare()
    assert (prepared.decision.kind, prepared.means.available, list(prepared.warnings)) == ("move", None, warnings)


def test_a_block_ends_the_run(prepare: t.Any, bybit: t.Any) -> None:
    bybit.wallet = Refused("Blocked.", Failure(http_status=403))
    with pytest.raises(Refused, match="Blocked"):
        prepare()


@pytest.mark.parametrize("error", [ReadFailed("No answer."), Refused("Maintenance.")])
def test_an_accuracy_that_cannot_be_read_is_left_to_the_exchange(prepare: t.Any, bybit: t.Any, error: Exception) -> None:
    bybit.places = error
    prepared = prepare()
    assert prepared.means.accuracy is None
    assert prepared.warnings == (f"The decimal places of the amount could not be checked beforehand: {error}",)


def test_no_accuracy_is_needed_where_nothing_is_owed(prepare: t.Any, bybit: t.Any) -> None:
    bybit.debt, bybit.places = Decimal(0), ReadFailed("No answer.")
    prepared = prepare()
    assert (prepared.decision.kind, prepared.warnings) == ("nothing_to_do", ())


@pytest.mark.parametrize(("paid", "kind"), [("0", "move"), ("749.5999", "move"), ("749.6", "move"), ("749.6001", "decline")])
def test_earlier_payments_of_the_run_count_for_the_cap(prepare: t.Any, paid: str, kind: str) -> None:
    assert prepare(TO_750, paid=paid, at_most=Decimal(1000)).decision.kind == kind


@pytest.mark.parametrize(("owed", "is_believed"), [("0", True), ("0.01", False), ("1000.4", False)])
def test_a_debt_that_is_not_listed_is_repaid_only_where_the_position_agrees(
    run: t.Callable[..., Report], bybit: t.Any, owed: str, is_believed: bool
) -> None:
    bybit.find = lambda is_of_ltv=False: Loan(FLEXIBLE, None, "USDT", Decimal(0), Decimal(0), Decimal(0), REPAID)
    debt = {"loanCurrency": "USDT", "flexibleTotalDebt": owed, "flexibleTotalDebtUSD": owed, "fixedTotalDebt": "0", "fixedTotalDebtUSD": "0"}
    ltv = str(round(Decimal(owed) / 2000, 6))
    pledged = [{"currency": "BTC", "amount": "1", "amountUSD": "2000"}]
    position = {"ltv": ltv, "totalDebt": owed, "totalCollateral": "2000", "borrowList": [debt], "collateralList": pledged}
    bybit.read = lambda path, query=None: position
    if is_believed:
        assert run(Goal(max_debt=Decimal(0))).outcome == "nothing_to_do"
    else:
        repayment = run(Goal(max_debt=Decimal(0)), error=ReadFailed)
        assert repayment.message.startswith("The exchange lists no debt of loan 17, but the account's position shows one. Run again;")
    assert bybit.sent == []


@pytest.mark.parametrize(("ahead_ms", "is_read"), [(0, True), (3_600_000, True), (3_600_001, False), (86_400_000, False)])
def test_a_repayment_in_the_future_is_not_believed(
    run: t.Callable[..., Report], bybit: t.Any, ahead_ms: int, is_read: bool
) -> None:
    bybit.entries = [(0, HistoryEntry("7", Decimal(100), SUCCESS, True, bybit.now_ms() + ahead_ms))]
    repayment = run(Goal(Decimal(5)), error=None if is_read else ReadFailed)
    assert len(bybit.sent) == is_read
    if not is_read:
        assert "contains repayment 7, dated in the future (2026-" in repayment.message

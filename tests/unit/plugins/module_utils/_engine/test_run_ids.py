# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a run handles an ID that proves nothing or a different amount, and what it records before it sends."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import Accepted
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Failure, NotExecuted, OutcomeUnknown
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._engine.report import Report

HUNDRED = Goal(Decimal(100))

Run = t.Callable[..., Report]


def told(report: Report) -> tuple[object, ...]:
    result = report.as_dict()
    return result["outcome"], result["amount"], result["repay_id"]


def answering(bybit: t.Any, given_id: str | None, is_made: bool = True) -> None:
    """Let the exchange answer the next repayment with this ID."""

    class Odd(type(bybit)):  # type: ignore[misc]
        def post(self, signed: t.Any) -> Accepted:
            amount, self.posted_at_ms = Decimal(signed.prepared.payload), self.now_ms()
            self.sent.append((amount, self.now_ms()))
            if is_made:
                self.commit(amount)
            return Accepted(given_id, self.now_ms())

    bybit.__class__ = Odd


@pytest.fixture
def old(bybit: t.Any) -> HistoryEntry:
    """A repayment that has been in the history for days."""
    entry = HistoryEntry("50", Decimal(100), "success", True, bybit.now_ms() - 5 * 86_400_000)
    bybit.entries.append((0, entry))
    return entry


@pytest.mark.parametrize("is_made", [True, False])
def test_an_id_that_was_in_the_history_before_proves_nothing(run: Run, bybit: t.Any, old: HistoryEntry, is_made: bool) -> None:
    answering(bybit, old.repay_id, is_made)
    if is_made:
        report = run(HUNDRED)
        # It is found under its real ID.
        assert told(report) == ("executed", "100", "101")
        assert "the exchange returned no ID for it, but its history shows it" in report.message
        return
    report = run(HUNDRED, error=OutcomeUnknown)
    cause = "Bybit reported success but returned repayId 50, which belongs to an earlier repayment, and the exchange accepted it, but neither"
    assert cause in report.message
    run(HUNDRED, error=OutcomeUnknown)
    assert len(bybit.sent) == 1


@pytest.mark.parametrize("is_made", [True, False])
def test_an_id_that_was_given_before_proves_nothing(run: Run, bybit: t.Any, is_made: bool) -> None:
    bybit.debt_lag_ms = 10**9
    run(HUNDRED)
    bybit.history_lag_ms = 0
    bybit.entries.clear()
    answering(bybit, "100", is_made=False)
    report = run(Goal(Decimal(70)), error=OutcomeUnknown)
    assert "returned repayId 100, which belongs to an earlier repayment" in report.message


@pytest.mark.parametrize(("shown", "outcome"), [("9.9", "9.9"), ("10.05", "10.05"), ("0.01", "0.01")])
def test_an_amount_is_reported_as_the_history_shows_it(run: Run, bybit: t.Any, shown: str, outcome: str) -> None:
    bybit.entries.clear()
    commit = type(bybit).commit

    class Odd(type(bybit)):  # type: ignore[misc]
        def commit(self, amount: Decimal, status: str = "success") -> str:
            return commit(self, Decimal(shown), status)

    bybit.__class__ = Odd
    report = run(Goal(Decimal(10)))
    assert told(report) == ("executed", outcome, "100")
    assert report.warnings[0].startswith(f"10 USDT was sent, but the exchange's history shows {shown} for repayment 100.")


@pytest.mark.parametrize("shown", ["10.11", "100", "5000"])
def test_an_amount_that_is_far_more_is_a_doubt(run: Run, bybit: t.Any, shown: str) -> None:
    commit = type(bybit).commit

    class Odd(type(bybit)):  # type: ignore[misc]
        def commit(self, amount: Decimal, status: str = "success") -> str:
            return commit(self, Decimal(shown), status)

    bybit.debt = Decimal(9000)
    bybit.__class__ = Odd
    report = run(Goal(Decimal(10)), error=OutcomeUnknown)
    assert f"the exchange gave it the ID 100, but its amount is {shown}; " in report.message
    run(Goal(Decimal(10)), error=OutcomeUnknown)
    assert len(bybit.sent) == 1


def test_a_success_in_another_form_is_an_acceptance(run: Run, bybit: t.Any) -> None:
    odd = OutcomeUnknown("Bybit reported success without repayId", Failure(ret_code=0, http_status=200))
    bybit.troubles = [odd]
    # It was not made and nothing shows it, but the exchange said that it accepted it.
    report = run(HUNDRED, error=OutcomeUnknown)
    assert "the exchange accepted it, but neither its history nor the debt shows it" in report.message
    assert len(bybit.sent) == 1


@pytest.mark.parametrize("ret_code", [10000, 10016, None])
def test_any_other_answer_that_tells_nothing_is_no_acceptance(run: Run, bybit: t.Any, ret_code: int | None) -> None:
    bybit.troubles = [OutcomeUnknown("busy", Failure(ret_code=ret_code, http_status=200))]
    assert run(HUNDRED, error=NotExecuted).message.endswith("It was not executed, so the next run can send it again.")


@pytest.mark.parametrize(
    ("from_collateral", "wallet", "pledged"), [(False, Decimal(50000), ()), (True, None, (("BTC", Decimal(1)),))]
)
def test_the_intent_is_recorded_before_the_request_is_sent(
    run: Run, bybit: t.Any, recorded: t.Callable[[], list[t.Any]], from_collateral: bool, wallet: Decimal | None, pledged: tuple[tuple[str, Decimal], ...]
) -> None:
    bybit.terms = bybit.terms._replace(from_collateral=from_collateral)
    noted = []

    class Curious(type(bybit)):  # type: ignore[misc]
        def post(self, signed: t.Any) -> t.Any:
            noted.extend(recorded())
            return super().post(signed)

    bybit.__class__ = Curious
    sent_ms = bybit.clock.monotonic_ms()
    run(Goal(Decimal(100), collateral=("BTC",) if from_collateral else ()))
    (intent,) = noted
    assert (intent.sent_monotonic_ms, intent.boot_id, intent.sent_at_ms) == (sent_ms, "one-start", bybit.sent[0][1])
    assert (intent.baseline.level, intent.baseline.wallet, intent.baseline.pledged) == (Decimal("1000.4"), wallet, pledged)


@pytest.mark.parametrize(
    ("is_sweep", "at_most", "is_warned"), [(True, "5000", True), (True, None, False), (False, "5000", False)]
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_cap_of_a_sweep_holds_for_what_was_read(
    run: Run, bybit: t.Any, is_sweep: bool, at_most: str | None, is_warned: bool, check_mode: bool
) -> None:
    bybit.terms = bybit.terms._replace(is_sweep=is_sweep, is_whole=True)
    cap = None if at_most is None else Decimal(at_most)
    warnings = [warning.split(" that were read, ")[0] for warning in run(check_mode=check_mode, at_most=cap).warnings]
    assert warnings == ["at_most is checked against the contracts of loan 17"] * is_warned


def test_a_payment_a_moment_before_is_no_trace_of_the_next(run: Run, bybit: t.Any) -> None:
    """Two loans of a coin in one loop: the ledger has whole seconds, so the first payment seems to be within the second one's time."""
    run(HUNDRED)
    bybit.wallet = "49900"
    bybit.troubles = [OutcomeUnknown("no answer came", Failure(http_status=502))]
    report = run(Goal(Decimal(70)), error=NotExecuted)
    assert report.as_dict()["details"]["evidence"]["wallet_moved"] == "0"
    # Nobody knows what an equal amount that somebody else moved was for.
    bybit.ledger = [("O", "100", bybit.now_ms() + 40)]
    bybit.wallet = "49800"
    bybit.troubles = [OutcomeUnknown("no answer came", Failure(http_status=502))]
    assert "100 USDT left the Funding wallet while it could have been executed" in run(Goal(Decimal(70)), error=OutcomeUnknown).message

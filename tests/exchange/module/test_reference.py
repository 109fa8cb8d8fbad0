# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reference names a step: what was repaid under it is never repaid again, and what certainly was not is sent."""

from __future__ import annotations

import contextlib
import sqlite3
import typing as t

import pytest
from referring import AGAIN, DAY_SECONDS, INVOICE, asked, assert_answered, repay_once
from ways import FIXED_COLLATERAL, FLEXIBLE, FLEXIBLE_COLLATERAL, LEGACY, WAYS

# Fixtures from another file, which pytest finds here.
__all__ = ["asked", "assert_answered", "repay_once"]
each_way = pytest.mark.parametrize("way", [way for way in WAYS if not way.is_whole], ids=lambda way: way.name)


@each_way
def test_an_executed_step_is_reported_again_and_never_sent_again(pay, ledger, sent, assert_answered, way) -> None:
    first = pay(way, reference=INVOICE)
    [entry] = ledger()
    assert (first["changed"], first["outcome"], first["repay_id"]) == (True, "executed", entry["repay_id"])
    for dummy in range(2):
        assert_answered(entry, lambda **options: pay(way, reference=INVOICE, **options))
    assert (len(ledger()), sent(way)) == (1, 0)


def test_a_reference_is_remembered_forever(repay, simulated_time, sandbox, paid, names, assert_answered, repay_once) -> None:
    """Even after the loan is gone and the history no longer has the repayment."""
    repay_once()
    [entry] = sandbox.repayments()[:1]
    assert repay(amount=None, max_debt="0")["outcome"] == "executed"
    simulated_time.pass_by(400 * DAY_SECONDS)
    assert_answered(entry)
    assert paid()[-1] == "100"


def test_the_same_amount_in_another_spelling_is_the_same_step(repay_once, sandbox, assert_answered) -> None:
    repay_once(amount="100.00")
    assert_answered(sandbox.repayments()[0], amount=100)


def test_options_of_the_run_do_not_make_another_step(repay_once, sandbox, assert_answered) -> None:
    repay_once(wait=False)
    repay_once()
    assert_answered(sandbox.repayments()[0], wait=False, wait_timeout=1, at_most="50", settle_margin=3, recv_window=2000)


@pytest.mark.parametrize("reference", ["47", 47, "x" * 200, "Rechnung № 12 – März ☃", "'; DROP TABLE bybit_intents; --", "a  b", "{{ x }}"])
def test_any_name_is_accepted(repay_once, paid, reference: object) -> None:
    runs = [repay_once(reference=reference) for dummy in range(2)]
    assert [(run["changed"], run["outcome"]) for run in runs] == [(True, "executed"), (False, "executed")]
    assert (runs[0]["repay_id"], paid()) == (runs[1]["repay_id"], ["100"])


def test_names_are_compared_exactly(repay_once, paid) -> None:
    for reference in ("Invoice 1", "invoice 1", "invoice  1", "invoice 1.0", None):
        assert repay_once(reference=reference)["changed"] is True
    assert paid() == ["100"] * 5


@pytest.mark.parametrize(
    "reference", ["", " ", " a", "a ", "a\n", "a\tb", "\x1b[31mred", "a\u2028b", "\u202eabc", "x" * 201], ids=ascii
)
@pytest.mark.parametrize("check", [False, True])
def test_an_invalid_name_is_refused_before_anything_is_sent(repay_once, sandbox, journal, reference: str, check: bool) -> None:
    run = repay_once(reference=reference, check=check)
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "not_executed")
    assert run["msg"].startswith("reference '")
    assert run["msg"].endswith("is not a valid name: use 1 to 200 printable characters without white space at either end, or omit it.")
    assert (sandbox.requests()["counts"], journal.parent.exists(), "Traceback" in run.output) == ({}, False, False)
    assert run["msg"].isprintable()


@pytest.mark.parametrize("goal", [{"since": "2026-11-01"}, {"amount": None, "max_debt": "0"}, {"amount": None, "max_ltv": "0.3"}], ids=str)
def test_a_goal_takes_no_reference(repay_once, sandbox, goal: dict[str, t.Any]) -> None:
    run = repay_once(**goal)
    assert (run.failed, run["outcome"], sandbox.requests()["counts"]) == (True, "not_executed", {})
    assert run["msg"] == (
        f"reference '{INVOICE}' can name only a step: use it with amount without since, or omit it, because a goal "
        f"moves only what is missing; repaying a whole fixed contract needs no reference."
    )


@pytest.mark.parametrize("way", [way for way in WAYS if way.is_whole], ids=lambda way: way.name)
def test_whole_contracts_take_no_reference(pay, sandbox, way) -> None:
    run = pay(way, reference=INVOICE)
    assert (run.failed, run["outcome"], sandbox.requests()["counts"]) == (True, "not_executed", {})
    assert run["msg"].startswith(f"reference '{INVOICE}' can name only a step")


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("way", "options", "named"),
    [
        (LEGACY, {"amount": "100.5"}, "100 USDT on the legacy loan 1794267532472646144"),
        (LEGACY, {"order_id": "1794300811046633472"}, "100 USDT on the legacy loan 1794267532472646144"),
        (FLEXIBLE, {}, "100 USDT on the legacy loan 1794267532472646144"),
        (FLEXIBLE_COLLATERAL, {}, "100 USDT on the legacy loan 1794267532472646144"),
        (FIXED_COLLATERAL, {}, "100 USDT on the legacy loan 1794267532472646144"),
    ],
    ids=["amount", "loan", "product", "collateral", "fixed"],
)
def test_a_reference_is_refused_for_another_step(repay_once, pay, paid, asked, way, options: dict[str, t.Any], named: str, check: bool) -> None:
    repay_once()
    run, calls = asked(lambda: pay(way, reference=INVOICE, check=check, **options))
    assert (run.failed, run["changed"], run["outcome"], run["repay_id"]) == (True, False, "not_executed", None)
    assert run["msg"].startswith(f"reference '{INVOICE}' was already used for the repayment of {named}, sent at 20")
    assert run["msg"].endswith(AGAIN)
    assert (calls, paid()) == (["GET query-api"], ["100"])


@pytest.mark.parametrize("collateral", [["ETH"], ["BTC", "ETH"], None], ids=str)
def test_a_reference_is_refused_for_other_collateral(pay, asked, ledger, collateral: list[str] | None) -> None:
    options = {"loan_currency": "USDT", "amount": "100", "collateral": ["BTC"], "reference": INVOICE}
    assert pay(FLEXIBLE, **options)["outcome"] == "executed"
    run, calls = asked(lambda: pay(FLEXIBLE, **{**options, "collateral": collateral}))
    assert (run.failed, run["outcome"], calls) == (True, "not_executed", ["GET query-api"])
    assert f"reference '{INVOICE}' was already used for the repayment of 100 USDT" in run["msg"]
    assert len(ledger()) == 1


@pytest.mark.parametrize("key", [{"api_key": "sandbox-key-no-wallet"}, {"api_key": "next-key"}], ids=["second", "rotated"])
def test_another_key_of_the_account_finds_the_same_step(repay_once, sandbox, paid, assert_answered, key: dict[str, str]) -> None:
    repay_once()
    sandbox.control("POST", "keys", {"key": "sandbox-key", "replaced_by": "next-key", "old": "expired"})
    assert_answered(sandbox.repayments()[0], **key)
    assert paid() == ["100"]


def test_another_account_has_its_own_references(repay_once, names, sandbox) -> None:
    repay_once()
    other = {"api_key": "sandbox-key-second-account", "order_id": names.second, "amount": "1"}
    runs = [repay_once(**other) for dummy in range(2)]
    assert [(run["changed"], run["outcome"], run["amount"]) for run in runs] == [(True, "executed", "1"), (False, "executed", "1")]


def test_another_journal_does_not_know_the_reference(repay_once, tmp_path, paid) -> None:
    """The documentation names this risk."""
    repay_once()
    assert repay_once(journal=str(tmp_path / "other" / "journal.sqlite"))["changed"] is True
    assert paid() == ["100", "100"]


def test_names_that_look_alike_are_the_same(repay_once, posts) -> None:
    assert repay_once(reference="Caf\u00e9")["changed"] is True
    assert (repay_once(reference="Cafe\u0301")["changed"], posts()) == (False, 1)


def test_check_mode_before_the_first_run_predicts_it(repay_once, journal, paid) -> None:
    assert (repay_once(check=True)["outcome"], journal.parent.exists(), paid()) == ("planned", False, [])


def test_the_reference_is_in_the_audit_trail(repay_once, journal) -> None:
    repay_once()
    with contextlib.closing(sqlite3.connect(journal)) as connection:
        found = connection.execute("SELECT event, reference FROM bybit_entries ORDER BY number").fetchall()
    assert (found[0], {reference for dummy, reference in found}) == (("intended", INVOICE), {INVOICE})

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal as users see it: moves with their direction, and the exports."""

from __future__ import annotations

import csv
import io
import typing as t
from decimal import Decimal

import pytest
from beancount import loader
from beancount.core import data


@pytest.fixture
def moved(two, run_module) -> None:
    """Also move in every direction, and leave a transfer open."""
    for options in ({"add": "0.01"}, {"take_back": "0.001"}):
        assert run_module("bybit_loan_collateral", order_id="1794267532472646144", settle_margin=0, **options)["changed"]
        assert run_module("bybit_loan_collateral", currency="BTC", settle_margin=0, **options)["changed"]
    for options in ({}, {"from_account_type": "FUND", "to_account_type": "UNIFIED"}):
        assert run_module("bybit_funding_transfer", coin="USDT", amount="7", settle_margin=0, **options)["changed"]


@pytest.mark.parametrize(
    ("options", "moves"),
    [
        ({"move": ["repay"]}, ["repay", "repay"]),
        ({"move": ["add"]}, ["add", "add"]),
        ({"move": ["take_back", "to_unified"]}, ["take_back", "take_back", "to_unified"]),
        ({"product": "legacy"}, ["repay", "repay"]),
        ({"product": "order_collateral"}, ["add", "take_back"]),
        ({"product": "account_collateral"}, ["add", "take_back"]),
        ({"product": "account_collateral", "move": ["add"]}, ["add"]),
        ({"product": "wallets"}, ["to_fund", "to_unified"]),
        ({"product": "wallets", "loan": "USDT", "move": ["to_fund"]}, ["to_fund"]),
        ({"loan": "1794267532472646144"}, ["repay", "repay", "add", "take_back"]),
    ],
)
def test_moves_are_listed_and_filtered(moved, look, options: dict[str, t.Any], moves: list[str]) -> None:
    run = look(event=["executed"], verify=True, **options)
    assert [entry["move"] for entry in run["entries"]] == moves
    assert all(entry["move"] == entry["goal"]["move"] for entry in run["entries"])


def test_open_intents_are_filtered_by_move(run_module, sandbox, look) -> None:
    sandbox.fault(path="/v5/crypto-loan-common/adjust-ltv", answer="close", commit=True, history_delay_ms=60_000)
    unknown = run_module("bybit_loan_collateral", currency="BTC", take_back="0.001", wait_timeout=0, settle_margin=0)
    [intent] = look(move=["take_back"])["open_intents"]
    assert (intent["intent"], intent["move"], intent["product"]) == (unknown.details["intent"], "take_back", "account_collateral")
    assert look(move=["add"])["open_intents"] == []


def test_the_csv_export_has_all_entries(two, look) -> None:
    run = look(format="csv")
    rows = list(csv.DictReader(io.StringIO(run["text"])))
    assert [(row["move"], row["event"], row["amount"], row["reference"], row["hash"]) for row in rows] == [
        ("repay", entry["event"], entry["amount"], entry["reference"] or "", entry["hash"]) for entry in run["entries"]
    ]
    assert all(row["time"].endswith("Z") and row["user"] and not row["awx_job"] for row in rows)


@pytest.fixture
def transactions(look) -> t.Callable[[], list[data.Transaction]]:
    """Load the export with Beancount, and return the transactions."""

    def call() -> list[data.Transaction]:
        text = look(format="beancount")["text"]
        names = {word for line in text.splitlines() for word in line.split() if word.startswith(("Liabilities:", "Expenses:", "Assets:"))}
        opened = "".join(f"2020-01-01 open {name}\n" for name in sorted(names))
        parsed, errors, dummy = loader.load_string(opened + text)
        assert errors == []
        return [entry for entry in parsed if isinstance(entry, data.Transaction)]

    return call


def test_beancount_books_collateral_and_transfers_between_assets(moved, transactions) -> None:
    made = transactions()[2:]
    of_account = made[0].postings[0].account.split(":")[2]
    order = "Collateral:L1794267532472646144"
    assert [[(p.account.partition(f"Assets:Bybit:{of_account}:")[2], str(p.units)) for p in entry.postings] for entry in made] == [
        [(order, "0.01 BTC"), ("Funding", "-0.01 BTC")],
        [("Collateral", "0.01 BTC"), ("Funding", "-0.01 BTC")],
        [("Funding", "0.001 BTC"), (order, "-0.001 BTC")],
        [("Funding", "0.001 BTC"), ("Collateral", "-0.001 BTC")],
        [("Funding", "7 USDT"), ("Unified", "-7 USDT")],
        [("Unified", "7 USDT"), ("Funding", "-7 USDT")],
    ]
    assert [entry.narration for entry in made] == [
        "Addition of 0.01 BTC to the collateral of legacy loan 1794267532472646144",
        "Addition of 0.01 BTC to the collateral of the account",
        "Return of 0.001 BTC from the collateral of legacy loan 1794267532472646144",
        "Return of 0.001 BTC from the collateral of the account",
        "Transfer of 7 USDT from UNIFIED to FUND",
        "Transfer of 7 USDT from FUND to UNIFIED",
    ]
    assert all(entry.meta["adjust-id"] for entry in made[:4])
    assert all(entry.meta["transfer-id"] == entry.meta["intent"] for entry in made[4:])


def test_beancount_takes_each_repayment_once(two, run_module, transactions) -> None:
    run_module("bybit_flexible_loan_repay", loan_currency="USDT", amount="5", collateral=["BTC"])
    made = transactions()
    paid = [{p.account.partition(":")[0]: p.units.number for p in entry.postings} for entry in made]
    # The loan owes 0.4 in interest, which is paid first.
    assert paid[:2] == [
        {"Liabilities": Decimal("99.6"), "Expenses": Decimal("0.4"), "Assets": Decimal(-100)}, {"Liabilities": Decimal(30), "Assets": Decimal(-30)},
    ]
    assert sum(paid[2].values()) == 0 and paid[2]["Assets"] == -5
    assert {posting.units.currency for entry in made for posting in entry.postings} == {"USDT"}
    assert [entry.meta.get("reference") for entry in made] == ['invoice "7"', None, None]
    assert {posting.account.rpartition(":")[2] for entry in made for posting in entry.postings if posting.units.number < 0} == {"Funding", "Collateral"}

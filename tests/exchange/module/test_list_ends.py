# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""However the exchange ends a list, it is read once and completely. A list without an end is an error, and is not followed for long."""

from __future__ import annotations

import json
import typing as t

import pytest
from ways import FIXED, FIXED_SWEEP, FLEXIBLE, LEGACY, WAYS

ENDS = ["empty_cursor", "cursor_then_empty", "cursor_repeats"]
CONTRACTS = "/v5/crypto-loan-fixed/borrow-contract-info"
ENDLESS = "The pages of {0} never end."
each_end = pytest.mark.parametrize("end", ENDS)
each_product = pytest.mark.parametrize("way", [LEGACY, FLEXIBLE, FIXED], ids=lambda way: way.name)


@pytest.fixture
def book(sandbox, roomy_seed) -> t.Callable[[int], None]:
    """Restart the stand-in exchange with this many fixed contracts and flexible repayments, and no others."""

    def write(number: int) -> None:
        account = roomy_seed["accounts"][0]
        [like] = [contract for contract in account["fixed_contracts"] if contract["loan_id"] == "568"]
        account.update(collateral={"BTC": "400"}, fixed_repayments=[])
        account["fixed_contracts"] = [
            {**like, "loan_id": str(10_000 + n), "order_id": str(50_000 + n), "principal": "0.25"} for n in range(number)
        ]
        account["flexible_repayments"] = [
            {"repay_id": str(10_000 + n), "loan_coin": "USDT", "amount": "0.5", "time": f"-{n + 1}m"} for n in range(number)
        ]
        sandbox.control("PUT", "seed", roomy_seed)

    return write


@pytest.fixture
def pages(relay) -> t.Callable[..., list[str]]:
    """Let a call answer each cursor with the page that a function returns. Return the list of requested cursors."""

    def call(path: str, page: t.Callable[[str], tuple[list[dict[str, t.Any]], str]]) -> list[str]:
        asked: list[str] = []

        def change(answer):
            cursor = answer.query.get("cursor", "")
            asked.append(cursor)
            rows, following = page(cursor)
            document = {"retCode": 0, "retMsg": "", "result": {"list": rows, "nextPageCursor": following}}
            return answer._replace(status=200, body=json.dumps(document).encode())

        relay.on(path, change)
        return asked

    return call


@each_end
def test_each_way_repays_once(pay, switch, ledger, end: str) -> None:
    switch(list_end=end)
    # One after the other, because another way's entry may shift a list that is being read.
    for way in WAYS:
        run = pay(way)
        [entry] = ledger(way)
        assert (run["outcome"], run["repay_id"], entry["amount"]) == ("executed", entry["repay_id"], way.amount), way.name


@pytest.mark.parametrize("end", ENDS[1:])
@pytest.mark.parametrize("commit", [True, False])
def test_a_lost_answer_is_settled(pay, switch, spoil, ledger, end: str, commit: bool) -> None:
    switch(list_end=end)
    for way in WAYS:
        spoil(way, answer="close", commit=commit)
        run = pay(way)
        assert (run["outcome"], len(ledger(way))) == (("executed", 1) if commit else ("not_executed", 0)), way.name


@pytest.mark.parametrize(
    ("end", "number"), [(end, n) for end in ENDS for n in (99, 100, 101, 200, 250) if n % 100 or end != "cursor_repeats"]
)
def test_a_list_is_read_completely_and_each_row_once(run_module, book, switch, end: str, number: int) -> None:
    book(number)
    switch(list_end=end)
    loans = run_module("bybit_loan_info", product="fixed")
    assert (loans.failed, len(loans["loans"]), len({loan["id"] for loan in loans["loans"]})) == (False, number, number)
    entries = run_module("bybit_loan_repayment_info", product="flexible")["repayments"]
    assert [entry["repay_id"] for entry in entries] == [str(10_000 + n) for n in range(number)]


@pytest.mark.parametrize("number", [100, 200])
def test_a_repeated_full_page_is_no_end(run_module, book, switch, number: int) -> None:
    """The exchange may ignore cursors, so that the rest of the list is missing."""
    book(number)
    switch(list_end="cursor_repeats")
    for module, product, path in (
        ("bybit_loan_info", "fixed", CONTRACTS), ("bybit_loan_repayment_info", "flexible", FLEXIBLE.history)
    ):
        run = run_module(module, product=product)
        assert (run.failed, run["msg"]) == (True, ENDLESS.format(path))


@each_end
def test_queries_have_the_same_answer(run_module, switch, end: str) -> None:
    plain = [run_module(module).result for module in ("bybit_loan_info", "bybit_loan_repayment_info")]
    switch(list_end=end)
    assert [run_module(module).result for module in ("bybit_loan_info", "bybit_loan_repayment_info")] == plain


@each_product
def test_a_circle_of_cursors_is_no_end(run_module, pages, relay, way) -> None:
    asked = pages(way.history, lambda cursor: ([], "B" if cursor == "A" else "A"))
    run = run_module("bybit_loan_repayment_info", product=way.name, api_url=relay.url)
    assert (run.failed, run["msg"], asked) == (True, ENDLESS.format(way.history), ["", "A", "B"])


@each_product
def test_a_circle_of_cursors_with_rows_is_no_end(pay, pages, relay, sandbox, posted, way) -> None:
    way = FIXED_SWEEP if way is FIXED else way
    rows = sandbox.signed("GET", way.history, f"loanCurrency={way.coin}&limit=1").result["list"]
    asked = pages(way.history, lambda cursor: (rows, "B" if cursor == "A" else "A"))
    run = pay(way, api_url=relay.url)
    assert (run.failed, run["changed"], run["outcome"], posted()) == (True, False, "not_executed", [])
    assert (run["msg"], asked) == (ENDLESS.format(way.history), ["", "A", "B"])


def test_empty_pages_with_ever_new_cursors_are_no_end(run_module, pages, relay) -> None:
    asked = pages(FLEXIBLE.history, lambda cursor: ([], f"{cursor}1"))
    run = run_module("bybit_loan_repayment_info", product="flexible", api_url=relay.url)
    assert (run.failed, run["msg"]) == (True, ENDLESS.format(FLEXIBLE.history))
    assert len(asked) <= 5


def test_a_page_that_leads_to_itself_with_new_rows_is_no_end(run_module, pages, relay, sandbox) -> None:
    first, second = sandbox.signed("GET", FLEXIBLE.history, "limit=2").result["list"]
    asked = pages(FLEXIBLE.history, lambda cursor: ([second] if cursor else [first], "A"))
    run = run_module("bybit_loan_repayment_info", product="flexible", api_url=relay.url)
    assert (run.failed, run["msg"], len(asked)) == (True, ENDLESS.format(FLEXIBLE.history), 2)


@pytest.mark.parametrize("cursor", [None, 7, ["A"], {"next": "A"}, True], ids=str)
def test_a_cursor_that_is_no_string_does_not_end_a_full_page(run_module, pages, relay, sandbox, book, cursor: t.Any) -> None:
    book(150)
    rows = sandbox.signed("GET", FLEXIBLE.history, "limit=100").result["list"]
    pages(FLEXIBLE.history, lambda dummy: (rows, cursor))
    run = run_module("bybit_loan_repayment_info", product="flexible", api_url=relay.url)
    assert (run.failed, "repayments" in run.result, FLEXIBLE.history in run["msg"]) == (True, False, True)

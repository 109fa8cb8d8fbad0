# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Neither an ID nor an amount proves anything alone: any entry within the time window may be the repayment, and is reported as shown."""

from __future__ import annotations

import json
import typing as t
from decimal import Decimal

import pytest
from relay import Answer
from ways import FIXED, FIXED_SWEEP, FLEXIBLE, LEGACY

STEPS = pytest.mark.parametrize("way", [LEGACY, FLEXIBLE], ids=lambda way: way.name)
# What the exchange may show for 500 when none of it is interest.
SHOWN = {"after_fee": ["499.75"], "split": ["300", "200"]}
INTEREST = {"legacy": Decimal("0.4"), "flexible": Decimal("1.23456789")}


@pytest.fixture
def window_ms() -> int:
    """Shorter than elsewhere, because many runs in this file wait for its end."""
    return 500


@pytest.fixture
def show(relay, sandbox) -> t.Callable[[t.Any, str], None]:
    """Let the history show another amount for each repayment that was not in the book from the start."""
    old = {entry["repay_id"] for entry in sandbox.account()["repayments"]}

    def call(way, amount: str) -> None:
        def edit(result: dict[str, t.Any]) -> None:
            for row in result["list"]:
                row["repayAmount"] = row["repayAmount"] if row["repayId"] in old else amount

        relay.edit(way.history, edit)

    return call


def assert_in_doubt(run, amounts: list[str]) -> None:
    assert (run.failed, run["changed"], run["outcome"], run["repayments"]) == (True, False, "unknown", [])
    shown = f"the history shows {' and '.join(f'{amount} (user)' for amount in amounts)} at about that time, which may be this repayment"
    assert shown in run["msg"]
    assert len(run.details["evidence"]["candidates"]) == len(amounts)


@STEPS
@pytest.mark.parametrize("reading", SHOWN)
def test_a_lost_repayment_shown_with_another_amount_is_not_ruled_out(
    pay, spoil, sandbox, roomy_seed, posted, ledger, way, reading: str
) -> None:
    account = roomy_seed["accounts"][0]
    for debt in (account["loans"][0], account["flexible_loans"][0]):
        debt["interest"] = "0"
    roomy_seed["settings"]["switches"] = {"repay_amount": reading}
    sandbox.control("PUT", "seed", roomy_seed)
    before = Decimal(way.debt(sandbox.account()))
    spoil(way, answer="reset")
    for dummy in range(2):
        assert_in_doubt(pay(way, amount="500", wait_timeout=2), SHOWN[reading])
    assert ([entry["amount"] for entry in ledger()], len(posted())) == (["500"], 1)
    assert before - Decimal(way.debt(sandbox.account())) == 500


@STEPS
@pytest.mark.parametrize("amount", ["500.0005", "499.75", "1", "100000"])
def test_an_entry_of_any_amount_may_be_the_repayment(pay, spoil, show, relay, ledger, way, amount: str) -> None:
    show(way, amount)
    spoil(way, answer="reset")
    for dummy in range(2):
        assert_in_doubt(pay(way, amount="500", api_url=relay.url, wait_timeout=2), [amount])
    assert [entry["amount"] for entry in ledger()] == ["500"]


@STEPS
@pytest.mark.parametrize("reading", ["after_fee", "split", "principal", "rounded"])
def test_an_accepted_repayment_is_reported_with_the_ledgers_amount(pay, switch, ledger, way, reading: str) -> None:
    """Both loans owe interest, which is paid first and has its own row in the history."""
    switch(repay_amount=reading)
    run = pay(way, amount="500")
    [entry] = ledger()
    interest = INTEREST[way.name]
    told = {"after_fee": "499.75", "split": str(interest), "principal": str(500 - interest), "rounded": "500"}[reading]
    assert (run.failed, run["changed"], run["outcome"], run["repay_id"]) == (False, True, "executed", entry["repay_id"])
    assert (run["amount"], run["repayments"][0]["amount"], entry["amount"]) == (told, told, "500")
    remark = f"500 USDT was sent, but the exchange's history shows {told} for repayment {entry['repay_id']}."
    assert (remark in run.warnings) == (told != "500")


def test_a_smaller_amount_in_the_ledger_is_reported(pay, show, relay, ledger) -> None:
    show(FLEXIBLE, "9.9")
    run = pay(FLEXIBLE, amount="10", api_url=relay.url)
    [entry] = ledger()
    assert (run["outcome"], run["amount"], run["repay_id"]) == ("executed", "9.9", entry["repay_id"])
    assert f"10 USDT was sent, but the exchange's history shows 9.9 for repayment {entry['repay_id']}." in run.warnings


def test_a_larger_amount_in_the_ledger_is_not_believed(pay, show, relay, ledger, sent) -> None:
    show(LEGACY, "1000")
    run = pay(LEGACY, api_url=relay.url, wait_timeout=1)
    assert (run.failed, run["outcome"], run["repayments"], len(ledger()), sent(LEGACY)) == (True, "unknown", [], 1, 1)
    assert f"the exchange gave it the ID {ledger()[0]['repay_id']}, but its amount is 1000" in run["msg"]


def assert_settled(way, run, ledger, known: str, commit: bool) -> None:
    """The run reports its own repayment or an unknown outcome, and never the earlier ID."""
    if commit:
        assert (run["outcome"], run["repay_id"], run["amount"]) == ("executed", ledger()[0]["repay_id"], way.amount)
    else:
        assert (run.failed, run["changed"], run["outcome"], run["repay_id"], ledger()) == (True, False, "unknown", None, [])
        assert known in run["msg"]


@pytest.fixture
def answer_with(relay, spoil) -> t.Callable[..., None]:
    """Let the exchange answer a repayment with this ID, whether it executes it or not."""

    def call(way, repay_id: str, commit: bool) -> None:
        if not commit:
            spoil(way, answer={"ret_code": 10016}, commit=False)

        def change(answer: Answer) -> Answer:
            document = {**json.loads(answer.body), "retCode": 0, "retMsg": "OK", "result": {"repayId": repay_id}}
            return answer._replace(body=json.dumps(document).encode())

        relay.on(way.path, change)

    return call


@pytest.mark.parametrize("way", [LEGACY, FLEXIBLE, FIXED_SWEEP], ids=lambda way: way.name)
@pytest.mark.parametrize("commit", [True, False])
def test_an_id_that_the_history_had_before_proves_nothing(
    pay, answer_with, relay, sandbox, ledger, sent, way, commit: bool
) -> None:
    known = sandbox.signed("GET", way.history, f"loanCurrency={way.coin}&limit=100").result["list"][0]["repayId"]
    answer_with(way, known, commit)
    run = pay(way, api_url=relay.url, wait_timeout=3)
    assert_settled(way, run, ledger, known, commit)
    assert commit or f"returned repayId {known}, which belongs to an earlier repayment" in run["msg"]
    assert sent(way) == 1


@pytest.mark.parametrize("commit", [True, False])
@pytest.mark.parametrize(
    ("way", "known"), [(LEGACY, "1793588112660135936"), (FLEXIBLE, "1752"), (FIXED, "1764")], ids=["legacy", "flexible", "fixed"]
)
def test_an_id_that_another_loan_had_before_proves_nothing(
    pay, answer_with, relay, ledger, sent, way, known: str, commit: bool
) -> None:
    answer_with(way, known, commit)
    assert_settled(way, pay(way, api_url=relay.url, wait_timeout=3), ledger, known, commit)
    assert sent(way) == 1


def test_the_id_of_an_earlier_run_proves_nothing(pay, answer_with, relay, ledger, sent) -> None:
    first = pay(FLEXIBLE, api_url=relay.url)
    answer_with(FLEXIBLE, first["repay_id"], True)
    second = pay(FLEXIBLE, api_url=relay.url, wait_timeout=3)
    assert (first["outcome"], second["outcome"], second.details["inferred"]) == ("executed", "executed", True)
    assert [first["repay_id"], second["repay_id"]] == [entry["repay_id"] for entry in ledger()]
    assert sent(FLEXIBLE) == 2


def test_a_repeated_earlier_answer_proves_nothing(pay, relay, ledger, sent) -> None:
    """Its time is that of the earlier answer, too."""
    bodies: list[bytes] = []

    def repeat(answer: Answer) -> Answer:
        bodies.append(answer.body)
        return answer._replace(body=bodies[0])

    relay.on(FLEXIBLE.path, repeat)
    runs = [pay(FLEXIBLE, api_url=relay.url, wait_timeout=3) for dummy in range(2)]
    assert [run["repay_id"] for run in runs] == [entry["repay_id"] for entry in ledger()]
    assert (runs[1]["outcome"], sent(FLEXIBLE)) == ("executed", 2)


def test_an_entry_older_than_the_request_is_not_the_repayment(pay, relay, ledger) -> None:
    """The history shows a repayment that was just accepted with a time an hour ago."""

    def edit(result: dict[str, t.Any]) -> None:
        for row in result["list"]:
            row["repayTime"] = str(int(row["repayTime"]) - 3_600_000)

    relay.edit(LEGACY.history, edit)
    run = pay(LEGACY, api_url=relay.url, wait_timeout=2)
    assert (run.failed, run["changed"], run["outcome"], len(ledger())) == (True, False, "unknown", 1)
    assert f"the exchange gave it the ID {ledger()[0]['repay_id']}, but it was made at " in run["msg"]
    assert ", before this was sent" in run["msg"]


def test_a_liquidation_is_not_the_repayment(pay, relay, ledger) -> None:
    def edit(result: dict[str, t.Any]) -> None:
        for row in result["list"]:
            row["repayType"] = "2"

    relay.edit(LEGACY.history, edit)
    run = pay(LEGACY, api_url=relay.url, wait_timeout=2)
    assert (run.failed, run["changed"], run["outcome"], len(ledger())) == (True, False, "unknown", 1)
    assert f"the exchange gave it the ID {ledger()[0]['repay_id']}, but its type is liquidation" in run["msg"]

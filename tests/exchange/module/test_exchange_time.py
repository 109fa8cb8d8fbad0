# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No time window ends before this machine's own clock says so, whatever the exchange claims. A time in a wrong unit is not believed."""

from __future__ import annotations

import contextlib
import datetime
import json
import sqlite3
import typing as t

import pytest
from relay import Answer
from ways import FIXED, FLEXIBLE, LEGACY, WAYS

DAY_MS = 86_400_000
READS = (LEGACY.history, "/v5/crypto-loan/ongoing-orders", "/v5/asset/fundinghistory")
NOTHING = {"answer": "close", "commit": False}
each_product = pytest.mark.parametrize("way", [LEGACY, FLEXIBLE, FIXED], ids=lambda way: way.name)


@pytest.fixture
def window_ms() -> int:
    """Shorter than elsewhere, because many runs in this file wait for its end."""
    return 500


@pytest.fixture
def a_day_ahead(relay, sent) -> str:
    """Let the exchange claim, as soon as a repayment has been sent, that a day has passed."""

    def ahead(answer: Answer) -> Answer:
        document = json.loads(answer.body)
        document["time"] += DAY_MS if sent(LEGACY) else 0
        return answer._replace(body=json.dumps(document).encode())

    for path in READS:
        relay.on(path, ahead)
    return relay.url


@pytest.fixture
def rewrite(journal) -> t.Callable[..., None]:
    """Change the record of the only unsettled intent."""

    def call(**values: t.Any) -> None:
        with contextlib.closing(sqlite3.connect(journal, isolation_level=None)) as connection:
            [(document,)] = connection.execute("SELECT document FROM bybit_intents WHERE state = 'open'").fetchall()
            changed = json.dumps({**json.loads(document), **values})
            connection.execute("UPDATE bybit_intents SET document = ? WHERE state = 'open'", (changed,))

    return call


@pytest.fixture
def in_doubt(pay, spoil, remembered):
    """Leave a repayment that did not arrive, and whose time window was still open."""

    def call(**options: t.Any) -> dict[str, t.Any]:
        spoil(LEGACY, **NOTHING)
        assert pay(LEGACY, wait_timeout=0, **options)["outcome"] == "unknown"
        [intent] = remembered()
        return intent

    return call


def test_a_late_packet_is_waited_for_though_the_exchange_claims_that_a_day_has_passed(pay, a_day_ahead, spoil, ledger, remembered) -> None:
    spoil(LEGACY, answer="close", arrive_after_ms=900)
    run = pay(LEGACY, api_url=a_day_ahead, recv_window=1500)
    [entry] = ledger()
    assert (run["outcome"], run.details["recovered"], run["repay_id"], remembered()) == ("executed", True, entry["repay_id"], [])


def test_no_repayment_is_reported_as_lost_while_its_time_window_is_open(pay, a_day_ahead, spoil) -> None:
    spoil(LEGACY, **NOTHING)
    # Long enough for more answers after the request than before it.
    run = pay(LEGACY, api_url=a_day_ahead, wait_timeout=3, recv_window=8000)
    assert run.details["evidence"]["exchange_time_ms"] > run.details["evidence"]["window_end_ms"]
    assert (run.failed, run["outcome"]) == (True, "unknown")
    assert "wait_timeout expired before the time window of the request closed" in run["msg"]


def test_a_lost_answer_is_settled_after_its_window_and_a_second_of_the_own_clock(simulated_time, pay, spoil) -> None:
    spoil(LEGACY, **NOTHING)
    begun = simulated_time.seconds()
    assert pay(LEGACY)["outcome"] == "not_executed"
    assert simulated_time.seconds() - begun > 0.5 + 1


@pytest.mark.parametrize("how", ["absent", "unit", "empty", "type"])
def test_an_exchange_that_does_not_tell_its_time(pay, sandbox, spoil, ledger, sent, how: str) -> None:
    spoil(LEGACY, **NOTHING)
    mutations = [{"field": "time", "how": how}]
    sandbox.control("POST", "faults", {"method": "GET", "times": 0, "mutations": mutations})
    run = pay(LEGACY, wait_timeout=2)
    assert (run.failed, run["outcome"], run.details["evidence"]["exchange_time_ms"]) == (True, "unknown", None)
    assert "the exchange did not report its time" in run["msg"]
    assert (ledger(), sent(LEGACY)) == ([], 1)


@each_product
@pytest.mark.parametrize("how", ["unit", "empty", "null", "absent"])
def test_the_time_of_an_entry_in_another_unit_is_not_a_time(pay, spoil, change, ledger, sent, way, how: str) -> None:
    """Seconds read as milliseconds would be in January 1970, before any request."""
    spoil(way, answer="reset")
    change(way.history, how, "list.repayTime", skip=1)
    run = pay(way, wait_timeout=2)
    assert (run.failed, run["outcome"], len(ledger()), sent(way)) == (True, "unknown", 1, 1)
    assert f"the exchange could not be read (Bybit's answer to {way.history} has an invalid repayTime" in run["msg"]


@pytest.mark.parametrize("way", [LEGACY, FLEXIBLE], ids=lambda way: way.name)
def test_with_since_an_entry_with_such_a_time_is_a_failure(pay, change, posted, way) -> None:
    change(way.history, "unit", "list.repayTime")
    hour_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    run = pay(way, since=hour_ago.isoformat())
    assert (run.failed, run["outcome"], posted()) == (True, "not_executed", [])
    assert f"Bybit's answer to {way.history} has an invalid repayTime: " in run["msg"]


@pytest.mark.parametrize("offset_ms", [0, -900])
def test_times_in_whole_seconds_hide_no_repayment(pay_all, sandbox, spoil, switch, ledger, offset_ms: int) -> None:
    """They are up to a second before the request, and up to two where the exchange's clock is as slow as it accepts."""
    sandbox.clock(offset_ms=offset_ms)
    switch(repay_time_precision="s")
    for way in WAYS:
        spoil(way, answer="reset")
    for way, run in pay_all():
        assert (run["outcome"], run["repay_id"]) == ("executed", ledger(way)[0]["repay_id"]), way.name


def test_the_time_of_an_entry_may_be_that_of_its_execution(pay_all, spoil, switch, ledger) -> None:
    switch(repay_time="executed")
    for way in WAYS:
        spoil(way, answer="reset", processing_ms=300)
    for way, run in pay_all(settle_margin=1):
        assert (run["outcome"], run["repay_id"]) == ("executed", ledger(way)[0]["repay_id"]), way.name


def test_an_intent_older_than_the_history_is_never_reported_as_not_executed(in_doubt, pay, rewrite, ledger, sent) -> None:
    intent = in_doubt()
    rewrite(sent_at_ms=intent["sent_at_ms"] - 181 * DAY_MS)
    run = pay(LEGACY, wait_timeout=2)
    assert (run.failed, run["outcome"], ledger(), sent(LEGACY)) == (True, "unknown", [], 1)
    assert "it was sent more than 180 days ago, and the history does not go back that far" in run["msg"]


def test_the_message_says_that_an_intent_is_older_than_the_wallets_ledger(in_doubt, pay, rewrite, ledger) -> None:
    intent = in_doubt()
    rewrite(sent_at_ms=intent["sent_at_ms"] - 8 * DAY_MS)
    reason = "the Funding wallet's ledger does not reach back to when it was sent"
    unsure = pay(LEGACY, settle_margin=1, wait_timeout=4)
    assert (unsure["outcome"], f"{reason}, so it can be ruled out only once the history and the debt have shown no trace" in unsure["msg"]) == ("unknown", True)
    run = pay(LEGACY)
    assert [earlier["outcome"] for earlier in run.details["earlier"]] == ["not_executed"]
    assert (run["outcome"], [entry["amount"] for entry in ledger()]) == ("executed", ["100"])


@pytest.mark.parametrize("boot_id", ["another-start", ""])
def test_a_request_sent_before_the_machine_restarted_is_waited_for_again(in_doubt, pay, rewrite, sandbox, boot_id: str) -> None:
    """The monotonic clock restarted with the machine, and the exchange's clock may be wrong."""
    in_doubt(recv_window=1000)
    rewrite(boot_id=boot_id)
    sandbox.clock(advance_ms=20_000)
    run = pay(LEGACY, wait_timeout=0)
    assert (run["outcome"], "wait_timeout expired before the time window of the request closed" in run["msg"]) == ("unknown", True)
    again = pay(LEGACY, wait_timeout=4)
    assert ([earlier["outcome"] for earlier in again.details["earlier"]], again["outcome"]) == (["not_executed"], "executed")

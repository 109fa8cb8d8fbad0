# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Only the exchange's own answer refuses a repayment: something in between may have replaced another answer."""

from __future__ import annotations

import typing as t

import pytest
from ways import FLEXIBLE_COLLATERAL, LEGACY, WAYS

PAGE = "<html><body>Blocked by your company</body></html>"
# None of these is a JSON object in UTF-8 with an integer retCode.
BODIES: dict[str, bytes] = {
    "empty": b"",
    "text": b"access too frequent",
    "page-with-mark": PAGE.encode("utf-8-sig"),
    "page-in-utf-16": PAGE.encode("utf-16"),
    "another-json": b'{"error":"forbidden"}',
    "empty-json": b"{}",
    "code-in-text": b'{"retCode":"10003","retMsg":"API key is invalid."}',
    "code-in-a-fraction": b'{"retCode":10003.0,"retMsg":"API key is invalid."}',
    "code-twice": b'{"retCode":10003,"retCode":0,"retMsg":"API key is invalid.","result":{}}',
    "list": b'[{"retCode":10003}]',
    "cut-off": b'{"retCode":10003,"retMsg":"API key',
}
each_status = pytest.mark.parametrize("status", [400, 401, 403, 404])


@pytest.fixture
def window_ms() -> int:
    """Shorter than elsewhere, because many runs in this file wait for its end."""
    return 500


@pytest.fixture
def replace(relay) -> t.Callable[..., None]:
    """Replace the answers to a repayment on their way from the exchange."""
    return lambda way, status, body: relay.on(
        way.path, lambda answer: answer._replace(status=status, headers={"Content-Type": "text/html"}, body=body)
    )


@each_status
@pytest.mark.parametrize("body", BODIES)
def test_an_executed_repayment_is_found(pay, replace, relay, ledger, sent, remembered, status: int, body: str) -> None:
    replace(LEGACY, status, BODIES[body])
    run = pay(LEGACY, api_url=relay.url)
    [entry] = ledger()
    assert (run.failed, run["changed"], run["outcome"], run.details["recovered"]) == (False, True, "executed", True)
    assert (run["repay_id"], run["amount"], sent(LEGACY), remembered()) == (entry["repay_id"], "100", 1, [])


@pytest.mark.parametrize("status", [400, 403])
def test_each_way_to_repay_is_found(pay_all, replace, relay, ledger, status: int) -> None:
    for way in WAYS:
        replace(way, status, b"")
    for way, run in pay_all(api_url=relay.url):
        assert (run["outcome"], run["repay_id"]) == ("executed", ledger(way)[0]["repay_id"]), way.name


@each_status
@pytest.mark.parametrize("way", [LEGACY, FLEXIBLE_COLLATERAL], ids=lambda way: way.name)
def test_until_it_is_found_the_outcome_is_unknown(pay, sandbox, replace, relay, ledger, sent, way, status: int) -> None:
    replace(way, status, b"")
    sandbox.control("POST", "faults", {"method": "POST", "path": way.path, "history_delay_ms": 60_000, "debt_delay_ms": 60_000})
    for dummy in range(2):
        run = pay(way, api_url=relay.url, recv_window=5000, wait_timeout=0)
        assert (run.failed, run["changed"], run["outcome"]) == (True, False, "unknown")
    assert (len(ledger()), sent(way)) == (1, 1)


@each_status
def test_it_is_reported_as_not_executed_when_all_evidence_agrees(pay, spoil, ledger, sent, remembered, status: int) -> None:
    spoil(LEGACY, answer={"http_status": status, "body": "access too frequent"}, commit=False)
    run = pay(LEGACY)
    assert (run.failed, run["outcome"], run["failure"]["http_status"]) == (True, "not_executed", status)
    assert "it is safe" not in run["msg"]
    assert run.details["evidence"]["wallet_before"] == run.details["evidence"]["wallet_now"] == "10000"
    assert (run.details["evidence"]["wallet_moved"], ledger(), sent(LEGACY), remembered()) == ("0", [], 1, [])


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_in_the_exchanges_own_words_is_believed(pay, spoil, ledger, remembered, status: int) -> None:
    spoil(LEGACY, answer={"http_status": status, "body": '{"retCode":10003,"retMsg":"API key is invalid."}'}, commit=False)
    run = pay(LEGACY)
    assert (run["outcome"], run["failure"]["ret_code"], run["failure"]["outcome"]) == ("not_executed", 10003, "not_executed")
    assert (run.details["evidence"], ledger(), remembered()) == (None, [], [])


@pytest.mark.parametrize("body", ["", "{}", "access too frequent"])
def test_a_block_stops_all_further_requests(pay, sandbox, calls, posted, body: str) -> None:
    blocked = {"http_status": 403, "body": body}
    sandbox.control("POST", "faults", {"method": "GET", "path": LEGACY.history, "times": 0, "answer": blocked})
    run = pay(LEGACY)
    assert (run.failed, run["outcome"], run["failure"]["http_status"], posted()) == (True, "not_executed", 403, [])
    assert calls()[-1] == "GET repayment-history"


@pytest.mark.parametrize(
    ("code", "words", "sentence"),
    [
        (10032, "Demo trading are not supported.", "The demo host serves no loans"),
        (10018, "Too many visits. Exceeded the IP Rate Limit.", "retCode 10018"),
        (424242, "A new kind of refusal", "Look up the code in the exchange's documentation"),
    ],
)
def test_a_permanent_refusal_does_not_advise_to_run_again_later(pay, sandbox, posted, code: int, words: str, sentence: str) -> None:
    answer = {"ret_code": code, "ret_msg": words}
    sandbox.control("POST", "faults", {"method": "GET", "path": "/v5/crypto-loan/ongoing-orders", "answer": answer})
    run = pay(LEGACY)
    assert (run.failed, run["outcome"], run["failure"]["ret_code"], posted()) == (True, "not_executed", code, [])
    assert words in run["msg"]
    assert sentence in run["msg"]
    assert "run again later" not in run["msg"].lower()

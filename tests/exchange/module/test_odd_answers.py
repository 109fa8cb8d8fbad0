# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Undocumented answers: what the user is told about them, and what happens to the money."""

from __future__ import annotations

import base64
import gzip
import json
import time
import typing as t

import pytest
from relay import TRICKLE_SECONDS, Answer, Raw

ORDERS = "/v5/crypto-loan/ongoing-orders"
HISTORY = "/v5/crypto-loan/repayment-history"
REPAY = "/v5/crypto-loan/repay"
DEMO = (
    "this call is not available in demo trading (retCode 10032 \"Demo trading are not supported.\"). The demo host serves no loans. Use "
    "testnet or mainnet (environment or api_url) with a key created there."
)


@pytest.fixture
def replace(relay) -> t.Callable[..., None]:
    """Replace the bodies of the answers to a call on their way, one after the other. The last one repeats."""

    def call(path: str, *bodies: bytes, headers: dict[str, str] | None = None) -> None:
        left = list(bodies)

        def change(answer: Answer) -> Answer:
            return Answer(200, headers or {}, left.pop(0) if len(left) > 1 else left[0], answer.query)

        relay.on(path, change)

    return call


def page_of(rows: list[t.Any], **cursor: t.Any) -> bytes:
    return json.dumps({"retCode": 0, "retMsg": "", "result": {"list": rows, **cursor}}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b'{"retCode":177010,"retCode":0,"result":{"repayId":"1"}}',
        b'{"retCode":0,"result":{"repayId":"\\ud800"}}',
        b'{"retCode":0,"result":{"repayId":' + b"[" * 500 + b"]" * 500 + b"}}",
        b'{"retCode":0,"result":{"repayId":"1","more":1e999999999999}}',
    ],
    ids=["code twice", "half a character", "deep", "huge"],
)
def test_an_answer_that_cannot_be_understood_is_no_success(repay, replace, relay, sandbox, posts, paid, body: bytes) -> None:
    sandbox.fault(answer={"ret_code": 10016}, commit=False)
    replace(REPAY, body)
    run = repay(api_url=relay.url, wait_timeout=0)
    assert (run.failed, run["outcome"], run["repay_id"]) == (True, "unknown", None)
    assert "Traceback" not in run.output
    assert paid() == []


SLOW = {
    "headers": Raw(b"HTTP/1.1 200 OK\r\n", b"X-Header: x\r\n"),
    "body": Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", b"x"),
    "chunks": Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
}


@pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW)
def test_an_answer_that_trickles_does_not_hold_the_loan(repay, relay, posts, paid, answer: Raw) -> None:
    relay.on(REPAY, lambda dummy: answer)
    begun = time.monotonic()
    run = repay(api_url=relay.url, api_timeout=1, recv_window=500)
    assert time.monotonic() - begun < TRICKLE_SECONDS / 2
    assert (run["outcome"], run.details["recovered"], paid(), posts()) == ("executed", True, ["100"], 1)


def test_an_answer_without_end_is_not_read_to_its_end(run_module, replace, relay) -> None:
    bomb = gzip.compress(b" " * (40 * 2**20), mtime=0)
    replace(ORDERS, bomb, headers={"Content-Encoding": "gzip"})
    run = run_module("bybit_loan_info", product="legacy", api_url=relay.url)
    assert run["msg"] == (
        f"No answer from {relay.url} to GET {ORDERS} (the answer is longer than 32 MiB). Check environment or api_url, and "
        f"what is between this machine and the host."
    )


def test_a_circle_of_cursors_is_followed_once(run_module, replace, relay, calls) -> None:
    replace(HISTORY, *(page_of([], nextPageCursor=cursor) for cursor in "ABABAB"))
    run = run_module("bybit_loan_repayment_info", product="legacy", api_url=relay.url)
    assert (run.failed, run["msg"]) == (True, f"The pages of {HISTORY} never end.")
    # The requests of the previous test count for the rate limit, too.
    assert calls().count("GET repayment-history") - run.details["gate_retries"]["rate_limits"] == 3


@pytest.mark.parametrize("cursor", [{"nextPageCursor": 7}, {"nextPageCursor": ["A"]}, {"nextPageCursor": False}], ids=repr)
def test_a_list_that_may_be_incomplete_is_not_shown(run_module, replace, relay, cursor: dict[str, t.Any]) -> None:
    replace(HISTORY, page_of([], **cursor))
    run = run_module("bybit_loan_repayment_info", product="legacy", api_url=relay.url)
    assert (run.failed, "repayments" in run.result) == (True, False)
    assert run["msg"] == f"Bybit's answer to {HISTORY} has an invalid nextPageCursor: it is unknown whether there are more pages."


def test_a_demo_trading_key_is_a_permanent_refusal(repay, sandbox, posts) -> None:
    answer = {"ret_code": 10032, "ret_msg": "Demo trading are not supported."}
    sandbox.control("POST", "faults", {"method": "GET", "path": ORDERS, "answer": answer})
    run = repay()
    assert (run.failed, run["outcome"], run["failure"]["outcome"], posts()) == (True, "not_executed", "not_executed", 0)
    assert run["msg"] == f"{sandbox.url} refused GET {ORDERS}: {DEMO}"


def test_a_repayment_with_a_demo_trading_key_is_a_permanent_refusal(repay, sandbox, posts, paid) -> None:
    sandbox.fault(answer={"ret_code": 10032, "ret_msg": "Demo trading are not supported."})
    run = repay()
    assert (run.failed, run["outcome"], posts(), paid()) == (True, "not_executed", 1, [])
    assert run["msg"].endswith(f"was not made: {DEMO}")


@pytest.mark.parametrize("module", ["bybit_loan_info", "bybit_loan_repayment_info"])
@pytest.mark.parametrize("options", [{}, {"product": "flexible"}], ids=["all", "named"])
def test_a_demo_trading_key_fails_instead_of_leaving_products_out(run_module, sandbox, module: str, options: t.Any) -> None:
    answer = {"ret_code": 10032, "ret_msg": "Demo trading are not supported."}
    sandbox.control("POST", "faults", {"method": "GET", "times": 0, "answer": answer})
    run = run_module(module, **options)
    assert (run.failed, run["failure"]["ret_code"], "unavailable" in run.result) == (True, 10032, False)
    assert run["msg"].endswith(DEMO)
    assert run["msg"].startswith(f"{sandbox.url} refused GET ")


def test_an_unknown_code_is_quoted_without_advice_to_run_again(repay, sandbox, posts) -> None:
    answer = {"ret_code": 424242, "ret_msg": "Never heard of."}
    sandbox.control("POST", "faults", {"method": "GET", "path": ORDERS, "answer": answer})
    run = repay()
    assert (run.failed, run["outcome"], run["failure"]["ret_code"], posts()) == (True, "not_executed", 424242, 0)
    assert 'this collection does not know the return code (retCode 424242 "Never heard of.")' in run["msg"]
    assert "again" not in run["msg"]


def test_a_socks_proxy_without_its_library_is_named(run_module) -> None:
    options = {"product": "flexible", "api_url": "https://api.bybit.invalid"}
    program = (
        "import sys; sys.modules['socks'] = None\n"
        "from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_info as m; m.main()"
    )
    for variable in ("HTTPS_PROXY", "ALL_PROXY"):
        environment = {variable: "socks5h://treasurer:open-sesame@127.0.0.1:1080", "NO_PROXY": "", "no_proxy": ""}
        run = run_module("bybit_loan_info", env=environment, program=("-c", program), **options)
        assert run["msg"].endswith(
            "(Missing dependencies for SOCKS support). Install the Python library PySocks, or check the proxy in HTTPS_PROXY, HTTP_PROXY, or ALL_PROXY, "
            "or exclude the host with NO_PROXY."
        )
        assert "sesame" not in run.output


def test_a_private_key_with_text_around_it_signs(run_module, rsa_keys, tmp_path) -> None:
    around = "Bag Attributes\n    friendlyName: Schl\u00fcssel\n".encode()
    for name, content in {"bag": around, "mark": b"\xef\xbb\xbf", "mark and bag": b"\xef\xbb\xbf" + around}.items():
        (tmp_path / name).write_bytes(content + rsa_keys.private_pem.encode())
        key = {"api_key": "sandbox-rsa-key", "api_secret": None, "rsa_private_key": str(tmp_path / name)}
        assert run_module("bybit_loan_info", product="flexible", **key).failed is False, name


def test_a_public_key_in_place_of_the_private_one_is_named(run_module, rsa_keys, sandbox) -> None:
    key = {"api_key": "sandbox-rsa-key", "api_secret": None, "rsa_private_key": str(rsa_keys.public_path)}
    run = run_module("bybit_loan_info", product="flexible", **key)
    assert run["msg"] == (
        "rsa_private_key is a public key: use the private key that belongs to it."
    )
    openssh = base64.b64encode(b"openssh-key-v1").decode()
    text = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{openssh}\n-----END OPENSSH PRIVATE KEY-----\n"
    run = run_module("bybit_loan_info", product="flexible", **{**key, "rsa_private_key": text})
    assert run["msg"].startswith("rsa_private_key is in OpenSSH format: convert a copy of it to PEM format with 'ssh-keygen")
    assert openssh not in run.output
    assert sandbox.requests()["counts"] == {}

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that no documentation has: what a user reads of them, and what becomes of the money."""

from __future__ import annotations

import base64
import gzip
import json
import socket
import threading
import time
import typing as t

import pytest

ORDERS = "/v5/crypto-loan/ongoing-orders"
HISTORY = "/v5/crypto-loan/repayment-history"
TRICKLE_SECONDS = 30
DEMO = (
    "demo trading does not have this call (retCode 10032 \"Demo trading are not supported.\"): the demo host serves no loans: give "
    "environment or api_url of testnet or mainnet, and a key of it."
)


class Between:
    """Stands between a module and the sandbox, and answers one call in its place, once the sandbox has carried it out.

    :ivar answers: What the calls of a path, such as C(POST /v5/crypto-loan/repay), are answered with, one after the other; the last
        of them again and again.
    """

    def __init__(self, behind: str) -> None:
        self._behind = behind.rpartition("/")[2]
        self.answers: dict[str, list[bytes]] = {}
        self.asked: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, dummy = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(connection,), daemon=True).start()

    def _relay(self, connection: socket.socket) -> None:
        host, port = self._behind.split(":")
        with connection, socket.create_connection((host, int(port))) as behind:
            try:
                while (asked := message(connection)) and (answer := self._exchange(asked, behind)):
                    self._send(connection, answer)
            except OSError:
                # Whoever asked has hung up, as it should.
                return

    def _exchange(self, asked: bytes, behind: socket.socket) -> bytes:
        behind.sendall(asked)
        answer = message(behind)
        call = " ".join(asked.decode("latin-1").split(" ")[:2]).partition("?")[0]
        self.asked.append(call)
        answers = self.answers.get(call, [answer])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def _send(self, connection: socket.socket, answer: bytes) -> None:
        at_once, mark, slowly = answer.partition(b"<slowly>")
        connection.sendall(at_once)
        for second in range(TRICKLE_SECONDS * 5 if mark else 0):
            time.sleep(0.2)
            connection.sendall(slowly)

    def close(self) -> None:
        self._socket.close()


def message(connection: socket.socket) -> bytes:
    """Take a whole request or answer; nothing when the other side has hung up."""
    taken = b""
    while part := connection.recv(65_536):
        taken += part
        head, end, body = taken.partition(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if end and len(body) >= int(lengths[0] if lengths else 0):
            return taken
    return b""


def answer_of(body: bytes, status: int = 200, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def page_of(rows: list[t.Any], **cursor: t.Any) -> bytes:
    body = {"retCode": 0, "retMsg": "", "result": {"list": rows, **cursor}}
    return answer_of(json.dumps(body).encode(), 200, "X-Bapi-Limit: 500")


@pytest.fixture
def between(sandbox) -> t.Iterator[Between]:
    relay = Between(sandbox.url)
    yield relay
    relay.close()


PAGES = {
    "nothing": (400, b""),
    "text": (403, b"access too frequent"),
    "other JSON": (401, b'{"error":"blocked"}'),
    "code as text": (404, b'{"retCode":"10003","retMsg":"no"}'),
    "code twice": (400, b'{"retCode":10003,"retCode":10003}'),
    "page": (404, b"<html>Blocked by your company</html>"),
    "page with a mark": (403, b"\xef\xbb\xbf<html></html>"),
    "page in UTF-16": (401, "<html></html>".encode("utf-16")),
}


@pytest.mark.parametrize(("status", "body"), PAGES.values(), ids=PAGES)
def test_only_the_exchange_can_refuse_a_repayment(repay, between, posts, paid, status: int, body: bytes) -> None:
    """It was made; something in between has replaced the answer."""
    between.answers["POST /v5/crypto-loan/repay"] = [answer_of(body, status)]
    run = repay(api_url=between.url, recv_window=500)
    assert (run.failed, run["changed"], run["outcome"], run["recovered"]) == (False, True, "executed", True)
    assert (paid(), posts()) == (["100"], 1)


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
def test_what_cannot_be_understood_is_no_success(repay, between, sandbox, posts, paid, body: bytes) -> None:
    sandbox.fault(answer="close", commit=False)
    between.answers["POST /v5/crypto-loan/repay"] = [answer_of(body)]
    run = repay(api_url=between.url, wait_timeout=0)
    assert (run.failed, run["outcome"], run["repay_id"]) == (True, "unknown", None)
    assert "Traceback" not in run.output
    assert paid() == []


SLOW = {
    "headers": b"HTTP/1.1 200 OK\r\n<slowly>X-Header: x\r\n",
    "body": b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n<slowly>x",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n<slowly>1\r\nx\r\n",
}


@pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW)
def test_an_answer_that_trickles_does_not_hold_the_loan(repay, between, posts, paid, answer: bytes) -> None:
    between.answers["POST /v5/crypto-loan/repay"] = [answer]
    begun = time.monotonic()
    run = repay(api_url=between.url, api_timeout=1, recv_window=500)
    assert time.monotonic() - begun < TRICKLE_SECONDS / 2
    assert (run["outcome"], run["recovered"], paid(), posts()) == ("executed", True, ["100"], 1)


def test_an_answer_without_end_is_not_read_to_its_end(run_module, between) -> None:
    bomb = gzip.compress(b" " * (40 * 2**20), mtime=0)
    between.answers[f"GET {ORDERS}"] = [answer_of(bomb, 200, "Content-Encoding: gzip")]
    run = run_module("bybit_loan_info", product="legacy", api_url=between.url)
    assert run["msg"] == (
        f"No answer from {between.url} to reading {ORDERS} (the answer is longer than 32 MiB): check environment or api_url, and "
        f"what lies between this machine and the host."
    )


def test_cursors_that_go_round_in_a_circle_are_followed_once(run_module, between) -> None:
    between.answers[f"GET {HISTORY}"] = [page_of([], nextPageCursor=cursor) for cursor in "ABABAB"]
    run = run_module("bybit_loan_repayment_info", product="legacy", api_url=between.url)
    assert (run.failed, run["msg"]) == (True, f"The pages of {HISTORY} do not come to an end.")
    assert between.asked.count(f"GET {HISTORY}") == 3


@pytest.mark.parametrize("cursor", [{"nextPageCursor": 7}, {"nextPageCursor": ["A"]}, {"nextPageCursor": False}], ids=repr)
def test_a_list_that_may_be_cut_is_not_shown(run_module, between, cursor: dict[str, t.Any]) -> None:
    between.answers[f"GET {HISTORY}"] = [page_of([], **cursor)]
    run = run_module("bybit_loan_repayment_info", product="legacy", api_url=between.url)
    assert (run.failed, "repayments" in run.result) == (True, False)
    assert run["msg"] == f"Bybit answered {HISTORY} with an unusable nextPageCursor: it does not say whether there are more pages."


def test_a_key_of_demo_trading_is_refused_for_good(repay, sandbox, posts) -> None:
    answer = {"ret_code": 10032, "ret_msg": "Demo trading are not supported."}
    sandbox.control("POST", "faults", {"method": "GET", "path": ORDERS, "answer": answer})
    run = repay()
    assert (run.failed, run["outcome"], run["failure"]["reading"], posts()) == (True, "not_executed", "not_executed", 0)
    assert run["msg"] == f"Bybit refused reading {ORDERS}: {DEMO}"


def test_a_repayment_by_a_key_of_demo_trading_is_refused_for_good(repay, sandbox, posts, paid) -> None:
    sandbox.fault(answer={"ret_code": 10032, "ret_msg": "Demo trading are not supported."})
    run = repay()
    assert (run.failed, run["outcome"], posts(), paid()) == (True, "not_executed", 1, [])
    assert run["msg"].endswith(f"was not made: {DEMO}")


@pytest.mark.parametrize("module", ["bybit_loan_info", "bybit_loan_repayment_info"])
@pytest.mark.parametrize("options", [{}, {"product": "flexible"}], ids=["all", "named"])
def test_with_a_key_of_demo_trading_no_product_is_merely_left_out(run_module, sandbox, module: str, options: t.Any) -> None:
    answer = {"ret_code": 10032, "ret_msg": "Demo trading are not supported."}
    sandbox.control("POST", "faults", {"method": "GET", "times": 0, "answer": answer})
    run = run_module(module, **options)
    assert (run.failed, run["failure"]["ret_code"], "unavailable" in run.result) == (True, 10032, False)
    assert run["msg"].endswith(DEMO)
    assert run["msg"].startswith("Bybit refused reading ")


def test_an_unknown_code_is_quoted_and_not_put_off(repay, sandbox, posts) -> None:
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
            "(Missing dependencies for SOCKS support.): install PySocks, or check the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY "
            "names, or except the host by NO_PROXY."
        )
        assert "sesame" not in run.output


def test_a_private_key_with_text_around_it_signs(run_module, rsa_keys, tmp_path) -> None:
    around = "Bag Attributes\n    friendlyName: Schl\u00fcssel\n".encode()
    for name, content in {"bag": around, "mark": b"\xef\xbb\xbf", "mark and bag": b"\xef\xbb\xbf" + around}.items():
        (tmp_path / name).write_bytes(content + rsa_keys.private_pem.encode())
        key = {"api_key": "sandbox-rsa-key", "api_secret": None, "rsa_private_key": str(tmp_path / name)}
        assert run_module("bybit_loan_info", product="flexible", **key).failed is False, name


def test_a_key_that_is_not_the_private_one_is_called_so(run_module, rsa_keys, sandbox) -> None:
    key = {"api_key": "sandbox-rsa-key", "api_secret": None, "rsa_private_key": str(rsa_keys.public_path)}
    run = run_module("bybit_loan_info", product="flexible", **key)
    assert run["msg"] == (
        "rsa_private_key is a public key, which is for the exchange to have: give the private key that belongs to it."
    )
    openssh = base64.b64encode(b"openssh-key-v1").decode()
    text = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{openssh}\n-----END OPENSSH PRIVATE KEY-----\n"
    run = run_module("bybit_loan_info", product="flexible", **{**key, "rsa_private_key": text})
    assert run["msg"].startswith("rsa_private_key is a key in the form of OpenSSH: convert a copy of it to PEM form by 'ssh-keygen")
    assert openssh not in run.output
    assert sandbox.requests()["counts"] == {}

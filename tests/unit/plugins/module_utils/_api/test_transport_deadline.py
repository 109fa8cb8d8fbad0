# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A request ends in time, however slow the answer is: real sockets on the loopback address."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.transport import NoReply, Transport
from slow_servers import OK, PATIENCE, PLAIN, SECONDS, Server, fail, once, serve

# Fixtures from another file, which pytest finds here.
__all__ = ["serve"]


def trickle(*parts: bytes) -> t.Callable[[socket.socket], None]:
    """Send the parts at once, except for the last one, which follows byte by byte for a minute."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(b"".join(parts[:-1]))
        for dummy in range(600):
            for number in range(len(parts[-1])):
                time.sleep(0.1)
                connection.sendall(parts[-1][number : number + 1])

    return answer


ONE_HEADER_AFTER_ANOTHER = trickle(OK, b"X-Header: x\r\n")
SLOW = {
    "silence": lambda connection: time.sleep(60),
    "status line": trickle(b"H"),
    "one header": trickle(OK + b"X-Header: ", b"x"),
    "headers": ONE_HEADER_AFTER_ANOTHER,
    "continue": trickle(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": trickle(OK + b"Content-Length: 100000\r\n\r\n", b"x"),
    "body without length": trickle(OK + b"\r\n", b"x"),
    "body of a closing connection": trickle(OK + b"Connection: close\r\nContent-Length: 100000\r\n\r\n", b"x"),
    "chunks": trickle(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "length of a chunk": trickle(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "inside of a chunk": trickle(OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFF\r\n", b"x"),
    "trailers": trickle(OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", b"X: y\r\n"),
    "gzip": trickle(OK + b"Content-Encoding: gzip\r\nContent-Length: 100000\r\n\r\n", gzip.compress(b"x" * 9, mtime=0)),
}


@pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW)
def test_an_answer_that_comes_too_slowly_is_given_up(serve: t.Any, answer: t.Any) -> None:
    error = fail(serve(answer))
    assert (str(error), error.sent) == ("no answer within 0.5 s", True)
    assert error.remedy == "Check the network, or raise api_timeout if the connection is slow."


def test_a_reused_connection_has_no_more_time(serve: t.Any) -> None:
    answers = iter([once(PLAIN), once(PLAIN), ONE_HEADER_AFTER_ANOTHER])

    def answer_in_turn(connection: t.Any) -> None:
        next(answers)(connection)

    server = serve(answer_in_turn)
    transport = Transport(f"http://{server.address}", SECONDS)
    for dummy in range(2):
        # Each request has the full time.
        assert transport.send("GET", "/", {}).body == b"{}"
        time.sleep(SECONDS * 2 / 3)
    begun = time.monotonic()
    with pytest.raises(NoReply, match="no answer within 0.5 s"):
        transport.send("POST", "/", {}, b"{}")
    assert SECONDS * 0.9 < time.monotonic() - begun < SECONDS + PATIENCE
    assert server.connections == 1


def test_a_slow_answer_that_comes_in_time_is_taken(serve: t.Any) -> None:
    def answer(connection: socket.socket) -> None:
        for byte in PLAIN:
            time.sleep(0.005)
            connection.sendall(bytes([byte]))

    assert Transport(f"http://{serve(answer).address}", 30).send("GET", "/", {}).body == b"{}"


RECORD = b"\x16\x03\x03\x40\x00"


def test_a_tls_handshake_counts_for_the_deadline(serve: t.Any) -> None:
    error = fail(serve(trickle(RECORD, b"x")), url="https://{}")
    assert (str(error), error.sent) == ("no answer within 0.5 s", False)


def proxied(server: Server, monkeypatch: pytest.MonkeyPatch) -> NoReply:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://treasurer:open-sesame@{server.address}")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    error = fail(server, url="https://api.bybit.invalid")
    assert not error.sent
    assert "open-sesame" not in str(error) + error.remedy
    return error


@pytest.mark.parametrize("answer", [SLOW["silence"], SLOW["status line"], SLOW["headers"]], ids=["silence", "status line", "headers"])
def test_a_proxy_counts_for_the_deadline(serve: t.Any, monkeypatch: pytest.MonkeyPatch, answer: t.Any) -> None:
    assert str(proxied(serve(answer), monkeypatch)) == "no answer within 0.5 s"


def test_a_tls_handshake_behind_a_slow_proxy_counts_for_the_deadline(serve: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 2.0
    # Allow for a busy machine, but not for a second full wait.
    monkeypatch.setattr(f"{__name__}.SECONDS", seconds)

    def answer(connection: socket.socket) -> None:
        time.sleep(seconds * 0.9)
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        trickle(RECORD, b"x")(connection)

    begun = time.monotonic()
    proxied(serve(answer), monkeypatch)
    # What comes behind the proxy does not get the full time again.
    assert time.monotonic() - begun < seconds * 1.7


def test_a_host_that_does_not_take_the_connection_is_given_up() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = [socket.socket() for dummy in range(4)]
        for each in waiting:
            # The backlog is full after the first connection.
            each.setblocking(False)
            each.connect_ex(server.getsockname())
        begun = time.monotonic()
        with pytest.raises(NoReply, match="no connection within 0.5 s") as caught:
            Transport("http://127.0.0.1:%d" % server.getsockname()[1], SECONDS).send("POST", "/", {}, b"{}")
        assert (time.monotonic() - begun < SECONDS + PATIENCE, caught.value.sent) == (True, False)
        for each in waiting:
            each.close()


def test_each_thread_has_its_own_deadline(serve: t.Any) -> None:
    def answer(connection: socket.socket) -> None:
        time.sleep(1)
        connection.sendall(PLAIN)

    server = serve(answer)
    patient, hasty = Transport(f"http://{server.address}", 30), Transport(f"http://{server.address}", 0.3)
    bodies: list[bytes] = []
    thread = threading.Thread(target=lambda: bodies.append(patient.send("GET", "/", {}).body))
    thread.start()
    time.sleep(0.2)
    with pytest.raises(NoReply):
        hasty.send("GET", "/", {})
    thread.join()
    assert bodies == [b"{}"]

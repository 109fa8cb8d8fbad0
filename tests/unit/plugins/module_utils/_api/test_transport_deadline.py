# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A request ends in time, however slow or endless the answer is: real sockets on the loopback address."""

from __future__ import annotations

import gzip
import re
import socket
import threading
import time
import typing as t
import zlib

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.transport import NoReply, Reply, Transport

SECONDS = 0.5
# Long enough for a busy machine, and shorter than any of these answers.
PATIENCE = 5
MIB = 2**20
OK = b"HTTP/1.1 200 OK\r\n"
PLAIN = OK + b"Content-Length: 2\r\n\r\n{}"


def whole_request(connection: socket.socket) -> bool:
    """Receive a request, or the start of a TLS handshake. Return whether one came."""
    taken = b""
    while part := connection.recv(65_536):
        taken += part
        head, end, body = taken.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        if taken.startswith(b"\x16") or (end and len(body) >= int(length[1] if length else 0)):
            return True
    return False


class Server:
    """Passes each connection to a function in a separate thread."""

    def __init__(self, answer: t.Callable[[socket.socket], None]) -> None:
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._socket.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, dummy = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer_all, args=(connection,), daemon=True).start()

    def _answer_all(self, connection: socket.socket) -> None:
        with connection:
            try:
                while whole_request(connection):
                    self._answer(connection)
            except OSError:
                # The client hung up, as it should.
                return

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def serve() -> t.Iterator[t.Callable[[t.Callable[[socket.socket], None]], Server]]:
    servers: list[Server] = []

    def begin(answer: t.Callable[[socket.socket], None]) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


def trickle(*parts: bytes) -> t.Callable[[socket.socket], None]:
    """Send the parts at once, except for the last one, which follows byte by byte for a minute."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(b"".join(parts[:-1]))
        for dummy in range(600):
            for number in range(len(parts[-1])):
                time.sleep(0.1)
                connection.sendall(parts[-1][number : number + 1])

    return answer


def flood(head: bytes, part: bytes) -> t.Callable[[socket.socket], None]:
    """Send a part again and again until the client hangs up."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(part)

    return answer


def once(*parts: bytes) -> t.Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(b"".join(parts))


def compressed(content: bytes, coding: str = "gzip") -> bytes:
    packed = zlib.compress(content) if coding == "deflate" else gzip.compress(content, mtime=0)
    return OK + f"Content-Encoding: {coding}\r\nContent-Length: {len(packed)}\r\n\r\n".encode() + packed


def fail(server: Server, body: bytes | None = b"{}", url: str = "http://{}") -> NoReply:
    begun = time.monotonic()
    with pytest.raises(NoReply) as caught:
        Transport(url.format(server.address), SECONDS).send("GET" if body is None else "POST", "/", {}, body)
    assert time.monotonic() - begun < SECONDS + PATIENCE
    return caught.value


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


LENGTHY = {
    "with its length": flood(OK + b"Content-Length: 99999999999\r\n\r\n", b"x" * MIB),
    "without length": flood(OK + b"\r\n", b"x" * MIB),
    "in chunks": flood(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
    "in one chunk": flood(OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFF\r\n", b"x" * MIB),
    "packed with gzip": once(compressed(b"x" * (33 * MIB))),
    "packed by zlib": once(compressed(b"x" * (33 * MIB), "deflate")),
}


@pytest.mark.parametrize("answer", LENGTHY.values(), ids=LENGTHY)
def test_an_answer_that_is_too_long_is_given_up(serve: t.Any, answer: t.Any) -> None:
    server = serve(answer)
    with pytest.raises(NoReply) as caught:
        Transport(f"http://{server.address}", 60).send("POST", "/", {}, b"{}")
    assert (str(caught.value), caught.value.sent) == ("the answer is longer than 32 MiB", True)


def test_after_an_answer_without_end_the_next_request_has_a_connection_of_its_own(serve: t.Any) -> None:
    answers = iter([LENGTHY["with its length"], once(PLAIN)])

    def answer_in_turn(connection: t.Any) -> None:
        next(answers)(connection)

    server = serve(answer_in_turn)
    transport = Transport(f"http://{server.address}", 60)
    with pytest.raises(NoReply):
        transport.send("POST", "/", {}, b"{}")
    assert (transport.send("GET", "/", {}).body, server.connections) == (b"{}", 2)


def test_nested_compression_is_refused(serve: t.Any) -> None:
    """A nested bomb would be a million times as large as the data on the wire."""
    once_packed = gzip.compress(b"{}", mtime=0)
    twice = gzip.compress(once_packed, mtime=0)
    server = serve(once(OK, f"Content-Encoding: gzip, gzip\r\nContent-Length: {len(twice)}\r\n\r\n".encode(), twice))
    assert Transport(f"http://{server.address}", 60).send("GET", "/", {}).body == twice


@pytest.mark.parametrize("packed", [b"\x1f\x8b\x08garbage", gzip.compress(b"{}", mtime=0)[:-4], gzip.compress(b"{}", mtime=0) + b"{}", b"{}"], ids=repr)
def test_badly_compressed_data_is_no_answer(serve: t.Any, packed: bytes) -> None:
    server = serve(once(OK, f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode(), packed))
    error = fail(server)
    assert (str(error), error.sent) == ("the answer cannot be decompressed", True)


LONG = b"x" * (2 * MIB)
WELL = {
    "short": (once(PLAIN), b"{}"),
    "empty": (once(OK, b"Content-Length: 0\r\n\r\n"), b""),
    "empty and packed": (once(OK, b"Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"), b""),
    "long": (once(OK, b"Content-Length: %d\r\n\r\n" % len(LONG), LONG), LONG),
    "in chunks": (once(OK, b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\n{\"\r\n3\r\na\":\r\n2\r\n1}\r\n0\r\n\r\n"), b'{"a":1}'),
    "packed with gzip": (once(compressed(LONG)), LONG),
    "packed with x-gzip": (once(compressed(LONG, "x-gzip")), LONG),
    "packed by zlib": (once(compressed(LONG, "deflate")), LONG),
    "after a continue": (once(b"HTTP/1.1 100 Continue\r\n\r\n", PLAIN), b"{}"),
}


@pytest.mark.parametrize(("answer", "body"), WELL.values(), ids=WELL)
def test_any_other_answer_is_taken_and_the_connection_kept(serve: t.Any, answer: t.Any, body: bytes) -> None:
    server = serve(answer)
    transport = Transport(f"http://{server.address}", 30)
    for method, sent in (("GET", None), ("POST", b"{}"), ("GET", None)):
        reply: Reply = transport.send(method, "/", {}, sent)
        assert (reply.status, reply.body == body) == (200, True)
    assert server.connections == 1


def test_each_thread_has_a_deadline_of_its_own(serve: t.Any) -> None:
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

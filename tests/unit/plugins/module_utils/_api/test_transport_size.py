# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A request ends however long or deeply compressed the answer is: real sockets on the loopback address."""

from __future__ import annotations

import gzip
import socket
import typing as t
import zlib

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.transport import NoReply, Reply, Transport
from slow_servers import OK, PLAIN, fail, once, serve

# Fixtures from another file, which pytest finds here.
__all__ = ["serve"]
MIB = 2**20


def flood(head: bytes, part: bytes) -> t.Callable[[socket.socket], None]:
    """Send a part again and again until the client hangs up."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(part)

    return answer


def compressed(content: bytes, coding: str = "gzip") -> bytes:
    packed = zlib.compress(content) if coding == "deflate" else gzip.compress(content, mtime=0)
    return OK + f"Content-Encoding: {coding}\r\nContent-Length: {len(packed)}\r\n\r\n".encode() + packed


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


def test_after_an_endless_answer_the_next_request_has_a_new_connection(serve: t.Any) -> None:
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

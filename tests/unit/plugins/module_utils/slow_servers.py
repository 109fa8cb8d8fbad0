# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers on the loopback address that answer slowly, endlessly, or in a compressed form."""

from __future__ import annotations

import re
import socket
import threading
import time
import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.transport import NoReply, Transport

SECONDS = 0.5
# Long enough for a busy machine, and shorter than any of these answers.
PATIENCE = 5
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


def once(*parts: bytes) -> t.Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(b"".join(parts))


def fail(server: Server, body: bytes | None = b"{}", url: str = "http://{}") -> NoReply:
    begun = time.monotonic()
    with pytest.raises(NoReply) as caught:
        Transport(url.format(server.address), SECONDS).send("GET" if body is None else "POST", "/", {}, body)
    assert time.monotonic() - begun < SECONDS + PATIENCE
    return caught.value

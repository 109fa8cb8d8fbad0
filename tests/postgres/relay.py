# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A relay between a client and PostgreSQL that loses a COMMIT, or the answer to it."""

from __future__ import annotations

import contextlib
import socket
import threading
import typing as t
from urllib.parse import urlsplit

Loses = t.Literal["nothing", "commit", "answer"]


class _Relay:
    """Passes on the data of both sides.

    :ivar url: The URL of the database through the relay.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = url.replace(f":{parts.port}/", f":{self._listener.getsockname()[1]}/")
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        # This wakes up a thread that waits in accept(); close() alone does not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        raise NotImplementedError

    @staticmethod
    def _pass_on(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)


class CommitRelay(_Relay):
    """Cuts a connection at a COMMIT, either before the COMMIT or after the server's answer.

    :ivar loses: What the next COMMIT loses; set back to "nothing" afterwards.
    """

    loses: Loses = "nothing"

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server:
            answers = threading.Thread(target=self._pass_on, args=(server, client), daemon=True)
            answers.start()
            with contextlib.suppress(OSError):
                while data := client.recv(65536):
                    loses = self.loses
                    if b"COMMIT" in data and loses != "nothing":
                        # Reset this before the cut, because the client may change it right after the cut.
                        self.loses = "nothing"
                        self._lose(client, server, data if loses == "answer" else b"")
                        break
                    server.sendall(data)
            for side in (client, server):
                with contextlib.suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)
            answers.join()

    @staticmethod
    def _lose(client: socket.socket, server: socket.socket, data: bytes) -> None:
        # From here on, nothing reaches the client.
        client.shutdown(socket.SHUT_RDWR)
        server.sendall(data)
        # The server reads no further, and ends cleanly once it has executed what it got.
        server.shutdown(socket.SHUT_WR)


class IntentRelay(_Relay):
    """Holds back the answer to the COMMIT of an intent until told to pass it on, whatever happens to the server's side meanwhile.

    :ivar is_held: Set when an answer is held back.
    :ivar passes_on: Set this to pass on the answer.
    """

    def __init__(self, url: str) -> None:
        self.is_held, self.passes_on = threading.Event(), threading.Event()
        self._holds = False
        super().__init__(url)

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server:
            answers = threading.Thread(target=self._answer, args=(server, client), daemon=True)
            answers.start()
            with contextlib.suppress(OSError):
                while data := client.recv(65536):
                    self._holds = self._holds or b"INSERT INTO bybit_intents" in data
                    server.sendall(data)
            answers.join()

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if self._holds:
                    self.is_held.set()
                    self.passes_on.wait()
                client.sendall(data)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

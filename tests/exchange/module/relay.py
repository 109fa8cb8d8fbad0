# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A relay between a module and the sandbox, for answers that the sandbox cannot inject."""

from __future__ import annotations

import http.client
import json
import threading
import time
import typing as t
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answer(t.NamedTuple):
    """An answer of the exchange.

    :ivar query: The query of the request.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    query: dict[str, str]


class Raw(t.NamedTuple):
    """Bytes to send instead before the connection is closed.

    :ivar slowly: Bytes to send after that, five times a second, until the client hangs up.
    """

    at_once: bytes
    slowly: bytes = b""


Change = t.Callable[[Answer], "Answer | Raw"]
# Longer than any client in these tests waits.
TRICKLE_SECONDS = 30
_OF_A_CONNECTION = {"connection", "content-length", "date", "server", "transfer-encoding"}


class Relay:
    """Passes on each request unchanged, and each answer as its rule says. By then, the exchange has carried out the request."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urllib.parse.urlsplit(upstream)
        self._changes: dict[str, Change] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def on(self, path: str, change: Change) -> None:
        """Change each answer to a call."""
        self._changes[path] = change

    def edit(self, path: str, edit: t.Callable[[dict[str, t.Any]], None]) -> None:
        """Change the result in each successful answer to a call."""

        def change(answer: Answer) -> Answer:
            document = json.loads(answer.body)
            if document["retCode"] == 0:
                edit(document["result"])
            return answer._replace(body=json.dumps(document).encode())

        self.on(path, change)

    def end(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _ask(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> Answer | Raw:
        connection = http.client.HTTPConnection(self._upstream.hostname or "", self._upstream.port, timeout=30)
        try:
            connection.request(method, target, body or None, headers)
            response = connection.getresponse()
            kept = {name: value for name, value in response.getheaders() if name.lower() not in _OF_A_CONNECTION}
            parts = urllib.parse.urlsplit(target)
            answer = Answer(response.status, kept, response.read(), dict(urllib.parse.parse_qsl(parts.query)))
        finally:
            connection.close()
        return self._changes[parts.path](answer) if parts.path in self._changes else answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        relay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {n: v for n, v in self.headers.items() if n.lower() not in (*_OF_A_CONNECTION, "host")}
                try:
                    answer = relay._ask(self.command, self.path, body, headers)
                except (http.client.HTTPException, ConnectionError):
                    # The exchange hung up, so the relay does as well.
                    self.close_connection = True
                    return
                if isinstance(answer, Raw):
                    self.close_connection = True
                    self._write_raw(answer)
                    return
                self.send_response(answer.status)
                for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            def _write_raw(self, raw: Raw) -> None:
                try:
                    self.wfile.write(raw.at_once)
                    for dummy in range(TRICKLE_SECONDS * 5 if raw.slowly else 0):
                        time.sleep(0.2)
                        self.wfile.write(raw.slowly)
                except OSError:
                    # The client hung up, as it should.
                    return

            do_GET = do_POST = pass_on

            def log_message(self, *dummy: t.Any) -> None:
                """Log nothing, because the sandbox keeps the log."""

        return Handler

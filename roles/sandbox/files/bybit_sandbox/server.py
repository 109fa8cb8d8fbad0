# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP server: passes each request to the exchange, the control API, or the page."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
import sys
import traceback
from collections.abc import Callable

from aiohttp import web

from . import cross_origin, http_messages, page
from .control import actions
from .errors import SandboxError
from .exchange import Exchange
from .faults.fault import CONNECTION_FAULTS
from .http_messages import IncomingRequest, Reply

SHUTDOWN_SECONDS = 0.2
# A seed with ten thousand loans and their repayments takes several megabytes.
MOST_BYTES = 64 * 1024 * 1024


class Handler:
    def __init__(self, exchange: Exchange, host: str) -> None:
        self.exchange = exchange
        self.host = host

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._answer(await _incoming(request), request)
        except ConnectionError:
            # The client closed the connection in the middle of its request.
            return web.Response()
        except web.HTTPRequestEntityTooLarge:
            return http_messages.to_aiohttp(Reply(413, b"Request entity too large", "text/plain; charset=utf-8"))
        except Exception as error:
            # An internal error must be answered with 500 and never leave a client hanging.
            traceback.print_exc(file=sys.stderr)
            sys.stderr.flush()
            return http_messages.to_aiohttp(http_messages.json_reply(500, {"error": f"Internal error in the stand-in exchange: {error!r}"}))

    async def _answer(self, incoming: IncomingRequest, request: web.BaseRequest) -> web.StreamResponse:
        refused = cross_origin.refusal(incoming, self._here(request))
        if refused is not None:
            return http_messages.to_aiohttp(refused)
        if incoming.path.startswith("/v5/"):
            fault, reply = await self.exchange.answer(incoming)
            if fault in CONNECTION_FAULTS:
                return http_messages.break_connection(request, fault, reply)
            return http_messages.to_aiohttp(reply)
        if incoming.path.startswith("/sandbox/"):
            return http_messages.to_aiohttp(actions.respond(self.exchange, incoming))
        found = page.respond(incoming) or Reply(404, b"404 page not found", "text/plain; charset=utf-8")
        return http_messages.to_aiohttp(found)

    def _here(self, request: web.BaseRequest) -> cross_origin.ListenAddress:
        if request.transport is None:
            raise ConnectionResetError("the client closed the connection")
        return cross_origin.ListenAddress(self.host, request.transport.get_extra_info("sockname")[1], request.secure)


def _request(*parts: object) -> web.BaseRequest:
    return web.BaseRequest(*parts, asyncio.get_running_loop(), client_max_size=MOST_BYTES)


async def _incoming(request: web.BaseRequest) -> IncomingRequest:
    # The library re-quotes the parsed URL, but the signature covers the target as it was sent.
    target = request.message.path.partition("#")[0]
    if not target.startswith("/"):
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _mark, query = target.partition("?")
    return IncomingRequest(
        request.method, path, query.encode("utf-8", "surrogateescape"), await request.read(), request.headers,
        request.remote or "",
    )


async def serve(
    exchange: Exchange, host: str, port: int, context: ssl.SSLContext | None, lifetime: float | None,
    ready: Callable[[int], None],
) -> None:
    """Serve until a signal or the end of the lifetime; call ready with the port once the server listens."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    server = web.Server(Handler(exchange, host), request_factory=_request, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    site = web.TCPSite(runner, host, port, ssl_context=context)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise SandboxError(f"Cannot listen on {host} port {port}: {error.strerror or error}. Use another port, or 0 for a free one") from error
    ready(runner.addresses[0][1])
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(stop.wait(), lifetime)
    await runner.cleanup()

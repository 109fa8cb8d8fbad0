# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP requests as they arrive, and replies as they leave, including broken ones."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"
HTML_BODY = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
NO_JSON_BODY = b"upstream connect error or disconnect/reset before headers"


@dataclass(frozen=True)
class IncomingRequest:
    """One request as it arrived; raw_query and body are exactly what was signed."""

    method: str
    path: str
    raw_query: bytes
    body: bytes
    headers: Mapping[str, str]
    remote: str

    @property
    def endpoint(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Reply:
    """A reply, before a fault breaks it."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)
    ret_code: int | None = None


def json_reply(status: int, document: object) -> Reply:
    return Reply(status, json.dumps(document, separators=(",", ":")).encode())


def envelope(code: int, message: str, result: dict, now: int) -> Reply:
    """The exchange's usual answer."""
    reply = json_reply(200, {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": now})
    reply.ret_code = code
    return reply


def replaced_by_fault(answer: str | dict, reply: Reply, now: int) -> Reply:
    """The reply that a fault sends instead of the correct one."""
    if isinstance(answer, dict):
        if "ret_code" in answer:
            changed = envelope(answer["ret_code"], answer["ret_msg"], {}, now)
            changed.headers.update(reply.headers)
        else:
            changed = Reply(answer["http_status"], answer["body"].encode(), "text/plain; charset=utf-8")
        changed.headers.update(answer["headers"])
        return changed
    if answer == "html_502":
        return Reply(502, HTML_BODY, HTML_TYPE)
    if answer == "html_200":
        return Reply(200, HTML_BODY.replace(b"502 Bad Gateway", b"Please wait"), HTML_TYPE)
    if answer == "not_json":
        return Reply(200, NO_JSON_BODY)
    return reply


def to_aiohttp(reply: Reply) -> web.Response:
    return web.Response(
        status=reply.status, body=reply.body, headers={"Content-Type": reply.content_type, **reply.headers}
    )


def break_connection(request: web.BaseRequest, how: str, reply: Reply) -> web.Response:
    """Break the connection as the fault says; the returned response is never sent."""
    transport = request.transport
    if transport is None:
        return web.Response()
    if how == "reset":
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
        return web.Response()
    if how == "truncate":
        headers = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body)), **reply.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {reply.status} OK\r\n{lines}\r\n"
        transport.write(head.encode() + reply.body[: len(reply.body) // 2])
    transport.close()
    return web.Response()

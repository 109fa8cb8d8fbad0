# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protection against pages of other sites, which can make a browser on this machine send requests here."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from .http_messages import IncomingRequest, Reply, json_reply

# For the control API and the page: other pages may not embed them, and browsers may not guess their type or cache them.
SECURITY_HEADERS = {
    "Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
}
JSON = "application/json"
# curl's default for any body, and aiohttp's for an empty one.
CURL_DEFAULT, AIOHTTP_DEFAULT = "application/x-www-form-urlencoded", "application/octet-stream"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NETLOC = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[0-9A-Za-z._-]+))(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True)
class ListenAddress:
    """Where a request arrived; host is the value of --host."""

    host: str
    port: int
    tls: bool

    @property
    def scheme(self) -> str:
        return "https" if self.tls else "http"

    @property
    def is_everywhere(self) -> bool:
        address = _address(self.host)
        return address is not None and address.is_unspecified

    def answers_to(self, netloc: str) -> bool:
        """Whether this names the stand-in itself; anyone can point a domain name here, but not an IP address."""
        parts = _NETLOC.fullmatch(netloc)
        if parts is None:
            return False
        name = (parts["six"] or parts["name"]).lower()
        if self.is_everywhere:
            # A container does not know the address and port at which it is reached.
            return name == "localhost" or _address(name) is not None
        port = int(parts["port"] or (443 if self.tls else 80))
        return port == self.port and _normalized(name) in {_normalized(own) for own in (self.host.lower(), *LOOPBACK)}


def refusal(incoming: IncomingRequest, here: ListenAddress) -> Reply | None:
    """The refusal of a request that a page of another site may have sent; None if the request is allowed."""
    if _is_foreign(incoming, here):
        return _refused(
            403, "Pages of other origins may not use this exchange: send no Origin and Sec-Fetch-Site, or use its own page"
        )
    if incoming.path.startswith("/v5/"):
        # The exchange's requests are signed, and a proxy may reach the exchange by any name.
        return None
    if not here.answers_to(incoming.headers.get("Host", "")):
        return _refused(403, f"The page and the control API do not answer to the name in Host: use {_remedy(here)}")
    if incoming.method != "GET" and not _is_json(incoming):
        return _refused(415, f"The control API takes only JSON: send Content-Type {JSON}")
    return None


def _refused(status: int, sentence: str) -> Reply:
    reply = json_reply(status, {"error": sentence})
    reply.headers.update(SECURITY_HEADERS)
    return reply


def _remedy(here: ListenAddress) -> str:
    if here.is_everywhere:
        return "an IP address or localhost, or start it with --host set to that name"
    host = f"[{here.host}]" if ":" in here.host else here.host
    return f"{here.scheme}://{host}:{here.port}"


def _is_foreign(incoming: IncomingRequest, here: ListenAddress) -> bool:
    headers = incoming.headers
    origin = headers.get("Origin")
    if origin is not None:
        scheme, _mark, netloc = origin.partition("://")
        if scheme != here.scheme or netloc != headers.get("Host") or not here.answers_to(netloc):
            return True
    # Following a link leaves the other site, which gains no access to the page.
    link = incoming.endpoint == "GET /" and headers.get("Sec-Fetch-Dest") == "document"
    return headers.get("Sec-Fetch-Site", "none").lower() not in ("none", "same-origin") and not link


def _is_json(incoming: IncomingRequest) -> bool:
    kind = incoming.headers.get("Content-Type", JSON).partition(";")[0].strip().lower()
    # A browser that sends a form, or no content type, always sends one of these headers.
    by_browser = any(name.lower() == "origin" or name.lower().startswith("sec-fetch-") for name in incoming.headers)
    client_default = kind == CURL_DEFAULT or (kind == AIOHTTP_DEFAULT and not incoming.body)
    return kind == JSON or (client_default and not by_browser)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _normalized(name: str) -> str:
    """The address in the one spelling used for comparison."""
    return str(_address(name) or name)

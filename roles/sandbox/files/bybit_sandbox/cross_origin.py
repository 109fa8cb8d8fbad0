# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is kept out: pages of other sites, which can have the browser on this machine ask for anything here."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from .http_messages import IncomingRequest, Reply, json_reply

# With each answer that is not the exchange's: for no other page to embed, to guess the type of, or to keep.
SECURITY_HEADERS = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff"}
JSON = "application/json"
# What curl says of any body, and aiohttp of none.
CURLS_OWN, AIOHTTPS_OWN = "application/x-www-form-urlencoded", "application/octet-stream"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NETLOC = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[0-9A-Za-z._-]+))(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True)
class ListenAddress:
    """Where a request has arrived: host is what the stand-in was told to listen on."""

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
        """Whether this is the stand-in's own name; anybody can have a name of theirs lead here, but not an address."""
        parts = _NETLOC.fullmatch(netloc)
        if parts is None:
            return False
        name = (parts["six"] or parts["name"]).lower()
        if self.is_everywhere:
            # A container may be reached at an address and a port that it knows nothing of.
            return name == "localhost" or _address(name) is not None
        port = int(parts["port"] or (443 if self.tls else 80))
        return port == self.port and _same(name) in {_same(own) for own in (self.host.lower(), *LOOPBACK)}


def refusal(incoming: IncomingRequest, here: ListenAddress) -> Reply | None:
    """What is answered to a request that a page of another site may have caused; None for all others."""
    if _is_foreign(incoming, here):
        return _refused(403, "A page of another origin may not use this exchange: ask without Origin and Sec-Fetch-Site, or from its own page")
    if incoming.path.startswith("/v5/"):
        # These are signed, and a relay may call the exchange by any name.
        return None
    if not here.answers_to(incoming.headers.get("Host", "")):
        return _refused(403, f"The page and the control calls do not answer to the name in Host: use {_remedy(here)}")
    if incoming.method != "GET" and not _is_json(incoming):
        return _refused(415, f"The control calls take only JSON: send it with Content-Type {JSON}")
    return None


def _refused(status: int, sentence: str) -> Reply:
    reply = json_reply(status, {"error": sentence})
    reply.headers.update(SECURITY_HEADERS)
    return reply


def _remedy(here: ListenAddress) -> str:
    if here.is_everywhere:
        return "an IP address or localhost, or have --host name what it shall listen on and answer to"
    host = f"[{here.host}]" if ":" in here.host else here.host
    return f"{here.scheme}://{host}:{here.port}"


def _is_foreign(incoming: IncomingRequest, here: ListenAddress) -> bool:
    headers = incoming.headers
    origin = headers.get("Origin")
    if origin is not None:
        scheme, _mark, netloc = origin.partition("://")
        if scheme != here.scheme or netloc != headers.get("Host") or not here.answers_to(netloc):
            return True
    # Whoever follows a link to the page has left the other site.
    link = incoming.endpoint == "GET /" and headers.get("Sec-Fetch-Dest") == "document"
    return headers.get("Sec-Fetch-Site", "none").lower() not in ("none", "same-origin") and not link


def _is_json(incoming: IncomingRequest) -> bool:
    kind = incoming.headers.get("Content-Type", JSON).partition(";")[0].strip().lower()
    # No browser sends a form, or leaves out the type, without naming the origin or itself.
    by_browser = any(name.lower() == "origin" or name.lower().startswith("sec-fetch-") for name in incoming.headers)
    by_itself = kind == CURLS_OWN or (kind == AIOHTTPS_OWN and not incoming.body)
    return kind == JSON or (by_itself and not by_browser)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _same(name: str) -> str:
    """However an address is written."""
    return str(_address(name) or name)

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The address of an API: its canonical spelling, and the realm in which its accounts exist.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
import unicodedata
from urllib.parse import unquote, urlsplit

_Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

MAINNET, TESTNET, DEMO = "mainnet", "testnet", "demo"

_DEFAULT_PORTS = {"https": 443, "http": 80}
# "Environment" in the exchange's integration guidance lists api.bybit.com, api.bytick.com, api.bybit.nl, .tr, .kz, .ae, .eu, and .id,
# api.bybitgeorgia.ge, and api.manepa.jp. Its P2P guide adds api.byhkbit.com, and its page on rate limits api.bybick.com.
_OF_THE_EXCHANGE = re.compile(r"bybit[a-z0-9-]*|bytick|bybick|byhkbit|manepa")
_OF_AN_API = re.compile(r"(?:[a-z0-9]+-)*api[0-9]*(?:-[a-z0-9]+)*")
_DOTS = re.compile("[\u3002\uff0e\uff61]")
_NUMBER = re.compile("0x[0-9a-f]*|[0-9]+")
_BRACKETED = re.compile(r"\[[^][]*:[^][]*\](?::[0-9]*)?")
_ASCII_LABEL = re.compile("[a-z0-9_-]{1,63}")


class NoAddress(ValueError):
    """The text is not the URL of an API; the exception does not quote it, because it may contain a password."""


def realm_of(url: str) -> str:
    """Return the realm of the accounts behind a URL: the same for all hosts and spellings that lead to them.

    :raises NoAddress: If it is not the URL of an API.
    """
    scheme, host, port, path = _parts_of(url)
    labels = host.split(".")
    if _OF_AN_API.fullmatch(labels[0]) and any(map(_OF_THE_EXCHANGE.fullmatch, labels[1:3])):
        return DEMO if "demo" in labels[0] else TESTNET if "testnet" in labels[0] else MAINNET
    # Some servers treat these spellings of a path alike. They count as one realm, because two would split the journal.
    folded = re.sub("/{2,}", "/", unicodedata.normalize("NFKC", unquote(path))).lower().rstrip("/")
    return _netloc(scheme, _machine(host), port) + folded


def canonical_url(url: str) -> str:
    """Return the URL in its canonical spelling, without a trailing slash.

    :raises NoAddress: If it is not the URL of an API.
    """
    scheme, host, port, path = _parts_of(url)
    return f"{scheme}://{_netloc(scheme, host, port)}{path}"


def is_loopback(url: str) -> bool:
    """Return whether a URL certainly leads to this machine; false for names under C(.localhost), which may resolve to any host."""
    try:
        host = _parts_of(url)[1]
    except NoAddress:
        return False
    return host == "localhost" or _is_loopback_address(host)


def _machine(host: str) -> str:
    """Return a host in which different addresses of one machine are spelled alike: loopback, unspecified, and IPv4-mapped ones."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    # A connection to the unspecified address reaches this machine.
    return "localhost" if _is_loopback_address(host) or address.is_unspecified else str(_unmapped(address))


def _is_loopback_address(host: str) -> bool:
    try:
        return _unmapped(ipaddress.ip_address(host)).is_loopback
    except ValueError:
        return False


def _unmapped(address: _Address) -> _Address:
    return getattr(address, "ipv4_mapped", None) or address


def _parts_of(url: str) -> tuple[str, str, int | None, str]:
    if re.search(r"[\s\\]", url) or not url.isprintable():
        raise NoAddress("it contains characters that are not allowed in a URL")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        # The text of this error may quote a password.
        raise NoAddress("it cannot be parsed") from None
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise NoAddress("it lacks a scheme or a host")
    if "@" in parts.netloc or parts.query or parts.fragment or url.endswith(("?", "#")):
        raise NoAddress("it has a user, a query, or a fragment")
    if re.search(r"[][]", parts.netloc) and not _BRACKETED.fullmatch(parts.netloc):
        raise NoAddress("its brackets do not enclose an IPv6 address")
    return parts.scheme, _one_spelling(host), port, _one_path(parts.path)


def _netloc(scheme: str, host: str, port: int | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port in (None, _DEFAULT_PORTS[scheme]) else f"{shown}:{port}"


def _one_spelling(host: str) -> str:
    """Return the canonical spelling of a host name or address.

    :raises NoAddress: If no such host can exist.
    """
    if ":" in host:
        address, percent, zone = host.partition("%")
        try:
            return str(ipaddress.IPv6Address(address)) + percent + zone
        except ValueError:
            raise NoAddress("its brackets do not enclose an IPv6 address") from None
    name = _DOTS.sub(".", unicodedata.normalize("NFKC", host)).lower()
    labels = [_label(label) for label in name[: -1 if name.endswith(".") else None].split(".")]
    return _ipv4(labels) if _NUMBER.fullmatch(labels[-1]) else ".".join(labels)


def _label(label: str) -> str:
    if _ASCII_LABEL.fullmatch(label):
        return label
    label = unicodedata.normalize("NFKC", label)
    is_word = all(c.isalnum() or c in "-_" or unicodedata.category(c).startswith("M") for c in label)
    if not label or label.isascii() or not is_word:
        raise NoAddress("its host name is invalid")
    return "xn--" + label.encode("punycode").decode()


def _ipv4(labels: list[str]) -> str:
    """Return an IPv4 address as four decimal numbers; resolvers also accept fewer, octal, and hexadecimal ones."""
    try:
        *first, last = [_number(label) for label in labels]
        if len(first) > 3 or any(number > 255 for number in first) or last >= 256 ** (4 - len(first)):
            raise ValueError("a number is too large")
    except ValueError:
        raise NoAddress("its IPv4 address is invalid") from None
    value = last + sum(number << (24 - 8 * place) for place, number in enumerate(first))
    return str(ipaddress.IPv4Address(value))


def _number(label: str) -> int:
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    return int(label, 8 if label.startswith("0") else 10)


def _one_path(path: str) -> str:
    """Return a path without dot segments and unnecessary escapes."""
    plain = re.sub("%[0-9A-Fa-f]{2}", _needed_escape, path)
    kept: list[str] = []
    for segment in plain.split("/"):
        if segment == "..":
            # Keep the first element, the empty text before the first slash.
            del kept[max(1, len(kept) - 1):]
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept).rstrip("/")


def _needed_escape(found: re.Match[str]) -> str:
    character = chr(int(found[0][1:], 16))
    return character if re.fullmatch("[A-Za-z0-9._~-]", character) else found[0].upper()

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Quote text from elsewhere without the secrets in it. Ansible itself hides only complete secrets.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import base64
import html
import json
import re
import typing as t
import unicodedata
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "…"
# Text beyond this length is not scanned.
_MAX_SCANNED = 20_000
_MAX_URL_LENGTH = 200
_PROXY = re.compile(
    r"(?:(?:https?|socks4a?|socks5h?)://|//)?(?!(?:https?|socks[0-9a-z]*):)"
    r"(?:(?P<user>[^/?#\\\[\]]*)@)?(?:[^/?#\\\[\]@: ]+|\[[^][/?#\\@ ]+\])(?::[0-9]{1,5})?(?:/[^@?#]*)?",
    re.IGNORECASE,
)
_DELIMITERS = "@:/?#[]\\"


class NoProxy(ValueError):
    """The text is not the URL of a proxy. The exception does not quote it.

    :ivar has_user: Whether the text seems to contain a user or a password.
    """

    def __init__(self, has_user: bool) -> None:
        super().__init__("the proxy URL is invalid")
        self.has_user = has_user


def quotable(text: str, max_length: int, secrets: t.Iterable[str] = ()) -> str:
    """Return text from elsewhere as it may be quoted in a message: without secrets, on one line, and of limited length.

    :param max_length: The maximum number of characters.
    :param secrets: What must not be shown, in any form in which it was returned.
    """
    is_cut, text = len(text) > _MAX_SCANNED, text[:_MAX_SCANNED]
    # Skip forms that are longer than the text: most answers are just "OK".
    forms = sorted({form for secret in secrets for form in forms_of(secret) if len(form) <= len(text)}, key=len, reverse=True)
    if forms:
        text = re.sub("|".join(map(re.escape, forms)), HIDDEN, text, flags=re.IGNORECASE)
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    if len(text) <= max_length and not is_cut:
        return text
    # Cut only between words: Ansible does not recognize half a secret.
    words = text[: max_length + 1].rpartition(" ")[0].rstrip()
    return f"{words} {HIDDEN}" if words else f"{HIDDEN} ({len(text)} characters)"


def forms_of(secret: str) -> set[str]:
    """Return a secret in the forms in which programs write it into URLs, JSON, HTML, headers, and messages."""
    forms = set()
    plain = {secret, unquote(secret, errors="surrogateescape")}
    # Python's http.client decodes header lines as Latin-1.
    misread = {text.encode(errors="surrogateescape").decode("latin-1") for text in plain}
    for text in plain | misread:
        raw = text.encode(errors="surrogateescape")
        escaped = quote(raw, safe="")
        json_text = json.dumps(text)[1:-1]
        forms |= {text, escaped, quote(raw), quote_plus(raw), quote(escaped, safe=""), json_text, json_text.replace("/", "\\/")}
        forms |= {json.dumps(text, ensure_ascii=False)[1:-1], html.escape(text), html.escape(text, quote=False), repr(text)[1:-1]}
        forms |= {encode(raw).decode().rstrip("=") for encode in (base64.b64encode, base64.urlsafe_b64encode)}
    return {form for form in forms if form}


def quotable_url(url: str) -> str:
    """Return an unusable URL as it may be quoted: only what is certainly not a user, password, query, or fragment."""
    url = unicodedata.normalize("NFKC", url)
    scheme = re.match("(?:[A-Za-z]+:/+)?", url)
    start = scheme[0] if scheme else ""
    if re.search(r"@|%40|\\", url):
        return start + HIDDEN
    # A port has only digits. Anything else after a colon may be a password whose @ is missing.
    plain = re.match("(?:[^:?#]|:[0-9]*(?:/|$))*", url[len(start):])
    rest = plain[0] if plain else ""
    return quotable(start + rest, _MAX_URL_LENGTH) + ("" if start + rest == url else HIDDEN)


def secrets_of_proxy(url: str) -> tuple[str, ...]:
    """Return the parts of a proxy URL that must not be shown.

    :raises NoProxy: If a program could take another part of the URL for the host than the user means.
    """
    folded = unicodedata.normalize("NFKC", url)
    found = _PROXY.fullmatch(url) if url.isprintable() else None
    if found is None or any(folded.count(sign) != url.count(sign) for sign in _DELIMITERS):
        raise NoProxy(has_user="@" in folded)
    user = found["user"] or ""
    name, colon, password = user.partition(":")
    decoded = f"{unquote(name)}{colon}{unquote(password)}"
    # A user without a password can be a token.
    return tuple(secret for secret in (user, decoded, password if colon else name) if secret.strip(":"))

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How foreign texts are quoted."""

from __future__ import annotations

import base64
import html
import json
import typing as t
from urllib.parse import quote, quote_plus

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._redaction import NoProxy, quotable, quotable_url, secrets_of_proxy
from hypothesis import given
from hypothesis import strategies as st

SECRET = 'Ne"ed/le&%41+0123456789'
FORMS: dict[str, t.Callable[[str], str]] = {
    "plain": str,
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded in lower case": lambda text: quote(text, safe="").lower(),
    "percent-encoded, but for slashes": quote,
    "percent-encoded twice": lambda text: quote(quote(text, safe=""), safe=""),
    "a form's": quote_plus,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON of PHP": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "HTML": html.escape,
    "repr": lambda text: repr(text)[1:-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "another case": str.upper,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", range(0, 60))
def test_a_secret_is_shown_in_no_form_and_not_in_part_at_the_end(form: str, before: int) -> None:
    written = FORMS[form](SECRET)
    text = quotable("w" * before + f" key={written};" + " more words" * 10, 60, [SECRET])
    assert len(text) <= 62
    assert not any(written[:length] in text for length in range(4, len(written)))
    # Even an unknown secret is not cut, because texts are cut between words.
    assert written[:6] not in quotable("w" * before + f" key={written}", before + 5 + len(written) - 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("a message", "a message"),
        ("x" * 20, "x" * 20),
        ("x" * 21, "… (21 characters)"),
        ("one two three four five", "one two three four …"),
        ("exactly at the border of", "exactly at the …"),
        ("twenty letters words here", "twenty letters words …"),
        ("a\x1b[2Jb\nc\u202ed", "a\ufffd[2Jb\ufffdc\ufffdd"),
        ("half \ud800", "half \ufffd"),
    ],
)
def test_a_text_is_quoted_on_one_line_and_cut_between_words(text: str, expected: str) -> None:
    assert quotable(text, 20) == expected


def test_an_endless_text_takes_no_time() -> None:
    assert quotable("x" * 32_000_000, 300, ["secret"]) == "… (20000 characters)"
    # Even if hiding much brings text from beyond the examined part into the quote.
    assert quotable("secret" * 5_000, 20_000, ["secret"]) == "… (3335 characters)"


@given(st.text(), st.integers(1, 50), st.lists(st.text(min_size=1), max_size=3))
def test_a_quote_has_only_printable_characters(text: str, most: int, secrets: list[str]) -> None:
    quoted = quotable(text, most, secrets)
    assert quoted.isprintable()
    assert len(quoted) <= max(most + 2, 30)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("api.bybit.com", "api.bybit.com"),
        ("ftp://api.bybit.com/x", "ftp://api.bybit.com/x"),
        ("https://api.bybit.com:99999/v5", "https://api.bybit.com:99999/v5"),
        ("https://api.bybit.com /v5", "https://api.bybit.com /v5"),
        ("https://", "https://"),
        ("", ""),
        ("https://host:port", "https://host…"),
        ("https://host?token=1", "https://host…"),
        ("https://host#x", "https://host…"),
        ("https://user:pw@host", "https://…"),
        ("https:/user:pw@host", "https:/…"),
        ("user:pw@host", "…"),
        ("user:pw", "user…"),
        ("https//user:pw/x", "https//user…"),
        ("https://user:1/x:pw", "https://user:1/x…"),
        ("https://host\uff1fpw", "https://host…"),
        ("https://user%3apw%40host", "https://…"),
        ("https://" + "x" * 300, "… (308 characters)"),
    ],
)
def test_a_url_is_quoted_without_what_may_be_a_password(url: str, expected: str) -> None:
    assert quotable_url(url) == expected


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("http://proxy:3128", set()),
        ("proxy", set()),
        ("http://[::1]:3128/", set()),
        ("http://proxy:3128/pac", set()),
        ("http://u:p%2Fw@proxy:3128", {"u:p%2Fw", "u:p/w", "p%2Fw"}),
        ("socks5h://u:p@w@proxy:1080", {"u:p@w", "p@w"}),
        ("u:p@proxy", {"u:p", "p"}),
        ("//u:p@proxy", {"u:p", "p"}),
        ("http://token@proxy", {"token"}),
        ("http://u:@proxy", {"u:"}),
        ("http://:@proxy", set()),
    ],
)
def test_the_secrets_of_a_proxy(url: str, secrets: set[str]) -> None:
    assert set(secrets_of_proxy(url)) == secrets


@pytest.mark.parametrize(
    ("url", "has_user"),
    [
        ("", False),
        ("http://", False),
        ("http://:3128", False),
        ("http://proxy:port", False),
        ("http://proxy:3128?x", False),
        ("gopher://proxy", False),
        ("http:proxy", False),
        ("http://u:p/w@proxy", True),
        ("http://u:1/w@proxy", True),
        ("http://u:p#w@proxy", True),
        ("http://u:p?w@proxy", True),
        ("http://u:p\\w@proxy", True),
        ("http://u:p[w@proxy", True),
        ("http://u:p\nw@proxy", True),
        ("http://u:p\uff0fw@proxy", True),
        ("http://u:p@", True),
    ],
)
def test_an_invalid_proxy_url_is_refused(url: str, has_user: bool) -> None:
    with pytest.raises(NoProxy) as caught:
        secrets_of_proxy(url)
    assert (caught.value.has_user, str(caught.value)) == (has_user, "the proxy URL is invalid")

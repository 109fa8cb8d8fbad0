# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages about a proxy that cannot be used name its variables, and never its password."""

from __future__ import annotations

import base64
import html
import os
import socket
import sys
import threading
import traceback
import typing as t
import urllib.request
from urllib.parse import quote, unquote

import pytest
import requests
from ansible_collections.treasury.bybit.plugins.module_utils._api.transport import NoReply, Transport

HOST = "https://api.bybit.invalid"
VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
PROXY = "the proxy in HTTPS_PROXY, HTTP_PROXY, or ALL_PROXY, or exclude the host with NO_PROXY."


def base64_of(text: str) -> str:
    return base64.b64encode(unquote(text).encode()).decode()


@pytest.fixture
def serve() -> t.Iterator[t.Callable[[bytes], int]]:
    """Answer each request to a new port with these bytes, and return the port."""
    servers = []

    def call(answer: bytes) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def once() -> None:
            connection, dummy = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        threading.Thread(target=once, daemon=True).start()
        return int(server.getsockname()[1])

    yield call
    for server in servers:
        server.close()


def fail(monkeypatch: pytest.MonkeyPatch, variable: str, proxy: str) -> NoReply:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv(variable, proxy)
    with pytest.raises(NoReply) as caught:
        Transport(HOST, 5).send("POST", "/", {}, b"{}")
    assert not caught.value.sent
    return caught.value


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("scheme", ["socks5h", "socks5", "socks4a", "SOCKS5"])
def test_socks_without_its_library_is_explained(monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str) -> None:
    monkeypatch.setitem(sys.modules, "socks", None)
    error = fail(monkeypatch, variable, f"{scheme}://127.0.0.1:1080")
    assert str(error) == "Missing dependencies for SOCKS support"
    assert error.remedy == f"Install the Python library PySocks, or check {PROXY}"


@pytest.mark.parametrize(
    "proxy",
    [
        "http://",
        "http://:3128",
        "https:///path",
        "ftp://127.0.0.1:21",
        "socks6://127.0.0.1:1080",
        "http://treasurer@",
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
        "http://[::1:3128",
    ],
)
def test_a_proxy_that_is_no_url_is_refused(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setitem(sys.modules, "socks", None)
    error = fail(monkeypatch, "HTTPS_PROXY", proxy)
    assert str(error) in ("the proxy URL is invalid", "Missing dependencies for SOCKS support")
    assert error.remedy.endswith(PROXY)


def test_a_proxy_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    error = fail(monkeypatch, "ALL_PROXY", "http://127.0.0.1:1")
    assert "Connection refused" in str(error)
    assert error.remedy == f"Check {PROXY}"


@pytest.mark.parametrize(
    "proxy",
    [
        "http://treasurer:open-sesame@127.0.0.1:1",
        "http://treasurer:open-sesame@",
        "http://treasurer:open-sesame@[::1:3128",
        "http://treasurer:open-sesame#1@127.0.0.1:1",
        "http://treasurer:open-sesame/1@127.0.0.1:1",
        "http://treasurer:open-sesame@127.0.0.1:port",
        "http://treasurer:open-sesame 1@127.0.0.1:1",
        "http://treasurer:open-sesame\n@127.0.0.1:1",
        "treasurer:open-sesame@127.0.0.1:1",
        "treasurer:open-sesame/1@127.0.0.1:1",
        "treasurer:open-sesame",
        "ftp://treasurer:open-sesame@127.0.0.1:1",
        "socks5://treasurer:open-sesame@127.0.0.1:1",
        "socks9://treasurer:open-sesame@127.0.0.1:1",
        "http://treasurer:1234/open-sesame@127.0.0.1:1",
        "treasurer:1234/open-sesame@127.0.0.1:1",
        "http://treasurer:open?sesame@127.0.0.1:1",
        "http://treasurer:open\\sesame@127.0.0.1:1",
        "http://treasurer:open%2Fsesame@127.0.0.1:1",
        "http://treasurer:open%sesame@127.0.0.1:1",
        "http://treasurer:open@sesame@127.0.0.1:1",
        "http://treasurer:open\uff20sesame@127.0.0.1:1",
        "http://treasurer:[open-sesame@127.0.0.1:1",
        "http://treasurer:open sesame@127.0.0.1:1",
        "http:/treasurer:open-sesame@127.0.0.1:1",
        "http:treasurer:open-sesame@127.0.0.1:1",
        "//treasurer:open-sesame@127.0.0.1:1",
        "http://open-sesame@127.0.0.1:1",
        "http://treasurer:open-sesame",
        "sesame://treasurer:1",
    ],
)
def test_the_password_of_a_proxy_is_never_shown(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    error = fail(monkeypatch, "HTTPS_PROXY", proxy)
    assert error.remedy.endswith(PROXY)
    assert "sesame" not in str(error) + error.remedy
    assert "treasurer" not in str(error) + error.remedy
    assert "sesame" not in "".join(traceback.format_exception(type(error), error, error.__traceback__))


@pytest.mark.parametrize(
    ("proxy", "advice"),
    [
        ("http://treasurer:open/sesame@127.0.0.1:1", "Percent-encode special characters in its user name and password, such as %2F for a slash"),
        ("http://127.0.0.1:port", f"Check {PROXY}"),
    ],
)
def test_a_password_with_special_characters_is_not_guessed(monkeypatch: pytest.MonkeyPatch, proxy: str, advice: str) -> None:
    error = fail(monkeypatch, "HTTPS_PROXY", proxy)
    assert (str(error), error.remedy[: len(advice)]) == ("the proxy URL is invalid", advice)


@pytest.mark.parametrize("password", ["open-sesame", "open%2Fsesame", "open sesame", "a", "open%25", '"&<ö', "x" * 150])
@pytest.mark.parametrize("form", [str, unquote, lambda text: quote(unquote(text), safe=""), base64_of, lambda text: html.escape(unquote(text))])
def test_a_password_in_a_proxys_answer_is_not_shown(monkeypatch: pytest.MonkeyPatch, serve: t.Any, password: str, form: t.Callable[[str], str]) -> None:
    """In the quoted line of its answer, even where it is cut."""
    given = form(password if form is not base64_of else f"treasurer:{password}")
    for before in ("", "w " * 65, "w" * 195 + " "):
        port = serve(f"HTTP/1.1 407 {before}<{given}> no\r\nContent-Length: 0\r\n\r\n".encode())
        error = fail(monkeypatch, "HTTPS_PROXY", f"http://treasurer:{password}@127.0.0.1:{port}")
        told = str(error).replace("407", "")
        assert "Tunnel connection failed" in told or password == "a"
        for length in range(3, len(given) + 1):
            assert not any(piece in told for piece in (given[:length], given[-length:])), told


def test_the_system_is_not_asked_for_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS would end a forked process that asks it."""
    asked: list[str] = []
    for name in [n for n in os.environ if n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for where in (requests.utils, urllib.request):
        for question in ("getproxies", "proxy_bypass"):
            monkeypatch.setattr(where, question, lambda *dummy: asked.append("system") or {}, raising=False)
    with pytest.raises(NoReply):
        Transport(HOST, 5).send("POST", "/", {}, b"{}")
    assert asked == []


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".invalid"])
def test_a_host_name_that_is_invalid_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with pytest.raises(NoReply) as caught:
        Transport(f"https://{host}", 5).send("GET", "/", {})
    assert caught.value.remedy == "Check environment or api_url, and the network."

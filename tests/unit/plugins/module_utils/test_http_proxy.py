# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a proxy that cannot be used: its variables, and never its password."""

from __future__ import annotations

import sys

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._http import NoReply, Transport

HOST = "https://api.bybit.invalid"
VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
PROXY = "the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names, or except the host by NO_PROXY."


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
def test_socks_without_its_library(monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str) -> None:
    monkeypatch.setitem(sys.modules, "socks", None)
    error = fail(monkeypatch, variable, f"{scheme}://127.0.0.1:1080")
    assert str(error) == "Missing dependencies for SOCKS support."
    assert error.remedy == f"Install PySocks, or check {PROXY}"


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
def test_a_proxy_that_is_no_url(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setitem(sys.modules, "socks", None)
    error = fail(monkeypatch, "HTTPS_PROXY", proxy)
    assert str(error) in ("the URL of the proxy cannot be read", "Missing dependencies for SOCKS support.")
    assert error.remedy.endswith(PROXY)


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
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
    ],
)
def test_the_password_of_a_proxy_is_never_shown(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    error = fail(monkeypatch, "HTTPS_PROXY", proxy)
    assert error.remedy.endswith(PROXY)
    assert "sesame" not in str(error) + error.remedy
    assert "treasurer" not in str(error) + error.remedy


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".invalid"])
def test_a_host_that_can_have_no_address(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with pytest.raises(NoReply) as caught:
        Transport(f"https://{host}", 5).send("GET", "/", {})
    assert caught.value.remedy == "Check environment or api_url, and the network."

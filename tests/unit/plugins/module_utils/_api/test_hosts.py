# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The realm of an address, and the normalized spelling that requests are sent to."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.hosts import NoAddress, canonical_url, is_loopback, realm_of
from hypothesis import given
from hypothesis import strategies as st

# Every mainnet host that the exchange's documentation names on any page.
MAINNET = [
    "api.bybit.com", "api.bytick.com", "api.bybick.com", "api.byhkbit.com", "api.bybit.nl", "api.bybit.tr", "api.bybit.kz",
    "api.bybitgeorgia.ge", "api.bybit.ae", "api.bybit.eu", "api.bybit.id", "api.manepa.jp", "api2.bybit.com", "api.bybit-tr.com",
    "api.bybit.com.tr", "api.eu.bybit.com", "api.bybitnext.example",
]
TESTNET = ["api-testnet.bybit.com", "api-testnet.bytick.com", "api-testnet.manepa.jp", "api-testnet.bybits.org"]
DEMO = ["api-demo.bybit.com", "api-demo.bytick.com", "api-demo-testnet.bybit.com"]


@pytest.mark.parametrize("written", ["https://{}", "https://{}.", "https://{}:443/", "https://{}:8443/x"])
def test_all_hosts_of_the_exchange_belong_to_three_realms(written: str) -> None:
    for hosts, realm in ((MAINNET, "mainnet"), (TESTNET, "testnet"), (DEMO, "demo")):
        for host in hosts:
            assert realm_of(written.format(host)) == realm_of(written.format(host.upper())) == realm, host


@pytest.mark.parametrize("host", ["bybit.example.com", "api.notbybit.com", "api.example.com", "apibybit.com", "mainnet.example"])
def test_other_hosts_are_realms_of_their_own(host: str) -> None:
    assert realm_of(f"https://{host}") == host


# Spellings of the same server.
SAME = [
    (
        ["https://proxy.example/bybit", "https://PROXY.example./bybit/", "https://proxy.example:443/./bybit",
         "https://proxy.example//bybit", "https://ｐｒｏｘｙ．ｅｘａｍｐｌｅ/bybit", "https://proxy。example/bybit",
         "https://proxy｡example/a/../bybit", "https://proxy.example/%62ybit",
         "https://proxy.example/Bybit", "HTTPS://proxy.example/bybit/.", "https://proxy.example/../bybit", "https://proxy.example/bybit//"],
        "proxy.example/bybit",
    ),
    (
        ["http://127.0.0.1:8765", "http://localhost:8765", "http://LOCALHOST.:8765/", "http://[::1]:8765", "http://[0:0:0:0:0:0:0:1]:8765",
         "http://[::ffff:127.0.0.1]:8765", "http://127.1:8765", "http://0x7f.1:8765", "http://0177.0.0.1:8765", "http://2130706433:8765",
         "http://１２７.0.0.1:8765", "http://127.0.0.2:8765", "https://0.0.0.0:8765", "https://[::]:8765", "http://localhost:08765/."],
        "localhost:8765",
    ),
    (["http://localhost", "http://127.0.0.1:80/", "https://localhost:443"], "localhost"),
    (["https://[2001:db8::1]", "https://[2001:DB8:0:0::1]:443", "https://[2001:0db8:0000::0001]/"], "[2001:db8::1]"),
    (["https://192.0.2.7", "https://[::ffff:192.0.2.7]", "https://0300.0.519", "https://192.0.2.7./"], "192.0.2.7"),
    (["https://straße.example", "https://STRAßE.example", "https://xn--strae-oqa.example"], "xn--strae-oqa.example"),
]


@pytest.mark.parametrize(("urls", "realm"), SAME, ids=[realm for dummy, realm in SAME])
def test_all_spellings_of_a_host_are_one_realm(urls: list[str], realm: str) -> None:
    assert {url: realm_of(url) for url in urls} == dict.fromkeys(urls, realm)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://127.0.0.1:8765", "http://127.0.0.1:8766"),
        ("http://127.0.0.1", "http://127.0.0.1:443"),
        ("https://proxy.example/a", "https://proxy.example/b"),
        ("https://proxy.example", "https://proxy.example.org"),
        ("https://strasse.example", "https://straße.example"),
        ("https://192.0.2.7", "https://192.0.2.8"),
    ],
)
def test_another_server_is_another_realm(one: str, other: str) -> None:
    assert realm_of(one) != realm_of(other)


@pytest.mark.parametrize(
    ("url", "sent_to"),
    [
        ("https://api.bybit.com", "https://api.bybit.com"),
        ("HTTPS://ａｐｉ。Bybit．com.:443/./", "https://api.bybit.com"),
        ("http://127.1:8765", "http://127.0.0.1:8765"),
        ("http://[0:0::1]:8765/", "http://[::1]:8765"),
        ("http://LOCALHOST.:80", "http://localhost"),
        ("https://localhost:80", "https://localhost:80"),
        # Only changes that no server distinguishes: a double slash or another case in the path may lead elsewhere.
        ("https://proxy.example/A//b/./c/../%7ex/%2f%c3%bc", "https://proxy.example/A//b/~x/%2F%C3%BC"),
        ("https://[fe80::0:1%25eth0]:8443", "https://[fe80::1%25eth0]:8443"),
    ],
)
def test_requests_go_to_one_spelling(url: str, sent_to: str) -> None:
    assert canonical_url(url) == canonical_url(sent_to) == sent_to


@pytest.mark.parametrize(
    "url",
    [
        "", "api.bybit.com", "https:/api.bybit.com", "https:api.bybit.com", "ftp://api.bybit.com", "https://", "https://:443", "https://.",
        "https://a..b", "https://.a", "https://[::1", "https://::1", "https://[::g]", "https://[v1.x]",
        "https://x[::1]", "https://[::1]x", "https://[::1]:x", "https://[[::1]]", "https://host:port", "https://host:99999",
        "https://u:p@host", "https://@host", "https://host?", "https://host?x", "https://host#", "https://host/#x", "https://ho st",
        "https://host\\@other", "https://host\n", "\x00https://host", "https://a\u00adb.example", "https://a\u200bb.example",
        "https://a%2eb", "https://1.2.3.4.5", "https://256.1.1.1", "https://09.1.1.1", "https://1.2.3.999999",
        "https://" + "a" * 64 + ".example",
        "https://" + "9" * 63, "https://ho\u2100st", "https://a*b.example",
    ],
)
def test_invalid_addresses_are_refused(url: str) -> None:
    for reading in (canonical_url, realm_of):
        with pytest.raises(NoAddress) as caught:
            reading(url)
        # Text that is not a URL may contain a password in unexpected places.
        assert caught.value.__cause__ is None and (caught.value.__suppress_context__ or caught.value.__context__ is None)
        assert not url or url not in str(caught.value)
    assert not is_loopback(url)


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://localhost:1", True),
        ("http://Localhost.", True),
        ("http://127.9.9.9", True),
        ("http://127.1", True),
        ("http://[::1]", True),
        ("http://[::ffff:127.0.0.1]", True),
        ("http://evil.localhost", False),
        ("http://localhost.example", False),
        ("http://0.0.0.0", False),
        ("http://[::]", False),
        ("http://10.0.0.1", False),
        ("http://128.1", False),
    ],
)
def test_loopback_addresses_are_recognized(url: str, is_here: bool) -> None:
    assert is_loopback(url) is is_here


@given(st.lists(st.integers(0, 2**32), min_size=1, max_size=4), st.lists(st.sampled_from(["{:d}", "0{:o}", "0x{:x}"]), min_size=4, max_size=4))
def test_addresses_are_read_as_the_system_reads_them(numbers: list[int], forms: list[str]) -> None:
    written = ".".join(form.format(number) for form, number in zip(forms, numbers))
    try:
        expected = socket.inet_ntoa(socket.inet_aton(written))
    except OSError:
        with pytest.raises(NoAddress):
            canonical_url(f"https://{written}")
    else:
        assert canonical_url(f"https://{written}") == f"https://{expected}"


@given(st.text(max_size=20))
def test_the_normalized_spelling_stays_the_same(text: str) -> None:
    try:
        url = canonical_url(f"https://{text}")
    except NoAddress:
        return
    assert canonical_url(url) == url
    assert realm_of(url) == realm_of(f"https://{text}")

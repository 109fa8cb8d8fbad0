# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import traceback
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._options.connection import (
    Connection,
    check_ranges,
    connection_argument_spec,
)
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SECRET = "s3cr3t-value"


def options(**given: object) -> dict[str, object]:
    spec = {name: option.get("default") for name, option in connection_argument_spec().items()}
    return {**spec, "api_key": "the-key", "api_secret": SECRET, **given}


def test_by_default_no_real_money_can_move() -> None:
    connection = Connection(options())
    assert (connection.base_url, connection.api_host) == ("https://api-testnet.bybit.com", "api-testnet.bybit.com")
    assert connection.warnings() == []


@pytest.mark.parametrize(
    ("given", "url", "host"),
    [
        ({"environment": "mainnet"}, "https://api.bybit.com", "api.bybit.com"),
        ({"environment": "testnet"}, "https://api-testnet.bybit.com", "api-testnet.bybit.com"),
        ({"api_url": "https://api.bybit.eu/"}, "https://api.bybit.eu", "api.bybit.eu"),
        ({"api_url": "https://proxy.example/bybit"}, "https://proxy.example/bybit", "proxy.example"),
        ({"api_url": "http://127.0.0.1:8765"}, "http://127.0.0.1:8765", "127.0.0.1:8765"),
        ({"api_url": "http://[::1]:8765"}, "http://[::1]:8765", "[::1]:8765"),
        ({"api_url": "http://localhost:8765"}, "http://localhost:8765", "localhost:8765"),
    ],
)
def test_hosts(given: dict[str, object], url: str, host: str) -> None:
    connection = Connection(options(**given))
    assert (connection.base_url, connection.api_host) == (url, host)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"api_key": None}, "api_key is missing: set the option, or the environment variable BYBIT_API_KEY"),
        ({"api_key": ""}, "api_key is missing"),
        (
            {"api_secret": None},
            "api_secret and rsa_private_key are missing: "
            "set one of them, or the environment variable BYBIT_API_SECRET or BYBIT_RSA_PRIVATE_KEY.",
        ),
        ({"api_key": "the key"}, "api_key (or BYBIT_API_KEY) contains white space"),
        ({"api_secret": SECRET + "\n"}, "api_secret (or BYBIT_API_SECRET) contains white space"),
        ({"rsa_private_key": "/key.pem"}, "api_secret (or BYBIT_API_SECRET) and rsa_private_key (or BYBIT_RSA_PRIVATE_KEY) are both set"),
        ({"api_secret": None, "rsa_private_key": "/nowhere/key.pem"}, "rsa_private_key names a file that cannot be read"),
        (
            {"environment": "mainnet", "api_url": "http://127.0.0.1:8765"},
            "environment 'mainnet' and api_url 'http://127.0.0.1:8765' (or BYBIT_API_URL) "
            "both select a host: set only one of them.",
        ),
        ({"api_url": "api.bybit.com"}, "api_url 'api.bybit.com' is not a URL: use one such as 'https://api.bybit.com'."),
        ({"api_url": "ftp://api.bybit.com"}, "is not a URL"),
        ({"api_url": "https://"}, "is not a URL"),
        ({"api_url": "https://host:port"}, "is not a URL"),
        ({"api_url": "https://api.bybit.com /v5"}, "is not a URL"),
        ({"api_url": "https://[::1"}, "is not a URL"),
        ({"api_url": "https://api.bybit.com?x=1"}, "contains a user name, a query, or a fragment"),
        ({"api_url": "https://api.bybit.com?"}, "contains a user name, a query, or a fragment"),
        ({"api_url": "https://api.bybit.com#"}, "contains a user name, a query, or a fragment"),
        ({"api_url": f"https://me:{SECRET}@api.bybit.com"}, "api_url 'https://…' contains a user name, a query, or a fragment: use only"),
        ({"api_url": "http://api.bybit.com"}, "is not encrypted: use https"),
        ({"api_url": "http://10.0.0.1"}, "is not encrypted"),
        ({"api_url": "http://localhost.example.com"}, "is not encrypted"),
        ({"recv_window": 0}, "recv_window '0' is out of range: use a value from 1 to 60000 milliseconds."),
        ({"recv_window": 60001}, "recv_window '60001' is out of range"),
        ({"api_timeout": 0}, "api_timeout '0' is out of range"),
        ({"rate_limit_timeout": -1}, "rate_limit_timeout '-1' is out of range: use a value from 0 to 86400 seconds."),
        ({"ca_path": "/nowhere/ca.pem"}, "ca_path '/nowhere/ca.pem' is not a file"),
    ],
)
def test_bad_input_gets_one_sentence_without_secrets(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        Connection(options(**given))
    assert sentence in str(caught.value)
    assert SECRET not in str(caught.value)
    assert (caught.value.outcome, caught.value.failure) == ("not_executed", None)


def test_an_unchecked_certificate_is_a_warning() -> None:
    unchecked = {"validate_certs": False}
    assert "trusted" in Connection(options(environment="mainnet", **unchecked)).warnings()[0]
    assert Connection(options(api_url="http://127.0.0.1:1", **unchecked)).warnings() == []


def test_ca_path_may_be_an_existing_file(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("")
    assert Connection(options(ca_path=str(file))).client(Clock()).posted_at_ms is None


def test_the_client_uses_the_given_clock() -> None:
    clock = Clock()
    client = Connection(options(recv_window=1234)).client(clock)
    assert client.clock is clock
    assert client.recv_window_ms == 1234


def test_mainnet_and_its_url_are_one_host() -> None:
    by_name, by_url = Connection(options(environment="mainnet")), Connection(options(api_url="https://API.Bybit.com.:443/"))
    assert (by_url.base_url, by_url.realm) == (by_name.base_url, by_name.realm)


def test_a_fingerprint_distinguishes_keys_without_showing_them() -> None:
    one, same, other = (Connection(options(api_key=key)).key_fingerprint for key in ("the-key", "the-key", "the-kez"))
    assert one == same != other
    assert len(one) == 16 and set(one) <= set("0123456789abcdef")


def test_a_fingerprint_outlives_a_new_secret() -> None:
    assert Connection(options()).key_fingerprint == Connection(options(api_secret="another")).key_fingerprint


@pytest.mark.parametrize(("number", "is_fine"), [(0, False), (1, True), (5, True), (6, False), (-1, False)])
def test_a_range_includes_its_limits(number: int, is_fine: bool) -> None:
    if is_fine:
        check_ranges({"x": number}, {"x": (1, 5)})
        return
    with pytest.raises(BadInput) as caught:
        check_ranges({"x": number}, {"x": (1, 5)})
    assert str(caught.value) == f"x '{number}' is out of range: use a value from 1 to 5 seconds."


def test_a_host_in_another_spelling_is_the_same_realm_and_the_same_address() -> None:
    connection = Connection(options(api_url="https://ＡＰＩ．bybit。com.:443/./"))
    assert (connection.base_url, connection.realm) == ("https://api.bybit.com", Connection(options(environment="mainnet")).realm)
    assert connection.api_host == "ＡＰＩ．bybit。com.:443"


@pytest.mark.parametrize("url", ["http://evil.localhost", "http://evil.localhost.:8765", "http://a.localhost/"])
def test_a_name_under_localhost_may_be_anywhere(url: str) -> None:
    with pytest.raises(BadInput, match="is not encrypted: use https; http is allowed only for this machine, such as 'http://127.0.0.1:8765'."):
        Connection(options(api_url=url))


@pytest.mark.parametrize(
    "url",
    [
        "https://user:{}@host", "https://user:p/{}@host", "https://user:{}/w@host", "https:/user:{}@host", "https:user:{}@host",
        "user:{}@host", "https//user:{}@host", "https://user:{}\\@host", "https:\\\\user:{}@host", "https://user:{}\uff20host",
        "https://user\uff1a{}\ufe6bhost", "https://user:{}%40host", "https://user:{}", "https:/user:{}", "user:{}", "https//user:{}",
        "https://user:{}@", "https://user:{}#@host", "https://user:{}?@host", "https://host?token={}",
        "https://host/#{}", "https://host\uff1f{}", "//user:{}@host", "https://user:{}@[::1", "https://user:{} @host", "https://user:{}\n@host",
        "http://user:{}@localhost", "ftp://user:{}@host", "https://user:p@{}@host", "HTTPS://user:{}@HOST", "https://ho\u2100st:{}@x",
    ],
)
@pytest.mark.parametrize("more", [{}, {"environment": "mainnet"}], ids=["alone", "beside environment"])
def test_a_password_in_a_url_is_never_shown(url: str, more: dict[str, object]) -> None:
    with pytest.raises(BadInput) as caught:
        Connection(options(api_url=url.format(SECRET), **more))
    traces = "".join(traceback.format_exception(caught.type, caught.value, caught.tb, chain=True))
    assert "api_url '" in str(caught.value)
    for part in (SECRET, SECRET[:6], SECRET[-5:]):
        assert part not in str(caught.value)
    assert SECRET not in traces


def private_key_file(folder: Path, mode: int) -> Path:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = folder / "key.pem"
    file.write_bytes(key.private_bytes(*form))
    file.chmod(mode)
    return file


@pytest.mark.parametrize(
    ("mode", "could"),
    [(0o600, ""), (0o400, ""), (0o700, ""), (0o711, ""), (0o640, "read"), (0o604, "read"), (0o620, "change"), (0o666, "read and change")],
)
def test_a_private_key_that_others_could_use_is_a_warning(tmp_path: Path, mode: int, could: str) -> None:
    file = private_key_file(tmp_path, mode)
    connection = Connection(options(api_secret=None, rsa_private_key=str(file)))
    assert connection.warnings() == (
        [
            f"rsa_private_key (or BYBIT_RSA_PRIVATE_KEY) names a file that other users can {could} (mode {mode:04o}): run "
            f"'chmod 600' on it."
        ]
        if could
        else []
    )
    assert Connection(options(api_secret=None, rsa_private_key=file.read_text())).warnings() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_a_private_key_of_another_user_is_a_warning(tmp_path: Path) -> None:
    file = private_key_file(tmp_path, 0o644)
    os.chown(file, 12345, -1)
    [warning] = Connection(options(api_secret=None, rsa_private_key=str(file))).warnings()
    assert warning == (
        "rsa_private_key (or BYBIT_RSA_PRIVATE_KEY) names a file that other users can read (mode 0644): run 'chmod 600' on it; "
        "it is also one that belongs to another user (uid 12345), who can change it: run 'chown' on it."
    )


def test_ansible_hides_secrets_in_every_form_that_others_write() -> None:
    secrets = Connection(options(api_key="key/with+signs", api_secret='s"ecret&1')).secrets()
    assert {"key/with+signs", "key%2Fwith%2Bsigns", 's"ecret&1', 's\\"ecret&1', "s&quot;ecret&amp;1"} <= secrets
    assert min(map(len, Connection(options(api_key="k", api_secret="s")).secrets()), default=8) >= 8

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import socket
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.signing import (
    HmacSigner,
    RsaSigner,
    UnusableKey,
    read_private_key,
)
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pybit.unified_trading import HTTP

PUBLIC = "is a public key: use the private key that belongs to it"
TIMESTAMP = 1728629785224
PAYLOADS = [
    '{"orderId":"1794267532472646144","amount":"100"}',
    '{"orderId": "1794267532472646144", "amount": "100"}',
    "orderId=1794267532472646144&limit=100",
    "cursor=a%2Bb%2F%3D&limit=100",
    "",
]


def pem(key: object, password: bytes | None = None) -> str:
    protection = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection).decode()


@pytest.fixture(scope="module")
def rsa_pem() -> str:
    return pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def signed_text(payload: str) -> bytes:
    return f"{TIMESTAMP}the-key5000{payload}".encode()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hmac_signature_equals_that_of_pybit(payload: str) -> None:
    pybit = HTTP(api_key="the-key", api_secret="the-secret")
    assert HmacSigner("the-secret").sign(signed_text(payload)) == pybit._auth(payload, 5000, TIMESTAMP)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_rsa_signature_equals_that_of_pybit(payload: str, rsa_pem: str) -> None:
    pybit = HTTP(api_key="the-key", api_secret=rsa_pem, rsa_authentication=True)
    assert RsaSigner(rsa_pem).sign(signed_text(payload)) == pybit._auth(payload, 5000, TIMESTAMP)


def test_loaded_keys_are_kept_and_not_mixed_up(rsa_pem: str) -> None:
    other_pem = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    first, other, again = RsaSigner(rsa_pem), RsaSigner(other_pem), RsaSigner(rsa_pem)
    assert first.sign(b"text") == again.sign(b"text") != other.sign(b"text")
    # Loading a key takes about 30 ms, which only the first item of a loop should take.
    assert (again._sign is first._sign, other._sign is first._sign) == (True, False)


def test_hmac_signature_differs_with_one_bit_of_the_text() -> None:
    signer = HmacSigner("the-secret")
    assert signer.sign(b"a") != signer.sign(b"b")
    assert signer.sign(b"a") == signer.sign(b"a")


def test_private_key_is_read_from_text_or_file(tmp_path: Path, rsa_pem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key.pem").write_text(rsa_pem)
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in (rsa_pem, str(tmp_path / "key.pem"), "~/key.pem"):
        assert read_private_key(given).pem == rsa_pem
    (tmp_path / "ssh-rsa AAA").write_text(rsa_pem)
    monkeypatch.chdir(tmp_path)
    assert read_private_key("ssh-rsa AAA").pem == rsa_pem


def test_an_unreadable_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableKey, match="names a file that cannot be read .No such file or directory.: use the path of a readable"):
        read_private_key(str(tmp_path / "missing.pem"))
    for content in (b"\xff\xfe\x00", b"", b"\x30\x82\x04\xa4\x02", "schl\u00fcssel".encode(), b"----BEGIN"):
        (tmp_path / "binary").write_bytes(content)
        with pytest.raises(UnusableKey, match="names a file that is not in PEM format"):
            read_private_key(str(tmp_path / "binary"))
    with pytest.raises(UnusableKey, match="is neither PEM text nor a path"):
        read_private_key("no\0path")


@pytest.mark.parametrize("name", ["", "pipe", "socket", "/dev/zero", "/dev/null"])
def test_a_key_file_that_is_no_regular_file_is_refused(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        with pytest.raises(UnusableKey) as caught:
            read_private_key(str(tmp_path / name))
    assert str(caught.value).startswith(("names a directory, a pipe", "names a file that cannot be read (No such device"))


AROUND = "Bag Attributes\n    friendlyName: Schl\u00fcssel \u65e5\u672c\n    localKeyID: 01\nKey Attributes: <No Attributes>\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    "written",
    [
        lambda key: (AROUND + key).encode(),
        lambda key: (AROUND + key).encode("latin-1", errors="replace"),
        lambda key: b"\xef\xbb\xbf" + key.encode(),
        lambda key: key.replace("\n", "\r\n").encode("utf-16"),
        lambda key: (CERTIFICATE + key + CERTIFICATE).encode(),
        lambda key: f"\n\n  {AROUND}{key}{AROUND}\x00".encode(),
    ],
    ids=["name", "name in latin-1", "mark", "wide", "certificates", "text on both sides"],
)
def test_text_around_a_key_in_a_file_is_ignored(tmp_path: Path, rsa_pem: str, written: t.Callable[[str], bytes]) -> None:
    (tmp_path / "key.pem").write_bytes(written(rsa_pem))
    signer = RsaSigner(read_private_key(str(tmp_path / "key.pem")).pem)
    assert signer.sign(b"text") == RsaSigner(rsa_pem).sign(b"text")


@pytest.mark.parametrize("around", ["\ufeff", AROUND, CERTIFICATE, "\udcff"])
def test_text_around_a_key_in_the_option_is_ignored(rsa_pem: str, around: str) -> None:
    assert RsaSigner(read_private_key(around + rsa_pem).pem).sign(b"text") == RsaSigner(rsa_pem).sign(b"text")


def test_other_kinds_of_keys_are_named(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    formats, encodings = serialization.PublicFormat, serialization.Encoding
    openssh = key.private_bytes(encodings.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    kinds = {
        openssh: "is in OpenSSH format: convert a copy of it to PEM format with 'ssh-keygen -p -m PEM -f COPY'",
        key.public_key().public_bytes(encodings.PEM, formats.SubjectPublicKeyInfo): PUBLIC,
        key.public_key().public_bytes(encodings.PEM, formats.PKCS1): PUBLIC,
        key.public_key().public_bytes(encodings.OpenSSH, formats.OpenSSH): PUBLIC,
    }
    for content, sentence in kinds.items():
        (tmp_path / "key").write_bytes(content)
        for given in (content.decode(), str(tmp_path / "key")):
            with pytest.raises(UnusableKey) as caught:
                RsaSigner(read_private_key(given).pem)
            assert str(caught.value) == sentence


def test_unusable_keys_are_named_without_showing_them() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    no_key = "is not a private key in PEM format: use its whole text with the line breaks"
    wrong = {
        "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n": no_key,
        pem(key, b"pass"): "is encrypted with a passphrase",
        pem(ec.generate_private_key(ec.SECP256R1())): "is not an RSA key",
    }
    for text, sentence in wrong.items():
        with pytest.raises(UnusableKey, match=sentence) as caught:
            RsaSigner(text)
        assert text.splitlines()[1] not in str(caught.value)


def test_hmac_keys_work_where_cryptography_is_missing(child_environment: dict[str, str]) -> None:
    program = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from ansible_collections.treasury.bybit.plugins.module_utils._api import signing\n"
        "print(signing.HmacSigner('s').sign(b'text'))\n"
        "try:\n    signing.RsaSigner('-----BEGIN')\n"
        "except signing.MissingCryptography:\n    print('missing')\n"
    )
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, env=child_environment, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == [HmacSigner("s").sign(b"text"), "missing"]

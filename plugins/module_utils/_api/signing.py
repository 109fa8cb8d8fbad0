# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signatures for the exchange's v5 API.

Source: "Authentication" in the exchange's integration guidance. This module util is private to the collection.
"""

from __future__ import annotations

import base64
import codecs
import functools
import hashlib
import hmac
import os
import re
import stat
import typing as t

# Headers whose values must never be shown.
SECRET_HEADERS = ("X-BAPI-API-KEY", "X-BAPI-SIGN")

_MAX_CACHED_KEYS = 32
_MAX_KEY_BYTES = 1_000_000
_BLOCK = re.compile("-----BEGIN (?P<label>[A-Z0-9 ]+)-----.*?-----END (?P=label)-----", re.DOTALL)
_PRIVATE = ("PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY")
_OPENSSH = "OPENSSH PRIVATE KEY"
_PUBLIC_OPENSSH = re.compile(r"\ufeff?\s*ssh-[a-z0-9]+ AAAA")


class MissingCryptography(Exception):
    """The library C(cryptography) cannot be imported; C(__cause__) is the C(ImportError)."""


class UnusableKey(ValueError):
    """The RSA key cannot be used; the text continues a sentence about the option, and never shows the key."""


class Signer(t.Protocol):
    """Computes the value of the header C(X-BAPI-SIGN)."""

    def sign(self, text: bytes) -> str: ...


class HmacSigner:
    """Signs with HMAC-SHA256, in lowercase hexadecimal digits, for keys that the exchange generated."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def sign(self, text: bytes) -> str:
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()


class RsaSigner:
    """Signs with RSA (PKCS#1 v1.5, SHA-256), in base64, for keys that the user generated.

    :param pem: An unencrypted private key in PEM format.
    :raises MissingCryptography: If the library is not installed.
    :raises UnusableKey: If the text is not such a key.
    """

    def __init__(self, pem: str) -> None:
        self._sign = _signature_by(pem)

    def sign(self, text: bytes) -> str:
        return base64.b64encode(self._sign(text)).decode()


# Cached, because loading and checking a key takes longer than everything else that an item of a loop does on this machine.
@functools.lru_cache(maxsize=_MAX_CACHED_KEYS)
def _signature_by(pem: str) -> t.Callable[[bytes], bytes]:
    try:
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
    except ImportError as error:
        raise MissingCryptography() from error
    block = _block_of(pem)
    try:
        key = serialization.load_pem_private_key(block, password=None)
    except TypeError:
        raise UnusableKey("is encrypted with a passphrase: use the decrypted key, for example from Ansible Vault") from None
    except Exception as error:
        # The library's own message may quote the key, so it is not passed on.
        raise UnusableKey(
            "is not a private key in PEM format: use its whole text with the line breaks, or the path of its file"
        ) from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise UnusableKey("is not an RSA key: use an RSA key, whose public key you register with the exchange")
    return lambda text: key.sign(text, padding.PKCS1v15(), hashes.SHA256())


def _block_of(pem: str) -> bytes:
    """Return the private key without surrounding text, such as names, certificates, or a byte-order mark.

    :raises UnusableKey: If the text contains only a kind of key that cannot sign.
    """
    blocks = {found["label"]: found[0] for found in _BLOCK.finditer(pem)}
    private = next((label for label in blocks if label in _PRIVATE), None)
    if private is not None:
        return blocks[private].encode()
    if _OPENSSH in blocks:
        raise UnusableKey("is in OpenSSH format: convert a copy of it to PEM format with 'ssh-keygen -p -m PEM -f COPY'")
    if any(label.endswith("PUBLIC KEY") for label in blocks) or _PUBLIC_OPENSSH.match(pem):
        raise UnusableKey("is a public key: use the private key that belongs to it")
    return pem.encode(errors="replace")


class PrivateKey(t.NamedTuple):
    """A private key from the option.

    :ivar pem: Its text.
    :ivar exposure: Who else can read or change its file, and the remedy, as the end of a sentence; empty if nobody can.
    """

    pem: str
    exposure: str


def read_private_key(text_or_path: str) -> PrivateKey:
    """Return the key that the option contains, or that is in the file it names.

    :raises UnusableKey: If the file cannot be read, or contains no key.
    """
    if _is_key(text_or_path):
        return PrivateKey(text_or_path, "")
    try:
        with open(os.path.expanduser(text_or_path), "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            content = file.read(_MAX_KEY_BYTES) if stat.S_ISREG(status.st_mode) else None
    except IsADirectoryError:
        content = None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UnusableKey(f"names a file that cannot be read ({reason}): use the path of a readable file, or the PEM text") from None
    except ValueError:
        raise UnusableKey("is neither PEM text nor a path: use the private key in PEM format, or the path of its file") from None
    if content is None:
        raise UnusableKey("names a directory, a pipe, or a device: use the path of the PEM file, or its text")
    # The key itself is ASCII, so undecodable characters around it do no harm.
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if is_wide else "utf-8", errors="replace")
    if not _is_key(text):
        raise UnusableKey("names a file that is not in PEM format: use a private key in PEM format")
    return PrivateKey(text, _exposure(status))


def _without_waiting(path: str, flags: int) -> int:
    # Opening a pipe that nobody writes to would block.
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _exposure(status: os.stat_result) -> str:
    """Return which other users can access a key file, and the remedy, without the path, which Ansible treats as a secret."""
    ways = [("read", stat.S_IRGRP | stat.S_IROTH), ("change", stat.S_IWGRP | stat.S_IWOTH)]
    could = " and ".join(way for way, bits in ways if status.st_mode & bits)
    found = []
    if could:
        found.append(f"that other users can {could} (mode {stat.S_IMODE(status.st_mode):04o}): run 'chmod 600' on it")
    if status.st_uid not in (0, os.geteuid()):
        found.append(f"that belongs to another user (uid {status.st_uid}), who can change it: run 'chown' on it")
    return "; it is also one ".join(found)


def _is_key(text: str) -> bool:
    return "-----BEGIN" in text or _PUBLIC_OPENSSH.match(text) is not None

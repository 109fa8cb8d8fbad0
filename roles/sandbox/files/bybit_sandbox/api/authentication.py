# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a signed request, in this order: key, time window, signature, restriction, and permission."""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import hmac
import re
import sys

from ..errors import HttpRefusal, Refusal, SandboxError
from ..http_messages import IncomingRequest
from ..ledger.model import Account, Key, Ledger

DEFAULT_RECV_WINDOW_MS = 5000
EARLY_MS = 1000
_MILLISECONDS = re.compile(r"[0-9]{1,16}")


@functools.lru_cache(maxsize=16)
def load_rsa_key(pem: str) -> object:
    """Load the public key of a self-generated (RSA) API key."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ImportError as error:
        raise SandboxError(f"An RSA key needs the Python library cryptography: run {sys.executable} -m pip install cryptography") from error
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SandboxError("The RSA public key is not in PEM format: use the public key, which begins with -----BEGIN PUBLIC KEY-----") from error
    if not isinstance(key, RSAPublicKey):
        raise SandboxError("The RSA public key is of another type: use an RSA key")
    return key


def find_key(ledger: Ledger, name: str) -> tuple[Account, Key]:
    for account in ledger.accounts:
        for key in account.keys:
            if key.key == name and not key.deleted:
                return account, key
    raise Refusal(10003)


def authenticate(incoming: IncomingRequest, ledger: Ledger, now: int) -> tuple[Account, Key]:
    """Return the sender's account and key; raise the exchange's refusal if a check fails."""
    headers = incoming.headers
    name, timestamp, signature = (headers.get(f"X-BAPI-{part}", "") for part in ("API-KEY", "TIMESTAMP", "SIGN"))
    if not (name and timestamp and signature):
        raise HttpRefusal(401, "Unauthorized: authentication params are missing in the request header")
    account, key = find_key(ledger, name)
    if key.expires_at is not None and key.expires_at <= now:
        raise Refusal(33004)
    if key.ips and incoming.remote not in key.ips:
        raise Refusal(10010)
    window = headers.get("X-BAPI-RECV-WINDOW", "")
    _check_window(timestamp, window, now)
    payload = incoming.raw_query if incoming.method == "GET" else incoming.body
    # Without the window header, clients sign either nothing or the default in its place.
    candidates = [window] if window else ["", str(DEFAULT_RECV_WINDOW_MS)]
    if not any(_signed(key, f"{timestamp}{name}{text}".encode() + payload, signature) for text in candidates):
        raise Refusal(10004)
    return account, key


def authorize(incoming: IncomingRequest, account: Account, key: Key, granted_by: tuple[str, ...]) -> None:
    """Refuse a restricted account, and a key without one of these permissions."""
    if account.restriction:
        raise Refusal(account.restriction)
    if not set(granted_by) & set(key.permissions) or (key.read_only and incoming.method != "GET"):
        raise Refusal(10005)


def _check_window(timestamp: str, window: str, now: int) -> None:
    if not _MILLISECONDS.fullmatch(timestamp):
        raise Refusal(10001, "X-BAPI-TIMESTAMP is not a number of milliseconds")
    if window and not _MILLISECONDS.fullmatch(window):
        raise Refusal(10001, "X-BAPI-RECV-WINDOW is not a number of milliseconds")
    width = int(window or DEFAULT_RECV_WINDOW_MS)
    if not now - width <= int(timestamp) < now + EARLY_MS:
        raise Refusal(10002, f"req_timestamp[{timestamp}],server_timestamp[{now}],recv_window[{width}]")


def _signed(key: Key, text: bytes, signature: str) -> bool:
    if key.rsa_public_key:
        return _signed_by_rsa(key.rsa_public_key, text, signature)
    expected = hmac.new(key.secret.encode(), text, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode(errors="surrogateescape"))


def _signed_by_rsa(pem: str, text: bytes, signature: str) -> bool:
    public = load_rsa_key(pem)
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        public.verify(base64.b64decode(signature, validate=True), text, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True

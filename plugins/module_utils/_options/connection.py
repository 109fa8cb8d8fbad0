# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options: argument specification, validation, and the client that they describe.

This module util is private to the collection.
"""

from __future__ import annotations

import hashlib
import os
import re
import typing as t
import unicodedata
from urllib.parse import urlsplit

from ansible.module_utils.basic import env_fallback

from .._api.client import Client
from .._api.errors import BadInput
from .._api.hosts import NoAddress, canonical_url, is_loopback, realm_of
from .._api.session import session_of
from .._api.signing import SECRET_HEADERS, HmacSigner, RsaSigner, Signer, UnusableKey, read_private_key
from .._api.transport import Transport
from .._clock import Clock
from .._redaction import forms_of, quotable_url

ENVIRONMENTS = {
    "mainnet": "https://api.bybit.com",
    "testnet": "https://api-testnet.bybit.com",
}
# A wrong default must not cost money.
DEFAULT_ENVIRONMENT = "testnet"

# A shorter one could be part of any word or number of a result.
_MIN_HIDDEN_LENGTH = 8
_RANGES = {"recv_window": (1, 60_000), "api_timeout": (1, 3600), "rate_limit_timeout": (0, 86_400)}


def check_ranges(options: dict[str, t.Any], ranges: dict[str, tuple[int, int]]) -> None:
    """Refuse a number that is too small or too large.

    :raises BadInput: If a number is out of range.
    """
    for name, (least, most) in ranges.items():
        if not least <= options[name] <= most:
            unit = "milliseconds" if name == "recv_window" else "seconds"
            raise BadInput(f"{name} '{options[name]}' is out of range: use a value from {least} to {most} {unit}.")


def connection_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options that every module shares; documented in the doc fragment C(connection)."""
    return {
        "api_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["BYBIT_API_KEY"])},
        "api_secret": {"type": "str", "no_log": True, "fallback": (env_fallback, ["BYBIT_API_SECRET"])},
        "rsa_private_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["BYBIT_RSA_PRIVATE_KEY"])},
        "environment": {"type": "str", "choices": list(ENVIRONMENTS)},
        "api_url": {"type": "str", "fallback": (env_fallback, ["BYBIT_API_URL"])},
        "recv_window": {"type": "int", "default": 5000},
        "api_timeout": {"type": "int", "default": 10},
        "rate_limit_timeout": {"type": "int", "default": 30},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
    }


class Connection:
    """The connection options of one task, checked.

    :param options: The options as Ansible read them.
    :raises BadInput: If an option cannot be used. The message never contains a secret.
    :raises MissingCryptography: If an RSA key needs the library and it is not installed.
    """

    def __init__(self, options: dict[str, t.Any]) -> None:
        self._options = options
        given_url = _given_url(options["environment"], options["api_url"])
        self.base_url = canonical_url(given_url)
        self.api_host = urlsplit(given_url).netloc
        self._api_key = _token(options["api_key"], "api_key", "BYBIT_API_KEY")
        self._signer, self._exposure = self._make_signer()
        check_ranges(options, _RANGES)
        ca_path = options["ca_path"]
        if ca_path is not None and not os.path.isfile(ca_path):
            raise BadInput(f"ca_path '{ca_path}' is not a file: set the path of a file with CA certificates in PEM format.")

    @property
    def realm(self) -> str:
        """The realm of the account: all mainnet hosts are one realm, and so are all spellings of a host."""
        return realm_of(self.base_url)

    @property
    def key_fingerprint(self) -> str:
        """Distinguishes API keys without revealing them."""
        return hashlib.sha256(self._api_key.encode()).hexdigest()[:16]

    def client(self, clock: Clock) -> Client:
        """Return a client for this connection; nothing is sent yet."""
        options = self._options
        way = (self.base_url, options["api_timeout"], options["validate_certs"], options["ca_path"])
        session = session_of((self.key_fingerprint, *way), lambda: Transport(*way, secret_headers=SECRET_HEADERS))
        limits = options["recv_window"], options["rate_limit_timeout"]
        return Client(session, self._api_key, self._signer, *limits, clock, options["api_timeout"])

    def warnings(self) -> list[str]:
        """Return a warning about each setting that is allowed but dangerous."""
        warnings = []
        if self.base_url.startswith("https:") and not self._options["validate_certs"]:
            warnings.append(
                f"validate_certs is false, so any server that impersonates {self.api_host} is trusted: set it to true, and set ca_path if the host "
                f"uses a private CA."
            )
        if self._exposure:
            warnings.append(f"rsa_private_key (or BYBIT_RSA_PRIVATE_KEY) names a file {self._exposure}.")
        return warnings

    def secrets(self) -> set[str]:
        """Return the secrets in all forms in which other programs may return them."""
        given = [self._api_key, self._options["api_secret"] or ""]
        return {form for secret in given for form in forms_of(secret) if len(form) >= _MIN_HIDDEN_LENGTH}

    def _make_signer(self) -> tuple[Signer, str]:
        """Return the signer, and who else can access its key file, as the end of a sentence."""
        secret, private_key = self._options["api_secret"], self._options["rsa_private_key"]
        if secret and private_key:
            raise BadInput(
                "api_secret (or BYBIT_API_SECRET) and rsa_private_key (or BYBIT_RSA_PRIVATE_KEY) are both set: "
                "set only the one that belongs to api_key."
            )
        if not private_key:
            if not secret:
                raise BadInput(
                    "api_secret and rsa_private_key are missing: set one of them, or the environment variable BYBIT_API_SECRET or "
                    "BYBIT_RSA_PRIVATE_KEY."
                )
            return HmacSigner(_token(secret, "api_secret", "BYBIT_API_SECRET")), ""
        try:
            key = read_private_key(private_key)
            return RsaSigner(key.pem), key.exposure
        except UnusableKey as error:
            raise BadInput(f"rsa_private_key {error}.") from None


def _token(value: str | None, option: str, variable: str) -> str:
    if not value:
        raise BadInput(f"{option} is missing: set the option, or the environment variable {variable}.")
    if not re.fullmatch("[!-~]+", value):
        # Never show a secret, not even a wrong one.
        raise BadInput(
            f"{option} (or {variable}) contains white space, such as a line break at its end, or another character that no key has: copy it again."
        )
    return value


def _given_url(environment: str | None, api_url: str | None) -> str:
    if not api_url:
        return ENVIRONMENTS[environment or DEFAULT_ENVIRONMENT]
    if environment:
        raise BadInput(
            f"environment '{environment}' and api_url '{quotable_url(api_url)}' (or BYBIT_API_URL) both select a host: set only one of them."
        )
    return _checked_url(api_url)


def _checked_url(api_url: str) -> str:
    shown = quotable_url(api_url)
    if any(sign in unicodedata.normalize("NFKC", api_url) for sign in "@?#"):
        raise BadInput(f"api_url '{shown}' contains a user name, a query, or a fragment: use only scheme, host, port, and path.")
    try:
        url = canonical_url(api_url)
    except NoAddress:
        raise BadInput(f"api_url '{shown}' is not a URL: use one such as 'https://api.bybit.com'.") from None
    if url.startswith("http:") and not is_loopback(url):
        raise BadInput(f"api_url '{shown}' is not encrypted: use https; http is allowed only for this machine, such as 'http://127.0.0.1:8765'.")
    return api_url

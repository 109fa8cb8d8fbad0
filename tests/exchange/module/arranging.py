# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task of L(mistakes) finds: its options, and the exchange, files, and journal around it."""

from __future__ import annotations

import contextlib
import datetime
import sqlite3
import typing as t
from pathlib import Path
from types import SimpleNamespace

from relay import Raw

REPAY, FLEXIBLE, FIXED = "bybit_loan_repay", "bybit_flexible_loan_repay", "bybit_fixed_loan_repay"
COLLATERAL, TRANSFER = "bybit_loan_collateral", "bybit_funding_transfer"
LOANS, REPAYMENTS, JOURNAL = "bybit_loan_info", "bybit_loan_repayment_info", "bybit_journal_info"
LOAN = "1794267532472646144"
DAY_MS = 86_400_000
# The options of a task besides the mistake, unless leaving them out is the mistake.
BASES: dict[str, dict[str, t.Any]] = {
    REPAY: {"order_id": LOAN, "amount": "100", "settle_margin": 0},
    FLEXIBLE: {"loan_currency": "USDT", "amount": "100", "settle_margin": 0},
    FIXED: {"loan_id": "571", "settle_margin": 0},
    COLLATERAL: {"order_id": LOAN, "settle_margin": 0},
    TRANSFER: {"coin": "USDT", "settle_margin": 0},
    LOANS: {},
    REPAYMENTS: {},
    JOURNAL: {"api_url": None, "api_key": None, "api_secret": None, "recv_window": None},
}
Arrange = t.Callable[[SimpleNamespace], dict[str, t.Any]]


def written(name: str, text: str, mode: int = 0o600) -> Arrange:
    """Write a private key to a file."""

    def call(scene: SimpleNamespace) -> dict[str, t.Any]:
        path = scene.tmp_path / name
        path.write_text(text or scene.rsa_keys.private_pem)
        path.chmod(mode)
        return {"rsa_private_key": str(path)}

    return call


def pem(kind: str) -> Arrange:
    """Make an invalid private key."""

    def call(scene: SimpleNamespace) -> dict[str, t.Any]:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

        how = serialization.NoEncryption()
        key: t.Any = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if kind == "encrypted":
            how = serialization.BestAvailableEncryption(b"sesame")
        elif kind == "ed25519":
            key = ed25519.Ed25519PrivateKey.generate()
        form = serialization.PrivateFormat.OpenSSH if kind == "openssh" else serialization.PrivateFormat.PKCS8
        return {"rsa_private_key": key.private_bytes(serialization.Encoding.PEM, form, how).decode()}

    return call


def answered(**fault: t.Any) -> Arrange:
    """Let the exchange, or something in front of it, answer all reads with this."""

    def call(scene: SimpleNamespace) -> dict[str, t.Any]:
        scene.sandbox.control("POST", "faults", {"method": "GET", "times": 0, **fault})
        return {}

    return call


def refused(code: int) -> Arrange:
    """Let the exchange refuse the repayment."""

    def call(scene: SimpleNamespace) -> dict[str, t.Any]:
        scene.sandbox.fault(answer={"ret_code": code})
        return {}

    return call


def wallet(balance: str) -> Arrange:
    def call(scene: SimpleNamespace) -> dict[str, t.Any]:
        scene.sandbox.control("POST", "wallet", {"coin": "USDT", "balance": balance})
        return {}

    return call


def over_tls(scene: SimpleNamespace) -> dict[str, t.Any]:
    return {"api_url": scene.start("--tls").url}


def trusting_another(scene: SimpleNamespace) -> dict[str, t.Any]:
    other = scene.start("--tls", name="other")
    return {"api_url": scene.start("--tls").url, "ca_path": other.ca_path}


def over_tls_without(scene: SimpleNamespace) -> dict[str, t.Any]:
    """Use TLS on a port that does not speak it."""
    return {"api_url": scene.sandbox.url.replace("http:", "https:")}


def redirected(scene: SimpleNamespace) -> dict[str, t.Any]:
    head = b"HTTP/1.1 302 Found\r\nLocation: https://www.example.com/login\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    scene.relay.on("/v5/user/query-api", lambda answer: Raw(head))
    return {"api_url": scene.relay.url}


def repaid_before(**options: t.Any) -> Arrange:
    def call(scene: SimpleNamespace) -> dict[str, t.Any]:
        assert scene.run(REPAY, **options)["changed"]
        return {}

    return call


def days(option: str, number: int) -> Arrange:
    """Return a time this many days from now."""
    def call(scene: SimpleNamespace) -> dict[str, t.Any]:
        moment = datetime.datetime.fromtimestamp((scene.now_ms() + number * DAY_MS) / 1000, tz=datetime.timezone.utc)
        return {option: moment.strftime("%Y-%m-%d")}

    return call


def journal_at(*parts: str, make: t.Callable[[Path], None] = lambda path: None) -> Arrange:
    def call(scene: SimpleNamespace) -> dict[str, t.Any]:
        path = scene.tmp_path.joinpath(*parts)
        make(path)
        return {"journal": str(path)}

    return call


def a_file_above(path: Path) -> None:
    path.parent.write_text("")


def open_to_all(path: Path) -> None:
    path.parent.mkdir()
    path.parent.chmod(0o777)


def with_old_records(path: Path) -> None:
    path.parent.mkdir()
    (path.parent / f"mainnet_1001_legacy_{LOAN}_0123456789abcdef.json").write_text("{}")


def no_database(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.write_text("my notes\n" * 200)
    path.chmod(0o600)


def link(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    (path.parent / "there").write_text("")
    path.symlink_to(path.parent / "there")


def recorded(change: str) -> Arrange:
    """Make a journal with an earlier run, and change something in it."""

    def call(scene: SimpleNamespace) -> dict[str, t.Any]:
        assert scene.run(REPAY, **BASES[REPAY])["changed"]
        with contextlib.closing(sqlite3.connect(scene.journal)) as connection:
            connection.executescript(change)
        return {}

    return call


def cut(scene: SimpleNamespace) -> dict[str, t.Any]:
    assert scene.run(REPAY, **BASES[REPAY])["changed"]
    scene.journal.write_bytes(scene.journal.read_bytes()[:5000])
    return {}


def removed(scene: SimpleNamespace) -> dict[str, t.Any]:
    assert scene.run(REPAY, **BASES[REPAY])["changed"]
    scene.journal.unlink()
    return {}


def in_doubt(scene: SimpleNamespace) -> dict[str, t.Any]:
    """Leave an earlier run whose outcome is unknown."""
    scene.sandbox.fault(answer="close", commit=False)
    assert scene.run(REPAY, **{**BASES[REPAY], "wait_timeout": 0})["outcome"] == "unknown"
    return {}


PROXY = {"HTTPS_PROXY": "{}", "NO_PROXY": "", "no_proxy": ""}
OUTSIDE = "https://api.bybit.invalid"


def by_proxy(url: str) -> dict[str, t.Any]:
    return {"api_url": OUTSIDE, "env": {**PROXY, "HTTPS_PROXY": url}}


def without(library: str) -> dict[str, t.Any]:
    program = f"import sys; sys.modules[{library!r}] = None\n"
    return {"program": ("-c", f"{program}from ansible_collections.treasury.bybit.plugins.modules import {REPAY} as m; m.main()")}

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real sandbox process, and a client that shares no code with the collection or with the sandbox."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import ssl
import subprocess
import sys
import time
import typing as t
import urllib.parse
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

FILES = Path(__file__).resolve().parents[2] / "roles" / "sandbox" / "files"
LAUNCHER = FILES / "sandbox.py"
LOAN = "1794267532472646144"
DUSTY_LOAN = "1793683005081680384"
OVERDUE_LOAN = "1793401222384701440"
ETH_LOAN = "1794300811046633472"
SOL_LOAN = "1794288290015682560"
SECOND_ACCOUNTS_LOAN = "1794299000112233472"
PREFIX = "/v5/crypto-loan/"
WALLET = "/v5/asset/transfer/query-account-coin-balance"

sys.path.insert(0, str(FILES))


def real_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    document: dict = field(default_factory=dict)

    @property
    def code(self) -> int:
        return self.document["retCode"]

    @property
    def result(self) -> dict:
        return self.document["result"]


class Sandbox:
    """Talks to a sandbox at this address.

    :param now_ms: Returns the time to sign with.
    """

    def __init__(self, url: str, ca_path: str | None = None, now_ms: t.Callable[[], int] = real_ms) -> None:
        self.url = url
        self._now_ms = now_ms
        self.parts = urllib.parse.urlsplit(url)
        self.context = ssl.create_default_context(cafile=ca_path) if ca_path else None

    def connect(self, timeout: float = 30) -> http.client.HTTPConnection:
        if self.context:
            return http.client.HTTPSConnection(
                self.parts.hostname, self.parts.port, timeout=timeout, context=self.context
            )
        return http.client.HTTPConnection(self.parts.hostname, self.parts.port, timeout=timeout)

    def raw(
        self, method: str, target: str, body: bytes | None = None, headers: dict | None = None, timeout: float = 30
    ) -> Answer:
        response, text = self.answered(method, target, body, headers or {}, timeout)
        answer = Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text)
        if answer.headers.get("content-type", "").startswith("application/json") and text.startswith(b"{"):
            answer.document = json.loads(text)
        return answer

    def answered(
        self, method: str, target: str, body: bytes | None, headers: dict, timeout: float
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Send a request over a new connection, and return the head and body of the answer."""
        connection = self.connect(timeout)
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def signed(
        self, method: str, path: str, query: str = "", body: str = "", *, key: str = "sandbox-key",
        secret: str = "sandbox-secret", timestamp: int | str | None = None, window: str | None = "5000",
        change: dict | None = None, timeout: float = 30,
    ) -> Answer:
        if timestamp is None:
            timestamp = self._now_ms()
        text = f"{timestamp}{key}{window or ''}{query if method == 'GET' else body}"
        headers = {
            "X-BAPI-API-KEY": key,
            "X-BAPI-TIMESTAMP": str(timestamp),
            "X-BAPI-SIGN": hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest(),
        }
        if window is not None:
            headers["X-BAPI-RECV-WINDOW"] = window
        if body:
            headers["Content-Type"] = "application/json"
        headers.update(change or {})
        headers = {name: value for name, value in headers.items() if value is not None}
        target = f"{path}?{query}" if query else path
        return self.raw(method, target, body.encode() if body else None, headers, timeout)

    def repay(self, order_id: object = LOAN, amount: object = "100", **options: object) -> Answer:
        body = json.dumps({"orderId": order_id, "amount": amount}, separators=(",", ":"))
        return self.signed("POST", PREFIX + "repay", body=body, **options)

    def query(self, name: str, query: str = "", **options: object) -> Answer:
        answer = self.signed("GET", PREFIX + name, query, **options)
        return answer

    def listed(self, name: str, query: str = "", **options: object) -> list[dict]:
        return self.query(name, query, **options).result["list"]

    def balance(self, coin: str = "USDT", **options: object) -> Decimal:
        answer = self.signed("GET", WALLET, f"accountType=FUND&coin={coin}", **options)
        return Decimal(answer.result["balance"]["walletBalance"])

    def control(self, method: str, name: str, document: object = None, expect: int = 200) -> dict:
        body = json.dumps(document).encode() if document is not None else None
        answer = self.raw(method, f"/sandbox/{name}", body)
        assert answer.status == expect, answer.body
        return answer.document

    def state(self) -> dict:
        return self.control("GET", "state")

    def account(self, number: int = 0) -> dict:
        return self.state()["accounts"][number]

    def loan(self, order_id: str = LOAN) -> dict | None:
        return next((loan for loan in self.account()["loans"] if loan["order_id"] == order_id), None)

    def repayments(self, order_id: str = LOAN) -> list[dict]:
        return [item for item in self.account()["repayments"] if item["order_id"] == order_id]

    def requests(self) -> dict:
        return self.control("GET", "requests")

    def fault(self, **document: object) -> None:
        self.control("POST", "faults", {"method": "POST", "path": PREFIX + "repay", **document})

    def clock(self, **document: object) -> int:
        return self.control("POST", "clock", document)["server_time"]


def launch(*arguments: str, **options: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, str(LAUNCHER), *arguments], capture_output=True, text=True, timeout=30, check=False, **options
    )


@pytest.fixture(scope="session")
def cli():
    return launch


@pytest.fixture(scope="session")
def names() -> SimpleNamespace:
    return SimpleNamespace(
        loan=LOAN, dusty=DUSTY_LOAN, overdue=OVERDUE_LOAN, eth=ETH_LOAN, sol=SOL_LOAN, second=SECOND_ACCOUNTS_LOAN,
        prefix=PREFIX, wallet=WALLET, launcher=LAUNCHER, client=Sandbox,
    )


@pytest.fixture(scope="session")
def default_seed() -> dict:
    return json.loads((FILES / "bybit_sandbox" / "seed.json").read_text(encoding="utf-8"))


@pytest.fixture
def roomy_seed(default_seed) -> dict:
    """The default book without rate limits, so that a test need not wait a second between two calls."""
    seed = json.loads(json.dumps(default_seed))
    seed["settings"]["limits"] = dict.fromkeys(seed["settings"]["limits"], 10000)
    seed["settings"]["ip_limit"]["requests"] = 100000
    return seed


@pytest.fixture(scope="session")
def until() -> t.Callable[..., None]:
    """Wait until a condition holds."""

    def call(is_so: t.Callable[[], object], seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, "it has not happened in time"
            time.sleep(0.02)

    return call


@pytest.fixture(scope="session")
def rsa_keys(tmp_path_factory) -> SimpleNamespace:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    path = tmp_path_factory.mktemp("rsa") / "public.pem"
    path.write_bytes(public)
    return SimpleNamespace(private_pem=pem.decode(), public_path=path)


@pytest.fixture
def start(tmp_path):
    """Starts further sandboxes and stops them after the test."""
    begun = []

    def begin(*arguments: str, name: str = "run") -> SimpleNamespace:
        done = launch("start", "--run-dir", str(tmp_path / name), "--lifetime", "120", *arguments)
        assert done.returncode == 0, done.stderr
        found = SimpleNamespace(**json.loads(done.stdout))
        begun.append(found.run_dir)
        return found

    yield begin
    for run_dir in begun:
        launch("stop", "--run-dir", run_dir)


@pytest.fixture(scope="session")
def server(tmp_path_factory, rsa_keys):
    run_dir = tmp_path_factory.mktemp("sandbox")
    done = launch(
        "start", "--run-dir", str(run_dir), "--lifetime", "3600", "--rsa-public-key", str(rsa_keys.public_path)
    )
    assert done.returncode == 0, done.stderr
    yield json.loads(done.stdout)["url"]
    log = (run_dir / "log").read_text(encoding="utf-8")
    stopped = launch("stop", "--run-dir", str(run_dir))
    assert json.loads(stopped.stdout) == {"stopped": True, "removed": False}
    assert "Traceback" not in log, log


@pytest.fixture
def now_ms() -> t.Callable[[], int]:
    """The clock of the sandbox."""
    return real_ms


@pytest.fixture
def sandbox(server, roomy_seed, now_ms) -> Sandbox:
    """The shared server with a fresh default book and without rate limits."""
    client = Sandbox(server, now_ms=now_ms)
    client.control("PUT", "seed", roomy_seed)
    return client


@pytest.fixture
def strict(server, default_seed, now_ms) -> Sandbox:
    """The shared server with a fresh default book and the exchange's rate limits."""
    client = Sandbox(server, now_ms=now_ms)
    client.control("PUT", "seed", default_seed)
    return client


@pytest.fixture
def paid(sandbox):
    """List the amounts that the first account has repaid since the test began, by the exchange's ledger."""
    old = {entry["repay_id"] for entry in sandbox.account()["repayments"]}
    return lambda: [e["amount"] for e in sandbox.account()["repayments"] if e["repay_id"] not in old]

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in exchange in a separate process, and what a measurement needs from it."""

from __future__ import annotations

import http.client
import json
import ssl
import subprocess
import sys
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

FILES = Path(__file__).resolve().parents[2] / "roles" / "sandbox" / "files"
REPAY = "/v5/crypto-loan/repay"
# Longer than any delay of a fault, and shorter than an hour, so that no interest is charged.
LONG_ENOUGH_MS = 120_000
FAILED = 3


def built_in_seed() -> dict[str, t.Any]:
    return json.loads((FILES / "bybit_sandbox" / "seed.json").read_text(encoding="utf-8"))


class StandIn:
    """Starts when created; C(stop) or, at the latest, the end of its lifetime stops it."""

    def __init__(self, run_dir: Path, *arguments: str, lifetime_s: int = 1800) -> None:
        self._run_dir = run_dir
        started = self._command("start", "--lifetime", str(lifetime_s), *arguments)
        self.url: str = started["url"]
        self.ca_path: str | None = started["ca_path"]
        self._context = ssl.create_default_context(cafile=self.ca_path) if self.ca_path else None
        self._old: set[str] = set()

    def fresh(self, wallet: dict[str, str] | None, fault: dict[str, t.Any] | None) -> None:
        """Start again from the built-in seed, which has the exchange's rate limits."""
        self.begin(built_in_seed())
        for coin, balance in (wallet or {}).items():
            self.control("POST", "wallet", {"coin": coin, "balance": balance})
        if fault is not None:
            self.order_fault({"method": "POST", "path": REPAY, **fault})

    def begin(self, seed: dict[str, t.Any]) -> None:
        """Start again from another seed."""
        self.control("PUT", "seed", seed)
        self._old = {item["repay_id"] for item in self._repayments(self.state())}

    def order_fault(self, fault: dict[str, t.Any]) -> None:
        self.control("POST", "faults", fault)

    def settle(self) -> None:
        """Let everything happen that is still under way: late packets, processing, and late records."""
        self.control("POST", "clock", {"advance_ms": LONG_ENOUGH_MS})
        state = self.state()
        under_way = [item for item in self._repayments(state) if item["settles_at"] is not None]
        if under_way or state.get("waiting"):
            raise RuntimeError("The stand-in has not come to rest.")

    def new_repayments(self) -> list[dict[str, t.Any]]:
        return [item for item in self._repayments(self.state()) if item["repay_id"] not in self._old]

    def posts(self) -> list[dict[str, t.Any]]:
        """Return the requests to repay that were delivered, oldest first."""
        return [entry for entry in self.requests() if (entry["method"], entry["path"]) == ("POST", REPAY)]

    def requests(self) -> list[dict[str, t.Any]]:
        """Return the last thousand requests to the exchange's endpoints, oldest first."""
        return self.control("GET", "requests")["requests"]

    def counts(self) -> dict[str, int]:
        """Return the number of requests by verb and path."""
        return self.control("GET", "requests")["counts"]

    def state(self) -> dict[str, t.Any]:
        return self.control("GET", "state")

    def stop(self) -> None:
        self._command("stop")

    @staticmethod
    def _repayments(state: dict[str, t.Any]) -> list[dict[str, t.Any]]:
        return [item for account in state["accounts"] for item in account["repayments"]]

    def _command(self, name: str, *arguments: str) -> dict[str, t.Any]:
        command = [sys.executable, str(FILES / "sandbox.py"), name, "--run-dir", str(self._run_dir), *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        if ended.returncode:
            raise RuntimeError(f"The stand-in did not {name}: {ended.stderr}")
        return json.loads(ended.stdout)

    def control(self, method: str, name: str, document: object = None) -> dict[str, t.Any]:
        parts = urlsplit(self.url)
        connection: http.client.HTTPConnection
        if self._context:
            connection = http.client.HTTPSConnection(
                parts.hostname or "", parts.port, timeout=10, context=self._context
            )
        else:
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        try:
            connection.request(method, f"/sandbox/{name}", None if document is None else json.dumps(document))
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise RuntimeError(f"The stand-in refused {method} /sandbox/{name}: {text.decode()}")
        return json.loads(text)

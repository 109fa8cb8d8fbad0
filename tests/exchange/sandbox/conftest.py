# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests for flexible and fixed loans, for the tests of the stand-in exchange."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

# For the helpers beside the tests.
sys.path.insert(0, str(Path(__file__).resolve().parent))


class Loans:
    """Requests for flexible and fixed loans; a refused query returns its code."""

    def __init__(self, sandbox) -> None:
        self.sandbox = sandbox

    def post(self, name: str, key: str = "sandbox-key", **body: object):
        stamp = self.sandbox.state()["server_time"]
        return self.sandbox.signed(
            "POST", f"/v5/crypto-loan-{name}", body=json.dumps(body), key=key, timestamp=stamp
        )

    def get(self, name: str, query: str = "", key: str = "sandbox-key") -> dict:
        stamp = self.sandbox.state()["server_time"]
        answer = self.sandbox.signed("GET", f"/v5/crypto-loan-{name}", query, key=key, timestamp=stamp)
        return answer.result if answer.code == 0 else {"code": answer.code}

    def repay(self, coin: str, amount: str, **options):
        return self.post("flexible/repay", loanCurrency=coin, amount=amount, **options)

    def debt(self, coin: str) -> dict | None:
        found = self.get("flexible/ongoing-coin", f"loanCurrency={coin}")["list"]
        return found[0] if found else None

    def contract(self, loan_id: str) -> dict:
        [found] = self.get("fixed/borrow-contract-info", f"loanId={loan_id}")["list"]
        return found

    def history(self, product: str, query: str = "") -> list[dict]:
        return self.get(f"{product}/repayment-history", query)["list"]

    def wallet(self, coin: str) -> str:
        return self.sandbox.account()["wallet"][coin]

    def collateral(self, coin: str) -> str:
        return self.sandbox.account()["collateral"][coin]

    def fault(self, name: str, **fault: object) -> None:
        self.sandbox.control("POST", "faults", {"method": "POST", "path": f"/v5/crypto-loan-{name}", **fault})

    def wait(self, ms: int) -> None:
        self.sandbox.clock(advance_ms=ms)


@pytest.fixture
def loans(sandbox) -> Loans:
    """The built-in seed, with the clock frozen."""
    sandbox.clock(freeze=True)
    return Loans(sandbox)


@pytest.fixture
def contracts() -> SimpleNamespace:
    """The fixed contracts of the built-in seed."""
    return SimpleNamespace(in_3_days="568", in_20_days="569", overdue="570", in_5_hours="571", repaid="561")

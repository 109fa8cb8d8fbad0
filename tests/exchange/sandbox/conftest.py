# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests for flexible and fixed loans, official Python clients, and a browser, for the tests of the stand-in exchange."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from pybit.unified_trading import HTTP

HERE = Path(__file__).resolve().parent

# So that tests can import the helper modules in this folder, and those of all tests.
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from browser import headless


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
def session(sandbox, monkeypatch):
    """Create official Python clients of the stand-in exchange."""
    # pybit reads this attribute but never sets it.
    monkeypatch.setattr(HTTP, "crypto_loan_legacy_message", "", raising=False)

    def make(**options: object) -> HTTP:
        made = HTTP(**{"api_key": "sandbox-key", "api_secret": "sandbox-secret", **options})
        made.endpoint = sandbox.url
        return made

    return make


@pytest.fixture
def client(session) -> HTTP:
    """An official Python client with the usual key."""
    return session()


@pytest.fixture
def contracts() -> SimpleNamespace:
    """The fixed contracts of the built-in seed."""
    return SimpleNamespace(in_3_days="568", in_20_days="569", overdue="570", in_5_hours="571", repaid="561")


@pytest.fixture(scope="module")
def chromium():
    """The system's Chromium, headless."""
    with headless() as browser:
        yield browser


@pytest.fixture
def open_page(chromium):
    """Open the page of a stand-in exchange; at the end, none of its scripts may have failed."""
    contexts, failures = [], []

    def keep(error):
        # Playwright sets an attribute on its listeners, which a built-in method does not allow.
        failures.append(error)

    def call(sandbox, **options: object):
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.on("pageerror", keep)
        page.goto(sandbox.url)
        page.get_by_text("Live").wait_for()
        return page

    yield call
    for context in contexts:
        context.close()
    assert failures == []


@pytest.fixture
def page(sandbox, open_page):
    return open_page(sandbox)

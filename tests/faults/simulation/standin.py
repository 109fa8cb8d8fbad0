# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in exchange: its process, a quick client for its control calls, and the book that schedules begin with."""

from __future__ import annotations

import datetime
import http.client
import json
import subprocess
import sys
import time
import typing as t
import urllib.parse
from decimal import Decimal
from pathlib import Path

from .facts import API, HISTORY, ORDERS, OWNER, REPAY, TIME, Entry

ROOT = Path(__file__).resolve().parents[3]
LAUNCHER = ROOT / "roles" / "sandbox" / "files" / "sandbox.py"
KEY, SECRET = "sandbox-key", "sandbox-secret"
BIG_LOAN, OTHER_LOAN, SMALL_LOAN = "1794267532472646144", "1794288290015682560", "1794299000112233472"
GETS = (ORDERS, HISTORY, TIME, "/v5/crypto-loan/loanable-data", "/v5/crypto-loan/borrow-history")
DAY_MS = 24 * 3600 * 1000
# In the future, so that the moments between the seed and the stopped clock charge no interest.
START_MS = int(datetime.datetime(2033, 5, 18, 9, 30, tzinfo=datetime.timezone.utc).timestamp()) * 1000
_SOURCES = {"api": API, "app": OWNER}


def book(begin_ms: int = START_MS) -> dict[str, t.Any]:
    """The seed of every schedule: three loans with plenty of money, one earlier repayment, and no limits."""

    def loan(order_id: str, principal: str, interest: str) -> dict[str, str | int]:
        return {
            "order_id": order_id, "loan_coin": "USDT", "collateral_coin": "BTC", "principal": principal,
            "interest": interest, "collateral": "1", "hourly_rate": "0.0000090346",
            "borrowed_at": begin_ms - 3 * DAY_MS + 60_000,
        }

    coin = {"accuracy": 4, "flexible_hourly_rate": "0.0000090346", "min": "20", "max": "8000000"}
    collateral = {
        "accuracy": 8, "initial_ltv": "0.8", "margin_call_ltv": "0.87", "liquidation_ltv": "0.95", "max_limit": "800",
    }
    return {
        "settings": {
            "ip_limit": {"requests": 1_000_000}, "limits": {f"POST {REPAY}": 100_000, "default": 100_000},
        },
        "prices": {"USDT": "1", "BTC": "60000"},
        "loan_coins": {"USDT": coin},
        "collateral_coins": {"BTC": collateral},
        "accounts": [{
            "uid": "1631373", "name": "Treasury", "wallet": {"USDT": "100000", "BTC": "1"},
            "keys": [{"key": KEY, "secret": SECRET, "permissions": ["SpotTrade", "Wallet"]}],
            "loans": [
                loan(BIG_LOAN, "9000", "0.4"), loan(OTHER_LOAN, "2340", "1.26844"), loan(SMALL_LOAN, "250", "0.5"),
            ],
            "repayments": [{
                "repay_id": "1794268920441270272", "order_id": BIG_LOAN, "amount": "100.1", "time": begin_ms - DAY_MS,
            }],
        }],
    }


class StandIn:
    """A stand-in exchange at this address."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urllib.parse.urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)

    def control(self, method: str, name: str, document: object = None) -> t.Any:
        body = None if document is None else json.dumps(document)
        self._connection.request(method, f"/sandbox/{name}", body)
        response = self._connection.getresponse()
        text = response.read()
        assert response.status == 200, (method, name, document, text)
        return json.loads(text)

    def begin(self) -> None:
        """A fresh book, and a clock that stands still."""
        self.control("PUT", "seed", book())
        self.set_clock(START_MS)

    def begin_now(self) -> None:
        """A fresh book, and the real time."""
        self.control("PUT", "seed", book(time.time_ns() // 1_000_000))

    def set_clock(self, now: int) -> None:
        self.control("POST", "clock", {"freeze_at_ms": now})

    def ledger(self) -> dict[str, Entry]:
        return self.books()[0]

    def books(self) -> tuple[dict[str, Entry], dict[str, Decimal]]:
        """Return the true repayments by id, and the debts of the loans that are open."""
        account = self.control("GET", "state")["accounts"][0]
        debts = {loan["order_id"]: Decimal(loan["debt"]) for loan in account["loans"]}
        return {item["repay_id"]: entry_of(item) for item in account["repayments"]}, debts


def entry_of(item: dict[str, t.Any]) -> Entry:
    return Entry(
        repay_id=item["repay_id"], order_id=item["order_id"], amount=Decimal(item["amount"]), time=item["time"],
        status=item["status"], source=_SOURCES.get(item["origin"], item["origin"]), visible_at=item["visible_at"],
        settles_at=item["settles_at"],
    )


def start(run_dir: Path, lifetime: int = 7200) -> str:
    """Start a stand-in exchange and return its address."""
    return json.loads(_launch("start", "--run-dir", str(run_dir), "--lifetime", str(lifetime)))["url"]


def stop(run_dir: Path) -> str:
    """Stop it and return what it has written to its log."""
    log = (run_dir / "log").read_text(encoding="utf-8")
    _launch("stop", "--run-dir", str(run_dir))
    return log


def _launch(*arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, str(LAUNCHER), *arguments], capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout

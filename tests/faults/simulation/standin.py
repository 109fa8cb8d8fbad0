# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in exchange: its process, a fast client for its control API, and the seed of the schedules."""

from __future__ import annotations

import dataclasses
import datetime
import hmac
import http.client
import json
import subprocess
import sys
import time
import typing as t
import urllib.parse
from decimal import Decimal
from pathlib import Path

from .ledger import API, OWNER, PROCESSING, Books, Entry, loan_behind
from .products import (
    ACCOUNT_COLLATERAL,
    ADD,
    FIXED,
    FLEXIBLE,
    LEGACY,
    ORDER_COLLATERAL,
    PRODUCTS,
    REPAID,
    REPAY,
    TAKE_BACK,
    TO_FUND,
    TO_UNIFIED,
    WALLETS,
    Loan,
)

ROOT = Path(__file__).resolve().parents[3]
LAUNCHER = ROOT / "roles" / "sandbox" / "files" / "sandbox.py"
KEY, SECRET = "sandbox-key", "sandbox-secret"
# This key may repay loans, but not read the wallet.
KEY_WITHOUT_WALLET, SECRET_WITHOUT_WALLET = "sandbox-loan-key", "sandbox-loan-secret"
# The suffix of the second key that each of these two has, with the same secret.
SECOND = "-2"
# The key with which the owner moves money by hand.
OWNER_KEY = "owner-key"
DAY_MS = 24 * 3600 * 1000
HOUR_MS = 3_600_000
# In the future, so that no interest accrues between the seed and the stop of the clock.
START_MS = int(datetime.datetime(2033, 5, 18, 9, 30, tzinfo=datetime.timezone.utc).timestamp()) * 1000
# The time from the start to the first charge of interest; all loans were taken out a number of full hours before that charge.
TURN_MS = 60_000
BIG_LOAN, OTHER_LOAN, SMALL_LOAN = (
    Loan(LEGACY, name) for name in ("1794267532472646144", "1794288290015682560", "1794299000112233472")
)
BIG_COIN, SMALL_COIN = Loan(FLEXIBLE, "USDT"), Loan(FLEXIBLE, "USDC")
# The first two are overdue, so that the amount to close them grows every hour.
CONTRACTS = tuple(Loan(FIXED, number) for number in ("571", "572", "573", "574"))
ORDER_PLEDGE, COIN_PLEDGE, WALLET_USDT = Loan(ORDER_COLLATERAL, BIG_LOAN.name), Loan(ACCOUNT_COLLATERAL, "BTC"), Loan(WALLETS, "USDT")
# The smallest amount of every coin.
UNIT = Decimal("0.0001")
_PRINCIPALS = ("1500", "700.25", "1200", "650")
BTC_USD, RATIO = 60_000, Decimal("0.8")
_POSTS = (REPAY, *(PRODUCTS[name].repay for name in (ORDER_COLLATERAL, ACCOUNT_COLLATERAL, WALLETS)))
_SOURCES = {"api": API, "app": OWNER}


def book(begin_ms: int = START_MS, turn_ms: int = TURN_MS) -> dict[str, t.Any]:
    """Return the seed of every schedule: loans of all products, plenty of money, and no rate limits.

    :param turn_ms: The time from the start to the first charge of interest.
    """

    def loan(loan: Loan, principal: str, interest: str) -> dict[str, str | int]:
        return {
            "order_id": loan.name, "loan_coin": "USDT", "collateral_coin": "BTC", "principal": principal,
            "interest": interest, "collateral": "1", "hourly_rate": "0.0000090346",
            "borrowed_at": begin_ms - 3 * DAY_MS + turn_ms,
        }

    def debt(loan: Loan, principal: str, interest: str) -> dict[str, str | int]:
        return {
            "loan_coin": loan.name, "principal": principal, "interest": interest,
            "borrowed_at": begin_ms - 3 * DAY_MS + turn_ms,
        }

    def contract(number: int, loan: Loan, principal: str) -> dict[str, str | int]:
        due = {"due_at": begin_ms - 2 * HOUR_MS + turn_ms} if number < 2 else {"borrowed_at": begin_ms - DAY_MS + turn_ms}
        return {
            "loan_id": loan.name, "order_id": f"1300{number}", "loan_coin": "USDT", "term": "180", "repay_type": "0",
            "principal": principal, "annual_rate": "0.06", **due,
        }

    coin = {"accuracy": 4, "flexible_hourly_rate": "0.0000090346", "min": "0.5", "max": "8000000"}
    collateral = {
        "accuracy": 8, "initial_ltv": "0.8", "margin_call_ltv": "0.87", "liquidation_ltv": "0.95", "max_limit": "800",
    }
    return {
        "settings": {"ip_limit": {"requests": 1_000_000}, "limits": {**{f"POST {path}": 100_000 for path in _POSTS}, "default": 100_000}},
        "prices": {"USDT": "1", "USDC": "1", "BTC": str(BTC_USD)},
        "loan_coins": {"USDT": {**coin, "fixed_annual_rates": {"180": "0.06"}}, "USDC": coin},
        "collateral_coins": {"BTC": collateral},
        "accounts": [{
            "uid": "1631373", "name": "Treasury", "wallet": {"USDT": "100000", "USDC": "100000", "BTC": "10"},
            "unified": {"USDT": "50000"},
            "keys": [
                {"key": name + beside, "secret": secret, "permissions": permissions}
                for name, secret, permissions in (
                    (KEY, SECRET, ["SpotTrade", "Wallet"]), (KEY_WITHOUT_WALLET, SECRET_WITHOUT_WALLET, ["SpotTrade"]),
                )
                for beside in ("", SECOND)
            ] + [{"key": OWNER_KEY, "secret": SECRET, "permissions": ["SpotTrade", "Wallet"]}],
            "loans": [
                loan(BIG_LOAN, "9000", "0.4"), loan(OTHER_LOAN, "2340", "1.26844"), loan(SMALL_LOAN, "250", "0.5"),
            ],
            "repayments": [{
                "repay_id": "1794268920441270272", "order_id": BIG_LOAN.name, "amount": "100.1",
                "time": begin_ms - DAY_MS,
            }],
            "collateral": {"BTC": "1"},
            "flexible_loans": [debt(BIG_COIN, "5000", "0.4"), debt(SMALL_COIN, "250", "0.5")],
            "flexible_repayments": [
                {"repay_id": "1768", "loan_coin": BIG_COIN.name, "amount": "112.5", "time": begin_ms - DAY_MS},
            ],
            "fixed_contracts": [
                contract(number, *both) for number, both in enumerate(zip(CONTRACTS, _PRINCIPALS, strict=True))
            ],
        }],
    }


class StandIn:
    """A stand-in exchange at this address.

    :ivar other_url: Another address of the same exchange.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urllib.parse.urlsplit(url)
        self.other_url = f"{parts.scheme}://localhost:{parts.port}"
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)

    def control(self, method: str, name: str, document: object = None) -> t.Any:
        body = None if document is None else json.dumps(document)
        self._connection.request(method, f"/sandbox/{name}", body)
        response = self._connection.getresponse()
        text = response.read()
        assert response.status == 200, (method, name, document, text)
        return json.loads(text)

    def send(self, path: str, body: dict[str, str]) -> str:
        """Send an operation with the owner's key; return its ID, empty if the exchange refuses it."""
        # The added faults are meant for the runs.
        ordered = [{name: value for name, value in fault.items() if name != "id"} for fault in self.control("GET", "faults")["faults"]]
        self.control("DELETE", "faults")
        now, payload = str(self.control("GET", "state")["server_time"]), json.dumps(body)
        signature = hmac.new(SECRET.encode(), f"{now}{OWNER_KEY}5000{payload}".encode(), "sha256").hexdigest()
        headers = {
            "X-BAPI-API-KEY": OWNER_KEY, "X-BAPI-TIMESTAMP": now, "X-BAPI-RECV-WINDOW": "5000", "X-BAPI-SIGN": signature,
            "Content-Type": "application/json",
        }
        self._connection.request("POST", path, payload, headers)
        result = json.loads(self._connection.getresponse().read())["result"] or {}
        self.control("POST", "faults", ordered)
        return str(result.get("adjustId") or result.get("transferId") or "")

    def begin(self, seed: dict[str, t.Any] | None = None) -> None:
        """Start from a fresh ledger with a stopped clock."""
        self.control("PUT", "seed", seed or book())
        self.set_clock(START_MS)

    def begin_now(self) -> None:
        """Start from a fresh ledger in real time."""
        self.control("PUT", "seed", book(time.time_ns() // 1_000_000))

    def set_clock(self, now: int) -> None:
        self.control("POST", "clock", {"freeze_at_ms": now})

    def replace_key(self, old: str, new: str, fate: str) -> None:
        """Replace a key, which is expired or deleted from now on, by another one of the account with the same secret."""
        self.control("POST", "keys", {"key": old, "replaced_by": new, "old": fate})

    def ledger(self) -> dict[str, Entry]:
        return self.books()[0]

    def books(self, by_hand: t.Collection[str] = ()) -> tuple[dict[str, Entry], Books]:
        """Return all true operations by ID, and the true debts, collateral, and wallets.

        :param by_hand: The IDs of operations that the owner has sent with another program.
        """
        account = self.control("GET", "state")["accounts"][0]
        debts = {Loan(LEGACY, loan["order_id"]): Decimal(loan["debt"]) for loan in account["loans"]}
        debts |= {Loan(FLEXIBLE, loan["loan_coin"]): Decimal(loan["debt"]) for loan in account["flexible_loans"]}
        contracts = [contract for contract in account["fixed_contracts"] if contract["closed_at"] is None]
        debts |= {Loan(FIXED, contract["loan_id"]): Decimal(contract["debt"]) for contract in contracts}
        interests = {Loan(LEGACY, loan["order_id"]): _interest(loan) for loan in account["loans"]}
        interests |= {Loan(FLEXIBLE, loan["loan_coin"]): _interest(loan) for loan in account["flexible_loans"]}
        interests |= {Loan(FIXED, contract["loan_id"]): _interest(contract) for contract in contracts}
        collateral_usd = Decimal(account["collateral"]["BTC"]) * BTC_USD * RATIO
        entries = [entry_of(item) for item in account["repayments"]] + _moves(account)
        entries = [dataclasses.replace(entry, source=OWNER) if entry.repay_id in by_hand else entry for entry in entries]
        assert len({entry.repay_id for entry in entries}) == len(entries), "two entries have the same ID"
        pledged = {Loan(LEGACY, loan["order_id"]): Decimal(loan["collateral"]) * BTC_USD for loan in account["loans"]}
        return {entry.repay_id: entry for entry in entries}, Books(debts, collateral_usd, interests, pledged, _coins(account), _amounts(account["wallet"]))

    def open_books(self) -> Books:
        """Return debts, collateral, and wallets as if every operation in process had finished."""
        ledger, books = self.books()
        for entry in ledger.values():
            if entry.status == PROCESSING:
                books = _after(books, entry)
        return books


def _after(books: Books, entry: Entry) -> Books:
    """Return the books as they will be after an entry is processed."""
    loan, amount = entry.loan, entry.amount
    if entry.move == REPAID:
        return dataclasses.replace(books, debts={one: debt - amount * (one == loan) for one, debt in books.debts.items()})
    if entry.move == TO_FUND or entry.move == TAKE_BACK:
        return dataclasses.replace(books, wallets={**books.wallets, entry.coin: books.wallets.get(entry.coin, Decimal(0)) + amount})
    if entry.move != ADD or loan not in books.pledged:
        return books
    pledged = {**books.pledged, loan: books.pledged[loan] + amount}
    if loan.product == ACCOUNT_COLLATERAL:
        return dataclasses.replace(books, pledged=pledged, collateral_usd=books.collateral_usd + amount * BTC_USD * RATIO)
    order = loan_behind(loan)
    return dataclasses.replace(books, pledged=pledged, pledged_usd={**books.pledged_usd, order: books.pledged_usd[order] + amount * BTC_USD})


def _amounts(shown: dict[str, str]) -> dict[str, Decimal]:
    return {coin: Decimal(amount) for coin, amount in shown.items()}


def _coins(account: dict[str, t.Any]) -> dict[Loan, Decimal]:
    orders = {Loan(ORDER_COLLATERAL, loan["order_id"]): Decimal(loan["collateral"]) for loan in account["loans"]}
    return orders | {Loan(ACCOUNT_COLLATERAL, coin): amount for coin, amount in _amounts(account["collateral"]).items()}


def _moves(account: dict[str, t.Any]) -> list[Entry]:
    """Return the adjustments and transfers."""
    adjusted = [(Loan(ORDER_COLLATERAL, item["order_id"]), item) for item in account["legacy_adjustments"]]
    adjusted += [(Loan(ACCOUNT_COLLATERAL, item["coin"]), item) for item in account["adjustments"]]
    moves = [_moved(str(item["adjust_id"]), target, item, (ADD, TAKE_BACK)[int(item["direction"])]) for target, item in adjusted]
    return moves + [
        _moved(item["transfer_id"], Loan(WALLETS, item["coin"]), item, TO_FUND if item["to"] == "FUND" else TO_UNIFIED)
        for item in account["transfers"]
    ]


def _moved(move_id: str, target: Loan, item: dict[str, t.Any], move: str) -> Entry:
    return Entry(
        repay_id=move_id, loan=target, amount=Decimal(item["amount"]), time=item["time"], status=item["status"], source=API,
        visible_at=item["visible_at"], move=move, coin=item["coin"],
    )


def _interest(loan: dict[str, t.Any]) -> Decimal:
    return Decimal(loan.get("interest", "0")) + Decimal(loan.get("penalty", "0"))


def entry_of(item: dict[str, t.Any]) -> Entry:
    # In the schedules, each repayment on fixed contracts is for a single contract.
    names = {LEGACY: item["order_id"], FLEXIBLE: item["coin"], FIXED: (item.get("details") or [{}])[0].get("loan_id")}
    return Entry(
        repay_id=item["repay_id"], loan=Loan(item["product"], names[item["product"]]), amount=Decimal(item["amount"]),
        time=item["time"], status=item["status"], source=_SOURCES.get(item["origin"], item["origin"]),
        visible_at=item["visible_at"], coin=item["coin"],
    )


def start(run_dir: Path, lifetime: int = 7200) -> str:
    """Start a stand-in exchange, and return its address."""
    return json.loads(_launch("start", "--run-dir", str(run_dir), "--lifetime", str(lifetime)))["url"]


def stop(run_dir: Path) -> str:
    """Stop the stand-in exchange, and return its log."""
    log = (run_dir / "log").read_text(encoding="utf-8")
    _launch("stop", "--run-dir", str(run_dir))
    return log


def _launch(*arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, str(LAUNCHER), *arguments], capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout

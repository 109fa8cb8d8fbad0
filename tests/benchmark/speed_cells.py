# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured: how many repayments, for how many accounts, at what distance, and by which contestants."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from standin import REPAY, built_in_seed
from surroundings import KEY, SECRET

# Requests per second: a limit that clients can read and keep to without ever waiting.
UNLIMITED = 10_000
_LOANS_APART = 100_000
_PAGE = 100
_FIRST_LOAN = 1_794_267_532_472_646_144


@dataclass(frozen=True)
class Cell:
    """One task that several contestants do.

    :ivar one_way_ms: How long the stand-in holds each request before handling it, and each answer afterwards.
    :ivar limited: Whether the exchange's rate limits apply: one repayment and five reads per second.
    :ivar is_whole: Whether the repayments close the loans, which a policy can do with one rule for all of them.
    :ivar contestants: The contestants that are measured in each round.
    :ivar once: The contestants that are measured in the first round only, because they take long and no goal depends on them.
    :ivar memory: The contestants whose peak memory is measured, in separate runs after the rounds.
    """

    name: str
    title: str
    items: int
    contestants: tuple[str, ...]
    accounts: int = 1
    one_way_ms: int = 0
    tls: bool = False
    limited: bool = False
    is_whole: bool = False
    once: tuple[str, ...] = ()
    memory: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return self.items * self.accounts

    def orders(self) -> dict[str, list[str]]:
        """Return the loans to repay, by the key of their account."""
        return {
            KEY if account == 0 else f"{KEY}-{account}":
                [str(_FIRST_LOAN + account * _LOANS_APART + number) for number in range(self.items)]
            for account in range(self.accounts)
        }

    def inventory(self) -> str:
        hosts = {
            f"account-{number}": {"api_key": key, "orders": orders}
            for number, (key, orders) in enumerate(self.orders().items(), start=1)
        }
        return json.dumps({"all": {"hosts": hosts, "vars": {"api_secret": SECRET}}})

    def seed(self) -> dict[str, t.Any]:
        """Return the seed, in which each account has its key, its loans, and enough money for all of them."""
        seed = built_in_seed()
        settings = seed["settings"]
        if not self.limited:
            settings["limits"] = dict.fromkeys(settings["limits"], UNLIMITED)
        settings["ip_limit"]["requests"] = 10 * UNLIMITED
        seed["accounts"] = [
            {
                "uid": str(number),
                "wallet": {"USDT": "1000000"},
                "keys": [{"key": key, "secret": SECRET, "permissions": ["SpotTrade", "Wallet"]}],
                "loans": [_loan(order, self.is_whole) for order in orders],
            }
            for number, (key, orders) in enumerate(self.orders().items(), start=1)
        ]
        return seed

    def fault(self) -> dict[str, t.Any] | None:
        """Return the fault that simulates distance, which applies to all requests for ever."""
        if not self.one_way_ms:
            return None
        return {"times": 0, "delay_ms": self.one_way_ms, "delay_answer_ms": self.one_way_ms}

    def limit_seconds(self) -> int:
        """Return the duration that the rate limit alone causes; the first repayment need not wait."""
        per_second = built_in_seed()["settings"]["limits"][f"POST {REPAY}"]
        return (self.items - 1) // per_second

    def reading_seconds(self) -> int:
        """Return the duration that the rate limit alone causes when all loans are listed; the first second's pages need not wait."""
        per_second = built_in_seed()["settings"]["limits"]["default"]
        return (-(-self.items // _PAGE) - 1) // per_second


def _loan(order_id: str, is_whole: bool) -> dict[str, str]:
    principal, collateral = ("0.6", "0.0001") if is_whole else ("1000", "0.04")
    return {
        "order_id": order_id, "loan_coin": "USDT", "collateral_coin": "BTC", "principal": principal, "interest": "0.4",
        "collateral": collateral, "hourly_rate": "0.0000090346", "borrowed_at": "-3d",
    }


ONE_BY_ONE = ("in-process", "module", "uri", "command", "pybit", "floor", "noop", "ping")
SLOW_NEVER = ("in-process", "pybit", "floor", "noop")
CELLS = (
    Cell("n1", "1 repayment", 1, ONE_BY_ONE),
    Cell("n20", "20 repayments", 20, ONE_BY_ONE),
    Cell(
        "n100", "100 repayments", 100, ("in-process", "module", "uri", "pybit", "floor", "noop"), once=("uri-steps", "command"),
        memory=("in-process", "module", "uri", "pybit", "floor", "noop"),
    ),
    Cell(
        "far20", "20 repayments, 50 ms away", 20, ("in-process", "module", "uri", "pybit", "floor", "noop"),
        once=("command",), one_way_ms=25,
    ),
    Cell("far100", "100 repayments, 50 ms away", 100, SLOW_NEVER, once=("uri",), one_way_ms=25),
    Cell(
        "tls20", "20 repayments over TLS", 20, ("in-process", "module", "uri", "pybit", "floor", "noop"),
        once=("command",), tls=True,
    ),
    Cell("tls100", "100 repayments over TLS", 100, SLOW_NEVER, once=("uri",), tls=True),
    Cell(
        "forks", "20 accounts × 5 repayments, 20 forks", 5, ("in-process", "module", "uri", "noop"), accounts=20,
        memory=("in-process", "module", "uri", "noop"),
    ),
    Cell("limit", "20 repayments at 1 a second", 20, ("in-process", "module", "start"), limited=True),
    Cell("book", "100 loans closed", 100, ("policy", "policy-module", "in-process", "pybit"), is_whole=True, once=("uri", "module"), memory=("policy",)),
    Cell("book-far", "100 loans closed, 50 ms away", 100, ("policy", "pybit"), is_whole=True, once=("in-process",), one_way_ms=25),
    Cell("book-limit", "100 loans closed at 1 a second", 100, ("start",), is_whole=True, once=("policy",), limited=True),
    Cell("book-1000", "1,000 loans, nothing to do", 1000, ("policy-idle", "start"), limited=True, memory=("policy-idle",)),
    Cell("book-10000", "10,000 loans, nothing to do", 10_000, ("policy-idle", "start"), limited=True, memory=("policy-idle",)),
)

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways to repay, which all keep the same promises: the options, the request, and the exchange's ledger entry."""

from __future__ import annotations

import typing as t

_LOAN = "1794267532472646144"


class Way(t.NamedTuple):
    """A module with the options of one repayment, each on its own subject in the sandbox's built-in book.

    :ivar ids: The options that the result repeats.
    :ivar path: The path of the call that repays.
    :ivar body: The request body.
    :ivar history: The call of its history.
    :ivar label: The name of the subject in messages.
    :ivar sold: The collateral that the repayment sells, including the fee; empty when the Funding wallet pays.
    """

    name: str
    module: str
    options: dict[str, t.Any]
    ids: dict[str, t.Any]
    path: str
    body: str
    history: str
    label: str
    coin: str
    amount: str
    before: str
    after: str
    sold: t.Mapping[str, str] = {}

    @property
    def is_whole(self) -> bool:
        return "amount" not in self.options

    def is_entry(self, entry: dict[str, t.Any]) -> bool:
        """Return whether a ledger entry belongs to this subject."""
        loans = [part["loan_id"] for part in entry.get("details", [])]
        of_loan = self.ids.get("loan_id") is None or loans == [self.ids["loan_id"]]
        return entry["product"] == self.name.partition("-")[0] and entry["coin"] == self.coin and of_loan

    def debt(self, account: dict[str, t.Any]) -> str:
        """Return the debt by the ledger."""
        if "order_id" in self.ids:
            owed = [loan["debt"] for loan in account["loans"] if loan["order_id"] == self.ids["order_id"]]
        elif "loan_id" in self.ids:
            wanted = self.ids["loan_id"] or next(c["loan_id"] for c in account["fixed_contracts"] if c["loan_coin"] == self.coin)
            owed = [contract["debt"] for contract in account["fixed_contracts"] if contract["loan_id"] == wanted]
        else:
            owed = [loan["debt"] for loan in account["flexible_loans"] if loan["loan_coin"] == self.coin]
        return owed[0] if owed else "0"


LEGACY = Way(
    "legacy",
    "bybit_loan_repay",
    {"order_id": _LOAN, "amount": "100"},
    {"order_id": _LOAN},
    "/v5/crypto-loan/repay",
    f'{{"orderId":"{_LOAN}","amount":"100"}}',
    "/v5/crypto-loan/repayment-history",
    f"loan {_LOAN}",
    "USDT", "100", "1000.4", "900.4",
)
FLEXIBLE = Way(
    "flexible",
    "bybit_flexible_loan_repay",
    {"loan_currency": "USDT", "amount": "100"},
    {"loan_currency": "USDT", "collateral": []},
    "/v5/crypto-loan-flexible/repay",
    '{"loanCurrency":"USDT","amount":"100"}',
    "/v5/crypto-loan-flexible/repayment-history",
    "the flexible USDT loan",
    "USDT", "100", "4988.88888939", "4888.88888939",
)
FLEXIBLE_COLLATERAL = Way(
    "flexible-collateral",
    "bybit_flexible_loan_repay",
    {"loan_currency": "BTC", "amount": "0.005", "collateral": ["ETH"]},
    {"loan_currency": "BTC", "collateral": ["ETH"]},
    "/v5/crypto-loan-flexible/repay-collateral",
    '{"loanCurrency":"BTC","amount":"0.005","collateralCoin":"ETH"}',
    "/v5/crypto-loan-flexible/repayment-history",
    "the flexible BTC loan",
    # 300 USD, and a fee of 0.05 %.
    "BTC", "0.005", "0.02000034", "0.01500034", {"ETH": "0.10005"},
)
FIXED = Way(
    "fixed",
    "bybit_fixed_loan_repay",
    {"loan_id": "568"},
    {"loan_id": "568", "loan_currency": None, "collateral": []},
    "/v5/crypto-loan-fixed/fully-repay",
    '{"loanId":"568"}',
    "/v5/crypto-loan-fixed/repayment-history",
    "fixed contract 568",
    "USDT", "1000", "1000", "0",
)
FIXED_SWEEP = Way(
    "fixed-sweep",
    "bybit_fixed_loan_repay",
    {"loan_currency": "ETH", "sweep": True},
    {"loan_id": None, "loan_currency": "ETH", "collateral": []},
    "/v5/crypto-loan-fixed/fully-repay",
    '{"loanCurrency":"ETH"}',
    "/v5/crypto-loan-fixed/repayment-history",
    "the fixed ETH debt",
    "ETH", "0.5", "0.5", "0",
)
FIXED_COLLATERAL = Way(
    "fixed-collateral",
    "bybit_fixed_loan_repay",
    {"loan_id": "569", "amount": "120", "collateral": ["BTC"]},
    {"loan_id": "569", "loan_currency": None, "collateral": ["BTC"]},
    "/v5/crypto-loan-fixed/repay-collateral",
    '{"loanId":"569","loanCurrency":"USDT","amount":"120","collateralCoin":"BTC"}',
    "/v5/crypto-loan-fixed/repayment-history",
    "fixed contract 569",
    "USDT", "120", "800", "680", {"BTC": "0.002001"},
)

WAYS = (LEGACY, FLEXIBLE, FLEXIBLE_COLLATERAL, FIXED, FIXED_SWEEP, FIXED_COLLATERAL)

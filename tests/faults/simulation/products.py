# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The products of the exchange as the schedules know them: which module repays them, and by which calls."""

from __future__ import annotations

import typing as t

LEGACY, FLEXIBLE, FIXED = "legacy", "flexible", "fixed"
# What a read is for, whatever the product.
HISTORY, DEBT, TIME, COINS, WALLET, OTHER = "history", "debt", "time", "coins", "wallet", "other"
# The Funding wallet's ledger, and what the key may do.
LEDGER, KEY = "ledger", "key"


class Loan(t.NamedTuple):
    """What is repaid: a legacy order, the flexible debt in a coin, or a fixed contract."""

    product: str
    name: str

    def __repr__(self) -> str:
        return f"{self.product} …{self.name[-4:]}"


class Product(t.NamedTuple):
    """How one product is repaid and read.

    :ivar option: Of the module, that names the loan.
    :ivar field: Of the request, that names it.
    :ivar from_collateral: The call that answers without an id, where the schedules use it.
    """

    module: str
    option: str
    field: str
    repay: str
    reads: dict[str, str]
    from_collateral: str = ""


REPAY = "/v5/crypto-loan/repay"
_ALL = {
    TIME: "/v5/market/time", WALLET: "/v5/asset/transfer/query-account-coin-balance",
    LEDGER: "/v5/asset/fundinghistory", KEY: "/v5/user/query-api",
}
_NEW = {**_ALL, COINS: "/v5/crypto-loan-common/loanable-data", OTHER: "/v5/crypto-loan-common/position"}
PRODUCTS = {
    LEGACY: Product(
        "bybit_loan_repay", "order_id", "orderId", REPAY,
        {
            **_ALL, COINS: "/v5/crypto-loan/loanable-data", OTHER: "/v5/crypto-loan/borrow-history",
            DEBT: "/v5/crypto-loan/ongoing-orders", HISTORY: "/v5/crypto-loan/repayment-history",
        },
    ),
    FLEXIBLE: Product(
        "bybit_flexible_loan_repay", "loan_currency", "loanCurrency", "/v5/crypto-loan-flexible/repay",
        {
            **_NEW, DEBT: "/v5/crypto-loan-flexible/ongoing-coin",
            HISTORY: "/v5/crypto-loan-flexible/repayment-history",
        },
        "/v5/crypto-loan-flexible/repay-collateral",
    ),
    FIXED: Product(
        "bybit_fixed_loan_repay", "loan_id", "loanId", "/v5/crypto-loan-fixed/fully-repay",
        {
            **_NEW, DEBT: "/v5/crypto-loan-fixed/borrow-contract-info",
            HISTORY: "/v5/crypto-loan-fixed/repayment-history",
        },
    ),
}
_USES = {path: use for product in PRODUCTS.values() for use, path in product.reads.items()}


def use_of(path: str) -> str:
    """Return what a read is for."""
    return _USES[path]


def loan_of(path: str, body: dict[str, str]) -> Loan:
    """Return what a repayment request is about."""
    (name,) = [name for name, product in PRODUCTS.items() if path in (product.repay, product.from_collateral)]
    return Loan(name, body[PRODUCTS[name].field])

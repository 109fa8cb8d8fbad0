# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The products of the exchange in the schedules: the module and the calls for each."""

from __future__ import annotations

import typing as t

LEGACY, FLEXIBLE, FIXED = "legacy", "flexible", "fixed"
# The journal's names for the collateral of a legacy order, the collateral of the account, and the wallets of the account.
ORDER_COLLATERAL, ACCOUNT_COLLATERAL, WALLETS = "order_collateral", "account_collateral", "wallets"
COLLATERAL = (ORDER_COLLATERAL, ACCOUNT_COLLATERAL)
# All of these together, for a run of a policy.
POLICY = "policy"
# The operations on these; a repayment has no name.
ADD, TAKE_BACK, TO_FUND, TO_UNIFIED = "add", "take_back", "to_fund", "to_unified"
REPAID = ""
OPPOSITES = {ADD: TAKE_BACK, TAKE_BACK: ADD, TO_FUND: TO_UNIFIED, TO_UNIFIED: TO_FUND}
# The uses of a read, for any product.
HISTORY, DEBT, TIME, COINS, WALLET, OTHER = "history", "debt", "time", "coins", "wallet", "other"
# The Funding wallet's ledger, the permissions of the key, and how much the exchange releases.
LEDGER, KEY, LIMIT = "ledger", "key", "limit"


class Loan(t.NamedTuple):
    """The target of an operation: a legacy order, a flexible debt, a fixed contract, the collateral of an order or in a coin, or a coin."""

    product: str
    name: str

    def __repr__(self) -> str:
        return f"{self.product} …{self.name[-4:]}"


class Product(t.NamedTuple):
    """How one kind of money is moved and read.

    :ivar option: The module's option that names the target.
    :ivar field: The request's field that names the target.
    :ivar from_collateral: The call that answers without an ID, where the schedules use it.
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
_POSITION, _GIVEN_AWAY = "/v5/crypto-loan-common/position", "/v5/account/withdrawal"
_NEW = {**_ALL, COINS: "/v5/crypto-loan-common/loanable-data", OTHER: _POSITION}
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
    ORDER_COLLATERAL: Product(
        "bybit_loan_collateral", "order_id", "orderId", "/v5/crypto-loan/adjust-ltv",
        {
            **_ALL, COINS: "/v5/crypto-loan/collateral-data", OTHER: "/v5/crypto-loan/borrow-history",
            DEBT: "/v5/crypto-loan/ongoing-orders", HISTORY: "/v5/crypto-loan/adjustment-history",
            LIMIT: "/v5/crypto-loan/max-collateral-amount",
        },
    ),
    ACCOUNT_COLLATERAL: Product(
        "bybit_loan_collateral", "currency", "currency", "/v5/crypto-loan-common/adjust-ltv",
        {
            **_ALL, COINS: "/v5/crypto-loan-common/collateral-data", OTHER: _POSITION, DEBT: _POSITION,
            HISTORY: "/v5/crypto-loan-common/adjustment-history", LIMIT: "/v5/crypto-loan-common/max-collateral-amount",
        },
    ),
    WALLETS: Product(
        "bybit_funding_transfer", "coin", "coin", "/v5/asset/transfer/inter-transfer",
        {
            **_ALL, DEBT: _ALL[WALLET], COINS: _GIVEN_AWAY, OTHER: _GIVEN_AWAY, LIMIT: _GIVEN_AWAY,
            HISTORY: "/v5/asset/transfer/query-inter-transfer-list",
        },
    ),
    FIXED: Product(
        "bybit_fixed_loan_repay", "loan_id", "loanId", "/v5/crypto-loan-fixed/fully-repay",
        {
            **_NEW, DEBT: "/v5/crypto-loan-fixed/borrow-contract-info",
            HISTORY: "/v5/crypto-loan-fixed/repayment-history",
        },
    ),
}
# The histories and figures of other products that share an LTV.
_BESIDE = {path for product in PRODUCTS.values() for path in product.reads.values()}
BESIDE = "beside"


def uses_of(path: str, product: str) -> list[str]:
    """Return the uses for which a run for a product reads a path; one answer can have several."""
    reads = {} if product == POLICY else PRODUCTS[product].reads
    uses = [use for use, one in reads.items() if one == path]
    assert uses or path in _BESIDE, f"nobody should ask {path}"
    return uses or [BESIDE]


def loan_of(path: str, body: dict[str, str]) -> Loan:
    """Return the target of a request."""
    (name,) = [name for name, product in PRODUCTS.items() if path in (product.repay, product.from_collateral)]
    return Loan(name, body[PRODUCTS[name].field])


def move_of(body: dict[str, str]) -> str:
    """Return the operation of a request."""
    if "direction" in body:
        return TAKE_BACK if body["direction"] == "1" else ADD
    return {"FUND": TO_FUND, "UNIFIED": TO_UNIFIED}[body["toAccountType"]] if "toAccountType" in body else REPAID

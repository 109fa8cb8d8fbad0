# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adjustments of collateral and transfers, which keep the promises of a repayment: the options, and where the money goes.

Like L(ways), for the other modules that move money.
"""

from __future__ import annotations

import typing as t

_LOAN = "1794267532472646144"
_LEGACY_PATH, _LEGACY_HISTORY = "/v5/crypto-loan/adjust-ltv", "/v5/crypto-loan/adjustment-history"
_ACCOUNT_PATH, _ACCOUNT_HISTORY = "/v5/crypto-loan-common/adjust-ltv", "/v5/crypto-loan-common/adjustment-history"
_TRANSFER_PATH, _TRANSFER_HISTORY = "/v5/asset/transfer/inter-transfer", "/v5/asset/transfer/query-inter-transfer-list"
_COLLATERAL, _TRANSFER = "bybit_loan_collateral", "bybit_funding_transfer"
_LOANS_COLLATERAL, _ACCOUNTS_COLLATERAL = f"the collateral of loan {_LOAN}", "the collateral of the account"
_ADDED, _TAKEN_BACK = ("addition", "Added", "add"), ("return", "Took back", "take back")
_TRANSFERRED = ("transfer", "Transferred", "transfer")
# The entry in the exchange's ledger.
_BOOKS = {_LEGACY_PATH: "legacy_adjustments", _ACCOUNT_PATH: "adjustments", _TRANSFER_PATH: "transfers"}


class Move(t.NamedTuple):
    """A module with the options of one move on the sandbox's built-in book.

    :ivar ids: The options that the result repeats.
    :ivar path: The path of the call that moves the money.
    :ivar body: The request body, with C({id}) for the ID of a transfer.
    :ivar history: The call of its history.
    :ivar words: The noun, the past participle, and the infinitive that messages use.
    :ivar where: What follows the amount in messages, including the name of the target.
    :ivar before: The level that it changes: the pledged amount, or the Funding wallet. C(after) likewise.
    :ivar ltvs: The LTV before, as predicted, and as the exchange then shows it; none for a transfer.
    :ivar funding: The change of the Funding wallet.
    """

    name: str
    module: str
    options: dict[str, t.Any]
    ids: dict[str, t.Any]
    path: str
    body: str
    history: str
    words: tuple[str, str, str]
    where: str
    coin: str
    amount: str
    before: str
    after: str
    ltvs: tuple[str, str, str] | None
    funding: str

    @property
    def is_transfer(self) -> bool:
        return self.module == _TRANSFER

    @property
    def is_legacy(self) -> bool:
        return self.path == _LEGACY_PATH

    @property
    def is_step(self) -> bool:
        return bool(self.step)

    @property
    def step(self) -> str:
        """The option that names the amount; empty for a goal."""
        return next((name for name in ("amount", "add", "take_back") if name in self.options), "")

    @property
    def kind(self) -> str:
        """The kind in the result."""
        kinds = {"Added": "add", "Took back": "take_back", "Transferred": "to_fund" if self.funding[:1] != "-" else "to_unified"}
        return kinds[self.words[1]]

    @property
    def noun(self) -> str:
        return self.words[0]

    @property
    def label(self) -> str:
        return "this account" if self.is_transfer else self.where.partition(" collateral of ")[2]

    @property
    def entry(self) -> str:
        """The text before the exchange's ID."""
        return "transfer" if self.is_transfer else "adjustment"

    @property
    def id_key(self) -> str:
        return "transfer_id" if self.is_transfer else "adjust_id"

    @property
    def list_key(self) -> str:
        return "transfers" if self.is_transfer else "adjustments"

    @property
    def subject_key(self) -> str:
        return "wallets" if self.is_transfer else "collateral"

    @property
    def named(self) -> str:
        """The name that follows the noun and "of"."""
        return f"{self.amount} {self.coin} {self.where}"

    @property
    def arithmetic(self) -> str:
        if self.ltvs is None:
            return f"Funding {self.before} → {self.after}, transfer {self.amount}"
        return f"LTV {self.ltvs[0]} → {self.ltvs[1]}, collateral {self.before} → {self.after} {self.coin}, {self.words[2]} {self.amount}"

    def entries(self, account: dict[str, t.Any]) -> list[dict[str, t.Any]]:
        """Return the ledger entries of such moves, oldest first, each with its ID as C(id)."""
        key = "transfer_id" if self.is_transfer else "adjust_id"
        return [{**entry, "id": str(entry[key])} for entry in reversed(account[_BOOKS[self.path]])]

    def level(self, account: dict[str, t.Any]) -> str:
        """Return the level that it changes, by the ledger."""
        if self.is_transfer:
            return account["wallet"][self.coin]
        if self.is_legacy:
            return next(loan["collateral"] for loan in account["loans"] if loan["order_id"] == _LOAN)
        return account["collateral"][self.coin]

    def shown(self, which: int) -> dict[str, t.Any]:
        """Return the figures of the result: 0 before, 1 as predicted, 2 afterward."""
        level = self.after if which else self.before
        if self.ltvs is None:
            unified = {"10000": "11999", "10500": "11499", "9600": "12399"}[level]
            return {"coin": self.coin, "funding": level, "unified": unified}
        loan = {"product": "legacy", "id": _LOAN} if self.is_legacy else {"product": None, "id": None}
        return {**loan, "coin": self.coin, "collateral_amount": level, "ltv": self.ltvs[which]}


def _of_order(
    name: str, options: dict[str, t.Any], amount: str, after: str, ltvs: tuple[str, str], is_adding: bool
) -> Move:
    body = f'{{"orderId":"{_LOAN}","amount":"{amount}","direction":"{0 if is_adding else 1}"}}'
    return Move(
        name, _COLLATERAL, {"order_id": _LOAN, **options}, {"order_id": _LOAN, "currency": None}, _LEGACY_PATH, body, _LEGACY_HISTORY,
        _ADDED if is_adding else _TAKEN_BACK, f"{'to' if is_adding else 'from'} {_LOANS_COLLATERAL}",
        "BTC", amount, "0.04", after, ("0.4168", *ltvs), f"-{amount}" if is_adding else amount,
    )


def _of_account(
    name: str, coin: str, options: dict[str, t.Any], amount: str, before: str, after: str, ltv: str, is_adding: bool
) -> Move:
    body = f'{{"currency":"{coin}","amount":"{amount}","direction":"{0 if is_adding else 1}"}}'
    return Move(
        name, _COLLATERAL, {"currency": coin, **options}, {"order_id": None, "currency": coin}, _ACCOUNT_PATH, body, _ACCOUNT_HISTORY,
        _ADDED if is_adding else _TAKEN_BACK, f"{'to' if is_adding else 'from'} {_ACCOUNTS_COLLATERAL}",
        coin, amount, before, after, ("0.547642", ltv, ltv), f"-{amount}" if is_adding else amount,
    )


def _of_wallets(name: str, options: dict[str, t.Any], amount: str, after: str, source: str, target: str) -> Move:
    body = f'{{"transferId":"{{id}}","coin":"USDT","amount":"{amount}","fromAccountType":"{source}","toAccountType":"{target}"}}'
    return Move(
        name, _TRANSFER, {"coin": "USDT", **options}, {"coin": "USDT"}, _TRANSFER_PATH, body, _TRANSFER_HISTORY,
        _TRANSFERRED, f"from {source} to {target} in this account",
        "USDT", amount, "10000", after, None, amount if target == "FUND" else f"-{amount}",
    )


_BACK = {"from_account_type": "FUND", "to_account_type": "UNIFIED"}
LEGACY_ADD = _of_order("legacy-add", {"add": "0.01"}, "0.01", "0.05", ("0.3334", "0.3335"), True)
LEGACY_TAKE_BACK = _of_order("legacy-take_back", {"take_back": "0.004"}, "0.004", "0.036", ("0.4631", "0.4631"), False)
ACCOUNT_ADD = _of_account("account-add", "BTC", {"add": "0.02"}, "0.02", "0.25", "0.27", "0.52026", True)
ACCOUNT_TAKE_BACK = _of_account("account-take_back", "ETH", {"take_back": "0.1"}, "0.1", "2.6", "2.5", "0.554944", False)
TO_FUND = _of_wallets("to_fund", {"amount": "500"}, "500", "10500", "UNIFIED", "FUND")
TO_UNIFIED = _of_wallets("to_unified", {"amount": "400", **_BACK}, "400", "9600", "FUND", "UNIFIED")
LEGACY_MAX_LTV = _of_order("legacy-max_ltv", {"max_ltv": "0.3"}, "0.01562375", "0.05562375", ("0.2997", "0.2998"), True)
LEGACY_MIN_LTV = _of_order("legacy-min_ltv", {"min_ltv": "0.5"}, "0.00663465", "0.03336535", ("0.4997", "0.4997"), False)
ACCOUNT_MAX_LTV = _of_account("account-max_ltv", "BTC", {"max_ltv": "0.5"}, "0.03621233", "0.25", "0.28621233", "0.499995", True)
ACCOUNT_MIN_LTV = _of_account("account-min_ltv", "ETH", {"min_ltv": "0.6"}, "0.6631321", "2.6", "1.9368679", "0.599994", False)
ENSURE = _of_wallets("ensure", {"ensure": "10500"}, "500", "10500", "UNIFIED", "FUND")

STEPS = (LEGACY_ADD, LEGACY_TAKE_BACK, ACCOUNT_ADD, ACCOUNT_TAKE_BACK, TO_FUND, TO_UNIFIED)
GOALS = (LEGACY_MAX_LTV, LEGACY_MIN_LTV, ACCOUNT_MAX_LTV, ACCOUNT_MIN_LTV, ENSURE)
MOVES = STEPS + GOALS

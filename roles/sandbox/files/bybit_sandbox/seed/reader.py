# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a seed into a ledger; each error is one sentence that names the field."""

from __future__ import annotations

from collections import Counter

from ..amounts import ZERO, parse, plain
from ..api.authentication import load_rsa_key
from ..api.common_routes import TERMS as FIXED_TERMS
from ..api.rate_limits import DEFAULT_LIMITS
from ..api.request import TERMS
from ..api.routes import ROUTES
from ..errors import SandboxError
from ..fields import Fields
from ..ledger.interest import accrue, due_time, hours_charged
from ..ledger.model import (
    BY_LIQUIDATION, BY_USER, LIQUIDATED, OPEN, REPAID, Account, CollateralCoin, Key, Ledger, LegacyLoan,
    LegacyRepayment, LoanCoin, Settings,
)
from ..switches import Switches, read_switches
from .extension import over_built_in
from .flexible_and_fixed import read_flexible_and_fixed

VIP_LEVELS = [*(f"VIP{number}" for number in range(6)), "VIP99", *(f"PRO{number}" for number in range(1, 7))]
DEFAULT_RATIO = "0.8"
RSA_KEY_NAME = "sandbox-rsa-key"
FIRST_REPAY_ID = 1_794_271_131_730_737_664
# The documented examples of flexible and fixed loans start after these.
FIRST_REPAY_NUMBER, FIRST_ORDER_NUMBER, FIRST_ADJUST_NUMBER = 1770, 1362, 27510
FIRST_FUNDING_NUMBER = 13_715_799
FIRST_TRANSFER_NUMBER = 1_358_467
LEAST_COL_RES, MOST_COL_RES = -1, 2


def ledger_from(document: object, now: int) -> Ledger:
    seed = Fields("", document) if isinstance(document, dict) else Fields("The seed", document)
    built_in_accounts: list[dict] = []
    if "extends" in seed:
        seed, built_in_accounts = over_built_in(seed)
    seed.take("_comment", "")
    settings = _settings(seed.nested("settings", {}))
    prices = seed.amounts("prices", above_zero=True)
    loan_coins = {name: _loan_coin(fields) for name, fields in _parts(seed.nested("loan_coins"))}
    collateral_coins = {
        name: _collateral_coin(fields, number)
        for number, (name, fields) in enumerate(_parts(seed.nested("collateral_coins")), start=1)
    }
    unpriced = sorted({*loan_coins, *collateral_coins} - set(prices))
    if unpriced:
        raise seed.error(f"has no price for {unpriced[0]}", "prices")
    fees = seed.amounts("repay_fees", {})
    if not set(fees) <= set(prices):
        raise seed.error("names a coin that has no price", "repay_fees")
    ledger = Ledger(
        settings, prices, seed.strings("vip_levels", VIP_LEVELS), loan_coins, collateral_coins, fees, [], 0,
        FIRST_REPAY_NUMBER, FIRST_ORDER_NUMBER, FIRST_ADJUST_NUMBER, FIRST_FUNDING_NUMBER, FIRST_TRANSFER_NUMBER,
    )
    own = seed.nested_list("accounts", lambda fields: _account(fields, ledger, now))
    seed.reject_unknown()
    ledger.accounts = _with_built_in(own, built_in_accounts, ledger, now)
    if not ledger.accounts:
        raise seed.error("must name at least one account", "accounts")
    _refuse_duplicates(ledger)
    used = [int(item.repay_id) for account in ledger.accounts for item in account.legacy_repayments]
    ledger.last_repay_id = max([FIRST_REPAY_ID, *used])
    numbers = [int(item.repay_id) for account in ledger.accounts for item in account.repayments]
    ledger.last_repay_number = max([FIRST_REPAY_NUMBER, *numbers])
    numbers = [int(item.order_id) for account in ledger.accounts for item in (*account.borrowings, *account.pending_borrowings)]
    ledger.last_order_number = max([FIRST_ORDER_NUMBER, *numbers])
    return ledger


def _with_built_in(own: list[Account], built_in: list[dict], ledger: Ledger, now: int) -> list[Account]:
    """The built-in accounts, each replaced in place by the seed's own account with the same uid, then the seed's others."""
    replaced = {account.uid for account in own}
    kept = [
        _account(Fields(f"The built-in account {item['uid']}", item), ledger, now)
        for item in built_in if item["uid"] not in replaced
    ]
    places = {item["uid"]: place for place, item in enumerate(built_in)}
    return sorted([*kept, *own], key=lambda account: places.get(account.uid, len(places)))


def add_rsa_key(ledger: Ledger, pem: str) -> None:
    """Give the first account a key with the public key from the command line."""
    load_rsa_key(pem)
    keys = ledger.accounts[0].keys
    keys[:] = [key for key in keys if key.key != RSA_KEY_NAME]
    keys.append(Key(RSA_KEY_NAME, rsa_public_key=pem, permissions=["SpotTrade", "Wallet"]))


def _parts(group: Fields) -> list[tuple[str, Fields]]:
    return [(name, group.nested(name)) for name in group.names()]


def _settings(fields: Fields) -> Settings:
    ip = fields.nested("ip_limit", {})
    limits = fields.nested("limits", {})
    settings = Settings(
        forgive_dust=fields.boolean("forgive_dust", True),
        initial_ltv=fields.amount("initial_ltv", Settings.initial_ltv, above_zero=True),
        margin_call_ltv=fields.amount("margin_call_ltv", Settings.margin_call_ltv, above_zero=True),
        liquidation_ltv=fields.amount("liquidation_ltv", Settings.liquidation_ltv, above_zero=True),
        collateral_repay_type=fields.integer("collateral_repay_type", Settings.collateral_repay_type),
        col_res=read_col_res(fields),
        ip_requests=ip.integer("requests", 600, least=1),
        ip_window_ms=ip.integer("window_ms", 5000, least=1),
        ip_ban_ms=ip.integer("ban_ms", 600_000),
        limits=dict(DEFAULT_LIMITS), switches=read_switches(fields.nested("switches", {}), Switches()),
    )
    for name in limits.names():
        if name not in ("default", "public") and name not in ROUTES:
            raise limits.error(f"has a limit for {name!r}, which is not a supported endpoint")
        settings.limits[name] = limits.integer(name, least=1)
    ip.reject_unknown()
    fields.reject_unknown()
    return settings


def read_col_res(fields: Fields) -> int:
    """The platform-wide restriction of collateral, as the exchange numbers it."""
    value = fields.integer("col_res", Settings.col_res, least=LEAST_COL_RES)
    if value > MOST_COL_RES:
        raise fields.error(f"must be at most {MOST_COL_RES}", "col_res")
    return value


def _loan_coin(fields: Fields) -> LoanCoin:
    fixed, annual = fields.nested("fixed_hourly_rates", {}), fields.nested("fixed_annual_rates", {})
    rates = {term: fixed.string(term) for term in TERMS if term in fixed}
    annual_rates = {term: plain(annual.amount(term)) for term in FIXED_TERMS if term in annual}
    fixed.reject_unknown()
    annual.reject_unknown()
    accuracy = fields.integer("accuracy")
    coin = LoanCoin(
        accuracy, fields.string("flexible_hourly_rate", ""), rates, fields.amount("min"), fields.amount("max"),
        fields.integer("flexible_accuracy", accuracy), fields.integer("fixed_accuracy", accuracy), annual_rates,
    )
    fields.reject_unknown()
    return coin


def _collateral_coin(fields: Fields, number: int) -> CollateralCoin:
    coin = CollateralCoin(
        fields.integer("accuracy"), fields.amount("initial_ltv"), fields.amount("margin_call_ltv"),
        fields.amount("liquidation_ltv", above_zero=True), fields.amount("max_limit"),
        fields.amounts("ratios", {"0": DEFAULT_RATIO}, above_zero=True), fields.integer("liquidation_order", number, least=1),
    )
    fields.reject_unknown()
    starts = [parse(start) for start in coin.ratios]
    if None in starts or starts != sorted(set(starts)) or starts[:1] != [ZERO]:
        raise fields.error("must start at 0 and increase", "ratios")
    return coin


def _account(fields: Fields, ledger: Ledger, now: int) -> Account:
    account = Account(
        uid=_uid(fields, "uid"), parent_uid=_uid(fields, "parent_uid", "0"), name=fields.string("name", ""),
        restriction=fields.integer("restriction", 0),
        wallet=fields.amounts("wallet", {}), unified=fields.amounts("unified", {}), keys=fields.nested_list("keys", lambda item: _key(item, now), []),
        legacy_loans=fields.nested_list("loans", lambda item: _loan(item, ledger, now), []), legacy_repayments=[],
    )
    for name, held in (("wallet", account.wallet), ("unified", account.unified)):
        for coin in held:
            if coin not in ledger.prices:
                raise fields.error(f"holds {coin}, which has no price", name)
    loans = {loan.order_id: loan for loan in account.legacy_loans}
    account.legacy_repayments = fields.nested_list("repayments", lambda item: _repayment(item, loans, now), [])
    read_flexible_and_fixed(fields, account, ledger, now)
    fields.reject_unknown()
    # Pagination relies on this order.
    account.legacy_loans.sort(key=lambda item: item.position)
    account.legacy_repayments.sort(key=lambda item: item.position)
    return account


def _uid(fields: Fields, name: str, *default: str) -> str:
    uid = fields.string(name, *default)
    if not (uid.isascii() and uid.isdigit() and len(uid) <= 19):
        raise fields.error("must consist of up to 19 digits", name)
    return uid


def _key(fields: Fields, now: int) -> Key:
    key = Key(
        key=fields.string("key"), secret=fields.string("secret", ""), rsa_public_key=fields.string("rsa_public_key", ""),
        permissions=fields.strings("permissions", []), read_only=fields.boolean("read_only", False),
        ips=fields.strings("ips", []),
        expires_at=fields.time("expires", now) if "expires" in fields else None,
    )
    fields.reject_unknown()
    if bool(key.secret) == bool(key.rsa_public_key):
        raise fields.error("needs either a secret or an rsa_public_key")
    if key.rsa_public_key:
        load_rsa_key(key.rsa_public_key)
    return key


def _loan(fields: Fields, ledger: Ledger, now: int) -> LegacyLoan:
    status = fields.string("status", OPEN, (OPEN, REPAID, LIQUIDATED))
    term = fields.string("term", "", ("", *TERMS))
    borrowed_at = fields.time("borrowed_at", now)
    due_at = fields.time("due_at", now, due_time(borrowed_at, term)) if term else None
    principal = fields.amount("principal", above_zero=True) if status == OPEN else ZERO
    collateral = fields.amount("collateral", above_zero=True) if status == OPEN else ZERO
    charged = "interest" in fields or "penalty" in fields
    loan = LegacyLoan(
        order_id=fields.string("order_id"), term=term, borrowed_at=borrowed_at, due_at=due_at, status=status,
        loan_coin=fields.string("loan_coin", choices=tuple(ledger.loan_coins)),
        collateral_coin=fields.string("collateral_coin", choices=tuple(ledger.collateral_coins)),
        principal=principal, collateral=collateral, hourly_rate=fields.amount("hourly_rate"),
        initial_loan=fields.amount("initial_loan", principal),
        initial_collateral=fields.amount("initial_collateral", collateral),
        interest=fields.amount("interest", ZERO), penalty=fields.amount("penalty", ZERO),
        repaid_interest=fields.amount("repaid_interest", ZERO), repaid_penalty=fields.amount("repaid_penalty", ZERO),
        closed_at=None if status == OPEN else fields.time("closed_at", now),
    )
    fields.reject_unknown()
    if charged:
        # The seed states what is owed now, so it already contains the hours so far.
        loan.accrued_hours = hours_charged(ledger.settings.switches.interest_hours, loan.borrowed_at, now)
    elif status == OPEN:
        accrue(loan, now, ledger.settings.switches.interest_hours)
    return loan


def _repayment(fields: Fields, loans: dict[str, LegacyLoan], now: int) -> LegacyRepayment:
    order_id = fields.string("order_id")
    loan = loans.get(order_id)
    if loan is None:
        raise fields.error(f"is not a loan of this account: {order_id}", "order_id")
    repay_id = fields.string("repay_id")
    if not (repay_id.isascii() and repay_id.isdigit()):
        raise fields.error("must consist of digits", "repay_id")
    repayment = LegacyRepayment(
        repay_id=repay_id, order_id=order_id, loan_coin=loan.loan_coin, collateral_coin=loan.collateral_coin,
        term=loan.term, amount=fields.amount("amount"), time=fields.time("time", now),
        type=fields.string("type", BY_USER, (BY_USER, BY_LIQUIDATION)),
        collateral_return=fields.amount("collateral_return", ZERO), origin="seed",
    )
    repayment.settled_at = repayment.time
    fields.reject_unknown()
    return repayment


def _refuse_duplicates(ledger: Ledger) -> None:
    accounts = ledger.accounts
    named = {
        "uid": [account.uid for account in accounts],
        "key": [key.key for account in accounts for key in account.keys],
        "order_id": [loan.order_id for account in accounts for loan in account.legacy_loans],
        "repay_id": [item.repay_id for account in accounts for item in (*account.legacy_repayments, *account.repayments)],
        "loan_id": [contract.loan_id for account in accounts for contract in account.fixed_contracts],
        "order_id of a flexible loan": [
            order.order_id for account in accounts for order in (*account.borrowings, *account.pending_borrowings)
        ],
    }
    for kind, names in named.items():
        duplicates = sorted(name for name, count in Counter(names).items() if count > 1)
        if duplicates:
            raise SandboxError(f"The seed has {kind} {duplicates[0]} more than once")

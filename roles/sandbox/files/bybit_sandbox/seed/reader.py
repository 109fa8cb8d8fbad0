# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a seed into a ledger; each error is one sentence that names the field."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

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
from .flexible_and_fixed import read_flexible_and_fixed

BUILT_IN_SEED = Path(__file__).resolve().parent.parent / "seed.json"
VIP_LEVELS = [*(f"VIP{number}" for number in range(6)), "VIP99", *(f"PRO{number}" for number in range(1, 7))]
DEFAULT_RATIO = "0.8"
RSA_KEY_NAME = "sandbox-rsa-key"
FIRST_REPAY_ID = 1_794_271_131_730_737_664
# The documented examples of flexible and fixed loans start after these.
FIRST_REPAY_NUMBER, FIRST_ORDER_NUMBER, FIRST_ADJUST_NUMBER = 1770, 1362, 27510
FIRST_FUNDING_NUMBER = 13_715_799


def ledger_from(document: object, now: int) -> Ledger:
    seed = Fields("", document) if isinstance(document, dict) else Fields("The seed", document)
    seed.take("_comment", "")
    settings = _settings(seed.part("settings", {}))
    prices = seed.amounts("prices", above_zero=True)
    loan_coins = {name: _loan_coin(part) for name, part in _parts(seed.part("loan_coins"))}
    collateral_coins = {
        name: _collateral_coin(part, number)
        for number, (name, part) in enumerate(_parts(seed.part("collateral_coins")), start=1)
    }
    unpriced = sorted({*loan_coins, *collateral_coins} - set(prices))
    if unpriced:
        raise seed.wrong(f"has no price for {unpriced[0]}", "prices")
    fees = seed.amounts("repay_fees", {})
    if not set(fees) <= set(prices):
        raise seed.wrong("names a coin that has no price", "repay_fees")
    ledger = Ledger(
        settings, prices, seed.texts("vip_levels", VIP_LEVELS), loan_coins, collateral_coins, fees, [], 0,
        FIRST_REPAY_NUMBER, FIRST_ORDER_NUMBER, FIRST_ADJUST_NUMBER, FIRST_FUNDING_NUMBER,
    )
    ledger.accounts = seed.parts("accounts", lambda part: _account(part, ledger, now))
    seed.done()
    if not ledger.accounts:
        raise seed.wrong("must name at least one account", "accounts")
    _refuse_duplicates(ledger)
    used = [int(item.repay_id) for account in ledger.accounts for item in account.legacy_repayments]
    ledger.last_repay_id = max([FIRST_REPAY_ID, *used])
    numbers = [int(item.repay_id) for account in ledger.accounts for item in account.repayments]
    ledger.last_repay_number = max([FIRST_REPAY_NUMBER, *numbers])
    numbers = [int(item.order_id) for account in ledger.accounts for item in (*account.borrowings, *account.pending_borrowings)]
    ledger.last_order_number = max([FIRST_ORDER_NUMBER, *numbers])
    return ledger


def add_rsa_key(ledger: Ledger, pem: str) -> None:
    """Give the first account the key whose public half was passed on the command line."""
    load_rsa_key(pem)
    keys = ledger.accounts[0].keys
    keys[:] = [key for key in keys if key.key != RSA_KEY_NAME]
    keys.append(Key(RSA_KEY_NAME, rsa_public_key=pem, permissions=["SpotTrade", "Wallet"]))


def _parts(group: Fields) -> list[tuple[str, Fields]]:
    return [(name, group.part(name)) for name in group.names()]


def _settings(part: Fields) -> Settings:
    ip = part.part("ip_limit", {})
    limits = part.part("limits", {})
    settings = Settings(
        forgive_dust=part.flag("forgive_dust", True),
        initial_ltv=part.amount("initial_ltv", Settings.initial_ltv, above_zero=True),
        margin_call_ltv=part.amount("margin_call_ltv", Settings.margin_call_ltv, above_zero=True),
        liquidation_ltv=part.amount("liquidation_ltv", Settings.liquidation_ltv, above_zero=True),
        collateral_repay_type=part.integer("collateral_repay_type", Settings.collateral_repay_type),
        ip_requests=ip.integer("requests", 600, least=1),
        ip_window_ms=ip.integer("window_ms", 5000, least=1),
        ip_ban_ms=ip.integer("ban_ms", 600_000),
        limits=dict(DEFAULT_LIMITS), switches=read_switches(part.part("switches", {}), Switches()),
    )
    for name in limits.names():
        if name not in ("default", "public") and name not in ROUTES:
            raise limits.wrong(f"has a limit for {name!r}, which is not a supported endpoint")
        settings.limits[name] = limits.integer(name, least=1)
    ip.done()
    part.done()
    return settings


def _loan_coin(part: Fields) -> LoanCoin:
    fixed, annual = part.part("fixed_hourly_rates", {}), part.part("fixed_annual_rates", {})
    rates = {term: fixed.text(term) for term in TERMS if term in fixed}
    annual_rates = {term: plain(annual.amount(term)) for term in FIXED_TERMS if term in annual}
    fixed.done()
    annual.done()
    accuracy = part.integer("accuracy")
    coin = LoanCoin(
        accuracy, part.text("flexible_hourly_rate", ""), rates, part.amount("min"), part.amount("max"),
        part.integer("flexible_accuracy", accuracy), part.integer("fixed_accuracy", accuracy), annual_rates,
    )
    part.done()
    return coin


def _collateral_coin(part: Fields, number: int) -> CollateralCoin:
    coin = CollateralCoin(
        part.integer("accuracy"), part.amount("initial_ltv"), part.amount("margin_call_ltv"),
        part.amount("liquidation_ltv", above_zero=True), part.amount("max_limit"),
        part.amounts("ratios", {"0": DEFAULT_RATIO}, above_zero=True), part.integer("liquidation_order", number, least=1),
    )
    part.done()
    starts = [parse(start) for start in coin.ratios]
    if None in starts or starts != sorted(set(starts)) or starts[:1] != [ZERO]:
        raise part.wrong("must start at 0 and increase", "ratios")
    return coin


def _account(part: Fields, ledger: Ledger, now: int) -> Account:
    account = Account(
        uid=_uid(part, "uid"), parent_uid=_uid(part, "parent_uid", "0"), name=part.text("name", ""),
        restriction=part.integer("restriction", 0),
        wallet=part.amounts("wallet", {}), keys=part.parts("keys", lambda item: _key(item, now), []),
        legacy_loans=part.parts("loans", lambda item: _loan(item, ledger, now), []), legacy_repayments=[],
    )
    for coin in account.wallet:
        if coin not in ledger.prices:
            raise part.wrong(f"holds {coin}, which has no price", "wallet")
    loans = {loan.order_id: loan for loan in account.legacy_loans}
    account.legacy_repayments = part.parts("repayments", lambda item: _repayment(item, loans, now), [])
    read_flexible_and_fixed(part, account, ledger, now)
    part.done()
    # Pagination relies on this order.
    account.legacy_loans.sort(key=lambda item: item.position)
    account.legacy_repayments.sort(key=lambda item: item.position)
    return account


def _uid(part: Fields, name: str, *default: str) -> str:
    uid = part.text(name, *default)
    if not (uid.isascii() and uid.isdigit() and len(uid) <= 19):
        raise part.wrong("must consist of up to 19 digits", name)
    return uid


def _key(part: Fields, now: int) -> Key:
    key = Key(
        key=part.text("key"), secret=part.text("secret", ""), rsa_public_key=part.text("rsa_public_key", ""),
        permissions=part.texts("permissions", []), read_only=part.flag("read_only", False), ips=part.texts("ips", []),
        expires_at=part.moment("expires", now) if "expires" in part else None,
    )
    part.done()
    if bool(key.secret) == bool(key.rsa_public_key):
        raise part.wrong("needs either a secret or an rsa_public_key")
    if key.rsa_public_key:
        load_rsa_key(key.rsa_public_key)
    return key


def _loan(part: Fields, ledger: Ledger, now: int) -> LegacyLoan:
    status = part.text("status", OPEN, (OPEN, REPAID, LIQUIDATED))
    term = part.text("term", "", ("", *TERMS))
    borrowed_at = part.moment("borrowed_at", now)
    due_at = part.moment("due_at", now, due_time(borrowed_at, term)) if term else None
    principal = part.amount("principal", above_zero=True) if status == OPEN else ZERO
    collateral = part.amount("collateral", above_zero=True) if status == OPEN else ZERO
    charged = "interest" in part or "penalty" in part
    loan = LegacyLoan(
        order_id=part.text("order_id"), term=term, borrowed_at=borrowed_at, due_at=due_at, status=status,
        loan_coin=part.text("loan_coin", choices=tuple(ledger.loan_coins)),
        collateral_coin=part.text("collateral_coin", choices=tuple(ledger.collateral_coins)),
        principal=principal, collateral=collateral, hourly_rate=part.amount("hourly_rate"),
        initial_loan=part.amount("initial_loan", principal),
        initial_collateral=part.amount("initial_collateral", collateral),
        interest=part.amount("interest", ZERO), penalty=part.amount("penalty", ZERO),
        repaid_interest=part.amount("repaid_interest", ZERO), repaid_penalty=part.amount("repaid_penalty", ZERO),
        closed_at=None if status == OPEN else part.moment("closed_at", now),
    )
    part.done()
    if charged:
        # The seed states what is owed now, so it already contains the hours so far.
        loan.accrued_hours = hours_charged(ledger.settings.switches.interest_hours, loan.borrowed_at, now)
    elif status == OPEN:
        accrue(loan, now, ledger.settings.switches.interest_hours)
    return loan


def _repayment(part: Fields, loans: dict[str, LegacyLoan], now: int) -> LegacyRepayment:
    order_id = part.text("order_id")
    loan = loans.get(order_id)
    if loan is None:
        raise part.wrong(f"is not a loan of this account: {order_id}", "order_id")
    repay_id = part.text("repay_id")
    if not (repay_id.isascii() and repay_id.isdigit()):
        raise part.wrong("must consist of digits", "repay_id")
    repayment = LegacyRepayment(
        repay_id=repay_id, order_id=order_id, loan_coin=loan.loan_coin, collateral_coin=loan.collateral_coin,
        term=loan.term, amount=part.amount("amount"), time=part.moment("time", now),
        type=part.text("type", BY_USER, (BY_USER, BY_LIQUIDATION)),
        collateral_return=part.amount("collateral_return", ZERO), origin="seed",
    )
    repayment.settled_at = repayment.time
    part.done()
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

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls that exist only here: looking into the book, moving the clock, ordering faults."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from . import VERSION, interest
from .errors import Refusal, SandboxError
from .exchange import Exchange
from .fields import Fields
from .gate import Incoming
from .model import OPEN, Account, Ledger, Loan, Repayment
from .money import parse, plain, rounded
from .wire import Reply, json_reply


def respond(exchange: Exchange, incoming: Incoming) -> Reply:
    action = ACTIONS.get(incoming.endpoint)
    if action is None:
        return json_reply(404, {"error": f"There is no {incoming.endpoint} here"})
    try:
        document = json.loads(incoming.body) if incoming.body.strip() else {}
    except (ValueError, RecursionError):
        return json_reply(400, {"error": "The body is not JSON"})
    try:
        exchange.look()
        answer = action(exchange, document)
    except SandboxError as error:
        return json_reply(400, {"error": str(error)})
    except Refusal as refusal:
        return json_reply(400, {"error": refusal.message, "ret_code": refusal.code})
    exchange.save()
    return json_reply(200, answer)


def _ping(exchange: Exchange, document: object) -> dict:
    return {"pid": os.getpid(), "version": VERSION}


def _state(exchange: Exchange, document: object) -> dict:
    ledger = exchange.book.ledger
    return {
        "server_time": exchange.look(),
        "clock": exchange.clock.to_dict(),
        "prices": {coin: plain(price) for coin, price in ledger.prices.items()},
        "accounts": [_account(account, ledger) for account in ledger.accounts],
        "faults": exchange.faults.to_plain(),
        "waiting": exchange.late.to_plain(),
    }


def _account(account: Account, ledger: Ledger) -> dict:
    newest = sorted(account.repayments, key=lambda item: (item.time, item.repay_id), reverse=True)
    return {
        "uid": account.uid,
        "name": account.name,
        "restriction": account.restriction,
        "keys": [key.key for key in account.keys],
        "wallet": {coin: plain(amount) for coin, amount in account.wallet.items()},
        "loans": [_open(loan, ledger) for loan in account.loans if loan.status == OPEN],
        "closed_loans": [_closed(loan) for loan in account.loans if loan.status != OPEN],
        "repayments": [_repayment(item) for item in newest],
    }


def _open(loan: Loan, ledger: Ledger) -> dict:
    terms = ledger.collateral_coins[loan.collateral_coin]
    return {
        "order_id": loan.order_id, "loan_coin": loan.loan_coin, "term": loan.term,
        "principal": plain(loan.principal), "interest": plain(loan.interest), "penalty": plain(loan.penalty),
        "debt": plain(loan.debt), "initial_loan": plain(loan.initial_loan), "hourly_rate": plain(loan.hourly_rate),
        "collateral_coin": loan.collateral_coin, "collateral": plain(loan.collateral),
        "ltv": plain(rounded(interest.ltv(loan, ledger.prices), 4)),
        "margin_call_ltv": plain(terms.margin_call_ltv), "liquidation_ltv": plain(terms.liquidation_ltv),
        "accuracy": ledger.loan_coins[loan.loan_coin].accuracy,
        "borrowed_at": loan.borrowed_at, "due_at": loan.due_at,
    }


def _closed(loan: Loan) -> dict:
    return {
        "order_id": loan.order_id, "loan_coin": loan.loan_coin, "term": loan.term, "status": loan.status,
        "initial_loan": plain(loan.initial_loan), "repaid_interest": plain(loan.repaid_interest),
        "repaid_penalty": plain(loan.repaid_penalty), "closed_at": loan.closed_at,
    }


def _repayment(item: Repayment) -> dict:
    return {
        "repay_id": item.repay_id, "order_id": item.order_id, "coin": item.loan_coin, "amount": plain(item.amount),
        "time": item.time, "type": item.type, "status": item.status, "origin": item.origin,
        "collateral_coin": item.collateral_coin, "collateral_return": plain(item.collateral_return),
        "visible_at": item.visible_at, "settles_at": item.settles_at,
    }


def _requests(exchange: Exchange, document: object) -> dict:
    return exchange.journal.to_plain()


def _clear_requests(exchange: Exchange, document: object) -> dict:
    exchange.journal.clear()
    return {}


def _reset(exchange: Exchange, document: object) -> dict:
    exchange.reset()
    exchange.report("reset to the seed")
    return {}


def _seed(exchange: Exchange, document: object) -> dict:
    exchange.reset(document)
    exchange.report("new seed")
    return {}


def _clock(exchange: Exchange, document: object) -> dict:
    fields = Fields("clock", document)
    if len(fields.names()) != 1:
        raise fields.wrong("needs exactly one of offset_ms, advance_ms, freeze_at_ms and freeze")
    clock = exchange.clock
    if "offset_ms" in fields:
        clock.set_offset(fields.integer("offset_ms", least=None))
    elif "advance_ms" in fields:
        clock.advance(fields.integer("advance_ms", least=None))
    elif "freeze_at_ms" in fields:
        clock.freeze(fields.integer("freeze_at_ms"))
    elif fields.flag("freeze"):
        clock.freeze()
    else:
        clock.unfreeze()
    fields.done()
    exchange.book.changed = True
    return {"server_time": exchange.look(), **clock.to_dict()}


def _prices(exchange: Exchange, document: object) -> dict:
    prices = Fields("", {"prices": document}).amounts("prices", above_zero=True)
    unknown = sorted(set(prices) - set(exchange.book.ledger.prices))
    if unknown:
        raise SandboxError(f"prices: {unknown[0]} is no coin of the seed")
    exchange.book.set_prices(prices, exchange.look())
    return {coin: plain(price) for coin, price in exchange.book.ledger.prices.items()}


def _wallet(exchange: Exchange, document: object) -> dict:
    fields = Fields("wallet", document)
    accounts = {account.uid: account for account in exchange.book.ledger.accounts}
    first = next(iter(accounts))
    account = accounts[fields.text("uid", first, tuple(accounts))]
    coin = fields.text("coin", choices=tuple(exchange.book.ledger.prices))
    balance = fields.amount("balance")
    fields.done()
    exchange.book.set_wallet(account, coin, balance)
    return {"uid": account.uid, "coin": coin, "balance": plain(balance)}


def _repay(exchange: Exchange, document: object) -> dict:
    fields = Fields("repay", document)
    order_id, text = fields.text("orderId"), fields.text("amount")
    fields.done()
    amount = parse(text)
    if amount is None:
        raise Refusal(177003)
    for account in exchange.book.ledger.accounts:
        if account.loan(order_id) is not None:
            item = exchange.book.repay(account, order_id, amount, exchange.look(), origin="app")
            exchange.report_repayment(item)
            return {"repayId": item.repay_id}
    raise Refusal(177005)


def _add_faults(exchange: Exchange, document: object) -> dict:
    return {"added": [fault.id for fault in exchange.faults.add(document)]}


def _list_faults(exchange: Exchange, document: object) -> dict:
    return {"faults": exchange.faults.to_plain()}


def _clear_faults(exchange: Exchange, document: object) -> dict:
    exchange.faults.clear()
    return {}


ACTIONS: dict[str, Callable[[Exchange, object], dict]] = {
    "GET /sandbox/ping": _ping,
    "GET /sandbox/state": _state,
    "GET /sandbox/requests": _requests,
    "DELETE /sandbox/requests": _clear_requests,
    "POST /sandbox/reset": _reset,
    "PUT /sandbox/seed": _seed,
    "POST /sandbox/clock": _clock,
    "POST /sandbox/prices": _prices,
    "POST /sandbox/wallet": _wallet,
    "POST /sandbox/repay": _repay,
    "POST /sandbox/faults": _add_faults,
    "GET /sandbox/faults": _list_faults,
    "DELETE /sandbox/faults": _clear_faults,
}

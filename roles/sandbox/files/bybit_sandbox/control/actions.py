# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API: read the ledger, move the clock, change prices, keys, and switches, and add faults."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from decimal import Decimal

from .. import VERSION
from ..amounts import parse, plain
from ..api.request import TERMS
from ..api.routes import ROUTES
from ..cross_origin import SECURITY_HEADERS
from ..errors import Refusal, SandboxError
from ..exchange import Exchange
from ..fields import Fields
from ..http_messages import IncomingRequest, Reply, json_reply
from ..ledger.model import Account
from ..ledger.records import FIXED, FLEXIBLE, FUND, UNIFIED, PendingBorrowing
from ..seed.reader import read_col_res
from ..switches import read_switches, shown_switches
from .keys import change_key, shown_keys
from .state import LEGACY, state

DEFAULT_RATE = Decimal("0.06")


def respond(exchange: Exchange, incoming: IncomingRequest) -> Reply:
    reply = _answer(exchange, incoming)
    reply.headers.update(SECURITY_HEADERS)
    return reply


def _answer(exchange: Exchange, incoming: IncomingRequest) -> Reply:
    action = ACTIONS.get(incoming.endpoint)
    if action is None:
        return json_reply(404, {"error": f"There is no {incoming.endpoint} here"})
    try:
        document = json.loads(incoming.body) if incoming.body.strip() else {}
    except (ValueError, RecursionError):
        return json_reply(400, {"error": "The body is not JSON"})
    try:
        exchange.catch_up()
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
    return state(exchange)


def _endpoints(exchange: Exchange, document: object) -> dict:
    return {"endpoints": list(ROUTES)}


def _requests(exchange: Exchange, document: object) -> dict:
    return exchange.request_log.to_plain()


def _clear_requests(exchange: Exchange, document: object) -> dict:
    exchange.request_log.clear()
    return {}


def _reset(exchange: Exchange, document: object) -> dict:
    exchange.reset()
    exchange.report("control: reset to the seed")
    return {}


def _seed(exchange: Exchange, document: object) -> dict:
    exchange.reset(document)
    exchange.report("control: new seed")
    return {}


def _clock(exchange: Exchange, document: object) -> dict:
    fields = Fields("clock", document)
    if len(fields.names()) != 1:
        raise fields.error("needs exactly one of offset_ms, advance_ms, freeze_at_ms and freeze")
    clock = exchange.clock
    if "offset_ms" in fields:
        clock.set_offset(fields.integer("offset_ms", least=None))
    elif "advance_ms" in fields:
        clock.advance(fields.integer("advance_ms", least=None))
    elif "freeze_at_ms" in fields:
        clock.freeze(fields.integer("freeze_at_ms"))
    elif fields.boolean("freeze"):
        clock.freeze()
    else:
        clock.unfreeze()
    fields.reject_unknown()
    exchange.loan_book.changed = True
    return {"server_time": exchange.catch_up(), **clock.to_dict()}


def _prices(exchange: Exchange, document: object) -> dict:
    prices = Fields("", {"prices": document}).amounts("prices", above_zero=True)
    unknown = sorted(set(prices) - set(exchange.loan_book.ledger.prices))
    if unknown:
        raise SandboxError(f"prices: {unknown[0]} is not a coin of the seed")
    exchange.loan_book.set_prices(prices, exchange.catch_up())
    return {coin: plain(price) for coin, price in exchange.loan_book.ledger.prices.items()}


def _wallet(exchange: Exchange, document: object) -> dict:
    fields = Fields("wallet", document)
    account = _chosen(exchange, fields)
    account_type = fields.string("accountType", FUND, (FUND, UNIFIED))
    coin = fields.string("coin", choices=tuple(exchange.loan_book.ledger.prices))
    balance = fields.amount("balance")
    fields.reject_unknown()
    exchange.loan_book.set_wallet(account, coin, balance, exchange.catch_up(), account_type)
    return {"uid": account.uid, "accountType": account_type, "coin": coin, "balance": plain(balance)}


def _col_res(exchange: Exchange, document: object) -> dict:
    fields = Fields("", document)
    if "col_res" not in fields:
        raise fields.error("is missing", "col_res")
    col_res = read_col_res(fields)
    fields.reject_unknown()
    exchange.loan_book.ledger.settings.col_res = col_res
    exchange.loan_book.changed = True
    exchange.report(f"control: set colRes to {col_res}")
    return {"col_res": col_res}


def _repay(exchange: Exchange, document: object) -> dict:
    fields = Fields("repay", document)
    product = fields.string("product", LEGACY, (LEGACY, FLEXIBLE, FIXED))
    now, loan_book = exchange.catch_up(), exchange.loan_book
    if product == LEGACY:
        order_id, amount = fields.string("orderId"), fields.string("amount")
        fields.reject_unknown()
        if parse(amount) is None:
            raise Refusal(177003)
        owners = [account for account in loan_book.ledger.accounts if account.legacy_loan(order_id) is not None]
        if not owners:
            raise Refusal(177005)
        item = loan_book.legacy.repay(owners[0], order_id, parse(amount), now, origin="app")
    else:
        account = _chosen(exchange, fields)
        if product == FLEXIBLE:
            coin, amount = fields.string("loanCurrency"), fields.amount("amount", above_zero=True)
            fields.reject_unknown()
            item = loan_book.flexible.repay(account, coin, amount, now, origin="app")
        else:
            loan_id, coin = fields.string("loanId", ""), fields.string("loanCurrency", "")
            fields.reject_unknown()
            if not (loan_id or coin):
                raise fields.error("needs loanId or loanCurrency")
            item = loan_book.fixed.fully_repay(account, loan_id, coin, now, origin="app")
    exchange.report(item.summary())
    return {"repayId": item.repay_id}


def _borrow(exchange: Exchange, document: object) -> dict:
    fields = Fields("borrow", document)
    product = fields.string("product", choices=(FLEXIBLE, FIXED))
    account = _chosen(exchange, fields)
    coin, amount = fields.string("loanCurrency"), fields.amount("amount", above_zero=True)
    if product == FIXED:
        return _order(exchange, account, coin, amount, fields)
    fields.reject_unknown()
    order = exchange.loan_book.flexible.borrow(account, coin, amount, exchange.catch_up())
    exchange.report(f"control: borrowed {plain(amount)} {coin} in the app")
    return {"orderId": order.order_id}


def _order(exchange: Exchange, account: Account, coin: str, amount: Decimal, fields: Fields) -> dict:
    """Place a borrowing order as the owner does in the app; it waits for a lender."""
    ledger = exchange.loan_book.ledger
    ledger.last_order_number += 1
    order = PendingBorrowing(
        str(ledger.last_order_number), coin, amount, fields.string("term", "30", TERMS),
        fields.amount("annualRate", DEFAULT_RATE), exchange.catch_up(),
    )
    fields.reject_unknown()
    exchange.loan_book.fixed.order(account, order)
    exchange.report(f"control: placed an order in the app to borrow {plain(amount)} {coin} for {order.term} days")
    return {"orderId": order.order_id}


def _keys(exchange: Exchange, document: object) -> dict:
    return {"keys": shown_keys(exchange.loan_book.ledger)}


def _change_key(exchange: Exchange, document: object) -> dict:
    key = change_key(exchange.loan_book.ledger, document, exchange.catch_up())
    exchange.loan_book.changed = True
    exchange.report(f"control: changed key {key['key']}")
    return key


def _switches(exchange: Exchange, document: object) -> dict:
    return {"switches": shown_switches(exchange.loan_book.ledger.settings.switches)}


def _set_switches(exchange: Exchange, document: object) -> dict:
    changed = read_switches(Fields("switches", document), exchange.loan_book.ledger.settings.switches)
    exchange.set_switches(changed)
    exchange.report(f"control: set switches {document}")
    return _switches(exchange, document)


def _chosen(exchange: Exchange, fields: Fields) -> Account:
    """The account with the given uid, or the first one."""
    accounts = {account.uid: account for account in exchange.loan_book.ledger.accounts}
    return accounts[fields.string("uid", next(iter(accounts)), tuple(accounts))]


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
    "GET /sandbox/endpoints": _endpoints,
    "GET /sandbox/requests": _requests,
    "DELETE /sandbox/requests": _clear_requests,
    "POST /sandbox/reset": _reset,
    "PUT /sandbox/seed": _seed,
    "POST /sandbox/clock": _clock,
    "POST /sandbox/prices": _prices,
    "POST /sandbox/wallet": _wallet,
    "POST /sandbox/col_res": _col_res,
    "POST /sandbox/repay": _repay,
    "POST /sandbox/borrow": _borrow,
    "GET /sandbox/keys": _keys,
    "POST /sandbox/keys": _change_key,
    "GET /sandbox/switches": _switches,
    "POST /sandbox/switches": _set_switches,
    "POST /sandbox/faults": _add_faults,
    "GET /sandbox/faults": _list_faults,
    "DELETE /sandbox/faults": _clear_faults,
}

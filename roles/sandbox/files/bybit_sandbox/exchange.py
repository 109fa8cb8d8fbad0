# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exchange as one object (ledger, clock, faults, and request log), and how it handles a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from . import http_messages
from .api import authentication, pagination
from .api.rate_limits import EndpointLimits, IpLimits
from .api.request import ANY, GRANTED_BY, ApiRequest
from .api.routes import PATHS, ROUTES
from .clock import Clock
from .errors import HttpRefusal, Refusal
from .faults.delayed_requests import DelayedRequest, DelayedRequests
from .faults.fault import NORMAL, Fault, Faults
from .faults.mutations import mutated
from .http_messages import IncomingRequest, Reply
from .ledger.loan_book import LoanBook
from .ledger.model import Ledger
from .ledger.settlement import IMMEDIATE
from .request_log import RequestLog
from .seed.reader import add_rsa_key, ledger_from
from .state_file import StateFile
from .switches import Switches


class Exchange:
    def __init__(
        self, seed: object, state_file: StateFile, *, offset_ms: int | None = None, rsa_public_key: str = "",
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.seed = seed
        self.state_file = state_file
        self.report = report
        self._first_offset_ms = offset_ms or 0
        self._rsa_public_key = rsa_public_key
        self._timer: asyncio.TimerHandle | None = None
        self.reset()
        kept = state_file.load()
        if kept is not None:
            ledger, self.clock = kept
            self.loan_book = LoanBook(self._with_rsa_key(ledger))
            if offset_ms is not None:
                self.clock.set_offset(offset_ms)
        self.catch_up()
        self.save()

    def reset(self, seed: object = None) -> None:
        """Start again from the seed, or from a new one; an invalid new seed changes nothing."""
        clock = Clock(self._first_offset_ms)
        document = self.seed if seed is None else seed
        ledger = self._with_rsa_key(ledger_from(document, clock.now_ms()))
        self.seed = document
        self.clock = clock
        self.loan_book = LoanBook(ledger)
        self.faults = Faults()
        self.delayed_requests = DelayedRequests()
        self.request_log = RequestLog()
        self.endpoint_limits = EndpointLimits()
        self.ip_limits = IpLimits()

    def set_switches(self, switches: Switches) -> None:
        """Apply these switches from now on; a new loan book reschedules all events by them."""
        self.loan_book.ledger.settings.switches = switches
        self.loan_book = LoanBook(self.loan_book.ledger)
        self.catch_up()

    def _with_rsa_key(self, ledger: Ledger) -> Ledger:
        if self._rsa_public_key:
            add_rsa_key(ledger, self._rsa_public_key)
        return ledger

    def catch_up(self) -> int:
        """Process everything that is due, including delayed requests, in order of time; return the current time."""
        now = self.clock.now_ms()
        while (request := self.delayed_requests.take(now)) is not None:
            self.loan_book.advance(request.arrives_at)
            reply = self._handle(request.incoming, request.entry, request.fault, request.arrives_at)
            self.report(f"delayed {request.incoming.endpoint} arrived: HTTP {reply.status}, retCode {reply.ret_code}")
        self.loan_book.advance(now)
        self._set_timer(now)
        return now

    def _set_timer(self, now: int) -> None:
        """Catch up when the next delayed request is due, even if no other request comes until then."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.delayed_requests.next_at()
        if due is not None and self.clock.frozen_at_ms is None:
            self._timer = asyncio.get_running_loop().call_later((due - now) / 1000, self.catch_up)

    def save(self) -> None:
        if self.loan_book.changed:
            self.state_file.save(self.loan_book.ledger, self.clock)
            self.loan_book.changed = False

    async def answer(self, incoming: IncomingRequest) -> tuple[str, Reply]:
        """Return how to break the connection, if at all, and the reply."""
        fault = self.faults.take(incoming.method, incoming.path)
        entry = self.request_log.add(incoming, self.clock.now_ms(), fault.name() if fault else None)
        if fault is None:
            reply = self._handle(incoming, entry, None, self.catch_up())
            entry["http_status"] = reply.status
            return NORMAL, reply
        self.report(f"fault {fault.name()} for {incoming.endpoint}")
        await asyncio.sleep(fault.delay_ms / 1000)
        now = self.clock.now_ms() + (fault.clock_offset_ms or 0)
        reply = http_messages.envelope(0, "request.success", {}, now)
        if fault.arrive_after_ms is not None:
            self.delayed_requests.add(DelayedRequest(self.clock.now_ms() + fault.arrive_after_ms, incoming, entry, fault))
            self.catch_up()
        elif fault.commit:
            reply = self._handle(incoming, entry, fault, self.catch_up())
        if fault.omit_limit_headers:
            reply.headers.clear()
        await asyncio.sleep(fault.delay_answer_ms / 1000)
        reply = http_messages.replaced_by_fault(fault.answer, reply, now)
        if fault.mutations:
            reply.body = mutated(reply.body, fault.mutations)
        connection_fault = fault.answer if isinstance(fault.answer, str) else NORMAL
        if connection_fault not in ("close", "reset"):
            entry["http_status"] = reply.status
        return connection_fault, reply

    def _handle(self, incoming: IncomingRequest, entry: dict, fault: Fault | None, now: int) -> Reply:
        server_time = now + (fault.clock_offset_ms or 0 if fault else 0)
        headers: dict[str, str] = {}
        try:
            reply = self._serve(incoming, now, server_time, fault, headers)
        except Refusal as refusal:
            reply = http_messages.envelope(refusal.code, refusal.message, {}, server_time)
        except HttpRefusal as refusal:
            reply = Reply(refusal.status, refusal.text.encode(), "text/plain; charset=utf-8")
        reply.headers.update(headers)
        self.save()
        entry["handled_at"] = now
        entry["ret_code"] = reply.ret_code
        entry["committed"] = reply.ret_code == 0
        return reply

    def _serve(
        self, incoming: IncomingRequest, now: int, server_time: int, fault: Fault | None, headers: dict[str, str]
    ) -> Reply:
        ledger = self.loan_book.ledger
        self.ip_limits.check(ledger.settings, incoming.remote, now)
        if incoming.method not in ("GET", "POST"):
            raise HttpRefusal(400, "Bad request: use GET or POST")
        if incoming.path not in PATHS:
            raise HttpRefusal(404, "404 page not found")
        route = ROUTES.get(incoming.endpoint)
        if route is None:
            raise Refusal(10017)
        if incoming.method == "GET" and b"".join(incoming.body.split()) == b"{}":
            raise HttpRefusal(403, "Forbidden: a GET request with an empty JSON body")
        request = ApiRequest(
            pagination.query_parameters(incoming.raw_query), incoming.body, self.loan_book, None, now, server_time * 1_000_000,
            fault.settlement() if fault else IMMEDIATE, self.report,
        )
        if route.permission:
            account, key = authentication.authenticate(incoming, ledger, server_time)
            headers.update(self.endpoint_limits.peek(ledger.settings, account.uid, incoming.endpoint, now).headers())
            if route.permission != ANY:
                authentication.authorize(incoming, account, key, GRANTED_BY[route.permission])
            allowance = self.endpoint_limits.take(ledger.settings, account.uid, incoming.endpoint, now)
            request = replace(request, account=account, key=key)
        else:
            # A public endpoint has no account, so its limit is for each address; only the limit of all endpoints is documented.
            allowance = self.endpoint_limits.take(ledger.settings, incoming.remote, incoming.endpoint, now, "public")
        headers.update(allowance.headers())
        if not allowance.allowed:
            raise Refusal(10006)
        return http_messages.envelope(0, route.message, route.answer(request), server_time)

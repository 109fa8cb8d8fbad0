# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exchange as one object: its book, clock, faults and logs, and what becomes of a request to its calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from . import gate, queries, wire
from .book import Book
from .calls import ANY, Call
from .clock import Clock
from .effects import NO_EFFECTS
from .errors import HttpRefusal, Refusal
from .faults import NORMAL, Fault, Faults
from .gate import Incoming
from .journal import Journal
from .late import LatePackets, Packet
from .limits import EndpointLimits, IpLimits
from .model import Ledger
from .mutations import mutated
from .routes import PATHS, ROUTES
from .seed import add_rsa_key, ledger_from
from .store import Store
from .switches import Switches
from .wire import Reply


class Exchange:
    def __init__(
        self, seed: object, store: Store, *, offset_ms: int | None = None, rsa_public_key: str = "",
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.seed = seed
        self.store = store
        self.report = report
        self._first_offset_ms = offset_ms or 0
        self._rsa_public_key = rsa_public_key
        self._alarm: asyncio.TimerHandle | None = None
        self.reset()
        kept = store.load()
        if kept is not None:
            ledger, self.clock = kept
            self.book = Book(self._with_rsa_key(ledger))
            if offset_ms is not None:
                self.clock.set_offset(offset_ms)
        self.look()
        self.save()

    def reset(self, seed: object = None) -> None:
        """Back to the seed, or to a new one; a broken one changes nothing."""
        clock = Clock(self._first_offset_ms)
        document = self.seed if seed is None else seed
        ledger = self._with_rsa_key(ledger_from(document, clock.now_ms()))
        self.seed = document
        self.clock = clock
        self.book = Book(ledger)
        self.faults = Faults()
        self.late = LatePackets()
        self.journal = Journal()
        self.endpoint_limits = EndpointLimits()
        self.ip_limits = IpLimits()

    def set_switches(self, switches: Switches) -> None:
        """Be another exchange from now on; the book is opened anew, so that all that is due is planned by its rules."""
        self.book.ledger.settings.switches = switches
        self.book = Book(self.book.ledger)
        self.look()

    def _with_rsa_key(self, ledger: Ledger) -> Ledger:
        if self._rsa_public_key:
            add_rsa_key(ledger, self._rsa_public_key)
        return ledger

    def look(self) -> int:
        """Bring the book up to the present, with every late packet in its turn; returns the present."""
        now = self.clock.now_ms()
        while (packet := self.late.take(now)) is not None:
            self.book.advance(packet.arrives_at)
            reply = self._handled(packet.incoming, packet.entry, packet.fault, packet.arrives_at)
            self.report(f"late {packet.incoming.endpoint} has arrived: HTTP {reply.status}, retCode {reply.ret_code}")
        self.book.advance(now)
        self._set_alarm(now)
        return now

    def _set_alarm(self, now: int) -> None:
        """Look again when the next late packet is due, even if nobody asks for anything until then."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        due = self.late.next_at()
        if due is not None and self.clock.frozen_at_ms is None:
            self._alarm = asyncio.get_running_loop().call_later((due - now) / 1000, self.look)

    def save(self) -> None:
        if self.book.changed:
            self.store.save(self.book.ledger, self.clock)
            self.book.changed = False

    async def answer(self, incoming: Incoming) -> tuple[str, Reply]:
        """The trick to play on the connection, if any, and the answer."""
        fault = self.faults.take(incoming.method, incoming.path)
        entry = self.journal.add(incoming, self.clock.now_ms(), fault.name() if fault else None)
        if fault is None:
            reply = self._handled(incoming, entry, None, self.look())
            entry["http_status"] = reply.status
            return NORMAL, reply
        self.report(f"fault {fault.name()} for {incoming.endpoint}")
        await asyncio.sleep(fault.delay_ms / 1000)
        now = self.clock.now_ms() + (fault.clock_offset_ms or 0)
        reply = wire.envelope(0, "request.success", {}, now)
        if fault.arrive_after_ms is not None:
            self.late.add(Packet(self.clock.now_ms() + fault.arrive_after_ms, incoming, entry, fault))
            self.look()
        elif fault.commit:
            reply = self._handled(incoming, entry, fault, self.look())
        if fault.omit_limit_headers:
            reply.headers.clear()
        await asyncio.sleep(fault.delay_answer_ms / 1000)
        reply = wire.replaced(fault.answer, reply, now)
        if fault.mutations:
            reply.body = mutated(reply.body, fault.mutations)
        trick = fault.answer if isinstance(fault.answer, str) else NORMAL
        if trick not in ("close", "reset"):
            entry["http_status"] = reply.status
        return trick, reply

    def _handled(self, incoming: Incoming, entry: dict, fault: Fault | None, now: int) -> Reply:
        gate_now = now + (fault.clock_offset_ms or 0 if fault else 0)
        headers: dict[str, str] = {}
        try:
            reply = self._served(incoming, now, gate_now, fault, headers)
        except Refusal as refusal:
            reply = wire.envelope(refusal.code, refusal.message, {}, gate_now)
        except HttpRefusal as refusal:
            reply = Reply(refusal.status, refusal.text.encode(), "text/plain; charset=utf-8")
        reply.headers.update(headers)
        self.save()
        entry["handled_at"] = now
        entry["ret_code"] = reply.ret_code
        entry["committed"] = reply.ret_code == 0
        return reply

    def _served(
        self, incoming: Incoming, now: int, gate_now: int, fault: Fault | None, headers: dict[str, str]
    ) -> Reply:
        ledger = self.book.ledger
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
        call = Call(
            queries.parameters(incoming.raw_query), incoming.body, self.book, None, now, gate_now * 1_000_000,
            fault.effects() if fault else NO_EFFECTS, self.report,
        )
        if route.permission:
            account, key = gate.authenticate(incoming, ledger, gate_now)
            headers.update(self.endpoint_limits.look(ledger.settings, account.uid, incoming.endpoint, now).headers())
            if route.permission != ANY:
                gate.authorise(incoming, account, key, route.permission)
            allowance = self.endpoint_limits.take(ledger.settings, account.uid, incoming.endpoint, now)
            call = replace(call, account=account, key=key)
        else:
            # A public call has no account, so its limit is that of an address; only the limit of all calls is documented.
            allowance = self.endpoint_limits.take(ledger.settings, incoming.remote, incoming.endpoint, now, "public")
        headers.update(allowance.headers())
        if not allowance.allowed:
            raise Refusal(10006)
        return wire.envelope(0, route.message, route.answer(call), gate_now)

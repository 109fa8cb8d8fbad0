# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that a test adds in advance: what goes wrong, with which requests, and how often."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from ..errors import MESSAGES
from ..fields import Fields
from ..ledger.model import FAILED, SUCCESS
from ..ledger.settlement import Settlement
from .mutations import Mutation, read_mutation

NORMAL = "normal"
CONNECTION_FAULTS = ("close", "reset", "truncate")
ANSWERS = (NORMAL, *CONNECTION_FAULTS, "html_502", "html_200", "not_json")


@dataclass
class Fault:
    id: int
    method: str
    path: str
    skip: int
    times: int
    delay_ms: int
    delay_answer_ms: int
    commit: bool
    answer: str | dict
    omit_limit_headers: bool
    history_delay_ms: int
    debt_delay_ms: int
    wallet_delay_ms: int
    processing_ms: int
    final_status: int
    clock_offset_ms: int | None
    arrive_after_ms: int | None
    mutations: tuple[Mutation, ...]

    def matches(self, method: str, path: str) -> bool:
        return self.method in ("", method) and self.path in ("", path)

    def settlement(self) -> Settlement:
        return Settlement(
            self.history_delay_ms, self.debt_delay_ms, self.wallet_delay_ms, self.processing_ms, self.final_status
        )

    def name(self) -> str:
        """What happens to the answer, in a few words for the log."""
        changed = f"mutated {', '.join(mutation.name() for mutation in self.mutations)}" if self.mutations else ""
        if self.answer == NORMAL and changed:
            return changed
        if isinstance(self.answer, str):
            return self.answer
        if "ret_code" in self.answer:
            return f"ret_code {self.answer['ret_code']}{', ' if changed else ''}{changed}"
        return f"HTTP {self.answer['http_status']}"


class Faults:
    def __init__(self) -> None:
        self._pending: list[Fault] = []
        self._last_id = 0

    def add(self, document: object) -> list[Fault]:
        documents = document if isinstance(document, list) else [document]
        added = [_read(Fields("The fault", item)) for item in documents]
        for fault in added:
            self._last_id += 1
            fault.id = self._last_id
        self._pending += added
        return added

    def clear(self) -> None:
        self._pending.clear()

    def to_plain(self) -> list[dict]:
        return [asdict(fault) for fault in self._pending]

    def take(self, method: str, path: str) -> Fault | None:
        """Use the first fault that is due for this request; matching faults before it that still skip requests skip this one."""
        for fault in self._pending:
            if not fault.matches(method, path):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times:
                fault.times -= 1
                if not fault.times:
                    self._pending.remove(fault)
            return fault
        return None


def _read(fields: Fields) -> Fault:
    answer = _answer(fields)
    arrive_after_ms = _optional(fields, "arrive_after_ms", least=0)
    fault = Fault(
        id=0, method=fields.string("method", "", ("", "GET", "POST")), path=fields.string("path", ""),
        skip=fields.integer("skip", 0), times=fields.integer("times", 1),
        delay_ms=fields.integer("delay_ms", 0), delay_answer_ms=fields.integer("delay_answer_ms", 0),
        commit=fields.boolean("commit", isinstance(answer, str) or arrive_after_ms is not None), answer=answer,
        omit_limit_headers=fields.boolean("omit_limit_headers", False),
        history_delay_ms=fields.integer("history_delay_ms", 0), debt_delay_ms=fields.integer("debt_delay_ms", 0),
        wallet_delay_ms=fields.integer("wallet_delay_ms", 0),
        processing_ms=fields.integer("processing_ms", 0), final_status=fields.integer("final_status", SUCCESS),
        clock_offset_ms=_optional(fields, "clock_offset_ms", least=None), arrive_after_ms=arrive_after_ms,
        mutations=tuple(fields.nested_list("mutations", read_mutation, [])),
    )
    fields.reject_unknown()
    if fault.final_status not in (SUCCESS, FAILED):
        raise fields.error(f"must be {SUCCESS} or {FAILED}", "final_status")
    if fault.final_status == FAILED and not fault.processing_ms:
        raise fields.error("needs a processing_ms of at least 1", "final_status")
    if arrive_after_ms is not None and fault.answer == NORMAL:
        raise fields.error(f'needs an answer other than "{NORMAL}"', "arrive_after_ms")
    if arrive_after_ms is not None and not fault.commit:
        raise fields.error("must not be false with arrive_after_ms", "commit")
    if fault.answer == NORMAL and not fault.commit:
        raise fields.error('must be true when the answer is "normal"', "commit")
    if fault.mutations and fault.answer != NORMAL and "ret_code" not in fault.answer:
        raise fields.error(f'need a JSON answer: "{NORMAL}" or one with a ret_code', "mutations")
    return fault


def _optional(fields: Fields, name: str, least: int | None) -> int | None:
    value = fields.take(name, None)
    return None if value is None else Fields(fields.place, {name: value}).integer(name, least=least)


def _answer(fields: Fields) -> str | dict:
    answer = fields.take("answer", NORMAL)
    if isinstance(answer, str):
        if answer not in ANSWERS:
            raise fields.error(f"must be one of {', '.join(ANSWERS)} or an object", "answer")
        return answer
    answer_fields = Fields(f"{fields.place}.answer", answer)
    if ("ret_code" in answer_fields) == ("http_status" in answer_fields):
        raise answer_fields.error("needs either ret_code or http_status")
    headers = answer_fields.nested("headers", {})
    read: dict = {"headers": {name: headers.string(name) for name in headers.names()}}
    if "ret_code" in answer_fields:
        read["ret_code"] = answer_fields.integer("ret_code", least=None)
        read["ret_msg"] = answer_fields.string("ret_msg", MESSAGES.get(read["ret_code"], ""))
    else:
        read["http_status"] = answer_fields.integer("http_status", least=200)
        if read["http_status"] > 599:
            raise answer_fields.error("must be at most 599", "http_status")
        read["body"] = answer_fields.string("body", "")
    answer_fields.reject_unknown()
    return read

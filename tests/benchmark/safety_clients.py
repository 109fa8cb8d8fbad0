# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clients that are compared: how each is started, and how its messages are interpreted."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from dataclasses import dataclass, field, replace
from pathlib import Path

from surroundings import ANSIBLE_PLAYBOOK, CLIENTS, clean_environment

TIMEOUT_SECONDS = 1
LONGEST_RUN_SECONDS = 120

# What the user is told.
SUCCESS, NO_ID, PENDING, NOT_PAID, IN_DOUBT = "success", "success, no id", "pending", "not paid", "in doubt"

# These codes mean that the exchange has done nothing, so a user who sees one knows that nothing was paid.
DEFINITE_CODES = {10001, 10002, 10003, 10004, 10005, 10006, 10010, 177003, 177004, 177005, 177010, 177011, 177019}
NOTHING_SENT = "connection refused"


@dataclass(frozen=True)
class Told:
    kind: str
    repay_id: str | None = None
    amount: str | None = None
    message: str = ""
    # What each attempt before the last one said and when (ms), if the client reports that.
    before: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Task:
    """A client's work: repay this amount of this loan."""

    url: str
    order_id: str
    amount: str | float
    recv_window: int
    folder: Path

    def environment(self) -> dict[str, str]:
        return {
            **clean_environment(self.url, self.folder),
            "ANSIBLE_CALLBACK_PLUGINS": str(CLIENTS / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "told",
            "TOLD_FILE": str(self.folder / "told"),
        }

    def run(self, *command: str) -> str:
        """Run a client to its end, and return its output."""
        ended = subprocess.run(
            command, cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=LONGEST_RUN_SECONDS, check=False,
        )
        return ended.stdout


@dataclass(frozen=True)
class Pybit:
    title: str
    force_retry: bool

    def repay(self, task: Task) -> Told:
        arguments = (task.order_id, json.dumps(task.amount), json.dumps(self.force_retry), str(TIMEOUT_SECONDS))
        output = task.run(sys.executable, str(CLIENTS / "pybit_repay.py"), *arguments)
        try:
            said = json.loads(output.splitlines()[-1])
        except (IndexError, ValueError):
            raise RuntimeError(f"pybit's script said nothing: {output}") from None
        if not said["failed"]:
            return Told(SUCCESS if said["repay_id"] else NO_ID, said["repay_id"], message=said["msg"])
        return _failed(said["code"], said["msg"])


class Playbook:
    def __init__(self, title: str, name: str, understand: t.Callable[[dict[str, t.Any], bool], Told]) -> None:
        self.title = title
        self._file = CLIENTS / name
        self._understand = understand

    def repay(self, task: Task) -> Told:
        extra = {"order_id": task.order_id, "amount": task.amount, "our_recv_window": task.recv_window}
        # Pass the variables in a file, where an amount without quotes becomes a number.
        (task.folder / "vars.json").write_text(json.dumps(extra), encoding="utf-8")
        output = task.run(str(ANSIBLE_PLAYBOOK), str(self._file), "-e", f"@{task.folder / 'vars.json'}")
        try:
            lines = (task.folder / "told").read_text(encoding="utf-8").splitlines()
        except OSError:
            raise RuntimeError(f"{self._file.name} told nothing: {output}") from None
        events = [event for event in map(json.loads, lines) if event["task"] == "Repay"]
        if not events:
            raise RuntimeError(f"{self._file.name} did not come to its repayment: {output}")
        *tries, last = [self._understand(event["result"], event["event"] != "ok") for event in events]
        before = [(told.kind, event["at_ms"]) for told, event in zip(tries, events)]
        return replace(last, before=before)


def _failed(code: object, message: str) -> Told:
    known = code in DEFINITE_CODES or NOTHING_SENT in message.lower()
    return Told(NOT_PAID if known else IN_DOUBT, message=message)


def _understand_uri(result: dict[str, t.Any], failed: bool) -> Told:
    # This is all that the module says about an answer that breaks off.
    if "status" not in result and not str(result.get("msg")).startswith("HTTP Error while fetching"):
        raise RuntimeError(f"The module uri did not run: {result.get('msg')}")
    document = result.get("json")
    document = document if isinstance(document, dict) else {}
    message = f"{result.get('msg')} {document or ''}".strip()
    if failed:
        return _failed(document.get("retCode"), message)
    repay_id = (document.get("result") or {}).get("repayId")
    return Told(SUCCESS if repay_id else NO_ID, repay_id, message=message)


def _understand_ours(result: dict[str, t.Any], failed: bool) -> Told:
    outcome, message = result.get("outcome"), result.get("msg", "")
    kinds = {"executed": SUCCESS, "pending": PENDING, "not_executed": NOT_PAID, "unknown": IN_DOUBT}
    if outcome not in kinds:
        raise RuntimeError(f"ours ended with outcome {outcome}: {message}")
    moved = outcome in ("executed", "pending")
    if failed is moved or result.get("changed") is not moved:
        raise RuntimeError(f"ours contradicts itself, failed {failed}, changed {result.get('changed')}: {message}")
    return Told(kinds[outcome], result.get("repay_id"), result.get("amount"), message)


Client = t.Union[Pybit, Playbook]
OURS = Playbook("ours", "ours.yml", _understand_ours)
ALL = (
    Pybit("pybit", False),
    Pybit("pybit, `force_retry`", True),
    Playbook("`uri`, `until: … is succeeded`", "uri_status.yml", _understand_uri),
    Playbook("`uri`, `until: … retCode == 0`", "uri_ret_code.yml", _understand_uri),
    OURS,
)

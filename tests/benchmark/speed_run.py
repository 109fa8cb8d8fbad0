# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of one contestant, and whether the exchange's ledger confirms its work."""

from __future__ import annotations

import collections
import subprocess
import tempfile
import threading
import time
import typing as t
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from speed_cells import Cell
from speed_contestants import INVENTORY, Contestant
from speed_processes import end_all, peak_kb
from standin import REPAY, StandIn
from surroundings import clean_environment

LONGEST_RUN_SECONDS = 900
AMOUNT = Decimal(1)
PAID = 1
RATE_LIMIT = 10006
_TELLING = ("fatal:", "failed:", "[ERROR]:", "ERROR!")
_LONGEST_MESSAGE = 300


@dataclass(frozen=True)
class Run:
    """What was measured.

    :ivar trouble: Why the run does not count; empty if it does.
    :ivar refused: How many requests the rate limit refused.
    """

    seconds: float
    posts: int
    gets: int
    refused: int
    trouble: str
    peak_kb: int = 0


def run_once(contestant: Contestant, cell: Cell, stand_in: StandIn, base: Path, watched: bool = False) -> Run:
    """Let a contestant do a cell's task, with a fresh ledger and a fresh folder below base."""
    stand_in.begin(cell.seed())
    fault = cell.fault()
    if fault:
        stand_in.order_fault(fault)
    with tempfile.TemporaryDirectory(prefix="run-", dir=base) as name:
        folder = Path(name)
        (folder / INVENTORY).write_text(cell.inventory(), encoding="utf-8")
        # An empty ansible.cfg here overrides the user's own.
        (folder / "ansible.cfg").touch()
        environment = clean_environment(stand_in.url, folder)
        if stand_in.ca_path:
            environment |= {"SSL_CERT_FILE": stand_in.ca_path, "REQUESTS_CA_BUNDLE": stand_in.ca_path}
        seconds, code, peak = _play(contestant.command(cell), folder, environment, watched)
        output = (folder / "log").read_text(encoding="utf-8", errors="replace")
    trouble = _ending(code, output) or ledger_trouble(contestant, cell, stand_in)
    counts = stand_in.counts()
    posts, gets = (sum(n for name, n in counts.items() if name.startswith(verb)) for verb in ("POST ", "GET "))
    refused = sum(entry["ret_code"] == RATE_LIMIT for entry in stand_in.requests())
    return Run(seconds, posts, gets, refused, trouble, peak)


def _play(command: list[str], folder: Path, environment: dict[str, str], watched: bool) -> tuple[float, int, int]:
    """Return the seconds, the exit code, and, if watched, the peak memory."""
    with (folder / "log").open("wb") as log:
        began = time.perf_counter()
        # A separate session, so that Ctrl-C reaches only this process, which then ends the run.
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )
        # With a timeout, wait() would check only every 50 ms.
        alarm = threading.Timer(LONGEST_RUN_SECONDS, end_all, (process.pid,))
        alarm.start()
        try:
            peak = peak_kb(process) if watched else 0
            code = process.wait()
            return time.perf_counter() - began, code, peak
        finally:
            alarm.cancel()
            if process.returncode is None:
                end_all(process.pid)
                process.wait()


def _ending(code: int, output: str) -> str:
    if not code:
        return ""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    # Ansible prints its count of failures last.
    telling = [line for line in lines if line.startswith(_TELLING)] or lines[-1:]
    return f"it ended with exit code {code}: {''.join(telling[:1])[:_LONGEST_MESSAGE]}"


def ledger_trouble(contestant: Contestant, cell: Cell, stand_in: StandIn) -> str:
    """Return what is wrong with the exchange's ledger; empty if nothing is."""
    wanted = collections.Counter(order for orders in cell.orders().values() for order in orders)
    if not contestant.pays:
        wanted.clear()
    booked = stand_in.new_repayments()
    good = [item for item in booked if item["status"] == PAID and Decimal(item["amount"]) == AMOUNT]
    if len(good) != len(booked):
        return f"{len(booked) - len(good)} repayments are not as they should be"
    paid: t.Counter[str] = collections.Counter(item["order_id"] for item in good)
    if paid != wanted:
        once = sum((paid & wanted).values())
        return f"the ledger has {once} of {sum(wanted.values())} repayments, and {len(good) - once} too many"
    posts = stand_in.counts().get(f"POST {REPAY}", 0)
    if posts != len(good) and not cell.limited:
        return f"it sent {posts} POSTs for {len(good)} repayments"
    return ""

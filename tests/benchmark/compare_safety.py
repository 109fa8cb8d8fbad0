# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure what each client does with one's money when something goes wrong, and print the table of the guide.

usage: .venv/bin/python tests/benchmark/compare_safety.py [--only FAULT] [--client CLIENT] [--details] [--format rst]

For each fault and each client a stand-in exchange gets a fresh book, with the exchange's rate limits, and orders for
the fault. The client does one task's worth of work, "repay 100 of this loan". Then the clock of the stand-in is moved
on until nothing is under way any more, and its ledger and its journal of requests are compared with the last word of
the client to its user. That the fault was really met is checked each time. Exit code 1 if ours pays twice or says
something untrue, in any of its tries, or if a measurement was none.

Every client waits one second for an answer, so that this ends in minutes. All else:

pybit
    Unmodified, the documented call in a script of a few lines (clients/pybit_repay.py), all options at their defaults.
    It retries by itself only what 10002 and 10006 turned away: three tries in all, 3 s apart; it signs for 5 s.
pybit, force_retry
    The same with force_retry=True, its own option for networks that fail. Number and pause are its defaults, as above.
uri, until: ... is succeeded
    A playbook (clients/uri_status.yml) with the signature by a filter of the user's own, because a pipe through openssl
    shows the secret in the list of processes. retries: 2, so three tries in all, 1 s apart. Ansible reckons the options
    of a task once for all its tries, even where a lookup gives the time, so timestamp and signature are the same in
    each. It signs for 20 s: with 5 s the last try after two time-outs would be refused.
uri, until: ... retCode == 0
    The same, but reading the exchange's return code, as a careful user does (clients/uri_ret_code.yml). This is the
    representative one; the other shows what the module's own idea of success makes of the exchange's answers.
ours
    The collection's module with until: ... is succeeded, retries: 2, 1 s apart (clients/ours.yml). recv_window,
    settle_margin and wait_timeout are smaller than the defaults, for speed alone, and what the faults delay is in
    proportion. Where the time window matters to the fault, it signs for 5 s as pybit does.

A failure counts in favor of another client as "reported not paid" whenever its last message lets a reader conclude that: a return
code by which the exchange surely refuses, or a refused connection.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import importlib.metadata
import itertools
import queue
import socket
import sys
import tempfile
import threading
import time
import typing as t
from pathlib import Path

from report import FORMATS, render
from safety_clients import ALL, OURS, Client, Task
from safety_faults import ROWS, Row
from standin import StandIn
from safety_verdict import HARMFUL, LEGEND, VERDICTS, Finding, find

WORKERS = 2
PEERS = ("pybit", "ansible-core")


class Measurement(t.NamedTuple):
    row: Row
    client: Client
    finding: Finding | None
    # Why it was no measurement.
    trouble: str
    seconds: float

    def cell(self) -> str:
        return self.finding.cell() if self.finding else "not measured"

    def complaint(self) -> str:
        """What makes the whole comparison fail: no measurement, or a fault of ours."""
        if self.finding is None:
            return self.trouble
        if self.client is not OURS:
            return ""
        return self.finding.objection or (self.cell() if self.finding.verdict in HARMFUL else "")

    def details(self) -> str:
        if self.finding is None:
            words = self.trouble
        else:
            told = self.finding.told
            words = f"{', '.join([*(kind for kind, at_ms in told.before), told.kind])}: {told.message}"
        return f"{self.seconds:5.1f} s  {self.row.name} | {self.client.title} | {self.cell()}\n         {words}"


Show = t.Callable[[Measurement], None]


@contextlib.contextmanager
def silent_port() -> t.Iterator[str]:
    """Hold a port on which nobody listens, so that nobody else can take it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{holder.getsockname()[1]}"


def measure(row: Row, client: Client, stand_in: StandIn, folder: Path) -> Finding:
    """Make one measurement; raises RuntimeError when it was none."""
    stand_in.fresh(row.wallet, row.fault)
    with silent_port() as silent_url:
        url = stand_in.url if row.listening else silent_url
        told = client.repay(Task(url, row.order_id, row.amount, row.recv_window, folder))
    stand_in.settle()
    posts, records = stand_in.posts(), stand_in.new_repayments()
    broken = row.broken_premise(posts, stand_in.state()["faults"], records)
    if broken:
        raise RuntimeError(f"The premise does not hold, {broken}: {told.message}")
    return find(told, posts, records, odd_amount=isinstance(row.amount, float))


def work(tasks: queue.SimpleQueue, done: list[Measurement], folder: Path, show: Show) -> None:
    """Take measurements from the queue until it is empty, with a stand-in of one's own."""
    stand_in = StandIn(folder / "stand-in")
    try:
        for number in itertools.count():
            row, client = tasks.get_nowait()
            own = folder / str(number)
            own.mkdir()
            began = time.monotonic()
            finding, trouble = None, ""
            try:
                finding = measure(row, client, stand_in, own)
            except Exception as error:
                # One measurement that is none must not hide the others.
                trouble = f"{type(error).__name__}: {error}"
            done.append(Measurement(row, client, finding, trouble, time.monotonic() - began))
            show(done[-1])
    except queue.Empty:
        pass
    finally:
        stand_in.stop()


def measure_all(rows: list[Row], clients: list[Client], show: Show) -> list[Measurement]:
    """Make all measurements, shared among workers; raises when one is missing."""
    tasks: queue.SimpleQueue = queue.SimpleQueue()
    for row in rows:
        for client in clients:
            tasks.put((row, client))
    wanted, done = tasks.qsize(), []
    with tempfile.TemporaryDirectory(prefix="compare-safety-") as folder:
        threads = []
        for number in range(WORKERS):
            own = Path(folder, f"worker-{number}")
            own.mkdir()
            threads.append(threading.Thread(target=work, args=(tasks, done, own, show)))
            threads[-1].start()
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:
            # The workers end after what they are at, and stop their stand-ins.
            with contextlib.suppress(queue.Empty):
                while True:
                    tasks.get_nowait()
            for thread in threads:
                thread.join()
            raise
    if len(done) != wanted:
        raise RuntimeError(f"{len(done)} of {wanted} measurements were made.")
    return done


def summary(done: list[Measurement]) -> str:
    counts = collections.Counter(item.finding.verdict for item in done if item.finding)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])


def table(rows: list[Row], clients: list[Client], done: list[Measurement]) -> str:
    cells = {(item.row.name, item.client.title): item.cell() for item in done}
    lines = [["Fault", *(client.title for client in clients)], ["---"] * (len(clients) + 1)]
    lines += [[row.name, *(cells[row.name, client.title] for client in clients)] for row in rows]
    lines.append([f"**All {len(rows)}**", *(summary([m for m in done if m.client is client]) for client in clients)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare what clients do with money when something goes wrong.")
    parser.add_argument("--only", default="", metavar="SUBSTRING", help="only faults with this in their name")
    parser.add_argument("--client", default="", metavar="SUBSTRING", help="only clients with this in their name")
    parser.add_argument("--details", action="store_true", help="say on the error stream what each client said")
    parser.add_argument("--format", default="md", choices=FORMATS, help="Markdown, or reStructuredText for the guide")
    options = parser.parse_args()
    rows = [row for row in ROWS if options.only in row.name]
    clients = [client for client in ALL if options.client in client.title]
    if not rows or not clients:
        parser.error("no fault or no client has such a name")

    def show(item: Measurement) -> None:
        if options.details:
            print(item.details(), file=sys.stderr, flush=True)

    done = measure_all(rows, clients, show)
    versions = [f"{name} {importlib.metadata.version(name)}" for name in PEERS]
    print(render(f"{LEGEND}\n\n{table(rows, clients, done)}\n\nMeasured with {' and '.join(versions)}.", options.format))
    complaints = [f"{item.row.name}, {item.client.title}: {item.complaint()}" for item in done if item.complaint()]
    for complaint in complaints:
        print(f"FAULT: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())

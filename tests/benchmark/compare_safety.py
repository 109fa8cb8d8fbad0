# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure what each client does with the user's money when something goes wrong, and print the guide's table.

usage: .venv/bin/python tests/benchmark/compare_safety.py [--only FAULT] [--client CLIENT] [--details] [--format rst]

For each fault and each client, a stand-in exchange gets a fresh ledger, the exchange's rate limits, and the fault. The
client does the work of one task, "repay 100 of this loan". Then the stand-in's clock is moved forward until nothing is
under way, and its ledger and request log are compared with the client's last message to its user. Each measurement
checks that the fault really happened. The exit code is 1 if ours pays twice or reports something untrue in any of its
attempts, or if a measurement is invalid.

Every client waits one second for an answer, so that the comparison takes only minutes. Apart from that:

pybit
    Unmodified: the documented call in a short script (clients/pybit_repay.py), with all options at their defaults. It
    retries only requests that 10002 or 10006 refused: three attempts in all, 3 s apart. It signs for 5 s.
pybit, force_retry
    The same with force_retry=True, its own option for unreliable networks. Number and pause have the defaults above.
uri, until: ... is succeeded
    A playbook (clients/uri_status.yml) that signs with the user's own filter, because a pipe through openssl shows the
    secret in the list of processes. retries: 2, so three attempts in all, 1 s apart. Ansible evaluates the options of a
    task once for all attempts, even a lookup of the time, so timestamp and signature are the same in each. It signs for
    20 s: with 5 s, the last attempt after two timeouts would be refused.
uri, until: ... retCode == 0
    The same, but it reads the exchange's return code, as a careful user does (clients/uri_ret_code.yml). This one is
    representative; the other shows how the module's own idea of success interprets the exchange's answers.
ours
    The collection's module with until: ... is succeeded, retries: 2, 1 s apart (clients/ours.yml). recv_window,
    settle_margin, and wait_timeout are smaller than the defaults, only for speed, and the delays of the faults are in
    proportion. Where the time window matters for the fault, it signs for 5 s as pybit does.

A failure of a peer counts as "reported not paid", in the peer's favor, whenever a reader can conclude that from its last
message: a return code that always means a refusal, or a refused connection.
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
    # Why the measurement is invalid.
    trouble: str
    seconds: float

    def cell(self) -> str:
        return self.finding.cell() if self.finding else "not measured"

    def complaint(self) -> str:
        """Why the whole comparison fails: an invalid measurement, or a mistake of ours."""
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
    """Reserve a port on which nothing listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{holder.getsockname()[1]}"


def measure(row: Row, client: Client, stand_in: StandIn, folder: Path) -> Finding:
    """Make one measurement; raise RuntimeError if it is invalid."""
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
    """Make measurements from the queue until it is empty, with a separate stand-in."""
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
                # One invalid measurement must not hide the others.
                trouble = f"{type(error).__name__}: {error}"
            done.append(Measurement(row, client, finding, trouble, time.monotonic() - began))
            show(done[-1])
    except queue.Empty:
        pass
    finally:
        stand_in.stop()


def measure_all(rows: list[Row], clients: list[Client], show: Show) -> list[Measurement]:
    """Make all measurements, split among workers; raise RuntimeError if one is missing."""
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
            # The workers finish their current measurement, and stop their stand-ins.
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
    lines = [["fault", *(client.title for client in clients)], ["---"] * (len(clients) + 1)]
    lines += [[row.name, *(cells[row.name, client.title] for client in clients)] for row in rows]
    lines.append([f"**all {len(rows)}**", *(summary([m for m in done if m.client is client]) for client in clients)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare what clients do with the user's money when something goes wrong.")
    parser.add_argument("--only", default="", metavar="SUBSTRING", help="only faults whose name contains this")
    parser.add_argument("--client", default="", metavar="SUBSTRING", help="only clients whose name contains this")
    parser.add_argument("--details", action="store_true", help="print each client's last message on the error stream")
    parser.add_argument("--format", default="md", choices=FORMATS, help="md for Markdown, rst for the guide's reStructuredText")
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
    print(render(f"{table(rows, clients, done)}\n\n{LEGEND}\n\nMeasured with {' and '.join(versions)}.", options.format))
    complaints = [f"{item.row.name}, {item.client.title}: {item.complaint()}" for item in done if item.complaint()]
    for complaint in complaints:
        print(f"FAULT: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())

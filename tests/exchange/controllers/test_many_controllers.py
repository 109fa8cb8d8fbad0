# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many controllers at once, some of which are killed: each reference is repaid once."""

from __future__ import annotations

import collections
import concurrent.futures
import json
import os
import queue
import random
import subprocess
import sys
import time
import typing as t
from decimal import Decimal

import pytest

MODULE = "ansible_collections.treasury.bybit.plugins.modules.bybit_loan_repay"
CONTROLLERS, LOANS, REFERENCES_OF_LOAN = 8, 10, 4
RUNS = int(os.environ.get("CONTROLLER_RUNS", "80"))
KILLED = 0.25
_ATTEMPTS = 30
_FEWEST_OF_A_REFERENCE = 2
# Short times, so that the intents that a kill leaves open are settled within three seconds.
OPTIONS = {"recv_window": 1500, "settle_margin": 1, "wait_timeout": 30, "lock_timeout": 120}


class Job(t.NamedTuple):
    order_id: str
    reference: str
    amount: str


@pytest.fixture
def book(sandbox, roomy_seed) -> list[str]:
    """Give the account ten equal loans, and return their IDs."""
    account = roomy_seed["accounts"][0]
    loan = next(loan for loan in account["loans"] if loan["order_id"] == "1794267532472646144")
    ids = [str(1794267532472646144 + number) for number in range(LOANS)]
    account["loans"] = [{**loan, "order_id": order_id} for order_id in ids]
    account["repayments"] = []
    account["wallet"]["USDT"] = "1000000"
    sandbox.control("PUT", "seed", roomy_seed)
    return ids


def _run(url: str, journal: str, job: Job, kill_after: float | None) -> dict[str, t.Any] | None:
    """Run the module in a separate process; return its result, or None if it was killed before it had one."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("BYBIT_", "COVERAGE_"))}
    options = {**OPTIONS, **job._asdict(), "api_url": url, "api_key": "sandbox-key", "api_secret": "sandbox-secret", "journal": journal}
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE], env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    text = json.dumps({"ANSIBLE_MODULE_ARGS": options})
    try:
        printed = process.communicate(text, timeout=kill_after or 300)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        # The result of a killed process reaches nobody, whatever it has printed.
        process.communicate()
        return None
    return json.loads(printed) if printed else None


def test_each_reference_is_repaid_once(sandbox, book, postgres) -> None:
    url, drawn = postgres.new_database(), random.Random(16)
    names = [(loan, number) for loan in range(LOANS) for number in range(REFERENCES_OF_LOAN)]
    # Each amount identifies its reference.
    known = [Job(book[loan], f"invoice {loan}-{number}", f"{1 + number}.{loan:02}") for loan, number in names]
    del known[RUNS // _FEWEST_OF_A_REFERENCE :]
    jobs = [job for job, dummy in zip(known * (RUNS // len(known) + 1), range(RUNS))]
    drawn.shuffle(jobs)
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    ends: collections.Counter[str] = collections.Counter()
    changed: collections.Counter[str] = collections.Counter()
    begun = time.monotonic()

    def be_controller(number: int) -> None:
        chance = random.Random(number)
        while True:
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            for attempt in range(_ATTEMPTS):
                kill_after = chance.uniform(0.2, 1.5) if attempt < 2 and chance.random() < KILLED else None
                result = _run(sandbox.url, url, job, kill_after)
                ends["killed" if result is None else "failed" if result.get("failed") else "ended well"] += 1
                if result is not None and not result.get("failed"):
                    assert (result["repay_id"], result["amount"]) and result["outcome"] == "executed", result
                    changed[job.reference] += bool(result["changed"])
                    break
                # A run may fail here only because of an intent that another run left open.
                assert result is None or result["outcome"] in ("unknown", "not_executed"), result
            else:
                raise AssertionError(f"{job} has never ended well; last: {result}")

    with concurrent.futures.ThreadPoolExecutor(CONTROLLERS) as pool:
        for ended in [pool.submit(be_controller, number) for number in range(CONTROLLERS)]:
            ended.result()
    seconds = time.monotonic() - begun
    print(f"{RUNS} jobs, {sum(ends.values())} runs in {seconds:.0f} s: {dict(ends)}")
    wanted = {job.reference: job.amount for job in jobs}
    paid = collections.Counter(Decimal(entry["amount"]) for loan in book for entry in sandbox.repayments(loan))
    assert paid == collections.Counter(Decimal(amount) for amount in wanted.values())
    # The result of a killed process was seen by nobody.
    assert all(count <= 1 for count in changed.values()), changed
    assert ends["killed"] and len(jobs) >= _FEWEST_OF_A_REFERENCE * len(wanted)

#!/usr/bin/env python
# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does the fault suite find the bug? Takes one safeguard after the other out of a copy of the collection and looks.

Usage: python tests/faults/sabotage.py [--schedules N] [--jobs N] [WORD]   (only what has the word in its name)
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UTILS = "plugins/module_utils/"
# The others do not leave to chance what the first may miss in a few hundred schedules.
_ALONE = ("witnesses", "the_exchange_as_it_may_be", "one_by_one", "goals_one_by_one", "answers_that_change")
# Enough of the cases for every kind of change to be among them.
_ANSWERS = 2000
_BY = max(map(len, _ALONE))
TESTS = tuple(f"tests/faults/test_{name}.py" for name in (*_ALONE, "schedules"))


class Edit(t.NamedTuple):
    """A text that stands exactly once in a file, and what comes in its place."""

    file: str
    old: str
    new: str


class Sabotage(t.NamedTuple):
    removed: str
    edits: tuple[Edit, ...]


SABOTAGES = (
    Sabotage("nothing (the suite must pass)", ()),
    Sabotage("settling: a lost answer counts as not executed", (
        Edit(
            UTILS + "_repayment.py", "            self._find_out(intent, error)\n",
            "            self._memory.forget(intent)\n"
            "            raise NotExecuted(str(error), error.failure) from error\n",
        ),
    )),
    Sabotage("settling: the wait for the end of the time window", (
        Edit(
            UTILS + "_evidence.py",
            "    closed, is_over = _is_past(intent, sight, 0), _is_past(intent, sight, settle_margin_ms)\n",
            "    closed, is_over = True, True\n",
        ),
    )),
    Sabotage("settling: the window is closed by the exchange's word alone", (
        Edit(UTILS + "_evidence.py", "    return sight.away_ms > intent.open_for_ms + margin_ms\n", "    return True\n"),
    )),
    Sabotage("settling: the look at the debt", (
        Edit(UTILS + "_evidence.py", "    missing = difference(max(falls), explained)\n", "    missing = Decimal(0)\n"),
    )),
    Sabotage("settling: an entry of another amount, or of an unknown type, may be it", (
        Edit(UTILS + "_evidence.py", "    if strange:\n", "    if False:\n"),
    )),
    Sabotage("settling: the wallet's ledger", (
        Edit(
            UTILS + "_evidence.py", "    if witness.outflow is not None and witness.outflow >= least:\n", "    if False:\n"
        ),
    )),
    Sabotage("settling: what the wallet held before and holds now", (
        Edit(UTILS + "_evidence.py", "        if fallen >= least:\n", "        if False:\n"),
    )),
    Sabotage("settling: a key that may not look into the wallet waits longer", (
        Edit(UTILS + "_evidence.py", "_BLIND_FACTOR = 60\n", "_BLIND_FACTOR = 1\n"),
    )),
    Sabotage("settling: what the history no longer reaches", (
        Edit(UTILS + "_evidence.py", "sight.at_ms - intent.sent_at_ms > HISTORY_REACH_DAYS * DAY_MS:\n", "False:\n"),
    )),
    Sabotage("an id that the history had before proves nothing", (
        Edit(
            UTILS + "_repayment.py", "        if given_id in earlier_ids or given_id in self._memory.repay_ids():\n",
            "        if False:\n",
        ),
        Edit(
            UTILS + "_evidence.py",
            "    if record.repay_id in {known.repay_id for known in intent.baseline.records}:\n", "    if False:\n",
        ),
        Edit(UTILS + "_evidence.py", "    if record.latest_ms <= intent.earliest_ms:\n", "    if False:\n"),
    )),
    Sabotage("the amount that the history shows for an id", (
        Edit(
            UTILS + "_resolve.py",
            "            found = found._replace(intent=dataclasses.replace(found.intent, amount=record.amount))\n",
            "            found = found._replace(intent=found.intent)\n",
        ),
    )),
    Sabotage("reading: an unknown type is not the user's", (
        Edit(UTILS + "_record.py", "    UNKNOWN_KIND: None,\n", "    UNKNOWN_KIND: False,\n"),
    )),
    Sabotage("reading: an empty amount is none", (
        Edit(
            UTILS + "_amounts.py", "    if not isinstance(text, str) or not _NUMBER.fullmatch(text):\n",
            "    if text == '':\n        return Decimal(0)\n    if not isinstance(text, str) or not _NUMBER.fullmatch(text):\n",
        ),
    )),
    Sabotage("reading: a row that was not asked for is refused", (
        Edit(
            UTILS + "_rows.py",
            '        for name, value in asked.items():\n            if name != "repayId":\n                row.must_be(name, value)\n'
            "        yield row\n",
            '        if all(row.get(name) == value for name, value in asked.items() if name != "repayId"):\n            yield row\n',
        ),
    )),
    Sabotage("reading: times in another unit", (
        Edit(UTILS + "_rows.py", "        if not is_plausible(time_ms):\n", "        if False:\n"),
    )),
    Sabotage("reading: what stands there twice counts once", (
        Edit(
            UTILS + "_rows.py",
            "            found[record.repay_id] = record if known is None else known.united_with(record)\n",
            "            found[f'{record.repay_id} {len(found)}'] = record\n",
        ),
    )),
    Sabotage("reading: a last page that repeats its cursor is the end", (
        Edit(
            UTILS + "_client.py",
            "            if cursor and following == cursor and _brings_nothing_new(rows, before):\n", "            if False:\n",
        ),
    )),
    Sabotage("reading: pages that go round in a circle", (
        Edit(
            UTILS + "_client.py", "            if following in followed or empty == _MOST_EMPTY_PAGES:\n", "            if False:\n"
        ),
    )),
    Sabotage("a refusal that is not the exchange's", (
        Edit(
            UTILS + "_return_codes.py",
            '    return HTTP_STATUSES.get(status, NO_API) if method == "GET" else NO_API\n',
            "    return HTTP_STATUSES.get(status, NO_API)\n",
        ),
    )),
    Sabotage("settling: what stood in the history before", (
        Edit(
            UTILS + "_evidence.py", "    known = others.union(record.repay_id for record in intent.baseline.records)\n",
            "    known = frozenset()\n",
        ),
        Edit(
            UTILS + "_evidence.py",
            "if r.repay_id not in known and r.latest_ms > intent.earliest_ms]\n", "if r.repay_id not in known]\n",
        ),
    )),
    Sabotage("the intent: it is not written", (
        Edit(
            UTILS + "_memory.py", "        self._save([*others, intent])\n",
            "        self._intents = [*others, intent]\n",
        ),
    )),
    Sabotage("the intent: it is not read", (
        Edit(UTILS + "_memory.py", "        self._intents = self._state.load()\n", ""),
    )),
    Sabotage("the intent: it is written after the request has left", (
        Edit(
            UTILS + "_repayment.py", "            self._memory.note(intent)\n\n        self._is_sending = True\n",
            "\n        self._is_sending = True\n",
        ),
        Edit(
            UTILS + "_repayment.py", "            self._find_out(intent, error)\n",
            "            self._memory.note(intent)\n            self._find_out(intent, error)\n",
        ),
        Edit(
            UTILS + "_repayment.py", "            self._accepted(intent, accepted, ",
            "            self._memory.note(intent)\n            self._accepted(intent, accepted, ",
        ),
    )),
    Sabotage("the lock", (
        Edit(
            UTILS + "_state.py",
            "            fcntl.flock(lock, (fcntl.LOCK_EX if writes else fcntl.LOCK_SH) | fcntl.LOCK_NB)\n", "",
        ),
    )),
    Sabotage("the closing of the intent", (
        Edit(UTILS + "_memory.py", "            if kept != self._intents:\n", "            if False:\n"),
    )),
    Sabotage("the order of telling and closing", (
        Edit(
            UTILS + "_module.py",
            "        with _Telling(memory, listeners, is_success=True):\n            module.exit_json(**result)",
            "        memory.close(True)\n        module.exit_json(**result)",
        ),
    )),
    Sabotage("the goal: any earlier repayment answers a run", (
        Edit(UTILS + "_earlier.py", "if intent.goal == goal and found", "if found"),
    )),
    Sabotage("confirming: accepted counts as executed", (
        Edit(
            UTILS + "_resolve.py", "        if record is not None and record.status == SUCCESS:\n", "        if True:\n",
        ),
    )),
    Sabotage("since: what is accepted but not shown yet", (
        Edit(
            UTILS + "_preparation.py", "self._goal.since_ms, records, unseen)\n", "self._goal.since_ms, records, [])\n"
        ),
    )),
    Sabotage("goals of the debt: the wait until what was repaid just now shows", (
        Edit(
            UTILS + "_preparation.py", "            pause_ms = self._until_settled_ms(prepared, begun_ms)\n",
            "            pause_ms = 0\n",
        ),
    )),
    Sabotage("goals of the debt: the wait until the debt has fallen", (
        Edit(
            UTILS + "_repayment.py",
            "self._manner.deadline_ms(self._client.clock.monotonic_ms()) if must_see_fall else 0)\n", "0)\n",
        ),
    )),
    Sabotage("goals of the debt: the most that accrued interest can be", (
        Edit(UTILS + "_repayment.py", "            if decision.amount > first.baseline.debt * _MOST_ACCRUED:\n", "            if False:\n"),
    )),
    Sabotage("from collateral: what was accepted and does not show is not undone", (
        Edit(UTILS + "_evidence.py", "    if intent.accepted_at_ms is not None and not failed:\n", "    if False:\n"),
    )),
    Sabotage("settling: what was borrowed meanwhile", (
        Edit(UTILS + "_evidence.py", "    if risen > 0:\n", "    if False:\n"),
    )),
    Sabotage("whole contracts: an entry of another amount", (
        Edit(
            UTILS + "_evidence.py", "    is_whole = intent.is_whole and (is_closed or record.amount > intent.amount)\n",
            "    is_whole = False\n",
        ),
    )),
    Sabotage("send once: the transport library retries", (
        Edit(
            UTILS + "_http.py", "        self._adapter = _Adapter()\n",
            "        again = urllib3.util.Retry(2, allowed_methods=None, backoff_factor=0)\n"
            "        self._adapter = _Adapter(max_retries=again)\n",
        ),
    )),
    Sabotage("return codes: 10016 counts as a refusal", (
        Edit(UTILS + "_return_codes.py", "    10016: Meaning(UNKNOWN,", "    10016: Meaning(NOT_EXECUTED,"),
    )),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Take safeguards out of a copy, and see whether the suite notices.")
    parser.add_argument("word", nargs="?", default="", help="only what has this word in its name")
    # Too few to be held against the tally as well, which would only say that something no longer happens.
    parser.add_argument("--schedules", type=int, default=299, help="how many schedules at most")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    chosen = [one for one in SABOTAGES if given.word in one.removed]
    width, is_right = max(len(one.removed) for one in chosen), True
    print(f"{'removed':<{width}} | {'found by':<{_BY}} | what the suite said")
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        tried = {pool.submit(_try, one, given.schedules): one for one in chosen}
        for done in concurrent.futures.as_completed(tried):
            one, (by, said) = tried[done], done.result()
            print(f"{one.removed:<{width}} | {by:<{_BY}} | {said}", flush=True)
            is_right = is_right and bool(by) == bool(one.edits)
    if not is_right:
        sys.exit("The suite has not told everything apart.")


def _try(sabotage: Sabotage, schedules: int) -> tuple[str, str]:
    """Return what fails first without a safeguard, nothing when all pass, and what the suite said."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "ansible_collections" / "treasury" / "bybit"
        _copy_to(copy)
        for edit in sabotage.edits:
            _apply(edit, copy)
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider", *TESTS],
            cwd=copy, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            env={
                **os.environ, "PYTHONPATH": folder, "FAULT_SHRINK": "0", "FAULT_SCHEDULES": str(schedules),
                "FAULT_ANSWERS": str(_ANSWERS),
            },
        )
    if ended.returncode == 0:
        return "", "passed"
    number = re.search(r"the first schedule that failed was number (\d+)", ended.stdout)
    alone = re.search(rf"^FAILED tests/faults/test_({'|'.join(_ALONE)})\.py::test_", ended.stdout, re.MULTILINE)
    never = re.search(r"^E +Failed: never happened in ", ended.stdout, re.MULTILINE)
    said = re.search(r"^E +(?:simulation\.accounted\.Violation: )?(.*)", ended.stdout, re.MULTILINE)
    if not said or not (number or alone or never):
        sys.exit(f"{sabotage.removed}: the suite ended otherwise:\n{ended.stdout[-5000:]}")
    by = f"schedule {number[1]}" if number else alone[1].replace("_", " ") if alone else "the tally"
    return by, said[1][:120]


def _copy_to(copy: Path) -> None:
    command = ["git", "ls-files", "-z", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)


def _apply(edit: Edit, copy: Path) -> None:
    file = copy / edit.file
    text = file.read_text(encoding="utf-8")
    if text.count(edit.old) != 1:
        sys.exit(f"{edit.file} holds {text.count(edit.old)} times what is to be replaced, adapt this tool:\n{edit.old}")
    file.write_text(text.replace(edit.old, edit.new), encoding="utf-8")


if __name__ == "__main__":
    main()

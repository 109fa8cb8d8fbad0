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
TESTS = tuple(f"tests/faults/test_{name}.py" for name in ("schedules", "one_by_one", "goals_one_by_one"))


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
        Edit(UTILS + "_evidence.py", "sight.at_ms > intent.window_end_ms\n", "True\n"),
        Edit(UTILS + "_evidence.py", "sight.at_ms > intent.window_end_ms + settle_margin_ms\n", "True\n"),
    )),
    Sabotage("settling: the wait for settle_margin", (
        Edit(UTILS + "_evidence.py", "sight.at_ms > intent.window_end_ms + settle_margin_ms\n", "closed\n"),
    )),
    Sabotage("settling: the look at the debt", (
        Edit(UTILS + "_evidence.py", "    missing = difference(max(falls), explained)\n", "    missing = Decimal(0)\n"),
    )),
    Sabotage("settling: what stood in the history before", (
        Edit(
            UTILS + "_evidence.py", "    known = others.union(record.repay_id for record in intent.baseline.records)\n",
            "    known = frozenset()\n",
        ),
        Edit(UTILS + "_evidence.py", " or record.time_ms <= intent.earliest_ms:\n", ":\n"),
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
            UTILS + "_repayment.py", "        else:\n            if accepted.given_id is None:\n",
            "        else:\n            self._memory.note(intent)\n            if accepted.given_id is None:\n",
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
            "    with _Telling(memory, listeners, is_success=True):\n        module.exit_json(**result)",
            "    memory.close(True)\n    module.exit_json(**result)",
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
        Edit(UTILS + "_repayment.py", "self._deadline_ms() if must_see_fall else 0)\n", "0)\n"),
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
            UTILS + "_http.py", "        self._session.trust_env = False\n",
            "        self._session.trust_env = False\n"
            "        again = urllib3.util.Retry(2, allowed_methods=None, backoff_factor=0)\n"
            "        self._session.mount('http://', requests.adapters.HTTPAdapter(max_retries=again))\n",
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
    print(f"{'removed':<{width}} | found by     | what the suite said")
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        tried = {pool.submit(_try, one, given.schedules): one for one in chosen}
        for done in concurrent.futures.as_completed(tried):
            one, (by, said) = tried[done], done.result()
            print(f"{one.removed:<{width}} | {by:<12} | {said}", flush=True)
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
            env={**os.environ, "PYTHONPATH": folder, "FAULT_SHRINK": "0", "FAULT_SCHEDULES": str(schedules)},
        )
    if ended.returncode == 0:
        return "", "passed"
    number = re.search(r"the first schedule that failed was number (\d+)", ended.stdout)
    alone = re.search(r"^FAILED tests/faults/test_(goals_)?one_by_one\.py::test_", ended.stdout, re.MULTILINE)
    never = re.search(r"^E +Failed: never happened in ", ended.stdout, re.MULTILINE)
    said = re.search(r"^E +(?:simulation\.accounted\.Violation: )?(.*)", ended.stdout, re.MULTILINE)
    if not said or not (number or alone or never):
        sys.exit(f"{sabotage.removed}: the suite ended otherwise:\n{ended.stdout[-5000:]}")
    return f"schedule {number[1]}" if number else "one by one" if alone else "the tally", said[1][:120]


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

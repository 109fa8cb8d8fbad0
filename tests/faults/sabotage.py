#!/usr/bin/env python
# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does the fault suite find the bug? Removes one safeguard after the other, and runs the suite on a copy.

Usage: python tests/faults/sabotage.py [--schedules N] [--jobs N] [WORD]   (only removals whose name contains the word)
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
from pathlib import Path

from removals import NOTHING, REMOVALS
from removals.replacing import VARIABLE, Removal

ROOT = Path(__file__).resolve().parents[2]
# These find systematically what a few hundred random schedules may miss.
_ALONE = (
    "witnesses", "surroundings", "references", "shared_journal", "the_exchange_as_it_may_be", "one_by_one", "goals_one_by_one",
    "moves_alone", "moves_one_by_one", "policies_at_once", "policies_one_by_one", "answers_that_change",
)
# Enough cases to include every kind of change.
_ANSWERS = 2000
# In the copy, this makes every Python process remove the safeguard from what it imports.
_START = "tests/faults/removals/start"
_BY = max(map(len, _ALONE))
TESTS = tuple(f"tests/faults/test_{name}.py" for name in (*_ALONE, "schedules"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Remove safeguards from a copy, and check whether the fault suite notices.")
    parser.add_argument("word", nargs="?", default="", help="only removals whose name contains this word")
    # Too few for the check of the tally, which would only report that something no longer happens.
    parser.add_argument("--schedules", type=int, default=299, help="the most schedules to run")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    chosen = [one for one in REMOVALS if given.word in one.removed]
    width, is_right = max(len(one.removed) for one in chosen), True
    print(f"{'removed':<{width}} | {'found by':<{_BY}} | what the suite said")
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        tried = {pool.submit(_try, one, given.schedules): one for one in chosen}
        for done in concurrent.futures.as_completed(tried):
            one, (by, said) = tried[done], done.result()
            print(f"{one.removed:<{width}} | {by:<{_BY}} | {said}", flush=True)
            is_right = is_right and bool(by) == (one is not NOTHING)
    if not is_right:
        sys.exit("The suite has missed a removal, or has failed without one.")


def _try(removal: Removal, schedules: int) -> tuple[str, str]:
    """Return what fails first without a safeguard, empty if all tests pass, and the suite's message."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "ansible_collections" / "treasury" / "bybit"
        _copy_to(copy)
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider", *(removal.tests or TESTS)],
            cwd=copy, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            env={
                **os.environ, "PYTHONPATH": os.pathsep.join([folder, str(copy / _START)]), VARIABLE: removal.removed,
                "FAULT_SHRINK": "0", "FAULT_SCHEDULES": str(schedules), "FAULT_ANSWERS": str(_ANSWERS),
            },
        )
    if ended.returncode == 0:
        return "", "passed"
    number = re.search(r"the first schedule that failed was number (\d+)", ended.stdout)
    alone = re.search(rf"^FAILED tests/(?:faults/test_({'|'.join(_ALONE)})|exchange/\S+/test_(\w+))\.py::test_", ended.stdout, re.MULTILINE)
    never = re.search(r"^E +Failed: never happened in ", ended.stdout, re.MULTILINE)
    said = re.search(r"^E +(?:simulation\.checked\.Violation: )?(.*)", ended.stdout, re.MULTILINE)
    if not said or not (number or alone or never):
        sys.exit(f"{removal.removed}: the suite ended otherwise:\n{ended.stdout[-5000:]}")
    by = f"schedule {number[1]}" if number else (alone[1] or alone[2]).replace("_", " ") if alone else "the tally"
    return by, said[1][:120]


def _copy_to(copy: Path) -> None:
    command = ["git", "ls-files", "-z", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)


if __name__ == "__main__":
    main()

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-test integration needs around it, and whether it has played the targets that it should.

It passes when its targets are skipped, and what a target starts may outlive it. So each target that was named, or without
names that of each module and all the others, must have ended and played some tasks, and left no server behind.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

FEWEST_TASKS = 10
INTEGRATION = Path("tests", "integration")
OUTPUT = Path("tests", "output")
# It needs a person's keys, so it is played by its name only.
KEPT_FOR_PEOPLE = "testnet"

KNOWN_SKIPPING = re.compile(f'tests marked "unsupported" which require --allow-unsupported .*: {KEPT_FOR_PEOPLE}$')
TASKS_PLAYED = re.compile(r"^testhost +: ok=(\d+)", re.MULTILINE)
SKIPPED_OPENLY = re.compile(r"SKIPPED: [^\"\n]*")


def is_integration(arguments: list[str]) -> bool:
    return arguments[:1] == ["integration"]


def take_config_along(folder: Path) -> None:
    """Copy the file with a person's keys, which git does not know, so that only this user can read them."""
    if name := os.environ.get("INTEGRATION_CONFIG"):
        copy = folder / INTEGRATION / "integration_config.yml"
        copy.touch(mode=0o600)
        copy.write_bytes(Path(name).read_bytes())


def home(folder: Path) -> Path:
    """Make a home for targets that run on this very machine, so that they neither see nor touch that of the user."""
    keys = folder / ".ansible" / "test"
    keys.mkdir(parents=True)
    for name in ("id_rsa", "id_rsa.pub"):
        # ansible-test makes a pair by a program that may be missing, and with --local never uses it.
        (keys / name).write_text("not used\n")
    return folder


def stop_servers(folder: Path) -> int:
    """Stop the stand-in exchanges that a target has left behind, and return how many did still run."""
    count = 0
    for note in (folder / OUTPUT).rglob("sandbox.json"):
        script = folder / "roles" / "sandbox" / "files" / "sandbox.py"
        command = [sys.executable, str(script), "stop", "--run-dir", str(note.parent)]
        count += json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["stopped"]
    return count


def unplayed(folder: Path, arguments: list[str], output: str) -> list[str]:
    """Say what is missing of the targets that had to be played."""
    expected = _expected(folder, arguments)
    reports = (folder / OUTPUT / "data").glob("integration-*.json")
    ended = {name for report in reports for name in json.loads(report.read_text())["targets"]}
    if ended != expected:
        return [f"The targets {sorted(expected)} had to be played, and {sorted(ended)} were."]
    counts = [int(count) for count in TASKS_PLAYED.findall(output)]
    if len(counts) != len(expected) or (min(counts) < FEWEST_TASKS and not SKIPPED_OPENLY.search(output)):
        return [f"{len(expected)} targets have played {counts} tasks, and each should play {FEWEST_TASKS} or more."]
    return []


def _expected(folder: Path, arguments: list[str]) -> set[str]:
    names = {path.name for path in (folder / INTEGRATION / "targets").iterdir() if not path.name.startswith("setup_")}
    modules = {path.stem for path in (folder / "plugins" / "modules").glob("[!_]*.py")}
    return names & set(arguments) or (names | modules) - {KEPT_FOR_PEOPLE}

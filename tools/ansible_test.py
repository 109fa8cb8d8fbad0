# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-test on a copy of this checkout, and fail where ansible-test itself would pass without checking anything.

usage: .venv/bin/python tools/ansible_test.py sanity --local [...]
       .venv/bin/python tools/ansible_test.py units --local [...]
       .venv/bin/python tools/ansible_test.py integration --local [TARGET...]
       .venv/bin/python tools/ansible_test.py testnet CONFIG [...]
       .venv/bin/python tools/ansible_test.py --tarball FILE sanity|units|integration [...]

Each named integration target, or without names the target of each module and all others, must have ended, run some tasks, and left no
server behind. "testnet" tests against the exchange's testnet with the keys in a file, or says that there is no such file. --tarball
tests a built collection instead of the checkout.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
FEWEST_FILES = 40
FEWEST_UNIT_TESTS = 1000
FEWEST_TASKS = 10
INTEGRATION = Path("tests", "integration")
OUTPUT = Path("tests", "output")
# This target needs a person's keys, so it runs only when named.
KEPT_FOR_PEOPLE = "testnet"

# ansible-test downloads pip from a host that a closed network does not reach; the standard library includes pip.
PIP_BOOTSTRAP = "import ensurepip\nensurepip.bootstrap(default_pip=True)\n"
MISSING_BOOTSTRAP = re.compile(r"bootstrap script can be manually downloaded and saved to: (\S+)")
PASSED_UNSEEN = re.compile(r"^WARNING: .*(?:skipp|not found|unsupported|required).*$", re.IGNORECASE | re.MULTILINE)
# A Python that is not on the machine cannot be tested there; that is reported, but is not a failure.
NO_SUCH_PYTHON = re.compile(r"on Python (\S+) because it could not be found")
KNOWN_SKIPPING = re.compile(f'tests marked "unsupported" which require --allow-unsupported .*: {KEPT_FOR_PEOPLE}$')
KNOWN_UNSEEN = (NO_SUCH_PYTHON, KNOWN_SKIPPING)
TASKS_PLAYED = re.compile(r"^testhost +: ok=(\d+)", re.MULTILINE)
SKIPPED_OPENLY = re.compile(r"SKIPPED: [^\"\n]*")
# ansible-test passes even when pytest finds no tests.
UNIT_TESTS_OF_A_PYTHON = re.compile(r"^Unit test module_utils with Python (\S+)$", re.MULTILINE)
PASSED_TESTS = re.compile(r"^=+ .*?(\d+) passed", re.MULTILINE)


def copy_files(target: Path) -> None:
    """Copy the files that git tracks or would track; ansible-test would resolve a symbolic link to the checkout."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE).stdout.decode().split("\0")
    for name in filter(None, names):
        source, copy = CHECKOUT / name, target / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)


def link_pythons(folder: Path) -> None:
    """Create links to the Pythons that really run; version managers' shims only look like Pythons."""
    folder.mkdir()
    listed = subprocess.run([CHECKOUT / "tools" / "find-python", "--all"], check=True, stdout=subprocess.PIPE, text=True)
    for python in map(Path, listed.stdout.split()):
        (folder / python.name).symlink_to(python)


def environment(pythons: Path) -> dict[str, str]:
    """Return an environment whose PATH starts with the virtual environment's tools and the real Pythons, without shims."""
    folders = [f for f in os.environ.get("PATH", os.defpath).split(os.pathsep) if not f.endswith("/shims")]
    settings = {name: value for name, value in os.environ.items() if name != "ANSIBLE_COLLECTIONS_PATH"}
    return {**settings, "PATH": os.pathsep.join([str(BIN), str(pythons), *folders])}


def ansible_test(arguments: list[str], folder: Path, env: dict[str, str]) -> tuple[int, str]:
    """Run ansible-test, show its output as it arrives, and return its exit code and output."""
    process = subprocess.Popen(
        [str(BIN / "ansible-test"), *arguments],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    lines = []
    try:
        for line in process.stdout:
            sys.stdout.write(line)
            lines.append(line)
        return process.wait(), "".join(lines)
    except BaseException:
        # An interruption must end the playbooks as well.
        os.killpg(process.pid, signal.SIGTERM)
        raise


def take_config_along(config: Path, folder: Path) -> None:
    """Copy the file with a person's keys, which git ignores, so that only this user can read it."""
    copy = folder / INTEGRATION / "integration_config.yml"
    copy.touch(mode=0o600)
    copy.write_bytes(config.read_bytes())


def home(folder: Path) -> Path:
    """Create a home directory for targets that run on this machine, so that they neither see nor change the user's."""
    keys = folder / ".ansible" / "test"
    keys.mkdir(parents=True)
    for name in ("id_rsa", "id_rsa.pub"):
        # ansible-test would create a key pair with a program that may be missing, although --local never uses the pair.
        (keys / name).write_text("not used\n")
    return folder


def stop_servers(folder: Path) -> int:
    """Stop the stand-in exchanges that targets have left behind, and return how many were still running."""
    count = 0
    for note in (folder / OUTPUT).rglob("sandbox.json"):
        script = folder / "roles" / "sandbox" / "files" / "sandbox.py"
        command = [sys.executable, str(script), "stop", "--run-dir", str(note.parent)]
        count += json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["stopped"]
    return count


def unplayed(folder: Path, arguments: list[str], output: str) -> list[str]:
    """Return what is missing from the targets that had to run."""
    expected = expected_targets(folder, arguments)
    reports = (folder / OUTPUT / "data").glob("integration-*.json")
    ended = {name for report in reports for name in json.loads(report.read_text())["targets"]}
    if ended != expected:
        return [f"The targets {sorted(expected)} had to be played, and {sorted(ended)} were."]
    counts = [int(count) for count in TASKS_PLAYED.findall(output)]
    if len(counts) != len(expected) or (min(counts) < FEWEST_TASKS and not SKIPPED_OPENLY.search(output)):
        return [f"{len(expected)} targets have played {counts} tasks, and each should play {FEWEST_TASKS} or more."]
    return []


def expected_targets(folder: Path, arguments: list[str]) -> set[str]:
    names = {path.name for path in (folder / INTEGRATION / "targets").iterdir() if not path.name.startswith("setup_")}
    modules = {path.stem for path in (folder / "plugins" / "modules").glob("[!_]*.py")}
    return names & set(arguments) or (names | modules) - {KEPT_FOR_PEOPLE}


def run(arguments: list[str], temporary: Path, folder: Path) -> int:
    """Run ansible-test on the copy, and check that it really tested something."""
    link_pythons(temporary / "pythons")
    env = environment(temporary / "pythons")
    listed = subprocess.run(
        [str(BIN / "ansible-test"), "env", "--list-files"],
        cwd=folder,
        env=env,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.split()
    if len(listed) < FEWEST_FILES:
        print(f"ansible-test sees only {len(listed)} files: its result would mean nothing", file=sys.stderr)
        return 1
    is_integration = arguments[:1] == ["integration"]
    if is_integration and "--local" in arguments:
        env["HOME"] = str(home(temporary / "home"))
    code, output = ansible_test(arguments, folder, env)
    missing = MISSING_BOOTSTRAP.search(output)
    if code and missing:
        script = Path(missing.group(1))
        print(f"The download failed; {script} now takes pip from the standard library instead.")
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(PIP_BOOTSTRAP)
        code, output = ansible_test(arguments, folder, env)
    unseen = [line for line in PASSED_UNSEEN.findall(output) if not any(known.search(line) for known in KNOWN_UNSEEN)]
    if is_integration:
        unseen += unplayed(folder, arguments, output)
    if "units" in arguments:
        unseen += too_few_unit_tests(output)
    if not code and unseen:
        print("ansible-test passed without looking:", *unseen, sep="\n", file=sys.stderr)
        return 1
    absent = sorted(set(NO_SUCH_PYTHON.findall(output)))
    print(f"ansible-test saw {len(listed)} files and ended with exit code {code}.")
    print(f"Pythons that are not on this machine and were not tried: {', '.join(absent) or 'none'}.")
    for line in dict.fromkeys(SKIPPED_OPENLY.findall(output)):
        print(line)
    return code


def too_few_unit_tests(output: str) -> list[str]:
    """Return the Pythons for which too few unit tests passed."""
    _before, *told = UNIT_TESTS_OF_A_PYTHON.split(output)
    counts = {python: sum(map(int, PASSED_TESTS.findall(text)[:1])) for python, text in zip(told[::2], told[1::2])}
    few = [f"{count} unit tests on Python {python}" for python, count in counts.items() if count < FEWEST_UNIT_TESTS]
    return few if counts else ["no unit test on any Python"]


def main() -> int:
    # Without this, a signal would leave servers and a person's keys behind.
    signal.signal(signal.SIGTERM, lambda number, dummy: sys.exit(128 + number))
    arguments, config, tarball = sys.argv[1:], None, None
    if arguments[:1] == ["--tarball"]:
        tarball, arguments = Path(arguments[1]), arguments[2:]
    if arguments[:1] == ["testnet"]:
        config = Path(arguments[1])
        if not config.exists():
            print(f"SKIPPED: no {config}, so nothing was tried on the testnet; copy {INTEGRATION}/integration_config.yml.template and fill it in.")
            return 0
        arguments = ["integration", "--local", "--color", "no", "--allow-unsupported", *arguments[2:], KEPT_FOR_PEOPLE]
    # Outside any git tree, because ansible-test finds no files in a folder that git ignores, and passes.
    with tempfile.TemporaryDirectory(prefix="treasury-bybit-") as temporary:
        folder = Path(temporary) / "ansible_collections" / "treasury" / "bybit"
        if tarball:
            with tarfile.open(tarball) as archive:
                archive.extractall(folder, filter="data")
        else:
            copy_files(folder)
        if config:
            take_config_along(config, folder)
        try:
            code = run(arguments, Path(temporary), folder)
        finally:
            left = stop_servers(folder)
        if left:
            print(f"{left} stand-in exchanges outlived their targets, and are stopped now.", file=sys.stderr)
        return code or int(left > 0)


if __name__ == "__main__":
    sys.exit(main())

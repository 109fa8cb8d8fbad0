# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-test on a copy of this checkout, and fail where ansible-test itself would pass without having looked.

usage: .venv/bin/python tools/ansible_test.py sanity --local [...]
       .venv/bin/python tools/ansible_test.py units --local [...]
       .venv/bin/python tools/ansible_test.py integration --local [TARGET...]

INTEGRATION_CONFIG names a file that integration targets get as tests/integration/integration_config.yml.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import integration_targets

CHECKOUT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
FEWEST_FILES = 40
FEWEST_UNIT_TESTS = 1000

# ansible-test gets pip from a host that a closed network does not reach; the standard library brings a pip of its own.
PIP_BOOTSTRAP = "import ensurepip\nensurepip.bootstrap(default_pip=True)\n"
MISSING_BOOTSTRAP = re.compile(r"bootstrap script can be manually downloaded and saved to: (\S+)")
PASSED_UNSEEN = re.compile(r"^WARNING: .*(?:skipp|not found|unsupported|required).*$", re.IGNORECASE | re.MULTILINE)
# A Python that is not on the machine can't be tried there, which is said and no fault.
NO_SUCH_PYTHON = re.compile(r"on Python (\S+) because it could not be found")
KNOWN_UNSEEN = (NO_SUCH_PYTHON, integration_targets.KNOWN_SKIPPING)
# ansible-test passes when pytest has found no tests at all.
UNIT_TESTS_OF_A_PYTHON = re.compile(r"^Unit test module_utils with Python (\S+)$", re.MULTILINE)
PASSED_TESTS = re.compile(r"^=+ .*?(\d+) passed", re.MULTILINE)


def copy_files(target: Path) -> None:
    """Copy what git knows or would know; a symbolic link to the checkout would be resolved by ansible-test."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE).stdout.decode().split("\0")
    for name in filter(None, names):
        source, copy = CHECKOUT / name, target / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)


def link_pythons(folder: Path) -> None:
    """Gather links to the Pythons that really run, since version managers' shims only look like them."""
    folder.mkdir()
    listed = subprocess.run([CHECKOUT / "tools" / "find-python", "--all"], check=True, stdout=subprocess.PIPE, text=True)
    for python in map(Path, listed.stdout.split()):
        (folder / python.name).symlink_to(python)


def environment(pythons: Path) -> dict[str, str]:
    """Put the tools of the virtual environment first, then the real Pythons, and drop the shims."""
    folders = [f for f in os.environ.get("PATH", os.defpath).split(os.pathsep) if not f.endswith("/shims")]
    settings = {name: value for name, value in os.environ.items() if name != "ANSIBLE_COLLECTIONS_PATH"}
    return {**settings, "PATH": os.pathsep.join([str(BIN), str(pythons), *folders])}


def ansible_test(arguments: list[str], folder: Path, env: dict[str, str]) -> tuple[int, str]:
    """Run ansible-test, showing its output as it comes, and return its exit code and that output."""
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
        # Whatever interrupts this must end the playbooks, too.
        os.killpg(process.pid, signal.SIGTERM)
        raise


def run(arguments: list[str], temporary: Path, folder: Path) -> int:
    """Run ansible-test on the copy, and judge whether it has looked."""
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
    is_integration = integration_targets.is_integration(arguments)
    if is_integration:
        integration_targets.take_config_along(folder)
    if is_integration and "--local" in arguments:
        env["HOME"] = str(integration_targets.home(temporary / "home"))
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
        unseen += integration_targets.unplayed(folder, arguments, output)
    if "units" in arguments:
        unseen += too_few_unit_tests(output)
    if not code and unseen:
        print("ansible-test passed without looking:", *unseen, sep="\n", file=sys.stderr)
        return 1
    absent = sorted(set(NO_SUCH_PYTHON.findall(output)))
    print(f"ansible-test saw {len(listed)} files and ended with exit code {code}.")
    print(f"Pythons that are not on this machine and were not tried: {', '.join(absent) or 'none'}.")
    for line in dict.fromkeys(integration_targets.SKIPPED_OPENLY.findall(output)):
        print(line)
    return code


def too_few_unit_tests(output: str) -> list[str]:
    """Say for which Pythons there were too few unit tests that passed."""
    _before, *told = UNIT_TESTS_OF_A_PYTHON.split(output)
    counts = {python: sum(map(int, PASSED_TESTS.findall(text)[:1])) for python, text in zip(told[::2], told[1::2])}
    few = [f"{count} unit tests on Python {python}" for python, count in counts.items() if count < FEWEST_UNIT_TESTS]
    return few if counts else ["no unit test on any Python"]


def main() -> int:
    # Ended by a signal, it would leave servers and a person's keys behind.
    signal.signal(signal.SIGTERM, lambda number, dummy: sys.exit(128 + number))
    # Outside any git tree: in a folder that git ignores, ansible-test finds no file and passes.
    with tempfile.TemporaryDirectory(prefix="treasury-bybit-") as temporary:
        folder = Path(temporary) / "ansible_collections" / "treasury" / "bybit"
        copy_files(folder)
        try:
            code = run(sys.argv[1:], Path(temporary), folder)
        finally:
            left = integration_targets.stop_servers(folder)
        if left:
            print(f"{left} stand-in exchanges outlived their targets, and are stopped now.", file=sys.stderr)
        return code or int(left > 0)


if __name__ == "__main__":
    sys.exit(main())

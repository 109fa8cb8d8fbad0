# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run linters that may pass without checking anything: each must also find the faults planted in a copy, or count enough files.

usage: .venv/bin/python tools/lint.py [NAME ...]

Without a name, all linters run. antsibull-nox runs what it can without separate environments, skips the rest, and passes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ansible_test import copy_files

BIN = Path(sys.executable).parent
NOX = ("nox", "--no-venv", "--session")
DOCS = ("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs=all", "--disallow-unknown-collection-refs")


class Fault(t.NamedTuple):
    """A fault to plant at the end of a file or in place of a text in it.

    :ivar found: What the linter must print.
    """

    path: str
    text: str
    found: str
    instead_of: str = ""


@dataclass(frozen=True)
class Linter:
    """A command that lints the folder where it runs.

    :ivar faults: What the linter must find in a second run, if the first one finds nothing.
    :ivar count: Instead of faults, how the output states the number of files; for linters that take too long to run twice.
    """

    command: tuple[str, ...]
    faults: tuple[Fault, ...] = ()
    count: str = ""


class Ended(t.NamedTuple):
    code: int
    output: str


FEWEST_FILES = 50
# REUSE-IgnoreStart
LINTERS = {
    "ansible-lint": Linter(
        ("ansible-lint", "--offline", "--strict"),
        count=r"in (\d+) files processed",
    ),
    "antsibull-nox": Linter(
        (*NOX, "extra-checks", "antsibull-nox-config"),
        (
            Fault("plugins/modules/misplaced.txt", "planted\n", "plugins/modules/misplaced.txt"),
            Fault("docs/spaces.md", "planted \n", "docs/spaces.md:1"),
            Fault("antsibull-nox.toml", "no_such_setting = true\n", "no_such_setting"),
        ),
    ),
    "changelog": Linter(
        ("antsibull-changelog", "lint"),
        (Fault("changelogs/fragments/planted.yml", "no_such_section:\n  - Planted.\n", "no_such_section"),),
    ),
    "docs": Linter(
        (*DOCS, "--check-extra-docs-refs", "--skip-rstcheck", "."),
        (
            Fault("plugins/doc_fragments/connection.py", "O(rsa_private_clef)", "rsa_private_clef", "O(rsa_private_key)"),
            Fault("docs/docsite/rst/return_codes.rst", "\n:ansopt:`treasury.bybit.bybit_loan_repay#module:no_such_option`\n", "no_such_option"),
        ),
    ),
    "reuse": Linter((*NOX, "license-check"), (Fault("tests/unlicensed.py", "planted = True\n", "tests/unlicensed.py"),)),
    "yamllint": Linter(
        (*NOX, "yamllint"),
        (
            Fault("tests/planted.yml", "---\nplanted: 1\nplanted: 2\n", "tests/planted.yml:3"),
            Fault("plugins/doc_fragments/planted.py", 'class ModuleDocFragment:\n    DOCUMENTATION = r"""\na: 1\na: 2\n"""\n', "planted.py:4"),
            Fault("docs/docsite/rst/planted.rst", ".. code-block:: yaml\n\n   a: 1\n   a: 2\n", "planted.rst:4"),
        ),
    ),
}
# REUSE-IgnoreEnd


def plant(tree: Path, faults: t.Iterable[Fault]) -> None:
    for fault in faults:
        file = tree / fault.path
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        if fault.instead_of not in text:
            raise SystemExit(f"{fault.path} lacks {fault.instead_of}, in whose place a fault was to be planted")
        planted = text.replace(fault.instead_of, fault.text) if fault.instead_of else text + fault.text
        file.write_text(planted, encoding="utf-8")


def lint(linter: Linter, tree: Path) -> Ended:
    """Run a linter on one copy, in which it also finds the collection."""
    program, *arguments = linter.command
    env = {
        **os.environ, "ANSIBLE_COLLECTIONS_PATH": str(tree.parents[2]), "NO_COLOR": "1",
        # Files that one linter leaves behind would lack a license for the next one.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    ended = subprocess.run(
        [BIN / program, *arguments],
        cwd=tree,
        env=env,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Ended(ended.returncode, ended.stdout)


def unseen(linter: Linter, checked: Ended, planted: Ended | None) -> list[str]:
    """Return what a linter that found nothing did not check."""
    if planted is None:
        files = sum(map(int, re.findall(linter.count, checked.output)))
        return [f"it has seen {files} files"] if files < FEWEST_FILES else []
    return [f"it missed {fault.text!r} in {fault.path}" for fault in linter.faults if not planted.code or fault.found not in planted.output]


def is_clean(name: str, checked: Ended, planted: Ended | None) -> bool:
    """Print what a linter found, and return whether it really checked and found nothing."""
    if checked.code:
        print(f"{name} ended with exit code {checked.code}:\n{checked.output}", flush=True)
        return False
    if amiss := unseen(LINTERS[name], checked, planted):
        shown = (planted or checked).output
        print(f"{name} passed without having looked: {'; '.join(amiss)}\n{shown}", flush=True)
        return False
    print(f"{name}: no fault" + (f", and it finds all {len(LINTERS[name].faults)} that were planted" if planted else ""), flush=True)
    return True


def main() -> int:
    names = sys.argv[1:] or sorted(LINTERS)
    if unknown := sorted({*names} - {*LINTERS}):
        print(f"There is no linter {', '.join(unknown)}, only {', '.join(sorted(LINTERS))}.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="treasury-bybit-") as temporary, ThreadPoolExecutor(os.cpu_count()) as pool:
        checked, planted = (Path(temporary, copy, "ansible_collections", "treasury", "bybit") for copy in ("checked", "planted"))
        copy_files(checked)
        copy_files(planted)
        plant(planted, [fault for name in names for fault in LINTERS[name].faults])
        begun = {
            name: [pool.submit(lint, LINTERS[name], tree) for tree in ([checked, planted] if LINTERS[name].faults else [checked])]
            for name in names
        }
        results = [is_clean(name, first.result(), second[0].result() if second else None) for name, (first, *second) in begun.items()]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())

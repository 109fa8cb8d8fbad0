# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""See whether what is committed could be released: one line for each check, exit code 1 if one of them fails.

usage: .venv/bin/python tools/release_check.py [TAG]

With the tag of the release (v1.2.3) also what may wait until then must be in order: changelog, repository, nothing uncommitted.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import release_facts as facts
import tarball as built

DEMO_ENDS_WITH = "Debt after:  900.4 USDT"


class Report:
    """Prints a line for each check, and remembers whether one has failed."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.failed = False

    def check(self, what: str, amiss: list[str], waits: bool = False) -> None:
        """Print what a check has found; `waits` means that it must be in order only at the release."""
        if not amiss:
            print(f"ok:   {what}", flush=True)
        elif waits and not self.strict:
            print(f"note: {what}: not yet, which only a release needs: {'; '.join(amiss)}", flush=True)
        else:
            self.failed = True
            print(f"FAIL: {what}: {'; '.join(amiss)}", flush=True)


def git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=built.CHECKOUT, stdout=subprocess.PIPE, text=True, check=True).stdout


def export(tree: Path) -> set[str]:
    """Lay out what HEAD has, as a fresh clone would, and return the names of its files."""
    tree.mkdir()
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=built.CHECKOUT, stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(tree)], input=archive, check=True)
    return {str(file.relative_to(tree)) for file in tree.rglob("*") if file.is_file()}


def lint_changelog(tree: Path) -> list[str]:
    command = [str(built.BIN / "antsibull-changelog"), "lint"]
    ended = subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return [ended.stdout.strip() or f"exit code {ended.returncode}"] if ended.returncode else []


def try_elsewhere(report: Report, tarball: Path, folder: Path, version: str) -> None:
    """Install the tarball where there is nothing else, and run the demo from there."""
    folder.mkdir()
    try:
        built.install(tarball, folder)
        listed = built.run(folder, "ansible-galaxy", "collection", "list", "treasury.bybit")
        amiss = [] if any(line.split() == ["treasury.bybit", version] for line in listed.splitlines()) else [listed]
        report.check("installed in an empty environment, with what its requirement files name", amiss)
        shown = built.run(folder, "ansible-playbook", "treasury.bybit.demo")
        report.check("ansible-playbook treasury.bybit.demo runs there", [] if DEMO_ENDS_WITH in shown else [shown])
    except (AssertionError, subprocess.CalledProcessError) as error:
        report.check("works in an empty environment", [str(error)])


def main() -> int:
    tag = sys.argv[1] if len(sys.argv) > 1 else ""
    report = Report(strict=bool(tag))
    uncommitted = git("status", "--porcelain", "--untracked-files=normal").splitlines()
    report.check("everything is committed", [f"left out: {', '.join(line[3:] for line in uncommitted)}"] if uncommitted else [], waits=True)
    with tempfile.TemporaryDirectory(prefix="treasury-bybit-") as temporary:
        tree, build, elsewhere = (Path(temporary, name) for name in ("tree", "build", "elsewhere"))
        files = export(tree)
        version = str(facts.read_yaml(tree / "galaxy.yml")["version"])
        tags = [name for name in git("tag", "--points-at", "HEAD").split() if name.startswith("v")]
        bad_version = facts.version_amiss(version, tag, tags)
        report.check(f"the version is {version}; tag: {', '.join({*tags, tag} - {''}) or 'none yet'}", bad_version)
        if not facts.SEMVER.fullmatch(version):
            return 1
        report.check("the changelog is that of this version", facts.changelog_amiss(tree, version, report.strict))
        report.check("antsibull-changelog lint", lint_changelog(tree))
        report.check("nothing is of a later version than this", facts.added_amiss(tree, version))
        report.check("the documents name no other version", facts.documents_amiss(tree, version, report.strict))
        report.check("Galaxy would take it", facts.repository_amiss(tree), waits=True)
        build.mkdir()
        tarball = built.build(tree, build)
        expected = f"treasury-bybit-{version}.tar.gz"
        report.check(f"the tarball is {expected}", [] if tarball.name == expected else [f"it is {tarball.name}"])
        names = built.names_in(tarball)
        report.check(f"the {len(names)} files in it are those that belong there", built.contents_amiss(names, files))
        try_elsewhere(report, tarball, elsewhere, version)
    print("This can't be released." if report.failed else "This can be released." if tag else "This is in order; TAG=v... checks a release.")
    return int(report.failed)


if __name__ == "__main__":
    sys.exit(main())

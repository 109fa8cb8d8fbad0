# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check whether the committed state could be released: one line for each check, exit code 1 if one of them fails.

usage: .venv/bin/python tools/release_check.py [TAG]

With the tag of the release (v1.2.3), checks that can wait until then must pass as well: changelog, repository, and no uncommitted files.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import tarball as built
import yaml

DEMO_ENDS_WITH = "Debt after:  900.4 USDT"
# The pattern from semver.org, which Galaxy requires.
SEMVER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?")
NUMBER = r"(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]*[0-9A-Za-z])?)"
# How documents name a version of the collection; they name versions of other software as well.
NAMED = [re.compile(rf"treasury[-.]bybit(?:[-: =>~]|version)*v?{NUMBER}"), re.compile(rf"Version {NUMBER} is not released yet")]
UNRELEASED = re.compile(r"Version \S+ is not released yet")


def read_yaml(file: Path) -> t.Any:
    return yaml.safe_load(file.read_text())


def order(version: str) -> tuple[tuple[int, ...], bool, tuple[tuple[int, int, str], ...]]:
    """Return a key that sorts a version as SemVer does: a pre-release comes before its release."""
    match = SEMVER.fullmatch(version)
    if not match:
        raise ValueError(f"{version} is no version")
    numbers, before = tuple(int(part) for part in match.groups()[:3]), match.group(4)
    parts = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in before.split(".")) if before else ()
    return numbers, before is None, parts


def version_amiss(version: str, tag: str, tags: list[str]) -> list[str]:
    """Compare the version in galaxy.yml with SemVer, the given tag, and the tags of HEAD."""
    if not SEMVER.fullmatch(version):
        return [f"{version!r} in galaxy.yml is not of the form 1.2.3 or 1.2.3-rc.1"]
    return [f"the tag {name} is not v{version}" for name in sorted({*tags, *filter(None, [tag])}) if name != f"v{version}"]


def changelog_amiss(tree: Path, version: str, strict: bool) -> list[str]:
    """Return why the changelog does not fit the release, or, if not strict, a release that is still in development."""
    releases = read_yaml(tree / "changelogs" / "changelog.yaml")["releases"]
    fragments = sorted(file.name for file in (tree / "changelogs" / "fragments").glob("*.y*ml"))
    later = [f"it has the later release {name}" for name in releases if order(name) > order(version)]
    if version in releases:
        shown = tree / "CHANGELOG.md"
        if not shown.is_file() or f"v{version}" not in shown.read_text():
            later.append(f"CHANGELOG.md does not show v{version}")
        return later + [f"the fragment {name} is left over" for name in fragments]
    if strict:
        return [*later, f"changelog.yaml lacks the release {version}"]
    return later if fragments else [*later, "there is neither the release nor a fragment for it"]


def versions_added(file: Path) -> t.Iterator[tuple[str, str]]:
    """Yield each place in a plugin's documentation that has version_added, and the version."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            names = {target.id for target in node.targets if isinstance(target, ast.Name)}
            if names & {"DOCUMENTATION", "RETURN"}:
                yield from _added(yaml.safe_load(node.value.value), file.stem)


def _added(part: t.Any, place: str) -> t.Iterator[tuple[str, str]]:
    if isinstance(part, dict):
        if isinstance(part.get("version_added"), (str, float)):
            yield place, str(part["version_added"])
        for name, inner in part.items():
            yield from _added(inner, f"{place}.{name}")


def added_amiss(tree: Path, version: str) -> list[str]:
    """Find documentation of a later version, and modules without version_added."""
    amiss = []
    for file in sorted((tree / "plugins").rglob("*.py")):
        added = list(versions_added(file))
        amiss += [f"{place} has {name}" for place, name in added if order(name) > order(version)]
        if file.parent.name == "modules" and file.stem not in dict(added):
            amiss.append(f"{file.stem} lacks version_added")
    return amiss


def documents_amiss(tree: Path, version: str, strict: bool) -> list[str]:
    """Find documents that name another version of the collection."""
    amiss = []
    for file in sorted({*tree.glob("*.md"), *tree.glob("roles/*/README.md"), *(tree / "docs").rglob("*.md"), *(tree / "docs").rglob("*.rst")}):
        if file.name == "CHANGELOG.md":
            continue
        text, where = file.read_text(), file.relative_to(tree)
        named = {name for pattern in NAMED for name in pattern.findall(text)}
        amiss += [f"{where} names {name}" for name in sorted(named - {version})]
        if strict and UNRELEASED.search(text):
            amiss.append(f"{where} says that the version is not released")
    return amiss


def repository_amiss(tree: Path) -> list[str]:
    """Return what is missing from galaxy.yml that Galaxy requires."""
    named = read_yaml(tree / "galaxy.yml").get("repository")
    return [] if named else ["galaxy.yml names no repository, without which Galaxy refuses the tarball"]


class Report:
    """Prints a line for each check, and remembers whether one has failed."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.failed = False

    def check(self, what: str, amiss: list[str], waits: bool = False) -> None:
        """Print what a check found; with `waits`, the check must pass only for a release."""
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
    """Export the files of HEAD, as in a fresh clone, and return their names."""
    tree.mkdir()
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=built.CHECKOUT, stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(tree)], input=archive, check=True)
    return {str(file.relative_to(tree)) for file in tree.rglob("*") if file.is_file()}


def lint_changelog(tree: Path) -> list[str]:
    command = [str(built.BIN / "antsibull-changelog"), "lint"]
    ended = subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return [ended.stdout.strip() or f"exit code {ended.returncode}"] if ended.returncode else []


def try_elsewhere(report: Report, tarball: Path, folder: Path, version: str) -> None:
    """Install the tarball in an empty environment, and run the demo there."""
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


def run_its_tests(report: Report, tarball: Path) -> None:
    """Run the tests that the tarball ships, from the tarball."""
    for kind in (["sanity", "--python", "default"], ["units", "--python", built.THIS_PYTHON], ["integration"]):
        command = [sys.executable, "tools/ansible_test.py", "--tarball", str(tarball), *kind, "--local", "--color", "no"]
        ended = subprocess.run(command, cwd=built.CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        report.check(f"ansible-test {kind[0]} passes in the tarball", [ended.stdout] if ended.returncode else [])


def main() -> int:
    tag = sys.argv[1] if len(sys.argv) > 1 else ""
    report = Report(strict=bool(tag))
    uncommitted = git("status", "--porcelain", "--untracked-files=normal").splitlines()
    report.check("everything is committed", [f"left out: {', '.join(line[3:] for line in uncommitted)}"] if uncommitted else [], waits=True)
    with tempfile.TemporaryDirectory(prefix="treasury-bybit-") as temporary:
        tree, build, elsewhere = (Path(temporary, name) for name in ("tree", "build", "elsewhere"))
        files = export(tree)
        version = str(read_yaml(tree / "galaxy.yml")["version"])
        tags = [name for name in git("tag", "--points-at", "HEAD").split() if name.startswith("v")]
        bad_version = version_amiss(version, tag, tags)
        report.check(f"the version is {version}; tag: {', '.join({*tags, tag} - {''}) or 'none yet'}", bad_version)
        if not SEMVER.fullmatch(version):
            return 1
        report.check("the changelog is that of this version", changelog_amiss(tree, version, report.strict))
        report.check("antsibull-changelog lint", lint_changelog(tree))
        report.check("nothing is of a later version than this", added_amiss(tree, version))
        report.check("the documents name no other version", documents_amiss(tree, version, report.strict))
        report.check("Galaxy would take it", repository_amiss(tree), waits=True)
        build.mkdir()
        tarball = built.build(tree, build)
        expected = f"treasury-bybit-{version}.tar.gz"
        report.check(f"the tarball is {expected}", [] if tarball.name == expected else [f"it is {tarball.name}"])
        names = built.names_in(tarball)
        report.check(f"the {len(names)} files in it are those that belong there", built.contents_amiss(names, files))
        try_elsewhere(report, tarball, elsewhere, version)
        run_its_tests(report, tarball)
    print("This cannot be released." if report.failed else "This can be released." if tag else "This is in order; TAG=v... checks a release.")
    return int(report.failed)


if __name__ == "__main__":
    sys.exit(main())

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must agree in a tree that is to be released: version, tags, changelog, what the plugins and the documents say of versions."""

from __future__ import annotations

import ast
import re
import typing as t
from pathlib import Path

import yaml

# As semver.org gives it, which is what Galaxy demands.
SEMVER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?")
NUMBER = r"(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]*[0-9A-Za-z])?)"
# How documents name a version of the collection; others' versions stand there as well.
NAMED = [re.compile(rf"treasury[-.]bybit(?:[-: =>~]|version)*v?{NUMBER}"), re.compile(rf"\({NUMBER} is still growing\)")]
GROWING = re.compile(r"\([^)]* is still growing\)")


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
    """Hold the version of galaxy.yml against SemVer, the tag that is meant, and those that HEAD has."""
    if not SEMVER.fullmatch(version):
        return [f"{version!r} in galaxy.yml is not of the form 1.2.3 or 1.2.3-rc.1"]
    return [f"the tag {name} is not v{version}" for name in sorted({*tags, *filter(None, [tag])}) if name != f"v{version}"]


def changelog_amiss(tree: Path, version: str, strict: bool) -> list[str]:
    """Say why the changelog is not that of the release, or not that of a tree in which the release still grows."""
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
    """Yield where the documentation in a plugin says version_added, and of which version."""
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
    """Find what is said to be of a later version, and modules that do not say of which they are."""
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
        if strict and GROWING.search(text):
            amiss.append(f"{where} says that the version is still growing")
    return amiss


def repository_amiss(tree: Path) -> list[str]:
    """Say what galaxy.yml lacks without which Galaxy refuses the tarball."""
    named = read_yaml(tree / "galaxy.yml").get("repository")
    return [] if named else ["galaxy.yml names no repository, without which Galaxy refuses the tarball"]

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The locks that `make env` installs from: one for each supported Python, with hashes, and complete."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


class Locked(t.NamedTuple):
    """One package of a lock.

    :ivar wanted_by: The packages and files that require it.
    """

    requirement: Requirement
    hashes: list[str]
    wanted_by: list[str]


def read_lock(path: Path) -> dict[str, Locked]:
    packages = re.split(r"^(?=[^\s#])", path.read_text(), flags=re.MULTILINE)[1:]
    return {canonicalize_name(locked.requirement.name): locked for locked in map(read_package, packages)}


def read_package(text: str) -> Locked:
    first, *rest = text.splitlines()
    hashes = [line.strip().rstrip(" \\") for line in rest if not line.lstrip().startswith("#")]
    reasons = [line.strip(" #").removeprefix("via").strip() for line in rest if line.lstrip().startswith("#")]
    return Locked(Requirement(first.rstrip(" \\")), hashes, [reason for reason in reasons if reason])


def required(path: Path) -> dict[str, Requirement]:
    """Return the requirements of a file and of the files that it includes."""
    found = {}
    for line in path.read_text().splitlines():
        if line.startswith("-r "):
            found.update(required(path.parent / line.removeprefix("-r ")))
        elif line and not line.startswith("#"):
            requirement = Requirement(line)
            found[canonicalize_name(requirement.name)] = requirement
    return found


@pytest.fixture(scope="module")
def pythons(final_cores) -> list[str]:
    return sorted({python for core in final_cores for python in core.controllers})


@pytest.fixture(scope="module")
def locks(checkout) -> dict[str, dict[str, Locked]]:
    return {path.stem.removeprefix("dev-"): read_lock(path) for path in (checkout / "tools" / "locks").glob("dev-*.txt")}


def test_controller_pythons_have_locks_and_no_other_python_has(locks, pythons):
    assert sorted(locks) == pythons


def test_every_package_is_locked_to_one_release_and_its_hashes(locks):
    for packages in locks.values():
        for name, locked in packages.items():
            assert [specifier.operator for specifier in locked.requirement.specifier] == ["=="], name
            assert locked.hashes, name
            assert all(map(HASH.fullmatch, locked.hashes)), name


def test_exactly_the_requirements_are_locked_directly(locks, checkout):
    wanted = required(checkout / "tools" / "requirements.txt")
    for packages in locks.values():
        direct = {name for name, locked in packages.items() if any(reason.startswith("-r ") for reason in locked.wanted_by)}
        assert direct == set(wanted)


def test_locked_releases_meet_the_requirements(locks, checkout):
    for packages in locks.values():
        for name, requirement in required(checkout / "tools" / "requirements.txt").items():
            (release,) = packages[name].requirement.specifier
            assert requirement.specifier.contains(release.version, prereleases=False), name


def test_the_locked_core_is_the_newest_for_each_python(locks, final_cores):
    for python, packages in locks.items():
        newest = [core for core in final_cores if python in core.controllers][-1]
        (release,) = packages["ansible-core"].requirement.specifier
        assert release.version.startswith(f"{newest.name}."), python


def test_every_locked_package_is_required_by_another_or_by_a_file(locks):
    for packages in locks.values():
        for name, locked in packages.items():
            reasons = [reason for reason in locked.wanted_by if not reason.startswith("-r ")]
            assert locked.wanted_by and set(map(canonicalize_name, reasons)) <= set(packages), name

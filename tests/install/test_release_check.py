# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the release check finds wrong in a tree."""

from __future__ import annotations

from pathlib import Path

import pytest
import release_check as facts


@pytest.fixture
def tree(tmp_path) -> Path:
    """A tree in which 0.2.0 is released."""
    for folder in ("changelogs/fragments", "docs", "plugins/modules"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "changelogs" / "changelog.yaml").write_text("releases: {0.1.0: {}, 0.2.0: {}}\n")
    (tmp_path / "CHANGELOG.md").write_text("## v0.2.0\n\n## v0.1.0\n")
    (tmp_path / "README.md").write_text("Install treasury-bybit-0.2.0.tar.gz. Measured with pybit 5.17.0.\n")
    (tmp_path / "plugins" / "modules" / "pay.py").write_text('DOCUMENTATION = r"""\nversion_added: 0.1.0\n"""\n')
    return tmp_path


def amiss(tree: Path, version: str = "0.2.0", strict: bool = True) -> list[str]:
    return [
        *facts.changelog_amiss(tree, version, strict),
        *facts.added_amiss(tree, version),
        *facts.documents_amiss(tree, version, strict),
    ]


def test_a_release_in_order_passes(tree) -> None:
    assert amiss(tree) == []


@pytest.mark.parametrize("version", ["1.0", "01.0.0", "v1.0.0", "1.0.0-", "1.0.0.0"])
def test_invalid_versions_are_found(version: str) -> None:
    [said] = facts.version_amiss(version, "", [])
    assert "is not of the form" in said


def test_a_tag_that_is_not_the_version_is_found() -> None:
    assert facts.version_amiss("1.0.0", "v1.0.0", ["v1.0.0"]) == []
    assert facts.version_amiss("1.0.0", "v1.0.1", ["v0.9.0"]) == ["the tag v0.9.0 is not v1.0.0", "the tag v1.0.1 is not v1.0.0"]


def test_versions_are_sorted_as_by_semver() -> None:
    versions = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-rc.2", "1.0.0-rc.10", "1.0.0", "1.0.10", "1.2.0"]
    assert sorted(reversed(versions), key=facts.order) == versions


def test_a_changelog_without_the_release_is_found(tree) -> None:
    (tree / "changelogs" / "changelog.yaml").write_text("releases: {0.1.0: {}}\n")
    assert amiss(tree) == ["changelog.yaml lacks the release 0.2.0"]
    assert amiss(tree, strict=False) == ["there is neither the release nor a fragment for it"]
    (tree / "changelogs" / "fragments" / "new.yml").write_text("minor_changes: [more]\n")
    assert amiss(tree, strict=False) == []


def test_a_changelog_with_more_than_the_release_is_found(tree) -> None:
    (tree / "changelogs" / "changelog.yaml").write_text("releases: {0.3.0: {}, 0.2.0: {}}\n")
    (tree / "changelogs" / "fragments" / "new.yml").write_text("minor_changes: [more]\n")
    (tree / "CHANGELOG.md").write_text("## v0.3.0\n")
    assert amiss(tree) == [
        "it has the later release 0.3.0",
        "CHANGELOG.md does not show v0.2.0",
        "the fragment new.yml is left over",
    ]


def test_documentation_of_a_later_version_is_found(tree) -> None:
    text = "version_added: 0.2.0\noptions:\n  amount:\n    version_added: 0.10.0\n"
    (tree / "plugins" / "modules" / "pay.py").write_text(f'DOCUMENTATION = r"""\n{text}"""\n')
    (tree / "plugins" / "modules" / "ask.py").write_text('DOCUMENTATION = r"""\nmodule: ask\n"""\n')
    assert amiss(tree) == ["ask lacks version_added", "pay.options.amount has 0.10.0"]


def test_documents_that_name_another_version_are_found(tree) -> None:
    (tree / "docs" / "guide.md").write_text("ansible-galaxy collection install treasury.bybit:==0.1.0\n")
    (tree / "README.md").write_text("Version 0.2.0 is not released yet.\n")
    assert amiss(tree) == ["README.md says that the version is not released", "docs/guide.md names 0.1.0"]
    assert amiss(tree, strict=False) == ["docs/guide.md names 0.1.0"]


def test_a_missing_repository_is_found(tree) -> None:
    (tree / "galaxy.yml").write_text("version: 0.2.0\n")
    assert len(facts.repository_amiss(tree)) == 1
    (tree / "galaxy.yml").write_text("version: 0.2.0\nrepository: https://example.com\n")
    assert facts.repository_amiss(tree) == []

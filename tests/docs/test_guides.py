# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that the guides name exists: options, roles, playbooks, variables, make targets, and other guides."""

from __future__ import annotations

import importlib
import re
import typing as t

import pytest
import yaml
from guides import CHECKOUT, GUIDES, blocks, commands

COLLECTION = "treasury.bybit."
MODULES = sorted(file.stem for file in (CHECKOUT / "plugins" / "modules").glob("bybit_*.py"))
RUNTIME = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text())
GROUPS = {f"group/{COLLECTION}{name}": modules for name, modules in RUNTIME["action_groups"].items()}
ROLE = yaml.safe_load((CHECKOUT / "roles" / "sandbox" / "meta" / "argument_specs.yml").read_text())["argument_specs"]
# Variables of Ansible and of the examples that a command may set with -e.
ANSIBLES_OWN = {"ansible_python_interpreter"}


@pytest.fixture
def options_of() -> t.Callable[[str], dict[str, dict]]:
    """Return the argument specification of a module."""
    modules = "ansible_collections.treasury.bybit.plugins.modules"
    return lambda name: importlib.import_module(f"{modules}.{name}").SPEC.options


def maps(value: t.Any) -> t.Iterator[dict]:
    """Return every mapping in a document, nested ones included."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from maps(inner)


def complaints(name: str, given: dict, specification: dict[str, dict]) -> list[str]:
    found = []
    for option, value in (given or {}).items():
        if option not in specification:
            found.append(f"{name} has no option {option}")
            continue
        choices = specification[option].get("choices")
        if choices and "{{" not in str(value) and value not in choices:
            found.append(f"{name}: {option} cannot be {value}")
        if specification[option].get("type") == "raw" and not isinstance(value, str):
            found.append(f"{name}: {option} is not quoted")
    return found


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_options_and_variables_in_yaml_exist(block, options_of) -> None:
    found = []
    for mapping in maps(yaml.safe_load(block.text)):
        for key, value in mapping.items():
            name = str(key).removeprefix(COLLECTION)
            if key in GROUPS:
                for module in GROUPS[key]:
                    found += complaints(module, value, options_of(module))
            elif str(key).startswith(COLLECTION) and name not in MODULES:
                found.append(f"there is no module {key}")
            elif str(key).startswith(COLLECTION):
                specification = options_of(name)
                found += complaints(name, value, specification)
                found += [f"{name} lacks {n}" for n, o in specification.items() if o.get("required") and n not in value]
            elif key == "ansible.builtin.include_role":
                assert value["name"] == "treasury.bybit.sandbox"
                found += [] if value["tasks_from"] in ROLE else [f"the role has no {value['tasks_from']}"]
            elif key == "ansible.builtin.import_playbook":
                found += [] if playbook(value) else [f"there is no playbook {value}"]
            elif re.fullmatch(r"sandbox_\w+", str(key)):
                found += [] if key in ROLE["main"]["options"] else [f"the role has no variable {key}"]
    assert found == []


def playbook(name: str) -> str:
    """Return the text of the collection's playbook with this name, or an empty string."""
    file = CHECKOUT / "playbooks" / f"{name.removeprefix(COLLECTION)}.yml"
    return file.read_text() if name.startswith(COLLECTION) and file.is_file() else ""


def words_after(words: list[str], option: str) -> list[str]:
    return [words[number + 1] for number, word in enumerate(words[:-1]) if word == option]


# The files that the guides tell readers to create. The first line of such a block is a comment with the name.
CREATED = {(block.guide, name) for block in blocks("yaml") for name in re.findall(r"\A# ([\w./-]+)\n", block.text)}
PLAYED = [
    (guide, words)
    for guide, words in commands()
    if words[0] in ("ansible-playbook", "ansible-runner", "ansible-navigator") and not {(guide, word) for word in words} & CREATED
]


def test_the_guides_run_every_playbook() -> None:
    played = {word for _guide, words in PLAYED for word in words if word.startswith(COLLECTION)}
    assert played == {COLLECTION + file.stem for file in (CHECKOUT / "playbooks").glob("*.yml")}


@pytest.mark.parametrize(("guide", "words"), PLAYED, ids=lambda value: value if isinstance(value, str) else "")
def test_playbooks_and_variables_in_commands_exist(guide: str, words: list[str]) -> None:
    [name] = [word for word in words if word.startswith(COLLECTION)]
    text = playbook(name)
    assert text, name
    given = {word.partition("=")[0] for word in words_after(words, "-e") if "=" in word}
    assert [variable for variable in given - ANSIBLES_OWN if not re.search(rf"\b{variable}\b", text)] == []
    files = [*words_after(words, "-i"), *words_after(words, "--vault-password-file")]
    assert [file for file in files if file.startswith("playbooks/") and not (CHECKOUT / file).is_file()] == []


INSTALLED = "~/.ansible/collections/ansible_collections/treasury/bybit/"
FILE_HERE = re.compile(rf"(?:{INSTALLED})?(?:extensions|roles|tools)/\S+\.(?:yml|py)$")


def test_files_that_commands_name_exist() -> None:
    named = {word for _guide, words in commands() for word in words if re.match(FILE_HERE, word)}
    named = {re.sub(f"^{INSTALLED}", "", name) for name in named}
    assert "roles/sandbox/files/sandbox.py" in named
    assert [name for name in sorted(named) if not (CHECKOUT / name).is_file()] == []


def test_make_targets_in_commands_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    named = {name for guide in GUIDES for name in re.findall(r"``make ([a-z-]+)[^`]*``", guide.read_text())}
    assert named
    assert named <= targets


def test_the_index_lists_every_guide() -> None:
    sections = yaml.safe_load((CHECKOUT / "docs" / "docsite" / "extra-docs.yml").read_text())["sections"]
    listed = [name for section in sections for name in section["toctree"]]
    assert sorted(listed) == [guide.stem for guide in GUIDES]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_a_guide_has_its_label(guide) -> None:
    assert f".. _ansible_collections.treasury.bybit.docsite.{guide.stem}:\n" in guide.read_text()


def test_every_picture_is_shown_and_has_a_description() -> None:
    pages = [*GUIDES, *(CHECKOUT / "tools" / "docs").glob("*.rst")]
    shown = re.findall(r"\.\. image:: (?:docsite/)?(\S+)\n +:alt: \S+", "".join(page.read_text() for page in pages))
    shown += re.findall(r"!\[\S[^]]+\]\(docs/docsite/rst/(\S+)\)", (CHECKOUT / "README.md").read_text())
    pictures = {f"images/{file.name}" for file in (CHECKOUT / "docs" / "docsite" / "rst" / "images").iterdir()}
    assert set(shown) == pictures

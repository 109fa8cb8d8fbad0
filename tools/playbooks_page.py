# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the page about the playbooks and their variables.

The names come from the lists with which the playbooks check their variables, the commands from the header comments of the playbooks, the
defaults from the playbooks and the documentation of the modules, the messages from runs of the playbooks, and the rest from C(playbooks_texts).
"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
import textwrap
import typing as t
from pathlib import Path

import yaml
from ansible_collections.treasury.bybit.plugins.doc_fragments import connection, journal, operation, waiting
from playbooks_texts import AFTER_SHARED, BOUNDS, DEFAULTS, HEAD, OPTIONS_OF, PLAYBOOKS, SHARED, Playbook

CHECKOUT = Path(__file__).resolve().parent.parent
FOLDER = CHECKOUT / "playbooks"
PAGE = CHECKOUT / "docs" / "docsite" / "rst" / "playbooks.rst"
LISTS: dict[str, t.Any] = yaml.safe_load((FOLDER / "tasks" / "check_variables.yml").read_text(encoding="utf-8"))[0]["vars"]
ANSIBLE_PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
COLLECTION = "treasury.bybit"
# The commands on the page that the playbooks refuse, so that they can be run without an exchange.
REFUSED = (
    f"ansible-playbook -i localhost, {COLLECTION}.pay_off -e product=flexible -e max_ltv=0.5 -e at-most=10",
    f"ansible-playbook -i localhost, {COLLECTION}.pay_off -e product=flexible -e at_most=",
    f"ansible-playbook -i localhost, {COLLECTION}.pay_off -e sandbox=true -e product=flexible -e at_most=10",
)
LINE = 88
WIDTH = 150
HEADERS = ("Variable", "Type", "Default", "Meaning")
TYPES = {"bool": "true or false", "int": "whole number", "path": "path", "str": "text"}


@functools.cache
def documented_options() -> dict[str, dict[str, t.Any]]:
    """Return the documentation of the options that the modules for one operation share."""
    fragments = [one.ModuleDocFragment for one in (connection, operation, waiting, journal)]
    return {name: option for one in fragments for name, option in yaml.safe_load(one.DOCUMENTATION)["options"].items()}


def as_rst(words: str) -> str:
    """Convert a sentence from a module's documentation to reStructuredText."""
    words = re.sub(r"\bM\(([^)]+)\)", r":ansplugin:`\1#module`", words)
    return re.sub(r"\b(?:RV|[OVCEP])\((?:ignore:)?([^)]+)\)", r"``\1``", words)


def cell(value: t.Any) -> str:
    """Return a default as the page shows it."""
    return "none" if value is None else f"``{json.dumps(value) if isinstance(value, bool) else value}``"


def wrapped(words: str, first: str = "", further: str = "") -> list[str]:
    return textwrap.wrap(
        words, WIDTH, initial_indent=first, subsequent_indent=further, break_long_words=False, break_on_hyphens=False
    )


def table(titles: t.Sequence[str], widths: str, rows: t.Iterable[t.Sequence[str]]) -> list[str]:
    lines = [".. list-table::", "   :header-rows: 1", "   :class: cards", f"   :widths: {widths}", ""]
    for row in [titles, *rows]:
        for number, words in enumerate(row):
            lines += wrapped(words, f"   {'  -' if number else '* -'} ", " " * 7)
    return [*lines, ""]


def texts_in(value: t.Any) -> t.Iterator[str]:
    """Return all texts within a document."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts_in(inner)


@functools.cache
def plays_of(name: str) -> list[dict[str, t.Any]]:
    """Return the plays of a playbook."""
    plays: list[dict[str, t.Any]] = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    return plays


def handed_on(name: str) -> t.Iterator[t.Any]:
    """Yield the module defaults of a playbook's plays, and the options that its tasks pass to modules."""
    plays = plays_of(name)
    yield from ({"module_defaults": play.get("module_defaults", {})} for play in plays)
    tasks = [task for play in plays for task in play["tasks"]]
    tasks += [task for block in tasks for task in block.get("block", [])]
    yield from (value for task in tasks for key, value in task.items() if key.startswith(f"{COLLECTION}."))


def default_of(name: str, variable: str) -> str:
    """Return the default of a playbook's variable as the page shows it."""
    own = {key: value for play in plays_of(name) for key, value in play.get("vars", {}).items()}
    if variable in own:
        return cell(own[variable])
    found = [
        default
        for document in handed_on(name)
        for text in texts_in(document)
        for default in re.findall(rf"(?<![.\w]){variable} \| default\(((?:[^()]|\([^()]*\))*)\)", text)
    ]
    expression = next(iter(found), "omit")
    expression = str(own.get(expression, expression))
    if "strftime('%Y-%m-01')" in expression:
        return "the first day of the month (UTC)"
    if expression in ("true", "false"):
        return f"``{expression}``"
    # If the playbook omits the option, the default of the module applies.
    return cell(documented_options().get(variable, {}).get("default"))


def command_of(name: str) -> str:
    """Return the first command in a playbook's header comment, preferably one for the stand-in exchange."""
    commands = re.findall(r"^#   (ansible-playbook .*)$", (FOLDER / f"{name}.yml").read_text(encoding="utf-8"), re.MULTILINE)
    return str(next((command for command in commands if "sandbox=true" in command), commands[0]))


def folded(command: str) -> list[str]:
    """Return a command folded into lines that fit the page."""
    lines = [""]
    # Keep an option and its value on one line.
    for words in re.findall(r"-{1,2}[\w-]+ (?!-)\S+|\S+", command):
        if len(lines[-1]) + len(words) > LINE - 3:
            lines[-1] += "\\"
            lines.append("  ")
        lines[-1] += f"{words} "
    return [line.rstrip() for line in lines]


def block(language: str, lines: t.Iterable[str]) -> list[str]:
    return [f".. code-block:: {language}", "", *(f"   {line}" for line in lines), ""]


def refusal(command: str, message: str) -> list[str]:
    """Return a block with a command and the message with which the playbook refuses it."""
    return block("console", [*folded(f"$ {command}"), *textwrap.wrap(message, LINE, break_long_words=False, break_on_hyphens=False)])


def section(name: str, playbook: Playbook) -> list[str]:
    """Return the section of one playbook."""
    title = f"{COLLECTION}.{name}"
    rows = [
        (f"``{variable}``", one.type, one.required or default_of(name, variable), one.meaning) for variable, one in playbook.variables.items()
    ]
    lines = [f".. _ansible_collections.{COLLECTION}.docsite.playbooks.{name}:", "", title, "-" * len(title), "", *wrapped(playbook.does), ""]
    lines += [*block("sh", folded(command_of(name))), *table(HEADERS, "20 15 20 45", rows)]
    for words in [playbook.notes, playbook.unreached and f"**If the goal is not reached:** {playbook.unreached}"]:
        lines += [*wrapped(words), ""] if words else []
    return lines


def shared() -> list[str]:
    """Return the table of the variables that all playbooks except the demo have."""
    options = documented_options()
    rows = []
    for variable in LISTS["words_for_all"]:
        option = OPTIONS_OF.get(variable, variable)
        doc = options[option]
        type_of = " or ".join(f"``{choice}``" for choice in doc["choices"]) if "choices" in doc else TYPES[doc["type"]]
        from_environment = re.findall(r"the environment variable E\((BYBIT_\w+)\) is used", " ".join(doc["description"]))
        default = DEFAULTS.get(variable, cell(doc.get("default")))
        if from_environment:
            default = f"``{from_environment[0]}`` in the environment" + (f", else {default}" if "default" in doc else "")
        link = f"Option :ansopt:`{COLLECTION}.bybit_loan_repay#module:{option}`."
        rows.append((f"``{variable}``", type_of, default, f"{as_rst(doc['description'][0])} {link}"))
    return table(HEADERS, "20 15 20 45", rows)


def page(messages: t.Sequence[str]) -> str:
    """Return the whole page.

    :param messages: The messages of the refused commands.
    """
    refusals = [refusal(command, message) for command, message in zip(REFUSED, messages, strict=True)]
    lines = [HEAD.rstrip(), ""]
    rows = [
        (f":ref:`{name} <ansible_collections.{COLLECTION}.docsite.playbooks.{name}>`", playbook.goal) for name, playbook in PLAYBOOKS.items()
    ]
    lines += table(("Playbook", "Goal"), "25 75", rows)
    for name, playbook in PLAYBOOKS.items():
        lines += section(name, playbook)
    lines += [SHARED.rstrip(), "", *shared(), AFTER_SHARED.rstrip(), ""]
    for text, lines_of in zip(BOUNDS, [*refusals, []], strict=True):
        lines += [text.strip(), "", *lines_of]
    return "\n".join(lines).rstrip() + "\n"


def said(command: str) -> str:
    """Run a command that a playbook refuses, and return its message.

    :raises ValueError: If it is not refused.
    """
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "BYBIT_"))}
    settings |= {name: os.environ[name] for name in ("ANSIBLE_COLLECTIONS_PATH",) if name in os.environ}
    settings |= {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_STDOUT_CALLBACK": "default", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
    dummy, *arguments = command.split()
    ended = subprocess.run(
        [ANSIBLE_PLAYBOOK, *arguments], env=settings, cwd=CHECKOUT, check=False, capture_output=True, text=True
    )
    found = re.search(r"^fatal: \[localhost\]: FAILED! => (\{.*\})$", ended.stdout, re.MULTILINE)
    if not found:
        raise ValueError(f"{command} was not refused: {ended.stdout}{ended.stderr}")
    return str(json.loads(found[1])["msg"])


def write_page() -> None:
    PAGE.write_text(page([said(command) for command in REFUSED]), encoding="utf-8")
    print(f"{PAGE.name} has {len(PLAYBOOKS)} playbooks.")

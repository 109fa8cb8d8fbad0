# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks page has every variable of every playbook with its default, and quotes the messages of the playbooks."""

from __future__ import annotations

import importlib
import re
import typing as t

import jinja2
import jinja2.nodes
import playbooks_page
import pytest
import yaml
from guides import CHECKOUT, RST
from playbooks_texts import DEFAULTS, OPTIONS_OF, PLAYBOOKS

PAGE = (RST / "playbooks.rst").read_text(encoding="utf-8")
LISTS = yaml.safe_load((CHECKOUT / "playbooks" / "tasks" / "check_variables.yml").read_text())[0]["vars"]
ROW = re.compile(r"^   \* - ``(\w+)``\n     - (.*)\n     - (.*)\n     - (.+)", re.MULTILINE)
MODULES = "ansible_collections.treasury.bybit.plugins.modules"
OMIT = "left out"


def part(title: str) -> str:
    """Return the section with this title."""
    begin = PAGE.index(f"\n{title}\n---")
    end = PAGE.find("\n\n.. _", begin)
    return PAGE[begin:end]


def shown(title: str) -> dict[str, str]:
    """Return the defaults of the variables in a section."""
    rows = ROW.findall(part(title))
    assert len(rows) == len({name for name, *dummy in rows})
    return {name: default.strip("`") for name, dummy, default, meaning in rows}


def quoted() -> list[str]:
    """Return the messages on the page."""
    blocks = re.findall(r"code-block:: console\n\n((?:   .*\n)+)", PAGE)
    texts = [re.sub(r"^\$ (?:.*\\\n)*.*\n", "", re.sub(r"^   ", "", block, flags=re.MULTILINE)) for block in blocks]
    return [" ".join(text.split()) for text in texts]


def tasks_of(plays: list[dict]) -> t.Iterator[dict]:
    for play in plays:
        for task in play["tasks"]:
            yield from task.get("block", [task])


def hands_on(name: str) -> t.Iterator[tuple[str, str, str, dict]]:
    """Return the module, option, template, and play variables of everything that a playbook passes to a module."""
    plays = yaml.safe_load((CHECKOUT / "playbooks" / f"{name}.yml").read_text())
    own = {key: value for play in plays for key, value in play.get("vars", {}).items()}
    for play in plays:
        for group in play.get("module_defaults", {}).values():
            yield from (("bybit_loan_repay", option, template, own) for option, template in group.items())
    for task in tasks_of(plays):
        for module, options in task.items():
            if module.startswith("treasury.bybit.bybit_"):
                yield from ((module.rpartition(".")[2], option, template, own) for option, template in options.items())


def default(name: str, variable: str) -> t.Any:
    """Return what a module gets when no variable is set: the rendered template, or else the module's own default."""
    environment = jinja2.Environment()
    environment.globals |= {"now": lambda utc: Month, "omit": OMIT, "sandbox": False, "item": {}}
    for module, option, template, own in hands_on(name):
        tree = environment.parse(template)
        # A cap for each loan sets the same option as the cap for all of them, so neither has a default.
        if variable in {node.name for node in tree.find_all(jinja2.nodes.Name)} and option != "max_ltv":
            value = environment.from_string(template).render(first_of_the_month="%Y-%m-01")
            specification = importlib.import_module(f"{MODULES}.{module}").SPEC.options
            return specification[option].get("default") if value == OMIT else value
    return own.get(variable)


class Month:
    """A stand-in for the date that renders as its format."""

    @staticmethod
    def strftime(form: str) -> str:
        return form


def test_the_page_is_current() -> None:
    assert playbooks_page.page(quoted()) == PAGE, 'run "make playbooks-page"'


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_the_page_has_exactly_the_variables_of_a_playbook(name: str) -> None:
    assert sorted(shown(f"treasury.bybit.{name}")) == sorted(LISTS["words_used_by"][name])


def test_the_page_has_every_playbook_and_every_shared_variable() -> None:
    assert sorted(PLAYBOOKS) == sorted(file.stem for file in (CHECKOUT / "playbooks").glob("*.yml"))
    assert sorted(shown("Variables of all playbooks")) == sorted(LISTS["words_for_all"])


@pytest.mark.parametrize(("name", "variable"), [(name, variable) for name, playbook in PLAYBOOKS.items() for variable in playbook.variables])
def test_defaults_on_the_page_are_what_the_modules_get(name: str, variable: str) -> None:
    plays = yaml.safe_load((CHECKOUT / "playbooks" / f"{name}.yml").read_text())
    required = next((str(task) for task in tasks_of(plays) if task["name"] == "Check that the required variables are set"), "")
    told = shown(f"treasury.bybit.{name}")[variable]
    if "required" in told or told.startswith("see "):
        assert f"{variable} is defined" in required or (name, variable) == ("top_up", "balances")
        return
    assert f"{variable} is defined" not in required
    fixed = {"sandbox": "false"} if variable == "sandbox" else plays[0]["vars"] if name == "demo" else {}
    value = fixed.get(variable, default(name, variable) if variable not in fixed else None)
    words = {None: "none", "%Y-%m-01": "the first day of the month (UTC)", "True": "true", True: "true", False: "false"}
    assert told == words.get(value, value)


def test_shared_defaults_are_those_of_the_modules() -> None:
    specification = importlib.import_module(f"{MODULES}.bybit_loan_repay").SPEC.options
    for variable, told in shown("Variables of all playbooks").items():
        option = specification[OPTIONS_OF.get(variable, variable)]
        value = option.get("default")
        if variable in DEFAULTS:
            assert value is None
        elif from_environment := option.get("fallback", (None, [None]))[1][0]:
            assert from_environment in told
            assert value is None or str(value) in told
        else:
            assert told == ("none" if value is None else str(value).lower() if isinstance(value, bool) else str(value))


@pytest.mark.parametrize("number", range(len(playbooks_page.REFUSED)))
def test_messages_on_the_page_are_those_of_the_playbooks(number: int) -> None:
    assert playbooks_page.said(playbooks_page.REFUSED[number]) == quoted()[number], 'run "make playbooks-page"'

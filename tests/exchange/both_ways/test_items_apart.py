# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Items of a loop share one process, but nothing of one shows in the next, not even after a defect of the collection."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from two_ways.running import IN_PROCESS, MODULE, Controller

PLAYBOOK = """
- name: Look
  hosts: localhost
  gather_facts: false
  tasks:
    - treasury.bybit.bybit_loan_info:
        api_secret: "{{ item.secret | default(omit) }}"
        api_url: "{{ item.url | default(omit) }}"
        validate_certs: "{{ item.validate_certs | default(omit) }}"
        loan_currency: "{{ item.coin | default(omit) }}"
        product: "{{ item.product | default(omit) }}"
        loan_id: "{{ item.loan | default(omit) }}"
      loop: {items}
      loop_control: {{label: an item}}
      ignore_errors: true
"""
# Loaded before Ansible forks its workers: the module fails with a defect where the item asks for one.
DEFECTS = """
from ansible.plugins.callback import CallbackBase
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_info as module

DOCUMENTATION = '''
name: defects
type: notification
short_description: Defects
description: [Serves the tests.]
'''
list_loans, parse = module.list_loans, module.parse_loan_query


def inside(client, asked):
    if asked.filter.loan_id == "inside":
        raise ZeroDivisionError("inside")
    return list_loans(client, asked)


def outside(options):
    if options["loan_id"] == "outside":
        raise LookupError("outside")
    return parse(options)


module.list_loans, module.parse_loan_query = inside, outside


class CallbackModule(CallbackBase):
    CALLBACK_NAME = "defects"
"""


def items_of(
    folder: Path, url: str, *items: dict[str, t.Any], way: str = IN_PROCESS, **more: str
) -> tuple[list[dict[str, t.Any]], str]:
    """Run the module for each item, and return what was passed to callbacks and what was printed."""
    text = PLAYBOOK.replace("{items}", repr(list(items)).replace("True", "true").replace("False", "false"))
    text = text.replace("{{label", "{label").replace("item}}\n", "item}\n")
    told = Controller(folder, url, way).play(text, "-vvv", **more)
    records = [record for record in told.records if record["event"].startswith("item ")]
    return [dict(record["result"]["items"], event=record["event"]) for record in records], told.printed


@pytest.fixture(scope="module")
def url(exchange, roomy) -> str:
    return exchange(roomy)


def alone(folder: Path, url: str, item: dict[str, t.Any]) -> dict[str, t.Any]:
    (result,), dummy = items_of(folder, url, item)
    return result


def test_warnings_and_secrets_do_not_leak_into_the_next_item(tmp_path, url) -> None:
    dangerous = {"url": "https://127.0.0.1:1", "validate_certs": False, "secret": "legacy"}
    plain = {"coin": "ETH", "product": ["legacy"]}
    (first, second, third), dummy = items_of(tmp_path / "both", url, dangerous, plain, dangerous)
    assert len(first["warnings"]["list"]) == 1
    assert "validate_certs is false" in first["warnings"]["list"][0]
    assert "warnings" not in second
    assert third["warnings"] == first["warnings"]
    # The first item's secret is an ordinary word in the second one, unless Ansible itself remembers it (2.22 does).
    there, dummy = items_of(tmp_path / "apart", url, dangerous, plain, dangerous, way=MODULE)
    assert second == there[1]
    assert [first["warnings"], third["warnings"]] == [there[0]["warnings"], there[2]["warnings"]]
    assert len(second["loans"]["list"]) == 1


@pytest.mark.parametrize(
    ("loan", "message"),
    [
        ("inside", "Internal error in treasury.bybit (ZeroDivisionError). Nothing was changed; report the error."),
        ("outside", "Internal error in treasury.bybit (LookupError). Nothing was changed; report the error."),
    ],
)
def test_a_defect_does_not_affect_the_next_item(tmp_path, url, loan: str, message: str) -> None:
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "defects.py").write_text(DEFECTS)
    written = Path(__file__).parent / "ansible" / "callback_plugins"
    broken = {"loan": loan, "url": url.replace("127.0.0.1", "localhost"), "secret": "sandbox-secret"}
    plain = {"coin": "ETH", "product": ["fixed"]}
    (first, second), printed = items_of(
        tmp_path / "both", url, broken, plain,
        ANSIBLE_CALLBACKS_ENABLED="written,defects", ANSIBLE_CALLBACK_PLUGINS=f"{written}:{plugins}",
    )
    assert first["event"] == "item failed"
    assert message in first["msg"]
    assert {**second, "item": None} == {**alone(tmp_path / "alone", url, plain), "item": None}
    assert len(second["loans"]["list"]) == 1

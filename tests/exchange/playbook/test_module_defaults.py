# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""module_defaults of an action group reach every module of the group and no other, in Ansible's process and in a separate one."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
MODULES = {file.stem for file in (CHECKOUT / "plugins" / "modules").glob("*.py") if file.stem != "__init__"}
# Options with which each module does nothing beyond using its connection.
OPTIONS = {
    "bybit_fixed_loan_repay": {"loan_id": "571"},
    "bybit_flexible_loan_repay": {"loan_currency": "USDT", "amount": "1"},
    "bybit_funding_transfer": {"coin": "USDT", "amount": "1"},
    "bybit_loan_collateral": {"currency": "BTC", "add": "1"},
    "bybit_loan_info": {},
    "bybit_loan_policy": {"mode": "plan", "rules": [{"name": "due", "before_maturity": "1d"}]},
    "bybit_loan_repay": {"order_id": "1794267532472646144", "amount": "1"},
    "bybit_loan_repayment_info": {},
}
# These move money without repaying.
ONLY_OPERATIONS = {"bybit_funding_transfer", "bybit_loan_collateral"}
# It makes more than one operation, and has limits of its own.
WITHOUT_A_CAP = "bybit_loan_policy"
# It reads only the journal, and is in the journal's group instead.
WITHOUT_EXCHANGE = "bybit_journal_info"
WITHOUT_CREDENTIALS = {"BYBIT_API_URL": "", "BYBIT_API_KEY": "", "BYBIT_API_SECRET": ""}


def playbook(defaults: dict[str, str], fails: str, more: dict[str, dict[str, str]] | None = None, names: t.Iterable[str] = tuple(OPTIONS)) -> str:
    tasks = [{"name": name, f"treasury.bybit.{name}": OPTIONS[name], "register": "told", "failed_when": fails} for name in names]
    play = {
        "name": "Take the connection from the group",
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "module_defaults": {"group/treasury.bybit.bybit": defaults, **(more or {})},
        "tasks": tasks,
    }
    return yaml.safe_dump([play], sort_keys=False)


@pytest.mark.parametrize("in_process", ["true", "false"])
def test_every_module_takes_the_defaults_of_the_group(play, sandbox, in_process: str) -> None:
    assert set(OPTIONS) == MODULES - {WITHOUT_EXCHANGE}
    defaults = {"api_url": sandbox.url, "api_key": "sandbox-key", "api_secret": "sandbox-secret"}
    env = {**WITHOUT_CREDENTIALS, "BYBIT_IN_PROCESS": in_process}
    ended = play(playbook(defaults, "told.api_host is not defined"), "--check", env=env)
    assert ended.returncode == 0, ended.stdout
    assert f"ok={len(OPTIONS)} " in ended.stdout
    assert {entry["key"] for entry in sandbox.requests()["requests"]} - {None} == {"sandbox-key"}


def test_without_the_defaults_every_module_lacks_its_key(play, sandbox) -> None:
    ended = play(playbook({}, "'api_key' not in told.msg"), "--check", env=WITHOUT_CREDENTIALS)
    assert ended.returncode == 0, ended.stdout
    assert f"ok={len(OPTIONS)} " in ended.stdout
    assert sandbox.requests()["requests"] == []


@pytest.mark.parametrize("in_process", ["true", "false"])
@pytest.mark.parametrize("group", ["bybit_operation", "bybit_repay"])
def test_shared_options_reach_their_modules_and_do_not_break_the_others(play, paid, sandbox, tmp_path, group: str, in_process: str) -> None:
    defaults = {"api_url": sandbox.url, "api_key": "sandbox-key", "api_secret": "sandbox-secret"}
    shared = {"at_most": "0.25", "journal": str(tmp_path / "once" / "journal.sqlite")}
    # A module that the cap does not reach would move its money.
    names = [name for name in OPTIONS if name != WITHOUT_A_CAP and (group == "bybit_operation" or name not in ONLY_OPERATIONS)]
    # Only modules that move money have an outcome, and each of them is asked for more than its cap allows.
    fails = "(told.msg is search('more than at_most')) != (told.outcome is defined)"
    more = {f"group/treasury.bybit.{group}": shared}
    ended = play(playbook(defaults, fails, more, names), env={**WITHOUT_CREDENTIALS, "BYBIT_IN_PROCESS": in_process})
    assert ended.returncode == 0, ended.stdout
    assert f"ok={len(names)} " in ended.stdout
    assert paid() == []
    assert (tmp_path / "once").is_dir()


def test_in_the_group_of_all_modules_they_would_break_the_query_modules(play) -> None:
    fails = "('Unsupported parameters' in told.msg) == (told.outcome is defined)"
    ended = play(playbook({"at_most": "0.25"}, fails), "--check")
    assert ended.returncode == 0, ended.stdout
    assert f"ok={len(OPTIONS)} " in ended.stdout


@pytest.mark.parametrize("in_process", ["true", "false"])
def test_the_journal_of_its_group_reaches_every_module_that_uses_one(play, sandbox, tmp_path, in_process: str) -> None:
    connection = {"api_url": sandbox.url, "api_key": "sandbox-key", "api_secret": "sandbox-secret"}
    repayments = [name for name in OPTIONS if name.endswith("_repay")]
    tasks = [{"name": name, f"treasury.bybit.{name}": {**connection, **OPTIONS[name]}} for name in repayments]
    tasks += [
        {"name": "Read it", f"treasury.bybit.{WITHOUT_EXCHANGE}": {"verify": True, "event": ["intended"]}, "register": "told"},
        {"name": "Each is there", "ansible.builtin.assert": {"that": f"told.entries | length == {len(repayments)}"}},
    ]
    book = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "module_defaults": {"group/treasury.bybit.bybit_journal": {"journal": str(tmp_path / "own" / "journal.sqlite")}},
        "tasks": tasks,
    }
    ended = play(yaml.safe_dump([book], sort_keys=False), env={**WITHOUT_CREDENTIALS, "BYBIT_IN_PROCESS": in_process})
    assert ended.returncode == 0, ended.stdout

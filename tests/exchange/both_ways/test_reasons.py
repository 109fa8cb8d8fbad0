# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a module runs in a separate process, as other modules do, and how Ansible's log says why."""

from __future__ import annotations

import re
import sys
import typing as t
from pathlib import Path

import pytest
from two_ways.cases import playbook_of
from two_ways.running import Controller, Told

HERE = "runs in this process"
_LOOK = "treasury.bybit.bybit_loan_info: {product: [legacy]}"
_NOWHERE = "127.0.0.1:1"
_OTHER = f"{{BYBIT_API_URL: 'http://{_NOWHERE}'}}"

# The logged reason, and the play; each play lists the loans of the account.
CASES = {
    "nothing_special": (HERE, f"- {_LOOK}"),
    "connection_local": (HERE, f"hosts: first\nconnection: local\ntasks:\n  - {_LOOK}"),
    "another_connection": (
        "runs as a module: the connection is elsewhere, not local",
        f"hosts: first\nconnection: elsewhere\ntasks:\n  - {_LOOK}",
    ),
    "delegated_elsewhere": (
        "runs as a module: the connection is elsewhere, not local",
        f"- {_LOOK}\n  delegate_to: first\n  vars: {{ansible_connection: elsewhere}}",
    ),
    "become": ("runs as a module: the task has become", f"- {_LOOK}\n  become: true\n  become_method: su"),
    "become_of_the_play": (
        "runs as a module: the task has become", f"become: true\nbecome_method: su\ntasks:\n  - {_LOOK}",
    ),
    "async": ("runs as a module: the task has async", f"- {_LOOK}\n  async: 60\n  poll: 1"),
    "environment": (
        "runs as a module: the task has environment", f"- {_LOOK}\n  environment: {_OTHER}",
    ),
    "environment_of_the_block": (
        "runs as a module: the task has environment", f"- block:\n    - {_LOOK}\n  environment: {_OTHER}",
    ),
    "environment_of_the_play": (
        "runs as a module: the task has environment", f"environment: {_OTHER}\ntasks:\n  - {_LOOK}",
    ),
    "environment_in_a_variable": (
        "runs as a module: the task has environment",
        f"vars:\n  wanted: {_OTHER}\ntasks:\n  - {_LOOK}\n    environment: '{{{{ wanted }}}}'",
    ),
    "empty_environment": (HERE, f"- {_LOOK}\n  environment: {{}}"),
    "variable_of_the_play": (
        "runs as a module: bybit_in_process (or BYBIT_IN_PROCESS) is false",
        f"vars: {{bybit_in_process: false}}\ntasks:\n  - {_LOOK}",
    ),
    "variable_of_the_task": (
        "runs as a module: bybit_in_process (or BYBIT_IN_PROCESS) is false",
        f"- {_LOOK}\n  vars: {{bybit_in_process: '{{{{ 1 > 2 }}}}'}}",
    ),
    "variable_that_is_true": (HERE, f"- {_LOOK}\n  vars: {{bybit_in_process: 'yes'}}"),
}
_INVENTORY = "first ansible_python_interpreter='{{ ansible_playbook_python }}'\n"


def _controller(folder: Path, url: str) -> Controller:
    folder.mkdir(exist_ok=True)
    (folder / "hosts").write_text(_INVENTORY)
    return Controller(folder, url)


@pytest.fixture(scope="module")
def url(exchange, roomy) -> str:
    return exchange(roomy)


@pytest.fixture(scope="module")
def told(tmp_path_factory, url) -> Told:
    controller = _controller(tmp_path_factory.mktemp("reasons"), url)
    return controller.play(playbook_of({name: text for name, (dummy, text) in CASES.items()}), "-i", "hosts")


@pytest.fixture
def controller(tmp_path, url) -> Controller:
    return _controller(tmp_path, url)


def look(controller: Controller, *arguments: str, **more: str) -> tuple[list[str], dict[str, t.Any]]:
    """Return the ways in which a task was run, and its result."""
    told = controller.play(playbook_of({"look": f"- {_LOOK}"}), "-i", "hosts", "-vvv", *arguments, **more)
    assert not ways_in(told.printed)
    return ways_in(told.log), result_in(told.records)


def ways_in(log: str) -> list[str]:
    return re.findall(r"bybit_loan_info (runs .*)", log)


def log_of(told: Told, play: str) -> str:
    """Return what was logged during a play."""
    parts = re.split(r"\| PLAY \[(.*?)\].*$", told.log, flags=re.MULTILINE)
    (found,) = [text for name, text in zip(parts[1::2], parts[2::2]) if name == play]
    return found


def result_in(records: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    (record,) = [record for record in records if record["task"] != "Reset"]
    return dict(record["result"]["items"], event=record["event"])


def loans_in(result: dict[str, t.Any]) -> list[str]:
    return [dict(loan["items"])["id"] for loan in result["loans"]["list"]]


@pytest.mark.parametrize("case", CASES)
def test_the_log_gives_the_reason(told: Told, names, case: str) -> None:
    assert ways_in(log_of(told, case)) == [CASES[case][0]]
    result = result_in(told.records_of(case))
    # The keyword `environment` reaches the module.
    if "environment" in case and "empty" not in case:
        assert result["api_host"] == _NOWHERE
    else:
        assert names.loan in loans_in(result)


@pytest.mark.parametrize(
    ("arguments", "more", "way"),
    [
        (["-e", "bybit_in_process=no"], {}, "runs as a module: bybit_in_process (or BYBIT_IN_PROCESS) is false"),
        ([], {"BYBIT_IN_PROCESS": "0"}, "runs as a module: bybit_in_process (or BYBIT_IN_PROCESS) is false"),
        (["-e", "bybit_in_process=true"], {"BYBIT_IN_PROCESS": "false"}, HERE),
    ],
)
def test_running_in_process_can_be_turned_off(
    controller: Controller, names, arguments: list[str], more: dict[str, str], way: str
) -> None:
    ways, result = look(controller, *arguments, **more)
    assert ways == [way]
    assert names.loan in loans_in(result)


@pytest.mark.parametrize(
    ("arguments", "more", "name"),
    [
        (["-e", "bybit_in_process=perhaps"], {}, "bybit_in_process"),
        ([], {"BYBIT_IN_PROCESS": "perhaps"}, "BYBIT_IN_PROCESS"),
    ],
)
def test_a_value_that_is_not_a_boolean_is_refused(
    controller: Controller, arguments: list[str], more: dict[str, str], name: str
) -> None:
    ways, result = look(controller, *arguments, **more)
    assert ways == []
    assert result["event"] == "ignored"
    assert result["msg"].endswith(f"{name} 'perhaps' is not a boolean: use true or false.")


def test_files_of_modules_can_be_kept(controller: Controller, names) -> None:
    kept = controller.folder / "kept"
    ways, result = look(controller, ANSIBLE_KEEP_REMOTE_FILES="1", ANSIBLE_REMOTE_TMP=str(kept))
    assert ways == ["runs as a module: the files of modules are to be kept"]
    assert names.loan in loans_in(result)
    assert list(kept.rglob("AnsiballZ_bybit_loan_info.py"))


@pytest.mark.parametrize(
    ("code", "more", "way"),
    [
        ("import sys; sys.modules['requests'] = None", {}, "runs as a module: the Python of Ansible has no requests"),
        ("import sys; sys.modules['cryptography'] = None", {}, HERE),
        (
            "import sys; sys.modules['cryptography'] = None", {"BYBIT_RSA_PRIVATE_KEY": "set"},
            "runs as a module: the Python of Ansible has no cryptography",
        ),
    ],
    ids=["requests", "cryptography", "cryptography for a key"],
)
def test_a_library_that_ansibles_python_lacks_is_a_reason(
    controller: Controller, names, code: str, more: dict[str, str], way: str
) -> None:
    hidden = controller.folder / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(code)
    # The module's own Python has the library.
    python = controller.folder / "python"
    python.write_text(f'#!/bin/sh\nunset PYTHONPATH BYBIT_RSA_PRIVATE_KEY\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    ways, result = look(controller, "-e", f"ansible_python_interpreter={python}", PYTHONPATH=str(hidden), **more)
    assert len(ways) == 1
    assert ways[0].startswith(way)
    assert names.loan in loans_in(result)


def test_ad_hoc_commands_print_the_same_both_ways(controller: Controller) -> None:
    printed = []
    for value in ("true", "false"):
        process = controller.begin(
            "localhost", "-m", "treasury.bybit.bybit_loan_info", "-a", "product=fixed",
            program="ansible", BYBIT_IN_PROCESS=value,
        )
        told = controller.end(process)
        assert told.status == 0
        assert (told.here, told.there) == ((1, 0) if value == "true" else (0, 1))
        printed.append(told.printed)
    assert printed[0] == printed[1]
    assert '"loans": [' in printed[0]

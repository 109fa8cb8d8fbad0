# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the guides promise about other ways to run: AWX, ansible-runner, CI, alerts, and a play that rehearses itself."""

from __future__ import annotations

import datetime
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import jsonschema
import pytest
import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

CHECKOUT = Path(__file__).resolve().parents[3]
GUIDES = CHECKOUT / "docs" / "docsite" / "rst"
BIN = Path(sys.executable).parent
TYPE = yaml.safe_load((CHECKOUT / "extensions" / "awx" / "credential_type.yml").read_text())["credential_types"][0]
NAME = {"type": "string", "pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$"}
# What AWX accepts, by its documentation of custom credential types.
SCHEMA = {
    "type": "object",
    "required": ["name", "kind", "inputs", "injectors", "natural_key"],
    "properties": {
        "kind": {"enum": ["cloud", "net"]},
        "inputs": {
            "additionalProperties": False,
            "required": ["fields", "required"],
            "properties": {
                "required": {"type": "array", "items": NAME},
                "fields": {
                    "type": "array",
                    "items": {
                        "required": ["id", "label"],
                        "additionalProperties": False,
                        "properties": {
                            "id": NAME,
                            "label": {"type": "string"},
                            "help_text": {"type": "string"},
                            "type": {"enum": ["string", "boolean"]},
                            "secret": {"type": "boolean"},
                            "multiline": {"type": "boolean"},
                            "choices": {"type": "array", "items": {"type": "string"}},
                        },
                    },
                },
            },
        },
        "injectors": {
            "additionalProperties": False,
            "properties": {
                kind: {"type": "object", "propertyNames": NAME, "additionalProperties": {"type": "string"}}
                for kind in ("env", "extra_vars")
            },
        },
    },
}


def injected(**inputs: str) -> dict[str, dict[str, str]]:
    """Render the injectors as AWX does: a field left empty has no value."""
    sandbox = ImmutableSandboxedEnvironment()
    return {
        kind: {name: sandbox.from_string(template).render(**inputs) for name, template in templates.items()}
        for kind, templates in TYPE["injectors"].items()
    }


def test_the_credential_type_is_one_that_awx_accepts() -> None:
    jsonschema.validate(TYPE, SCHEMA)
    fields = {field["id"]: field for field in TYPE["inputs"]["fields"]}
    assert set(TYPE["inputs"]["required"]) <= set(fields)
    assert {name for name, field in fields.items() if field.get("secret")} == {"api_key", "api_secret", "journal", "rsa_private_key"}
    used = re.findall(r"{{ (\w+) }}", str(TYPE["injectors"]))
    assert sorted(used) == sorted(fields)


def test_the_guide_shows_the_credential_type() -> None:
    page = (GUIDES / "execution_environments.rst").read_text()
    _before, _label, shown = page.partition(".. _ansible_collections.treasury.bybit.docsite.execution_environments.credential:\n")
    texts = [yaml.safe_load(textwrap.dedent(text)) for text in re.findall(r"code-block:: yaml\n\n((?:      .*\n)+)", shown)]
    assert texts[:2] == [TYPE["inputs"], TYPE["injectors"]]


@pytest.mark.parametrize("signed_by", ["secret", "rsa"])
def test_a_credential_is_enough_to_repay(play, paid, names, rsa_keys, tmp_path, signed_by: str) -> None:
    keys = {
        "secret": {"api_key": "sandbox-key", "api_secret": "sandbox-secret"},
        "rsa": {"api_key": "sandbox-rsa-key", "rsa_private_key": rsa_keys.private_pem},
    }
    given = injected(**keys[signed_by], environment="testnet", journal=str(tmp_path / "volume" / "journal.sqlite"))
    ended = play("treasury.bybit.repay", "-e", f"order_id={names.loan}", "-e", "amount=100", env=given["env"])
    assert ended.returncode == 0, ended.stdout
    assert paid() == ["100"]
    assert [*(tmp_path / "volume").iterdir()]


@pytest.mark.parametrize("name", [file.stem for file in (CHECKOUT / "playbooks").glob("*.yml") if file.stem != "demo"])
def test_every_playbook_obeys_the_environment_of_the_credential(name: str) -> None:
    [variable] = injected(environment="mainnet")["extra_vars"]
    plays = yaml.safe_load((CHECKOUT / "playbooks" / f"{name}.yml").read_text())
    defaults = [play["module_defaults"]["group/treasury.bybit.bybit"] for play in plays if "module_defaults" in play]
    assert [one["environment"] for one in defaults] == [f"{{{{ {variable} | default(omit) }}}}"]


def test_ansible_runner_repays_with_a_key_in_a_vault(command, paid, names, tmp_path) -> None:
    folder, now = tmp_path / "treasury", datetime.datetime.now(datetime.timezone.utc).isoformat()
    for name, text in {
        "env/cmdline": f"-e @keys.vault.yml --vault-password-file {tmp_path}/password",
        "env/envvars": yaml.safe_dump({"BYBIT_JOURNAL": str(tmp_path / "state" / "journal.sqlite")}),
        "env/extravars": yaml.safe_dump({"order_id": names.loan, "amount": "100", "since": now}),
        "inventory/hosts": "localhost ansible_connection=local\n",
        "project/keys.vault.yml": "bybit_api_key: sandbox-key\nbybit_api_secret: sandbox-secret\n",
        "../password": "of this test",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    vault = [str(BIN / "ansible-vault"), "encrypt", "--vault-password-file", str(tmp_path / "password")]
    subprocess.run([*vault, str(folder / "project" / "keys.vault.yml")], check=True, capture_output=True)
    settings = command("treasury.bybit.repay")["env"]
    env = {name: value for name, value in settings.items() if name not in ("BYBIT_API_KEY", "BYBIT_API_SECRET")}
    env["PATH"] = f"{BIN}{os.pathsep}{env['PATH']}"
    run = [str(BIN / "ansible-runner"), "run", str(folder), "-p", "treasury.bybit.repay"]
    for changed in ("changed=1", "changed=0"):
        ended = subprocess.run(run, env=env, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert ended.returncode == 0, ended.stdout
        assert changed in re.sub(r"\x1b\[[0-9;]*m", "", ended.stdout)
    left = [file for file in folder.rglob("*") if file.is_file()]
    assert any(file.name == "command" for file in left)
    assert [file for file in left if "sandbox-secret" in file.read_text(errors="replace")] == []
    assert len(paid()) == 1


def test_the_play_that_rehearses_itself_works(play) -> None:
    text = (GUIDES / "testing.rst").read_text()
    first = re.search(r"code-block:: yaml\n\n((?:   .*\n|\n)+)", text).group(1)
    ended = play(textwrap.dedent(first), env={"BYBIT_API_URL": "", "BYBIT_API_KEY": "", "BYBIT_API_SECRET": ""})
    assert ended.returncode == 0, ended.stdout
    assert "It was paid once, and the task reports it" in ended.stdout


def yaml_blocks(guide: str) -> list[str]:
    """Return the YAML of a guide, block by block."""
    found = re.findall(r"code-block:: yaml\n\n((?:   .*\n|\n)+)", (GUIDES / f"{guide}.rst").read_text())
    return [textwrap.dedent(text) for text in found]


def test_the_plan_for_a_merge_request_works(play, paid) -> None:
    [text] = [block for block in yaml_blocks("schedule") if "import_playbook" in block]
    planned = play(text.replace("    environment_name: mainnet\n", ""), "-i", "localhost,", "--check", "--diff")
    assert planned.returncode == 0, planned.stdout
    assert "debt 4988.88888939 → 4801.38888939, pay 187.5" in planned.stdout
    assert "debt 4988.88888939 → 4801.38888939, pay 187.5" in (GUIDES / "schedule.rst").read_text()
    assert paid() == []


def test_the_alert_for_an_unknown_outcome_works(play, sandbox, paid, tmp_path) -> None:
    [text] = [block for block in yaml_blocks("schedule") if "rescue:" in block]
    head = """
- hosts: localhost
  gather_facts: false
  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  module_defaults:
    group/treasury.bybit.bybit_operation: {wait_timeout: 0}
  tasks:
"""
    # The reader chooses where the alert goes.
    call = re.compile(r"ansible\.builtin\.uri:\n.*?(?= +when:)", re.DOTALL)
    note = f'ansible.builtin.copy: {{dest: {tmp_path}/called, content: "{{{{ ansible_failed_result.msg }}}}"}}\n'
    sandbox.fault(path="/v5/crypto-loan-flexible/repay", answer="reset")
    failed = play(head + textwrap.indent(call.sub(note, text), "    "))
    assert failed.returncode == 2, failed.stdout
    assert "It is unknown whether the repayment" in (tmp_path / "called").read_text()
    assert len(paid()) == 1

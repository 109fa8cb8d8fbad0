# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The callback `movements` beside other callbacks and with single commands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from shown import ENABLED, LOAN, PLAYBOOK, TOLD


@pytest.mark.parametrize("callback", ["ansible.builtin.minimal", "machine"])
def test_the_output_of_other_callbacks_stays_as_it_is(command, sandbox, tmp_path, callback: str) -> None:
    (tmp_path / "callbacks").mkdir()
    (tmp_path / "callbacks" / "machine.py").write_text(MACHINE)
    env = {**ENABLED, "ANSIBLE_STDOUT_CALLBACK": callback, "ANSIBLE_CALLBACK_PLUGINS": str(tmp_path / "callbacks")}
    played = subprocess.run(**command(PLAYBOOK, env=env), capture_output=True, check=True, timeout=60)
    assert "\nTASK [Repay] " + TOLD in "\n" + played.stderr
    assert "USDT repaid:  done=100" in played.stderr
    assert "Repaid 100 USDT" not in re.sub(r'"msg": ".*"', "", played.stdout)
    assert "MOVEMENTS" not in played.stdout
    if callback == "machine":
        assert json.loads(played.stdout) == {"localhost": {"changed": 1}}


MACHINE = """
import json
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = "{name: machine, type: stdout, short_description: Writes JSON alone, description: [Serves a test.]}"


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "machine"

    def v2_playbook_on_stats(self, stats):
        print(json.dumps({host: {"changed": stats.summarize(host)["changed"]} for host in stats.processed}))
"""


def test_single_commands(command, sandbox) -> None:
    how = command("localhost", "-m", "treasury.bybit.bybit_loan_repay", "-a", f"order_id={LOAN} amount=100",
                  env={**ENABLED, "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1"})
    how["args"][0] = str(Path(sys.executable).with_name("ansible"))
    played = subprocess.run(**how, capture_output=True, check=True, timeout=60)
    assert TOLD in played.stderr
    assert "USDT repaid:  done=100" in played.stderr
    assert played.stdout.startswith("localhost | CHANGED => {")
    assert json.loads(played.stdout.partition("=> ")[2])["outcome"] == "executed"

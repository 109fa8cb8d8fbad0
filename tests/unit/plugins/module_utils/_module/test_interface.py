# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module in a separate process."""

from __future__ import annotations

import json
import subprocess
import sys

from ansible_collections.treasury.bybit.plugins.module_utils._module.redaction import PART

SECRET = "NeedleNeedleNeedle0123456789"
MODULE = """
from ansible_collections.treasury.bybit.plugins.module_utils._module.interface import Spec, run_as_process


def run(module):
    module.warn("Beware of NeedleNeedleNeedle0123456789.")
    module.hide(["dog"])
    module.warn("Beware of the dog.")
    module.emit({"msg": "Said.", "exception": "Traceback"}, failed=module.params["fails"])
    module.log_late("And then this.")


run_as_process(Spec({"token": {"type": "str", "no_log": True}, "fails": {"type": "bool"}}, {}), run)
"""


def ended(env: dict[str, str], fails: bool) -> subprocess.CompletedProcess[str]:
    given = json.dumps({"ANSIBLE_MODULE_ARGS": {"token": SECRET, "fails": fails}})
    return subprocess.run([sys.executable, "-c", MODULE], input=given, env=env, text=True, capture_output=True, check=False)


def test_warnings_hide_secrets(child_environment: dict[str, str]) -> None:
    process = ended(child_environment, fails=False)
    assert process.stdout.count(f"Beware of {PART}.") == process.stdout.count(f"Beware of the {PART}.") == 1
    result = json.loads(process.stdout)
    # From 2.22, the process of a module passes its secrets to Ansible, which takes them out of the result.
    result.pop("_ansible_new_secrets", None)
    assert SECRET not in json.dumps(result)


def test_work_after_the_result_is_done_before_the_process_ends(child_environment: dict[str, str]) -> None:
    for fails in (False, True):
        process = ended(child_environment, fails)
        assert process.returncode == int(fails)
        result = json.loads(process.stdout)
        assert (result["msg"], result.get("failed", False)) == ("Said.", fails)
        assert process.stderr == "And then this.\n"

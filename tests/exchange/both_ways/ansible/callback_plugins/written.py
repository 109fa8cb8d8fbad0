# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Record what Ansible passes to its callbacks: one line of JSON for each, with types and the order of keys."""

from __future__ import annotations

import dataclasses
import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: written
type: notification
short_description: Write results of tasks to the file in WRITTEN_FILE
description:
  - Serves the tests that compare the ways to run a module.
"""


def in_full(value):
    """Return a value in a form in which JSON keeps types, the order of keys, and the fields of dataclasses."""
    if isinstance(value, dict):
        return {"of": type(value).__name__, "items": [[in_full(key), in_full(item)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return {"of": type(value).__name__, "list": [in_full(item) for item in value]}
    if dataclasses.is_dataclass(value):
        fields = [[field.name, in_full(getattr(value, field.name))] for field in dataclasses.fields(value)]
        return {"of": type(value).__name__, "items": fields}
    if value is None or isinstance(value, bool) or type(value).__name__ in ("str", "int", "float"):
        return value
    return {"of": type(value).__name__, "text": str(value)}


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "written"

    def __init__(self):
        super().__init__()
        self._play = ""

    def v2_playbook_on_play_start(self, play):
        self._play = play.get_name()

    def _write(self, event, result):
        # ansible-core 2.19 has only the private names.
        told = {
            "play": self._play,
            "event": event,
            "host": result._host.get_name(),
            "task": result._task.get_name(),
            "result": in_full(result._result),
        }
        with open(os.environ["WRITTEN_FILE"], "a", encoding="utf-8") as file:
            file.write(json.dumps(told) + "\n")

    def v2_runner_retry(self, result):
        self._write("retry", result)

    def v2_runner_on_ok(self, result):
        self._write("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._write("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_skipped(self, result):
        self._write("skipped", result)

    def v2_runner_on_unreachable(self, result):
        self._write("unreachable", result)

    def v2_runner_item_on_ok(self, result):
        self._write("item ok", result)

    def v2_runner_item_on_failed(self, result):
        self._write("item failed", result)

    def v2_on_file_diff(self, result):
        self._write("diff", result)

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Record what Ansible tells the user about each task: one line of JSON for each attempt and each result."""

from __future__ import annotations

import json
import os
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: told
type: notification
short_description: Write results of tasks to the file in TOLD_FILE
description:
  - Serves the comparison of clients only.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "told"

    def _write(self, event: str, result) -> None:
        # ansible-core 2.19 has only the private names.
        now_ms = time.time_ns() // 1_000_000
        told = {"event": event, "at_ms": now_ms, "task": result._task.name, "result": result._result}
        text = json.dumps(told, default=str)
        with open(os.environ["TOLD_FILE"], "a", encoding="utf-8") as file:
            file.write(text + "\n")

    def v2_runner_retry(self, result) -> None:
        self._write("retry", result)

    def v2_runner_on_ok(self, result) -> None:
        self._write("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False) -> None:
        self._write("failed", result)

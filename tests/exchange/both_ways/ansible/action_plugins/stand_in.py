# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Call the stand-in exchange from a playbook without starting a Python process."""

from __future__ import annotations

import json
import os
import shutil
import urllib.request

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        url = f"{os.environ['STAND_IN_URL']}/sandbox/{self._task.args['path']}"
        body = json.dumps(self._task.args.get("body")).encode()
        request = urllib.request.Request(url, body, method=self._task.args.get("method", "POST"))
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()
        if self._task.args["path"] == "reset":
            # Otherwise the run would wait for recorded repayments that the fresh ledger no longer has.
            shutil.rmtree(os.path.dirname(os.environ["BYBIT_JOURNAL"]), ignore_errors=True)
        return result

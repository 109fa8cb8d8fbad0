# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of all modules of this collection: it runs a module in Ansible's process if possible, or else as Ansible runs any module.

C(meta/runtime.yml) routes the names of the modules here. The action shows nothing on the screen: output of a worker that cannot be written
ends Ansible's thread for results.
"""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOT_EXECUTED
from ansible_collections.treasury.bybit.plugins.plugin_utils._eligible import can_be_piped, exposed_secret, outlives_its_task, why_not
from ansible_collections.treasury.bybit.plugins.plugin_utils._in_process import run_here
from ansible_collections.treasury.bybit.plugins.plugin_utils._neighbours import children, end_children, nobody_listens
from ansible_collections.treasury.bybit.plugins.plugin_utils._progress import Teller

display = Display()
_AT_VVV = 2


class ActionModule(NormalAction):  # type: ignore[misc]  # Ansible has no types.
    """Ansible's own action for modules, extended to run a module in this process."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        task_vars = task_vars or {}
        refusal = exposed_secret(self) or outlives_its_task(self, os.geteuid())
        if refusal:
            raise AnsibleActionFail(refusal)
        reason = nobody_listens()
        if reason:
            known = {"changed": False, "outcome": NOT_EXECUTED}
            raise AnsibleActionFail(f"{reason}, so the result could not be reported: nothing was sent.", result=known)
        host, name = task_vars.get("inventory_hostname"), self._task.action
        reason = why_not(self, task_vars)
        if reason:
            _log(f"<{host}> {name} runs as a module: {reason}")
            return self._run_apart(tmp, task_vars)
        _log(f"<{host}> {name} runs in this process")
        # Skip the ordinary action's run, which would start the module.
        result: dict[str, t.Any] = ActionBase.run(self, tmp, task_vars)
        with self._teller(host) as teller:
            result.update(run_here(self, task_vars, teller.tell if teller else None))
        return result

    def _teller(self, host: t.Any) -> t.ContextManager[Teller | None]:
        """Return what reports waits to the main process; none if the task has no_log."""
        if self._task.no_log:
            return contextlib.nullcontext()
        delegated = self._task.delegate_to
        label = f"{host} -> {delegated}" if delegated and delegated != host else f"{host}"
        return Teller(self._task.get_name(), label)

    def _is_pipelining_enabled(self, module_style: str, wrap_async: bool = False) -> bool:
        # Without pipelining, a file with the options stays behind if Ansible is killed.
        return super()._is_pipelining_enabled(module_style, wrap_async) or can_be_piped(self, module_style, wrap_async)

    def _run_apart(self, tmp: str | None, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        spared = children()
        try:
            with self._teller(task_vars.get("inventory_hostname")) as teller:
                if teller:
                    teller.tell(0, "The module runs in a separate process, which shows nothing until it ends", 0)
                result: dict[str, t.Any] = super().run(tmp, task_vars)
        except BaseException:
            # For example, the timeout of the task: tell the module that nobody waits for it anymore.
            end_children(spared)
            raise
        return result


def _log(sentence: str) -> None:
    """Write to the file in C(log_path), if there is one with a sufficient verbosity. A file that cannot be written does no harm."""
    display.display(sentence, log_only=True, caplevel=_AT_VVV)

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of all modules of this collection: in this very process where that is the same, else as Ansible runs any module.

It shows nothing on the screen: what a worker shows ends the thread that takes results, if it cannot be written.
"""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOT_EXECUTED
from ansible_collections.treasury.bybit.plugins.plugin_utils._eligible import can_be_piped, exposed_secret, why_not
from ansible_collections.treasury.bybit.plugins.plugin_utils._in_process import PROFILE, run_here
from ansible_collections.treasury.bybit.plugins.plugin_utils._neighbours import desert, nobody_listens

display = Display()
_AT_V, _AT_VVV = 0, 2


class ActionModule(NormalAction):  # type: ignore[misc]  # Ansible has no types.
    """Ansible's own action for modules; only the execution itself is another one where nobody could tell the difference."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        refusal = exposed_secret(self)
        if refusal:
            raise AnsibleActionFail(refusal)
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        return result

    def _execute_module(self, *args: t.Any, **kwargs: t.Any) -> dict[str, t.Any]:
        reason = nobody_listens()
        if reason:
            known = {"changed": False, "outcome": NOT_EXECUTED}
            raise AnsibleActionFail(f"{reason}, so nobody would be told the result: nothing was sent.", result=known)
        task_vars = kwargs.get("task_vars") or {}
        host, name = task_vars.get("inventory_hostname"), self._task.action
        reason = why_not(self, task_vars)
        if reason:
            _log(f"<{host}> {name} runs as a module: {reason}", _AT_VVV)
            return self._run_apart(*args, **kwargs)
        _log(f"<{host}> {name} runs in this process", _AT_VVV)
        module_args = dict(self._task.args)
        self._update_module_args(name, module_args, task_vars)
        # Also an ordinary module runs in this folder when the connection is local.
        ended = run_here(name.rpartition(".")[2], module_args, self._loader.get_basedir())
        if ended["stderr"]:
            _log(f"<{host}> {ended['stderr'].rstrip()}", _AT_V)
        return _plain(self._parse_returned_data(ended, PROFILE))

    def _is_pipelining_enabled(self, module_style: str, wrap_async: bool = False) -> bool:
        # A file with the options in it stays behind when Ansible is killed.
        return super()._is_pipelining_enabled(module_style, wrap_async) or can_be_piped(self, module_style, wrap_async)

    def _run_apart(self, *args: t.Any, **kwargs: t.Any) -> dict[str, t.Any]:
        try:
            result: dict[str, t.Any] = super()._execute_module(*args, **kwargs)
        except BaseException as error:
            desert(error)
            raise
        return result


def _log(sentence: str, level: int) -> None:
    """Write to the file in C(log_path), if there is one that keeps so much; that breaks nothing when it cannot be written."""
    display.display(sentence, log_only=True, caplevel=level)


def _plain(parsed: t.Any) -> dict[str, t.Any]:
    """Return what Ansible makes of the output of a module, without what modules may not return; a dict until core 2.20."""
    if isinstance(parsed, dict):
        from ansible.vars.clean import remove_internal_keys

        remove_internal_keys(parsed)
        return parsed
    parsed.remove_internal_keys()
    result: dict[str, t.Any] = parsed.as_result_dict(for_round_trip=True)
    return result

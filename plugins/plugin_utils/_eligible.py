# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide whether a module may run at all, in this process, or from a pipe. This plugin util is private to the collection."""

from __future__ import annotations

import importlib.util
import os
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ansible_collections.treasury.bybit.plugins.module_utils._api import transport
from ansible_collections.treasury.bybit.plugins.module_utils._options.journal import SCHEMES
from ansible_collections.treasury.bybit.plugins.module_utils._options.run import STEPS
from ansible_collections.treasury.bybit.plugins.plugin_utils import _in_process
from ansible_collections.treasury.bybit.plugins.plugin_utils._names import module_of

_LOCAL = "ansible.builtin.local"
_VARIABLE = "bybit_in_process"
_ENVIRONMENT = "BYBIT_IN_PROCESS"
_KEY_OPTION, _KEY_ENVIRONMENT = "rsa_private_key", "BYBIT_RSA_PRIVATE_KEY"
_JOURNAL_OPTION, _JOURNAL_ENVIRONMENT = "journal", "BYBIT_JOURNAL"
_SECRETS = {
    "BYBIT_API_KEY": "api_key",
    "BYBIT_API_SECRET": "api_secret",
    _KEY_ENVIRONMENT: _KEY_OPTION,
    _JOURNAL_ENVIRONMENT: _JOURNAL_OPTION,
}


def exposed_secret(action: ActionBase) -> str:
    """Say which secret the keyword C(environment) would expose, and the remedy; empty if it exposes none."""
    environment = _environment_of(action)
    for variable, option in _SECRETS.items():
        value = str(environment.get(variable) or "")
        if value and not _is_path(variable, value):
            return (
                f"The keyword environment sets {variable}, which Ansible would write to a command line that every user of the machine can read, "
                f"and show at -vvv: set the option {option} from a vault instead, or export {variable} before you start ansible-playbook."
            )
    return ""


def _is_path(variable: str, value: str) -> bool:
    """Return whether a value is only the path of a file, which is not a secret."""
    if variable == _KEY_ENVIRONMENT:
        return "-----" not in value and "\n" not in value
    return variable == _JOURNAL_ENVIRONMENT and "://" not in value


def outlives_its_task(action: ActionBase, user: int) -> str:
    """Say why a step may be paid after its task was cut off, and then paid again by the next run, with the remedy; empty if it may not.

    :param user: The ID of the user who runs Ansible. Only root can end a process that belongs to another user.
    """
    task, options = action._task, action._task.args
    is_step = any(options.get(name) is not None for name in STEPS) and options.get("since") is None and options.get("reference") is None
    is_others = action._connection.become is not None and action._connection.ansible_name == _LOCAL and user != 0
    if not (task.timeout and is_step and is_others):
        return ""
    return (
        "timeout and become together could leave the module running after its task has ended, and the next run could then move the amount again, so "
        "nothing was sent: use wait_timeout instead of timeout, set reference, use a goal instead of a step, or omit become."
    )


def can_be_piped(action: ActionBase, module_style: str, wrap_async: bool) -> bool:
    """Return whether a module in its own process can be sent through a pipe instead of a file, even without C(pipelining)."""
    has_pipe = action._connection.has_pipelining and action._connection.become is None
    return bool(module_style == "new" and has_pipe and not wrap_async and not C.DEFAULT_KEEP_REMOTE_FILES)


def why_not(action: ActionBase, task_vars: dict[str, t.Any]) -> str:
    """Say why a task must run as an ordinary module, as a clause; empty if it may run in this process.

    :raises AnsibleActionFail: If the variable or environment variable that turns this off is not a boolean.
    """
    if not _is_wanted(action, task_vars):
        return f"{_VARIABLE} (or {_ENVIRONMENT}) is false"
    if action._connection.ansible_name != _LOCAL:
        # A connection that is derived from the local one may also run modules elsewhere.
        return f"the connection is {action._connection.ansible_name}, not local"
    if module_of(action._task.action) not in _in_process.MODULES:
        return "it was called under another name"
    if action._connection.become is not None or action._task.become:
        return "the task uses become"
    if action._task.async_val:
        return "the task uses async"
    if _environment_of(action):
        return "the task uses environment"
    if C.DEFAULT_KEEP_REMOTE_FILES:
        return "keep_remote_files is set"
    try:
        _in_process.native(action._task.args)
    except _in_process.UnsupportedValue as error:
        return f"an option is of type {error}"
    return _lacks(action)


def _is_wanted(action: ActionBase, task_vars: dict[str, t.Any]) -> bool:
    name, value = _VARIABLE, action._templar.template(task_vars.get(_VARIABLE))
    if value is None:
        name, value = _ENVIRONMENT, os.environ.get(_ENVIRONMENT, "true")
    try:
        wanted: bool = boolean(value)
    except TypeError:
        raise AnsibleActionFail(f"{name} '{value}' is not a boolean: use true or false.") from None
    return wanted


def _environment_of(action: ActionBase) -> dict[str, t.Any]:
    environment: dict[str, t.Any] = {}
    action._compute_environment_string(environment)
    return environment


def _lacks(action: ActionBase) -> str:
    """Say which library this process lacks; the Python that Ansible would start for the module may have it."""
    if transport.IMPORT_ERROR:
        return "the Python of Ansible has no requests"
    needs_key = action._task.args.get(_KEY_OPTION) or os.environ.get(_KEY_ENVIRONMENT)
    if needs_key and importlib.util.find_spec("cryptography") is None:
        return "the Python of Ansible has no cryptography"
    journal = str(action._task.args.get(_JOURNAL_OPTION) or os.environ.get(_JOURNAL_ENVIRONMENT) or "")
    if journal.startswith(SCHEMES) and importlib.util.find_spec("psycopg") is None:
        return "the Python of Ansible has no psycopg"
    return ""

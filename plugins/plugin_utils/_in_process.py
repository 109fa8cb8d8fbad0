# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module of this collection in this process, with the same result as in its own process.

The module, its specification, validation, and redaction are the same. Only C(AnsibleModule), which needs its own process, is not used.
This plugin util is private to the collection.
"""

from __future__ import annotations

import contextlib
import datetime
import importlib
import os
import signal
import syslog
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleUndefinedConfigEntry
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.treasury.bybit.plugins.module_utils._clock import Listener
from ansible_collections.treasury.bybit.plugins.module_utils._module.interface import Spec
from ansible_collections.treasury.bybit.plugins.module_utils._module.parents import Parents
from ansible_collections.treasury.bybit.plugins.module_utils._module.redaction import redact, register
from ansible_collections.treasury.bybit.plugins.plugin_utils._names import INFO_MODULES, MOVING_MODULES, module_of
from ansible_collections.treasury.bybit.plugins.plugin_utils._neighbours import nobody_listens

display = Display()
_AT_V = 0
_PACKAGE = "ansible_collections.treasury.bybit.plugins.modules"
MODULES: dict[str, t.Any] = {name: importlib.import_module(f"{_PACKAGE}.{name}") for name in (*MOVING_MODULES, *INFO_MODULES)}


class UnsupportedValue(TypeError):
    """An option has a value that cannot be passed to a module in this process."""


def run_here(action: ActionBase, task_vars: dict[str, t.Any], listener: Listener | None = None) -> dict[str, t.Any]:
    """Run the module of a task, and return its result.

    :param listener: Called when a wait begins and when it ends.
    """
    name = module_of(action._task.action)
    module = InProcessModule(action, MODULES[name].SPEC, task_vars, listener)
    # With a local connection, an ordinary module runs in this folder, too.
    with _working_in(action._loader.get_basedir()):
        if module.refusal:
            module.emit({"msg": module.refusal}, failed=True)
        elif name in MOVING_MODULES:
            MODULES[name].run(module, parents=Parents(takes=lambda: not nobody_listens()))
        else:
            MODULES[name].run(module)
    if module.result is None:
        raise RuntimeError("The module did not emit a result.")
    return module.result


class InProcessModule:
    """Implements the interface C(Module) for a task, as C(ProcessModule) does for a process.

    :ivar refusal: Why the options cannot be used; empty if they can.
    :ivar result: The emitted result; none before.
    """

    def __init__(
        self, action: ActionBase, spec: Spec, task_vars: dict[str, t.Any], listener: Listener | None = None
    ) -> None:
        task = action._task
        self._listener = listener
        self._name: str = task.action
        self._task_vars = task_vars
        self._is_logged = not (task.no_log or _configured("DEFAULT_NO_TARGET_SYSLOG", task_vars))
        self._warnings: list[str] = []
        self._deprecations: list[dict[str, t.Any]] = []
        self._secrets: set[str] = set()
        self.check_mode: bool = task.check_mode
        self.diff: bool = task.diff
        self.params: dict[str, t.Any] = native(task.args)
        self.refusal = self._validate(spec)
        self.result: dict[str, t.Any] | None = None

    def hide(self, secrets: t.Iterable[str]) -> None:
        listed = list(secrets)
        self._secrets.update(listed)
        register(listed)

    def warn(self, text: str) -> None:
        self._warnings.append(redact(text, self._secrets))

    def log(self, text: str) -> None:
        if self._is_logged:
            facility = str(self._task_vars.get("ansible_syslog_facility", C.DEFAULT_SYSLOG_FACILITY))
            known = getattr(syslog, facility, None)
            syslog.openlog(f"ansible-{self._name}", 0, known if isinstance(known, int) else syslog.LOG_USER)
            syslog.syslog(syslog.LOG_INFO, redact(text, self._secrets))

    def tell(self, number: int, reason: str, at_most_ms: int) -> None:
        if self._listener is not None:
            self._listener(number, redact(reason, self._secrets), at_most_ms)

    def emit(self, result: dict[str, t.Any], failed: bool) -> None:
        # End the timeout of the task: it must not discard the result while the journal is closed.
        signal.alarm(0)
        shown = {name: value for name, value in result.items() if name != "exception" or _shows_tracebacks()}
        if failed:
            # The same order as fail_json, because some versions of Ansible show it in this order.
            shown.update(failed=True, msg=shown.pop("msg"))
        if _injects_invocation(self._task_vars):
            shown["invocation"] = {"module_args": self.params}
        if self._warnings:
            shown["warnings"] = list(dict.fromkeys(self._warnings))
        if self._deprecations:
            shown["deprecations"] = self._deprecations
        self.result = redact(shown, self._secrets)

    def log_late(self, text: str) -> None:
        """Write to the file in C(log_path). Output of a worker on the screen could lose the result."""
        display.display(text, log_only=True, caplevel=_AT_V)

    def _validate(self, spec: Spec) -> str:
        validated = ArgumentSpecValidator(spec.options, **spec.rules).validate(self.params)
        self.params.update(validated.validated_parameters)
        self._secrets.update(validated._no_log_values)
        self._deprecations += validated._deprecations
        for warning in validated._warnings:
            self.warn(f"Both option {warning['option']} and its alias {warning['alias']} are set.")
        if not validated.error_messages:
            return ""
        message: str = validated.errors.msg
        if isinstance(validated.errors[0], UnsupportedError):
            message = f"Unsupported parameters for ({self._name}) module: {message}"
        return message


def native(value: t.Any) -> t.Any:
    """Return a value as a module in its own process gets it: without Ansible's tags, and as JSON values.

    :raises UnsupportedValue: If it is of a type that no variable of Ansible has.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, dict):
        return {native(key): native(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [native(item) for item in value]
    raise UnsupportedValue(type(value).__name__)


@contextlib.contextmanager
def _working_in(folder: str) -> t.Iterator[None]:
    try:
        before = os.getcwd()
    except OSError:
        # The folder was deleted, which does not matter to a module in its own process either.
        before = folder
    os.chdir(folder)
    try:
        yield
    finally:
        try:
            os.chdir(before)
        except OSError:
            # The folder was deleted, or may no longer be entered. That must not lose the result.
            display.display(f"The working directory {before} cannot be entered again.", log_only=True, caplevel=_AT_V)


def _configured(name: str, task_vars: dict[str, t.Any]) -> t.Any:
    return C.config.get_config_value(name, variables=task_vars)


def _injects_invocation(task_vars: dict[str, t.Any]) -> bool:
    try:
        return bool(_configured("INJECT_INVOCATION", task_vars))
    except AnsibleUndefinedConfigEntry:
        # Before ansible-core 2.20, every module returns it.
        return True


def _shows_tracebacks() -> bool:
    wanted = _configured("DISPLAY_TRACEBACK", {})
    return "always" in wanted or ("error" in wanted and "never" not in wanted)

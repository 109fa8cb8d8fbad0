# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module of this collection in this process, and return what its own process would have written.

The module itself, and Ansible's C(AnsibleModule) with its validation and redaction, are those of the ordinary way. This plugin
util is private to the collection.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import signal
import typing as t

from ansible.module_utils import basic

from ansible_collections.treasury.bybit.plugins.module_utils._module.parents import Listeners
from ansible_collections.treasury.bybit.plugins.plugin_utils._neighbours import nobody_listens

try:
    from ansible.module_utils import _internal
    from ansible.module_utils._internal._ansiballz import _loader
    from ansible.module_utils.common import warnings
    from ansible.module_utils.common.json import Direction, get_module_encoder

    # What is set or emptied below, in every core that this collection knows.
    _KNOWN = (
        basic._ANSIBLE_ARGS,
        basic._ANSIBLE_PROFILE,
        basic._PARSED_MODULE_ARGS,
        _internal.is_controller,
        _loader._handle_exception,
        warnings._global_warnings,
        warnings._global_deprecations,
    )
except (ImportError, AttributeError) as error:
    CORE_ERROR: str | None = str(error)
else:
    CORE_ERROR = None

PROFILE = "legacy"
_PACKAGE = "ansible_collections.treasury.bybit.plugins.modules"
MODULES: dict[str, t.Callable[..., None]] = {
    name: importlib.import_module(f"{_PACKAGE}.{name}").main
    for name in (
        "bybit_fixed_loan_repay",
        "bybit_flexible_loan_repay",
        "bybit_loan_info",
        "bybit_loan_repay",
        "bybit_loan_repayment_info",
    )
}
_PAYING = [name for name in MODULES if name.endswith("_repay")]


def run_here(name: str, module_args: dict[str, t.Any], folder: str) -> dict[str, t.Any]:
    """Run a module with these arguments, and return its output as the action of Ansible gets it from a process.

    :param name: The name of the module without that of the collection.
    :param module_args: Its options, and those of Ansible itself (C(_ansible_check_mode) and the like).
    :param folder: Where it runs; relative paths in its options start there.
    """
    encoder = get_module_encoder(PROFILE, Direction.CONTROLLER_TO_MODULE)
    document = json.dumps({"ANSIBLE_MODULE_ARGS": module_args}, cls=encoder).encode()
    output, errors = _Output(), io.StringIO()
    with _as_on_the_target(document), contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        with contextlib.chdir(folder):
            # What it writes is taken here, and goes on to whoever listens to this process.
            known = {"listeners": Listeners(takes=lambda: not nobody_listens())} if name in _PAYING else {}
            code = _exit_code_of(lambda: MODULES[name](**known))
    out, error = output.getvalue(), errors.getvalue()
    return {"rc": code, "stdout": out, "stdout_lines": out.splitlines(), "stderr": error, "stderr_lines": error.splitlines()}


class _Output(io.StringIO):
    """What the module writes, which is its result."""

    def write(self, text: str) -> int:
        # The module closes its memory when it has told its result: from here on, a timeout of the task would lose it.
        signal.alarm(0)
        return super().write(text)


def _exit_code_of(main: t.Callable[[], None]) -> int:
    try:
        try:
            main()
            raise RuntimeError("The module has not ended by itself.")
        except Exception as defect:
            _loader._handle_exception(defect, PROFILE)
            # It ends the module itself, in every core that this collection knows.
            raise
    except SystemExit as ended:
        return int(ended.code or 0)


@contextlib.contextmanager
def _as_on_the_target(document: bytes) -> t.Iterator[None]:
    """Let C(AnsibleModule) find everything as in a process that was started for the module alone."""
    names = ("_ANSIBLE_ARGS", "_ANSIBLE_PROFILE", "_PARSED_MODULE_ARGS")
    kept = {name: getattr(basic, name) for name in names}
    is_controller = _internal.is_controller
    try:
        basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = document, PROFILE
        # Otherwise a warning is shown at once, instead of being returned in the result.
        _internal.is_controller = False
        _forget_warnings()
        yield
    finally:
        _forget_warnings()
        _internal.is_controller = is_controller
        for name, value in kept.items():
            setattr(basic, name, value)


def _forget_warnings() -> None:
    warnings._global_warnings.clear()
    warnings._global_deprecations.clear()

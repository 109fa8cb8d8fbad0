# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user sees of a task beside its result: one line for each repayment, and why it waits.

This plugin util is private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible import constants as C
from ansible import context
from ansible.playbook.task import Task
from ansible.utils.display import Display

from ansible_collections.treasury.bybit.plugins.plugin_utils._neighbours import is_worker

display = Display()
# Others may print a format that programs read, or show the whole result themselves.
_CALLBACKS = {"default", "ansible.builtin.default"}


def show_repayment(result: dict[str, t.Any], host: str, task: Task) -> None:
    """Show in one line what a repay module has paid or would pay, where Ansible would only say C(changed).

    :param result: The result of the task.
    """
    is_told = task.no_log or result.get("failed") or display.verbosity > 0 or "module_name" in context.CLIARGS
    if is_told or not result.get("changed") or "repayments" not in result or C.DEFAULT_STDOUT_CALLBACK not in _CALLBACKS:
        return
    name = f"TASK [{task.get_name()}] " if _is_banner_late(task) else ""
    display.display(f"{name}[{host}] {result['msg']}", color=C.COLOR_CHANGED)


def _is_banner_late(task: Task) -> bool:
    """Tell whether Ansible shows the name of the task only with its result, and so after this line."""
    shown = [
        C.config.get_config_value(option, plugin_type="callback", plugin_name="default")
        for option in ("display_skipped_hosts", "display_ok_hosts")
    ]
    return not all(shown) or task.play.strategy not in ("linear", "ansible.builtin.linear")


def teller(host: str | None) -> t.Callable[[str], None]:
    """Return what shows at C(-v) why a module waits, while it waits."""

    def tell(sentence: str) -> None:
        # While a module runs, only what goes through the process above does not end in its output.
        if is_worker():
            display.v(sentence, host=host)

    return tell

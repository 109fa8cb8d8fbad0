# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: repayments
type: aggregate
short_description: Shows each repayment in one line, and sums at the end
version_added: 0.1.0
author:
  - The treasury.bybit contributors (!UNKNOWN)
description:
  - Where Ansible itself only says C(changed), this callback shows one line for each repayment that a repay module of this collection has made,
    or would make in check mode.
  - A repayment whose outcome is unknown is shown loudly, with the id of its intent, also when the failure of its task is ignored.
  - At the end it shows, for each host and coin, C(paid) (what this run has paid), C(recovered) (what earlier tasks or runs had paid and could
    not tell, so that it was told now), C(pending) (what the exchange has accepted and does not show as final yet) and C(planned) (what would
    be paid, in check mode). Nothing is shown when no repay module told a result.
  - At C(-v), it also shows what a module has waited for.
  - It writes to standard output when that is in the form of P(ansible.builtin.default#callback), and else to standard error, so that a
    program which reads JSON or YAML is not disturbed. It also does so when standard output cannot be written.
  - What a task with C(no_log) tells is not shown, and not counted.
requirements:
  - Enable it with C(callbacks_enabled = treasury.bybit.repayments) in C(ansible.cfg), or E(ANSIBLE_CALLBACKS_ENABLED).
"""

EXAMPLES = r"""
# In ansible.cfg:
#
#   [defaults]
#   callbacks_enabled = treasury.bybit.repayments
#
# What the end of a run then shows:
#
#   REPAYMENTS *********************************************************************
#   localhost                  : USDT paid=100  recovered=0  pending=0  planned=0
"""

import contextlib
import sys
import typing as t

from ansible import constants as C
from ansible import context
from ansible.plugins.callback import CallbackBase

from ansible_collections.treasury.bybit.plugins.plugin_utils._tally import Tally, is_cut_off, is_told, lines_of

_READABLE = {"default", "ansible.builtin.default"}
_MODULES = {"bybit_fixed_loan_repay", "bybit_flexible_loan_repay", "bybit_loan_repay"}
_WIDTH = 80


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible has no types.
    """Shows what is told, from the process that shows everything; a worker must not."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "treasury.bybit.repayments"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._tally = Tally()
        self._strategy = ""

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        self._strategy = play.strategy

    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._tell_task(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._tell_task(result)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._tell_task(result)

    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        self._tell(result)

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        self._tell(result)

    def v2_runner_retry(self, result: t.Any) -> None:
        self._tell(result)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        lines = self._tally.lines()
        if lines:
            self._show("REPAYMENTS ".ljust(_WIDTH, "*"), None)
        for text, is_loud in lines:
            self._show(text, C.COLOR_ERROR if is_loud else C.COLOR_OK)

    def _tell_task(self, result: t.Any) -> None:
        # The items of a loop were told one by one.
        if not (result.task.loop and "results" in result.result):
            self._tell(result)

    def _tell(self, result: t.Any) -> None:
        told = result.result
        is_ours = result.task.action.rpartition(".")[2] in _MODULES
        if not is_told(told) and not (is_ours and is_cut_off(told)):
            return
        self._tally.add(told, result.host.get_name())
        name = f"TASK [{result.task.get_name()}] " if self._is_banner_elsewhere() else ""
        prefix = f"{name}[{self.host_label(result)}]"
        if self._display.verbosity > 0:
            for sentence in (told.get("details") or {}).get("waits") or ():
                self._show(f"{prefix} {sentence}", C.COLOR_VERBOSE)
        for text, is_loud in lines_of(told):
            self._show(f"{prefix} {text}", C.COLOR_ERROR if is_loud else C.COLOR_CHANGED)

    def _is_banner_elsewhere(self) -> bool:
        """Tell whether the name of the task does not stand above this line, because Ansible shows it late or on the other stream."""
        shown = [
            C.config.get_config_value(option, plugin_type="callback", plugin_name="default")
            for option in ("display_skipped_hosts", "display_ok_hosts")
        ]
        return not all(shown) or self._strategy.rpartition(".")[2] in ("free", "host_pinned") or not _is_output_readable()

    def _show(self, text: str, color: str | None) -> None:
        self._display.display(text, color=color, log_only=True)
        for is_error in (False, True) if _is_output_readable() else (True,):
            # An exception would end the thread that takes results, for good; and whoever cannot be told on either cannot be told that.
            with contextlib.suppress(OSError):
                self._display.display(text, color=color, stderr=is_error, screen_only=True)
                # Otherwise what cannot be written only fails with a later line.
                (sys.stderr if is_error else sys.stdout).flush()
                return


def _is_output_readable() -> bool:
    """Tell whether standard output is for people; Ansible has other callbacks for single commands, too."""
    return C.DEFAULT_STDOUT_CALLBACK in _READABLE and "module_name" not in context.CLIARGS

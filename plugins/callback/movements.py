# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: movements
type: aggregate
short_description: Shows one line for each movement, and totals at the end
version_added: 0.1.0
author:
  - The treasury.bybit contributors (!UNKNOWN)
description:
  - Shows one line for each repayment, each adjustment of collateral, and each transfer that a module of this collection made, or would make in check
    mode, with the LTV before and after if both are known. Ansible itself shows only C(changed).
  - Shows why a task moved nothing, unless O(ansible.builtin.default#callback:display_ok_hosts) is V(false). After a task that failed without moving
    anything, it says so.
  - While a task waits for longer than two seconds, shows what it waits for and how long this takes at most, and repeats this every 15 seconds. A module
    that runs in a process of its own, for example with C(become), with C(async), or on a remote host, shows nothing before it ends, and the callback
    says so.
  - Highlights an operation whose outcome is unknown, with the ID of its intent, even if the failure of the task is ignored.
  - Shows totals at the end, one line for each host, coin, and kind of movement, with those of the following amounts that are not zero. C(done) is what
    this run moved. C(recovered) is what earlier tasks or runs moved but did not report. C(pending) is what the exchange accepted, but does not
    report as final yet. C(planned) is what would be moved (check mode). If nothing was moved on a host, its
    line says so. If no module that moves money returned a result, there are no totals.
  - With C(-v), also shows after a task what it waited for, unless this was shown during the wait.
  - Writes to standard output if its format is that of P(ansible.builtin.default#callback). Otherwise writes to standard error, to keep JSON or YAML
    output valid. Also writes to standard error if standard output cannot be written. On a terminal, lines are wrapped between words. Elsewhere,
    each movement is one line.
  - Does not show or count the results and waits of tasks with C(no_log).
requirements:
  - Enable it with C(callbacks_enabled = treasury.bybit.movements) in C(ansible.cfg), or with E(ANSIBLE_CALLBACKS_ENABLED).
"""

EXAMPLES = r"""
# In ansible.cfg:
#
#   [defaults]
#   callbacks_enabled = treasury.bybit.movements
#
# Then the output ends like this:
#
#   MOVEMENTS **********************************************************************
#   localhost                  : BTC added to collateral:  done=0.01
#   localhost                  : USDT repaid:              done=100
"""

import contextlib
import sys
import typing as t

from ansible import constants as C
from ansible import context
from ansible.plugins.callback import CallbackBase

from ansible_collections.treasury.bybit.plugins.plugin_utils._names import MOVING_MODULES, module_of
from ansible_collections.treasury.bybit.plugins.plugin_utils._tally import Tally, is_cut_off, is_report, lines_of

_READABLE = {"default", "ansible.builtin.default"}
_WIDTH = 80


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible has no types.
    """Displays reported movements from the main process; a worker must not display anything."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "treasury.bybit.movements"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._tally = Tally()
        self._strategy = ""

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        self._strategy = play.strategy

    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._show_task_result(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._show_task_result(result)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._show_task_result(result)

    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        self._show_result(result)

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        self._show_result(result)

    def v2_runner_retry(self, result: t.Any) -> None:
        self._show_result(result)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        lines = self._tally.lines()
        if lines:
            self._show("MOVEMENTS ".ljust(_WIDTH, "*"), None)
        for text, is_loud in lines:
            self._show(text, C.COLOR_ERROR if is_loud else C.COLOR_OK)

    def _show_task_result(self, result: t.Any) -> None:
        # The items of a loop have been shown one by one.
        if not (result.task.loop and "results" in result.result):
            self._show_result(result)

    def _show_result(self, result: t.Any) -> None:
        report = result.result
        is_ours = module_of(result.task.action) in MOVING_MODULES
        if not is_report(report) and not (is_ours and is_cut_off(report)):
            return
        self._tally.add(report, result.host.get_name())
        name = f"TASK [{result.task.get_name()}] " if self._is_banner_elsewhere() else ""
        prefix = f"{name}[{self.host_label(result)}]"
        if self._display.verbosity > 0:
            for sentence in (report.get("details") or {}).get("waits") or ():
                self._show(f"{prefix} {sentence}", C.COLOR_VERBOSE)
        for text, is_loud in lines_of(report):
            self._show(f"{prefix} {text}", C.COLOR_ERROR if is_loud else C.COLOR_CHANGED)

    def _is_banner_elsewhere(self) -> bool:
        """Whether the banner of the task is not above this line, because Ansible shows it late or on the other stream."""
        shown = [
            C.config.get_config_value(option, plugin_type="callback", plugin_name="default")
            for option in ("display_skipped_hosts", "display_ok_hosts")
        ]
        return not all(shown) or self._strategy.rpartition(".")[2] in ("free", "host_pinned") or not _is_output_readable()

    def _show(self, text: str, color: str | None) -> None:
        self._display.display(text, color=color, log_only=True)
        for is_error in (False, True) if _is_output_readable() else (True,):
            # An exception would end the thread that collects results for good, and there is no third stream to report it on.
            with contextlib.suppress(OSError):
                self._display.display(text, color=color, stderr=is_error, screen_only=True)
                # Without a flush, a write error only shows up with a later line.
                (sys.stderr if is_error else sys.stdout).flush()
                return


def _is_output_readable() -> bool:
    """Whether standard output is for people; Ansible also uses other callbacks for ad hoc commands."""
    return C.DEFAULT_STDOUT_CALLBACK in _READABLE and "module_name" not in context.CLIARGS

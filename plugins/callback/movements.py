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
    mode, with the LTV before and after if both are known. For a policy, that is one line for each operation of its plan. Ansible itself shows only C(changed).
  - Shows why a task moved nothing, unless O(ansible.builtin.default#callback:display_ok_hosts) is V(false). After a task that failed without moving
    anything, it says so.
  - If a task waits for longer than two seconds, shows what it is waiting for and the longest time that this can take, and repeats this every 15 seconds. A
    module that runs in a process of its own, for example with C(become), with C(async), or on a remote host, shows nothing until it ends, and the callback
    says so.
  - Says if the host of a task was not reached.
  - Highlights an operation whose outcome is unknown, with the ID of its intent, even if the failure of the task is ignored.
  - Shows totals at the end, one line for each host, coin, and kind of movement. A line has these amounts, unless they are zero. C(done) is what
    this run moved. C(recovered) is what earlier tasks or runs moved but did not report. C(pending) is what the exchange accepted, but does not
    report as final yet. C(planned) is what would be moved (check mode, or a plan). If nothing was moved on a host, its
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

import atexit
import contextlib
import sys
import threading
import typing as t

from ansible import constants as C
from ansible import context
from ansible.plugins.callback import CallbackBase

from ansible_collections.treasury.bybit.plugins.plugin_utils._names import MOVING_MODULES, module_of
from ansible_collections.treasury.bybit.plugins.plugin_utils._layout import folded, width_of
from ansible_collections.treasury.bybit.plugins.plugin_utils._movement import CALM, LOUD, MOVED
from ansible_collections.treasury.bybit.plugins.plugin_utils._progress import Notice, Watcher
from ansible_collections.treasury.bybit.plugins.plugin_utils._tally import Tally, is_cut_off, is_refusal, is_report, lines_of

_READABLE = {"default", "ansible.builtin.default"}
_COLORS = {LOUD: C.COLOR_ERROR, MOVED: C.COLOR_CHANGED, CALM: C.COLOR_OK}


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
        self._watcher: Watcher | None = None
        # The waits that were shown while they lasted.
        self._told: set[tuple[str, str]] = set()

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        self._strategy = play.strategy
        if self._watcher is None:
            # Created before the first worker is forked, and ended before Python closes the streams.
            self._watcher = Watcher(self._show_wait, self._log_wait, getattr(self._display, "_lock", None) or threading.RLock())
            atexit.register(self._watcher.end)

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
        # At a retry, Ansible does not show the message.
        self._show_result(result, is_shown=False)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        if self._watcher is not None:
            self._watcher.end()
            # The next playbook of this command gets another one.
            self._watcher = None
        lines = self._tally.lines()
        if lines:
            # As wide as the banners of Ansible.
            self._show("MOVEMENTS ".ljust(self._display.columns + 1, "*"), None)
        for line in lines:
            self._show(line.text, _COLORS[line.tone])

    def _show_task_result(self, result: t.Any) -> None:
        # The items of a loop have been shown one by one.
        if not (result.task.loop and "results" in result.result):
            self._show_result(result)

    def _show_result(self, result: t.Any, is_shown: bool = True) -> None:
        """Show what a result reports.

        :param is_shown: Whether Ansible itself shows the message if the task has failed.
        """
        report = result.result
        is_ours = module_of(result.task.action) in MOVING_MODULES
        if not is_report(report) and not (is_ours and (is_cut_off(report) or is_refusal(report))):
            return
        host = self.host_label(result)
        self._tally.add(report, result.host.get_name())
        prefix = self._prefix(result.task.get_name(), host)
        if self._display.verbosity > 0:
            for sentence in (report.get("details") or {}).get("waits") or ():
                if (host, sentence) not in self._told:
                    self._show(f"{prefix} {sentence}", C.COLOR_VERBOSE)
        has_failed = result.is_failed()
        for line in lines_of(report, has_failed, is_shown):
            if line.tone != CALM or has_failed or _option("display_ok_hosts"):
                self._show(f"{prefix} {line.text}", _COLORS[line.tone])

    def _show_wait(self, notice: Notice) -> None:
        """Show what a task waits for; called by the thread of the watcher."""
        self._told.add((notice.host, notice.text))
        self._show_on_screen(self._line_of(notice), C.COLOR_SKIP)

    def _log_wait(self, notice: Notice) -> None:
        """Log what a task waits for; also called by the thread of the watcher."""
        self._log(self._line_of(notice), C.COLOR_SKIP)

    def _line_of(self, notice: Notice) -> str:
        return f"{self._prefix(notice.task, notice.host)} {notice.text}"

    def _prefix(self, task: str, host: str) -> str:
        name = f"TASK [{task}] " if self._is_banner_elsewhere() else ""
        return f"{name}[{host}]"

    def _is_banner_elsewhere(self) -> bool:
        """Whether the banner of the task is not above this line, because Ansible shows it late or on the other stream."""
        shown = [_option(name) for name in ("display_skipped_hosts", "display_ok_hosts")]
        return not all(shown) or self._strategy.rpartition(".")[2] in ("free", "host_pinned") or not _is_output_readable()

    def _show(self, text: str, color: str | None) -> None:
        self._log(text, color)
        self._show_on_screen(text, color)

    def _log(self, text: str, color: str | None) -> None:
        self._display.display(text, color=color, log_only=True)

    def _show_on_screen(self, text: str, color: str | None) -> None:
        for is_error in (False, True) if _is_output_readable() else (True,):
            # An exception would end the thread that collects results for good, and there is no third stream to report it on.
            with contextlib.suppress(OSError):
                stream = sys.stderr if is_error else sys.stdout
                # What reads other formats may show lines of any width.
                width = width_of(stream) if _is_output_readable() else None
                self._display.display(folded(text, width), color=color, stderr=is_error, screen_only=True)
                # Without a flush, a write error only shows up with a later line.
                stream.flush()
                return


def _option(name: str) -> t.Any:
    return C.config.get_config_value(name, plugin_type="callback", plugin_name="default")


def _is_output_readable() -> bool:
    """Whether standard output is for people; Ansible also uses other callbacks for ad hoc commands."""
    return C.DEFAULT_STDOUT_CALLBACK in _READABLE and "module_name" not in context.CLIARGS

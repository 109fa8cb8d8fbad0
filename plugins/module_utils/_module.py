# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame of the repay modules: options in, one result or one sentence out, no traceback and no secret.

This module util is private to the collection.
"""

from __future__ import annotations

import sys
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.treasury.bybit.plugins.module_utils._client import Client
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._errors import BybitError
from ansible_collections.treasury.bybit.plugins.module_utils._frame import connect, end_failed, failure_of
from ansible_collections.treasury.bybit.plugins.module_utils._listeners import Listeners
from ansible_collections.treasury.bybit.plugins.module_utils._memory import Memory
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import UNKNOWN
from ansible_collections.treasury.bybit.plugins.module_utils._repay_options import manner_of, state_dir_of
from ansible_collections.treasury.bybit.plugins.module_utils._repayment import Repayment
from ansible_collections.treasury.bybit.plugins.module_utils._state import State, Target
from ansible_collections.treasury.bybit.plugins.module_utils._subject_options import Ask


def run_repayment(
    module: AnsibleModule, ask_of: t.Callable[[Client, dict[str, t.Any]], Ask], clock: Clock | None = None
) -> None:
    """Carry out what a repay module was asked for, and end the module with its result.

    :param ask_of: Reads from the options what is asked for.
    :param clock: The time to go by; that of this machine unless given.
    """
    clock, listeners = clock or Clock(), Listeners()
    try:
        connection = connect(module)
    except BybitError as error:
        _fail(module, error, {})
    host = {"api_host": connection.api_host}
    try:
        client = connection.client(clock)
        subject, goal = ask_of(client, module.params)
        target = Target(connection.host, connection.key_fingerprint, subject.product, subject.name)
        memory = Memory(State(state_dir_of(module.params), target, clock))
        repayment = Repayment(client, memory, subject, goal, manner_of(module.params))
    except BybitError as error:
        _fail(module, error, host)

    def known() -> dict[str, t.Any]:
        return {**repayment.result.as_dict(), "gate_retries": client.retries.as_result(), **host}

    # The process may live on with the next item of a loop, whatever cuts this run off.
    with memory:
        try:
            repayment.run(module.check_mode)
        except BybitError as error:
            _warn(module, repayment)
            with _Telling(memory, listeners, is_success=False):
                _fail(module, error, known())
        except Exception as error:
            # A defect of this collection must not look like an ordinary failure when money may have moved.
            message = (
                f"An error inside treasury.bybit ({type(error).__name__}); outcome: {repayment.outcome}. Look at the loan "
                f"before you run this again, and report the error."
            )
            told = {"outcome": repayment.outcome, "goal_reached": None, "failure": None, "msg": message}
            end_failed(module, exception=traceback.format_exc(), **{**known(), **told})
        _warn(module, repayment)
        result = known()
        if module._diff:
            result["diff"] = repayment.result.diff()
        with _Telling(memory, listeners, is_success=True):
            module.exit_json(**result)


class _Telling:
    """Closes the memory once the result has been written out to somebody who can show it; otherwise it stays open."""

    def __init__(self, memory: Memory, listeners: Listeners, is_success: bool) -> None:
        self._memory = memory
        self._listeners = listeners
        self._is_success = is_success

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, SystemExit):
            return
        # Ansible's exit_json only fills a buffer.
        sys.stdout.flush()
        if not self._listeners.are_all_there():
            self._memory.abandon()
            sys.stderr.write("Who started this has ended, so the next run will tell the result again.\n")
            return
        try:
            self._memory.close(self._is_success)
        except BybitError as failed:
            sys.stderr.write(f"{failed} The next run will settle this repayment again.\n")


def _warn(module: AnsibleModule, repayment: Repayment) -> None:
    for warning in repayment.result.warnings:
        module.warn(warning)


def _fail(module: AnsibleModule, error: BybitError, known: dict[str, t.Any]) -> t.NoReturn:
    # A run that has paid before it failed must not look like one that has not.
    has_paid = bool(known.get("repayments"))
    outcome = known["outcome"] if has_paid and error.outcome != UNKNOWN else error.outcome
    told = {"changed": has_paid, "outcome": outcome, "failure": failure_of(error), "msg": str(error)}
    if "goal_reached" in known:
        # What was decided has not come about.
        told["goal_reached"] = None
    end_failed(module, **{**known, **told})

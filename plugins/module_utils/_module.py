# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame of every module: options in, one result or one sentence out, no traceback and no secret.

This module util is private to the collection.
"""

from __future__ import annotations

import sys
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.treasury.bybit.plugins.module_utils import _http
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._connection import Connection
from ansible_collections.treasury.bybit.plugins.module_utils._errors import BybitError
from ansible_collections.treasury.bybit.plugins.module_utils._listeners import Listeners
from ansible_collections.treasury.bybit.plugins.module_utils._loans import LegacyLoans
from ansible_collections.treasury.bybit.plugins.module_utils._memory import Memory
from ansible_collections.treasury.bybit.plugins.module_utils._repay_options import (
    goal_of,
    manner_of,
    order_id_of,
    state_dir_of,
)
from ansible_collections.treasury.bybit.plugins.module_utils._repayment import Repayment
from ansible_collections.treasury.bybit.plugins.module_utils._signing import MissingCryptography
from ansible_collections.treasury.bybit.plugins.module_utils._state import State, Target


def run_repayment(module: AnsibleModule, clock: Clock | None = None) -> None:
    """Carry out what a repay module was asked for, and end the module with its result.

    :param clock: The time to go by; that of this machine unless given.
    """
    clock, listeners = clock or Clock(), Listeners()
    connection = _connect(module)
    host = {"api_host": connection.api_host}
    for warning in connection.warnings():
        module.warn(warning)
    try:
        client = connection.client(clock)
        target = Target(connection.host, connection.key_fingerprint, LegacyLoans.product, order_id_of(module.params))
        memory = Memory(State(state_dir_of(module.params), target, clock))
        goal, manner = goal_of(module.params), manner_of(module.params)
        repayment = Repayment(client, memory, target.order_id, goal, manner)
    except BybitError as error:
        _fail(module, error, host)
    try:
        repayment.run(module.check_mode)
    except BybitError as error:
        known = {**repayment.result.as_dict(), "gate_retries": client.retries.as_result(), **host}
        _warn(module, repayment)
        with _Telling(memory, listeners, is_success=False):
            _fail(module, error, known)
    except Exception as error:
        # A defect of this collection must not look like an ordinary failure when money may have moved.
        message = (
            f"An error inside treasury.bybit ({type(error).__name__}); outcome: {repayment.outcome}. Look at the loan "
            f"before you run this again, and report the error."
        )
        known = {**repayment.result.as_dict(), "gate_retries": client.retries.as_result(), **host}
        known.update(outcome=repayment.outcome, failure=None, msg=message)
        _end(module, exception=traceback.format_exc(), **known)
    _warn(module, repayment)
    result = {**repayment.result.as_dict(), "gate_retries": client.retries.as_result(), **host}
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


def _connect(module: AnsibleModule) -> Connection:
    if _http.IMPORT_ERROR:
        _end(module, msg=missing_required_lib("requests"), exception=_http.IMPORT_ERROR)
    try:
        return Connection(module.params)
    except MissingCryptography:
        message = missing_required_lib("cryptography", reason="to sign with rsa_private_key")
        _end(module, msg=message, exception=traceback.format_exc())
    except BybitError as error:
        _fail(module, error, {})


def _warn(module: AnsibleModule, repayment: Repayment) -> None:
    for warning in repayment.result.warnings:
        module.warn(warning)


def _fail(module: AnsibleModule, error: BybitError, known: dict[str, t.Any]) -> t.NoReturn:
    failure = error.failure._asdict() if error.failure else None
    _end(module, **{**known, "changed": False, "outcome": error.outcome, "failure": failure, "msg": str(error)})


def _end(module: AnsibleModule, **result: t.Any) -> t.NoReturn:
    module.fail_json(**result)
    # Whatever stands in for AnsibleModule one day, nothing may go on after a failure.
    raise AssertionError("fail_json returned")

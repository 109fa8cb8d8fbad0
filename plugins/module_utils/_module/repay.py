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

from .._api.api_key import read_key
from .._api.client import Client
from .._api.errors import BybitError, OutcomeUnknown
from .._clock import Clock
from .._engine.messages import hidden, may_reach_nobody
from .._engine.run import Repayment, empty_result
from .._journal.journal import Journal
from .._journal.store import Store, Target, check_directory, is_in_doubt
from .._options.repay import Ask, run_options_of, state_dir_of
from .._outcomes import UNKNOWN
from .common import connect, end_failed, failure_of
from .parents import Listeners


def run_repayment(
    module: AnsibleModule,
    ask_of: t.Callable[[Client, dict[str, t.Any]], Ask],
    clock: Clock | None = None,
    listeners: Listeners | None = None,
) -> None:
    """Carry out what a repay module was asked for, and end the module with its result.

    :param ask_of: Reads from the options what is asked for.
    :param clock: The time to go by; that of this machine unless given.
    :param listeners: Who gets the result; the processes above this one unless given.
    """
    clock, listeners = clock or Clock(module.log), listeners or Listeners()
    try:
        connection = connect(module)
    except BybitError as error:
        _fail(module, error, {})
    client = connection.client(clock)

    def with_connection(report: dict[str, t.Any]) -> dict[str, t.Any]:
        details = {**report.get("details", {}), "gate_retries": client.retries.as_result(), "waits": clock.waits}
        return {**report, "details": details, "api_host": connection.api_host}

    try:
        (operation, goal), run_options = ask_of(client, module.params), run_options_of(module.params)
        directory = state_dir_of(module.params)
    except BybitError as error:
        _fail(module, error, with_connection({}))
    try:
        check_directory(directory)
        key = read_key(client)
    except BybitError as error:
        nothing = with_connection(empty_result(operation, goal).as_dict())
        if error.outcome != UNKNOWN and is_in_doubt(directory, connection.realm, operation.product, operation.name):
            error = OutcomeUnknown(f"{error} {hidden(directory, operation.traits.label)}", error.failure)
        _fail(module, error, nothing)
    journal = Journal(Store(directory, Target(connection.realm, key.account, operation.product, operation.name), clock))
    repayment = Repayment(client, journal, operation, goal, run_options, listeners.are_all_there)
    if key.expiry_warning(client.believed_time_ms()):
        repayment.result.warnings.append(key.expiry_warning(client.believed_time_ms()))

    def known() -> dict[str, t.Any]:
        return with_connection(repayment.result.as_dict())

    # The process may live on with the next item of a loop, whatever cuts this run off.
    with journal:
        try:
            repayment.run(module.check_mode)
        except BybitError as error:
            _warn(module, repayment)
            with _Telling(journal, True, listeners, client, is_success=False):
                _fail(module, error, known())
        except Exception as error:
            # A defect of this collection must not look like an ordinary failure when money may have moved.
            message = (
                f"An error inside treasury.bybit ({type(error).__name__}); outcome: {repayment.outcome}. Look at the loan "
                f"before you run this again, and report the error."
            )
            told = {"outcome": repayment.outcome, "goal_reached": None, "failure": None, "msg": message}
            end_failed(module, exception=traceback.format_exc(), **{**known(), **told})
        # What pays only what is missing does no harm when its result is lost.
        can_be_known = listeners.are_known or goal.is_declarative
        if repayment.result.made and not can_be_known:
            repayment.result.warnings.append(may_reach_nobody())
        _warn(module, repayment)
        result = known()
        if module._diff:
            result["diff"] = repayment.result.diff()
        with _Telling(journal, can_be_known, listeners, client, is_success=True):
            module.exit_json(**result)


class _Telling:
    """Closes the memory once the result has been written out to somebody who can show it; otherwise it stays open.

    :param can_be_known: Whether C(listeners) are those who get the result.
    """

    def __init__(self, journal: Journal, can_be_known: bool, listeners: Listeners, client: Client, is_success: bool) -> None:
        self._journal = journal
        self._can_be_known = can_be_known
        self._listeners = listeners
        self._client = client
        self._is_success = is_success

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, SystemExit):
            return
        # Ansible's exit_json only fills a buffer.
        sys.stdout.flush()
        is_told = self._can_be_known and self._listeners.are_all_there()
        try:
            if is_told or not self._is_success:
                self._journal.close(is_told and self._is_success)
            else:
                self._journal.leave_open(self._client.believed_time_ms())
                sys.stderr.write("Nobody may have been there to take the result, so the next run will tell it again.\n")
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

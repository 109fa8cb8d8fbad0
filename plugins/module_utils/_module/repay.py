# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame of the repay modules: options in, one report or one sentence out, then the journal is closed; no traceback and no secret.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._api.api_key import read_key
from .._api.client import Client
from .._api.errors import BybitError, OutcomeUnknown
from .._clock import Clock
from .._engine.messages import hidden, may_reach_nobody
from .._engine.run import Repayment, empty_result
from .._goal import Goal, RunOptions
from .._journal.journal import Journal
from .._journal.store import Store, Target, check_directory, is_in_doubt
from .._operations.base import Operation
from .._options.connection import Connection
from .._options.repay import Ask, run_options_of, state_dir_of
from .._outcomes import UNKNOWN
from .common import connect, with_connection, with_defect, with_failure
from .interface import Module
from .parents import Parents


@dataclasses.dataclass(frozen=True)
class _Task:
    """What a task asks for, of which nothing is sent yet.

    :ivar warnings: What the user shall know of the key.
    """

    connection: Connection
    client: Client
    journal: Journal
    operation: Operation
    goal: Goal
    run_options: RunOptions
    warnings: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class _Report:
    """How a run has ended.

    :ivar result: What the module returns.
    :ivar is_defect: Whether it was ended by an error inside this collection.
    """

    result: dict[str, t.Any]
    failed: bool = False
    warnings: tuple[str, ...] = ()
    is_defect: bool = False


def run_repayment(
    module: Module,
    ask_of: t.Callable[[Client, dict[str, t.Any]], Ask],
    clock: Clock | None = None,
    parents: Parents | None = None,
) -> None:
    """Carry out what a repay module was asked for, and emit its report.

    :param ask_of: Reads from the options what is asked for.
    :param clock: The time to go by; that of this machine unless given.
    :param parents: Who gets the result; the processes above this one unless given.
    """
    clock, parents = clock or Clock(module.log), parents or Parents()
    task = _read_task(module, ask_of, clock)
    if isinstance(task, _Report):
        module.emit(task.result, task.failed)
        return
    # The process may live on with the next item of a loop, whatever cuts this run off.
    with task.journal:
        report = _carry_out(task, module, parents)
        for warning in report.warnings:
            module.warn(warning)
        finish(module, report, task, parents)


def finish(module: Module, report: _Report, task: _Task, parents: Parents) -> None:
    """Emit the report, then close the journal or leave it open.

    In this order, because no later run reports what is closed.
    """
    module.emit(report.result, report.failed)
    if report.is_defect:
        # The next run finds out what became of the repayment.
        return
    try:
        if report.failed or is_delivered(parents, task.goal):
            task.journal.close(not report.failed)
        else:
            task.journal.leave_open(task.client.believed_time_ms())
            module.note("Nobody may have been there to take the result, so the next run will report it again.")
    except BybitError as failed:
        module.note(f"{failed} The next run will settle this repayment again.")


def is_delivered(parents: Parents, goal: Goal) -> bool:
    """Tell whether the result that is out now has reached somebody who can show it."""
    return can_be_known(parents, goal) and parents.are_alive()


def can_be_known(parents: Parents, goal: Goal) -> bool:
    """Tell whether a result is known to arrive as long as the processes above live, or does no harm when it is lost."""
    # A declarative goal pays only what is missing.
    return parents.are_known or goal.is_declarative


def _carry_out(task: _Task, module: Module, parents: Parents) -> _Report:
    """Run the engine, and return what it reports."""
    repayment = Repayment(task.client, task.journal, task.operation, task.goal, task.run_options, parents.are_alive)
    try:
        repayment.run(module.check_mode)
    except BybitError as error:
        result = _failed(with_connection(repayment.result.as_dict(), task.connection, task.client), error)
        return _Report(result, failed=True, warnings=(*task.warnings, *repayment.result.warnings))
    except Exception as error:
        # A defect of this collection must not look like an ordinary failure when money may have moved.
        known = {**repayment.result.as_dict(), "outcome": repayment.outcome, "goal_reached": None}
        rest = f"; outcome: {repayment.outcome}. Look at the loan before you run this again, and report the error."
        return _Report(with_defect(with_connection(known, task.connection, task.client), error, rest), failed=True, is_defect=True)
    result = with_connection(repayment.result.as_dict(), task.connection, task.client)
    if module.diff:
        result["diff"] = repayment.result.diff()
    warnings = [*task.warnings, *repayment.result.warnings]
    if repayment.result.made and not can_be_known(parents, task.goal):
        warnings.append(may_reach_nobody())
    return _Report(result, warnings=tuple(warnings))


def _read_task(module: Module, ask_of: t.Callable[[Client, dict[str, t.Any]], Ask], clock: Clock) -> _Task | _Report:
    """Return what a task asks for, or why it cannot be begun; the key is all that is read of the exchange."""
    try:
        connection = connect(module)
    except BybitError as error:
        return _Report(_failed({}, error), failed=True)
    client = connection.client(clock)
    try:
        (operation, goal), run_options = ask_of(client, module.params), run_options_of(module.params)
        directory = state_dir_of(module.params)
    except BybitError as error:
        return _Report(with_connection(_failed({}, error), connection, client), failed=True)
    try:
        check_directory(directory)
        key = read_key(client)
    except BybitError as error:
        if error.outcome != UNKNOWN and is_in_doubt(directory, connection.realm, operation.product, operation.name):
            error = OutcomeUnknown(f"{error} {hidden(directory, operation.traits.label)}", error.failure)
        nothing = empty_result(operation, goal).as_dict()
        return _Report(with_connection(_failed(nothing, error), connection, client), failed=True)
    expiry = key.expiry_warning(client.believed_time_ms())
    return _Task(
        connection=connection,
        client=client,
        journal=Journal(Store(directory, Target(connection.realm, key.account, operation.product, operation.name), clock)),
        operation=operation,
        goal=goal,
        run_options=run_options,
        warnings=(expiry,) if expiry else (),
    )


def _failed(result: dict[str, t.Any], error: BybitError) -> dict[str, t.Any]:
    """Return what is known of a run with the error that has ended it."""
    # A run that has paid before it failed must not look like one that has not.
    has_paid = bool(result.get("repayments"))
    outcome = result["outcome"] if has_paid and error.outcome != UNKNOWN else error.outcome
    # What was decided has not come about.
    goal_reached = {"goal_reached": None} if "goal_reached" in result else {}
    return with_failure({**result, "changed": has_paid, "outcome": outcome, **goal_reached}, error)

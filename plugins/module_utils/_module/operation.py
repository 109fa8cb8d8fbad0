# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module that moves money: options in, one report or one error message out, without secrets; then close the journal.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t
from decimal import Decimal

from .._api.api_key import read_key
from .._api.client import Client
from .._api.errors import BybitError, OutcomeUnknown
from .._clock import Clock
from .._engine.messages import hidden, may_reach_nobody
from .._engine.report import Report
from .._engine.run import run
from .._engine.steps import RunEnded
from .._engine.context import RunContext, new_context
from .._journal.database import Database
from .._journal.journal import Journal
from .._goal import TO_FUND, Goal, RunOptions
from .._journal.store import Store, is_in_doubt
from .._journal.target import Target
from .._operations.base import Operation
from .._operations.targets import ltv_of
from .._operations.transfer import Transfer
from .._options.connection import Connection
from .._options.run import Instruction, run_options_of
from .._outcomes import UNKNOWN
from .._words import WORDS
from .common import connect, traceback_of, with_connection, with_failure
from .interface import Module
from .journal import check_journal, closing, hide_passwords, journal_database
from .parents import Parents


@dataclasses.dataclass(frozen=True)
class _Begun:
    """A run with valid options and a valid key, which has sent nothing yet.

    :ivar transfers: The contexts of the transfers to the Funding wallet; the run adds to them.
    :ivar warnings: Warnings about the key.
    """

    connection: Connection
    context: RunContext
    transfers: list[RunContext]
    warnings: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class _Result:
    """The result of a module.

    :ivar values: What it returns.
    :ivar is_defect: Whether an error inside this collection ended it.
    :ivar has_funded: Whether it reports a transfer to the Funding wallet.
    """

    values: dict[str, t.Any]
    failed: bool = False
    warnings: tuple[str, ...] = ()
    is_defect: bool = False
    has_funded: bool = False


def run_operation(
    module: Module,
    parse_options: t.Callable[[Client, dict[str, t.Any]], Instruction],
    clock: Clock | None = None,
    parents: Parents | None = None,
) -> None:
    """Run a module that moves money, and emit its report.

    :param parse_options: Turns the options into an instruction.
    :param clock: The clock to use; the clock of this machine by default.
    :param parents: The processes that get the result; the parents of this process by default.
    """
    clock, parents = clock or Clock(module.log, module.tell), parents or Parents()
    # Release the target even if the run is interrupted: the process may go on with the next item of a loop.
    with contextlib.ExitStack() as journals:
        begun = _begin(module, parse_options, clock, parents, journals)
        if isinstance(begun, _Result):
            module.emit(begun.values, begun.failed)
            return
        result = _carry_out(begun, module, parents)
        for warning in result.warnings:
            module.warn(warning)
        finish(module, result, begun.context, parents, begun.transfers)


def finish(module: Module, result: _Result, context: RunContext, parents: Parents, transfers: t.Sequence[RunContext] = ()) -> None:
    """Emit the result, then close the journal or leave it open.

    In this order, because later runs do not report what was closed.
    """
    module.emit(result.values, result.failed)
    if result.is_defect:
        # Leave the journal open, so that the next run reconciles what was sent.
        return
    for transfer in transfers:
        _close(module, result, transfer, parents, not result.has_funded)
    _close(module, result, context, parents, result.failed)


def _close(module: Module, result: _Result, context: RunContext, parents: Parents, has_failed: bool) -> None:
    with closing(module, f"this {WORDS[context.goal.move].noun}"):
        if has_failed or is_delivered(parents, context):
            context.journal.close(not has_failed, str(result.values["msg"]))
        else:
            context.journal.leave_open(context.client.exchange_time_or_local_ms())
            module.log_late("The result may not have reached anyone, so the next run reports it again.")


def is_delivered(parents: Parents, context: RunContext) -> bool:
    """Return whether the emitted result reached somebody who can show it."""
    return can_be_known(parents, context) and parents.are_alive()


def can_be_known(parents: Parents, context: RunContext) -> bool:
    """Return whether the result arrives as long as the parent processes live, or whether losing it does no harm."""
    # A goal moves only what is missing, and a reference only once.
    return parents.are_known or context.goal.is_declarative or context.options.reference is not None


def _carry_out(begun: _Begun, module: Module, parents: Parents) -> _Result:
    """Run the engine, and return what it reports."""
    report = run(begun.context, begun.warnings)
    if report.made and report.ended is None and not can_be_known(parents, begun.context):
        report = report.with_notice(may_reach_nobody(WORDS[begun.context.goal.move]))
    result = _result_of(report, begun.connection, begun.context.client)
    if module.diff and not result.failed:
        result.values["diff"] = report.diff()
    return result


def _result_of(report: Report, connection: Connection, client: Client) -> _Result:
    values = with_connection(report.as_dict(), connection, client)
    if report.ended is not None:
        values["exception"] = report.trace or traceback_of(report.ended.error)
    has_funded = report.funding is not None and report.funding.ended is None
    return _Result(values, report.ended is not None, tuple(report.warnings), bool(report.trace), has_funded)


def _begin(
    module: Module,
    parse_options: t.Callable[[Client, dict[str, t.Any]], Instruction],
    clock: Clock,
    parents: Parents,
    journals: contextlib.ExitStack,
) -> _Begun | _Result:
    """Return what a task asks for, or the result if it cannot begin. Reads nothing from the exchange but the key.

    :param journals: Releases the targets of the journals at the end.
    """
    hide_passwords(module)
    try:
        connection = connect(module)
    except BybitError as error:
        return _failed({}, error)
    client = connection.client(clock)
    try:
        (operation, goal), options = parse_options(client, module.params), run_options_of(module.params)
        database = journal_database(module, clock)
    except BybitError as error:
        return _failed(with_connection({}, connection, client), error)
    try:
        check_journal(database)
        key = read_key(client)
    except BybitError as error:
        if error.outcome != UNKNOWN and is_in_doubt(database, connection.realm, operation.product, operation.name):
            error = OutcomeUnknown(f"{error} {hidden(database.label, operation.terms.label, WORDS[operation.move])}", error.failure)
        return _result_of(Report(operation.ids, operation.terms.label, goal).with_end(RunEnded(error)), connection, client)
    more = {"check_mode": module.check_mode, "has_listeners": parents.are_alive}

    def context_of(operation: Operation, goal: Goal, options: RunOptions, database: Database, **further: t.Any) -> RunContext:
        target = Target(connection.realm, key.account, operation.product, operation.name)
        journal = journals.enter_context(Journal(Store(database, target, clock, ltv_of(operation, target, goal.is_of_ltv))))
        return new_context(client, operation, journal, goal, options, **more, **further)

    def funding(coin: str, amount: Decimal) -> RunContext:
        """Return the context of a transfer that tops up the Funding wallet. Its journal keeps other transfers of the coin out until this run ends."""
        plain_options = options._replace(reference=None, acknowledge=None, counted=None)
        transfer = context_of(Transfer(client, coin, TO_FUND), Goal(ensure=amount, move=TO_FUND), plain_options, journal_database(module, clock))
        transfers.append(transfer)
        return transfer

    transfers: list[RunContext] = []
    context = context_of(operation, goal, options, database, funding=funding if module.params.get("fund_from") else None)
    expiry = key.expiry_warning(client.exchange_time_or_local_ms())
    return _Begun(connection, context, transfers, (expiry,) if expiry else ())


def _failed(known: dict[str, t.Any], error: BybitError) -> _Result:
    """Return the failed result of a task that has sent nothing."""
    return _Result(with_failure({**known, "changed": False, "outcome": error.outcome}, error), failed=True)

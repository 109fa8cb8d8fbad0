# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run C(bybit_loan_policy): options and plan file in; one result or one error message out, without secrets; then close the journals.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import typing as t

from .._api.api_key import read_key
from .._api.errors import BadInput, BybitError
from .._clock import Clock
from .._engine.report import summary
from .._journal.account import AccountJournal
from .._journal.shared import SharedDatabase
from .._options.connection import Connection
from .._options.policy_run import MODE_APPLY, PolicyRun, parse_policy_run
from .._outcomes import CHANGED, NOT_EXECUTED, NOTHING_TO_DO
from .._policy import outcome
from .._policy.document import MAX_CHARACTERS, Document, read, written
from .._policy.position import position_of
from .._policy.run import Ran, Setting, run
from .._policy.table import table
from .._times import iso
from .common import connect, traceback_of, with_connection, with_failure
from .interface import Module
from .journal import check_journal, closing, hide_passwords, journal_database
from .parents import Parents

_NOTHING = {"changed": False, "outcome": NOT_EXECUTED}


def run_policy(module: Module, clock: Clock | None = None, parents: Parents | None = None) -> None:
    """Run a policy, and emit its result.

    :param clock: The clock to use; the clock of this machine by default.
    :param parents: The processes that get the result; the parents of this process by default.
    """
    clock, parents = clock or Clock(module.log, module.tell), parents or Parents()
    hide_passwords(module)
    try:
        connection = connect(module)
    except BybitError as error:
        module.emit(with_failure(_NOTHING, error), failed=True)
        return
    client = connection.client(clock)
    # Release everything even if the run is interrupted: the process may go on with the next item of a loop.
    with contextlib.ExitStack() as stack:
        try:
            asked = parse_policy_run(module.params)
            database = SharedDatabase(journal_database(module, clock))
            stack.callback(database.disconnect)
            saved = _saved(asked)
            check_journal(database)
            key = read_key(client)
        except BybitError as error:
            module.emit(with_connection(with_failure(_NOTHING, error), connection, client), failed=True)
            return
        setting = Setting(
            client, AccountJournal(database, connection.realm, key.account), asked.request, asked.options, asked.mode == MODE_APPLY, module.check_mode,
            asked.expires_after_ms, asked.tolerance, saved, parents.are_alive,
        )
        ran = run(setting)
        values, failed = _result(module, asked, ran, connection)
        for warning in (key.expiry_warning(client.exchange_time_or_local_ms()), *_warnings(ran)):
            if warning:
                module.warn(warning)
        module.emit(with_connection(values, connection, client), failed)
        _close(module, setting, ran, parents)


def _saved(asked: PolicyRun) -> Document | None:
    """Return the plan to carry out; none to carry out the present one.

    :raises BadInput: If the file cannot be read, or is no plan.
    """
    if asked.plan_file is None:
        return None
    if os.path.lexists(asked.plan_file) and not os.path.isfile(asked.plan_file):
        # To open a pipe would wait for ever, and to write would replace a device.
        raise BadInput(f"plan_file '{asked.plan_file}' is not a regular file: use the path of a file.")
    if asked.mode != MODE_APPLY:
        return None
    try:
        with open(asked.plan_file, encoding="ascii", newline="") as file:
            text = file.read(MAX_CHARACTERS + 1)
    except UnicodeDecodeError:
        raise BadInput(f"plan_file '{asked.plan_file}' is not a plan, because it is not plain ASCII: use the file that 'mode: plan' wrote.") from None
    except OSError as error:
        raise BadInput(f"plan_file '{asked.plan_file}' cannot be read ({error.strerror}): use the file that 'mode: plan' wrote.") from None
    return read(text)


def _keep_plan(asked: PolicyRun, ran: Ran, check_mode: bool) -> bool:
    """Write the plan if the task asks for that. Return whether it was written, or would be.

    :raises BadInput: If it cannot be written.
    """
    if asked.mode == MODE_APPLY or asked.plan_file is None or ran.document is None or ran.ended is not None:
        return False
    if not check_mode:
        _write(asked.plan_file, ran.document)
    return True


def _write(path: str, document: Document) -> None:
    """Write a plan so that the file is complete at each moment.

    :raises BadInput: If it cannot be written.
    """
    try:
        descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".plan-")
        try:
            with open(descriptor, "w", encoding="ascii", newline="") as file:
                file.write(written(document))
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise BadInput(f"plan_file '{path}' cannot be written ({error.strerror}): name a file in a directory that this user can write to.") from None


def _result(module: Module, asked: PolicyRun, ran: Ran, connection: Connection) -> tuple[dict[str, t.Any], bool]:
    """Return the result, and whether the task failed."""
    document, results, error = ran.document, ran.results, ran.ended.error if ran.ended is not None else None
    try:
        is_planned = _keep_plan(asked, ran, module.check_mode)
    except BybitError as unwritten:
        error, is_planned = unwritten, False
    values: dict[str, t.Any] = {
        "changed": is_planned or ran.settled.is_changed or any(result.is_changed for result in results) or _would_change(asked, module, ran),
        "mode": asked.mode,
        "outcome": error.outcome if error is not None else outcome.overall(results) if results else NOTHING_TO_DO,
        "digest": document.digest if document is not None else None,
        "plan_file": asked.plan_file,
        "expires": iso(document.origin.expires_ms) if document is not None else None,
        "operations": [outcome.operation_as_dict(document, result) for result in results] if document is not None else [],
        "rules": [state._asdict() for state in outcome.rule_states(document, results)] if document is not None else [],
        "earlier": [
            {**summary(found.intent, found.outcome), "product": found.target.product, "loan": found.target.loan}
            for found in sorted(ran.settled.earlier, key=lambda found: found.intent.sent_at_ms)
        ],
        "position": position_of(ran.reading) if ran.reading is not None else None,
        "msg": outcome.message(document, results) if document is not None else "",
    }
    if module.diff and document is not None and ran.money is not None:
        values["diff"] = {"prepared": table(document.operations, document.unmet, ran.money)}
    if error is not None:
        values = with_failure(values, error)
        values["exception"] = ran.trace or traceback_of(error)
        return values, True
    failed = [result for result in results if not result.is_success]
    if failed:
        first = next((result.report for result in failed if result.report is not None and result.report.ended is not None), None)
        ended = first.ended if first is not None else None
        values["failure"] = ended.error.failure._asdict() if ended is not None and ended.error.failure is not None else None
    return values, bool(failed)


def _would_change(asked: PolicyRun, module: Module, ran: Ran) -> bool:
    """Return whether a run in check mode would move something."""
    return asked.mode == MODE_APPLY and module.check_mode and any(result.outcome in CHANGED for result in ran.results)


def _warnings(ran: Ran) -> list[str]:
    found = [*ran.settled.warnings, *ran.warnings, *(warning for result in ran.results if result.report for warning in result.report.warnings)]
    if ran.document is not None:
        found += outcome.unmet_warnings(ran.document)
    return list(dict.fromkeys(found))


def _close(module: Module, setting: Setting, ran: Ran, parents: Parents) -> None:
    """Close the journals after the result was emitted, or leave them open, so that the next run reports what this one did."""
    if ran.trace or any(result.report is not None and result.report.trace for result in ran.results):
        return
    is_delivered = parents.are_alive()
    for journal in ran.journals.values():
        with closing(module, "what this one moved"):
            if is_delivered:
                journal.close(not journal.is_in_doubt, "the outcome is unknown")
            else:
                journal.leave_open(setting.client.exchange_time_or_local_ms())

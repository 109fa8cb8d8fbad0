# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run an info module: options in, one result or one error message out, without secrets.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._api.client import Client
from .._api.errors import BybitError
from .._clock import Clock
from .._info.common import QueryResult
from .._info.journal import list_journal
from .._options.info import parse_journal_query
from .._options.values import Options
from .common import connect, traceback_of, with_connection, with_defect, with_failure
from .interface import Module
from .journal import hide_passwords, journal_database

_ADVICE = ". Nothing was changed; report the error."
_Query = t.TypeVar("_Query")


def run_query(
    module: Module,
    parse_query: t.Callable[[Options], _Query],
    execute: t.Callable[[Client, _Query], QueryResult],
    clock: Clock | None = None,
) -> None:
    """Execute the query of an info module, and emit its result.

    :param parse_query: Turns the options into a query.
    :param execute: Reads what matches the query.
    :param clock: The clock to use; the clock of this machine by default.
    """
    try:
        connection = connect(module)
    except BybitError as error:
        module.emit(with_failure({}, error), failed=True)
        return
    client = connection.client(clock or Clock(module.log, module.tell))
    try:
        result = execute(client, parse_query(module.params))
    except BybitError as error:
        module.emit(with_connection(with_failure({}, error), connection, client), failed=True)
        return
    except Exception as error:
        failure = with_defect({}, error, _ADVICE)
        module.emit(with_connection(failure, connection, client), failed=True)
        return
    for warning in result.warnings:
        module.warn(warning)
    module.emit(with_connection({"changed": False, **result.values}, connection, client), failed=False)


def run_journal_query(module: Module, clock: Clock | None = None) -> None:
    """Execute the query of C(bybit_journal_info), which sends nothing to the exchange, and emit its result."""
    hide_passwords(module)
    try:
        database = journal_database(module, clock or Clock(module.log, module.tell))
        query = parse_journal_query(module.params)
        values = list_journal(database, query)
    except BybitError as error:
        module.emit({"msg": str(error), "exception": traceback_of(error)}, failed=True)
    except Exception as error:
        module.emit(with_defect({}, error, _ADVICE), failed=True)
    else:
        module.emit({"changed": False, **values}, failed=False)

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Open the database that the option C(journal) names, hide its password, and log what is too late for the result.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import typing as t

from .._api.errors import BybitError, Overtaken
from .._clock import Clock
from .._journal.database import Database, DatabaseFailed
from .._journal.failures import unusable
from .._options.journal import MissingPsycopg, database_of, passwords_of
from .._redaction import forms_of
from .common import MissingLibrary, missing
from .interface import Module


def hide_passwords(module: Module) -> None:
    """Hide the passwords of the journal in all output, including the values of other options."""
    # Ansible hides only the whole value of the option.
    module.hide(form for password in passwords_of(module.params) for form in forms_of(password))


def journal_database(module: Module, clock: Clock) -> Database:
    """Return the database of the journal; nothing is opened yet.

    :raises BadInput: If the option cannot be used; C(MissingLibrary) if this Python lacks a library.
    """
    try:
        return database_of(module.params, clock)
    except MissingPsycopg as error:
        raise MissingLibrary(missing("psycopg[binary]", "3.1", "journal"), error.import_error) from None


def check_journal(database: Database) -> None:
    """Refuse an unusable journal before anything is read from the exchange.

    :raises JournalUnusable: If it cannot be used; C(JournalLost) if that hides what earlier runs may have recorded.
    """
    try:
        database.check()
    except DatabaseFailed as error:
        raise unusable(error, database) from None


@contextlib.contextmanager
def closing(module: Module, what: str) -> t.Iterator[None]:
    """Log an error of a journal that is closed after the result was emitted: it is too late for the result, and the next run checks again.

    :param what: Names what the run moved.
    """
    try:
        yield
    except Overtaken as overtaken:
        module.log_late(f"{overtaken} The other run may also have reported {what}.")
    except BybitError as error:
        module.log_late(f"{error} The next run checks {what} again.")

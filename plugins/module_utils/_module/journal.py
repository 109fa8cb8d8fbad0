# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the option C(journal) to the database that it names, without its password in anything that is shown.

This module util is private to the collection.
"""

from __future__ import annotations

from .._clock import Clock
from .._journal.database import Database, DatabaseFailed
from .._journal.failures import unusable
from .._options.journal import MissingPsycopg, database_of, passwords_of
from .._redaction import forms_of
from .common import MissingLibrary, missing
from .interface import Module


def hide_passwords(module: Module) -> None:
    """Keep the passwords of the journal out of all that is shown, also of what quotes another option."""
    # Ansible looks for the option as it was given only.
    module.hide(form for password in passwords_of(module.params) for form in forms_of(password))


def journal_database(module: Module, clock: Clock) -> Database:
    """Return the database of the journal; nothing is opened yet.

    :raises BadInput: When the option cannot be used; C(MissingLibrary) when this Python cannot use it.
    """
    try:
        return database_of(module.params, clock)
    except MissingPsycopg as error:
        raise MissingLibrary(missing("psycopg[binary]", "3.1", "journal"), error.import_error) from None


def check_journal(database: Database) -> None:
    """Refuse a journal that could not be used, before anything is read of the exchange.

    :raises JournalUnusable: Then; C(JournalLost) when that hides what earlier runs may have recorded.
    """
    try:
        database.check()
    except DatabaseFailed as error:
        raise unusable(error, database) from None

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option C(journal): its specification, and the database that it names.

This module util is private to the collection.
"""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.basic import env_fallback

from .._api.errors import BadInput
from .._clock import Clock
from .._journal.database import Database
from .._journal.sqlite import SqliteDatabase

DEFAULT = "~/.local/state/treasury.bybit/journal.sqlite"
SCHEMES = ("postgresql://", "postgres://")


class MissingPsycopg(Exception):
    """The option needs the library psycopg, which cannot be imported.

    :ivar import_error: The traceback of the import.
    """

    def __init__(self, import_error: str) -> None:
        super().__init__("psycopg cannot be imported")
        self.import_error = import_error


def journal_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the option of every module that uses the journal; documented in the doc fragment C(journal)."""
    return {
        # A URL may contain a password.
        "journal": {"type": "str", "default": DEFAULT, "no_log": True, "fallback": (env_fallback, ["BYBIT_JOURNAL"])},
    }


def passwords_of(options: dict[str, t.Any]) -> list[str]:
    """Return the passwords in the option."""
    journal: str = options["journal"]
    if not journal.startswith(SCHEMES):
        return []
    try:
        passwords: list[str] = _postgresql().passwords_in(journal)
    except (MissingPsycopg, ValueError):
        # Without the library or a valid URL, the journal is not used.
        return []
    return passwords


def database_of(options: dict[str, t.Any], clock: Clock) -> Database:
    """Return the database that the option names; nothing is opened yet.

    :raises BadInput: If the option cannot be used.
    :raises MissingPsycopg: If it needs the library and that cannot be imported.
    """
    journal: str = options["journal"]
    if journal.startswith(SCHEMES):
        postgresql = _postgresql()
        try:
            database: Database = postgresql.PostgresDatabase(journal, clock)
        except postgresql.InvalidUrl:
            raise BadInput(
                "journal is not a valid PostgreSQL URL: use 'postgresql://user@host/database', with libpq parameters after a '?', and "
                "percent-encode special characters in the password."
            ) from None
        return database
    if "://" in journal:
        raise BadInput("journal has an unsupported scheme: use the path of a file, or 'postgresql://user@host/database'.")
    path = os.path.expanduser(os.path.expandvars(journal))
    if not os.path.isabs(path):
        # Do not quote the value: Ansible hides it, even inside an example.
        raise BadInput("journal is not an absolute path: start it with '/', so that every run finds what earlier runs recorded.")
    return SqliteDatabase(os.path.normpath(path), clock)


def _postgresql() -> t.Any:
    """Return the module for PostgreSQL.

    :raises MissingPsycopg: If its library cannot be imported.
    """
    # Imported here, because it takes longer than the whole collection, and most journals are files.
    from .._journal import postgresql

    if postgresql.IMPORT_ERROR:
        raise MissingPsycopg(postgresql.IMPORT_ERROR)
    return postgresql

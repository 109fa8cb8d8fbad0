# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal in a PostgreSQL database, for all that run on several controllers.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import os
import traceback
import typing as t

from .._clock import Clock
from .database import Answer, CommitInDoubt, Damaged, Database, DatabaseFailed, DuplicateKey, Statement, refuse_unchanged
from .schema import CHAINED, TABLES, VERSION_TABLE
from .target import Target
from .watch import Watch

try:
    import psycopg
    from psycopg import errors as pg
    from psycopg.conninfo import conninfo_to_dict
    from psycopg.pq import TransactionStatus
except ImportError:
    IMPORT_ERROR = traceback.format_exc()
else:
    IMPORT_ERROR = ""

# Whatever the search path of a role, all roles mean the same tables.
SCHEMA = "treasury_bybit"
_CONNECT_SECONDS = 10
# A server that does not answer at all, because it is paused or its network drops everything, is given up.
_MAX_ANSWER_SECONDS = 30
# The lock is released at the end in any case.
_MAX_GOODBYE_SECONDS = 2
# Have the server notice in about half a minute that the machine of a holder is gone, and release its lock.
_KEEPALIVES = {"idle": 15, "interval": 5, "count": 3}
# By SQLSTATE: data, constraints, read-only, privileges, resources, locks, deadlock / connection, the server's end.
_STATEMENT_FAILED = ("22", "23", "25", "42", "53", "55", "40P01")
_CONNECTION_FAILED = ("08", "57P")
# So that two first runs do not create the tables at once.
_PREPARE_LOCK = 0x6279_6269_74


class InvalidUrl(ValueError):
    """A text is not the URL of a database; says why, without the URL."""


def passwords_in(url: str) -> list[str]:
    """Return what must stay hidden of a URL.

    :raises InvalidUrl: When libpq does not understand it.
    """
    options = _parsed(url)
    return [str(options[name]) for name in ("password", "sslpassword") if options.get(name)]


def _parsed(url: str) -> dict[str, t.Any]:
    try:
        options = dict(conninfo_to_dict(url))
    except psycopg.Error:
        # Its message may have a part of the URL.
        raise InvalidUrl("libpq does not understand it") from None
    if any("@" in str(options.get(name, "")) for name in ("host", "hostaddr", "port", "dbname")):
        # To libpq, a part of the password belongs to it, and would be shown.
        raise InvalidUrl("libpq takes a part of its password for something else")
    return options


class PostgresDatabase(Database):
    """A database, reached as libpq does it: with C(PGPASSFILE), C(PGSERVICE), TLS, and all that a URL can say.

    :param url: C(postgresql://user:password@host:port/database?...).
    :param clock: Whose listener gets each wait for the server.
    :raises InvalidUrl: When it is none.
    """

    # In that of the database, an upgrade of its system could change the order, and so what an index finds.
    text_type = 'TEXT COLLATE "C"'

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        self._url = url
        self._clock = clock or Clock()
        options = _parsed(url)
        host, name = options.get("host") or os.environ.get("PGHOST"), options.get("dbname") or os.environ.get("PGDATABASE")
        service = options.get("service") or os.environ.get("PGSERVICE")
        where = f"database '{name}'" if name else f"database of service '{service}'" if service else "database"
        self.label = f"in the PostgreSQL {where}{f' on {host}' if host else ''}"
        self._connection: t.Any = None
        self._watch: t.Any = None
        self._writes = False
        self._locked: list[tuple[Target, bool]] = []
        # How the transaction begins of which nothing is sent yet, and what is sent with its end.
        self._begin = ""
        self._queued: list[Statement] = []

    def check(self) -> None:
        return None

    def is_there(self) -> bool:
        # What is there shows only when this run is connected.
        return True

    def open(self, writes: bool) -> None:
        self._writes = writes
        parameters: dict[str, t.Any] = {"application_name": "treasury.bybit", "connect_timeout": _CONNECT_SECONDS, "keepalives": 1}
        parameters.update({f"keepalives_{name}": value for name, value in _KEEPALIVES.items()})
        given = {name for name, value in _parsed(self._url).items() if value is not None} - {"client_encoding"}
        # In others, some references could not be written, and what is read would be bytes.
        parameters["client_encoding"] = "UTF8"
        try:
            # With values in their place, several statements are one message: each answer of the server takes time.
            # The URL may give another limit, and each address of the server gets it.
            with self._clock.waiting(f"The journal {self.label} cannot be reached yet", 0):
                self._connection = psycopg.connect(
                    self._url,
                    autocommit=True,
                    cursor_factory=psycopg.ClientCursor,
                    **{name: value for name, value in parameters.items() if name not in given},
                )
            self._watch = Watch(self._connection.fileno())
        except (psycopg.Error, OSError, RuntimeError) as error:
            # The last is raised when no thread can be started.
            raise DatabaseFailed(_said(error), "Check journal (host, user, password, database), and run again.") from None
        self.run(
            *(Statement(f"SET tcp_keepalives_{name} = {value}") for name, value in _KEEPALIVES.items()),
            Statement(f"SET lock_timeout = '{_MAX_ANSWER_SECONDS}s'"),
            Statement("SET default_transaction_isolation = 'read committed'"),
            Statement(f"SET search_path = {SCHEMA}"),
            # A run that waits for an answer has a limit of its own, and a server that waits for another one must not stop that half-way.
            Statement("SET statement_timeout = 0"),
            # A run that is suspended here would keep all others of the account waiting.
            Statement(f"SET idle_in_transaction_session_timeout = '{_MAX_ANSWER_SECONDS}s'"),
            # Where whoever administers the database has turned it on, it stays so.
            *([] if writes else [Statement("SET default_transaction_read_only = on")]),
            # Whatever is the default of the role: when COMMIT returns, it survives a crash of the server.
            Statement("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')"),
        )

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                if self._watch is not None and self._connection.info.transaction_status == TransactionStatus.IDLE:
                    # The server notices the end of a connection only later, and the next run may not wait.
                    with self._watch.limit(_MAX_GOODBYE_SECONDS):
                        self._connection.execute("SELECT pg_advisory_unlock_all()")
            if self._watch is not None:
                self._watch.end()
            with contextlib.suppress(psycopg.Error, OSError):
                self._connection.close()
            self._connection, self._watch = None, None

    def has_tables(self) -> bool:
        # Within a transaction, to_regclass may still not find what another one has created since it was last asked.
        sql = (
            "SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE') FROM pg_catalog.pg_class c "
            "JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace WHERE nspname = ? AND relname = ?"
        )
        found = self.query(sql, SCHEMA, VERSION_TABLE)
        if found and not found[0][0]:
            raise DatabaseFailed(f"permission denied for schema {SCHEMA}", _ungranted())
        return bool(found)

    def begin(self, writes: bool) -> None:
        self._begin = "BEGIN" if writes else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

    def commit(self) -> None:
        statements, self._queued = [*self._queued, Statement("COMMIT")], []
        try:
            answers, status = self._send(statements)
        except DatabaseFailed as error:
            if _state_of(error).startswith(_STATEMENT_FAILED):
                # COMMIT comes last, and is not carried out then.
                raise
            raise CommitInDoubt(str(error)) from None
        if status != "COMMIT":
            # It is no error to the server when a statement before has failed.
            raise DatabaseFailed("the server rolled the transaction back")
        refuse_unchanged(answers[:-1])

    def rollback(self) -> None:
        self._begin, self._queued = "", []
        with contextlib.suppress(DatabaseFailed):
            self._send([Statement("ROLLBACK")])

    def queue(self, *statements: Statement) -> None:
        self._queued += statements

    def run(self, *statements: Statement) -> list[Answer]:
        if not self._begin:
            return self._send(statements)[0]
        begin, self._begin = Statement(self._begin), ""
        try:
            answers = self._send([begin, *statements])[0]
        except DatabaseFailed as error:
            if not (_state_of(error) or "08").startswith(_CONNECTION_FAILED):
                raise
            # Nothing of a transaction is lost yet, and what it will do is conditional on the epoch.
            self._reconnect()
            answers = self._send([begin, *statements])[0]
        return answers[1:]

    def prepare(self, migrate: t.Callable[[], None]) -> None:
        try:
            with self.transaction():
                self.query(f"SELECT pg_advisory_xact_lock({_PREPARE_LOCK})")
                if not self.query("SELECT 1 FROM pg_namespace WHERE nspname = ?", SCHEMA):
                    self.change(f"CREATE SCHEMA {SCHEMA}")
                migrate()
        except CommitInDoubt:
            raise
        except DatabaseFailed as error:
            if not isinstance(error.__cause__, pg.InsufficientPrivilege):
                raise
            reason = "its tables are missing or older than this collection, and its user may not create them"
            raise DatabaseFailed(reason, unprepared(), hides_intents=self.has_tables()) from None

    def try_lock(self, target: Target, exclusive: bool, writes: bool = True) -> bool:
        shared = "" if exclusive else "_shared"
        is_locked = bool(self.query(f"SELECT pg_try_advisory_lock{shared}(?)", target.lock_number)[0][0])
        if is_locked and (target, exclusive) not in self._locked:
            self._locked.append((target, exclusive))
        return is_locked

    def _reconnect(self) -> None:
        """Connect again after the connection was lost; whoever has the lock by now, the epoch tells whether the target is still this run's."""
        self.close()
        self.open(self._writes)
        self.was_reconnected = True
        for target, exclusive in self._locked:
            self.try_lock(target, exclusive)

    def _send(self, statements: t.Sequence[Statement]) -> tuple[list[Answer], str]:
        """Carry out statements, and return what came of each, and what the server calls the last one."""
        connection = self._connection
        if connection is None:
            raise DatabaseFailed("it is not connected any more")
        sql = "; ".join(statement.sql for statement in statements).replace("?", "%s")
        values = [value for statement in statements for value in statement.values]
        try:
            # The watch looks once a second, so it may take two more.
            reason = f"The journal {self.label} has not answered yet"
            with self._watch.limit(_MAX_ANSWER_SECONDS), self._clock.waiting(reason, (_MAX_ANSWER_SECONDS + 2) * 1000):
                cursor = connection.execute(sql, values or None)
            return [Answer(result.fetchall() if result.description else [], result.rowcount) for result in _results(cursor)], cursor.statusmessage
        except pg.UniqueViolation as error:
            kind = Damaged if error.diag.table_name in CHAINED else DuplicateKey
            raise kind(_said(error)) from error
        except pg.InsufficientPrivilege as error:
            raise DatabaseFailed(_said(error), _ungranted()) from error
        except (psycopg.Error, OSError) as error:
            raise DatabaseFailed(_said(error)) from error


def _state_of(error: DatabaseFailed) -> str:
    """Return the SQLSTATE that the server has given; empty when it has given none, such as when the connection is lost."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def _results(cursor: t.Any) -> t.Iterator[t.Any]:
    """Let the cursor stand on the result of each statement."""
    yield cursor
    while cursor.nextset():
        yield cursor


def grants(role: str = "ROLE") -> str:
    """Return the SQL that gives a role what runs need, and no more."""
    tables = [name for name in TABLES if name not in (VERSION_TABLE, "bybit_entries")]
    return (
        f"SET search_path = {SCHEMA}; GRANT USAGE ON SCHEMA {SCHEMA} TO {role}; GRANT SELECT ON {VERSION_TABLE} TO {role}; "
        f"GRANT SELECT, INSERT ON bybit_entries TO {role}; GRANT SELECT, INSERT, UPDATE ON {', '.join(tables)} TO {role};"
    )


def _ungranted() -> str:
    return f"Run as the owner of the tables, with the user in the URL as ROLE: {grants()}"


def unprepared() -> str:
    """Say how the tables are created by somebody who may do that."""
    return (
        f"Run the module once as the owner of the database, with acknowledge: first-use; this creates the tables and sends nothing. Then, as that "
        f"owner (ROLE is the user of the runs): {grants()}"
    )


def _said(error: BaseException) -> str:
    """Return the first line of what the server or libpq says, which has no password."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal in a PostgreSQL database, which several controllers can share.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import os
import traceback
import typing as t

from .._clock import Clock
from .database import Answer, CommitInDoubt, Damaged, Database, DatabaseFailed, DuplicateKey, Statement, refuse_unchanged
from .schema import APPENDED, CHAINED, TABLES, VERSION_TABLE
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

# Named explicitly, so that all roles use the same tables, whatever their search path.
SCHEMA = "treasury_bybit"
_CONNECT_SECONDS = 10
# How long to wait for a server that does not answer at all, for example because it is paused or the network drops packets.
_MAX_ANSWER_SECONDS = 30
# Kept short, because the server releases the lock anyway when the connection ends.
_MAX_GOODBYE_SECONDS = 2
# Lets the server notice within about 30 seconds that a holder's machine is gone, and release its lock.
_KEEPALIVES = {"idle": 15, "interval": 5, "count": 3}
# Classes of SQLSTATE: data, constraints, transaction state, syntax and privileges, resources, locks, deadlock; connection, shutdown.
_STATEMENT_FAILED = ("22", "23", "25", "42", "53", "55", "40P01")
_CONNECTION_FAILED = ("08", "57P")
# The advisory lock that keeps two first runs from creating the tables at the same time.
_PREPARE_LOCK = 0x6279_6269_74


class InvalidUrl(ValueError):
    """The text is not the URL of a database; the exception does not quote it."""


def passwords_in(url: str) -> list[str]:
    """Return the parts of a URL that must stay hidden.

    :raises InvalidUrl: If libpq cannot parse it.
    """
    options = _parsed(url)
    return [str(options[name]) for name in ("password", "sslpassword") if options.get(name)]


def _parsed(url: str) -> dict[str, t.Any]:
    try:
        options = dict(conninfo_to_dict(url))
    except psycopg.Error:
        # The message of libpq may quote the URL.
        raise InvalidUrl("libpq cannot parse it") from None
    if any("@" in str(options.get(name, "")) for name in ("host", "hostaddr", "port", "dbname")):
        # Libpq would show this part of the password in its messages.
        raise InvalidUrl("libpq reads a part of its password as a host, a port, or a database")
    return options


class PostgresDatabase(Database):
    """A PostgreSQL database. The connection supports all that libpq does, such as C(PGPASSFILE), C(PGSERVICE), and TLS.

    :param url: C(postgresql://user:password@host:port/database?...).
    :param clock: Reports the waits for the server.
    :raises InvalidUrl: If libpq cannot parse the URL.
    """

    # An upgrade of the operating system can change the order of other collations, and so corrupt an index.
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
        self._was_reconnected = False
        self._locked: list[tuple[Target, bool]] = []
        # The BEGIN that is sent with the first statement, and the statements that are sent with COMMIT.
        self._begin = ""
        self._queued: list[Statement] = []

    @property
    def was_reconnected(self) -> bool:
        return self._was_reconnected

    def check(self) -> None:
        return None

    def is_there(self) -> bool:
        # Only a connection can tell.
        return True

    def open(self, writes: bool) -> None:
        self._writes = writes
        parameters: dict[str, t.Any] = {"application_name": "treasury.bybit", "connect_timeout": _CONNECT_SECONDS, "keepalives": 1}
        parameters.update({f"keepalives_{name}": value for name, value in _KEEPALIVES.items()})
        given = {name for name, value in _parsed(self._url).items() if value is not None} - {"client_encoding"}
        # With another encoding, some references could not be written, and psycopg might return bytes.
        parameters["client_encoding"] = "UTF8"
        try:
            # A client-side cursor inserts the values itself, so several statements can go in one message and save round trips.
            # No limit is stated: the URL may set another one, and each address of the server gets it.
            with self._clock.waiting(f"The journal {self.label} cannot be reached yet", 0):
                self._connection = psycopg.connect(
                    self._url,
                    autocommit=True,
                    cursor_factory=psycopg.ClientCursor,
                    **{name: value for name, value in parameters.items() if name not in given},
                )
            self._watch = Watch(self._connection.fileno())
        except (psycopg.Error, OSError, RuntimeError) as error:
            # RuntimeError means that no thread could be started.
            raise DatabaseFailed(_said(error), "Check journal (host, user, password, database), and run again.") from None
        self.run(
            *(Statement(f"SET tcp_keepalives_{name} = {value}") for name, value in _KEEPALIVES.items()),
            Statement(f"SET lock_timeout = '{_MAX_ANSWER_SECONDS}s'"),
            Statement("SET default_transaction_isolation = 'read committed'"),
            Statement(f"SET search_path = {SCHEMA}"),
            # The watch limits each wait for an answer, so a timeout of the server's role must not cancel a statement earlier.
            Statement("SET statement_timeout = 0"),
            # A run that is suspended within a transaction must not block all others of the account.
            Statement(f"SET idle_in_transaction_session_timeout = '{_MAX_ANSWER_SECONDS}s'"),
            # Never turned off, because an administrator may have turned it on.
            *([] if writes else [Statement("SET default_transaction_read_only = on")]),
            # Whatever the role's default, a COMMIT that has returned must survive a crash of the server.
            Statement("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')"),
        )

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                if self._watch is not None and self._connection.info.transaction_status == TransactionStatus.IDLE:
                    # The server notices the end of a connection with a delay, and the next run should not have to wait for that.
                    with self._watch.limit(_MAX_GOODBYE_SECONDS):
                        self._connection.execute("SELECT pg_advisory_unlock_all()")
            if self._watch is not None:
                self._watch.end()
            with contextlib.suppress(psycopg.Error, OSError):
                self._connection.close()
            self._connection, self._watch = None, None

    def has_tables(self) -> bool:
        # Not to_regclass: within a transaction, it may miss a table that another transaction has just created.
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
        if self._begin:
            # Nothing was sent yet: without BEGIN, the next statement after this transaction would open another one.
            queued, self._queued = self._queued, []
            refuse_unchanged(self.run(*queued))
        statements, self._queued = [*self._queued, Statement("COMMIT")], []
        try:
            answers, status = self._send(statements)
        except DatabaseFailed as error:
            if _state_of(error).startswith(_STATEMENT_FAILED):
                # A statement before COMMIT failed, so COMMIT was not executed.
                raise
            raise CommitInDoubt(str(error)) from None
        if status != "COMMIT":
            # After a failed statement, the server answers COMMIT with ROLLBACK instead of an error.
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
            # The transaction has done nothing yet, and what it writes is conditional on the epoch.
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
        """Connect again after the connection was lost. The epoch tells whether the target is still this run's, whoever has the lock now."""
        self.close()
        self.open(self._writes)
        self._was_reconnected = True
        for target, exclusive in self._locked:
            self.try_lock(target, exclusive)

    def _send(self, statements: t.Sequence[Statement]) -> tuple[list[Answer], str]:
        """Execute statements, and return the result of each, and the server's status of the last one."""
        connection = self._connection
        if connection is None:
            raise DatabaseFailed("it is no longer connected")
        sql = "; ".join(statement.sql for statement in statements).replace("?", "%s")
        values = [value for statement in statements for value in statement.values]
        try:
            # The watch checks once a second, so it may react up to two seconds late.
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
    """Return the SQLSTATE of an error; empty if there is none, for example when the connection was lost."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def _results(cursor: t.Any) -> t.Iterator[t.Any]:
    """Move the cursor to the result of each statement in turn."""
    yield cursor
    while cursor.nextset():
        yield cursor


def grants(role: str = "ROLE") -> str:
    """Return the SQL that grants a role the privileges that runs need, and no others."""
    tables = [name for name in TABLES if name not in (VERSION_TABLE, *APPENDED)]
    return (
        f"SET search_path = {SCHEMA}; GRANT USAGE ON SCHEMA {SCHEMA} TO {role}; GRANT SELECT ON {VERSION_TABLE} TO {role}; "
        f"GRANT SELECT, INSERT ON {', '.join(APPENDED)} TO {role}; GRANT SELECT, INSERT, UPDATE ON {', '.join(tables)} TO {role};"
    )


def _ungranted() -> str:
    return f"Run as the owner of the tables, with the user in the URL as ROLE: {grants()}"


def unprepared() -> str:
    """Return how the owner of the database creates the tables."""
    return (
        f"Run the module once as the owner of the database, with acknowledge: first-use; this creates the tables and sends nothing. Then, as that "
        f"owner (ROLE is the user of the runs): {grants()}"
    )


def _said(error: BaseException) -> str:
    """Return the first line of a message of the server or libpq, which contains no password."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__

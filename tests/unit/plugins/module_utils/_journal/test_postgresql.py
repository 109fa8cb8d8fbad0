# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal in a PostgreSQL database: connections that break, commits without an answer, roles, and what the server's owner has set."""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
import threading
import typing as t
from decimal import Decimal
from urllib.parse import urlsplit

import psycopg
import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Busy, JournalLost, JournalUnusable
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal import postgresql
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import CommitInDoubt, DatabaseFailed
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.postgresql import PostgresDatabase, grants
from ansible_collections.treasury.bybit.plugins.module_utils._journal.schema import MIGRATIONS, prepare
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store, is_in_doubt
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target
from postgres import Server
from postgres.relay import CommitRelay, Loses

TARGET = Target("mainnet", "104", "legacy", "17")
INTENT = Intent(
    "8f2a", Goal(Decimal(100)), Decimal(100), "USDT", Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), ()), 1793534400000, 5000,
    reference="INV-7",
)

Begin = t.Callable[..., Journal]
Recorded = t.Callable[[], list[Intent]]


@pytest.fixture
def kind() -> str:
    return "postgresql"


@pytest.fixture(scope="module")
def running_server(new_server: t.Callable[[], Server]) -> t.Iterator[Server]:
    """One of its own, because it is stopped: with the databases of all other tests, that could take minutes."""
    with new_server() as server:
        yield server


@pytest.fixture
def database(new_database: t.Callable[[], PostgresDatabase]) -> PostgresDatabase:
    """One that is connected."""
    database = new_database()
    database.open(writes=True)
    return database


@pytest.fixture
def relay(url: str) -> t.Iterator[CommitRelay]:
    with contextlib.closing(CommitRelay(url)) as relay:
        yield relay


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a server up that does not answer before the test gets long; libpq has 2 s at least to connect."""
    monkeypatch.setattr(postgresql, "_MAX_ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(postgresql, "_CONNECT_SECONDS", 2)


@pytest.fixture
def as_owner(url: str) -> t.Callable[[str], None]:
    """Carry out a statement as whoever administers the server."""

    def call(sql: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.encode())

    return call


@pytest.fixture
def role(server: Server, url: str, as_owner: t.Callable[[str], None]) -> t.Iterator[str]:
    """A user who may connect, and nothing else."""
    name = f"runner_{secrets.token_hex(4)}"
    as_owner(f"CREATE ROLE {name} LOGIN PASSWORD 'secret-of-{name}'")
    yield name
    as_owner(f"DROP OWNED BY {name}")
    as_owner(f"DROP ROLE {name}")


def url_of(url: str, role: str) -> str:
    parts = urlsplit(url)
    return f"postgresql://{role}:secret-of-{role}@{parts.hostname}:{parts.port}{parts.path}"


def begun(url: str, clock: t.Any, check_mode: bool = False) -> Journal:
    journal = Journal(Store(PostgresDatabase(url), TARGET, clock))
    try:
        journal.begin(check_mode, 60_000)
    except BaseException:
        journal.release()
        raise
    return journal


def test_each_answer_that_is_waited_for_is_heard_of(url: str, clock: t.Any) -> None:
    with contextlib.closing(PostgresDatabase(url, clock)) as database:
        database.open(writes=False)
        database.query("SELECT 1")
    unreached, unanswered = f"The journal {database.label} cannot be reached yet", f"The journal {database.label} has not answered yet"
    assert clock.heard == [unreached, "", unanswered, "", unanswered, ""]


def test_how_long_a_connection_takes_at_most_is_not_known() -> None:
    """Each address of the server gets the time that the URL gives."""
    heard: list[tuple[int, str, int]] = []
    with pytest.raises(DatabaseFailed):
        PostgresDatabase("postgresql://u@127.0.0.1:1/d?connect_timeout=20", Clock(listener=lambda *wait: heard.append(wait))).open(writes=False)
    assert [at_most_ms for dummy, dummy2, at_most_ms in heard] == [0, 0]


def test_a_wrong_password_is_told_and_not_shown(url: str, server: Server, clock: t.Any) -> None:
    wrong = url.replace(server.password, "Needle0123456789")
    with pytest.raises(JournalLost) as caught:
        begun(wrong, clock)
    message = str(caught.value)
    name = urlsplit(url).path[1:]
    assert message.startswith(f"The journal in the PostgreSQL database '{name}' on 127.0.0.1 cannot be used (connection failed: ")
    assert 'password authentication failed for user "postgres"' in message
    assert message.endswith("whose outcome is unknown. Check journal (host, user, password, database), and run again.")
    assert "Needle" not in message and server.password not in message
    assert caught.value.outcome == "unknown"
    assert is_in_doubt(PostgresDatabase(wrong), "mainnet", "legacy", "17")


def test_a_server_that_does_not_run_is_told(url: str, server: Server, clock: t.Any) -> None:
    # A shutdown in good order flushes every database first, which takes long.
    server.stop("immediate")
    for check_mode in (False, True):
        with pytest.raises(JournalLost, match="Connection refused") as caught:
            begun(url, clock, check_mode)
        assert server.password not in str(caught.value)


def test_a_database_that_does_not_exist_is_told(url: str, clock: t.Any) -> None:
    with pytest.raises(JournalLost, match='database "nothing" does not exist'):
        begun(url.replace(urlsplit(url).path, "/nothing"), clock)


@pytest.mark.usefixtures("impatient")
def test_a_server_that_does_not_answer_is_given_up(url: str, server: Server, clock: t.Any) -> None:
    server.pause()
    with pytest.raises(JournalLost, match="timeout"):
        begun(url, clock)


def test_nothing_is_asked_before_it_is_opened(url: str, server: Server) -> None:
    # A shutdown in good order flushes every database first, which takes long.
    server.stop("immediate")
    database = PostgresDatabase(url)
    database.check()
    # Whether there is anything shows only then.
    assert database.is_there()
    database.close()


def test_a_server_that_has_crashed_and_runs_again_is_connected_anew(begin: Begin, server: Server, recorded: Recorded) -> None:
    journal = begin()
    server.stop("immediate")
    server.start()
    journal.note(INTENT)
    assert recorded() == [INTENT]
    server.stop("immediate")
    server.start()
    journal.discard(INTENT, "no trace")
    journal.close(True)
    assert recorded() == []


def test_a_server_that_has_crashed_takes_nothing_more(begin: Begin, server: Server, recorded: Recorded) -> None:
    journal = begin()
    server.stop("immediate")
    with pytest.raises(JournalUnusable, match="Connection refused") as caught:
        journal.note(INTENT)
    assert caught.value.outcome == "not_executed"
    server.start()
    assert recorded() == []


def test_after_a_new_connection_others_are_kept_out_again(begin: Begin, server: Server, new_store: t.Callable[..., Store], clock: t.Any) -> None:
    journal = begin()
    server.stop("immediate")
    server.start()
    journal.note(INTENT)
    with pytest.raises(Busy):
        new_store().acquire(0)


def test_a_crash_within_a_transaction_undoes_it(database: PostgresDatabase, begin: Begin, server: Server, recorded: Recorded) -> None:
    journal = begin()
    journal.note(INTENT)
    database.begin(writes=True)
    database.change("UPDATE bybit_intents SET state = 'void'")
    server.stop("immediate")
    with pytest.raises(CommitInDoubt):
        database.commit()
    server.start()
    assert recorded() == [INTENT]


def test_a_transaction_is_not_continued_on_another_connection(database: PostgresDatabase, begin: Begin, server: Server, recorded: Recorded) -> None:
    begin().note(INTENT)
    with pytest.raises(DatabaseFailed), database.transaction():
        database.change("UPDATE bybit_intents SET outcome = 'executed'")
        server.stop("immediate")
        server.start()
        database.change("UPDATE bybit_intents SET state = 'void'")
    assert recorded() == [INTENT]


def test_a_commit_that_undoes_is_none(database: PostgresDatabase, begin: Begin, recorded: Recorded) -> None:
    """Once a statement has failed, PostgreSQL answers COMMIT with ROLLBACK, and without an error."""
    begin().note(INTENT)
    database.begin(writes=True)
    database.change("UPDATE bybit_intents SET state = 'void'")
    with pytest.raises(DatabaseFailed):
        database.change("UPDATE nothing SET state = 'void'")
    with pytest.raises(DatabaseFailed, match="the server rolled the transaction back"):
        database.commit()
    assert recorded() == [INTENT]


@pytest.mark.parametrize("loses", ["commit", "answer"])
def test_nothing_may_be_sent_when_nobody_knows_whether_it_was_recorded(
    relay: CommitRelay,
    begin: Begin,
    recorded: Recorded,
    clock: t.Any,
    loses: Loses,
    trail: t.Callable[..., list[str]],
    await_server: t.Callable[[], None],
) -> None:
    journal = begun(relay.url, clock)
    relay.loses = loses
    with pytest.raises(JournalUnusable, match="^The journal .* did not confirm the COMMIT .*Check the journal, and run again to find out.$"):
        journal.note(INTENT)
    journal.release()
    await_server()
    # A later run finds what is there.
    found = begin()
    assert found.open_intents() == recorded() == ([INTENT] if loses == "answer" else [])
    assert trail() == (["intended", "signed"] if loses == "answer" else [])


@pytest.mark.parametrize("loses", ["commit", "answer"])
def test_what_was_perhaps_recorded_and_not_sent_is_void_at_the_end(
    relay: CommitRelay, select: t.Callable[..., t.Any], trail: t.Callable[..., list[str]], clock: t.Any, loses: Loses
) -> None:
    journal = begun(relay.url, clock)
    relay.loses = loses
    with pytest.raises(JournalUnusable):
        journal.note(INTENT)
    relay.loses = "nothing"
    journal.discard(INTENT, "it was not sent")
    journal.close(False, "It is not certain.")
    assert select("SELECT state FROM bybit_intents") == ([("void",)] if loses == "answer" else [])
    assert trail() == (["intended", "signed", "not_executed"] if loses == "answer" else [])


@pytest.mark.parametrize("loses", ["commit", "answer"])
def test_a_target_that_was_perhaps_acquired_is_not(
    relay: CommitRelay, begin: Begin, recorded: Recorded, clock: t.Any, loses: Loses
) -> None:
    begin().release()
    journal = Journal(Store(PostgresDatabase(relay.url), TARGET, clock))
    relay.loses = loses
    with pytest.raises(JournalUnusable):
        journal.begin(False, 1000)
    relay.loses = "nothing"
    # Its epoch may be that of somebody else by now.
    begin()
    with pytest.raises(JournalUnusable):
        journal.note(INTENT)
    journal.release()
    assert recorded() == []


@pytest.mark.parametrize("loses", ["commit", "answer"])
def test_what_was_perhaps_written_is_told_once(
    relay: CommitRelay, select: t.Callable[..., t.Any], trail: t.Callable[..., list[str]], clock: t.Any, loses: Loses
) -> None:
    journal = begun(relay.url, clock)
    journal.note(INTENT)
    journal.discard(INTENT, "no trace")
    relay.loses = loses
    again = dataclasses.replace(INTENT, intent_id="9c1b")
    with pytest.raises(JournalUnusable):
        journal.note(again)
    relay.loses = "nothing"
    journal.discard(again, "it was not sent")
    journal.close(False, "It is not certain.")
    was_written = loses == "answer"
    assert trail("8f2a") == ["intended", "signed", "not_executed"]
    assert trail("9c1b") == (["intended", "signed", "not_executed"] if was_written else [])
    assert select("SELECT state FROM bybit_intents") == [("void",)] * (2 if was_written else 1)


@pytest.mark.usefixtures("impatient")
def test_a_server_that_falls_silent_is_given_up(begin: Begin, server: Server, recorded: Recorded) -> None:
    journal = begin()
    server.pause()
    with pytest.raises(JournalUnusable) as caught:
        journal.note(INTENT)
    assert caught.value.outcome == "not_executed"
    server.resume()
    journal.release()
    assert recorded() == []


@pytest.mark.usefixtures("impatient")
def test_a_commit_at_which_the_server_falls_silent_is_in_doubt(database: PostgresDatabase, begin: Begin, server: Server) -> None:
    journal = begin()
    journal.note(INTENT)
    database.begin(writes=True)
    database.change("UPDATE bybit_intents SET outcome = 'executed'")
    server.pause()
    with pytest.raises(CommitInDoubt):
        database.commit()


@pytest.mark.parametrize(
    ("default", "used"), [("off", "on"), ("local", "on"), ("on", "on"), ("remote_write", "remote_write"), ("remote_apply", "remote_apply")]
)
def test_what_is_committed_survives_a_crash_whatever_is_the_default(
    url: str, role: str, as_owner: t.Callable[[str], None], default: str, used: str
) -> None:
    as_owner(f"ALTER ROLE {role} SET synchronous_commit = {default}")
    with contextlib.closing(PostgresDatabase(url_of(url, role))) as database:
        database.open(writes=True)
        assert database.query("SHOW synchronous_commit") == [(used,)]


def test_a_database_that_was_made_read_only_stays_so(url: str, role: str, as_owner: t.Callable[[str], None], clock: t.Any) -> None:
    """It is how writers are kept out while it moves to another server."""
    begun(url, clock).release()
    as_owner(grants(role))
    as_owner(f"ALTER ROLE {role} SET default_transaction_read_only = on")
    with pytest.raises(JournalUnusable, match="read-only transaction"):
        begun(url_of(url, role), clock)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE RULE nothing AS ON INSERT TO treasury_bybit.bybit_intents DO INSTEAD NOTHING",
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; "
        "CREATE TRIGGER nothing BEFORE INSERT ON treasury_bybit.bybit_intents FOR EACH ROW EXECUTE FUNCTION nothing()",
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; "
        "CREATE TRIGGER nothing BEFORE INSERT ON treasury_bybit.bybit_entries FOR EACH ROW EXECUTE FUNCTION nothing()",
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; "
        "CREATE TRIGGER nothing BEFORE INSERT ON treasury_bybit.bybit_chains FOR EACH ROW EXECUTE FUNCTION nothing()",
    ],
    ids=["rule", "trigger", "trigger of entries", "trigger of chains"],
)
def test_what_the_server_does_not_store_is_not_sent(url: str, begin: Begin, as_owner: t.Callable[[str], None], sql: str) -> None:
    journal = begin()
    as_owner(sql)
    with pytest.raises(JournalUnusable, match="it did not store what was written to it"):
        journal.note(INTENT)


def test_an_end_of_a_chain_that_was_changed_is_no_other_run(begin: Begin, as_owner: t.Callable[[str], None]) -> None:
    journal = begin()
    journal.note(INTENT)
    as_owner("UPDATE treasury_bybit.bybit_chains SET length = 0")
    with pytest.raises(JournalLost, match="bybit_entries_pkey"):
        journal.note(dataclasses.replace(INTENT, repay_id="99"))


def test_a_run_that_is_suspended_in_a_transaction_is_thrown_out(database: PostgresDatabase) -> None:
    assert database.query("SHOW idle_in_transaction_session_timeout") == [("30s",)]
    assert database.query("SHOW statement_timeout") == [("0",)]


def test_without_another_thread_it_is_not_used(url: str, clock: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    with pytest.raises(JournalUnusable, match="can't start new thread"):
        begun(url, clock)


def test_text_is_compared_byte_by_byte(begin: Begin, select: t.Callable[..., t.Any]) -> None:
    """Otherwise, an upgrade of the system's collations could hide what an index has."""
    begin()
    sql = "SELECT DISTINCT collation_name FROM information_schema.columns WHERE table_schema = 'treasury_bybit' AND data_type = 'text'"
    assert select(sql) == [("C",)]


@pytest.mark.parametrize("setting", ["statement_timeout = '1ms'", "default_transaction_isolation = 'serializable'"])
def test_other_defaults_do_not_matter(
    url: str, role: str, as_owner: t.Callable[[str], None], clock: t.Any, setting: str, recorded: Recorded
) -> None:
    begun(url, clock).release()
    as_owner(grants(role))
    as_owner(f"ALTER ROLE {role} SET {setting}")
    journal = begun(url_of(url, role), clock)
    journal.note(INTENT)
    journal.release()
    assert recorded() == [INTENT]


def test_the_server_is_told_who_is_connected_and_notices_when_the_machine_is_gone(database: PostgresDatabase) -> None:
    names = ("application_name", "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count")
    assert [database.query(f"SHOW {name}")[0][0] for name in names] == ["treasury.bybit", "15", "5", "3"]


@pytest.mark.parametrize("given", ["application_name=mine", "connect_timeout=3"])
def test_what_the_url_says_counts(url: str, given: str) -> None:
    with contextlib.closing(PostgresDatabase(f"{url}?{given}")) as database:
        database.open(writes=True)
        assert database.query("SHOW application_name") == [("mine" if "mine" in given else "treasury.bybit",)]


def test_a_socket_serves_as_well(url: str, server: Server, clock: t.Any, recorded: Recorded) -> None:
    journal = begun(server.by_socket(url), clock)
    journal.note(INTENT)
    journal.release()
    assert recorded() == [INTENT]


def test_a_role_with_the_listed_rights_can_do_everything(
    url: str, role: str, as_owner: t.Callable[[str], None], clock: t.Any, trail: t.Callable[..., list[str]]
) -> None:
    begun(url, clock).release()
    as_owner(grants(role))
    own = url_of(url, role)
    journal = begun(own, clock)
    assert journal.use_of("INV-7") is None
    journal.note(INTENT)
    journal.close(False, "It is unknown.")
    assert is_in_doubt(PostgresDatabase(own), "mainnet", "legacy", "17")
    looking = begun(own, clock, check_mode=True)
    assert (looking.open_intents(), looking.use_of("INV-7") is not None) == ([INTENT], True)
    looking.release()
    later = begun(own, clock)
    later.discard(INTENT, "no trace")
    later.note(dataclasses.replace(INTENT, intent_id="9c1b"))
    later.close(True)
    assert trail() == ["intended", "signed", "unknown", "recovered", "not_executed", "intended", "signed"]


def test_a_role_with_the_listed_rights_cannot_change_the_audit_trail(
    url: str, role: str, as_owner: t.Callable[[str], None], clock: t.Any
) -> None:
    begun(url, clock).release()
    as_owner(grants(role))
    with contextlib.closing(PostgresDatabase(url_of(url, role))) as database:
        database.open(writes=True)
        forbidden = ["UPDATE bybit_entries SET event = 'x'", "UPDATE bybit_journal SET version = 7", "DROP TABLE bybit_intents"]
        forbidden += [f"DELETE FROM bybit_{name}" for name in ("entries", "intents", "targets", "chains", "journal")]
        for sql in forbidden:
            with pytest.raises(DatabaseFailed, match="permission denied|must be owner"):
                database.change(sql)


def test_a_role_that_may_not_make_the_tables_is_told_who_may(url: str, role: str, clock: t.Any) -> None:
    with pytest.raises(JournalUnusable) as caught:
        begun(url_of(url, role), clock)
    assert not isinstance(caught.value, JournalLost)
    assert str(caught.value) == (
        f"The journal in the PostgreSQL database '{urlsplit(url).path[1:]}' on 127.0.0.1 cannot be used (its tables are missing or older than "
        f"this collection, and its user may not create them). Run the module once as the owner of the database, with acknowledge: first-use; this "
        f"creates the tables and sends nothing. Then, as that owner (ROLE is the user of the runs): {grants()}"
    )
    # A plan of what would be paid needs no tables.
    begun(url_of(url, role), clock, check_mode=True).release()


def test_a_role_that_may_not_migrate_the_tables_hides_what_they_record(
    url: str, role: str, as_owner: t.Callable[[str], None], clock: t.Any
) -> None:
    begun(url, clock).release()
    as_owner(grants(role))
    newer = (*MIGRATIONS, ("CREATE TABLE bybit_more (number BIGINT NOT NULL)",))
    with contextlib.closing(PostgresDatabase(url_of(url, role))) as database:
        database.open(writes=True)
        with pytest.raises(DatabaseFailed, match="its tables are missing or older than this collection") as caught:
            prepare(database, newer)
    assert caught.value.hides_intents


def test_a_role_that_may_make_the_tables_needs_nothing_else(
    url: str, role: str, as_owner: t.Callable[[str], None], clock: t.Any, recorded: Recorded
) -> None:
    as_owner(f"GRANT CREATE ON DATABASE {urlsplit(url).path[1:]} TO {role}")
    journal = begun(url_of(url, role), clock)
    journal.note(INTENT)
    journal.release()
    assert recorded() == [INTENT]


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_role_without_rights_is_told_which_it_needs(url: str, role: str, clock: t.Any, check_mode: bool) -> None:
    begun(url, clock).release()
    with pytest.raises(JournalLost) as caught:
        begun(url_of(url, role), clock, check_mode)
    assert "(permission denied for schema treasury_bybit)" in str(caught.value)
    assert str(caught.value).endswith(f"Run as the owner of the tables, with the user in the URL as ROLE: {grants()}")

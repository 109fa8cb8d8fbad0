# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commits to a PostgreSQL database: nothing is sent whose record is in doubt, undone, or not stored."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import JournalLost, JournalUnusable
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import CommitInDoubt, DatabaseFailed, Statement
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.postgresql import PostgresDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
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
def relay(url: str) -> t.Iterator[CommitRelay]:
    with contextlib.closing(CommitRelay(url)) as relay:
        yield relay


@pytest.mark.parametrize("loses_connection", [False, True])
def test_a_transaction_that_only_queues_ends_with_its_commit(database: PostgresDatabase, server: Server, loses_connection: bool) -> None:
    database.change("CREATE TABLE public.notes (text TEXT)")
    if loses_connection:
        server.stop("immediate")
        server.start()
    with database.transaction():
        database.queue(Statement("INSERT INTO public.notes VALUES (?)", ("one",)))
    assert database.query("SELECT text FROM public.notes") == [("one",)]
    # Otherwise, the query would have begun a transaction in which this fails.
    with database.transaction(writes=False):
        assert database.query("SELECT text FROM public.notes") == [("one",)]


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


def test_a_commit_that_rolls_back_is_an_error(database: PostgresDatabase, begin: Begin, recorded: Recorded) -> None:
    """After a failed statement, PostgreSQL answers COMMIT with ROLLBACK and without an error."""
    begin().note(INTENT)
    database.begin(writes=True)
    database.change("UPDATE bybit_intents SET state = 'void'")
    with pytest.raises(DatabaseFailed):
        database.change("UPDATE nothing SET state = 'void'")
    with pytest.raises(DatabaseFailed, match="the server rolled the transaction back"):
        database.commit()
    assert recorded() == [INTENT]


@pytest.mark.parametrize("loses", ["commit", "answer"])
def test_nothing_may_be_sent_if_the_record_is_in_doubt(
    relay: CommitRelay,
    begin: Begin,
    recorded: Recorded,
    begun: Begin,
    loses: Loses,
    trail: t.Callable[..., list[str]],
    await_server: t.Callable[[], None],
) -> None:
    journal = begun(relay.url)
    relay.loses = loses
    with pytest.raises(JournalUnusable, match="^The journal .* did not confirm the COMMIT .*Check the journal, and run again to find out.$"):
        journal.note(INTENT)
    journal.release()
    await_server()
    # A later run finds what was recorded.
    found = begin()
    assert found.open_intents() == recorded() == ([INTENT] if loses == "answer" else [])
    assert trail() == (["intended", "signed"] if loses == "answer" else [])


@pytest.mark.parametrize("loses", ["commit", "answer"])
def test_an_intent_that_was_perhaps_recorded_and_not_sent_is_void_at_the_end(
    relay: CommitRelay, select: t.Callable[..., t.Any], trail: t.Callable[..., list[str]], begun: Begin, loses: Loses
) -> None:
    journal = begun(relay.url)
    relay.loses = loses
    with pytest.raises(JournalUnusable):
        journal.note(INTENT)
    relay.loses = "nothing"
    journal.discard(INTENT, "it was not sent")
    journal.close(False, "It is not certain.")
    assert select("SELECT state FROM bybit_intents") == ([("void",)] if loses == "answer" else [])
    assert trail() == (["intended", "signed", "not_executed"] if loses == "answer" else [])


@pytest.mark.parametrize("loses", ["commit", "answer"])
def test_a_target_that_was_perhaps_acquired_counts_as_not_acquired(
    relay: CommitRelay, begin: Begin, recorded: Recorded, clock: t.Any, loses: Loses
) -> None:
    begin().release()
    journal = Journal(Store(PostgresDatabase(relay.url), TARGET, clock))
    relay.loses = loses
    with pytest.raises(JournalUnusable):
        journal.begin(False, 1000)
    relay.loses = "nothing"
    # By now, its epoch may belong to another run.
    begin()
    with pytest.raises(JournalUnusable):
        journal.note(INTENT)
    journal.release()
    assert recorded() == []


@pytest.mark.parametrize("loses", ["commit", "answer"])
def test_an_entry_that_was_perhaps_written_exists_once(
    relay: CommitRelay, select: t.Callable[..., t.Any], trail: t.Callable[..., list[str]], begun: Begin, loses: Loses
) -> None:
    journal = begun(relay.url)
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
def test_a_commit_survives_a_crash_whatever_the_default_is(
    role: str, role_url: str, as_owner: t.Callable[[str], None], default: str, used: str
) -> None:
    as_owner(f"ALTER ROLE {role} SET synchronous_commit = {default}")
    with contextlib.closing(PostgresDatabase(role_url)) as database:
        database.open(writes=True)
        assert database.query("SHOW synchronous_commit") == [(used,)]


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
def test_an_intent_that_the_server_does_not_store_is_not_sent(url: str, begin: Begin, as_owner: t.Callable[[str], None], sql: str) -> None:
    journal = begin()
    as_owner(sql)
    with pytest.raises(JournalUnusable, match="it did not store what was written to it"):
        journal.note(INTENT)


def test_a_changed_end_of_a_chain_is_not_taken_for_another_run(begin: Begin, as_owner: t.Callable[[str], None]) -> None:
    journal = begin()
    journal.note(INTENT)
    as_owner("UPDATE treasury_bybit.bybit_chains SET length = 0")
    with pytest.raises(JournalLost, match="bybit_entries_pkey"):
        journal.note(dataclasses.replace(INTENT, repay_id="99"))

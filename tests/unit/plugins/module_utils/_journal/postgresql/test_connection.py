# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection to a PostgreSQL database: servers that cannot be reached, crash, or fall silent, and what the URL and the server set."""

from __future__ import annotations

import contextlib
import threading
import typing as t
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Busy, JournalLost, JournalUnusable
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import DatabaseFailed
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.postgresql import PostgresDatabase, grants
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store, is_in_doubt
from postgres import Server

INTENT = Intent(
    "8f2a", Goal(Decimal(100)), Decimal(100), "USDT", Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), ()), 1793534400000, 5000,
    reference="INV-7",
)
Begin = t.Callable[..., Journal]
Recorded = t.Callable[[], list[Intent]]


def test_a_listener_hears_of_each_wait(url: str, clock: t.Any) -> None:
    with contextlib.closing(PostgresDatabase(url, clock)) as database:
        database.open(writes=False)
        database.query("SELECT 1")
    unreached, unanswered = f"The journal {database.label} cannot be reached yet", f"The journal {database.label} has not answered yet"
    assert clock.heard == [unreached, "", unanswered, "", unanswered, ""]


def test_no_limit_is_stated_for_a_connection() -> None:
    """Each address of the server gets the time that the URL sets."""
    heard: list[tuple[int, str, int]] = []
    with pytest.raises(DatabaseFailed):
        PostgresDatabase("postgresql://u@127.0.0.1:1/d?connect_timeout=20", Clock(listener=lambda *wait: heard.append(wait))).open(writes=False)
    assert [at_most_ms for dummy, dummy2, at_most_ms in heard] == [0, 0]


def test_a_wrong_password_is_reported_and_not_shown(url: str, server: Server, begun: Begin) -> None:
    wrong = url.replace(server.password, "Needle0123456789")
    with pytest.raises(JournalLost) as caught:
        begun(wrong)
    message = str(caught.value)
    name = urlsplit(url).path[1:]
    assert message.startswith(f"The journal in the PostgreSQL database '{name}' on 127.0.0.1 cannot be used (connection failed: ")
    assert 'password authentication failed for user "postgres"' in message
    assert message.endswith("whose outcome is unknown. Check journal (host, user, password, database), and run again.")
    assert "Needle" not in message and server.password not in message
    assert caught.value.outcome == "unknown"
    assert is_in_doubt(PostgresDatabase(wrong), "mainnet", "legacy", "17")


def test_a_server_that_does_not_run_is_reported(url: str, server: Server, begun: Begin) -> None:
    # An orderly shutdown flushes every database first, which takes long.
    server.stop("immediate")
    for check_mode in (False, True):
        with pytest.raises(JournalLost, match="Connection refused") as caught:
            begun(url, check_mode)
        assert server.password not in str(caught.value)


def test_a_database_that_does_not_exist_is_reported(url: str, begun: Begin) -> None:
    with pytest.raises(JournalLost, match='database "nothing" does not exist'):
        begun(url.replace(urlsplit(url).path, "/nothing"))


@pytest.mark.usefixtures("impatient")
def test_a_server_that_does_not_answer_is_given_up(url: str, server: Server, begun: Begin) -> None:
    server.pause()
    with pytest.raises(JournalLost, match="timeout"):
        begun(url)


def test_nothing_is_read_before_the_database_is_opened(url: str, server: Server) -> None:
    # An orderly shutdown flushes every database first, which takes long.
    server.stop("immediate")
    database = PostgresDatabase(url)
    database.check()
    # Only then does it show whether anything is recorded.
    assert database.is_there()
    database.close()


def test_a_restarted_server_is_connected_again(begin: Begin, server: Server, recorded: Recorded) -> None:
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


def test_a_crashed_server_accepts_nothing_more(begin: Begin, server: Server, recorded: Recorded) -> None:
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


def test_a_run_suspended_in_a_transaction_is_disconnected(database: PostgresDatabase) -> None:
    assert database.query("SHOW idle_in_transaction_session_timeout") == [("30s",)]
    assert database.query("SHOW statement_timeout") == [("0",)]


def test_without_a_watching_thread_the_database_is_not_used(url: str, begun: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    with pytest.raises(JournalUnusable, match="can't start new thread"):
        begun(url)


def test_text_is_compared_byte_by_byte(begin: Begin, select: t.Callable[..., t.Any]) -> None:
    """Otherwise, an upgrade of the system's collations could hide rows behind an index."""
    begin()
    sql = "SELECT DISTINCT collation_name FROM information_schema.columns WHERE table_schema = 'treasury_bybit' AND data_type = 'text'"
    assert select(sql) == [("C",)]


@pytest.mark.parametrize("setting", ["statement_timeout = '1ms'", "default_transaction_isolation = 'serializable'"])
def test_other_defaults_of_the_server_do_not_matter(
    url: str, role: str, role_url: str, as_owner: t.Callable[[str], None], begun: Begin, setting: str, recorded: Recorded
) -> None:
    begun(url).release()
    as_owner(grants(role))
    as_owner(f"ALTER ROLE {role} SET {setting}")
    journal = begun(role_url)
    journal.note(INTENT)
    journal.release()
    assert recorded() == [INTENT]


def test_the_server_knows_the_client_and_notices_when_its_machine_is_gone(database: PostgresDatabase) -> None:
    names = ("application_name", "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count")
    assert [database.query(f"SHOW {name}")[0][0] for name in names] == ["treasury.bybit", "15", "5", "3"]


@pytest.mark.parametrize("given", ["application_name=mine", "connect_timeout=3"])
def test_settings_in_the_url_count(url: str, given: str) -> None:
    with contextlib.closing(PostgresDatabase(f"{url}?{given}")) as database:
        database.open(writes=True)
        assert database.query("SHOW application_name") == [("mine" if "mine" in given else "treasury.bybit",)]


def test_a_unix_socket_works(url: str, server: Server, begun: Begin, recorded: Recorded) -> None:
    journal = begun(server.by_socket(url))
    journal.note(INTENT)
    journal.release()
    assert recorded() == [INTENT]


def test_how_long_a_connection_takes_at_most_is_not_known() -> None:
    """Each address of the server gets the time that the URL gives."""
    heard: list[tuple[int, str, int]] = []
    with pytest.raises(DatabaseFailed):
        PostgresDatabase("postgresql://u@127.0.0.1:1/d?connect_timeout=20", Clock(listener=lambda *wait: heard.append(wait))).open(writes=False)
    assert [at_most_ms for dummy, dummy2, at_most_ms in heard] == [0, 0]

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The PostgreSQL server that other tests use is a real one, and can be stopped and paused."""

from __future__ import annotations

import typing as t
from concurrent import futures

import psycopg
import pytest
from postgres import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> t.Iterator[Server]:
    with Server(tmp_path_factory.mktemp("postgres")) as running:
        yield running


def ask(url: str, statement: str) -> t.Any:
    with psycopg.connect(url, connect_timeout=10) as connection:
        row = connection.execute(statement).fetchone()
    return None if row is None else row[0]


def test_a_new_database_is_empty_and_has_production_settings_except_for_the_flush(server):
    first, second = server.new_database(), server.new_database()
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE repayments (amount numeric)")
    for url in (second, server.by_socket(second)):
        assert ask(url, "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'") == 0
    assert ask(server.by_socket(first), "SELECT count(*) FROM repayments") == 0
    settings = [ask(first, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes", "password_encryption")]
    assert settings == ["off", "on", "on", "scram-sha-256"]


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_committed_data_survives_a_restart(server, mode):
    url, port = server.new_database(), server.port
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE repayments AS SELECT 5 AS amount")
        connection.commit()
        connection.execute("UPDATE repayments SET amount = 7")
        server.stop(mode)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="refused"):
        ask(url, "SELECT 1")
    server.start()
    assert server.port == port
    assert ask(url, "SELECT amount FROM repayments") == 5


def test_tcp_requires_a_password(server, monkeypatch):
    monkeypatch.delenv("PGPASSWORD", raising=False)
    url = server.new_database()
    for other in (f":{server.password}@", ":wrong@"), (f":{server.password}@", "@"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            ask(url.replace(*other), "SELECT 1")


def test_a_paused_server_answers_once_it_resumes(server):
    url = server.new_database()
    with psycopg.connect(url) as connection, futures.ThreadPoolExecutor() as threads:
        server.pause()
        try:
            answers = [threads.submit(connection.execute, "SELECT 1"), threads.submit(ask, url, "SELECT 1")]
            assert not futures.wait(answers, timeout=0.5).done
        finally:
            server.resume()
        assert futures.wait(answers, timeout=10).done == set(answers)
        assert [answer.exception() for answer in answers] == [None, None]


def test_a_paused_server_can_be_stopped(server):
    url = server.new_database()
    server.pause()
    server.stop("immediate")
    assert not server.is_running
    server.start()
    assert ask(url, "SELECT 1") == 1

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._journal import postgresql
from ansible_collections.treasury.bybit.plugins.module_utils._journal.postgresql import PostgresDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._journal.sqlite import SqliteDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._options.journal import (
    MissingPsycopg,
    database_of,
    journal_argument_spec,
    passwords_of,
)

SECRET = "Needle/0123456789"
URL = "postgresql://treasury:Needle%2F0123456789@db.example.com/treasury"


def named(journal: str, clock: t.Any) -> t.Any:
    return database_of({"journal": journal}, clock)


@pytest.fixture
def without_psycopg(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python without the library."""
    monkeypatch.setattr(postgresql, "IMPORT_ERROR", "ImportError: No module named 'psycopg'")


def test_the_option_is_hidden_and_can_come_from_the_environment() -> None:
    option = journal_argument_spec()["journal"]
    assert option["fallback"][1] == ["BYBIT_JOURNAL"]
    assert (option["type"], option["no_log"], option["default"]) == ("str", True, "~/.local/state/treasury.bybit/journal.sqlite")


@pytest.mark.parametrize(
    ("journal", "path"),
    [
        ("/var/lib/treasury/journal.sqlite", "/var/lib/treasury/journal.sqlite"),
        ("/var/lib//treasury/../treasury/./j", "/var/lib/treasury/j"),
        ("~/journal.sqlite", "/home/treasurer/journal.sqlite"),
        ("$PLACE/journal.sqlite", "/srv/place/journal.sqlite"),
        ("/a/postgresql:/b", "/a/postgresql:/b"),
    ],
)
def test_a_path_is_that_of_a_file(journal: str, path: str, clock: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/treasurer")
    monkeypatch.setenv("PLACE", "/srv/place")
    database = named(journal, clock)
    assert isinstance(database, SqliteDatabase)
    assert database.label == f"'{os.path.basename(path)}' in '{os.path.dirname(path)}'"


def test_naming_a_journal_creates_nothing(tmp_path: Path, clock: t.Any) -> None:
    named(str(tmp_path / "deep" / "journal.sqlite"), clock)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("journal", ["", "journal.sqlite", "./journal.sqlite", "a/../b", "~nobody-of-this-name/x", "$NOT_SET/x"])
def test_a_path_must_mean_the_same_everywhere(journal: str, clock: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    with pytest.raises(BadInput) as caught:
        named(journal, clock)
    assert str(caught.value) == (
        "journal is not an absolute path: start it with '/', so that every run finds what earlier runs "
        "recorded."
    )


@pytest.mark.parametrize("journal", [f"mysql://me:{SECRET}@db/x", "sqlite:///var/lib/x", "file:///var/lib/x", "PostgreSQL://db/x", " postgresql://db"])
def test_another_scheme_is_refused_and_not_shown(journal: str, clock: t.Any) -> None:
    with pytest.raises(BadInput) as caught:
        named(journal, clock)
    assert str(caught.value) == (
        "journal has an unsupported scheme: use the path of a file, or 'postgresql://user@host/database'."
    )


@pytest.mark.parametrize("journal", [f"postgresql://me:{SECRET}@db/x?colour=red", f"postgresql://[{SECRET}", f"postgres://me:%zz{SECRET}@db"])
def test_a_url_that_libpq_does_not_understand_is_refused_and_not_shown(journal: str, clock: t.Any) -> None:
    with pytest.raises(BadInput) as caught:
        named(journal, clock)
    assert str(caught.value) == (
        "journal is not a valid PostgreSQL URL: use 'postgresql://user@host/database', with libpq parameters after a '?', and percent-encode "
        "special characters in the password."
    )
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
    assert passwords_of({"journal": journal}) == []


@pytest.mark.parametrize("journal", ["postgresql://bot:Nee@dle@db/x", "postgresql://bot:12/Needle@db/x", "postgresql://bot@x:Needle@db/x"])
def test_a_password_that_libpq_splits_is_not_shown(journal: str, clock: t.Any) -> None:
    with pytest.raises(BadInput) as caught:
        named(journal, clock)
    assert str(caught.value).endswith("percent-encode special characters in the password.")
    assert "dle@" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "environment", "label"),
    [
        (URL, {}, "in the PostgreSQL database 'treasury' on db.example.com"),
        (URL.replace("postgresql", "postgres"), {}, "in the PostgreSQL database 'treasury' on db.example.com"),
        (f"postgresql://h/?dbname=d&password={SECRET}", {}, "in the PostgreSQL database 'd' on h"),
        ("postgresql://", {}, "in the PostgreSQL database"),
        ("postgresql://", {"PGHOST": "h", "PGDATABASE": "d"}, "in the PostgreSQL database 'd' on h"),
        ("postgresql://?service=treasury", {}, "in the PostgreSQL database of service 'treasury'"),
        ("postgresql://", {"PGSERVICE": "treasury"}, "in the PostgreSQL database of service 'treasury'"),
    ],
)
def test_a_url_is_that_of_a_database(
    url: str, environment: dict[str, str], label: str, clock: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGHOST", "PGDATABASE", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    database = named(url, clock)
    assert isinstance(database, PostgresDatabase)
    assert database.label == label


@pytest.mark.parametrize(
    ("url", "passwords"),
    [
        (URL, [SECRET]),
        (f"postgresql://db/x?password={SECRET}&sslpassword=other", [SECRET, "other"]),
        ("postgresql://treasury@db/x", []),
        ("postgresql://treasury:@db/x", []),
        (f"/var/lib/{SECRET}", []),
    ],
)
def test_the_passwords_of_a_url_are_extracted(url: str, passwords: list[str]) -> None:
    assert passwords_of({"journal": url}) == passwords


@pytest.mark.usefixtures("without_psycopg")
def test_a_url_needs_the_library(clock: t.Any) -> None:
    with pytest.raises(MissingPsycopg):
        named(URL, clock)
    assert passwords_of({"journal": URL}) == []


@pytest.mark.usefixtures("without_psycopg")
def test_a_path_does_not_need_it(clock: t.Any) -> None:
    assert isinstance(named("/var/lib/treasury/journal.sqlite", clock), SqliteDatabase)

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the option C(journal) to its database: what is hidden, and the message if it cannot be used."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput, JournalLost, JournalUnusable
from ansible_collections.treasury.bybit.plugins.module_utils._journal import postgresql
from ansible_collections.treasury.bybit.plugins.module_utils._journal.sqlite import SqliteDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._module.common import MissingLibrary
from ansible_collections.treasury.bybit.plugins.module_utils._module.journal import check_journal, hide_passwords, journal_database


class FakeModule:
    """A module with this option only, which records what it must hide."""

    def __init__(self, journal: str) -> None:
        self.params = {"journal": journal}
        self.hidden: set[str] = set()

    def hide(self, secrets: t.Iterable[str]) -> None:
        self.hidden |= set(secrets)


def named(journal: str, clock: t.Any) -> FakeModule:
    module = FakeModule(journal)
    hide_passwords(t.cast(t.Any, module))
    journal_database(t.cast(t.Any, module), clock)
    return module


def test_the_password_of_a_url_is_hidden_in_each_of_its_forms(clock: t.Any) -> None:
    hidden = named("postgresql://treasury:Needle%2F0123%20456789@db/treasury", clock).hidden
    assert {"Needle/0123 456789", "Needle%2F0123%20456789"} <= hidden
    assert not {"treasury", "db"} & hidden


@pytest.mark.parametrize("journal", ["/var/lib/treasury/journal.sqlite", "postgresql://treasury@db/treasury"])
def test_where_there_is_no_password_nothing_is_hidden(journal: str, clock: t.Any) -> None:
    assert named(journal, clock).hidden == set()


def test_a_url_without_the_library_says_how_to_get_it(clock: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "IMPORT_ERROR", "ImportError: No module named 'psycopg'")
    with pytest.raises(MissingLibrary) as caught:
        named("postgresql://treasury:Needle0123456789@db/treasury", clock)
    message = str(caught.value)
    assert "cannot import the Python library psycopg, which journal needs: " in message
    assert "psycopg[binary]>=3.1" in message or "python3-psycopg" in message
    assert (caught.value.import_error, "Needle" in message) == ("ImportError: No module named 'psycopg'", False)
    # A journal in a file does not need it.
    named("/var/lib/treasury/journal.sqlite", clock)


def test_an_invalid_path_is_bad_input(clock: t.Any) -> None:
    with pytest.raises(BadInput, match="^journal is not an absolute path"):
        named("journal.sqlite", clock)


@pytest.mark.parametrize(("is_there", "error", "outcome"), [(False, JournalUnusable, "not_executed"), (True, JournalLost, "unknown")])
def test_a_journal_that_cannot_be_used_is_refused_at_once(
    tmp_path: Path, clock: t.Any, is_there: bool, error: type[JournalUnusable], outcome: str
) -> None:
    path = tmp_path / "journal.sqlite"
    if is_there:
        path.write_bytes(b"SQLite")
        path.chmod(0o600)
    tmp_path.chmod(0o777)
    with pytest.raises(JournalUnusable, match="is writable by other users") as caught:
        check_journal(SqliteDatabase(str(path), clock))
    assert (type(caught.value), caught.value.outcome) == (error, outcome)
    assert str(caught.value).startswith(f"The journal 'journal.sqlite' in '{tmp_path}' cannot be used (")


def test_a_journal_that_can_be_created_is_accepted(tmp_path: Path, clock: t.Any) -> None:
    check_journal(SqliteDatabase(str(tmp_path / "deep" / "journal.sqlite"), clock))
    assert os.listdir(tmp_path) == []

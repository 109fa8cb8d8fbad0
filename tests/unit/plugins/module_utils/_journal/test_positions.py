# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The notes of a position are added and read back, in each database, and nothing relies on them."""

from __future__ import annotations

import contextlib
import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import Damaged, Database, DatabaseFailed, Row
from ansible_collections.treasury.bybit.plugins.module_utils._journal.positions import note_position, read_positions
from ansible_collections.treasury.bybit.plugins.module_utils._journal.schema import MIGRATIONS, prepare
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.trail import Filter, read_trail
from changes import new

Note = t.Callable[..., None]
Read = t.Callable[..., t.List[t.Dict[str, t.Any]]]


@pytest.fixture
def note(new_database: t.Callable[[], Database]) -> Note:
    """Note a position, as a run of its own."""

    def call(document: dict[str, t.Any], time_ms: int = 1000, realm: str = "mainnet", account: str = "104") -> None:
        with contextlib.closing(new_database()) as database:
            database.open(writes=True)
            note_position(database, realm, account, time_ms, document)

    return call


@pytest.fixture
def read(new_database: t.Callable[[], Database]) -> Read:
    def call(realm: str = "mainnet", account: str = "104", since_ms: int = 0, writes: bool = False) -> list[dict[str, t.Any]]:
        with contextlib.closing(new_database()) as database:
            database.open(writes=writes)
            return read_positions(database, realm, account, since_ms)

    return call


def test_a_position_is_read_back(note: Note, read: Read) -> None:
    document = {"ltv": "0.5512", "debts": [{"coin": "USDT", "amount": "1000.4"}], "note": "für März", "collateral": {}, "margin": None}
    note(document)
    assert read() == [document]


def test_positions_are_listed_by_time_from_a_moment_on(note: Note, read: Read) -> None:
    for time_ms in (3000, 1000, 2000):
        note({"at": time_ms}, time_ms)
    assert read() == [{"at": 1000}, {"at": 2000}, {"at": 3000}]
    assert read(since_ms=2000) == [{"at": 2000}, {"at": 3000}]
    assert read(since_ms=2001) == [{"at": 3000}]


def test_two_positions_of_one_millisecond_are_kept(note: Note, read: Read) -> None:
    for ltv in ("0.6", "0.5", "0.5"):
        note({"ltv": ltv})
    assert read() == [{"ltv": "0.5"}, {"ltv": "0.5"}, {"ltv": "0.6"}]


def test_other_accounts_and_realms_have_their_own(note: Note, read: Read) -> None:
    note({"of": "other"}, account="105")
    note({"of": "testnet"}, realm="testnet")
    assert (read(), read(account="105"), read(realm="testnet")) == ([], [{"of": "other"}], [{"of": "testnet"}])


def test_a_journal_without_tables_has_no_positions(read: Read) -> None:
    assert read(writes=True) == []


def test_a_journal_of_the_first_version_has_none_until_one_is_noted(new_database: t.Callable[[], Database], note: Note, read: Read) -> None:
    with contextlib.closing(new_database()) as database:
        database.open(writes=True)
        prepare(database, MIGRATIONS[:1])
    assert read() == []
    note({"ltv": "0.5"})
    assert read() == [{"ltv": "0.5"}]


def test_a_run_notes_while_it_holds_a_target(acquired: Store, note: Note, read: Read) -> None:
    acquired.write([new()])
    note({"ltv": "0.5"})
    acquired.write([])
    assert len(read()) == 1


@pytest.mark.parametrize("is_verified", [False, True])
def test_the_audit_trail_knows_nothing_of_positions(acquired: Store, note: Note, new_database: t.Callable[[], Database], is_verified: bool) -> None:
    acquired.write([new()])
    before = read_trail(new_database(), Filter(), is_verified)
    note({"ltv": "0.5"})
    note({"ltv": "0.5"}, account="105")
    assert read_trail(new_database(), Filter(), is_verified) == before
    assert [chain.misfit for chain in before.chains] == ([""] if is_verified else [])


@pytest.mark.parametrize("document", ["{", "[]", "5", '"{}"', "null", "[" * 100_000])
def test_a_damaged_position_is_an_error(note: Note, read: Read, write_anyhow: t.Callable[..., None], document: str) -> None:
    note({"ltv": "0.5"})
    write_anyhow("UPDATE bybit_positions SET document = ?", document)
    with pytest.raises(Damaged, match="a position in it is not a JSON object"):
        read()


def test_a_position_that_is_not_stored_is_an_error(
    kind: str, note: Note, select: t.Callable[..., list[Row]], write_anyhow: t.Callable[..., None]
) -> None:
    note({"ltv": "0.5"})
    if kind == "sqlite":
        write_anyhow("CREATE TRIGGER ignored BEFORE INSERT ON bybit_positions BEGIN SELECT RAISE(IGNORE); END")
    else:
        write_anyhow("CREATE RULE ignored AS ON INSERT TO bybit_positions DO INSTEAD NOTHING")
    with pytest.raises(DatabaseFailed, match="it did not store what was written to it"):
        note({"ltv": "0.6"})
    assert select("SELECT document FROM bybit_positions") == [('{"ltv":"0.5"}',)]


def test_a_read_only_run_notes_nothing(note: Note, new_database: t.Callable[[], Database], read: Read) -> None:
    note({"ltv": "0.5"})
    with contextlib.closing(new_database()) as database:
        database.open(writes=False)
        with pytest.raises(DatabaseFailed):
            note_position(database, "mainnet", "104", 1, {})
    assert len(read()) == 1

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles of a PostgreSQL database: which rights a run needs, and what it says without them."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import JournalLost, JournalUnusable
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import DatabaseFailed
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.moved import read_moved
from ansible_collections.treasury.bybit.plugins.module_utils._journal.positions import note_position, read_positions
from ansible_collections.treasury.bybit.plugins.module_utils._journal.postgresql import PostgresDatabase, grants
from ansible_collections.treasury.bybit.plugins.module_utils._journal.schema import MIGRATIONS, prepare
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import is_in_doubt

INTENT = Intent(
    "8f2a", Goal(Decimal(100)), Decimal(100), "USDT", Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), ()), 1793534400000, 5000,
    reference="INV-7",
)
Begin = t.Callable[..., Journal]
Recorded = t.Callable[[], list[Intent]]


def test_a_database_that_was_made_read_only_stays_so(url: str, role: str, role_url: str, as_owner: t.Callable[[str], None], begun: Begin) -> None:
    """An administrator keeps writers out this way while moving it to another server."""
    begun(url).release()
    as_owner(grants(role))
    as_owner(f"ALTER ROLE {role} SET default_transaction_read_only = on")
    with pytest.raises(JournalUnusable, match="read-only transaction"):
        begun(role_url)


def test_a_role_with_the_listed_rights_can_do_everything(
    url: str, role: str, role_url: str, as_owner: t.Callable[[str], None], begun: Begin, trail: t.Callable[..., list[str]]
) -> None:
    begun(url).release()
    as_owner(grants(role))
    own = role_url
    journal = begun(own)
    assert journal.use_of("INV-7") is None
    journal.note(INTENT)
    journal.close(False, "It is unknown.")
    assert is_in_doubt(PostgresDatabase(own), "mainnet", "legacy", "17")
    looking = begun(own, check_mode=True)
    assert (looking.open_intents(), looking.use_of("INV-7") is not None) == ([INTENT], True)
    looking.release()
    later = begun(own)
    later.discard(INTENT, "no trace")
    later.note(dataclasses.replace(INTENT, intent_id="9c1b"))
    later.close(True)
    assert trail() == ["intended", "signed", "unknown", "recovered", "not_executed", "intended", "signed"]


def test_a_role_with_the_listed_rights_cannot_change_the_audit_trail(
    url: str, role: str, role_url: str, as_owner: t.Callable[[str], None], begun: Begin
) -> None:
    begun(url).release()
    as_owner(grants(role))
    with contextlib.closing(PostgresDatabase(role_url)) as database:
        database.open(writes=True)
        forbidden = ["UPDATE bybit_entries SET event = 'x'", "UPDATE bybit_positions SET document = '{}'"]
        forbidden += ["UPDATE bybit_journal SET version = 7", "DROP TABLE bybit_intents"]
        forbidden += [f"DELETE FROM bybit_{name}" for name in ("entries", "intents", "targets", "chains", "positions", "journal")]
        for sql in forbidden:
            with pytest.raises(DatabaseFailed, match="permission denied|must be owner"):
                database.change(sql)


def test_a_role_with_the_rights_of_the_first_version_can_only_not_note_positions(
    url: str, role: str, role_url: str, as_owner: t.Callable[[str], None], begun: Begin, recorded: Recorded
) -> None:
    begun(url).release()
    as_owner(grants(role))
    as_owner(f"REVOKE ALL ON treasury_bybit.bybit_positions FROM {role}")
    journal = begun(role_url)
    journal.note(INTENT)
    journal.release()
    assert recorded() == [INTENT]
    with contextlib.closing(PostgresDatabase(role_url)) as database:
        database.open(writes=True)
        with pytest.raises(DatabaseFailed, match="permission denied for table bybit_positions") as caught:
            note_position(database, "mainnet", "104", 1, {})
        assert caught.value.remedy == f"Run as the owner of the tables, with the user in the URL as ROLE: {grants()}"
        as_owner(grants(role))
        note_position(database, "mainnet", "104", 1, {"ltv": "0.5"})
        assert read_positions(database, "mainnet", "104", 0) == [{"ltv": "0.5"}]
        assert read_moved(database, "mainnet", "104", INTENT.sent_at_ms)[0].intent == INTENT


def test_a_role_that_may_not_create_the_tables_is_told_who_may(url: str, role_url: str, begun: Begin) -> None:
    with pytest.raises(JournalUnusable) as caught:
        begun(role_url)
    assert not isinstance(caught.value, JournalLost)
    assert str(caught.value) == (
        f"The journal in the PostgreSQL database '{urlsplit(url).path[1:]}' on 127.0.0.1 cannot be used (its tables are missing or older than "
        f"this collection, and its user may not create them). Run the module once as the owner of the database, with acknowledge: first-use; this "
        f"creates the tables and sends nothing. Then, as that owner (ROLE is the user of the runs): {grants()}"
    )
    # Check mode needs no tables.
    begun(role_url, check_mode=True).release()


def test_a_role_that_may_not_migrate_the_tables_is_refused(
    url: str, role: str, role_url: str, as_owner: t.Callable[[str], None], begun: Begin
) -> None:
    begun(url).release()
    as_owner(grants(role))
    newer = (*MIGRATIONS, ("CREATE TABLE bybit_more (number BIGINT NOT NULL)",))
    with contextlib.closing(PostgresDatabase(role_url)) as database:
        database.open(writes=True)
        with pytest.raises(DatabaseFailed, match="its tables are missing or older than this collection") as caught:
            prepare(database, newer)
    assert caught.value.hides_intents


def test_a_role_that_may_create_the_tables_needs_nothing_else(
    url: str, role: str, role_url: str, as_owner: t.Callable[[str], None], begun: Begin, recorded: Recorded
) -> None:
    as_owner(f"GRANT CREATE ON DATABASE {urlsplit(url).path[1:]} TO {role}")
    journal = begun(role_url)
    journal.note(INTENT)
    journal.release()
    assert recorded() == [INTENT]


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_role_without_rights_is_told_which_it_needs(url: str, role_url: str, begun: Begin, check_mode: bool) -> None:
    begun(url).release()
    with pytest.raises(JournalLost) as caught:
        begun(role_url, check_mode)
    assert "(permission denied for schema treasury_bybit)" in str(caught.value)
    assert str(caught.value).endswith(f"Run as the owner of the tables, with the user in the URL as ROLE: {grants()}")

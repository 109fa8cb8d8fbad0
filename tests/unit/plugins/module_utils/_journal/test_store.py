# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal's protocol in each database: only the run that holds the epoch of a target writes."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Busy, JournalLost, JournalUnusable, Overtaken
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import Database, Row
from ansible_collections.treasury.bybit.plugins.module_utils._journal.entries import NOT_EXECUTED, SIGNED
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.records import DONE, GIVEN_UP, MADE, OPEN, VOID, Change, Record
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store, is_in_doubt
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target
from changes import INTENT, TARGET, changed, new

OTHER = dataclasses.replace(INTENT, intent_id="9c1b", goal=Goal(Decimal(7), 0), repay_id="99", reported=True)
NewStore = t.Callable[..., Store]
Select = t.Callable[..., list[Row]]
Recorded = t.Callable[[], list[Intent]]


def test_written_intents_are_loaded_unless_they_are_settled(acquired: Store, new_store: NewStore) -> None:
    states = {OPEN: INTENT, MADE: OTHER, DONE: None, VOID: None, GIVEN_UP: None}
    for number, (state, intent) in enumerate(states.items()):
        acquired.write([new(intent or dataclasses.replace(INTENT, intent_id=f"i{number}"), state)])
    acquired.release()
    assert new_store().acquire(0) == [Record(INTENT, OPEN, SIGNED), Record(OTHER, MADE, SIGNED)]


def test_intents_are_loaded_in_the_order_of_creation(acquired: Store, new_store: NewStore) -> None:
    made = [dataclasses.replace(OTHER, intent_id=name) for name in "zax"]
    for intent in made:
        acquired.write([new(intent, MADE)])
    acquired.write([changed(made[0])])
    acquired.release()
    assert [record.intent for record in new_store().acquire(0)] == made


@pytest.mark.parametrize(
    "change",
    [
        {"realm": "testnet"},
        {"realm": "main_net"},
        {"account": "105"},
        {"product": "flexible"},
        {"loan": "18"},
        {"product": "legacy_17", "loan": ""},
        {"realm": "mainnet\n104", "account": "legacy"},
    ],
    ids=str,
)
def test_each_target_has_its_own_intents_and_epoch(
    acquired: Store, new_store: NewStore, epoch_of: t.Callable[[Target], int], change: dict[str, str]
) -> None:
    acquired.write([new()])
    target = TARGET._replace(**change)
    assert epoch_of(target) == 0
    assert new_store(target).acquire(0) == []
    assert (epoch_of(target), epoch_of(TARGET)) == (1, 1)


def test_each_acquisition_raises_the_epoch(store: Store, new_store: NewStore, epoch_of: t.Callable[[Target], int]) -> None:
    for number in (1, 2, 3):
        store.acquire(0)
        assert epoch_of(TARGET) == number
        store.release()
    new_store().acquire(0)
    assert epoch_of(TARGET) == 4


def test_a_stale_holder_writes_nothing(
    acquired: Store, new_store: NewStore, lose_lock: t.Callable[[], None], recorded: Recorded, trail: t.Callable[..., list[str]]
) -> None:
    acquired.write([new()])
    lose_lock()
    second = new_store()
    assert [record.intent for record in second.acquire(0)] == [INTENT]
    for change in (changed(), changed(state=VOID, outcome=NOT_EXECUTED), new(OTHER, MADE), changed(is_certain=False)):
        with pytest.raises(Overtaken) as caught:
            acquired.write([change])
        assert caught.value.outcome == "not_executed"
    assert (recorded(), trail()) == ([INTENT], ["intended", "signed"])
    second.write([changed()])
    assert trail() == ["intended", "signed", "executed"]


def test_a_run_that_released_the_target_writes_nothing(acquired: Store, recorded: Recorded) -> None:
    acquired.release()
    with pytest.raises(JournalUnusable):
        acquired.write([new()])
    assert recorded() == []


def test_a_target_has_one_open_intent(acquired: Store, recorded: Recorded, trail: t.Callable[..., list[str]]) -> None:
    acquired.write([new()])
    second = dataclasses.replace(INTENT, intent_id="9c1b")
    with pytest.raises(Overtaken, match="Another run has recorded an intent for this loan, or under this reference"):
        acquired.write([new(OTHER, MADE), new(second)])
    # Either everything is written, or nothing.
    assert (recorded(), trail()) == ([INTENT], ["intended", "signed"])
    acquired.write([changed(), new(second)])
    assert [intent.intent_id for intent in recorded()] == ["8f2a", "9c1b"]


def test_loans_of_an_account_can_have_an_open_intent_each(acquired: Store, new_store: NewStore, recorded: Recorded) -> None:
    acquired.write([new()])
    another = new_store(TARGET._replace(loan="18"))
    another.acquire(0)
    another.write([new(OTHER)])
    assert recorded() == [INTENT, OTHER]


def test_an_intent_that_is_gone_is_an_error(acquired: Store, write_anyhow: t.Callable[..., None]) -> None:
    acquired.write([new()])
    write_anyhow("DELETE FROM bybit_intents")
    with pytest.raises(JournalUnusable, match="intent 8f2a is missing from it"):
        acquired.write([changed()])


def test_an_intent_that_was_perhaps_written_is_changed_only_if_it_exists(acquired: Store, select: Select, trail: t.Callable[..., list[str]]) -> None:
    void = {"state": VOID, "outcome": NOT_EXECUTED, "is_certain": False}
    acquired.write([changed(**void)])
    assert (select("SELECT state FROM bybit_intents"), trail()) == ([], [])
    acquired.write([new()])
    acquired.write([changed(**void)])
    assert (select("SELECT state FROM bybit_intents"), trail()) == ([(VOID,)], ["intended", "signed", "not_executed"])


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("", "Expecting value"), ("{", "Expecting property name"), ("null", "not an intent"), ("{}", "not an intent: '"), ("[]", "not an intent"),
        ('{"intent": 7}', "not an intent"), ("[" * 100_000, "recursion"),
    ],
    ids=lambda value: value[:10],
)
@pytest.mark.parametrize("writes", [True, False])
def test_an_intent_that_cannot_be_read_stops_the_run(
    acquired: Store, new_store: NewStore, write_anyhow: t.Callable[..., None], select: Select, document: str, reason: str, writes: bool
) -> None:
    acquired.write([new()])
    acquired.release()
    write_anyhow("UPDATE bybit_intents SET document = ?", document)
    with pytest.raises(JournalLost) as caught:
        new_store().acquire(0, writes)
    message = str(caught.value)
    assert caught.value.outcome == "unknown"
    assert message.startswith("The journal ") and "cannot be read (an intent in it is invalid: " in message and reason in message
    assert "Nothing was sent, because the outcome of earlier operations is unknown. Restore it from a backup. " in message
    assert select("SELECT document FROM bybit_intents") == [(document,)]


@pytest.mark.parametrize("holder", ["", "{", "[]", "null", '{"since_ms": 1e300}'])
def test_a_holder_that_cannot_be_read_still_holds(
    acquired: Store, new_store: NewStore, write_anyhow: t.Callable[..., None], holder: str
) -> None:
    write_anyhow("UPDATE bybit_targets SET holder = ?", holder)
    with pytest.raises(Busy, match="process unknown of user unknown on unknown"):
        new_store().acquire(0)
    assert acquired.use_of("INV-7") is None


@pytest.mark.parametrize(
    ("changes", "is_open"),
    [
        ([new(OTHER, MADE)], False), ([new(OTHER, MADE), new()], True), ([new(state=MADE)], True), ([new(state=VOID)], False),
        ([new(state=DONE)], False), ([new(state=GIVEN_UP)], False),
    ],
    ids=["told", "open", "untold", "void", "done", "given_up"],
)
def test_open_intents_are_known_whoever_uses_the_key(
    acquired: Store, new_database: t.Callable[[], Database], changes: list[Change], is_open: bool
) -> None:
    acquired.write(changes)
    assert is_in_doubt(new_database(), "mainnet", "legacy", "17") == is_open
    for other in (("testnet", "legacy", "17"), ("mainnet", "fixed", "17"), ("mainnet", "legacy", "7")):
        assert not is_in_doubt(new_database(), *other)


def test_where_nothing_is_recorded_nothing_is_in_doubt(acquired: Store, new_database: t.Callable[[], Database]) -> None:
    assert not is_in_doubt(new_database(), "mainnet", "legacy", "17")


@pytest.mark.parametrize("document", ["", "{", "[]", "{}", "null"])
def test_an_intent_that_cannot_be_read_may_be_open(
    acquired: Store, new_database: t.Callable[[], Database], write_anyhow: t.Callable[..., None], document: str
) -> None:
    acquired.write([new()])
    write_anyhow("UPDATE bybit_intents SET document = ?", document)
    assert is_in_doubt(new_database(), "mainnet", "legacy", "17")


def test_where_no_journal_exists_nothing_is_open(new_database: t.Callable[[], Database]) -> None:
    assert not is_in_doubt(new_database(), "mainnet", "legacy", "17")


def test_each_account_has_its_own_chain(new_store: NewStore, trail: t.Callable[..., list[str]], select: Select) -> None:
    for number, (account, loan) in enumerate([("104", "17"), ("105", "17"), ("104", "18"), ("105", "18"), ("104", "17")]):
        store = new_store(TARGET._replace(account=account, loan=loan))
        store.acquire(0)
        store.write([new(dataclasses.replace(OTHER, intent_id=str(number)), MADE)])
        store.release()
    assert (len(trail()), len(trail(account="105"))) == (6, 4)
    assert select("SELECT account, length FROM bybit_chains ORDER BY account") == [("104", 6), ("105", 4)]


WRITER = """
import dataclasses, json, sys
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._journal.entries import INTENDED, SIGNED, Event
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import intent_from
from ansible_collections.treasury.bybit.plugins.module_utils._journal.records import MADE, Change, Record
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target
from ansible_collections.treasury.bybit.plugins.module_utils._options.journal import database_of
store = Store(database_of({"journal": sys.argv[1]}, Clock()), Target(*sys.argv[2:6]), Clock())
intent = intent_from(json.loads(sys.argv[6]))
print("ready", flush=True)
sys.stdin.read()
for number in range(5):
    store.acquire(60_000)
    record = Record(dataclasses.replace(intent, intent_id=f"{sys.argv[7]}-{number}"), MADE, SIGNED)
    store.write([Change(record, (Event(INTENDED, ""), Event(SIGNED, "")), is_new=True)])
    store.release()
"""


def test_first_runs_at_once_make_one_journal_and_one_chain(
    option: str, child_environment: dict[str, str], trail: t.Callable[..., list[str]], epoch_of: t.Callable[[Target], int], recorded: Recorded
) -> None:
    """Separate processes: two for one loan, and two for other loans of the account."""
    document = json.dumps(OTHER.as_document())
    commands = [
        [sys.executable, "-c", WRITER, option, *TARGET._replace(loan=loan), document, f"{number}-{loan}"]
        for number, loan in enumerate(["17", "17", "18", "19"])
    ]
    pipes: dict[str, t.Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    writers = [subprocess.Popen(command, env=child_environment, text=True, **pipes) for command in commands]
    for writer in writers:
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.close()
        writer.stdin = None
    failures = [writer.communicate()[0] for writer in writers]
    assert failures == [""] * 4
    assert (len(trail()), len(recorded())) == (40, 20)
    assert [epoch_of(TARGET._replace(loan=loan)) for loan in ("17", "18", "19")] == [10, 5, 5]

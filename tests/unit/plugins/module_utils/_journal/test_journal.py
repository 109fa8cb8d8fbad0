# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import os
import typing as t
from decimal import Decimal
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput, Busy
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store

BEFORE = Baseline(Decimal(1000), Decimal(1000), ())
SENT = Intent("a", Goal(Decimal(100)), Decimal(100), "USDT", BEFORE, 1793534400000, 5000)
ACCEPTED = dataclasses.replace(SENT, intent_id="b", repay_id="98")
UNSEEN = dataclasses.replace(SENT, intent_id="c", repay_id="97", reported=True)


def ids(intents: list[Intent]) -> list[str]:
    return [intent.intent_id for intent in intents]


def test_nothing_is_remembered_at_first(begin: t.Callable[..., Journal], store: Store) -> None:
    journal = begin()
    assert (journal.open_intents(), journal.unconfirmed(), journal.repay_ids()) == ([], [], frozenset())
    journal.close(True)
    assert not Path(store.path).exists()


def test_open_is_what_was_not_told(begin: t.Callable[..., Journal], store: Store) -> None:
    store.put([UNSEEN, SENT, ACCEPTED])
    journal = begin()
    assert journal.open_intents() == [SENT, ACCEPTED]
    assert journal.unconfirmed() == [UNSEEN]
    assert journal.repay_ids() == {"97", "98"}


def test_a_note_is_on_the_disk_at_once(begin: t.Callable[..., Journal], store: Store) -> None:
    journal = begin()
    journal.note(SENT)
    assert store.load() == journal.open_intents() == [SENT]


def test_a_note_takes_the_place_of_the_same_intent_only(begin: t.Callable[..., Journal], store: Store) -> None:
    store.put([SENT, ACCEPTED, UNSEEN])
    changed = dataclasses.replace(SENT, repay_id="99")
    journal = begin()
    journal.note(changed)
    assert store.load() == [ACCEPTED, UNSEEN, changed]
    assert journal.repay_ids() == {"97", "98", "99"}


def test_a_run_that_is_killed_leaves_its_intent_open(begin: t.Callable[..., Journal], store: Store) -> None:
    killed = begin()
    killed.note(SENT)
    killed.note(dataclasses.replace(SENT, repay_id="99"))
    killed.mark_confirmed(SENT)
    # The lock goes with the process.
    killed.release()
    assert ids(begin().open_intents()) == ["a"]
    assert store.load()[0].repay_id == "99"


@pytest.mark.parametrize("is_success", [True, False])
def test_what_is_forgotten_is_struck_with_the_next_writing(begin: t.Callable[..., Journal], store: Store, is_success: bool) -> None:
    store.put([SENT, ACCEPTED, UNSEEN])
    journal = begin()
    journal.discard(SENT)
    journal.discard(UNSEEN)
    assert (ids(journal.open_intents()), journal.unconfirmed()) == (["b"], [])
    assert ids(store.load()) == ["a", "b", "c"]
    journal.close(is_success)
    assert ids(store.load()) == ["b"]


def test_a_note_strikes_what_was_forgotten(begin: t.Callable[..., Journal], store: Store) -> None:
    store.put([SENT, ACCEPTED])
    journal = begin()
    journal.discard(SENT)
    journal.note(dataclasses.replace(SENT, intent_id="new"))
    assert ids(store.load()) == ["b", "new"]


def test_forgetting_does_not_reach_the_disk_when_the_run_is_killed(begin: t.Callable[..., Journal], store: Store) -> None:
    store.put([SENT])
    journal = begin()
    journal.discard(SENT)
    journal.release()
    assert store.load() == [SENT]


@pytest.mark.parametrize(
    ("is_seen", "is_success", "left"),
    [
        (True, True, []),
        (False, True, [dataclasses.replace(ACCEPTED, reported=True)]),
        (True, False, [ACCEPTED]),
        (False, False, [ACCEPTED]),
    ],
)
def test_only_a_success_closes(
    begin: t.Callable[..., Journal], store: Store, is_seen: bool, is_success: bool, left: list[Intent]
) -> None:
    journal = begin()
    journal.note(ACCEPTED)
    (journal.mark_confirmed if is_seen else journal.mark_made)(ACCEPTED)
    assert store.load() == [ACCEPTED]
    journal.close(is_success)
    assert store.load() == left


def test_closing_leaves_the_others_as_they_are(begin: t.Callable[..., Journal], store: Store) -> None:
    store.put([SENT, ACCEPTED, UNSEEN])
    journal = begin()
    journal.mark_confirmed(ACCEPTED)
    journal.close(True)
    assert store.load() == [SENT, UNSEEN]


def test_what_this_run_has_not_seen_counts_as_unseen_at_once(begin: t.Callable[..., Journal], store: Store) -> None:
    store.put([ACCEPTED, UNSEEN])
    journal = begin()
    journal.mark_made(ACCEPTED)
    assert ids(journal.unconfirmed()) == ["b", "c"]
    journal.mark_confirmed(ACCEPTED)
    assert ids(journal.unconfirmed()) == ["c"]


@pytest.mark.parametrize("is_success", [True, False])
def test_what_is_seen_at_last_stays_open_until_it_is_told(
    begin: t.Callable[..., Journal], store: Store, is_success: bool
) -> None:
    store.put([ACCEPTED, UNSEEN])
    journal = begin()
    journal.mark_made(ACCEPTED)
    for intent in journal.unconfirmed():
        journal.mark_confirmed(intent)
    assert journal.unconfirmed() == []
    journal.close(is_success)
    assert store.load() == ([] if is_success else [ACCEPTED, UNSEEN])


def test_telling_counts_with_the_id_found_meanwhile(begin: t.Callable[..., Journal], store: Store) -> None:
    store.put([SENT])
    journal = begin()
    found = dataclasses.replace(SENT, repay_id="99")
    journal.note(found)
    journal.mark_made(found)
    journal.close(True)
    assert store.load() == [dataclasses.replace(found, reported=True)]


def test_what_is_unseen_has_the_id_found_meanwhile(begin: t.Callable[..., Journal], store: Store) -> None:
    store.put([SENT])
    journal = begin()
    found = dataclasses.replace(SENT, repay_id="99")
    journal.mark_made(found)
    assert journal.unconfirmed() == [found]


def test_telling_again_counts(begin: t.Callable[..., Journal], store: Store) -> None:
    store.put([ACCEPTED])
    journal = begin()
    journal.mark_made(ACCEPTED)
    journal.mark_confirmed(ACCEPTED)
    journal.close(True)
    assert store.load() == []


def test_what_is_told_and_forgotten_is_forgotten(begin: t.Callable[..., Journal], store: Store) -> None:
    store.put([ACCEPTED])
    journal = begin()
    journal.mark_made(ACCEPTED)
    journal.discard(ACCEPTED)
    journal.close(True)
    assert store.load() == []


def test_an_id_is_known_until_its_intent_is_struck(begin: t.Callable[..., Journal], store: Store) -> None:
    store.put([ACCEPTED])
    journal = begin()
    journal.discard(ACCEPTED)
    assert journal.repay_ids() == {"98"}
    journal.note(SENT)
    assert journal.repay_ids() == frozenset()


def test_nothing_is_written_when_nothing_has_changed(begin: t.Callable[..., Journal], store: Store) -> None:
    store.put([SENT])
    before = os.stat(store.path)
    begin().close(True)
    assert os.stat(store.path).st_ino == before.st_ino


@pytest.mark.parametrize("end", [lambda m: m.close(True), lambda m: m.close(False), lambda m: m.release()])
def test_one_run_at_a_time(begin: t.Callable[..., Journal], end: t.Callable[[Journal], None]) -> None:
    first = begin()
    with pytest.raises(Busy):
        begin()
    end(first)
    begin()


def test_closing_writes_before_it_lets_others_in(
    begin: t.Callable[..., Journal], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = begin()
    journal.note(SENT)
    journal.discard(SENT)
    real = Store.save

    def save(writer: Store, intents: list[Intent]) -> None:
        with pytest.raises(Busy):
            store.lock(0)
        real(writer, intents)

    monkeypatch.setattr(Store, "save", save)
    journal.close(True)
    assert store.load() == []


@pytest.mark.parametrize(("step", "is_seen"), [("fsync", False), ("unlink", True)])
def test_a_disk_that_fails_at_the_end_lets_others_in(
    begin: t.Callable[..., Journal], store: Store, monkeypatch: pytest.MonkeyPatch, step: str, is_seen: bool
) -> None:
    journal = begin()
    journal.note(ACCEPTED)
    (journal.mark_confirmed if is_seen else journal.mark_made)(ACCEPTED)

    def fail(*dummy: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, step, fail)
        with pytest.raises(BadInput):
            journal.close(True)
    assert begin().open_intents() == [ACCEPTED]


def test_a_note_that_fails_is_not_known(
    begin: t.Callable[..., Journal], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = begin()

    def fail(*dummy: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "replace", fail)
        with pytest.raises(BadInput):
            journal.note(SENT)
    assert journal.open_intents() == store.load() == []


def test_what_was_found_for_one_is_another_one_for_the_next(begin: t.Callable[..., Journal]) -> None:
    journal = begin()
    journal.note(SENT)
    journal.mark_confirmed(dataclasses.replace(SENT, repay_id="96"))
    assert journal.repay_ids() == {"96"}


def test_what_may_have_reached_nobody_stays_open_with_its_time(begin: t.Callable[..., Journal], store: t.Any) -> None:
    store.put([SENT, UNSEEN])
    journal = begin()
    journal.mark_confirmed(SENT)
    journal.mark_confirmed(UNSEEN)
    journal.leave_open(17)
    again = begin()
    assert again.open_intents() == [dataclasses.replace(SENT, reported_at_ms=17)]
    assert again.noted()[1:] == [UNSEEN]
    # The first report counts.
    again.mark_confirmed(again.open_intents()[0])
    again.leave_open(18)
    assert begin().open_intents() == [dataclasses.replace(SENT, reported_at_ms=17)]


def test_doubt(begin: t.Callable[..., Journal], store: t.Any) -> None:
    assert Journal(store).is_in_doubt
    journal = begin()
    assert not journal.is_in_doubt
    journal.note(SENT)
    assert journal.is_in_doubt
    journal.mark_made(SENT)
    assert not journal.is_in_doubt

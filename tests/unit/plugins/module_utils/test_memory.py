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
from ansible_collections.treasury.bybit.plugins.module_utils._errors import BadInput, Busy
from ansible_collections.treasury.bybit.plugins.module_utils._intent import Baseline, Goal, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._memory import Memory
from ansible_collections.treasury.bybit.plugins.module_utils._state import State

BEFORE = Baseline(Decimal(1000), Decimal(1000), ())
SENT = Intent("a", Goal(Decimal(100)), Decimal(100), "USDT", BEFORE, 1793534400000, 5000)
ACCEPTED = dataclasses.replace(SENT, intent_id="b", repay_id="98")
UNSEEN = dataclasses.replace(SENT, intent_id="c", repay_id="97", told=True)


def ids(intents: list[Intent]) -> list[str]:
    return [intent.intent_id for intent in intents]


def test_nothing_is_remembered_at_first(begin: t.Callable[..., Memory], state: State) -> None:
    memory = begin()
    assert (memory.open_intents(), memory.unseen(), memory.repay_ids()) == ([], [], frozenset())
    assert memory.path == state.path
    memory.close(True)
    assert not Path(state.path).exists()


def test_open_is_what_was_not_told(begin: t.Callable[..., Memory], state: State) -> None:
    state.put([UNSEEN, SENT, ACCEPTED])
    memory = begin()
    assert memory.open_intents() == [SENT, ACCEPTED]
    assert memory.unseen() == [UNSEEN]
    assert memory.repay_ids() == {"97", "98"}


def test_a_note_is_on_the_disk_at_once(begin: t.Callable[..., Memory], state: State) -> None:
    memory = begin()
    memory.note(SENT)
    assert state.load() == memory.open_intents() == [SENT]


def test_a_note_takes_the_place_of_the_same_intent_only(begin: t.Callable[..., Memory], state: State) -> None:
    state.put([SENT, ACCEPTED, UNSEEN])
    changed = dataclasses.replace(SENT, repay_id="99")
    memory = begin()
    memory.note(changed)
    assert state.load() == [ACCEPTED, UNSEEN, changed]
    assert memory.repay_ids() == {"97", "98", "99"}


def test_a_run_that_is_killed_leaves_its_intent_open(begin: t.Callable[..., Memory], state: State) -> None:
    killed = begin()
    killed.note(SENT)
    killed.note(dataclasses.replace(SENT, repay_id="99"))
    killed.tell(SENT, is_seen=True)
    # The lock goes with the process.
    killed.abandon()
    assert ids(begin().open_intents()) == ["a"]
    assert state.load()[0].repay_id == "99"


@pytest.mark.parametrize("is_success", [True, False])
def test_what_is_forgotten_is_struck_with_the_next_writing(begin: t.Callable[..., Memory], state: State, is_success: bool) -> None:
    state.put([SENT, ACCEPTED, UNSEEN])
    memory = begin()
    memory.forget(SENT)
    memory.forget(UNSEEN)
    assert (ids(memory.open_intents()), memory.unseen()) == (["b"], [])
    assert ids(state.load()) == ["a", "b", "c"]
    memory.close(is_success)
    assert ids(state.load()) == ["b"]


def test_a_note_strikes_what_was_forgotten(begin: t.Callable[..., Memory], state: State) -> None:
    state.put([SENT, ACCEPTED])
    memory = begin()
    memory.forget(SENT)
    memory.note(dataclasses.replace(SENT, intent_id="new"))
    assert ids(state.load()) == ["b", "new"]


def test_forgetting_does_not_reach_the_disk_when_the_run_is_killed(begin: t.Callable[..., Memory], state: State) -> None:
    state.put([SENT])
    memory = begin()
    memory.forget(SENT)
    memory.abandon()
    assert state.load() == [SENT]


@pytest.mark.parametrize(
    ("is_seen", "is_success", "left"),
    [
        (True, True, []),
        (False, True, [dataclasses.replace(ACCEPTED, told=True)]),
        (True, False, [ACCEPTED]),
        (False, False, [ACCEPTED]),
    ],
)
def test_only_a_success_closes(
    begin: t.Callable[..., Memory], state: State, is_seen: bool, is_success: bool, left: list[Intent]
) -> None:
    memory = begin()
    memory.note(ACCEPTED)
    memory.tell(ACCEPTED, is_seen)
    assert state.load() == [ACCEPTED]
    memory.close(is_success)
    assert state.load() == left


def test_closing_leaves_the_others_as_they_are(begin: t.Callable[..., Memory], state: State) -> None:
    state.put([SENT, ACCEPTED, UNSEEN])
    memory = begin()
    memory.tell(ACCEPTED, is_seen=True)
    memory.close(True)
    assert state.load() == [SENT, UNSEEN]


def test_what_this_run_has_not_seen_counts_as_unseen_at_once(begin: t.Callable[..., Memory], state: State) -> None:
    state.put([ACCEPTED, UNSEEN])
    memory = begin()
    memory.tell(ACCEPTED, is_seen=False)
    assert ids(memory.unseen()) == ["b", "c"]
    memory.tell(ACCEPTED, is_seen=True)
    assert ids(memory.unseen()) == ["c"]


@pytest.mark.parametrize("is_success", [True, False])
def test_what_is_seen_at_last_stays_open_until_it_is_told(
    begin: t.Callable[..., Memory], state: State, is_success: bool
) -> None:
    state.put([ACCEPTED, UNSEEN])
    memory = begin()
    memory.tell(ACCEPTED, is_seen=False)
    for intent in memory.unseen():
        memory.see(intent)
    assert memory.unseen() == []
    memory.close(is_success)
    assert state.load() == ([] if is_success else [ACCEPTED, UNSEEN])


def test_telling_counts_with_the_id_found_meanwhile(begin: t.Callable[..., Memory], state: State) -> None:
    state.put([SENT])
    memory = begin()
    found = dataclasses.replace(SENT, repay_id="99")
    memory.note(found)
    memory.tell(found, is_seen=False)
    memory.close(True)
    assert state.load() == [dataclasses.replace(found, told=True)]


def test_what_is_unseen_has_the_id_found_meanwhile(begin: t.Callable[..., Memory], state: State) -> None:
    state.put([SENT])
    memory = begin()
    found = dataclasses.replace(SENT, repay_id="99")
    memory.tell(found, is_seen=False)
    assert memory.unseen() == [found]


def test_telling_again_counts(begin: t.Callable[..., Memory], state: State) -> None:
    state.put([ACCEPTED])
    memory = begin()
    memory.tell(ACCEPTED, is_seen=False)
    memory.tell(ACCEPTED, is_seen=True)
    memory.close(True)
    assert state.load() == []


def test_what_is_told_and_forgotten_is_forgotten(begin: t.Callable[..., Memory], state: State) -> None:
    state.put([ACCEPTED])
    memory = begin()
    memory.tell(ACCEPTED, is_seen=False)
    memory.forget(ACCEPTED)
    memory.close(True)
    assert state.load() == []


def test_an_id_is_known_until_its_intent_is_struck(begin: t.Callable[..., Memory], state: State) -> None:
    state.put([ACCEPTED])
    memory = begin()
    memory.forget(ACCEPTED)
    assert memory.repay_ids() == {"98"}
    memory.note(SENT)
    assert memory.repay_ids() == frozenset()


def test_nothing_is_written_when_nothing_has_changed(begin: t.Callable[..., Memory], state: State) -> None:
    state.put([SENT])
    before = os.stat(state.path)
    begin().close(True)
    assert os.stat(state.path).st_ino == before.st_ino


@pytest.mark.parametrize("end", [lambda m: m.close(True), lambda m: m.close(False), lambda m: m.abandon()])
def test_one_run_at_a_time(begin: t.Callable[..., Memory], end: t.Callable[[Memory], None]) -> None:
    first = begin()
    with pytest.raises(Busy):
        begin()
    end(first)
    begin()


def test_closing_writes_before_it_lets_others_in(
    begin: t.Callable[..., Memory], state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = begin()
    memory.note(SENT)
    memory.forget(SENT)
    real = State.save

    def save(writer: State, intents: list[Intent]) -> None:
        with pytest.raises(Busy):
            state.lock(0)
        real(writer, intents)

    monkeypatch.setattr(State, "save", save)
    memory.close(True)
    assert state.load() == []


@pytest.mark.parametrize(("step", "is_seen"), [("fsync", False), ("unlink", True)])
def test_a_disk_that_fails_at_the_end_lets_others_in(
    begin: t.Callable[..., Memory], state: State, monkeypatch: pytest.MonkeyPatch, step: str, is_seen: bool
) -> None:
    memory = begin()
    memory.note(ACCEPTED)
    memory.tell(ACCEPTED, is_seen=is_seen)

    def fail(*dummy: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, step, fail)
        with pytest.raises(BadInput):
            memory.close(True)
    assert begin().open_intents() == [ACCEPTED]


def test_a_note_that_fails_is_not_known(
    begin: t.Callable[..., Memory], state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = begin()

    def fail(*dummy: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "replace", fail)
        with pytest.raises(BadInput):
            memory.note(SENT)
    assert memory.open_intents() == state.load() == []


def test_what_was_found_for_one_is_another_one_for_the_next(begin: t.Callable[..., Memory]) -> None:
    memory = begin()
    memory.note(SENT)
    memory.tell(dataclasses.replace(SENT, repay_id="96"), is_seen=True)
    assert memory.repay_ids() == {"96"}


def test_what_may_have_reached_nobody_stays_open_with_its_time(begin: t.Callable[..., Memory], state: t.Any) -> None:
    state.put([SENT, UNSEEN])
    memory = begin()
    memory.tell(SENT, is_seen=True)
    memory.see(UNSEEN)
    memory.leave_open(17)
    again = begin()
    assert again.open_intents() == [dataclasses.replace(SENT, reported_at_ms=17)]
    assert again.noted()[1:] == [UNSEEN]
    # The first report counts.
    again.tell(again.open_intents()[0], is_seen=True)
    again.leave_open(18)
    assert begin().open_intents() == [dataclasses.replace(SENT, reported_at_ms=17)]


def test_doubt(begin: t.Callable[..., Memory], state: t.Any) -> None:
    assert Memory(state).is_in_doubt
    memory = begin()
    assert not memory.is_in_doubt
    memory.note(SENT)
    assert memory.is_in_doubt
    memory.tell(SENT, is_seen=False)
    assert not memory.is_in_doubt

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the journal keeps from one run to the next, in each database."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store

BEFORE = Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), ())
SENT = Intent("a", Goal(Decimal(100)), Decimal(100), "USDT", BEFORE, 1793534400000, 5000)
ACCEPTED = dataclasses.replace(SENT, intent_id="b", repay_id="98")
UNSEEN = dataclasses.replace(SENT, intent_id="c", repay_id="97", reported=True)
Begin = t.Callable[..., Journal]
Put = t.Callable[[list[Intent]], None]
Recorded = t.Callable[[], list[Intent]]


def ids(intents: list[Intent]) -> list[str]:
    return [intent.intent_id for intent in intents]


def resolve(journal: Journal, intent: Intent, is_seen: bool) -> None:
    if is_seen:
        journal.mark_confirmed(intent)
    else:
        journal.mark_made(intent, True, "the history shows it")


def test_nothing_is_remembered_at_first(begin: Begin, recorded: Recorded) -> None:
    journal = begin()
    assert (journal.open_intents(), journal.unconfirmed(), journal.repay_ids()) == ([], [], frozenset())
    journal.close(True)
    assert recorded() == []


def test_an_intent_is_open_until_it_is_reported(begin: Begin, put: Put) -> None:
    put([UNSEEN, SENT, ACCEPTED])
    journal = begin()
    assert journal.open_intents() == [SENT, ACCEPTED]
    assert journal.unconfirmed() == [UNSEEN]
    assert journal.repay_ids() == {"97", "98"}


def test_a_note_is_recorded_at_once(begin: Begin, recorded: Recorded) -> None:
    journal = begin()
    journal.note(SENT)
    assert recorded() == journal.open_intents() == [SENT]


def test_a_note_takes_the_place_of_the_same_intent_only(begin: Begin, put: Put, recorded: Recorded) -> None:
    put([SENT, ACCEPTED, UNSEEN])
    changed = dataclasses.replace(SENT, repay_id="99")
    journal = begin()
    journal.note(changed)
    assert recorded() == [changed, ACCEPTED, UNSEEN]
    assert journal.repay_ids() == {"97", "98", "99"}


def test_a_run_that_is_killed_leaves_its_intent_open(begin: Begin, recorded: Recorded) -> None:
    killed = begin()
    killed.note(SENT)
    killed.note(dataclasses.replace(SENT, repay_id="99"))
    killed.mark_confirmed(SENT)
    # The lock ends with the process.
    killed.release()
    assert ids(begin().open_intents()) == ["a"]
    assert recorded()[0].repay_id == "99"


@pytest.mark.parametrize("is_success", [True, False])
def test_a_discarded_intent_is_settled_with_the_next_write(begin: Begin, put: Put, recorded: Recorded, is_success: bool) -> None:
    put([SENT, ACCEPTED, UNSEEN])
    journal = begin()
    journal.discard(SENT, "no trace")
    journal.discard(UNSEEN, "the user knows", is_acknowledged=True)
    assert (ids(journal.open_intents()), journal.unconfirmed()) == (["b"], [])
    assert ids(recorded()) == ["a", "b", "c"]
    journal.close(is_success)
    assert ids(recorded()) == ["b"]


def test_a_note_settles_discarded_intents(begin: Begin, put: Put, recorded: Recorded) -> None:
    put([SENT, ACCEPTED])
    journal = begin()
    journal.discard(SENT, "no trace")
    journal.note(dataclasses.replace(SENT, intent_id="new"))
    assert ids(recorded()) == ["b", "new"]


def test_discarding_is_not_recorded_when_the_run_is_killed(begin: Begin, put: Put, recorded: Recorded) -> None:
    put([SENT])
    journal = begin()
    journal.discard(SENT, "no trace")
    journal.release()
    assert recorded() == [SENT]


def test_an_unknown_intent_can_be_discarded(begin: Begin, recorded: Recorded) -> None:
    journal = begin()
    journal.discard(SENT, "it was never written")
    journal.close(True)
    assert recorded() == []


@pytest.mark.parametrize(
    ("is_seen", "is_success", "left"),
    [
        (True, True, []),
        (False, True, [dataclasses.replace(ACCEPTED, reported=True)]),
        (True, False, [ACCEPTED]),
        (False, False, [ACCEPTED]),
    ],
)
def test_only_a_success_closes(begin: Begin, recorded: Recorded, is_seen: bool, is_success: bool, left: list[Intent]) -> None:
    journal = begin()
    journal.note(ACCEPTED)
    resolve(journal, ACCEPTED, is_seen)
    assert recorded() == [ACCEPTED]
    journal.close(is_success)
    assert recorded() == left


def test_closing_leaves_the_others_as_they_are(begin: Begin, put: Put, recorded: Recorded) -> None:
    put([SENT, ACCEPTED, UNSEEN])
    journal = begin()
    journal.mark_confirmed(ACCEPTED)
    journal.close(True)
    assert recorded() == [SENT, UNSEEN]


def test_an_intent_that_this_run_did_not_see_counts_as_unseen_at_once(begin: Begin, put: Put) -> None:
    put([ACCEPTED, UNSEEN])
    journal = begin()
    journal.mark_made(ACCEPTED, False, "the exchange accepted it")
    assert ids(journal.unconfirmed()) == ["b", "c"]
    journal.mark_confirmed(ACCEPTED)
    assert ids(journal.unconfirmed()) == ["c"]


@pytest.mark.parametrize("is_success", [True, False])
def test_an_intent_that_is_seen_at_last_stays_open_until_it_is_reported(begin: Begin, put: Put, recorded: Recorded, is_success: bool) -> None:
    put([ACCEPTED, UNSEEN])
    journal = begin()
    journal.mark_made(ACCEPTED, True, "the history shows it")
    for intent in journal.unconfirmed():
        journal.mark_confirmed(intent)
    assert journal.unconfirmed() == []
    journal.close(is_success)
    assert recorded() == ([] if is_success else [ACCEPTED, UNSEEN])


def test_a_report_counts_with_the_id_found_meanwhile(begin: Begin, put: Put, recorded: Recorded) -> None:
    put([SENT])
    journal = begin()
    found = dataclasses.replace(SENT, repay_id="99")
    journal.note(found)
    journal.mark_made(found, True, "the history shows it")
    journal.close(True)
    assert recorded() == [dataclasses.replace(found, reported=True)]


def test_an_unseen_intent_has_the_id_found_meanwhile(begin: Begin, put: Put) -> None:
    put([SENT])
    journal = begin()
    found = dataclasses.replace(SENT, repay_id="99")
    journal.mark_made(found, False, "the exchange accepted it")
    assert journal.unconfirmed() == [found]


def test_an_intent_that_is_reported_and_discarded_is_discarded(begin: Begin, put: Put, recorded: Recorded) -> None:
    put([ACCEPTED])
    journal = begin()
    journal.mark_made(ACCEPTED, True, "the history shows it")
    journal.discard(ACCEPTED, "it has failed after all")
    journal.close(True)
    assert recorded() == []


def test_an_id_is_known_until_its_intent_is_settled(begin: Begin, put: Put) -> None:
    put([ACCEPTED])
    journal = begin()
    journal.discard(ACCEPTED, "no trace")
    assert journal.repay_ids() == {"98"}
    journal.note(SENT)
    assert journal.repay_ids() == frozenset()


def test_nothing_is_written_when_nothing_has_changed(begin: Begin, put: Put, recorded: Recorded, trail: t.Callable[..., list[str]]) -> None:
    put([SENT, ACCEPTED])
    begin().close(True)
    begin().leave_open(17)
    assert (recorded(), trail()) == ([SENT, ACCEPTED], ["signed", "accepted"])


def test_an_id_found_for_one_intent_is_not_found_for_the_next(begin: Begin) -> None:
    journal = begin()
    journal.note(SENT)
    journal.mark_confirmed(dataclasses.replace(SENT, repay_id="96"))
    assert journal.repay_ids() == {"96"}


def test_a_result_that_may_have_reached_nobody_stays_open_with_its_time(begin: Begin, put: Put) -> None:
    put([SENT, UNSEEN])
    journal = begin()
    journal.mark_confirmed(SENT)
    journal.mark_confirmed(UNSEEN)
    journal.leave_open(17)
    again = begin()
    assert again.open_intents() == [dataclasses.replace(SENT, reported_at_ms=17)]
    assert again.noted()[1:] == [UNSEEN]
    # The time of the first report counts.
    again.mark_confirmed(again.open_intents()[0])
    again.leave_open(18)
    assert begin().open_intents() == [dataclasses.replace(SENT, reported_at_ms=17)]


def test_doubts_are_described(begin: Begin, store: Store) -> None:
    assert Journal(store).is_in_doubt
    journal = begin()
    assert not journal.is_in_doubt
    journal.note(SENT)
    assert journal.is_in_doubt
    journal.mark_made(SENT, False, "the exchange accepted it")
    assert not journal.is_in_doubt


def test_a_run_must_report_what_it_resolved(begin: Begin, put: Put) -> None:
    put([SENT, ACCEPTED, UNSEEN])
    journal = begin()
    journal.mark_confirmed(ACCEPTED)
    journal.mark_confirmed(UNSEEN)
    assert journal.resolved_ids() == {"b"}

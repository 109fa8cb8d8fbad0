# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repayment in the journal, step by step: its state, its outcome, and the entries of the audit trail."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import Row
from ansible_collections.treasury.bybit.plugins.module_utils._journal.entries import EVENTS
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal

BEFORE = Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), ())
INTENT = Intent("a", Goal(Decimal(100)), Decimal(100), "USDT", BEFORE, 1793534400000, 5000, reference="INV-7")
WITH_ID = dataclasses.replace(INTENT, repay_id="99")
WITHOUT_ID = dataclasses.replace(INTENT, accepted_at_ms=1793534400040)
OTHER = dataclasses.replace(INTENT, intent_id="b", reference=None)

Step = t.Callable[[Journal], object]


def sent(journal: Journal) -> None:
    journal.note(INTENT)


def given_id(journal: Journal) -> None:
    """The exchange returns its ID, or the history shows it."""
    journal.note(WITH_ID)


def accepted_without_id(journal: Journal) -> None:
    journal.note(WITHOUT_ID)


def another_sent(journal: Journal) -> None:
    journal.note(OTHER)


def pending(journal: Journal) -> None:
    journal.mark_made(WITH_ID, False, "the exchange accepted it")


def final(journal: Journal) -> None:
    journal.mark_made(WITH_ID, True, "the history shows it as final")


def confirmed(journal: Journal) -> None:
    journal.mark_confirmed(WITH_ID)


def not_made(journal: Journal) -> None:
    journal.discard(INTENT, "no trace of it")


def given_up(journal: Journal) -> None:
    journal.discard(INTENT, "nobody can tell", is_acknowledged=True)


def success(journal: Journal) -> None:
    journal.close(True, "Repaid.")


def failure(journal: Journal) -> None:
    journal.close(False, "The outcome is unknown.")


def unheard(journal: Journal) -> None:
    """The result may have reached nobody."""
    journal.leave_open(17)


def killed(journal: Journal) -> None:
    journal.release()


# The steps of each run, then the state, the outcome, whether it was reported, and the entries.
TABLE: list[tuple[list[list[Step]], str, str, bool, str]] = [
    # One run.
    ([[sent, killed]], "open", "signed", False, "intended signed"),
    ([[sent, given_id, killed]], "open", "accepted", False, "intended signed accepted"),
    ([[sent, accepted_without_id, killed]], "open", "accepted", False, "intended signed accepted"),
    ([[sent, accepted_without_id, given_id, killed]], "open", "accepted", False, "intended signed accepted"),
    ([[sent, given_id, pending, success]], "made", "accepted", True, "intended signed accepted"),
    ([[sent, pending, success]], "made", "accepted", True, "intended signed accepted"),
    ([[sent, given_id, final, success]], "made", "executed", True, "intended signed accepted executed"),
    ([[sent, final, success]], "made", "executed", True, "intended signed executed"),
    ([[sent, given_id, final, confirmed, success]], "done", "executed", True, "intended signed accepted executed"),
    ([[sent, given_id, pending, confirmed, success]], "done", "executed", True, "intended signed accepted executed"),
    ([[sent, not_made, success]], "void", "not_executed", False, "intended signed not_executed"),
    ([[sent, not_made, failure]], "void", "not_executed", False, "intended signed not_executed"),
    ([[sent, given_id, not_made, failure]], "void", "not_executed", False, "intended signed accepted not_executed"),
    ([[sent, final, not_made, success]], "void", "not_executed", False, "intended signed not_executed"),
    ([[sent, not_made, killed]], "open", "signed", False, "intended signed"),
    ([[sent, failure]], "open", "unknown", False, "intended signed unknown"),
    ([[sent, accepted_without_id, failure]], "open", "unknown", False, "intended signed accepted unknown"),
    ([[sent, given_id, final, failure]], "open", "accepted", False, "intended signed accepted"),
    ([[sent, given_id, final, unheard]], "made", "executed", False, "intended signed accepted executed"),
    ([[sent, given_id, pending, unheard]], "made", "accepted", False, "intended signed accepted"),
    # The run sends another one.
    ([[sent, not_made, another_sent, killed]], "void", "not_executed", False, "intended signed not_executed"),
    ([[sent, final, not_made, another_sent, killed]], "void", "not_executed", False, "intended signed not_executed"),
    ([[sent, not_made, another_sent, success]], "void", "not_executed", False, "intended signed not_executed"),
    ([[sent, given_id, final, another_sent, killed]], "made", "executed", False, "intended signed accepted executed"),
    ([[sent, given_id, pending, another_sent, killed]], "made", "accepted", False, "intended signed accepted"),
    ([[sent, given_id, final, another_sent, success]], "made", "executed", True, "intended signed accepted executed"),
    ([[sent, given_id, final, another_sent, confirmed, success]], "done", "executed", True, "intended signed accepted executed"),
    # A later run learns the outcome, or does not.
    ([[sent, killed], [final, success]], "made", "executed", True, "intended signed recovered executed"),
    ([[sent, killed], [confirmed, success]], "done", "executed", True, "intended signed recovered executed"),
    ([[sent, killed], [given_id, final, success]], "made", "executed", True, "intended signed recovered accepted executed"),
    ([[sent, killed], [given_id, pending, success]], "made", "accepted", True, "intended signed recovered accepted"),
    ([[sent, killed], [not_made, success]], "void", "not_executed", False, "intended signed recovered not_executed"),
    ([[sent, killed], [not_made, failure]], "void", "not_executed", False, "intended signed recovered not_executed"),
    ([[sent, killed], [final, another_sent, success]], "made", "executed", True, "intended signed recovered executed"),
    ([[sent, killed], [final, killed]], "open", "signed", False, "intended signed"),
    ([[sent, killed], [failure]], "open", "signed", False, "intended signed"),
    ([[sent, failure], [failure], [failure]], "open", "unknown", False, "intended signed unknown"),
    ([[sent, failure], [final, success]], "made", "executed", True, "intended signed unknown recovered executed"),
    ([[sent, failure], [not_made, success]], "void", "not_executed", False, "intended signed unknown recovered not_executed"),
    ([[sent, given_id, killed], [final, success]], "made", "executed", True, "intended signed accepted recovered executed"),
    ([[sent, given_id, killed], [pending, success]], "made", "accepted", True, "intended signed accepted"),
    # It was already reported, perhaps to nobody.
    ([[sent, given_id, final, unheard], [final, success]], "made", "executed", True, "intended signed accepted executed"),
    ([[sent, given_id, final, unheard], [final, unheard]], "made", "executed", False, "intended signed accepted executed"),
    ([[sent, given_id, pending, success], [confirmed, success]], "done", "executed", True, "intended signed accepted executed"),
    ([[sent, given_id, pending, success], [not_made, success]], "void", "not_executed", True, "intended signed accepted not_executed"),
    ([[sent, given_id, final, success], [confirmed, success]], "done", "executed", True, "intended signed accepted executed"),
    # The user acknowledges it.
    ([[sent, failure], [given_up, success]], "given_up", "acknowledged", False, "intended signed unknown acknowledged"),
    ([[sent, given_id, pending, success], [given_up, success]], "given_up", "acknowledged", True, "intended signed accepted acknowledged"),
]


def label(case: tuple[t.Any, ...]) -> str:
    return ", then ".join("-".join(step.__name__ for step in run) for run in case[0])


@pytest.mark.parametrize(("runs", "state", "outcome", "is_reported", "entries"), TABLE, ids=map(label, TABLE))
def test_states_and_entries(
    begin: t.Callable[[], Journal],
    select: t.Callable[..., list[Row]],
    trail: t.Callable[..., list[str]],
    runs: list[list[Step]],
    state: str,
    outcome: str,
    is_reported: bool,
    entries: str,
) -> None:
    for steps in runs:
        journal = begin()
        for step in steps:
            step(journal)
    ((found_state, found_outcome, document),) = select("SELECT state, outcome, document FROM bybit_intents WHERE intent_id = ?", "a")
    assert (found_state, found_outcome, json.loads(document)["reported"]) == (state, outcome, is_reported)
    told = trail("a")
    assert " ".join(told) == entries
    assert len(set(told)) == len(told)


def test_the_table_has_every_event() -> None:
    assert {event for *dummy, entries in TABLE for event in entries.split()} == set(EVENTS)


def test_an_entry_has_event_subject_time_and_reason(
    begin: t.Callable[[], Journal], select: t.Callable[..., list[Row]], clock: t.Any
) -> None:
    journal = begin()
    sent(journal)
    clock.pass_ms(5)
    failure(journal)
    rows = select("SELECT time_ms, product, loan, intent_id, event, reference, document FROM bybit_entries ORDER BY number")
    of_columns = [row[:-1] for row in rows]
    at_ms = clock.now_ms()
    what = ("legacy", "17", "a")
    assert of_columns == [
        (at_ms - 5, *what, "intended", "INV-7"), (at_ms - 5, *what, "signed", "INV-7"), (at_ms, *what, "unknown", "INV-7"),
    ]
    documents = [json.loads(row[-1]) for row in rows]
    assert [document["reason"] for document in documents] == [
        "to reach the goal", "valid for 5000 ms from its timestamp", "The outcome is unknown.",
    ]
    assert [(d["time_ms"], d["product"], d["loan"], d["intent"], d["event"], d["reference"]) for d in documents] == of_columns
    assert {(d["realm"], d["account"], d["amount"], d["coin"], d["sent_at_ms"]) for d in documents} == {
        ("mainnet", "104", "100", "USDT", 1793534400000),
    }

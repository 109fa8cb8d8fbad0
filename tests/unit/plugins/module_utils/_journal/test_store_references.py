# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reference in the journal names one step of an account, in each database."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import JournalLost, Overtaken
from ansible_collections.treasury.bybit.plugins.module_utils._journal.entries import ACKNOWLEDGED, EXECUTED, NOT_EXECUTED, SIGNED
from ansible_collections.treasury.bybit.plugins.module_utils._journal.records import DONE, GIVEN_UP, MADE, OPEN, VOID, Record
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store, Use
from changes import INTENT, TARGET, changed, new

NAMED = dataclasses.replace(INTENT, intent_id="7d0c", reference="INV-7")
NewStore = t.Callable[..., Store]


@pytest.mark.parametrize(
    ("state", "outcome", "is_used"),
    [(OPEN, SIGNED, True), (MADE, EXECUTED, True), (DONE, EXECUTED, True), (GIVEN_UP, ACKNOWLEDGED, True), (VOID, NOT_EXECUTED, False)],
)
def test_the_use_of_a_reference_is_known(acquired: Store, new_store: NewStore, state: str, outcome: str, is_used: bool) -> None:
    assert acquired.use_of("INV-7") is None
    acquired.write([new(NAMED, state, outcome)])
    for loan in ("17", "18"):
        store = new_store(TARGET._replace(loan=loan))
        acquired.release()
        store.acquire(0, writes=loan == "17")
        assert store.use_of("INV-7") == (Use(TARGET, Record(NAMED, state, outcome)) if is_used else None)
        assert store.use_of("INV-8") is store.use_of("inv-7") is None
        store.release()


@pytest.mark.parametrize(
    ("change", "is_same"), [({"loan": "18"}, True), ({"product": "fixed"}, True), ({"account": "105"}, False), ({"realm": "testnet"}, False)]
)
def test_a_reference_names_one_step_of_an_account(acquired: Store, new_store: NewStore, change: dict[str, str], is_same: bool) -> None:
    acquired.write([new(NAMED, DONE)])
    another = new_store(TARGET._replace(**change))
    another.acquire(0)
    assert (another.use_of("INV-7") is not None) == is_same
    again = new(dataclasses.replace(NAMED, intent_id="other"))
    if is_same:
        with pytest.raises(Overtaken):
            another.write([again])
    else:
        another.write([again])


def test_a_step_that_was_certainly_not_executed_frees_its_reference(acquired: Store) -> None:
    acquired.write([new(NAMED)])
    again = dataclasses.replace(NAMED, intent_id="other")
    acquired.write([changed(NAMED, VOID, NOT_EXECUTED), new(again)])
    assert acquired.use_of("INV-7") == Use(TARGET, Record(again, OPEN, SIGNED))


@pytest.mark.parametrize("document", ["{", "{}"])
def test_a_reference_whose_intent_cannot_be_read_stops_the_run(
    acquired: Store, write_anyhow: t.Callable[..., None], document: str
) -> None:
    acquired.write([new(NAMED, DONE)])
    write_anyhow("UPDATE bybit_intents SET document = ?", document)
    with pytest.raises(JournalLost, match="cannot be read .an intent in it is invalid"):
        acquired.use_of("INV-7")

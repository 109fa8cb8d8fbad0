# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit trail: every entry that is changed, removed, or moved in a chain is noticed."""

from __future__ import annotations

import hashlib
import json
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.entries import (
    EVENTS,
    START,
    Entry,
    Event,
    Head,
    canonical,
    entry_of,
    first_misfit,
    hash_of,
)
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target
from hypothesis import given
from hypothesis import strategies as st

TARGET = Target("mainnet", "104", "legacy", "17")
INTENT = Intent(
    "8f2a", Goal(Decimal("100.50")), Decimal("40.50"), "USDT", Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), ()), 1793534400000, 5000,
    repay_id="99", reference="Rückzahlung",
)
ACTOR = {"user": "treasurer", "controller": "c1", "process": 4711}


def chain_of(*names: str) -> tuple[list[Entry], Head]:
    entries: list[Entry] = []
    head = Head()
    for number, name in enumerate(names):
        entry = entry_of(head, TARGET, INTENT, Event(name, f"reason {number}"), 1793534400000 + number, ACTOR)
        entries.append(entry)
        head = Head(entry.number, entry.hash)
    return entries, head


ENTRIES, HEAD = chain_of("intended", "signed", "accepted", "executed")


def test_an_intact_chain_is_valid() -> None:
    assert first_misfit(ENTRIES, HEAD) == first_misfit([], Head()) == ""
    assert (Head().length, Head().hash) == (0, START)


def test_the_document_of_an_entry() -> None:
    document = ENTRIES[0].document
    assert json.loads(document) == {
        "number": 1,
        "time_ms": 1793534400000,
        "realm": "mainnet",
        "account": "104",
        "product": "legacy",
        "loan": "17",
        "event": "intended",
        "reason": "reason 0",
        "move": "repay",
        "intent": "8f2a",
        "amount": "40.5",
        "coin": "USDT",
        "principal": None,
        "interest": None,
        "goal": {"amount": "100.5", "since_ms": None, "max_debt": None, "max_ltv": None, "min_ltv": None, "ensure": None, "collateral": [], "move": "repay"},
        "reference": "Rückzahlung",
        "repay_id": "99",
        "sent_at_ms": 1793534400000,
        "actor": ACTOR,
        "previous": START,
    }
    # Anybody can verify it with shell tools.
    assert ENTRIES[0].hash == hashlib.sha256(document.encode("ascii")).hexdigest()
    assert json.loads(ENTRIES[1].document)["previous"] == ENTRIES[0].hash
    assert [entry.number for entry in ENTRIES] == [1, 2, 3, 4]


def doctored(entry: Entry, **values: t.Any) -> str:
    return canonical({**json.loads(entry.document), **values})


def rewritten(entry: Entry, **values: t.Any) -> Entry:
    """Change an entry, and recalculate its hash."""
    document = doctored(entry, **values)
    return entry._replace(document=document, hash=hash_of(document))


ONE, TWO, THREE, FOUR = ENTRIES
MISFITS = {
    "a changed document": ([ONE, TWO._replace(document=doctored(TWO, amount="4000")), THREE, FOUR], "entry 2 was changed: its hash does not match its content"),
    "a changed hash": ([ONE, TWO._replace(hash="f" * 64), THREE, FOUR], "entry 2 was changed: its hash does not match its content"),
    "a changed document with its hash": (
        [ONE, rewritten(TWO, amount="4000"), THREE, FOUR], "entry 3 does not follow entry 2: it is chained to another entry"
    ),
    "a space in a document": ([ONE, TWO._replace(document=f"{TWO.document} "), THREE, FOUR], "entry 2 was changed: its hash does not match its content"),
    "the first one removed": ([TWO, THREE, FOUR], "entry 1 is missing: entry 2 follows 0"),
    "one in the middle removed": ([ONE, THREE, FOUR], "entry 2 is missing: entry 3 follows 1"),
    "one in the middle removed, and the others renumbered": (
        [ONE, THREE._replace(number=2), FOUR._replace(number=3)], "entry 2 does not follow entry 1: it is chained to another entry"
    ),
    "the last one removed": ([ONE, TWO, THREE], "entry 4 is missing: the journal records 4 entries"),
    "all removed": ([], "entry 1 is missing: the journal records 4 entries"),
    "two swapped": ([ONE, THREE, TWO, FOUR], "entry 2 is missing: entry 3 follows 1"),
    "two swapped, and renumbered": (
        [ONE, THREE._replace(number=2), TWO._replace(number=3), FOUR], "entry 2 does not follow entry 1: it is chained to another entry"
    ),
    "one twice": ([ONE, TWO, TWO, THREE, FOUR], "entry 3 is missing: entry 2 follows 2"),
    "another number within": ([ONE, rewritten(TWO, number=7), THREE, FOUR], "entry 2 does not follow entry 1: it is chained to another entry"),
    "one too many": ([*ENTRIES, entry_of(HEAD, TARGET, INTENT, Event("unknown", ""), 0, ACTOR)], "entry 5 is one too many: the journal records 4 entries"),
}


@pytest.mark.parametrize(("entries", "misfit"), MISFITS.values(), ids=MISFITS)
def test_a_changed_chain_is_invalid(entries: list[Entry], misfit: str) -> None:
    assert first_misfit(entries, HEAD).startswith(misfit)


@pytest.mark.parametrize(
    ("head", "misfit"),
    [
        (HEAD._replace(length=5), "entry 5 is missing: the journal records 5 entries"),
        (HEAD._replace(hash=THREE.hash), "entry 4 is not the last entry that the journal records"),
        (Head(), "entry 1 is one too many: the journal records 0 entries"),
    ],
)
def test_a_wrong_end_of_a_chain_is_invalid(head: Head, misfit: str) -> None:
    assert first_misfit(ENTRIES, head) == misfit


TREES: st.SearchStrategy[t.Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), TREES, max_size=5))
def test_a_document_has_one_canonical_text(document: dict[str, t.Any]) -> None:
    text = canonical(document)
    assert json.loads(text) == document
    # Whatever its order, encoding, and line ends are.
    assert canonical(dict(reversed(document.items()))) == text == canonical(json.loads(text))
    assert text.isascii() and text.isprintable()


@given(st.lists(st.sampled_from(EVENTS), min_size=1, max_size=8), st.data())
def test_a_chain_with_one_change_is_invalid(names: list[str], data: st.DataObject) -> None:
    entries, head = chain_of(*names)
    assert first_misfit(entries, head) == ""
    at = data.draw(st.integers(0, len(entries) - 1))
    entry = entries[at]
    field = data.draw(st.sampled_from(sorted(json.loads(entry.document))))
    changes: list[t.Callable[[], list[Entry]]] = [
        lambda: [*entries[:at], *entries[at + 1:]],
        lambda: [*entries[:at], entry, *entries[at:]],
        lambda: [*entries[:at], entry._replace(document=doctored(entry, **{field: "x"})), *entries[at + 1:]],
        lambda: [*entries[:at], rewritten(entry, **{field: "x"}), *entries[at + 1:]],
        lambda: [*entries[:at], entry._replace(number=entry.number + 1), *entries[at + 1:]],
    ]
    assert first_misfit(data.draw(st.sampled_from(changes))(), head) != ""

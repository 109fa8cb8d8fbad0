# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, MOVES, TAKE_BACK, TO_FUND, Counted, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent, intent_from
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import PROCESSING, SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._loans.wallet import Payment

SENT_MS = 1793534400000
YOUNG = HistoryEntry("11", Decimal("0.1"), SUCCESS, True, SENT_MS - 5000)
PENDING = HistoryEntry("12", Decimal("1E-7"), PROCESSING, False, 1)
INTENT = Intent(
    intent_id="8f2a",
    goal=Goal(Decimal("100.50"), None),
    amount=Decimal("40.5"),
    coin="USDT",
    baseline=Baseline((("debt", Decimal("1000.4")), ("principal", Decimal("1000"))), (YOUNG, PENDING)),
    sent_at_ms=SENT_MS,
    recv_window_ms=5000,
)
COUNTED = Counted((("calm", Decimal("30.5")), ("a fixed one", Decimal(10))), (("USDT", Decimal("40.5")), ("BTC", Decimal("0.001"))), Decimal("40.6"))
COUNTS: dict[str, t.Any] = {
    "shares": [{"rule": "calm", "amount": "30.5"}, {"rule": "a fixed one", "amount": "10"}],
    "moved": [{"coin": "USDT", "amount": "40.5"}, {"coin": "BTC", "amount": "0.001"}],
    "usd": "40.6",
}
PAID = {"coin": "USDT", "amount": "5", "from_ms": SENT_MS - 2000, "to_ms": SENT_MS - 1900}
ASKED = INTENT.as_document()["goal"]
BEFORE = INTENT.as_document()["baseline"]


def through_json(intent: Intent) -> Intent:
    return intent_from(json.loads(json.dumps(intent.as_document())))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"goal": Goal(Decimal("100.5"), SENT_MS - 86_400_000)},
        {"goal": Goal(Decimal("100.5"), 0)},
        {"repay_id": "1849026"},
        {"reported": True},
        {"is_whole": True},
        {"accepted_at_ms": SENT_MS + 40},
        {"goal": Goal(max_debt=Decimal(0))},
        {"goal": Goal(max_debt=Decimal("750.000000000000000001"))},
        {"goal": Goal(max_ltv=Decimal("0.65"))},
        {"goal": Goal(Decimal("100.5"), collateral=("BTC", "ETH"))},
        {"goal": Goal(max_debt=Decimal(0), collateral=("BTC",))},
        *[{"goal": Goal(Decimal("100.5"), move=move)} for move in MOVES],
        {"goal": Goal(max_ltv=Decimal("0.65"), move=ADD)},
        {"goal": Goal(min_ltv=Decimal("0.45"), move=TAKE_BACK)},
        {"goal": Goal(ensure=Decimal("500.000000000000000001"), move=TO_FUND)},
        {"amount": Decimal("0.000000000000000001")},
        {"amount": Decimal("123456789012345678.123456789012345678")},
        {"baseline": Baseline((("debt", Decimal(0)), ("principal", Decimal(0))), ())},
        {"baseline": Baseline((("debt", Decimal(0)), ("principal", Decimal(0))), (), Decimal("523.5"))},
        {"baseline": Baseline((("debt", Decimal(0)), ("principal", Decimal(0))), (), Decimal(0))},
        {"baseline": Baseline((("debt", Decimal(0)), ("principal", Decimal(0))), (), None, (("BTC", Decimal("0.5")), ("ETH", Decimal("1E-7"))))},
        {"baseline": Baseline((), (), Decimal(5), unified=Decimal("1E-7"))},
        {"baseline": Baseline((), (), Decimal(5), unified=Decimal(0))},
        {"baseline": Baseline((("debt", Decimal(0)), ("principal", Decimal(0))), (), None, (), (Payment("USDT", Decimal("5.50"), SENT_MS - 9, SENT_MS - 1),))},
        # Of an unknown type, so its origin is unknown.
        {"baseline": Baseline((("debt", Decimal(0)), ("principal", Decimal(0))), (YOUNG._replace(by_user=None),))},
        # Of collateral, which is a level, and of wallets, which are not.
        *[{"baseline": Baseline((("collateral_amount", Decimal("0.04")),), (YOUNG._replace(move=move),))} for move in MOVES],
        {"baseline": Baseline((), (), Decimal(5), (), (Payment("USDT", Decimal("5.50"), SENT_MS - 9, SENT_MS - 1, is_incoming=True),))},
        {"sent_monotonic_ms": 7_000_000, "boot_id": "1c7be4a5-one-start"},
        {"sent_monotonic_ms": 0},
        {"reported_at_ms": SENT_MS + 900},
        {"reference": "Rückzahlung November"},
        {"counted": COUNTED},
        {"counted": Counted((), (), None)},
        {"counted": Counted((("Ratenzahlung für März", Decimal(0)),), (), Decimal(0))},
    ],
    ids=str,
)
def test_nothing_is_lost_on_the_way_through_json(change: dict[str, t.Any]) -> None:
    intent = dataclasses.replace(INTENT, **change)
    assert through_json(intent) == intent


def test_the_document() -> None:
    assert INTENT.as_document() == {
        "intent": "8f2a",
        "goal": {"amount": "100.5", "since_ms": None, "max_debt": None, "max_ltv": None, "min_ltv": None, "ensure": None, "collateral": [], "move": "repay"},
        "amount": "40.5",
        "coin": "USDT",
        "sent_at_ms": SENT_MS,
        "recv_window_ms": 5000,
        "repay_id": None,
        "reported": False,
        "is_whole": False,
        "accepted_at_ms": None,
        "sent_monotonic_ms": None,
        "boot_id": "",
        "reported_at_ms": None,
        "reference": None,
        "is_shown": False,
        "counted": None,
        "baseline": {
            "levels": {"debt": "1000.4", "principal": "1000"},
            "wallet": None,
            "unified": None,
            "pledged": {},
            "paid": [],
            "entries": [
                {"repay_id": "11", "amount": "0.1", "status": "success", "by_user": True, "time_ms": SENT_MS - 5000, "move": "repay"},
                {"repay_id": "12", "amount": "0.0000001", "status": "processing", "by_user": False, "time_ms": 1, "move": "repay"},
            ],
        },
    }


def test_there_is_no_place_for_a_secret() -> None:
    names = {field.name for field in dataclasses.fields(Intent)}
    assert names == {
        "intent_id", "goal", "amount", "coin", "baseline", "sent_at_ms", "recv_window_ms", "repay_id", "reported", "is_whole",
        "accepted_at_ms", "sent_monotonic_ms", "boot_id", "reported_at_ms", "reference", "is_shown", "counted",
    }


def test_an_old_amount_with_zeros_is_the_same_goal() -> None:
    assert through_json(INTENT).goal == Goal(Decimal("100.5"))


def test_another_request_is_another_goal() -> None:
    goals = [
        Goal(Decimal(100)),
        Goal(Decimal(100), 0),
        Goal(Decimal(100), collateral=("BTC",)),
        Goal(Decimal(100), collateral=("BTC", "ETH")),
        Goal(max_debt=Decimal(100)),
        Goal(max_debt=Decimal(0)),
        Goal(max_ltv=Decimal("0.5")),
    ]
    assert len({through_json(dataclasses.replace(INTENT, goal=goal)).goal for goal in goals}) == len(goals)


@pytest.mark.parametrize(
    ("goal", "is_of_level"),
    [
        (Goal(Decimal(100)), False),
        (Goal(Decimal(100), 0), False),
        (Goal(max_debt=Decimal(0)), True),
        (Goal(max_ltv=Decimal("0.5")), True),
    ],
)
def test_some_goals_depend_on_the_debt(goal: Goal, is_of_level: bool) -> None:
    assert goal.is_of_level == is_of_level


@pytest.mark.parametrize("document", [None, [], {}, "8f2a", 5, True], ids=repr)
def test_a_record_that_is_no_object_is_refused(document: object) -> None:
    with pytest.raises(ValueError, match="^not an intent: "):
        intent_from(document)


def test_what_it_counts_toward_is_in_the_document() -> None:
    assert dataclasses.replace(INTENT, counted=COUNTED).as_document()["counted"] == COUNTS


def test_endless_digits_of_what_it_counts_are_rounded_up() -> None:
    """Caps must not count less, and the intent must be readable."""
    third = Decimal("0.33333333333333333333333333333333333333333333333333")
    counted = Counted((("calm", third),), (("BTC", third),), third * 3)
    rounded = Decimal("0.333333333333333334")
    assert through_json(dataclasses.replace(INTENT, counted=counted)).counted == Counted((("calm", rounded),), (("BTC", rounded),), Decimal(1))


def test_an_intent_of_the_first_version_counts_toward_nothing() -> None:
    document = INTENT.as_document()
    del document["counted"]
    assert intent_from(document) == INTENT


@pytest.mark.parametrize("name", sorted({*INTENT.as_document()} - {"counted"}))
def test_a_missing_field_is_refused(name: str) -> None:
    document = INTENT.as_document()
    del document[name]
    with pytest.raises(ValueError, match=f"^not an intent: '{name}'"):
        intent_from(document)


@pytest.mark.parametrize("name", sorted(ASKED))
def test_a_missing_field_of_the_goal_is_refused(name: str) -> None:
    document = INTENT.as_document()
    del document["goal"][name]
    with pytest.raises(ValueError, match=f"^not an intent: '{name}'"):
        intent_from(document)


@pytest.mark.parametrize("name", ["levels", "entries", "wallet", "unified", "pledged", "paid"])
def test_a_missing_field_of_the_baseline_is_refused(name: str) -> None:
    document = INTENT.as_document()
    del document["baseline"][name]
    with pytest.raises(ValueError, match=f"^not an intent: '{name}'"):
        intent_from(document)


@pytest.mark.parametrize("name", ["repay_id", "amount", "status", "by_user", "time_ms", "move"])
def test_a_missing_field_of_a_record_is_refused(name: str) -> None:
    document = INTENT.as_document()
    del document["baseline"]["entries"][1][name]
    with pytest.raises(ValueError, match="^not an intent: "):
        intent_from(document)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", "a lot"),
        ("amount", None),
        ("amount", {}),
        ("goal", "100"),
        ("goal", {"amount": "100"}),
        ("goal", {"since_ms": None}),
        ("goal", {**ASKED, "amount": None}),
        ("goal", {**ASKED, "max_debt": "0"}),
        ("goal", {**ASKED, "max_ltv": "0.5"}),
        ("goal", {**ASKED, "amount": None, "max_debt": "0", "max_ltv": "0.5"}),
        ("goal", {**ASKED, "amount": "0"}),
        ("goal", {**ASKED, "amount": None, "max_debt": "-1"}),
        ("goal", {**ASKED, "amount": None, "max_debt": 0}),
        ("goal", {**ASKED, "amount": None, "max_ltv": "0"}),
        ("goal", {**ASKED, "amount": None, "max_ltv": "half"}),
        ("goal", {**ASKED, "amount": None, "min_ltv": "0"}),
        ("goal", {**ASKED, "amount": None, "ensure": "0"}),
        ("goal", {**ASKED, "min_ltv": "0.5"}),
        ("goal", {**ASKED, "ensure": "5"}),
        ("goal", {**ASKED, "move": None}),
        ("goal", {**ASKED, "move": "pay"}),
        ("goal", {**ASKED, "collateral": None}),
        ("goal", {**ASKED, "collateral": "BTC"}),
        ("goal", {**ASKED, "collateral": [5]}),
        ("goal", None),
        ("sent_at_ms", None),
        ("sent_at_ms", "soon"),
        ("recv_window_ms", []),
        ("baseline", []),
        *[("baseline", {**BEFORE, "levels": value}) for value in (None, [], "debt")],
        *[("baseline", {**BEFORE, "levels": {"debt": value}}) for value in ("x", "", "-1", None, 0)],
        *[("baseline", {**BEFORE, "entries": value}) for value in (None, {}, [5], [{**YOUNG._asdict(), "amount": "x"}])],
        *[("baseline", {**BEFORE, name: value}) for name in ("wallet", "unified") for value in ("", "x", "-1", 0, 5.5, False)],
        *[("baseline", {**BEFORE, "pledged": value}) for value in (None, [], "BTC", {"BTC": ""}, {"BTC": None}, {"BTC": 1})],
        *[("baseline", {**BEFORE, "paid": value}) for value in (None, {}, [5], [{**PAID, "amount": "0"}], [{**PAID, "from_ms": "1"}])],
        ("amount", "NaN"),
        ("amount", "Infinity"),
        ("amount", "-5"),
        ("amount", "0"),
        ("amount", 100.1),
        ("goal", {**ASKED, "since_ms": "soon"}),
        ("goal", {**ASKED, "amount": "NaN"}),
        ("sent_at_ms", float("inf")),
        ("sent_at_ms", 1.5),
        ("sent_at_ms", True),
        ("recv_window_ms", "5000"),
        ("reported", "no"),
        ("reported", None),
        ("is_whole", "no"),
        ("is_whole", None),
        ("accepted_at_ms", "soon"),
        ("accepted_at_ms", True),
        ("accepted_at_ms", 1.5),
        ("sent_monotonic_ms", "soon"),
        ("sent_monotonic_ms", True),
        ("sent_monotonic_ms", 1.5),
        ("boot_id", None),
        ("boot_id", 5),
        ("repay_id", 5),
        *[("counted", value) for value in ("", [], {}, 5, True, [COUNTS])],
        *[("counted", {key: value for key, value in COUNTS.items() if key != name}) for name in COUNTS],
        *[("counted", {**COUNTS, name: value}) for name in ("shares", "moved") for value in (None, {}, "calm", [5], [{}], [["calm", "5"]])],
        *[("counted", {**COUNTS, "shares": [{"rule": "calm", "amount": value}]}) for value in (None, "", "x", "-1", 5, "NaN")],
        *[("counted", {**COUNTS, "moved": [{"coin": "USDT", "amount": value}]}) for value in (None, "", "x", "-1", 5, "NaN")],
        ("counted", {**COUNTS, "shares": [{"rule": 5, "amount": "5"}]}),
        ("counted", {**COUNTS, "moved": [{"coin": None, "amount": "5"}]}),
        *[("counted", {**COUNTS, "usd": value}) for value in ("", "x", "-1", 5, 5.5, False)],
        ("reference", 5),
        ("reference", ["INV-7"]),
        ("coin", None),
        ("intent", None),
    ],
)
def test_a_damaged_field_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError):
        intent_from({**INTENT.as_document(), name: value})


@pytest.mark.parametrize("change", [{"by_user": "no"}, {"time_ms": "soon"}, {"status": 1}, {"repay_id": 11}], ids=str)
def test_a_damaged_record_is_refused(change: dict[str, object]) -> None:
    document = INTENT.as_document()
    document["baseline"]["entries"][0].update(change)
    with pytest.raises(ValueError):
        intent_from(document)


def test_the_times_within_which_it_can_be_executed() -> None:
    # The exchange accepts while server_time - recv_window <= timestamp < server_time + 1000.
    assert (INTENT.earliest_ms, INTENT.window_end_ms) == (SENT_MS - 1000, SENT_MS + 5000)


def test_an_acceptance_without_an_id_ends_the_time_window() -> None:
    accepted = dataclasses.replace(INTENT, accepted_at_ms=SENT_MS + 40)
    assert (accepted.earliest_ms, accepted.window_end_ms) == (SENT_MS - 1000, SENT_MS + 40)


def test_how_long_its_window_is_open_after_sending() -> None:
    # One second more, because the exchange accepts timestamps up to a second in its future.
    assert INTENT.open_for_ms == 6000
    assert dataclasses.replace(INTENT, recv_window_ms=60_000).open_for_ms == 61_000
    assert dataclasses.replace(INTENT, accepted_at_ms=SENT_MS + 40).open_for_ms == 0


def test_a_history_entry_with_an_amount_of_zero_can_be_read_back() -> None:
    entry = HistoryEntry("99", Decimal(0), SUCCESS, True, 1)
    intent = dataclasses.replace(INTENT, baseline=INTENT.baseline._replace(entries=(entry,)))
    assert through_json(intent) == intent

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reference names a step: what was repaid under it is never repaid again, and what certainly was not is sent."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import typing as t

import pytest
from test_remembering import DYING, ORPHAN
from ways import FIXED_COLLATERAL, FLEXIBLE, FLEXIBLE_COLLATERAL, LEGACY, WAYS

INVOICE = "invoice 2026/11-47"
DAY_SECONDS = 86_400
# As with Mitogen, the output has no file behind it.
BUFFERED = """
import io, os, sys
class Buffer(io.RawIOBase):
    def writable(self): return True
    def write(self, data): return os.write(1, data)
sys.stdout = io.TextIOWrapper(io.BufferedWriter(Buffer()), encoding="utf-8")
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_repay
bybit_loan_repay.main()
"""
AGAIN = ". Nothing was sent: use another reference for this step."
each_way = pytest.mark.parametrize("way", [way for way in WAYS if not way.is_whole], ids=lambda way: way.name)


@pytest.fixture
def repay_once(repay) -> t.Callable[..., t.Any]:
    """Repay 100 of the first loan under a reference, unless the test says otherwise."""
    return lambda **options: repay(**{"reference": INVOICE, **options})


@pytest.fixture
def asked(sandbox) -> t.Callable[..., list[str]]:
    """Return a run and the calls that it sent."""

    def call(run: t.Callable[[], t.Any]) -> tuple[t.Any, list[str]]:
        sandbox.control("DELETE", "requests")
        ended = run()
        return ended, [f"{r['method']} {r['path'].rpartition('/')[2]}" for r in sandbox.requests()["requests"]]

    return call


@pytest.fixture
def assert_answered(asked, sandbox, repay_once) -> t.Callable[..., None]:
    """Run it again. The run must report the earlier repayment, without reading the loan."""

    def call(entry: dict[str, t.Any], repeat: t.Callable[..., t.Any] = repay_once, **options: t.Any) -> None:
        for check in (True, False):
            run, calls = asked(lambda: repeat(check=check, **options))
            assert (run.failed, run["changed"], run["outcome"], run["goal_reached"]) == (False, False, "executed", True)
            assert (run["repay_id"], run["amount"], run["repayments"]) == (entry["repay_id"], entry["amount"], [])
            assert (run["loan"], run.warnings, calls) == ({"before": None, "after": None}, "", ["GET query-api"])
            assert f"Nothing was sent: reference '{INVOICE}' was already used for {entry['amount']} " in run["msg"]
            assert f"(repayment {entry['repay_id']})" in run["msg"]
            assert run["msg"].endswith(" and was executed.")

    return call


@pytest.fixture
def age(journal) -> t.Callable[[int], None]:
    """Make reported records this many days older."""

    def call(days: int) -> None:
        with contextlib.closing(sqlite3.connect(journal, isolation_level=None)) as connection:
            [(document,)] = connection.execute("SELECT document FROM bybit_intents").fetchall()
            known = json.loads(document)
            known["reported_at_ms"] -= days * DAY_SECONDS * 1000
            connection.execute("UPDATE bybit_intents SET document = ?", (json.dumps(known),))

    return call


@each_way
def test_an_executed_step_is_reported_again_and_never_sent_again(pay, ledger, sent, assert_answered, way) -> None:
    first = pay(way, reference=INVOICE)
    [entry] = ledger()
    assert (first["changed"], first["outcome"], first["repay_id"]) == (True, "executed", entry["repay_id"])
    for dummy in range(2):
        assert_answered(entry, lambda **options: pay(way, reference=INVOICE, **options))
    assert (len(ledger()), sent(way)) == (1, 0)


def test_a_reference_is_remembered_forever(repay, simulated_time, sandbox, paid, names, assert_answered, repay_once) -> None:
    """Even after the loan is gone and the history no longer has the repayment."""
    repay_once()
    [entry] = sandbox.repayments()[:1]
    assert repay(amount=None, max_debt="0")["outcome"] == "executed"
    simulated_time.pass_by(400 * DAY_SECONDS)
    assert_answered(entry)
    assert paid()[-1] == "100"


def test_the_same_amount_in_another_spelling_is_the_same_step(repay_once, sandbox, assert_answered) -> None:
    repay_once(amount="100.00")
    assert_answered(sandbox.repayments()[0], amount=100)


def test_options_of_the_run_do_not_make_another_step(repay_once, sandbox, assert_answered) -> None:
    repay_once(wait=False)
    repay_once()
    assert_answered(sandbox.repayments()[0], wait=False, wait_timeout=1, at_most="50", settle_margin=3, recv_window=2000)


@pytest.mark.parametrize("reference", ["47", 47, "x" * 200, "Rechnung № 12 – März ☃", "'; DROP TABLE bybit_intents; --", "a  b", "{{ x }}"])
def test_any_name_is_accepted(repay_once, paid, reference: object) -> None:
    runs = [repay_once(reference=reference) for dummy in range(2)]
    assert [(run["changed"], run["outcome"]) for run in runs] == [(True, "executed"), (False, "executed")]
    assert (runs[0]["repay_id"], paid()) == (runs[1]["repay_id"], ["100"])


def test_names_are_compared_exactly(repay_once, paid) -> None:
    for reference in ("Invoice 1", "invoice 1", "invoice  1", "invoice 1.0", None):
        assert repay_once(reference=reference)["changed"] is True
    assert paid() == ["100"] * 5


@pytest.mark.parametrize(
    "reference", ["", " ", " a", "a ", "a\n", "a\tb", "\x1b[31mred", "a\u2028b", "\u202eabc", "x" * 201], ids=ascii
)
@pytest.mark.parametrize("check", [False, True])
def test_an_invalid_name_is_refused_before_anything_is_sent(repay_once, sandbox, journal, reference: str, check: bool) -> None:
    run = repay_once(reference=reference, check=check)
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "not_executed")
    assert run["msg"].startswith("reference '")
    assert run["msg"].endswith("is not a valid name: use 1 to 200 printable characters without white space at either end, or omit it.")
    assert (sandbox.requests()["counts"], journal.parent.exists(), "Traceback" in run.output) == ({}, False, False)
    assert run["msg"].isprintable()


@pytest.mark.parametrize("goal", [{"since": "2026-11-01"}, {"amount": None, "max_debt": "0"}, {"amount": None, "max_ltv": "0.3"}], ids=str)
def test_a_goal_takes_no_reference(repay_once, sandbox, goal: dict[str, t.Any]) -> None:
    run = repay_once(**goal)
    assert (run.failed, run["outcome"], sandbox.requests()["counts"]) == (True, "not_executed", {})
    assert run["msg"] == (
        f"reference '{INVOICE}' can name only a step: use it with amount without since, or omit it, because a goal "
        f"moves only what is missing; repaying a whole fixed contract needs no reference."
    )


@pytest.mark.parametrize("way", [way for way in WAYS if way.is_whole], ids=lambda way: way.name)
def test_whole_contracts_take_no_reference(pay, sandbox, way) -> None:
    run = pay(way, reference=INVOICE)
    assert (run.failed, run["outcome"], sandbox.requests()["counts"]) == (True, "not_executed", {})
    assert run["msg"].startswith(f"reference '{INVOICE}' can name only a step")


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("way", "options", "named"),
    [
        (LEGACY, {"amount": "100.5"}, "100 USDT on the legacy loan 1794267532472646144"),
        (LEGACY, {"order_id": "1794300811046633472"}, "100 USDT on the legacy loan 1794267532472646144"),
        (FLEXIBLE, {}, "100 USDT on the legacy loan 1794267532472646144"),
        (FLEXIBLE_COLLATERAL, {}, "100 USDT on the legacy loan 1794267532472646144"),
        (FIXED_COLLATERAL, {}, "100 USDT on the legacy loan 1794267532472646144"),
    ],
    ids=["amount", "loan", "product", "collateral", "fixed"],
)
def test_a_reference_is_refused_for_another_step(repay_once, pay, paid, asked, way, options: dict[str, t.Any], named: str, check: bool) -> None:
    repay_once()
    run, calls = asked(lambda: pay(way, reference=INVOICE, check=check, **options))
    assert (run.failed, run["changed"], run["outcome"], run["repay_id"]) == (True, False, "not_executed", None)
    assert run["msg"].startswith(f"reference '{INVOICE}' was already used for the repayment of {named}, sent at 20")
    assert run["msg"].endswith(AGAIN)
    assert (calls, paid()) == (["GET query-api"], ["100"])


@pytest.mark.parametrize("collateral", [["ETH"], ["BTC", "ETH"], None], ids=str)
def test_a_reference_is_refused_for_other_collateral(pay, asked, ledger, collateral: list[str] | None) -> None:
    options = {"loan_currency": "USDT", "amount": "100", "collateral": ["BTC"], "reference": INVOICE}
    assert pay(FLEXIBLE, **options)["outcome"] == "executed"
    run, calls = asked(lambda: pay(FLEXIBLE, **{**options, "collateral": collateral}))
    assert (run.failed, run["outcome"], calls) == (True, "not_executed", ["GET query-api"])
    assert f"reference '{INVOICE}' was already used for the repayment of 100 USDT" in run["msg"]
    assert len(ledger()) == 1


@pytest.mark.parametrize("key", [{"api_key": "sandbox-key-no-wallet"}, {"api_key": "next-key"}], ids=["second", "rotated"])
def test_another_key_of_the_account_finds_the_same_step(repay_once, sandbox, paid, assert_answered, key: dict[str, str]) -> None:
    repay_once()
    sandbox.control("POST", "keys", {"key": "sandbox-key", "replaced_by": "next-key", "old": "expired"})
    assert_answered(sandbox.repayments()[0], **key)
    assert paid() == ["100"]


def test_another_account_has_its_own_references(repay_once, names, sandbox) -> None:
    repay_once()
    other = {"api_key": "sandbox-key-second-account", "order_id": names.second, "amount": "1"}
    runs = [repay_once(**other) for dummy in range(2)]
    assert [(run["changed"], run["outcome"], run["amount"]) for run in runs] == [(True, "executed", "1"), (False, "executed", "1")]


def test_another_journal_does_not_know_the_reference(repay_once, tmp_path, paid) -> None:
    """The documentation names this risk."""
    repay_once()
    assert repay_once(journal=str(tmp_path / "other" / "journal.sqlite"))["changed"] is True
    assert paid() == ["100", "100"]


def test_an_executed_step_whose_answer_was_lost_is_executed_once(repay_once, sandbox, paid, posts, assert_answered) -> None:
    sandbox.fault(answer="close", history_delay_ms=800)
    assert repay_once(wait_timeout=0)["outcome"] == "unknown"
    foreseen = repay_once(check=True)
    found = repay_once()
    [entry] = [entry for entry in sandbox.repayments() if entry["origin"] == "api"]
    for run in (foreseen, found):
        assert (run["changed"], run["outcome"], run["repay_id"], run.details["recovered"]) == (True, "executed", entry["repay_id"], True)
    assert_answered(entry)
    assert (paid(), posts()) == (["100"], 0)


def test_a_step_that_was_not_executed_is_sent(repay_once, sandbox, paid, posts, assert_answered) -> None:
    sandbox.fault(answer="close", commit=False)
    assert repay_once(wait_timeout=0)["outcome"] == "unknown"
    assert repay_once(check=True)["outcome"] == "planned"
    run = repay_once()
    assert (run["changed"], run["outcome"], run.details["recovered"]) == (True, "executed", False)
    assert (run.details["earlier"][0]["outcome"], paid(), posts()) == ("not_executed", ["100"], 2)
    assert_answered(sandbox.repayments()[0])


def test_a_refusal_by_the_exchange_does_not_use_the_reference(repay_once, sandbox, names, paid) -> None:
    """It is free for another step as well."""
    for dummy in range(2):
        sandbox.fault(answer={"ret_code": 177011})
        assert (repay_once()["outcome"], paid()) == ("not_executed", [])
    assert repay_once(amount="30")["outcome"] == "executed"
    assert repay_once()["msg"].endswith(AGAIN)
    assert paid() == ["30"]


def test_while_the_step_is_in_doubt_nothing_is_sent(repay_once, sandbox, paid, posts) -> None:
    sandbox.fault(answer="close", history_delay_ms=60_000)
    doubt = repay_once(wait_timeout=0)
    for options in ({}, {"check": True}):
        run = repay_once(wait_timeout=2, **options)
        assert (run.failed, run["changed"], run["outcome"], run.details["intent"]) == (True, False, "unknown", doubt.details["intent"])
    run = repay_once(amount="30")
    assert (run.failed, run["outcome"], run["msg"].endswith(AGAIN)) == (True, "not_executed", True)
    assert (paid(), posts()) == (["100"], 1)


def test_a_pending_step_that_became_final_is_reported(repay_once, sandbox, until, posts, paid, assert_answered) -> None:
    sandbox.fault(processing_ms=60_000)
    first = repay_once(wait=False)
    assert (first["changed"], first["outcome"]) == (True, "pending")
    for check in (True, False):
        run = repay_once(wait=False, check=check)
        assert (run["changed"], run["outcome"], run["repay_id"]) == (False, "pending", first["repay_id"])
        assert run["msg"].endswith(" and was accepted and is still pending.")
    final = repay_once(wait_timeout=90)
    assert (final["changed"], final["outcome"], final["repay_id"], posts()) == (False, "executed", first["repay_id"], 1)
    assert_answered(sandbox.repayments()[0])
    assert paid() == ["100"]


@pytest.mark.parametrize("wait", [True, False])
def test_a_pending_step_that_failed_is_sent_again(pay, sandbox, spoil, simulated_time, ledger, sent, wait: bool, assert_answered) -> None:
    spoil(FLEXIBLE, processing_ms=5000, final_status=3)
    first = pay(FLEXIBLE, reference=INVOICE, wait=False)
    assert (first["changed"], first["outcome"]) == (True, "pending")
    simulated_time.pass_by(10)
    assert pay(FLEXIBLE, reference=INVOICE, check=True)["outcome"] == "planned"
    run = pay(FLEXIBLE, reference=INVOICE)
    assert (run["changed"], run["outcome"], run["repay_id"] != first["repay_id"]) == (True, "executed", True)
    assert (sent(FLEXIBLE), FLEXIBLE.debt(sandbox.account())) == (2, FLEXIBLE.after)
    assert_answered(ledger()[-1], lambda **options: pay(FLEXIBLE, reference=INVOICE, **options))


def test_a_step_that_failed_long_ago_is_sent_even_if_another_run_saw_it_first(pay, spoil, simulated_time, ledger, sent) -> None:
    spoil(FLEXIBLE, processing_ms=2000, final_status=3)
    assert pay(FLEXIBLE, reference=INVOICE, wait=False)["outcome"] == "pending"
    simulated_time.pass_by(700)
    assert pay(FLEXIBLE, amount="3")["outcome"] == "executed"
    run = pay(FLEXIBLE, reference=INVOICE)
    assert (run["changed"], run["outcome"], sent(FLEXIBLE)) == (True, "executed", 2)


def test_an_accepted_step_that_never_shows_is_a_doubt(repay_once, sandbox, simulated_time, posts) -> None:
    """The history of legacy loans does not show failures."""
    sandbox.fault(processing_ms=2000, final_status=3)
    first = repay_once(wait=False)
    assert first["outcome"] == "pending"
    assert repay_once(wait=False)["outcome"] == "pending"
    simulated_time.pass_by(7200)
    run = repay_once(settle_margin=1, wait_timeout=3)
    assert (run.failed, run["changed"], run["outcome"], run["repay_id"], posts()) == (True, False, "unknown", first["repay_id"], 1)
    assert "was accepted at " in run["msg"] and "the exchange does not show it" in run["msg"]
    assert repay_once(acknowledge=run.details["intent"], wait_timeout=3)["outcome"] == "nothing_to_do"
    assert "use another reference for this step." in repay_once()["msg"]


def test_names_that_look_alike_are_the_same(repay_once, posts) -> None:
    assert repay_once(reference="Caf\u00e9")["changed"] is True
    assert (repay_once(reference="Cafe\u0301")["changed"], posts()) == (False, 1)


@pytest.mark.parametrize("calls_before", range(1, 9))
def test_a_step_killed_at_any_moment_and_run_again_pays_once(begin, repay_once, sandbox, calls, until, paid, calls_before: int) -> None:
    """There is one repayment, however often it is killed."""
    for dummy in range(2):
        sandbox.control("DELETE", "requests")
        process = begin(reference=INVOICE)
        until(lambda: len(calls()) >= calls_before or not process.is_running)
        if process.is_running:
            process.kill()
    runs = [repay_once() for dummy in range(3)]
    assert [(run["outcome"], run["amount"]) for run in runs] == [("executed", "100")] * 3
    assert [run["changed"] for run in runs[1:]] == [False, False]
    assert (paid(), {run["repay_id"] for run in runs}) == (["100"], {sandbox.repayments()[0]["repay_id"]})


@pytest.mark.parametrize(
    ("where", "is_told"),
    [
        ("transport.Transport.send = dying", False),
        ("journal.Journal.close = die", True),
    ],
    ids=["recorded", "told"],
)
def test_a_step_killed_between_its_records_pays_once(begin, repay_once, sandbox, until, paid, posts, assert_answered, where, is_told) -> None:
    process = begin(program=("-c", DYING.format(where=where)), reference=INVOICE)
    until(lambda: not process.is_running)
    assert posts() == (1 if is_told else 0)
    run = repay_once()
    assert (run["changed"], run["outcome"], run.details["recovered"]) == (True, "executed", is_told)
    assert_answered(sandbox.repayments()[0])
    assert paid() == ["100"]


def test_two_runs_at_once_pay_once(simulated_time, begin, sandbox, until, posts, paid) -> None:
    sandbox.fault(delay_answer_ms=1200)
    first = begin(reference=INVOICE)
    until(posts)
    second = begin(reference=INVOICE)
    simulated_time.pass_by(0.5)
    assert second.is_running
    first, second = first.end(), second.end()
    assert [(run.failed, run["changed"], run["outcome"]) for run in (first, second)] == [(False, True, "executed"), (False, False, "executed")]
    assert (first["repay_id"], paid()) == (second["repay_id"], ["100"])


def test_two_runs_at_once_on_two_loans_pay_once(begin, sandbox, repay_once, until, calls, paid, names) -> None:
    """They do not wait for each other, so the journal decides when they record their intents."""
    sandbox.control("POST", "faults", {"method": "GET", "path": LEGACY.history, "delay_answer_ms": 800})
    first = begin(reference=INVOICE, order_id=names.overdue, amount="1")
    until(lambda: "GET repayment-history" in calls())
    second = begin(reference=INVOICE).end()
    first = first.end()
    assert (second.failed, second["changed"], second["outcome"]) == (False, True, "executed")
    assert (first.failed, first["changed"], first["outcome"]) == (True, False, "not_executed")
    assert "Another run has recorded an intent for this loan, or under this reference, at the same moment" in first["msg"]
    assert "Nothing more is sent. Run again." in first["msg"]
    assert repay_once(order_id=names.overdue, amount="1")["msg"].endswith(AGAIN)
    assert paid() == ["100"]


@pytest.mark.parametrize("days", [0, 400])
def test_a_result_that_reached_nobody_is_reported_again_forever(repay_once, sandbox, age, paid, posts, assert_answered, days: int) -> None:
    """Without a reference, it is repeated for 12 hours."""
    told = repay_once(program=("-c", ORPHAN.format(method="post")))
    assert (told["outcome"], told.exit_code) == ("executed", -9)
    age(days)
    run = repay_once()
    assert (run["changed"], run["outcome"], run.details["recovered"], run["repay_id"]) == (True, "executed", True, told["repay_id"])
    assert "hours" not in run.warnings
    assert f"It counts as what reference '{INVOICE}' names." in run.warnings
    assert_answered(sandbox.repayments()[0])
    assert (paid(), posts()) == (["100"], 0)


def test_a_result_that_another_program_takes_is_reported_once(repay_once, sandbox, paid, assert_answered) -> None:
    """Nobody knows whether it arrives there. It does no harm if it does not."""
    first = repay_once(program=("-c", BUFFERED))
    assert (first["changed"], first["outcome"], first.warnings) == (True, "executed", "")
    assert_answered(sandbox.repayments()[0], program=("-c", BUFFERED))
    assert paid() == ["100"]


def test_an_acknowledged_step_is_left_to_the_user(repay_once, sandbox, paid, posts, asked) -> None:
    sandbox.fault(answer="close", history_delay_ms=60_000)
    intent = repay_once(wait_timeout=0).details["intent"]
    run = repay_once(wait_timeout=2, acknowledge=intent)
    assert (run.failed, run["changed"], run["outcome"]) == (False, False, "nothing_to_do")
    for options in ({}, {"check": True}, {"acknowledge": intent}):
        run, calls = asked(lambda: repay_once(**options))
        assert (run.failed, run["changed"], run["outcome"], calls) == (True, False, "not_executed", ["GET query-api"])
        assert run["msg"].startswith(f"reference '{INVOICE}' was already used for 100 USDT on loan 1794267532472646144, sent at ")
        assert run["msg"].endswith(
            "; its unknown outcome was acknowledged. Nothing was sent: if it still needs to be repaid, use another reference for this step."
        )
    assert paid() == ["100"]
    assert repay_once(reference="another")["outcome"] == "executed"


def test_a_step_that_turns_out_not_executed_on_acknowledging_can_be_sent(repay_once, sandbox, paid) -> None:
    sandbox.fault(answer="close", commit=False)
    intent = repay_once(wait_timeout=0).details["intent"]
    assert (repay_once(acknowledge=intent)["outcome"], paid()) == ("nothing_to_do", [])
    assert (repay_once()["outcome"], paid()) == ("executed", ["100"])


@pytest.mark.parametrize("commit", [True, False])
def test_a_bare_step_beside_an_open_step_with_a_reference_pays(repay, repay_once, sandbox, paid, commit: bool) -> None:
    sandbox.fault(answer="close", commit=commit, history_delay_ms=500 if commit else 0)
    assert repay_once(wait_timeout=0)["outcome"] == "unknown"
    run = repay()
    assert (run["changed"], run["outcome"], run.details["recovered"]) == (True, "executed", False)
    assert run.details["earlier"][0]["outcome"] == ("executed" if commit else "not_executed")
    assert "An earlier run began a repayment of 100 USDT" in run.warnings
    # The open one is settled now.
    assert (repay_once()["changed"], repay_once()["changed"], paid()) == (not commit, False, ["100", "100"])


def test_an_open_bare_step_does_not_answer_for_a_step_with_a_reference(repay, repay_once, sandbox, paid) -> None:
    sandbox.fault(answer="close", history_delay_ms=500)
    assert repay(wait_timeout=0)["outcome"] == "unknown"
    run = repay_once()
    assert (run["changed"], run["outcome"], run.details["recovered"], run.details["earlier"][0]["outcome"]) == (True, "executed", False, "executed")
    assert (repay_once()["changed"], paid()) == (False, ["100", "100"])


def test_a_doubt_about_another_step_does_not_delay_the_report(repay, repay_once, sandbox, paid, posts, remembered, assert_answered) -> None:
    repay_once()
    [entry] = sandbox.repayments()[:1]
    sandbox.fault(answer="close", history_delay_ms=60_000)
    assert repay(amount="30", wait_timeout=0)["outcome"] == "unknown"
    doubt = remembered()
    assert_answered(entry)
    assert (remembered(), sorted(paid())) == (doubt, ["100", "30"])


def test_check_mode_before_the_first_run_predicts_it(repay_once, journal, paid) -> None:
    assert (repay_once(check=True)["outcome"], journal.parent.exists(), paid()) == ("planned", False, [])


def test_the_reference_is_in_the_audit_trail(repay_once, journal) -> None:
    repay_once()
    with contextlib.closing(sqlite3.connect(journal)) as connection:
        found = connection.execute("SELECT event, reference FROM bybit_entries ORDER BY number").fetchall()
    assert (found[0], {reference for dummy, reference in found}) == (("intended", INVOICE), {INVOICE})

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal in PostgreSQL that controllers share: what runs record there, and what they know of each other."""

from __future__ import annotations

import getpass
import json
import platform
import re
import typing as t
from urllib.parse import urlsplit

import pytest
from module_runs.runs import as_module
from on_postgresql import INVOICE, PASSWORD, SCHEMA, ask, assert_hidden, in_name, journal, noted, postgres, treasurer
from ways import FLEXIBLE, LEGACY, WAYS

# Fixtures from another file, which pytest finds here.
__all__ = ["ask", "journal", "noted", "postgres", "treasurer"]
ANOTHER_CONTROLLER = """
import platform
platform.node = lambda: "controller-b"
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_repay
bybit_loan_repay.main()
"""


@pytest.fixture
def tables(ask) -> t.Callable[[], list[str]]:
    """List all tables other than the system's."""
    sql = "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
    return lambda: [name for (name,) in ask(sql)]


def test_a_repayment_is_recorded(repay, ask, paid, noted) -> None:
    run = repay()
    assert (run.failed, run["changed"], run["outcome"], run.warnings, paid()) == (False, True, "executed", "", ["100"])
    assert ask("SELECT event FROM bybit_entries ORDER BY number") == [("intended",), ("signed",), ("accepted",), ("executed",)]
    assert (ask("SELECT state, outcome FROM bybit_intents"), noted()) == ([("done", "executed")], [])


def test_neither_key_nor_secret_is_recorded(repay, ask, tables, rsa_keys) -> None:
    repay()
    repay(api_key="sandbox-rsa-key", api_secret=None, rsa_private_key=rsa_keys.private_pem)
    text = str([ask(f"SELECT * FROM {table}") for table in tables()])
    lines = [line for line in rsa_keys.private_pem.splitlines() if "-----" not in line]
    assert [needle for needle in ["sandbox-key", "sandbox-rsa-key", "sandbox-secret", *lines] if needle in text] == []


@pytest.mark.parametrize("commit", [True, False])
def test_another_controller_recovers_a_lost_answer(repay, sandbox, ask, remembered, paid, posts, commit: bool) -> None:
    sandbox.fault(answer="close", commit=commit, history_delay_ms=500 if commit else 0)
    assert repay(wait_timeout=0)["outcome"] == "unknown"
    [intent] = remembered()
    run = repay(program=("-c", ANOTHER_CONTROLLER), api_key="sandbox-key-no-wallet", settle_margin=0)
    assert (run["changed"], run["outcome"], run.details["recovered"]) == (True, "executed", commit)
    [earlier] = run.details["earlier"]
    assert (earlier["intent"], earlier["outcome"]) == (intent["intent"], "executed" if commit else "not_executed")
    assert (paid(), posts(), remembered()) == (["100"], 1 if commit else 2, [])
    controllers = [json.loads(document)["actor"]["controller"] for (document,) in ask("SELECT document FROM bybit_entries ORDER BY number")]
    assert (controllers[0], controllers[-1]) == (platform.node(), "controller-b")


def test_another_controller_waits_for_the_first_run_to_end(simulated_time, begin, holder, paid) -> None:
    first = holder(2500)
    second = begin(amount="30", program=("-c", ANOTHER_CONTROLLER))
    simulated_time.pass_by(1.5)
    assert second.is_running
    first, second = first.end(), second.end()
    assert [(run["outcome"], run.details["recovered"], run.details["earlier"]) for run in (first, second)] == [("executed", False, [])] * 2
    assert (first["loan"]["before"]["debt"], second["loan"]["before"]["debt"], paid()) == ("1000.4", "900.4", ["30", "100"])


@pytest.mark.parametrize("check", [False, True])
def test_a_run_that_gives_up_waiting_names_the_holder(simulated_time, repay, holder, calls, paid, check: bool) -> None:
    first = holder(5000)
    begun = simulated_time.seconds()
    run = repay(lock_timeout=1, check=check)
    assert simulated_time.seconds() - begun >= 1
    assert first.is_running
    assert (run.failed, run["changed"], run["outcome"], run["failure"]) == (True, False, "unknown", None)
    assert re.sub(r"since [-0-9]+ [:0-9]+ UTC\)", "since …)", run["msg"]) == (
        f"Another run for this loan (process {first.pid} of user {getpass.getuser()} on {platform.node()}, since …) did not end within "
        f"lock_timeout, 1 s, so nothing was sent: run again later, or raise lock_timeout. The outcome of its "
        f"operation is not known yet."
    )
    assert (calls()[-2:], paid()) == (["POST repay", "GET query-api"], ["100"])
    first.kill()


def test_the_awx_job_is_named(repay, holder) -> None:
    first = holder(5000, env={"AWX_HOST": "https://awx.example.com", "JOB_ID": "4711"})
    assert f"on {platform.node()}, AWX job 4711, since 20" in repay(lock_timeout=0)["msg"]
    first.kill()


def test_runs_for_other_loans_do_not_wait(repay, holder, names) -> None:
    first = holder(5000)
    assert repay(order_id=names.overdue, lock_timeout=0)["outcome"] == "executed"
    first.kill()


def test_a_killed_holder_frees_the_loan(repay, holder, until, paid, posts) -> None:
    first = holder(5000)
    until(paid)
    first.kill()
    run = repay()
    assert (run["outcome"], run.details["recovered"], paid(), posts()) == ("executed", True, ["100"], 1)


def test_a_reference_is_one_for_all_controllers(repay, sandbox, paid, names) -> None:
    first = repay(reference=INVOICE)
    sandbox.control("DELETE", "requests")
    for options in ({}, {"check": True}, {"program": ("-c", ANOTHER_CONTROLLER)}):
        run = repay(reference=INVOICE, **options)
        assert (run["changed"], run["outcome"], run["repay_id"], run["amount"]) == (False, "executed", first["repay_id"], "100")
    refused = repay(reference=INVOICE, order_id=names.overdue)
    assert (refused.failed, refused["outcome"], "use another reference for this step" in refused["msg"]) == (True, "not_executed", True)
    assert (set(sandbox.requests()["counts"]), paid()) == ({"GET /v5/user/query-api"}, ["100"])


def test_a_reference_on_two_loans_at_once_pays_once(begin, sandbox, until, calls, paid, names) -> None:
    sandbox.control("POST", "faults", {"method": "GET", "path": LEGACY.history, "delay_answer_ms": 1500})
    first = begin(reference=INVOICE, order_id=names.overdue, amount="1")
    until(lambda: "GET repayment-history" in calls())
    second, first = begin(reference=INVOICE).end(), first.end()
    assert (second.failed, second["changed"], second["outcome"]) == (False, True, "executed")
    assert (first.failed, first["changed"], first["outcome"], paid()) == (True, False, "not_executed", ["100"])
    assert "Another run has recorded an intent for this loan, or under this reference, at the same moment" in first["msg"]


def test_check_mode_on_an_unprepared_database_leaves_no_table(repay, tables, posts, ask) -> None:
    run = repay(check=True, reference=INVOICE)
    assert (run.failed, run["outcome"], tables(), posts()) == (False, "planned", [], 0)
    assert ask(f"SELECT 1 FROM pg_namespace WHERE nspname = '{SCHEMA}'") == []


@pytest.mark.parametrize("commit", [True, False])
def test_check_mode_predicts_the_outcome_of_an_open_repayment_and_writes_nothing(repay, sandbox, ask, tables, paid, commit: bool) -> None:
    sandbox.fault(answer="close", commit=commit, history_delay_ms=500 if commit else 0)
    repay(wait_timeout=0)
    before = [ask(f"SELECT * FROM {table}") for table in tables()]
    foreseen = repay(check=True)
    assert [ask(f"SELECT * FROM {table}") for table in tables()] == before
    assert (foreseen["changed"], foreseen["outcome"]) == (True, "executed" if commit else "planned")
    real = repay()
    assert (real["outcome"], real.details["earlier"], paid()) == ("executed", foreseen.details["earlier"], ["100"])


@pytest.mark.parametrize("has_schema", [False, True])
def test_simultaneous_first_runs_create_the_tables_once(begin_way, tables, ledger, ask, has_schema: bool) -> None:
    if has_schema:
        ask(f"CREATE SCHEMA {SCHEMA}")
    processes = [begin_way(way, program=as_module(way.module)) for way in WAYS]
    runs = [process.end() for process in processes]
    assert [(run["outcome"], run["msg"]) for run in runs if run["outcome"] != "executed"] == []
    assert tables() == ["bybit_chains", "bybit_entries", "bybit_intents", "bybit_journal", "bybit_positions", "bybit_targets"]
    assert (ask("SELECT version FROM bybit_journal"), len(ledger())) == ([(2,)], len(WAYS))
    # One chain without a gap.
    assert ask("SELECT count(*), max(number) FROM bybit_entries") == ask("SELECT length, length FROM bybit_chains")


def test_a_user_who_may_not_create_tables_is_told_which_rights_to_grant(repay, pay, posts, sent, treasurer, journal, ask, tables) -> None:
    run = pay(FLEXIBLE, journal=treasurer)
    assert (run.failed, run["changed"], run["outcome"], sent(FLEXIBLE), tables()) == (True, False, "not_executed", 0, [])
    assert f"{in_name(journal)} cannot be used (its tables are missing or older than this collection, and its user may not create them)." in run["msg"]
    assert_hidden(run, PASSWORD)
    # Following the advice works.
    assert repay(amount="1")["outcome"] == "executed"
    missing = pay(FLEXIBLE, journal=treasurer)
    assert (missing.failed, missing["changed"], sent(FLEXIBLE)) == (True, False, 0)
    advice = run["msg"].partition("as that owner (ROLE is the user of the runs): ")[2]
    assert "GRANT SELECT, INSERT ON bybit_entries, bybit_positions TO ROLE;" in advice
    ask(advice.replace("ROLE", urlsplit(treasurer).username))
    paying = pay(FLEXIBLE, journal=treasurer, reference=INVOICE)
    again = pay(FLEXIBLE, journal=treasurer, reference=INVOICE)
    assert [(one["changed"], one["outcome"]) for one in (paying, again)] == [(True, "executed"), (False, "executed")]
    assert sent(FLEXIBLE) == 1

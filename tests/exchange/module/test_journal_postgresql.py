# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal in PostgreSQL that controllers share: what runs know of each other, and what happens during an outage."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import platform
import re
import sys
import typing as t
from urllib.parse import quote, urlsplit

import psycopg
import pytest
from module_runs.runs import as_module
from postgres import HOST, Server
from postgres.relay import CommitRelay, Loses
from ways import FLEXIBLE, LEGACY, WAYS

INVOICE = "invoice 47"
SCHEMA = "treasury_bybit"
# With characters that a URL, a shell, and JSON encode differently.
PASSWORD = "Needle pass/w%rd@\"é'"
ANOTHER_CONTROLLER = """
import platform
platform.node = lambda: "controller-b"
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_repay
bybit_loan_repay.main()
"""
# What Ansible passes to a module with -vvvv and tracebacks enabled.
TALKATIVE = {"_ansible_verbosity": 4, "_ansible_inject_invocation": True, "_ansible_tracebacks_for": ["error", "warning"]}
NOTHING_SENT = "Nothing was sent, because earlier runs may have recorded operations there whose outcome is unknown."


@pytest.fixture(scope="session")
def postgres(tmp_path_factory) -> t.Iterator[Server]:
    with Server(tmp_path_factory.mktemp("postgres")) as running:
        yield running


@pytest.fixture(autouse=True)
def journal(postgres, monkeypatch) -> str:
    """An empty database that the test's runs share."""
    postgres.start()
    url = postgres.new_database()
    monkeypatch.setenv("BYBIT_JOURNAL", url)
    return url


@pytest.fixture
def ask(postgres, journal) -> t.Callable[..., list[tuple[t.Any, ...]]]:
    """Query or change the database."""

    def call(sql: str) -> list[tuple[t.Any, ...]]:
        with psycopg.connect(postgres.by_socket(journal), autocommit=True, options=f"-c search_path={SCHEMA}") as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    return call


@pytest.fixture
def tables(ask) -> t.Callable[[], list[str]]:
    """List all tables other than the system's."""
    sql = "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
    return lambda: [name for (name,) in ask(sql)]


@pytest.fixture
def noted(ask) -> t.Callable[[], list[dict[str, t.Any]]]:
    """List the unsettled intents."""
    sql = "SELECT document FROM bybit_intents WHERE state IN ('open', 'made') ORDER BY number"
    return lambda: [json.loads(document) for (document,) in ask(sql)]


@pytest.fixture
def treasurer(postgres, journal, ask) -> t.Iterator[str]:
    """A user who may only connect. The URL contains the password."""
    name = f"treasurer_{urlsplit(journal).path[-6:]}"
    ask(f"CREATE ROLE {name} LOGIN PASSWORD {psycopg.sql.quote(PASSWORD)}")
    yield f"postgresql://{name}:{quote(PASSWORD, safe='')}@{HOST}:{postgres.port}{urlsplit(journal).path}"
    postgres.start()
    ask(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


@pytest.fixture
def before_its_intent(begin, calls, until, sandbox):
    """Begin a run, and let it go on until it has read everything and is about to record its intent."""

    def call(**options):
        sandbox.control("DELETE", "requests")
        process = begin(**options)
        until(lambda: "GET query-account-coin-balance" in calls())
        return process

    return call


@pytest.fixture
def line(journal) -> t.Iterator[CommitRelay]:
    """A connection to the database that can break at a COMMIT."""
    with contextlib.closing(CommitRelay(journal)) as line:
        yield line


def in_name(journal: str) -> str:
    return f"The journal in the PostgreSQL database '{urlsplit(journal).path[1:]}' on {HOST}"


def assert_hidden(run, *passwords: str) -> None:
    """No password is in the output, in whatever form."""
    forms = [form for password in passwords for form in (password, quote(password), quote(password, safe=""), json.dumps(password)[1:-1])]
    assert [form for form in forms if form in run.output] == []
    assert "Needle" not in run.output


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
    assert tables() == ["bybit_chains", "bybit_entries", "bybit_intents", "bybit_journal", "bybit_targets"]
    assert (ask("SELECT version FROM bybit_journal"), len(ledger())) == ([(1,)], len(WAYS))
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
    assert "GRANT SELECT, INSERT ON bybit_entries TO ROLE;" in advice
    ask(advice.replace("ROLE", urlsplit(treasurer).username))
    paying = pay(FLEXIBLE, journal=treasurer, reference=INVOICE)
    again = pay(FLEXIBLE, journal=treasurer, reference=INVOICE)
    assert [(one["changed"], one["outcome"]) for one in (paying, again)] == [(True, "executed"), (False, "executed")]
    assert sent(FLEXIBLE) == 1


def _wrong_password(url: str) -> str:
    return url.replace(quote(PASSWORD, safe=""), "NeedleWrong")


def _no_such_database(url: str) -> str:
    return f"{url}x"


def _server_away(url: str) -> str:
    return url.replace(f":{urlsplit(url).port}/", ":1/")


def _no_tls(url: str) -> str:
    return f"{url}?sslmode=require"


def _password_as_parameter(url: str) -> str:
    return f"{url.replace(':' + quote(PASSWORD, safe=''), '')}?password=NeedleWrong"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_wrong_password, "password authentication failed for user"),
        (_no_such_database, "does not exist"),
        (_server_away, "Connection refused"),
        (_no_tls, "server does not support SSL, but SSL was required"),
        (_password_as_parameter, "password authentication failed for user"),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_a_database_that_cannot_be_reached_is_named(repay, posts, sandbox, treasurer, change, why: str, check: bool) -> None:
    run = repay(journal=change(treasurer), check=check, **TALKATIVE)
    assert (run.failed, run["changed"], run["outcome"], posts()) == (True, False, "unknown", 0)
    assert run["msg"].startswith("The journal in the PostgreSQL database '")
    assert why in run["msg"]
    assert run["msg"].endswith(f"). {NOTHING_SENT} Check journal (host, user, password, database), and run again.")
    assert "\n" not in run["msg"]
    assert set(sandbox.requests()["counts"]) == {"GET /v5/user/query-api"}
    assert run["invocation"]["module_args"]["journal"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    assert_hidden(run, PASSWORD)


@pytest.mark.parametrize(
    "options",
    [
        {"amount": "-1"}, {"amount": "{password}"}, {"order_id": "{password}"}, {"surprise": "1"}, {"lock_timeout": -1}, {"since": "{password}"},
        {"reference": "{password}", "max_debt": "0", "amount": None}, {"api_url": "http://{password}@:1"}, {"collateral": ["{password}"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("where", ["option", "environment", "parameter"])
def test_no_password_is_shown_whatever_else_is_wrong(repay, treasurer, posts, where: str, options: dict[str, t.Any]) -> None:
    """Not even if another option quotes it."""
    url = _password_as_parameter(treasurer) if where == "parameter" else treasurer
    password = "NeedleWrong" if where == "parameter" else PASSWORD
    given = {"env": {"BYBIT_JOURNAL": url}} if where == "environment" else {"journal": url}
    quoting = {name: value.format(password=password) if isinstance(value, str) else value for name, value in options.items()}
    run = repay(**given, **quoting, **TALKATIVE)
    assert (run.failed, posts()) == (True, 0)
    assert_hidden(run, password)


@pytest.mark.parametrize("url", ["postgresql://u:NeedleWrong@[::1/x", "postgresql://u:NeedleWrong@h/x?colour=blue", "postgres://u:Needle%zz@h/x"])
def test_no_password_of_an_invalid_url_is_shown(repay, sandbox, url: str) -> None:
    run = repay(journal=url, **TALKATIVE)
    assert (run.failed, run["outcome"], sandbox.requests()["counts"]) == (True, "not_executed", {})
    assert run["msg"] == (
        "journal is not a valid PostgreSQL URL: use 'postgresql://user@host/database', with libpq parameters after a '?', and percent-encode "
        "special characters in the password."
    )
    assert_hidden(run)


def test_a_successful_run_shows_no_password(repay, treasurer, ask, paid) -> None:
    parts = urlsplit(treasurer)
    ask(f"GRANT CREATE ON DATABASE {parts.path[1:]} TO {parts.username}")
    run = repay(journal=treasurer, **TALKATIVE, _ansible_debug=True, diff=True)
    assert (run["outcome"], run["invocation"]["module_args"]["journal"]) == ("executed", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER")
    assert_hidden(run, PASSWORD)
    assert paid() == ["100"]


@pytest.mark.parametrize("how", ["PGPASSWORD", "PGPASSFILE", "PGSERVICEFILE"])
def test_the_password_may_be_where_libpq_looks_for_it(repay, postgres, journal, ask, tmp_path, how: str) -> None:
    database = urlsplit(journal).path[1:]
    file = tmp_path / "secret"
    file.touch(0o600)
    url = f"postgresql://postgres@{HOST}:{postgres.port}/{database}"
    env = {how: postgres.password if how == "PGPASSWORD" else str(file)}
    if how == "PGPASSFILE":
        file.write_text(f"{HOST}:{postgres.port}:{database}:postgres:{postgres.password}\n")
    elif how == "PGSERVICEFILE":
        file.write_text(f"[treasury]\nhost={HOST}\nport={postgres.port}\ndbname={database}\nuser=postgres\npassword={postgres.password}\n")
        url = "postgresql://?service=treasury"
    run = repay(journal=url, env=env)
    assert (run["outcome"], ask("SELECT count(*) FROM bybit_intents")) == ("executed", [(1,)])
    assert postgres.password not in run.output


def test_without_psycopg_it_says_how_to_get_it(repay, sandbox, treasurer, tmp_path) -> None:
    """A journal in a file still works."""
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "psycopg.py").write_text("raise ImportError('no pq wrapper available')\n")
    path = os.pathsep.join(filter(None, [str(tmp_path / "without"), os.environ.get("PYTHONPATH", "")]))
    run = repay(journal=treasurer, env={"PYTHONPATH": path}, **TALKATIVE)
    assert (run.failed, run["changed"], run["outcome"], sandbox.requests()["counts"]) == (True, False, "not_executed", {})
    assert run["msg"].startswith(
        f"{sys.executable}, which runs this module, cannot import the Python library psycopg, which journal needs: "
    )
    assert f"run {sys.executable} -m pip install 'psycopg[binary]>=3.1', or set ansible_python_interpreter" in run["msg"]
    assert "no pq wrapper available" in run.output
    assert_hidden(run, PASSWORD)
    assert repay(journal=str(tmp_path / "journal.sqlite"), env={"PYTHONPATH": path})["outcome"] == "executed"


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_repayment_is_reported_although_the_server_ended_after_it_was_sent(repay, postgres, holder, until, paid, posts, remembered, mode) -> None:
    process = holder(800)
    until(paid)
    postgres.stop(mode)
    run = process.end()
    assert (run.failed, run["changed"], run["outcome"], run["amount"], paid()) == (False, True, "executed", "100", ["100"])
    assert "The next run checks this repayment again." in run.errors
    postgres.start()
    assert [intent["amount"] for intent in remembered()] == ["100"]
    again = repay()
    assert (again["changed"], again["outcome"], again.details["recovered"], again["repay_id"]) == (True, "executed", True, run["repay_id"])
    assert (paid(), posts(), remembered()) == (["100"], 1, [])


def test_a_server_that_restarts_before_the_run_ends_records_its_end(repay, postgres, holder, until, paid, noted, ask) -> None:
    process = holder(2500)
    until(paid)
    postgres.stop("immediate")
    postgres.start()
    run = process.end()
    assert (run.failed, run["changed"], run["outcome"], run.warnings) == (False, True, "executed", "")
    assert (noted(), ask("SELECT event FROM bybit_entries ORDER BY number DESC LIMIT 1")) == ([], [("executed",)])
    # A new run is a new step.
    assert (repay()["outcome"], paid()) == ("executed", ["100", "100"])


def test_nothing_is_sent_if_the_server_ends_before_the_intent_is_recorded(repay, postgres, before_its_intent, posts, paid, journal) -> None:
    process = before_its_intent()
    postgres.stop()
    run = process.end()
    assert (run.failed, run["changed"], run["outcome"], posts()) == (True, False, "not_executed", 0)
    assert f"The repayment of 100 USDT on loan 1794267532472646144 was not made: {in_name(journal)} cannot be used (" in run["msg"]
    postgres.start()
    assert (repay()["outcome"], repay(reference=INVOICE)["outcome"], paid()) == ("executed", "executed", ["100", "100"])


def test_a_server_that_restarts_before_the_intent_is_recorded_does_no_harm(postgres, before_its_intent, paid, noted) -> None:
    process = before_its_intent()
    postgres.stop("immediate")
    postgres.start()
    run = process.end()
    assert (run.failed, run["outcome"], paid(), noted()) == (False, "executed", ["100"], [])


@pytest.mark.parametrize("loses", ["answer", "commit"])
def test_nothing_is_sent_if_the_record_is_in_doubt(repay, journal, line, before_its_intent, posts, paid, noted, loses: Loses) -> None:
    repay(amount="1")
    process = before_its_intent(journal=line.url)
    line.loses = loses
    run = process.end()
    assert (line.loses, run.failed, run["changed"], run["outcome"], posts()) == ("nothing", True, False, "not_executed", 0)
    assert f"{in_name(journal)} did not confirm the COMMIT (" in run["msg"]
    # In the end, the journal says that nothing was sent, whether the intent was recorded or not.
    assert noted() == []
    again = repay()
    assert (again["outcome"], again.details["earlier"], paid()) == ("executed", [], ["100", "1"])


def test_an_overtaken_run_sends_nothing(before_its_intent, repay, sandbox, names, ask, paid, posts) -> None:
    """Ending its connection takes its lock away without the run's notice."""
    sandbox.control("POST", "faults", {"method": "GET", "path": names.wallet, "delay_answer_ms": 2500})
    process = before_its_intent()
    ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'treasury.bybit'")
    assert repay(amount="30")["outcome"] == "executed"
    run = process.end()
    assert (run.failed, run["changed"], run["outcome"], paid(), posts()) == (True, False, "not_executed", ["30"], 1)
    assert "Another run took over this loan while this one was suspended or disconnected from the journal" in run["msg"]
    assert "Nothing more is sent. Run again." in run["msg"]


def test_a_database_that_is_no_journal_is_refused_before_anything_is_sent(repay, ask, posts, sandbox, journal) -> None:
    sandbox.fault(answer="close", commit=False)
    repay(wait_timeout=0)
    sent = posts()
    for sql, why in (
        ("UPDATE bybit_intents SET document = '{}'", f"{in_name(journal)} cannot be read (an intent in it is invalid: "),
        ("UPDATE bybit_journal SET version = 99", "its schema has version 99, and this collection supports 1"),
        ("DELETE FROM bybit_journal", "its table bybit_journal has 0 rows instead of one"),
    ):
        ask(sql)
        for check in (True, False):
            run = repay(check=check)
            assert (run.failed, run["changed"], run["outcome"], posts()) == (True, False, "unknown", sent)
            assert why in run["msg"]
            assert "Nothing was sent, because" in run["msg"]

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection to a journal in PostgreSQL: what cannot be reached is named, and no password is shown."""

from __future__ import annotations

import os
import sys
import typing as t
from urllib.parse import quote, urlsplit

import pytest
from on_postgresql import PASSWORD, ask, assert_hidden, journal, postgres, treasurer
from postgres import HOST

# Fixtures from another file, which pytest finds here.
__all__ = ["ask", "journal", "postgres", "treasurer"]
# What Ansible passes to a module with -vvvv and tracebacks enabled.
TALKATIVE = {"_ansible_verbosity": 4, "_ansible_inject_invocation": True, "_ansible_tracebacks_for": ["error", "warning"]}
NOTHING_SENT = "Nothing was sent, because earlier runs may have recorded operations there whose outcome is unknown."


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

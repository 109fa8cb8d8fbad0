# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A forked run, as the other tests use it, behaves like a run in a new Python process."""

from __future__ import annotations

import os
import re
import sys
import threading
import typing as t
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
from module_runs.runs import as_module
from stepping.warm_up import MODULES

PROGRAMS = {"forked": None, "started": as_module("bybit_loan_repay")}


def stand(process: int) -> dict[str, t.Any]:
    """Return the working directory, umask, open files, and signal masks of a process."""
    place = Path(f"/proc/{process}")
    status = dict(line.split(":\t", 1) for line in (place / "status").read_text().splitlines() if ":\t" in line)
    files = {int(entry.name): re.sub(r"\d+", "N", os.readlink(entry)) for entry in (place / "fd").iterdir()}
    # Signals from 32 on belong to the C library.
    signals = {name: int(status[name], 16) & 0x7FFFFFFF for name in ("SigBlk", "SigIgn", "SigCgt")}
    return {"folder": os.readlink(place / "cwd"), "umask": int(status["Umask"], 8), "files": files, **signals}


@pytest.mark.parametrize("umask", [0o077, 0o022])
def test_it_has_the_surroundings_of_a_new_process(begin, sandbox, until, posts, tmp_path, monkeypatch, umask: int) -> None:
    monkeypatch.chdir(tmp_path)
    sandbox.fault(delay_answer_ms=60_000, times=0)
    # One more run, of which a fork could inherit something.
    neighbour = begin(api_timeout=60)
    until(posts)
    stands = {}
    old = os.umask(umask)
    try:
        for name, program in PROGRAMS.items():
            sandbox.control("DELETE", "requests")
            process = begin(program=program, journal=str(tmp_path / name / "journal.sqlite"))
            until(posts)
            stands[name] = stand(process.pid)
            process.kill()
    finally:
        os.umask(old)
    neighbour.kill()
    started = stands["started"]
    assert (started["folder"], started["umask"], {0, 1, 2} < set(started["files"])) == (str(tmp_path), umask, True)
    files = [name.replace("/started/", "/forked/") for name in started.pop("files").values()]
    # In addition, the two pipes to and from the process that drives it.
    assert sorted(stands["forked"].pop("files").values()) == sorted([*files, *["pipe:[N]"] * 2])
    assert stands["forked"] == started


@pytest.mark.parametrize(
    "options", [{"diff": True}, {"amount": "-1"}, {"amount": None}, {"surprise": "1"}, {"order_id": "1"}], ids=str
)
def test_it_ends_like_a_new_process(repay, options: dict) -> None:
    forked, started = (repay(check=True, program=program, **options) for program in PROGRAMS.values())
    assert (forked.result, forked.exit_code) == (started.result, started.exit_code)
    assert forked.exit_code == (1 if forked.failed else 0)


def test_it_has_its_own_environment_and_leaves_nothing_to_the_next(run, sandbox, names, monkeypatch) -> None:
    options = {"api_url": sandbox.url, "order_id": names.loan, "amount": "1", "_ansible_check_mode": True}
    settings = {"BYBIT_API_KEY": "sandbox-key", "BYBIT_API_SECRET": "sandbox-secret"}
    assert run(settings, **options)["outcome"] == "planned"
    assert "BYBIT_API_KEY" in run(None, **options)["msg"]
    # Variables of the parent process with such a name are not passed to the run either.
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert "BYBIT_API_KEY" in run(None, **options)["msg"]


def test_runs_at_the_same_time_do_not_affect_each_other(begin) -> None:
    amounts = [str(amount) for amount in range(1, 25)]
    processes = [begin(check=True, amount=amount) for amount in amounts]
    assert [process.end()["amount"] for process in processes] == amounts


def test_its_warnings_and_uncaught_exceptions_are_in_its_output(run, monkeypatch) -> None:
    """pytest catches both in its own process, from which the run is forked."""

    def main(clock: object) -> None:
        warnings.warn("something odd", UserWarning)
        warnings.warn("something old", DeprecationWarning)
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
        print("{}")

    monkeypatch.setitem(sys.modules, f"{MODULES}.noisy", SimpleNamespace(main=main))
    errors = run(module="noisy").errors
    assert ("UserWarning: something odd" in errors, "something old" in errors, "ZeroDivisionError" in errors) == (True, False, True)


def test_variables_that_python_reads_at_its_start_make_a_new_process(repay) -> None:
    assert "import time:" in repay(check=True, env={"PYTHONPROFILEIMPORTTIME": "1"}).errors
    assert "import time:" not in repay(check=True).errors


def test_the_module_is_a_parameter(run_module, begin_module, sandbox, names) -> None:
    whole = {"order_id": names.loan, "amount": "100"}
    assert run_module("bybit_loan_repay", check=True, **whole)["outcome"] == "planned"
    process = begin_module("bybit_no_such_module", **whole)
    with pytest.raises(AssertionError, match="No module named .*bybit_no_such_module"):
        process.end()

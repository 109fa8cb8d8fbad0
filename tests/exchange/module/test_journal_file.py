# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal in a file: private, free of secrets, separate for each target, and refused before anything is sent if unusable."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest
from journal_files import doubt

# Fixtures from another file, which pytest finds here.
__all__ = ["doubt"]


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_only_the_owner_can_read_the_journal(doubt, journal) -> None:
    """Even if the user's umask would let others read it."""
    old = os.umask(0)
    try:
        doubt(journal=str(journal.parent / "deep" / "down" / "of this.sqlite"))
    finally:
        os.umask(old)
    found = [journal.parent, *journal.parent.rglob("*")]
    # Three directories, the file, SQLite's own journal file, and two locks: of the loan, and of its LTV.
    assert len(found) == 7
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in found}
    assert modes == {path: 0o700 if path.is_dir() else 0o600 for path in found}


def test_neither_key_nor_secret_is_recorded(doubt, repay, journal, rsa_keys) -> None:
    doubt()
    doubt(api_key="sandbox-rsa-key", api_secret=None, rsa_private_key=rsa_keys.private_pem)
    repay(order_id="1111111111111111111")
    written = everything_in(journal.parent)
    # Two loans of one account, one of which has an intent.
    assert len(written) == 6
    lines = [line for line in rsa_keys.private_pem.splitlines() if "-----" not in line]
    needles = ["sandbox-key", "sandbox-rsa-key", "sandbox-secret", *lines]
    text = b"\n".join([*(name.encode() for name in written), *written.values()])
    assert [needle for needle in needles if needle.encode() in text] == []
    assert hashlib.sha256(b"sandbox-key").hexdigest().encode() not in text


def test_the_default_is_in_the_users_home(run, sandbox, names, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("BYBIT_JOURNAL")
    options = {"api_url": sandbox.url, "api_key": "sandbox-key", "api_secret": "sandbox-secret", "order_id": names.loan}
    assert run({"HOME": str(tmp_path)}, amount="1", **options)["changed"] is True
    assert (tmp_path / ".local" / "state" / "treasury.bybit" / "journal.sqlite").is_file()


def test_the_option_wins_over_the_environment(doubt, journal, tmp_path) -> None:
    doubt(journal=str(tmp_path / "other" / "journal.sqlite"))
    assert (tmp_path / "other" / "journal.sqlite").is_file()
    assert not journal.parent.exists()


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("treasury.sqlite", "journal is not an absolute path: start it with '/'"),
        ("", "journal is not an absolute path"),
        ("mysql://db.example.com/treasury", "journal has an unsupported scheme: use the path of a file, or 'postgresql://"),
        ("postgresql://[::1/treasury", "journal is not a valid PostgreSQL URL: use 'postgresql://user@host/database', with"),
        ("postgresql://user@host/database?colour=blue", "journal is not a valid PostgreSQL URL: use"),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_an_option_that_names_no_journal_is_refused_before_anything_is_sent(repay, sandbox, value: str, sentence: str, check: bool) -> None:
    run = repay(journal=value, check=check)
    assert (run.failed, run["changed"], run["outcome"], sentence in run["msg"]) == (True, False, "not_executed", True)
    assert (sandbox.requests()["counts"], "Traceback" in run.output) == ({}, False)


def test_check_mode_makes_no_directory(repay, journal) -> None:
    assert repay(check=True)["outcome"] == "planned"
    assert not journal.parent.exists()


@pytest.mark.parametrize("commit", [True, False])
def test_check_mode_predicts_the_outcome_of_an_open_repayment_and_writes_nothing(
    repay, sandbox, journal, paid, posts, commit: bool
) -> None:
    sandbox.fault(answer="close", commit=commit, history_delay_ms=500 if commit else 0)
    repay(wait_timeout=0)
    before = everything_in(journal.parent)
    foreseen = repay(check=True)
    assert everything_in(journal.parent) == before
    assert posts() == 1
    assert (foreseen["changed"], foreseen["outcome"]) == (True, "executed" if commit else "planned")
    assert foreseen.details["earlier"][0]["outcome"] == ("executed" if commit else "not_executed")
    real = repay()
    assert (real["outcome"], real.details["earlier"], paid()) == ("executed", foreseen.details["earlier"], ["100"])


def test_check_mode_predicts_the_effect_of_acknowledge_and_forgets_nothing(repay, sandbox, remembered) -> None:
    sandbox.fault(answer="close", history_delay_ms=60_000)
    intent = repay(wait_timeout=0).details["intent"]
    foreseen = repay(check=True, wait_timeout=0, acknowledge=intent)
    assert (foreseen["outcome"], foreseen.details["earlier"][0]["outcome"]) == ("nothing_to_do", "unknown")
    assert [kept["intent"] for kept in remembered()] == [intent]


def test_another_key_of_the_account_finds_the_open_intent(doubt, repay, remembered, paid) -> None:
    """So does a key that replaces an expired one."""
    doubt()
    [intent] = remembered()
    run = repay(api_key="sandbox-key-no-wallet", wait_timeout=0)
    assert (run["outcome"], run.details["intent"], paid()) == ("unknown", intent["intent"], [])
    assert repay(api_key="sandbox-key-no-wallet").details["earlier"][0]["intent"] == intent["intent"]


def test_a_key_that_replaces_an_expired_one_finds_the_open_intent(repay, sandbox, remembered, paid, posts) -> None:
    sandbox.fault(answer="reset", history_delay_ms=3000, debt_delay_ms=3000)
    assert repay(wait_timeout=0)["outcome"] == "unknown"
    sandbox.control("POST", "keys", {"key": "sandbox-key", "replaced_by": "next-key", "old": "expired"})
    run = repay()
    assert (run["outcome"], run["failure"]["ret_code"], run["amount"]) == ("unknown", 33004, "100")
    assert "ended before it could report the outcome. The outcome is unknown, and nothing was sent now" in run["msg"]
    run = repay(api_key="next-key")
    assert (run["outcome"], run.details["recovered"], paid(), posts(), remembered()) == ("executed", True, ["100"], 1, [])


@pytest.mark.parametrize(("days", "warns"), [(6, True), (8, False)])
def test_a_key_that_expires_within_a_week_is_a_warning(repay, sandbox, days: int, warns: bool) -> None:
    sandbox.control("POST", "keys", {"key": "sandbox-key", "expires_in_days": days})
    for check in (True, False):
        run = repay(check=check)
        assert run["changed"] is True
        assert ("api_key expires at" in run.warnings) == warns


def test_check_mode_reports_a_key_that_may_not_repay(repay, sandbox, posts) -> None:
    sandbox.control("POST", "keys", {"key": "sandbox-key", "permissions": ["Wallet"]})
    run = repay(check=True)
    assert (run.failed, run["outcome"], run["order_id"], posts()) == (True, "not_executed", "1794267532472646144", 0)


def test_a_run_that_cannot_identify_the_account_fails(doubt, repay, sandbox, remembered, posts) -> None:
    doubt()
    before, sent = remembered(), posts()
    answers = [{"http_status": 200, "body": '{"retCode":0,"result":{}}'}, {"ret_code": 10016}, "html_502"]
    for answer in answers:
        sandbox.control("POST", "faults", {"method": "GET", "path": "/v5/user/query-api", "answer": answer})
        run = repay()
        assert (run.failed, run["changed"], run["outcome"], run["repay_id"]) == (True, False, "unknown", None)
        assert (remembered(), posts()) == (before, sent)
    repay()
    sandbox.control("POST", "faults", {"method": "GET", "path": "/v5/user/query-api", "answer": "html_502"})
    run = repay()
    assert (run.failed, run["outcome"], run["amount"]) == (True, "not_executed", "100")


def test_another_address_of_the_exchange_finds_the_open_intent(doubt, repay, remembered, sandbox, paid) -> None:
    doubt()
    [intent] = remembered()
    run = repay(api_url=sandbox.url.replace("127.0.0.1", "localhost") + "/.", wait_timeout=0)
    assert (run["outcome"], run.details["intent"], paid()) == ("unknown", intent["intent"], [])


def test_another_account_is_another_target(doubt, repay, remembered) -> None:
    doubt()
    before = remembered()
    run = repay(api_key="sandbox-key-second-account", wait_timeout=0)
    assert (run["outcome"], run.details["intent"], run.details["earlier"], remembered()) == ("not_executed", None, [], before)


def test_another_loan_is_another_target(doubt, repay, sandbox, names) -> None:
    doubt()
    run = repay(order_id=names.overdue, wait_timeout=0)
    assert (run["outcome"], run.details["earlier"], len(sandbox.repayments(names.overdue))) == ("executed", [], 1)


def test_another_host_is_another_target(doubt, repay, start) -> None:
    doubt()
    run = repay(api_url=start().url, wait_timeout=0)
    assert (run["outcome"], run.details["earlier"]) == ("executed", [])


@pytest.mark.parametrize("spelling", ["{}/", "{}//", "upper"])
def test_the_same_host_in_another_spelling_is_the_same_target(doubt, repay, sandbox, posts, spelling: str) -> None:
    url = sandbox.url.replace("http:", "HTTP:") if spelling == "upper" else spelling.format(sandbox.url)
    doubt(recv_window=60_000)
    run = repay(api_url=url, wait_timeout=0)
    assert (run["outcome"], posts()) == ("unknown", 1)

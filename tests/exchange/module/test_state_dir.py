# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state directory: private, without a secret, apart for each target, and refused before anything is sent if unusable."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path

import pytest


@pytest.fixture
def doubt(repay, sandbox):
    """Leave a repayment in doubt that was not made."""

    def call(**options):
        sandbox.fault(answer="close", commit=False)
        run = repay(**{"wait_timeout": 0, **options})
        assert run["outcome"] == "unknown"
        return run

    return call


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_only_the_owner_may_look(doubt, state_dir) -> None:
    """Also where the user's umask would let others look."""
    old = os.umask(0)
    try:
        doubt(state_dir=str(state_dir / "deep" / "down"))
    finally:
        os.umask(old)
    found = [state_dir, *state_dir.rglob("*")]
    assert len(found) == 5
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in found}
    assert modes == {path: 0o700 if path.is_dir() else 0o600 for path in found}


def test_neither_key_nor_secret_is_written_down(doubt, repay, state_dir, rsa_keys) -> None:
    doubt()
    doubt(api_key="sandbox-rsa-key", api_secret=None, rsa_private_key=rsa_keys.private_pem)
    repay(order_id="1111111111111111111")
    written = everything_in(state_dir)
    # Two loans of one account, of which one is noted.
    assert len(written) == 3
    lines = [line for line in rsa_keys.private_pem.splitlines() if "-----" not in line]
    needles = ["sandbox-key", "sandbox-rsa-key", "sandbox-secret", *lines]
    text = b"\n".join([*(name.encode() for name in written), *written.values()])
    assert [needle for needle in needles if needle.encode() in text] == []
    assert hashlib.sha256(b"sandbox-key").hexdigest().encode() not in text


def test_the_default_is_in_the_home_of_the_user(run, sandbox, names, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("BYBIT_STATE_DIR")
    options = {"api_url": sandbox.url, "api_key": "sandbox-key", "api_secret": "sandbox-secret", "order_id": names.loan}
    assert run({"HOME": str(tmp_path)}, amount="1", **options)["changed"] is True
    assert list((tmp_path / ".local" / "state" / "treasury.bybit").glob("*.lock"))


def test_the_option_wins_over_the_environment(doubt, state_dir, tmp_path) -> None:
    doubt(state_dir=str(tmp_path / "other"))
    assert list((tmp_path / "other").glob("*.json"))
    assert not state_dir.exists()


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("obstacle", ["state", "state/below"])
def test_a_directory_that_cannot_be_made_is_refused_before_anything_is_sent(
    repay, sandbox, tmp_path, obstacle: str, check: bool
) -> None:
    (tmp_path / "state").write_text("a file")
    run = repay(state_dir=str(tmp_path / obstacle), check=check)
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "not_executed")
    assert f"state_dir '{tmp_path / obstacle}' cannot be used (" in run["msg"]
    assert "name a directory on a persistent local disk" in run["msg"]
    assert sandbox.requests()["counts"] == {}
    assert "Traceback" not in run.output


def test_what_cannot_be_written_down_is_not_sent(repay, state_dir, paid, posts) -> None:
    repay(amount="1")
    [lock] = state_dir.glob("*.lock")
    lock.with_suffix(".json.new").mkdir()
    run = repay()
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "not_executed")
    assert "The repayment of 100 USDT on loan 1794267532472646144 was not made: state_dir '" in run["msg"]
    assert (paid(), posts()) == (["1"], 1)


def test_a_damaged_file_is_refused_before_anything_is_sent(doubt, repay, state_dir, sandbox) -> None:
    doubt()
    [file] = state_dir.glob("*.json")
    whole = file.read_bytes()
    sandbox.control("DELETE", "requests")
    others = [b"", b"[]", b"{}", b'{"version": 2, "intents": []}', b'{"version": 1, "intents": [{}]}', b"\0\0", b"\xe9"]
    for damage in [whole[:-20], whole.replace(b'"sent_at_ms"', b'"sent"'), *others]:
        file.write_bytes(damage)
        run = repay()
        assert (run.failed, run["changed"], run["outcome"]) == (True, False, "unknown")
        assert f"The file '{file}' is not a readable journal of sent repayments" in run["msg"]
        assert "when no repayment is in doubt, remove the file and run again" in run["msg"]
        assert "Traceback" not in run.output
        assert set(sandbox.requests()["counts"]) == {"GET /v5/user/query-api"}
        assert file.read_bytes() == damage
    file.unlink()
    assert repay()["changed"] is True


def test_a_draft_that_a_killed_run_left_does_no_harm(doubt, repay, state_dir, paid) -> None:
    doubt()
    [file] = state_dir.glob("*.json")
    Path(f"{file}.new").write_text("half of")
    run = repay()
    assert (run["outcome"], run.details["earlier"][0]["outcome"], paid()) == ("executed", "not_executed", ["100"])


def test_check_mode_makes_no_directory(repay, state_dir) -> None:
    assert repay(check=True)["outcome"] == "planned"
    assert not state_dir.exists()


@pytest.mark.parametrize("commit", [True, False])
def test_check_mode_foresees_what_an_open_repayment_leads_to_and_writes_nothing(
    repay, sandbox, state_dir, paid, posts, commit: bool
) -> None:
    sandbox.fault(answer="close", commit=commit, history_delay_ms=500 if commit else 0)
    repay(wait_timeout=0)
    before = everything_in(state_dir)
    foreseen = repay(check=True)
    after = everything_in(state_dir)
    assert {n: t for n, t in after.items() if n.endswith(".json")} == {n: t for n, t in before.items() if n.endswith(".json")}
    assert set(after) == set(before)
    assert posts() == 1
    assert (foreseen["changed"], foreseen["outcome"]) == (True, "executed" if commit else "planned")
    assert foreseen.details["earlier"][0]["outcome"] == ("executed" if commit else "not_executed")
    real = repay()
    assert (real["outcome"], real.details["earlier"], paid()) == ("executed", foreseen.details["earlier"], ["100"])


def test_check_mode_foresees_what_acknowledge_leads_to_and_forgets_nothing(repay, sandbox, remembered) -> None:
    sandbox.fault(answer="close", history_delay_ms=60_000)
    intent = repay(wait_timeout=0).details["intent"]
    foreseen = repay(check=True, wait_timeout=0, acknowledge=intent)
    assert (foreseen["outcome"], foreseen.details["earlier"][0]["outcome"]) == ("nothing_to_do", "unknown")
    assert [kept["intent"] for kept in remembered()] == [intent]


def test_another_key_of_the_account_finds_what_is_open(doubt, repay, remembered, paid) -> None:
    """So does one that takes the place of a key that has expired."""
    doubt()
    [intent] = remembered()
    run = repay(api_key="sandbox-key-no-wallet", wait_timeout=0)
    assert (run["outcome"], run.details["intent"], paid()) == ("unknown", intent["intent"], [])
    assert repay(api_key="sandbox-key-no-wallet").details["earlier"][0]["intent"] == intent["intent"]


def test_a_key_that_takes_the_place_of_an_expired_one_finds_what_is_open(repay, sandbox, remembered, paid, posts) -> None:
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


def test_check_mode_foresees_a_key_that_may_not_repay(repay, sandbox, posts) -> None:
    sandbox.control("POST", "keys", {"key": "sandbox-key", "permissions": ["Wallet"]})
    run = repay(check=True)
    assert (run.failed, run["outcome"], run["order_id"], posts()) == (True, "not_executed", "1794267532472646144", 0)


def test_without_knowing_the_account_nothing_goes_on(doubt, repay, sandbox, remembered, posts) -> None:
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


def test_another_address_of_the_account_finds_what_is_open(doubt, repay, remembered, sandbox, paid) -> None:
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


def test_a_lost_directory_is_a_lost_memory(doubt, repay, state_dir, paid) -> None:
    """A risk that the documentation names."""
    doubt()
    shutil.rmtree(state_dir)
    assert (repay(wait_timeout=0).details["earlier"], paid()) == ([], ["100"])

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example playbooks, used as their comments describe."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path


def test_repay_plans_first_and_then_pays(play, paid, names) -> None:
    options = ("treasury.bybit.repay", "-e", f"order_id={names.loan}", "-e", "amount=100", "--diff")
    checked = play(*options, "--check")
    assert checked.returncode == 0, checked.stdout
    assert f"Would repay 100 USDT on loan {names.loan}: debt 1000.4 → 900.4, pay 100." in checked.stdout
    assert "Repayment not made, at 127.0.0.1:" in checked.stdout
    assert "\n-debt 1000.4 USDT  LTV 0.4168\n+debt  900.4 USDT  LTV 0.3751\n" in checked.stdout
    assert paid() == []
    real = play(*options)
    assert real.returncode == 0, real.stdout
    assert "Debt before: 1000.4, now: 900.4." in real.stdout
    assert paid() == ["100"]


def test_repay_names_missing_variables(play) -> None:
    ended = play("treasury.bybit.repay")
    assert ended.returncode == 2
    assert "order_id, and amount, max_debt, or max_ltv, are required" in ended.stdout


def test_repay_fails_with_one_sentence_and_without_a_traceback(play, paid, names) -> None:
    ended = play("treasury.bybit.repay", "-e", f"order_id={names.loan}", "-e", "amount=99999")
    assert ended.returncode == 2
    assert "amount '99999' is more than the debt of 1000.4 USDT" in ended.stdout
    assert "Traceback" not in ended.stdout
    assert paid() == []


def test_repay_works_with_keys_from_a_vault(play, paid, names, tmp_path) -> None:
    (tmp_path / "password").write_text("vault-password\n")
    (tmp_path / "keys.yml").write_text("bybit_api_key: sandbox-key\nbybit_api_secret: sandbox-secret\n")
    vault = Path(sys.executable).with_name("ansible-vault")
    subprocess.run([vault, "encrypt", "--vault-password-file", "password", "keys.yml"], cwd=tmp_path, check=True)
    ended = play(
        "treasury.bybit.repay",
        *("-e", "@keys.yml", "--vault-password-file", "password", "-e", f"order_id={names.loan}", "-e", "amount=100"),
        env={"BYBIT_API_KEY": "wrong", "BYBIT_API_SECRET": "wrong"},
    )
    assert ended.returncode == 0, ended.stdout
    assert paid() == ["100"]


def test_repay_refuses_two_hosts(play, paid, names) -> None:
    options = ("-e", f"order_id={names.loan}", "-e", "amount=100", "-e", "environment_name=mainnet")
    ended = play("treasury.bybit.repay", *options)
    assert ended.returncode == 2
    assert "both select a host: set only one of them" in ended.stdout
    assert paid() == []


def test_the_demo_shows_the_repayment_and_leaves_nothing_behind(play, temporary) -> None:
    ended = play("treasury.bybit.demo", "-e", "amount=250.5", env={"TMPDIR": str(temporary)})
    assert ended.returncode == 0, ended.stdout
    for line in ("Repayment:   ", "Debt before: 1000.4 USDT (LTV ", "Debt after:  749.9 USDT (LTV "):
        assert line in ended.stdout
    assert list(temporary.iterdir()) == []
    assert running_sandboxes(temporary) == []


def test_the_demo_stops_the_exchange_when_the_repayment_fails(play, temporary) -> None:
    ended = play("treasury.bybit.demo", "-e", "amount=99999", env={"TMPDIR": str(temporary)})
    assert ended.returncode == 2
    assert "is more than the debt" in ended.stdout
    assert list(temporary.iterdir()) == []
    assert running_sandboxes(temporary) == []


WATCHED = """
- hosts: localhost
  gather_facts: false
  tasks:
    - treasury.bybit.bybit_loan_repay:
        order_id: "1794267532472646144"
        amount: "1"
        api_key: unknown
      until: attempt is succeeded
      retries: 2
      delay: 0
      register: attempt
      ignore_errors: true
"""


def test_the_result_does_not_interfere_with_ansibles_retries(play) -> None:
    ended = play(WATCHED)
    assert ended.stdout.count("FAILED - RETRYING") == 2
    assert "Callback dispatch" not in ended.stdout


def running_sandboxes(folder: Path) -> list[str]:
    """List the processes that have this folder among their arguments."""
    assert shutil.which("ps")
    listed = subprocess.run(["ps", "-eo", "args"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [line for line in listed.splitlines() if "bybit_sandbox" in line and str(folder) in line]

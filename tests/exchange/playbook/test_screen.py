# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the default callback shows of repayments, without any option and with those that people use."""

from __future__ import annotations

import pytest

LOAN = "1794267532472646144"
PLAYBOOK = f"""
- hosts: localhost
  gather_facts: false
  vars: {{ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"}}
  tasks:
    - name: Repay
      treasury.bybit.bybit_loan_repay:
        order_id: "{LOAN}"
        max_debt: "{{{{ item }}}}"
        state_dir: "{{{{ playbook_dir }}}}/state"
      loop: ["900.4", "900.4"]
"""
QUIET_TASK = PLAYBOOK.replace("loop:", "no_log: true\n      loop:")


@pytest.fixture(autouse=True)
def book(sandbox, default_seed) -> None:
    sandbox.control("PUT", "seed", default_seed)


def lines_of(played) -> list[str]:
    """Return what is shown of the task, without Ansible's own words around it."""
    assert played.returncode == 0, played.stdout
    shown = played.stdout.partition("TASK [Repay]")[2].partition("PLAY RECAP")[0]
    return [line for line in shown.splitlines()[1:] if line]


@pytest.mark.parametrize("in_process", ["true", "false"])
def test_one_line_for_each_repayment(play, in_process: str) -> None:
    told, changed, ok = lines_of(play(PLAYBOOK, env={"BYBIT_IN_PROCESS": in_process}))
    assert told.startswith(f"[localhost] Repaid 100 USDT on loan {LOAN} (repayment ")
    assert told.endswith("). Debt before: 1000.4, now: 900.4.")
    assert (changed, ok) == ("changed: [localhost] => (item=900.4)", "ok: [localhost] => (item=900.4)")


def test_check_mode_and_the_diff(play) -> None:
    lines = lines_of(play(PLAYBOOK, "--check", "--diff"))
    assert lines[:7] == [
        f"[localhost] Would repay 100 USDT on loan {LOAN}: debt 1000.4 → 900.4, pay 100.",
        f"--- before: loan {LOAN}",
        "+++ after: debt 1000.4 → 900.4, pay 100",
        "@@ -1 +1 @@",
        "-debt 1000.4 USDT  LTV 0.4168",
        # Reckoned from an LTV that the exchange has rounded; it will show 0.3752.
        "+debt  900.4 USDT  LTV 0.3751",
        "changed: [localhost] => (item=900.4)",
    ]


@pytest.mark.parametrize(
    "env", [{"ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false"}, {"ANSIBLE_DISPLAY_OK_HOSTS": "false"}, {"ANSIBLE_STRATEGY": "free"}], ids=str
)
def test_the_line_names_its_task_where_ansible_does_so_later(play, env: dict[str, str]) -> None:
    shown = play(PLAYBOOK, env=env).stdout
    assert f"\nTASK [Repay] [localhost] Repaid 100 USDT on loan {LOAN} (repayment " in shown
    assert shown.index("] Repaid 100 USDT") < shown.index("changed: [localhost]")


@pytest.mark.parametrize(
    ("playbook", "arguments", "env"),
    [
        (QUIET_TASK, (), {}),
        # Here Ansible shows the whole result itself.
        (PLAYBOOK, ("-v",), {}),
        (PLAYBOOK, (), {"ANSIBLE_STDOUT_CALLBACK": "minimal"}),
    ],
)
def test_no_line_where_it_would_be_too_much(play, playbook: str, arguments: tuple[str, ...], env: dict[str, str]) -> None:
    played = play(playbook, *arguments, env=env)
    assert "localhost" in played.stdout
    assert [line for line in played.stdout.splitlines() if line.startswith("[localhost]")] == []


def test_a_long_wait_is_shown_while_it_lasts(sandbox, play) -> None:
    sandbox.control("POST", "faults", {"path": "/v5/crypto-loan/repay", "answer": "reset", "commit": False})
    played = play(PLAYBOOK.replace("state_dir:", "settle_margin: 3\n        recv_window: 2000\n        state_dir:"), "-v")
    waiting = f"<localhost> Whether the repayment of 100 USDT on loan {LOAN} was made is not known yet: waiting for "
    assert played.stdout.count(waiting) == 1
    assert played.stdout.index(waiting) < played.stdout.index("failed: [localhost]")

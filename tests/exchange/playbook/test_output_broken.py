# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Output that cannot be written loses no result, and a play that nobody reads pays nothing more."""

from __future__ import annotations

import subprocess
import typing as t

import pytest

HEAD = """
- hosts: localhost
  gather_facts: false
  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  module_defaults:
    treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144"}
  tasks:
"""
TASK = f"""{HEAD}
    - treasury.bybit.bybit_loan_repay: {{amount: "10"}}
      register: done
    - copy: {{content: "{{{{ done.repayments | length }}}}", dest: heard}}
"""
LOOP = f"""{HEAD}
    - treasury.bybit.bybit_loan_repay: {{amount: "{{{{ item }}}}"}}
      loop: ["10", "11"]
      register: done
    - copy: {{content: "{{{{ done.results | sum(attribute='repayments', start=[]) | length }}}}", dest: heard}}
"""
PAUSED = f"""{HEAD}
    - treasury.bybit.bybit_loan_repay: {{amount: "{{{{ item }}}}"}}
      loop: ["10", "11", "12"]
      loop_control: {{pause: 2}}
"""
ENABLED = {"ANSIBLE_CALLBACKS_ENABLED": "treasury.bybit.movements"}
# Where each line is written at once, as in most containers, the run goes on; else Ansible starts nothing when its buffer cannot be emptied.
AT_ONCE, BUFFERED = {"PYTHONUNBUFFERED": "1"}, {"PYTHONUNBUFFERED": ""}


@pytest.fixture
def shell(command) -> t.Callable[..., subprocess.CompletedProcess]:
    """Run a playbook from a shell with redirected output, to its end."""

    def call(playbook: str, redirection: str, env: dict[str, str]) -> subprocess.CompletedProcess:
        how = command(playbook, env=env)
        line = f'"$0" "$@" {redirection}'
        how["args"] = ["/bin/sh", "-c", line, *how["args"]]
        return subprocess.run(**how, capture_output=True, timeout=60, check=False)

    return call


@pytest.mark.parametrize("redirection", [">/dev/full", "2>/dev/full", "| head -n 1"])
@pytest.mark.parametrize("playbook", [TASK, LOOP], ids=["task", "loop"])
@pytest.mark.parametrize("callback", [ENABLED, {}], ids=["callback", "none"])
def test_one_stream_is_enough(shell, paid, tmp_path, redirection: str, playbook: str, callback: dict[str, str]) -> None:
    told = shell(playbook, redirection, {**AT_ONCE, **callback})
    amounts = ["10"] if playbook is TASK else ["11", "10"]
    assert paid() == amounts
    # The play received the results and continued.
    assert (tmp_path / "heard").read_text() == str(len(amounts))
    shown = told.stdout if redirection == "2>/dev/full" else told.stderr
    assert [f"Repaid {amount} USDT on loan" in shown for amount in amounts] == [bool(callback)] * len(amounts)
    assert (f"USDT repaid:  done={10 if playbook is TASK else 21}\n" in shown) == bool(callback)


@pytest.mark.parametrize(
    ("redirection", "env"),
    [
        (">/dev/full 2>&1", AT_ONCE), ("2>&1 | true", AT_ONCE), (">/dev/full 2>&1", BUFFERED), ("2>&1 | true", BUFFERED),
        (">/dev/full", BUFFERED), ("| true", BUFFERED), (">&-", AT_ONCE), (">&- 2>&-", AT_ONCE),
    ],
)
def test_a_task_that_ansible_cannot_start_pays_nothing(shell, paid, redirection: str, env: dict[str, str]) -> None:
    shell(TASK, redirection, {**env, **ENABLED})
    assert paid() == []


@pytest.mark.parametrize("redirection", [">/dev/full", "2>/dev/full", "| head -n 1"])
def test_a_wait_is_shown_where_it_can_be_written(shell, sandbox, paid, tmp_path, redirection: str) -> None:
    sandbox.fault(answer="reset")
    told = shell(TASK, redirection, {**AT_ONCE, **ENABLED})
    assert paid() == ["10"]
    assert (tmp_path / "heard").read_text() == "1"
    shown = told.stdout if redirection == "2>/dev/full" else told.stderr
    assert "was made: waiting up to" in shown


@pytest.mark.parametrize("in_process", ["true", "false"])
def test_a_play_that_nobody_reads_pays_nothing_more(command, paid, until, in_process: str) -> None:
    """Ansible itself then waits forever. What is not paid need not be reported."""
    how = command(PAUSED, env={**AT_ONCE, "BYBIT_IN_PROCESS": in_process})
    begun = subprocess.Popen(**how, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        for line in begun.stdout:
            if line.startswith("changed: "):
                break
        begun.stdout.close()
        with pytest.raises(subprocess.TimeoutExpired):
            begun.wait(12)
        assert paid() == ["10"]
    finally:
        begun.kill()
        begun.wait()


@pytest.mark.parametrize("in_process", ["true", "false"])
def test_a_payment_made_when_the_last_reader_ended_is_reported_by_the_next_run(command, sandbox, until, paid, play, in_process: str) -> None:
    sandbox.fault(delay_answer_ms=3000)
    begun = subprocess.Popen(
        **command(TASK, env={**AT_ONCE, "BYBIT_IN_PROCESS": in_process}), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    until(paid)
    begun.stdout.close()
    try:
        begun.wait(30)
    except subprocess.TimeoutExpired:
        # Ansible itself may wait forever.
        begun.kill()
        begun.wait()
    told = play(f"{TASK}    - debug: {{msg: 'recovered={{{{ done.details.recovered }}}}'}}\n")
    assert "recovered=True" in told.stdout
    assert paid() == ["10"]

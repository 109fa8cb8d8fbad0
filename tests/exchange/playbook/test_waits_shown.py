# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that takes long soon shows what it waits for, on a real terminal, before its result."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time
import typing as t

import pytest

LOAN = "1794267532472646144"
HEAD = """
- hosts: all
  gather_facts: false
  connection: local
  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  tasks:
    - name: Repay
"""
STEP = f"""{HEAD}
      treasury.bybit.bybit_loan_repay: {{order_id: "{LOAN}", amount: "100", settle_margin: 0}}
"""
ENABLED = {"ANSIBLE_CALLBACKS_ENABLED": "treasury.bybit.movements", "TERM": "xterm-256color"}
ONE = ("-i", "here,")
COLUMNS = 80
# Two seconds, plus the time to start a worker.
SOON_S = 3.5
DOUBT = f"[here] It is not known yet whether the repayment of 100 USDT on loan {LOAN} was made: waiting up to 60 s."


class Seen(t.NamedTuple):
    """One piece of a terminal's output.

    :ivar at_s: The time in seconds since the banner of the first task.
    """

    at_s: float
    text: str


class Terminal:
    """The output of a terminal, piece by piece.

    :ivar text: The whole output, without colors.
    """

    def __init__(self, seen: list[tuple[float, str]], status: int) -> None:
        begun = next(at for at, text in seen if "TASK [" in text)
        self.seen = [Seen(at - begun, text) for at, text in seen]
        self.text = "".join(text for dummy, text in seen)
        self.status = status

    @property
    def unfolded(self) -> str:
        return self.text.replace("\n  ", " ")

    def at_s(self, words: str) -> float:
        return next(seen.at_s for seen in self.seen if words in seen.text)


@pytest.fixture
def terminal(command) -> t.Callable[..., Terminal]:
    """Run a playbook on a terminal with 80 columns."""

    def call(playbook: str, *arguments: str, env: dict[str, str] | None = None) -> Terminal:
        how = command(playbook, *arguments, env={**ENABLED, **(env or {})})
        del how["text"]
        control, own = os.openpty()
        fcntl.ioctl(own, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        seen = []
        with subprocess.Popen(**how, stdin=subprocess.DEVNULL, stdout=own, stderr=own) as playing:
            os.close(own)
            ends_at = time.monotonic() + 120
            # Reading fails once no process has the terminal open.
            with contextlib.suppress(OSError):
                while time.monotonic() < ends_at:
                    if select.select([control], [], [], 1)[0]:
                        part = os.read(control, 65536).decode().replace("\r\n", "\n")
                        seen.append((time.monotonic(), re.sub(r"\x1b\[[0-9;]*m", "", part)))
            playing.kill()
        os.close(control)
        return Terminal(seen, playing.returncode)

    return call


def test_a_lost_answer_is_shown_before_the_result(terminal, sandbox, paid) -> None:
    sandbox.fault(answer="reset")
    shown = terminal(STEP, *ONE)
    assert paid() == ["100"]
    assert DOUBT in shown.unfolded
    assert 1.5 < shown.at_s("[here] It is not known yet") < SOON_S < shown.at_s("changed: [here]")
    # No line of the callback is wider than the terminal, and none is cut within a word.
    assert f"[here] Repaid 100 USDT on loan {LOAN}\n  (repayment " in shown.text
    ours = shown.text.partition("changed: [here]\n")[2].partition("\n\n")[0].splitlines()
    assert max(map(len, ours)) <= COLUMNS
    assert shown.text.endswith(f"\nMOVEMENTS {'*' * 70}\nhere                       : USDT repaid:  done=100\n")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"method": "GET", "path": "/v5/crypto-loan/ongoing-orders"}, "has not answered GET /v5/crypto-loan/ongoing-orders yet: waiting up to 10 s."),
        ({}, "has not answered POST /v5/crypto-loan/repay yet: waiting up to 10 s."),
    ],
    ids=["read", "repayment"],
)
def test_a_slow_exchange_is_named(terminal, sandbox, paid, fault: dict[str, str], words: str) -> None:
    sandbox.fault(**fault, delay_answer_ms=4500)
    shown = terminal(STEP, *ONE)
    assert paid() == ["100"]
    assert f"[here] {sandbox.url} {words}" in shown.unfolded
    assert shown.at_s(f"[here] {sandbox.url}") < SOON_S < shown.at_s("changed: [here]")


def test_the_wait_of_a_module_in_a_separate_process_is_shown(terminal, sandbox) -> None:
    sandbox.fault(answer="reset")
    shown = terminal(STEP, *ONE, env={"BYBIT_IN_PROCESS": "false"})
    assert "[here] The module runs in a separate process, which shows nothing until it ends." in shown.unfolded
    assert shown.at_s("[here] The module runs") < SOON_S < shown.at_s("changed: [here]")


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_the_waits_of_hosts_for_each_other_are_shown_one_by_one(terminal, sandbox, strategy: str) -> None:
    sandbox.fault(delay_answer_ms=4000)
    shown = terminal(STEP, "-i", "one,two,three", env={"ANSIBLE_STRATEGY": strategy, "ANSIBLE_FORKS": "20"})
    name = "TASK [Repay] " if strategy == "free" else ""
    waits = re.findall(rf"^{re.escape(name)}\[(\w+)\] .* waiting up to \d+ s\.$", shown.unfolded, re.MULTILINE)
    assert {"one", "two", "three"} == set(waits)
    for host in ("one", "two", "three"):
        lines = [line for line in shown.unfolded.splitlines() if f"[{host}]" in line]
        assert "changed: " in lines[-2]
        assert f"[{host}] Repaid 100 USDT" in lines[-1]


def test_the_second_of_two_playbooks_shows_its_waits(terminal, sandbox, tmp_path) -> None:
    sandbox.fault(delay_answer_ms=4000, times=2)
    (tmp_path / "first.yml").write_text(STEP)
    shown = terminal("first.yml", "first.yml", *ONE)
    assert shown.text.count("changed: [here]") == 2
    assert shown.unfolded.count("has not answered POST /v5/crypto-loan/repay yet: waiting up to 10 s.") == 2
    assert shown.text.endswith("USDT repaid:  done=200\n")


def test_the_waits_of_a_task_with_no_log_are_not_shown(terminal, sandbox) -> None:
    sandbox.fault(answer="reset")
    shown = terminal(f"{STEP}      no_log: true\n", *ONE)
    assert "changed: [here]" in shown.text
    assert "waiting" not in shown.text


def test_nothing_is_shown_unless_the_callback_is_enabled(terminal, sandbox) -> None:
    sandbox.fault(answer="reset")
    shown = terminal(STEP, *ONE, env={"ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.tree", "ANSIBLE_CALLBACK_TREE_DIR": "tree"})
    assert "changed: [here]" in shown.text
    assert "waiting" not in shown.text


def test_with_other_callbacks_the_waits_go_to_standard_error(command, sandbox) -> None:
    sandbox.fault(answer="reset")
    how = command(STEP, *ONE, env={**ENABLED, "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal"})
    played = subprocess.run(**how, capture_output=True, check=True, timeout=60)
    assert f"TASK [Repay] {DOUBT}\n" in played.stderr
    assert "waiting up to" not in re.sub(r'"waits": \[[^]]*\]', "", played.stdout)

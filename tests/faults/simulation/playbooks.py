# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real playbooks in real time, and the module's processes among their descendants."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from .goals import Goal
from .standin import KEY, SECRET, StandIn

ANSIBLE_PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
POLL_SECONDS = 0.02
_PATIENCE_SECONDS = 60

# Short times, so that settling takes two seconds.
_TASKS = """
- hosts: localhost
  gather_facts: false
  vars: {{ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"}}
  tasks:
    - name: Repay
      treasury.bybit.bybit_loan_repay:
        {options}
      register: attempt
      {again}
      ignore_errors: true

    - name: Tell
      ansible.builtin.debug:
        msg: "RESULT {{{{ attempt | to_json }}}}"
"""
_AGAIN = """until: attempt is changed or attempt.outcome | default('') == 'nothing_to_do'
      retries: {}
      delay: 0"""
OPTIONS = {"recv_window": 1000, "settle_margin": 1, "wait_timeout": 20, "api_timeout": 5}


class Playbook:
    """One ansible-playbook that runs the module, with retries if requested.

    :param env: Additional environment variables.
    """

    def __init__(
        self, standin: StandIn, folder: Path, goal: Goal, retries: int = 0, env: dict[str, str] | None = None
    ) -> None:
        self.goal = goal
        self._folder = folder
        options = {**goal.options(), **OPTIONS, "journal": str(folder / "state" / "journal.sqlite")}
        lines = "\n        ".join(f"{name}: {json.dumps(value)}" for name, value in options.items())
        text = self._text(lines, _AGAIN.format(retries) if retries else "")
        file = folder / f"playbook-{time.monotonic_ns()}.yml"
        file.write_text(text, encoding="utf-8")
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("ANSIBLE_", "BYBIT_", "COVERAGE_"))}
        given = {
            "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "BYBIT_API_URL": standin.url, "BYBIT_API_KEY": KEY, "BYBIT_API_SECRET": SECRET,
            # Only a module in a separate process can be killed while the playbook goes on and retries.
            "BYBIT_IN_PROCESS": "false",
        }
        self._process = self._start([str(ANSIBLE_PLAYBOOK), str(file)], {**kept, **given, **(env or {})})
        self.output = ""
        self._seen: set[int] = set()

    def _text(self, options: str, again: str) -> str:
        return _TASKS.format(options=options, again=again)

    def _start(self, command: list[str], env: dict[str, str]) -> subprocess.Popen:
        return subprocess.Popen(
            command, cwd=self._folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def kill_module(self, when: t.Callable[[], bool]) -> bool:
        """Kill the module's next process as soon as a condition holds; return False if the process ended before."""
        module = None
        for dummy in _polls():
            if module is None:
                module = self._module()
            if module is not None and not _runs(module):
                return False
            if self._process.poll() is not None:
                return False
            if module is not None and when():
                os.kill(module, signal.SIGKILL)
                return True
        raise AssertionError("neither the end of the module nor the moment to kill it came")

    def result(self) -> dict[str, t.Any]:
        """Wait for the playbook's end, and return the result of the last attempt."""
        self.output = self._last_output()
        match = re.search(r'"msg": ("RESULT .*")', self.output)
        assert match, self.output
        return json.loads(json.loads(match[1]).removeprefix("RESULT "))

    def _last_output(self) -> str:
        return self._process.communicate(timeout=_PATIENCE_SECONDS)[0]

    def _module(self) -> int | None:
        """Return a process of the module among the descendants that is new."""
        for pid in _descendants(self._process.pid):
            arguments = _arguments(pid)
            # The module's code comes through a pipe, so the command line is that of a Python without arguments.
            is_module = arguments[1:] == [""] and "python" in arguments[0]
            if is_module and pid not in self._seen:
                self._seen.add(pid)
                return pid
        return None


class LeftAlone(Playbook):
    """A playbook that a shell starts in the background with nohup; the shell ends while the playbook runs, as at a logout."""

    def _start(self, command: list[str], env: dict[str, str]) -> subprocess.Popen:
        self._log = self._folder / f"nohup-{time.monotonic_ns()}.log"
        script = 'nohup "$@" >"$LOG" 2>&1 & wait'
        return subprocess.Popen(
            ["sh", "-c", script, "sh", *command], cwd=self._folder, env={**env, "LOG": str(self._log)},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )

    def log_out(self, when: t.Callable[[], bool]) -> None:
        """End the shell as soon as a condition holds; everything that it has started gets a SIGHUP."""
        for dummy in _polls():
            if when():
                os.killpg(self._process.pid, signal.SIGHUP)
                assert self._process.wait(_PATIENCE_SECONDS) == -signal.SIGHUP
                return
        raise AssertionError("the moment to log out never came")

    def _last_output(self) -> str:
        for dummy in _polls():
            output = self._log.read_text(encoding="utf-8")
            if "PLAY RECAP" in output:
                return output
        raise AssertionError(f"the playbook that was left alone has not ended: {output}")


class CutOff(Playbook):
    """A playbook in which an equal task follows one that is cut off; the result is that of the second task."""

    def _text(self, options: str, again: str) -> str:
        first = f"""
    - name: Repay, and be cut off
      treasury.bybit.bybit_loan_repay:
        {options}
      register: first
      timeout: 2
      ignore_errors: true

    - name: Tell
      ansible.builtin.assert:
        that: first is failed
"""
        return super()._text(options, again).replace("  tasks:\n", f"  tasks:{first}\n", 1)


def _polls() -> t.Iterator[None]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        yield
        time.sleep(POLL_SECONDS)


def _descendants(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = Path(f"/proc/{name}/stat").read_text(encoding="utf-8")
            except OSError:
                continue
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(name))
    found, waiting = [], [root]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def _arguments(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")
    except OSError:
        return []


def _runs(pid: int) -> bool:
    return bool(_arguments(pid))

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module whose task was cut off loses its parent process, and no other process does."""

from __future__ import annotations

import os
import subprocess
import sys

from ansible_collections.treasury.bybit.plugins.plugin_utils._neighbours import children, end_children

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
# A shell that runs the module, which prints its process ID.
SHELL = ["/bin/sh", "-c", 'sleep 60 & echo "$!"; wait']


def test_only_processes_started_since_are_ended() -> None:
    with subprocess.Popen(SLEEPER) as old:
        spared = children()
        with subprocess.Popen(SLEEPER) as new:
            assert children() - spared == {new.pid}
            end_children(spared)
            assert new.wait(10) == -9
        assert old.poll() is None
        assert old.pid in children()
        old.kill()


def test_a_module_loses_the_shell_between() -> None:
    spared = children()
    with subprocess.Popen(SHELL, stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdout is not None
        module = int(shell.stdout.readline())
        end_children(spared)
        assert shell.wait(10) == -9
    with open(f"/proc/{module}/stat", encoding="ascii") as file:
        parent = int(file.read().rpartition(")")[2].split()[1])
    assert parent not in (shell.pid, os.getpid())
    os.kill(module, 9)


def test_a_process_that_has_ended_already_is_no_error() -> None:
    spared = children()
    process = subprocess.Popen(["/bin/true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    end_children(spared)
    assert process.wait() == 0
    assert children() == spared

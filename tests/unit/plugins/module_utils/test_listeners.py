# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
import sys

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._listeners import Listeners

# Three generations; the youngest listens for the end of the one above it that the first argument names, its parent being
# called as the second says.
GENERATIONS = """
import os, sys, time
from ansible_collections.treasury.bybit.plugins.module_utils._listeners import Listeners
family = [os.getpid()]
for name in ("eldest", sys.argv[2]):
    if os.fork():
        with open("/proc/self/comm", "w") as file: file.write(name)
        os.write(told, b".") if len(family) > 1 else None
        os.wait()
        os._exit(0)
    family.append(os.getpid())
    asked, told = os.pipe() if len(family) == 2 else (asked, told)
os.read(asked, 1)
listeners = Listeners()
before = listeners.are_all_there(), listeners.are_all_there()
if sys.argv[1] != "nobody":
    os.kill(family[int(sys.argv[1])], 9)
    deadline = time.monotonic() + 10
    while listeners.are_all_there() and time.monotonic() < deadline: time.sleep(0.01)
print(*before, listeners.are_all_there(), flush=True)
"""


def ask(env: dict[str, str], victim: str, name: str = "parent") -> str:
    """Return what the youngest was told, twice before the end of the victim, and once after it."""
    command = [sys.executable, "-c", GENERATIONS, victim, name]
    return subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, timeout=30, check=False).stdout


def test_who_is_undisturbed_has_all_its_listeners() -> None:
    listeners = Listeners()
    assert listeners.are_all_there()
    assert listeners.are_all_there()


@pytest.mark.parametrize("name", ["parent", ") S 1 (", ") (", "a b\tc"])
@pytest.mark.parametrize(("victim", "after"), [("nobody", True), ("1", False), ("0", False)])
def test_the_end_of_a_process_above_is_noticed(
    child_environment: dict[str, str], victim: str, after: bool, name: str
) -> None:
    """Whatever the one between is called, also when it lives on itself."""
    assert ask(child_environment, victim, name).split() == ["True", "True", str(after)]

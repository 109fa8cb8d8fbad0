# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._module.parents import Parents

# Three generations of processes. The first argument names the ancestor whose end the youngest watches for; the second
# is the name of its parent.
GENERATIONS = """
import os, sys, time
from ansible_collections.treasury.bybit.plugins.module_utils._module.parents import Parents
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
parents = Parents()
before = parents.are_alive(), parents.are_alive()
if sys.argv[1] != "nobody":
    os.kill(family[int(sys.argv[1])], 9)
    deadline = time.monotonic() + 10
    while parents.are_alive() and time.monotonic() < deadline: time.sleep(0.01)
print(*before, parents.are_alive(), flush=True)
"""


def ask(env: dict[str, str], victim: str, name: str = "parent") -> str:
    """Return what the youngest process found, twice before the end of the victim, and once after it."""
    command = [sys.executable, "-c", GENERATIONS, victim, name]
    return subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, timeout=30, check=False).stdout


def test_an_undisturbed_process_has_all_its_parents() -> None:
    parents = Parents()
    assert parents.are_alive()
    assert parents.are_alive()


@pytest.mark.parametrize("name", ["parent", ") S 1 (", ") (", "a b\tc"])
@pytest.mark.parametrize(("victim", "after"), [("nobody", True), ("1", False), ("0", False)])
def test_the_end_of_a_process_above_is_noticed(
    child_environment: dict[str, str], victim: str, after: bool, name: str
) -> None:
    """Whatever the process in between is called, and even if it survives."""
    assert ask(child_environment, victim, name).split() == ["True", "True", str(after)]


# A shell, ansible-playbook, its worker, and the module as a new program; with sudo in between, in a new session.
FAMILY = """
import os, sys
family = [os.getpid()]
for generation in ("ansible-playbook", "worker", "module"):
    if os.fork():
        os.wait()
        os._exit(0)
    family.append(os.getpid())
    if generation == "worker": os.setpgid(0, 0) if sys.argv[2] == "group" else os.setsid()
if sys.argv[2] == "sudo": os.setsid()
os.execv(sys.executable, [sys.executable, "-c", sys.argv[3], str(family[int(sys.argv[1])])])
"""
MODULE = """
import os, sys, time
from ansible_collections.treasury.bybit.plugins.module_utils._module.parents import Parents
parents, victim = Parents(), int(sys.argv[1])
os.kill(victim, 9)
def is_gone():
    try:
        with open(f"/proc/{victim}/stat") as file: return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError: return True
deadline = time.monotonic() + 10
while not is_gone() and time.monotonic() < deadline: time.sleep(0.01)
time.sleep(0.1)
print(parents.are_alive(), flush=True)
"""


@pytest.mark.parametrize("way", ["session", "group", "sudo"])
@pytest.mark.parametrize(("victim", "after"), [("0", "True"), ("1", "False"), ("2", "False")])
def test_the_process_that_started_ansible_may_end(child_environment: dict[str, str], victim: str, after: str, way: str) -> None:
    """Such as a shell that ends with a logout. Only the process that the worker was forked from counts."""
    command = [sys.executable, "-c", FAMILY, victim, way, MODULE]
    output = subprocess.run(command, env=child_environment, stdout=subprocess.PIPE, text=True, timeout=30, check=False).stdout
    assert output.strip() == after


READ = """
import os, sys
from ansible_collections.treasury.bybit.plugins.module_utils._module.parents import Parents
sys.stdin.readline()
with open(sys.argv[1], "w") as told: told.write(str(Parents().are_alive()))
"""


@pytest.mark.parametrize(("left", "is_read"), [((), "True"), ((1,), "True"), ((2,), "True"), ((1, 2), "False")])
def test_an_output_without_a_reader_reaches_nobody(
    child_environment: dict[str, str], tmp_path: Path, left: tuple[int, ...], is_read: str
) -> None:
    """As when a terminal's pager ended. One output with a reader is enough."""
    pipes = {1: os.pipe(), 2: os.pipe()}
    family = FAMILY.replace("sys.argv[3], str", f"sys.argv[3], {str(tmp_path / 'told')!r}, str")
    command = [sys.executable, "-c", family, "0", "session", READ]
    with subprocess.Popen(command, env=child_environment, stdin=subprocess.PIPE, stdout=pipes[1][1], stderr=pipes[2][1], text=True) as process:
        for number, (reader, writer) in pipes.items():
            os.close(writer)
            if number in left:
                os.close(reader)
        process.communicate("\n", timeout=30)
    assert (tmp_path / "told").read_text() == is_read
    for number, (reader, dummy) in pipes.items():
        if number not in left:
            os.close(reader)


class Taken(io.StringIO):
    """Replaces the output, as programs that run modules in their own process do."""


def test_parents_are_unknown_where_the_system_does_not_show_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """For example on macOS, or where C(/proc) is not mounted or belongs to another namespace."""
    monkeypatch.setattr(sys, "stdout", sys.__stdout__)
    assert Parents().are_known

    def fail(path: str, *dummy: object) -> None:
        raise FileNotFoundError(path)

    for name, stranger in (("builtins.open", fail), ("os.readlink", lambda path: "4711")):
        with monkeypatch.context() as strange:
            strange.setattr(name, stranger)
            parents = Parents()
            assert (parents.are_known, parents.are_alive()) == (False, True)
    monkeypatch.setattr("builtins.open", fail)
    # An Ansible worker knows its parent without C(/proc).
    assert Parents(takes=lambda: True).are_known
    assert not Parents(takes=lambda: False).are_alive()


@pytest.mark.parametrize(("output", "are_known"), [(Taken(), False), (None, False), (sys.__stdout__, True)], ids=["buffer", "none", "own"])
def test_a_replaced_output_may_reach_nobody(
    monkeypatch: pytest.MonkeyPatch, output: t.Any, are_known: bool
) -> None:
    monkeypatch.setattr(sys, "stdout", output)
    assert Parents().are_known == are_known
    # Unless the caller itself replaced the output.
    assert Parents(takes=lambda: True).are_known

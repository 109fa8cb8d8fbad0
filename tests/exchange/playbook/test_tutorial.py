# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tutorial, done as it is written: its files, its commands, and what it shows of their output."""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import textwrap
import time
import typing as t
from pathlib import Path

import pytest
import yaml

sys.path += [str(Path(__file__).resolve().parents[3] / folder) for folder in ("tests/docs", "tools")]
from guides import RST, Block, blocks_of  # noqa: E402
from tarball import CHECKOUT, build  # noqa: E402

BIN = Path(sys.executable).parent
PORT = "8765"
FILE = re.compile(r"# (?P<name>[\w./-]+)(?P<is_task>, below the other tasks)?\n")
# What differs between two runs.
VARIABLE = (
    (re.compile(r"\b2\d{18}\b"), "REPAY_ID"),
    (re.compile(r"\d{4}-\d\d-01 00:00:00 UTC"), "FIRST_OF_MONTH"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"), "TIME"),
    # A reader who takes their time sees none of these.
    (re.compile(r"^\[localhost\] .* may not include a recent repayment yet: .*\n", re.MULTILINE), ""),
)


class Step(t.NamedTuple):
    """Files to write, then commands to give, then what they show."""

    files: list[Block]
    commands: str
    shown: str


def steps() -> list[Step]:
    made, files = [], []
    for block in blocks_of(RST / "tutorial.rst"):
        block = block._replace(text=f"{block.text.strip()}\n")
        if FILE.match(block.text):
            files.append(block)
        elif block.language == "sh":
            made.append(Step(files, block.text, ""))
            files = []
        elif block.language == "text" and not files:
            assert not made[-1].shown, f"no command shows {block.text!r}"
            made[-1] = made[-1]._replace(shown=block.text)
        else:
            raise AssertionError(f"this block names no file: {block.text!r}")
    return made if not files else [*made, Step(files, "", "")]


def words(text: str) -> str:
    for pattern, name in VARIABLE:
        text = pattern.sub(name, text)
    return " ".join(text.split())


def lacking(shown: str, real: str) -> str:
    """Return the part of what the tutorial shows, which '...' separates, that the real output does not have there."""
    rest = words(real)
    for part in re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE) if shown else ():
        _before, found, rest = rest.partition(words(part))
        if not found:
            return part
    return ""


class Reader:
    """Somebody who has installed the collection, with an empty home, and follows the tutorial in a shell of their own."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.cwd = folder / "desk"
        self.memory = folder / "shell"
        for one in (self.home, self.cwd):
            one.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])
        self.exchange: subprocess.Popen[str] | None = None
        settings = {n: v for n, v in os.environ.items() if not n.startswith(("ANSIBLE_", "BYBIT_", "COVERAGE_", "GIT_", "PYTHON"))}
        self.env = {
            **settings,
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_COLLECTIONS_PATH": str(self.home / ".ansible" / "collections"),
            "HOME": str(self.home),
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            # What is required must be here already, so nothing is downloaded.
            "PIP_NO_INDEX": "1",
            **{f"GIT_{who}_{what}": "reader@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }

    def write(self, block: Block) -> None:
        head = FILE.match(block.text)
        assert head
        file = self.cwd / head["name"]
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a" if head["is_task"] else "w", encoding="utf-8") as opened:
            opened.write(textwrap.indent(block.text, " " * 4) if head["is_task"] else block.text)

    def give(self, commands: str, status: int = 0) -> str:
        """Give commands to a shell that remembers the folder and the environment of the commands before."""
        restore = f"set -e\n[ ! -e {self.memory} ] || . {self.memory}\ntrap 'export -p > {self.memory}; pwd > {self.memory}.cwd' EXIT\n"
        ended = subprocess.run(
            ["bash", "-c", restore + commands.replace(f":{PORT}", f":{self.port}")],
            cwd=self.cwd,
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
        assert ended.returncode == status, f"{commands}\n{ended.stdout}"
        self.cwd = Path(Path(f"{self.memory}.cwd").read_text(encoding="utf-8").strip())
        return ended.stdout.replace(f":{self.port}", f":{PORT}")

    def begin(self, command: str) -> str:
        """Start the exchange as in a second terminal, and return its first line."""
        given = shlex.split(command.replace("~", str(self.home)))
        self.exchange = subprocess.Popen(
            [*given, "--port", self.port], cwd=self.cwd, env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert self.exchange.stdout
        return self.exchange.stdout.readline().replace(f":{self.port}", f":{PORT}")

    def read(self, path: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", int(self.port), timeout=30)
        connection.request("GET", path)
        return connection.getresponse().read().decode()

    def paid(self) -> list[str]:
        """Return the amounts of all repayments that the modules have made, in their order."""
        repayments = json.loads(self.read("/sandbox/state"))["accounts"][0]["repayments"]
        made = [repayment for repayment in repayments if repayment["origin"] == "api"]
        return [repayment["amount"] for repayment in sorted(made, key=lambda one: int(one["repay_id"]))]


@pytest.fixture
def reader(tmp_path) -> t.Iterator[Reader]:
    made = Reader(tmp_path)
    yield made
    if made.exchange and made.exchange.poll() is None:
        made.exchange.kill()
        made.exchange.wait()


def test_the_tutorial(reader, tmp_path) -> None:
    tarball = build(CHECKOUT, tmp_path / "built")
    assert f"ansible-galaxy collection install {tarball.name}\n" in (RST / "install.rst").read_text(encoding="utf-8")
    # It would do for Ansible that the checkout is there.
    reader.give(f"ansible-galaxy collection install --offline --force {tarball}")
    wrong = []
    for files, commands, shown in steps():
        for file in files:
            reader.write(file)
        if "requirements.yml" in commands:
            (reader.cwd / tarball.name).write_bytes(tarball.read_bytes())
        if "sandbox.py run" in commands:
            real = reader.begin(commands)
            assert not lacking(shown, real), real
            assert "<title>" in reader.read("/")
        else:
            # The exchange takes one repayment a second, and a reader is slower: the fault is for one that it takes.
            time.sleep(1 if "faults" in commands else 0)
            real = reader.give(commands, status=2 if "[ERROR]" in shown else 0)
        if part := lacking(shown, real):
            wrong.append(f"The tutorial shows:\n{part}\nBut\n{commands}shows:\n{real}")
    assert not wrong, "\n".join(wrong)
    assert reader.paid() == ["100", "100", "100", "50", "50.4", "150", "23.7143"]

    # The variable for real money reaches the module, which refuses two addresses.
    assert "``environment_name: mainnet``" in (RST / "tutorial.rst").read_text(encoding="utf-8")
    with (reader.cwd / "inventory.yml").open("a", encoding="utf-8") as inventory:
        inventory.write("      environment_name: mainnet\n")
    assert "environment 'mainnet' and api_url" in reader.give("ansible-playbook goals.yml --check", status=2)
    committed = reader.give("git grep --cached -e sandbox-secret || true; git ls-files")
    assert "sandbox-secret" not in committed
    assert "journal" not in committed
    assert reader.exchange
    reader.exchange.send_signal(signal.SIGINT)
    assert reader.exchange.wait(30) == 0


def test_ci_gives_the_commands_that_the_tutorial_gives() -> None:
    made = steps()
    [workflow] = [yaml.safe_load(file.text) for step in made for file in step.files if ".github/workflows/" in file.text]
    assert set(workflow["on"]) == {"pull_request", "schedule"}
    [job] = workflow["jobs"].values()
    [given] = [step.commands for step in made if "requirements.yml" in step.commands]
    assert "".join(f"{step['run']}\n" for step in job["steps"] if "run" in step) == given
    when = {step["run"]: step["if"] for step in job["steps"] if "if" in step}
    assert {run: run.endswith("--check --diff") for run in when} == {run: "pull_request" in condition for run, condition in when.items()}
    assert set(job["env"]) == set(re.findall(r"^export (BYBIT_\w+)=", "".join(step.commands for step in made), re.MULTILINE)) - {"BYBIT_API_URL"}
    assert set(job["env"].values()) == {f"${{{{ secrets.{name} }}}}" for name in job["env"]}

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run Ansible in one of the two ways, and record its output."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

BIN = Path(sys.executable).parent
PLUGINS = Path(__file__).resolve().parents[1] / "ansible"
IN_PROCESS, MODULE = "in_process", "module"
WAYS = (IN_PROCESS, MODULE)
_HERE, _THERE = re.compile(r"\S+ runs in this process"), re.compile(r"\S+ runs as a module: ")
_KINDS = ("action", "callback", "connection")
_PATIENCE_SECONDS = 600


@dataclasses.dataclass
class Told:
    """Ansible's output.

    :ivar printed: Its standard output and error together.
    :ivar records: What it passed to its callbacks, in order.
    :ivar log: C(printed) and everything that C(-vvv) adds.
    """

    status: int
    printed: str
    records: list[dict[str, t.Any]]
    log: str

    @property
    def here(self) -> int:
        """How many modules ran in Ansible's own processes."""
        return len(_HERE.findall(self.log))

    @property
    def there(self) -> int:
        """How many modules ran in separate processes."""
        return len(_THERE.findall(self.log))

    def printed_of(self, play: str) -> str:
        """Return what was printed during a play."""
        parts = re.split(r"^PLAY \[(.*?)\].*$", self.printed, flags=re.MULTILINE)
        found = [text for name, text in zip(parts[1::2], parts[2::2]) if name == play]
        assert found, self.printed
        return "".join(found).partition("\nPLAY RECAP")[0]

    def records_of(self, play: str) -> list[dict[str, t.Any]]:
        return [record for record in self.records if record["play"] == play]


@dataclasses.dataclass
class Controller:
    """A machine that runs Ansible, with one folder for all its files.

    :ivar way: C(IN_PROCESS), C(MODULE), or empty for Ansible's choice.
    :ivar started_in: The folder in which Ansible is started, by default the controller's own.
    """

    folder: Path
    url: str
    way: str = ""
    started_in: Path | None = None

    @property
    def journal(self) -> Path:
        return self.folder / "state" / "journal.sqlite"

    def environment(self, **more: str) -> dict[str, str]:
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("ANSIBLE_", "BYBIT_", "COVERAGE_"))}
        given = {
            "ANSIBLE_NOCOLOR": "1",
            # By default, Ansible looks in two home directories: the environment's and the user's.
            "ANSIBLE_ASYNC_DIR": str(self.folder / "async"),
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "ANSIBLE_LOG_PATH": str(self.folder / "log"),
            "ANSIBLE_LOG_VERBOSITY": "3",
            "ANSIBLE_CALLBACKS_ENABLED": "written",
            **{f"ANSIBLE_{kind.upper()}_PLUGINS": str(PLUGINS / f"{kind}_plugins") for kind in _KINDS},
            "WRITTEN_FILE": str(self.folder / "written"),
            "STAND_IN_URL": self.url,
            "BYBIT_API_URL": self.url,
            "BYBIT_API_KEY": "sandbox-key",
            "BYBIT_API_SECRET": "sandbox-secret",
            # Ansible lists the valid booleans in the order of a set.
            "PYTHONHASHSEED": "0",
            # Nothing is written to the user's home directory.
            "BYBIT_JOURNAL": str(self.journal),
        }
        if self.way:
            given["BYBIT_IN_PROCESS"] = "true" if self.way == IN_PROCESS else "false"
        return {**kept, **given, **more}

    def begin(self, *arguments: str, program: str = "ansible-playbook", **more: str) -> subprocess.Popen:
        """Start Ansible as the leader of a process group, without waiting for it."""
        self.folder.mkdir(exist_ok=True)
        for name in ("log", "written"):
            (self.folder / name).write_text("")
        return subprocess.Popen(
            [str(BIN / program), *arguments],
            cwd=self.started_in or self.folder, env=self.environment(**more), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )

    def end(self, process: subprocess.Popen) -> Told:
        printed = process.communicate(timeout=_PATIENCE_SECONDS)[0]
        records = [json.loads(line) for line in (self.folder / "written").read_text().splitlines()]
        return Told(process.returncode, printed, records, (self.folder / "log").read_text())

    def play(self, playbook: str, *arguments: str, **more: str) -> Told:
        """Run the text of a playbook to its end, with C(more) in its environment."""
        return self.end(self.start(playbook, *arguments, **more))

    def start(self, playbook: str, *arguments: str, **more: str) -> subprocess.Popen:
        self.folder.mkdir(exist_ok=True)
        file = self.folder / "playbook.yml"
        file.write_text(playbook)
        return self.begin(str(file), *arguments, **more)

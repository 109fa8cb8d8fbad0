# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first task on the front page of the documentation site does what the page says."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "tools" / "docs" / "index.rst"


def block(language: str, containing: str) -> str:
    """Return the block of code on the page that has these words."""
    found = re.findall(rf"^\.\. code-block:: {language}\n\n((?:   .*\n|\n)+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    [text] = [textwrap.dedent(text).strip() + "\n" for text in found if containing in text]
    return text


def test_the_first_task_pays_once(play, sandbox) -> None:
    # The test's environment names the stand-in exchange instead.
    task, marked = re.subn(r"^ *environment: testnet\n", "", block("yaml", "hosts: localhost"), flags=re.MULTILINE)
    assert marked == 1
    commands = [line.split() for line in block("sh", "repay.yml").splitlines()]
    assert commands == [["ansible-playbook", "repay.yml", "--check", "--diff"], ["ansible-playbook", "repay.yml", "--diff"]]
    before = sandbox.balance()
    paid, changed = [], []
    for _program, _file, *options in [*commands, commands[-1]]:
        run = play(task, *options)
        assert run.returncode == 0, run.stdout
        paid.append(before - sandbox.balance())
        changed.append("changed=1" in run.stdout)
    assert paid == [0, 100, 100]
    assert changed == [True, True, False]

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to a policy: its playbook runs as written, plans what the page shows, and refuses a plan with the words of the page."""

from __future__ import annotations

import re
import shlex
import textwrap
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[3] / "docs" / "docsite" / "rst" / "keep_policy.rst"
_BLOCK = re.compile(r"^\.\. code-block:: (?P<language>\w+)\n\n(?P<text>(?:   .*\n|\n)+)", re.MULTILINE)


def blocks(language: str) -> list[str]:
    return [textwrap.dedent(found["text"]) for found in _BLOCK.finditer(PAGE.read_text(encoding="utf-8")) if found["language"] == language]


def comparable(text: str) -> str:
    """Leave out line breaks, digests, and times."""
    text = re.sub(r"\b[0-9a-f]{16}/", "DIGEST/", re.sub(r"\s+", " ", text)).strip()
    return re.sub(r"\d{4}-\d\d-\d\d [\d:]+ UTC", "TIME", text)


PLAYBOOK, APPROVED, *_OTHERS = blocks("yaml")
TABLE, STALE, APPLIED = map(comparable, blocks("text"))
DIRECTLY, WITH_FILE = blocks("sh")


@pytest.fixture
def follow(play, sandbox):
    """Return a function that runs a command of the page with a playbook, on the prices and the wallet that the page names."""
    for coin, price in re.findall(r"(\w+) costs (\d+) USD", PAGE.read_text(encoding="utf-8")):
        sandbox.control("POST", "prices", {coin: price})
    [(balance, coin)] = re.findall(r"Funding wallet holds (\d+) (\w+)", PAGE.read_text(encoding="utf-8"))
    sandbox.control("POST", "wallet", {"coin": coin, "balance": balance})

    def call(command: str, playbook: str):
        program, name, *arguments = shlex.split(command)
        assert (program, name) == ("ansible-playbook", "policy.yml")
        return play(playbook, *arguments)

    return call


def test_the_playbook_plans_what_the_page_shows(follow, paid) -> None:
    check, apply = DIRECTLY.strip().splitlines()
    planned = follow(check, PLAYBOOK)
    assert planned.returncode == 0, planned.stdout
    assert TABLE in comparable(planned.stdout)
    assert paid() == []
    applied = follow(apply, PLAYBOOK)
    assert applied.returncode == 0, applied.stdout
    assert len(paid()) == 4


def test_a_plan_is_approved_and_applied_once(follow, paid, sandbox) -> None:
    playbook = re.sub(r"^( +)mode: apply\n", lambda found: textwrap.indent(APPROVED.strip(), found[1]) + "\n", PLAYBOOK, flags=re.MULTILINE)
    assert "plan_file: plan.json" in playbook
    plan, show, apply = WITH_FILE.strip().splitlines()
    for command in (plan, show):
        shown = follow(command, playbook)
        assert (shown.returncode, TABLE in comparable(shown.stdout)) == (0, True), shown.stdout
    sandbox.control("POST", "prices", {"BTC": "43000"})
    refused = follow(apply, playbook)
    assert (refused.returncode, STALE in comparable(refused.stdout), paid()) == (2, True, [])
    sandbox.control("POST", "prices", {"BTC": "42000"})
    assert follow(apply, playbook).returncode == 0
    assert len(paid()) == 4
    again = follow(apply, playbook)
    assert (again.returncode, APPLIED in comparable(again.stdout), len(paid())) == (2, True, 4)

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README is short, its playbook runs as printed, and it shows what the demo prints."""

from __future__ import annotations

import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
REPAY, KEEP, REQUIREMENTS = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
[PRINTED] = re.findall(r"```text\n(.*?)```", README, re.DOTALL)
MOST_LINES = 130


def masked(text: str) -> str:
    """Return a text without its IDs, and as it is before a narrow terminal folds it."""
    return " ".join(re.sub(r"\d{19}", "ID", text).split())


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= MOST_LINES
    assert (len(REPAY.splitlines()), len(KEEP.splitlines())) == (8, 5)


def test_the_first_run_of_its_playbook_reaches_both_goals_and_the_second_pays_nothing(play, paid, sandbox) -> None:
    # The collateral is worth so little that the LTV is above 50 % even after the first task.
    sandbox.control("POST", "prices", {"BTC": "30000"})
    first = play(REPAY + KEEP)
    assert first.returncode == 0, first.stdout
    assert "changed=2" in first.stdout
    assert len(paid()) == 2
    second = play(REPAY + KEEP)
    assert second.returncode == 0, second.stdout
    assert "changed=0" in second.stdout
    assert len(paid()) == 2


def test_the_demo_prints_what_it_shows(play) -> None:
    settings = {"BYBIT_API_URL": "", "BYBIT_API_KEY": "", "ANSIBLE_CONFIG": str(CHECKOUT / "playbooks" / "ansible.cfg")}
    ended = play("treasury.bybit.demo", env=settings)
    assert ended.returncode == 0, ended.stdout
    assert masked(PRINTED) in masked(ended.stdout)


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https://)([^)#]+)\)", re.sub(r"\n\s*", " ", README))
    assert len(links) > 10
    assert [link for link in links if not (CHECKOUT / link).is_file()] == []

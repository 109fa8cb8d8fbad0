# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moments from YAML through Ansible to the module: unquoted, YAML parses them as timestamps, not as text."""

from __future__ import annotations

import datetime
import json

UTC = datetime.timezone.utc
DAY = (datetime.datetime.now(tz=UTC) - datetime.timedelta(days=3)).strftime("%Y-%m-%d")

# The text after "since:" in the playbook, and its hours after DAY began in UTC, or part of the message that refuses it.
SPELLINGS = [
    ("{day}", 0),
    ("'{day}'", 0),
    ("{day}T00:00:00Z", 0),
    ("'{day}T00:00:00Z'", 0),
    ("{day}T12:00:00+02:00", 10),
    ("{day}T12:00:00-05:30", 17.5),
    ("{day} 12:00:00 +2", 10),
    ("{day} 12:00:00.5Z", 12 + 0.5 / 3600),
    ("{day}T12:00:00", "has no time zone"),
    ("{day} 12:00:00", "has no time zone"),
    ("'{day} 12:00:00'", "has no time zone"),
    ("'{{{{ date }}}}'", 0),
    ("'{{{{ moment }}}}'", 10),
    ("'{{{{ naive }}}}'", "has no time zone"),
    ("'{{{{ date }}}}T06:00:00Z'", 6),
    ("'{{{{ now(utc=true) }}}}'", "has no time zone"),
    ("20261101", "is not an ISO 8601 time"),
    ('""', "is not an ISO 8601 time"),
]

HEAD = f"""
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
    date: {DAY}
    moment: {DAY}T12:00:00+02:00
    naive: {DAY}T12:00:00
  tasks:
"""

TASK = """
    - treasury.bybit.bybit_loan_repay:
        order_id: "1794267532472646144"
        amount: "100"
        since: {since}
      register: result_{number}
      ignore_errors: true
"""

TAIL = """
    - copy:
        content: "{{{{ [{names}] | to_json }}}}"
        dest: "{dest}"
      check_mode: false
"""


def hours_after_the_day_began(time_ms: int) -> float:
    return (time_ms / 1000 - datetime.datetime.fromisoformat(DAY).replace(tzinfo=UTC).timestamp()) / 3600


def test_spellings_in_a_playbook_are_read_or_refused(play, sandbox, tmp_path) -> None:
    sandbox.control("DELETE", "requests")
    tasks = [TASK.format(number=number, since=since.format(day=DAY)) for number, (since, dummy) in enumerate(SPELLINGS)]
    names = ", ".join(f"result_{number}" for number in range(len(SPELLINGS)))
    ended = play(HEAD + "".join(tasks) + TAIL.format(names=names, dest=tmp_path / "results.json"), "--check")
    assert ended.returncode == 0, ended.stdout
    results = json.loads((tmp_path / "results.json").read_text())
    seen = [result["msg"] if result["failed"] else hours_after_the_day_began(result["details"]["since"]["time_ms"]) for result in results]
    assert [
        (spelling, expected if isinstance(expected, str) and expected in str(found) else found)
        for (spelling, expected), found in zip(SPELLINGS, seen)
    ] == SPELLINGS
    assert "POST /v5/crypto-loan/repay" not in sandbox.requests()["counts"]

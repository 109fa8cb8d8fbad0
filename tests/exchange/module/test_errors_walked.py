# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All the mistakes of L(mistakes): each message says what is wrong, where, and what to do, in a sentence or two, and nothing is paid."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from mistakes import BASES, MISTAKES, Mistake

ALL = [pytest.param(mistake, id=f"{group}: {mistake.what}") for group, mistakes in MISTAKES.items() for mistake in mistakes]
# What AnsibleModule itself says of options, in words that its users know.
ANSIBLES_OWN = re.compile(
    "missing required arguments: |one of the following is required: |parameters are mutually exclusive: |value of \\w+ must be one |"
    "missing parameter\\(s\\) required by |Unsupported parameters for |argument '\\w+' is of type "
)
# What tells people what to do: a verb behind a colon, at the beginning of a sentence, or behind what was said.
REMEDY = re.compile(
    "(?:[:.;,] |, and |^)(?:or )?(?:set|use|check|grant|add|top up|raise|omit|copy|convert|list|run|start|put|create|add|restore|repay|synchronize|"
    "install|percent-encode|exclude|contact|stop|make|look|find|correct)\\b", re.IGNORECASE
)
SECRETS = ("sandbox-secret", "p@ss", "sesame", "hunter2", "me:secret", "MIIE")
MOST_CHARACTERS = 420
# Who has lost the journal, or is in doubt about what was sent, has several things to do.
MOST_IN_DOUBT = 750


@pytest.fixture
def scene(sandbox, tmp_path, rsa_keys, start, relay, journal, run_module, now_ms) -> SimpleNamespace:
    return SimpleNamespace(
        sandbox=sandbox, tmp_path=tmp_path, rsa_keys=rsa_keys, start=start, relay=relay, journal=journal, run=run_module, now_ms=now_ms
    )


def test_more_than_a_hundred_mistakes_are_walked() -> None:
    names = [mistake.what for mistakes in MISTAKES.values() for mistake in mistakes]
    assert len(names) == len(set(names)) > 150


@pytest.mark.parametrize("mistake", ALL)
def test_a_mistake_is_told_with_its_place_and_its_remedy(mistake: Mistake, scene, run_module, sandbox, paid) -> None:
    given = {**BASES[mistake.module], **mistake.options, **mistake.arrange(scene)}
    if given.get("api_url"):
        given["api_url"] = given["api_url"].replace("{url}", sandbox.url)
    before = paid()
    run = run_module(mistake.module, **given)
    message = run["msg"]
    assert (run.failed, paid(), "Traceback" in message) == (True, before, False)
    assert [name for name in mistake.names if name not in message] == []
    assert [secret for secret in SECRETS if secret in run.printed] == []
    if ANSIBLES_OWN.match(message):
        return
    assert message.endswith(".") and REMEDY.search(message)
    is_in_doubt = "new journal knows no reference" in message or "acknowledge: '" in message
    assert len(message.replace(str(scene.tmp_path), "")) <= (MOST_IN_DOUBT if is_in_doubt else MOST_CHARACTERS)
    # No word twice, no gaps.
    assert not re.search(r"\b(\w+) \1\b|  |\.\.", message)
    assert not re.search(r"\[Errno|_ssl\.c|Error\(|\b(?:intent|realm|epoch)s?\b", message) or is_in_doubt

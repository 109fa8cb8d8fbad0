# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For all mistakes of L(mistakes), the message says what is wrong, where, and what to do, in one or two sentences, and nothing is paid."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from arranging import BASES
from mistakes import MISTAKES, Mistake

ALL = [pytest.param(mistake, id=f"{group}: {mistake.what}") for group, mistakes in MISTAKES.items() for mistake in mistakes]
# Messages of AnsibleModule itself, which Ansible users know.
ANSIBLES_OWN = re.compile(
    "missing required arguments: |one of the following is required: |parameters are mutually exclusive: |value of \\w+ must be one |"
    "missing parameter\\(s\\) required by |Unsupported parameters for |argument '\\w+' is of type "
)
# A remedy is an imperative after a colon, at the beginning of a sentence, or after the problem.
REMEDY = re.compile(
    "(?:[:.;,] |, and |^)(?:or )?(?:set|use|check|grant|add|top up|raise|omit|copy|convert|list|run|start|put|create|add|restore|repay|synchronize|"
    "install|percent-encode|exclude|contact|stop|make|look|find|correct)\\b", re.IGNORECASE
)
SECRETS = ("sandbox-secret", "p@ss", "sesame", "hunter2", "me:secret", "MIIE")
TIME = re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} UTC\b")
MOST_CHARACTERS = 420
# A lost journal or an unknown outcome takes several steps.
MOST_IN_DOUBT = 750


@pytest.fixture
def scene(sandbox, tmp_path, rsa_keys, start, relay, journal, run_module, now_ms) -> SimpleNamespace:
    return SimpleNamespace(
        sandbox=sandbox, tmp_path=tmp_path, rsa_keys=rsa_keys, start=start, relay=relay, journal=journal, run=run_module, now_ms=now_ms
    )


def test_there_are_more_than_a_hundred_mistakes() -> None:
    names = [mistake.what for mistakes in MISTAKES.values() for mistake in mistakes]
    assert len(names) == len(set(names)) > 150


@pytest.mark.parametrize("mistake", ALL)
def test_a_message_names_the_mistake_its_place_and_its_remedy(mistake: Mistake, scene, run_module, sandbox, paid) -> None:
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
    # No repeated words, no gaps. A time may have the same digits on both sides of its space.
    assert not re.search(r"\b(\w+) \1\b|  |\.\.", TIME.sub("then", message))
    assert not re.search(r"\[Errno|_ssl\.c|Error\(|\b(?:intent|realm|epoch)s?\b", message) or is_in_doubt

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guides to repaying and to a safe LTV: every task, play, and command runs as written, and shows the output that the page shows."""

from __future__ import annotations

import datetime
import json
import re
import shlex
import sys
import textwrap
import typing as t
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
GUIDES = CHECKOUT / "docs" / "docsite" / "rst"
PAGES = ("repay_loan", "keep_ltv", "accounts")
COLLECTION = "treasury.bybit."
_BLOCK = re.compile(r"^(?P<indent> *)\.\. code-block:: (?P<language>\w+)\n\n(?P<text>(?:(?P=indent)   .*\n|\n)+)", re.MULTILINE)
_CONTROL = """\
import json, sys, urllib.request
for name, body in json.loads(sys.argv[2]):
    urllib.request.urlopen(f"{sys.argv[1]}/sandbox/{name}", json.dumps(body).encode()).read()
"""
_FRAME = {
    "hosts": "localhost",
    "connection": "local",
    "gather_facts": False,
    "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
}


class Example(t.NamedTuple):
    page: str
    number: int
    language: str
    text: str
    # The output in the block after it, by its paragraphs, and the text between them.
    shown: list[str]
    before: str

    def __str__(self) -> str:
        return f"{self.page}-{self.number}"


def examples(page: str) -> list[Example]:
    """Return the blocks of a page, each with the blocks of output that follow it."""
    text = (GUIDES / f"{page}.rst").read_text(encoding="utf-8")
    blocks = list(_BLOCK.finditer(text))
    found: list[Example] = []
    for number, block in enumerate(blocks, start=1):
        if block["language"] != "text":
            found.append(Example(page, number, block["language"], textwrap.dedent(block["text"]), [], ""))
        elif found:
            shown = [comparable(part) for part in textwrap.dedent(block["text"]).split("\n\n") if part.strip()]
            between = text[blocks[number - 2].end() : block.start()]
            found[-1] = found[-1]._replace(shown=found[-1].shown + shown, before=found[-1].before + between)
    return found


def comparable(text: str) -> str:
    """Leave out what differs from run to run: line breaks, IDs, and times."""
    text = re.sub(r"\s+", " ", text.replace('\\"', '"')).strip()
    text = re.sub(r"\b(repayments?|adjustment|transfer|intent) [0-9a-f-]{4,}", r"\1 ID", text)
    return re.sub(r"\d{4}-\d\d-\d\d[ T][\d:]+(?:Z| UTC)?", "TIME", text)


def absent(example: Example, output: str) -> list[str]:
    output = comparable(output)
    # In the first days of a month, the repayments that the account begins with are of the month before.
    is_early = datetime.datetime.now(datetime.timezone.utc).day < 4
    return [f"{example}: {line}" for line in example.shown if line not in output and not (is_early and "%Y-%m-01" in example.text)]


def as_play(example: Example, journal: Path) -> dict[str, t.Any]:
    """Make a play of a task or a play, for the exchange that the environment names, with a journal of its own."""
    tasks = yaml.safe_load(example.text)
    play = tasks[0] if "hosts" in tasks[0] else {"name": str(example), **_FRAME, "tasks": tasks}
    play["ignore_errors"] = "the task fails" in example.before
    defaults = play.setdefault("module_defaults", {})
    defaults["group/treasury.bybit.bybit"] = {"rate_limit_timeout": 60}
    defaults["group/treasury.bybit.bybit_journal"] = {"journal": str(journal)}
    # The exchange of this test shows at once what it did.
    defaults.setdefault("group/treasury.bybit.bybit_operation", {})["settle_margin"] = 1
    for task in play["tasks"]:
        for name, options in task.items():
            if name.startswith(COLLECTION):
                task[name] = {option: value for option, value in (options or {}).items() if option not in ("environment", "journal")}
    return play


def begin(example: Example, url: str) -> dict[str, t.Any]:
    """Return a play that makes the exchange what the example begins with."""
    calls: list[tuple[str, dict[str, str]]] = [("reset", {})]
    calls += [("wallet", {"coin": coin, "balance": balance}) for balance, coin in re.findall(r"Funding wallet holds (\d+) (\w+):", example.before)]
    calls += [("prices", {coin: price}) for coin, price in re.findall(r"If (\w+) costs (\d+) USD ", example.before)]
    # Quicker than a module.
    command = shlex.join([sys.executable, "-c", _CONTROL, url, json.dumps(calls)])
    reset = {"name": "Begin with a fresh book", "ansible.builtin.debug": {"msg": "{{ lookup('ansible.builtin.pipe', command) }}"}}
    return {"name": f"BEGIN {example}", **_FRAME, "vars": {"command": command}, "tasks": [reset]}


def is_playable(example: Example) -> bool:
    loaded = yaml.safe_load(example.text)
    return isinstance(loaded, list) and COLLECTION in example.text and "import_playbook" not in example.text


@pytest.mark.parametrize("page", PAGES[:2])
def test_the_tasks_of_a_guide_run_as_written(play, sandbox, roomy_seed, tmp_path, page: str) -> None:
    sandbox.control("PUT", "seed", roomy_seed)
    chosen = [example for example in examples(page) if example.language == "yaml" and is_playable(example)]
    plays: list[dict[str, t.Any]] = []
    for example in chosen:
        once = as_play(example, tmp_path / f"{example}.sqlite")
        plays.append(begin(example, sandbox.url))
        if any(line.startswith("Would ") for line in example.shown):
            plays.append({**once, "name": f"CHECK {example}", "check_mode": True})
        plays += [once, {**once, "name": f"AGAIN {example}"}]
    text = yaml.safe_dump(plays, sort_keys=False, allow_unicode=True)
    ended = play(f"---\n{text}", "-i", "localhost,", "-v", "--diff")
    print(ended.stdout)
    parts = re.split(r"^PLAY \[BEGIN (\S+)\].*$", ended.stdout, flags=re.MULTILINE)[1:]
    outputs = dict(zip(parts[::2], parts[1::2]))
    assert [line for example in chosen for line in absent(example, outputs.get(str(example), ""))] == []
    assert ended.returncode == 0, ended.stdout
    # With a cap, a second run moves what the first one left.
    once_only = [str(example) for example in chosen if "at_most" not in example.text or "allow_partial" not in example.text]
    assert [name for name in once_only if "changed: [" in outputs[name].partition("PLAY [AGAIN")[2]] == []


def test_the_guide_fails_early_enough_before_a_margin_call(play, sandbox, tmp_path) -> None:
    [ahead] = [example for example in examples("keep_ltv") if "fall_to_margin_call" in example.text]
    # At these prices, the account is closer to the margin call than a fall by a quarter.
    sandbox.control("POST", "prices", {"BTC": "47000", "ETH": "2000"})
    ended = play(f"---\n{yaml.safe_dump([as_play(ahead, tmp_path / 'journal.sqlite')])}", "-i", "localhost,")
    assert ended.returncode == 2, ended.stdout
    assert "Margin call after a fall of 0.2" in ended.stdout
    assert "ok=2 " in ended.stdout and "failed=1" in ended.stdout


@pytest.mark.parametrize("example", [example for page in PAGES for example in examples(page) if example.language == "sh" and example.shown], ids=str)
def test_the_commands_of_a_guide_run_as_written(play, sandbox, roomy_seed, example: Example) -> None:
    sandbox.control("PUT", "seed", roomy_seed)
    name, *words = shlex.split(example.text.replace("\\\n", " "))
    assert name == "ansible-playbook" and "sandbox=true" in words, "it would move real money"
    # The exchange of this test runs already, and shows at once what it did.
    words = ["settle_margin=1" if word == "sandbox=true" else word for word in words]
    arguments = [str(CHECKOUT / word) if word.startswith("playbooks/") else word for word in words]
    ended = play(*arguments)
    assert ended.returncode == 0, ended.stdout
    assert absent(example, ended.stdout) == []

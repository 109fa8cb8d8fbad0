# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole playbook with one policy: as YAML, and how it runs."""

from __future__ import annotations

import json
import subprocess
import typing as t
from decimal import Decimal
from pathlib import Path

from account import DAY_MS
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Cap
from declared import Terms
from surroundings import ANSIBLE_PLAYBOOK, CLIENTS, clean_environment

_TIMEOUT_S = 120
_SOURCES = {"FUND": "funding", "UNIFIED": "unified"}


class Playbook:
    """A playbook with one task, which applies a policy.

    :param folder: Where its files and the journal are.
    """

    def __init__(self, folder: Path, url: str, terms: Terms) -> None:
        self._file, self._told = folder / "playbook.yml", folder / "told"
        # The stand-in shows at once what it carried out. With the default, a run waits if a sale was made up to ten minutes before.
        task = {"name": terms.name, "treasury.bybit.bybit_loan_policy": {"mode": "apply", "settle_margin": 0, **options(terms)}}
        # JSON is YAML.
        self._file.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]), encoding="utf-8")
        callbacks = {"ANSIBLE_CALLBACK_PLUGINS": str(CLIENTS / "callback_plugins"), "ANSIBLE_CALLBACKS_ENABLED": "told", "TOLD_FILE": str(self._told)}
        self._environment = {**clean_environment(url, folder), **callbacks}

    def run(self) -> dict[str, t.Any]:
        """Return the result of the task."""
        self._told.unlink(missing_ok=True)
        command = [str(ANSIBLE_PLAYBOOK), str(self._file)]
        ended = subprocess.run(command, env=self._environment, cwd=self._file.parent, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
        if not self._told.exists():
            raise RuntimeError(f"The playbook told no result:\n{ended.stdout}{ended.stderr}")
        (line,) = self._told.read_text(encoding="utf-8").splitlines()
        return {**json.loads(line)["result"], "returncode": ended.returncode}


def options(terms: Terms) -> dict[str, t.Any]:
    """Return the declared policy with its money as options of the module."""
    return {
        "rules": [_rule(rule) for rule in terms.policy.rules],
        "funds": {"from": [_SOURCES[wallet] for wallet in terms.sources], "keep": _texts(terms.keep)},
        "limits": {cap.name: _limit(cap) for cap in (terms.per_run, terms.per_day)},
        "stress": {coin: f"{change:+f}" for coin, change in terms.policy.stress.items()},
    }


def _rule(rule: rules.Rule) -> dict[str, t.Any]:
    loans = {"product": rule.loans.product or "all", "coin": rule.loans.coin or "all", "id": rule.loans.loan_id or "all"}
    shared = {"name": rule.name, "loans": loans}
    if isinstance(rule, rules.MaturityRule):
        return {**shared, "before_maturity": f"{rule.within_ms // DAY_MS}d"}
    shared["order"] = rule.order
    if isinstance(rule, rules.LtvRule):
        using = [{way.kind: list(way.coins)} if way.coins else way.kind for way in rule.using]
        return {**shared, "ltv": {"above": _level(rule.above), "down_to": _level(rule.down_to)}, "using": using}
    if isinstance(rule, rules.InstallmentRule):
        return {**shared, "installment": {"amount": str(rule.amount), "per": rule.per}}
    return {**shared, "max_debt": str(rule.max_debt)}


def _level(level: rules.Level) -> str:
    return str(level.distance) if level.mark is None else f"{level.mark} {'-' if level.distance < 0 else '+'} {abs(level.distance)}"


def _limit(cap: Cap) -> dict[str, str]:
    return {**({} if cap.usd is None else {"usd": str(cap.usd)}), **_texts(cap.coins)}


def _texts(amounts: t.Mapping[str, Decimal]) -> dict[str, str]:
    return {coin: str(amount) for coin, amount in amounts.items()}

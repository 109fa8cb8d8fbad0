# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contestants: how each is started, and roughly how long it takes."""

from __future__ import annotations

import sys
import typing as t
from dataclasses import dataclass

from speed_cells import Cell
from surroundings import ANSIBLE_PLAYBOOK, CLIENTS

INVENTORY = "inventory.json"


def _playbook(name: str, *arguments: str) -> t.Callable[[Cell], list[str]]:
    def command(cell: Cell) -> list[str]:
        return [str(ANSIBLE_PLAYBOOK), "-i", INVENTORY, "--forks", str(cell.accounts), str(CLIENTS / name), *arguments]

    return command


def _script(name: str) -> t.Callable[[Cell], list[str]]:
    def command(cell: Cell) -> list[str]:
        [orders] = cell.orders().values()
        return [sys.executable, str(CLIENTS / name), *orders]

    return command


@dataclass(frozen=True)
class Contestant:
    """One way to repay N loans.

    :ivar pays: Whether it repays, or only shows what Ansible itself costs.
    :ivar start_seconds: Roughly the time before its first item, on two idle cores.
    :ivar item_seconds: Roughly the time for an item.
    :ivar requests: Roughly the number of requests for an item.
    """

    name: str
    title: str
    command: t.Callable[[Cell], list[str]]
    start_seconds: float
    item_seconds: float
    requests: int = 1
    pays: bool = True
    is_ansible: bool = True

    def expected_seconds(self, cell: Cell) -> float:
        """Return roughly how long a run takes, for the progress display."""
        # Work that uses a whole processor is shared between two.
        working = self.item_seconds * cell.total / min(cell.accounts, 2)
        distance = 2 * cell.one_way_ms / 1000 * cell.items * self.requests
        limit = cell.limit_seconds() if cell.limited and self.pays else 0
        return self.start_seconds + max(working + distance, limit)


CONTESTANTS = (
    Contestant("in-process", "ours, in-process", _playbook("speed_ours.yml"), 0.8, 0.02, 7),
    Contestant(
        "module", "ours, as a module", _playbook("speed_ours.yml", "-e", "bybit_in_process=false"), 0.8, 0.45, 7
    ),
    Contestant("policy", "ours, one policy task", _playbook("speed_policy.yml"), 0.9, 0.01, 1),
    Contestant("policy-module", "ours, one policy task as a module", _playbook("speed_policy.yml", "-e", "bybit_in_process=false"), 1.3, 0.01, 1),
    Contestant(
        "policy-idle", "ours, one policy task that pays nothing", _playbook("speed_policy.yml", "-e", '{"max_debt": "999999999"}'), 1, 0.003, 0, pays=False
    ),
    Contestant("uri", "`uri`, signed by a filter", _playbook("speed_uri.yml"), 0.8, 0.3),
    Contestant("uri-steps", "`uri` after `set_fact`, included", _playbook("speed_uri_steps.yml"), 0.8, 0.4),
    Contestant("command", "`command` with a pybit script", _playbook("speed_command.yml"), 0.8, 0.5),
    Contestant("pybit", "pybit, one process", _script("speed_pybit.py"), 0.4, 0.005, is_ansible=False),
    Contestant("floor", "`http.client`, the floor", _script("speed_floor.py"), 0.1, 0.002, is_ansible=False),
    Contestant("noop", "no repayment: `assert`, an action", _playbook("speed_noop.yml"), 0.7, 0.01, 0, pays=False),
    Contestant("ping", "no repayment: `ping`, a module", _playbook("speed_ping.yml"), 0.7, 0.2, 0, pays=False),
    Contestant(
        "start", "Ansible's start: one `assert`", _playbook("speed_noop.yml", "-e", '{"orders": ["one"]}'), 0.7, 0, 0,
        pays=False,
    ),
)

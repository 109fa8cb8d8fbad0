# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module that may outlive its task must not pay a step that a second run would pay again."""

from __future__ import annotations

import typing as t
from types import SimpleNamespace

import pytest
from ansible_collections.treasury.bybit.plugins.plugin_utils._eligible import outlives_its_task

LOCAL, ROOT, USER = "ansible.builtin.local", 0, 1000


def action(become: object = "sudo", connection: str = LOCAL, timeout: int = 4, **options: t.Any) -> t.Any:
    task = SimpleNamespace(args={"amount": "10", **options}, timeout=timeout)
    return SimpleNamespace(_task=task, _connection=SimpleNamespace(become=become, ansible_name=connection))


@pytest.mark.parametrize("step", [{}, {"amount": None, "add": "0.1"}, {"amount": None, "take_back": "0.1"}], ids=str)
def test_a_step_with_timeout_and_become_is_refused(step: dict[str, t.Any]) -> None:
    refusal = outlives_its_task(action(**step), USER)
    assert refusal.startswith("timeout and become together could leave the module running")
    assert "so nothing was sent" in refusal


@pytest.mark.parametrize(
    ("user", "change"),
    [
        # Root can end another user's process, and a connection's client ends its module.
        (ROOT, {}), (USER, {"become": None}), (USER, {"connection": "ansible.builtin.ssh"}), (USER, {"timeout": 0}),
        # A goal pays only what is missing, so it does no harm.
        (USER, {"since": "2026-11-01"}), (USER, {"amount": None, "max_debt": "0"}),
    ],
)
def test_harmless_tasks_are_not_refused(user: int, change: dict[str, t.Any]) -> None:
    assert outlives_its_task(action(**change), user) == ""

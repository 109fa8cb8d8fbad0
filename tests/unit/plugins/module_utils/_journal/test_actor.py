# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The holder of a loan, and the actor of an entry, in words that an operator can act on."""

from __future__ import annotations

import os
import platform
import pwd
import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._journal.actor import actor_now, describe


@pytest.fixture(autouse=True)
def outside_awx(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JOB_ID", "AWX_HOST"):
        monkeypatch.delenv(name, raising=False)


def test_user_machine_and_process_are_named() -> None:
    user = pwd.getpwuid(os.geteuid()).pw_name
    assert actor_now() == {"user": user, "controller": platform.node(), "process": os.getpid()}


def test_a_user_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container, the user often has no name in the system."""
    monkeypatch.setattr(os, "geteuid", lambda: 987654321)
    assert actor_now()["user"] == "987654321"


@pytest.mark.parametrize(
    ("environment", "job"),
    [
        ({"JOB_ID": "17", "AWX_HOST": "https://awx.example.com"}, "17"),
        # Other programs use this name, too.
        ({"JOB_ID": "17"}, None),
        ({"JOB_ID": "", "AWX_HOST": "https://awx.example.com"}, None),
        ({"AWX_HOST": "https://awx.example.com"}, None),
    ],
)
def test_the_awx_job_is_named(environment: dict[str, str], job: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert actor_now().get("awx_job") == job


@pytest.mark.parametrize(
    ("holder", "clause"),
    [
        (
            {"user": "treasurer", "controller": "c1", "process": 4711, "since_ms": 1793534400000},
            "process 4711 of user treasurer on c1, since 2026-11-01 12:00:00 UTC",
        ),
        (
            {"user": "awx", "controller": "ee", "process": 1, "awx_job": "17", "since_ms": 1793534400000},
            "process 1 of user awx on ee, AWX job 17, since 2026-11-01 12:00:00 UTC",
        ),
        ({"user": "treasurer", "controller": "c1", "process": 4711, "since_ms": "noon"}, "process 4711 of user treasurer on c1"),
        ({}, "process unknown of user unknown on unknown"),
    ],
)
def test_a_holder_in_words(holder: dict[str, t.Any], clause: str) -> None:
    assert describe(holder) == clause

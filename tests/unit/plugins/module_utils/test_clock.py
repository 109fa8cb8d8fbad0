# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock


@pytest.mark.parametrize(
    ("duration_ms", "told"), [(1999, []), (2000, ["So: waiting up to 2 s."]), (2001, ["So: waiting up to 3 s."])]
)
def test_only_a_long_wait_is_told(duration_ms: int, told: list[str]) -> None:
    heard: list[str] = []
    Clock(heard.append).report_wait("So", duration_ms)
    assert heard == told


def test_nobody_need_listen(capfd) -> None:
    Clock().report_wait("So", 60_000)
    assert capfd.readouterr() == ("", "")


def test_one_start_of_the_machine_has_one_name() -> None:
    told = Clock().boot_id()
    assert told == Clock().boot_id()
    # Where the system does not tell, nothing is told.
    is_told = Path("/proc/sys/kernel/random/boot_id").exists()
    assert bool(re.fullmatch("[0-9a-f-]{36}", told)) == is_told
    assert is_told or told == ""

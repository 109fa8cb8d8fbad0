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
def test_only_a_long_wait_is_reported(duration_ms: int, told: list[str]) -> None:
    heard: list[str] = []
    Clock(heard.append).report_wait("So", duration_ms)
    assert heard == told


def test_a_listener_is_optional(capfd) -> None:
    Clock().report_wait("So", 60_000)
    assert capfd.readouterr() == ("", "")


def test_the_listener_gets_each_wait_as_it_begins_and_ends() -> None:
    heard: list[tuple[int, str, int]] = []
    clock = Clock(listener=lambda *wait: heard.append(wait))
    with clock.waiting("So", 1500), clock.waiting("Within", 10):
        pass
    with pytest.raises(RuntimeError), clock.waiting("Failed", 10):
        raise RuntimeError
    numbers = list(dict.fromkeys(number for number, *dummy in heard))
    assert len(numbers) == 3
    assert [(numbers.index(number), reason, at_most_ms) for number, reason, at_most_ms in heard] == [
        (0, "So", 1500), (1, "Within", 10), (1, "", 0), (0, "", 0), (2, "Failed", 10), (2, "", 0),
    ]
    assert clock.waits == []


def test_a_listener_that_fails_does_not_come_between_a_request_and_its_answer() -> None:
    def fail(*wait: object) -> None:
        raise RuntimeError

    answers: list[str] = []
    with Clock(listener=fail).waiting("So", 1500) as say:
        say("Otherwise")
        answers.append("Here")
    assert answers == ["Here"]


def test_the_reason_of_a_wait_may_change() -> None:
    heard: list[tuple[int, str, int]] = []
    with Clock(listener=lambda *wait: heard.append(wait)).waiting("So", 1500) as say:
        say("So")
        say("Otherwise")
        say("Otherwise")
    number = heard[0][0]
    assert heard == [(number, "So", 1500), (number, "Otherwise", 1500), (number, "", 0)]
    with Clock().waiting("So", 1500) as say:
        say("Otherwise")


def test_a_pause_is_reported_and_slept() -> None:
    heard: list[tuple[int, str, int]] = []
    slept: list[int] = []
    clock = Clock(listener=lambda *wait: heard.append(wait))
    clock.sleep_ms = lambda duration_ms: slept.append(len(heard))  # type: ignore[method-assign]
    clock.pause_ms("So", 2500)
    assert clock.waits == ["So: waiting up to 3 s."]
    assert slept == [1]
    assert [reason for dummy, reason, dummy2 in heard] == ["So", ""]


def test_one_start_of_the_machine_has_one_name() -> None:
    told = Clock().boot_id()
    assert told == Clock().boot_id()
    # Some systems do not identify a start.
    is_told = Path("/proc/sys/kernel/random/boot_id").exists()
    assert bool(re.fullmatch("[0-9a-f-]{36}", told)) == is_told
    assert is_told or told == ""

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of the suite from environment variables."""

from __future__ import annotations

import os
import typing as t

DEFAULT_SEED = 20261103
DEFAULT_SCHEDULES = 150
DEFAULT_ANSWERS = 200
TESTED_FROM = 600


class Settings(t.NamedTuple):
    """What to run.

    :ivar part: The number of this process among C(parts) processes, which split the schedules.
    :ivar answers: How many cases of changed answers to run; None for all.
    """

    schedules: int
    seed: int
    part: int
    parts: int
    shrink: bool
    replay: str
    answers: int | None

    @property
    def mine(self) -> int:
        """The number of schedules that this process runs."""
        return self.schedules // self.parts + (self.part <= self.schedules % self.parts)

    @property
    def own_seed(self) -> int:
        return self.seed * 1000 + self.part

    def variables(self) -> str:
        return f"FAULT_SEED={self.seed} FAULT_SCHEDULES={self.schedules} FAULT_PART={self.part}/{self.parts}"


def from_environment() -> Settings:
    part, parts = (int(number) for number in os.environ.get("FAULT_PART", "1/1").split("/"))
    assert 1 <= part <= parts, "FAULT_PART is i/n with i from 1 to n"
    answers = os.environ.get("FAULT_ANSWERS", str(DEFAULT_ANSWERS))
    return Settings(
        schedules=int(os.environ.get("FAULT_SCHEDULES", DEFAULT_SCHEDULES)),
        seed=int(os.environ.get("FAULT_SEED", DEFAULT_SEED)),
        part=part,
        parts=parts,
        shrink=os.environ.get("FAULT_SHRINK", "1") == "1",
        replay=os.environ.get("FAULT_REPLAY", ""),
        answers=None if answers == "all" else int(answers),
    )

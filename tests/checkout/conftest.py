# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for what only a checkout has: its tools, and the files that a forge runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT / "tools"), str(CHECKOUT / "tests")]

import matrix


@pytest.fixture(scope="session")
def checkout() -> Path:
    return CHECKOUT


@pytest.fixture(scope="session")
def supported() -> tuple[matrix.Core, ...]:
    return matrix.CORES


@pytest.fixture(scope="session")
def final_cores(supported: tuple[matrix.Core, ...]) -> list[matrix.Core]:
    return [core for core in supported if core.is_final]

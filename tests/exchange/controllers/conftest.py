# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controllers that share one journal, with real processes, a real PostgreSQL, and real time."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from postgres import Server


@pytest.fixture(scope="module")
def postgres(tmp_path_factory) -> t.Iterator[Server]:
    with Server(tmp_path_factory.mktemp("postgres") / "server") as server:
        yield server

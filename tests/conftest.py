# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How several processes share the tests (pytest --numprocesses)."""

from __future__ import annotations

import signal
import typing as t

import pytest
from xdist.scheduler import LoadScopeScheduling

# More than two playbooks at once starve each other, so two processes run them all, each about half of the time. They begin with
# them, as they are most.
PLAYBOOKS = (
    ("tests/exchange/both_ways/", "tests/exchange/playbook/test_r", "tests/exchange/playbook/test_t"),
    ("tests/exchange/playbook/", "tests/benchmark/"),
)


def pytest_configure() -> None:
    # Under nohup it is ignored, and so it would be by all that the tests start and hang up on.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Sharing(LoadScopeScheduling):
    """Whoever has nothing to do takes the next test."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folders[0] for folders in PLAYBOOKS if nodeid.startswith(folders)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: t.Any) -> Sharing:
    return Sharing(config, log)

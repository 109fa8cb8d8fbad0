# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repayment in doubt in a journal file."""

from __future__ import annotations

import pytest


@pytest.fixture
def doubt(repay, sandbox):
    """Leave in doubt a repayment that was not made."""

    def call(**options):
        sandbox.fault(answer="close", commit=False)
        run = repay(**{"wait_timeout": 0, **options})
        assert run["outcome"] == "unknown"
        return run

    return call

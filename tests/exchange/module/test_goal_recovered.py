# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run with max_debt after a run without a known outcome, on an exchange that shows the debt late."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("processing_ms", [0, 1500])
def test_an_old_debt_is_not_paid_after_a_recovered_repayment(repay, sandbox, paid, processing_ms: int) -> None:
    # The debt falls at most settle_margin after the repayment was processed.
    late = {"processing_ms": processing_ms, "debt_delay_ms": processing_ms + 1500}
    sandbox.fault(answer="reset", **late)
    goal = {"amount": None, "max_debt": "500", "settle_margin": 2}
    assert repay(**goal, wait_timeout=0)["outcome"] == "unknown"
    recovered = repay(**goal)
    assert (recovered["outcome"], recovered.details["recovered"], recovered["amount"]) == ("executed", True, "500.4")
    assert paid() == ["500.4"]
    assert repay(**goal)["outcome"] == "nothing_to_do"

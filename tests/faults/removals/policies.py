# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Safeguards of a run of a policy: what it knows before it plans, and what it trusts while several repayments are under way."""

from __future__ import annotations

from .replacing import Removal, around, instead

_TOGETHER, _ADVERSARY = ("tests/exchange/module/test_policy_together.py",), ("tests/exchange/module/test_policy_adversary.py",)

REMOVALS = (
    Removal("policies: earlier operations are settled before anything is planned", (
        around("_policy.settle:settle", lambda original: lambda contexts, unsettled, options: original.__globals__["Settled"]()),
    )),
    Removal("policies: the ID of an accepted repayment is noted before the next one is sent", (
        instead("_engine.run:noted", lambda begun: begun),
    ), _TOGETHER),
    Removal("policies: a debt that somebody else has moved since the plan stops its operation", (
        instead("_engine.run:has_left_plan", lambda expected, subject, goal: False),
    ), _ADVERSARY),
)

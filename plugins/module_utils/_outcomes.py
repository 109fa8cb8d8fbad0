# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values of the result C(outcome).

This module util is private to the collection.
"""

from __future__ import annotations

EXECUTED = "executed"
PENDING = "pending"
NOTHING_TO_DO = "nothing_to_do"
PLANNED = "planned"
NOT_EXECUTED = "not_executed"
UNKNOWN = "unknown"

CHANGED = (EXECUTED, PENDING, PLANNED)

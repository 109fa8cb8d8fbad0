# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When and how a repayment or an adjustment settles, and how late queries show it."""

from __future__ import annotations

from dataclasses import dataclass

from .model import SUCCESS


@dataclass(frozen=True)
class Settlement:
    history_delay_ms: int = 0
    debt_delay_ms: int = 0
    wallet_delay_ms: int = 0
    processing_ms: int = 0
    final_status: int = SUCCESS


IMMEDIATE = Settlement()

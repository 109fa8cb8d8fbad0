# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The safeguards that can be removed one at a time: named parts of the collection, and their replacements."""

from __future__ import annotations

from . import engine, journal, operations, policies, reading, reconciling
from .replacing import Removal

NOTHING = Removal("nothing (the suite must pass)", ())
REMOVALS = (NOTHING, *reconciling.REMOVALS, *reading.REMOVALS, *journal.REMOVALS, *engine.REMOVALS, *operations.REMOVALS, *policies.REMOVALS)

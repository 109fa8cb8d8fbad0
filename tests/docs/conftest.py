# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

# With --import-mode=importlib nobody else puts them there.
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "tools")]

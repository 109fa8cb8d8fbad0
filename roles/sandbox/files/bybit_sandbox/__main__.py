# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the package, installed or not: python -m bybit_sandbox, or the path of this file."""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:
    # Python puts this folder first on the path, where its modules could be imported without their package.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bybit_sandbox.cli import main

if __name__ == "__main__":
    sys.exit(main())

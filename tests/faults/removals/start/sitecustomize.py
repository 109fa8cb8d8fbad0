# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Removes the chosen safeguard from every Python process that has this folder on its path, before anything else runs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from removals import REMOVALS
from removals.replacing import install_from_environment

install_from_environment(REMOVALS)
sys.path.pop(0)

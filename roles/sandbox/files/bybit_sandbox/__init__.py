# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for Bybit's crypto loan API, on your own machine and with invented money."""

from __future__ import annotations

VERSION = "1.0.0"

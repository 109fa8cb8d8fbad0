# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sessions of antsibull-nox.toml: linters, which `make lint` runs without separate environments, and ansible-test in containers."""

from __future__ import annotations

import antsibull_nox

antsibull_nox.load_antsibull_nox_toml()

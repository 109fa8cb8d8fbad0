# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All endpoints of the exchange that the stand-in supports."""

from __future__ import annotations

from .account_routes import ACCOUNT_ROUTES
from .adjustment_routes import ADJUSTMENT_ROUTES
from .common_routes import COMMON_ROUTES
from .fixed_routes import FIXED_ROUTES
from .flexible_routes import FLEXIBLE_ROUTES
from .legacy_routes import LEGACY_ROUTES
from .transfer_routes import TRANSFER_ROUTES

ROUTES = {
    **LEGACY_ROUTES, **FLEXIBLE_ROUTES, **FIXED_ROUTES, **COMMON_ROUTES, **ADJUSTMENT_ROUTES, **ACCOUNT_ROUTES, **TRANSFER_ROUTES,
}
PATHS = {endpoint.partition(" ")[2] for endpoint in ROUTES}

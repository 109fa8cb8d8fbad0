# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The terms of one operation that plans and messages must know.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t


class Terms(t.NamedTuple):
    """The terms of one operation.

    :ivar label: The name of the target in messages.
    :ivar missing: Says that the exchange knows no such loan, with option, value, and remedy.
    :ivar is_whole: Whether the loan can only be repaid in full.
    :ivar is_sweep: Whether it repays all contracts of a coin, including those borrowed between the reading and the request.
    :ivar from_collateral: Whether the exchange sells collateral to pay; otherwise the Funding wallet pays.
    :ivar shares_collateral: Whether its LTV is that of the account.
    """

    label: str
    missing: str
    is_whole: bool = False
    is_sweep: bool = False
    from_collateral: bool = False
    shares_collateral: bool = False

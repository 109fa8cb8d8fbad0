# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a loan can be repaid, as far as the plan and messages must know.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t


class Terms(t.NamedTuple):
    """What one operation can do.

    :ivar label: The name of the loan in messages, after "on".
    :ivar missing: Says, naming option, value and remedy, that the exchange knows no such loan.
    :ivar is_whole: Whether it can only be repaid in one piece.
    :ivar is_sweep: Whether it is all contracts of a coin, also those that are borrowed between the reading and the request.
    :ivar from_collateral: Whether the exchange sells collateral for it; otherwise the Funding wallet pays.
    :ivar shares_collateral: Whether its LTV is that of the account.
    """

    label: str
    missing: str
    is_whole: bool = False
    is_sweep: bool = False
    from_collateral: bool = False
    shares_collateral: bool = False

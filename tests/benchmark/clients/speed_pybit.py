# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Repay each loan with pybit, in one process and over one connection."""

from __future__ import annotations

import sys

from pybit_repay import open_session


def main(*order_ids: str) -> None:
    session = open_session(force_retry=False, timeout=10)
    for order_id in order_ids:
        # pybit raises for every return code except 0.
        session.repay_crypto_loan(orderId=order_id, amount="1")


if __name__ == "__main__":
    main(*sys.argv[1:])

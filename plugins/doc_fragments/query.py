# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of the info modules that select products and loans."""

    DOCUMENTATION = r"""
options:
  product:
    description:
      - The loan products to read. If the account cannot use a product that is listed here, the module fails.
      - By default, the module reads all products. If the account cannot use a product, the module then skips it, with a warning and an
        entry in RV(ignore:unavailable).
    type: list
    elements: str
    choices:
      - legacy
      - flexible
      - fixed
  loan_currency:
    description:
      - Selects only loans in this coin, in capitals, such as V(USDT).
    type: str
  loan_id:
    description:
      - Selects only the loan with this ID, which is the order ID of a legacy loan (C(orderId)), or the ID of a fixed contract (C(loanId)),
        not the ID of its order.
      - Flexible loans have no ID, so this option excludes them.
    type: str
notes:
  - To list loans and repayments, a read-only key with the permission C(Spot trade) is sufficient.
  - Long lists are read in pages of 100 entries, as fast as the exchange's rate limit permits, which is 500 entries per second for
    flexible and fixed loans. Products are read in parallel.
attributes:
  check_mode:
    support: full
    details:
      - The module only reads, so check mode makes no difference.
  diff_mode:
    support: N/A
    details:
      - The module changes nothing.
  idempotent:
    support: full
"""

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
      - The loan products to read. By default all of them; then a product that the account cannot use is skipped, with a warning and an
        entry in RV(ignore:unavailable).
      - The module fails if the account cannot use a product listed here.
    type: list
    elements: str
    choices:
      - legacy
      - flexible
      - fixed
  loan_currency:
    description:
      - Only loans in this coin, in capitals, such as V(USDT).
    type: str
  loan_id:
    description:
      - Only the loan with this ID, which is the order ID of a legacy loan (C(orderId)), or the ID of a fixed contract (C(loanId)), not
        that of its order.
      - Flexible loans have no ID, so this option excludes them.
    type: str
notes:
  - A read-only key with the permission C(Spot trade) is sufficient to list loans and repayments.
  - Long lists are read in pages of a hundred entries, as fast as the exchange's rate limit permits, which is 500 entries per second for
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

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options by which every query module is told which loans are meant."""

    DOCUMENTATION = r"""
options:
  product:
    description:
      - The loan products to read. Without this option all of them are read, and one that the account cannot use is left out, with
        a warning and an entry in RV(ignore:unavailable).
      - A product that is named here and cannot be used makes the module fail.
    type: list
    elements: str
    choices:
      - legacy
      - flexible
      - fixed
  loan_currency:
    description:
      - Only loans in this coin, as the exchange writes it, such as V(USDT).
    type: str
  loan_id:
    description:
      - Only the loan with this id, which is the order id of a legacy loan (C(orderId)), or the id of a fixed contract (C(loanId)), not
        that of its order.
      - Flexible loans have no id, so none of them is shown with this option.
    type: str
notes:
  - A key that may only read is enough, with the permission C(Spot trade).
  - Long lists are read page by page, a hundred entries each, and as fast as the exchange's limit for requests in a second allows,
    which is 500 entries in a second for flexible and fixed loans. The products are read side by side.
attributes:
  check_mode:
    support: full
    details:
      - The module only reads, so it does the same in check mode.
  diff_mode:
    support: N/A
    details:
      - The module changes nothing.
  idempotent:
    support: full
"""

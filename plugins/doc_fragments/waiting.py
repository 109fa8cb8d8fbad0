# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of all modules that move money: how long to wait, and what to wait for."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until the exchange reports an accepted operation as final. The module fails if the operation fails in the end.
      - If V(false), an accepted operation has RV(ignore:outcome=pending). The module still reconciles a request without a clear answer.
    type: bool
    default: true
  lock_timeout:
    description:
      - For tuning. How many seconds to wait until another run for the same loan, collateral, or wallets has finished, from V(0) to V(86400).
    type: int
    default: 180
  settle_margin:
    description:
      - For tuning. How many seconds the exchange takes at most to show an operation that it executed, from V(0) to V(3600).
      - The exchange can accept a request until O(recv_window) has passed. A request without a clear answer counts as not executed only if no source shows it
        after O(recv_window) and then this margin have passed.
      - The margin is 60 times as long if the wallet cannot serve as evidence, because O(api_key) is not allowed to read it or because the
        exchange sells collateral to repay.
      - The exchange does not document such a time. The default is an assumption of this collection. If the margin is too short, the module can
        mistake an executed operation for one that was not executed.
    type: int
    default: 10
  wait_timeout:
    description:
      - For tuning. How many seconds to spend on finding out whether a request was executed, and on waiting until the operation is final, from
        V(0) to V(86400). If earlier runs left intents open, this time applies to each intent.
      - To find out that a request was not executed, the module needs the sum of O(recv_window) and O(settle_margin), plus a little more than a second.
    type: int
    default: 60
notes:
  - The options O(api_timeout), O(lock_timeout), O(rate_limit_timeout), O(recv_window), O(settle_margin), and O(wait_timeout) are for tuning. The
    defaults suit almost everyone.
"""

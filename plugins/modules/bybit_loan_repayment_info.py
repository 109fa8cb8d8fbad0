#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bybit_loan_repayment_info
short_description: List repayments of crypto loans on Bybit
version_added: 0.1.0
author:
  - The treasury.bybit contributors (!UNKNOWN)
description:
  - Returns the repayments of legacy, flexible, and fixed crypto loans in one list with the same fields, newest first. Also returns their totals
    for each coin.
  - You can combine filters. A repayment is returned if it matches all of them.
  - Uses the calls C(GET /v5/crypto-loan/repayment-history), C(GET /v5/crypto-loan-flexible/repayment-history),
    C(GET /v5/crypto-loan-fixed/repayment-history), and C(GET /v5/market/time).
extends_documentation_fragment:
  - treasury.bybit.attributes
  - treasury.bybit.attributes.group
  - treasury.bybit.connection
  - treasury.bybit.query
notes:
  - For legacy loans, the exchange returns the repayments of the last 6 months, without those that failed. For other loans, it does not
    document how far back its history goes.
  - The exchange cannot filter by time, so the module reads all pages, even with O(since) and O(until).
options:
  repay_id:
    description:
      - Selects only the repayment with this ID.
    type: str
  since:
    description:
      - Selects only repayments that were made at this time or later.
      - An ISO 8601 date, which means its start in UTC, such as V(2026-11-01), or a time with a time zone, such as
        V(2026-11-01T09:00:00+01:00).
    type: str
  until:
    description:
      - Selects only repayments that were made before this time. Same format as O(since). V(2026-12-01) is the end of November.
    type: str
  status:
    description:
      - Selects only repayments with one of these statuses. By default, all repayments are returned.
    type: list
    elements: str
    choices:
      - success
      - processing
      - failed
seealso:
  - module: treasury.bybit.bybit_loan_info
  - module: treasury.bybit.bybit_loan_repay
  - module: treasury.bybit.bybit_flexible_loan_repay
  - module: treasury.bybit.bybit_fixed_loan_repay
  - name: Repayments of flexible loans
    description: The exchange's documentation of this call.
    link: https://bybit-exchange.github.io/docs/v5/new-crypto-loan/flexible/repay-orders
  - name: Repayments of fixed loans
    description: The exchange's documentation of this call.
    link: https://bybit-exchange.github.io/docs/v5/new-crypto-loan/fixed/repay-history
  - name: Repayments of legacy loans
    description: The exchange's documentation of this call.
    link: https://bybit-exchange.github.io/docs/v5/crypto-loan/repay-transaction
"""

EXAMPLES = r"""
---
- name: List the repayments of November
  treasury.bybit.bybit_loan_repayment_info:
    environment: testnet
    since: "2026-11-01"
    until: "2026-12-01"
  register: repaid

- name: List the repayments that are not final yet
  treasury.bybit.bybit_loan_repayment_info:
    environment: testnet
    status: processing

- name: List the repayments of one legacy loan
  treasury.bybit.bybit_loan_repayment_info:
    environment: testnet
    product: legacy
    loan_id: "1794267532472646144"

- name: Read one repayment
  treasury.bybit.bybit_loan_repayment_info:
    environment: testnet
    product: fixed
    repay_id: "1764"
"""

RETURN = r"""
msg:
  description: How many repayments were found for each product. On failure, what went wrong, and what to do about it.
  returned: always
  type: str
  sample: "7 repayments (4 legacy, 2 flexible, 1 fixed)."
repayments:
  description: The repayments, newest first.
  returned: success
  type: list
  elements: dict
  contains:
    product:
      description: V(legacy), V(flexible) or V(fixed).
      type: str
      returned: always
      sample: fixed
    repay_id:
      description: The exchange's ID of the repayment.
      type: str
      returned: always
      sample: "1764"
    coin:
      description: The coin that was borrowed.
      type: str
      returned: always
      sample: ETH
    amount:
      description: The amount, in this coin. With O(loan_id), only the part for this loan.
      type: str
      returned: always
      sample: "1.4"
    status:
      description: V(success), V(processing) or V(failed).
      type: str
      returned: always
      sample: success
    kind:
      description:
        - The reason for the repayment, which is V(user), V(liquidation), V(auto), V(overdue), V(delisting), V(delayed_liquidation),
          V(by_currency), V(moved_to_flexible), or V(unknown) if this collection does not know the reason.
        - The exchange does not document whether V(by_currency) means a repayment from collateral, or a repayment of all contracts in a coin.
      type: str
      returned: always
      sample: user
    by_user:
      description: Whether the user of the account made it, which means that its kind is V(user) or V(by_currency). V(none) if the kind is V(unknown).
      type: bool
      returned: always
      sample: true
    time_ms:
      description: When it was made, in milliseconds since 1970 (UTC).
      type: int
      returned: always
      sample: 1792497600000
    time:
      description: The same in ISO 8601 format, in UTC.
      type: str
      returned: always
      sample: "2026-10-20T12:00:00Z"
    parts:
      description:
        - The loans that the repayment repaid. A legacy repayment has one part, and a fixed repayment one for each contract. A flexible repayment has none,
          because flexible loans have no ID. With O(loan_id), only the part for this loan.
      type: list
      elements: dict
      returned: always
      contains:
        loan_id:
          description: The exchange's ID of the loan.
          type: str
          returned: always
          sample: "561"
        amount:
          description: The part of the repayment for this loan.
          type: str
          returned: always
          sample: "1.4"
    collateral_coin:
      description: The coin of a legacy loan's collateral. V(none) for other loans.
      type: str
      returned: always
      sample: BTC
    collateral_return:
      description: How much of this collateral was returned with the repayment. V(none) for other loans.
      type: str
      returned: always
      sample: "0.0494727"
totals:
  description: The totals of RV(repayments) for each coin.
  returned: success
  type: list
  elements: dict
  contains:
    coin:
      description: The coin.
      type: str
      returned: always
      sample: USDT
    by_user:
      description: The total that the user of the account repaid, with RV(repayments[].status=success).
      type: str
      returned: always
      sample: "212.6"
    by_exchange:
      description: The total that was repaid in another way, such as by liquidation or by a move to a flexible loan, with RV(repayments[].status=success).
      type: str
      returned: always
      sample: "400.3614"
    by_unknown:
      description: The total that was repaid for an unknown reason, with RV(repayments[].status=success).
      type: str
      returned: always
      sample: "0"
    processing:
      description: The total that is not final yet.
      type: str
      returned: always
      sample: "0"
    repayments:
      description: The number of repayments, regardless of their status.
      type: int
      returned: always
      sample: 3
unavailable:
  description:
    - The products that the account cannot use, for example because the key lacks a permission, or because the exchange no longer serves
      the call. If O(product) lists such a product, the module fails instead.
    - The module also fails if a read fails for another reason, such as the network.
  returned: success
  type: list
  elements: dict
  contains:
    product:
      description: V(legacy), V(flexible) or V(fixed).
      type: str
      returned: always
      sample: legacy
    reason:
      description: What the exchange answered, what this means, and what to do about it.
      type: str
      returned: always
      sample: >-
        Bybit refused GET /v5/crypto-loan/repayment-history: the host does not serve this call (HTTP 404). Check environment or api_url.
    failure:
      description: The request that was refused, with the same values as RV(failure).
      type: dict
      returned: always
      sample: &failure
        ret_code: 10005
        ret_msg: Permission denied
        http_status: 200
        request_id: 4a1f0c3e-8f1b-4a59-9f0e-0d6d6c0a6a55
        outcome: not_executed
api_host:
  description: The host that the module used, with the port if the URL has one.
  returned: when the connection options are valid
  type: str
  sample: api-testnet.bybit.com
failure:
  description:
    - The request that failed. V(none) if the module failed for another reason.
    - C(ret_code) and C(ret_msg) are the exchange's return code and message. C(ret_code) is V(none) if there was no usable answer.
    - C(http_status) is V(none) if there was no answer. C(request_id) was sent with the request. The exchange's support asks for it.
    - C(outcome) is always V(not_executed), because the module only reads.
  returned: failure, unless Ansible itself refuses the options or a Python library is missing
  type: dict
  sample: *failure
details:
  description: Details for investigating a run.
  returned: when the options are valid
  type: dict
  contains:
    waits:
      description: One sentence for each wait of two seconds or more. The module also writes it to the system log when the wait begins.
      type: list
      elements: str
      returned: always
      sample: []
    gate_retries:
      description:
        - How often a request was sent again after the exchange rejected it before processing it. C(clock_syncs) counts rejections because of the timestamp, and
          C(rate_limits) because of the rate limit. C(rate_limit_wait_ms) is the total wait for the rate limit in milliseconds.
      type: dict
      returned: always
      sample:
        clock_syncs: 0
        rate_limits: 0
        rate_limit_wait_ms: 0
"""

from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._info.repayments import list_repayments
from ansible_collections.treasury.bybit.plugins.module_utils._module.info import run_query
from ansible_collections.treasury.bybit.plugins.module_utils._module.interface import Module, Spec, run_as_process
from ansible_collections.treasury.bybit.plugins.module_utils._options.connection import connection_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._options.info import repayment_argument_spec, parse_repayment_query

SPEC = Spec({**connection_argument_spec(), **repayment_argument_spec()}, {})


def run(module: Module, clock: Clock | None = None) -> None:
    run_query(module, parse_repayment_query, list_repayments, clock)


def main(clock: Clock | None = None) -> None:
    run_as_process(SPEC, lambda module: run(module, clock))


if __name__ == "__main__":
    main()

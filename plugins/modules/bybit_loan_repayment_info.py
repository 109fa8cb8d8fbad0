#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bybit_loan_repayment_info
short_description: List the repayments of crypto loans on Bybit
version_added: 0.1.0
author:
  - The treasury.bybit contributors (!UNKNOWN)
description:
  - Returns the repayments of legacy, flexible and fixed crypto loans that the exchange tells of, in one list, in one vocabulary, the
    youngest first, with their sums for each coin.
  - All filters can be combined. A repayment is returned when it meets all of them.
  - Uses the calls C(GET /v5/crypto-loan/repayment-history), C(GET /v5/crypto-loan-flexible/repayment-history),
    C(GET /v5/crypto-loan-fixed/repayment-history) and C(GET /v5/market/time).
extends_documentation_fragment:
  - treasury.bybit.attributes
  - treasury.bybit.attributes.group
  - treasury.bybit.connection
  - treasury.bybit.query
notes:
  - Of legacy loans, the exchange tells the repayments of the last 6 months, and those that failed only by their absence. How far back it
    goes for the other loans is not documented.
  - The exchange cannot be asked for a time, so all pages are read also with O(since) and O(until).
options:
  repay_id:
    description:
      - Only the repayment with this id.
    type: str
  since:
    description:
      - Only repayments that were made at this moment or later.
      - An ISO 8601 date, which means its beginning in UTC, such as V(2026-11-01), or a time with its zone, such as
        V(2026-11-01T09:00:00+01:00).
    type: str
  until:
    description:
      - Only repayments that were made before this moment; written like O(since). So V(2026-12-01) is the end of November.
    type: str
  status:
    description:
      - Only repayments with one of these statuses; all of them, if left out.
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
    description: The exchange's documentation of the call.
    link: https://bybit-exchange.github.io/docs/v5/new-crypto-loan/flexible/repay-orders
  - name: Repayments of fixed loans
    description: The exchange's documentation of the call.
    link: https://bybit-exchange.github.io/docs/v5/new-crypto-loan/fixed/repay-history
  - name: Repayments of legacy loans
    description: The exchange's documentation of the call.
    link: https://bybit-exchange.github.io/docs/v5/crypto-loan/repay-transaction
"""

EXAMPLES = r"""
---
- name: Read the repayments of November
  treasury.bybit.bybit_loan_repayment_info:
    environment: testnet
    since: "2026-11-01"
    until: "2026-12-01"
  register: repaid

- name: Look for repayments that are not final yet
  treasury.bybit.bybit_loan_repayment_info:
    environment: testnet
    status: processing

- name: Read what was repaid on one legacy loan
  treasury.bybit.bybit_loan_repayment_info:
    environment: testnet
    product: legacy
    loan_id: "1794267532472646144"

- name: Look at one repayment
  treasury.bybit.bybit_loan_repayment_info:
    environment: testnet
    product: fixed
    repay_id: "1764"
"""

RETURN = r"""
msg:
  description: How many repayments were found, and of which products; on failure what is wrong, which option, and what to do.
  returned: always
  type: str
  sample: "7 repayments (4 legacy, 2 flexible, 1 fixed)."
repayments:
  description: The repayments, the youngest first.
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
      description: The exchange's id of the repayment.
      type: str
      returned: always
      sample: "1764"
    coin:
      description: The coin that was borrowed.
      type: str
      returned: always
      sample: ETH
    amount:
      description: How much was repaid, in this coin. With O(loan_id), the part of it that this loan got.
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
        - How it came about, which is V(user), V(liquidation), V(auto), V(overdue), V(delisting), V(delayed_liquidation),
          V(by_currency), V(moved_to_flexible), or V(unknown) for what this collection does not know.
        - The exchange does not say whether V(by_currency) means a repayment from collateral, or one of all contracts of a coin.
      type: str
      returned: always
      sample: user
    by_user:
      description: Whether somebody of the account made it, with the kind V(user) or V(by_currency); V(none) when the kind is V(unknown).
      type: bool
      returned: always
      sample: true
    time_ms:
      description: When it was made (UTC, milliseconds since 1970).
      type: int
      returned: always
      sample: 1792497600000
    time:
      description: The same as ISO 8601 in UTC.
      type: str
      returned: always
      sample: "2026-10-20T12:00:00Z"
    parts:
      description:
        - The loans that it repaid. One for a legacy loan, one for each contract of a fixed loan, and none for a flexible loan, which has
          no id. With O(loan_id), only that loan for fixed loans.
      type: list
      elements: dict
      returned: always
      contains:
        loan_id:
          description: The exchange's id of the loan.
          type: str
          returned: always
          sample: "561"
        amount:
          description: How much of the repayment this loan got.
          type: str
          returned: always
          sample: "1.4"
    collateral_coin:
      description: The coin of a legacy loan's collateral; V(none) for other loans.
      type: str
      returned: always
      sample: BTC
    collateral_return:
      description: How much of this collateral came back with the repayment; V(none) for other loans.
      type: str
      returned: always
      sample: "0.0494727"
totals:
  description: The sums of RV(repayments) for each coin, so of the repayments that meet the filters.
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
      description: What somebody of the account has repaid, with RV(repayments[].status=success).
      type: str
      returned: always
      sample: "212.6"
    by_exchange:
      description: What was repaid otherwise, such as by liquidation, or moved to a flexible loan, with RV(repayments[].status=success).
      type: str
      returned: always
      sample: "400.3614"
    by_unknown:
      description: What was repaid in a way that this collection does not know, with RV(repayments[].status=success).
      type: str
      returned: always
      sample: "0"
    processing:
      description: What is not final yet.
      type: str
      returned: always
      sample: "0"
    repayments:
      description: The number of repayments, whatever became of them.
      type: int
      returned: always
      sample: 3
unavailable:
  description:
    - The products that the account cannot use, for example because the key lacks a permission, or because the exchange does not serve
      the call any more. They were not asked for by name in O(product).
    - A read that fails for another reason, such as the network, makes the module fail.
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
      description: What the exchange answered, what that means, and what to do.
      type: str
      returned: always
      sample: >-
        Bybit refused reading /v5/crypto-loan/repayment-history: the host does not serve this call (HTTP 404): check environment or api_url.
    failure:
      description: What is known of the request that was refused.
      type: dict
      returned: always
      contains: &failure
        ret_code:
          description: The exchange's return code; V(none) without a usable answer.
          type: int
          returned: always
          sample: 10005
        ret_msg:
          description: The exchange's message.
          type: str
          returned: always
          sample: Permission denied
        http_status:
          description: The HTTP status; V(none) without an answer.
          type: int
          returned: always
          sample: 200
        request_id:
          description: The id that was sent with the request (C(cdn-request-id)), for the exchange's support.
          type: str
          returned: always
          sample: 4a1f0c3e-8f1b-4a59-9f0e-0d6d6c0a6a55
        reading:
          description: Always V(not_executed), because only reads are sent.
          type: str
          returned: always
          sample: not_executed
details:
  description: What helps to investigate.
  returned: when the options are usable
  type: dict
  contains:
    waits:
      description:
        - What this run has waited for, one sentence for each wait of two seconds or more, in their order. It was written to the system's log when
          the wait began.
      returned: always
      type: list
      elements: str
      sample: []
    gate_retries:
      description: How often the exchange turned a request away at its gate, so that it was sent again.
      returned: always
      type: dict
      contains:
        clock_syncs:
          description: How often the exchange's clock was read because it refused a timestamp; at most once for each request.
          type: int
          returned: always
          sample: 0
        rate_limits:
          description: How often a pause was made because the rate limit was tripped.
          type: int
          returned: always
          sample: 0
        rate_limit_wait_ms:
          description: How long these pauses took together, in milliseconds.
          type: int
          returned: always
          sample: 0
api_host:
  description: The host that was used, with its port where the URL has one.
  returned: when the connection options are usable
  type: str
  sample: api-testnet.bybit.com
failure:
  description: What is known of the request that failed; V(none) when the failure is not that of one request.
  returned: failure, unless Ansible itself refuses the options or a Python library is missing
  type: dict
  contains: *failure
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._options.connection import connection_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._module.info import run_query
from ansible_collections.treasury.bybit.plugins.module_utils._options.info import (
    repayment_argument_spec,
    repayment_question,
)
from ansible_collections.treasury.bybit.plugins.module_utils._info.repayments import survey_repayments


def main(clock: Clock | None = None) -> None:
    module = AnsibleModule(
        argument_spec={**connection_argument_spec(), **repayment_argument_spec()},
        supports_check_mode=True,
    )
    run_query(module, repayment_question, survey_repayments, clock)


if __name__ == "__main__":
    main()

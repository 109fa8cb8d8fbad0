#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bybit_loan_info
short_description: List the open crypto loans on Bybit
version_added: 0.1.0
author:
  - The treasury.bybit contributors (!UNKNOWN)
description:
  - Returns the open legacy, flexible and fixed crypto loans of an account in one list, in one vocabulary, with their sums for each coin,
    and with the position of the account.
  - All filters can be combined. A loan is returned when it meets all of them.
  - Uses the calls C(GET /v5/crypto-loan/ongoing-orders), C(GET /v5/crypto-loan/collateral-data),
    C(GET /v5/crypto-loan-flexible/ongoing-coin), C(GET /v5/crypto-loan-fixed/borrow-contract-info),
    C(GET /v5/crypto-loan-common/position) and C(GET /v5/market/time).
extends_documentation_fragment:
  - treasury.bybit.attributes
  - treasury.bybit.attributes.group
  - treasury.bybit.connection
  - treasury.bybit.query
options:
  ltv_above:
    description:
      - Only loans whose LTV, as the exchange shows it, is above this fraction, such as V("0.7"). For a legacy loan it is the LTV of the
        loan; for flexible and fixed loans it is that of the account, so all of them are returned or none.
      - When the LTV of the account cannot be read, flexible and fixed loans count as products that cannot be used.
      - From V(0) to below V(1), written as a quoted decimal number.
    type: raw
  matures_within:
    description:
      - Only loans that are due within this time from now, or are overdue. Whole days such as V(3d), or hours such as V(36h).
        V(0d) means only loans that are overdue.
      - Loans without a term, such as flexible ones, are never due.
    type: str
seealso:
  - module: treasury.bybit.bybit_loan_repayment_info
  - module: treasury.bybit.bybit_loan_repay
  - module: treasury.bybit.bybit_flexible_loan_repay
  - module: treasury.bybit.bybit_fixed_loan_repay
  - name: Crypto loans of the new generation
    description: The exchange's documentation of flexible and fixed loans.
    link: https://bybit-exchange.github.io/docs/v5/new-crypto-loan/loan-coin
  - name: Legacy crypto loans
    description: The exchange's documentation of the list of open loans.
    link: https://bybit-exchange.github.io/docs/v5/crypto-loan/unpaid-loan-order
"""

EXAMPLES = r"""
---
- name: See what is owed
  block:
    - name: Read all open loans
      treasury.bybit.bybit_loan_info:
        environment: testnet
      register: owed

    - name: Show the debt in each coin, and the LTV of the account
      ansible.builtin.debug:
        msg: "{{ owed.totals | items2dict(key_name='coin', value_name='debt') }}, LTV {{ owed.position.ltv | default('unknown') }}"

- name: Find loans that are near a margin call
  treasury.bybit.bybit_loan_info:
    environment: testnet
    ltv_above: "0.75"

- name: Repay the fixed loans that are due within three days
  block:
    - name: Find them
      treasury.bybit.bybit_loan_info:
        environment: testnet
        product: fixed
        matures_within: 3d
      register: due

    - name: Repay each of them
      treasury.bybit.bybit_fixed_loan_repay:
        environment: testnet
        loan_id: "{{ item.id }}"
      loop: "{{ due.loans }}"
      loop_control:
        label: "{{ item.id }}, {{ item.debt }} {{ item.coin }}, due {{ item.maturity_time }}"

- name: Look at one legacy loan
  treasury.bybit.bybit_loan_info:
    environment: testnet
    product: legacy
    loan_id: "1794267532472646144"
"""

RETURN = r"""
msg:
  description: How many loans were found, and of which products; on failure what is wrong, which option, and what to do.
  returned: always
  type: str
  sample: "11 open loans (5 legacy, 2 flexible, 4 fixed)."
loans:
  description: The open loans, as decimal strings in the loan's coin; the legacy ones first, then the flexible, then the fixed ones.
  returned: success
  type: list
  elements: dict
  contains:
    product:
      description: V(legacy), V(flexible) or V(fixed).
      type: str
      returned: always
      sample: legacy
    id:
      description: The exchange's id of the loan, as the repay modules take it; V(none) for a flexible loan.
      type: str
      returned: always
      sample: "1793401222384701440"
    status:
      description: Always V(open).
      type: str
      returned: always
      sample: open
    coin:
      description: The coin that was borrowed.
      type: str
      returned: always
      sample: USDT
    debt:
      description: All that is still to be paid, which is principal, interest and penalty interest.
      type: str
      returned: always
      sample: "501.84305840"
    principal:
      description: Unpaid principal.
      type: str
      returned: always
      sample: "500"
    interest:
      description: Unpaid interest. That of a fixed loan is paid when the loan is taken.
      type: str
      returned: always
      sample: "1.5178128"
    penalty_interest:
      description: Unpaid penalty interest of an overdue loan.
      type: str
      returned: always
      sample: "0.3252456"
    hourly_rate:
      description: The interest of an hour as a fraction of the principal; V(none) when the exchange does not give it.
      type: str
      returned: always
      sample: "0.0000180692"
    annual_rate:
      description: The interest of a year of 365 days as a fraction, without compound interest; V(none) when the exchange does not tell it.
      type: str
      returned: always
      sample: "0.158286192"
    collateral_coin:
      description: The coin of the loan's own collateral; V(none) when the collateral is the account's.
      type: str
      returned: always
      sample: ETH
    collateral_amount:
      description: The loan's own collateral, in its coin; V(none) when the collateral is the account's, or when it is not told.
      type: str
      returned: always
      sample: "0.4"
    ltv:
      description:
        - Debt divided by collateral, as a fraction. Of a legacy loan that of the loan, in four places. Of flexible and fixed loans that
          of the account, in six places; V(none) when it cannot be read.
      type: str
      returned: always
      sample: "0.4182"
    margin_call_ltv:
      description:
        - The LTV from which the exchange warns; V(none) for flexible and fixed loans, for which it gives none. Where it differs by the
          level of the account, the lowest.
      type: str
      returned: always
      sample: "0.87"
    liquidation_ltv:
      description: The LTV from which the exchange liquidates the loan; as for RV(loans[].margin_call_ltv).
      type: str
      returned: always
      sample: "0.95"
    maturity_time_ms:
      description: When a fixed-term loan is due (UTC, milliseconds since 1970); V(none) for a loan without a term.
      type: int
      returned: always
      sample: 1793448000000
    maturity_time:
      description: The same as ISO 8601 in UTC.
      type: str
      returned: always
      sample: "2026-10-31T12:00:00Z"
    is_overdue:
      description: Whether the loan should have been repaid by now.
      type: bool
      returned: always
      sample: true
totals:
  description: The sums of RV(loans) for each coin, so of the loans that meet the filters.
  returned: success
  type: list
  elements: dict
  contains:
    coin:
      description: The coin.
      type: str
      returned: always
      sample: USDT
    debt: &debt
      description: All that is still to be paid.
      type: str
      returned: always
      sample: "501.8430584"
    principal: &principal
      description: Unpaid principal.
      type: str
      returned: always
      sample: "500"
    interest: &interest
      description: Unpaid interest.
      type: str
      returned: always
      sample: "1.5178128"
    penalty_interest: &penalty_interest
      description: Unpaid penalty interest.
      type: str
      returned: always
      sample: "0.3252456"
    loans: &loans
      description: The number of loans.
      type: int
      returned: always
      sample: 1
    by_product:
      description: The same sums for each product.
      type: dict
      returned: always
      contains:
        legacy: &sums
          description: The sums of this product.
          type: dict
          returned: when it has loans in this coin
          contains:
            debt: *debt
            principal: *principal
            interest: *interest
            penalty_interest: *penalty_interest
            loans: *loans
        flexible: *sums
        fixed: *sums
position:
  description:
    - What the account owes and has pledged in flexible and fixed loans together; legacy loans are not in it. The filters do not change
      it.
    - V(none) when only legacy loans were asked for, or when it cannot be used.
  returned: success
  type: dict
  contains:
    ltv:
      description: Debt divided by collateral, as a fraction in six places.
      type: str
      returned: when it was read
      sample: "0.584023"
    total_debt_usd:
      description: The debt in USD.
      type: str
      returned: when it was read
      sample: "10630.79"
    total_collateral_usd:
      description: The collateral in USD that counts, after the exchange's collateral ratios.
      type: str
      returned: when it was read
      sample: "18240"
    debts:
      description: What is owed in each coin.
      type: list
      elements: dict
      returned: when it was read
      contains:
        coin:
          description: The coin.
          type: str
          returned: always
          sample: USDT
        flexible:
          description: The debt of the flexible loan, in the coin.
          type: str
          returned: always
          sample: "4988.88888939"
        flexible_usd:
          description: The same in USD.
          type: str
          returned: always
          sample: "4988.89"
        fixed:
          description: The debt of the fixed contracts, in the coin.
          type: str
          returned: always
          sample: "2300.0856"
        fixed_usd:
          description: The same in USD.
          type: str
          returned: always
          sample: "2300.09"
    collateral:
      description: What is pledged in each coin.
      type: list
      elements: dict
      returned: when it was read
      contains:
        coin:
          description: The coin.
          type: str
          returned: always
          sample: BTC
        amount:
          description: The amount, in the coin.
          type: str
          returned: always
          sample: "0.25"
        amount_usd:
          description: What it counts for in USD, after the exchange's collateral ratio.
          type: str
          returned: always
          sample: "12000"
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
        Bybit refused reading /v5/crypto-loan/ongoing-orders: the host does not serve this call (HTTP 404): check environment or api_url.
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
from ansible_collections.treasury.bybit.plugins.module_utils._info.loans import survey_loans
from ansible_collections.treasury.bybit.plugins.module_utils._module.info import run_query
from ansible_collections.treasury.bybit.plugins.module_utils._options.info import loan_argument_spec, loan_question


def main(clock: Clock | None = None) -> None:
    module = AnsibleModule(
        argument_spec={**connection_argument_spec(), **loan_argument_spec()},
        supports_check_mode=True,
    )
    run_query(module, loan_question, survey_loans, clock)


if __name__ == "__main__":
    main()

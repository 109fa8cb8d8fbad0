#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bybit_loan_info
short_description: List the open crypto loans on Bybit, and predict what prices do to them
version_added: 0.1.0
author:
  - The treasury.bybit contributors (!UNKNOWN)
description:
  - Returns the open legacy, flexible and fixed crypto loans of an account in one list with the same fields, their totals for each coin, and
    the position of the account. A legacy loan has its own collateral and its own loan-to-value ratio (LTV, debt divided by collateral); all
    flexible and fixed loans share those of the account.
  - Shows what lies ahead, too. For each loan and for the account, it returns the fall in price that leads to a margin call or to liquidation,
    the interest per day, and the days to maturity. On request, it returns what a change in prices would do (O(shock)), and what it takes to
    lower an LTV (O(max_ltv)).
  - The exchange counts only a part of what a pledged coin is worth as collateral of the account, and a smaller part of what exceeds certain values
    in USD. These collateral ratio tiers are part of the predictions.
  - Predictions are rounded towards safety. The exchange shows USD with two decimal places and LTVs with four or six; the predictions assume
    that the true debt is as high, and the true collateral as low, as that allows. Amounts in coins and thresholds stay as they are now; no interest
    is added.
  - The exchange may calculate the figures of an answer at different moments, so totals, their parts and the LTV of the account may differ by up to 1 %;
    then the highest debt and LTV, and the lowest collateral, count.
  - Filters can be combined. A loan is returned if it matches all of them.
  - Uses the calls C(GET /v5/crypto-loan/ongoing-orders), C(GET /v5/crypto-loan/collateral-data),
    C(GET /v5/crypto-loan-flexible/ongoing-coin), C(GET /v5/crypto-loan-fixed/borrow-contract-info),
    C(GET /v5/crypto-loan-common/position), C(GET /v5/crypto-loan-common/collateral-data),
    C(GET /v5/asset/transfer/query-account-coin-balance) and C(GET /v5/market/time).
extends_documentation_fragment:
  - treasury.bybit.attributes
  - treasury.bybit.attributes.group
  - treasury.bybit.connection
  - treasury.bybit.query
options:
  ltv_above:
    description:
      - Only loans with an LTV above this fraction, such as V("0.7"), as the exchange displays it. The LTV of a legacy loan is its own.
        The LTV of flexible and fixed loans is that of the account, so either all of them match or none.
      - If the LTV of the account cannot be read, flexible and fixed loans are treated as unavailable products.
      - A quoted decimal number, at least V(0) and less than V(1).
    type: raw
  matures_within:
    description:
      - Only loans that are due within this time from now, or are overdue, as whole days such as V(3d), or hours such as V(36h).
        V(0d) means only overdue loans.
      - Loans without a term, such as flexible loans, are never due.
    type: str
  margin_call_ltv:
    description:
      - The LTV of the account that triggers a margin call, as a fraction. No call of the exchange provides it. The default is an
        assumption of this collection; compare it with the exchange's help pages.
      - It applies to flexible and fixed loans. The exchange provides the thresholds of legacy loans.
      - A quoted decimal number, more than V(0), less than V(1), and at most O(liquidation_ltv).
    type: raw
    default: "0.85"
  liquidation_ltv:
    description:
      - The LTV of the account that triggers liquidation; otherwise like O(margin_call_ltv).
    type: raw
    default: "0.95"
  shock:
    description:
      - How prices change, by coin. Returns RV(position.after_shock) and RV(loans[].after_shock). The prices of all other coins stay the same.
      - Each change is a quoted text with its sign, in percent such as V(-30%) or V(+10%), or as a fraction between -1 and 1 such as V(-0.3). It must
        be above V(-100%).
      - A warning names coins that are neither owed nor pledged in what was read, which the filters may limit.
    type: dict
  max_ltv:
    description:
      - The LTV to lower to, as a fraction such as V("0.5"). Only calculates; nothing is filtered or paid. Returns what to repay, or which collateral
        to add, for an LTV of at most this, in RV(position.to_max_ltv) and RV(loans[].to_max_ltv). With O(shock), it is the LTV after the change in
        prices.
      - A quoted decimal number, at least V(0) and less than V(1).
    type: raw
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
- name: Show what is owed
  block:
    - name: List all open loans
      treasury.bybit.bybit_loan_info:
        environment: testnet
      register: owed

    - name: Show the debt in each coin and the LTV of the account
      ansible.builtin.debug:
        msg: "{{ owed.totals | items2dict(key_name='coin', value_name='debt') }}, LTV {{ owed.position.ltv | default('unknown') }}"

- name: List loans that are close to a margin call
  treasury.bybit.bybit_loan_info:
    environment: testnet
    ltv_above: "0.75"

- name: See what is coming
  block:
    - name: Let prices fall
      treasury.bybit.bybit_loan_info:
        environment: testnet
        product: [flexible, fixed]
        shock:
          BTC: "-30%"
          ETH: "-40%"
        max_ltv: "0.5"
      register: ahead

    - name: Show what the LTV would be, and what to repay or to add so that it stays at 50 %
      ansible.builtin.debug:
        msg:
          - "LTV {{ ahead.position.ltv }}, after the fall {{ ahead.position.after_shock.ltv }}"
          - "Repay one of {{ ahead.position.to_max_ltv.repay }}"
          - "Add one of {{ ahead.position.to_max_ltv.add }}"

    - name: Fail if a fall of all pledged coins by a quarter leads to a margin call
      ansible.builtin.assert:
        that:
          - ahead.position.unpredictable_coins == []
          - ahead.position.fall_to_margin_call is none or ahead.position.fall_to_margin_call | float > 0.25

- name: Repay the fixed loans that are due within three days
  block:
    - name: List them
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

- name: Read one legacy loan
  treasury.bybit.bybit_loan_info:
    environment: testnet
    product: legacy
    loan_id: "1794267532472646144"
"""

RETURN = r"""
msg:
  description: How many loans were found for each product. On failure, what went wrong and what to do about it.
  returned: always
  type: str
  sample: "11 open loans (5 legacy, 2 flexible, 4 fixed)."
loans:
  description: The open loans, with amounts as decimal strings in the loan's coin. Legacy loans first, then flexible, then fixed loans.
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
      description: The exchange's ID of the loan, as the repay modules expect it; V(none) for a flexible loan.
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
      description: The total of unpaid principal, interest and penalty interest.
      type: str
      returned: always
      sample: "501.8430584"
    principal:
      description: Unpaid principal.
      type: str
      returned: always
      sample: "500"
    interest:
      description: Unpaid interest. The interest of a fixed loan is paid when the loan is taken out.
      type: str
      returned: always
      sample: "1.5178128"
    penalty_interest:
      description: Unpaid penalty interest of an overdue loan.
      type: str
      returned: always
      sample: "0.3252456"
    hourly_rate:
      description: The hourly interest rate, as a fraction of the principal; V(none) if the exchange does not provide it.
      type: str
      returned: always
      sample: "0.0000180692"
    annual_rate:
      description: The interest rate for 365 days, as a fraction without compounding; V(none) if the exchange does not provide it.
      type: str
      returned: always
      sample: "0.158286192"
    collateral_coin:
      description: The coin of the loan's own collateral; V(none) if the account's collateral secures it.
      type: str
      returned: always
      sample: ETH
    collateral_amount:
      description: The loan's own collateral, in its coin; V(none) if it has none, or if the exchange does not provide it.
      type: str
      returned: always
      sample: "0.4"
    ltv:
      description:
        - Debt divided by collateral, as a fraction. A legacy loan has its own, with four decimal places. Flexible and fixed loans have
          that of the account, with six decimal places; V(none) if it cannot be read.
      type: str
      returned: always
      sample: "0.4182"
    margin_call_ltv:
      description:
        - The LTV that triggers a margin call. For a legacy loan, the exchange provides it for each collateral coin; if it depends on the level
          of the account, the lowest one; V(none) if it is not known. For flexible and fixed loans, it is O(margin_call_ltv).
      type: str
      returned: always
      sample: "0.87"
    liquidation_ltv:
      description: The LTV that triggers liquidation; otherwise like RV(loans[].margin_call_ltv).
      type: str
      returned: always
      sample: "0.95"
    thresholds_assumed:
      description:
        - Whether RV(loans[].margin_call_ltv) and RV(loans[].liquidation_ltv) are assumed, because the exchange does not provide them; V(true) for
          flexible and fixed loans.
      type: bool
      returned: always
      sample: false
    fall_to_margin_call:
      description:
        - By which fraction the price of the collateral must fall until the LTV reaches RV(loans[].margin_call_ltv), rounded down. V("0.5191") means
          a fall by 51.91 %, from the prices of now, also with O(shock). V("0") if the LTV is reached already.
        - V(none) if no fall leads there, for example because the debt is in the same coin; also if the LTV or the threshold is not known, and then a
          warning names the loan.
        - Says nothing about a rise of the owed coin, which raises the LTV, too; use O(shock) for that.
        - For flexible and fixed loans, it is RV(position.fall_to_margin_call).
      type: str
      returned: always
      sample: "0.5191"
    fall_to_liquidation:
      description: The same for RV(loans[].liquidation_ltv).
      type: str
      returned: always
      sample: "0.5596"
    interest_per_day:
      description:
        - The interest that accrues in 24 hours, in the loan's coin. It is calculated from the unpaid principal and RV(loans[].hourly_rate), and
          is three times as much for a legacy loan that is overdue. V(none) if the exchange does not provide the rate.
        - V("0") for a fixed loan, whose interest is paid when the loan is taken out; V(none) if it is overdue.
      type: str
      returned: always
      sample: "0.6504912"
    days_to_maturity:
      description: The days until the loan is due, rounded to two decimal places; negative if it is overdue; V(none) for a loan without a term.
      type: str
      returned: always
      sample: "-0.52"
    after_shock:
      description: A legacy loan after O(shock); V(none) without that option, if its LTV is not known, and for flexible and fixed loans.
      type: dict
      returned: always
      contains:
        ltv:
          description: The LTV, rounded up.
          type: str
          returned: always
          sample: "0.6972"
        debt_usd:
          description: The debt in USD; V(none) if the price of the coin is not known.
          type: str
          returned: always
          sample: "501.85"
        collateral_usd:
          description: The value of the collateral in USD; V(none) if the price of its coin is not known.
          type: str
          returned: always
          sample: "719.99"
    to_max_ltv:
      description:
        - What it takes to lower the LTV of a legacy loan to O(max_ltv); V(none) without that option, if the LTV is not known, and for flexible
          and fixed loans. Either amount alone is enough.
      type: dict
      returned: always
      contains:
        max_ltv: &max_ltv
          description: The option.
          type: str
          returned: always
          sample: "0.5"
        repay:
          description: The amount to repay, in the loan's coin, rounded up to eight decimal places.
          type: str
          returned: always
          sample: "141.92692759"
        add:
          description:
            - The amount of collateral to add, in its coin, rounded up to eight decimal places; V(none) if no amount is enough, or if the present
              amount is not known.
          type: str
          returned: always
          sample: "0.15773334"
    maturity_time_ms:
      description: When the loan is due, in milliseconds since 1970 (UTC); V(none) for a loan without a term.
      type: int
      returned: always
      sample: 1793451599000
    maturity_time:
      description: The same as ISO 8601 in UTC.
      type: str
      returned: always
      sample: "2026-10-31T12:59:59Z"
    is_overdue:
      description: Whether the loan is past its due date.
      type: bool
      returned: always
      sample: true
totals:
  description: The totals of RV(loans) for each coin.
  returned: success
  type: list
  elements: dict
  contains:
    coin:
      description: The coin.
      type: str
      returned: always
      sample: USDT
    debt:
      description: The total of unpaid principal, interest and penalty interest.
      type: str
      returned: always
      sample: "13020.53136219"
    principal:
      description: Unpaid principal.
      type: str
      returned: always
      sample: "13015.6595195"
    interest:
      description: Unpaid interest.
      type: str
      returned: always
      sample: "4.46098069"
    penalty_interest:
      description: Unpaid penalty interest.
      type: str
      returned: always
      sample: "0.410862"
    loans:
      description: The number of loans.
      type: int
      returned: always
      sample: 8
    by_product:
      description: The same totals for each product.
      type: dict
      returned: always
      contains:
        legacy:
          description: The totals of the legacy loans.
          type: dict
          returned: if there are legacy loans in this coin
          sample:
            debt: "5731.5568564"
            principal: "5728.005198"
            interest: "3.2264128"
            penalty_interest: "0.3252456"
            loans: 4
        flexible:
          description: The totals of the flexible loans.
          type: dict
          returned: if there are flexible loans in this coin
          sample:
            debt: "4988.88888939"
            principal: "4987.6543215"
            interest: "1.23456789"
            penalty_interest: "0"
            loans: 1
        fixed:
          description: The totals of the fixed loans.
          type: dict
          returned: if there are fixed loans in this coin
          sample:
            debt: "2300.0856164"
            principal: "2300"
            interest: "0"
            penalty_interest: "0.0856164"
            loans: 3
position:
  description:
    - Debt and collateral of all flexible and fixed loans of the account, without legacy loans. The filters do not affect it.
    - V(none) if only legacy loans were requested, or if the account cannot use it.
  returned: success
  type: dict
  contains:
    ltv:
      description: Debt divided by collateral, as a fraction with six decimal places.
      type: str
      returned: if the position is known
      sample: "0.547642"
    total_debt_usd:
      description: The debt in USD.
      type: str
      returned: if the position is known
      sample: "9988.99"
    total_collateral_usd:
      description: The value of the collateral in USD, after the exchange's collateral ratios.
      type: str
      returned: if the position is known
      sample: "18240"
    margin_call_ltv:
      description: The option O(margin_call_ltv).
      type: str
      returned: if the position is known
      sample: "0.85"
    liquidation_ltv:
      description: The option O(liquidation_ltv).
      type: str
      returned: if the position is known
      sample: "0.95"
    thresholds_assumed:
      description: Always V(true), because no call of the exchange provides these two LTVs.
      type: bool
      returned: if the position is known
      sample: true
    fall_to_margin_call:
      description:
        - By which fraction the prices of all pledged coins must fall together until the LTV reaches RV(position.margin_call_ltv), rounded down.
          V("0.4307") means a fall by 43.07 %, from the prices of now, also with O(shock). Debts in these coins become smaller in USD, too.
        - V("0") if the LTV is reached already; V(none) if no fall leads there, or if RV(position.unpredictable_coins) is not empty.
      type: str
      returned: if the position is known
      sample: "0.4307"
    fall_to_liquidation:
      description: The same for RV(position.liquidation_ltv).
      type: str
      returned: if the position is known
      sample: "0.5017"
    unpredictable_coins:
      description:
        - The pledged coins of which nobody knows what a change in price does to their value as collateral, because the exchange's collateral
          ratio tiers cannot be read, do not cover them, or contradict the position. A warning names the reason. While this list is not empty, a fall
          that is V(none) does not mean that the account is safe.
      type: list
      elements: str
      returned: if the position is known
      sample: []
    after_shock:
      description: The account after O(shock), with the collateral ratio tier that then applies to each coin; V(none) without that option.
      type: dict
      returned: if the position is known
      contains:
        ltv:
          description:
            - The LTV, rounded up; V(none) if there is debt without collateral, or if RV(position.after_shock.total_collateral_usd) is V(none).
          type: str
          returned: always
          sample: "0.743498"
        total_debt_usd:
          description: The debt in USD, rounded up.
          type: str
          returned: always
          sample: "9029.03"
        total_collateral_usd:
          description:
            - The value of the collateral in USD after the collateral ratios, rounded down; V(none) if the change concerns one of
              RV(position.unpredictable_coins).
          type: str
          returned: always
          sample: "12143.98"
    to_max_ltv:
      description:
        - What it takes to lower the LTV of the account to O(max_ltv); V(none) without that option. Each amount alone is enough. Amounts are
          rounded up to eight decimal places.
      type: dict
      returned: if the position is known
      contains:
        max_ltv: *max_ltv
        repay_usd:
          description: The debt to repay in USD; V(none) if it cannot be predicted.
          type: str
          returned: always
          sample: "2957.04"
        repay:
          description:
            - The amount to repay in each owed coin, of flexible and fixed loans together; V(none) if all debt in this coin is not enough, or
              if it cannot be predicted. From the Funding wallet, a fixed contract can only be repaid in full.
          type: list
          elements: dict
          returned: always
          sample:
            - coin: BTC
              amount:
            - coin: ETH
              amount:
            - coin: USDT
              amount: "2957.0231574"
        add:
          description:
            - The amount of collateral to add in each pledged coin, with the collateral ratio tiers that then apply; V(none) if no amount is
              enough or if it cannot be predicted. The exchange's own limits are not considered.
          type: list
          elements: dict
          returned: always
          sample:
            - coin: BTC
              amount: "0.17601405"
            - coin: ETH
              amount: "4.10699756"
    debts:
      description: The debt in each coin.
      type: list
      elements: dict
      returned: if the position is known
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
          sample: "2300.0856164"
        fixed_usd:
          description: The same in USD.
          type: str
          returned: always
          sample: "2300.09"
    collateral:
      description: The collateral in each coin.
      type: list
      elements: dict
      returned: if the position is known
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
          description: Its value in USD, after the exchange's collateral ratio.
          type: str
          returned: always
          sample: "12000"
        fall_to_margin_call:
          description:
            - By which fraction the price of this coin alone must fall until the LTV reaches RV(position.margin_call_ltv); otherwise like
              RV(position.fall_to_margin_call). V(none) also if this coin is one of RV(position.unpredictable_coins).
          type: str
          returned: always
          sample: "0.6127"
        fall_to_liquidation:
          description: The same for RV(position.liquidation_ltv).
          type: str
          returned: always
          sample: "0.7195"
coins:
  description: The coins that are owed or pledged in RV(loans) or RV(position), with their prices and what the wallets hold of them.
  returned: success
  type: list
  elements: dict
  contains:
    coin:
      description: The coin.
      type: str
      returned: always
      sample: BTC
    price_usd:
      description:
        - The middle between RV(coins[].price_usd_min) and RV(coins[].price_usd_max), rounded to ten digits. The exchange does not provide the price;
          it follows from debts and collateral in RV(position), or from the LTV of a legacy loan whose other coin has a price.
        - V(none) if it does not follow. No coin is assumed to be worth 1 USD.
      type: str
      returned: always
      sample: "60000"
    price_usd_min:
      description:
        - The lowest price that fits the exchange's rounded figures. Where these contradict each other, for example because they are of different
          moments, the lowest that fits one of them.
      type: str
      returned: always
      sample: "59999.95"
    price_usd_max:
      description: The highest price that fits; otherwise like RV(coins[].price_usd_min).
      type: str
      returned: always
      sample: "60000.05"
    funding_balance:
      description:
        - What the Funding wallet holds; V(none) if it cannot be read, for example because the key lacks the permission. Then there is a warning.
      type: str
      returned: always
      sample: "0.25"
    unified_balance:
      description: What the UNIFIED wallet holds; otherwise like RV(coins[].funding_balance).
      type: str
      returned: always
      sample: "0.5"
unavailable:
  description:
    - The products that the account cannot use, for example because the key lacks a permission, or because the exchange does not serve
      the call any more. If O(product) lists such a product, the module fails instead.
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
      description: What the exchange answered, what that means, and what to do about it.
      type: str
      returned: always
      sample: >-
        Bybit refused GET /v5/crypto-loan/ongoing-orders: the key lacks a permission (retCode 10005 "Permission denied"). Grant api_key the permission
        "Spot trade", read and write.
    failure:
      description: The request that was refused; like RV(failure).
      type: dict
      returned: always
      sample: &failure
        ret_code: 10005
        ret_msg: Permission denied
        http_status: 200
        request_id: 4a1f0c3e-8f1b-4a59-9f0e-0d6d6c0a6a55
        outcome: not_executed
api_host:
  description: The host that was used, with the port if the URL has one.
  returned: when the connection options are valid
  type: str
  sample: api-testnet.bybit.com
failure:
  description:
    - The request that failed; V(none) if the module failed for another reason.
    - C(ret_code) and C(ret_msg) are the exchange's return code and message; C(ret_code) is V(none) without a usable answer.
    - C(http_status) is V(none) without an answer. C(request_id) was sent with the request; the exchange's support asks for it.
    - C(outcome) is always V(not_executed), because the module only reads.
  returned: failure, unless Ansible itself refuses the options or a Python library is missing
  type: dict
  sample: *failure
details:
  description: What helps to investigate a run.
  returned: when the options are valid
  type: dict
  contains:
    waits:
      description: One sentence for each wait of two seconds or more. It is also written to the system's log when the wait begins.
      type: list
      elements: str
      returned: always
      sample: []
    gate_retries:
      description:
        - How often a request was sent again because the exchange had rejected it before processing it, for its timestamp
          (C(clock_syncs)) or for the rate limit (C(rate_limits)), and how long it waited for the rate limit in total.
      type: dict
      returned: always
      sample:
        clock_syncs: 0
        rate_limits: 0
        rate_limit_wait_ms: 0
"""

from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._info.loans import list_loans
from ansible_collections.treasury.bybit.plugins.module_utils._module.info import run_query
from ansible_collections.treasury.bybit.plugins.module_utils._module.interface import Module, Spec, run_as_process
from ansible_collections.treasury.bybit.plugins.module_utils._options.connection import connection_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._options.info import loan_argument_spec, parse_loan_query

SPEC = Spec({**connection_argument_spec(), **loan_argument_spec()}, {})


def run(module: Module, clock: Clock | None = None) -> None:
    run_query(module, parse_loan_query, list_loans, clock)


def main(clock: Clock | None = None) -> None:
    run_as_process(SPEC, lambda module: run(module, clock))


if __name__ == "__main__":
    main()

#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bybit_loan_info
short_description: List open crypto loans on Bybit and predict the effect of price changes
version_added: 0.1.0
author:
  - The treasury.bybit contributors (!UNKNOWN)
description:
  - Returns the open legacy, flexible, and fixed crypto loans of an account in one list with the same fields. Also returns their totals for each
    coin, and the position of the account. A legacy loan has its own collateral and its own LTV (loan to value, debt divided by
    collateral). All flexible and fixed loans share the collateral and the LTV of the account.
  - Predicts the fall in price that leads to a margin call or to liquidation, for each loan and for the account. For each loan, also returns the interest per
    day and the days to maturity. With O(shock), the module also predicts the effect of a change in prices. With O(max_ltv), it calculates how to lower an LTV.
  - As collateral of the account, a pledged coin counts with only part of its value, and above certain values in USD with a smaller part. The
    predictions include these collateral ratio tiers.
  - Predictions are rounded to the safe side. The exchange shows USD with two decimal places, and LTVs with four or six. The predictions assume the
    highest debt and the lowest collateral that these figures allow. They assume that amounts in coins and thresholds stay as they are now, and
    they add no interest.
  - The exchange may calculate the figures of one answer at different moments, so a total may differ from the sum of its parts, and the LTV of the account from
    both, by up to 1 %. In that case, the highest debt and LTV and the lowest collateral count.
  - You can combine filters. A loan is returned if it matches all of them.
  - Uses the calls C(GET /v5/crypto-loan/ongoing-orders), C(GET /v5/crypto-loan/collateral-data),
    C(GET /v5/crypto-loan-flexible/ongoing-coin), C(GET /v5/crypto-loan-fixed/borrow-contract-info),
    C(GET /v5/crypto-loan-common/position), C(GET /v5/crypto-loan-common/collateral-data),
    C(GET /v5/asset/transfer/query-account-coin-balance), and C(GET /v5/market/time).
extends_documentation_fragment:
  - treasury.bybit.attributes
  - treasury.bybit.attributes.group
  - treasury.bybit.connection
  - treasury.bybit.query
options:
  ltv_above:
    description:
      - Selects only loans whose LTV, as the exchange displays it, is above this fraction, such as V("0.7"). A legacy loan has an LTV of its own.
        Flexible and fixed loans share the LTV of the account, so either all of them match or none.
      - If the LTV of the account cannot be read, flexible and fixed loans are treated as unavailable products.
      - A quoted decimal number, at least V(0) and less than V(1).
    type: raw
  matures_within:
    description:
      - Selects only loans that are overdue or due within this time from now, in whole days such as V(3d), or in hours such as V(36h).
        V(0d) selects only overdue loans.
      - Loans without a term, such as flexible loans, are never due.
    type: str
  margin_call_ltv:
    description:
      - The LTV of the account that triggers a margin call, as a fraction. The exchange's API does not provide it. The default is an
        assumption of this collection. Compare it with the exchange's help pages.
      - Applies to flexible and fixed loans. For legacy loans, the exchange provides the thresholds.
      - A quoted decimal number above V(0), below V(1), and not above O(liquidation_ltv).
    type: raw
    default: "0.85"
  liquidation_ltv:
    description:
      - The LTV of the account that triggers liquidation. Otherwise like O(margin_call_ltv).
    type: raw
    default: "0.95"
  shock:
    description:
      - The change in price of each coin. The module returns the effect in RV(position.after_shock) and RV(loans[].after_shock). The prices of all
        other coins stay the same.
      - Each change is a quoted text with a sign, either in percent, such as V(-30%) or V(+10%), or as a fraction between -1 and 1, such as V(-0.3). It
        must be above V(-100%).
      - A warning names coins that are neither owed nor pledged in the loans that were read. Filters may limit these loans.
    type: dict
  max_ltv:
    description:
      - The LTV to reach, as a fraction such as V("0.5"). The module calculates how much to repay, or how much collateral to add, for an LTV of at most
        this value, and returns this in RV(position.to_max_ltv) and RV(loans[].to_max_ltv). It does not filter loans or move money. With O(shock), the
        value is the LTV after the change in prices.
      - A quoted decimal number, at least V(0) and less than V(1).
    type: raw
seealso:
  - module: treasury.bybit.bybit_loan_repayment_info
  - module: treasury.bybit.bybit_loan_repay
  - module: treasury.bybit.bybit_flexible_loan_repay
  - module: treasury.bybit.bybit_fixed_loan_repay
  - name: Flexible and fixed crypto loans
    description: The exchange's documentation of these loans.
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

- name: Predict the effect of a fall in prices
  block:
    - name: Read the loans and predict a fall
      treasury.bybit.bybit_loan_info:
        environment: testnet
        product: [flexible, fixed]
        shock:
          BTC: "-30%"
          ETH: "-40%"
        max_ltv: "0.5"
      register: ahead

    - name: Show the LTV after the fall, and what to repay or to add for an LTV of 50 %
      ansible.builtin.debug:
        msg:
          - "LTV {{ ahead.position.ltv }}, after the fall {{ ahead.position.after_shock.ltv }}"
          - "Repay one of {{ ahead.position.to_max_ltv.repay }}"
          - "Add one of {{ ahead.position.to_max_ltv.add }}"

    - name: Fail if a fall of all pledged coins by 25 % leads to a margin call
      ansible.builtin.assert:
        that:
          - ahead.position.unpredictable_coins == []
          - ahead.position.fall_to_margin_call is none or ahead.position.fall_to_margin_call | float > 0.25

- name: Repay the fixed contracts that are due within three days
  block:
    - name: List these contracts
      treasury.bybit.bybit_loan_info:
        environment: testnet
        product: fixed
        matures_within: 3d
      register: due

    - name: Repay each contract
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
  description: How many loans were found for each product. On failure, what went wrong, and what to do about it.
  returned: always
  type: str
  sample: "11 open loans (5 legacy, 2 flexible, 4 fixed)."
loans:
  description: The open loans, with amounts as decimal strings in the coin of the loan. Legacy loans come first, then flexible loans, then fixed loans.
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
      description: The exchange's ID of the loan, as the repay modules expect it. V(none) for a flexible loan.
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
      description: The total of unpaid principal, interest, and penalty interest.
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
      description: The hourly interest rate, as a fraction of the principal. V(none) if the exchange does not provide it.
      type: str
      returned: always
      sample: "0.0000180692"
    annual_rate:
      description: The interest rate for 365 days, as a fraction without compounding. V(none) if the exchange does not provide it.
      type: str
      returned: always
      sample: "0.158286192"
    collateral_coin:
      description: The coin of the loan's own collateral. V(none) if the account's collateral secures the loan.
      type: str
      returned: always
      sample: ETH
    collateral_amount:
      description: The amount of the loan's own collateral, in its coin. V(none) if it has none, or if the exchange does not provide it.
      type: str
      returned: always
      sample: "0.4"
    ltv:
      description:
        - Debt divided by collateral, as a fraction. A legacy loan has its own LTV, with four decimal places. Flexible and fixed loans share the
          LTV of the account, with six decimal places, or V(none) if it cannot be read.
      type: str
      returned: always
      sample: "0.4182"
    margin_call_ltv:
      description:
        - The LTV that triggers a margin call. For a legacy loan, the exchange provides it for each collateral coin. If it depends on the level
          of the account, this is the lowest one. V(none) if it is not known. For flexible and fixed loans, this is O(margin_call_ltv).
      type: str
      returned: always
      sample: "0.87"
    liquidation_ltv:
      description: The LTV that triggers liquidation. Otherwise like RV(loans[].margin_call_ltv).
      type: str
      returned: always
      sample: "0.95"
    thresholds_assumed:
      description:
        - Whether RV(loans[].margin_call_ltv) and RV(loans[].liquidation_ltv) are assumed, because the exchange does not provide them. V(true) for
          flexible and fixed loans.
      type: bool
      returned: always
      sample: false
    fall_to_margin_call:
      description:
        - The fraction by which the price of the collateral must fall until the LTV reaches RV(loans[].margin_call_ltv), rounded down. V("0.5191") means
          a fall by 51.91 % from the current price, even with O(shock). V("0") if the LTV has already reached it.
        - V(none) if no fall leads to this LTV, for example because the debt is in the same coin. Also V(none) if the LTV or the threshold is not known.
          In that case, a warning names the loan.
        - This does not consider that the price of the owed coin can rise, which raises the LTV, too. Use O(shock) for that.
        - For flexible and fixed loans, this is RV(position.fall_to_margin_call).
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
        - The interest that accrues in 24 hours, in the coin of the loan. It is calculated from the unpaid principal and RV(loans[].hourly_rate). For
          a legacy loan that is overdue, it is three times as much. V(none) if the exchange does not provide the rate.
        - V("0") for a fixed loan, because its interest is paid when the loan is taken out. V(none) if it is overdue.
      type: str
      returned: always
      sample: "0.6504912"
    days_to_maturity:
      description: The days until the loan is due, rounded to two decimal places. Negative if the loan is overdue. V(none) for a loan without a term.
      type: str
      returned: always
      sample: "-0.52"
    after_shock:
      description: A legacy loan after O(shock). V(none) without that option, if its LTV is not known, and for flexible and fixed loans.
      type: dict
      returned: always
      contains:
        ltv:
          description: The LTV, rounded up.
          type: str
          returned: always
          sample: "0.6972"
        debt_usd:
          description: The debt in USD. V(none) if the price of the coin is not known.
          type: str
          returned: always
          sample: "501.85"
        collateral_usd:
          description: The value of the collateral in USD. V(none) if the price of its coin is not known.
          type: str
          returned: always
          sample: "719.99"
    to_max_ltv:
      description:
        - How to lower the LTV of a legacy loan to O(max_ltv). Either amount alone is enough. V(none) without that option, if the LTV is not known,
          and for flexible and fixed loans.
      type: dict
      returned: always
      contains:
        max_ltv: &max_ltv
          description: The option O(max_ltv).
          type: str
          returned: always
          sample: "0.5"
        repay:
          description: The amount to repay, in the coin of the loan, rounded up to eight decimal places.
          type: str
          returned: always
          sample: "141.92692759"
        add:
          description:
            - The amount of collateral to add, in its coin, rounded up to eight decimal places. V(none) if no amount is enough, or if the current
              amount is not known.
          type: str
          returned: always
          sample: "0.15773334"
    maturity_time_ms:
      description: When the loan is due, in milliseconds since 1970 (UTC). V(none) for a loan without a term.
      type: int
      returned: always
      sample: 1793451599000
    maturity_time:
      description: The same in ISO 8601 format, in UTC.
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
      description: The total of unpaid principal, interest, and penalty interest.
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
    - The debt and the collateral of all flexible and fixed loans of the account, without legacy loans. Filters do not affect it.
    - V(none) if only legacy loans were requested, or if the account cannot use these loans.
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
      description: Always V(true), because the exchange's API does not provide these two LTVs.
      type: bool
      returned: if the position is known
      sample: true
    fall_to_margin_call:
      description:
        - The fraction by which the prices of all pledged coins must fall together until the LTV reaches RV(position.margin_call_ltv), rounded down.
          V("0.4307") means a fall by 43.07 % from the current prices, even with O(shock). Debts in these coins become smaller in USD, too.
        - V("0") if the LTV has already reached it. V(none) if no fall leads to this LTV, or if RV(position.unpredictable_coins) is not empty.
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
        - The pledged coins for which the module cannot predict how a change in price affects their value as collateral. The exchange's collateral
          ratio tiers cannot be read, do not cover these coins, or contradict the position. A warning names the reason. If this list is not empty,
          RV(position.fall_to_margin_call) is V(none), although the account may be in danger.
      type: list
      elements: str
      returned: if the position is known
      sample: []
    after_shock:
      description: The account after O(shock), with the collateral ratio tier that then applies to each coin. V(none) without that option.
      type: dict
      returned: if the position is known
      contains:
        ltv:
          description:
            - The LTV, rounded up. V(none) if there is debt without collateral, or if RV(position.after_shock.total_collateral_usd) is V(none).
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
            - The value of the collateral in USD after the collateral ratios, rounded down. V(none) if the change affects one of
              RV(position.unpredictable_coins).
          type: str
          returned: always
          sample: "12143.98"
    to_max_ltv:
      description:
        - How to lower the LTV of the account to O(max_ltv). Each amount alone is enough. Amounts are rounded up to eight decimal places. V(none)
          without that option.
      type: dict
      returned: if the position is known
      contains:
        max_ltv: *max_ltv
        repay_usd:
          description: The debt to repay, in USD. V(none) if it cannot be predicted.
          type: str
          returned: always
          sample: "2957.04"
        repay:
          description:
            - The amount to repay in each owed coin, for flexible and fixed loans together. V(none) if all debt in this coin is not enough, or
              if the amount cannot be predicted. From the Funding wallet, a fixed contract can only be repaid in full.
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
            - The amount of collateral to add in each pledged coin, with the collateral ratio tiers that then apply. V(none) if no amount is
              enough, or if the amount cannot be predicted. The limits of the exchange are not considered.
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
            - The fraction by which the price of this coin alone must fall until the LTV reaches RV(position.margin_call_ltv). Otherwise like
              RV(position.fall_to_margin_call). Also V(none) if this coin is one of RV(position.unpredictable_coins).
          type: str
          returned: always
          sample: "0.6127"
        fall_to_liquidation:
          description: The same for RV(position.liquidation_ltv).
          type: str
          returned: always
          sample: "0.7195"
coins:
  description: The coins that are owed or pledged in RV(loans) or RV(position), with their prices and the balances of the wallets.
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
        - The midpoint between RV(coins[].price_usd_min) and RV(coins[].price_usd_max), rounded to ten digits. The exchange does not provide the price.
          The module derives it from debts and collateral in RV(position), or from the LTV of a legacy loan whose other coin has a price.
        - V(none) if it cannot be derived. No coin is assumed to be worth 1 USD.
      type: str
      returned: always
      sample: "60000"
    price_usd_min:
      description:
        - The lowest price that fits the exchange's rounded figures. If these contradict each other, for example because they are from different
          moments, this is the lowest price that fits one of them.
      type: str
      returned: always
      sample: "59999.95"
    price_usd_max:
      description: The highest price that fits. Otherwise like RV(coins[].price_usd_min).
      type: str
      returned: always
      sample: "60000.05"
    funding_balance:
      description:
        - The balance of the Funding wallet. V(none) if it cannot be read, for example because the key lacks the permission. A warning says so.
      type: str
      returned: always
      sample: "0.25"
    unified_balance:
      description: The balance of the UNIFIED wallet. Otherwise like RV(coins[].funding_balance).
      type: str
      returned: always
      sample: "0.5"
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
        Bybit refused GET /v5/crypto-loan/ongoing-orders: the key lacks a permission (retCode 10005 "Permission denied"). Grant api_key the permission
        "Spot trade", read and write.
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

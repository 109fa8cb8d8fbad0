#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bybit_fixed_loan_repay
short_description: Repay a fixed crypto loan on Bybit
version_added: 0.1.0
author:
  - The treasury.bybit contributors (!UNKNOWN)
description:
  - Repays one contract of a fixed crypto loan as a whole from the Funding wallet. With O(sweep), all contracts of a coin. The interest
    of the term is paid when the loan is taken, so a contract owes its principal, and penalty interest when it is overdue.
  - With O(collateral) it repays an amount of a contract, or of the contracts of a coin, by selling collateral.
  - The loan is read first, and what the exchange would refuse is refused before anything is paid. Then an intent is written to
    O(state_dir), and the repayment is sent once. A request that may have reached the exchange is never sent again.
  - When no clear answer comes (time-out, reset connection, truncated answer, server error), the module looks at the history, the
    debt, and what pays until it is known whether the repayment was made. When that cannot be known, it fails with RV(outcome=unknown), and no run
    sends anything for this loan until it is known, or acknowledged by O(acknowledge).
  - A run that was killed or cut off leaves its intent behind. The next run for the loan first finds out what became of it.
  - Uses the calls C(POST /v5/crypto-loan-fixed/fully-repay), C(POST /v5/crypto-loan-fixed/repay-collateral),
    C(GET /v5/crypto-loan-fixed/borrow-contract-info), C(GET /v5/crypto-loan-fixed/repayment-history),
    C(GET /v5/crypto-loan-flexible/repayment-history), C(GET /v5/crypto-loan-common/position),
    C(GET /v5/crypto-loan-common/loanable-data), C(GET /v5/asset/transfer/query-account-coin-balance),
    C(GET /v5/asset/fundinghistory), C(GET /v5/user/query-api) and C(GET /v5/market/time).
extends_documentation_fragment:
  - treasury.bybit.attributes
  - treasury.bybit.attributes.repay_group
  - treasury.bybit.connection
  - treasury.bybit.repayment
notes:
  - C(until) and C(retries) around a task with this module are safe. A run after one that failed or was cut off is answered by what
    that one sent, if it was asked for the same.
  - The call that repays a whole contract takes no amount. What the exchange charges is what is owed when it gets the request, and can
    be more than was read before, if the contract is overdue, or if one more contract of the coin was taken out meanwhile. Then it
    can also be more than O(at_most).
  - The exchange answers a repayment from collateral without an id. So its outcome is always inferred from the history, and
    RV(details.inferred) says so. If neither history nor debt shows it, the module fails with RV(outcome=unknown), although the exchange has
    accepted it.
  - Runs for a contract and runs for all contracts of its coin do not wait for each other, so do not let them run at the same time.
attributes:
  check_mode:
    support: full
    details:
      - Reads the loan and answers as the real run would; sends no POST and writes nothing to O(state_dir).
      - What only the exchange knows when it is asked to pay is not foreseen, such as the balance of the Funding wallet when the key
        may not read it.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - Without O(collateral), and with O(since) or O(max_debt), a second run changes nothing.
      - With O(collateral) and O(amount) alone, every run that is not the continuation of one that failed or was cut off repays
        O(amount) once more, until nothing is owed.
options:
  loan_id:
    description:
      - The id of the contract, as C(GET /v5/crypto-loan-fixed/borrow-contract-info) shows it; not the id of its order.
      - Just one of O(loan_id) and O(loan_currency) is needed.
    type: str
  loan_currency:
    description:
      - The coin that is owed, in capitals, such as V(USDT). It means all contracts of this coin.
      - With O(collateral), the exchange repays the contract that is due first, then the next.
    type: str
  sweep:
    description:
      - Must be V(true) to repay all contracts of O(loan_currency) from the Funding wallet.
    type: bool
    default: false
  collateral:
    description:
      - The coins of the account's collateral that the exchange shall sell for the repayment. It charges a fee. In which order it sells them,
        and from what it takes the fee, it does not document.
      - If left out, the Funding wallet pays, and only whole contracts. Then O(amount) and O(since) cannot be used, O(max_debt) can
        only be V("0"), which is also what is done without any goal, and O(max_ltv) repays the whole contract if the LTV is higher.
      - Cannot be used with O(max_ltv), because the fee and what a collateral counts for are not known beforehand.
      - The exchange sells collateral for at most 300,000 USD at once.
    type: list
    elements: str
seealso:
  - module: treasury.bybit.bybit_flexible_loan_repay
  - module: treasury.bybit.bybit_loan_info
  - name: Repay a fixed crypto loan
    description: The exchange's documentation of the call.
    link: https://bybit-exchange.github.io/docs/v5/new-crypto-loan/fixed/repay
  - name: Repay a fixed crypto loan from collateral
    description: The exchange's documentation of the call.
    link: https://bybit-exchange.github.io/docs/v5/new-crypto-loan/fixed/repay-collateral
"""

EXAMPLES = r"""
---
- name: Repay a contract as a whole
  treasury.bybit.bybit_fixed_loan_repay:
    environment: testnet
    loan_id: "571"

- name: Repay all contracts in USDT, but nothing if that takes more than 5000
  treasury.bybit.bybit_fixed_loan_repay:
    environment: testnet
    loan_currency: USDT
    sweep: true
    at_most: "5000"

- name: Repay 0.1 of a contract in Ether by selling Bitcoin
  treasury.bybit.bybit_fixed_loan_repay:
    environment: testnet
    loan_id: "571"
    amount: "0.1"
    collateral:
      - BTC

- name: Bring what is owed in fixed USDT loans to at most 1000 by selling Bitcoin
  treasury.bybit.bybit_fixed_loan_repay:
    environment: testnet
    loan_currency: USDT
    max_debt: "1000"
    collateral:
      - BTC
"""

RETURN = r"""
msg:
  description: What happened, in a sentence; on failure what is wrong, which option, and what to do.
  returned: always
  type: str
  sample: "Repaid 1000 USDT on fixed contract 571 (repayment 1771). Debt before: 1000, now: 0."
outcome:
  description:
    - V(executed), the repayment was made, and the exchange shows it as final.
    - V(pending), the exchange accepted the repayment, and it is not known yet to be final. O(wait) was false, or
      O(wait_timeout) ended first.
    - V(nothing_to_do), nothing is owed, or enough was repaid since O(since), or O(acknowledge) was followed.
    - V(planned), check mode only, the repayment would be made. When an earlier run has left the same repayment open, check mode
      too says what became of that.
    - V(not_executed), failed, and nothing was paid as far as every witness tells that could be asked. A further run decides anew.
    - Also a module that fails can be V(executed) or V(pending), with RV(repayments) and C(changed). It has paid a part of its goal
      and could not go on.
    - V(unknown), failed, and the repayment may have been made. Nothing is sent for this loan until it is known. RV(details.evidence) has
      what was seen, and RV(msg) says what to do.
  returned: always, unless Ansible itself refuses the options or a Python library is missing
  type: str
  sample: executed
repay_id:
  description:
    - The exchange's id of the repayment; V(none) when there is none. A repayment that was accepted and then failed on the exchange
      has one too, with RV(outcome=not_executed).
  returned: when the options are usable
  type: str
  sample: "1771"
loan_id:
  description: The id of the contract; V(none) for all contracts of O(loan_currency).
  returned: when the options are usable
  type: str
  sample: "571"
loan_currency:
  description: The coin of the contracts; V(none) when O(loan_id) names one.
  returned: when the options are usable
  type: str
  sample: USDT
collateral:
  description: The coins that are sold for the repayment; empty when the Funding wallet pays.
  returned: when the options are usable
  type: list
  elements: str
  sample: []
amount:
  description:
    - The amount of the repayment that this result speaks of, as a plain decimal number. It is what was sent, would be sent in check
      mode, or is in doubt. The sum of RV(repayments), when there are any.
    - V(0) when there is nothing to do.
  returned: when the options are usable
  type: str
  sample: "100"
goal_reached:
  description:
    - Whether the goal is reached by this, but for RV(details.dust).
    - V(false) with O(allow_partial), or when more came to the debt meanwhile than a second repayment takes. Then a warning says so.
    - V(none) when nothing was decided, because an earlier run answers, or the module fails.
  returned: when the options are usable
  type: bool
  sample: true
repayments:
  description:
    - The repayments that were made, also when the module fails after them. Those of this run, and first one that an earlier run
      made for the same goal without telling.
    - There can be two when interest accrued while the first was made.
  returned: when the options are usable
  type: list
  elements: dict
  contains: &repayment
    intent:
      description: The id of its intent.
      type: str
      returned: always
      sample: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
    amount:
      description: The amount, in the loan's coin.
      type: str
      returned: always
      sample: "100"
    coin:
      description: The loan's coin.
      type: str
      returned: always
      sample: USDT
    outcome:
      description: V(executed) or V(pending); in RV(details.earlier) also V(not_executed), and V(unknown) when O(acknowledge) named it.
      type: str
      returned: always
      sample: executed
    repay_id:
      description: The exchange's id of it; V(none) when there is none.
      type: str
      returned: always
      sample: "1771"
    sent_at_ms:
      description: When it was signed and sent (UTC, milliseconds since 1970).
      type: int
      returned: always
      sample: 1728629785224
loan:
  description: The loan before and after, as decimal strings in the loan's coin.
  returned: when the options are usable
  type: dict
  contains:
    before:
      description: The loan as read before anything was sent; V(none) when it is not known, or an earlier run sent it.
      type: dict
      returned: when the options are usable
      contains: &loan
        product:
          description: V(legacy), V(flexible) or V(fixed).
          type: str
          returned: when the loan is known
          sample: fixed
        id:
          description: The exchange's id of the loan; V(none) for a flexible loan, and for several contracts together.
          type: str
          returned: when the loan is known
          sample: "571"
        status:
          description: V(open), V(repaid) by the user, or V(liquidated).
          type: str
          returned: when the loan is known
          sample: open
        coin:
          description: The coin that was borrowed.
          type: str
          returned: when the loan is known
          sample: USDT
        debt:
          description: All that is still to be paid, which is principal, interest and penalty interest.
          type: str
          returned: when the loan is known
          sample: "1000.4"
        principal:
          description: Unpaid principal (the exchange's C(totalDebt)).
          type: str
          returned: when the loan is known
          sample: "1000"
        interest:
          description: Unpaid interest.
          type: str
          returned: when the loan is known
          sample: "0.4"
        penalty_interest:
          description: Unpaid penalty interest of an overdue loan.
          type: str
          returned: when the loan is known
          sample: "0"
        hourly_rate:
          description: The interest of an hour as a fraction of the principal; V(none) when the exchange does not give it.
          type: str
          returned: when the loan is known
          sample: "0.0000090346"
        annual_rate:
          description:
            - The interest of a year of 365 days as a fraction, without compound interest; V(none) for several contracts, or when the
              exchange does not give it.
          type: str
          returned: when the loan is known
          sample: "0.079143096"
        collateral_coin:
          description: The coin of the loan's own collateral; V(none) when the collateral is the account's.
          type: str
          returned: when the loan is known
          sample: BTC
        collateral_amount:
          description: The loan's own collateral, in its coin; V(none) when it has none, or when the exchange does not give it.
          type: str
          returned: when the loan is known
          sample: "0.04"
        ltv:
          description:
            - Debt divided by collateral, as a fraction; V(none) without debt. Of a legacy loan, in four places.
            - Of flexible and fixed loans it is that of the account, in six places, and only read when O(max_ltv) needs it.
          type: str
          returned: when the loan is known
          sample: "0.4168"
        maturity_time_ms:
          description: When a fixed-term loan is due (UTC, milliseconds since 1970); V(none) for a flexible loan.
          type: int
          returned: when the loan is known
          sample: 1731149999000
    after:
      description:
        - The loan as read after the repayment, or as foreseen in check mode. What is foreseen of RV(loan.after.ltv) may
          differ in the last place, because it is reckoned from the rounded LTV before. Whether the exchange forgives a remainder
          below the coin's smallest amount is not foreseen.
        - V(none) when it could not be read, or when nothing is known of the outcome.
      type: dict
      returned: when the options are usable
      contains: *loan
diff:
  description: Debt and LTV before and after, as one line each, under the arithmetic that leads from one to the other.
  returned: success, in diff mode
  type: dict
  sample:
    before_header: fixed contract 571
    after_header: "debt 1000 → 0, pay 1000"
    before: "debt 1000 USDT\\n"
    after: "debt    0 USDT\\n"
details:
  description: What helps to investigate.
  returned: when the options are usable
  type: dict
  contains:
    recovered:
      description:
        - Whether RV(repay_id) was not in a clear answer to this run, but found afterwards in the history, or sent by an earlier run
          that was asked for the same and could not tell it.
      returned: always
      type: bool
      sample: false
    inferred:
      description:
        - Whether it is known only from the exchange's history that a repayment was made, because its answer was lost, or because the call
          gives no id.
      returned: always
      type: bool
      sample: false
    decision:
      description:
        - How the amount was reckoned, in words, also when it was then refused; V(none) when nothing is to be paid, or nothing was decided.
      returned: always
      type: str
      sample: debt 1000 → 0, pay 1000
    dust:
      description: What is left above O(max_debt) because it needs more decimal places than the exchange takes.
      returned: always
      type: str
      sample: "0"
    since:
      description: How far the goal with O(since) had come before anything was sent; V(none) without O(since), or when it was not read.
      returned: always
      type: dict
      contains:
        time_ms:
          description: The moment of O(since) (UTC, milliseconds since 1970).
          type: int
          returned: always
          sample: 1793491200000
        repaid:
          description: What had been repaid since then, with what was in process.
          type: str
          returned: always
          sample: "40"
        missing:
          description: What was left of O(amount).
          type: str
          returned: always
          sample: "60"
    sent_at_ms:
      description: When the repayment was signed and sent (UTC, milliseconds since 1970, by the exchange's clock as far as known);
        V(none) when none was sent.
      returned: always
      type: int
      sample: 1728629785224
    intent:
      description: The id of the intent that stays open because its outcome is unknown, as O(acknowledge) takes it; otherwise V(none).
      returned: always
      type: str
      sample: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
    earlier:
      description: What became of repayments that earlier runs for this loan had sent without telling their end.
      returned: always
      type: list
      elements: dict
      contains: *repayment
    evidence:
      description: What was seen when a repayment without a clear answer was looked for; V(none) when that was not necessary.
      returned: always
      type: dict
      contains:
        sent_at_ms:
          description: When it was signed and sent (UTC, milliseconds since 1970).
          type: int
          returned: always
          sample: 1728629785224
        window_end_ms:
          description: Until when the exchange could accept it, or when it did without an id (UTC, milliseconds since 1970).
          type: int
          returned: always
          sample: 1728629790224
        exchange_time_ms:
          description: The exchange's time of the last look (UTC, milliseconds since 1970); V(none) when it told none.
          type: int
          returned: always
          sample: 1728629801350
        debt_before:
          description: The debt before it was sent.
          type: str
          returned: always
          sample: "1000.4"
        debt_now:
          description: The debt at the last look; V(none) when it could not be read.
          type: str
          returned: always
          sample: "900.4"
        wallet_before:
          description: What the Funding wallet held of the coin before it was sent; V(none) when it was not read or does not pay.
          type: str
          returned: always
          sample: "1523.75"
        wallet_now:
          description: What the Funding wallet held when it was asked at the end; V(none) when that was not necessary or not possible.
          type: str
          returned: always
          sample: "1523.75"
        wallet_outflow:
          description:
            - What left the Funding wallet in its time, by the wallet's ledger; V(none) when that was not necessary, or not possible.
          type: str
          returned: always
          sample: "0"
        candidates:
          description: The ids of the repayments in the history that look like it.
          type: list
          elements: str
          returned: always
          sample: ["1771"]
        looks:
          description: How often history and debt were looked at.
          type: int
          returned: always
          sample: 7
        reason:
          description: What was concluded from it, or why nothing could be concluded.
          type: str
          returned: always
          sample: it stands in the history
    waits:
      description:
        - What this run has waited for, one sentence for each wait of two seconds or more, in their order. It was written to the system's log when
          the wait began.
      returned: always
      type: list
      elements: str
      sample: []
    gate_retries:
      description: How often the exchange turned a request away at its gate, so that it was sent again without danger.
      returned: always
      type: dict
      contains:
        clock_syncs:
          description: How often the exchange's clock was read because it refused a timestamp; at most once for each request.
          type: int
          returned: always
          sample: 0
        rate_limits:
          description: How often a pause was made for the rate limit.
          type: int
          returned: always
          sample: 1
        rate_limit_wait_ms:
          description: How long these pauses took together, in milliseconds.
          type: int
          returned: always
          sample: 1050
api_host:
  description: The host that was used, with its port where the URL has one.
  returned: when the connection options are usable
  type: str
  sample: api-testnet.bybit.com
failure:
  description: What is known of the request that failed; V(none) when the failure is not that of one request.
  returned: failure, unless Ansible itself refuses the options or a Python library is missing
  type: dict
  contains:
    ret_code:
      description: The exchange's return code; V(none) without a usable answer.
      type: int
      returned: always
      sample: 148029
    ret_msg:
      description: The exchange's message.
      type: str
      returned: always
      sample: Balance is not enough
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
      description:
        - Whether that request may have been executed, as this collection reads the answer.
        - V(not_executed), V(unknown), or V(earlier_request) when an identical earlier request may have been executed.
      type: str
      returned: always
      sample: not_executed
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._options.connection import connection_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._module.parents import Listeners
from ansible_collections.treasury.bybit.plugins.module_utils._module.repay import run_repayment
from ansible_collections.treasury.bybit.plugins.module_utils._options.repay import repay_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._options.repay import FIXED_RULES, fixed_ask


def main(clock: Clock | None = None, listeners: Listeners | None = None) -> None:
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            "loan_id": {"type": "str"},
            "loan_currency": {"type": "str"},
            "sweep": {"type": "bool", "default": False},
            "collateral": {"type": "list", "elements": "str"},
            **repay_argument_spec(),
        },
        supports_check_mode=True,
        **FIXED_RULES,
    )
    run_repayment(module, fixed_ask, clock, listeners)


if __name__ == "__main__":
    main()

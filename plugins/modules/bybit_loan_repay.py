#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bybit_loan_repay
short_description: Repay a legacy crypto loan on Bybit
version_added: 0.1.0
author:
  - The treasury.bybit contributors (!UNKNOWN)
description:
  - Repays one legacy crypto loan, in full or in part, from the Funding wallet. Interest is paid first, then the principal. A partial
    repayment returns no collateral.
  - Supports goals. O(amount) with O(since) repays only the part of O(amount) that has not been repaid since that time. O(max_debt) and
    O(max_ltv) lower the debt or the LTV to the given value. If the goal is already reached, nothing is repaid.
  - Supports references. O(amount) with O(reference) is repaid once, no matter how often and on which controller the task runs.
  - Reads the loan first, and fails before anything is sent if it can tell that the exchange would refuse the repayment. Then records an intent in
    O(journal) and sends the repayment once. A request that may have reached the exchange is not sent again before its outcome is known.
  - If the answer is not clear (timeout, connection reset, truncated answer, server error), the module reconciles the repayment. It checks the
    history, the debt, and the Funding wallet until it is known whether the repayment was made. If the outcome stays unknown, the
    module fails with RV(outcome=unknown). No run sends anything for this loan until the outcome is known or O(acknowledge) names the intent.
  - A run that was killed or interrupted leaves its intent open. The next run for the loan first finds out what became of the repayment.
  - Uses the calls C(POST /v5/crypto-loan/repay), C(GET /v5/crypto-loan/ongoing-orders),
    C(GET /v5/crypto-loan/repayment-history), C(GET /v5/crypto-loan/borrow-history), C(GET /v5/crypto-loan/loanable-data),
    C(GET /v5/crypto-loan/adjustment-history),
    C(GET /v5/asset/transfer/query-account-coin-balance), C(GET /v5/asset/fundinghistory), C(GET /v5/user/query-api), and
    C(GET /v5/market/time).
  - With O(fund_from), also uses C(POST /v5/asset/transfer/inter-transfer), C(GET /v5/asset/transfer/query-inter-transfer-list),
    C(GET /v5/account/withdrawal), and C(GET /v5/crypto-loan-common/loanable-data).
extends_documentation_fragment:
  - treasury.bybit.attributes
  - treasury.bybit.attributes.repay_group
  - treasury.bybit.connection
  - treasury.bybit.journal
  - treasury.bybit.operation
  - treasury.bybit.waiting
  - treasury.bybit.repayment
notes:
  - It is safe to retry this module with C(until) and C(retries). If a failed or interrupted run sent a repayment that was
    executed, the next run with the same goal or step reports this repayment instead of sending it again.
  - With C(async), use O(reference), O(since), O(max_debt), or O(max_ltv). The module cannot know whether anybody reads the result of a job, so
    after a job whose result was lost, a run with O(amount) alone repays the amount again.
  - For each account, run this module on one host only. A play on several hosts with the same account repays once for each host, unless the hosts share
    O(journal) and the task has a goal or a O(reference).
attributes:
  check_mode:
    support: full
    details:
      - Reads the loan and returns what a real run would return. Sends no POST request and writes nothing to O(journal).
      - Cannot predict what only the exchange can check, such as the balance of a Funding wallet that the key is not allowed to read.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(reference), O(since), O(max_debt), or O(max_ltv), a second run changes nothing.
      - With O(amount) alone, each run repays O(amount) again until the loan is repaid, unless it continues a run that failed or was
        interrupted. A repaid loan stays as it is.
options:
  order_id:
    description:
      - The ID of the loan order, as shown by C(GET /v5/crypto-loan/ongoing-orders) and on the exchange's website.
    type: str
    required: true
    aliases:
      - loan_id
seealso:
  - name: Repay a legacy crypto loan
    description: The exchange's documentation of this call.
    link: https://bybit-exchange.github.io/docs/v5/crypto-loan/repay
"""

EXAMPLES = r"""
---
- name: Ensure that at least 100 USDT is repaid in November, no matter how often this task runs
  treasury.bybit.bybit_loan_repay:
    environment: testnet
    order_id: "1794267532472646144"
    amount: "100"
    since: "2026-11-01"

- name: Ensure that at least 250.5 USDT is repaid each month, from cron or CI
  treasury.bybit.bybit_loan_repay:
    environment: mainnet
    order_id: "1794267532472646144"
    amount: "250.5"
    since: "{{ now(utc=true).strftime('%Y-%m-01') }}"
    journal: /var/lib/treasury/journal.sqlite

- name: Pay an invoice once, no matter what happens to the run and which controller repeats it
  treasury.bybit.bybit_loan_repay:
    environment: mainnet
    order_id: "1794267532472646144"
    amount: "100"
    reference: invoice 2026-0711
    journal: postgresql://treasury@db.example.com/treasury?sslmode=verify-full&sslrootcert=/etc/treasury/db-ca.pem

- name: Pay off the loan with all accrued interest, unless that takes more than 1100 USDT
  treasury.bybit.bybit_loan_repay:
    environment: testnet
    order_id: "1794267532472646144"
    max_debt: "0"
    at_most: "1100"

- name: Lower the LTV of the loan to 40 %, or as far as the Funding wallet allows
  treasury.bybit.bybit_loan_repay:
    environment: testnet
    order_id: "1794267532472646144"
    max_ltv: "0.4"
    allow_partial: true

- name: Repay 100 USDT every time this task runs, with the key in BYBIT_API_KEY and BYBIT_API_SECRET
  treasury.bybit.bybit_loan_repay:
    environment: testnet
    order_id: "1794267532472646144"
    amount: "100"

- name: Set the connection options for several tasks
  module_defaults:
    group/treasury.bybit.bybit:
      api_key: "{{ vault_bybit_api_key }}"
      api_secret: "{{ vault_bybit_api_secret }}"
      environment: mainnet
  block:
    - name: Repay 250.5 USDT once
      treasury.bybit.bybit_loan_repay:
        order_id: "1794267532472646144"
        amount: "250.5"
        reference: resolution 2026-30
      register: repayment

    - name: Show the result
      ansible.builtin.debug:
        msg: "{{ repayment.msg }}"

- name: Retry if the exchange refuses the request or cannot be reached, without paying twice
  treasury.bybit.bybit_loan_repay:
    environment: testnet
    order_id: "1794267532472646144"
    amount: "75"
    reference: invoice 2026-0712
  register: tried
  until: tried is succeeded
  retries: 5
  delay: 30

- name: Acknowledge a repayment with an unknown outcome after you have checked what became of it
  treasury.bybit.bybit_loan_repay:
    environment: testnet
    order_id: "1794267532472646144"
    amount: "50"
    acknowledge: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f

- name: Repay with a self-generated RSA key on a regional host
  treasury.bybit.bybit_loan_repay:
    api_url: https://api.bybit.eu
    api_key: "{{ vault_bybit_api_key }}"
    rsa_private_key: /etc/treasury/bybit.pem
    order_id: "1794267532472646144"
    amount: "250.5"
"""

RETURN = r"""
msg:
  description: A summary of what happened. On failure, what went wrong, and what to do about it.
  returned: always
  type: str
  sample: "Repaid 100 USDT on loan 1794267532472646144 (repayment 1794271131730737664). Debt before: 1000.4, now: 900.4."
outcome:
  description:
    - V(executed) means that the repayment was made, and that the exchange reports it as final. If an earlier run made it with the same
      O(reference), C(changed) is V(false) and RV(repayments) is empty.
    - V(pending) means that the exchange accepted the repayment, but does not report it as final yet, because O(wait) is V(false) or
      O(wait_timeout) expired.
    - V(nothing_to_do) means that nothing is owed, that the goal was already reached, or that O(acknowledge) was processed.
    - V(planned) means that a run without check mode would make the repayment. If an earlier run left an intent for the same repayment open, check
      mode returns the outcome of that intent instead.
    - V(not_executed) means that the task failed and nothing was repaid, according to all sources that could be read. The next run
      decides again.
    - V(unknown) means that the task failed and the repayment may have been made. No run sends anything for this loan until the outcome is
      known. RV(msg) says how to proceed, and RV(details) says what was found.
    - A task that fails after it has repaid part of the amount returns V(executed) or V(pending) with RV(repayments), and C(changed) is
      V(true).
  returned: always, unless Ansible itself refuses the options or a Python library is missing
  type: str
  sample: executed
move:
  description:
    - What was done. In check mode, what would be done. If the outcome is unknown, what may have been done.
    - Always V(repay).
  returned: when the options are valid
  type: str
  sample: repay
repay_id:
  description:
    - The exchange's ID of the repayment. V(none) if there is none.
    - A repayment that the exchange accepted and that then failed also has an ID, with RV(outcome=not_executed).
  returned: when the options are valid
  type: str
  sample: "1794271131730737664"
order_id:
  description: The ID of the loan order.
  returned: when the options are valid
  type: str
  sample: "1794267532472646144"
amount:
  description:
    - The amount that was repaid, as a decimal string in the coin of the loan. In check mode, the amount that would be repaid. If the outcome is
      unknown, the amount that may have been repaid.
    - If RV(repayments) is not empty, this is their sum.
    - V(0) if there is nothing to do.
  returned: when the options are valid
  type: str
  sample: "100"
goal_reached:
  description:
    - Whether the goal is reached, apart from C(dust) in RV(details).
    - V(false) if O(allow_partial) repaid only part of the amount, or if more interest accrued in the meantime than a second repayment covers.
      A warning says so.
    - V(none) if the task failed, or if nothing was decided because a repayment of an earlier run already satisfies this task.
  returned: when the options are valid
  type: bool
  sample: true
repayments:
  description:
    - The repayments that were made, even if the task failed afterward. A repayment that an earlier run made for the same goal but did not
      report comes first.
    - There can be two if interest accrued during the first one.
  returned: when the options are valid
  type: list
  elements: dict
  contains:
    move:
      description: Always V(repay).
      type: str
      returned: always
      sample: repay
    repay_id:
      description: The exchange's ID of the repayment. V(none) if there is none.
      type: str
      returned: always
      sample: "1794271131730737664"
    amount:
      description: The amount, in the coin of the loan.
      type: str
      returned: always
      sample: "100"
    coin:
      description: The coin of the loan.
      type: str
      returned: always
      sample: USDT
    outcome:
      description: V(executed) or V(pending).
      type: str
      returned: always
      sample: executed
    sent_at_ms:
      description: When the request was signed and sent, in milliseconds since 1970 (UTC).
      type: int
      returned: always
      sample: 1728629785224
    intent:
      description: The ID of the intent that the module recorded in O(journal) before it sent the request.
      type: str
      returned: always
      sample: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
loan:
  description:
    - The loan before and after. The values mean the same as in RV(treasury.bybit.bybit_loan_info#module:loans).
    - C(status) can also be V(repaid) or V(liquidated). C(id) is V(none) for several contracts together. C(ltv) of a flexible or fixed
      loan is the LTV of the account, and is only read if O(max_ltv) needs it.
  returned: when the options are valid
  type: dict
  contains:
    before:
      description: The loan before anything was sent. V(none) if it is not known, or if an earlier run sent the repayment.
      type: dict
      returned: always
      sample:
        product: legacy
        id: "1794267532472646144"
        status: open
        coin: USDT
        debt: "1000.4"
        principal: "1000"
        interest: "0.4"
        penalty_interest: "0"
        hourly_rate: "0.0000090346"
        annual_rate: "0.079143096"
        collateral_coin: BTC
        collateral_amount: "0.04"
        ltv: "0.4168"
        maturity_time_ms: 1731149999000
    after:
      description:
        - The loan after the repayment, or the prediction of check mode. V(none) if it could not be read, or if the outcome is unknown.
        - A predicted LTV can be wrong in its last digit, because the LTV before is rounded. Check mode cannot predict whether the
          exchange forgives a remainder below the smallest amount of the coin.
      type: dict
      returned: always
      sample:
        product: legacy
        id: "1794267532472646144"
        status: open
        coin: USDT
        debt: "900.4"
        principal: "900.4"
        interest: "0"
        penalty_interest: "0"
        hourly_rate: "0.0000090346"
        annual_rate: "0.079143096"
        collateral_coin: BTC
        collateral_amount: "0.04"
        ltv: "0.3752"
        maturity_time_ms: 1731149999000
funding:
  description:
    - The transfer from the UNIFIED wallet that O(fund_from) made before the repayment, with the values that
      M(treasury.bybit.bybit_funding_transfer) returns under the same names. V(none) if no transfer was needed.
    - If the transfer was made and the repayment was not, C(changed) is V(true), because the transfer moved money.
    - C(transfers) includes a transfer that an earlier run made for the same repayment but did not report.
    - C(details) contains only C(intent) and C(earlier).
  returned: when the options are valid
  type: dict
  sample:
    changed: true
    outcome: executed
    move: to_fund
    coin: USDT
    amount: "50"
    transfer_id: 42c0cfb0-6bca-4242-bc76-4e6df6cbab16
    transfers:
      - intent: 42c0cfb0-6bca-4242-bc76-4e6df6cbab16
        amount: "50"
        coin: USDT
        move: to_fund
        outcome: executed
        transfer_id: 42c0cfb0-6bca-4242-bc76-4e6df6cbab16
        sent_at_ms: 1728629785120
    wallets:
      before:
        coin: USDT
        funding: "50"
        unified: "1200"
      after:
        coin: USDT
        funding: "100"
        unified: "1150"
    details:
      intent:
      earlier: []
diff:
  description: Debt and LTV before and after, in one line each. C(after_header) shows how the amount was calculated.
  returned: success, in diff mode
  type: dict
  sample:
    before_header: loan 1794267532472646144
    after_header: "debt 1000.4 → 900.4, pay 100"
    before: "debt 1000.4 USDT  LTV 0.4168\\n"
    after: "debt  900.4 USDT  LTV 0.3752\\n"
api_host:
  description: The host that the module used, with the port if the URL has one.
  returned: when the connection options are valid
  type: str
  sample: api-testnet.bybit.com
failure:
  description:
    - The request that failed. V(none) if the task failed for another reason.
    - C(ret_code) and C(ret_msg) are the exchange's return code and message. C(ret_code) is V(none) if there was no usable answer.
    - C(http_status) is V(none) if there was no answer. C(request_id) was sent with the request. The exchange's support asks for it.
    - C(outcome) says whether this request may have been executed. It is V(not_executed), V(unknown), or V(earlier_request), which means that an identical
      earlier request may have been executed.
  returned: failure, unless Ansible itself refuses the options or a Python library is missing
  type: dict
  sample:
    ret_code: 177011
    ret_msg: Balance is not enough
    http_status: 200
    request_id: 4a1f0c3e-8f1b-4a59-9f0e-0d6d6c0a6a55
    outcome: not_executed
details:
  description: Details for investigating a run. If the options are not valid, contains only C(waits) and C(gate_retries).
  returned: when the connection options are valid
  type: dict
  contains:
    intent:
      description: The ID of the intent that stays open because its outcome is unknown. Use it for O(acknowledge). Otherwise V(none).
      type: str
      returned: when the options are valid
      sample: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
    earlier:
      description:
        - The repayments of earlier runs for this loan that were interrupted before they reported the outcome. C(outcome) can also
          be V(not_executed), or V(unknown) if O(acknowledge) names the intent.
      type: list
      elements: dict
      returned: when the options are valid
      sample:
        - intent: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
          amount: "100"
          coin: USDT
          move: repay
          outcome: executed
          repay_id: "1794271131730737664"
          sent_at_ms: 1728629785224
    recovered:
      description:
        - Whether the module had to look for the repayment. V(true) if it found RV(repay_id) in the history after an unclear answer, or if an earlier run
          with the same goal or step sent the repayment but did not report it.
      type: bool
      returned: when the options are valid
      sample: false
    inferred:
      description: Whether only the exchange's history shows the repayment, because the answer was lost or contained no ID.
      type: bool
      returned: when the options are valid
      sample: false
    decision:
      description: How the amount was calculated, even if it was then refused. V(none) if there was nothing to repay or to decide.
      type: str
      returned: when the options are valid
      sample: debt 1000.4 → 900.4, pay 100
    dust:
      description: What remains above O(max_debt) because it needs more decimal places than the exchange accepts.
      type: str
      returned: when the options are valid
      sample: "0"
    since:
      description:
        - Progress toward the goal with O(since) before anything was sent, including repayments that are still being processed. V(none) without
          O(since), or if it was not read.
      type: dict
      returned: when the options are valid
      sample:
        time_ms: 1793491200000
        repaid: "40"
        missing: "60"
    sent_at_ms:
      description:
        - When the repayment was signed and sent, in milliseconds since 1970 (UTC), by the exchange's clock as far as it is known.
          V(none) if none was sent.
      type: int
      returned: when the options are valid
      sample: 1728629785224
    evidence:
      description:
        - What the history, the debt, and the Funding wallet showed about a repayment without a clear answer. V(none) if there was none.
        - C(window_end_ms) is the end of the time window in which the exchange could accept the request. If the exchange accepted it without an ID, this is the
          time at which it did.
        - C(reads) is the number of reads, and C(exchange_time_ms) is the exchange's time of the last one. C(candidates) are the repayments in the
          history that may be this one. C(reason) is the conclusion.
        - The balance and the outflow of the wallet are V(none) if they were not needed or could not be read, or if the wallet does not pay.
      type: dict
      returned: when the options are valid
      sample:
        sent_at_ms: 1728629785224
        window_end_ms: 1728629790224
        exchange_time_ms: 1728629801350
        debt_before: "1000.4"
        debt_now: "900.4"
        wallet_before: "1523.75"
        wallet_now: "1423.75"
        wallet_moved: "100"
        candidates: ["1794271131730737664"]
        reads: 7
        reason: the history shows it
    waits:
      description: One sentence for each wait of two seconds or more. The module also writes it to the system log when the wait begins.
      type: list
      elements: str
      returned: always
      sample: []
    gate_retries:
      description:
        - How often a request was sent again after the exchange rejected it before processing it, which is safe. C(clock_syncs) counts rejections because of the
          timestamp, and C(rate_limits) because of the rate limit. C(rate_limit_wait_ms) is the total wait for the rate limit in milliseconds.
      type: dict
      returned: always
      sample:
        clock_syncs: 0
        rate_limits: 1
        rate_limit_wait_ms: 1050
"""

from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._module.interface import Module, Spec, run_as_process
from ansible_collections.treasury.bybit.plugins.module_utils._module.operation import run_operation
from ansible_collections.treasury.bybit.plugins.module_utils._module.parents import Parents
from ansible_collections.treasury.bybit.plugins.module_utils._options.connection import connection_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._options.repay import (
    LEGACY_RULES,
    legacy_argument_spec,
    parse_legacy_options,
)

SPEC = Spec({**connection_argument_spec(), **legacy_argument_spec()}, LEGACY_RULES)


def run(module: Module, clock: Clock | None = None, parents: Parents | None = None) -> None:
    run_operation(module, parse_legacy_options, clock, parents)


def main(clock: Clock | None = None) -> None:
    run_as_process(SPEC, lambda module: run(module, clock))


if __name__ == "__main__":
    main()

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
  - Repays one contract of a fixed crypto loan in full from the Funding wallet; with O(sweep), all contracts of a coin. The interest for the
    term is paid when the loan is taken out, so the debt of a contract is its principal, and penalty interest if it is overdue.
  - With O(collateral), repays an amount of a contract, or of the contracts of a coin, by selling collateral.
    With O(reference), that amount is repaid once, however often and wherever the task runs.
  - Reads the loan first, and fails before anything is paid if the exchange would refuse the repayment. Then records an intent in
    O(journal), and sends the repayment once. A request that may have reached the exchange is never sent again.
  - Without a clear answer (timeout, connection reset, truncated answer, server error), keeps checking the history, the debt, and
    the Funding wallet or the collateral, until it is known whether the repayment was made. If that cannot be determined, the module fails with
    RV(outcome=unknown), and no run sends anything for this loan until it is known, or O(acknowledge) names the intent.
  - A run that was killed or interrupted leaves its intent behind. The next run for the loan first finds out what became of it.
  - Uses the calls C(POST /v5/crypto-loan-fixed/fully-repay), C(POST /v5/crypto-loan-fixed/repay-collateral),
    C(GET /v5/crypto-loan-fixed/borrow-contract-info), C(GET /v5/crypto-loan-fixed/repayment-history),
    C(GET /v5/crypto-loan-flexible/repayment-history), C(GET /v5/crypto-loan-common/position),
    C(GET /v5/crypto-loan-common/adjustment-history), C(GET /v5/crypto-loan-common/loanable-data), C(GET /v5/asset/transfer/query-account-coin-balance),
    C(GET /v5/asset/fundinghistory), C(GET /v5/user/query-api) and C(GET /v5/market/time).
  - With O(fund_from), also uses C(POST /v5/asset/transfer/inter-transfer), C(GET /v5/asset/transfer/query-inter-transfer-list) and
    C(GET /v5/account/withdrawal).
extends_documentation_fragment:
  - treasury.bybit.attributes
  - treasury.bybit.attributes.repay_group
  - treasury.bybit.connection
  - treasury.bybit.journal
  - treasury.bybit.operation
  - treasury.bybit.repayment
notes:
  - It is safe to retry this module with C(until) and C(retries). A run that asks for the same as one that failed or was interrupted
    reports what that one sent, instead of sending it again.
  - With C(async), use O(amount) only together with O(reference) or O(since). The module cannot know whether anybody reads the result of a job,
    so a run with O(amount) alone repays once more after a job whose result was lost.
  - The call that repays a whole contract takes no amount. The exchange charges the debt at the time of the request, which can be more
    than was read before if the contract is overdue, or if another contract in the coin was borrowed in the meantime. Then it can
    also exceed O(at_most).
  - The exchange returns no ID for a repayment from collateral. Its outcome is always inferred from the history, and
    RV(details.inferred) is V(true). If neither the history nor the debt shows it, the module fails with RV(outcome=unknown), although the
    exchange accepted it.
  - A run for one contract and a run for all contracts of its coin do not wait for each other, so do not run them at the same time.
attributes:
  check_mode:
    support: full
    details:
      - Reads the loan and returns what the real run would return. Sends no POST request and writes nothing to O(journal).
      - Cannot foresee what only the exchange knows when it is asked to pay, such as the balance of a Funding wallet that the key may
        not read.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - Without O(collateral), and with O(reference), O(since) or O(max_debt), a second run changes nothing.
      - With O(collateral) and O(amount) alone, every run that does not continue one that failed or was interrupted repays
        O(amount) once more, until the loan is repaid.
options:
  loan_id:
    description:
      - The ID of the contract, as in C(GET /v5/crypto-loan-fixed/borrow-contract-info); not the ID of its order.
      - Exactly one of O(loan_id) and O(loan_currency) is required.
    type: str
  loan_currency:
    description:
      - Selects all contracts in this coin, in capitals, such as V(USDT).
      - With O(collateral), the exchange repays the contract that is due first, then the next one.
    type: str
  sweep:
    description:
      - Confirms that all contracts in O(loan_currency) are to be repaid from the Funding wallet. Required to do so.
      - O(at_most) is then checked against the contracts that were read. The exchange repays those that are open when the request arrives,
        so a contract that is borrowed in between comes on top; the module warns about this.
    type: bool
    default: false
  collateral:
    description:
      - The coins of the account's collateral that the exchange sells for the repayment. It charges a fee. It does not document in which
        order it sells them, nor what it takes the fee from.
      - If not set, the Funding wallet pays, and only whole contracts. Then O(amount) and O(since) cannot be used, O(max_debt) can only be
        V("0"), which is also the default goal, and O(max_ltv) repays the whole contract if the LTV is higher.
      - Cannot be combined with O(max_ltv), because the fee and the collateral ratio are not known in advance.
      - The exchange sells collateral for at most 300,000 USD at once.
    type: list
    elements: str
seealso:
  - module: treasury.bybit.bybit_flexible_loan_repay
  - module: treasury.bybit.bybit_loan_info
  - name: Repay a fixed crypto loan
    description: The exchange's documentation of this call.
    link: https://bybit-exchange.github.io/docs/v5/new-crypto-loan/fixed/repay
  - name: Repay a fixed crypto loan from collateral
    description: The exchange's documentation of this call.
    link: https://bybit-exchange.github.io/docs/v5/new-crypto-loan/fixed/repay-collateral
"""

EXAMPLES = r"""
---
- name: Repay a whole contract
  treasury.bybit.bybit_fixed_loan_repay:
    environment: testnet
    loan_id: "571"

- name: Repay all contracts in USDT, unless that takes more than 5000 USDT
  treasury.bybit.bybit_fixed_loan_repay:
    environment: testnet
    loan_currency: USDT
    sweep: true
    at_most: "5000"

- name: Repay 0.1 ETH of a contract by selling BTC
  treasury.bybit.bybit_fixed_loan_repay:
    environment: testnet
    loan_id: "571"
    amount: "0.1"
    collateral:
      - BTC

- name: Lower the debt of all contracts in USDT to at most 1000 USDT by selling BTC
  treasury.bybit.bybit_fixed_loan_repay:
    environment: testnet
    loan_currency: USDT
    max_debt: "1000"
    collateral:
      - BTC
"""

RETURN = r"""
msg:
  description: A summary of what happened. On failure, what went wrong and what to do about it.
  returned: always
  type: str
  sample: "Repaid 1000 USDT on fixed contract 571 (repayment 1771). Debt before: 1000, now: 0."
outcome:
  description:
    - V(executed) means that the repayment was made, and that the exchange reports it as final. If an earlier run made it under the same
      O(reference), C(changed) is V(false) and RV(repayments) is empty.
    - V(pending) means that the exchange accepted the repayment, but does not report it as final yet. O(wait) was V(false), or
      O(wait_timeout) expired.
    - V(nothing_to_do) means that nothing is owed, that the goal was reached before, or that O(acknowledge) was processed.
    - V(planned) means that the repayment would be made; check mode only. If an earlier run left the same repayment open, check mode
      reports the outcome of that one instead.
    - V(not_executed) means that the task failed and nothing was paid, according to every source that could be read. The next run
      decides again.
    - V(unknown) means that the task failed and the repayment may have been made. Nothing is sent for this loan until the outcome is
      known. RV(msg) says how to proceed, and RV(details) what was found.
    - A task that fails after it has paid part of its goal returns V(executed) or V(pending) with RV(repayments), and C(changed) is
      V(true).
  returned: always, unless Ansible itself refuses the options or a Python library is missing
  type: str
  sample: executed
move:
  description:
    - What was done, would be done in check mode, or is in doubt. Always V(repay).
  returned: when the options are valid
  type: str
  sample: repay
repay_id:
  description:
    - The exchange's ID of the repayment; V(none) if there is none.
    - A repayment that was accepted and then failed on the exchange also has an ID, with RV(outcome=not_executed).
  returned: when the options are valid
  type: str
  sample: "1771"
loan_id:
  description: The ID of the contract; V(none) for all contracts of O(loan_currency).
  returned: when the options are valid
  type: str
  sample: "571"
loan_currency:
  description: The coin of the contracts; V(none) if O(loan_id) names one contract.
  returned: when the options are valid
  type: str
  sample: USDT
collateral:
  description: The coins that are sold for the repayment; empty if the Funding wallet pays.
  returned: when the options are valid
  type: list
  elements: str
  sample: []
amount:
  description:
    - The amount that was repaid, would be repaid in check mode, or is in doubt, as a decimal string in the loan's coin. The sum of
      RV(repayments), if there are any.
    - V(0) if there is nothing to do.
  returned: when the options are valid
  type: str
  sample: "1000"
goal_reached:
  description:
    - Whether the goal is reached, apart from C(dust) in RV(details).
    - V(false) if O(allow_partial) paid only a part, or if more interest accrued in the meantime than a second repayment covers. A
      warning says so.
    - V(none) if nothing was decided, because an earlier run's repayment already satisfies this task, or because the task failed.
  returned: when the options are valid
  type: bool
  sample: true
repayments:
  description:
    - The repayments that were made, even if the task failed after them. One that an earlier run made for the same goal and could
      not report comes first.
    - There can be two if interest accrued while the first one was made.
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
      description: The exchange's ID of the repayment; V(none) if there is none.
      type: str
      returned: always
      sample: "1771"
    amount:
      description: The amount, in the loan's coin.
      type: str
      returned: always
      sample: "1000"
    coin:
      description: The loan's coin.
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
      description: The ID of the intent that was recorded in O(journal) before the request was sent.
      type: str
      returned: always
      sample: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
loan:
  description:
    - The loan before and after, with the values that RV(treasury.bybit.bybit_loan_info#module:loans) documents, up to
      C(maturity_time_ms).
    - C(status) can also be V(repaid) or V(liquidated). C(id) is V(none) for several contracts together. C(ltv) of a flexible or fixed
      loan is that of the account, and only read if O(max_ltv) needs it.
  returned: when the options are valid
  type: dict
  contains:
    before:
      description: The loan before anything was sent; V(none) if it is not known, or if an earlier run sent the repayment.
      type: dict
      returned: always
      sample:
        product: fixed
        id: "571"
        status: open
        coin: USDT
        debt: "1000"
        principal: "1000"
        interest: "0"
        penalty_interest: "0"
        hourly_rate: "0.0000090346"
        annual_rate: "0.079143096"
        collateral_coin: null
        collateral_amount: null
        ltv: null
        maturity_time_ms: 1731149999000
    after:
      description:
        - The loan after the repayment, or the forecast of check mode; V(none) if it could not be read, or if the outcome is unknown.
        - A forecast LTV can be off in its last digit, because the LTV before is rounded. Check mode cannot foresee whether the
          exchange forgives a remainder below the coin's smallest amount.
      type: dict
      returned: always
      sample:
        product: fixed
        id: "571"
        status: repaid
        coin: USDT
        debt: "0"
        principal: "0"
        interest: "0"
        penalty_interest: "0"
        hourly_rate: "0.0000090346"
        annual_rate: "0.079143096"
        collateral_coin: null
        collateral_amount: null
        ltv: null
        maturity_time_ms: 1731149999000
funding:
  description:
    - The transfer from the UNIFIED wallet that O(fund_from) made first, with the values that M(treasury.bybit.bybit_funding_transfer) returns
      under the same names; V(none) if none was needed.
    - It can be there although the repayment was not made. Then C(changed) is V(true), because the transfer moved money.
    - C(transfers) also has one that an earlier run made for the same and could not report.
    - Of C(details), it has C(intent) and C(earlier).
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
  description: Debt and LTV before and after, one line each. The header of C(after) shows how the amount was calculated.
  returned: success, in diff mode
  type: dict
  sample:
    before_header: fixed contract 571
    after_header: "debt 1000 → 0, pay 1000"
    before: "debt 1000 USDT\\n"
    after: "debt    0 USDT\\n"
api_host:
  description: The host that was used, with the port if the URL has one.
  returned: when the connection options are valid
  type: str
  sample: api-testnet.bybit.com
failure:
  description:
    - The request that failed; V(none) if the task failed for another reason.
    - C(ret_code) and C(ret_msg) are the exchange's return code and message; C(ret_code) is V(none) without a usable answer.
    - C(http_status) is V(none) without an answer. C(request_id) was sent with the request; the exchange's support asks for it.
    - C(outcome) says whether this request may have been executed, V(not_executed) or V(unknown), or V(earlier_request) if an
      identical earlier one may have been.
  returned: failure, unless Ansible itself refuses the options or a Python library is missing
  type: dict
  sample:
    ret_code: 148029
    ret_msg: Balance is not enough
    http_status: 200
    request_id: 4a1f0c3e-8f1b-4a59-9f0e-0d6d6c0a6a55
    outcome: not_executed
details:
  description: What helps to investigate a run. If the options are not valid, contains only C(waits) and C(gate_retries).
  returned: when the connection options are valid
  type: dict
  contains:
    intent:
      description: The ID of the intent that stays open because its outcome is unknown, for O(acknowledge); otherwise V(none).
      type: str
      returned: when the options are valid
      sample: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
    earlier:
      description:
        - The repayments of earlier runs for this loan that were interrupted before they reported the outcome. The outcome can also
          be V(not_executed), or V(unknown) if O(acknowledge) names the intent.
      type: list
      elements: dict
      returned: when the options are valid
      sample:
        - intent: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
          amount: "1000"
          coin: USDT
          move: repay
          outcome: executed
          repay_id: "1771"
          sent_at_ms: 1728629785224
    recovered:
      description:
        - Whether RV(repay_id) is not from a clear answer to this run, but was found in the history afterwards, or belongs to an
          earlier run that was asked for the same and did not report it.
      type: bool
      returned: when the options are valid
      sample: false
    inferred:
      description: Whether only the exchange's history shows the repayment, because the answer was lost or had no ID.
      type: bool
      returned: when the options are valid
      sample: false
    decision:
      description: How the amount was calculated, also if it was then refused; V(none) if there was nothing to pay or to decide.
      type: str
      returned: when the options are valid
      sample: debt 1000 → 0, pay 1000
    dust:
      description: What remains above O(max_debt) because it needs more decimal places than the exchange accepts.
      type: str
      returned: when the options are valid
      sample: "0"
    since:
      description:
        - Progress towards the goal with O(since) before anything was sent, including repayments still being processed; V(none) without
          O(since), or if it was not read.
      type: dict
      returned: when the options are valid
      sample:
        time_ms: 1793491200000
        repaid: "40"
        missing: "60"
    sent_at_ms:
      description:
        - When the repayment was signed and sent, in milliseconds since 1970 (UTC), by the exchange's clock as far as it is known;
          V(none) if none was sent.
      type: int
      returned: when the options are valid
      sample: 1728629785224
    evidence:
      description:
        - What history, debt and Funding wallet showed about a repayment without a clear answer; V(none) if there was none.
        - The exchange could accept the request until C(window_end_ms), or accepted it then without an ID.
        - C(exchange_time_ms) is the exchange's time of the last of C(reads) reads; C(candidates) are the repayments in the history
          that may be this one; C(reason) is the conclusion.
        - The wallet's balance and outflow are V(none) where they were not needed or could not be read, or if the wallet does not pay.
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
        candidates: ["1771"]
        reads: 7
        reason: the history shows it
    waits:
      description: One sentence for each wait of two seconds or more. It is also written to the system's log when the wait begins.
      type: list
      elements: str
      returned: always
      sample: []
    gate_retries:
      description:
        - How often a request was safely sent again because the exchange had rejected it before processing it, for its timestamp
          (C(clock_syncs)) or for the rate limit (C(rate_limits)), and how long it waited for the rate limit in total.
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
    FIXED_RULES,
    fixed_argument_spec,
    parse_fixed_options,
)

SPEC = Spec({**connection_argument_spec(), **fixed_argument_spec()}, FIXED_RULES)


def run(module: Module, clock: Clock | None = None, parents: Parents | None = None) -> None:
    run_operation(module, parse_fixed_options, clock, parents)


def main(clock: Clock | None = None) -> None:
    run_as_process(SPEC, lambda module: run(module, clock))


if __name__ == "__main__":
    main()

#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bybit_loan_collateral
short_description: Add or take back collateral of crypto loans on Bybit
version_added: 0.1.0
author:
  - The treasury.bybit contributors (!UNKNOWN)
description:
  - Adds collateral or takes it back. O(order_id) selects the collateral of one legacy crypto loan. O(currency) selects one coin of the account's
    collateral, which secures all flexible and fixed loans of the account. Collateral is added from the Funding wallet and taken back to it.
  - Supports goals. O(max_ltv) adds collateral until the LTV is at most the given value. O(min_ltv) takes back the collateral that an LTV of the
    given value does not need. If the goal is already reached, nothing is sent.
  - Supports steps. O(add) and O(take_back) move an amount each time the task runs. With O(reference), they move it once, no matter how often and
    on which controller the task runs.
  - Reads the loan or the account first, and fails before anything is sent if it can tell that the exchange would refuse the adjustment. This is so if the
    Funding wallet holds too little, if the exchange releases less collateral than O(take_back), or if the whole platform accepts no more collateral (C(colRes)
    is 2). Check mode reports this, too.
  - Then records an intent in O(journal) and sends the adjustment once. A request that may have reached the exchange is not sent again before its
    outcome is known.
  - If the answer is not clear (timeout, connection reset, truncated answer, server error), the module reconciles the adjustment. It checks the history
    of adjustments, the collateral, and the Funding wallet until it is known whether the adjustment was made. If the outcome stays unknown, the
    module fails with RV(outcome=unknown). No run sends anything for this collateral until the outcome is known or O(acknowledge) names the intent.
  - A run that was killed or interrupted leaves its intent open. The next run for the collateral first finds out what became of the adjustment.
  - For a legacy loan, uses the calls C(POST /v5/crypto-loan/adjust-ltv), C(GET /v5/crypto-loan/adjustment-history),
    C(GET /v5/crypto-loan/max-collateral-amount), C(GET /v5/crypto-loan/ongoing-orders), C(GET /v5/crypto-loan/borrow-history),
    C(GET /v5/crypto-loan/repayment-history), C(GET /v5/crypto-loan/collateral-data), and the calls below for the wallet and the key.
  - For the account, uses the calls C(POST /v5/crypto-loan-common/adjust-ltv), C(GET /v5/crypto-loan-common/adjustment-history),
    C(GET /v5/crypto-loan-common/max-collateral-amount), C(GET /v5/crypto-loan-common/collateral-data),
    C(GET /v5/crypto-loan-common/position), C(GET /v5/crypto-loan-flexible/repayment-history),
    C(GET /v5/crypto-loan-fixed/repayment-history), C(GET /v5/asset/transfer/query-account-coin-balance), C(GET /v5/asset/fundinghistory),
    C(GET /v5/user/query-api), and C(GET /v5/market/time).
extends_documentation_fragment:
  - treasury.bybit.attributes
  - treasury.bybit.attributes.operation_group
  - treasury.bybit.connection
  - treasury.bybit.journal
  - treasury.bybit.operation
  - treasury.bybit.waiting
notes:
  - It is safe to retry this module with C(until) and C(retries). If a failed or interrupted run sent an adjustment that was
    executed, the next run with the same goal or step reports this adjustment instead of sending it again.
  - With C(async), use O(reference), O(max_ltv), or O(min_ltv). The module cannot know whether anybody reads the result of a job, so after a job
    whose result was lost, a run with O(add) or O(take_back) alone moves the amount again.
  - For each account, run this module on one host only. A play on several hosts with the same account executes a step once for each host, unless the hosts share
    O(journal) and the task has a O(reference).
  - For legacy loans, the exchange's history of adjustments has no status, so an adjustment that is listed there is final. For the account's
    collateral, the history has a status, which O(wait) waits for.
  - Prices move. A goal is reached at the prices of the moment when the exchange showed the LTV.
attributes:
  check_mode:
    support: full
    details:
      - Reads the loan or the account and returns what a real run would return. Sends no POST request and writes nothing to O(journal).
      - Cannot predict what only the exchange can check, such as the balance of a Funding wallet that the key is not allowed to read.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(reference), a second run changes nothing. With O(max_ltv) or O(min_ltv), this is true as long as prices and debt stay the same.
      - With O(add) or O(take_back) alone, each run moves the amount again, unless it continues a run that failed or was interrupted.
options:
  order_id:
    description:
      - The ID of the legacy loan order, as shown by C(GET /v5/crypto-loan/ongoing-orders) and on the exchange's website. Its collateral is in
        one coin.
      - Exactly one of O(order_id) and O(currency) is required.
    type: str
  currency:
    description:
      - The coin of the account's collateral, in capitals, such as V(BTC). The account's collateral secures all its flexible and fixed loans
        together.
    type: str
  add:
    description:
      - How much collateral to add from the Funding wallet, in the coin of the collateral.
      - The amount must not have more decimal places than the exchange lists for the coin.
      - Exactly one of O(add), O(take_back), O(max_ltv), and O(min_ltv) is required.
    type: raw
  take_back:
    description:
      - How much collateral to take back to the Funding wallet, in the coin of the collateral. This raises the LTV.
      - If the exchange releases less (C(max-collateral-amount)), the module fails before it sends anything.
      - The amount must not have more decimal places than the exchange lists for the coin.
    type: raw
  max_ltv:
    description:
      - A goal. Ensures that the LTV is at most this fraction, such as V("0.5"), by adding what is missing. The amount is rounded up to the decimal
        places that the exchange lists for the coin.
      - A legacy loan has an LTV of its own. The LTV of the account includes all its flexible and fixed loans and all its collateral. The exchange's tiers
        (C(collateral-data)) decide how much of the added collateral counts. If the module cannot interpret them, it fails.
      - The exchange rounds the LTV, and does not document how. The module assumes the worst case, so it adds a little even if the displayed
        LTV is exactly O(max_ltv).
      - If the Funding wallet does not hold enough, the module fails before it sends anything, unless O(allow_partial) is set.
    type: raw
  min_ltv:
    description:
      - A goal. Takes back the collateral that is not needed for an LTV of this fraction, such as V("0.3"). The LTV rises to this value, but never
        above it. The amount is rounded down to the decimal places that the exchange lists for the coin.
      - If the exchange releases less (C(max-collateral-amount)), the module fails before it sends anything, unless O(allow_partial) is set.
      - The goal also counts as reached if the LTV is slightly lower, because the exchange shows a rounded LTV.
    type: raw
seealso:
  - module: treasury.bybit.bybit_funding_transfer
    description: Tops up the Funding wallet before you add collateral.
  - module: treasury.bybit.bybit_loan_info
    description: Shows LTVs, and how far prices can fall.
  - module: treasury.bybit.bybit_loan_repay
  - module: treasury.bybit.bybit_flexible_loan_repay
  - module: treasury.bybit.bybit_fixed_loan_repay
  - name: Adjust the collateral of a legacy crypto loan
    description: The exchange's documentation of this call.
    link: https://bybit-exchange.github.io/docs/v5/crypto-loan/adjust-collateral
  - name: Adjust the collateral of flexible and fixed crypto loans
    description: The exchange's documentation of this call.
    link: https://bybit-exchange.github.io/docs/v5/new-crypto-loan/adjust-collateral
"""

EXAMPLES = r"""
---
- name: Add BTC until the LTV of the account is at most 60 %, unless that takes more than 0.5 BTC
  treasury.bybit.bybit_loan_collateral:
    environment: testnet
    currency: BTC
    max_ltv: "0.6"
    at_most: "0.5"

- name: Add collateral until the LTV of a legacy loan is at most 40 %, or as much as the Funding wallet holds
  treasury.bybit.bybit_loan_collateral:
    environment: testnet
    order_id: "1794267532472646144"
    max_ltv: "0.4"
    allow_partial: true

- name: Take back the BTC that an LTV of 30 % does not need, or as much as the exchange releases
  treasury.bybit.bybit_loan_collateral:
    environment: testnet
    currency: BTC
    min_ltv: "0.3"
    allow_partial: true

- name: Add 0.001 BTC to the collateral of a legacy loan once, no matter how often this task runs
  treasury.bybit.bybit_loan_collateral:
    environment: testnet
    order_id: "1794267532472646144"
    add: "0.001"
    reference: resolution 2026-32

- name: Take back 0.001 BTC of the collateral of a legacy loan once, no matter how often this task runs
  treasury.bybit.bybit_loan_collateral:
    environment: testnet
    order_id: "1794267532472646144"
    take_back: "0.001"
    reference: resolution 2026-33

- name: Keep the account away from liquidation
  module_defaults:
    group/treasury.bybit.bybit:
      api_key: "{{ vault_bybit_api_key }}"
      api_secret: "{{ vault_bybit_api_secret }}"
      environment: testnet
  block:
    - name: Ensure that the Funding wallet holds at least 500 USDT
      treasury.bybit.bybit_funding_transfer:
        coin: USDT
        ensure: "500"

    - name: Add BTC until the LTV is at most 70 %
      treasury.bybit.bybit_loan_collateral:
        currency: BTC
        max_ltv: "0.7"
        allow_partial: true

    - name: Repay up to 500 USDT if that was not enough
      treasury.bybit.bybit_flexible_loan_repay:
        loan_currency: USDT
        max_ltv: "0.7"
        at_most: "500"
        allow_partial: true
"""

RETURN = r"""
msg:
  description: A summary of what happened. On failure, what went wrong, and what to do about it.
  returned: always
  type: str
  sample: "Added 0.01 BTC to the collateral of loan 1794267532472646144 (adjustment 1794318409405331968). Collateral before: 0.04, now: 0.05."
outcome:
  description:
    - V(executed) means that the adjustment was made, and that the exchange reports it as final. If an earlier run made it with the same
      O(reference), C(changed) is V(false) and RV(adjustments) is empty.
    - V(pending) means that the exchange accepted the adjustment, but does not report it as final yet, because O(wait) is V(false) or
      O(wait_timeout) expired.
    - V(nothing_to_do) means that the goal was already reached, or that O(acknowledge) was processed.
    - V(planned) means that a run without check mode would make the adjustment. If an earlier run left an intent for the same adjustment open, check
      mode returns the outcome of that intent instead.
    - V(not_executed) means that the task failed and nothing was moved, according to all sources that could be read. The next run
      decides again.
    - V(unknown) means that the task failed and the adjustment may have been made. No run sends anything for this collateral until the outcome is
      known. RV(msg) says how to proceed, and RV(details) says what was found.
    - A task that fails after it has moved part of the amount returns V(executed) or V(pending) with RV(adjustments), and C(changed) is
      V(true).
  returned: always, unless Ansible itself refuses the options or a Python library is missing
  type: str
  sample: executed
move:
  description:
    - What was done. In check mode, what would be done. If the outcome is unknown, what may have been done.
    - V(add) or V(take_back).
  returned: when the options are valid
  type: str
  sample: add
adjust_id:
  description:
    - The exchange's ID of the adjustment, as text. V(none) if there is none.
    - An adjustment that the exchange accepted and that then failed also has an ID, with RV(outcome=not_executed).
  returned: when the options are valid
  type: str
  sample: "1794318409405331968"
order_id:
  description: The ID of the loan order. V(none) for the collateral of the account.
  returned: when the options are valid
  type: str
  sample: "1794267532472646144"
currency:
  description: The coin of the account's collateral. V(none) if O(order_id) names a loan.
  returned: when the options are valid
  type: str
  sample: BTC
amount:
  description:
    - The amount that was moved, as a decimal string in the coin of the collateral. In check mode, the amount that would be moved. If the outcome is
      unknown, the amount that may have been moved.
    - If RV(adjustments) is not empty, this is their sum.
    - V(0) if there is nothing to do.
  returned: when the options are valid
  type: str
  sample: "0.01"
goal_reached:
  description:
    - Whether the goal is reached.
    - V(false) if O(allow_partial) moved only part of the amount. A warning says so.
    - V(none) if the task failed, or if nothing was decided because an adjustment of an earlier run already satisfies this task.
  returned: when the options are valid
  type: bool
  sample: true
adjustments:
  description:
    - The adjustments that were made, even if the task failed afterward. An adjustment that an earlier run made for the same goal but did not
      report comes first.
  returned: when the options are valid
  type: list
  elements: dict
  contains:
    move:
      description: V(add) or V(take_back).
      type: str
      returned: always
      sample: add
    adjust_id:
      description: The exchange's ID of the adjustment, as text. V(none) if there is none.
      type: str
      returned: always
      sample: "1794318409405331968"
    amount:
      description: The amount, in the coin of the collateral.
      type: str
      returned: always
      sample: "0.01"
    coin:
      description: The coin of the collateral.
      type: str
      returned: always
      sample: BTC
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
collateral:
  description:
    - The collateral before and after. C(ltv) is the LTV of the loan or of the account. V(none) if the exchange does not show it.
    - C(product) and C(id) are V(none) for the collateral of the account.
  returned: when the options are valid
  type: dict
  contains:
    before:
      description: The collateral before anything was sent. V(none) if it is not known, or if an earlier run sent the adjustment.
      type: dict
      returned: always
      sample:
        product: legacy
        id: "1794267532472646144"
        coin: BTC
        collateral_amount: "0.04"
        ltv: "0.4168"
    after:
      description:
        - The collateral after the adjustment, or the prediction of check mode. V(none) if it could not be read, or if the outcome is unknown.
        - A predicted LTV can be wrong in its last digit, because the LTV before is rounded.
      type: dict
      returned: always
      sample:
        product: legacy
        id: "1794267532472646144"
        coin: BTC
        collateral_amount: "0.05"
        ltv: "0.3335"
diff:
  description: Collateral and LTV before and after, in one line each. C(after_header) shows how the amount was calculated.
  returned: success, in diff mode
  type: dict
  sample:
    before_header: loan 1794267532472646144
    after_header: "LTV 0.4168 → 0.3335, collateral 0.04 → 0.05 BTC, add 0.01"
    before: "collateral 0.04 BTC  LTV 0.4168\\n"
    after: "collateral 0.05 BTC  LTV 0.3335\\n"
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
        - The adjustments of earlier runs for this collateral that were interrupted before they reported the outcome. C(outcome) can also
          be V(not_executed), or V(unknown) if O(acknowledge) names the intent.
      type: list
      elements: dict
      returned: when the options are valid
      sample:
        - intent: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
          amount: "0.01"
          coin: BTC
          move: add
          outcome: executed
          adjust_id: "1794318409405331968"
          sent_at_ms: 1728629785224
    recovered:
      description:
        - Whether the module had to look for the adjustment. V(true) if it found RV(adjust_id) in the history after an unclear answer, or if an earlier run
          with the same goal or step sent the adjustment but did not report it.
      type: bool
      returned: when the options are valid
      sample: false
    inferred:
      description: Whether only the exchange's history shows the adjustment, because the answer was lost or contained no ID.
      type: bool
      returned: when the options are valid
      sample: false
    decision:
      description: How the amount was calculated, even if it was then refused. V(none) if there was nothing to move or to decide.
      type: str
      returned: when the options are valid
      sample: LTV 0.4168 → 0.3335, collateral 0.04 → 0.05 BTC, add 0.01
    dust:
      description: Always V(0). Only a repayment can leave something that is too small to be sent.
      type: str
      returned: when the options are valid
      sample: "0"
    since:
      description: Always V(none). Only a repayment has a goal since a time.
      type: dict
      returned: when the options are valid
      sample: {}
    sent_at_ms:
      description:
        - When the adjustment was signed and sent, in milliseconds since 1970 (UTC), by the exchange's clock as far as it is known.
          V(none) if none was sent.
      type: int
      returned: when the options are valid
      sample: 1728629785224
    evidence:
      description:
        - What the history, the collateral, and the Funding wallet showed about an adjustment without a clear answer. V(none) if there was none.
        - C(window_end_ms) is the end of the time window in which the exchange could accept the request. If the exchange accepted it without an ID, this is the
          time at which it did.
        - C(reads) is the number of reads, and C(exchange_time_ms) is the exchange's time of the last one. C(candidates) are the adjustments in the
          history that may be this one. C(reason) is the conclusion.
        - The balance and the movements of the wallet are V(none) if they were not needed or could not be read.
      type: dict
      returned: when the options are valid
      sample:
        sent_at_ms: 1728629785224
        window_end_ms: 1728629790224
        exchange_time_ms: 1728629801350
        collateral_before: "0.04"
        collateral_now: "0.05"
        wallet_before: "0.5"
        wallet_now: "0.49"
        wallet_moved: "0.01"
        candidates: ["1794318409405331968"]
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
from ansible_collections.treasury.bybit.plugins.module_utils._options.collateral import (
    COLLATERAL_RULES,
    collateral_argument_spec,
    parse_collateral_options,
)
from ansible_collections.treasury.bybit.plugins.module_utils._options.connection import connection_argument_spec

SPEC = Spec({**connection_argument_spec(), **collateral_argument_spec()}, COLLATERAL_RULES)


def run(module: Module, clock: Clock | None = None, parents: Parents | None = None) -> None:
    run_operation(module, parse_collateral_options, clock, parents)


def main(clock: Clock | None = None) -> None:
    run_as_process(SPEC, lambda module: run(module, clock))


if __name__ == "__main__":
    main()

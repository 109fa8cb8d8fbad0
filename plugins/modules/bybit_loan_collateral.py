#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bybit_loan_collateral
short_description: Add or take back the collateral of crypto loans on Bybit
version_added: 0.1.0
author:
  - The treasury.bybit contributors (!UNKNOWN)
description:
  - Adds collateral, or takes it back. O(order_id) is about the collateral of one legacy crypto loan, O(currency) about one coin of the
    account's collateral, which secures all its flexible and fixed loans. What is added leaves the Funding wallet, and what is taken back
    returns to it.
  - Supports declarative goals. O(max_ltv) adds what is missing to bring the LTV down to the given value. O(min_ltv) takes back what can be
    spared up to the given value. Nothing is sent if the goal is already reached.
  - Supports steps. O(add) and O(take_back) move an amount each time the task runs, and with O(reference) once, however often and wherever
    the task runs.
  - Reads the loan or the account first, and fails before anything is sent if it shows that the exchange would refuse the adjustment, for
    example because the Funding wallet holds less, because the exchange lets go of less, or because it accepts no more collateral on the whole platform
    (C(colRes) is 2). Check mode reports this, too. Then records an intent in O(journal), and sends the adjustment once. A request that may
    have reached the exchange is never sent again.
  - Without a clear answer (timeout, connection reset, truncated answer, server error), keeps checking the history of adjustments, the
    collateral and the Funding wallet, until it is known whether the adjustment was made. If that cannot be determined, the module fails with
    RV(outcome=unknown), and no run sends anything for this collateral until it is known, or O(acknowledge) names the intent.
  - A run that was killed or interrupted leaves its intent behind. The next run for the collateral first finds out what became of it.
  - For a legacy loan, uses the calls C(POST /v5/crypto-loan/adjust-ltv), C(GET /v5/crypto-loan/adjustment-history),
    C(GET /v5/crypto-loan/max-collateral-amount), C(GET /v5/crypto-loan/ongoing-orders), C(GET /v5/crypto-loan/borrow-history),
    C(GET /v5/crypto-loan/repayment-history), C(GET /v5/crypto-loan/collateral-data) and those below for the wallet and the key.
  - For the account, uses the calls C(POST /v5/crypto-loan-common/adjust-ltv), C(GET /v5/crypto-loan-common/adjustment-history),
    C(GET /v5/crypto-loan-common/max-collateral-amount), C(GET /v5/crypto-loan-common/collateral-data),
    C(GET /v5/crypto-loan-common/position), C(GET /v5/crypto-loan-flexible/repayment-history),
    C(GET /v5/crypto-loan-fixed/repayment-history), C(GET /v5/asset/transfer/query-account-coin-balance), C(GET /v5/asset/fundinghistory),
    C(GET /v5/user/query-api) and C(GET /v5/market/time).
extends_documentation_fragment:
  - treasury.bybit.attributes
  - treasury.bybit.attributes.operation_group
  - treasury.bybit.connection
  - treasury.bybit.journal
  - treasury.bybit.operation
notes:
  - It is safe to retry this module with C(until) and C(retries). A run that asks for the same as one that failed or was interrupted
    reports what that one sent, instead of sending it again.
  - With C(async), use O(reference), O(max_ltv) or O(min_ltv). The module cannot know whether anybody reads the result of a job, so a run with
    O(add) or O(take_back) alone moves the amount once more after a job whose result was lost.
  - Run it on one host (C(run_once)). A play on several hosts with the same account moves a step once for each host, unless they share
    O(journal) and the task has a O(reference).
  - The exchange does not show a status in the history of legacy loans, so an adjustment that is listed there is final. The history of the
    account's collateral has a status, which O(wait) waits for.
  - Prices move. A goal is reached at the prices at which the exchange showed the LTV.
attributes:
  check_mode:
    support: full
    details:
      - Reads the loan or the account and returns what the real run would return. Sends no POST request and writes nothing to O(journal).
      - Cannot foresee what only the exchange knows when it is asked to adjust, such as the balance of a Funding wallet that the key may
        not read.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(reference), O(max_ltv) or O(min_ltv), a second run changes nothing, as long as prices and debt stay the same.
      - With O(add) or O(take_back) alone, every run that does not continue one that failed or was interrupted moves the amount once more.
options:
  order_id:
    description:
      - The ID of the legacy loan order, as in C(GET /v5/crypto-loan/ongoing-orders) and on the exchange's site. Its collateral is in one
        coin.
      - Exactly one of O(order_id) and O(currency) is required.
    type: str
  currency:
    description:
      - The coin of the account's collateral, in capitals, such as V(BTC). It secures all flexible and fixed loans of the account together.
    type: str
  add:
    description:
      - How much collateral to add, in the coin of the collateral, from the Funding wallet.
      - Has no more decimal places than the exchange lists for the coin.
      - Exactly one of O(add), O(take_back), O(max_ltv) and O(min_ltv) is required.
    type: raw
  take_back:
    description:
      - How much collateral to take back to the Funding wallet, in the coin of the collateral. The LTV rises.
      - The module fails before it sends anything if the exchange lets go of less (C(max-collateral-amount)).
      - Has no more decimal places than the exchange lists for the coin.
    type: raw
  max_ltv:
    description:
      - Makes the goal declarative. Ensures that the LTV is at most this fraction, such as V("0.5"), by adding what is missing, rounded up to
        the decimal places that the exchange lists for the coin.
      - The LTV of a legacy loan is its own. That of the account includes all its flexible and fixed loans and all its collateral. What more
        of a coin counts follows from the exchange's tiers (C(collateral-data)); the module fails if they cannot be understood.
      - The exchange rounds the LTV, and does not document how. The module assumes the worst case, so it adds a little even if the displayed
        LTV is exactly O(max_ltv).
      - If the Funding wallet does not hold enough, the module fails before it sends anything, unless O(allow_partial) is set.
    type: raw
  min_ltv:
    description:
      - Makes the goal declarative. Takes back what can be spared, so that the LTV rises to this fraction, such as V("0.3"), and never past
        it. The amount is rounded down to the decimal places that the exchange lists for the coin.
      - If the exchange lets go of less (C(max-collateral-amount)), the module fails before it sends anything, unless O(allow_partial) is set.
      - An LTV that is only a little lower counts as reached, because the exchange shows it rounded.
    type: raw
seealso:
  - module: treasury.bybit.bybit_funding_transfer
    description: Tops up the Funding wallet before collateral is added.
  - module: treasury.bybit.bybit_loan_info
    description: Shows LTVs, and how far prices may fall.
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
- name: Add what is missing in BTC to keep the LTV of the account at or below 60 %, but no more than 0.5 BTC
  treasury.bybit.bybit_loan_collateral:
    environment: testnet
    currency: BTC
    max_ltv: "0.6"
    at_most: "0.5"

- name: Keep the LTV of a legacy loan at or below 40 %, or add as much as the Funding wallet holds
  treasury.bybit.bybit_loan_collateral:
    environment: testnet
    order_id: "1794267532472646144"
    max_ltv: "0.4"
    allow_partial: true

- name: Take back the BTC that the account can spare below an LTV of 30 %, or as much of it as the exchange lets go
  treasury.bybit.bybit_loan_collateral:
    environment: testnet
    currency: BTC
    min_ltv: "0.3"
    allow_partial: true

- name: Add 0.001 BTC to a legacy loan once
  treasury.bybit.bybit_loan_collateral:
    environment: testnet
    order_id: "1794267532472646144"
    add: "0.001"
    reference: resolution 2026-32

- name: Take back 0.001 BTC of a legacy loan once
  treasury.bybit.bybit_loan_collateral:
    environment: testnet
    order_id: "1794267532472646144"
    take_back: "0.001"
    reference: resolution 2026-33

- name: Stay out of liquidation
  module_defaults:
    group/treasury.bybit.bybit:
      api_key: "{{ vault_bybit_api_key }}"
      api_secret: "{{ vault_bybit_api_secret }}"
      environment: testnet
  block:
    - name: Have at least 500 USDT in the Funding wallet
      treasury.bybit.bybit_funding_transfer:
        coin: USDT
        ensure: "500"

    - name: Add BTC until the LTV is at most 70 %
      treasury.bybit.bybit_loan_collateral:
        currency: BTC
        max_ltv: "0.7"
        allow_partial: true

    - name: Repay USDT if that was not enough, with at most 500 USDT
      treasury.bybit.bybit_flexible_loan_repay:
        loan_currency: USDT
        max_ltv: "0.7"
        at_most: "500"
        allow_partial: true
"""

RETURN = r"""
msg:
  description: A summary of what happened. On failure, what went wrong and what to do about it.
  returned: always
  type: str
  sample: "Added 0.01 BTC to the collateral of loan 1794267532472646144 (adjustment 1794318409405331968). Collateral before: 0.04, now: 0.05."
outcome:
  description:
    - V(executed) means that the adjustment was made, and that the exchange reports it as final. If an earlier run made it under the same
      O(reference), C(changed) is V(false) and RV(adjustments) is empty.
    - V(pending) means that the exchange accepted the adjustment, but does not report it as final yet. O(wait) was V(false), or
      O(wait_timeout) expired.
    - V(nothing_to_do) means that the goal was reached before, or that O(acknowledge) was processed.
    - V(planned) means that the adjustment would be made; check mode only. If an earlier run left the same adjustment open, check mode
      reports the outcome of that one instead.
    - V(not_executed) means that the task failed and nothing was moved, according to every source that could be read. The next run
      decides again.
    - V(unknown) means that the task failed and the adjustment may have been made. Nothing is sent for this collateral until the outcome is
      known. RV(msg) says how to proceed, and RV(details) what was found.
    - A task that fails after it has moved part of its goal returns V(executed) or V(pending) with RV(adjustments), and C(changed) is
      V(true).
  returned: always, unless Ansible itself refuses the options or a Python library is missing
  type: str
  sample: executed
move:
  description:
    - What was done, would be done in check mode, or is in doubt. V(add) or V(take_back).
  returned: when the options are valid
  type: str
  sample: add
adjust_id:
  description:
    - The exchange's ID of the adjustment, as text; V(none) if there is none.
    - An adjustment that was accepted and then failed on the exchange also has an ID, with RV(outcome=not_executed).
  returned: when the options are valid
  type: str
  sample: "1794318409405331968"
order_id:
  description: The ID of the loan order; V(none) for the collateral of the account.
  returned: when the options are valid
  type: str
  sample: "1794267532472646144"
currency:
  description: The coin of the account's collateral; V(none) if O(order_id) names a loan.
  returned: when the options are valid
  type: str
  sample: BTC
amount:
  description:
    - The amount that was moved, would be moved in check mode, or is in doubt, as a decimal string in the coin of the collateral. The sum of
      RV(adjustments), if there are any.
    - V(0) if there is nothing to do.
  returned: when the options are valid
  type: str
  sample: "0.01"
goal_reached:
  description:
    - Whether the goal is reached.
    - V(false) if O(allow_partial) moved only a part. A warning says so.
    - V(none) if nothing was decided, because an earlier run's adjustment already satisfies this task, or because the task failed.
  returned: when the options are valid
  type: bool
  sample: true
adjustments:
  description:
    - The adjustments that were made, even if the task failed after them. One that an earlier run made for the same goal and could
      not report comes first.
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
      description: The exchange's ID of the adjustment, as text; V(none) if there is none.
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
      description: The ID of the intent that was recorded in O(journal) before the request was sent.
      type: str
      returned: always
      sample: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
collateral:
  description:
    - The collateral before and after. C(ltv) is that of the loan, or of the account, and V(none) if the exchange does not show it.
    - C(product) and C(id) are V(none) for the collateral of the account.
  returned: when the options are valid
  type: dict
  contains:
    before:
      description: The collateral before anything was sent; V(none) if it is not known, or if an earlier run sent the adjustment.
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
        - The collateral after the adjustment, or the forecast of check mode; V(none) if it could not be read, or if the outcome is unknown.
        - A forecast LTV can be off in its last digit, because the LTV before is rounded.
      type: dict
      returned: always
      sample:
        product: legacy
        id: "1794267532472646144"
        coin: BTC
        collateral_amount: "0.05"
        ltv: "0.3335"
diff:
  description: Collateral and LTV before and after, one line each. The header of C(after) shows how the amount was calculated.
  returned: success, in diff mode
  type: dict
  sample:
    before_header: loan 1794267532472646144
    after_header: "LTV 0.4168 → 0.3335, collateral 0.04 → 0.05 BTC, add 0.01"
    before: "collateral 0.04 BTC  LTV 0.4168\\n"
    after: "collateral 0.05 BTC  LTV 0.3335\\n"
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
    ret_code: 177011
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
        - The adjustments of earlier runs for this collateral that were interrupted before they reported the outcome. The outcome can also
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
        - Whether RV(adjust_id) is not from a clear answer to this run, but was found in the history afterwards, or belongs to an
          earlier run that was asked for the same and did not report it.
      type: bool
      returned: when the options are valid
      sample: false
    inferred:
      description: Whether only the exchange's history shows the adjustment, because the answer was lost or had no ID.
      type: bool
      returned: when the options are valid
      sample: false
    decision:
      description: How the amount was calculated, also if it was then refused; V(none) if there was nothing to move or to decide.
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
        - When the adjustment was signed and sent, in milliseconds since 1970 (UTC), by the exchange's clock as far as it is known;
          V(none) if none was sent.
      type: int
      returned: when the options are valid
      sample: 1728629785224
    evidence:
      description:
        - What history, collateral and Funding wallet showed about an adjustment without a clear answer; V(none) if there was none.
        - The exchange could accept the request until C(window_end_ms), or accepted it then without an ID.
        - C(exchange_time_ms) is the exchange's time of the last of C(reads) reads; C(candidates) are the adjustments in the history
          that may be this one; C(reason) is the conclusion.
        - The wallet's balance and movements are V(none) where they were not needed or could not be read.
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

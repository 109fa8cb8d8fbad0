#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bybit_funding_transfer
short_description: Transfer money between the UNIFIED and the Funding wallet on Bybit
version_added: 0.1.0
author:
  - The treasury.bybit contributors (!UNKNOWN)
description:
  - Transfers a coin between the UNIFIED wallet and the Funding wallet of one account, in either direction. Crypto loans are repaid, and their
    collateral is added, from the Funding wallet.
  - Supports a goal. O(ensure) transfers what the Funding wallet lacks from the UNIFIED wallet. If it holds enough, nothing is sent.
  - Supports steps. O(amount) is transferred each time the task runs. With O(reference), it is transferred once, no matter how often and on which
    controller the task runs.
  - Reads the wallets first, and fails before anything is sent if it can tell that the exchange would refuse the transfer. Then records an intent in
    O(journal) and sends the transfer once. A request that may have reached the exchange is not sent again before its outcome is known.
  - The ID of the intent is also the ID of the transfer, and is recorded before the transfer is sent. If the answer is not clear (timeout,
    connection reset, truncated answer, server error), the module asks the exchange for the transfer with this ID until it is known whether
    the transfer was made. If the outcome stays unknown, the module fails with RV(outcome=unknown). No run sends anything for this coin until the
    outcome is known or O(acknowledge) names the intent.
  - A run that was killed or interrupted leaves its intent open. The next run for the coin first finds out what became of the transfer.
  - Uses the calls C(POST /v5/asset/transfer/inter-transfer), C(GET /v5/asset/transfer/query-inter-transfer-list),
    C(GET /v5/asset/transfer/query-account-coin-balance), C(GET /v5/asset/fundinghistory), C(GET /v5/account/withdrawal),
    C(GET /v5/crypto-loan-common/loanable-data), C(GET /v5/user/query-api), and C(GET /v5/market/time).
extends_documentation_fragment:
  - treasury.bybit.attributes
  - treasury.bybit.attributes.operation_group
  - treasury.bybit.connection
  - treasury.bybit.journal
  - treasury.bybit.operation
  - treasury.bybit.waiting
notes:
  - O(api_key) needs the permission C(Account transfer), which the API lists as C(AccountTransfer) under C(Wallet). Without it, the module fails before it sends
    anything, even in check mode.
  - The exchange accepts 60 transfers per minute.
  - It is safe to retry this module with C(until) and C(retries). If a failed or interrupted run sent a transfer that was
    executed, the next run with the same goal or step reports this transfer instead of sending it again.
  - With C(async), use O(reference) or O(ensure). The module cannot know whether anybody reads the result of a job, so after a job whose result was
    lost, a run with O(amount) alone transfers the amount again.
  - For each account, run this module on one host only. A play on several hosts with the same account transfers O(amount) once for each host, unless the hosts
    share O(journal) and the task has a O(reference).
  - This module never moves money to another account. The API key does not need a permission to withdraw.
attributes:
  check_mode:
    support: full
    details:
      - Reads the wallets and returns what a real run would return. Sends no POST request and writes nothing to O(journal).
      - Cannot predict what only the exchange can check, such as the balance of a wallet that the key is not allowed to read.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(reference), a second run changes nothing. With O(ensure), this is true as long as nobody takes money from the Funding wallet.
      - With O(amount) alone, each run transfers O(amount) again, unless it continues a run that failed or was interrupted.
options:
  coin:
    description:
      - The coin to transfer, in capitals, such as V(USDT).
    type: str
    required: true
  amount:
    description:
      - How much to transfer from O(from_account_type) to O(to_account_type).
      - Exactly one of O(amount) and O(ensure) is required.
    type: raw
  ensure:
    description:
      - A goal. Ensures that the Funding wallet holds at least this much. What is missing comes from the UNIFIED wallet. The amount is rounded up to
        the decimal places that the exchange lists for loans of the coin, or to 8.
      - The exchange may show a balance late. The module relies on a balance only if it agrees with the ledger of the wallet.
      - If the UNIFIED wallet does not have enough to transfer, the module fails before it sends anything, unless O(allow_partial) is set.
      - Only possible in the direction from V(UNIFIED) to V(FUND), which is the default.
    type: raw
  from_account_type:
    description:
      - The wallet from which to transfer. V(FUND) is the Funding wallet.
      - Must differ from O(to_account_type).
    type: str
    choices:
      - UNIFIED
      - FUND
    default: UNIFIED
  to_account_type:
    description:
      - The wallet to which to transfer.
    type: str
    choices:
      - UNIFIED
      - FUND
    default: FUND
seealso:
  - module: treasury.bybit.bybit_loan_collateral
  - module: treasury.bybit.bybit_loan_repay
  - module: treasury.bybit.bybit_flexible_loan_repay
  - module: treasury.bybit.bybit_fixed_loan_repay
  - name: Create an internal transfer
    description: The exchange's documentation of this call.
    link: https://bybit-exchange.github.io/docs/v5/asset/transfer/create-inter-transfer
"""

EXAMPLES = r"""
---
- name: Ensure that the Funding wallet holds at least 500 USDT
  treasury.bybit.bybit_funding_transfer:
    environment: testnet
    coin: USDT
    ensure: "500"

- name: Ensure the same, or transfer as much as possible, but never more than 200 USDT at once
  treasury.bybit.bybit_funding_transfer:
    environment: testnet
    coin: USDT
    ensure: "500"
    at_most: "200"
    allow_partial: true

- name: Transfer 100 USDT to the Funding wallet once, no matter how often this task runs
  treasury.bybit.bybit_funding_transfer:
    environment: testnet
    coin: USDT
    amount: "100"
    reference: resolution 2026-34

- name: Transfer 100 USDT back to the UNIFIED wallet each time this task runs
  treasury.bybit.bybit_funding_transfer:
    environment: testnet
    coin: USDT
    amount: "100"
    from_account_type: FUND
    to_account_type: UNIFIED

- name: Repay an installment with money from the UNIFIED wallet
  module_defaults:
    group/treasury.bybit.bybit:
      api_key: "{{ vault_bybit_api_key }}"
      api_secret: "{{ vault_bybit_api_secret }}"
      environment: testnet
  block:
    - name: Ensure that the Funding wallet holds the installment
      treasury.bybit.bybit_funding_transfer:
        coin: USDT
        ensure: "250.5"

    - name: Ensure that at least 250.5 USDT is repaid in November
      treasury.bybit.bybit_loan_repay:
        order_id: "1794267532472646144"
        amount: "250.5"
        since: "2026-11-01"
"""

RETURN = r"""
msg:
  description: A summary of what happened. On failure, what went wrong, and what to do about it.
  returned: always
  type: str
  sample: "Transferred 500 USDT to the Funding wallet (transfer 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f)."
outcome:
  description:
    - V(executed) means that the transfer was made, and that the exchange reports it as final. If an earlier run made it with the same
      O(reference), C(changed) is V(false) and RV(transfers) is empty.
    - V(pending) means that the exchange accepted the transfer, but does not report it as final yet, because O(wait) is V(false) or
      O(wait_timeout) expired.
    - V(nothing_to_do) means that the goal was already reached, or that O(acknowledge) was processed.
    - V(planned) means that a run without check mode would make the transfer. If an earlier run left an intent for the same transfer open, check
      mode returns the outcome of that intent instead.
    - V(not_executed) means that the task failed and nothing was transferred, according to all sources that could be read. The next run
      decides again.
    - V(unknown) means that the task failed and the transfer may have been made. No run sends anything for this coin until the outcome is
      known. RV(msg) says how to proceed, and RV(details) says what was found.
    - A task that fails after it has transferred part of the amount returns V(executed) or V(pending) with RV(transfers), and C(changed) is
      V(true).
  returned: always, unless Ansible itself refuses the options or a Python library is missing
  type: str
  sample: executed
move:
  description:
    - What was done. In check mode, what would be done. If the outcome is unknown, what may have been done.
    - V(to_fund) or V(to_unified).
  returned: when the options are valid
  type: str
  sample: to_fund
transfer_id:
  description:
    - The ID of the transfer at the exchange, which is also the ID of the intent. V(none) if there is none.
    - A transfer that the exchange accepted and that then failed also has an ID, with RV(outcome=not_executed).
  returned: when the options are valid
  type: str
  sample: "6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f"
coin:
  description: The coin that is transferred.
  returned: when the options are valid
  type: str
  sample: USDT
amount:
  description:
    - The amount that was transferred, as a decimal string in O(coin). In check mode, the amount that would be transferred. If the outcome is
      unknown, the amount that may have been transferred.
    - If RV(transfers) is not empty, this is their sum.
    - V(0) if there is nothing to do.
  returned: when the options are valid
  type: str
  sample: "500"
goal_reached:
  description:
    - Whether the goal is reached.
    - V(false) if O(allow_partial) moved only part of the amount. A warning says so.
    - V(none) if the task failed, or if nothing was decided because a transfer of an earlier run already satisfies this task.
  returned: when the options are valid
  type: bool
  sample: true
transfers:
  description:
    - The transfers that were made, even if the task failed afterward. A transfer that an earlier run made for the same goal but did not
      report comes first.
  returned: when the options are valid
  type: list
  elements: dict
  contains:
    move:
      description: V(to_fund) or V(to_unified).
      type: str
      returned: always
      sample: to_fund
    transfer_id:
      description: The ID of the transfer at the exchange, which is also the ID of the intent. V(none) if there is none.
      type: str
      returned: always
      sample: "6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f"
    amount:
      description: The amount, in O(coin).
      type: str
      returned: always
      sample: "500"
    coin:
      description: The coin.
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
wallets:
  description:
    - The balances of the coin before and after. C(funding) is the balance of the Funding wallet. C(unified) is the amount that can be transferred
      from the UNIFIED wallet. Each is V(none) if it was not needed or could not be read.
  returned: when the options are valid
  type: dict
  contains:
    before:
      description: The wallets before anything was sent. V(none) if this is not known, or if an earlier run sent the transfer.
      type: dict
      returned: always
      sample:
        coin: USDT
        funding: "23.75"
        unified: "2000"
    after:
      description: The wallets after the transfer, or the prediction of check mode. V(none) if they could not be read, or if the outcome is unknown.
      type: dict
      returned: always
      sample:
        coin: USDT
        funding: "523.75"
        unified: "1500"
diff:
  description: Both wallets before and after, in one line each. C(after_header) shows how the amount was calculated.
  returned: success, in diff mode
  type: dict
  sample:
    before_header: the Funding wallet
    after_header: "Funding 23.75 → 523.75, transfer 500"
    before: "Funding  23.75 USDT  UNIFIED 2000\\n"
    after: "Funding 523.75 USDT  UNIFIED 1500\\n"
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
    ret_code: 131212
    ret_msg: Insufficient balance
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
        - The transfers of earlier runs for this coin that were interrupted before they reported the outcome. C(outcome) can also
          be V(not_executed), or V(unknown) if O(acknowledge) names the intent.
      type: list
      elements: dict
      returned: when the options are valid
      sample:
        - intent: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
          amount: "500"
          coin: USDT
          move: to_fund
          outcome: executed
          transfer_id: "6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f"
          sent_at_ms: 1728629785224
    recovered:
      description:
        - Whether the module had to look for the transfer. V(true) if it found RV(transfer_id) in the history after an unclear answer, or if an earlier run
          with the same goal or step sent the transfer but did not report it.
      type: bool
      returned: when the options are valid
      sample: false
    inferred:
      description: Whether only the exchange's history shows the transfer, because the answer was lost or contained no ID.
      type: bool
      returned: when the options are valid
      sample: false
    decision:
      description: How the amount was calculated, even if it was then refused. V(none) if there was nothing to transfer or to decide.
      type: str
      returned: when the options are valid
      sample: Funding 23.75 → 523.75, transfer 500
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
        - When the transfer was signed and sent, in milliseconds since 1970 (UTC), by the exchange's clock as far as it is known.
          V(none) if none was sent.
      type: int
      returned: when the options are valid
      sample: 1728629785224
    evidence:
      description:
        - What the exchange's list of transfers and the Funding wallet showed about a transfer without a clear answer. V(none) if there was none.
        - C(window_end_ms) is the end of the time window in which the exchange could accept the request. If the exchange accepted it without an ID, this is the
          time at which it did.
        - C(reads) is the number of reads, and C(exchange_time_ms) is the exchange's time of the last one. C(candidates) are the transfers in the
          history that may be this one. C(reason) is the conclusion.
        - C(balance_before) and C(balance_now) are always V(none), because others can change the balance of a wallet. The balance and the
          movements of the wallet are V(none) if they were not needed or could not be read.
      type: dict
      returned: when the options are valid
      sample:
        sent_at_ms: 1728629785224
        window_end_ms: 1728629790224
        exchange_time_ms: 1728629801350
        balance_before: null
        balance_now: null
        wallet_before: "23.75"
        wallet_now: "523.75"
        wallet_moved: "500"
        candidates: ["6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f"]
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
from ansible_collections.treasury.bybit.plugins.module_utils._options.transfer import (
    TRANSFER_RULES,
    parse_transfer_options,
    transfer_argument_spec,
)

SPEC = Spec({**connection_argument_spec(), **transfer_argument_spec()}, TRANSFER_RULES)


def run(module: Module, clock: Clock | None = None, parents: Parents | None = None) -> None:
    run_operation(module, parse_transfer_options, clock, parents)


def main(clock: Clock | None = None) -> None:
    run_as_process(SPEC, lambda module: run(module, clock))


if __name__ == "__main__":
    main()

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
  - Repays an amount of one legacy crypto loan, fully or in part, from the Funding wallet. Interest that is due is paid first,
    then the loaned amount. The collateral comes back with the repayment that closes the loan.
  - The loan is read first, and what the exchange would refuse is refused before anything is paid. Then the repayment is sent
    once. A request that may have reached the exchange is never sent again by the module.
  - When no clear answer comes (time-out, reset connection, truncated answer, server error), the module fails with
    RV(outcome=unknown) and says how to find out whether the money went.
  - Uses the calls C(POST /v5/crypto-loan/repay), C(GET /v5/crypto-loan/ongoing-orders),
    C(GET /v5/crypto-loan/borrow-history), C(GET /v5/crypto-loan/loanable-data) and C(GET /v5/market/time).
extends_documentation_fragment:
  - treasury.bybit.attributes
  - treasury.bybit.connection
notes:
  - Do not put C(until) and C(retries) around a task with this module, and run it on one host (C(run_once)), because every run
    repays once more.
  - A task that Ansible itself breaks off, by C(timeout), C(async) or an interruption, ends without RV(outcome), and the repayment
    may have been made. O(api_timeout) is the way to limit how long the module waits, for each part of an answer.
attributes:
  check_mode:
    support: full
    details:
      - Reads the loan and answers as the real run would; sends no POST.
      - What only the exchange knows when it is asked to pay, such as the balance of the Funding wallet, is not foreseen.
  diff_mode:
    support: full
  idempotent:
    support: none
    details:
      - Every run repays O(amount) once more, until the loan is repaid. A loan that is already repaid is not changed.
options:
  order_id:
    description:
      - The id of the loan order, as C(GET /v5/crypto-loan/ongoing-orders) and the exchange's site show it.
    type: str
    required: true
  amount:
    description:
      - How much to repay, in the coin of the loan.
      - Write it as a quoted decimal number, such as V("100.5"). An integer is fine too.
      - Unquoted, YAML makes a floating-point number of it; that is accepted only when it has at most 15 significant digits, so
        that it is exact. It is always sent as a plain decimal number, without exponent.
      - YAML reads an unquoted V(0100) as octal and V(1_000) as a thousand, and drops what a floating-point number cannot hold,
        before the module sees them. Quotes avoid all that.
      - At most 18 digits before and 18 after the point, and not more decimal places than the coin allows.
    type: raw
    required: true
seealso:
  - name: Repay a legacy crypto loan
    description: The exchange's documentation of the call.
    link: https://bybit-exchange.github.io/docs/v5/crypto-loan/repay
"""

EXAMPLES = r"""
---
- name: Repay 100 of a loan on the testnet, with the key in BYBIT_API_KEY and BYBIT_API_SECRET
  treasury.bybit.bybit_loan_repay:
    environment: testnet
    order_id: "1794267532472646144"
    amount: "100"

- name: Repay with the connection options given once for all tasks
  module_defaults:
    group/treasury.bybit.bybit:
      api_key: "{{ vault_bybit_api_key }}"
      api_secret: "{{ vault_bybit_api_secret }}"
      environment: mainnet
  block:
    - name: Repay 250.5 of the loan
      treasury.bybit.bybit_loan_repay:
        order_id: "1794267532472646144"
        amount: "250.5"
      register: repayment

    - name: Show what happened
      ansible.builtin.debug:
        msg: "{{ repayment.msg }}"

- name: Repay with a self-generated RSA key, on a regional host
  treasury.bybit.bybit_loan_repay:
    api_url: https://api.bybit.eu
    api_key: "{{ vault_bybit_api_key }}"
    rsa_private_key: /etc/treasury/bybit.pem
    order_id: "1794267532472646144"
    amount: "250.5"
"""

RETURN = r"""
msg:
  description: What happened, in a sentence; on failure what is wrong, which option, and what to do.
  returned: always
  type: str
  sample: "Repaid 100 USDT on loan 1794267532472646144 (repayment 1794271131730737664). Debt before: 1000.4, now: 900.4."
outcome:
  description:
    - V(accepted), the exchange accepted the repayment. It may still be processing it.
    - V(nothing_to_do), the loan is already closed.
    - V(planned), check mode only, the repayment would be made.
    - V(not_executed), failed, and nothing was paid.
    - V(unknown), failed, and the repayment may have been made. Find out before you run it again.
  returned: always, unless Ansible itself refuses the options or a Python library is missing
  type: str
  sample: accepted
repay_id:
  description: The exchange's id of the repayment; V(none) when there is none.
  returned: when the options are usable
  type: str
  sample: "1794271131730737664"
order_id:
  description: The id of the loan order.
  returned: when the options are usable
  type: str
  sample: "1794267532472646144"
amount:
  description: The amount as sent to the exchange, a plain decimal number.
  returned: when the options are usable
  type: str
  sample: "100"
loan:
  description: The loan before and after, as decimal strings in the loan's coin.
  returned: when the options are usable
  type: dict
  contains:
    before:
      description: The loan as read before anything was sent; V(none) when it is not known.
      type: dict
      returned: when the options are usable
      contains: &loan
        order_id:
          description: The id of the loan order.
          type: str
          returned: when the loan is known
          sample: "1794267532472646144"
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
        collateral_coin:
          description: The coin of the collateral.
          type: str
          returned: when the loan is known
          sample: BTC
        collateral_amount:
          description: The collateral that is held, in its own coin.
          type: str
          returned: when the loan is known
          sample: "0.04"
        ltv:
          description: Debt divided by collateral, as a fraction which the exchange rounds to four places; V(none) without debt.
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
sent_at_ms:
  description: When the repayment was signed and sent (UTC, milliseconds since 1970, by the exchange's clock as far as known);
    V(none) when none was sent.
  returned: when the options are usable
  type: int
  sample: 1728629785224
gate_retries:
  description: How often the exchange turned a request away at its gate, so that it was sent again without danger.
  returned: when the options are usable
  type: dict
  contains:
    clock_syncs:
      description: How often the exchange's clock was read because it refused a timestamp; at most one.
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
      sample: 177011
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
diff:
  description: Debt and LTV before and after.
  returned: success, in diff mode
  type: dict
  sample:
    before:
      order_id: "1794267532472646144"
      coin: USDT
      debt: "1000.4"
      ltv: "0.4168"
    after:
      order_id: "1794267532472646144"
      coin: USDT
      debt: "900.4"
      ltv: "0.3752"
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.treasury.bybit.plugins.module_utils._connection import connection_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._module import run_repayment


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            "order_id": {"type": "str", "required": True},
            "amount": {"type": "raw", "required": True},
        },
        supports_check_mode=True,
    )
    run_repayment(module)


if __name__ == "__main__":
    main()

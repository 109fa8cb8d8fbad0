#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bybit_journal_info
short_description: Query, verify, and export the journal
version_added: 0.1.0
author:
  - The treasury.bybit contributors (!UNKNOWN)
description:
  - Returns the audit trail that the modules of this collection write when they repay, adjust collateral, or transfer between wallets. There is one
    entry for each change of state of an operation, with the time, the user, the machine, the goal, the IDs, and the reason. The modules never
    change or delete an entry.
  - Also returns the open intents, which are operations whose outcome no run has reported yet.
  - You can combine filters. An entry is returned if it matches all of them. Without filters, the whole audit trail is returned.
  - Only reads O(journal) and sends nothing to the exchange, so it needs no API key. Runs can write to the journal at the same time.
extends_documentation_fragment:
  - treasury.bybit.attributes
  - treasury.bybit.attributes.journal_group
  - treasury.bybit.journal.reading
options:
  realm:
    description:
      - Selects only accounts of this environment, which is V(mainnet), V(testnet), or another host with its port.
    type: str
  account:
    description:
      - Selects only the account with this user ID.
    type: str
  product:
    description:
      - Selects only this kind of target. V(legacy), V(flexible), and V(fixed) select repayments of such loans, V(order_collateral) selects the collateral of
        legacy loans, V(account_collateral) that of the account, and V(wallets) selects transfers.
    type: str
    choices:
      - legacy
      - flexible
      - fixed
      - order_collateral
      - account_collateral
      - wallets
  loan:
    description:
      - Selects only this loan, which is the order ID of a legacy loan, the coin of a flexible loan, or the ID of a fixed contract. If all fixed
        contracts in a coin were repaid at once, this is the coin.
      - For the collateral of a legacy loan, this is the order ID. For the collateral of the account and for transfers, it is the coin.
    type: str
  move:
    description:
      - Selects only these kinds of operations. By default, all of them.
      - V(repay) is a repayment. V(add) and V(take_back) are adjustments of collateral. V(to_fund) is a transfer to the Funding wallet, and
        V(to_unified) is a transfer to the UNIFIED wallet.
    type: list
    elements: str
    choices:
      - repay
      - add
      - take_back
      - to_fund
      - to_unified
  reference:
    description:
      - Selects only steps with this reference. Same format as O(treasury.bybit.bybit_loan_repay#module:reference).
    type: str
  event:
    description:
      - Selects only changes to one of these states. By default, all of them.
    type: list
    elements: str
    choices:
      - intended
      - signed
      - accepted
      - executed
      - not_executed
      - unknown
      - acknowledged
      - recovered
  since:
    description:
      - Selects only entries that were written at this time or later, by the clock of the machine that wrote them.
      - An ISO 8601 date, which means its start in UTC, such as V(2026-11-01), or a time with a time zone, such as
        V(2026-11-01T09:00:00+01:00).
    type: str
  until:
    description:
      - Selects only entries that were written before this time. Same format as O(since). V(2026-12-01) is the end of November.
    type: str
  verify:
    description:
      - Whether to verify the whole audit trail of each account that matches O(realm) and O(account). The other filters do not matter. If an entry
        was changed, removed, or inserted, the module fails and names the first such entry.
      - The module also fails if no audit trail matches, so that a misspelled option is not mistaken for a verified journal. This includes a
        journal without entries.
      - Each entry contains the SHA-256 hash of the entry before. Somebody who can write to the whole database can calculate all hashes again, and
        verification does not detect this. So keep RV(chains[].hash) in another place, for example in the log of CI, and compare it.
    type: bool
    default: false
  format:
    description:
      - Also returns the entries as RV(text), either as comma-separated values (V(csv)) or as transactions for the accounting program Beancount
        (V(beancount)).
      - For Beancount, there is one transaction for each V(executed) entry. Its date is that of RV(entries[].sent_at_ms), while O(since) and
        O(until) select by RV(entries[].time_ms), so check the first and the last day of a period.
      - Pending operations are not included in the transactions.
      - Repayments reduce C(Liabilities). Adjustments of collateral and transfers are booked between C(Assets), which are C(Funding), C(Unified), and
        C(Collateral) of each account. The collateral of a legacy loan has its own account below C(Collateral).
      - For a repayment from collateral, the posting of C(Collateral) is in the coin of the loan. Replace it with the coins that were sold.
    type: str
    choices:
      - csv
      - beancount
attributes:
  check_mode:
    support: full
    details:
      - The module only reads, so check mode makes no difference.
  diff_mode:
    support: N/A
    details:
      - The module changes nothing.
  idempotent:
    support: full
seealso:
  - module: treasury.bybit.bybit_loan_repayment_info
    description: Lists the repayments in the exchange's history, no matter who made them.
  - module: treasury.bybit.bybit_loan_repay
  - module: treasury.bybit.bybit_flexible_loan_repay
  - module: treasury.bybit.bybit_fixed_loan_repay
  - module: treasury.bybit.bybit_loan_collateral
  - module: treasury.bybit.bybit_funding_transfer
"""

EXAMPLES = r"""
---
- name: Find out whether an invoice was paid
  treasury.bybit.bybit_journal_info:
    reference: invoice 2026-0711
  register: invoice

- name: List the collateral that was added or taken back
  treasury.bybit.bybit_journal_info:
    move:
      - add
      - take_back
    event:
      - executed
  register: collateral

- name: Fail if an intent is still open
  treasury.bybit.bybit_journal_info:
  register: journal
  failed_when: journal is failed or journal.open_intents | length > 0

- name: Verify the audit trail
  treasury.bybit.bybit_journal_info:
    verify: true
  register: journal

- name: Export November for accounting
  treasury.bybit.bybit_journal_info:
    since: "2026-11-01"
    until: "2026-12-01"
    format: beancount
  register: november

- name: Write the export to a file
  ansible.builtin.copy:
    content: "{{ november.text }}"
    dest: ./november.beancount
    mode: "0600"
"""

RETURN = r"""
entries:
  description:
    - The matching entries of the audit trail, oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    number:
      description: The position of the entry in the audit trail of its account, from 1.
      type: int
      returned: always
      sample: 3
    time_ms:
      description: When the entry was written, in milliseconds since 1970 (UTC), by the clock of the machine that wrote it.
      type: int
      returned: always
      sample: 1795777200000
    realm:
      description: The environment of the account, such as V(mainnet).
      type: str
      returned: always
      sample: mainnet
    account:
      description: The user ID of the account.
      type: str
      returned: always
      sample: "533285"
    product:
      description: The kind of target, as in O(product).
      type: str
      returned: always
      sample: legacy
    loan:
      description: The loan or coin, as in O(loan).
      type: str
      returned: always
      sample: "1794267532472646144"
    move:
      description: The kind of operation, as in O(move).
      type: str
      returned: always
      sample: repay
    event:
      description:
        - The new state of the operation.
        - V(intended) and V(signed) are recorded before the request is sent. V(accepted) means that the exchange accepted it. V(executed)
          and V(not_executed) are final. V(unknown) means that a run ended without knowing the outcome. V(recovered) means that a later run
          found out the outcome. V(acknowledged) means that the user acknowledged the intent.
      type: str
      returned: always
      sample: executed
    reason:
      description: Why the state changed, in words.
      type: str
      returned: always
      sample: the history shows it as final
    intent:
      description: The ID of the intent, which all entries of one operation share.
      type: str
      returned: always
      sample: 6f7e9a52-7d7e-4b0f-a9c5-3b1f4c7f2a10
    amount:
      description: The amount of the operation.
      type: str
      returned: always
      sample: "100"
    coin:
      description: The coin of C(amount).
      type: str
      returned: always
      sample: USDT
    principal:
      description:
        - How much of the principal the repayment paid, with RV(entries[].event=executed). V(none) if this does not follow from what the exchange
          showed of the loan before and after, for example because somebody repaid or borrowed at the same time, or because the loan was closed.
        - Always V(none) if the operation is not a repayment.
      type: str
      returned: always
      sample: "99.6"
    interest:
      description: The same for interest and penalty interest.
      type: str
      returned: always
      sample: "0.4"
    goal:
      description:
        - The goal or step of the run, with C(move), C(amount), C(since_ms), C(max_debt), C(max_ltv), C(min_ltv), C(ensure), and C(collateral), which lists the
          coins to sell.
      type: dict
      returned: always
      sample:
        move: repay
        amount: "100"
        since_ms:
        max_debt:
        max_ltv:
        min_ltv:
        ensure:
        collateral: []
    reference:
      description: The reference. V(none) without one.
      type: str
      returned: always
      sample: invoice 2026-0711
    repay_id:
      description: The exchange's ID of the repayment, the adjustment, or the transfer. V(none) as long as it is not known.
      type: str
      returned: always
      sample: "1794271131730737664"
    sent_at_ms:
      description: The timestamp of the request, in milliseconds since 1970 (UTC).
      type: int
      returned: always
      sample: 1795777199000
    actor:
      description:
        - The C(user), the C(controller), and the C(process) that wrote the entry, and the C(awx_job) if it was a job of AWX.
        - This is what the machine that ran the module reports about itself. It is not an authenticated identity.
      type: dict
      returned: always
      sample:
        user: treasury
        controller: ctl1
        process: 4711
    previous:
      description: The hash of the entry before. 64 zeros for the first entry.
      type: str
      returned: always
      sample: "0000000000000000000000000000000000000000000000000000000000000000"
    hash:
      description:
        - The SHA-256 hash of this entry, in hexadecimal. It is the hash of all other fields, written as JSON with sorted keys, without white space,
          and with non-ASCII characters escaped as C(\uXXXX).
      type: str
      returned: always
      sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
open_intents:
  description:
    - The operations whose outcome no run has reported yet, including those of runs in progress, in the order in which they were sent. The
      next run for the same loan, collateral, or coin finds out what became of them.
    - Operations that were accepted and reported as pending are not listed.
    - O(since), O(until), and O(event) do not apply.
  returned: success
  type: list
  elements: dict
  contains:
    intent:
      description: The ID of the intent.
      type: str
      returned: always
      sample: 6f7e9a52-7d7e-4b0f-a9c5-3b1f4c7f2a10
    realm:
      description: The environment of the account.
      type: str
      returned: always
      sample: mainnet
    account:
      description: The user ID of the account.
      type: str
      returned: always
      sample: "533285"
    product:
      description: The kind of target, as in O(product).
      type: str
      returned: always
      sample: legacy
    loan:
      description: The loan or coin, as in O(loan).
      type: str
      returned: always
      sample: "1794267532472646144"
    move:
      description: The kind of operation, as in O(move).
      type: str
      returned: always
      sample: repay
    amount:
      description: The amount.
      type: str
      returned: always
      sample: "100"
    coin:
      description: The coin of C(amount).
      type: str
      returned: always
      sample: USDT
    outcome:
      description: The latest state, as in RV(entries[].event).
      type: str
      returned: always
      sample: unknown
    reference:
      description: The reference. V(none) without one.
      type: str
      returned: always
      sample: invoice 2026-0711
    repay_id:
      description: The exchange's ID of the repayment, the adjustment, or the transfer. V(none) as long as it is not known.
      type: str
      returned: always
      sample: "1794271131730737664"
    sent_at_ms:
      description: The timestamp of the request, in milliseconds since 1970 (UTC).
      type: int
      returned: always
      sample: 1795777199000
chains:
  description:
    - The audit trails that were verified, one for each account. Empty without O(verify).
  returned: success
  type: list
  elements: dict
  contains:
    realm:
      description: The environment of the account.
      type: str
      returned: always
      sample: mainnet
    account:
      description: The user ID of the account.
      type: str
      returned: always
      sample: "533285"
    entries:
      description: The number of entries.
      type: int
      returned: always
      sample: 42
    hash:
      description: The hash of the last entry.
      type: str
      returned: always
      sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
msg:
  description: The number of entries and open intents that were found. On failure, what went wrong, and what to do about it.
  returned: always
  type: str
  sample: "The journal has 4 entries that match, and 0 open intents."
text:
  description: The entries in the format of O(format).
  returned: success, with O(format)
  type: str
  sample: "time,realm,account,..."
"""

from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._module.info import run_journal_query
from ansible_collections.treasury.bybit.plugins.module_utils._module.interface import Module, Spec, run_as_process
from ansible_collections.treasury.bybit.plugins.module_utils._options.info import journal_query_argument_spec

SPEC = Spec(journal_query_argument_spec(), {})


def run(module: Module, clock: Clock | None = None) -> None:
    run_journal_query(module, clock)


def main(clock: Clock | None = None) -> None:
    run_as_process(SPEC, lambda module: run(module, clock))


if __name__ == "__main__":
    main()

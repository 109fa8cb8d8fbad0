#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bybit_loan_policy
short_description: Keep the crypto loans of an account on Bybit within a policy
version_added: 0.1.0
author:
  - The treasury.bybit contributors (!UNKNOWN)
description:
  - Keeps all legacy, flexible, and fixed crypto loans of one account within a policy. The policy has rules, such as a highest LTV (loan to value), days
    before a due date, an installment for each month, or a highest debt. It also says which wallets pay, what must remain in them, and how much may be moved.
  - Reads all loans, the collateral, the wallets, and the prices once, and plans. Each rule sees the loans and the money as the rules before it leave them.
    Two payments for the same loan from the same source become one. The plan says why each operation is needed, and what the policy does not reach.
  - With O(mode=plan), moves no money. With O(mode=apply), carries out the plan. To approve a plan before it is carried out, write it to O(plan_file)
    and apply exactly that plan later.
  - Carries out each operation in the same way as the modules that repay, add collateral, and transfer. Records an intent in O(journal), sends the request
    once, and finds out what became of it if the answer is not clear.
  - If an operation fails, or its outcome is unknown, what depends on it is not tried. That is what needs the same loan or the same money. All other
    operations are carried out, and then the task fails. RV(rules) says for each rule whether it was reached.
  - A run that was killed or interrupted leaves its intents open. The next run of any policy for the account first finds out what became of them.
  - Notes the LTV, the debts, the collateral, and the prices of the account in O(journal) on each run, except in check mode.
  - For several accounts, run the task on several hosts, with one account each.
  - To read, uses the calls C(GET /v5/crypto-loan/ongoing-orders), C(GET /v5/crypto-loan/collateral-data), C(GET /v5/crypto-loan/loanable-data),
    C(GET /v5/crypto-loan-flexible/ongoing-coin), C(GET /v5/crypto-loan-fixed/borrow-contract-info), C(GET /v5/crypto-loan-common/position),
    C(GET /v5/crypto-loan-common/collateral-data), C(GET /v5/crypto-loan-common/loanable-data), C(GET /v5/asset/transfer/query-account-coin-balance),
    C(GET /v5/account/withdrawal), C(GET /v5/user/query-api), and C(GET /v5/market/time).
  - To move money, also uses the calls of M(treasury.bybit.bybit_loan_repay), M(treasury.bybit.bybit_flexible_loan_repay),
    M(treasury.bybit.bybit_fixed_loan_repay), M(treasury.bybit.bybit_loan_collateral), and M(treasury.bybit.bybit_funding_transfer), as far as the plan
    needs them.
extends_documentation_fragment:
  - treasury.bybit.attributes
  - treasury.bybit.attributes.policy_group
  - treasury.bybit.connection
  - treasury.bybit.journal
  - treasury.bybit.waiting
notes:
  - All amounts, LTVs, and fractions of a policy need quotes, because YAML changes unquoted numbers before the module sees them, and a policy is approved as
    it is written. An amount has at most 18 digits before and 18 digits after the decimal point.
  - It is safe to retry this module with C(until) and C(retries) if O(mode=apply) has no O(plan_file). Each run plans again what is still missing.
  - A run carries out at most 500 operations, and tells which rules need more. The next run goes on.
  - Only one run of a policy moves money for an account at a time. Other runs wait for it up to O(lock_timeout) if they share O(journal).
  - Prices can change between the plan and the end of the run, so an LTV can differ a little from the plan. The next run sees that.
attributes:
  check_mode:
    support: full
    details:
      - Reads everything and returns what a real run would return. Sends no POST request, and writes nothing to O(journal) or O(plan_file).
  diff_mode:
    support: full
    details:
      - Shows the plan as a table. Ansible displays the differences of a task only if the task changes something, or would change it in check mode. So with
        O(mode=plan), print RV(diff.prepared), as in the examples.
  idempotent:
    support: partial
    details:
      - A policy that is reached moves nothing. A second run moves something only if prices, interest, due dates, or the loans have changed, or if
        the first run did not reach everything.
      - A plan in O(plan_file) is applied once. Applying it again is refused.
      - With O(mode=plan) and O(plan_file), each run writes a new plan.
options:
  rules:
    description:
      - The rules, in the order of their importance. If the money or the limits are not enough for all rules, the first ones get them.
      - Each rule has exactly one of O(rules[].ltv), O(rules[].before_maturity), O(rules[].installment), and O(rules[].max_debt).
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - A name of your choice with at most 100 characters, which the plan and the result show. No two rules may have the same name.
          - The journal counts the installments of a rule by its name. A renamed rule begins to count at zero.
        type: str
        required: true
      loans:
        description:
          - The loans that the rule is about. A loan is selected if it matches all of these. By default, the rule is about all loans.
        type: dict
        default:
          product: all
          coin: all
          id: all
        suboptions:
          product:
            description:
              - The product of the loan.
            type: str
            choices:
              - all
              - legacy
              - flexible
              - fixed
            default: all
          coin:
            description:
              - The coin that was borrowed, in capitals, such as V(USDT), or V(all).
              - O(rules[].installment) and O(rules[].max_debt) need a coin, because they are amounts.
            type: str
            default: all
          id:
            description:
              - The ID of the loan, as M(treasury.bybit.bybit_loan_info) returns it, or V(all). An ID also needs O(rules[].loans.product), because each
                product has IDs of its own. Flexible loans have no ID.
              - If the loan is not open, the rule is reached, and the run warns about it.
            type: str
            default: all
      ltv:
        description:
          - If the LTV is above O(rules[].ltv.above), lowers it to O(rules[].ltv.down_to). In between, nothing is done, so that a small change of prices
            does not lead to a payment each time.
          - A legacy loan has an LTV of its own. All flexible and fixed loans share the LTV of the account.
          - A level is a quoted fraction such as V("0.7"), the name of a mark (V(initial), V(margin_call), or V(liquidation)), or a distance from a mark such
            as V(margin_call - 0.05). The marks of a legacy loan are those that the exchange lists for its collateral. The marks of the account are
            O(initial_ltv), O(margin_call_ltv), and O(liquidation_ltv).
        type: dict
        suboptions:
          above:
            description:
              - The level that triggers the rule. It must be below O(liquidation_ltv).
            type: raw
            required: true
          down_to:
            description:
              - The level to reach. It must be below O(rules[].ltv.above).
            type: raw
            required: true
      using:
        description:
          - How to lower an LTV, in this order. The next way is used for what the ways before it do not reach. Only for O(rules[].ltv).
          - V(repay) repays from the wallets. Fixed contracts can only be repaid in full from the wallets.
          - "V({add_collateral: [BTC, ETH]}) adds collateral from the wallets, in these coins and in this order. A legacy loan only takes the coin that it
            has as collateral. The account only takes coins that it already has as collateral, because only their value is known."
          - "V({repay_from_collateral: [BTC]}) lets the exchange sell these coins of the account's collateral to repay flexible and fixed loans, worth at most
            300,000 USD in one sale. The exchange charges a fee, for which the plan assumes 2 %."
        type: list
        elements: raw
        default:
          - repay
      order:
        description:
          - Which of the selected loans to repay first. V(highest_rate) is the loan with the highest interest rate, V(soonest_due) the one that is due first,
            V(smallest_debt) the one with the smallest debt in USD, and V(as_listed) the first one in the exchange's list.
          - O(rules[].before_maturity) always begins with the loan that is due first.
        type: str
        choices:
          - highest_rate
          - soonest_due
          - smallest_debt
          - as_listed
        default: highest_rate
      before_maturity:
        description:
          - Repays the whole debt of each selected loan that is overdue or due within this time, in whole days such as V(3d), or in hours such as V(36h).
        type: str
      installment:
        description:
          - Repays an amount in each period. Only what was repaid under this rule counts, as O(journal) shows it. What other rules or tasks repay
            does not count.
          - Cannot be used for fixed contracts alone, because the wallets can only repay them in full.
        type: dict
        suboptions:
          amount:
            description:
              - The amount, in O(rules[].loans.coin), as a quoted decimal number such as V("500").
            type: raw
            required: true
          per:
            description:
              - The period, which begins at midnight UTC. A week begins on Monday.
            type: str
            choices:
              - day
              - week
              - month
              - quarter
            required: true
      max_debt:
        description:
          - Keeps the debts of all selected loans together at most at this amount, in O(rules[].loans.coin), as a quoted decimal number. V("0") pays them
            off.
          - Cannot be used for fixed contracts alone, because the wallets can only repay them in full.
        type: raw
  funds:
    description:
      - The money that the policy may use.
    type: dict
    default:
      from:
        - funding
      keep: {}
    suboptions:
      from:
        description:
          - The wallets to take money from, in this order. The Funding wallet makes all payments. If money of the UNIFIED wallet is needed, it is
            transferred first, which needs the permission C(Account transfer).
        type: list
        elements: str
        choices:
          - funding
          - unified
        default:
          - funding
      keep:
        description:
          - 'How much of a coin must remain in these wallets together, as a quoted amount for each coin, such as V({USDT: "200"}).'
        type: dict
        default: {}
  limits:
    description:
      - The most that may be moved. A plan uses a limit up to its last unit, in the order of the rules. RV(rules) says what a limit kept from being done.
      - Transfers between the wallets do not count, because they are a part of the payments that need them. A sale of collateral counts with what it repays
        and with what it sells, whichever is more.
      - 'Each limit has quoted amounts, such as V({usd: "5000", BTC: "0.5"}). The key V(usd) limits all coins together in USD, at the highest price that the
        figures of the exchange allow. Each other key is a coin. If a value in USD is not known, nothing is moved under a limit in USD.'
    type: dict
    default:
      per_run: {}
      per_day: {}
    suboptions:
      per_run:
        description:
          - The most that one run may move. What earlier runs carried out of the same O(plan_file) counts, too.
        type: dict
        default: {}
      per_day:
        description:
          - The most that runs of all policies and tasks may move for the account within 24 hours, as O(journal) shows it. Controllers that share the journal
            share this limit.
        type: dict
        default: {}
  stress:
    description:
      - Price changes that the policy must survive. Each rule with O(rules[].ltv) must hold now, and also after these changes.
      - 'A change for each coin as a quoted text with a sign, either in percent, such as V({BTC: "-30%"}), or as a fraction between -1 and 1. It must be above
        V(-100%). The prices of all other coins stay the same.'
    type: dict
    default: {}
  initial_ltv:
    description:
      - The mark V(initial) of the account, up to which the exchange lets it borrow. The exchange's API does not provide the marks of the account. The defaults
        are an assumption of this collection. Compare them with the exchange's help pages.
      - A quoted decimal number above V(0) and below V(1), and not above O(margin_call_ltv).
    type: raw
    default: "0.80"
  margin_call_ltv:
    description:
      - The mark V(margin_call) of the account, at which it gets a margin call. Not above O(liquidation_ltv). Otherwise like O(initial_ltv).
    type: raw
    default: "0.85"
  liquidation_ltv:
    description:
      - The mark V(liquidation) of the account, at which it is liquidated. Otherwise like O(initial_ltv).
    type: raw
    default: "0.95"
  mode:
    description:
      - V(plan) reads and plans, and never moves money. C(changed) is V(true) if O(plan_file) was written, so that C(--diff) shows the plan.
      - V(apply) carries out the plan in O(plan_file). Without O(plan_file), plans and applies at once. In check mode, shows what this would do.
    type: str
    choices:
      - plan
      - apply
    required: true
  plan_file:
    description:
      - With O(mode=plan), the file to write the plan to, except in check mode. It contains the policy, what was read of the account, the operations,
        the time at which it expires, and a digest of all that. It contains no secret.
      - With O(mode=apply), the file with the plan to carry out. Exactly its operations are carried out, with exactly its amounts. Only a loan that is repaid
        in full is repaid with the interest that has accrued since then.
      - A plan is refused, and nothing is sent, if it has expired, was edited, was applied before, or is for another account. It is also refused if
        the policy of the task differs from that of the plan, if an amount would now differ by more than O(tolerance), or if other operations would be needed.
        The message says what differs.
      - A plan that repays a fixed contract is also refused if the contract now owes more, by more than O(tolerance). An overdue contract accrues
        interest, so apply such a plan soon. If the Funding wallet lacks the interest, the repayment is declined.
      - Each operation of a plan is executed at most once, no matter how often and on which controller the plan is applied, as long as all runs use the same
        O(journal) and it is not lost. If a run was killed, another run with the same file carries out the rest.
      - The digest finds mistakes, not attacks, because whoever can write the file can calculate it, too. RV(digest) is what to approve.
      - With a local connection, a relative path begins at the directory of the playbook.
      - Do not pass a variable that may be V(null). To Ansible, V(null) is the same as an option that is not set, so a plan that nobody has approved would be
        applied. An empty string is refused.
    type: path
  plan_expires_after:
    description:
      - How long a plan may be applied, in whole days such as V(3d), or in hours such as V(12h). Only for O(mode=plan) with O(plan_file).
    type: str
    default: 24h
  tolerance:
    description:
      - By which fraction of itself an amount of the plan may differ from what would be planned now. Only for O(mode=apply) with O(plan_file). Without a
        tolerance, a plan would be stale with the next change of a price.
      - The amounts of the plan are moved, not those that would be planned now.
      - A quoted decimal number, at least V(0) and less than V(1).
    type: raw
    default: "0.01"
seealso:
  - module: treasury.bybit.bybit_loan_info
    description: Lists the loans, and shows how far prices can fall.
  - module: treasury.bybit.bybit_journal_info
    description: Shows what was moved, and when.
  - module: treasury.bybit.bybit_loan_collateral
    description: Adds collateral, or takes it back.
  - module: treasury.bybit.bybit_loan_repay
  - module: treasury.bybit.bybit_flexible_loan_repay
  - module: treasury.bybit.bybit_fixed_loan_repay
  - module: treasury.bybit.bybit_funding_transfer
"""

EXAMPLES = r"""
---
- name: Show how the account would come down to an LTV of 55 % if it is above 70 %
  treasury.bybit.bybit_loan_policy:
    environment: testnet
    mode: apply
    rules:
      - name: never above 70 %
        ltv:
          above: "0.70"
          down_to: "0.55"
  check_mode: true
  diff: true

- name: Keep the loan book within the policy of the treasury
  treasury.bybit.bybit_loan_policy:
    environment: testnet
    mode: apply
    rules:
      - name: never above 70 %
        ltv:
          above: "0.70"
          down_to: "0.55"
      - name: fixed contracts three days before they fall due
        loans:
          product: fixed
        before_maturity: 3d
      - name: 500 USDT a month
        loans:
          product: flexible
          coin: USDT
        installment:
          amount: "500"
          per: month
    funds:
      from:
        - funding
        - unified
      keep:
        USDT: "200"
    limits:
      per_run:
        usd: "5000"
      per_day:
        usd: "10000"
        BTC: "0.1"

- name: Survive a fall of BTC by 30 % without a margin call, first with collateral, and only then by selling some
  treasury.bybit.bybit_loan_policy:
    environment: testnet
    mode: apply
    rules:
      - name: five points below the margin call
        ltv:
          above: margin_call - 0.05
          down_to: margin_call - 0.15
        using:
          - add_collateral: [BTC, ETH]
          - repay
          - repay_from_collateral: [ETH]
        order: smallest_debt
    stress:
      BTC: "-30%"
      ETH: "-40%"

- name: Owe at most 1000 USDT in all, and watch one legacy loan
  treasury.bybit.bybit_loan_policy:
    environment: testnet
    mode: apply
    rules:
      - name: at most 1000 USDT
        loans:
          coin: USDT
        max_debt: "1000"
      - name: the old loan
        loans:
          product: legacy
          id: "1794267532472646144"
        ltv:
          above: "0.65"
          down_to: "0.5"

- name: Say a week ahead what has to be repaid
  block:
    - name: Plan without moving money
      treasury.bybit.bybit_loan_policy:
        environment: testnet
        mode: plan
        rules:
          - name: due within a week
            before_maturity: 7d
      register: ahead

    - name: Show the plan if there is something to repay
      ansible.builtin.debug:
        msg: "{{ ahead.msg }}"
      when: ahead.outcome == 'planned'

- name: Plan, approve, apply
  module_defaults:
    group/treasury.bybit.bybit:
      api_key: "{{ vault_bybit_api_key }}"
      api_secret: "{{ vault_bybit_api_secret }}"
      environment: testnet
    treasury.bybit.bybit_loan_policy:
      plan_file: /var/lib/treasury/plan.json
      rules:
        - name: never above 70 %
          ltv:
            above: "0.70"
            down_to: "0.55"
        - name: before it falls due
          before_maturity: 3d
      limits:
        per_run:
          usd: "5000"
  block:
    - name: Write the plan for the merge request
      treasury.bybit.bybit_loan_policy:
        mode: plan
        plan_expires_after: 12h
      diff: true
      register: planned
      tags: plan

    - name: Show the plan to those who approve it
      ansible.builtin.debug:
        msg: "{{ [planned.digest] + planned.diff.prepared.splitlines() }}"
      tags: plan

    - name: Carry out exactly the plan that was approved, unless an amount would now differ by more than 2 %
      treasury.bybit.bybit_loan_policy:
        mode: apply
        tolerance: "0.02"
      tags: apply
"""

RETURN = r"""
msg:
  description: A summary of what happened. On failure, what went wrong, and what to do about it.
  returned: always
  type: str
  sample: "Made 1 of 1 operations: repayment on flexible USDT (500 USDT)."
outcome:
  description:
    - V(executed) means that all operations were made, and that the exchange reports them as final.
    - V(pending) means that the exchange accepted all operations, but does not report all of them as final yet, because O(wait) is V(false) or
      O(wait_timeout) expired.
    - V(planned) means that a run with O(mode=apply) and without check mode would make the operations.
    - V(nothing_to_do) means that no operation is needed, or that the wallets and the limits allow none. RV(rules) says which it is.
    - V(not_executed) means that the task failed and nothing was moved, according to all sources that could be read. The next run decides again.
    - V(unknown) means that the task failed and an operation may have been made. No run sends anything for the same loan, collateral, or wallet until the
      outcome is known. RV(msg) says how to proceed.
    - A task that fails after some of its operations were made returns V(executed) or V(pending), and C(changed) is V(true). RV(operations) says which ones.
  returned: always, unless Ansible itself refuses the options or a Python library is missing
  type: str
  sample: executed
mode:
  description: The option O(mode).
  returned: when the options and the API key are valid
  type: str
  sample: apply
digest:
  description: Identifies the plan and all that it is based on. V(none) if there is no plan, because the task failed before.
  returned: when the options and the API key are valid
  type: str
  sample: 3b5d5c3712955042212316173ccf37be800e3d0d8b1a1f0c9b0d6d6c0a6a5512
plan_file:
  description: The absolute path of O(plan_file). V(none) without that option.
  returned: when the options and the API key are valid
  type: str
  sample: /var/lib/treasury/plan.json
expires:
  description: From when on the plan must not be applied (UTC). V(none) if there is no plan.
  returned: when the options and the API key are valid
  type: str
  sample: "2026-11-29T09:00:00Z"
operations:
  description:
    - The operations of the plan, in the order in which they are made, and what became of each of them.
    - Amounts are decimal strings.
  returned: when the options and the API key are valid
  type: list
  elements: dict
  contains:
    number:
      description: The number of the operation in the plan, from 1 on.
      type: int
      returned: always
      sample: 1
    kind:
      description:
        - V(repay) from the Funding wallet, V(repay_from_collateral), V(add_collateral), or V(transfer) from the UNIFIED to the Funding wallet.
      type: str
      returned: always
      sample: repay
    product:
      description: V(legacy), V(flexible), or V(fixed). V(none) for the collateral of the account, and for a transfer.
      type: str
      returned: always
      sample: flexible
    loan_id:
      description: The ID of the loan. V(none) if it has none, or if the operation is not about one loan.
      type: str
      returned: always
      sample: "571"
    coin:
      description: The coin of RV(operations[].amount).
      type: str
      returned: always
      sample: USDT
    amount:
      description:
        - The planned amount.
      type: str
      returned: always
      sample: "500"
    moved:
      description:
        - The amount that was moved. To repay a loan in full, a little more than planned may be needed, because of interest. V(none) if nothing was
          moved, or if that is unknown.
      type: str
      returned: always
      sample: "500"
    sells:
      description: The coin that the exchange sells to repay. V(none) for other operations.
      type: str
      returned: always
      sample: BTC
    rules:
      description: The names of the rules that need the operation.
      type: list
      elements: str
      returned: always
      sample: [500 USDT a month]
    reasons:
      description: Why each of these rules needs it, and how much of the amount. The amount of a transfer is V(none).
      type: list
      elements: dict
      returned: always
      sample:
        - rule: 500 USDT a month
          reason: 0 of 500 was repaid under this rule this month
          amount: "500"
    arithmetic:
      description: How the plan expects the operation to change the figures. Empty for a transfer.
      type: str
      returned: always
      sample: "LTV 61.20 % → 58.14 %, debt 13020.4 → 12520.4 USDT"
    ltv_before:
      description: The LTV of the legacy loan or of the account before the operation, as the plan expects it. V(none) if it is not known.
      type: str
      returned: always
      sample: "0.612"
    ltv_after:
      description: The same after the operation. V(none) also if the operation closes a legacy loan.
      type: str
      returned: always
      sample: "0.5814"
    reference:
      description: The reference under which O(journal) lets the operation be executed only once.
      type: str
      returned: always
      sample: 3b5d5c3712955042/1
    outcome:
      description:
        - V(planned), V(executed), V(pending), V(not_executed), or V(unknown), as in RV(outcome). V(nothing_to_do) if the loan was repaid
          in the meantime. V(not_tried) if it depends on an operation that failed.
      type: str
      returned: always
      sample: executed
    id:
      description: The exchange's ID of the repayment, the adjustment, or the transfer. V(none) if there is none.
      type: str
      returned: always
      sample: "1771"
    intent:
      description: The ID of the intent that the module recorded in O(journal) before it sent the request. V(none) if nothing was sent.
      type: str
      returned: always
      sample: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
    sent_at_ms:
      description: When the request was signed and sent, in milliseconds since 1970 (UTC). V(none) if nothing was sent.
      type: int
      returned: always
      sample: 1728629785224
    msg:
      description: What happened. Empty if the operation is only planned.
      type: str
      returned: always
      sample: "Repaid 500 USDT on the flexible USDT loan (repayment 1771). Debt before: 13020.4, now: 12520.4."
rules:
  description: The rules in their order, and whether each of them was reached. With O(mode=plan) and in check mode, whether the plan would reach it.
  returned: when the options and the API key are valid
  type: list
  elements: dict
  contains:
    name:
      description: The name of the rule.
      type: str
      returned: always
      sample: never above 70 %
    state:
      description:
        - V(reached) if nothing is missing, V(partly) if something was done for the rule and something is missing, V(not) if nothing was done, and
          V(unknown) if the outcome of one of its operations is unknown.
      type: str
      returned: always
      sample: partly
    reasons:
      description: What is missing, and why, as sentences. Empty if the rule is reached.
      type: list
      elements: str
      returned: always
      sample: ["120.5 USDT is missing: nothing of per_run (5000 USD) is left."]
earlier:
  description:
    - The operations of earlier runs for the account that were interrupted before they reported the outcome, the oldest first. This run found out what
      became of them. C(product) and C(loan) name the target as in M(treasury.bybit.bybit_journal_info).
    - C(outcome) is V(executed), V(pending), V(not_executed), or V(unknown). The exchange's ID is C(repay_id), C(adjust_id), or C(transfer_id), depending
      on C(move), which is V(repay), V(add), V(take_back), V(to_fund), or V(to_unified).
  returned: when the options and the API key are valid
  type: list
  elements: dict
  sample:
    - intent: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
      amount: "500"
      coin: USDT
      move: repay
      outcome: executed
      repay_id: "1771"
      sent_at_ms: 1728629785224
      product: flexible
      loan: USDT
position:
  description: The position of the account before the run. V(none) if it was not read.
  returned: when the options and the API key are valid
  type: dict
  contains:
    ltv:
      description: The LTV of the account. V(none) if it cannot be read.
      type: str
      returned: always
      sample: "0.612"
    debts:
      description: The debt of all loans in each coin.
      type: dict
      returned: always
      sample:
        USDT: "13020.4"
    collateral:
      description: The collateral of the account in each coin, without that of legacy loans.
      type: dict
      returned: always
      sample:
        BTC: "0.35"
    prices:
      description: The lowest and the highest price of each coin in USD that the exchange's rounded figures allow. V(none) if they allow none.
      type: dict
      returned: always
      sample:
        BTC:
          low: "60781.94"
          high: "60782.06"
diff:
  description: The plan as a table that a person can approve.
  returned: in diff mode, when there is a plan
  type: dict
  contains:
    prepared:
      description: The table, as text in lines of at most 80 characters if possible.
      type: str
      returned: always
      sample: |
        #  operation  target         amount
        1  repay      flexible USDT  500 USDT
           LTV 61.20 % → 58.14 %, debt 13020.4 → 12520.4 USDT
           500 USDT a month: 0 of 500 was repaid under this rule this month

        Moved in total, without transfers:
          USDT  500  500.01 USD
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
    ret_code: 148029
    ret_msg: Balance is not enough
    http_status: 200
    request_id: 4a1f0c3e-8f1b-4a59-9f0e-0d6d6c0a6a55
    outcome: not_executed
details:
  description: Details for investigating a run.
  returned: when the connection options are valid
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
from ansible_collections.treasury.bybit.plugins.module_utils._module.parents import Parents
from ansible_collections.treasury.bybit.plugins.module_utils._module.policy import run_policy
from ansible_collections.treasury.bybit.plugins.module_utils._options.connection import connection_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._options.policy_run import policy_run_argument_spec

SPEC = Spec({**connection_argument_spec(), **policy_run_argument_spec()}, {})


def run(module: Module, clock: Clock | None = None, parents: Parents | None = None) -> None:
    run_policy(module, clock, parents)


def main(clock: Clock | None = None) -> None:
    run_as_process(SPEC, lambda module: run(module, clock))


if __name__ == "__main__":
    main()

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of the repay modules: the goal, its limits, and how to make sure."""

    DOCUMENTATION = r"""
options:
  amount:
    description:
      - How much to repay, in the loan's coin. With O(since), how much must have been repaid since then.
      - Write it as a quoted decimal number, such as V("100.5"). An integer is fine, too.
      - A number without quotes is a floating-point number in YAML. It is accepted only with at most 15 significant digits, so that it is
        exact. It is always sent as a plain decimal number, without an exponent.
      - YAML converts unquoted numbers before the module sees them. V(0100) becomes 64, V(0x10) becomes 16, V(1:30) becomes 90, V(1_000)
        becomes 1000, and floating-point numbers lose precision. Quotes prevent this.
      - At most 18 digits before and 18 after the point, and no more decimal places than the exchange lists for the coin, unless it is
        exactly the debt.
      - O(amount), O(max_debt) and O(max_ltv) are mutually exclusive.
    type: raw
  since:
    description:
      - Makes the goal declarative. Ensures that at least O(amount) is repaid on this loan since this time.
      - Adds up the repayments in the exchange's history, whoever made them, including those being processed and excluding liquidations,
        with the amounts that the history shows. The module fails if there is an entry of an unknown type. Only the missing amount is
        sent, rounded up to the decimal places of the coin; if nothing is missing, nothing is sent.
      - An ISO 8601 date, which means its start in UTC, such as V(2026-11-01), or a time with a time zone, such as
        V(2026-11-01T09:00:00+01:00).
      - The history goes back 6 months. A time more than 180 days ago or in the future is refused.
      - To Ansible, V(null) is the same as an option that is not set, so do not pass a variable here that may be empty. An empty string
        is refused.
    type: str
  max_debt:
    description:
      - Makes the goal declarative. Ensures that the debt, which is principal, interest and penalty interest, is at most this, in the
        loan's coin. Written like O(amount); V("0") pays off the loan.
      - Sends the difference, rounded up to the decimal places that the exchange lists for the coin, but never more than the debt. A
        remainder that needs more decimal places is tried once with all of them, because the exchange does not document how many it
        accepts. If it is refused, RV(ignore:details.dust) and the message show what remains.
      - Interest that accrues while the repayment is made is paid by a second, small repayment. RV(ignore:repayments) lists both.
      - The exchange may update the debt late. If anybody made a repayment within the last O(settle_margin) seconds, the module waits and
        reads the debt again before it sends anything.
    type: raw
  max_ltv:
    description:
      - Makes the goal declarative. Ensures that the LTV is at most this fraction, such as V("0.5").
      - The LTV of a legacy loan is its own. The LTV of flexible and fixed loans is that of the account, and repaying this loan lowers it.
      - The exchange rounds the LTV and its values in USD, and does not document how. The module assumes the worst case, and pays until
        the displayed LTV is one rounding step lower. So it repays a little even if the displayed LTV is exactly O(max_ltv).
      - If repaying this whole loan is not enough, the module fails before it pays anything and reports how far it would get, unless
        O(allow_partial) is set.
      - As with O(max_debt), the module first waits until the debt is sure to include recent repayments.
      - Do not run tasks for several loans of an account in parallel, because each of them lowers the same LTV.
    type: raw
  at_most:
    description:
      - The most that one run may pay, in the loan's coin. A run that would have to pay more fails and pays nothing; with O(allow_partial)
        it pays up to this amount.
      - For all fixed contracts of a coin, this is checked against the contracts that were read. The exchange repays those that are open
        when the request arrives, so a contract that is borrowed in between comes on top; the module warns about this.
      - Written like O(amount).
    type: raw
  allow_partial:
    description:
      - Whether to pay as much as possible if this loan, the Funding wallet or O(at_most) is not enough to reach O(max_debt), O(max_ltv),
        or O(amount) with O(since). RV(ignore:goal_reached) is V(false) then.
      - With O(since), the last installment is then whatever remains of the debt.
      - O(at_most) always applies.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the exchange reports an accepted repayment as final. The module fails if the repayment turns out to have
        failed.
      - If V(false), an accepted repayment is RV(ignore:outcome=pending). The module still looks for a repayment without a clear answer.
    type: bool
    default: true
  reference:
    description:
      - A unique name for this step, such as an invoice number, of at most 200 characters. It makes O(amount) safe to repeat. What was
        repaid under a reference is never repaid again, on whatever loan of the account, as long as all runs use the same O(journal) and it
        is not lost.
      - If the repayment was executed before, the module sends nothing, returns that repayment, and reports C(changed=false). If its outcome
        is not known yet, the module finds it out first. If it was surely not executed, the module sends it.
      - A reference that was used for something else, that is, for another loan, amount or collateral, is refused.
      - Use it for what happens once. For what recurs, use O(since), O(max_debt) or O(max_ltv), which only repay what is missing and take no
        reference.
    type: str
  acknowledge:
    description:
      - The ID of an intent whose outcome cannot be determined, as RV(ignore:details.intent) and the message of the failed run show it.
        Use it after you have checked yourself what became of that repayment.
      - The module looks for the repayment once more. If its outcome is still unknown, the module discards the intent; otherwise it
        reports the outcome.
      - A run with this option never sends a repayment, whatever it finds, even if O(journal) has no intent with this ID, for example
        because it was acknowledged or resolved before. Run again without it if something still needs to be repaid.
    type: str
  lock_timeout:
    description:
      - For tuning. How many seconds to wait, from V(0) to V(86400), for another run for the same loan to finish.
    type: int
    default: 180
  settle_margin:
    description:
      - For tuning. How many seconds the exchange may take at worst, from V(0) to V(3600), to show a payment.
      - A repayment without a clear answer only counts as not executed if neither the history, nor the debt, nor the Funding wallet and its
        ledger show it once O(recv_window), in which the exchange can still accept it, and then this margin have passed.
      - The margin is 60 times as long where the wallet cannot serve as evidence, because O(api_key) may not read it or because collateral pays.
      - The exchange does not document such a time; the default is an assumption of this collection. If it is too short, a repayment that
        was made can be mistaken for one that was not.
    type: int
    default: 10
  wait_timeout:
    description:
      - For tuning. How many seconds to spend, from V(0) to V(86400), on finding out whether a repayment was made and on waiting until it
        is final. If earlier runs left repayments open, each gets this time in full.
      - Finding out that a repayment was not made takes O(recv_window) and O(settle_margin) together, and a little more than a second.
    type: int
    default: 60
notes:
  - The options O(api_timeout), O(lock_timeout), O(rate_limit_timeout), O(recv_window), O(settle_margin) and O(wait_timeout) are for tuning;
    the defaults suit almost everyone.
"""

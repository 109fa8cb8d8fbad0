# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options that only the repay modules share: the goal."""

    DOCUMENTATION = r"""
options:
  amount:
    description:
      - How much to repay, in the coin of the loan. With O(since), how much must be repaid in total since then.
      - The amount must not have more decimal places than the exchange lists for the coin, unless it is exactly the debt.
      - O(amount), O(max_debt), and O(max_ltv) are mutually exclusive.
    type: raw
  since:
    description:
      - Makes O(amount) a goal. Ensures that at least O(amount) is repaid on this loan since this time.
      - The module adds up the repayments in the exchange's history, no matter who made them. Repayments that are still being processed count,
        and liquidations do not. The amounts are those that the history shows. If the history has an entry of an unknown type, the module fails.
      - Only the missing amount is sent, rounded up to the decimal places of the coin. If nothing is missing, nothing is sent.
      - With O(allow_partial), the last installment is what remains of the debt.
      - An ISO 8601 date, which means its start in UTC, such as V(2026-11-01), or a time with a time zone, such as
        V(2026-11-01T09:00:00+01:00).
      - The exchange's history goes back 6 months. A time more than 180 days ago, or in the future, is refused.
      - Do not pass a variable that may be V(null). To Ansible, V(null) is the same as an option that is not set, so O(amount) would be repaid on
        each run. An empty string is refused.
    type: str
  max_debt:
    description:
      - A goal. Ensures that the debt, which is principal, interest, and penalty interest, is at most this amount, in the coin of the loan. V("0")
        pays off the loan.
      - The module sends the difference, rounded up to the decimal places that the exchange lists for the coin, but never more than the debt. If a remainder has
        more decimal places, the module tries once to pay it with all of them, because the exchange does not document how many it accepts. If the exchange
        refuses it, RV(ignore:details.dust) and the message show what remains.
      - Interest that accrues during the repayment is paid by a second, small repayment. RV(ignore:repayments) lists both.
      - The exchange may update the debt late. If anybody made a repayment within the last O(settle_margin) seconds, the module waits and
        reads the debt again before it sends anything.
    type: raw
  max_ltv:
    description:
      - A goal. Ensures that the LTV is at most this fraction, such as V("0.5").
      - A legacy loan has an LTV of its own. Flexible and fixed loans share the LTV of the account, and repaying this loan lowers it.
      - The exchange rounds the LTV and its values in USD, and does not document how. The module assumes the worst case, and repays until the
        displayed LTV is one rounding step lower. So it repays a little even if the displayed LTV is exactly O(max_ltv).
      - If repaying this loan in full is not enough, the module fails before it sends anything and reports which LTV it would reach, unless
        O(allow_partial) is set.
      - As with O(max_debt), the module first waits until the debt is certain to include recent repayments.
      - Tasks with O(max_ltv) for several loans of an account run one after another if they share O(journal), because each of them lowers the same
        LTV. While the outcome of any other operation that changes this LTV is unknown, nothing is sent.
    type: raw
  fund_from:
    description:
      - The wallet that supplies what the Funding wallet lacks for this repayment. With V(unified), the module first transfers the missing amount from the
        UNIFIED wallet, like M(treasury.bybit.bybit_funding_transfer) with C(ensure), and then repays. The transfer is rounded up to the decimal places that the
        exchange lists for loans of the coin.
      - If this option is not set and the wallet holds too little, the task fails before anything is sent, unless O(allow_partial) applies.
      - The transfer has its own intent in O(journal), and is returned as RV(ignore:funding). It is never more than the repayment needs, so O(at_most) limits
        it, too.
      - If the transfer was made and the repayment was not, the message says so. The next run finds the money in the Funding wallet.
      - If the outcome of the transfer is unknown, nothing is repaid. To acknowledge its intent, use O(acknowledge) of
        M(treasury.bybit.bybit_funding_transfer).
      - O(api_key) also needs the permission C(Account transfer). Cannot be combined with C(collateral).
    type: str
    choices:
      - unified
notes:
  - For the repay modules, O(allow_partial) applies if the loan, the Funding wallet, or O(at_most) is not enough to reach O(max_debt), O(max_ltv), or
    O(amount) with O(since).
"""

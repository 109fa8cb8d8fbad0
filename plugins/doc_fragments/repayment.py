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
      - How much to repay, in the loan's coin. With O(since), how much must have been repaid since then.
      - Has no more decimal places than the exchange lists for the coin, unless it is exactly the debt.
      - O(amount), O(max_debt) and O(max_ltv) are mutually exclusive.
    type: raw
  since:
    description:
      - Makes the goal declarative. Ensures that at least O(amount) is repaid on this loan since this time.
      - Adds up the repayments in the exchange's history, whoever made them, including those being processed and excluding liquidations,
        with the amounts that the history shows. The module fails if there is an entry of an unknown type. Only the missing amount is
        sent, rounded up to the decimal places of the coin; if nothing is missing, nothing is sent.
      - With O(allow_partial), the last installment is whatever remains of the debt.
      - An ISO 8601 date, which means its start in UTC, such as V(2026-11-01), or a time with a time zone, such as
        V(2026-11-01T09:00:00+01:00).
      - The history goes back 6 months. A time more than 180 days ago or in the future is refused.
      - To Ansible, V(null) is the same as an option that is not set, so do not pass a variable here that may be empty. An empty string
        is refused.
    type: str
  max_debt:
    description:
      - Makes the goal declarative. Ensures that the debt, which is principal, interest and penalty interest, is at most this, in the
        loan's coin. V("0") pays off the loan.
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
      - Tasks with O(max_ltv) for several loans of an account run one after another, because each of them lowers the same LTV, as long as they
        share O(journal). While the outcome of anything else that changes this LTV is unknown, nothing is sent.
    type: raw
  fund_from:
    description:
      - Where to take what the Funding wallet lacks for this repayment. With V(unified), the module first transfers that from the UNIFIED
        wallet, as M(treasury.bybit.bybit_funding_transfer) does with C(ensure), and then repays. It is rounded up to the decimal places that
        the exchange lists for loans of the coin. Without this option, a wallet that holds too little ends the task before anything is sent.
      - The transfer has its own intent in O(journal), and is returned as RV(ignore:funding). It is never more than the repayment takes, so
        O(at_most) bounds it, too.
      - If the transfer was made and the repayment was not, the message says so. The next run finds the money in the Funding wallet.
      - If the outcome of the transfer is unknown, nothing is repaid. Then O(acknowledge) of M(treasury.bybit.bybit_funding_transfer) names its
        intent.
      - O(api_key) also needs the permission C(Account transfer). Cannot be combined with C(collateral).
    type: str
    choices:
      - unified
notes:
  - For the repay modules, O(allow_partial) applies if the loan or the Funding wallet is not enough to reach O(max_debt), O(max_ltv), or
    O(amount) with O(since).
"""

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The texts for each kind of operation in the RETURN blocks of the modules that move money."""

from __future__ import annotations

# The key in the evidence for the amount that the wallet's ledger shows.
_MOVED = "wallet_moved"

_LOAN = """\
loan:
  description:
    - The loan before and after. The values mean the same as in RV(treasury.bybit.bybit_loan_info#module:loans).
    - C(status) can also be V(repaid) or V(liquidated). C(id) is V(none) for several contracts together. C(ltv) of a flexible or fixed
      loan is the LTV of the account, and is only read if O(max_ltv) needs it.
  returned: when the options are valid
  type: dict
  contains:
    before:
      description: The loan before anything was sent. V(none) if it is not known, or if an earlier run sent the repayment.
      type: dict
      returned: always
      sample:
${before}\
    after:
      description:
        - The loan after the repayment, or the prediction of check mode. V(none) if it could not be read, or if the outcome is unknown.
        - A predicted LTV can be wrong in its last digit, because the LTV before is rounded. Check mode cannot predict whether the
          exchange forgives a remainder below the smallest amount of the coin.
      type: dict
      returned: always
      sample:
${after}\
funding:
  description:
    - The transfer from the UNIFIED wallet that O(fund_from) made before the repayment, with the values that
      M(treasury.bybit.bybit_funding_transfer) returns under the same names. V(none) if no transfer was needed.
    - If the transfer was made and the repayment was not, C(changed) is V(true), because the transfer moved money.
    - C(transfers) includes a transfer that an earlier run made for the same repayment but did not report.
    - C(details) contains only C(intent) and C(earlier).
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
"""
_COLLATERAL = """\
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
${before}\
    after:
      description:
        - The collateral after the adjustment, or the prediction of check mode. V(none) if it could not be read, or if the outcome is unknown.
        - A predicted LTV can be wrong in its last digit, because the LTV before is rounded.
      type: dict
      returned: always
      sample:
${after}\
"""
_WALLETS = """\
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
${before}\
    after:
      description: The wallets after the transfer, or the prediction of check mode. V(none) if they could not be read, or if the outcome is unknown.
      type: dict
      returned: always
      sample:
${after}\
"""

_OF_DEBT = """\
    dust:
      description: What remains above O(max_debt) because it needs more decimal places than the exchange accepts.
      type: str
      returned: when the options are valid
      sample: "0"
    since:
      description:
        - Progress toward the goal with O(since) before anything was sent, including repayments that are still being processed. V(none) without
          O(since), or if it was not read.
      type: dict
      returned: when the options are valid
      sample:
        time_ms: 1793491200000
        repaid: "40"
        missing: "60"
"""
# Only repayments fill these values. The other modules return them, too, so that all results have the same keys.
_OF_NO_DEBT = """\
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
"""
_GOAL_REACHED = """\
    - Whether the goal is reached.
    - V(false) if O(allow_partial) moved only part of the amount. A warning says so.
"""


def _witnesses(level: str, before: str, now: str, wallet_before: str, wallet_now: str, moved: str) -> str:
    values = {f"{level}_before": before, f"{level}_now": now, "wallet_before": wallet_before, "wallet_now": wallet_now, _MOVED: moved}
    return "".join(f"        {name}: {value}\n" for name, value in values.items())


WORDS: dict[str, dict[str, str]] = {
    "repayment": {
        "noun": "repayment", "A_noun": "A repayment", "one": "a repayment", "list": "repayments", "move": "repay",
        "moves": "Always V(repay).", "id_key": "repay_id",
        "id_text": "The exchange's ID of the repayment. V(none) if there is none.",
        "pay": "repay", "paid": "repaid", "repaid": "repaid", "nothing": "nothing is owed, that ", "target": "this loan",
        "whose": "the coin of the loan", "coin_text": "The coin of the loan.",
        "goal_reached": """\
    - Whether the goal is reached, apart from C(dust) in RV(details).
    - V(false) if O(allow_partial) repaid only part of the amount, or if more interest accrued in the meantime than a second repayment covers.
      A warning says so.
""",
        "list_notes": "    - There can be two if interest accrued during the first one.\n",
        "subject": _LOAN, "of_debt": _OF_DEBT, "figures": "Debt and LTV", "sources": "the history, the debt, and the Funding wallet",
        "evidence_notes": """\
        - The balance and the outflow of the wallet are V(none) if they were not needed or could not be read, or if the wallet does not pay.
""",
        "witnesses": _witnesses("debt", '"1000.4"', '"900.4"', '"1523.75"', '"1423.75"', '"100"'),
    },
    "adjustment": {
        "noun": "adjustment", "A_noun": "An adjustment", "one": "an adjustment", "list": "adjustments", "move": "add",
        "moves": "V(add) or V(take_back).", "id_key": "adjust_id",
        "id_text": "The exchange's ID of the adjustment, as text. V(none) if there is none.",
        "pay": "move", "paid": "moved", "repaid": "moved", "nothing": "", "target": "this collateral",
        "whose": "the coin of the collateral", "coin_text": "The coin of the collateral.",
        "goal_reached": _GOAL_REACHED, "list_notes": "",
        "subject": _COLLATERAL, "of_debt": _OF_NO_DEBT, "figures": "Collateral and LTV", "sources": "the history, the collateral, and the Funding wallet",
        "evidence_notes": """\
        - The balance and the movements of the wallet are V(none) if they were not needed or could not be read.
""",
        "witnesses": _witnesses("collateral", '"0.04"', '"0.05"', '"0.5"', '"0.49"', '"0.01"'),
    },
    "transfer": {
        "noun": "transfer", "A_noun": "A transfer", "one": "a transfer", "list": "transfers", "move": "to_fund",
        "moves": "V(to_fund) or V(to_unified).", "id_key": "transfer_id",
        "id_text": "The ID of the transfer at the exchange, which is also the ID of the intent. V(none) if there is none.",
        "pay": "transfer", "paid": "transferred", "repaid": "transferred", "nothing": "", "target": "this coin",
        "whose": "O(coin)", "coin_text": "The coin.",
        "goal_reached": _GOAL_REACHED, "list_notes": "",
        "subject": _WALLETS, "of_debt": _OF_NO_DEBT, "figures": "Both wallets", "sources": "the exchange's list of transfers and the Funding wallet",
        "evidence_notes": """\
        - C(balance_before) and C(balance_now) are always V(none), because others can change the balance of a wallet. The balance and the
          movements of the wallet are V(none) if they were not needed or could not be read.
""",
        "witnesses": _witnesses("balance", "null", "null", '"23.75"', '"523.75"', '"500"'),
    },
}

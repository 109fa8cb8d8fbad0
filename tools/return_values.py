# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the RETURN block of the three repay modules from one template: no supported ansible-core has RETURN fragments.

usage: .venv/bin/python tools/return_values.py [--check]
"""

from __future__ import annotations

import argparse
import sys
import textwrap
import typing as t
from pathlib import Path
from string import Template

MODULES = Path(__file__).resolve().parent.parent / "plugins" / "modules"
BEGIN, END = 'RETURN = r"""\n', '"""\n'

BLOCK = Template("""\
msg:
  description: A summary of what happened. On failure, what went wrong and what to do about it.
  returned: always
  type: str
  sample: "$msg"
outcome:
  description:
    - V(executed) means that the repayment was made, and that the exchange reports it as final. If an earlier run made it under the same
      O(reference), C(changed) is V(false) and RV(repayments) is empty.
    - V(pending) means that the exchange accepted the repayment, but does not report it as final yet. O(wait) was V(false), or
      O(wait_timeout) expired.
    - V(nothing_to_do) means that nothing is owed, that the goal was reached before, or that O(acknowledge) was processed.
    - V(planned) means that the repayment would be made; check mode only. If an earlier run left the same repayment open, check mode
      reports the outcome of that one instead.
    - V(not_executed) means that the task failed and nothing was paid, according to every source that could be read. The next run
      decides again.
    - V(unknown) means that the task failed and the repayment may have been made. Nothing is sent for this loan until the outcome is
      known. RV(msg) says how to proceed, and RV(details) what was found.
    - A task that fails after it has paid part of its goal returns V(executed) or V(pending) with RV(repayments), and C(changed) is
      V(true).
  returned: always, unless Ansible itself refuses the options or a Python library is missing
  type: str
  sample: executed
repay_id:
  description:
    - The exchange's ID of the repayment; V(none) if there is none. A repayment that was accepted and then failed on the exchange also
      has an ID, with RV(outcome=not_executed).
  returned: when the options are valid
  type: str
  sample: "$repay_id"
${ids}\
amount:
  description:
    - The amount that was repaid, would be repaid in check mode, or is in doubt, as a decimal string in the loan's coin. The sum of
      RV(repayments), if there are any.
    - V(0) if there is nothing to do.
  returned: when the options are valid
  type: str
  sample: "$amount"
goal_reached:
  description:
    - Whether the goal is reached, apart from C(dust) in RV(details).
    - V(false) if O(allow_partial) paid only a part, or if more interest accrued in the meantime than a second repayment covers. A
      warning says so.
    - V(none) if nothing was decided, because an earlier run's repayment already satisfies this task, or because the task failed.
  returned: when the options are valid
  type: bool
  sample: true
repayments:
  description:
    - The repayments that were made, even if the task failed after them. One that an earlier run made for the same goal and could
      not report comes first.
    - There can be two if interest accrued while the first one was made.
  returned: when the options are valid
  type: list
  elements: dict
  contains:
    repay_id:
      description: The exchange's ID of the repayment; V(none) if there is none.
      type: str
      returned: always
      sample: "$repay_id"
    amount:
      description: The amount, in the loan's coin.
      type: str
      returned: always
      sample: "$amount"
    coin:
      description: The loan's coin.
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
      description: The ID of the intent that was recorded in O(journal) before the request was sent.
      type: str
      returned: always
      sample: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
loan:
  description:
    - The loan before and after, with the values that RV(treasury.bybit.bybit_loan_info#module:loans) documents, up to
      C(maturity_time_ms).
    - C(status) can also be V(repaid) or V(liquidated). C(id) is V(none) for several contracts together. C(ltv) of a flexible or fixed
      loan is that of the account, and only read if O(max_ltv) needs it.
  returned: when the options are valid
  type: dict
  contains:
    before:
      description: The loan before anything was sent; V(none) if it is not known, or if an earlier run sent the repayment.
      type: dict
      returned: always
      sample:
${before}\
    after:
      description:
        - The loan after the repayment, or the forecast of check mode; V(none) if it could not be read, or if the outcome is unknown.
        - A forecast LTV can be off in its last digit, because the LTV before is rounded. Check mode cannot foresee whether the
          exchange forgives a remainder below the coin's smallest amount.
      type: dict
      returned: always
      sample:
${after}\
diff:
  description: Debt and LTV before and after, one line each. The header of C(after) shows how the amount was calculated.
  returned: success, in diff mode
  type: dict
  sample:
    before_header: $label
    after_header: "$decision"
    before: "$diff_before"
    after: "$diff_after"
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
    ret_code: $ret_code
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
        - The repayments of earlier runs for this loan that were interrupted before they reported the outcome. The outcome can also
          be V(not_executed), or V(unknown) if O(acknowledge) names the intent.
      type: list
      elements: dict
      returned: when the options are valid
      sample:
        - intent: 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f
          amount: "$amount"
          coin: USDT
          outcome: executed
          repay_id: "$repay_id"
          sent_at_ms: 1728629785224
    recovered:
      description:
        - Whether RV(repay_id) is not from a clear answer to this run, but was found in the history afterwards, or belongs to an
          earlier run that was asked for the same and did not report it.
      type: bool
      returned: when the options are valid
      sample: false
    inferred:
      description: Whether only the exchange's history shows the repayment, because the answer was lost or had no ID.
      type: bool
      returned: when the options are valid
      sample: false
    decision:
      description: How the amount was calculated, also if it was then refused; V(none) if there was nothing to pay or to decide.
      type: str
      returned: when the options are valid
      sample: $decision
    dust:
      description: What remains above O(max_debt) because it needs more decimal places than the exchange accepts.
      type: str
      returned: when the options are valid
      sample: "0"
    since:
      description:
        - Progress towards the goal with O(since) before anything was sent, including repayments still being processed; V(none) without
          O(since), or if it was not read.
      type: dict
      returned: when the options are valid
      sample:
        time_ms: 1793491200000
        repaid: "40"
        missing: "60"
    sent_at_ms:
      description:
        - When the repayment was signed and sent, in milliseconds since 1970 (UTC), by the exchange's clock as far as it is known;
          V(none) if none was sent.
      type: int
      returned: when the options are valid
      sample: 1728629785224
    evidence:
      description:
        - What history, debt and Funding wallet showed about a repayment without a clear answer; V(none) if there was none.
        - The exchange could accept the request until C(window_end_ms), or accepted it then without an ID.
        - C(exchange_time_ms) is the exchange's time of the last of C(reads) reads; C(candidates) are the repayments in the history
          that may be this one; C(reason) is the conclusion.
        - The wallet's balance and outflow are V(none) where they were not needed or could not be read, or if the wallet does not pay.
      type: dict
      returned: when the options are valid
      sample:
        sent_at_ms: 1728629785224
        window_end_ms: 1728629790224
        exchange_time_ms: 1728629801350
        debt_before: "1000.4"
        debt_now: "900.4"
        wallet_before: "1523.75"
        wallet_now: "1423.75"
        wallet_outflow: "100"
        candidates: ["$repay_id"]
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
""")

_LOAN_ID = """\
loan_id:
  description: The ID of the contract; V(none) for all contracts of O(loan_currency).
  returned: when the options are valid
  type: str
  sample: "571"
"""
_LOAN_CURRENCY = """\
loan_currency:
  description: $what
  returned: when the options are valid
  type: str
  sample: USDT
"""
_COLLATERAL = """\
collateral:
  description: The coins that are sold for the repayment; empty if the Funding wallet pays.
  returned: when the options are valid
  type: list
  elements: str
  sample: []
"""
_ORDER_ID = """\
order_id:
  description: The ID of the loan order.
  returned: when the options are valid
  type: str
  sample: "1794267532472646144"
"""


def loan(product: str, status: str = "open", **values: str) -> str:
    """Return the sample of a loan, indented for its place."""
    usual = {
        "product": product, "id": "null", "status": status, "coin": "USDT", "debt": '"1000.4"', "principal": '"1000"',
        "interest": '"0.4"', "penalty_interest": '"0"', "hourly_rate": '"0.0000090346"', "annual_rate": '"0.079143096"',
        "collateral_coin": "null", "collateral_amount": "null", "ltv": "null", "maturity_time_ms": "null",
    }
    return textwrap.indent("".join(f"{name}: {value}\n" for name, value in {**usual, **values}.items()), " " * 8)


_OF_LEGACY = {"id": '"1794267532472646144"', "collateral_coin": "BTC", "collateral_amount": '"0.04"', "maturity_time_ms": "1731149999000"}
_OF_FIXED = {"id": '"571"', "interest": '"0"', "maturity_time_ms": "1731149999000"}
_PAID_100 = {"debt": '"900.4"', "principal": '"900.4"', "interest": '"0"'}
VALUES: dict[str, dict[str, str]] = {
    "bybit_loan_repay": {
        "msg": "Repaid 100 USDT on loan 1794267532472646144 (repayment 1794271131730737664). Debt before: 1000.4, now: 900.4.",
        "repay_id": "1794271131730737664",
        "ids": _ORDER_ID,
        "amount": "100",
        "before": loan("legacy", **_OF_LEGACY, ltv='"0.4168"'),
        "after": loan("legacy", **{**_OF_LEGACY, **_PAID_100, "ltv": '"0.3752"'}),
        "label": "loan 1794267532472646144",
        "decision": "debt 1000.4 → 900.4, pay 100",
        "diff_before": "debt 1000.4 USDT  LTV 0.4168\\\\n",
        "diff_after": "debt  900.4 USDT  LTV 0.3752\\\\n",
        "ret_code": "177011",
    },
    "bybit_flexible_loan_repay": {
        "msg": "Repaid 100 USDT on the flexible USDT loan (repayment 1771). Debt before: 1000.4, now: 900.4.",
        "repay_id": "1771",
        "ids": Template(_LOAN_CURRENCY).substitute(what="The coin that is owed.") + _COLLATERAL,
        "amount": "100",
        "before": loan("flexible"),
        "after": loan("flexible", **_PAID_100),
        "label": "the flexible USDT loan",
        "decision": "debt 1000.4 → 900.4, pay 100",
        "diff_before": "debt 1000.4 USDT\\\\n",
        "diff_after": "debt  900.4 USDT\\\\n",
        "ret_code": "148029",
    },
    "bybit_fixed_loan_repay": {
        "msg": "Repaid 1000 USDT on fixed contract 571 (repayment 1771). Debt before: 1000, now: 0.",
        "repay_id": "1771",
        "ids": _LOAN_ID
        + Template(_LOAN_CURRENCY).substitute(what="The coin of the contracts; V(none) if O(loan_id) names one contract.")
        + _COLLATERAL,
        "amount": "1000",
        "before": loan("fixed", **_OF_FIXED, debt='"1000"'),
        "after": loan("fixed", "repaid", **{**_OF_FIXED, "debt": '"0"', "principal": '"0"'}),
        "label": "fixed contract 571",
        "decision": "debt 1000 → 0, pay 1000",
        "diff_before": "debt 1000 USDT\\\\n",
        "diff_after": "debt    0 USDT\\\\n",
        "ret_code": "148029",
    },
}


def block(module: str) -> str:
    """Return the documentation of the values that a module returns."""
    return BLOCK.substitute(VALUES[module])


def with_block(module: str, source: str) -> str:
    """Return the source of a module with its block as it is now.

    :raises ValueError: When the source has no such block.
    """
    before, begin, rest = source.partition(BEGIN)
    dummy, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{module} has no RETURN block")
    return before + BEGIN + block(module) + END + after


def main(arguments: t.Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write the RETURN block of the repay modules.")
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if a block is not current")
    options = parser.parse_args(arguments)
    stale = []
    for module in VALUES:
        path = MODULES / f"{module}.py"
        source = path.read_text(encoding="utf-8")
        current = with_block(module, source)
        if current != source:
            stale.append(module)
            if not options.check:
                path.write_text(current, encoding="utf-8")
    print(f"{'Not current' if options.check else 'Written'}: {', '.join(stale)}." if stale else f"All {len(VALUES)} are current.")
    return int(options.check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())

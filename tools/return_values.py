# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the RETURN blocks of the modules that move money from one template, because ansible-core has no RETURN fragments.

usage: .venv/bin/python tools/return_values.py [--check]
"""

from __future__ import annotations

import argparse
import sys
import textwrap
import typing as t
from pathlib import Path
from string import Template

from return_block import BLOCK
from return_texts import WORDS

MODULES = Path(__file__).resolve().parent.parent / "plugins" / "modules"
BEGIN, END = 'RETURN = r"""\n', '"""\n'

_LOAN_ID = """\
loan_id:
  description: The ID of the contract. V(none) for all contracts in O(loan_currency).
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
  description: The coins that the exchange sells for the repayment. Empty if the Funding wallet pays.
  returned: when the options are valid
  type: list
  elements: str
  sample: []
"""
_ORDER_ID = """\
order_id:
  description: $what
  returned: when the options are valid
  type: str
  sample: "1794267532472646144"
"""


_CURRENCY = """\
currency:
  description: The coin of the account's collateral. V(none) if O(order_id) names a loan.
  returned: when the options are valid
  type: str
  sample: BTC
"""
_COIN = """\
coin:
  description: The coin that is transferred.
  returned: when the options are valid
  type: str
  sample: USDT
"""


def loan(product: str, status: str = "open", **values: str) -> str:
    """Return the sample of a loan, indented for the template."""
    usual = {
        "product": product, "id": "null", "status": status, "coin": "USDT", "debt": '"1000.4"', "principal": '"1000"',
        "interest": '"0.4"', "penalty_interest": '"0"', "hourly_rate": '"0.0000090346"', "annual_rate": '"0.079143096"',
        "collateral_coin": "null", "collateral_amount": "null", "ltv": "null", "maturity_time_ms": "null",
    }
    return sample({**usual, **values})


def sample(values: dict[str, str]) -> str:
    """Return a sample, indented for the template."""
    return textwrap.indent("".join(f"{name}: {value}\n" for name, value in values.items()), " " * 8)


def pledge(amount: str, ltv: str) -> str:
    """Return the sample of a legacy order's collateral."""
    return sample({"product": "legacy", "id": '"1794267532472646144"', "coin": "BTC", "collateral_amount": f'"{amount}"', "ltv": f'"{ltv}"'})


def balances(funding: str, unified: str) -> str:
    """Return the sample of the wallets."""
    return sample({"coin": "USDT", "funding": f'"{funding}"', "unified": f'"{unified}"'})


_OF_LEGACY = {"id": '"1794267532472646144"', "collateral_coin": "BTC", "collateral_amount": '"0.04"', "maturity_time_ms": "1731149999000"}
_OF_FIXED = {"id": '"571"', "interest": '"0"', "maturity_time_ms": "1731149999000"}
_PAID_100 = {"debt": '"900.4"', "principal": '"900.4"', "interest": '"0"'}
VALUES: dict[str, dict[str, str]] = {
    "bybit_loan_repay": {
        **WORDS["repayment"],
        "msg": "Repaid 100 USDT on loan 1794267532472646144 (repayment 1794271131730737664). Debt before: 1000.4, now: 900.4.",
        "id": "1794271131730737664",
        "ids": Template(_ORDER_ID).substitute(what="The ID of the loan order."),
        "amount": "100",
        "before": loan("legacy", **_OF_LEGACY, ltv='"0.4168"'),
        "after": loan("legacy", **{**_OF_LEGACY, **_PAID_100, "ltv": '"0.3752"'}),
        "label": "loan 1794267532472646144",
        "decision": "debt 1000.4 → 900.4, pay 100",
        "diff_before": "debt 1000.4 USDT  LTV 0.4168\\\\n",
        "diff_after": "debt  900.4 USDT  LTV 0.3752\\\\n",
        "ret_code": "177011", "ret_msg": "Balance is not enough", "coin": "USDT",
    },
    "bybit_flexible_loan_repay": {
        **WORDS["repayment"],
        "msg": "Repaid 100 USDT on the flexible USDT loan (repayment 1771). Debt before: 1000.4, now: 900.4.",
        "id": "1771",
        "ids": Template(_LOAN_CURRENCY).substitute(what="The coin that is owed.") + _COLLATERAL,
        "amount": "100",
        "before": loan("flexible"),
        "after": loan("flexible", **_PAID_100),
        "label": "the flexible USDT loan",
        "decision": "debt 1000.4 → 900.4, pay 100",
        "diff_before": "debt 1000.4 USDT\\\\n",
        "diff_after": "debt  900.4 USDT\\\\n",
        "ret_code": "148029", "ret_msg": "Balance is not enough", "coin": "USDT",
    },
    "bybit_fixed_loan_repay": {
        **WORDS["repayment"],
        "msg": "Repaid 1000 USDT on fixed contract 571 (repayment 1771). Debt before: 1000, now: 0.",
        "id": "1771",
        "ids": _LOAN_ID
        + Template(_LOAN_CURRENCY).substitute(what="The coin of the contracts. V(none) if O(loan_id) names one contract.")
        + _COLLATERAL,
        "amount": "1000",
        "before": loan("fixed", **_OF_FIXED, debt='"1000"'),
        "after": loan("fixed", "repaid", **{**_OF_FIXED, "debt": '"0"', "principal": '"0"'}),
        "label": "fixed contract 571",
        "decision": "debt 1000 → 0, pay 1000",
        "diff_before": "debt 1000 USDT\\\\n",
        "diff_after": "debt    0 USDT\\\\n",
        "ret_code": "148029", "ret_msg": "Balance is not enough", "coin": "USDT",
    },
    "bybit_loan_collateral": {
        **WORDS["adjustment"],
        "msg": "Added 0.01 BTC to the collateral of loan 1794267532472646144 (adjustment 1794318409405331968). Collateral before: 0.04, now: 0.05.",
        "id": "1794318409405331968",
        "ids": Template(_ORDER_ID).substitute(what="The ID of the loan order. V(none) for the collateral of the account.") + _CURRENCY,
        "amount": "0.01",
        "before": pledge("0.04", "0.4168"),
        "after": pledge("0.05", "0.3335"),
        "label": "loan 1794267532472646144",
        "decision": "LTV 0.4168 → 0.3335, collateral 0.04 → 0.05 BTC, add 0.01",
        "diff_before": "collateral 0.04 BTC  LTV 0.4168\\\\n",
        "diff_after": "collateral 0.05 BTC  LTV 0.3335\\\\n",
        "ret_code": "177011", "ret_msg": "Balance is not enough", "coin": "BTC",
    },
    "bybit_funding_transfer": {
        **WORDS["transfer"],
        "msg": "Transferred 500 USDT to the Funding wallet (transfer 6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f).",
        "id": "6f1b2c9e-3a4d-4c5e-8f70-1a2b3c4d5e6f",
        "ids": _COIN,
        "amount": "500",
        "before": balances("23.75", "2000"),
        "after": balances("523.75", "1500"),
        "label": "the Funding wallet",
        "decision": "Funding 23.75 → 523.75, transfer 500",
        "diff_before": "Funding  23.75 USDT  UNIFIED 2000\\\\n",
        "diff_after": "Funding 523.75 USDT  UNIFIED 1500\\\\n",
        "ret_code": "131212", "ret_msg": "Insufficient balance", "coin": "USDT",
    },
}


def block(module: str) -> str:
    """Return the content of a module's RETURN block."""
    values = VALUES[module]
    subject = Template(values["subject"]).substitute(values)
    return BLOCK.substitute({**values, "subject": subject})


def with_block(module: str, source: str) -> str:
    """Return the source of a module with its current RETURN block.

    :raises ValueError: If the source has no RETURN block.
    """
    before, begin, rest = source.partition(BEGIN)
    dummy, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{module} has no RETURN block")
    return before + BEGIN + block(module) + END + after


def main(arguments: t.Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write the RETURN block of the modules that move money.")
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

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit trail as text for other programs: CSV for spreadsheets, Beancount for a ledger.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import csv
import io
import re
import typing as t

from .._journal.entries import EXECUTED
from .._times import iso

_Entries = t.Sequence[t.Mapping[str, t.Any]]

COLUMNS = (
    "time", "realm", "account", "product", "loan", "event", "amount", "coin", "principal", "interest", "reference", "repay_id", "intent", "user", "controller",
    "awx_job", "reason", "number", "hash",
)
_HEAD = """\
; Repayments from the journal of treasury.bybit, by the day (UTC) on which they were sent. Principal and interest are apart where the loan
; showed them before and after. The exchange does not tell its fee for a repayment from collateral. Open the accounts in your own file.
"""


def as_csv(entries: _Entries) -> str:
    """Return all entries, one in each row, under a row with the names of the columns (RFC 4180, times in UTC)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        values = {**entry, **entry["actor"], "time": iso(entry["time_ms"])}
        writer.writerow([values.get(name) if values.get(name) is not None else "" for name in COLUMNS])
    return text.getvalue()


def as_beancount(entries: _Entries) -> str:
    """Return one transaction for each repayment that was executed, once, in Beancount's language."""
    return _HEAD + "".join(_transaction(entry) for entry in entries if entry["event"] == EXECUTED)


FORMATS: dict[str, t.Callable[[_Entries], str]] = {"csv": as_csv, "beancount": as_beancount}


def _transaction(entry: t.Mapping[str, t.Any]) -> str:
    account, product, loan, amount, coin = (entry[name] for name in ("account", "product", "loan", "amount", "coin"))
    debt = f"Liabilities:Bybit:A{_part(account)}:{product.capitalize()}:L{_part(loan)}"
    source = "Collateral" if entry["goal"]["collateral"] else "Funding"
    metadata = {"intent": entry["intent"], "repay-id": entry["repay_id"], "reference": entry["reference"], "time": iso(entry["time_ms"])}
    lines = [f'{iso(entry["sent_at_ms"])[:10]} * "Bybit" {_quoted(f"Repayment of {amount} {coin} on {product} loan {loan}")}']
    lines += [f"  {name}: {_quoted(value)}" for name, value in metadata.items() if value]
    interest = f"Expenses:Bybit:A{_part(account)}:{product.capitalize()}:L{_part(loan)}:Interest"
    postings = [(debt, entry["principal"] or amount), (interest, entry["interest"]), (f"Assets:Bybit:A{_part(account)}:{source}", f"-{amount}")]
    lines += [f"  {name}  {number} {_commodity(coin)}" for name, number in postings if number not in (None, "0")]
    return "\n" + "\n".join(lines) + "\n"


def _part(name: str) -> str:
    """Return a part of the name of an account, which may have letters, digits and hyphens."""
    return re.sub("[^A-Za-z0-9-]", "-", name)


def _commodity(coin: str) -> str:
    """Return a coin as Beancount takes it: a capital first, a capital or digit last."""
    name = re.sub("[^A-Z0-9]", "-", coin.upper()).strip("-")
    return name if re.match("[A-Z]", name) and len(name) > 1 else f"C-{name}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

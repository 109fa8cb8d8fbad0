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

from .._goal import ADD, REPAY, TAKE_BACK, TO_FUND, TO_UNIFIED
from .._journal.entries import EXECUTED
from .._journal.target import ORDER_COLLATERAL
from .._times import iso
from .._words import WORDS

_Entries = t.Sequence[t.Mapping[str, t.Any]]

COLUMNS = (
    "time", "realm", "account", "product", "loan", "move", "event", "amount", "coin", "principal", "interest", "reference", "repay_id", "intent", "user",
    "controller", "awx_job", "reason", "number", "hash",
)
_HEAD = """\
; Repayments, adjustments of collateral, and transfers from the journal of treasury.bybit, by the day (UTC) on which they were sent. Principal
; and interest are separate if the loan showed them before and after. The exchange does not report its fee for a repayment from collateral.
; Open the accounts in your own file.
"""


def as_csv(entries: _Entries) -> str:
    """Return all entries as CSV (RFC 4180), one in each row, under a header row. Times are in UTC."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        values = {**entry, **entry["actor"], "time": iso(entry["time_ms"])}
        writer.writerow([values.get(name) if values.get(name) is not None else "" for name in COLUMNS])
    return text.getvalue()


def as_beancount(entries: _Entries) -> str:
    """Return one Beancount transaction for each executed repayment, adjustment, and transfer."""
    return _HEAD + "".join(_transaction(entry) for entry in entries if entry["event"] == EXECUTED)


FORMATS: dict[str, t.Callable[[_Entries], str]] = {"csv": as_csv, "beancount": as_beancount}


def _transaction(entry: t.Mapping[str, t.Any]) -> str:
    id_name = WORDS[entry["move"]].id_key.replace("_", "-")
    metadata = {"intent": entry["intent"], id_name: entry["repay_id"], "reference": entry["reference"], "time": iso(entry["time_ms"])}
    lines = [f'{iso(entry["sent_at_ms"])[:10]} * "Bybit" {_quoted(_narration(entry))}']
    lines += [f"  {name}: {_quoted(value)}" for name, value in metadata.items() if value]
    commodity = _commodity(entry["coin"])
    lines += [f"  {name}  {number} {commodity}" for name, number in _postings(entry) if number not in (None, "0")]
    return "\n" + "\n".join(lines) + "\n"


def _narration(entry: t.Mapping[str, t.Any]) -> str:
    product, loan, amount = (entry[name] for name in ("product", "loan", "amount"))
    whose = f"of legacy loan {loan}" if product == ORDER_COLLATERAL else "of the account"
    texts = {
        REPAY: f"Repayment of {{}} on {product} loan {loan}",
        ADD: f"Addition of {{}} to the collateral {whose}",
        TAKE_BACK: f"Return of {{}} from the collateral {whose}",
        TO_FUND: "Transfer of {} from UNIFIED to FUND",
        TO_UNIFIED: "Transfer of {} from FUND to UNIFIED",
    }
    return texts[entry["move"]].format(f"{amount} {entry['coin']}")


def _postings(entry: t.Mapping[str, t.Any]) -> list[tuple[str, str | None]]:
    """Return the accounts that a move changes, with amounts that add up to zero."""
    move, amount = entry["move"], entry["amount"]
    account = f"Bybit:A{_part(entry['account'])}"
    loan, funding, pledged = f"L{_part(entry['loan'])}", f"Assets:{account}:Funding", f"Assets:{account}:Collateral"
    if move == REPAY:
        debt = f"{account}:{entry['product'].capitalize()}:{loan}"
        source = pledged if entry["goal"]["collateral"] else funding
        postings = [(f"Liabilities:{debt}", entry["principal"] or amount), (f"Expenses:{debt}:Interest", entry["interest"])]
        return [*postings, (source, f"-{amount}")]
    if entry["product"] == ORDER_COLLATERAL:
        # The collateral of an order secures only that order.
        pledged = f"{pledged}:{loan}"
    unified = f"Assets:{account}:Unified"
    target, source = {ADD: (pledged, funding), TAKE_BACK: (funding, pledged), TO_FUND: (funding, unified), TO_UNIFIED: (unified, funding)}[move]
    return [(target, amount), (source, f"-{amount}")]


def _part(name: str) -> str:
    """Return a part of an account name, which may contain only letters, digits, and hyphens."""
    return re.sub("[^A-Za-z0-9-]", "-", name)


def _commodity(coin: str) -> str:
    """Return a coin as a Beancount commodity, which starts with a capital letter and ends with a capital letter or a digit."""
    name = re.sub("[^A-Z0-9]", "-", coin.upper()).strip("-")
    return name if re.match("[A-Z]", name) and len(name) > 1 else f"C-{name}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words with which messages and results name each move.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from ._goal import ADD, REPAY, TAKE_BACK, TO_FUND, TO_UNIFIED


class Words(t.NamedTuple):
    """The words for one kind of move.

    :ivar noun: The move, before "of 100 USDT"; C(a_noun) includes the article.
    :ivar place: Precedes the name of the target, after the amount.
    :ivar did: The verb in the past tense, before the amount; C(do) is its infinitive, C(done) its participle.
    :ivar entry: Precedes the exchange's ID; C(a_entry) includes the article.
    :ivar level: The figure of the exchange that the move changes.
    :ivar target: The word for the target.
    :ivar id_key: The key of the exchange's ID in the result; C(list_key) is that of all moves, C(subject_key) that of the figures before
        and after.
    """

    noun: str
    place: str
    did: str
    do: str
    done: str
    entry: str
    level: str
    target: str
    id_key: str
    list_key: str
    subject_key: str

    @property
    def a_entry(self) -> str:
        return _with_article(self.entry)

    @property
    def a_noun(self) -> str:
        return _with_article(self.noun)


_REPAYMENT = Words(
    "repayment", "on", "Repaid", "repay", "repaid", "repayment", "debt", "loan", "repay_id", "repayments", "loan"
)
_ADDITION = Words(
    "addition", "to the collateral of", "Added", "add", "added", "adjustment", "collateral", "collateral", "adjust_id", "adjustments",
    "collateral",
)
_TRANSFER = Words(
    "transfer", "from UNIFIED to FUND in", "Transferred", "transfer", "transferred", "transfer", "balance", "wallet", "transfer_id", "transfers", "wallets"
)
WORDS: dict[str, Words] = {
    REPAY: _REPAYMENT,
    ADD: _ADDITION,
    TAKE_BACK: _ADDITION._replace(
        noun="return", place="from the collateral of", did="Took back", do="take back", done="taken back"
    ),
    TO_FUND: _TRANSFER,
    TO_UNIFIED: _TRANSFER._replace(place="from FUND to UNIFIED in"),
}


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] == 'a' else 'a'} {noun}"

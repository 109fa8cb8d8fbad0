# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the journal says was moved before: under each rule in its period, and within a day under the caps.

Everything that may have moved counts. What no policy moved counts under no rule, but under the cap of a day.
Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import total
from .._journal.intent import Intent
from .._loans.prices import Prices
from .._times import DAY_MS, period_begin_ms
from .money import Amounts, Cap, Money
from .rules import InstallmentRule, Rule

_ZERO = Decimal(0)


def since_ms(rules: t.Iterable[Rule], now_ms: int) -> int:
    """Return from when on (UTC, ms) it matters what was moved."""
    begins = [period_begin_ms(rule.per, now_ms) for rule in rules if isinstance(rule, InstallmentRule)]
    return min([now_ms - DAY_MS, *begins])


def repaid_under(rules: t.Iterable[Rule], intents: t.Sequence[Intent], now_ms: int) -> dict[str, Decimal]:
    """Return what was repaid under each rule with an instalment in its current period, by the name of the rule."""
    return {rule.name: _repaid(rule, intents, now_ms) for rule in rules if isinstance(rule, InstallmentRule)}


def _repaid(rule: InstallmentRule, intents: t.Iterable[Intent], now_ms: int) -> Decimal:
    begin_ms = period_begin_ms(rule.per, now_ms)
    shares = [share for intent in intents if intent.counted and intent.sent_at_ms >= begin_ms for share in intent.counted.shares]
    return total(*(amount for name, amount in shares if name == rule.name))


def used(cap: Cap, intents: t.Iterable[Intent], prices: Prices) -> Cap:
    """Return a cap of which this was used. What has no known value in USD closes a cap in USD."""
    cap = cap._replace(used_usd=_ZERO, used_coins={})
    for intent in intents:
        moved, usd = _moved(intent, prices)
        cap = cap.after(moved, usd)
    return cap


def _moved(intent: Intent, prices: Prices) -> tuple[Amounts, Decimal | None]:
    if intent.counted is not None:
        return dict(intent.counted.moved), intent.counted.usd
    moved = {intent.coin: intent.amount}
    return moved, Money({}, prices=prices).most_usd(moved)

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was moved before, under each rule and under the caps."""

from __future__ import annotations

import typing as t
from decimal import Decimal
from types import SimpleNamespace

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Counted
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Cap
from ansible_collections.treasury.bybit.plugins.module_utils._policy.moved import repaid_under, since_ms, used
from policies import DAY_MS, money

D = Decimal
HOUR_MS = 3_600_000
# 2026-11-18 12:00:00 UTC, a Wednesday.
NOW_MS = 1_795_003_200_000
PRICES = money({}).prices
RULES = tuple(rules.InstallmentRule(per, rules.Selection(coin="USDT"), D(500), per) for per in ("day", "week", "month", "quarter"))


def intent(hours_ago: float, amount: str = "1", coin: str = "USDT", counted: Counted | None = None) -> t.Any:
    return SimpleNamespace(sent_at_ms=int(NOW_MS - hours_ago * HOUR_MS), amount=D(amount), coin=coin, counted=counted)


def of_rules(hours_ago: float, **shares: str) -> t.Any:
    found = tuple((name, D(amount)) for name, amount in shares.items())
    return intent(hours_ago, "1000", counted=Counted(found, (("USDT", D(1000)),), D(1000)))


def test_only_what_a_rule_needed_counts_under_it_in_its_period() -> None:
    intents = [
        of_rules(11.9, day="1", week="2", month="4", quarter="8"),
        of_rules(12.1, day="16", week="32", month="64", quarter="128"),
        of_rules(3 * 24, day="256", week="512", month="1024", quarter="2048"),
        of_rules(20 * 24, month="4096", quarter="8192"),
        of_rules(60 * 24, quarter="16384"),
        of_rules(1, ltv="10000"),
        intent(1, "10000"),
    ]
    assert repaid_under(RULES, intents, NOW_MS) == {"day": D(1), "week": D(34), "month": D(4 + 64 + 1024), "quarter": D(8 + 128 + 2048 + 8192)}


@pytest.mark.parametrize(
    ("of", "days"),
    [((), 1), ((RULES[0],), 1), ((RULES[1],), 2.5), ((RULES[0], RULES[2]), 17.5), (RULES, 48.5), ((rules.MaturityRule("due", rules.Selection(), 1),), 1)],
    ids=["nothing", "day", "week", "month", "quarter", "maturity"],
)
def test_as_far_back_as_matters(of: t.Sequence[rules.Rule], days: float) -> None:
    assert NOW_MS - since_ms(of, NOW_MS) == days * DAY_MS


@pytest.mark.parametrize(
    ("intents", "usd", "coins"),
    [
        ([], "0", {}),
        ([intent(1, "3"), intent(2, "2", "ETH")], "5003", {"USDT": D(3), "ETH": D(2)}),
        ([of_rules(1, ltv="5"), intent(2, "4")], "1004", {"USDT": D(1004)}),
        ([intent(1, "3", "XRP")], None, {"XRP": D(3)}),
        ([intent(1, counted=Counted((), (("USDT", D(7)),), None))], None, {"USDT": D(7)}),
        ([intent(1, counted=Counted((), (), D(0)))], "0", {}),
    ],
    ids=["nothing", "other tasks", "a policy", "no price", "no price then", "a transfer"],
)
def test_everything_counts_under_a_cap(intents: list[t.Any], usd: str | None, coins: dict[str, Decimal]) -> None:
    cap = used(Cap("per_day", D(9000), {"USDT": D(2000)}, used_usd=None), intents, PRICES)
    assert (cap.used_usd, cap.used_coins) == (None if usd is None else D(usd), coins)
    left = cap.left("USDT", D(1)).amount
    assert left == (D(0) if usd is None else min(D(2000) - coins.get("USDT", D(0)), D(9000) - D(usd)))

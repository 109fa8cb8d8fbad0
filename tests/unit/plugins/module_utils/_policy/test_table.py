# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a plan fits a terminal, is aligned, and leaves nothing out."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._amounts import plain
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FIXED, FLEXIBLE
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.book import Book
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Cap, Money
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import TRANSFER, Operation, Played, Share, Unmet
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import Policy, plan
from ansible_collections.treasury.bybit.plugins.module_utils._policy.table import table
from ansible_collections.treasury.bybit.plugins.module_utils._policy.wording import action, amount, noun, place
from hypothesis import given
from policies import DAY_MS, NOW_MS, book, books, legacy, level, loan, money, moneys, pledged, policies

D = Decimal
LONG_ID = "1793683005081680384"
POLICY = Policy((
    rules.MaturityRule("maturity", rules.Selection(FIXED), 3 * DAY_MS),
    rules.LtvRule("ltv", rules.Selection(), level("0.7"), level("0.55"), (rules.Way(rules.ADD_COLLATERAL, ("BTC",)), rules.Way(rules.REPAY))),
))
BOOK = book(
    [loan(FLEXIBLE, "20000.5"), loan(FIXED, "2000", "570", maturity_time_ms=NOW_MS + DAY_MS), legacy(LONG_ID, "30000", "0.8", "0.75")],
    pledged("BTC", "0.3"), pledged("SOL", "100"),
)
MONEY = money(
    {"USDT": "1200", "BTC": "0.2"}, {"USDT": "9000"}, {"USDT": "200"}, [Cap("per_run", D(9000)), Cap("per_day", D(10000), {"USDT": D(9500)}, D(500))]
)
# Operations that are written by hand change no figures.
SILENT = (None, None, None, None, None)


def shown(policy: Policy, book: Book, money: Money, width: int = 80) -> str:
    planned = plan(policy, book, money, {})
    return table(planned.operations, planned.unmet, money, width)


def operation(kind: str = rules.REPAY, number: str = "1", coin: str = "USDT", **more: object) -> Played:
    values = {"product": FLEXIBLE, "shares": (Share("ltv", "why"),), **more}
    return Played(Operation(kind, coin, D(number), **values), *SILENT)  # type: ignore[arg-type]


def test_a_plan_at_80_columns() -> None:
    assert shown(POLICY, BOOK, MONEY) == """\
#  operation       target                      amount
1  transfer        UNIFIED to Funding           800    USDT
   maturity: the Funding wallet pays, partly with money of the UNIFIED wallet
2  repay           fixed 570                   2000    USDT
   LTV 88.90 % → 80.82 %, debt 2000 → 0 USDT
   maturity: loan 570 is due at 2026-11-07 21:20:00 UTC
3  add collateral  legacy 1793683005081680384     0.14 BTC
   LTV 75.01 % → 63.84 %, collateral 0.8 → 0.94 BTC
   ltv: the LTV of loan 1793683005081680384 is 75.01 %, above 70.00 %

Not done:
  ltv: The LTV of loan 1793683005081680384 reaches 63.84 %, not 55.00 %:
    0.29145144 BTC is needed, but only 7000 USD of per_run (9000 USD) is left.
  ltv: The LTV of the account reaches 80.82 %, not 55.00 %: 0.25810102 BTC is
    needed, but nothing of per_run (9000 USD) is left.

Moved in total, without transfers:
  USDT      2000     2000.00 USD
  BTC          0.14  7000.00 USD
  together           9000.00 USD
  per_run leaves 0 of 9000 USD
  per_day leaves 500 of 10000 USD
  per_day leaves 7500 of 9500 USDT
"""


def test_a_wider_terminal_only_changes_where_sentences_break() -> None:
    narrow, wide = shown(POLICY, BOOK, MONEY), shown(POLICY, BOOK, MONEY, 120)
    assert max(map(len, narrow.splitlines())) <= 80 < max(map(len, wide.splitlines())) <= 120
    assert wide.split() == narrow.split()


def test_an_empty_plan_says_so() -> None:
    assert table((), (), MONEY) == "Nothing to do: all rules are met.\n"


def test_a_plan_that_only_lacks_something_says_what() -> None:
    assert table((), (Unmet("ltv", "The marks are not known."),), MONEY) == "Nothing is done.\n\nNot done:\n  ltv: The marks are not known.\n"


@pytest.mark.parametrize(
    ("shares", "lines"),
    [
        ([("a", "x", "1")], ["   a: x"]),
        ([("a", "x", "0.7"), ("b", "y", "0.3")], ["   a (0.7 USDT): x", "   b (0.3 USDT): y"]),
        ([("a", "x", "0.7"), ("b", "x", "0.3")], ["   a (0.7 USDT), b (0.3 USDT): x"]),
        ([("a", "x", "0.7"), ("b", "y", "0.2"), ("a", "y", "0.1")], ["   a (0.7 USDT): x", "   b (0.2 USDT), a (0.1 USDT): y"]),
    ],
)
def test_each_rule_is_shown_with_its_reason_and_its_part(shares: list[tuple[str, str, str]], lines: list[str]) -> None:
    found = table([operation(shares=tuple(Share(rule, reason, D(part)) for rule, reason, part in shares))], (), MONEY).splitlines()
    assert found[2:found.index("")] == lines


def test_a_total_is_unknown_if_the_price_of_a_coin_is() -> None:
    found = table([operation(), operation(rules.ADD_COLLATERAL, "2", "XRP", product=None)], (), MONEY._replace(caps=(Cap("per_run", D(5)),)))
    assert found.endswith("""
  USDT      1  1.00 USD
  XRP       2  value in USD unknown
  together     value in USD unknown
  per_run leaves an unknown part of 5 USD
""")


def test_a_transfer_moves_nothing_that_counts() -> None:
    found = table([operation(TRANSFER, "7", product=None), operation()], (), MONEY)
    assert "\n  USDT  1  1.00 USD\n  per_run leaves 8999 of 9000 USD\n" in found


def test_a_sale_uses_the_caps_of_both_coins() -> None:
    having = MONEY._replace(caps=(Cap("per_run", None, {"USDT": D(100), "SOL": D(8)}),))
    sale = operation(rules.REPAY_FROM_COLLATERAL, "50", sells="SOL")._replace(sold=D("0.408"))
    assert table([sale], (), having).endswith("  per_run leaves 50 of 100 USDT\n  per_run leaves 7.592 of 8 SOL\n")


def test_long_numbers_and_ids_are_not_cut() -> None:
    number, name = "123456789012345678.123456789012345678", "x" * 100
    found = table([operation(number=number, product="legacy", loan_id=name, shares=(Share(name, "why"),))], (), MONEY)
    assert f"legacy {name}  {number} USDT\n" in found and f"{name}:" in found


def test_control_characters_are_not_sent_to_the_terminal() -> None:
    found = table([operation(shares=(Share("a\x1b[2J", "x\ny\u202e"),))], (Unmet("b\r", "z\x08."),), MONEY)
    assert found.replace("\n", "").isprintable()
    assert "a\ufffd[2J: x\ufffdy\ufffd\n" in found


@pytest.mark.parametrize(
    ("played", "words"),
    [
        (operation(), ("repay", "flexible USDT", "repayment on flexible USDT")),
        (operation(product=FIXED, loan_id="570"), ("repay", "fixed 570", "repayment on fixed 570")),
        (
            operation(rules.REPAY_FROM_COLLATERAL, sells="BTC"),
            ("sell BTC to repay", "flexible USDT", "repayment on flexible USDT by selling BTC"),
        ),
        (
            operation(rules.ADD_COLLATERAL, coin="BTC", product=None),
            ("add collateral", "the account", "addition of BTC to the collateral of the account"),
        ),
        (
            operation(rules.ADD_COLLATERAL, coin="BTC", product="legacy", loan_id="6"),
            ("add collateral", "legacy 6", "addition of BTC to the collateral of legacy 6"),
        ),
        (
            operation(TRANSFER, product=None),
            ("transfer", "UNIFIED to Funding", "transfer of USDT from the UNIFIED to the Funding wallet"),
        ),
    ],
)
def test_operations_are_named(played: Played, words: tuple[str, str, str]) -> None:
    assert (action(played.operation), place(played.operation), noun(played.operation)) == words
    assert amount(played.operation) == f"1 {played.operation.coin}"


@given(policies(), books(), moneys())
def test_a_table_fits_80_columns_and_is_aligned(policy: Policy, book: Book, money: Money) -> None:
    planned = plan(policy, book, money, {})
    lines = table(planned.operations, planned.unmet, money).splitlines()
    assert max(map(len, lines)) <= 80
    assert not any(line != line.rstrip() for line in lines)
    if planned.operations:
        rows = [line for line in lines[: lines.index("Moved in total, without transfers:")] if line[:2].strip().isdigit()]
        assert len(rows) == len(planned.operations)
        assert len({line.rindex(" ") for line in rows}) == 1
        amounts = [line[lines[0].index("amount"):].split(" " + played.operation.coin)[0] for line, played in zip(rows, planned.operations)]
        assert len({(number.rstrip() + ".").index(".") for number in amounts}) == 1


@given(policies(), books(), moneys())
def test_a_table_leaves_nothing_out(policy: Policy, book: Book, money: Money) -> None:
    planned = plan(policy, book, money, {})
    text = " ".join(table(planned.operations, planned.unmet, money).split())
    for played in planned.operations:
        assert played.arithmetic in text
        words = f" {action(played.operation)} {place(played.operation)} {plain(played.operation.amount)} {played.operation.coin} "
        assert words in text
        assert all(part in text for part in (part for share in played.operation.shares for part in share[:2]))
    assert all(f"{entry.rule}: {entry.reason}" in text for entry in planned.unmet)

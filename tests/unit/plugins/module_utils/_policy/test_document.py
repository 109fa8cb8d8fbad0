# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan file is read as it was written, or not at all."""

from __future__ import annotations

import hashlib
import json
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FIXED, FLEXIBLE
from ansible_collections.treasury.bybit.plugins.module_utils._policy import document as document_module
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.book import Book
from ansible_collections.treasury.bybit.plugins.module_utils._policy.document import Document, Origin, document_of, read, written
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Cap, Money
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import Policy, plan
from ansible_collections.treasury.bybit.plugins.module_utils._policy.table import table
from hypothesis import example, given
from hypothesis import strategies as st
from policies import DAY_MS, NOW_MS, book, books, drawn_with, legacy, level, loan, money, moneys, pledged, policies

D = Decimal
ORIGIN = Origin("mainnet", "104", NOW_MS + 321, NOW_MS + DAY_MS + 654)
FLEXIBLE_USDT = rules.Selection(FLEXIBLE, "USDT")
POLICY = Policy(
    (
        rules.MaturityRule("Fälligkeit", rules.Selection(FIXED), 3 * DAY_MS),
        rules.LtvRule(
            "ltv", rules.Selection(), rules.Level(D("-0.05"), rules.MARGIN_CALL), rules.Level(D("0.550")),
            (rules.Way(rules.ADD_COLLATERAL, ("BTC", "SOL")), rules.Way(rules.REPAY)), rules.SOONEST_DUE,
        ),
        rules.InstallmentRule("installment", FLEXIBLE_USDT, D("500.0"), "month"),
        rules.DebtRule("debt", FLEXIBLE_USDT, D("1E+4"), rules.AS_LISTED),
    ),
    {"BTC": D("-0.30")},
)
BOOK = book(
    [loan(FLEXIBLE, "20000.5"), loan(FIXED, "2000", "570", maturity_time_ms=NOW_MS + DAY_MS), legacy("6", "30000", "0.8", "0.75")],
    pledged("BTC", "0.3"), pledged("SOL", "100"),
)
CAPS = [Cap("per_run", D(9000)), Cap("per_day", None, {"USDT": D(9500)}, D(5))]
MONEY = money({"USDT": "1200", "BTC": "0.2"}, {"USDT": "9000"}, {"USDT": "200"}, CAPS)


def made(policy: Policy = POLICY, book: Book = BOOK, money: Money = MONEY, repaid: t.Any = None, origin: Origin = ORIGIN) -> Document:
    repaid = repaid or {}
    return document_of(plan(policy, book, money, repaid), policy, money, repaid, origin)


def error_of(text: str) -> str:
    with pytest.raises(BadInput) as caught:
        read(text)
    return str(caught.value)


def forged(**changes: t.Any) -> str:
    """Return a changed plan file with a matching digest."""
    content = {**json.loads(written(made())), **changes}
    del content["digest"]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    return json.dumps({**content, "digest": digest}, sort_keys=True, indent=2) + "\n"


def forged_operation(**changes: t.Any) -> str:
    """Return a plan file with a matching digest and another first operation, without the values that are none."""
    first, *rest = json.loads(written(made()))["operations"]
    return forged(operations=[{name: value for name, value in {**first, **changes}.items() if value is not None}, *rest])


def test_a_file_says_what_was_declared() -> None:
    assert json.loads(written(made()))["policy"] == {
        "rules": [
            {"name": "Fälligkeit", "loans": {"product": "fixed"}, "before_maturity": "3d"},
            {
                "name": "ltv", "loans": {}, "ltv": {"above": "margin_call - 0.05", "down_to": "0.55"},
                "using": [{"add_collateral": ["BTC", "SOL"]}, {"repay": []}], "order": "soonest_due",
            },
            {
                "name": "installment", "loans": {"product": "flexible", "coin": "USDT"}, "installment": {"amount": "500", "per": "month"},
                "order": "highest_rate",
            },
            {"name": "debt", "loans": {"product": "flexible", "coin": "USDT"}, "max_debt": "10000", "order": "as_listed"},
        ],
        "stress": {"BTC": "-0.3"},
        "funds": {"from": ["funding", "unified"], "keep": {"USDT": "200"}},
        "limits": {"per_run": {"usd": "9000", "coins": {}}, "per_day": {"coins": {"USDT": "9500"}}},
    }


@pytest.mark.parametrize(
    ("written_level", "words"),
    [
        (rules.Level(D("0.7")), "0.7"), (rules.Level(D(0), "initial"), "initial"), (rules.Level(D("0.010"), "liquidation"), "liquidation + 0.01"),
    ],
)
def test_levels_are_written_as_declared(written_level: rules.Level, words: str) -> None:
    policy = Policy((rules.LtvRule("ltv", rules.Selection(), written_level, level("0.5")),))
    assert made(policy).policy["rules"][0]["ltv"]["above"] == words


@pytest.mark.parametrize(("within_ms", "words"), [(3 * DAY_MS, "3d"), (DAY_MS + 3_600_000, "25h"), (0, "0d"), (1500, "1500ms")])
def test_durations_are_exact(within_ms: int, words: str) -> None:
    policy = Policy((rules.MaturityRule("maturity", rules.Selection(), within_ms),))
    assert made(policy).policy["rules"][0]["before_maturity"] == words


def test_a_file_says_what_was_observed() -> None:
    found = json.loads(written(made(repaid={"installment": D("12.50")})))["observed"]
    assert (found["time"], found["ltv"], found["refuses_collateral"]) == ("2026-11-06T21:20:00Z", "0.88890909090909091", False)
    assert [(shown["product"], shown.get("id"), shown["debt"], shown.get("maturity_time")) for shown in found["loans"]] == [
        ("flexible", None, "20000.5", None), ("fixed", "570", "2000", "2026-11-07T21:20:00Z"), ("legacy", "6", "30000", None),
    ]
    assert found["debts"] == {"USDT": {"amount": "22000.5", "usd": "22000.5"}}
    assert found["collateral"]["SOL"] == {"amount": "100", "value_usd": "11250", "market_usd": "12500"}
    assert found["marks"]["account"] == found["marks"]["BTC"] == {"initial": "0.8", "margin_call": "0.85", "liquidation": "0.95"}
    assert found["balances"] == {"funding": {"BTC": "0.2", "USDT": "1200"}, "unified": {"USDT": "9000"}}
    assert found["prices_usd"]["BTC"] == {"low": "50000", "high": "50000"}
    assert found["moved"] == {"per_run": {"usd": "0", "coins": {}}, "per_day": {"usd": "5", "coins": {}}}
    assert found["repaid"] == {"installment": "12.5"}


def test_a_file_contains_nothing_else() -> None:
    assert set(json.loads(written(made()))) == {
        "account", "created", "digest", "expires", "format", "format_version", "observed", "operations", "policy", "realm",
        "unmet",
    }
    assert set(made().observed) == {
        "time", "loans", "debts", "collateral", "ltv", "marks", "refuses_collateral", "balances", "prices_usd", "moved", "repaid",
    }


def test_times_are_whole_seconds_and_never_later() -> None:
    document = read(written(made()))
    assert (document.origin.created_ms, document.origin.expires_ms) == (NOW_MS, NOW_MS + DAY_MS)


def test_references_name_the_plan_and_the_operation() -> None:
    text = written(made())
    assert read(text).reference(2) == f"{json.loads(text)['digest'][:16]}/2"


def test_the_digest_covers_all_but_itself() -> None:
    text = written(made())
    assert forged() == text
    changes = [
        {"realm": "testnet"}, {"account": "105"}, {"expires_ms": NOW_MS + 2 * DAY_MS}, {"created_ms": NOW_MS + 1000},
    ]
    digests = [made(origin=ORIGIN._replace(**change)).digest for change in changes]
    digests += [made(money=MONEY._replace(keep={})).digest, made(Policy(POLICY.rules)).digest, made(repaid={"installment": D(1)}).digest]
    assert len({*digests, made().digest}) == len(digests) + 1


def test_the_same_plan_has_the_same_digest() -> None:
    wallets = {wallet: dict(reversed(list(held.items()))) for wallet, held in reversed(list(MONEY.wallets.items()))}
    same = Policy(POLICY.rules, {"BTC": D("-0.3")})
    assert made(same, money=MONEY._replace(wallets=wallets)).digest == made().digest


def test_long_divisions_are_cut_but_amounts_are_not() -> None:
    owed = "0.1234567890123456789012345678"
    policy = Policy((rules.MaturityRule("maturity", rules.Selection(), DAY_MS),))
    cut = json.loads(written(made(policy, book([loan(FIXED, owed, "5", maturity_time_ms=0)]))))
    assert cut["operations"][0]["amount"] == owed
    assert cut["operations"][0]["before"] == "0.123456789012345678"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "plan_file is empty: use the file that 'mode: plan' wrote."),
        (" \n", "plan_file is empty: "),
        ("- a: b\n", "plan_file is not JSON (line 1): use the file that 'mode: plan' wrote."),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", "plan_file is not JSON (line 1): "),
        ("{}\nx}", "plan_file is not JSON (line 2): "),
        ("\ufeff{}", "plan_file is not JSON (line 1): "),
        ("{", "plan_file ends before its plan does: copy it again, or plan again."),
        ("[]", "plan_file is JSON, but not a plan: "),
        ("null", "plan_file is JSON, but not a plan: "),
        ('{"format": "treasury.bybit"}', "plan_file is JSON, but not a plan: "),
        (
            '{"format": "treasury.bybit plan", "format_version": 2}',
            "plan_file has format version 2, but this version of the collection only reads version 1: plan again.",
        ),
        ('{"format": "treasury.bybit plan"}', "plan_file has format version None, but"),
        ('{"format": "treasury.bybit plan", "format_version": 1}', "plan_file was changed after it was written: "),
        ('{"format_version": ' + "9" * 5000 + "}", "plan_file contains numbers that no plan contains: "),
        ('{"a": NaN}', "plan_file contains numbers that no plan contains: "),
        ('{"a": 1.5}', "plan_file contains numbers that no plan contains: "),
        ("[" * 200_000, "plan_file is nested too deeply for a plan: "),
        ("x" * (document_module.MAX_CHARACTERS + 1), "plan_file has more than 32,000,000 characters, so it is not a plan: "),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_not_a_plan_is_refused(text: str, words: str) -> None:
    message = error_of(text)
    assert message.startswith(words)
    assert message.endswith(".") and "\n" not in message


def test_an_edited_plan_is_refused() -> None:
    text = written(made())
    assert error_of(text.replace('"amount": "800"', '"amount": "900"')) == (
        "plan_file was changed after it was written: its digest does not match its content. Do not edit a plan, but plan again."
    )


def test_a_truncated_plan_is_refused() -> None:
    text = written(made())
    for length in range(1, len(text) - 2):
        assert error_of(text[:length]) == "plan_file ends before its plan does: copy it again, or plan again."


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.rstrip(), lambda text: text + "\n", lambda text: text.replace("\n", "\r\n"), lambda text: json.dumps(json.loads(text)),
        lambda text: text.replace("\\u00e4", "ä"), lambda text: text.replace("{\n", '{\n  "realm": "testnet",\n', 1),
    ],
    ids=["end", "more", "windows", "compact", "unicode", "twice"],
)
def test_a_plan_with_the_same_values_but_another_text_is_refused(change: t.Callable[[str], str]) -> None:
    text = written(made())
    assert change(text) != text
    assert error_of(change(text)).startswith("plan_file is not character for character as it was written: copy it without changes, ")


@pytest.mark.parametrize(
    "text",
    [
        forged(operations={}, unmet=3), forged(created="yesterday"), forged(created=1), forged(account=104), forged(policy=[1]), forged(observed=None),
        forged(unmet=[{"rule": "ltv"}]), forged(more="1"), forged(format_version=True), forged_operation(kind="borrow"), forged_operation(amount="0"),
        forged_operation(amount="-1"), forged_operation(amount=5), forged_operation(amount="1.0"), forged_operation(coin=5), forged_operation(coin=None),
        forged_operation(product="margin"), forged_operation(product=["legacy"]), forged_operation(loan_id=6), forged_operation(shares="ltv"),
        forged_operation(shares=[1]), forged_operation(shares=[{"rule": "ltv"}]), forged_operation(shares=[{"rule": 1, "reason": "x"}]),
        forged_operation(ltv_after="high"), forged_operation(number=7), forged_operation(urgent="yes"),
        forged(operations=["repay"]), forged(operations=None), forged(policy={}), forged(policy={"rules": [{}]}), forged(policy={"rules": ["ltv"]}),
    ],
)
def test_a_plan_that_this_collection_cannot_have_written_is_refused(text: str) -> None:
    assert error_of(text).startswith(("plan_file has a matching digest, but is not a valid plan: ", "plan_file is not character for character "))


def test_a_plan_that_names_something_twice_is_refused() -> None:
    content = json.loads(written(made()))
    first = content["operations"][0]
    twice = [forged(operations=[first, {**first, "number": 2}]), forged(policy={**content["policy"], "rules": content["policy"]["rules"][:1] * 2})]
    assert [error_of(text).partition(":")[0] for text in twice] == ["plan_file has a matching digest, but is not a valid plan"] * 2


# What a cap leaves after this sale has more decimal places than a file.
@example(*drawn_with(1250935, 202359, 1250935), False)
@given(policies(), books(), moneys(), st.booleans())
def test_a_written_plan_is_read_as_it_was(policy: Policy, book: Book, money: Money, is_divided: bool) -> None:
    if is_divided:
        # Prices come from divisions, too.
        money = money._replace(prices={coin: price._replace(high=price.high * 1000 / 999) for coin, price in money.prices.items()})
    planned = plan(policy, book, money, {})
    document = document_of(planned, policy, money, {}, ORIGIN)
    text = written(document)
    assert read(text) == document
    assert text.isascii()
    assert [played.operation for played in document.operations] == [played.operation for played in planned.operations]
    assert table(document.operations, document.unmet, money) == table(planned.operations, planned.unmet, money)


@given(st.data())
def test_each_changed_character_is_noticed(data: st.DataObject) -> None:
    text = written(made())
    place = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 3))
    other = data.draw(st.text(st.sampled_from('0123456789abcdef \n\t",:{}[]\\é.') | st.characters(), max_size=3))
    changed = text[:place] + other + text[place + length:]
    if changed != text:
        assert error_of(changed).startswith("plan_file ")


@given(st.text())
def test_any_other_text_is_refused_in_one_sentence(text: str) -> None:
    message = error_of(text)
    assert message.startswith("plan_file ") and message.endswith(".") and message.isprintable()

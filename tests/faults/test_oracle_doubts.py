# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The oracle on changed answers, on possible behaviors of the exchange, and on keys that may not read the wallet."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

import pytest
from cases import COIN, GOAL, LOST, MAX_DEBT, NEVER, SINCE, SOLD, T0, entry, judge, looks, made, owed, post, reported, run
from simulation import answers, documented, forgeries, oracle, switches
from simulation.goals import Plan
from simulation.ledger import FAILED, PROCESSING, Books
from simulation.products import WALLET
from simulation.recording import Recording
from simulation.runs import Post, Run
from simulation.shown import shown_at

AFTER_FEE = {"switched": {"repay_amount": {"after_fee"}}}
SPLIT = {"switched": {"repay_amount": {"sent", "split"}}}
MUTATED = {"mutations": [{"field": "result.repayId", "how": "absent"}]}
UNREAD = {"mutations": [{"field": "retMsg", "how": "absent"}]}
SECOND_ROW = str(7 + switches.SECOND_ROW)
OTHER_BODY = {"answer": {"http_status": 200, "body": "{}"}}
BLOCKED = {"answer": {"http_status": 403, "body": ""}, "commit": False}


def shown(amount: str, **changed: t.Any) -> dict[str, t.Any]:
    return reported("executed", amount=amount, repayments=[made(amount=amount, **changed)], **changed)


def dust(number: int, amount: str = "0.00005") -> Post:
    return post(repay_id=str(number), amount=Decimal(amount), sent_at=T0 + number, timestamp=T0 + number, handled_at=T0 + number)


def since(amount: str) -> Run:
    sent = post(amount=Decimal(amount), repay_id="8")
    result = reported("executed", amount=amount, repay_id="8", since={}, repayments=[made("8", amount)])
    return run(result, [sent], plan=Plan(SINCE))


@pytest.mark.parametrize(("runs", "ledger", "known"), [
    # Both the amount in the history and the paid amount are right.
    ([run(shown("99.95"), [post()])], [entry()], AFTER_FEE),
    ([run(shown("100"), [post()])], [entry()], AFTER_FEE),
    ([run(shown("60", repay_id=SECOND_ROW), [post()])], [entry()], SPLIT),
    ([since("200.05")], [entry("7", time=T0 - 500, source="owner"), entry("8", "200.05")], AFTER_FEE),
    ([run(shown("99"), [post()])], [entry()], {"forged": {forgeries.AMOUNT}}),
    ([run(reported("executed", repay_id="99"), [post()])], [entry()], {"forged": {forgeries.ID}}),
    # A changed answer may be readable or not.
    ([run(reported("executed"), [post(fault=MUTATED)])], [entry()], {}),
    ([run(reported("executed", recovered=True), [post(fault=MUTATED)])], [entry()], {}),
    ([run(reported("executed", recovered=True), [post(fault=OTHER_BODY)])], [entry()], {}),
    ([run(reported("unknown"), [post(fault=MUTATED)])], [entry()], {}),
    # The money of a failed repayment has left the wallet and come back.
    ([run(reported("unknown"), [post(fault=LOST)])], [entry(status=FAILED)], {}),
    ([run(reported("unknown"), [post(fault=LOST)])], [entry()], {"switched": {"user_repay_type": {"9"}}}),
    ([run(reported("unknown"), [post(fault=NEVER, repay_id=None)])], [entry("8", "3", source="owner", time=T0 + 900)], {}),
    ([run(reported("unknown"), [post(fault=NEVER, repay_id=None)])], [], {"cannot_read_wallet": True}),
    ([run(reported("unknown"), [post(loan=COIN, gives_id=False, fault=NEVER, repay_id=None)], plan=Plan(SOLD))], [], {}),
    ([run(reported("unknown"), [post(fault=BLOCKED, repay_id=None)])], [], {}),
    ([run(reported("unknown"), [post(fault=LOST)])], [entry()], {"switched": {"empty_amounts": {"never", "zeros"}}}),
    ([run(reported("pending"), [post()])], [entry(status=FAILED)], {}),
    ([run(reported("pending"), [post()])], [entry()], {"switched": {"repay_id_query_ms": {0, 90_000}}}),
    (
        [run(reported("executed"), [post(amount=Decimal("100")), dust(8), dust(9)], plan=Plan(MAX_DEBT))], [entry()],
        {"books": owed("900")},
    ),
])
def test_correct_runs_pass(runs: list[Run], ledger: list[t.Any], known: dict[str, t.Any]) -> None:
    for one in runs:
        for sent in one.posts:
            # What it really needs, so that only the rest is judged.
            sent.books = Books({sent.loan: Decimal(1000)})
            sent.committed = sent.repay_id in {known_entry.repay_id for known_entry in ledger}
    assert judge(runs, ledger, **known) == []


@pytest.mark.parametrize(("runs", "ledger", "known", "sentence"), [
    ([run(shown("99.95"), [post()])], [entry()], {}, "reported an amount of 99.95"),
    ([run(shown("99.94"), [post()])], [entry()], AFTER_FEE, "reported an amount of 99.94"),
    ([run(shown("60", repay_id=SECOND_ROW), [post()])], [entry()], {}, "reported an amount of 60"),
    ([since("200.06")], [entry("7", time=T0 - 500, source="owner"), entry("8", "200.06")], AFTER_FEE, "but 200.05000000 was missing"),
    ([since("199.9")], [entry("7", time=T0 - 500, source="owner"), entry("8", "199.9")], AFTER_FEE, "was missing"),
    ([run(reported("executed", repay_id="99"), [post()])], [entry()], {}, "repayment 99 is not in the ledger"),
    ([run(reported("executed", recovered=True), [post(fault=UNREAD)])], [entry()], {}, "recovered is True"),
    ([run(reported("not_executed"), [post(fault=MUTATED)])], [entry()], {}, "reported not_executed, but"),
    # No kind of lateness makes an executed repayment not executed.
    (
        [run(reported("not_executed"), [post(fault=LOST)])], [entry(visible_at=T0 + 9**9)], {"cannot_read_wallet": True},
        "reported not_executed, but",
    ),
    ([run(reported("not_executed"), [post(fault=LOST)])], [entry(status=PROCESSING)], AFTER_FEE, "reported not_executed, but"),
    ([run(reported("pending"), [post()])], [entry()], {"switched": {"repay_id_query_ms": {0, 3000}}}, "could have seen"),
    ([run(reported("unknown"), [post(fault=LOST)])], [entry()], {"switched": {"list_end": {"cursor_repeats"}}}, "without need"),
    ([run(reported("unknown"), [post(fault=LOST)])], [entry()], {"cannot_read_wallet": True}, "without need"),
    (
        [run(reported("executed"), [post(), *(dust(number) for number in (8, 9, 10))], plan=Plan(MAX_DEBT))],
        [entry()], {}, "sent again after",
    ),
    ([run(reported("executed"), [post(), dust(8)], plan=Plan(GOAL))], [entry()], {}, "sent again after"),
])
def test_each_violation_is_found(
    runs: list[Run], ledger: list[t.Any], known: dict[str, t.Any], sentence: str
) -> None:
    found = judge(runs, ledger, **known)
    assert any(sentence in one for one in found), found


def test_a_status_alone_does_not_prove_a_refusal() -> None:
    """Between the runs, nobody knew the outcome, whatever the proxy said."""
    refused = {"answer": {"http_status": 400, "body": "no"}, "commit": False}
    runs = [
        run(None, [post(fault=refused, repay_id=None)], killed=True),
        run(reported("executed", repay_id="8"), [post(1, repay_id="8", sent_at=T0 + 500)], 1),
    ]
    assert any("was open" in one for one in judge(runs, [entry("8")]))
    code = {"answer": {"ret_code": 177011}, "commit": False}
    runs[0] = dataclasses.replace(runs[0], posts=[post(fault=code, repay_id=None)])
    assert judge(runs, [entry("8")]) == []


@pytest.mark.parametrize(("known", "timeout", "reason"), [
    ({}, 60, None),
    ({"cannot_read_wallet": True}, 60, "wait_timeout"),
    ({"cannot_read_wallet": True}, 900, None),
])
def test_a_run_that_cannot_read_the_wallet_has_to_wait_longer(known: dict[str, t.Any], timeout: int, reason: str | None) -> None:
    sent = post(fault=NEVER, repay_id=None)
    one = run(reported("unknown"), [sent], plan=Plan(GOAL, wait_timeout=timeout), reads=looks(T0, T0 + timeout * 1000))
    assert oracle.excuse_for_unknown(one, sent, Recording(T0, [one], [sent], **known)) == reason


def test_a_misled_run_is_excused() -> None:
    sent = post(fault=LOST)
    reads = [*looks(T0, T0 + 60_000), dataclasses.replace(looks(T0, T0 + 1000)[0], changed=True, clean=False)]
    one, later = run(None, [sent], reads=reads, killed=True), run(reported("unknown"), [], 1)
    recording = Recording(T0, [one, later], [sent], {"7": entry()})
    assert oracle.excuse_for_unknown(later, sent, recording) == "changed"


def test_a_wallet_that_was_not_read_before_proves_nothing_later() -> None:
    sent = post(fault=NEVER, repay_id=None)
    failing = dataclasses.replace(looks(T0 - 9, T0 - 8)[0], use=WALLET, clean=False)
    one = run(reported("unknown"), [sent], reads=[failing, *looks(T0, T0 + 60_000)])
    assert oracle.excuse_for_unknown(one, sent, Recording(T0, [one], [sent])) == "reads"


def test_a_legacy_repayment_in_process_can_be_hidden() -> None:
    late = {"processing_ms": 20_000}
    recording = Recording(T0, [run(None, [post(fault=late)])], [post(fault=late)], {"7": entry()})
    assert shown_at(entry(), recording) == T0
    recording.switched["legacy_processing"] = {"hidden"}
    assert shown_at(entry(), recording) == T0 + 20_000


@pytest.mark.parametrize(("way", "least", "most"), [
    ("sent", "100.456", "100.456"), ("rounded", "100.46", "100.46"), ("after_fee", "100.405772", "100.405772"),
    ("principal", "97.456", "100.456"), ("split", "0", "100.456"),
])
def test_the_history_may_show_these_amounts(way: str, least: str, most: str) -> None:
    found = switches.shown_amounts(Decimal("100.456"), Decimal(2), way)
    assert (min(found), max(found)) == (Decimal(least), Decimal(most))


@pytest.mark.parametrize(("path", "field", "how", "about"), [
    ("/v5/crypto-loan/ongoing-orders", "result.list.totalDebt", "unit", {forgeries.DEBT}),
    ("/v5/crypto-loan/ongoing-orders", "result.list.totalDebt", "empty", set()),
    ("/v5/crypto-loan-flexible/ongoing-coin", "result.list.unpaidAmount", "unit", set()),
    ("/v5/crypto-loan-fixed/repayment-history", "result.list.repayAmount", "unknown", {forgeries.AMOUNT}),
    ("/v5/crypto-loan-flexible/repay", "result.repayId", "unknown", {forgeries.ID}),
    ("/v5/crypto-loan/repayment-history", "result.list.repayType", "unknown", set()),
])
def test_forged_fields_are_listed_with_their_subject(path: str, field: str, how: str, about: set[str]) -> None:
    assert forgeries.forged_by({"path": path, "mutations": [{"field": field, "how": how}]}) == about


def test_every_field_of_every_call_changes_in_some_case() -> None:
    """No field is missing, even if only the table or only the example has it."""
    cases = answers.every()
    for name in answers.GOALS:
        for dummy, path in answers.asked(name, answers.CLEAR):
            fields = {case.field for case in cases if case.path == path}
            assert fields == set(documented.calls()[path].fields)
    fields = documented.calls()["/v5/crypto-loan-fixed/repayment-history"].fields
    assert {"time", "retCode", "result.list", "result.list.details.loanId", "result.nextPageCursor"} < set(fields)
    assert len(set(map(str, cases))) == len(cases)
    assert not any(case.is_unread for case in cases if case.field.endswith(("repayAmount", "orderId", "retCode")) and case.how == "null"
                   and not case.path.endswith("borrow-contract-info"))


def test_a_sample_is_chosen_by_its_seed() -> None:
    some = answers.sample(50, 1)
    assert len(some) == 50 and some == answers.sample(50, 1) != answers.sample(50, 2)
    # The cases that once found a defect are included.
    found = [case for case in some if case.goal == "legacy since" and case.field == "result.list.orderId"]
    assert {(case.run, case.how) for case in found} >= {(answers.CLEAR, "unknown"), (answers.LOST, "unit")}
    assert {case.run for case in answers.sample(500, 1)} >= {answers.CLEAR, answers.LOST, answers.HIDDEN}
    assert all(change in answers.visible("/v5/crypto-loan/repay") for change in [("result.repayId", "null"), ("retCode", "unknown")])
    assert ("result.repayId", "unknown") not in answers.visible("/v5/crypto-loan/repay")

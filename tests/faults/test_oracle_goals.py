# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The oracle on goals for the debt, on whole contracts, and on repayments from collateral."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from cases import (
    COIN,
    CONTRACT,
    LOST,
    MAX_DEBT,
    MAX_LTV,
    SOLD,
    T0,
    WHOLE,
    entry,
    judge,
    made,
    owed,
    post,
    run,
    reported,
)
from simulation.goals import Goal, Plan
from simulation.ledger import PROCESSING, Books, Entry
from simulation.products import Loan
from simulation.recording import Recording
from simulation.runs import Post, Run
from simulation.shown import lateness

OTHER_COIN = Loan(COIN.product, "USDC")
DEBT = Plan(MAX_DEBT)
TWO = [made(), made("8", "0.5", sent_at_ms=T0 + 20_000)]


def paid(amount: str = "100", debt: str = "1000", **changed: t.Any) -> Post:
    """A repayment toward a debt of 900."""
    return post(amount=Decimal(amount), books=owed(debt), **changed)


def interest(amount: str = "0.5", **changed: t.Any) -> Post:
    changed = {"sent_at": T0 + 20_000, "timestamp": T0 + 20_000, "handled_at": T0 + 20_000, "repay_id": "8", **changed}
    return paid(amount, "900.5", **changed)


def sold(**changed: t.Any) -> Post:
    return post(loan=COIN, gives_id=False, **changed)


def whole(**changed: t.Any) -> Post:
    return post(loan=CONTRACT, **changed)


def lowered(amount: str = "300", **changed: t.Any) -> Post:
    """A repayment toward an LTV of 0.5."""
    books = Books({COIN: Decimal(1000), OTHER_COIN: Decimal(300)}, Decimal(2000))
    return post(loan=COIN, amount=Decimal(amount), books=books, **changed)


def debt_run(result: dict[str, t.Any] | None, posts: list[Post], index: int = 0, **changed: t.Any) -> Run:
    return run(result, posts, index, **{"plan": DEBT, **changed})


@pytest.mark.parametrize(("runs", "ledger", "known"), [
    ([debt_run(reported("executed", goal_reached=True), [paid()])], [entry()], {"books": owed("900")}),
    # Rounding explains one unit more than needed, but not two.
    ([debt_run(reported("executed", amount="100.00005"), [paid("100.00005")])], [entry(amount="100.00005")], {}),
    (
        [debt_run(reported("executed", amount="100.5", repayments=TWO), [paid(), interest()])],
        [entry(), entry("8", "0.5", time=T0 + 20_000)], {"books": owed("900")},
    ),
    # The first repayment is still reported if the outcome of the second one is unknown.
    (
        [debt_run(
            reported("unknown", repay_id="7", changed=True, repayments=[made()], evidence={"sent_at_ms": T0 + 20_000}),
            [paid(), interest(fault=LOST)], plan=Plan(MAX_DEBT, wait_timeout=3),
        )],
        [entry(), entry("8", "0.5", time=T0 + 20_000)], {},
    ),
    ([debt_run(reported("executed", failed=True), [paid()], exit_code=1)], [entry()], {}),
    # The owner paid between the last read of the history and the repayment.
    (
        [debt_run(reported("executed"), [paid(debt="950", sent_at=T0 + 900, handled_at=T0 + 900)])],
        [entry(time=T0 + 900), entry("8", "50", time=T0 + 500, source="owner")], {},
    ),
    ([debt_run(reported("nothing_to_do"), [])], [], {"books": owed("900")}),
    ([debt_run(reported("nothing_to_do"), [])], [], {"books": owed("950"), "borrowed": [(T0, MAX_DEBT.loan)]}),
    ([run(reported("executed"), [lowered()], plan=Plan(MAX_LTV))], [entry(loan=COIN, amount="300")], {}),
    ([run(reported("executed"), [lowered("300.4")], plan=Plan(MAX_LTV))], [entry(loan=COIN, amount="300.4")], {}),
    # This run cannot know what another run sends for another coin.
    (
        [run(reported("executed"), [lowered(handled_at=T0 + 500)], plan=Plan(MAX_LTV))],
        [entry(loan=COIN, amount="300", time=T0 + 500), entry("8", "9", loan=OTHER_COIN, time=T0 + 200)], {},
    ),
    ([run(reported("executed", inferred=True), [sold()], plan=Plan(SOLD))], [entry(loan=COIN)], {}),
    (
        [run(None, [sold()], killed=True, plan=Plan(SOLD)),
         run(reported("executed", recovered=True, inferred=True), [], 1, plan=Plan(SOLD))],
        [entry(loan=COIN)], {},
    ),
    (
        [run(reported("unknown"), [sold(fault={"debt_delay_ms": 50_000})], plan=Plan(SOLD))],
        [entry(loan=COIN, visible_at=T0 + 50_000)], {},
    ),
    # More was borrowed while the answer was lost.
    (
        [run(reported("unknown"), [post(loan=COIN, fault={**LOST, "commit": False}, repay_id=None)], plan=Plan(SOLD))],
        [], {"borrowed": [(T0 + 500, COIN)]},
    ),
    ([run(reported("executed", amount="101.5"), [whole()], plan=Plan(WHOLE))], [entry(loan=CONTRACT, amount="101.5")], {}),
    (
        [run(reported("executed", failed=True), [whole()], plan=Plan(WHOLE), exit_code=1),
         run(reported("executed", recovered=True), [], 1, plan=Plan(WHOLE))],
        [entry(loan=CONTRACT)], {},
    ),
])
def test_correct_runs_pass(runs: list[Run], ledger: list[Entry], known: dict[str, t.Any]) -> None:
    for one in runs:
        for sent in one.posts:
            if one.plan.goal.is_whole:
                sent.amount = next(e.amount for e in ledger if e.repay_id == sent.repay_id)
            if one.plan.goal.max_ltv and one.result:
                one.result["amount"] = one.result["repayments"][0]["amount"] = str(sent.amount)
    assert judge(runs, ledger, **known) == []


@pytest.mark.parametrize(("runs", "ledger", "known", "sentence"), [
    (
        [debt_run(reported("executed", amount="100.0001"), [paid("100.0001")])], [entry(amount="100.0001")], {},
        "sent 100.0001 for the goal <debt at most 900 on legacy …1>, but 100 was needed",
    ),
    ([debt_run(reported("executed"), [paid(debt="950")])], [entry()], {}, "but 50 was needed"),
    # The owner's repayment was in the history when the run read it.
    (
        [debt_run(reported("executed"), [paid(debt="950")])], [entry(), entry("8", "50", time=T0 - 500, source="owner")], {},
        "but 50 was needed",
    ),
    # However late history and debt are, the repayment was executed, and what it hides is already paid.
    (
        [
            run(reported("not_executed", sent_at_ms=T0 - 30_000), [
                post(fault={**LOST, "debt_delay_ms": 50_000}, sent_at=T0 - 30_000, timestamp=T0 - 30_000),
            ]),
            debt_run(reported("executed", repay_id="8"), [paid(debt="900", repay_id="8", run=1)], 1),
        ],
        [entry(visible_at=T0 + 50_000, time=T0 - 30_000), entry("8")], {}, "but 0 was needed",
    ),
    (
        [
            run(reported("executed"), [post(fault={"debt_delay_ms": 9900}, sent_at=T0 - 5000, timestamp=T0 - 5000)]),
            debt_run(reported("executed", repay_id="8"), [paid(debt="900", repay_id="8", run=1)], 1),
        ],
        [entry(time=T0 - 5000), entry("8")], {}, "but 0 was needed",
    ),
    (
        [
            debt_run(
                reported("executed"),
                [paid(fault={"arrive_after_ms": 900, **LOST}, handled_at=T0 + 900), paid(repay_id="8", debt="1000", sent_at=T0 + 10)],
            ),
        ],
        [entry(time=T0 + 900), entry("8", time=T0 + 10)], {}, "but 0 was needed",
    ),
    ([run(reported("executed"), [lowered("300.5")], plan=Plan(MAX_LTV))], [entry(loan=COIN, amount="300.5")], {}, "was needed"),
    (
        [debt_run(reported("executed", amount="101.2", repayments=[made(), made("8", "1.2")]), [paid(), interest("1.2")])],
        [entry(), entry("8", "1.2", time=T0 + 20_000)], {}, "sent 1.2 as interest after",
    ),
    (
        [debt_run(reported("executed"), [paid(), interest(), interest(repay_id="9")])],
        [entry(), entry("8", "0.5"), entry("9", "0.5")], {}, "sent again after",
    ),
    (
        [run(reported("executed"), [lowered(), lowered("0.1", repay_id="8")], plan=Plan(MAX_LTV))],
        [entry(loan=COIN, amount="300"), entry("8", "0.1", loan=COIN)], {}, "sent again after",
    ),
    (
        [debt_run(reported("executed", repayments=TWO), [paid(), interest()])],
        [entry(), entry("8", "0.5", time=T0 + 20_000)], {}, "reported 100 and 7 of",
    ),
    (
        [debt_run(reported("executed", amount="100.6", repayments=[made(), made("8", "0.6")]), [paid(), interest()])],
        [entry(), entry("8", "0.5", time=T0 + 20_000)], {}, "reported an amount of 0.6",
    ),
    (
        [debt_run(reported("executed", amount="100.5", repayments=TWO), [paid(), interest()])],
        [entry(), entry("8", "0.5", time=T0 + 20_000, status=PROCESSING)], {}, "but repayment 8 has status 2",
    ),
    (
        [debt_run(reported("unknown", changed=False, repay_id="7", repayments=[made()]), [paid(), interest(fault=LOST)])],
        [entry(), entry("8", "0.5", time=T0 + 20_000)], {}, "outcome unknown with changed False",
    ),
    (
        [run(reported("executed", failed=True), [post()], exit_code=1)], [entry()], {},
        "executed with changed True and failed True",
    ),
    (
        [debt_run(reported("not_executed", changed=True, repayments=[made()], repay_id="7"), [paid()])], [entry()], {},
        "outcome not_executed with 1 repayments",
    ),
    (
        [debt_run(reported("executed", goal_reached=True), [paid()])], [entry()], {"books": owed("910")},
        "is met, but 910 is owed",
    ),
    ([debt_run(reported("nothing_to_do"), [])], [], {"books": owed("910")}, "is met, but 910 is owed"),
    ([run(reported("nothing_to_do"), [], plan=Plan(WHOLE))], [], {"books": owed("1", loan=CONTRACT)}, "is met, but 1 is owed"),
    (
        [run(reported("nothing_to_do"), [], plan=Plan(MAX_LTV))], [], {"books": owed("600", "1000", COIN)},
        "is met, but 600 is owed for 1000 USD",
    ),
    (
        [debt_run(reported("executed"), [paid(fault={"debt_delay_ms": 30_000})], ended_at=T0 + 15_000)], [entry()], {},
        "ended 15000 ms before the debt showed",
    ),
    ([run(reported("executed"), [sold()], plan=Plan(SOLD))], [entry(loan=COIN)], {}, "not inferred, but the answers"),
    (
        [run(reported("executed", recovered=True, inferred=True), [sold()], plan=Plan(SOLD))], [entry(loan=COIN)], {},
        "recovered is True",
    ),
    ([run(reported("executed", inferred=True), [sold(repay_id=None)], plan=Plan(SOLD))], [], {}, "is not in the ledger"),
    # No lateness makes an accepted repayment not executed.
    (
        [run(reported("not_executed"), [sold(fault={"debt_delay_ms": 50_000})], plan=Plan(SOLD))],
        [entry(loan=COIN, visible_at=T0 + 50_000)], {}, "reported not_executed, but the ledger holds",
    ),
    (
        [
            run(None, [sold(fault={"history_delay_ms": 9000})], killed=True, plan=Plan(SOLD)),
            run(reported("executed", repay_id="8"), [post(1, loan=COIN, repay_id="8", sent_at=T0 + 500)], 1,
                plan=Plan(Goal(COIN, "100"))),
        ],
        [entry(loan=COIN, visible_at=T0 + 9000), entry("8", loan=COIN)], {}, "was open",
    ),
    # Once the history shows the repayment, borrowing hides nothing.
    (
        [run(reported("unknown"), [post(loan=COIN, fault=LOST)], plan=Plan(Goal(COIN, "100")))],
        [entry(loan=COIN)], {"borrowed": [(T0 + 500, COIN)]}, "reported unknown without need",
    ),
    (
        [run(reported("executed"), [whole()], plan=Plan(WHOLE)),
         run(reported("executed", repay_id="8"), [whole(run=1, repay_id="8")], 1, plan=Plan(WHOLE))],
        [entry(loan=CONTRACT), entry("8", loan=CONTRACT)], {}, "was repaid 2 times",
    ),
    (
        [run(reported("executed", failed=True), [whole()], plan=Plan(WHOLE), exit_code=1),
         run(reported("executed"), [], 1, plan=Plan(WHOLE))],
        [entry(loan=CONTRACT)], {}, "run 1 reported repayment 7 as new, which run 0 had reported",
    ),
    (
        [run(reported("executed"), [whole()], plan=Plan(WHOLE)),
         run(reported("executed", recovered=True), [], 1, plan=Plan(WHOLE))],
        [entry(loan=CONTRACT)], {}, "runs 0 and 1 both reported repayment 7",
    ),
])
def test_each_violation_is_found(
    runs: list[Run], ledger: list[Entry], known: dict[str, t.Any], sentence: str
) -> None:
    found = judge(runs, ledger, **known)
    assert any(sentence in one for one in found), found


def test_a_late_debt_hides_later_repayments() -> None:
    """While a debt is shown as it was, it hides repayments that are made or become final meanwhile."""
    first = post(fault={"processing_ms": 3000})
    second = post(repay_id="8", fault={"debt_delay_ms": 8000})
    entries = [entry(), entry("8", time=T0 + 2000), entry("9", time=T0 + 4000, source="owner")]
    recording = Recording(T0, [run(None, [first, second])], [first, second], {e.repay_id: e for e in entries})
    assert [lateness(one, recording)[1] for one in entries] == [10_000, 8000, 6000]

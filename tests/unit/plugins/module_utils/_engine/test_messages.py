# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import re
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._engine import messages
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import OutcomeUnknown
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.judge import FOUND, Finding, Reconciled
from ansible_collections.treasury.bybit.plugins.module_utils._goal import REPAY, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._words import WORDS

SENT = Intent(
    "8f2a", Goal(Decimal("100.50")), Decimal("100.50"), "USDT", Baseline((("debt", Decimal("1000.40")), ("principal", Decimal(1000))), ()), 1793534400000, 5000
)
ACCEPTED = dataclasses.replace(SENT, repay_id="99")
SOLD = dataclasses.replace(ACCEPTED, accepted_at_ms=1793534400040)
OF_DEBT = dataclasses.replace(ACCEPTED, goal=Goal(max_debt=Decimal(900)))
OURS = HistoryEntry("99", Decimal("100.5"), SUCCESS, True, 1793534400040)
TWIN = OURS._replace(repay_id="98")
SEEN = Finding("executed", FOUND, OURS, (OURS,))
ABSENT = Finding("not_executed", "its time window has closed, the history shows no such repayment, the debt did not fall by that amount")
LOST = OutcomeUnknown("no answer came from https://api.bybit.com (the connection was reset)")
CALL = "GET /v5/crypto-loan/repayment-history?orderId=17"
EARLIER = "An earlier run began a repayment of 100.5 USDT on loan 17{} at 2026-11-01 12:00:00 UTC and ended before it could report the outcome."
PENDING = " It is pending: the exchange has not reported it as final yet."
GO_ON = (
    f"Run again to check it again, or check it yourself ({CALL}, or the loan's page on the exchange's site); once you know "
    f"the outcome, run with acknowledge: '8f2a'. That run sends nothing and discards the intent if it is still unresolved."
)

Case = tuple[str, t.Callable[[], str], str]

MADE: list[Case] = [
    (
        "accepted and final",
        lambda: messages.made(Reconciled("executed", ACCEPTED), "loan 17", False),
        "Repaid 100.5 USDT on loan 17 (repayment 99).",
    ),
    (
        "accepted and pending",
        lambda: messages.made(Reconciled("pending", ACCEPTED), "loan 17", False),
        f"Bybit accepted the repayment of 100.5 USDT on loan 17 (repayment 99).{PENDING}",
    ),
    (
        "found and final",
        lambda: messages.made(Reconciled("executed", ACCEPTED, SEEN), "loan 17", False),
        "Repaid 100.5 USDT on loan 17 (repayment 99): there was no clear answer, but the exchange's history shows it.",
    ),
    (
        "found and pending",
        lambda: messages.made(Reconciled("pending", ACCEPTED, SEEN), "loan 17", False),
        "Bybit accepted the repayment of 100.5 USDT on loan 17 (repayment 99): there was no clear answer, but the "
        f"exchange's history shows it.{PENDING}",
    ),
    (
        "found of an earlier run",
        lambda: messages.made(Reconciled("executed", ACCEPTED, SEEN), "loan 17", True),
        f"{EARLIER.format(' (repayment 99)')} The repayment was executed, so nothing was sent now.",
    ),
    (
        "found from collateral",
        lambda: messages.made(Reconciled("executed", SOLD, SEEN), "loan 17", False),
        "Repaid 100.5 USDT on loan 17 (repayment 99): the exchange returned no ID for it, but its history shows it.",
    ),
    (
        "found from collateral and pending",
        lambda: messages.made(Reconciled("pending", SOLD, SEEN), "loan 17", False),
        "Bybit accepted the repayment of 100.5 USDT on loan 17 (repayment 99): the exchange returned no ID for it, "
        f"but its history shows it.{PENDING}",
    ),
    (
        # The debt is read again, so something may be sent.
        "of an earlier run for a goal of the debt",
        lambda: messages.made(Reconciled("executed", OF_DEBT), "loan 17", True),
        f"{EARLIER.format(' (repayment 99)')} The repayment was executed.",
    ),
    (
        "pending of an earlier run",
        lambda: messages.made(Reconciled("pending", ACCEPTED), "loan 17", True),
        f"{EARLIER.format(' (repayment 99)')} The repayment was accepted, so nothing was sent now.{PENDING}",
    ),
]
NOT_EXECUTED: list[Case] = [
    (
        "lost",
        lambda: messages.not_executed(Reconciled("not_executed", SENT, ABSENT), "loan 17", LOST),
        "The repayment of 100.5 USDT on loan 17 got no clear answer (no answer came from https://api.bybit.com "
        "(the connection was reset)), but its time window has closed, the history shows no such repayment, the debt did not fall by "
        "that amount. It was not executed, so the next run can send it again.",
    ),
    (
        "accepted without an ID",
        lambda: messages.not_executed(
            Reconciled("not_executed", dataclasses.replace(SENT, accepted_at_ms=5), ABSENT), "loan 17", None
        ),
        "The repayment of 100.5 USDT on loan 17 was accepted without an ID, but its time window has closed, the "
        "history shows no such repayment, the debt did not fall by that amount. It was not executed, so the next run can send it again.",
    ),
    (
        "accepted and failed",
        lambda: messages.not_executed(Reconciled("not_executed", ACCEPTED), "loan 17", None),
        "The repayment of 100.5 USDT on loan 17 was accepted (repayment 99) but then failed on the exchange. "
        "It was not executed, so the next run can send it again.",
    ),
    (
        "found and failed",
        lambda: messages.not_executed(Reconciled("not_executed", ACCEPTED, SEEN), "loan 17", LOST),
        "The repayment of 100.5 USDT on loan 17 was accepted (repayment 99) but then failed on the exchange: the history "
        "shows it. It was not executed, so the next run can send it again.",
    ),
]


def unknown(finding: Finding, evidence: dict[str, t.Any] | None) -> str:
    return messages.unknown(Reconciled("unknown", SENT, finding, evidence), str(LOST), "loan 17", CALL)


UNKNOWN: list[Case] = [
    (
        "two candidates",
        lambda: unknown(Finding("unknown", "2 repayments in the history match it", None, (OURS, TWIN)), {"debt_now": "799.4"}),
        "It is unknown whether the repayment of 100.5 USDT on loan 17 was made: no answer came from https://api.bybit.com (the "
        "connection was reset), and 2 repayments in the history match it. It was sent at 2026-11-01 12:00:00 UTC. The debt "
        "was 1000.4 then and is 799.4 now. It may be repayment 99 or 98. Nothing is sent for this loan until this is known. "
        f"{GO_ON}",
    ),
    (
        "no candidate, debt not known",
        lambda: unknown(Finding("unknown", "the exchange could not be read (No answer)"), {"debt_now": None}),
        "It is unknown whether the repayment of 100.5 USDT on loan 17 was made: no answer came from https://api.bybit.com (the "
        "connection was reset), and the exchange could not be read (No answer). It was sent at 2026-11-01 12:00:00 UTC. The debt "
        f"was 1000.4 then and is not known now. Nothing is sent for this loan until this is known. {GO_ON}",
    ),
    (
        "no debt left",
        lambda: unknown(Finding("unknown", "the debt fell by 1000.4 more than the history explains"), {"debt_now": "0"}),
        "It is unknown whether the repayment of 100.5 USDT on loan 17 was made: no answer came from https://api.bybit.com (the "
        "connection was reset), and the debt fell by 1000.4 more than the history explains. It was sent at 2026-11-01 12:00:00 "
        f"UTC. The debt was 1000.4 then and is 0 now. Nothing is sent for this loan until this is known. {GO_ON}",
    ),
    (
        "accepted without an ID, and in neither history nor debt",
        lambda: messages.unknown(
            Reconciled(
                "unknown",
                dataclasses.replace(SENT, accepted_at_ms=1793534400040),
                Finding("unknown", "the exchange accepted it, but neither its history nor the debt shows it"),
                {"debt_now": "1000.4"},
            ),
            "the exchange accepted it without an id",
            "loan 17",
            CALL,
        ),
        "It is unknown whether the repayment of 100.5 USDT on loan 17 was made: the exchange accepted it without an id, and the "
        "exchange accepted it, but neither its history nor the debt shows it. It was sent at 2026-11-01 12:00:00 UTC. The debt "
        f"was 1000.4 then and is 1000.4 now. Nothing is sent for this loan until this is known. {GO_ON}",
    ),
    (
        "accepted and never shown",
        lambda: messages.accepted_but_missing(ACCEPTED, "loan 17", CALL),
        "The repayment of 100.5 USDT on loan 17 (repayment 99) was accepted at 2026-11-01 12:00:00 UTC, but the exchange does not show "
        f"it, so it is unknown how much has been repaid. Nothing was sent now. {GO_ON}",
    ),
]
OF_EARLIER_RUNS: list[Case] = [
    (
        "executed",
        lambda: messages.earlier(ACCEPTED, "executed", "loan 17"),
        f"{EARLIER.format('')} The repayment was executed (repayment 99).",
    ),
    (
        "pending",
        lambda: messages.earlier(ACCEPTED, "pending", "loan 17"),
        f"{EARLIER.format('')} The repayment was accepted and is pending (repayment 99).",
    ),
    (
        "not executed",
        lambda: messages.earlier(SENT, "not_executed", "loan 17"),
        f"{EARLIER.format('')} The repayment was not executed.",
    ),
    (
        "unknown",
        lambda: messages.earlier(SENT, "unknown", "loan 17"),
        f"{EARLIER.format('')} The outcome of the repayment is unknown.",
    ),
    (
        "acknowledged",
        lambda: messages.acknowledged(SENT, "loan 17"),
        "The intent of the repayment of 100.5 USDT on loan 17 that was sent at 2026-11-01 12:00:00 UTC is discarded, because acknowledge names "
        "it. Nothing was sent now: run without acknowledge if something still needs to be repaid.",
    ),
    (
        "acknowledged, and found out",
        lambda: messages.not_in_doubt("8f2a", WORDS[REPAY]),
        "acknowledge '8f2a' is a repayment whose outcome is known by now. A run with acknowledge sends nothing: run without it if "
        "something still needs to be repaid.",
    ),
]
OF_WHAT_DOES_NOT_FIT: list[Case] = [
    (
        "an id that was known",
        lambda: f"{messages.known_id(SENT, '99')}.",
        "Bybit reported success but returned repayId 99, which belongs to an earlier repayment.",
    ),
    (
        "a cap on all contracts",
        lambda: messages.cap_of_sweep("the fixed ETH debt"),
        "at_most is checked against the contracts of the fixed ETH debt that were read, but the exchange repays all that are open when the "
        "request arrives, including one that is borrowed in between: set loan_id if at_most must hold.",
    ),
    (
        "a rest",
        lambda: messages.dust_left("0.00005", "USDT", "retCode 148003"),
        "0.00005 USDT remains unpaid: the exchange refused the amount (retCode 148003).",
    ),
]
OF_REFERENCES: list[Case] = [
    (
        "answered",
        lambda: messages.answered(Reconciled("executed", ACCEPTED), "INV-7", "loan 17"),
        "Nothing was sent: reference 'INV-7' was already used for 100.5 USDT on loan 17 (repayment 99), which was sent at 2026-11-01 12:00:00 UTC and was "
        "executed.",
    ),
    (
        "answered, and pending",
        lambda: messages.answered(Reconciled("pending", ACCEPTED), "INV-7", "loan 17"),
        "Nothing was sent: reference 'INV-7' was already used for 100.5 USDT on loan 17 (repayment 99), which was sent at 2026-11-01 12:00:00 UTC and was "
        "accepted and is still pending.",
    ),
    (
        "used for something else",
        lambda: messages.used_for_something_else("INV-7", Target("mainnet", "104", "flexible", "USDT"), SENT),
        "reference 'INV-7' was already used for the repayment of 100.5 USDT on the flexible loan USDT, sent at 2026-11-01 12:00:00 UTC. "
        "Nothing was sent: use another reference for this step.",
    ),
    (
        "given up",
        lambda: messages.reference_given_up("INV-7", SENT, "loan 17"),
        "reference 'INV-7' was already used for 100.5 USDT on loan 17, sent at 2026-11-01 12:00:00 UTC; its unknown outcome was "
        "acknowledged. Nothing was sent: if it still needs to be repaid, use another reference for this step.",
    ),
]
CASES = [
    pytest.param(tell, text, id=f"{kind}: {name}")
    for kind, cases in {
        "made": MADE, "not": NOT_EXECUTED, "unknown": UNKNOWN, "earlier": OF_EARLIER_RUNS, "odd": OF_WHAT_DOES_NOT_FIT,
        "reference": OF_REFERENCES,
    }.items()
    for name, tell, text in cases
]


@pytest.mark.parametrize(("tell", "text"), CASES)
def test_messages_read_as_expected(tell: t.Callable[[], str], text: str) -> None:
    assert tell() == text


@pytest.mark.parametrize(("tell", "text"), CASES)
def test_messages_are_whole_sentences(tell: t.Callable[[], str], text: str) -> None:
    message = tell()
    assert not re.search(r"None|  |\n|Decimal|\{|\}|, \.|\(\)|E[+-]", message)
    # Amounts and option names may start a sentence.
    assert re.match("[A-Z]|[0-9]|at_most |reference |acknowledge ", message) and message.endswith(".") and not message.endswith("..")


@pytest.mark.parametrize(("amount", "text"), [("1E-7", "0.0000001"), ("1E+3", "1000"), ("100.500", "100.5")])
def test_amounts_are_written_plainly(amount: str, text: str) -> None:
    intent = dataclasses.replace(SENT, amount=Decimal(amount))
    assert messages.name_of(intent, "loan 17") == f"{text} USDT on loan 17"

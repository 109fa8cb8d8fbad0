# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repayment whose outcome is unknown is never sent again, and never called a success or an ordinary failure."""

from __future__ import annotations

import pytest

IN_DOUBT_CODES = [429, 10000, 10016, 177002, 177021, 10014, 177018, 424242]
BROKEN_ANSWERS = ["close", "reset", "truncate", "html_502", "html_200", "not_json"]


def assert_unknown(run, posts, names) -> None:
    assert (run.failed, run.exit_code, run["changed"], run["outcome"]) == (True, 1, False, "unknown")
    assert posts() == 1
    assert run["msg"].startswith(f"Whether the repayment of 100 USDT on loan {names.loan} was made is unknown: ")
    assert f"(GET /v5/crypto-loan/repayment-history?orderId={names.loan}, or the loan's page on the" in run["msg"]
    assert "whether the debt has fallen from 1000.4 to about 900.4" in run["msg"]
    assert len(run["failure"]["request_id"]) == 36
    assert isinstance(run["sent_at_ms"], int)
    assert (run["repay_id"], run["loan"]["after"]) == (None, None)
    assert "Traceback" not in run.output


@pytest.mark.parametrize("commit", [True, False])
@pytest.mark.parametrize("answer", BROKEN_ANSWERS)
def test_a_broken_answer(repay, sandbox, posts, paid, names, answer: str, commit: bool) -> None:
    sandbox.fault(answer=answer, commit=commit)
    run = repay()
    assert_unknown(run, posts, names)
    assert run["failure"]["reading"] == "unknown"
    assert paid() == (["100"] if commit else [])


@pytest.mark.parametrize("commit", [True, False])
@pytest.mark.parametrize("code", IN_DOUBT_CODES)
def test_a_code_that_leaves_it_open(repay, sandbox, posts, paid, names, code: int, commit: bool) -> None:
    sandbox.fault(answer={"ret_code": code}, commit=commit)
    run = repay()
    assert_unknown(run, posts, names)
    assert run["failure"]["ret_code"] == code
    assert run["failure"]["reading"] == ("earlier_request" if code in (10014, 177018) else "unknown")
    assert paid() == (["100"] if commit else [])


@pytest.mark.parametrize("status", [204, 408, 409, 429, 500, 502, 503, 504])
def test_a_status_that_leaves_it_open(repay, sandbox, posts, names, status: int) -> None:
    sandbox.fault(answer={"http_status": status, "body": ""})
    run = repay()
    assert_unknown(run, posts, names)
    assert run["failure"]["http_status"] == status


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(repay, sandbox, posts, names, status: int) -> None:
    target = {"Location": sandbox.url + "/v5/crypto-loan/repay"}
    sandbox.fault(answer={"http_status": status, "body": "", "headers": target}, commit=False)
    assert_unknown(repay(), posts, names)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_page_for_people_is_no_refusal_by_the_exchange(repay, sandbox, posts, paid, names, status: int) -> None:
    sandbox.fault(answer={"http_status": status, "body": "<html>Blocked by your company</html>"}, commit=True)
    assert_unknown(repay(), posts, names)
    assert paid() == ["100"]


@pytest.mark.parametrize("commit", [True, False])
def test_no_answer_in_time(repay, sandbox, posts, names, commit: bool) -> None:
    sandbox.fault(delay_answer_ms=3000, commit=commit, answer="normal" if commit else "close")
    run = repay(api_timeout=1)
    assert_unknown(run, posts, names)
    assert "no answer within 1 s" in run["msg"]


def test_success_without_repay_id(repay, sandbox, posts, names) -> None:
    sandbox.fault(answer={"http_status": 200, "body": '{"retCode":0,"retMsg":"OK","result":{}}'})
    run = repay()
    assert_unknown(run, posts, names)
    assert "Bybit reported success but gave no repayId." in run["msg"]
    assert (run["failure"]["ret_code"], run["failure"]["reading"]) == (0, "unknown")


def test_an_accepted_repayment_stays_one_when_the_loan_cannot_be_read_afterwards(repay, sandbox, paid) -> None:
    path = "/v5/crypto-loan/ongoing-orders"
    sandbox.control("POST", "faults", {"method": "GET", "path": path, "skip": 1, "answer": "close"})
    run = repay()
    assert (run.failed, run["changed"], run["outcome"]) == (False, True, "accepted")
    assert run["repay_id"]
    assert (run["loan"]["after"], paid()) == (None, ["100"])
    assert "The repayment was accepted, but the loan could not be read afterwards" in run.warnings


def test_an_accepted_repayment_in_process_says_that_the_debt_has_not_fallen(repay, sandbox, paid) -> None:
    sandbox.fault(processing_ms=60_000)
    run = repay()
    assert (run["changed"], run["loan"]["after"]["debt"]) == (True, "1000.4")
    assert run["msg"].startswith("Bybit accepted the repayment of 100 USDT on loan ")
    assert "the debt has not fallen yet" in run.warnings


SABOTAGED = """
from ansible_collections.treasury.bybit.plugins.module_utils import _client, _loans
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_repay
def broken(*dummy): raise ZeroDivisionError
{where} = broken
bybit_loan_repay.main()
"""


@pytest.mark.parametrize(
    ("where", "changed", "outcome"),
    [
        ("_loans.LegacyLoans.find", False, "not_executed"),
        ("_loans.LegacyLoans.find_completed", True, "accepted"),
        ("_client.OutcomeUnknown", False, "unknown"),
    ],
)
def test_a_defect_of_ours_does_not_hide_what_happened_to_the_money(
    repay, sandbox, paid, where: str, changed: bool, outcome: str
) -> None:
    if outcome == "unknown":
        sandbox.fault(answer={"http_status": 200, "body": '{"retCode":0,"result":{}}'}, commit=True)
    run = repay(amount="1000.4", program=("-c", SABOTAGED.format(where=where)))
    assert (run.failed, run["changed"], run["outcome"]) == (True, changed, outcome)
    assert f"An error inside treasury.bybit (ZeroDivisionError); outcome: {outcome}." in run["msg"]
    assert paid() == ([] if outcome == "not_executed" else ["1000.4"])

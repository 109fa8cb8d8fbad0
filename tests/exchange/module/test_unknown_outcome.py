# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repayment without a clear answer is never sent again: it is reconciled, and is a success only when it is found."""

from __future__ import annotations

import pytest

IN_DOUBT_CODES = [429, 10000, 10016, 177002, 177021, 10014, 177018, 424242]
BROKEN_ANSWERS = ["close", "reset", "truncate", "html_502", "html_200", "not_json"]


@pytest.fixture
def unclear(repay, sandbox, posts, paid, names, remembered):
    """Run without a clear answer: a repayment that was executed is found after its time window, and any other stays in doubt."""

    def call(commit: bool, **options):
        # The end of the time window is waited for, or is out of reach.
        limits = {"wait_timeout": 5, "recv_window": 500} if commit else {"wait_timeout": 0, "recv_window": 5000}
        run = repay(**{**limits, **options})
        assert posts() == 1
        assert isinstance(run.details["sent_at_ms"], int)
        assert "Traceback" not in run.output
        if commit:
            [entry] = [entry for entry in sandbox.repayments() if entry["origin"] == "api"]
            assert (run.failed, run.exit_code, run["changed"], run["outcome"]) == (False, 0, True, "executed")
            assert (run["repay_id"], run.details["recovered"], run.details["intent"]) == (entry["repay_id"], True, None)
            assert run["msg"] == (
                f"Repaid 100 USDT on loan {names.loan} (repayment {entry['repay_id']}): there was no clear answer, but the "
                f"exchange's history shows it. Debt before: 1000.4, now: 900.4."
            )
            assert (paid(), remembered()) == (["100"], [])
        else:
            [intent] = remembered()
            assert (run.failed, run.exit_code, run["changed"], run["outcome"]) == (True, 1, False, "unknown")
            assert (run["repay_id"], run.details["recovered"], run.details["intent"]) == (None, False, intent["intent"])
            assert run["msg"].startswith(f"It is unknown whether the repayment of 100 USDT on loan {names.loan} was made: ")
            assert f"(GET /v5/crypto-loan/repayment-history?orderId={names.loan}, or the loan's page on the" in run["msg"]
            assert f"run with acknowledge: '{intent['intent']}'. That run sends nothing and discards the intent if it is still unresolved." in run["msg"]
            assert "The debt was 1000.4 then and is 1000.4 now" in run["msg"]
            assert len(run["failure"]["request_id"]) == 36
            assert (run["loan"]["after"], paid()) == (None, [])
        return run

    return call


@pytest.mark.parametrize("commit", [True, False])
@pytest.mark.parametrize("answer", BROKEN_ANSWERS)
def test_a_broken_answer_leaves_the_outcome_open(unclear, sandbox, answer: str, commit: bool) -> None:
    sandbox.fault(answer=answer, commit=commit)
    run = unclear(commit)
    assert commit or run["failure"]["outcome"] == "unknown"


@pytest.mark.parametrize("commit", [True, False])
@pytest.mark.parametrize("code", IN_DOUBT_CODES)
def test_some_return_codes_leave_the_outcome_open(unclear, sandbox, code: int, commit: bool) -> None:
    sandbox.fault(answer={"ret_code": code}, commit=commit)
    run = unclear(commit)
    if not commit:
        assert run["failure"]["ret_code"] == code
        assert run["failure"]["outcome"] == ("earlier_request" if code in (10014, 177018) else "unknown")


@pytest.mark.parametrize("status", [204, 408, 409, 429, 500, 502, 503, 504])
def test_some_http_statuses_leave_the_outcome_open(unclear, sandbox, status: int) -> None:
    sandbox.fault(answer={"http_status": status, "body": ""})
    assert unclear(False)["failure"]["http_status"] == status


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(unclear, sandbox, status: int) -> None:
    target = {"Location": sandbox.url + "/v5/crypto-loan/repay"}
    sandbox.fault(answer={"http_status": status, "body": "", "headers": target}, commit=False)
    unclear(False)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_an_html_page_is_no_refusal_by_the_exchange(unclear, sandbox, status: int) -> None:
    sandbox.fault(answer={"http_status": status, "body": "<html>Blocked by your company</html>"}, commit=True)
    unclear(True)


@pytest.mark.parametrize("commit", [True, False])
def test_an_answer_that_is_too_late_leaves_the_outcome_open(unclear, sandbox, commit: bool) -> None:
    sandbox.fault(delay_answer_ms=2000, commit=commit, answer="normal" if commit else "close")
    run = unclear(commit, api_timeout=1)
    assert commit or "no answer within 1 s" in run["msg"]


def test_a_success_without_an_id_leaves_the_outcome_open(unclear, sandbox) -> None:
    sandbox.fault(answer={"http_status": 200, "body": '{"retCode":0,"retMsg":"OK","result":{}}'})
    run = unclear(False)
    assert "Bybit reported success but gave no repayId" in run["msg"]
    assert (run["failure"]["ret_code"], run["failure"]["outcome"]) == (0, "unknown")


def test_an_accepted_repayment_is_reported_even_if_the_loan_cannot_be_read_afterward(repay, sandbox, paid) -> None:
    path = "/v5/crypto-loan/ongoing-orders"
    sandbox.control("POST", "faults", {"method": "GET", "path": path, "skip": 1, "answer": "close"})
    run = repay()
    assert (run.failed, run["changed"], run["outcome"]) == (False, True, "executed")
    assert run["repay_id"]
    assert (run["loan"]["after"], paid()) == (None, ["100"])
    assert "The repayment was accepted, but the loan could not be read afterwards" in run.warnings


SABOTAGED = """
from ansible_collections.treasury.bybit.plugins.module_utils._api import client
from ansible_collections.treasury.bybit.plugins.module_utils._loans import legacy
from ansible_collections.treasury.bybit.plugins.module_utils._operations.legacy import LegacyRepayment
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_repay
def broken(*dummy): raise ZeroDivisionError
{where} = broken
bybit_loan_repay.main()
"""


@pytest.mark.parametrize(
    ("where", "changed", "outcome"),
    [
        ("LegacyRepayment.find", False, "not_executed"),
        ("legacy._completed_loan", True, "executed"),
        ("client.OutcomeUnknown", False, "unknown"),
    ],
)
def test_a_defect_of_the_collection_does_not_hide_what_happened_to_the_money(
    repay, sandbox, paid, where: str, changed: bool, outcome: str
) -> None:
    if outcome == "unknown":
        sandbox.fault(answer={"http_status": 200, "body": '{"retCode":0,"result":{}}'}, commit=True)
    run = repay(amount="1000.4", program=("-c", SABOTAGED.format(where=where)))
    assert (run.failed, run["changed"], run["outcome"]) == (True, changed, outcome)
    assert f"Internal error in treasury.bybit (ZeroDivisionError); outcome: {outcome}." in run["msg"]
    assert paid() == ([] if outcome == "not_executed" else ["1000.4"])


def test_the_run_after_a_defect_of_the_collection_settles_it(repay, sandbox, paid, posts, remembered) -> None:
    sandbox.fault(answer={"http_status": 200, "body": '{"retCode":0,"result":{}}'}, commit=True)
    repay(program=("-c", SABOTAGED.format(where="client.OutcomeUnknown")))
    assert len(remembered()) == 1
    run = repay()
    assert (run["outcome"], run.details["recovered"], paid(), posts(), remembered()) == ("executed", True, ["100"], 1, [])

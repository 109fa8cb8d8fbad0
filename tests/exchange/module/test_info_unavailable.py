# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Products that an account cannot use are reported beside the others, unless they were requested by name."""

from __future__ import annotations

import typing as t

import pytest

LOANS, REPAYMENTS = "bybit_loan_info", "bybit_loan_repayment_info"
POSITION = "/v5/crypto-loan-common/position"
PATHS = {
    LOANS: {
        "legacy": "/v5/crypto-loan/ongoing-orders",
        "flexible": "/v5/crypto-loan-flexible/ongoing-coin",
        "fixed": "/v5/crypto-loan-fixed/borrow-contract-info",
    },
    REPAYMENTS: {
        "legacy": "/v5/crypto-loan/repayment-history",
        "flexible": "/v5/crypto-loan-flexible/repayment-history",
        "fixed": "/v5/crypto-loan-fixed/repayment-history",
    },
}
LISTS = {LOANS: "loans", REPAYMENTS: "repayments"}
ANSWERS = {
    "permission": {"ret_code": 10005, "ret_msg": "Permission denied"},
    "retired": {"ret_code": 10017},
    "gone": {"http_status": 404, "body": "404 page not found"},
    "gone_in_html": {"http_status": 404, "body": "<html>404</html>"},
}


@pytest.fixture
def refuse(sandbox) -> t.Callable[[str, t.Any], None]:
    """Let the exchange answer all reads of a call with this."""
    return lambda path, answer: sandbox.control("POST", "faults", {"method": "GET", "path": path, "times": 0, "answer": answer})


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("product", ["legacy", "flexible", "fixed"])
@pytest.mark.parametrize("module", [LOANS, REPAYMENTS])
def test_the_other_products_are_listed(run_module, refuse, module: str, product: str, answer: dict[str, t.Any]) -> None:
    refuse(PATHS[module][product], answer)
    run = run_module(module)
    assert run.failed is False
    assert {entry["product"] for entry in run[LISTS[module]]} == {"legacy", "flexible", "fixed"} - {product}
    (entry,) = run["unavailable"]
    assert (entry["product"], entry["failure"]["ret_code"]) == (product, answer.get("ret_code"))
    assert PATHS[module][product] in entry["reason"]
    assert f"The {product} loans cannot be read and are missing from the result." in run.warnings
    assert run["msg"].endswith(f" Not read: {product}.")


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("module", [LOANS, REPAYMENTS])
def test_an_unavailable_product_requested_by_name_is_a_failure(run_module, refuse, module: str, answer: t.Any) -> None:
    refuse(PATHS[module]["flexible"], answer)
    run = run_module(module, product=["legacy", "flexible"])
    assert (run.failed, LISTS[module] in run.result) == (True, False)
    assert run["msg"].startswith("product lists 'flexible', which cannot be read. http://127.0.0.1:")
    assert run["failure"]["ret_code"] == answer.get("ret_code")


@pytest.mark.parametrize("module", [LOANS, REPAYMENTS])
def test_an_unavailable_product_that_was_not_requested_does_not_matter(run_module, refuse, module: str) -> None:
    refuse(PATHS[module]["legacy"], ANSWERS["retired"])
    run = run_module(module, product=["flexible", "fixed"])
    assert (run.failed, run["unavailable"], run.warnings) == (False, [], "")


@pytest.mark.parametrize("module", [LOANS, REPAYMENTS])
def test_a_key_that_can_use_none_of_them_is_a_failure(run_module, module: str) -> None:
    run = run_module(module, api_key="sandbox-key-no-permission")
    assert (run.failed, run["failure"]["ret_code"]) == (True, 10005)
    assert run["msg"].startswith("None of the loan products can be read. legacy and flexible and fixed: http://127.0.0.1:")
    assert 'Grant api_key the permission "Spot trade"' in run["msg"]


@pytest.mark.parametrize("key", ["sandbox-key-expired", "sandbox-key-banned", "sandbox-key-other-ip", "nobodys"])
@pytest.mark.parametrize("module", [LOANS, REPAYMENTS])
def test_a_key_that_can_do_nothing_is_a_failure_at_once(run_module, calls, module: str, key: str) -> None:
    run = run_module(module, api_key=key)
    assert (run.failed, len(calls())) == (True, 1)


@pytest.mark.parametrize("module", [LOANS, REPAYMENTS])
def test_a_block_of_the_address_stops_everything(run_module, refuse, calls, module: str) -> None:
    refuse(PATHS[module]["legacy"], {"http_status": 403, "body": "access too frequent"})
    run = run_module(module)
    assert (run.failed, run["failure"]["http_status"]) == (True, 403)
    refused = f"GET {PATHS[module]['legacy'].rpartition('/')[2]}"
    # Requests already under way end. No more are sent after them.
    beside = {f"GET {path.rpartition('/')[2]}" for path in PATHS[module].values()} if module == LOANS else {refused}
    assert sorted(calls()) == sorted(beside | ({"GET position"} if module == LOANS else set()))


def test_a_product_that_is_refused_on_a_later_page_is_left_out_as_a_whole(run_module, sandbox, roomy_seed) -> None:
    account = roomy_seed["accounts"][0]
    account["flexible_repayments"] = [
        {"repay_id": str(9000 + number), "loan_coin": "USDT", "amount": "1", "time": "-1d"} for number in range(150)
    ]
    sandbox.control("PUT", "seed", roomy_seed)
    path = PATHS[REPAYMENTS]["flexible"]
    sandbox.control("POST", "faults", {"method": "GET", "path": path, "skip": 1, "answer": ANSWERS["permission"]})
    run = run_module(REPAYMENTS)
    assert {entry["product"] for entry in run["repayments"]} == {"legacy", "fixed"}
    assert [entry["product"] for entry in run["unavailable"]] == ["flexible"]


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_without_the_position_its_ltv_is_missing(run_module, refuse, answer: t.Any) -> None:
    refuse(POSITION, answer)
    run = run_module(LOANS)
    assert (run.failed, run["position"], run["unavailable"], len(run["loans"])) == (False, None, [], 11)
    assert {loan["ltv"] for loan in run["loans"] if loan["product"] != "legacy"} == {None}
    assert "position, and therefore the LTV of its loans, cannot be read. http://127.0.0.1:" in run.warnings


def test_without_the_position_loans_above_an_ltv_cannot_be_listed(run_module, refuse, names) -> None:
    refuse(POSITION, ANSWERS["permission"])
    run = run_module(LOANS, ltv_above="0.5")
    assert [loan["id"] for loan in run["loans"]] == [names.sol]
    assert [(entry["product"], POSITION in entry["reason"]) for entry in run["unavailable"]] == [("flexible", True), ("fixed", True)]
    assert "the LTV of its loans" not in run.warnings
    named = run_module(LOANS, ltv_above="0.5", product="fixed")
    assert (named.failed, named["msg"].startswith("product lists 'fixed', which cannot be read.")) == (True, True)


def test_without_the_thresholds_the_loans_are_shown(run_module, refuse) -> None:
    refuse("/v5/crypto-loan/collateral-data", ANSWERS["retired"])
    run = run_module(LOANS)
    assert (run.failed, len(run["loans"])) == (False, 11)
    assert {loan["liquidation_ltv"] for loan in run["loans"] if loan["product"] == "legacy"} == {None}
    assert "The LTVs of margin call and liquidation cannot be read. http://127.0.0.1:" in run.warnings


@pytest.mark.parametrize("module", [LOANS, REPAYMENTS])
@pytest.mark.parametrize("code", [10001, 177003])
def test_an_id_that_one_product_rejects_is_looked_up_in_the_other(run_module, refuse, module: str, code: int) -> None:
    refuse(PATHS[module]["legacy"], {"ret_code": code})
    run = run_module(module, loan_id="561" if module == REPAYMENTS else "571")
    assert (run.failed, len(run[LISTS[module]])) == (False, 1)
    assert [entry["product"] for entry in run["unavailable"]] == ["legacy"]
    assert run_module(module).failed


@pytest.mark.parametrize("module", [LOANS, REPAYMENTS])
def test_an_order_that_is_not_a_legacy_loan_is_not_an_error(run_module, refuse, module: str) -> None:
    refuse(PATHS[module]["legacy"], {"ret_code": 177005})
    run = run_module(module, loan_id="571", product="legacy")
    assert (run.failed, run[LISTS[module]], run["unavailable"]) == (False, [], [])

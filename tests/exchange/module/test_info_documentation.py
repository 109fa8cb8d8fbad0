# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The query modules return what their documentation says."""

from __future__ import annotations

import re
import typing as t

import pytest
import yaml
from ansible_collections.treasury.bybit.plugins.doc_fragments import query
from ansible_collections.treasury.bybit.plugins.module_utils._api import rate_limit
from ansible_collections.treasury.bybit.plugins.module_utils._loans import history
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_info, bybit_loan_repayment_info
from documented import all_names, check_samples, names_returned

LOANS = yaml.safe_load(bybit_loan_info.RETURN)
REPAYMENTS = yaml.safe_load(bybit_loan_repayment_info.RETURN)


@pytest.fixture
def retire(sandbox) -> t.Callable[[str], None]:
    """Let the exchange no longer serve a call."""
    return lambda path: sandbox.control("POST", "faults", {"method": "GET", "path": path, "answer": {"ret_code": 10017}})


def test_return_values_of_loans(run_module, retire) -> None:
    foreseen = run_module("bybit_loan_info", shock={"BTC": "-30%"}, max_ltv="0.5")
    runs = [foreseen, run_module("bybit_loan_info", api_key=""), run_module("bybit_loan_info", api_key="nobodys")]
    retire("/v5/crypto-loan/ongoing-orders")
    runs.append(run_module("bybit_loan_info"))
    assert set().union(*(names_returned(run.result, LOANS) for run in runs)) == all_names(LOANS)


def test_return_values_of_repayments(run_module, retire) -> None:
    name = "bybit_loan_repayment_info"
    runs = [run_module(name), run_module(name, since="soon"), run_module(name, api_key="nobodys")]
    retire("/v5/crypto-loan-flexible/repayment-history")
    runs.append(run_module(name))
    assert set().union(*(names_returned(run.result, REPAYMENTS) for run in runs)) == all_names(REPAYMENTS)


@pytest.mark.parametrize("documented", [LOANS, REPAYMENTS], ids=["loans", "repayments"])
def test_samples_have_the_documented_type(documented: dict[str, t.Any]) -> None:
    check_samples(documented)


def test_values_documented_as_always_returned_are_returned(run_module) -> None:
    for name, documented in (("bybit_loan_info", LOANS), ("bybit_loan_repayment_info", REPAYMENTS)):
        always = {value for value, entry in documented.items() if not entry["returned"].startswith("failure")}
        assert always <= set(run_module(name, loan_currency="XRP").result)
        assert always - {"msg", "api_host", "details"} == {
            value for value, entry in documented.items() if entry["returned"] == "success"
        }


def test_every_kind_of_repayment_is_documented() -> None:
    entry = REPAYMENTS["repayments"]["contains"]["kind"]
    kinds = set(re.findall(r"V\((\w+)\)", entry["description"][0]))
    assert kinds == {*history.KINDS.values(), history.UNKNOWN_KIND}


def test_the_documented_pace_is_that_of_the_client() -> None:
    notes = " ".join(yaml.safe_load(query.ModuleDocFragment.DOCUMENTATION)["notes"])
    entries_a_second = rate_limit._DEFAULT_LIMITS["GET"] * 100
    assert f"which is {entries_a_second} entries per second" in notes

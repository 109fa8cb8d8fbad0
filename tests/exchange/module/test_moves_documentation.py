# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of the collateral and transfer modules is true: return values and calls."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.treasury.bybit.plugins.modules import bybit_funding_transfer, bybit_loan_collateral
from documented import all_names, check_samples, names_returned
from moves import ACCOUNT_ADD, ACCOUNT_MIN_LTV, ENSURE, LEGACY_ADD, LEGACY_MIN_LTV, MOVES, TO_FUND

MODULES = {"bybit_loan_collateral": bybit_loan_collateral, "bybit_funding_transfer": bybit_funding_transfer}
RETURNED = {name: yaml.safe_load(module.RETURN) for name, module in MODULES.items()}
each_module = pytest.mark.parametrize("name", MODULES)


@pytest.mark.parametrize("move", [LEGACY_ADD, ACCOUNT_ADD, LEGACY_MIN_LTV, ACCOUNT_MIN_LTV, TO_FUND, ENSURE], ids=lambda move: move.name)
def test_results_have_the_documented_values(pay, sandbox, spoil, move) -> None:
    runs = [pay(move, diff=True, check=True), pay(move, diff=True), pay(move, at_most="0.0001"), pay(move, api_key="unknown")]
    sandbox.control("POST", "reset")
    sandbox.clock(advance_ms=10_000)
    spoil(move, answer="reset", commit=False)
    runs += [pay(move, wait_timeout=0), pay(move), pay(move, at_most="-1"), pay(move, api_key="")]
    documented = RETURNED[move.module]
    assert set().union(*(names_returned(run.result, documented) for run in runs)) == all_names(documented)


@each_module
def test_samples_have_the_documented_type(name: str) -> None:
    check_samples(RETURNED[name])


@each_module
def test_only_documented_calls_are_sent(pay, sandbox, spoil, name: str) -> None:
    described = " ".join(yaml.safe_load(MODULES[name].DOCUMENTATION)["description"])
    sent = set()
    for move in (move for move in MOVES if move.module == name):
        spoil(move, answer="reset", commit=True)
        pay(move)
        sent |= set(sandbox.requests()["counts"])
    missing = [call for call in sorted(sent) if f"C({call})" not in described]
    assert missing == []

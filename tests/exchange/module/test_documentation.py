# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of the repay modules is true: return values, calls, and examples. README and guides have their tables."""

from __future__ import annotations

import datetime
import re
import runpy
import typing as t
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from ansible_collections.treasury.bybit.plugins.module_utils import _outcomes
from ansible_collections.treasury.bybit.plugins.modules import (
    bybit_fixed_loan_repay,
    bybit_flexible_loan_repay,
    bybit_loan_repay,
)
from documented import all_names, check_samples, names_returned
from ways import FIXED, FIXED_COLLATERAL, FLEXIBLE, FLEXIBLE_COLLATERAL, LEGACY

CHECKOUT = Path(__file__).resolve().parents[3]
MODULES = {
    "bybit_loan_repay": bybit_loan_repay,
    "bybit_flexible_loan_repay": bybit_flexible_loan_repay,
    "bybit_fixed_loan_repay": bybit_fixed_loan_repay,
}
RETURNED = {name: yaml.safe_load(module.RETURN) for name, module in MODULES.items()}
# Return values that each module documents in its own words.
OF_ITS_OWN = {"order_id", "loan_id", "loan_currency", "collateral"}
each_module = pytest.mark.parametrize("name", MODULES)


@pytest.fixture
def utc_now(now_ms) -> t.Callable[[], str]:
    return lambda: datetime.datetime.fromtimestamp(now_ms() / 1000, datetime.timezone.utc).isoformat()


@pytest.mark.parametrize("way", [LEGACY, FLEXIBLE, FIXED_COLLATERAL], ids=lambda way: way.name)
def test_results_have_the_documented_values(pay, sandbox, spoil, utc_now, way) -> None:
    runs = [pay(way, diff=True, check=True), pay(way, diff=True), pay(way, amount="99999"), pay(way, api_key="unknown")]
    # Late enough that the wallet's ledger cannot mistake the earlier payment for the lost one.
    sandbox.clock(advance_ms=10_000)
    spoil(way, answer="reset", commit=False)
    runs += [pay(way, wait_timeout=0), pay(way, since=utc_now()), pay(way, amount="-1"), pay(way, api_key="")]
    runs += [pay(way, amount=None, max_debt="0", check=True)]
    documented = RETURNED[way.module]
    assert set().union(*(names_returned(run.result, documented) for run in runs)) == all_names(documented)


@each_module
def test_samples_have_the_documented_type(name: str) -> None:
    check_samples(RETURNED[name])


@each_module
def test_every_outcome_is_documented(name: str) -> None:
    documented = set(re.findall(r"V\((\w+)\) means", " ".join(RETURNED[name]["outcome"]["description"])))
    assert documented == {value for name, value in vars(_outcomes).items() if name.isupper() and isinstance(value, str)}


def test_shared_return_values_have_the_same_documentation() -> None:
    def told(documented: dict[str, t.Any], place: str = "") -> dict[str, tuple]:
        texts = {}
        for name, entry in documented.items():
            texts[place + name] = tuple(str(entry.get(key)) for key in ("description", "returned", "type", "elements"))
            texts.update(told(entry.get("contains", {}), f"{place}{name}."))
        return texts

    first, *others = ({n: text for n, text in told(values).items() if n not in OF_ITS_OWN} for values in RETURNED.values())
    assert others == [first, first]


@pytest.mark.parametrize(
    "ways", [(LEGACY,), (FLEXIBLE, FLEXIBLE_COLLATERAL), (FIXED, FIXED_COLLATERAL)], ids=lambda ways: ways[0].name
)
def test_the_calls_are_documented(pay, sandbox, spoil, ways) -> None:
    [name] = {way.module for way in ways}
    documented = re.findall(r"C\(((?:GET|POST) [^)]*)\)", " ".join(yaml.safe_load(MODULES[name].DOCUMENTATION)["description"]))
    # An LTV depends on the whole account, so these calls are needed for it alone.
    pay(ways[0], amount=None, max_ltv="0.3", allow_partial=True, check=True)
    spoil(ways[0], answer={"ret_code": 10002})
    for way in ways:
        pay(way)
    # Without an answer, the run also reads the wallet to learn the outcome.
    sandbox.clock(advance_ms=10_000)
    spoil(ways[0], answer="close", commit=False)
    pay(ways[0], **({"amount": "1"} if "amount" in ways[0].options else {"loan_id": "569"}))
    pay(ways[0], amount=None, max_debt="0")
    for coin in ("USDT", "BTC"):
        for wallet, balance in (("FUND", "0"), ("UNIFIED", "9000")):
            sandbox.control("POST", "wallet", {"coin": coin, "balance": balance, "accountType": wallet})
    sandbox.clock(advance_ms=10_000)
    again = {"legacy": {"order_id": "1793401222384701440"}, "flexible": {"loan_currency": "BTC", "amount": "0.001"}, "fixed": {"loan_id": "570"}}
    pay(ways[0], fund_from="unified", **again[ways[0].name])
    assert set(sandbox.requests()["counts"]) == set(documented)


def examples() -> list[t.Any]:
    """Return the module and options of every example, with the defaults of its block or play."""
    found = []

    def walk(tasks: list[dict[str, t.Any]], defaults: dict[str, t.Any]) -> None:
        for task in tasks:
            inner = {**defaults, **task.get("module_defaults", {}).get("group/treasury.bybit.bybit", {})}
            for name in MODULES:
                if f"treasury.bybit.{name}" in task:
                    options = {**inner, **task[f"treasury.bybit.{name}"]}
                    found.append(pytest.param(name, options, id=f"{name}-{task['name'][:30]}"))
            walk(task.get("block", []), inner)

    for module in MODULES.values():
        walk(yaml.safe_load(module.EXAMPLES), {})
    return found


@pytest.fixture
def example_book(sandbox, roomy_seed) -> None:
    """A book with what the examples name: an ETH contract with that ID, and USDT to sell."""
    account = roomy_seed["accounts"][0]
    account["collateral"]["USDT"] = "1000"
    [contract] = [contract for contract in account["fixed_contracts"] if contract["loan_id"] == "568"]
    contract.update(loan_coin="ETH", principal="0.8")
    sandbox.control("PUT", "seed", roomy_seed)


@pytest.mark.parametrize(("name", "options"), examples())
def test_examples_run(
    run_module, example_book, sandbox, ledger, rsa_keys, utc_now, tmp_path, name: str, options: dict[str, t.Any]
) -> None:
    here = {"api_url": sandbox.url, "environment": None, "api_key": "sandbox-key", "api_secret": "sandbox-secret"}
    if "rsa_private_key" in options:
        (tmp_path / "bybit.pem").write_text(rsa_keys.private_pem)
        (tmp_path / "bybit.pem").chmod(0o600)
        key = {"rsa_private_key": str(tmp_path / "bybit.pem"), "api_key": "sandbox-rsa-key", "api_secret": None}
        here.update(key)
    if "journal" in options:
        # No database has this name.
        here["journal"] = str(tmp_path / "named" / "journal.sqlite")
    if "since" in options:
        # The dates in examples pass, and one is a template.
        here["since"] = utc_now()
        here["journal"] = str(tmp_path / "lasting" / "journal.sqlite")
    run = run_module(name, **{"settle_margin": 0, **options, **here})
    if "acknowledge" in options:
        # The intent that the example acknowledges is not in this journal.
        assert (run["outcome"], ledger()) == ("nothing_to_do", [])
        return
    # A sweep warns that it cannot guarantee its cap.
    is_capped_sweep = "at_most" in options and "sweep" in options
    assert (run["changed"], run["goal_reached"], "at_most is checked against" in run.warnings) == (True, True, is_capped_sweep)
    assert run.warnings == "" or is_capped_sweep
    [entry] = ledger()
    assert entry["amount"] == options.get("amount", run["amount"])
    if not {"amount", "max_ltv"} & set(options):
        assert Decimal(run["loan"]["after"]["debt"]) <= Decimal(options.get("max_debt", "0"))


@pytest.mark.parametrize("group", ["TESTS", "WHOLE", "CHECKERS"])
def test_the_contributing_guide_names_every_target(group: str) -> None:
    makefile, told = (CHECKOUT / "Makefile").read_text(), (CHECKOUT / "CONTRIBUTING.md").read_text()
    targets = re.search(rf"^{group} := (.*)$", makefile, re.MULTILINE).group(1).split()
    assert [target for target in targets if f"| `make {target}` |" not in told] == []


def test_the_guide_shows_the_table_of_compare_safety() -> None:
    rows = runpy.run_path(str(CHECKOUT / "tests" / "benchmark" / "safety_faults.py"))["ROWS"]
    guide = (CHECKOUT / "docs" / "docsite" / "rst" / "measured_safety.rst").read_text()
    cells = [re.findall(r"^   [* ] - (.*)$", row, re.MULTILINE) for row in re.findall(r"^   \* - (?:.|\n     )*", guide, re.MULTILINE)]
    # The summary above it has a column less.
    _titles, *faults, _sums = [row for row in cells if len(row) == 6]
    assert [row[0].replace("``", "`") for row in faults] == [row.name for row in rows]
    assert [row for row in faults if not row[5].startswith("ok: ")] == []


def test_the_readme_names_every_module() -> None:
    modules = {file.stem for file in (CHECKOUT / "plugins" / "modules").glob("*.py")}
    readme = (CHECKOUT / "README.md").read_text()
    assert [name for name in modules if f"`{name}`" not in readme] == []

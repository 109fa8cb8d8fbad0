# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation says what the module does: options, return values, examples, and the README's table of targets."""

from __future__ import annotations

import datetime
import re
import runpy
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.treasury.bybit.plugins.doc_fragments import connection, repayment
from ansible_collections.treasury.bybit.plugins.module_utils import _connection, _outcomes, _repay_options
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_repay as module

CHECKOUT = Path(__file__).resolve().parents[3]
TYPES = {"str": str, "int": int, "dict": dict, "bool": bool, "list": list}
RETURNED = yaml.safe_load(module.RETURN)
# Ansible adds these by itself.
OF_ANSIBLE = {"changed", "failed", "warnings", "invocation", "exception"}


def check(values: dict[str, t.Any], documented: dict[str, t.Any], place: str) -> set[str]:
    """Hold a result against its documentation and return the documented names that it has."""
    seen = set()
    for name, value in values.items():
        assert name in documented, f"{place}{name} is not documented"
        seen.add(place + name)
        if value is None:
            continue
        assert isinstance(value, TYPES[documented[name]["type"]]), place + name
        for entry in value if isinstance(value, list) else [value]:
            if "contains" in documented[name]:
                seen |= check(entry, documented[name]["contains"], f"{place}{name}.")
    return seen


def all_names(documented: dict[str, t.Any], place: str = "") -> set[str]:
    names = set()
    for name, entry in documented.items():
        names |= {place + name} | all_names(entry.get("contains", {}), f"{place}{name}.")
    return names


def test_return_values(repay, sandbox, names) -> None:
    runs = [repay(diff=True, check=True), repay(diff=True), repay(amount="99999"), repay(api_key="unknown")]
    sandbox.fault(answer="reset", commit=False)
    runs += [repay(wait_timeout=0), repay(since=utc_now())]
    runs += [repay(order_id=names.overdue, amount="1", check=True), repay(amount="-1"), repay(api_key="")]
    seen = set()
    for run in runs:
        seen |= check({n: v for n, v in run.result.items() if n not in OF_ANSIBLE}, RETURNED, "")
    assert seen == all_names(RETURNED)


def utc_now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat()


def test_samples_have_the_documented_type() -> None:
    def walk(documented: dict[str, t.Any]) -> None:
        for name, entry in documented.items():
            assert "sample" in entry or "contains" in entry, name
            if "sample" in entry:
                assert isinstance(entry["sample"], TYPES[entry["type"]]), name
            walk(entry.get("contains", {}))

    walk(RETURNED)


def test_every_outcome_is_documented() -> None:
    documented = set(re.findall(r"V\((\w+)\), ", " ".join(RETURNED["outcome"]["description"])))
    assert documented == {value for name, value in vars(_outcomes).items() if name.isupper() and isinstance(value, str)}


def test_documented_defaults_and_hosts() -> None:
    text = connection.ModuleDocFragment.DOCUMENTATION
    for environment, url in _connection.ENVIRONMENTS.items():
        assert f"V({environment}) is C({url})" in text
    assert f"neither this nor O(api_url) is given, V({_connection.DEFAULT_ENVIRONMENT}) is used" in text
    more = repayment.ModuleDocFragment.DOCUMENTATION
    documented = {**yaml.safe_load(text)["options"], **yaml.safe_load(more)["options"]}
    specified = {**_connection.connection_argument_spec(), **_repay_options.repay_argument_spec()}
    assert set(documented) == set(specified)
    for name, option in specified.items():
        assert documented[name].get("default") == option.get("default"), name
        for variable in option.get("fallback", (None, []))[1]:
            assert f"E({variable})" in " ".join(documented[name]["description"]), name


@pytest.mark.parametrize("ranges", [_connection._RANGES, _repay_options._RANGES])
def test_documented_ranges(ranges: dict[str, tuple[int, int]]) -> None:
    documented = {
        **yaml.safe_load(connection.ModuleDocFragment.DOCUMENTATION)["options"],
        **yaml.safe_load(repayment.ModuleDocFragment.DOCUMENTATION)["options"],
    }
    for name, (least, most) in ranges.items():
        assert f"from V({least}) to V({most})" in " ".join(documented[name]["description"]), name


def examples() -> list[dict[str, t.Any]]:
    """Return the options of every example of the module, with the defaults that stand around it."""
    found = []

    def walk(tasks: list[dict[str, t.Any]], defaults: dict[str, t.Any]) -> None:
        for task in tasks:
            inner = {**defaults, **task.get("module_defaults", {}).get("group/treasury.bybit.bybit", {})}
            if "treasury.bybit.bybit_loan_repay" in task:
                found.append({**inner, **task["treasury.bybit.bybit_loan_repay"]})
            walk(task.get("block", []), inner)

    walk(yaml.safe_load(module.EXAMPLES), {})
    return found


@pytest.mark.parametrize("options", examples(), ids=lambda options: options["amount"])
def test_examples(repay, sandbox, paid, rsa_keys, tmp_path, options: dict[str, t.Any]) -> None:
    here = {"api_url": sandbox.url, "environment": None, "api_key": "sandbox-key", "api_secret": "sandbox-secret"}
    if "rsa_private_key" in options:
        (tmp_path / "bybit.pem").write_text(rsa_keys.private_pem)
        key = {"rsa_private_key": str(tmp_path / "bybit.pem"), "api_key": "sandbox-rsa-key", "api_secret": None}
        here.update(key)
    if "since" in options:
        # The dates of the examples grow old, and one is a template.
        here["since"] = utc_now()
        here["state_dir"] = str(tmp_path / "lasting")
    assert repay(**{**options, **here})["changed"] is True
    assert paid() == [options["amount"]]


def test_the_readme_names_every_target_of_make_test() -> None:
    makefile, readme = (CHECKOUT / "Makefile").read_text(), (CHECKOUT / "README.md").read_text()
    targets = re.search(r"^test: (.*?) ##", makefile, re.MULTILINE).group(1).split()
    assert [target for target in targets if f"| `make {target}` |" not in readme] == []


def test_the_readme_shows_the_table_of_compare_safety() -> None:
    rows = runpy.run_path(str(CHECKOUT / "tests" / "benchmark" / "safety_faults.py"))["ROWS"]
    readme = (CHECKOUT / "README.md").read_text()
    cells = [line.strip("| ").split(" | ") for line in readme.splitlines() if line.startswith("| ") and line.count(" | ") == 5]
    assert [row[0] for row in cells[2:-1]] == [row.name for row in rows]
    assert [row for row in cells[2:-1] if not row[5].startswith("ok: ")] == []


def test_the_readme_and_the_action_group_name_every_module() -> None:
    modules = {file.stem for file in (CHECKOUT / "plugins" / "modules").glob("*.py")}
    group = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text())["action_groups"]["bybit"]
    assert set(group) == modules
    readme = (CHECKOUT / "README.md").read_text()
    assert [name for name in modules if f"module `treasury.bybit.{name}`" not in readme] == []

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shared documentation of options matches the code: defaults, environment variables, hosts, and ranges.

Names, types and choices of each module as a whole are compared by validate-modules of ansible-test (`make arguments`).
"""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.treasury.bybit.plugins.doc_fragments import connection as connection_fragment
from ansible_collections.treasury.bybit.plugins.doc_fragments import journal, operation, query, repayment, waiting
from ansible_collections.treasury.bybit.plugins.module_utils._options import connection, info, repay, run
from ansible_collections.treasury.bybit.plugins.plugin_utils._in_process import MODULES

OF_FRAGMENTS = {
    fragment.__name__.rpartition(".")[2]: yaml.safe_load(fragment.ModuleDocFragment.DOCUMENTATION)["options"]
    for fragment in (connection_fragment, journal, operation, query, repayment, waiting)
}


def test_documented_defaults_and_hosts() -> None:
    text = connection_fragment.ModuleDocFragment.DOCUMENTATION
    for environment, url in connection.ENVIRONMENTS.items():
        assert f"V({environment}) is C({url})" in text
    assert f"neither this option nor O(api_url) is set, V({connection.DEFAULT_ENVIRONMENT}) is used" in text
    parts = ("connection", "journal", "operation", "repayment", "waiting")
    documented = {name: option for part in parts for name, option in OF_FRAGMENTS[part].items()}
    specified = {**connection.connection_argument_spec(), **repay.repay_argument_spec()}
    assert set(documented) == set(specified)
    for name, option in specified.items():
        assert documented[name].get("default") == option.get("default"), name
        for variable in option.get("fallback", (None, []))[1]:
            assert f"E({variable})" in " ".join(documented[name]["description"]), name


@pytest.mark.parametrize("ranges", [connection._RANGES, run._RANGES])
def test_documented_ranges(ranges: dict[str, tuple[int, int]]) -> None:
    documented = {**OF_FRAGMENTS["connection"], **OF_FRAGMENTS["waiting"]}
    for name, (least, most) in ranges.items():
        assert f"from V({least}) to V({most})" in " ".join(documented[name]["description"]), name


def test_documented_options_of_queries() -> None:
    documented = OF_FRAGMENTS["query"]
    specified = info.query_argument_spec()
    assert set(documented) == set(specified)
    for name, option in specified.items():
        assert {key: documented[name].get(key) for key in ("type", "elements", "choices")} == {
            key: option.get(key) for key in ("type", "elements", "choices")
        }


def test_no_option_is_documented_twice() -> None:
    names = [name for options in OF_FRAGMENTS.values() for name in options]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("module", MODULES)
def test_every_module_documents_its_options(module: str) -> None:
    documentation = yaml.safe_load(MODULES[module].DOCUMENTATION)
    fragments = [name.rpartition(".")[2] for name in documentation["extends_documentation_fragment"]]
    documented = dict(documentation.get("options", {}))
    for fragment in fragments:
        # A module that only reads the journal documents it in other words.
        documented.update(OF_FRAGMENTS.get("journal" if fragment == "reading" else fragment, {}))
    assert set(documented) == set(MODULES[module].SPEC.options)
    for name, option in MODULES[module].SPEC.options.items():
        for key in ("type", "default", "choices", "elements", "aliases"):
            assert documented[name].get(key) == option.get(key), (name, key)
        assert documented[name].get("required", False) == option.get("required", False), name

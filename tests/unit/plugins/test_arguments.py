# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the shared documentation says of options is what the code has: defaults, variables of the environment, hosts, ranges.

Names, types and choices of each module as a whole are compared by validate-modules of ansible-test (`make arguments`).
"""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.treasury.bybit.plugins.doc_fragments import connection as connection_fragment
from ansible_collections.treasury.bybit.plugins.doc_fragments import journal, query, repayment
from ansible_collections.treasury.bybit.plugins.module_utils._options import connection, info, repay


def test_documented_defaults_and_hosts() -> None:
    text = connection_fragment.ModuleDocFragment.DOCUMENTATION
    for environment, url in connection.ENVIRONMENTS.items():
        assert f"V({environment}) is C({url})" in text
    assert f"neither this nor O(api_url) is set, V({connection.DEFAULT_ENVIRONMENT}) is used" in text
    more = (repayment.ModuleDocFragment.DOCUMENTATION, journal.ModuleDocFragment.DOCUMENTATION)
    documented = {name: option for part in (text, *more) for name, option in yaml.safe_load(part)["options"].items()}
    specified = {**connection.connection_argument_spec(), **repay.repay_argument_spec()}
    assert set(documented) == set(specified)
    for name, option in specified.items():
        assert documented[name].get("default") == option.get("default"), name
        for variable in option.get("fallback", (None, []))[1]:
            assert f"E({variable})" in " ".join(documented[name]["description"]), name


@pytest.mark.parametrize("ranges", [connection._RANGES, repay._RANGES])
def test_documented_ranges(ranges: dict[str, tuple[int, int]]) -> None:
    documented = {
        **yaml.safe_load(connection_fragment.ModuleDocFragment.DOCUMENTATION)["options"],
        **yaml.safe_load(repayment.ModuleDocFragment.DOCUMENTATION)["options"],
    }
    for name, (least, most) in ranges.items():
        assert f"from V({least}) to V({most})" in " ".join(documented[name]["description"]), name


def test_documented_options_of_queries() -> None:
    documented = yaml.safe_load(query.ModuleDocFragment.DOCUMENTATION)["options"]
    specified = info.query_argument_spec()
    assert set(documented) == set(specified)
    for name, option in specified.items():
        assert {key: documented[name].get(key) for key in ("type", "elements", "choices")} == {
            key: option.get(key) for key in ("type", "elements", "choices")
        }

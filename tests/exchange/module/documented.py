# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares the results of runs with the documented return values of a module."""

from __future__ import annotations

import typing as t

TYPES = {"str": str, "int": int, "dict": dict, "bool": bool, "list": list}
# Added by Ansible itself.
_OF_ANSIBLE = {"changed", "failed", "warnings", "invocation", "exception"}


def names_returned(result: dict[str, t.Any], documented: dict[str, t.Any]) -> set[str]:
    """Compare a result with its documentation, and return the documented names that it contains."""
    return _check({name: value for name, value in result.items() if name not in _OF_ANSIBLE}, documented, "")


def all_names(documented: dict[str, t.Any], place: str = "") -> set[str]:
    """Return the names of all documented values."""
    names = set()
    for name, entry in documented.items():
        names |= {place + name} | all_names(entry.get("contains", {}), f"{place}{name}.")
    return names


def check_samples(documented: dict[str, t.Any]) -> None:
    """Check that every value has a sample of its type, or documents what it contains."""
    for name, entry in documented.items():
        assert "sample" in entry or "contains" in entry, name
        if "sample" in entry:
            assert isinstance(entry["sample"], TYPES[entry["type"]]), name
        check_samples(entry.get("contains", {}))


def _check(values: dict[str, t.Any], documented: dict[str, t.Any], place: str) -> set[str]:
    seen = set()
    for name, value in values.items():
        assert name in documented, f"{place}{name} is not documented"
        seen.add(place + name)
        if value is None:
            continue
        assert isinstance(value, TYPES[documented[name]["type"]]), place + name
        for entry in value if isinstance(value, list) else [value]:
            if "contains" in documented[name]:
                seen |= _check(entry, documented[name]["contains"], f"{place}{name}.")
            elif isinstance(entry, dict):
                # Documented in prose and by its sample.
                sample = documented[name]["sample"]
                assert set(entry) == set(sample[0] if isinstance(sample, list) else sample), f"{place}{name}"
    return seen

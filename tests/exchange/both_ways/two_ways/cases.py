# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A case is a play, given as the text of its tasks or of the whole play."""

from __future__ import annotations

import re
import typing as t

SECRET = "NeedleNeedleNeedle0123456789"

_DEFAULTS = {
    "hosts": "localhost",
    "gather_facts": "false",
    "ignore_errors": "true",
    "module_defaults": "".join(
        f"\n    treasury.bybit.{name}: {{recv_window: 1000, settle_margin: 0}}"
        for name in ("bybit_loan_repay", "bybit_flexible_loan_repay", "bybit_fixed_loan_repay", "bybit_loan_policy")
    ),
}
# Each play starts with a fresh ledger and an empty journal.
_RESET = "  pre_tasks:\n    - {name: Reset, stand_in: {path: reset}, run_once: true, check_mode: false}\n"


def playbook_of(cases: t.Mapping[str, str]) -> str:
    """Return the text of a playbook with one play for each case, which bears its name."""
    return "".join(_play(name, text.strip("\n")) for name, text in cases.items())


def _play(name: str, text: str) -> str:
    if text.startswith("- "):
        text = "tasks:\n" + _indented(text)
    keywords = re.findall(r"^(\w+):", text, flags=re.MULTILINE)
    head = "".join(f"  {key}: {value}\n" for key, value in _DEFAULTS.items() if key not in keywords)
    return f"- name: {name}\n{head}{_RESET}{_indented(text)}"


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" if line else "\n" for line in text.splitlines())

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of return codes shows the table that the modules use."""

from __future__ import annotations

import re

import guide_parts
from ansible_collections.treasury.bybit.plugins.module_utils._api import return_codes as codes
from guides import RST


def test_the_page_is_current() -> None:
    assert (RST / "return_codes.rst").read_text(encoding="utf-8") == guide_parts.page(), 'run "make return-codes"'


def test_the_page_has_every_code_once() -> None:
    numbers = [int(number) for number in re.findall(r"^   \* - :index:`(-?\d+)`$", guide_parts.page(), re.MULTILINE)]
    assert sorted(numbers) == sorted([*codes.CODES, *codes.HTTP_STATUSES])


def test_no_code_that_leaves_the_outcome_open_is_called_harmless() -> None:
    rows = re.findall(r"^   \* - :index:`(-?\d+)`\n     - .*\n     - (.*)$", guide_parts.page(), re.MULTILINE)
    said = {number for number, money in rows if money == "No money moved."}
    sure = {n for n, row in [*codes.CODES.items(), *codes.HTTP_STATUSES.items()] if row.reading == "not_executed"}
    assert {int(number) for number in said} == sure

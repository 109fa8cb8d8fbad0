# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils import _return_codes as codes

# Written down a second time from the project's notes, so that an edit of the table is a decision made twice.
IN_DOUBT = {429, 10000, 10016, 177002, 177021, 148019, 148021, 148026, 148034, 148035}
EARLIER = {10014, 177018, 148041}


def test_only_zero_is_success() -> None:
    assert [code for code, row in codes.CODES.items() if row.reading == codes.ACCEPTED] == [0]


def test_codes_that_leave_the_outcome_open() -> None:
    assert {code for code, row in codes.CODES.items() if row.reading == codes.UNKNOWN} == IN_DOUBT
    assert {code for code, row in codes.CODES.items() if row.reading == codes.EARLIER_REQUEST} == EARLIER


@pytest.mark.parametrize("code", [1, -7, 99999, 177001, 177022, 148999, 10018])
def test_a_code_that_the_table_does_not_know_leaves_it_open(code: int) -> None:
    assert codes.meaning_of_code(code).reading == codes.UNKNOWN


@pytest.mark.parametrize("status", [200, 201, 204, 301, 302, 307, 402, 407, 408, 409, 418, 429, 500, 502, 503, 504, 599])
def test_statuses_without_a_body_that_leave_it_open(status: int) -> None:
    assert codes.meaning_of_status(status).reading == codes.UNKNOWN


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_statuses_that_refuse(status: int) -> None:
    assert codes.meaning_of_status(status).reading == codes.NOT_EXECUTED


@pytest.mark.parametrize("row", [*codes.CODES.items(), *codes.HTTP_STATUSES.items()], ids=lambda row: str(row[0]))
def test_every_refusal_has_a_cause_and_a_remedy(row: tuple[int, codes.Meaning]) -> None:
    code, meaning = row
    assert meaning.cause
    assert meaning.cause[-1].isalnum()
    assert code == 0 or (meaning.remedy[0].isupper() and meaning.remedy.endswith("."))

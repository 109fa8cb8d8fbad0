# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api import return_codes as codes

# A second copy, so that nobody changes the table by accident.
IN_DOUBT = {
    *(429, 10000, 10016, 177002, 177021, 148019, 148021, 148024, 148025, 148026, 148034, 148035, 148036),
    *(131001, 131003, 131200, 131201, 131204, 131205, 131209, 131213, 131216, 131217, 131230),
}
EARLIER = {10014, 177018, 148041, 131082, 131214}
REFUSED_LATELY_ADDED = {
    *(10018, 10029, 10032, 148002, 148007, 148008, 148009, 148010, 148011, 148013, 148015, 148016, 148017, 148018, 148020, 148022),
    *(148030, 131002, 131202, 131203, 131206, 131207, 131208, 131210, 131211, 131212, 131215, 131226, 131227, 131228, 131229),
    *(131231, 131232, 131233, 131239),
}


def test_only_zero_is_success() -> None:
    assert [code for code, row in codes.CODES.items() if row.reading == codes.ACCEPTED] == [0]


def test_codes_that_leave_the_outcome_open() -> None:
    assert {code for code, row in codes.CODES.items() if row.reading == codes.UNKNOWN} == IN_DOUBT
    assert {code for code, row in codes.CODES.items() if row.reading == codes.EARLIER_REQUEST} == EARLIER


@pytest.mark.parametrize("code", [1, -7, 99999, 177001, 177022, 148999, 131218])
def test_an_unknown_code_leaves_the_outcome_open(code: int) -> None:
    assert codes.meaning_of_code(code).reading == codes.UNKNOWN


@pytest.mark.parametrize("status", [200, 201, 204, 301, 302, 307, 402, 407, 408, 409, 418, 429, 500, 502, 503, 504, 599])
def test_statuses_without_a_body_that_leave_the_outcome_open(status: int) -> None:
    assert codes.meaning_of_status(status, "GET") == codes.meaning_of_status(status, "POST") == codes.NO_API
    assert codes.NO_API.reading == codes.UNKNOWN


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_statuses_that_refuse_a_read_and_nothing_else(status: int) -> None:
    assert codes.meaning_of_status(status, "GET").reading == codes.NOT_EXECUTED
    assert codes.meaning_of_status(status, "POST").reading == codes.UNKNOWN


def test_codes_that_refuse() -> None:
    assert {code for code in REFUSED_LATELY_ADDED if codes.meaning_of_code(code).reading == codes.NOT_EXECUTED} == REFUSED_LATELY_ADDED


def test_a_demo_trading_key_can_use_no_product() -> None:
    """So no product is left out as if the others could be read."""
    assert 10032 not in codes.UNUSABLE_CODES
    assert codes.CODES[10032].remedy == (
        "The demo host serves no loans. Use testnet or mainnet (environment or api_url) with a key created there."
    )


@pytest.mark.parametrize("row", [*codes.CODES.items(), *codes.HTTP_STATUSES.items()], ids=lambda row: str(row[0]))
def test_every_refusal_has_a_cause_and_a_remedy(row: tuple[int, codes.Meaning]) -> None:
    code, meaning = row
    assert meaning.cause
    assert meaning.cause[-1].isalnum()
    assert code == 0 or (meaning.remedy[0].isupper() and meaning.remedy.endswith("."))


@pytest.mark.parametrize(
    ("code", "named"),
    [
        (10005, ('"Spot trade"', '"Account transfer"')),
        (131212, ("amount", "ensure")),
        (131215, ("amount", "ensure")),
        (131211, ("from_account_type", "to_account_type")),
        (131239, ("add", "max_ltv")),
        (148004, ("currency", "collateral")),
        (148006, ("add", "max_ltv")),
        (148009, ("take_back", "min_ltv")),
        (148013, ("currency",)),
        (148037, ("amount", "add", "take_back")),
        (177004, ("amount", "add", "take_back")),
        (177013, ("take_back", "min_ltv")),
        (177015, ("add", "max_ltv")),
        (177019, ("order_id", "amount", "add", "take_back")),
    ],
)
def test_remedies_name_the_options_of_the_module(code: int, named: tuple[str, ...]) -> None:
    assert [name for name in named if name not in codes.CODES[code].remedy] == []

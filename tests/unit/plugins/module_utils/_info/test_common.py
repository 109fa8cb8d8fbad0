# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which refusals mean that a product cannot be used, and how they are reported."""

from __future__ import annotations

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._info.common import counted
from ansible_collections.treasury.bybit.plugins.module_utils._info.common import Availability
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BybitError, Failure, ReadFailed, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import PRODUCTS


def refused(code: int | None = None, status: int = 200, text: str = "refused.") -> Refused:
    return Refused(text, Failure(code, "no", status, "the-id"))


def read(availability: Availability, product: str, error: BybitError | None = None) -> list[str]:
    def answer(name: str) -> list[str]:
        if error:
            raise error
        return [name]

    return availability.read(product, answer)


UNUSABLE = [
    refused(10005), refused(10009), refused(10017), refused(10024), refused(10028), refused(100028), refused(148001),
    refused(177006), refused(None, 404), ReadFailed("a page in HTML.", Failure(None, None, 404, "the-id")),
]


@pytest.mark.parametrize("error", UNUSABLE, ids=lambda error: str(error.failure[:3]))
def test_a_product_that_cannot_be_used_is_reported_beside_the_others(error: BybitError) -> None:
    availability = Availability(PRODUCTS, named=False, has_id=False)
    found = [read(availability, "legacy", error), read(availability, "flexible"), read(availability, "fixed")]
    availability.check()
    assert found == [[], ["flexible"], ["fixed"]]
    (entry,) = availability.unavailable
    assert entry.as_result() == {"product": "legacy", "reason": str(error), "failure": error.failure._asdict()}
    assert availability.warnings() == [f"The legacy loans cannot be read and are missing from the result. {error}"]


@pytest.mark.parametrize("error", UNUSABLE, ids=lambda error: str(error.failure[:3]))
def test_a_product_requested_by_name_must_be_usable(error: BybitError) -> None:
    with pytest.raises(Refused) as caught:
        read(Availability(PRODUCTS, named=True, has_id=False), "legacy", error)
    assert str(caught.value) == f"product lists 'legacy', which cannot be read. {error}"
    assert caught.value.failure == error.failure


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    "error",
    [
        refused(10001), refused(10003), refused(10004), refused(10006), refused(10010), refused(33004), refused(177003),
        refused(None, 403), refused(None, 401), ReadFailed("no answer.", Failure(request_id="the-id")), ReadFailed("no list of rows."),
        ReadFailed("a server error.", Failure(10016, "", 200, "the-id")), ReadFailed("no page.", Failure(None, None, 502, "the-id")),
        # With this status, the code may not come from the exchange.
        ReadFailed("contradictory.", Failure(10005, "", 500, "the-id")),
    ],
    ids=str,
)
def test_whatever_else_goes_wrong_is_a_failure(error: BybitError, named: bool) -> None:
    with pytest.raises(type(error)) as caught:
        read(Availability(PRODUCTS, named, has_id=False), "legacy", error)
    assert caught.value is error


@pytest.mark.parametrize("code", [177005, 148023, 148027, 148032])
@pytest.mark.parametrize("named", [True, False])
def test_a_refusal_that_says_that_nothing_is_there_is_an_empty_answer(code: int, named: bool) -> None:
    availability = Availability(("fixed",), named, has_id=True)
    assert read(availability, "fixed", refused(code)) == []
    availability.check()
    assert availability.unavailable == []


@pytest.mark.parametrize("code", [10001, 177003, 177019])
def test_a_refused_id_may_belong_to_another_product(code: int) -> None:
    availability = Availability(("legacy", "fixed"), named=False, has_id=True)
    assert (read(availability, "legacy", refused(code)), read(availability, "fixed")) == ([], ["fixed"])
    availability.check()
    assert [entry.product for entry in availability.unavailable] == ["legacy"]


def test_without_any_usable_product_the_module_fails() -> None:
    availability = Availability(PRODUCTS, named=False, has_id=False)
    read(availability, "legacy", refused(10017, text="it is not served: check api_url."))
    read(availability, "flexible", refused(10005, text="the key may not: grant it."))
    read(availability, "fixed", refused(10005, text="the key may not, for another call: grant it."))
    with pytest.raises(Refused) as caught:
        availability.check()
    assert str(caught.value) == (
        "None of the loan products can be read. legacy: it is not served: check api_url. flexible and fixed: the key may not: grant it."
    )
    assert caught.value.failure is not None and caught.value.failure.ret_code == 10017


@pytest.mark.parametrize(
    ("products", "unavailable", "sentence"),
    [
        ([], [], "0 open loans."),
        (["fixed"], [], "1 open loan (1 fixed)."),
        (["legacy", "legacy", "fixed"], [], "3 open loans (2 legacy, 1 fixed)."),
        ([], ["legacy", "fixed"], "0 open loans. Not read: legacy, fixed."),
    ],
)
def test_the_message_says_how_many_and_of_what(products: list[str], unavailable: list[str], sentence: str) -> None:
    assert counted("open loan", products, unavailable) == sentence

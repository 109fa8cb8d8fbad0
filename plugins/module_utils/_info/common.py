# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the info modules share: which products an account cannot use, and what a query returns.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._api.errors import BybitError, ReadFailed, Refused
from .._api.return_codes import FOREIGN_ID_CODES, NO_DEBT_CODES, NOT_SERVED, ORDER_NOT_FOUND, UNUSABLE_CODES

_NOTHING_THERE_CODES = NO_DEBT_CODES | {ORDER_NOT_FOUND}

_Found = t.TypeVar("_Found")


class Unavailable(t.NamedTuple):
    """A product that the account cannot use, and the error that says so."""

    product: str
    error: BybitError

    def as_result(self) -> dict[str, t.Any]:
        failure = self.error.failure
        return {"product": self.product, "reason": str(self.error), "failure": failure._asdict() if failure else None}


class Availability:
    """Reads the products, and keeps track of those that cannot be used.

    :param products: The products to read.
    :param named: Whether the user named the products.
    :param has_id: Whether the query has an ID, which a product may refuse because it belongs to another product.
    """

    def __init__(self, products: t.Sequence[str], named: bool, has_id: bool) -> None:
        self._products = products
        self._named = named
        self._has_id = has_id
        self.unavailable: list[Unavailable] = []

    def read(self, product: str, read: t.Callable[[str], list[_Found]]) -> list[_Found]:
        """Return what is read from a product; empty if the product cannot be used.

        :raises Refused: If it cannot be used, but the user named it.
        :raises BybitError: If it could not be read for another reason.
        """
        try:
            return read(product)
        except (Refused, ReadFailed) as error:
            if _was_refused_by(error, _NOTHING_THERE_CODES):
                return []
            if not is_unusable(error) and not (self._has_id and _was_refused_by(error, FOREIGN_ID_CODES)):
                raise
            if self._named:
                raise Refused(f"product lists '{product}', which cannot be read. {error}", error.failure) from None
            self.unavailable.append(Unavailable(product, error))
            return []

    def check(self) -> None:
        """Refuse a result that would be empty only because no product can be used.

        :raises Refused: If no product can be used.
        """
        if len(self.unavailable) < len(self._products):
            return
        alike: dict[object, list[Unavailable]] = {}
        for entry in self.unavailable:
            alike.setdefault(entry.error.failure and entry.error.failure[:3], []).append(entry)
        reasons = (f"{' and '.join(entry.product for entry in group)}: {group[0].error}" for group in alike.values())
        raise Refused(f"None of the loan products can be read. {' '.join(reasons)}", self.unavailable[0].error.failure)

    def warnings(self) -> list[str]:
        return missing_products(self.unavailable)


def missing_products(unavailable: t.Iterable[Unavailable]) -> list[str]:
    """Return a warning about each product that is missing from a result."""
    return [f"The {product} loans cannot be read and are missing from the result. {error}" for product, error in unavailable]


def is_unusable(error: BybitError) -> bool:
    """Return whether a read failed because the account cannot use the API call, and not, for example, because of the network."""
    failure = error.failure
    is_not_served = failure is not None and failure.ret_code is None and failure.http_status == NOT_SERVED
    return is_not_served or _was_refused_by(error, UNUSABLE_CODES)


def _was_refused_by(error: BybitError, codes: frozenset[int]) -> bool:
    return isinstance(error, Refused) and error.failure is not None and error.failure.ret_code in codes


class QueryResult(t.NamedTuple):
    """The result of an info module.

    :ivar warnings: What is missing from the values, or unreliable.
    """

    values: dict[str, t.Any]
    warnings: list[str]


def counted(what: str, products: t.Sequence[str], unavailable: t.Sequence[str]) -> str:
    """Return how many items were found for each product, as a sentence.

    :param what: The name of one item.
    :param products: The product of each item.
    :param unavailable: The products that could not be read.
    """
    each = ", ".join(f"{products.count(product)} {product}" for product in dict.fromkeys(products))
    found = f"{len(products)} {what}{'' if len(products) == 1 else 's'}{f' ({each})' if each else ''}."
    return f"{found} Not read: {', '.join(unavailable)}." if unavailable else found

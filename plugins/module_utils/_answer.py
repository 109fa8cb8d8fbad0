# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a query module has found out, and the sentence that says how much it is.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t


class Answer(t.NamedTuple):
    """What a query module returns.

    :ivar warnings: What whoever reads the answer must know about it.
    """

    values: dict[str, t.Any]
    warnings: list[str]


def counted(what: str, products: t.Sequence[str], unavailable: t.Sequence[str]) -> str:
    """Say how many were found, and of which products.

    :param what: One of them.
    :param products: The product of each.
    :param unavailable: The products that could not be read.
    """
    each = ", ".join(f"{products.count(product)} {product}" for product in dict.fromkeys(products))
    found = f"{len(products)} {what}{'' if len(products) == 1 else 's'}{f' ({each})' if each else ''}."
    return f"{found} Not read: {', '.join(unavailable)}." if unavailable else found

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an intent is for: the key of the journal.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import hashlib
import re
import typing as t


# The products of intents that are for no loan: the collateral of a legacy order, that of the account, and the wallets.
ORDER_COLLATERAL, ACCOUNT_COLLATERAL, WALLETS = "order_collateral", "account_collateral", "wallets"
# Whose lock keeps what changes one LTV apart.
LTV = "ltv"
_WORDS = {ORDER_COLLATERAL: "collateral", ACCOUNT_COLLATERAL: "collateral", WALLETS: "wallet"}


class Target(t.NamedTuple):
    """What runs keep apart: one loan of one account, its collateral in one coin, or its wallets in one coin.

    :ivar realm: Where the account exists, such as C(mainnet), whatever address leads there.
    :ivar account: The exchange's ID of the account, which all its keys share.
    :ivar product: The kind of loan, or one of the above.
    :ivar loan: Tells the loan, or the coin, from others of its product.
    """

    realm: str
    account: str
    product: str
    loan: str

    @property
    def word(self) -> str:
        """What messages call it."""
        return _WORDS.get(self.product, "loan")

    @property
    def digest(self) -> bytes:
        """What no other target has."""
        return hashlib.sha256("\n".join(self).encode()).digest()

    @property
    def lock_name(self) -> str:
        """A readable file name that no other target has."""
        realm = re.sub("[^A-Za-z0-9.-]", "_", self.realm)[:80]
        return f"{realm}_{self.account}_{self.product}_{self.loan}_{self.digest.hex()[:16]}.lock"

    @property
    def lock_number(self) -> int:
        """A signed 64-bit number that practically no other target has."""
        return int.from_bytes(self.digest[:8], "big", signed=True)

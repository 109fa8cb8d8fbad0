# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The target of an intent, by which the journal finds it.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import hashlib
import re
import typing as t

# The products of targets that are not loans: the collateral of a legacy order, the collateral of the account, and the wallets.
ORDER_COLLATERAL, ACCOUNT_COLLATERAL, WALLETS = "order_collateral", "account_collateral", "wallets"
# The product of the lock on an LTV.
LTV = "ltv"
# The target of a run of the policy, whose operations have targets of their own: C(Target(realm, account, POLICY, WHOLE_ACCOUNT)).
POLICY, WHOLE_ACCOUNT = "policy", "account"
_WORDS = {ORDER_COLLATERAL: "collateral", ACCOUNT_COLLATERAL: "collateral", WALLETS: "wallet", POLICY: "policy"}


class Target(t.NamedTuple):
    """What runs wait for each other on: one loan, the collateral of one coin, one coin's wallets, one LTV, or the policy.

    :ivar realm: Where the account exists, such as C(mainnet), independent of the host's address.
    :ivar account: The exchange's ID of the account, which all its keys share.
    :ivar product: The product of the loan, or one of the constants above.
    :ivar loan: Identifies the loan, or the coin, within the product.
    """

    realm: str
    account: str
    product: str
    loan: str

    @property
    def word(self) -> str:
        """How messages name it."""
        return _WORDS.get(self.product, "loan")

    @property
    def digest(self) -> bytes:
        """A hash that is unique to the target."""
        return hashlib.sha256("\n".join(self).encode()).digest()

    @property
    def lock_name(self) -> str:
        """A readable file name that is unique to the target."""
        realm = re.sub("[^A-Za-z0-9.-]", "_", self.realm)[:80]
        return f"{realm}_{self.account}_{self.product}_{self.loan}_{self.digest.hex()[:16]}.lock"

    @property
    def lock_number(self) -> int:
        """A signed 64-bit number, practically unique to the target."""
        return int.from_bytes(self.digest[:8], "big", signed=True)


class SharedLtv(t.NamedTuple):
    """An LTV that the operations of several targets change.

    :ivar lock: The target that runs lock while they change the LTV.
    :ivar products: The products of those targets.
    :ivar order_id: The ID of the order whose LTV it is; none for the LTV of the account, which all targets of these products change.
    :ivar is_exclusive: Whether this run derives an amount from the LTV, so that no other run may change it meanwhile.
    """

    lock: Target
    products: tuple[str, ...]
    order_id: str | None
    is_exclusive: bool

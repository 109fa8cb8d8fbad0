# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the exchange reports about the API key: its account, its permissions, its expiry.

This module util is private to the collection.
"""

from __future__ import annotations

import re
import typing as t

from .._times import DAY_MS, InvalidTime, is_plausible, parse_moment, utc
from .client import Client
from .errors import ReadFailed

_PATH = "/v5/user/query-api"
_READ_ONLY = 1
# The permissions that the modules need, as the exchange's API page names them.
LOANS = "Spot trade"
TRANSFERS = "Account transfer"
_NAMES = {LOANS: ("Spot", "SpotTrade"), TRANSFERS: ("Wallet", "AccountTransfer")}
_SOON_MS = 7 * DAY_MS


class ApiKey(t.NamedTuple):
    """The API key of a run.

    :ivar account: The exchange's ID of the account, which all its keys share.
    :ivar lacks: Each missing permission, C(LOANS) or C(TRANSFERS), with the reason and the remedy. It has none that the exchange does not report.
    :ivar expires_at_ms: When the key expires (UTC, ms); none if it does not.
    """

    account: str
    lacks: tuple[tuple[str, str], ...]
    expires_at_ms: int | None

    def lack(self, right: str) -> str:
        """Return why the key lacks a permission, and the remedy; empty if it has the permission, or if the exchange does not report it."""
        return dict(self.lacks).get(right, "")

    def expiry_warning(self, now_ms: int) -> str:
        """Return a warning if the key expires within a week, else an empty string."""
        if self.expires_at_ms is None or self.expires_at_ms - now_ms > _SOON_MS:
            return ""
        return (
            f"api_key expires at {utc(self.expires_at_ms)}: create a new key for the same account before then; it finds everything in the "
            f"journal. A key that is bound to IP addresses does not expire."
        )


def read_key(client: Client) -> ApiKey:
    """Return what the exchange reports about the key (GET /v5/user/query-api, which every key may call).

    :raises Refused: If the exchange refused the request.
    :raises ReadFailed: If no answer came, or the answer does not name the account.
    """
    key = client.cached(_PATH, {}, _key_of, signed=True)
    if key is None:
        raise ReadFailed(f"Bybit's answer to {_PATH} lacks the account ID, so earlier runs cannot be found in the journal. Run again later.")
    return key


def _key_of(answer: dict[str, t.Any]) -> ApiKey | None:
    # The documentation mentions userIDInt64 only in an example, where it is 0.
    account = _id(answer.get("userID")) or _id(answer.get("userIDInt64"))
    return ApiKey(account, tuple(_lacks(answer)), _expiry_ms(answer.get("expiredAt"))) if account else None


def _id(value: t.Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return ""
    found = re.fullmatch("0*([1-9][0-9]{0,19})", str(value))
    return found[1] if found else ""


def _lacks(answer: dict[str, t.Any]) -> t.Iterator[tuple[str, str]]:
    permissions = answer.get("permissions")
    for right, (group, name) in _NAMES.items():
        if answer.get("readOnly") == _READ_ONLY:
            yield right, f"api_key is read-only: use another key of this account, with the permission '{right}' (read and write)"
            continue
        granted = permissions.get(group) if isinstance(permissions, dict) else None
        if isinstance(granted, list) and name not in granted:
            yield right, (
                f"api_key lacks the permission '{right}': grant it on the exchange's API page, or use another key of this account"
            )


def _expiry_ms(value: t.Any) -> int | None:
    """Return when a key expires; an unreadable value must not block a payment."""
    try:
        time_ms = parse_moment(value) if isinstance(value, str) else 0
    except InvalidTime:
        return None
    # For a key that does not expire, the exchange reports the start of 1970.
    return time_ms if is_plausible(time_ms) else None

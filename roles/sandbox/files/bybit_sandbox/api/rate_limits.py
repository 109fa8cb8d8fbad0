# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolling windows: requests per second or minute for each account and endpoint, and requests from each IP address."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass

from ..clock import MINUTE_MS, SECOND_MS
from ..errors import HttpRefusal
from ..ledger.model import Settings

DEFAULT_LIMITS = {
    "POST /v5/crypto-loan/repay": 1,
    "POST /v5/crypto-loan-flexible/repay": 1,
    "POST /v5/crypto-loan-flexible/repay-collateral": 1,
    "POST /v5/crypto-loan-fixed/fully-repay": 1,
    "POST /v5/crypto-loan-fixed/repay-collateral": 1,
    "POST /v5/crypto-loan-common/adjust-ltv": 1,
    "GET /v5/asset/transfer/query-account-coin-balance": 450,
    "GET /v5/asset/fundinghistory": 30,
    "GET /v5/user/query-api": 10,
    "GET /v5/account/withdrawal": 50,
    "POST /v5/asset/transfer/inter-transfer": 60,
    "GET /v5/asset/transfer/query-inter-transfer-list": 60,
    "public": 120,
    "default": 5,
}
# These limits are per minute; all others are per second.
PER_MINUTE = ("POST /v5/asset/transfer/inter-transfer", "GET /v5/asset/transfer/query-inter-transfer-list")


def _window_ms(endpoint: str) -> int:
    return MINUTE_MS if endpoint in PER_MINUTE else SECOND_MS


def _drop_old(times: deque[int], now: int, window_ms: int) -> None:
    # Setting the clock back leaves times that are in the future.
    while times and not now - window_ms < times[0] <= now:
        times.popleft()


@dataclass(frozen=True)
class Allowance:
    allowed: bool
    limit: int
    remaining: int
    reset_at: int

    def headers(self) -> dict[str, str]:
        return {
            "X-Bapi-Limit": str(self.limit),
            "X-Bapi-Limit-Status": str(self.remaining),
            "X-Bapi-Limit-Reset-Timestamp": str(self.reset_at),
        }


class EndpointLimits:
    def __init__(self) -> None:
        self._times: dict[tuple[str, str], deque[int]] = defaultdict(deque)

    def peek(self, settings: Settings, who: str, endpoint: str, now: int, fallback: str = "default") -> Allowance:
        """How many requests are left, without using one; fallback names the limit of endpoints that have none of their own."""
        times = self._times[who, endpoint]
        _drop_old(times, now, _window_ms(endpoint))
        limit = settings.limits.get(endpoint, settings.limits[fallback])
        return Allowance(len(times) < limit, limit, max(0, limit - len(times)), now)

    def take(self, settings: Settings, who: str, endpoint: str, now: int, fallback: str = "default") -> Allowance:
        """Use one request if any is left; a refused request is not counted."""
        before = self.peek(settings, who, endpoint, now, fallback)
        times = self._times[who, endpoint]
        if not before.allowed:
            return Allowance(False, before.limit, 0, times[0] + _window_ms(endpoint))
        times.append(now)
        return Allowance(True, before.limit, before.remaining - 1, now)


class IpLimits:
    def __init__(self) -> None:
        self._times: dict[str, deque[int]] = defaultdict(deque)
        self._banned_until: dict[str, int] = {}

    def check(self, settings: Settings, address: str, now: int) -> None:
        times = self._times[address]
        _drop_old(times, now, settings.ip_window_ms)
        if now < self._banned_until.get(address, 0):
            raise HttpRefusal(403, "access too frequent")
        times.append(now)
        if len(times) > settings.ip_requests:
            self._banned_until[address] = now + settings.ip_ban_ms
            raise HttpRefusal(403, "access too frequent")

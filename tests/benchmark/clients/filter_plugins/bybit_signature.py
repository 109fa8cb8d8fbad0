# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The signature as users of the uri module compute it: with a small filter of their own, which keeps the secret out of process lists."""

from __future__ import annotations

import hashlib
import hmac
import time

WINDOW = "5000"


def bybit_signature(text: str, secret: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def bybit_headers(body: str, key: str, secret: str) -> dict[str, str]:
    # One filter for everything, because in a loop Ansible would evaluate the time separately for header and signature.
    timestamp = str(time.time_ns() // 1_000_000)
    return {
        "Content-Type": "application/json",
        "X-BAPI-API-KEY": key,
        "X-BAPI-TIMESTAMP": timestamp,
        "X-BAPI-RECV-WINDOW": WINDOW,
        "X-BAPI-SIGN": bybit_signature(timestamp + key + WINDOW + body, secret),
    }


class FilterModule:
    def filters(self) -> dict[str, object]:
        return {"bybit_signature": bybit_signature, "bybit_headers": bybit_headers}

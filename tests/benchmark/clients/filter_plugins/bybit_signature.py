# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The signature as users of the uri module make it: a small filter of their own, the secret in no process list."""

from __future__ import annotations

import hashlib
import hmac


def bybit_signature(text: str, secret: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class FilterModule:
    def filters(self) -> dict[str, object]:
        return {"bybit_signature": bybit_signature}

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Repay with unmodified pybit, as its users script it; the last line says in JSON what the user is told."""

from __future__ import annotations

import json
import os
import sys

from pybit.unified_trading import HTTP

# pybit 5.17 reads this attribute in every call for legacy loans but never sets it.
HTTP.crypto_loan_legacy_message = ""


def open_session(force_retry: bool, timeout: float) -> HTTP:
    session = HTTP(
        api_key=os.environ["BYBIT_API_KEY"],
        api_secret=os.environ["BYBIT_API_SECRET"],
        force_retry=force_retry,
        timeout=timeout,
    )
    session.endpoint = os.environ["BYBIT_API_URL"]
    # pybit sends prepared requests, for which the requests library ignores this variable.
    session.client.verify = os.environ.get("REQUESTS_CA_BUNDLE", True)
    return session


def main(order_id: str, amount: str, force_retry: str, timeout: str) -> int:
    session = open_session(json.loads(force_retry), float(timeout))
    try:
        answer = session.repay_crypto_loan(orderId=order_id, amount=json.loads(amount))
    except Exception as error:
        # The user reads whatever is raised, so catch everything.
        told = {"failed": True, "code": getattr(error, "status_code", None), "msg": f"{type(error).__name__}: {error}"}
    else:
        told = {"failed": False, "code": 0, "msg": answer["retMsg"], "repay_id": answer["result"].get("repayId")}
    print(json.dumps(told))
    return int(told["failed"])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

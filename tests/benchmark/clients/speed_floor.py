# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Repay each loan with the least possible work: one connection, and one signature and one request for each loan."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import ssl
import sys
import time
from urllib.parse import urlsplit

WINDOW = "5000"


def main(*order_ids: str) -> None:
    parts = urlsplit(os.environ["BYBIT_API_URL"])
    key, secret = os.environ["BYBIT_API_KEY"], os.environ["BYBIT_API_SECRET"].encode()
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=10, context=context)
    else:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    for order_id in order_ids:
        body = f'{{"orderId":"{order_id}","amount":"1"}}'
        timestamp = str(time.time_ns() // 1_000_000)
        text = f"{timestamp}{key}{WINDOW}{body}"
        headers = {
            "Content-Type": "application/json",
            "X-BAPI-API-KEY": key,
            "X-BAPI-TIMESTAMP": timestamp,
            "X-BAPI-RECV-WINDOW": WINDOW,
            "X-BAPI-SIGN": hmac.new(secret, text.encode(), hashlib.sha256).hexdigest(),
        }
        connection.request("POST", "/v5/crypto-loan/repay", body.encode(), headers)
        answer = json.loads(connection.getresponse().read())
        if answer["retCode"] != 0:
            sys.exit(f"{order_id}: {answer['retCode']} {answer['retMsg']}")
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that leave a repayment open, and what the next run must report about it."""

from __future__ import annotations

import pytest

# Programs in place of the module: one that dies in the middle, and one whose parent process ends.
DYING = """
import os
from ansible_collections.treasury.bybit.plugins.module_utils._api import transport
from ansible_collections.treasury.bybit.plugins.module_utils._journal import journal
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_repay
def die(*dummy): os.kill(os.getpid(), 9)
whole = transport.Transport.send
def dying(self, method, *rest): return die() if method == "POST" else whole(self, method, *rest)
{where}
bybit_loan_repay.main()
"""
ORPHAN = """
import os, time
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import Client
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_repay
whole = Client.{method}
def orphaned(*rest):
    done = whole(*rest)
    os.kill(parent, 9)
    while os.getppid() == parent: time.sleep(0.01)
    return done
Client.{method} = orphaned
parent = os.getpid()
if os.fork(): os.wait()
else: bybit_loan_repay.main()
"""


@pytest.fixture
def open_intent(repay, sandbox, remembered):
    """Leave in doubt a repayment of 100 that the history never shows, and return its intent."""

    def call(**fault) -> dict:
        sandbox.fault(answer="close", **fault)
        run = repay(wait_timeout=0)
        [intent] = remembered()
        assert (run["outcome"], run.details["intent"]) == ("unknown", intent["intent"])
        return intent

    return call


@pytest.fixture
def killed(begin, sandbox, until, posts, remembered):
    """Kill a run that has sent its repayment, and return the intent that it recorded."""

    def call(moment=lambda: True, **options) -> dict:
        process = begin(**options)
        until(lambda: posts() and moment())
        process.kill()
        [intent] = remembered()
        return intent

    return call


def assert_answered(run, sandbox, intent: dict, remembered) -> None:
    """The run reports the earlier one's repayment."""
    [entry] = [entry for entry in sandbox.repayments() if entry["origin"] == "api"]
    assert (run.failed, run["changed"], run["outcome"], run.details["recovered"]) == (False, True, "executed", True)
    assert (run["repay_id"], run["amount"], run.details["sent_at_ms"]) == (entry["repay_id"], "100", intent["sent_at_ms"])
    assert run.details["earlier"] == [
        {
            "intent": intent["intent"],
            "amount": "100",
            "coin": "USDT",
            "move": "repay",
            "outcome": "executed",
            "repay_id": entry["repay_id"],
            "sent_at_ms": intent["sent_at_ms"],
        }
    ]
    assert "An earlier run began a repayment of 100 USDT on loan" in run["msg"]
    assert "The repayment was executed, so nothing was sent now." in run["msg"]
    assert (run.details["intent"], remembered()) == (None, [])

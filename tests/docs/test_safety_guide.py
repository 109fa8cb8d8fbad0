# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures on the pages about safety and risks are those of the code."""

from __future__ import annotations

import re

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.return_codes import CLOCK_REFUSED, CODES, EARLIER_REQUEST, RATE_LIMITED
from ansible_collections.treasury.bybit.plugins.module_utils._engine.conclude import MAX_ACCRUED
from ansible_collections.treasury.bybit.plugins.module_utils._engine.messages import ANSWERS_FOR_HOURS
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._operations import transfer
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile import reading
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.evidence import margin_without_ledger_ms
from ansible_collections.treasury.bybit.plugins.module_utils._times import DAY_MS, HISTORY_REACH_DAYS, MINUTE_MS, SECOND_MS
from ansible_collections.treasury.bybit.plugins.modules.bybit_loan_repay import SPEC
from guides import RST

SAFETY, RISKS, JOURNAL = (" ".join((RST / f"{name}.rst").read_text(encoding="utf-8").split()) for name in ("safety", "risks", "journal"))
DEFAULTS = {name: option.get("default") for name, option in SPEC.options.items()}
MARGIN_MS = DEFAULTS["settle_margin"] * SECOND_MS
INTENT = Intent("i", Goal(), MAX_ACCRUED, "USDT", Baseline((), ()), 0, DEFAULTS["recv_window"])
RULED_OUT_SECONDS = (INTENT.open_for_ms + MARGIN_MS) // SECOND_MS


@pytest.mark.parametrize(
    "figure",
    [
        f"``settle_margin`` ({DEFAULTS['settle_margin']} seconds unless you set it)",
        f"{margin_without_ledger_ms(1)} times ``settle_margin`` ({margin_without_ledger_ms(MARGIN_MS) // MINUTE_MS} minutes)",
        f"about {RULED_OUT_SECONDS} seconds with the default options",
        f"return code {CLOCK_REFUSED} (timestamp) or {RATE_LIMITED} (rate limit)",
        f"at most {MAX_ACCRUED.normalize() * 100} % of the debt",
        f"for {ANSWERS_FOR_HOURS} hours after the report",
        f"For {ANSWERS_FOR_HOURS} hours, an equal step",
        f"more than {reading._LEDGER_REACH_MS // DAY_MS} days ago",
        f"more than {HISTORY_REACH_DAYS} days ago",
        f"older than {transfer._MAX_BALANCE_DELAY_MS // MINUTE_MS} minutes",
    ],
)
def test_figures_are_those_of_the_code(figure: str) -> None:
    assert figure.replace("0.100 %", "0.1 %") in f"{SAFETY} {RISKS}"


def test_multiples_of_the_margin_are_those_of_the_code() -> None:
    found = set(re.findall(r"(\d+) times ``settle_margin``", f"{SAFETY} {RISKS}"))
    assert found == {str(margin_without_ledger_ms(1))}


def test_the_return_code_of_an_existing_transfer_id_is_that_of_the_code() -> None:
    found = re.search(r"the ID already exists \((\d+)\)", SAFETY)
    assert found
    assert CODES[int(found[1])].reading == EARLIER_REQUEST


def test_the_picture_of_two_controllers_uses_the_default_options() -> None:
    picture = re.search(r"(\d+) s epoch 2 .* (\d+) s time window of A closes (\d+) s intent of A: not executed", JOURNAL)
    assert picture
    begun, closed, ruled_out = (int(seconds) for seconds in picture.groups())
    # A signs at 1 s; B counts from its first look.
    assert closed == 1 + INTENT.open_for_ms // SECOND_MS
    assert ruled_out == begun + RULED_OUT_SECONDS
    assert f"{RULED_OUT_SECONDS} s with the default options" in JOURNAL

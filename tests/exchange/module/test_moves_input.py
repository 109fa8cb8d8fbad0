# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wrong options of the collateral and transfer modules: one sentence that names option, value, and remedy, before anything is sent."""

from __future__ import annotations

import typing as t

import pytest

COLLATERAL, TRANSFER = "bybit_loan_collateral", "bybit_funding_transfer"
LOAN = "1794267532472646144"
ORDER, ACCOUNT, USDT = {"order_id": LOAN}, {"currency": "BTC"}, {"coin": "USDT"}
BACK = {"from_account_type": "FUND", "to_account_type": "UNIFIED"}
WALLETS = "value of {} must be one of: UNIFIED, FUND, got: {}"
EMPTY = "add, take_back, max_ltv, and min_ltv have no value: set exactly one of them."
FRACTION = "is not a fraction between 0 and 1: use '0.5' for 50 %, for example."
AN_ID = f"is not an ID: use the ID that the exchange shows, in quotes, such as '{LOAN}'."
WRONG_COLLATERAL = [
    ({**ORDER, **ACCOUNT, "add": "1"}, "parameters are mutually exclusive: order_id|currency"),
    ({"add": "1"}, "one of the following is required: order_id, currency"),
    (ORDER, "one of the following is required: add, take_back, max_ltv, min_ltv"),
    ({**ORDER, "add": "1", "take_back": "1"}, "parameters are mutually exclusive: add|take_back|max_ltv|min_ltv"),
    ({**ORDER, "max_ltv": "0.5", "min_ltv": "0.4"}, "parameters are mutually exclusive: add|take_back|max_ltv|min_ltv"),
    ({**ORDER, "add": "0"}, "add '0' is zero: use an amount greater than zero."),
    ({**ORDER, "add": "-5"}, "add '-5' is negative"),
    ({**ORDER, "take_back": "1,000"}, "take_back '1,000' contains a separator"),
    ({**ORDER, "take_back": ""}, "take_back is empty"),
    ({**ORDER, "add": True}, "add True is not a number"),
    ({**ORDER, "add": ["1"]}, "add is a list, not a number"),
    ({**ORDER, "add": "0.1 BTC"}, "add '0.1 BTC' "),
    ({**ORDER, "max_ltv": "0"}, "max_ltv '0' cannot be reached, because collateral never brings an LTV to zero: set an LTV above 0, such as '0.5', or repay."),
    ({**ORDER, "min_ltv": 0}, "min_ltv '0' has no effect, because no LTV is below 0: set the LTV up to which collateral is taken back, such as '0.5'."),
    ({**ORDER, "max_ltv": "1"}, f"max_ltv '1' {FRACTION}"),
    ({**ORDER, "max_ltv": 50}, f"max_ltv '50' {FRACTION}"),
    ({**ORDER, "max_ltv": "50%"}, f"max_ltv '50%' {FRACTION}"),
    ({**ACCOUNT, "min_ltv": "-0.5"}, f"min_ltv '-0.5' {FRACTION}"),
    ({**ACCOUNT, "min_ltv": "soon"}, f"min_ltv 'soon' {FRACTION}"),
    ({"order_id": "", "add": "1"}, f"order_id '' {AN_ID}"),
    ({"order_id": "17 942", "add": "1"}, f"order_id '17 942' {AN_ID}"),
    ({"order_id": True, "add": "1"}, f"order_id is a YAML boolean, not an ID: put the ID in quotes, such as '{LOAN}'."),
    ({"currency": "btc", "add": "1"}, "currency 'btc' is not a coin: use the exchange's spelling, such as 'BTC'."),
    ({"currency": "", "add": "1"}, "currency '' is not a coin: use the exchange's spelling, such as 'USDT'."),
    ({"currency": "BTC,ETH", "add": "1"}, "currency 'BTC,ETH' is not a coin: use the exchange's spelling, such as 'USDT'."),
    ({"currency": False, "add": "1"}, "currency is a YAML boolean, not a coin: put the coin in quotes, such as 'NO'."),
    ({**ORDER, "add": "1", "allow_partial": True}, "allow_partial 'true' has no effect on add, which is never moved in part: omit allow_partial, or set "),
    ({**ORDER, "add": "1", "at_most": "0"}, "at_most '0' is zero: use an amount greater than zero."),
    ({**ORDER, "add": "1", "since": "2026-11-01"}, "Unsupported parameters"),
    ({**ORDER, "add": "1", "amount": "1"}, "Unsupported parameters"),
    ({"order_id": None, "add": "1"}, "order_id and currency have no value: set one of them."),
    ({**ORDER, "add": None}, EMPTY),
    ({**ACCOUNT, "max_ltv": None}, EMPTY),
]
WRONG_TRANSFERS = [
    ({"amount": "1"}, "missing required arguments: coin"),
    (USDT, "one of the following is required: amount, ensure"),
    ({**USDT, "amount": "1", "ensure": "1"}, "parameters are mutually exclusive: amount|ensure"),
    ({**USDT, "amount": "0"}, "amount '0' is zero: use an amount greater than zero."),
    ({**USDT, "ensure": "0"}, "ensure '0' is zero: use an amount greater than zero."),
    ({**USDT, "ensure": "-5"}, "ensure '-5' is negative"),
    ({**USDT, "amount": "1.000,5"}, "amount '1.000,5' contains a separator"),
    ({**USDT, "amount": ""}, "amount is empty"),
    ({**USDT, "amount": {}}, "amount "),
    ({**USDT, "amount": "NaN"}, "amount 'NaN' "),
    ({"coin": "usdt", "amount": "1"}, "coin 'usdt' is not a coin: use the exchange's spelling, such as 'USDT'."),
    ({"coin": True, "amount": "1"}, "coin is a YAML boolean, not a coin: put the coin in quotes, such as 'ON'."),
    ({"coin": "USDT\n\x1b[31m", "amount": "1"}, "is not a coin: use the exchange's spelling, such as 'USDT'."),
    ({**USDT, "amount": "1", "from_account_type": "SPOT"}, WALLETS.format("from_account_type", "SPOT")),
    ({**USDT, "amount": "1", "to_account_type": "fund"}, WALLETS.format("to_account_type", "fund")),
    (
        {**USDT, "amount": "1", "from_account_type": "FUND"},
        "from_account_type and to_account_type are both 'FUND': set one of them to 'UNIFIED'.",
    ),
    (
        {**USDT, "amount": "1", "to_account_type": "UNIFIED"},
        "from_account_type and to_account_type are both 'UNIFIED': set one of them to 'FUND'.",
    ),
    (
        {**USDT, "ensure": "5", **BACK},
        "ensure '5' tops up the Funding wallet, but this transfer goes from FUND to UNIFIED: omit from_account_type and to_account_type, or "
        "set amount instead.",
    ),
    ({**USDT, "amount": "1", "allow_partial": True}, "allow_partial 'true' has no effect on amount, which is never moved in part: omit allow_partial"),
    ({**USDT, "amount": "1", "at_most": "many"}, "at_most 'many' "),
    ({**USDT, "amount": None}, "amount and ensure have no value: set exactly one of them."),
    ({**USDT, "ensure": None}, "amount and ensure have no value: set exactly one of them."),
    ({**USDT, "amount": "1", "since": "2026-11-01"}, "Unsupported parameters"),
]
COMMON = [
    ({"api_key": ""}, "api_key is missing"),
    ({"api_secret": ""}, "api_secret and rsa_private_key are missing"),
    ({"environment": "mainnet"}, "both select a host: set only one of them."),
    ({"api_url": "http://203.0.113.1"}, "is not encrypted"),
    ({"recv_window": 0}, "recv_window '0' is out of range"),
    ({"wait_timeout": -1}, "wait_timeout '-1' is out of range: use a value from 0 to "),
    ({"settle_margin": 3601}, "settle_margin '3601' is out of range: use a value from 0 to "),
    ({"lock_timeout": 86_401}, "lock_timeout '86401' is out of range: use a value from 0 to "),
    ({"reference": " a"}, "is not a valid name: use 1 to 200 printable characters without white space at either end, or omit it."),
    ({"reference": ""}, "is not a valid name: use 1 to 200 printable characters without white space at either end, or omit it."),
    ({"reference": "\x1b[31mred"}, "is not a valid name: use 1 to 200 printable characters without white space at either end, or omit it."),
]
CASES = [
    *((COLLATERAL, options, sentence) for options, sentence in WRONG_COLLATERAL),
    *((TRANSFER, options, sentence) for options, sentence in WRONG_TRANSFERS),
    *((COLLATERAL, {**ORDER, "add": "1", **options}, sentence) for options, sentence in COMMON),
    *((TRANSFER, {**USDT, "amount": "1", **options}, sentence) for options, sentence in COMMON),
]


@pytest.fixture
def ask(simulated_time, sandbox) -> t.Callable[..., t.Any]:
    """Run a module with these options, including empty ones, and the connection options."""
    sandbox.control("DELETE", "requests")
    connection = {"api_url": sandbox.url, "api_key": "sandbox-key", "api_secret": "sandbox-secret"}
    return lambda module, **options: simulated_time.begin(module, {**connection, **options}, None).end()


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(("module", "options", "sentence"), CASES, ids=str)
def test_a_wrong_option_is_refused_before_anything_is_sent(
    ask, sandbox, journal, module: str, options: dict[str, t.Any], sentence: str, check: bool
) -> None:
    run = ask(module, _ansible_check_mode=check, **options)
    assert (run.failed, run.exit_code) == (True, 1)
    assert sentence in run["msg"]
    assert run["msg"].isprintable()
    assert (sandbox.requests()["counts"], journal.parent.exists(), "Traceback" in run.output) == ({}, False, False)


@pytest.mark.parametrize(
    ("module", "options"),
    [
        (COLLATERAL, {"order_id": f" {LOAN}\n", "add": 0.01}),
        (COLLATERAL, {"order_id": int(LOAN), "add": "1e-2"}),
        (COLLATERAL, {"currency": " BTC ", "take_back": " 0.01 "}),
        (TRANSFER, {"coin": " USDT", "amount": 1e2}),
        (TRANSFER, {"coin": "USDT", "ensure": 10100.0}),
        (TRANSFER, {"coin": "USDT", "amount": "100.00", "from_account_type": "UNIFIED"}),
    ],
    ids=str,
)
def test_values_from_yaml_are_understood(ask, module: str, options: dict[str, t.Any]) -> None:
    run = ask(module, settle_margin=0, **options)
    assert (run["outcome"], run["amount"]) == ("executed", "100" if module == TRANSFER else "0.01")

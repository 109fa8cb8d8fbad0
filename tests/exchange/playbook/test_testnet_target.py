# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The integration target for the exchange's testnet, run against the stand-in exchange instead."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
TEMPLATE = CHECKOUT / "tests" / "integration" / "integration_config.yml.template"
KEY, SECRET = "NeedleKeyNeedleKey", "NeedleOfTheTestnet0123456789"
LOANS = {"testnet_order_id": "1794267532472646144", "testnet_loan_currency": "USDT", "testnet_loan_id": "571"}


@pytest.fixture
def try_testnet(tmp_path) -> t.Callable[..., subprocess.CompletedProcess[str]]:
    """Run what `make testnet` runs, with a configuration file of this text or without one."""

    def call(text: str | None) -> subprocess.CompletedProcess[str]:
        config, temporary = tmp_path / "integration_config.yml", tmp_path / "temporary"
        temporary.mkdir(exist_ok=True)
        if text is not None:
            config.write_text(text)
        command = [sys.executable, str(CHECKOUT / "tools" / "ansible_test.py"), "testnet", str(config), "-vvv"]
        env = {**os.environ, "TMPDIR": str(temporary)}
        ended = subprocess.run(command, env=env, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        # No file that a run leaves behind contains the keys.
        assert list(temporary.iterdir()) == []
        return ended

    return call


@pytest.fixture
def configured(try_testnet, sandbox, roomy_seed) -> t.Callable[..., subprocess.CompletedProcess[str]]:
    """Run it with keys of the stand-in exchange that are easy to search for."""
    key = next(key for key in roomy_seed["accounts"][0]["keys"] if key["key"] == "sandbox-key")
    key.update(key=KEY, secret=SECRET)
    sandbox.control("PUT", "seed", roomy_seed)
    keys = {"testnet_api_key": KEY, "testnet_api_secret": SECRET, "testnet_api_url": sandbox.url}
    return lambda **config: try_testnet(json.dumps({**keys, **LOANS, **config}))


@pytest.mark.parametrize(
    ("text", "reason"),
    [(None, "SKIPPED: no "), (TEMPLATE.read_text(), "SKIPPED: tests/integration/integration_config.yml gives no testnet_api_key")],
    ids=["no file", "template as it is"],
)
def test_without_keys_it_is_skipped_and_says_so(try_testnet, text: str | None, reason: str) -> None:
    ended = try_testnet(text)
    assert ended.returncode == 0, ended.stdout
    assert ended.stdout.splitlines()[-1].startswith(reason)


@pytest.mark.parametrize("smoke", [False, True])
def test_it_pays_only_the_configured_amount(configured, sandbox, smoke: bool) -> None:
    ended = configured(testnet_smoke_repay=smoke)
    assert ended.returncode == 0, ended.stdout
    paid = [(item["product"], item["amount"]) for item in sandbox.account()["repayments"] if item["origin"] != "seed"]
    assert paid == ([("flexible", "0.0001"), ("legacy", "0.0001")] if smoke else [])
    assert ("SKIPPED: the smallest repayment" in ended.stdout) != smoke
    posts = [request["path"] for request in sandbox.requests()["requests"] if request["method"] == "POST"]
    assert len(posts) == len(paid)
    assert "Would repay 0.5 ETH on fixed contract 571" in ended.stdout
    # It was as verbose as configured.
    assert "task path: " in ended.stdout
    assert [needle for needle in (KEY, SECRET) if needle in ended.stdout] == []


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"testnet_environment": "mainnet"}, "testnet_environment 'mainnet' is refused"),
        ({"testnet_api_url": "https://api.bybit.com"}, "testnet_api_url 'https://api.bybit.com' is refused"),
        ({"testnet_smoke_repay": True, "testnet_order_id": "", "testnet_loan_currency": ""}, "true needs testnet_smallest_amount"),
    ],
    ids=str,
)
def test_a_configuration_that_could_reach_real_money_is_refused(configured, sandbox, config: dict[str, t.Any], reason: str) -> None:
    ended = configured(**config)
    assert ended.returncode != 0
    assert reason in ended.stdout
    assert sandbox.requests()["requests"] == []
    assert [needle for needle in (KEY, SECRET) if needle in ended.stdout] == []

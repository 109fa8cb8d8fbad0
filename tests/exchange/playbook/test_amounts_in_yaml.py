# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Amounts from YAML through Ansible to the module, in every spelling that people use."""

from __future__ import annotations

import json
import re
import urllib.parse
from pathlib import Path

import pytest

YES = ["ON", "YES", "TRUE", "on", "Yes", "true"]
NO = ["NO", "OFF", "FALSE", "no", "Off", "false"]

# The text after "amount:" in the playbook, and what is sent, or part of the message that refuses it.
SPELLINGS = [
    ('"100.50"', "100.5"),
    ("'100.50'", "100.5"),
    ("100.50", "100.5"),
    ("100", "100"),
    ('"100"', "100"),
    ("1e-07", "0.0000001"),
    ("1.0e-07", "0.0000001"),
    ('"1e-07"', "0.0000001"),
    (".5", "0.5"),
    ("1e+2", "100"),
    ("'{{ 100 }}'", "100"),
    ("'{{ 100.25 * 2 }}'", "200.5"),
    ("'{{ 100 / 8 }}'", "12.5"),
    ("'{{ quoted }}'", "0.00000001"),
    ("'{{ unquoted }}'", "0.25"),
    ("'{{ unquoted | string }}'", "0.25"),
    ("'{{ quoted | float }}'", "0.00000001"),
    ("'{{ [quoted, unquoted] | last }}'", "0.25"),
    ('>-\n            {{ quoted }}', "0.00000001"),
    ("'{{ 0.1 + 0.2 }}'", "0.30000000000000004 is a floating-point number of more than 15 digits"),
    ("123456789012345.67", "more than 15 digits"),
    ("0", "is zero"),
    ("-1.5", "is negative"),
    (".nan", "is not a finite number"),
    (".inf", "is not a finite number"),
    ('""', "is empty"),
    # Spellings that YAML itself converts, as the guide lists them.
    ("0100", "64"),
    ("'0100'", "100"),
    ("0x10", "16"),
    ("0b11", "3"),
    ("1_000", "1000"),
    ("1_00.5", "100.5"),
    ("1:30", "90"),
    ("1:30.5", "90.5"),
    ("+1", "1"),
    ("1.", "1"),
    # Spellings that stay text and are read as numbers.
    ("1e3", "1000"),
    ("1.0e3", "1000"),
    ("080", "80"),
    ("0o17", "is not a decimal number"),
    ("'0x10'", "is not a decimal number"),
    ("'1:30'", "is not a decimal number"),
    ("'+1'", "is not a decimal number"),
    ("'.5'", "is not a decimal number"),
    ("2026-11-01", "is not a decimal number"),
    ("on", "True is not a number"),
    ("NO", "False is not a number"),
    ("~", "amount, max_debt, and max_ltv have no value"),
    ("NULL", "amount, max_debt, and max_ltv have no value"),
    ("", "amount, max_debt, and max_ltv have no value"),
    ("1,000", "contains a separator"),
    ('"1_000"', "contains a separator"),
    ("100 ETH", "is not a decimal number"),
    ("yes", "True is not a number"),
    ("[100]", "is a list, not a number"),
    ("{amount: 100}", "is a dict, not a number"),
    ("'{{ 10 ** 20 }}'", "too many digits"),
    ('"' + "1" * 40 + '"', "too many digits"),
]

HEAD = """
- hosts: localhost
  gather_facts: false
  vars:
    quoted: "0.00000001"
    unquoted: 0.25
    results: []
  tasks:
"""

TASKS = """
    - treasury.bybit.bybit_loan_repay:
        order_id: {order_id}
        amount: {amount}
      register: result_{number}
      ignore_errors: true
"""

TAIL = """
    - copy:
        content: "{{{{ [{names}] | to_json }}}}"
        dest: "{dest}"
      check_mode: false
"""


def test_spellings_in_a_playbook_are_read_or_refused(play, roomy_seed, sandbox, tmp_path) -> None:
    loan = roomy_seed["accounts"][0]["loans"][0]
    loan.update(loan_coin="ETH", collateral="1000")
    roomy_seed["accounts"][0]["wallet"]["ETH"] = "1000"
    sandbox.control("PUT", "seed", roomy_seed)
    tasks = [
        TASKS.format(number=number, order_id=loan["order_id"], amount=amount)
        for number, (amount, dummy) in enumerate(SPELLINGS)
    ]
    names = ", ".join(f"result_{number}" for number in range(len(SPELLINGS)))
    dest = tmp_path / "results.json"
    ended = play(HEAD + "".join(tasks) + TAIL.format(names=names, dest=dest), "--check")
    assert ended.returncode == 0, ended.stdout
    results = json.loads(dest.read_text())
    seen = [result["msg"] if result.get("failed") else result["amount"] for result in results]
    told = [(bool(result.get("failed")), text) for result, text in zip(results, seen)]
    assert [
        (spelling, expected if (expected in text if failed else expected == text) else text)
        for (spelling, expected), (failed, text) in zip(SPELLINGS, told)
    ] == SPELLINGS
    assert [failed for failed, dummy in told] == [" " in expected for dummy, expected in SPELLINGS]
    assert "POST /v5/crypto-loan/repay" not in sandbox.requests()["counts"]


@pytest.mark.parametrize(
    ("extra", "sent"),
    [
        ("amount=100.50", "100.5"),
        ("amount=1e-3", "0.001"),
        ('{"amount": 100.50}', "100.5"),
        ('{"amount": "100.50"}', "100.5"),
        ('{"amount": 1e2}', "100"),
    ],
)
def test_extra_vars_are_read(play, paid, names, extra: str, sent: str) -> None:
    ended = play("treasury.bybit.repay", "-e", f"order_id={names.loan}", "-e", extra)
    assert ended.returncode == 0, ended.stdout
    assert paid() == [sent]
    assert f"Repaid {sent} USDT on loan {names.loan}" in ended.stdout


def test_extra_vars_from_a_file_are_read(play, paid, names, tmp_path) -> None:
    (tmp_path / "vars.yml").write_text(f"order_id: {names.loan}\namount: 100.5\n")
    assert play("treasury.bybit.repay", "-e", "@vars.yml").returncode == 0
    assert paid() == ["100.5"]


# The text after the option, and its value as the module reads it, or part of the message that refuses it.
COINS = [
    ("USDT", "USDT"),
    ("1INCH", "1INCH"),
    ("'ON'", "ON"),
    ("Y", "Y"),
    ("N", "N"),
    ("0100", "64"),
    ("y", "loan_currency 'y' is not a coin: use the exchange's spelling, such as 'Y'."),
    *((word, "loan_currency is a YAML boolean, not a coin: put the coin in quotes, such as 'ON'.") for word in YES),
    *((word, "loan_currency is a YAML boolean, not a coin: put the coin in quotes, such as 'NO'.") for word in NO),
    ("'{{ true }}'", "loan_currency is a YAML boolean, not a coin: put the coin in quotes, such as 'ON'."),
]
IDS = [
    ("1794267532472646144", "1794267532472646144"),
    ("'0100'", "0100"),
    ("0100", "64"),
    ("0179", "0179"),
    ("0x10", "16"),
    ("1_000", "1000"),
    ("1:30", "90"),
    ("+17", "17"),
    ("1e3", "1e3"),
    ("1.0e+3", "repay_id '1000.0' is not an ID: use the ID that the exchange shows"),
    ("2026-11-01", "2026-11-01"),
    ("on", "repay_id is a YAML boolean, not an ID: put the ID in quotes, such as '"),
    ("no", "repay_id is a YAML boolean, not an ID: put the ID in quotes, such as '"),
]
ASKING = """
    - treasury.bybit.bybit_loan_repayment_info:
        product: {product}
        {option}: {value}
      register: result_{number}
      ignore_errors: true
"""


@pytest.mark.parametrize(
    ("product", "option", "sent_as", "values"),
    [("flexible", "loan_currency", "loanCurrency", COINS), ("legacy", "repay_id", "repayId", IDS)],
    ids=["coins", "ids"],
)
def test_coins_and_ids_in_a_playbook_are_read_or_refused(play, sandbox, tmp_path, product: str, option: str, sent_as: str, values: list) -> None:
    sandbox.control("DELETE", "requests")
    tasks = [
        ASKING.format(product=product, option=option, number=number, value=value) for number, (value, dummy) in enumerate(values)
    ]
    names = ", ".join(f"result_{number}" for number in range(len(values)))
    ended = play(HEAD + "".join(tasks) + TAIL.format(names=names, dest=tmp_path / "results.json"))
    assert ended.returncode == 0, ended.stdout
    results = json.loads((tmp_path / "results.json").read_text())
    queries = [urllib.parse.parse_qs(request["query"]) for request in sandbox.requests()["requests"]]
    asked = iter([query[sent_as][0] for query in queries])
    seen = [result["msg"] if result["failed"] else next(asked) for result in results]
    assert [(value, expected if " " in expected and expected in text else text) for (value, expected), text in zip(values, seen)] == values
    assert list(asked) == []


def test_every_spelling_in_the_guide_is_tested() -> None:
    guide = (Path(__file__).resolve().parents[3] / "docs" / "docsite" / "rst" / "troubleshooting.rst").read_text()
    table = guide.partition("\nAn amount or ID that you did not write\n")[2].partition("\nA variable that you set with")[0]
    rows = re.findall(r"   \* - (``.*)\n     - (.*)", table)
    tried = dict([*SPELLINGS, *COINS])
    claims = {written: told for words, told in rows for written in re.findall("``(.*?)``", words)}
    assert len(claims) >= 5
    for written, told in claims.items():
        number = re.match(r"[0-9.]*[0-9](?=[,:]|\. |$)", told)
        assert number and tried[written] == number[0], written


@pytest.mark.parametrize("empty", ["~", "NULL", ""])
def test_a_coin_that_yaml_reads_as_null_is_missing(play, sandbox, empty: str) -> None:
    sandbox.control("DELETE", "requests")
    task = f"""
    - treasury.bybit.bybit_flexible_loan_repay:
        loan_currency: {empty}
        amount: "1"
"""
    ended = play(HEAD + task)
    assert ended.returncode == 2
    assert "loan_currency '' is not a coin: use the exchange's spelling, such as 'USDT'." in ended.stdout
    assert sandbox.requests()["counts"] == {}

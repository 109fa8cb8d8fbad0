# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks with goals: the command that each documents for the stand-in exchange, and their entries in the ledger."""

from __future__ import annotations

import re
import shlex
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
INVENTORY = CHECKOUT / "playbooks" / "inventory"
ACCOUNTS = ("-i", str(INVENTORY / "accounts.yml"), "--vault-password-file", str(INVENTORY / "password"))

# What the documented command of each playbook prints at its end.
SAID = {
    "pay_off": ["on the flexible USDT loan (repayment 1772). Debt before: 4988.88888939, now: 0."],
    "deleverage": ["on the flexible USDT loan", "on loan 1794288290015682560", "failed=0"],
    "installment": ["Repaid 187.5 USDT on the flexible USDT loan"],
    "sweep_maturing": ["on fixed contract 570", "on fixed contract 571", "on fixed contract 568"],
    "defend": ["Added 0.25 BTC to the collateral of the account", "USDT on the flexible USDT loan", "failed=0"],
    "top_up": ["Transferred 2000 USDT from UNIFIED to FUND in this account"],
    "accounts": ["Repaid 187.5 USDT", "Repaid 25 USDT", "Owed now: 4801.38888939 USDT", "Owed now: 225.0225 USDT"],
}


def documented(name: str) -> list[str]:
    """Return the command that a playbook's header documents."""
    text = (CHECKOUT / "playbooks" / f"{name}.yml").read_text()
    (command,) = re.findall("^#   (ansible-playbook .*sandbox=true.*)$", text, re.MULTILINE)
    return shlex.split(command)


def account(sandbox, number: int = 0) -> dict:
    return sandbox.state()["accounts"][number]


def paid_by(sandbox, number: int = 0) -> list[str]:
    return [entry["amount"] for entry in account(sandbox, number)["repayments"] if entry["origin"] == "api"]


@pytest.mark.parametrize("name", SAID)
def test_the_documented_command_works(play, temporary, tmp_path, name: str) -> None:
    (tmp_path / "playbooks").symlink_to(CHECKOUT / "playbooks")
    dummy, *arguments = documented(name)
    # As for a newcomer, the environment has no address and no key of another exchange.
    ended = play(*arguments, env={"BYBIT_API_URL": "", "BYBIT_API_KEY": "", "BYBIT_API_SECRET": "", "TMPDIR": str(temporary)})
    assert ended.returncode == 0, ended.stdout
    assert [text for text in SAID[name] if text not in ended.stdout] == [], ended.stdout
    assert list(temporary.iterdir()) == []
    listed = subprocess.run(["ps", "-eo", "args"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert [line for line in listed.splitlines() if "bybit_sandbox" in line and str(temporary) in line] == []


def changed(ended: subprocess.CompletedProcess, host: str = "localhost") -> int:
    """Return how many tasks or loop items changed something."""
    assert ended.returncode == 0, ended.stdout
    return len(re.findall(rf"^changed: \[{host}\]", ended.stdout, re.MULTILINE))


def test_pay_off_a_second_time_changes_nothing(play, sandbox) -> None:
    options = ("treasury.bybit.pay_off", "-e", "product=flexible,fixed", "-e", "loan_currency=USDT")
    assert changed(play(*options, "--check")) == 4
    assert paid_by(sandbox) == []
    assert changed(play(*options)) == 4
    assert [debt["loan_coin"] for debt in account(sandbox)["flexible_loans"]] == ["BTC"]
    assert [contract["loan_id"] for contract in account(sandbox)["fixed_contracts"] if contract["status"] != 2] == ["571"]
    assert changed(play(*options)) == 0
    assert len(paid_by(sandbox)) == 4


def test_pay_off_pays_the_others_when_one_is_refused(play, sandbox) -> None:
    ended = play("treasury.bybit.pay_off", "-e", "product=fixed", "-e", "loan_currency=USDT", "-e", "at_most_each=900")
    assert ended.returncode == 2
    assert "more than at_most '900'" in ended.stdout
    assert "Not everything was paid off" in ended.stdout
    assert sorted(map(Decimal, paid_by(sandbox))) == [Decimal("500.0856164"), Decimal(800)]


def test_deleverage_a_second_time_changes_nothing(play, sandbox) -> None:
    options = ("treasury.bybit.deleverage", "-e", "max_ltv=0.45")
    assert changed(play(*options)) == 3
    assert Decimal(account(sandbox)["ltv"]) <= Decimal("0.45")
    assert all(Decimal(loan["ltv"]) <= Decimal("0.45") for loan in account(sandbox)["loans"])
    assert changed(play(*options)) == 0


def test_deleverage_fails_when_the_wallet_is_too_small(play, sandbox) -> None:
    for coin in ("USDT", "BTC"):
        sandbox.control("POST", "wallet", {"coin": coin, "balance": "0.01"})
    ended = play("treasury.bybit.deleverage", "-e", "max_ltv=0.5")
    assert ended.returncode == 2
    assert "Still above 0.5" in ended.stdout
    assert "but the Funding wallet holds 0.01" in ended.stdout


def test_deleverage_lowers_the_others_when_one_cannot_be_repaid(play, sandbox) -> None:
    sandbox.fault(answer={"ret_code": 177012}, times=0)
    ended = play("treasury.bybit.deleverage", "-e", "max_ltv=0.45")
    assert ended.returncode == 2
    assert Decimal(account(sandbox)["ltv"]) <= Decimal("0.45")
    assert "was not made: the exchange lacks this asset at the moment" in ended.stdout
    assert "Still above 0.45" in ended.stdout


def test_an_installment_of_a_legacy_loan_is_paid_once(play, sandbox, names) -> None:
    options = ("treasury.bybit.installment", "-e", f"order_id={names.loan}", "-e", "amount=500")
    assert changed(play(*options)) == 1
    assert changed(play(*options)) == 0
    assert len(paid_by(sandbox)) == 1


def test_sweep_maturing_takes_what_is_due_and_no_more(play, sandbox) -> None:
    options = ("treasury.bybit.sweep_maturing", "-e", "days=1")
    assert changed(play(*options)) == 2
    contracts = {contract["loan_id"]: contract["status"] for contract in account(sandbox)["fixed_contracts"]}
    assert {name for name, status in contracts.items() if status == 2} == {"561", "570", "571"}
    assert changed(play(*options)) == 0


def test_each_account_pays_with_its_own_key(play, sandbox) -> None:
    options = ("treasury.bybit.accounts", *ACCOUNTS)
    first = play(*options)
    assert (changed(first, "main_account"), changed(first, "second_account")) == (1, 1)
    assert (paid_by(sandbox), paid_by(sandbox, 1)) == (["187.5"], ["25"])
    again = play(*options)
    assert (changed(again, "main_account"), changed(again, "second_account")) == (0, 0)


def test_an_account_that_fails_does_not_stop_the_other(play, sandbox) -> None:
    ended = play("treasury.bybit.accounts", *ACCOUNTS, "-e", '{"vault_keys": {"main_account": {"api_key": "x", "api_secret": "x"}, '
                 '"second_account": {"api_key": "sandbox-key-second-account", "api_secret": "sandbox-secret"}}}')
    assert ended.returncode == 2
    assert "The installment of main_account is not paid" in ended.stdout
    assert (paid_by(sandbox), paid_by(sandbox, 1)) == ([], ["25"])


@pytest.mark.parametrize("name", ["pay_off", "defend", "deleverage", "installment", "sweep_maturing", "top_up"])
def test_missing_variables_are_named(play, sandbox, name: str) -> None:
    ended = play(f"treasury.bybit.{name}")
    assert ended.returncode == 2
    assert re.search(r": use -e \w+=", ended.stdout)
    assert paid_by(sandbox) == []

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy on three hosts at once, with one account each and one journal: nothing is mixed, and a failure of one leaves the others alone."""

from __future__ import annotations

import re
import typing as t

import pytest
from shown import ENABLED

# What each account owes and may owe. Their amounts differ, so that each amount shows whose it is.
DEBTS = {"north": ("1100", "1000"), "south": ("2200", "2000"), "west": ("3300", "3000")}
INSTALLMENTS = {"north": "11", "south": "22", "west": "33"}
# Only one account has a contract that falls due, so that a fault can be aimed at its host.
AIM, CONTRACT = "south", [("fixed", "440")]
PAID = {
    name: [*(CONTRACT if name == AIM else []), ("flexible", str(int(debt) - int(most))), ("legacy", INSTALLMENTS[name])]
    for name, (debt, most) in DEBTS.items()
}
ORDERS = {name: f"179426753247264{number}001" for number, name in enumerate(DEBTS, 1)}
PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Keep the policy
      treasury.bybit.bybit_loan_policy:
        mode: apply
        api_key: "key-of-{{ inventory_hostname }}"
        api_secret: "secret-of-{{ inventory_hostname }}"
        rules:
          - name: due
            before_maturity: 3d
          - name: installment
            loans: {product: legacy, id: "{{ order_id }}", coin: USDT}
            installment: {amount: "{{ installment }}", per: day}
          - name: most
            loans: {product: flexible, coin: USDT}
            max_debt: "{{ most }}"
        recv_window: 1000
        settle_margin: 0
        wait_timeout: 0
      register: told

    - name: Go on where it is kept
      ansible.builtin.debug:
        msg: "{{ inventory_hostname }} has {{ told.operations | map(attribute='outcome') | join(' and ') }}"
"""
_RECAP = re.compile(r"^(\w+) +: ok=(\d+) +changed=(\d+) .* failed=(\d+) ", re.MULTILINE)


class Kept(t.NamedTuple):
    """A run of the playbook.

    :ivar recap: How many tasks of each host were C(ok), C(changed), and C(failed).
    :ivar totals: The lines of the callback at the end, sorted.
    """

    status: int
    recap: dict[str, tuple[int, ...]]
    totals: list[str]
    shown: str


@pytest.fixture
def books(sandbox, roomy_seed) -> t.Callable[[], dict[str, list[tuple[str, str]]]]:
    """Give the stand-in exchange three accounts. Return the function that lists what each of them repaid."""
    roomy_seed["accounts"] = [
        {
            "uid": f"99{number}", "name": name, "wallet": {"USDT": "5000"}, "collateral": {"BTC": "1"},
            "keys": [{"key": f"key-of-{name}", "secret": f"secret-of-{name}", "permissions": ["SpotTrade", "Wallet"]}],
            "flexible_loans": [{"loan_coin": "USDT", "principal": debt, "interest": "0", "borrowed_at": "-5m"}],
            "loans": [{
                "order_id": ORDERS[name], "loan_coin": "USDT", "collateral_coin": "BTC", "principal": "500", "interest": "0", "collateral": "0.1",
                "hourly_rate": "0", "borrowed_at": "-3d",
            }],
            "fixed_contracts": [{
                "loan_id": "6201", "order_id": "13701", "loan_coin": "USDT", "term": "7", "principal": CONTRACT[0][1], "annual_rate": "0.05",
                "due_at": "+5h",
            }] if name == AIM else [],
        }
        for number, (name, (debt, dummy)) in enumerate(DEBTS.items())
    ]
    sandbox.control("PUT", "seed", roomy_seed)

    def repaid() -> dict[str, list[tuple[str, str]]]:
        accounts = sandbox.state()["accounts"]
        return {account["name"]: sorted((entry["product"], entry["amount"]) for entry in account["repayments"]) for account in accounts}

    return repaid


@pytest.fixture
def keep(play, tmp_path) -> t.Callable[..., Kept]:
    """Run the policy on all hosts."""
    ways = "ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'"
    own = [f"{name} order_id='\"{ORDERS[name]}\"' most='\"{most}\"' installment='\"{INSTALLMENTS[name]}\"'" for name, (dummy, most) in DEBTS.items()]
    (tmp_path / "hosts").write_text("".join(f"{line} {ways}\n" for line in own))

    def call(way: str = "true") -> Kept:
        played = play(PLAYBOOK, "-i", "hosts", "--forks", "3", "-e", f"bybit_in_process={way}", env=ENABLED)
        recap = {name: tuple(map(int, counts)) for name, *counts in _RECAP.findall(played.stdout)}
        return Kept(played.returncode, recap, sorted(played.stdout.partition("MOVEMENTS ***")[2].splitlines()[1:]), played.stdout)

    return call


def row(name: str, text: str) -> str:
    return f"{name:26} : {text}"


def done(name: str) -> str:
    return row(name, f"USDT repaid:  done={sum(int(amount) for dummy, amount in PAID[name])}")


@pytest.mark.parametrize("way", ["true", "false"], ids=["here", "module"])
def test_each_account_keeps_its_own_policy(keep, books, way: str) -> None:
    kept = keep(way)
    assert kept.status == 0, kept.shown
    assert books() == PAID
    assert kept.recap == dict.fromkeys(DEBTS, (2, 1, 0))
    assert kept.totals == [done(name) for name in sorted(DEBTS)]


def test_an_unknown_outcome_of_one_account_leaves_the_others_alone(keep, books, sandbox) -> None:
    # The money moved, but the answer is lost, and nothing shows it for an hour.
    sandbox.fault(path="/v5/crypto-loan-fixed/fully-repay", answer="reset", history_delay_ms=3_600_000, debt_delay_ms=3_600_000)
    kept = keep()
    assert (kept.status, books()) == (2, {**PAID, AIM: CONTRACT})
    assert kept.recap == {**dict.fromkeys(DEBTS, (2, 1, 0)), AIM: (0, 0, 1)}
    [intent] = re.findall(rf"^\[{AIM}\] OUTCOME UNKNOWN \(intent (\S{{36}})\): ", kept.shown, re.MULTILINE)
    doubtful = row(AIM, f"OUTCOME UNKNOWN USDT repaid: amount=440 intent={intent}")
    assert kept.totals == sorted([done("north"), doubtful, done("west")])
    again = keep()
    assert (again.status, books()) == (2, {**PAID, AIM: CONTRACT})
    assert again.recap == {**dict.fromkeys(DEBTS, (2, 0, 0)), AIM: (0, 0, 1)}
    assert again.totals == sorted([row("north", "nothing was moved"), doubtful, row("west", "nothing was moved")])

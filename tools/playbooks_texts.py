# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The texts of the guide's page of the playbooks; C(playbooks_page) adds names, defaults, commands and messages."""

from __future__ import annotations

import typing as t


class Variable(t.NamedTuple):
    """A variable of one playbook; what is not required has the default that the playbook and the modules give it."""

    type: str
    meaning: str
    required: str = ""


class Playbook(t.NamedTuple):
    """A playbook as the page describes it."""

    goal: str
    does: str
    variables: dict[str, Variable]
    unreached: str = ""
    notes: str = ""


HEAD = """\
..
  Copyright (c) 2026 treasury.bybit contributors
  GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

.. Written by tools/playbooks_page.py ("make playbooks-page"): change tools/playbooks_texts.py or the playbooks instead.

.. _ansible_collections.treasury.bybit.docsite.playbooks:

Playbooks and their variables
=============================

The collection contains playbooks that you can run without writing a task. This page lists each playbook with all its variables. Unless stated otherwise,
the commands below run on a stand-in exchange with invented money. To run them on the real exchange, omit ``sandbox=true``, provide an
:ref:`API key <ansible_collections.treasury.bybit.docsite.authentication>`, and give ``environment_name=mainnet``. Without it, the testnet is used.

Set variables with ``-e name=value``, in a file (``-e @file.yml``), or in the inventory. ``sandbox`` only works with ``-e``. All playbooks support
``--check`` and ``--diff``. The tables use these types:

- *amount*: a decimal number, such as ``100.5``. Quote it in YAML and JSON.
- *fraction*: a decimal number between 0 and 1, such as ``0.5`` for 50 %. Quote it in YAML and JSON.
- *coin*: the symbol of one coin in capitals, such as ``USDT``.
- *date or time*: a date such as ``2026-11-01``, which means its start in UTC, or a time with a time zone, such as ``2026-11-01T09:00:00+01:00``.
"""

_SANDBOX = Variable(
    "true or false",
    "Whether to start a stand-in exchange, run the playbook on it, and stop it. Set it with ``-e``. Cannot be combined with ``api_url`` or "
    "``environment_name``.",
)
_AT_MOST = "Cap: the most that the run may repay, in the coin of the loan."
_ONE_LOAN = f"{_AT_MOST} It is refused if more than one loan is selected."
_EACH = "Cap of each loan, in its own coin. Cannot be combined with ``at_most``."
_FUND_FROM = Variable(
    "``unified``",
    "Where to take the money from that the Funding wallet lacks for a repayment. ``unified`` first transfers it from the UNIFIED wallet. The cap of the "
    "repayment also limits the transfer. Requires the permission ``Account transfer``.",
)
_FUND_FROM_WALLET = Variable(_FUND_FROM.type, f"{_FUND_FROM.meaning} Cannot be combined with ``collateral``.")
_COLLATERAL = "Coins of the account's collateral that the exchange sells for the repayment, separated by commas. By default, the Funding wallet pays."
_PARTIAL = (
    "Whether to repay as much as possible if the Funding wallet, the loan, or the cap is not enough to reach the goal. With ``false``, nothing is "
    "repaid in that case."
)
_SINCE = "The start of the period. All repayments since then count, including those made by hand."
_INSTALLMENT = "How much must be repaid in the period, in the coin of the loan."
_UTC = "date or time"

PLAYBOOKS: dict[str, Playbook] = {
    "repay": Playbook(
        goal="One repayment of a legacy loan, with any goal.",
        does="Repays a legacy loan: an amount once, an amount since a date, or down to a debt or an LTV. This playbook has no ``sandbox`` variable. The "
        "command uses the testnet, which requires a key of the testnet. It moves nothing, because of ``--check``. To rehearse it, start a "
        ":ref:`stand-in exchange <ansible_collections.treasury.bybit.docsite.testing>` and give its address in ``api_url``.",
        variables={
            "order_id": Variable("ID", "The ID of the loan order, as the exchange shows it.", "required"),
            "amount": Variable(
                "amount",
                "How much to repay, in the coin of the loan. With ``since``, how much must be repaid in the period. Without ``since`` and "
                "``reference``, each run repays the amount again.",
                "one of ``amount``, ``max_debt``, and ``max_ltv`` is required",
            ),
            "since": Variable(_UTC, _SINCE),
            "reference": Variable("text", "A name for this repayment, such as an invoice number. It is repaid once, no matter how often you run the playbook."),
            "max_debt": Variable("amount", "Repay until the debt is at most this. ``0`` pays off the loan.", "see ``amount``"),
            "max_ltv": Variable("fraction", "Repay until the LTV of the loan is at most this.", "see ``amount``"),
            "at_most": Variable("amount", _AT_MOST),
            "allow_partial": Variable("true or false", f"{_PARTIAL} It does not apply to ``amount`` without ``since``."),
            "fund_from": _FUND_FROM,
        },
        unreached="The playbook fails. By default, nothing is repaid if the cap, the loan, or the Funding wallet is not enough. With ``allow_partial=true``, "
        "the playbook first repays as much as possible.",
    ),
    "pay_off": Playbook(
        goal="No debt is left on the selected loans.",
        does="Pays off all open loans that you select: principal, interest, and the interest that accrues during the run.",
        variables={
            "sandbox": _SANDBOX,
            "product": Variable(
                "list",
                "Which loans to pay off: ``legacy``, ``flexible``, or ``fixed``, separated by commas.",
                "one of ``product``, ``loan_currency``, and ``loan_id`` is required",
            ),
            "loan_currency": Variable("coin", "Only loans in this coin, such as ``USDT``.", "see ``product``"),
            "loan_id": Variable("ID", "Only the legacy loan or fixed contract with this ID.", "see ``product``"),
            "collateral": Variable("list of coins", f"{_COLLATERAL} Legacy loans do not support this."),
            "at_most": Variable("amount", _ONE_LOAN),
            "at_most_each": Variable("amount", _EACH),
            "allow_partial": Variable("true or false", _PARTIAL),
            "fund_from": _FUND_FROM_WALLET,
        },
        unreached="The other loans are still paid off, and the playbook fails at the end. It also fails if a product could not be read. It is safe to run it "
        "again.",
        notes="Check mode compares each loan alone with the Funding wallet. It does not report a wallet that is too small for all loans together.",
    ),
    "installment": Playbook(
        goal="An amount has been repaid since the first of the month.",
        does="Repays what is missing of an amount since the first of the month, or since another date. Run it daily: if one run fails, the next one makes "
        "up for it. The last installment is what remains of the debt.",
        variables={
            "sandbox": _SANDBOX,
            "loan_currency": Variable(
                "coin", "Selects the flexible loan in this coin.", "either ``loan_currency`` or ``order_id`` is required"
            ),
            "order_id": Variable("ID", "Selects a legacy loan by the ID of its order.", "see ``loan_currency``"),
            "amount": Variable("amount", _INSTALLMENT, "required"),
            "since": Variable(_UTC, _SINCE),
            "collateral": Variable("list of coins", f"{_COLLATERAL} Only with ``loan_currency``."),
            "at_most": Variable("amount", _AT_MOST),
            "allow_partial": Variable("true or false", _PARTIAL),
            "fund_from": _FUND_FROM_WALLET,
        },
        unreached="What the Funding wallet and the cap allow is repaid, and the playbook fails at the end. If the loan is paid off, it succeeds.",
    ),
    "sweep_maturing": Playbook(
        goal="No fixed contract is overdue or due within some days.",
        does="Repays the fixed contracts that are due within some days, and those that are overdue. The contract that is due first is repaid first.",
        variables={
            "sandbox": _SANDBOX,
            "days": Variable("whole number", "Repay contracts that are due within this many days. ``0`` repays overdue contracts only.", "required"),
            "loan_currency": Variable("coin", "Only contracts in this coin."),
            "loan_id": Variable("ID", "Only the contract with this ID."),
            "collateral": Variable("list of coins", _COLLATERAL),
            "at_most": Variable("amount", _ONE_LOAN),
            "at_most_each": Variable("amount", _EACH.replace("loan", "contract")),
            "allow_partial": Variable(
                "true or false",
                "Whether to repay as much of a contract as the cap allows. Only with ``collateral``: the Funding wallet repays a contract in full or not at "
                "all.",
            ),
            "fund_from": _FUND_FROM_WALLET,
        },
        unreached="The other contracts are still repaid, and the playbook fails at the end. It is safe to run it again.",
    ),
    "deleverage": Playbook(
        goal="No LTV is above a limit, reached by repaying.",
        does="Repays legacy and flexible loans until no LTV is above ``max_ltv``. Each legacy loan has its own LTV. Flexible loans are repaid one after "
        "the other until the LTV of the account is low enough. Fixed contracts count in that LTV, but are not repaid.",
        variables={
            "sandbox": _SANDBOX,
            "product": Variable("list", "Only loans of these products: ``legacy`` or ``flexible``, separated by commas."),
            "loan_currency": Variable("coin", "Only loans in this coin."),
            "loan_id": Variable("ID", "Only the legacy loan with this ID."),
            "max_ltv": Variable("fraction", "The highest acceptable LTV, such as ``0.5`` for 50 %.", "required"),
            "at_most": Variable("amount", _ONE_LOAN),
            "at_most_each": Variable("amount", _EACH),
            "allow_partial": Variable("true or false", _PARTIAL),
            "fund_from": _FUND_FROM,
        },
        unreached="What the Funding wallet and the cap allow is repaid. Then the playbook reads the LTVs again and fails if one of the selected loans is still "
        "above ``max_ltv``. It also fails if a product could not be read.",
        notes="Check mode plans each flexible loan with the current LTV. So it can show a larger total than a real run repays.",
    ),
    "defend": Playbook(
        goal="An LTV is low again after it has exceeded a trigger.",
        does="Does nothing as long as the LTV is at most ``trigger_ltv``. If it is higher, adds collateral from the Funding wallet until the LTV is at "
        "most ``max_ltv``. If collateral alone is not enough, because of the Funding wallet, the cap, or a limit of the exchange, repays the rest.",
        variables={
            "sandbox": _SANDBOX,
            "order_id": Variable("ID", "Defends this legacy loan.", "either ``order_id``, or ``currency`` with ``loan_currency`` is required"),
            "currency": Variable("coin", "Defends the account: the coin to add to the account's collateral.", "see ``order_id``"),
            "loan_currency": Variable("coin", "Defends the account: the coin of the flexible loan to repay.", "see ``order_id``"),
            "trigger_ltv": Variable("fraction", "Act only if the LTV is above this.", "required"),
            "max_ltv": Variable("fraction", "Lower the LTV to this. At most ``trigger_ltv``.", "required"),
            "at_most_added": Variable("amount", "Cap of what is added, in the coin of the collateral."),
            "at_most_repaid": Variable("amount", "Cap of what is repaid, in the coin of the loan."),
            "allow_partial": Variable(
                "true or false",
                "Whether to add, and to repay, as much as the Funding wallet and the cap allow. With ``false``, the playbook adds collateral only if that "
                "alone is enough, and repays only if that alone is enough.",
            ),
            "fund_from": _FUND_FROM,
        },
        unreached="The playbook fails at the end. If the outcome of adding collateral is unknown or not final, nothing is repaid, and the playbook fails. "
        "The next run that finds the LTV above ``trigger_ltv`` first finds out what became of the collateral.",
        notes="Check mode plans the repayment with the current LTV, without the added collateral. So it can show a larger repayment than a real run makes.",
    ),
    "top_up": Playbook(
        goal="The Funding wallet holds an amount of each coin.",
        does="Makes sure that the Funding wallet holds at least an amount. Transfers what is missing from the UNIFIED wallet. The API key needs the "
        "permission ``Account transfer``.",
        variables={
            "sandbox": _SANDBOX,
            "coin": Variable("coin", "The coin to transfer.", "either ``coin`` with ``ensure``, or ``balances`` is required"),
            "ensure": Variable("amount", "How much the Funding wallet must hold.", "see ``coin``"),
            "balances": Variable(
                "list",
                'Several coins, each once: ``[{"coin": "USDT", "ensure": "500", "at_most": "300"}, {"coin": "BTC", "ensure": "0.01"}]``. ``at_most`` is '
                "the cap of that coin, and optional.",
                "see ``coin``",
            ),
            "at_most": Variable("amount", "Cap: the most that the run may transfer of ``coin``. Refused with ``balances``."),
            "allow_partial": Variable(
                "true or false",
                "Whether to transfer as much as the UNIFIED wallet and the cap allow. With ``false``, nothing is transferred if that is not enough.",
            ),
        },
        unreached="The other coins are still transferred, and the playbook fails at the end. It is safe to run it again.",
    ),
    "accounts": Playbook(
        goal="Several accounts have repaid their installments.",
        does="Repays the monthly installment of several accounts. Each account is a host in the group ``treasury`` of your inventory. See "
        ":ref:`Manage several accounts <ansible_collections.treasury.bybit.docsite.accounts>`. The command runs in a clone of the repository.",
        variables={
            "sandbox": _SANDBOX,
            "loan_currency": Variable("coin", "Selects the flexible loan in this coin.", "required for each host"),
            "installment": Variable("amount", _INSTALLMENT, "required for each host"),
            "since": Variable(_UTC, _SINCE),
            "collateral": Variable("list of coins", _COLLATERAL),
            "at_most": Variable(
                "amount", "Cap of one run for each account, in the coin of its loan. With ``-e at_most=50``, three accounts repay up to 150 in total."
            ),
            "allow_partial": Variable("true or false", _PARTIAL),
            "fund_from": _FUND_FROM_WALLET,
        },
        unreached="What the Funding wallet and the cap allow is repaid, and the playbook fails for this account. The other accounts are not affected.",
        notes="Each host also requires ``bybit_api_key``, and either ``bybit_api_secret`` or ``bybit_rsa_private_key``. If a variable in the "
        "inventory is invalid, only its host fails. If a variable from ``-e`` is invalid, all hosts fail.",
    ),
    "demo": Playbook(
        goal="A first look: a repayment on the stand-in exchange.",
        does="Starts a stand-in exchange, repays part of a loan there, shows the result, and stops the exchange. It never uses another exchange, and takes "
        "none of the variables that the other playbooks share.",
        variables={
            "order_id": Variable("ID", "The loan order on the stand-in exchange."),
            "amount": Variable("amount", "How much to repay, in USDT."),
        },
    ),
}

# Variables of all playbooks that have another name than the option to which they are handed on.
OPTIONS_OF = {
    "environment_name": "environment",
    "bybit_api_key": "api_key",
    "bybit_api_secret": "api_secret",
    "bybit_rsa_private_key": "rsa_private_key",
}

# Where the default depends on other variables.
DEFAULTS = {"environment_name": "``testnet``, unless ``api_url`` is given"}

SHARED = """\
.. _ansible_collections.treasury.bybit.docsite.playbooks.shared:

Variables of all playbooks
--------------------------

All playbooks except ``demo`` take these variables and pass them to the modules as options:
"""
AFTER_SHARED = """\
- Never give a key, or a journal URL with a password, with ``-e name=value``: all users of the machine can read it in the list of processes. Use the
  environment variables, or a vault.
- ``environment`` is called ``environment_name`` here, because Ansible has a keyword of that name.
- With ``sandbox=true``, the journal is a temporary file and the keys are those of the stand-in exchange. In ``accounts``, the keys are those of the
  inventory.
"""
BOUNDS = (
    """\
.. _ansible_collections.treasury.bybit.docsite.playbooks.bounds:

Variables that a playbook does not use
--------------------------------------

A cap must not be ignored because of a typing error. So each playbook first checks its variables. If you give a variable of this collection that it
does not use, or a misspelled one, it fails before anything is sent:
""",
    """\
It also fails if a variable has no value, because Ansible would treat the option as not set:
""",
    """\
Caps
----

``at_most`` is the cap of the whole run. If several loans are selected, it is refused, because it would apply to each of them separately. Use
``at_most_each`` instead, which is the cap of each loan in its own coin:
""",
    """\
``defend`` has one cap for what it adds and another for what it repays. ``accounts`` has a cap for each account, and ``top_up`` has one for each coin.

A cap applies to one run of the playbook. The next run starts with the whole cap again. So with ``allow_partial=true``, several runs reach a goal that
needs more than the cap.
""",
)

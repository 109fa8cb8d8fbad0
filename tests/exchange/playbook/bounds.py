# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables that tests give to the playbooks, and the expected effects."""

from __future__ import annotations

SOL_LOAN = "1794288290015682560"
TODAY = "{{ now(utc=true).strftime('%Y-%m-%d') }}"
# The variables with which each playbook has something to do.
NEEDED = {
    "accounts": {},
    "defend": {"trigger_ltv": "0.5", "max_ltv": "0.4"},
    "deleverage": {"max_ltv": "0.45"},
    "demo": {},
    "installment": {"loan_currency": "USDT", "amount": "300"},
    "pay_off": {"product": "legacy,flexible,fixed"},
    "repay": {"order_id": "1794267532472646144"},
    "sweep_maturing": {"days": "7"},
    "top_up": {},
}

SEVERAL = "caps the whole run, but {} loans are selected, so nothing was sent: select one of them ({}), or use at_most_each"
ACCOUNT = {"currency": "BTC", "loan_currency": "USDT"}
USDT = {"coin": "USDT", "ensure": "12000"}
NO_COIN = "in balances is not a coin in capitals with an amount as ensure and, optionally, an amount as at_most, so nothing was sent: use {'coin': 'USDT', "
SOLD = "the exchange returned no ID for it, but its history shows it"
# Playbook, variables, what is paid, whether the goal is reached, and the message.
BOUNDS = [
    ("deleverage", {"at_most": "10"}, [], False, SEVERAL.format(3, "loan_currency, loan_id, product")),
    ("pay_off", {"at_most": "10", "product": "flexible"}, [], False, SEVERAL.format(2, "loan_currency, loan_id, product")),
    ("sweep_maturing", {"at_most": "10"}, [], False, SEVERAL.format(3, "loan_currency, loan_id")),
    ("deleverage", {"max_ltv": "1.5"}, [], False, "max_ltv '1.5' is not a fraction between 0 and 1, so nothing was sent: use '0.5' for 50 %"),
    ("sweep_maturing", {"days": "7d"}, [], False, "days '7d' is not a whole number"),
    ("accounts", {"installment": "1e3"}, [], False, "installment '1e3' is not an amount"),
    ("pay_off", {"product": "legacy", "collateral": "BTC"}, [], False, "collateral 'BTC' cannot repay the legacy loans that are selected"),
    ("repay", {"amount": "100", "at_most": "10"}, [], False, "amount '100' needs 100 USDT"),
    ("repay", {"amount": "100", "reference": "invoice 1"}, ["100 USDT"], True, "Repaid 100 USDT"),
    ("repay", {"max_debt": "990", "reference": "invoice 1"}, [], False, "reference 'invoice 1' can name only a step"),
    ("repay", {"max_debt": "990", "at_most": "10"}, [], False, "max_debt '990' needs 10.4 USDT"),
    ("repay", {"max_ltv": "0.4", "at_most": "10"}, [], False, "max_ltv '0.4' needs "),
    ("repay", {"amount": "100", "since": TODAY, "at_most": "10", "allow_partial": True}, ["10 USDT"], False, "The goal is not reached"),
    ("installment", {"at_most": "10"}, ["10 USDT"], False, "The goal is not reached"),
    ("installment", {"at_most": "10", "allow_partial": False}, [], False, "more than at_most '10'"),
    ("installment", {"since": TODAY, "amount": "20", "at_most": "20"}, ["20 USDT"], True, "Repaid 20 USDT"),
    ("accounts", {"at_most": "10"}, ["10 USDT", "10 USDT"], False, "The goal is not reached. The installment of second_account"),
    ("deleverage", {"loan_currency": "USDT", "product": "flexible", "at_most": "10"}, ["10 USDT"], False, "The goal is not reached"),
    ("deleverage", {"loan_id": SOL_LOAN, "at_most": "1012.3"}, ["1012.2648 USDT"], True, "on loan"),
    ("deleverage", {"loan_currency": "BTC"}, ["0.02000034 BTC"], False, "The goal is not reached"),
    ("deleverage", {"allow_partial": False, "loan_currency": "BTC"}, [], False, "set allow_partial to pay as much as possible here"),
    ("deleverage", {"at_most_each": "0.01", "settle_margin": 1}, ["0.01 BTC", "0.01 USDT", "0.01 USDT"], False, "The goal is not reached"),
    ("pay_off", {"product": "flexible", "at_most_each": "0.1"}, ["0.02000034 BTC"], False, "whose at_most is at_most_each"),
    ("pay_off", {"loan_currency": "BTC", "at_most": "0.01", "allow_partial": True}, ["0.01 BTC"], False, "Not everything was paid off"),
    ("pay_off", {"loan_id": "571"}, ["0.5 ETH"], True, "fixed contract 571"),
    ("sweep_maturing", {"loan_id": "570", "at_most": "100"}, [], False, "more than at_most '100'"),
    ("sweep_maturing", {"loan_currency": "ETH", "at_most": "1"}, ["0.5 ETH"], True, "fixed contract 571"),
    ("sweep_maturing", {"at_most_each": "0.6"}, ["0.5 ETH"], False, "whose at_most is at_most_each"),
    ("sweep_maturing", {"loan_id": "570", "collateral": "ETH", "at_most": "9", "allow_partial": True}, ["9 USDT"], False, SOLD),
    ("pay_off", {"loan_id": "570", "collateral": "ETH", "at_most": "9", "allow_partial": True}, ["9 USDT"], False, SOLD),
    ("installment", {"collateral": "ETH", "since": TODAY, "amount": "9"}, ["9 USDT"], True, SOLD),
    ("accounts", {"collateral": "BTC", "since": TODAY, "at_most": "9"}, ["9 USDT", "9 USDT"], False, SOLD),
    ("accounts", {"loan_currency": "BTC", "installment": "0.02", "at_most": "0.01", "allow_partial": False}, [], False, "more than at_most '0.01'"),
    ("defend", {"order_id": SOL_LOAN}, ["+19.345223 SOL"], True, "to the collateral of loan"),
    ("defend", {"order_id": SOL_LOAN, "at_most_added": "3", "at_most_repaid": "100"}, ["+3 SOL", "100 USDT"], False, "The goal is not reached"),
    ("defend", {"order_id": SOL_LOAN, "at_most_added": "3", "allow_partial": False}, ["1159.9975 USDT"], True, "more than at_most '3'"),
    ("defend", {"order_id": SOL_LOAN, "at_most_added": "3", "at_most_repaid": "100", "allow_partial": False}, [], False, "more than at_most '100'"),
    ("defend", {"order_id": SOL_LOAN, "at_most_added": "-3"}, [], False, "at_most_added '-3' is not an amount"),
    ("defend", {"order_id": SOL_LOAN, "at_most_repaid": "0"}, [], False, "at_most_repaid '0' is not an amount"),
    ("defend", {"order_id": "17"}, [], False, "order_id 17 is not an open legacy loan, so nothing was sent and the loan is not defended"),
    ("defend", {**ACCOUNT, "at_most_added": "0.05"}, ["+0.05 BTC", "1733.0702 USDT"], True, "on the flexible USDT loan"),
    ("defend", {**ACCOUNT, "trigger_ltv": "0.6"}, [], True, "The LTV is 0.547642, and trigger_ltv is 0.6: nothing to do."),
    ("defend", {**ACCOUNT, "trigger_ltv": "60"}, [], False, "trigger_ltv '60' is not a fraction between 0 and 1"),
    ("defend", {**ACCOUNT, "max_ltv": "0.51"}, [], False, "max_ltv '0.51' is above trigger_ltv '0.5', so nothing was sent"),
    ("defend", {**ACCOUNT, "currency": "btc"}, [], False, "currency 'btc' is not a coin, so nothing was sent"),
    ("defend", {**ACCOUNT, "loan_currency": "USDT,BTC"}, [], False, "loan_currency 'USDT,BTC' is not a coin, so nothing was sent"),
    ("defend", {"currency": "BTC"}, [], False, "trigger_ltv, max_ltv, and either order_id or both currency and loan_currency are required"),
    ("top_up", USDT, ["to FUND 2000 USDT"], True, "Transferred 2000 USDT"),
    ("top_up", {**USDT, "at_most": "500"}, ["to FUND 500 USDT"], False, "The Funding wallet does not hold all that was asked for."),
    ("top_up", {**USDT, "at_most": "500", "allow_partial": False}, [], False, "more than at_most '500'"),
    ("top_up", {"coin": "USDT", "at_most": "500"}, [], False, "coin and ensure, or balances for several coins, are required"),
    ("top_up", {"balances": [{**USDT, "at_most": "9"}, {"coin": "BTC", "ensure": 0.3}]}, ["to FUND 0.05 BTC", "to FUND 9 USDT"], False, "at_most '9'"),
    ("top_up", {"balances": [USDT], "at_most": "9"}, [], False, "at_most '9' caps one coin, so nothing was sent"),
    ("top_up", {"balances": "USDT"}, [], False, "balances 'USDT' is not a list of coins, so nothing was sent"),
    ("top_up", {"balances": []}, [], False, "balances '[]' is not a list of coins, so nothing was sent"),
    ("top_up", {"balances": [USDT, USDT]}, [], False, NO_COIN),
    ("top_up", {"balances": [USDT, {"coin": "BTC", "ensure": None}]}, [], False, NO_COIN),
    ("top_up", {"balances": [{**USDT, "at_most": "0"}]}, [], False, NO_COIN),
    ("top_up", {"balances": [{**USDT, "at-most": "9"}]}, [], False, NO_COIN),
]

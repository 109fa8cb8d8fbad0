# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes that people make with the modules, and how each one is set up."""

from __future__ import annotations

import typing as t

from arranging import (
    BASES, COLLATERAL, FIXED, FLEXIBLE, JOURNAL, LOANS, REPAY, REPAYMENTS, TRANSFER, Arrange, a_file_above, answered, by_proxy, cut, days, in_doubt,
    journal_at, link, no_database, open_to_all, over_tls, over_tls_without, pem, recorded, redirected, refused, removed, repaid_before, trusting_another,
    wallet, with_old_records, without, written,
)


class Mistake(t.NamedTuple):
    """One mistake.

    :ivar what: The mistake in a few words.
    :ivar options: Options that replace or extend those of the module's base; None removes one.
    :ivar arrange: Sets up the environment of the task, and returns further options.
    :ivar names: What the message must name besides its remedy: the option, or whatever else the user must look at.
    """

    what: str
    options: dict[str, t.Any]
    names: tuple[str, ...]
    module: str = REPAY
    arrange: Arrange = lambda scene: {}


KEYS = [
    Mistake("no key", {"api_key": None}, ("api_key", "BYBIT_API_KEY")),
    Mistake("no secret", {"api_secret": None}, ("api_secret", "BYBIT_API_SECRET")),
    Mistake("an empty secret", {"api_secret": ""}, ("api_secret",)),
    Mistake("key and secret swapped", {"api_key": "sandbox-secret", "api_secret": "sandbox-key"}, ("api_key", "10003")),
    Mistake("a key with a line break at its end", {"api_key": "sandbox-key\n"}, ("api_key",)),
    Mistake("a secret with a space at its end", {"api_secret": "sandbox-secret "}, ("api_secret",)),
    Mistake("the placeholder of a guide", {"api_key": "YOUR-KEY"}, ("api_key", "10003")),
    Mistake("a secret of another key", {"api_secret": "of-another-key"}, ("api_secret", "10004")),
    Mistake("the secret of an HMAC key for an RSA key", {"api_key": "sandbox-rsa-key"}, ("api_secret", "rsa_private_key", "10004")),
    Mistake("secret and private key at once", {"rsa_private_key": "/etc/key.pem"}, ("api_secret", "rsa_private_key")),
    Mistake("a key of the testnet at the mainnet", {"api_key": "a-testnet-key"}, ("environment", "10003")),
    Mistake("an expired key", {"api_key": "sandbox-key-expired"}, ("api_key", "33004")),
    Mistake("a key that is bound to another address", {"api_key": "sandbox-key-other-ip"}, ("api_key", "10010")),
    Mistake("a read-only key", {"api_key": "sandbox-key-readonly"}, ("api_key", "Spot trade")),
    Mistake("a key without the permission", {"api_key": "sandbox-key-no-permission"}, ("api_key", "Spot trade", "10005")),
    Mistake("a key without the permission to transfer", {"api_key": "sandbox-key-no-wallet", "ensure": "90000"}, ("api_key", "Account transfer"), TRANSFER),
    Mistake("a private key that is not there", {"api_secret": None, "rsa_private_key": "/etc/bybit/kee.pem"}, ("rsa_private_key",)),
    Mistake("a folder in the place of the private key", {"api_secret": None, "rsa_private_key": "/etc"}, ("rsa_private_key",)),
    Mistake("a private key with a passphrase", {"api_secret": None}, ("rsa_private_key",), arrange=pem("encrypted")),
    Mistake("a private key that is not RSA", {"api_secret": None}, ("rsa_private_key", "RSA"), arrange=pem("ed25519")),
    Mistake("a private key of OpenSSH", {"api_secret": None}, ("rsa_private_key", "ssh-keygen"), arrange=pem("openssh")),
    Mistake("a public key", {"api_secret": None, "rsa_private_key": "ssh-rsa AAAAB3NzaC1yc2E treasurer"}, ("rsa_private_key", "public")),
    Mistake("half a private key", {"api_secret": None, "rsa_private_key": "-----BEGIN PRIVATE KEY-----\nMIIE"}, ("rsa_private_key",)),
    Mistake("a text that is no private key", {"api_secret": None}, ("rsa_private_key",), arrange=written("key.txt", "hunter2\n")),
]
HOSTS = [
    Mistake("environment and api_url at once", {"environment": "testnet"}, ("environment", "api_url")),
    Mistake("an environment that there is not", {"api_url": None, "environment": "production"}, ("environment", "production")),
    Mistake("a host without a scheme", {"api_url": "api.bybit.com"}, ("api_url", "api.bybit.com")),
    Mistake("http to another host", {"api_url": "http://api.bybit.com"}, ("api_url", "https")),
    Mistake("a URL with a query", {"api_url": "https://api.bybit.com/?debug=1"}, ("api_url",)),
    Mistake("a URL with a user", {"api_url": "https://me:secret@api.bybit.com"}, ("api_url",)),
    Mistake("a URL with the path of a call", {"api_url": "{url}/v5/crypto-loan"}, ("api_url",)),
    Mistake("a host that no one knows", {"api_url": "https://api.bybti.invalid"}, ("api_url", "api.bybti.invalid")),
    Mistake("a port on which nobody listens", {"api_url": "http://127.0.0.1:9"}, ("api_url", "127.0.0.1:9")),
    Mistake("a certificate that nobody knows", {"env": {"REQUESTS_CA_BUNDLE": ""}}, ("ca_path",), arrange=over_tls),
    Mistake("another authority in ca_path", {}, ("ca_path",), arrange=trusting_another),
    Mistake("a ca_path that is not there", {"ca_path": "/etc/ca.pem"}, ("ca_path", "/etc/ca.pem")),
    Mistake("https to a port that speaks http", {}, ("api_url",), arrange=over_tls_without),
    Mistake("the page of a portal", {}, ("api_url",), arrange=answered(answer={"http_status": 200, "body": "<html>Welcome</html>"})),
    Mistake("a redirect to a login", {}, ("api_url",), arrange=redirected),
    Mistake("a blocked address", {}, ("10 minutes",), arrange=answered(answer={"http_status": 403, "body": "access too frequent"})),
    Mistake("a proxy that wants a password", {}, ("proxy",), arrange=answered(answer={"http_status": 407, "body": ""})),
    Mistake("a gateway that fails", {}, ("502",), arrange=answered(answer={"http_status": 502, "body": "<html>Bad gateway</html>"})),
    Mistake("a host that does not have the call", {}, ("api_url", "404"), arrange=answered(answer={"http_status": 404, "body": ""})),
    Mistake("a key of demo trading", {}, ("10032",), arrange=answered(answer={"ret_code": 10032})),
]
IDS = [
    Mistake("letters in an ID", {"order_id": "loan 17"}, ("order_id", "loan 17")),
    Mistake("an empty ID", {"order_id": ""}, ("order_id",)),
    Mistake("yes without quotes", {"order_id": True}, ("order_id", "quotes")),
    Mistake("a large number that became a float", {"order_id": "1.794267532472646e+18"}, ("order_id", "quotes")),
    Mistake("no ID", {"order_id": None}, ("order_id",)),
    Mistake("a loan that there is not", {"order_id": "1794267532472646145"}, ("order_id", "1794267532472646145", "api_key")),
    Mistake("a loan of another account", {"order_id": "1794299000112233472"}, ("order_id", "api_key")),
    Mistake("a coin in small letters", {"loan_currency": "usdt"}, ("loan_currency", "USDT"), FLEXIBLE),
    Mistake("a pair in the place of a coin", {"loan_currency": "BTC-USDT"}, ("loan_currency",), FLEXIBLE),
    Mistake("a coin that the exchange does not lend", {"loan_currency": "USTD"}, ("loan_currency", "USTD"), FLEXIBLE),
    Mistake("the ID of the order of a contract", {"loan_id": "13007"}, ("loan_id", "13007"), FIXED),
    Mistake("neither contract nor coin", {"loan_id": None}, ("loan_id", "loan_currency"), FIXED),
    Mistake("contract and coin", {"loan_currency": "ETH"}, ("loan_id", "loan_currency"), FIXED),
    Mistake("all contracts without sweep", {"loan_id": None, "loan_currency": "USDT"}, ("sweep", "loan_id"), FIXED),
    Mistake("order and coin for collateral", {"currency": "BTC", "add": "1"}, ("order_id", "currency"), COLLATERAL),
    Mistake("a coin that is no collateral", {"order_id": None, "currency": "DOGE2", "add": "1"}, ("currency", "DOGE2"), COLLATERAL),
    Mistake("another coin in the wallet of the collateral", {"add": "100000"}, ("Funding wallet",), COLLATERAL),
]
AMOUNTS = [
    Mistake("a comma", {"amount": "100,5"}, ("amount", "100,5")),
    Mistake("separators of thousands", {"amount": "1,000.50"}, ("amount", "1,000.50")),
    Mistake("a space", {"amount": "1 000"}, ("amount", "1 000")),
    Mistake("a coin behind it", {"amount": "100 USDT"}, ("amount", "100 USDT")),
    Mistake("a currency sign", {"amount": "$100"}, ("amount", "$100")),
    Mistake("a negative amount", {"amount": "-100"}, ("amount", "-100")),
    Mistake("nothing at all", {"amount": "0"}, ("amount", "0")),
    Mistake("an empty amount", {"amount": ""}, ("amount",)),
    Mistake("a variable that is null", {"amount": None}, ("amount", "max_debt", "max_ltv")),
    Mistake("a long float", {"amount": 0.1234567890123456}, ("amount",)),
    Mistake("infinity", {"amount": "inf"}, ("amount", "inf")),
    Mistake("yes", {"amount": True}, ("amount",)),
    Mistake("a list", {"amount": ["100"]}, ("amount",)),
    Mistake("all", {"amount": "all"}, ("amount", "all")),
    Mistake("too many digits", {"amount": "1234567890123456789"}, ("amount",)),
    Mistake("too many decimal places", {"amount": "100.123456789"}, ("amount", "100.123456789")),
    Mistake("more than the debt", {"amount": "5000"}, ("amount", "5000", "1000.4")),
    Mistake("more than the wallet", {}, ("amount", "Funding wallet"), arrange=wallet("20")),
    Mistake("an empty wallet", {"max_debt": "0", "amount": None}, ("Funding wallet",), arrange=wallet("0")),
    Mistake("more than UNIFIED has", {"amount": "90000000"}, ("amount", "UNIFIED"), TRANSFER),
    Mistake("more than the cap", {"at_most": "50"}, ("at_most", "50")),
    Mistake("a cap of nothing", {"at_most": "0"}, ("at_most",)),
    Mistake("a cap in words", {"at_most": "unlimited"}, ("at_most", "unlimited")),
    Mistake("a negative ensure", {"ensure": "-5"}, ("ensure", "-5"), TRANSFER),
    Mistake("more collateral back than is pledged", {"take_back": "9"}, ("take_back",), COLLATERAL),
    Mistake("an amount for a whole contract", {"amount": "0.1"}, ("amount", "collateral"), FIXED),
    Mistake("a bit of debt for a whole contract", {"max_debt": "0.1"}, ("max_debt", "collateral"), FIXED),
]
GOALS = [
    Mistake("two goals", {"max_debt": "500"}, ("amount", "max_debt")),
    Mistake("since without amount", {"amount": None, "max_debt": "0", "since": "2026-11-01"}, ("since", "amount")),
    Mistake("reference and since", {"reference": "invoice 17"}, ("reference", "invoice 17"), arrange=days("since", -3)),
    Mistake("a reference for another amount", {"amount": "200", "reference": "invoice 17"}, ("reference", "invoice 17"),
            arrange=repaid_before(**{**BASES[REPAY], "reference": "invoice 17"})),
    Mistake("an empty reference", {"reference": ""}, ("reference",)),
    Mistake("a reference with a line break", {"reference": "invoice 17\n"}, ("reference",)),
    Mistake("since in the future", {}, ("since",), arrange=days("since", 2)),
    Mistake("since before the history", {}, ("since",), arrange=days("since", -200)),
    Mistake("a German date", {"since": "01.11.2026"}, ("since", "01.11.2026")),
    Mistake("a time without zone", {"since": "2026-11-01T08:00:00"}, ("since", "2026-11-01T08:00:00")),
    Mistake("a day that there is not", {"since": "2026-02-30"}, ("since", "2026-02-30")),
    Mistake("an LTV in percent", {"amount": None, "max_ltv": 50}, ("max_ltv", "50")),
    Mistake("an LTV with a sign for percent", {"amount": None, "max_ltv": "50%"}, ("max_ltv", "50%")),
    Mistake("an LTV of nothing", {"amount": None, "max_ltv": "0"}, ("max_ltv", "max_debt")),
    Mistake("an LTV above which nothing is", {"max_ltv": "0"}, ("max_ltv", "0"), COLLATERAL),
    Mistake("two LTVs", {"max_ltv": "0.6", "min_ltv": "0.7"}, ("max_ltv", "min_ltv"), COLLATERAL),
    Mistake("a min_ltv of nothing", {"min_ltv": "0"}, ("min_ltv",), COLLATERAL),
    Mistake("allow_partial for a step", {"allow_partial": True}, ("allow_partial", "amount")),
    Mistake("amount and ensure", {"amount": "10", "ensure": "10"}, ("amount", "ensure"), TRANSFER),
    Mistake("the same wallet twice", {"amount": "10", "from_account_type": "FUND"}, ("from_account_type", "FUND"), TRANSFER),
    Mistake("a wallet that there is not", {"amount": "10", "from_account_type": "SPOT"}, ("from_account_type", "SPOT"), TRANSFER),
    Mistake("ensure from Funding", {"ensure": "10", "from_account_type": "FUND", "to_account_type": "UNIFIED"}, ("ensure",), TRANSFER),
    Mistake("no coin to sell", {"collateral": []}, ("collateral",), FLEXIBLE),
    Mistake("a coin to sell twice", {"collateral": ["BTC", "BTC"]}, ("collateral", "BTC"), FLEXIBLE),
    Mistake("fund_from and collateral", {"collateral": ["BTC"], "fund_from": "unified"}, ("fund_from", "collateral"), FLEXIBLE),
    Mistake("max_ltv and collateral", {"amount": None, "max_ltv": "0.4", "collateral": ["BTC"]}, ("max_ltv", "collateral"), FLEXIBLE),
    Mistake("a goal that one loan cannot reach", {"amount": None, "max_ltv": "0.01"}, ("max_ltv",), FLEXIBLE),
]
RANGES = [
    Mistake("a time window in the wrong unit", {"recv_window": 600000}, ("recv_window", "600000")),
    Mistake("a timeout of nothing", {"api_timeout": 0}, ("api_timeout", "0")),
    Mistake("a negative wait", {"wait_timeout": -1}, ("wait_timeout", "-1")),
    Mistake("a timeout with its unit", {"wait_timeout": "60s"}, ("wait_timeout", "60s")),
    Mistake("a word for a boolean", {"wait": "maybe"}, ("wait", "maybe")),
    Mistake("a misspelled option", {"at-most": "50"}, ("at-most",)),
    Mistake("an option of another module", {"take_back": "1"}, ("take_back",)),
    Mistake("a status that there is not", {"status": ["done"]}, ("status", "done"), REPAYMENTS),
    Mistake("a product that there is not", {"product": ["flex"]}, ("product", "flex"), LOANS),
    Mistake("no product", {"product": []}, ("product",), LOANS),
    Mistake("a duration without unit", {"matures_within": "7"}, ("matures_within", "7"), LOANS),
    Mistake("a duration in weeks", {"matures_within": "1w"}, ("matures_within", "1w"), LOANS),
    Mistake("thresholds in the wrong order", {"margin_call_ltv": "0.95", "liquidation_ltv": "0.9"}, ("margin_call_ltv", "liquidation_ltv"), LOANS),
    Mistake("a shock without its sign", {"shock": {"BTC": "30%"}}, ("shock", "30%"), LOANS),
    Mistake("a shock of more than everything", {"shock": {"BTC": "-150%"}}, ("shock", "-150%"), LOANS),
    Mistake("an end before the beginning", {"since": "2026-11-02", "until": "2026-11-01"}, ("since", "until"), REPAYMENTS),
    Mistake("maturity of flexible loans", {"product": ["flexible"], "matures_within": "7d"}, ("matures_within",), LOANS),
]
JOURNALS = [
    Mistake("a relative path", {"journal": "journal.sqlite"}, ("journal",)),
    Mistake("a path that is a folder", {}, ("journal",), arrange=journal_at("there", make=lambda path: path.mkdir())),
    Mistake("a folder that cannot be made", {}, ("journal",), arrange=journal_at("file", "journal.sqlite", make=a_file_above)),
    Mistake("a folder that all may write", {}, ("chmod",), arrange=journal_at("open", "journal.sqlite", make=open_to_all)),
    Mistake("the state of an old version", {}, ("earlier",), arrange=journal_at("state", "journal.sqlite", make=with_old_records)),
    Mistake("a file that is no journal", {}, ("journal", "backup"), arrange=journal_at("notes", "journal.sqlite", make=no_database)),
    Mistake("a link", {}, ("journal", "symbolic link"), arrange=journal_at("link", "journal.sqlite", make=link)),
    Mistake("a journal that is cut", {}, ("backup",), arrange=cut),
    Mistake("a journal that was removed", {}, ("backup",), arrange=removed),
    Mistake("a journal of a newer version", {}, ("newer",), arrange=recorded("UPDATE bybit_journal SET version = 99")),
    Mistake("a journal without its row", {}, ("backup",), arrange=recorded("DELETE FROM bybit_journal")),
    Mistake("a database of another kind", {"journal": "mysql://db.example.com/treasury"}, ("journal", "postgresql")),
    Mistake("a wrong parameter in the URL", {"journal": "postgresql://user@host/database?colour=blue"}, ("journal", "postgresql")),
    Mistake("a password with an @", {"journal": "postgresql://user:p@ss@db@host/database"}, ("journal", "password")),
    Mistake("a database server that there is not", {"journal": "postgresql://user@127.0.0.1:9/treasury"}, ("journal", "127.0.0.1")),
    Mistake("a report without a journal", {}, ("journal",), JOURNAL),
    Mistake("an account that is not in the journal", {"verify": True, "account": "42"}, ("account",), JOURNAL, repaid_before(**BASES[REPAY])),
    Mistake("a format that there is not", {"format": "xlsx"}, ("format", "xlsx"), JOURNAL),
    Mistake("a run while another is in doubt", {"wait_timeout": 0}, ("acknowledge",), arrange=in_doubt),
]
AROUND = [
    Mistake("a proxy on which nobody listens", by_proxy("http://127.0.0.1:9"), ("HTTPS_PROXY",)),
    Mistake("a password for the proxy with a slash", by_proxy("http://me:open/sesame@127.0.0.1:9"), ("HTTPS_PROXY",)),
    Mistake("a SOCKS proxy without its library", by_proxy("socks5h://127.0.0.1:9"), ("HTTPS_PROXY",)),
    Mistake("no requests", without("requests"), ("requests", "pip install")),
    Mistake("no cryptography", {**without("cryptography"), "api_secret": None}, ("cryptography", "rsa_private_key"), arrange=pem("plain")),
    Mistake("no psycopg", {**without("psycopg"), "journal": "postgresql://user@host/database"}, ("psycopg", "journal")),
    Mistake("a clock that is not set", {}, ("10002", "NTP"), arrange=answered(answer={"ret_code": 10002})),
    Mistake("too many runs at once", {"rate_limit_timeout": 0}, ("rate_limit_timeout",), arrange=answered(answer={"ret_code": 10006})),
    Mistake("a region that is not served", {}, ("10009",), arrange=answered(answer={"ret_code": 10009})),
    Mistake("an account that may not trade", {}, ("10027",), arrange=refused(10027)),
    Mistake("a wallet that is short by the time it is sent", {}, ("177011", "Funding wallet"), arrange=refused(177011)),
    Mistake("a loan that is being liquidated", {}, ("148031",), FLEXIBLE,
            arrange=answered(method="POST", path="/v5/crypto-loan-flexible/repay", answer={"ret_code": 148031})),
]
MISTAKES = {"keys": KEYS, "hosts": HOSTS, "ids": IDS, "amounts": AMOUNTS, "goals": GOALS, "ranges": RANGES, "journals": JOURNALS, "around": AROUND}

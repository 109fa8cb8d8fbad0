# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every shipped playbook and every variable of the collection: it is used, or the playbook fails before anything is sent."""

from __future__ import annotations

import importlib
import json
import re
import typing as t
from pathlib import Path

import jinja2
import jinja2.nodes
import pytest
import yaml
from ansible_collections.treasury.bybit.plugins.module_utils._options.connection import connection_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._options.repay import repay_argument_spec

CHECKOUT = Path(__file__).resolve().parents[3]
PLAYBOOKS = sorted(file.stem for file in (CHECKOUT / "playbooks").glob("*.yml"))
CHECK = CHECKOUT / "playbooks" / "tasks" / "check_variables.yml"
LISTS = yaml.safe_load(CHECK.read_text())[0]["vars"]
FOR_ALL = set(LISTS["words_for_all"])
USED = {name: {*words, *(FOR_ALL if name != "demo" else ())} for name, words in LISTS["words_used_by"].items()}
WORDS = sorted({*LISTS["words_for_none"], *FOR_ALL}.union(*USED.values()))
SECRET = set(LISTS["words_that_may_be_secret"])
# Variables of the playbooks that are no options of modules.
OWN = {
    *("at_most_each", "bybit_api_key", "bybit_api_secret", "bybit_rsa_private_key", "days", "environment_name", "installment", "sandbox"),
}
INVENTORY = CHECKOUT / "playbooks" / "inventory"
# What each playbook needs to have something to do.
NEEDED = {
    "accounts": {},
    "deleverage": {"max_ltv": "0.45"},
    "demo": {},
    "installment": {"loan_currency": "USDT", "amount": "300"},
    "pay_off": {"product": "legacy,flexible,fixed"},
    "repay": {"order_id": "1794267532472646144"},
    "sweep_maturing": {"days": "7"},
}


SOL_LOAN = "1794288290015682560"
TODAY = "{{ now(utc=true).strftime('%Y-%m-%d') }}"


class Given(t.NamedTuple):
    """How a playbook has ended, and what it has paid."""

    code: int
    said: str
    paid: list[str]


@pytest.fixture
def options() -> set[str]:
    """The options of all modules that ask the exchange; what filters the journal bounds nothing, and its words are everybody's."""
    names = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text())["action_groups"]["bybit"]
    modules = [importlib.import_module(f"ansible_collections.treasury.bybit.plugins.modules.{name}") for name in names]
    return {option for module in modules for option in module.SPEC.options}


def test_the_vocabulary_is_all_that_modules_and_playbooks_take(options) -> None:
    assert set(WORDS) == options | OWN
    assert sorted(USED) == PLAYBOOKS
    assert set(LISTS["words_for_none"]) == set(WORDS).difference(*USED.values())


def test_what_modules_hide_is_not_shown() -> None:
    hidden = {name for name, option in {**connection_argument_spec(), **repay_argument_spec()}.items() if option.get("no_log")}
    # An address may hold a password.
    assert SECRET == hidden | {word for word in OWN if word.startswith("bybit_")} | {"api_url"}


def names_in(value: t.Any, key: str = "") -> t.Iterator[str]:
    """Return the variables that the templates in a document use."""
    for inner_key, inner in value.items() if isinstance(value, dict) else [(key, i) for i in value] if isinstance(value, list) else ():
        yield from names_in(inner, inner_key)
    if isinstance(value, str):
        template = f"{{{{ {value} }}}}" if key in ("when", "that") else value
        yield from (node.name for node in jinja2.Environment().parse(template).find_all(jinja2.nodes.Name))


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_uses_what_its_list_says(name: str) -> None:
    plays = yaml.safe_load((CHECKOUT / "playbooks" / f"{name}.yml").read_text())
    # at_most is used by what the task file of the cap says, too, but only the modules hold anybody to it.
    assert set(names_in(plays)) & set(WORDS) == USED[name]
    first = next(play["tasks"][0] for play in plays)
    assert first["ansible.builtin.import_tasks"] == {"file": f"tasks/{CHECK.name}"}
    assert first["vars"] == {"this_playbook": name}


def test_run_options_and_connection_options_are_handed_on_once_for_all_tasks() -> None:
    own_words = {"environment": "environment_name", **{name: f"bybit_{name}" for name in ("api_key", "api_secret", "rsa_private_key")}}
    run_options = FOR_ALL.intersection(repay_argument_spec()) | {"at_most", "allow_partial"}
    for name in set(PLAYBOOKS) - {"demo"}:
        plays = yaml.safe_load((CHECKOUT / "playbooks" / f"{name}.yml").read_text())
        [defaults] = [play["module_defaults"] for play in plays if "module_defaults" in play]
        assert set(defaults["group/treasury.bybit.bybit"]) == set(connection_argument_spec())
        assert set(defaults["group/treasury.bybit.bybit_repay"]) == run_options
        for option, value in [(option, value) for group in defaults.values() for option, value in group.items()]:
            assert own_words.get(option, option) in names_in(value), (name, option)


def value_of(word: str) -> str:
    return {"sandbox": "true", "environment_name": "testnet", "at_most_each": "1.5"}.get(word, f"{'hushed' if word in SECRET else 'told'}-{word}")


# What would be taken for something else, and what is said of it.
MISTAKES = {
    "hyphen": ({"at-most": "10"}, "at-most is no variable of treasury.bybit, so nothing was sent: write at_most, or leave it out."),
    "capitals": ({"AT_MOST": "10"}, "AT_MOST is no variable"),
    "as_the_exchange_writes_it": ({"loanCurrency": "USDT"}, "write loan_currency"),
    "prefixed": ({"bybit_at_most": "10"}, "bybit_at_most is no variable of treasury.bybit, so nothing was sent: write at_most"),
    "spaced": ({"at most": "10"}, "at most is no variable of treasury.bybit, so nothing was sent: write at_most"),
    "a_result": ({"flexible": "true"}, "flexible is a name by which the playbook keeps a result, so nothing was sent: leave it out."),
    "null": ({"at_most": None}, "at_most is given without a value"),
    "empty": ({"at_most": " "}, "at_most is given without a value"),
    "no_journal": ({"journal": None}, "journal is given without a value, so nothing was sent"),
    "both": ({"at_most": "1", "at_most_each": "1"}, "at_most and at_most_each are both given"),
    "no_amount": ({"at_most_each": "-1"}, "at_most_each '-1' is not an amount"),
    "zero": ({"at_most_each": "0.0"}, "at_most_each '0.0' is not an amount"),
    "no_host": ({"environment_name": "main"}, "environment_name 'main' is no environment of the exchange"),
    "no_switch": ({"sandbox": "ture"}, "sandbox 'ture' is neither true nor false"),
    "two_hosts": ({"sandbox": True, "environment_name": "mainnet"}, "sandbox and environment_name both name a host"),
    "secret": ({"apiKey": "hushed-apiKey"}, "apiKey is no variable of treasury.bybit, so nothing was sent: write api_key"),
}


def test_each_variable_alone_is_used_or_refused(play, tmp_path) -> None:
    """A host for each case, so that one run tries them all; playbooks take turns, and get all of them at once below."""
    users = {word: [name for name in PLAYBOOKS if word in USED[name]] for word in WORDS}
    others = {word: [name for name in PLAYBOOKS if word not in USED[name]] for word in WORDS}
    refused = {f"{word}-in-{names[number % len(names)]}": word for number, (word, names) in enumerate(others.items()) if names}
    accepted = {f"{word}-in-{names[number % len(names)]}": word for number, (word, names) in enumerate(users.items()) if names}
    hosts = {host: {"this_playbook": host.rpartition("-")[2], word: value_of(word)} for host, word in (refused | accepted).items()}
    hosts |= {name: {"this_playbook": "pay_off", **given} for name, (given, _said) in MISTAKES.items()}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    tasks = [{"ansible.builtin.import_tasks": str(CHECK)}]
    ended = play(yaml.safe_dump([{"hosts": "all", "connection": "local", "gather_facts": False, "tasks": tasks}]), "-i", "hosts.yml")
    found = re.findall(r"^fatal: \[(\S+)\]: FAILED! => (\{.*\})$", ended.stdout, re.MULTILINE)
    said = {host: json.loads(result)["msg"] for host, result in found}
    assert set(said) == {*refused, *MISTAKES}, ended.stdout
    for host, word in refused.items():
        shown = word if word in SECRET else f"{word} '{value_of(word)}'"
        assert said[host].startswith(f"{shown} is not used by treasury.bybit.{host.rpartition('-')[2]}, so nothing was sent: ")
        remedy = said[host].partition("sent: ")[2]
        if remedy.startswith("leave it out, or play "):
            assert re.findall(r"treasury\.bybit\.(\w+)", remedy) == users[word]
        else:
            assert remedy.startswith(("give ", "write a task with treasury.bybit.bybit_"))
    assert [(name, said[name]) for name, (_given, part) in MISTAKES.items() if part not in said[name]] == []
    assert "hushed-" not in ended.stdout


@pytest.fixture
def given(play, sandbox) -> t.Callable[..., Given]:
    """Run a playbook with variables."""

    def call(name: str, variables: dict[str, t.Any], *arguments: str) -> Given:
        if name == "accounts":
            arguments = ("-i", str(INVENTORY / "accounts.yml"), "--vault-password-file", str(INVENTORY / "password"), *arguments)
        ended = play(f"treasury.bybit.{name}", *arguments, "-e", json.dumps({**NEEDED[name], **variables}))
        repayments = [entry for account in sandbox.state()["accounts"] for entry in account["repayments"] if entry["origin"] == "api"]
        posts = [request for request in sandbox.requests()["requests"] if request["method"] == "POST"]
        assert len(posts) == len(repayments)
        return Given(ended.returncode, ended.stdout, sorted(f"{entry['amount']} {entry['coin']}" for entry in repayments))

    return call


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_sends_nothing_when_it_is_given_what_it_does_not_use(given, sandbox, name: str) -> None:
    unused = [word for word in WORDS if word not in USED[name]]
    ended = given(name, {word: value_of(word) for word in unused})
    assert ended.code == 2
    assert [word for word in unused if not re.search(rf"\b{word}( '[^']*')? is not used by treasury.bybit.{name}, so", ended.said)] == []
    assert sandbox.requests()["requests"] == []


SEVERAL = "is the cap of the whole run, but {} loans are to be repaid, so nothing was sent: select one of them ({}), or give at_most_each"
SOLD = "the exchange returned no ID for it, but its history shows it"
# Playbook, variables, what is paid, whether that is all that was wanted, and what is said.
BOUNDS = [
    ("deleverage", {"at_most": "10"}, [], False, SEVERAL.format(3, "loan_currency, loan_id, product")),
    ("pay_off", {"at_most": "10", "product": "flexible"}, [], False, SEVERAL.format(2, "loan_currency, loan_id, product")),
    ("sweep_maturing", {"at_most": "10"}, [], False, SEVERAL.format(3, "loan_currency, loan_id")),
    ("deleverage", {"max_ltv": "1.5"}, [], False, "max_ltv '1.5' is not a fraction between 0 and 1: give '0.5' for 50 %"),
    ("sweep_maturing", {"days": "7d"}, [], False, "days '7d' is not a whole number of days"),
    ("accounts", {"installment": "1e3"}, [], False, "installment '1e3' is not an amount"),
    ("pay_off", {"product": "legacy", "collateral": "BTC"}, [], False, "collateral 'BTC' cannot repay a legacy loan"),
    ("repay", {"amount": "100", "at_most": "10"}, [], False, "amount '100' takes 100 USDT"),
    ("repay", {"amount": "100", "reference": "invoice 1"}, ["100 USDT"], True, "Repaid 100 USDT"),
    ("repay", {"max_debt": "990", "reference": "invoice 1"}, [], False, "reference 'invoice 1' names a step"),
    ("repay", {"max_debt": "990", "at_most": "10"}, [], False, "max_debt '990' takes 10.4 USDT"),
    ("repay", {"max_ltv": "0.4", "at_most": "10"}, [], False, "max_ltv '0.4' takes "),
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
]


@pytest.mark.parametrize(("name", "variables", "paid", "is_all", "says"), BOUNDS, ids=["-".join([one[0], *one[1]]) for one in BOUNDS])
def test_a_bound_holds(given, name: str, variables: dict[str, t.Any], paid: list[str], is_all: bool, says: str) -> None:
    ended = given(name, variables)
    assert ended.paid == paid, ended.said
    assert (ended.code == 0) is is_all, ended.said
    assert says in ended.said


def test_every_bound_of_every_playbook_is_held_to() -> None:
    """A bound that a playbook takes has a case above, in which the ledger shows that it held."""
    bounds = set(WORDS) - FOR_ALL - {"sandbox", "amount", "installment", "order_id"}
    tried = {(name, word) for name, variables, *dummy in BOUNDS for word in {**NEEDED[name], **variables}}
    assert {"at_most", "max_debt", "product"} < bounds
    assert {(name, word) for name in PLAYBOOKS for word in USED[name] & bounds} - tried == set()


def test_a_reference_is_paid_once(given) -> None:
    variables = {"amount": "100", "reference": "invoice 1"}
    assert given("repay", variables).paid == ["100 USDT"]
    again = given("repay", variables)
    assert (again.code, again.paid) == (0, ["100 USDT"])
    assert "Reference 'invoice 1' was used before: 100 USDT" in again.said


def test_an_imported_playbook_takes_its_bounds_from_the_import(play, paid) -> None:
    text = yaml.safe_dump([{"import_playbook": "treasury.bybit.installment", "vars": {**NEEDED["installment"], "at_most": "10"}}])
    assert play(text).returncode == 2
    assert paid() == ["10"]
    text = yaml.safe_dump([{"import_playbook": "treasury.bybit.installment", "vars": {**NEEDED["installment"], "at_most_each": "10"}}])
    ended = play(text)
    assert "at_most_each '10' is not used by treasury.bybit.installment, so nothing was sent: give at_most." in ended.stdout
    assert paid() == ["10"]


def test_each_name_of_a_result_is_kept_from_variables() -> None:
    text = CHECK.read_text()
    kept = set(re.findall(r"'(\w+)'", text.partition("names_of_results:")[2].partition("]")[0]))
    registered = {name for file in CHECK.parent.parent.glob("*.yml") for name in re.findall(r"register: (\w+)", file.read_text())}
    # That one is also a variable of a playbook.
    assert registered - {"paid"} == kept


def test_a_sandbox_of_the_inventory_is_not_overlooked(play, sandbox, tmp_path) -> None:
    (tmp_path / "hosts").write_text("localhost sandbox=true\n")
    ended = play("treasury.bybit.pay_off", "-i", "hosts", "-e", "product=flexible")
    assert ended.returncode == 2
    assert "sandbox is set in the inventory, where this playbook ignores it, so nothing was sent" in ended.stdout
    assert sandbox.requests()["requests"] == []


def test_without_accounts_the_playbook_of_the_accounts_fails(play) -> None:
    ended = play("treasury.bybit.accounts", "-i", "localhost,")
    assert ended.returncode == 2
    assert "No account was found: give an inventory with the group treasury" in ended.stdout

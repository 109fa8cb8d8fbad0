# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every playbook and every variable of the collection: the variable is used, or the playbook fails before anything is sent."""

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
from bounds import BOUNDS, NEEDED

CHECKOUT = Path(__file__).resolve().parents[3]
PLAYBOOKS = sorted(file.stem for file in (CHECKOUT / "playbooks").glob("*.yml"))
CHECK = CHECKOUT / "playbooks" / "tasks" / "check_variables.yml"
LISTS = yaml.safe_load(CHECK.read_text())[0]["vars"]
FOR_ALL = set(LISTS["words_for_all"])
USED = {name: {*words, *(FOR_ALL if name != "demo" else ())} for name, words in LISTS["words_used_by"].items()}
WORDS = sorted({*LISTS["words_for_none"], *FOR_ALL}.union(*USED.values()))
SECRET = set(LISTS["words_that_may_be_secret"])
# Playbook variables that are not module options.
OWN = {
    *("at_most_added", "at_most_each", "at_most_repaid", "balances", "bybit_api_key", "bybit_api_secret", "bybit_rsa_private_key", "days"),
    *("environment_name", "installment", "sandbox", "trigger_ltv"),
}
INVENTORY = CHECKOUT / "playbooks" / "inventory"


class Given(t.NamedTuple):
    """How a playbook ended, and what it repaid, added to the collateral, and transferred."""

    code: int
    said: str
    paid: list[str]


@pytest.fixture
def options() -> set[str]:
    """The options of all modules that use the exchange. Filters of the journal bound nothing, and their names are common words."""
    names = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text())["action_groups"]["bybit"]
    modules = [importlib.import_module(f"ansible_collections.treasury.bybit.plugins.modules.{name}") for name in names]
    return {option for module in modules for option in module.SPEC.options}


def test_the_variables_file_names_every_option_and_variable(options) -> None:
    assert set(WORDS) == options | OWN
    assert sorted(USED) == PLAYBOOKS
    assert set(LISTS["words_for_none"]) == set(WORDS).difference(*USED.values())


def test_options_that_modules_hide_are_not_shown() -> None:
    hidden = {name for name, option in {**connection_argument_spec(), **repay_argument_spec()}.items() if option.get("no_log")}
    # An address may contain a password.
    assert SECRET == hidden | {word for word in OWN if word.startswith("bybit_")} | {"api_url"}


def names_in(value: t.Any, key: str = "") -> t.Iterator[str]:
    """Return the variables that the templates in a document use."""
    for inner_key, inner in value.items() if isinstance(value, dict) else [(key, i) for i in value] if isinstance(value, list) else ():
        yield from names_in(inner, inner_key)
    if isinstance(value, str):
        template = f"{{{{ {value} }}}}" if key in ("when", "that") else value
        yield from (node.name for node in jinja2.Environment().parse(template).find_all(jinja2.nodes.Name))


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_uses_the_variables_of_its_list(name: str) -> None:
    plays = yaml.safe_load((CHECKOUT / "playbooks" / f"{name}.yml").read_text())
    # The task file about the cap uses at_most as well, but only modules enforce it.
    assert set(names_in(plays)) & set(WORDS) == USED[name]
    first = next(play["tasks"][0] for play in plays)
    assert first["ansible.builtin.import_tasks"] == {"file": f"tasks/{CHECK.name}"}
    assert first["vars"] == {"this_playbook": name}


def test_run_and_connection_options_are_passed_once_for_all_tasks() -> None:
    own_words = {"environment": "environment_name", **{name: f"bybit_{name}" for name in ("api_key", "api_secret", "rsa_private_key")}}
    run_options = FOR_ALL.intersection(repay_argument_spec()) | {"allow_partial"}
    for name in set(PLAYBOOKS) - {"demo"}:
        plays = yaml.safe_load((CHECKOUT / "playbooks" / f"{name}.yml").read_text())
        [defaults] = [play["module_defaults"] for play in plays if "module_defaults" in play]
        assert set(defaults["group/treasury.bybit.bybit"]) == set(connection_argument_spec())
        # Neither caps nor options of repayments alone fit every module that moves money.
        repays = defaults.get("group/treasury.bybit.bybit_repay", {})
        assert set(repays or defaults["group/treasury.bybit.bybit_operation"]) == run_options | ({"at_most", "fund_from"} if repays else set())
        for option, value in [(option, value) for group in defaults.values() for option, value in group.items()]:
            assert own_words.get(option, option) in names_in(value), (name, option)


def value_of(word: str) -> str:
    known = {"sandbox": "true", "environment_name": "testnet", **dict.fromkeys(("at_most_added", "at_most_each", "at_most_repaid"), "1.5")}
    return known.get(word, f"{'hushed' if word in SECRET else 'told'}-{word}")


# Variables that would be misunderstood, and the message about each.
MISTAKES = {
    "hyphen": ({"at-most": "10"}, "at-most is not a variable of treasury.bybit, so nothing was sent: use at_most, or omit it."),
    "capitals": ({"AT_MOST": "10"}, "AT_MOST is not a variable"),
    "as_the_exchange_writes_it": ({"loanCurrency": "USDT"}, "use loan_currency"),
    "prefixed": ({"bybit_at_most": "10"}, "bybit_at_most is not a variable of treasury.bybit, so nothing was sent: use at_most"),
    "spaced": ({"at most": "10"}, "at most is not a variable of treasury.bybit, so nothing was sent: use at_most"),
    "a_result": ({"flexible": "true"}, "flexible is the name of a result of this playbook, so nothing was sent: omit it, or rename your variable."),
    "null": ({"at_most": None}, "at_most has no value"),
    "empty": ({"at_most": " "}, "at_most has no value"),
    "no_journal": ({"journal": None}, "journal has no value, so nothing was sent"),
    "both": ({"at_most": "1", "at_most_each": "1"}, "at_most and at_most_each are both set"),
    "no_amount": ({"at_most_each": "-1"}, "at_most_each '-1' is not an amount"),
    "zero": ({"at_most_each": "0.0"}, "at_most_each '0.0' is not an amount"),
    "exponent": ({"at_most_each": "1e3"}, "at_most_each '1e3' is not an amount"),
    "no_host": ({"environment_name": "main"}, "environment_name 'main' is not an environment of the exchange"),
    "no_switch": ({"sandbox": "ture"}, "sandbox 'ture' is neither true nor false"),
    "two_hosts": ({"sandbox": True, "environment_name": "mainnet"}, "sandbox and environment_name both select a host"),
    "secret": ({"apiKey": "hushed-apiKey"}, "apiKey is not a variable of treasury.bybit, so nothing was sent: use api_key"),
}


def test_each_variable_alone_is_used_or_refused(play, tmp_path) -> None:
    """One run tries all cases, each on its own host. The playbooks alternate, and get all variables at once below."""
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
        assert said[host].startswith(f"{shown} is not a variable of treasury.bybit.{host.rpartition('-')[2]}, so nothing was sent: ")
        remedy = said[host].partition("sent: ")[2]
        if remedy.startswith("omit it, or run "):
            assert re.findall(r"treasury\.bybit\.(\w+)", remedy) == users[word]
        else:
            assert remedy.startswith(("set ", "write a task with treasury.bybit.bybit_"))
    assert [(name, said[name]) for name, (_given, part) in MISTAKES.items() if part not in said[name]] == []
    assert "hushed-" not in ended.stdout


def moves_of(account: dict) -> t.Iterator[str]:
    """Return what was moved through the API: added collateral with a plus sign, and transfers with a word."""
    yield from (f"{entry['amount']} {entry['coin']}" for entry in account["repayments"] if entry["origin"] == "api")
    for entry in [*account["adjustments"], *account["legacy_adjustments"]]:
        yield f"{'+' if entry['direction'] == '0' else '-'}{entry['amount']} {entry['coin']}"
    yield from (f"to {entry['to']} {entry['amount']} {entry['coin']}" for entry in account["transfers"])


@pytest.fixture
def given(play, sandbox) -> t.Callable[..., Given]:
    """Run a playbook with variables."""

    def call(name: str, variables: dict[str, t.Any], *arguments: str) -> Given:
        if name == "accounts":
            arguments = ("-i", str(INVENTORY / "accounts.yml"), "--vault-password-file", str(INVENTORY / "password"), *arguments)
        ended = play(f"treasury.bybit.{name}", *arguments, "-e", json.dumps({**NEEDED[name], **variables}))
        moved = [move for account in sandbox.state()["accounts"] for move in moves_of(account)]
        posts = [request for request in sandbox.requests()["requests"] if request["method"] == "POST"]
        assert len(posts) == len(moved)
        return Given(ended.returncode, ended.stdout, sorted(moved))

    return call


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_that_gets_a_variable_it_does_not_use_sends_nothing(given, sandbox, name: str) -> None:
    unused = [word for word in WORDS if word not in USED[name]]
    ended = given(name, {word: value_of(word) for word in unused})
    assert ended.code == 2
    assert [word for word in unused if not re.search(rf"\b{word}( '[^']*')? is not a variable of treasury.bybit.{name}, so", ended.said)] == []
    assert sandbox.requests()["requests"] == []


@pytest.mark.parametrize(("name", "variables", "paid", "is_all", "says"), BOUNDS, ids=["-".join([one[0], *one[1]]) for one in BOUNDS])
def test_a_bound_holds(given, name: str, variables: dict[str, t.Any], paid: list[str], is_all: bool, says: str) -> None:
    ended = given(name, variables)
    assert ended.paid == paid, ended.said
    assert (ended.code == 0) is is_all, ended.said
    assert says in ended.said


def test_every_bound_of_every_playbook_has_a_case() -> None:
    """Each bound of a playbook has a case above, in which the ledger shows that it held."""
    # These are no bounds: what comes from UNIFIED is within the cap of its repayment.
    bounds = set(WORDS) - FOR_ALL - {"sandbox", "amount", "installment", "order_id", "fund_from"}
    tried = {(name, word) for name, variables, *dummy in BOUNDS for word in {**NEEDED[name], **variables}}
    assert {"at_most", "max_debt", "product"} < bounds
    assert {(name, word) for name in PLAYBOOKS for word in USED[name] & bounds} - tried == set()


def test_a_reference_is_paid_once(given) -> None:
    variables = {"amount": "100", "reference": "invoice 1"}
    assert given("repay", variables).paid == ["100 USDT"]
    again = given("repay", variables)
    assert (again.code, again.paid) == (0, ["100 USDT"])
    assert "Nothing was sent: reference 'invoice 1' was already used for 100 USDT" in again.said


def test_an_imported_playbook_gets_its_bounds_from_the_import(play, paid) -> None:
    text = yaml.safe_dump([{"import_playbook": "treasury.bybit.installment", "vars": {**NEEDED["installment"], "at_most": "10"}}])
    assert play(text).returncode == 2
    assert paid() == ["10"]
    text = yaml.safe_dump([{"import_playbook": "treasury.bybit.installment", "vars": {**NEEDED["installment"], "at_most_each": "10"}}])
    ended = play(text)
    assert "at_most_each '10' is not a variable of treasury.bybit.installment, so nothing was sent: set at_most." in ended.stdout
    assert paid() == ["10"]


def test_the_check_knows_the_name_of_every_registered_result() -> None:
    text = CHECK.read_text()
    kept = set(re.findall(r"'(\w+)'", text.partition("names_of_results:")[2].partition("]")[0]))
    registered = {name for file in CHECK.parent.parent.glob("*.yml") for name in re.findall(r"register: (\w+)", file.read_text())}
    # This one is also a playbook variable.
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
    assert "The inventory has no group treasury: use one that has" in ended.stdout

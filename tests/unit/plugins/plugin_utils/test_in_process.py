# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module in Ansible's process answers like one that uses C(AnsibleModule)."""

from __future__ import annotations

import datetime
import json
import signal
import time
import typing as t
from types import SimpleNamespace

import pytest
from ansible.module_utils.common.parameters import PASS_VARS
from ansible.module_utils.testing import patch_module_args
from ansible_collections.treasury.bybit.plugins.module_utils._module.interface import Spec
from ansible_collections.treasury.bybit.plugins.module_utils._module.redaction import PART, WHOLE
from ansible_collections.treasury.bybit.plugins.plugin_utils._in_process import MODULES, InProcessModule, UnsupportedValue, native

try:
    from ansible.module_utils.secrets import mask_secrets
except ImportError:
    mask_secrets = None

LOAN = "1794267532472646144"
SECRET = "NeedleNeedleNeedle0123456789"
REPAY, FLEXIBLE, FIXED, INFO, HISTORY, COLLATERAL, TRANSFER, POLICY = (
    "bybit_loan_repay", "bybit_flexible_loan_repay", "bybit_fixed_loan_repay", "bybit_loan_info", "bybit_loan_repayment_info",
    "bybit_loan_collateral", "bybit_funding_transfer", "bybit_loan_policy",
)
DUE = [{"name": "due", "before_maturity": "3d"}]
SIGNED = {"api_key": "key-of-somebody", "api_secret": SECRET}
REFUSED: list[tuple[str, dict[str, t.Any]]] = [
    # Missing options.
    (REPAY, {"amount": "1"}),
    (REPAY, {"order_id": LOAN}),
    (REPAY, {}),
    (FLEXIBLE, {"amount": "1"}),
    (FIXED, {}),
    (COLLATERAL, {"add": "1"}),
    (COLLATERAL, {"order_id": LOAN}),
    (TRANSFER, {"amount": "1"}),
    (TRANSFER, {"coin": "USDT"}),
    (POLICY, {"rules": DUE}),
    (POLICY, {"mode": "plan", "rules": [{"before_maturity": "3d"}]}),
    (REPAY, {"order_id": LOAN, "since": "2026-01-01", "max_debt": "5"}),
    (INFO, {"api_key": "key"}),
    (INFO, {"api_key": "", "api_secret": ""}),
    # Wrong choices.
    (INFO, {"environment": "moonnet"}),
    (INFO, {"product": ["legacy", "légère"]}),
    (HISTORY, {"status": "nothing"}),
    (POLICY, {"mode": "check", "rules": DUE}),
    (POLICY, {"mode": "plan", "rules": [{"name": "due", "loans": {"product": "spot"}}]}),
    # Wrong types.
    (REPAY, {"order_id": LOAN, "amount": "1", "wait": "perhaps"}),
    (REPAY, {"order_id": LOAN, "amount": "1", "wait_timeout": "soon"}),
    (REPAY, {**SIGNED, "order_id": [1, 2], "amount": "1"}),
    (REPAY, {**SIGNED, "order_id": {"a": 1}, "amount": {"b": [1, None, 2.5]}}),
    (FLEXIBLE, {"loan_currency": "USDT", "amount": "1", "collateral": {"BTC": 1}}),
    (INFO, {"api_key": 1, "api_secret": 2, "recv_window": [1]}),
    (POLICY, {"mode": "plan", "rules": "due"}),
    (POLICY, {"mode": "plan", "rules": DUE, "funds": {"keep": None}}),
    # Out of range.
    (INFO, {**SIGNED, "recv_window": 0}),
    (INFO, {**SIGNED, "api_timeout": -1}),
    (REPAY, {**SIGNED, "order_id": LOAN, "amount": "1", "lock_timeout": 99999999}),
    # Unknown options.
    (REPAY, {"order_id": LOAN, "amount": "1", "frequency": "often"}),
    (HISTORY, {"amount": "1", "nothing": None}),
    (POLICY, {"mode": "plan", "rules": DUE, "at_most": "1"}),
    # Options that exclude each other.
    (REPAY, {"order_id": LOAN, "amount": "1", "max_debt": "5"}),
    (FIXED, {"loan_id": "570", "loan_currency": "USDT"}),
    (COLLATERAL, {"order_id": LOAN, "currency": "BTC", "add": "1"}),
    (COLLATERAL, {"currency": "BTC", "add": "1", "min_ltv": "0.5"}),
    (TRANSFER, {"coin": "USDT", "amount": "1", "ensure": "1"}),
    (INFO, {**SIGNED, "environment": "testnet", "api_url": "https://127.0.0.1:1"}),
    (TRANSFER, {"coin": "USDT", "amount": "1", "from_account_type": "SPOT"}),
    (TRANSFER, {**SIGNED, "coin": "USDT", "amount": "1", "from_account_type": "FUND"}),
    # Null variables.
    (COLLATERAL, {**SIGNED, "order_id": None, "add": "1"}),
    (COLLATERAL, {**SIGNED, "currency": "BTC", "max_ltv": None}),
    (TRANSFER, {**SIGNED, "coin": "USDT", "ensure": None}),
    (TRANSFER, {**SIGNED, "coin": "USDT", "ensure": "1", "to_account_type": None}),
    # Amounts and IDs.
    *((REPAY, {**SIGNED, "order_id": LOAN, "amount": amount}) for amount in ("-1", "", "١٢", True, float("inf"))),
    (REPAY, {**SIGNED, "order_id": LOAN, "amount": None}),
    (REPAY, {**SIGNED, "order_id": "löan ☃ 🐍", "amount": "1"}),
    (INFO, {**SIGNED, "loan_currency": "ÜSDT"}),
    (INFO, {**SIGNED, "loan_id": "a\u0000b\nc"}),
    (INFO, {**SIGNED, "ltv_above": 5}),
    (REPAY, {**SIGNED, "order_id": LOAN, "amount": "1", "journal": ""}),
    (REPAY, {**SIGNED, "order_id": LOAN, "amount": "1", "journal": "mysql://db/treasury"}),
    (REPAY, {**SIGNED, "order_id": LOAN, "amount": "1", "journal": "postgresql://db/treasury?colour=red"}),
    # Secrets in other options, and in messages about them.
    (INFO, {**SIGNED, "environment": SECRET}),
    (INFO, {**SIGNED, "product": [SECRET]}),
    (INFO, {**SIGNED, "recv_window": SECRET}),
    (REPAY, {**SIGNED, "order_id": f"{SECRET} ", "amount": SECRET}),
    (REPAY, {**SIGNED, "order_id": LOAN, "amount": "1", "journal": f"relative/{SECRET}"}),
    (REPAY, {**SIGNED, "order_id": LOAN, "amount": "1", "journal": f"postgresql://me:{SECRET}@db/treasury?colour=red"}),
    (INFO, {**SIGNED, "ca_path": f"/nowhere/{SECRET}"}),
    (INFO, {"api_key": "key-of-somebody", "api_secret": f"{SECRET} "}),
    (INFO, {**SIGNED, "rsa_private_key": SECRET}),
    (INFO, {"api_key": "key-of-somebody", "rsa_private_key": f"/nowhere/{SECRET}"}),
    (INFO, {**SIGNED, "api_url": f"http://user:{SECRET}@127.0.0.1:1"}),
    (INFO, {**SIGNED, "api_url": f"ftp://{SECRET}"}),
]
INJECTED = {"ansible_inject_invocation": True}
# Before 2.21, ansible-core always returns the invocation, and knows no such option.
HAS_OPTION = "inject_invocation" in PASS_VARS
INJECTED_APART = {"_ansible_inject_invocation": True} if HAS_OPTION else {}


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tasks that are not refused find no exchange."""
    monkeypatch.setenv("BYBIT_API_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("BYBIT_JOURNAL", "/nowhere/journal.sqlite")


def action_of(name: str, args: dict[str, t.Any]) -> t.Any:
    task = SimpleNamespace(action=f"treasury.bybit.{name}", args=args, check_mode=False, diff=False, no_log=True)
    return SimpleNamespace(_task=task)


def here(name: str, args: dict[str, t.Any], **variables: t.Any) -> dict[str, t.Any]:
    module = InProcessModule(action_of(name, args), MODULES[name].SPEC, variables)
    if module.refusal:
        module.emit({"msg": module.refusal}, failed=True)
    else:
        MODULES[name].run(module)
    assert module.result is not None
    return module.result


def apart(capsys: pytest.CaptureFixture[str], name: str, args: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    of_ansible = {"_ansible_module_name": f"treasury.bybit.{name}", "_ansible_no_log": True, **more}
    with patch_module_args({**args, **of_ansible}), pytest.raises(SystemExit):
        MODULES[name].main()
    result: dict[str, t.Any] = json.loads(capsys.readouterr().out)
    # From 2.22, the process of a module passes its secrets to Ansible, which takes them out of the result.
    result.pop("_ansible_new_secrets", None)
    return result


def shown(value: t.Any) -> t.Any:
    """Return a result without what ansible-core masks when it shows it: from 2.22, it remembers the secrets of every case."""
    if mask_secrets is None:
        return value
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shown(item) for item in value]
    return "masked" if PART in mask_secrets(str(value)) else value


@pytest.mark.parametrize(("name", "args"), REFUSED, ids=str)
def test_a_refusal_has_the_same_result(
    capsys: pytest.CaptureFixture[str], name: str, args: dict[str, t.Any]
) -> None:
    there = apart(capsys, name, args, **INJECTED_APART)
    result = here(name, args, **INJECTED)
    assert there["failed"]
    assert shown(result) == shown(there)
    assert SECRET not in json.dumps(result)


@pytest.mark.parametrize("injects", [True, False])
def test_the_invocation_is_returned_if_ansible_asks_for_it(injects: bool) -> None:
    result = here(INFO, {**SIGNED, "recv_window": "0", "environment": "testnet"}, ansible_inject_invocation=injects)
    assert ("invocation" in result) == (injects or not HAS_OPTION)
    if injects:
        args = result["invocation"]["module_args"]
        assert (args["api_secret"], args["recv_window"]) == (WHOLE, 0)


OLD = Spec(
    {
        "loan_id": {"type": "str", "aliases": ["order_id", "id"], "deprecated_aliases": [
            {"name": "id", "version": "2.0.0", "collection_name": "treasury.bybit"},
        ]},
        "coin": {"type": "str", "removed_in_version": "3.0.0", "removed_from_collection": "treasury.bybit"},
    },
    {},
)


def test_aliases_and_deprecations_are_returned() -> None:
    module = InProcessModule(action_of(REPAY, {"order_id": "1", "loan_id": "2", "id": "3", "coin": "BTC"}), OLD, {})
    module.emit({}, failed=False)
    assert module.params["loan_id"] == "3"
    assert module.result is not None
    assert "Both option loan_id and its alias order_id are set." in module.result["warnings"]
    found = {(entry["msg"], entry["version"], entry["collection_name"]) for entry in module.result["deprecations"]}
    assert found == {
        ("Alias 'id' is deprecated. See the module docs for more information", "2.0.0", "treasury.bybit"),
        ("Param 'coin' is deprecated. See the module docs for more information", "3.0.0", "treasury.bybit"),
    }


def test_warnings_hide_secrets() -> None:
    module = InProcessModule(action_of(REPAY, {"token": SECRET}), Spec({"token": {"type": "str", "no_log": True}}, {}), {})
    module.warn(f"Beware of {SECRET}.")
    module.hide(["dog"])
    module.warn("Beware of the dog.")
    module.emit({}, failed=False)
    assert module.result is not None
    assert module.result["warnings"] == [f"Beware of {PART}.", f"Beware of the {PART}."]


class TooLate(Exception):
    """Raised by a task's timeout."""


def test_a_timeout_does_not_discard_a_result() -> None:
    def ring(*dummy: object) -> None:
        raise TooLate

    module = InProcessModule(action_of(REPAY, {}), Spec({}, {}), {})
    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        module.emit({"outcome": "executed"}, failed=False)
        time.sleep(0.1)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert module.result is not None
    assert module.result["outcome"] == "executed"


class Text(str):
    """Text with an annotation by Ansible."""

    def __str__(self) -> str:
        return "something else"


class Number(int):
    pass


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None), (True, True), (Text("ETH"), "ETH"), (Number(3), 3), (0.1, 0.1),
        (datetime.date(2026, 11, 22), "2026-11-22"),
        (datetime.datetime(2026, 11, 22, 8, 0, tzinfo=datetime.timezone.utc), "2026-11-22T08:00:00+00:00"),
        ((1, (2, Text("x"))), [1, [2, "x"]]), ({Text("a"): [Text("b")]}, {"a": ["b"]}),
    ],
)
def test_values_lose_the_annotations_of_ansible(value: t.Any, plain: t.Any) -> None:
    found = native(value)
    assert found == plain
    assert type(found) is type(plain)
    assert json.dumps(found) == json.dumps(plain)


@pytest.mark.parametrize("value", [{1, 2}, b"x", object(), [range(3)], {"a": {"b": {3}}}])
def test_a_value_that_no_variable_can_have_is_refused(value: t.Any) -> None:
    with pytest.raises(UnsupportedValue):
        native(value)

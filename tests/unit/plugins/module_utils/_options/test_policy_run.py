# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options of C(bybit_loan_policy) ask a run for, beside the policy itself. And which ones are refused."""

from __future__ import annotations

import copy
import os
import textwrap
import typing as t
from decimal import Decimal

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._goal import RunOptions
from ansible_collections.treasury.bybit.plugins.module_utils._options.policy_run import PolicyRun, parse_policy_run, policy_run_argument_spec
from hypothesis import given
from hypothesis import strategies as st
from policy_requests import MONTHLY, UNQUOTED, declare

D = Decimal
HOUR_MS = 3_600_000


def validated(text: str) -> dict[str, t.Any]:
    """Return the options of a run as a module gets them."""
    result = ArgumentSpecValidator(policy_run_argument_spec()).validate(yaml.safe_load(f"{MONTHLY}\n{textwrap.dedent(text)}"))
    assert result.error_messages == []
    return result.validated_parameters


def ask(text: str) -> PolicyRun:
    return parse_policy_run(validated(text))


def test_the_shortest_run() -> None:
    waiting = RunOptions(wait=True, wait_timeout_ms=60_000, settle_margin_ms=10_000, lock_timeout_ms=180_000, acknowledge=None)
    assert ask("mode: plan") == PolicyRun(declare(MONTHLY), "plan", None, 24 * HOUR_MS, D("0.01"), waiting)


def test_a_run_with_all_options() -> None:
    asked = ask(
        """
        mode: apply
        plan_file: /var/lib/treasury/plan.json
        plan_expires_after: 3d
        tolerance: "0.005"
        wait: false
        wait_timeout: 5
        settle_margin: 6
        lock_timeout: 7
        """
    )
    assert asked == PolicyRun(
        declare(MONTHLY), "apply", "/var/lib/treasury/plan.json", 72 * HOUR_MS, D("0.005"), RunOptions(False, 5000, 6000, 7000, None)
    )


def test_a_run_has_no_options_of_a_single_operation() -> None:
    assert {"at_most", "allow_partial", "reference", "acknowledge"} & set(policy_run_argument_spec()) == set()


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("plan_file: plan.json", "plan_file", os.path.join(os.getcwd(), "plan.json")),
        ("plan_file: /var/../srv/plan.json", "plan_file", "/srv/plan.json"),
        ("plan_file: ~/plan.json", "plan_file", os.path.expanduser("~/plan.json")),
        ("plan_file: null", "plan_file", None),
        ("plan_expires_after: 12h", "expires_after_ms", 12 * HOUR_MS),
        ("plan_expires_after: ' 1h '", "expires_after_ms", HOUR_MS),
        ("tolerance: '0'", "tolerance", D(0)),
        ("tolerance: '0.999'", "tolerance", D("0.999")),
    ],
)
@pytest.mark.parametrize("mode", ["plan", "apply"])
def test_the_plan_file(mode: str, text: str, field: str, value: object) -> None:
    assert getattr(ask(f"mode: {mode}\n{text}"), field) == value


NO_FRACTION = "is not a fraction between 0 and 1: use '0.5' for 50 %, for example."
NO_DURATION = "is not a duration: use whole days such as '3d', or hours such as '36h'."
NO_TIME = "leaves no time to apply the plan: use hours such as '12h', or days such as '3d'."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("plan_file: ''", "plan_file '' is empty: set the path of a file, or omit it to plan and apply at once."),
        ("plan_file: '  '", "plan_file '  ' is empty: set the path of a file, or omit it to plan and apply at once."),
        ('plan_file: "/tmp/a\\0b"', "plan_file '/tmp/a\N{REPLACEMENT CHARACTER}b' is not a path of printable characters: set another path."),
        ("plan_expires_after: soon", f"plan_expires_after 'soon' {NO_DURATION}"),
        ("plan_expires_after: ''", f"plan_expires_after '' {NO_DURATION}"),
        ("plan_expires_after: 90m", f"plan_expires_after '90m' {NO_DURATION}"),
        ("plan_expires_after: 24", "plan_expires_after '24' has no unit: use '24d' for days or '24h' for hours."),
        ("plan_expires_after: 0h", f"plan_expires_after '0h' {NO_TIME}"),
        ("plan_expires_after: 00d", f"plan_expires_after '00d' {NO_TIME}"),
        ("tolerance: null", "tolerance has no value: use a fraction such as '0.01'."),
        ("tolerance: 0.01", f"tolerance 0.01 {UNQUOTED} '0.01'."),
        ("tolerance: 0", f"tolerance 0 {UNQUOTED} '0.01'."),
        *((f"tolerance: {value}", f"tolerance {shown} {NO_FRACTION}") for value, shown in (
            ("'1'", "'1'"), ("'-0.1'", "'-0.1'"), ("'1%'", "'1%'"), ("''", "''"), ("true", "'True'"), ("5", "'5'"),
        )),
        ("wait_timeout: -1", "wait_timeout '-1' is out of range: use a value from 0 to 86400 seconds."),
        # A policy that cannot be used is named first.
        ("limits: {per_run: {usd: '0'}}\ntolerance: '2'", "limits.per_run.usd '0' allows nothing: remove the rules that must not move money, "
         "or use check mode to see only the plan."),
    ],
)
def test_invalid_options_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        ask(f"mode: apply\n{text}")
    assert str(caught.value) == sentence
    assert caught.value.outcome == "not_executed"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "missing required arguments: mode"),
        ("mode: null", "value of mode must be one of: plan, apply, got: "),
        ("mode: check", "value of mode must be one of: plan, apply, got: check"),
    ],
)
def test_a_mode_is_required(text: str, message: str) -> None:
    """None of the modes is a default: one moves money, and the other leaves a loan undefended."""
    options = {**yaml.safe_load(MONTHLY), **yaml.safe_load(text)}
    assert ArgumentSpecValidator(policy_run_argument_spec()).validate(options).error_messages[0].startswith(message)


def test_a_variable_that_is_null_gives_no_time() -> None:
    """Some versions of Ansible make C(None) of it, others nothing."""
    with pytest.raises(BadInput, match=f"^plan_expires_after '(None)?' {NO_DURATION}$"):
        ask("mode: plan\nplan_expires_after: null")


OPTIONS = validated("mode: apply")
ANY = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2)


@given(name=st.sampled_from(["tolerance", "plan_expires_after", "plan_file"]), value=ANY, text=st.text())
def test_any_value_is_understood_or_refused_in_one_sentence(name: str, value: object, text: str) -> None:
    # Ansible makes text of all values but those of the type raw.
    options = {**copy.deepcopy(OPTIONS), name: value if name == "tolerance" else text}
    try:
        asked = parse_policy_run(options)
    except BadInput as error:
        assert str(error).startswith(name) and str(error).endswith(".") and "\n" not in str(error)
        return
    assert 0 <= asked.tolerance < 1
    assert asked.expires_after_ms > 0
    assert asked.plan_file is None or os.path.isabs(asked.plan_file)

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declared policies for the tests of their options, as YAML, through Ansible's own validation."""

from __future__ import annotations

import textwrap
import typing as t

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._options.policy import PolicyRequest, parse_policy_options, policy_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._policy.rules import Rule

# The shortest policy.
MONTHLY = "rules: [{name: monthly, loans: {coin: USDT}, installment: {amount: '500', per: month}}]"
SAFE = "ltv: {above: '0.7', down_to: '0.55'}"
UNQUOTED = "is a number without quotes, which YAML can change: put it in quotes where it is set, such as"
LTV = "rules: [{name: safe, ltv: {above: '0.7', down_to: '0.55'}}]"


def declare(text: str) -> PolicyRequest:
    """Return what a policy in YAML means.

    :raises BadInput: If the collection refuses it.
    """
    return parse_policy_options(validated(text))


def validated(text: str) -> dict[str, t.Any]:
    """Return the options of a policy as a module gets them."""
    result = ArgumentSpecValidator(policy_argument_spec()).validate(yaml.safe_load(textwrap.dedent(text)))
    assert result.error_messages == []
    return result.validated_parameters


def rule(text: str) -> Rule:
    """Return what a single rule in YAML means, with a name if it has none."""
    entry = yaml.safe_load(textwrap.dedent(text))
    return declare(yaml.safe_dump({"rules": [{"name": "R", **entry}]})).policy.rules[0]


def refuses(text: str, sentence: str) -> None:
    """Check the whole sentence with which a single rule is refused."""
    with pytest.raises(BadInput) as caught:
        rule(text)
    assert str(caught.value) == f"In rule 'R', {sentence}"

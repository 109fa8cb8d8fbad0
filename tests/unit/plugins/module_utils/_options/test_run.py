# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._goal import RunOptions
from ansible_collections.treasury.bybit.plugins.module_utils._options.collateral import collateral_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._options.connection import connection_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._options.repay import fixed_argument_spec, flexible_argument_spec, legacy_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._options.run import run_argument_spec, run_options_of
from ansible_collections.treasury.bybit.plugins.module_utils._options.transfer import transfer_argument_spec

SPECS = {
    "legacy": legacy_argument_spec, "flexible": flexible_argument_spec, "fixed": fixed_argument_spec,
    "collateral": collateral_argument_spec, "transfer": transfer_argument_spec,
}


def options(**given: object) -> dict[str, t.Any]:
    """Return the options of a step."""
    spec = {name: option.get("default") for name, option in run_argument_spec().items()}
    return {**spec, "amount": "100", **given}


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_all_modules_that_move_money_share_the_run_options(spec: t.Callable[[], dict[str, t.Any]]) -> None:
    assert run_argument_spec().items() <= spec().items()
    assert set(spec()) & set(connection_argument_spec()) == set()


def test_default_run_options() -> None:
    assert run_options_of(options()) == RunOptions(True, 60_000, 10_000, 180_000, None)


def test_other_run_options() -> None:
    given = {"wait": False, "wait_timeout": 1, "settle_margin": 2, "lock_timeout": 3, "acknowledge": "8f2a"}
    assert run_options_of(options(**given)) == RunOptions(False, 1000, 2000, 3000, "8f2a")


def test_run_options_that_limit_the_payment() -> None:
    run_options = run_options_of(options(at_most="2500.50", allow_partial=True))
    assert (run_options.at_most, run_options.allow_partial) == (Decimal("2500.5"), True)


@pytest.mark.parametrize(
    ("at_most", "sentence"),
    [
        ("0", "at_most '0' is zero: use an amount greater than zero."),
        ("lots", "at_most 'lots' is not a decimal number"),
    ],
)
def test_a_cap_that_cannot_be_used(at_most: str, sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        run_options_of(options(at_most=at_most))
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(("name", "most"), [("wait_timeout", 86_400), ("settle_margin", 3600), ("lock_timeout", 86_400)])
def test_ranges(name: str, most: int) -> None:
    for number in (0, most):
        assert getattr(run_options_of(options(**{name: number})), f"{name}_ms") == number * 1000
    for number in (-1, most + 1):
        with pytest.raises(BadInput) as caught:
            run_options_of(options(**{name: number}))
        assert str(caught.value) == f"{name} '{number}' is out of range: use a value from 0 to {most} seconds."


@pytest.mark.parametrize("reference", ["INV-2026-11", "7", "Rückzahlung November ☃", "a b", "x" * 200])
def test_a_step_may_have_a_reference(reference: str) -> None:
    assert run_options_of(options(reference=reference)).reference == reference


@pytest.mark.parametrize("reference", ["", " ", "a ", "\ta", "a\nb", "a\x00b", "x" * 201, "\u202eabc", "\ud800"], ids=ascii)
def test_an_invalid_reference_is_refused(reference: str) -> None:
    with pytest.raises(BadInput) as caught:
        run_options_of(options(reference=reference))
    message = str(caught.value)
    assert message.startswith("reference '")
    assert message.endswith("is not a valid name: use 1 to 200 printable characters without white space at either end, or omit it.")
    assert message.isprintable()


# The options that name a step in each module, and the message about a reference without one.
STEPS: list[tuple[dict[str, object], str]] = [
    ({"since": None, "amount": None}, "use it with amount without since, or omit it, because a goal moves only what is missing; repaying a whole"),
    ({"add": None, "take_back": None}, "use it with add or take_back, or omit it, because a goal moves only what is missing."),
    ({"amount": None}, "use it with amount, or omit it, because a goal moves only what is missing."),
]


def of_module(given: dict[str, object]) -> dict[str, t.Any]:
    shared = {name: option.get("default") for name, option in run_argument_spec().items()}
    return {**shared, **given, "reference": "INV-7"}


@pytest.mark.parametrize(("given", "remedy"), STEPS, ids=str)
def test_a_reference_without_a_step_is_refused(given: dict[str, object], remedy: str) -> None:
    with pytest.raises(BadInput) as caught:
        run_options_of(of_module(given))
    assert str(caught.value).startswith(f"reference 'INV-7' can name only a step: {remedy}")


@pytest.mark.parametrize(
    "given", [{"since": None, "amount": "1"}, {"add": "1", "take_back": None}, {"add": None, "take_back": 1}, {"amount": 1}], ids=str
)
def test_every_step_may_have_a_reference(given: dict[str, object]) -> None:
    assert run_options_of(of_module(given)).reference == "INV-7"

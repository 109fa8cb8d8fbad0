# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The RETURN block of each repay module is what its template generates."""

from __future__ import annotations

import pytest
import return_values


def test_the_blocks_are_current(capsys) -> None:
    assert return_values.main(["--check"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("module", return_values.VALUES)
def test_an_edited_block_is_not_current(module: str) -> None:
    source = (return_values.MODULES / f"{module}.py").read_text(encoding="utf-8")
    edited = source.replace("  description: A summary", "  description: Some summary")
    assert edited != source == return_values.with_block(module, edited)


def test_a_module_without_a_block_is_refused() -> None:
    with pytest.raises(ValueError, match="bybit_loan_repay has no RETURN block"):
        return_values.with_block("bybit_loan_repay", "EXAMPLES = ''\n")

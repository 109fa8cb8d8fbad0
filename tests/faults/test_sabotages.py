# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What make fault-sabotage takes out is there: each of its edits fits the code as it is."""

from __future__ import annotations

import pytest
from sabotages import SABOTAGES, Sabotage
from simulation.standin import ROOT


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.removed)
def test_each_edit_fits_once(sabotage: Sabotage) -> None:
    found = [(edit, (ROOT / edit.file).read_text(encoding="utf-8").count(edit.old)) for edit in sabotage.edits]
    assert [(edit, times) for edit, times in found if times != 1] == []

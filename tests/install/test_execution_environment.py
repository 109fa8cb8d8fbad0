# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The definition of the execution environment gives a build context with the collection and what it needs."""

from __future__ import annotations

import ee_check


def test_the_build_context(capsys) -> None:
    assert ee_check.main() == 0
    told = capsys.readouterr().out
    assert "- 'requests>=2.31  # from collection treasury.bybit'" in told
    assert (ee_check.TARGET / "context" / "Containerfile").is_file()

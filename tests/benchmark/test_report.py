# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports say the same in both forms."""

from __future__ import annotations

from report import render

MARKDOWN = """\
Of `uri`:

| what | `uri` |
| --- | --- |
| **one** | 2 |
|  | 3 `x` |

- an end"""
RST = """\
Of ``uri``:

.. list-table::
   :header-rows: 1
   :class: wide

   * - what
     - ``uri``
   * - **one**
     - 2
   * -
     - 3 ``x``

- an end"""


def test_a_report_as_markdown_is_unchanged() -> None:
    assert render(MARKDOWN, "md") == MARKDOWN


def test_a_report_can_be_restructured_text() -> None:
    assert render(MARKDOWN, "rst") == RST

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the generated parts of the guides: the page of return codes, the page about the playbooks, and the picture of a terminal.

usage: .venv/bin/python tools/guide_parts.py return-codes
       .venv/bin/python tools/guide_parts.py pictures
       .venv/bin/python tools/guide_parts.py playbooks-page

The page of return codes shows the table that the modules use. The picture shows the tasks of the demo that moved money, in Ansible's
colors, and is narrow enough to be readable on a phone.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

from ansible_collections.treasury.bybit.plugins.module_utils import _outcomes
from ansible_collections.treasury.bybit.plugins.module_utils._api import return_codes
from playbooks_page import write_page as write_playbooks_page
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

CHECKOUT = Path(__file__).resolve().parent.parent
GUIDES = CHECKOUT / "docs" / "docsite" / "rst"
PAGE = GUIDES / "return_codes.rst"

HEAD = """\
..
  Copyright (c) 2026 treasury.bybit contributors
  GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

.. Written by tools/guide_parts.py ("make return-codes"): change plugins/module_utils/_api/return_codes.py instead.

.. _ansible_collections.treasury.bybit.docsite.return_codes:

Return codes of the exchange
============================

This page lists the exchange's return codes: what each one means, whether money moved, and what to do. It is generated from the table that
the modules use. The message of a failed task contains the code, and so does ``failure`` in its result: ``ret_code``, ``ret_msg`` with the
exchange's own words, and ``http_status``.

If money may have moved, the module itself checks the exchange's history, the debt or the collateral, and the wallet before it ends. What
became of the money is in ``outcome``. Only if the outcome is ``unknown``, check yourself (see
:ref:`Troubleshoot a failed task <ansible_collections.treasury.bybit.docsite.troubleshooting.unknown>`).
"""
MOVED = {
    return_codes.ACCEPTED: "Money moves, unless the exchange fails to process the request.",
    _outcomes.NOT_EXECUTED: "No money moved.",
    _outcomes.UNKNOWN: "**Money may have moved.**",
    return_codes.EARLIER_REQUEST: "**An earlier request may have moved money.** This one did not.",
}
OTHER_STATUS = "Run again later. If that does not help, check environment or api_url, and everything in between, such as a proxy."
LEGACY, NEW, WALLETS = range(177_000, 178_000), range(148_000, 149_000), range(131_000, 132_000)

PICTURE = GUIDES / "images" / "demo.svg"
BIN = Path(sys.executable).parent
WIDTH = 54
# Ansible pads the line of a task with stars to at least 79 columns.
STARS = re.compile(rf"^(.{{,{WIDTH}}}).*\*$", re.MULTILINE)
# The line that the callback prints below the result of a task.
MOVEMENT = re.compile(r"^(?:\x1b\[[\d;]*m)?(?:\[localhost\]:? )?Repaid [\d.,]+ [A-Z]+ ", re.MULTILINE)
COMMAND = ["ansible-playbook", "treasury.bybit.demo", "--diff"]
SETTINGS = {
    "ANSIBLE_CONFIG": str(CHECKOUT / "playbooks" / "ansible.cfg"),
    "ANSIBLE_FORCE_COLOR": "true",
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
}
# For Rich's SVG template, without the fonts that a browser would load from another site.
# REUSE-IgnoreStart
LICENCE = "<!-- Copyright (c) 2026 treasury.bybit contributors\n         SPDX-License-Identifier: GPL-3.0-or-later -->"
# REUSE-IgnoreEnd
REMOTE_FONTS = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)


def heading(title: str) -> list[str]:
    return ["", title, "-" * len(title), ""]


def table(first: str, rows: t.Iterable[tuple[object, return_codes.Meaning]]) -> list[str]:
    lines = [".. list-table::", "   :header-rows: 1", "   :class: cards", "   :widths: 10 30 25 35", ""]
    for cells in [
        (first, "Meaning", "Your money", "What to do"),
        *((number, capital(row.cause), MOVED[row.reading], row.remedy) for number, row in rows),
    ]:
        # The site's search ignores numbers, except those in the index.
        words = [f":index:`{cell}`" if isinstance(cell, int) else str(cell) for cell in cells]
        lines += [f"   {'* -' if cell == words[0] else '  -'} {cell}".rstrip() for cell in words]
    return lines


def capital(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def page() -> str:
    """Return the whole page."""
    codes = sorted(return_codes.CODES.items())
    general = [(code, row) for code, row in codes if not any(code in part for part in (LEGACY, NEW, WALLETS))]
    any_other = ("Any other", return_codes.meaning_of_code(99_999_999))
    to_a_repayment = ("Any, for a request that moves money", return_codes.meaning_of_status(403, "POST"))
    # The client reports a failed read as not executed, because a read moves no money.
    no_answer = ("Any other", return_codes.meaning_of_status(502, "GET")._replace(reading=_outcomes.NOT_EXECUTED, remedy=OTHER_STATUS))
    lines = [
        HEAD.rstrip(),
        *heading("Any call"),
        *table("Code", [*general, any_other]),
        *heading("Legacy loans"),
        *table("Code", [(code, row) for code, row in codes if code in LEGACY]),
        *heading("Flexible and fixed loans"),
        *table("Code", [(code, row) for code, row in codes if code in NEW]),
        *heading("Wallets"),
        *table("Code", [(code, row) for code, row in codes if code in WALLETS]),
        *heading("HTTP statuses without a code"),
        "These statuses are for answers that are not the exchange's own JSON, such as those of a gateway or a proxy. For a request that moves money, no",
        "status proves that nothing happened. The other rows are for requests that only read.",
        "",
        *table("Status", [to_a_repayment, *sorted(return_codes.HTTP_STATUSES.items()), no_answer]),
    ]
    return "\n".join(lines) + "\n"


def write_page() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.name} has {len(return_codes.CODES)} codes and {len(return_codes.HTTP_STATUSES)} HTTP statuses.")


def shown() -> str:
    """Run the demo, and return the tasks that moved money as the terminal shows them."""
    command = [str(BIN / COMMAND[0]), *COMMAND[1:]]
    run = subprocess.run(command, cwd=CHECKOUT, env={**os.environ, **SETTINGS}, check=True, stdout=subprocess.PIPE, text=True)
    tasks = [f"TASK [{task}" for task in run.stdout.split("\nTASK [") if MOVEMENT.search(task)]
    if not tasks:
        raise SystemExit("The demo shows no movement of money.")
    return STARS.sub(r"\1", "\n".join([f"$ {' '.join(COMMAND)}", "…", "", *tasks]))


def draw_picture() -> None:
    console = Console(width=WIDTH, record=True, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(shown()))
    frame = REMOTE_FONTS.sub("", CONSOLE_SVG_FORMAT).replace("<!-- ", f"{LICENCE}\n    <!-- ", 1)
    # The ID is part of all class names, so a fixed one keeps diffs small.
    console.save_svg(str(PICTURE), title="treasury.bybit", code_format=frame, unique_id="demo")
    print(f"{PICTURE.relative_to(CHECKOUT)} is drawn.")


PARTS: dict[str, t.Callable[[], None]] = {"return-codes": write_page, "pictures": draw_picture, "playbooks-page": write_playbooks_page}


def main() -> int:
    names = sys.argv[1:]
    if not names or not {*names} <= {*PARTS}:
        print(__doc__, file=sys.stderr)
        return 2
    for name in names:
        PARTS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the demo and draw what the terminal shows of its end, as the picture of the guides.

usage: .venv/bin/python tools/terminal_picture.py

The colours are Ansible's own. Start and stop of the stand-in exchange are left out.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

CHECKOUT = Path(__file__).resolve().parent.parent
PICTURE = CHECKOUT / "docs" / "docsite" / "rst" / "images" / "demo.svg"
BIN = Path(sys.executable).parent
WIDTH = 80
FIRST_TASK = "TASK [Repay a part of the loan]"
NEXT_TASK = "TASK [Stop the stand-in exchange]"
COMMAND = ["ansible-playbook", "treasury.bybit.demo", "--diff"]
SETTINGS = {
    "ANSIBLE_CONFIG": str(CHECKOUT / "playbooks" / "ansible.cfg"),
    "ANSIBLE_FORCE_COLOR": "true",
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    "COLUMNS": str(WIDTH),
}
# Rich's own frame, without the fonts that it would have a browser fetch from elsewhere.
# REUSE-IgnoreStart
LICENCE = "<!-- Copyright (c) 2026 treasury.bybit contributors\n         SPDX-License-Identifier: GPL-3.0-or-later -->"
# REUSE-IgnoreEnd
REMOTE_FONTS = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)


def shown() -> str:
    """Return the part of a run that is worth a look; raises when there is none."""
    command = [str(BIN / COMMAND[0]), *COMMAND[1:]]
    run = subprocess.run(command, cwd=CHECKOUT, env={**os.environ, **SETTINGS}, check=True, stdout=subprocess.PIPE, text=True)
    lines = run.stdout[run.stdout.index(FIRST_TASK):run.stdout.index(NEXT_TASK)]
    return f"$ {' '.join(COMMAND)}\n…\n\n{lines.rstrip()}\n"


def main() -> int:
    console = Console(width=WIDTH, record=True, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(shown()))
    frame = REMOTE_FONTS.sub("", CONSOLE_SVG_FORMAT).replace("<!-- ", f"{LICENCE}\n    <!-- ", 1)
    # The id names the classes in the picture; a fixed one keeps the difference between two pictures small.
    console.save_svg(str(PICTURE), title="treasury.bybit", code_format=frame, unique_id="demo")
    print(f"{PICTURE.relative_to(CHECKOUT)} is drawn.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the types of the plugins and of these tools, and fail where mypy itself would pass without checking all files.

usage: .venv/bin/python tools/check_types.py
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
LINK = CHECKOUT / ".cache" / "types" / "ansible_collections" / "treasury" / "bybit"
PLUGINS = "ansible_collections.treasury.bybit.plugins"
FEWEST_FILES = 50
LOOKED_AT = re.compile(r"(?:in|checked) (\d+) source files?")

# The oldest Python that mypy supports; ansible-test checks that the modules also run on 3.9.
ON_TARGETS = ("3.10", ("module_utils", "modules"))
IN_ANSIBLE = ("3.11", ("plugin_utils", "action", "callback"))


def link_checkout() -> None:
    """Link the checkout as a collection for mypy, which does not check files in site-packages."""
    LINK.parent.mkdir(parents=True, exist_ok=True)
    if LINK.is_symlink():
        LINK.unlink()
    LINK.symlink_to(CHECKOUT, target_is_directory=True)


def mypy(python: str, arguments: list[str]) -> tuple[bool, int]:
    """Print what mypy finds, and return whether it found nothing and how many files it checked."""
    command = [sys.executable, "-m", "mypy", "--python-version", python, *arguments]
    ended = subprocess.run(command, cwd=CHECKOUT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(ended.stdout, end="")
    looked_at = LOOKED_AT.search(ended.stdout)
    return ended.returncode == 0, int(looked_at.group(1)) if looked_at else 0


def main() -> int:
    link_checkout()
    is_clean, files = True, 0
    for python, folders in (ON_TARGETS, IN_ANSIBLE):
        there = sum(1 for folder in folders for _file in (CHECKOUT / "plugins" / folder).rglob("*.py"))
        passed, seen = mypy(python, [word for folder in folders for word in ("--package", f"{PLUGINS}.{folder}")])
        if passed and seen < there:
            print(f"mypy looked at {seen} of {there} files in {' and '.join(folders)}: its result means nothing")
            passed = False
        is_clean, files = is_clean and passed, files + seen
    passed, seen = mypy(IN_ANSIBLE[0], sorted(str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / "tools").glob("*.py")))
    is_clean, files = is_clean and passed, files + seen
    if files < FEWEST_FILES:
        print(f"mypy looked at only {files} files: its result means nothing")
        return 1
    print(f"mypy looked at {files} files.")
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())

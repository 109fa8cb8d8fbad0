# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lock what `make env` installs: for each Python of a final core, every package with its version and its hashes.

usage: .venv/bin/python tools/lock.py

Always takes the newest releases that requirements-dev.txt allows, for any system.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import versions

CHECKOUT = Path(__file__).resolve().parent.parent
LOCKS = Path(__file__).resolve().with_name("locks")
# The newest releases for this Python alone; by itself, uv would add those for the later ones.
COMPILE = ["pip", "compile", "--quiet", "--system-certs", "--universal", "--fork-strategy=fewest", "--generate-hashes", "--no-header"]
HEADER = """\
# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What `make env` installs on Python {python}; written by `make lock` from requirements-dev.txt.
"""


def pythons() -> list[str]:
    named = {python for core in versions.read().cores if core.is_final for python in core.controllers}
    return sorted(named, key=lambda python: [int(number) for number in python.split(".")])


def lock(python: str) -> Path:
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), *COMPILE, f"--python-version={python}", "requirements-dev.txt"]
    locked = subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True).stdout
    path = LOCKS / f"dev-{python}.txt"
    path.write_text(HEADER.format(python=python) + locked, encoding="utf-8")
    return path


def main() -> int:
    LOCKS.mkdir(exist_ok=True)
    for old in LOCKS.glob("dev-*.txt"):
        if old.stem.removeprefix("dev-") not in pythons():
            old.unlink()
    for python in pythons():
        try:
            print(f"Locked {lock(python).relative_to(CHECKOUT)}")
        except subprocess.CalledProcessError as error:
            print(f"Nothing is locked for Python {python}; what uv says of it stands above", file=sys.stderr)
            return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())

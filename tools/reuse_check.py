# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""See that every file says under which licence it is (REUSE), and that every file was looked at.

usage: .venv/bin/python tools/reuse_check.py

Where git ignores the folder of the checkout, reuse finds no file and passes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tarball import CHECKOUT, known_files

REUSE = str(Path(sys.executable).parent / "reuse")
# What licences are made of; reuse leaves it out.
NOT_LICENSED = ("LICENSE", "LICENSES/", "REUSE.toml")


def main() -> int:
    code = subprocess.run([REUSE, "lint"], cwd=CHECKOUT, check=False).returncode
    seen = subprocess.run([REUSE, "lint", "--json"], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False).stdout
    looked_at = {file["path"] for file in json.loads(seen)["files"]}
    wanted = {name for name in known_files(CHECKOUT) if not name.startswith(NOT_LICENSED) and (CHECKOUT / name).stat().st_size}
    unseen = sorted(wanted - looked_at)
    if not code and (unseen or not wanted):
        print("reuse passed without looking at:", *(unseen or ["any file"]), sep="\n", file=sys.stderr)
        return 1
    print(f"reuse looked at {len(looked_at)} files and ended with exit code {code}.")
    return code


if __name__ == "__main__":
    sys.exit(main())

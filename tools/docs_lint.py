# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have antsibull-docs check the documentation of modules, role and guides, with every reference in it.

usage: .venv/bin/python tools/docs_lint.py

antsibull-docs says nothing when all is well, and nothing either when it has not looked. So it checks a copy of the checkout, and then the same
copy with a reference to an option that does not exist, which it must find.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ansible_test import copy_files

BIN = Path(sys.executable).parent
LINT = ["lint-collection-docs", "--plugin-docs", "--validate-collection-refs=all", "--disallow-unknown-collection-refs", "--skip-rstcheck"]
PLANTED_IN = Path("plugins", "doc_fragments", "connection.py")
GOOD, PLANTED = "O(rsa_private_key)", "O(rsa_private_clef)"


def lint(collection: Path) -> tuple[int, str]:
    """Check one copy; the collection is looked for where the copy lies."""
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collection.parents[2])}
    run = subprocess.run(
        [BIN / "antsibull-docs", *LINT, "."],
        cwd=collection,
        env=env,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return run.returncode, run.stdout


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="treasury-bybit-") as temporary:
        collection = Path(temporary) / "ansible_collections" / "treasury" / "bybit"
        copy_files(collection)
        code, output = lint(collection)
        print(output, end="")
        if code:
            return code
        fragment = collection / PLANTED_IN
        fragment.write_text(fragment.read_text().replace(GOOD, PLANTED))
        code, output = lint(collection)
        if not code or "rsa_private_clef" not in output:
            print("antsibull-docs does not find a reference to an option that does not exist: it has not looked", file=sys.stderr)
            return 1
    print("The documentation has no fault, and one that was planted is found.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

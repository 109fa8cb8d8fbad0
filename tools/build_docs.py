# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the documentation site into build/docs/html, without the network, and check its links.

usage: .venv/bin/python tools/build_docs.py

Guards against a build that passes without having looked: every warning of Sphinx is an error, the collection that is documented is
this checkout, and every guide, module and role must have its page. The links are the matter of tools/check_links.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from check_links import check_site

CHECKOUT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SITE = CHECKOUT / "build" / "docs"
COLLECTION = "treasury.bybit"


def pages_wanted() -> set[str]:
    """Return the pages that the site must have, by what is in the checkout."""
    guides = {f"docsite/{guide.stem}.html" for guide in (CHECKOUT / "docs" / "docsite" / "rst").glob("*.rst")}
    modules = {f"{module.stem}_module.html" for module in (CHECKOUT / "plugins" / "modules").glob("bybit_*.py")}
    roles = {f"{role.parent.parent.name}_role.html" for role in CHECKOUT.glob("roles/*/meta/argument_specs.yml")}
    return {"index.html", *guides, *modules, *roles}


def write_sources(folder: Path) -> None:
    """Have antsibull-docs write the pages of the collection, and lay pictures and settings beside them."""
    # antsibull-docs wants a folder that nobody else can write to.
    folder.mkdir(mode=0o700, parents=True)
    options = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--no-add-antsibull-docs-version"]
    # The checkout as it lies in .venv; a path in the environment could lead to another copy.
    env = {name: value for name, value in os.environ.items() if name != "ANSIBLE_COLLECTIONS_PATH"}
    settings = CHECKOUT / "tools" / "docs" / "antsibull-docs.cfg"
    where = ["--dest-dir", str(folder), COLLECTION]
    command = [str(BIN / "antsibull-docs"), "--config-file", str(settings), "collection", *options, *where]
    subprocess.run(command, cwd=CHECKOUT, env=env, check=True)
    shutil.copytree(CHECKOUT / "docs" / "docsite" / "rst" / "images", folder / "docsite" / "images")
    shutil.copytree(CHECKOUT / "tools" / "docs", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))


def main() -> int:
    wanted = pages_wanted()
    shutil.rmtree(SITE, ignore_errors=True)
    write_sources(SITE / "rst")
    html = SITE / "html"
    command = [str(BIN / "sphinx-build"), "-q", "-W", "--keep-going", "-b", "html", str(SITE / "rst"), str(html)]
    if subprocess.run(command, check=False).returncode:
        return 1
    missing = sorted(name for name in wanted if not (html / name).is_file())
    if missing:
        print(f"The site lacks {', '.join(missing)}.", file=sys.stderr)
        return 1
    return check_site(html)


if __name__ == "__main__":
    sys.exit(main())

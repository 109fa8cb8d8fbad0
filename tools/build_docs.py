# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the documentation site in build/docs/html, and checks its links offline, because Sphinx and antsibull-docs accept missing pages.

usage: .venv/bin/python tools/build_docs.py

antsibull-docs writes the pages of the modules, the callback, and the role, and copies the guides. The front page with the menu, the
settings of Sphinx, styles, and scripts come from tools/docs.

Sphinx treats every warning as an error, for example if a page is not in the menu. The site documents this checkout, and every guide,
module, callback, and role must have a page. Every page, anchor, picture, script, and style sheet that a page refers to must be part of the
site, and nothing may be loaded from another site. Links to other sites must be valid HTTPS addresses. They are listed, but not followed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import typing as t
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

CHECKOUT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SITE = CHECKOUT / "build" / "docs"
COLLECTION = "treasury.bybit"
FEWEST_LINKS_A_PAGE = 10
STYLE_ADDRESS = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")
LOADED = {"img": "src", "script": "src", "source": "src", "iframe": "src", "object": "data", "image": "href"}


class Page(HTMLParser):
    """The anchors of a page, the addresses that it links to, and those that it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.anchors |= {named[name] for name in ("id", "name") if named.get(name)}
        if tag in ("a", "area") and "href" in named:
            self.links.add(named["href"])
        elif tag == "link" and "href" in named:
            self.loaded.add(named["href"])
        elif named.get(LOADED.get(tag, "")):
            self.loaded.add(named[LOADED[tag]])


class Findings(t.NamedTuple):
    faults: list[str]
    outside: set[str]
    inside: int


def examine(site: Path) -> Findings:
    """Check every link of the site against the files of the site."""
    pages = {file: Page(file.read_text()) for file in site.rglob("*.html")}
    faults, outside, inside = [], set(), 0
    for file, page in pages.items():
        where = file.relative_to(site)
        for address in sorted(page.links | page.loaded):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                if address in page.loaded:
                    faults.append(f"{where}: loads {address} from another site")
                elif parts.scheme == "https" and re.fullmatch(r"[\w.-]+\.[a-z]+", parts.netloc):
                    outside.add(address)
                else:
                    faults.append(f"{where}: {address} is not a valid HTTPS address")
                continue
            inside += 1
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if target.is_dir():
                target /= "index.html"
            if not target.is_file():
                faults.append(f"{where}: {address} does not exist")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                faults.append(f"{where}: {address} has no such anchor")
    for file in [*site.rglob("*.css"), *site.rglob("*.svg")]:
        faults += [f"{file.relative_to(site)}: loads {address}" for address in STYLE_ADDRESS.findall(file.read_text())]
    if inside < FEWEST_LINKS_A_PAGE * max(len(pages), 1):
        faults.append(f"only {inside} links on {len(pages)} pages: this cannot be the whole site")
    return Findings(faults, outside, inside)


def pages_wanted() -> set[str]:
    """Return the pages that the site must have for the content of the checkout."""
    guides = {f"docsite/{guide.stem}.html" for guide in (CHECKOUT / "docs" / "docsite" / "rst").glob("*.rst")}
    modules = {f"{module.stem}_module.html" for module in (CHECKOUT / "plugins" / "modules").glob("bybit_*.py")}
    callbacks = {f"{callback.stem}_callback.html" for callback in (CHECKOUT / "plugins" / "callback").glob("*.py")}
    roles = {f"{role.parent.parent.name}_role.html" for role in CHECKOUT.glob("roles/*/meta/argument_specs.yml")}
    return {"index.html", *guides, *modules, *callbacks, *roles}


def write_sources(folder: Path) -> None:
    """Write the sources of the site: the pages from antsibull-docs, the pictures, the settings, and the front page in place of its index."""
    # antsibull-docs requires a folder that no other user can write to.
    folder.mkdir(mode=0o700, parents=True)
    options = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--no-add-antsibull-docs-version"]
    # Without a path from the environment, which could lead to another copy of the collection, .venv provides this checkout.
    env = {name: value for name, value in os.environ.items() if name != "ANSIBLE_COLLECTIONS_PATH"}
    settings = CHECKOUT / "tools" / "docs" / "antsibull-docs.cfg"
    where = ["--dest-dir", str(folder), COLLECTION]
    command = [str(BIN / "antsibull-docs"), "--config-file", str(settings), "collection", *options, *where]
    subprocess.run(command, cwd=CHECKOUT, env=env, check=True)
    shutil.copytree(CHECKOUT / "docs" / "docsite" / "rst" / "images", folder / "docsite" / "images")
    shutil.copytree(CHECKOUT / "tools" / "docs", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))


def check_site(site: Path) -> int:
    """Print the faults of the site, and return the exit code."""
    faults, outside, inside = examine(site.resolve())
    for address in sorted(outside):
        print(f"not followed: {address}")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{inside} links within the site, {len(outside)} to other sites; {len(faults)} faults.")
    return 1 if faults else 0


def build(folder: Path) -> int:
    """Write the sources to FOLDER/rst, build the site in FOLDER/html, check it, and return the exit code."""
    write_sources(folder / "rst")
    html = folder / "html"
    command = [str(BIN / "sphinx-build"), "-q", "-W", "--keep-going", "-b", "html", str(folder / "rst"), str(html)]
    if subprocess.run(command, check=False).returncode:
        return 1
    missing = sorted(name for name in pages_wanted() if not (html / name).is_file())
    if missing:
        print(f"The site lacks {', '.join(missing)}.", file=sys.stderr)
        return 1
    return check_site(html)


def main() -> int:
    shutil.rmtree(SITE, ignore_errors=True)
    return build(SITE)


if __name__ == "__main__":
    sys.exit(main())

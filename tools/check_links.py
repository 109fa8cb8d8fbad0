# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the links of a built site, without the network.

usage: .venv/bin/python tools/check_links.py build/docs/html

Every page, anchor, picture, script and style sheet that a page of the site names must exist in it, and nothing may be loaded from
elsewhere. Links to other sites are held to be well-formed and encrypted, and listed, never followed. Fails too when it has found
so few links that it can't have looked.
"""

from __future__ import annotations

import re
import sys
import typing as t
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FEWEST_LINKS_A_PAGE = 10
STYLE_ADDRESS = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")
LOADED = {"img": "src", "script": "src", "source": "src", "iframe": "src", "object": "data", "image": "href"}


class Page(HTMLParser):
    """What a page names: its anchors, what it links to, and what it loads."""

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
    """Hold every link of the site against the site."""
    pages = {file: Page(file.read_text()) for file in site.rglob("*.html")}
    faults, outside, inside = [], set(), 0
    for file, page in pages.items():
        where = file.relative_to(site)
        for address in sorted(page.links | page.loaded):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                if address in page.loaded:
                    faults.append(f"{where}: loads {address} from elsewhere")
                elif parts.scheme == "https" and re.fullmatch(r"[\w.-]+\.[a-z]+", parts.netloc):
                    outside.add(address)
                else:
                    faults.append(f"{where}: {address} is not an address that one can follow")
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
        faults.append(f"only {inside} links on {len(pages)} pages: this can't be the whole site")
    return Findings(faults, outside, inside)


def check_site(site: Path) -> int:
    """Print what is wrong, and return the exit code."""
    faults, outside, inside = examine(site.resolve())
    for address in sorted(outside):
        print(f"not followed: {address}")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{inside} links within the site, {len(outside)} to elsewhere; {len(faults)} faults.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(check_site(Path(sys.argv[1])))

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The front page says what the collection does, shows a run, and its menu leads to every page of the site."""

from __future__ import annotations

import importlib
import re
import typing as t
from pathlib import Path
from urllib.parse import urldefrag

import pytest
import yaml
from bs4 import BeautifulSoup
from guides import CHECKOUT, FRONT_PAGE

SOURCE = FRONT_PAGE.read_text(encoding="utf-8")
EXTRA_DOCS = yaml.safe_load((CHECKOUT / "docs" / "docsite" / "extra-docs.yml").read_text(encoding="utf-8"))
WAYS_ON = ["Repay one loan", "Keep a loan safe", "Operate it for a team", "Trust it"]
KINDS = ["Tutorial", "How-to guides", "Explanation", "Reference"]
# By task: repayments, collateral and transfers, policies, queries, and last the callback and the role.
MODULES_BY_TASK = [
    *("bybit_loan_repay_module", "bybit_flexible_loan_repay_module", "bybit_fixed_loan_repay_module"),
    *("bybit_loan_collateral_module", "bybit_funding_transfer_module", "bybit_loan_policy_module"),
    *("bybit_loan_info_module", "bybit_loan_repayment_info_module", "bybit_journal_info_module"),
    *("movements_callback", "sandbox_role"),
]


@pytest.fixture(scope="module")
def front(site: Path) -> BeautifulSoup:
    return BeautifulSoup((site / "index.html").read_text(encoding="utf-8"), "html.parser")


def menu() -> dict[str, list[str]]:
    """Return the pages below each heading of the menu, as the front page lists them."""
    found = {}
    for caption, entries in re.findall(r"^\.\. toctree::\n   :caption: (.+)\n   :hidden:\n\n((?:   .+\n)+)", SOURCE, re.MULTILINE):
        found[caption] = [re.sub(r"^.*<(.+)>$", r"\1", entry.strip()) for entry in entries.splitlines()]
    return found


def test_the_menu_has_the_guides_of_the_collection_and_the_modules_by_task() -> None:
    sections = {section["title"]: [f"docsite/{name}" for name in section["toctree"]] for section in EXTRA_DOCS["sections"]}
    sections["Reference"] = [*MODULES_BY_TASK, *sections["Reference"]]
    assert menu() == sections
    assert list(menu()) == KINDS


def test_the_menu_has_every_module_callback_and_role() -> None:
    plugins = CHECKOUT / "plugins"
    there = {f"{file.stem}_module" for file in (plugins / "modules").glob("bybit_*.py")}
    there |= {f"{file.stem}_callback" for file in (plugins / "callback").glob("*.py")}
    there |= {f"{file.parent.parent.name}_role" for file in CHECKOUT.glob("roles/*/meta/argument_specs.yml")}
    assert {page for page in menu()["Reference"] if not page.startswith("docsite/")} == there


def test_every_page_is_reached_from_the_menu(site: Path, front: BeautifulSoup) -> None:
    linked = {urldefrag(link["href"]).url for link in front.select(".sidebar-tree a.reference")}
    pages = {str(file.relative_to(site)) for file in site.rglob("*.html")}
    assert pages - linked == {"index.html", "search.html"}


def test_the_page_begins_with_the_purpose_and_the_status(front: BeautifulSoup) -> None:
    article = front.select_one("#furo-main-content section")
    assert article is not None
    title, sentence, status, picture, *sections = article.find_all(recursive=False)
    assert "Repay crypto loans" in title.text
    assert sentence.name == "p" and len(re.findall(r"[.!?](?:\s|$)", sentence.text)) == 1
    assert "not on Ansible Galaxy yet" in status.text and "never been run against the real exchange" in status.text
    image = picture if picture.name == "img" else picture.find("img")
    assert image["src"].endswith("demo.svg") and "repays 100 USDT" in image["alt"]
    assert [section.find(["h2"]).text.rstrip("¶#") for section in sections if section.name == "section"][:3] == [
        "Install", "Your first task", "Where to go next",
    ]


def test_there_are_four_ways_on_of_two_to_four_pages_each(front: BeautifulSoup) -> None:
    ways = front.select("#where-to-go-next > section")
    assert [way.h3.text.rstrip("¶#") for way in ways] == WAYS_ON
    for way in ways:
        entries = way.select("li")
        assert 2 <= len(entries) <= 4
        for entry in entries:
            page, phrase = entry.text.strip().split(": ", 1)
            assert page == entry.a.text and 0 < len(phrase.split()) <= 12


def test_the_module_accepts_the_options_of_the_first_task(front: BeautifulSoup) -> None:
    [block] = front.select("#your-first-task .highlight-yaml pre")
    [play] = yaml.safe_load(block.text)
    [task] = play["tasks"]
    name = next(key for key in task if key.startswith("treasury.bybit."))
    specification: dict[str, dict[str, t.Any]] = importlib.import_module(
        f"ansible_collections.treasury.bybit.plugins.modules.{name.rsplit('.', 1)[1]}"
    ).SPEC.options
    assert task[name].keys() <= specification.keys()
    assert {option for option, how in specification.items() if how.get("required")} <= task[name].keys()
    assert task[name]["environment"] == "testnet"


def test_no_page_links_to_galaxy(site: Path) -> None:
    pages = [file.read_text(encoding="utf-8") for file in site.rglob("*.html")]
    assert [page for page in pages if "galaxy.ansible.com/ui/repo/published/treasury" in page] == []

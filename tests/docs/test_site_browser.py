# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The site works for people: opened as files without a network, on a phone, in dark mode, and with a screen reader."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need the Python package playwright: make env")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the browser tests need axe-playwright-python: make env")
expect = playwright.expect

PHONE = {"viewport": {"width": 375, "height": 812}}
AXE_PAGES = ["index.html", "docsite/repay_loan.html", "docsite/playbooks.html", "bybit_loan_repayment_info_module.html", "search.html?q=loan"]
# Pages and pictures that are wider than the screen, and tables that scroll sideways without being marked as wide.
STICKS_OUT = """() => [
  ...[document.documentElement].filter(page => page.scrollWidth > page.clientWidth).map(page => `page of ${page.scrollWidth}`),
  ...[...document.querySelectorAll(".table-wrapper")].filter(box => box.scrollWidth > box.clientWidth && !box.querySelector("table.wide"))
    .map(box => `table of ${box.scrollWidth}: ${box.textContent.trim().slice(0, 40)}`),
  ...[...document.querySelectorAll("img")].filter(image => image.getBoundingClientRect().right > innerWidth).map(image => image.src),
]"""

# For each cell of a table of cards with three or more columns, except the first of a row and empty ones: the head of its column, and its label.
LABELS = """() => [...document.querySelectorAll("table.cards")].flatMap(table => {
  const heads = [...table.querySelectorAll("th")].map(head => head.textContent.trim());
  const cells = heads.length > 2 ? [...table.querySelectorAll("tbody td")] : [];
  return cells.filter(cell => cell.cellIndex && cell.textContent.trim()).map(cell =>
    [heads[cell.cellIndex], getComputedStyle(cell, "::before").content === "none" ? "" : cell.dataset.head]);
})"""


def search(page, words: str) -> None:
    box = page.get_by_role("textbox", name="Search")
    box.fill(words)
    box.press("Enter")


BLOCKS = "div[class^='highlight-']:not(.highlight-text) > .highlight"


def wait_for_buttons(page) -> int:
    """Wait until each block that can be copied has its button, and return the number of blocks."""
    number = page.locator(BLOCKS).count()
    expect(page.locator("button.copybtn")).to_have_count(number)
    return number


def pasted(page) -> str:
    """Return the content of the clipboard."""
    page.evaluate("document.body.prepend(Object.assign(document.createElement('textarea'), {id: 'paste'}))")
    page.locator("#paste").focus()
    page.keyboard.press("Control+V")
    return page.locator("#paste").input_value()


@pytest.mark.parametrize(("start", "words", "wanted"), [
    ("index.html", "liquidation", "docsite/keep_ltv.html"),
    ("index.html", "bybit_loan_repay", "bybit_loan_repay_module.html"),
    ("docsite/glossary.html", "unknown outcome", "docsite/troubleshooting.html"),
    ("docsite/glossary.html", "AWX", "docsite/execution_environments.html"),
    ("bybit_loan_info_module.html", "10016", "docsite/return_codes.html"),
])
def test_the_search_finds_pages_offline(open_page, start, words, wanted):
    page = open_page(start, offline=True)
    search(page, words)
    expect(page.locator(".search-summary")).to_contain_text("found")
    found = page.locator(f"#search-results li a[href*='{wanted}']").first
    expect(found).to_be_visible()
    found.click()
    page.wait_for_url(f"**/{wanted}*")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_a_search_that_finds_nothing_says_so(open_page):
    page = open_page("index.html", offline=True)
    search(page, "xylophone")
    expect(page.locator(".search-summary")).to_contain_text("did not match any documents")


def test_a_button_copies_the_commands(open_page):
    page = open_page("index.html", offline=True)
    block = page.locator("#install .highlight-sh").last
    button = block.get_by_role("button", name="Copy")
    expect(button).to_have_css("opacity", "1")
    button.click()
    expect(block.locator("button.success")).to_be_visible()
    assert pasted(page) == "export ANSIBLE_CALLBACKS_ENABLED=treasury.bybit.movements\nansible-playbook treasury.bybit.demo --diff"


def test_prompts_and_output_are_not_copied(open_page):
    page = open_page("index.html", offline=True)
    block = page.locator("#install .highlight-sh").first
    block.get_by_role("button", name="Copy").wait_for()
    block.locator("pre").evaluate("block => { block.textContent = '$ one \\\\\\n    more\\nits output\\n\\n$ two\\n' }")
    block.get_by_role("button", name="Copy").click()
    expect(block.locator("button.success")).to_be_visible()
    assert pasted(page) == "one \\\n    more\ntwo"


def test_each_block_to_copy_has_one_button_and_output_has_none(site: Path, open_page):
    page = open_page("index.html")
    numbers = {"with": 0, "without": 0}
    for file in sorted((site / "docsite").glob("*.html")):
        page.goto(file.as_uri())
        output = page.locator(".highlight-text > .highlight")
        numbers["with"] += wait_for_buttons(page)
        numbers["without"] += output.count()
        assert output.locator("button").count() == 0
    assert min(numbers.values()) > 5


def test_no_page_scrolls_sideways_on_a_phone(site: Path, open_page):
    page = open_page("index.html", **PHONE)
    found = {}
    for file in sorted(site.rglob("*.html")):
        page.goto(file.as_uri())
        found[file.name] = page.evaluate(STICKS_OUT)
    assert len(found) > 30
    assert {name: what for name, what in found.items() if what} == {}


def test_a_cell_says_what_it_is_only_on_a_phone(site: Path, open_page):
    wide, narrow = open_page("index.html"), open_page("index.html", **PHONE)
    found = []
    for file in sorted((site / "docsite").glob("*.html")):
        wide.goto(file.as_uri())
        assert [label for _head, label in wide.evaluate(LABELS) if label] == []
        narrow.goto(file.as_uri())
        found += narrow.evaluate(LABELS)
    assert len(found) > 300
    assert [(head, label) for head, label in found if head != label] == []


def test_the_menu_opens_on_a_phone(open_page):
    page = open_page("index.html", **PHONE)
    link = page.locator(".sidebar-tree").get_by_role("link", name="bybit_loan_repay", exact=True)
    expect(link).not_to_be_in_viewport()
    page.locator(".mobile-header .nav-overlay-icon").click()
    link.scroll_into_view_if_needed()
    link.click()
    page.wait_for_url("**/bybit_loan_repay_module.html")


def test_the_picture_of_a_run_can_be_read_on_a_phone(site: Path, open_page):
    page = open_page("index.html", **PHONE)
    width = page.get_by_role("img", name="treasury.bybit.demo").bounding_box()["width"]
    picture = (site / "_images" / "demo.svg").read_text(encoding="utf-8")
    [drawn] = re.findall(r'viewBox="0 0 ([\d.]+) ', picture)
    [size, *_title] = re.findall(r"font-size: (\d+)px", picture)
    assert int(size) * width / float(drawn) > 9.5


def test_the_four_ways_on_have_two_columns_or_one_on_a_phone(open_page):
    wide, narrow = open_page("index.html"), open_page("index.html", **PHONE)
    columns = {}
    for name, page in (("wide", wide), ("narrow", narrow)):
        boxes = [card.bounding_box() for card in page.locator("#where-to-go-next > section").all()]
        assert len(boxes) == 4
        columns[name] = len({box["x"] for box in boxes})
    assert columns == {"wide": 2, "narrow": 1}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", AXE_PAGES)
def test_axe_finds_nothing_serious(open_page, name, scheme):
    page = open_page(name, color_scheme=scheme)
    if "?" in name:
        expect(page.locator("#search-results li").first).to_be_visible()
    else:
        wait_for_buttons(page)
    found = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    grave = [item for item in found if item["impact"] in ("serious", "critical")]
    assert [(item["id"], item["impact"], [node["html"] for node in item["nodes"]][:5]) for item in grave] == []

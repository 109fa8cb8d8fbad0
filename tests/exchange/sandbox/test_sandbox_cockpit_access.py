# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access to the page: for people with any screen and any abilities, but not for pages from elsewhere."""

from __future__ import annotations

import functools
import http.server
import threading

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need the Python package playwright: make env")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the browser tests need axe-playwright-python: make env")
expect = playwright.expect

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_no_violation(sandbox, open_page, viewport, scheme):
    # Without reduced motion, changed cells fade through colors that axe would measure.
    page = open_page(sandbox, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    for fall in ("50000", "24000"):
        sandbox.control("POST", "prices", {"BTC": fall})
        sandbox.fault(answer="reset", skip=1)
        expect(page.get_by_role("textbox", name="Price of BTC")).to_have_value(f"{int(fall):,}")
        found = axe.Axe().run(page).response["violations"]
        assert [(item["id"], item["impact"], [node["html"] for node in item["nodes"]]) for item in found] == []
    page.get_by_role("button", name="Reset the exchange").click()
    assert axe.Axe().run(page).response["violations"] == []


def test_a_phone_never_scrolls_sideways(sandbox, open_page):
    page = open_page(sandbox, viewport=PHONE)
    sandbox.fault(mutations=[{"field": "result.list.repayAmountOfAVeryLongName", "how": "absent"}])
    sandbox.control("POST", "prices", {"BTC": "0.00012345678901234567", "ETH": "123456789.123456789"})
    expect(page.locator("#armed li")).to_have_count(1)
    for place in range(3):
        page.get_by_label("Account", exact=True).select_option(index=place)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_focused_element_is_not_behind_the_bar(page):
    field = page.get_by_role("textbox", name="Price of ETH")
    field.focus()
    height = page.locator("#position").bounding_box()["height"]
    page.evaluate("distance => scrollBy(0, distance)", field.bounding_box()["y"] - height - 10)
    for _time in range(8):
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= height


def test_the_page_loads_nothing_from_elsewhere(sandbox, chromium):
    context = chromium.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(sandbox.url)
    expect(page.get_by_text("Live")).to_be_visible()
    context.close()
    assert len(asked) > 10
    assert [url for url in asked if not url.startswith((f"{sandbox.url}/", "data:"))] == []


@pytest.fixture
def other_origin(tmp_path):
    """A page on another port, which is the same site but another origin for the browser."""
    (tmp_path / "index.html").write_text("<!doctype html><title>Another page</title>")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        threading.Thread(target=other.serve_forever).start()
        yield f"http://127.0.0.1:{other.server_port}/"
        other.shutdown()


def test_a_page_of_another_origin_cannot_change_anything(sandbox, chromium, other_origin):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(other_origin)
    # The page cannot even read the refusal.
    failures: list[str] = []
    page.on("requestfailed", lambda request: failures.append(request.failure))
    for name, body in (("prices", '{"BTC": "1"}'), ("clock", '{"advance_ms": 86400000}'), ("faults", '{"answer": "reset"}'), ("reset", "{}")):
        page.evaluate(
            "([url, body]) => fetch(url, {method: 'POST', mode: 'no-cors', body}).catch(() => null)", [f"{sandbox.url}/sandbox/{name}", body],
        )
    context.close()
    assert failures == ["net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin"] * 4
    assert sandbox.state()["prices"]["BTC"] == "60000" and sandbox.state()["faults"] == []
    assert sandbox.state()["clock"]["offset_ms"] == 0


def test_the_page_says_when_the_exchange_does_not_answer(start, names, open_page, cli):
    found = start()
    page = open_page(names.client(found.url))
    cli("stop", "--run-dir", found.run_dir)
    expect(page.get_by_role("alert").filter(has_text="The stand-in exchange does not answer")).to_be_visible()
    expect(page.get_by_text("Not answering")).to_be_visible()

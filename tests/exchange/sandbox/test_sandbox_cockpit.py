# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page as a person uses it: in headless Chromium, with mouse and keyboard."""

from __future__ import annotations

import http.client
import json
import re
import uuid

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need the Python package playwright: make env")
expect = playwright.expect


def meter(page, name: str = "LTV of Treasury"):
    return page.get_by_role("meter", name=name)


def ltv(page, name: str = "LTV of Treasury") -> float:
    return float(meter(page, name).get_attribute("aria-valuenow"))


def table(page, title: str):
    return page.get_by_role("table", name=title)


def told(page, sentence: str) -> None:
    expect(page.get_by_role("log")).to_contain_text(sentence)


def drag(page, slider, part: float) -> None:
    """Drag a slider from its current position to this fraction of its width."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    height = box["y"] + box["height"] / 2
    thumb = (float(slider.input_value()) - 5) / 195
    page.mouse.move(box["x"] + box["width"] * thumb, height)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * part, height, steps=5)
    page.mouse.up()


def test_the_ltv_of_the_account_comes_first_with_its_marks(sandbox, page):
    assert ltv(page) == pytest.approx(float(sandbox.account()["ltv"]) * 100, abs=0.01)
    assert meter(page).get_attribute("aria-valuetext") == f"{ltv(page):.2f} %, below the initial mark"
    assert page.get_by_role("meter").first.get_attribute("aria-label").startswith("LTV of Treasury")
    expect(page.locator("#position li")).to_have_text(["Initial 80 %", "Margin call 85 %", "Liquidation 95 %"])
    assert meter(page).bounding_box()["y"] < page.viewport_size["height"] / 3


def test_each_legacy_loan_has_a_bar(sandbox, page, names):
    for loan in sandbox.account()["loans"]:
        assert ltv(page, loan["order_id"]) == pytest.approx(float(loan["ltv"]) * 100, abs=0.01)
    marks = page.get_by_role("article", name=names.sol).get_by_role("listitem")
    expect(marks).to_have_text(["Initial 70 %", "Margin call 80 %", "Liquidation 90 %"])


def test_a_dragged_price_moves_the_bars(sandbox, page, names):
    before, loan_before = ltv(page), ltv(page, names.loan)
    width = page.locator("#account-ltv .fill").bounding_box()["width"]
    drag(page, page.get_by_role("slider", name="Price of BTC"), 0.3)
    told(page, "BTC: 60,000 →")
    price = float(sandbox.state()["prices"]["BTC"])
    assert 30000 < price < 45000
    expect(page.get_by_role("textbox", name="Price of BTC")).to_have_value(f"{price:,.0f}")
    assert ltv(page) == pytest.approx(float(sandbox.account()["ltv"]) * 100, abs=0.01) and ltv(page) > before + 5
    assert ltv(page, names.loan) > loan_before + 5
    page.wait_for_timeout(700)
    assert page.locator("#account-ltv .fill").bounding_box()["width"] > width * 1.05


def test_a_price_is_sent_when_the_slider_is_released(sandbox, page):
    slider = page.get_by_role("slider", name="Price of BTC")
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 1, box["y"] + box["height"] / 2, steps=3)
    expect(page.get_by_role("textbox", name="Price of BTC")).to_have_value("3,000")
    assert sandbox.state()["prices"]["BTC"] == "60000"
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3)
    page.mouse.up()
    assert float(sandbox.state()["prices"]["BTC"]) > 50000


@pytest.mark.parametrize(("button", "price"), [("ETH −10 %", "2700"), ("ETH −30 %", "2100")], ids=["10", "30"])
def test_a_shock_lowers_the_price(sandbox, page, until, button, price):
    page.get_by_role("button", name=button).click()
    until(lambda: sandbox.state()["prices"]["ETH"] == price)
    told(page, f"ETH: 3,000 → {int(price):,} USD.")


def test_repeated_shocks_lead_to_liquidation(sandbox, page):
    standings = []
    for _time in range(7):
        for coin in ("BTC", "ETH"):
            before = sandbox.state()["prices"][coin]
            page.get_by_role("button", name=f"{coin} −10 %").click()
            told(page, f"{coin}: {float(before):,.10g} →")
            standings.append(page.locator("#account-ltv .gauge").get_attribute("data-standing"))
    assert [name for place, name in enumerate(standings) if name not in standings[:place]] == ["safe", "initial", "margin_call"]
    told(page, "margin call: repay, or add collateral.")
    told(page, "liquidation): success")
    expect(table(page, "Repayments")).to_contain_text("liquidation")


def test_a_typed_price_is_sent_and_an_invalid_one_is_explained(sandbox, page, until):
    field = page.get_by_role("textbox", name="Price of SOL")
    field.fill("123.45")
    field.press("Enter")
    until(lambda: sandbox.state()["prices"]["SOL"] == "123.45")
    field.fill("cheap")
    field.press("Enter")
    expect(page.locator("#prices-problem")).to_contain_text("SOL")
    expect(field).to_have_value("123.45")
    assert sandbox.state()["prices"]["SOL"] == "123.45"


def test_the_keyboard_is_enough(sandbox, page, until):
    page.get_by_role("slider", name="Price of BTC").focus()
    page.keyboard.press("ArrowLeft")
    until(lambda: sandbox.state()["prices"]["BTC"] == "59400")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    until(lambda: sandbox.state()["prices"]["BTC"] == "53460")
    page.locator("#fault-skip").focus()
    page.keyboard.press("Enter")
    until(lambda: sandbox.state()["faults"])
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


def test_an_armed_fault_applies_and_the_ledger_shows_the_movement(sandbox, page, names):
    page.get_by_label("What happens").select_option("The answer is lost; the request is executed")
    page.get_by_label("Affected request").select_option("POST /v5/crypto-loan/repay")
    page.get_by_role("button", name="Arm").click()
    armed = page.locator("#armed li")
    expect(armed).to_have_text(["answer lost, executedPOST /v5/crypto-loan/repay1 left"])
    told(page, "Fault armed: answer lost, executed (POST /v5/crypto-loan/repay).")
    with pytest.raises((http.client.HTTPException, OSError)):
        sandbox.repay()
    expect(armed).to_have_count(0)
    row = table(page, "Repayments").locator("tbody tr").first
    expect(row).to_contain_text("100 USDT")
    expect(row).to_contain_text(names.loan)
    expect(row).to_contain_text("by API")
    expect(table(page, "Movements of the Funding wallet")).to_contain_text("−100 USDT")
    expect(table(page, "Wallets and collateral").locator("tr", has_text="USDT")).to_contain_text("9,900")
    told(page, "Repayment of 100 USDT (legacy, by API): success.")
    told(page, "Fault used up or cleared")


@pytest.mark.parametrize(("kind", "seconds", "skip", "times", "expected", "shown"), [
    ("The operation is processing for a while, then fails", "90", "0", "1", {"processing_ms": 90000, "final_status": 3}, "processing for 90 s, then failed"),
    ("Internal error (10016); the request is not executed", None, "2", "0", {"commit": False, "skip": 2, "times": 0}, "skips 2, then until cleared"),
    ("The request is lost on its way and executed later", "5", "0", "3", {"arrive_after_ms": 5000, "times": 3}, "3 left"),
], ids=["fails later", "twice unharmed", "arrives later"])
def test_the_form_arms_the_chosen_fault(sandbox, page, kind, seconds, skip, times, expected, shown):
    page.get_by_label("What happens").select_option(kind)
    assert page.get_by_label("Seconds").is_visible() is (seconds is not None)
    if seconds:
        page.get_by_label("Seconds").fill(seconds)
    page.get_by_label("Skip first").fill(skip)
    page.get_by_label("How many times").fill(times)
    page.get_by_role("button", name="Arm").click()
    expect(page.locator("#armed li")).to_contain_text(shown)
    [fault] = sandbox.state()["faults"]
    assert {name: fault[name] for name in expected} == expected
    page.get_by_role("button", name="Clear all faults").click()
    expect(page.get_by_text("No fault is armed.")).to_be_visible()
    assert sandbox.state()["faults"] == []


def test_every_listed_fault_can_be_armed(page):
    kinds = page.get_by_label("What happens")
    number = kinds.locator("option").count()
    page.get_by_label("Affected request").select_option("Any request")
    for place in range(number):
        kinds.select_option(index=place)
        page.get_by_role("button", name="Arm").click()
        expect(page.locator("#armed li")).to_have_count(place + 1)
    expect(page.locator("#faults-problem")).to_be_empty()
    assert "no effect" not in page.locator("#armed").inner_text()


def test_the_clock_moves_stops_and_starts_again(sandbox, page, until, names):
    start, interest = sandbox.state()["server_time"], sandbox.loan()["interest"]
    page.get_by_role("button", name="+1 hour").click()
    page.get_by_role("button", name="+7 days").click()
    page.get_by_label("Move forward by").fill("3")
    page.get_by_label("Unit").select_option("days")
    page.get_by_role("button", name="Move", exact=True).click()
    until(lambda: sandbox.state()["server_time"] - start > (10 * 24 + 1) * 3_600_000)
    told(page, "The clock has been moved by 3 d 0 h.")
    assert sandbox.loan()["interest"] != interest
    expect(page.get_by_role("article", name=names.loan)).to_contain_text(sandbox.loan()["interest"])
    expect(page.locator("#now")).to_have_text(re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"))
    page.get_by_role("button", name="Stop the clock").click()
    until(lambda: sandbox.state()["clock"]["frozen_at_ms"])
    page.get_by_role("button", name="Start the clock").click()
    until(lambda: sandbox.state()["clock"]["frozen_at_ms"] is None)


def test_a_reset_asks_first(sandbox, page, until):
    sandbox.repay()
    page.get_by_role("button", name="Reset the exchange").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("button", name="Reset the exchange").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert sandbox.loan()["debt"] == "900.4"
    page.get_by_role("button", name="Reset the exchange").click()
    page.get_by_role("button", name="Reset", exact=True).click()
    until(lambda: sandbox.loan()["debt"] == "1000.4")
    told(page, "The exchange has been reset to its seed.")


def test_the_chosen_account_stays_chosen_after_a_reload(page):
    page.get_by_label("Account", exact=True).select_option("Second account (UID 1631390)")
    expect(meter(page, "LTV of Second account")).to_be_visible()
    expect(page.get_by_role("meter")).to_have_count(2)
    page.reload()
    expect(meter(page, "LTV of Second account")).to_be_visible()


def test_an_adjustment_of_collateral_is_shown(loans, page, names):
    assert loans.post("common/adjust-ltv", currency="BTC", amount="0.1", direction="0").code == 0
    told(page, "Collateral adjusted by 0.1 BTC: success.")
    body = json.dumps({"orderId": names.loan, "amount": "0.01", "direction": "0"})
    stamp = loans.sandbox.state()["server_time"]
    assert loans.sandbox.signed("POST", f"{names.prefix}adjust-ltv", body=body, timestamp=stamp).code == 0
    rows = table(page, "Collateral adjustments").locator("tbody tr")
    expect(rows.filter(has_text="the account")).to_contain_text("added")
    expect(rows.filter(has_text=names.loan)).to_contain_text("0.01 BTC")


def test_a_transfer_between_wallets_is_shown(sandbox, page):
    body = {"transferId": str(uuid.uuid4()), "coin": "USDT", "amount": "500", "fromAccountType": "UNIFIED", "toAccountType": "FUND"}
    assert sandbox.signed("POST", "/v5/asset/transfer/inter-transfer", body=json.dumps(body)).code == 0
    told(page, "Transfer of 500 USDT from UNIFIED to FUND: success.")
    expect(table(page, "Transfers between wallets")).to_contain_text(body["transferId"])
    usdt = table(page, "Wallets and collateral").get_by_role("row").filter(has_text="USDT").get_by_role("cell")
    expect(usdt).to_have_text(["USDT", "10,500", "11,499", "0", "1"])

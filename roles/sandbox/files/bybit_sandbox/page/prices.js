// Copyright (c) 2026 treasury.bybit contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// The panel of prices, which can be typed, dragged, or shocked.

import { change } from "/page/control.js";
import { percentOf } from "/page/decimal.js";
import { button, byId, element, grouped, write } from "/page/elements.js";

const SHOCKS = [10, 30];
const LOWEST_PERCENT = 5, HIGHEST_PERCENT = 200;
const rows = new Map();

export function showPrices(prices) {
  for (const [coin, price] of Object.entries(prices)) {
    if (!rows.has(coin)) rows.set(coin, new Row(coin, price));
    rows.get(coin).show(price);
  }
}

/** One coin; the slider is relative to the coin's price when the page was opened. */
class Row {
  constructor(coin, price) {
    this.coin = coin;
    this.first = price;
    this.field = element("input", { type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": `Price of ${coin} in USD` });
    this.slider = element("input", {
      type: "range", min: LOWEST_PERCENT, max: HIGHEST_PERCENT, step: 1, "aria-label": `Price of ${coin} in percent of ${grouped(price)} USD`,
    });
    this.moved = element("output", { class: "moved" });
    const shocks = SHOCKS.map(fall => button(
      `−${fall} %`, () => this.send(percentOf(this.price, 100 - fall)), { "aria-label": `${coin} −${fall} %` },
    ));
    this.field.addEventListener("change", () => this.send(this.field.value.trim().replaceAll(",", "")));
    // The price is sent only when the slider is released, since a price on the way could liquidate a loan.
    this.slider.addEventListener("input", () => this.preview(percentOf(this.first, this.slider.value)));
    this.slider.addEventListener("change", () => this.send(percentOf(this.first, this.slider.value)));
    this.node = element("div", { class: "price", "data-coin": coin }, element("b", {}, coin), this.field, this.moved, this.slider, ...shocks);
    byId("prices").append(this.node);
  }

  show(price) {
    if (this.price === price) return;
    this.price = price;
    this.slider.value = Math.round(Number(price) / Number(this.first) * 100);
    this.preview(price);
  }

  preview(price) {
    this.field.value = grouped(price);
    const part = (Number(price) / Number(this.first) - 1) * 100;
    write(this.moved, Math.abs(part) < 0.05 ? "" : `${part < 0 ? "−" : "+"}${Math.abs(part).toFixed(1)} %`);
    this.slider.setAttribute("aria-valuetext", `${grouped(price)} USD`);
  }

  async send(price) {
    const before = this.price;
    // Another shock right after this one starts from this price.
    this.price = price;
    const done = await change(byId("prices-problem"), "POST", "prices", { [this.coin]: price });
    if (!done) {
      this.price = before;
      this.preview(before);
    }
  }
}

// Copyright (c) 2026 treasury.bybit contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// Bars that show the LTV of an account or a legacy loan, with its three marks.

import { element, mark, percent, write } from "/page/elements.js";

const MARKS = [["initial_ltv", "Initial"], ["margin_call_ltv", "Margin call"], ["liquidation_ltv", "Liquidation"]];
const STANDINGS = {
  safe: "below the initial mark",
  initial: "above the initial mark: no further borrowing",
  margin_call: "margin call: repay, or add collateral",
  liquidation: "liquidation",
};
// From here on, there is room for a word to the left of its mark.
const ROOM_FOR_WORDS = 0.4;

/** The zone that an LTV is in: safe, initial, margin_call, or liquidation. */
export function standing(holder) {
  const ltv = Number(holder.ltv);
  if (ltv >= Number(holder.liquidation_ltv)) return "liquidation";
  if (ltv >= Number(holder.margin_call_ltv)) return "margin_call";
  return ltv > Number(holder.initial_ltv) ? "initial" : "safe";
}

/** "86.10 %, margin call: repay, or add collateral" */
export function inWords(holder) {
  return `${percent(holder.ltv)}, ${STANDINGS[standing(holder)]}`;
}

export class Gauge {
  constructor() {
    this.value = element("strong", { class: "ltv" });
    this.words = element("span", { class: "standing" });
    this.zones = MARKS.map(([field]) => element("span", { class: `zone ${field}` }));
    this.fill = element("span", { class: "fill" });
    this.bar = element("div", { class: "bar", role: "meter", "aria-valuemin": "0", "aria-valuemax": "100" }, ...this.zones, this.fill);
    this.flags = MARKS.map(([field]) => element("li", { class: `flag ${field}` }));
    this.node = element(
      "div", { class: "gauge" }, element("p", { class: "reading" }, this.value, " ", this.words), this.bar,
      element("ul", { class: "flags plain" }, ...this.flags),
    );
  }

  /** Show the LTV of the account or loan that the label names. */
  show(holder, label) {
    const level = standing(holder);
    this.node.dataset.standing = level;
    write(this.value, percent(holder.ltv));
    write(this.words, STANDINGS[level]);
    this.bar.setAttribute("aria-label", label);
    this.bar.setAttribute("aria-valuenow", Math.min(100, Number(holder.ltv) * 100).toFixed(2));
    this.bar.setAttribute("aria-valuetext", inWords(holder));
    this.fill.style.width = position(holder.ltv);
    MARKS.forEach(([field, word], place) => {
      const next = MARKS[place + 1], end = next ? holder[next[0]] : "1", flag = this.flags[place];
      this.zones[place].style.left = position(holder[field]);
      this.zones[place].style.right = `calc(100% - ${position(end)})`;
      const rightward = Number(holder[field]) < ROOM_FOR_WORDS;
      flag.classList.toggle("rightward", rightward);
      flag.style.marginLeft = rightward ? position(holder[field]) : "0";
      flag.style.marginRight = rightward ? "0" : `calc(100% - ${position(holder[field])})`;
      write(flag, `${word} ${mark(holder[field])}`);
    });
  }
}

function position(ratio) {
  return `${(Math.min(1, Number(ratio)) * 100).toFixed(2)}%`;
}

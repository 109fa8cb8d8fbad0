// Copyright (c) 2026 treasury.bybit contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// Elements of the page, and the formatting of amounts, times, and ratios.

export function byId(id) {
  return document.getElementById(id);
}

/** Create an element; attributes that are null are left out. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function option(value, label) {
  return element("option", { value }, label);
}

export function button(label, press, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", press);
  return made;
}

/** Set a text only if it differs, so that a screen reader does not repeat it. */
export function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** "12345.678" as "12,345.678"; amounts stay decimal strings. */
export function grouped(amount) {
  const [whole, rest] = amount.split(".");
  return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (rest === undefined ? "" : `.${rest}`);
}

export function percent(ratio, places = 2) {
  return `${(Number(ratio) * 100).toFixed(places)} %`;
}

/** "0.85" as "85 %", "0.875" as "87.5 %". */
export function mark(ratio) {
  return `${Number((Number(ratio) * 100).toFixed(2))} %`;
}

export function moment(ms) {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

export function time(ms) {
  return element("time", { datetime: new Date(ms).toISOString() }, moment(ms));
}

export function distance(ms) {
  const minutes = Math.round(Math.abs(ms) / 60_000), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
  if (days) return `${days} d ${hours % 24} h`;
  return hours ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}

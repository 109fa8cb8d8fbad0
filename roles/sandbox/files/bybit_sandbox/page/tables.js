// Copyright (c) 2026 treasury.bybit contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// Tables of the account's ledger. A table is redrawn only when it differs, and changed cells light up for a moment.

import { byId, element, write } from "/page/elements.js";

const MOST_ROWS = 200;
const tables = new Map();

/**
 * Show a table. A column is a name, with a leading "#" if it holds numbers. A row is [key, ...cells], and a cell is a text, an element,
 * or null. empty is the text for a table without rows.
 */
export function showTable(title, columns, rows, empty) {
  if (!tables.has(title)) tables.set(title, new Table(title));
  tables.get(title).show(columns, rows, empty);
}

/** Forget the tables: another account's ledger is not a change of this one. */
export function forgetTables() {
  for (const table of tables.values()) table.before = null;
}

class Table {
  constructor(title) {
    this.before = null;
    this.heading = element("h3", { id: `table-${title.toLowerCase().replaceAll(" ", "-")}` }, title);
    this.note = element("p", { class: "note" });
    this.body = element("tbody", { role: "rowgroup" });
    this.head = element("tr", { role: "row" });
    // Narrow screens lay rows out as cards, which would take the roles away.
    this.table = element(
      "table", { role: "table", "aria-labelledby": this.heading.id },
      element("thead", { role: "rowgroup" }, this.head), this.body,
    );
    byId("tables").append(element("section", { class: "card" }, this.heading, this.note, this.table));
  }

  show(columns, rows, empty) {
    const shown = JSON.stringify([columns, rows.map(row => row.map(written))]);
    if (this.shown === shown && this.before) return;
    this.shown = shown;
    const left = rows.length - MOST_ROWS;
    write(this.note, rows.length ? (left > 0 ? `The first ${MOST_ROWS} of ${rows.length}.` : "") : empty);
    this.table.hidden = !rows.length;
    this.head.replaceChildren(...columns.map(name => element("th", { scope: "col", role: "columnheader", class: kindOf(name) }, named(name))));
    const now = new Map();
    this.body.replaceChildren(...rows.slice(0, MOST_ROWS).map(([key, ...cells]) => {
      const texts = cells.map(written), before = this.before?.get(key);
      now.set(key, texts);
      const isNew = this.before && !before;
      return element("tr", { role: "row", class: isNew ? "new" : null }, ...cells.map((cell, place) => {
        const moved = before && before[place] !== texts[place];
        const content = element("span", { class: moved ? "moved-value" : null }, cell ?? "–");
        return element("td", { role: "cell", class: kindOf(columns[place]), "data-label": named(columns[place]) }, content);
      }));
    }));
    this.before = now;
  }
}

function written(cell) {
  return cell instanceof Element ? cell.textContent : cell ?? "–";
}

function kindOf(column) {
  return column.startsWith("#") ? "number" : null;
}

function named(column) {
  return column.replace("#", "");
}

// Copyright (c) 2026 treasury.bybit contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// Cards of the open legacy loans, each with its own LTV.

import { byId, distance, element, grouped, write } from "/page/elements.js";
import { Gauge } from "/page/ltv.js";

const MOST_CARDS = 200;
const cards = new Map();

export function showLegacyLoans(loans, now) {
  const shown = loans.slice(0, MOST_CARDS);
  const kept = new Set(shown.map(loan => loan.order_id));
  for (const [orderId, card] of cards) {
    if (!kept.has(orderId)) {
      card.node.remove();
      cards.delete(orderId);
    }
  }
  byId("no-legacy-loans").hidden = loans.length > 0;
  for (const loan of shown) {
    if (!cards.has(loan.order_id)) cards.set(loan.order_id, new Card(loan));
    cards.get(loan.order_id).show(loan, now);
  }
}

class Card {
  constructor(loan) {
    this.gauge = new Gauge();
    this.debt = element("strong", { class: "debt" });
    this.due = element("span", { class: "tag" });
    this.parts = element("p", { class: "note" });
    this.collateral = element("span", { class: "note" });
    const title = element("h4", { id: `loan-${loan.order_id}`, class: "loan-title" }, element("span", { class: "id" }, loan.order_id));
    this.node = element(
      "article", { class: "loan", "aria-labelledby": title.id }, element("div", { class: "row" }, title, this.due),
      element("div", { class: "row" }, this.debt, this.collateral), this.gauge.node, this.parts,
    );
    byId("legacy-loans").append(this.node);
  }

  show(loan, now) {
    this.gauge.show(loan, `LTV of legacy loan ${loan.order_id}`);
    write(this.debt, `${grouped(loan.debt)} ${loan.loan_coin} owed`);
    const late = loan.due_at !== null && loan.due_at < now;
    const distant = loan.due_at === null ? "" : distance(loan.due_at - now);
    write(this.due, loan.due_at === null ? "no term" : late ? `overdue by ${distant}` : `${loan.term} days, due in ${distant}`);
    this.due.classList.toggle("bad", late);
    const penalty = loan.penalty === "0" ? "" : `, penalty ${grouped(loan.penalty)}`;
    write(this.parts, `Principal ${grouped(loan.principal)}, interest ${grouped(loan.interest)}${penalty}`);
    write(this.collateral, `against ${grouped(loan.collateral)} ${loan.collateral_coin}`);
  }
}

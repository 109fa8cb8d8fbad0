// Copyright (c) 2026 treasury.bybit contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// The account's ledger: its wallets, loans, and collateral, and every movement.

import { distance, element, grouped, percent, time } from "/page/elements.js";
import { adjustmentKey, adjustmentsOf, ORIGIN, STATUS } from "/page/ledger_words.js";
import { showTable } from "/page/tables.js";

const KINDS = { 1: "good", 2: "warn", 3: "bad" };
const REDUCE = "1";
const REPAID = 2, OVERDUE = 3;

function tag(text, kind = "") {
  return element("span", { class: `tag ${kind}` }, text);
}

function statusTag(status) {
  return tag(STATUS[status] ?? String(status), KINDS[status]);
}

function amountOf(amount, coin) {
  return `${grouped(amount)} ${coin}`;
}

function due(contract, now) {
  const distant = distance(contract.due_at - now);
  return contract.status === OVERDUE ? tag(`overdue by ${distant}`, "bad") : `in ${distant}`;
}

export function showBook(account, prices, now) {
  showMoney(account, prices);
  showLoans(account, now);
  showClosed(account);
  showRepayments(account.repayments);
  showAdjustments(adjustmentsOf(account));
  showTransfers(account.transfers);
  showMovements(account.funding);
}

function showMoney(account, prices) {
  const wallets = [["Funding wallet", account.wallet], ["UNIFIED wallet", account.unified], ["Collateral", account.collateral]];
  const columns = ["Coin", ...wallets.map(([name]) => `#${name}`), "#Price (USD)"];
  const rows = Object.entries(prices).map(
    ([coin, price]) => [coin, coin, ...wallets.map(([, held]) => grouped(held[coin] ?? "0")), grouped(price)],
  );
  showTable("Wallets and collateral", columns, rows, "No coin.");
}

function showLoans(account, now) {
  const flexible = account.flexible_loans.map(loan => [
    loan.loan_coin, "flexible", null, amountOf(loan.debt, loan.loan_coin), grouped(loan.principal), grouped(loan.interest), "flexible",
  ]);
  const fixed = account.fixed_contracts.filter(contract => contract.status !== REPAID).map(contract => [
    contract.loan_id, `fixed, ${contract.term} days, ${percent(contract.annual_rate)}`, contract.loan_id,
    amountOf(contract.debt, contract.loan_coin), grouped(contract.principal), grouped(contract.penalty), due(contract, now),
  ]);
  const pending = account.pending_borrowings.map(order => [
    `order ${order.order_id}`, `fixed, ${order.term} days, ${percent(order.annual_rate)}`, order.order_id, null,
    amountOf(order.amount, order.loan_coin), null, tag("waits for a lender"),
  ]);
  showTable(
    "Loans against the account's collateral", ["Loan", "ID", "#Owed", "#Principal", "#Interest", "Due"],
    [...flexible, ...fixed, ...pending], "No flexible or fixed loan.",
  );
}

function showClosed(account) {
  const rows = account.closed_loans.map(loan => [
    loan.order_id, time(loan.closed_at), loan.order_id, amountOf(loan.initial_loan, loan.loan_coin),
    tag(loan.status, loan.status === "repaid" ? "good" : "bad"),
  ]);
  if (rows.length) showTable("Closed legacy loans", ["Closed (UTC)", "Loan", "#Borrowed", "How"], rows, "");
}

function paidFor(item) {
  if (item.product === "legacy") return item.order_id;
  return [item.product, ...item.details.map(part => part.loan_id)].join(" ");
}

function collateralOf(item) {
  if (item.product === "legacy") {
    return item.collateral_return === "0" ? null : `${amountOf(item.collateral_return, item.collateral_coin)} back`;
  }
  return Object.entries(item.collateral_sold).map(([coin, part]) => `${amountOf(part, coin)} sold`).join(", ") || null;
}

function showRepayments(repayments) {
  const rows = repayments.map(item => [
    `${item.product} ${item.repay_id}`, time(item.time), amountOf(item.amount, item.coin), paidFor(item), item.repay_id,
    ORIGIN[item.origin] ?? item.origin, collateralOf(item), statusTag(item.status),
  ]);
  showTable("Repayments", ["Time (UTC)", "#Amount", "Loan", "Repayment", "How", "Collateral", "Status"], rows, "No repayment yet.");
}

function showAdjustments(adjustments) {
  const rows = adjustments.map(item => [
    adjustmentKey(item), time(item.time), amountOf(item.amount, item.coin), item.direction === REDUCE ? "taken back" : "added",
    item.order_id ?? "the account", String(item.adjust_id), statusTag(item.status),
  ]);
  showTable("Collateral adjustments", ["Time (UTC)", "#Amount", "How", "Of", "Adjustment", "Status"], rows, "No adjustment yet.");
}

function showTransfers(transfers) {
  const rows = transfers.map(item => [
    item.transfer_id, time(item.time), amountOf(item.amount, item.coin), `${item.from} to ${item.to}`, item.transfer_id, statusTag(item.status),
  ]);
  showTable("Transfers between wallets", ["Time (UTC)", "#Amount", "How", "Transfer", "Status"], rows, "No transfer yet.");
}

function showMovements(entries) {
  const rows = entries.map(item => [
    String(item.number), time(item.time), item.kind.replaceAll("_", " "), amountOf(item.amount.replace("-", "−"), item.coin),
    grouped(item.after),
  ]);
  showTable("Movements of the Funding wallet", ["Time (UTC)", "What", "#Amount", "#Balance after"], rows, "No movement yet.");
}

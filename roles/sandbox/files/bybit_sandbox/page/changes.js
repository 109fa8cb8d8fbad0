// Copyright (c) 2026 treasury.bybit contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// The list of recent changes, whether made by this page, a playbook, or the exchange itself. Screen readers read it out.

import { byId, distance, element, grouped, moment, percent } from "/page/elements.js";
import { inWords as faultWords, placeOf } from "/page/fault_words.js";
import { adjustmentKey, adjustmentsOf, ORIGIN, STATUS } from "/page/ledger_words.js";
import { inWords, standing } from "/page/ltv.js";

const MOST_LINES = 30;
// Polls are not exactly one second apart.
const JUMP_MS = 60_000;

export function tell(sentence, at) {
  byId("no-changes").hidden = true;
  byId("changes").prepend(element("li", {}, element("time", { datetime: new Date(at).toISOString() }, `${moment(at)} UTC`), " ", sentence));
  while (byId("changes").children.length > MOST_LINES) byId("changes").lastChild.remove();
}

/** List how a state of the exchange differs from the previous one, for the account with this uid. */
export function tellChanges(before, after, uid) {
  const account = state => state.accounts.find(item => item.uid === uid);
  const prices = priceChanges(before.prices, after.prices);
  const sentences = [
    ...clockChanges(before, after), ...prices, ...faultChanges(before.faults, after.faults),
    ...(account(before) && account(after) ? accountChanges(account(before), account(after), prices.length > 0) : []),
  ];
  for (const sentence of sentences) tell(sentence, after.server_time);
}

function clockChanges(before, after) {
  const stopped = state => state.clock.frozen_at_ms !== null;
  if (stopped(before) !== stopped(after)) return [stopped(after) ? "The clock has been stopped." : "The clock runs again."];
  const moved = stopped(after) ? after.clock.frozen_at_ms - before.clock.frozen_at_ms : after.clock.offset_ms - before.clock.offset_ms;
  return Math.abs(moved) < JUMP_MS ? [] : [`The clock has been moved by ${moved < 0 ? "−" : ""}${distance(moved)}.`];
}

function priceChanges(before, after) {
  const moved = Object.keys(after).filter(coin => before[coin] !== undefined && before[coin] !== after[coin]);
  return moved.map(coin => `${coin}: ${grouped(before[coin])} → ${grouped(after[coin])} USD.`);
}

function faultChanges(before, after) {
  const found = new Map(after.map(fault => [fault.id, fault])), known = new Map(before.map(fault => [fault.id, fault]));
  const named = fault => `${faultWords(fault)} (${placeOf(fault)})`;
  return [
    ...after.filter(fault => !known.has(fault.id)).map(fault => `Fault armed: ${named(fault)}.`),
    ...before.filter(fault => !found.has(fault.id)).map(fault => `Fault used up or cleared: ${named(fault)}.`),
    ...after.filter(fault => known.has(fault.id) && known.get(fault.id).times !== fault.times).map(fault => `Fault applied: ${named(fault)}.`),
  ];
}

function accountChanges(before, after, tellsLtv) {
  const sentences = [];
  const loans = new Map(before.loans.map(loan => [loan.order_id, loan]));
  for (const loan of after.loans) {
    const old = loans.get(loan.order_id);
    if (old && standing(old) !== standing(loan)) sentences.push(`Legacy loan ${loan.order_id}: LTV ${inWords(loan)}.`);
  }
  if (tellsLtv || standing(before) !== standing(after)) {
    sentences.push(`The account: LTV ${percent(before.ltv)} → ${inWords(after)}.`);
  }
  sentences.push(...newOnes(before.repayments, after.repayments, item => `${item.product} ${item.repay_id}`, item => (
    `Repayment of ${grouped(item.amount)} ${item.coin} (${item.product}, ${ORIGIN[item.origin] ?? item.origin}): ${STATUS[item.status] ?? item.status}.`
  )));
  sentences.push(...newOnes(adjustmentsOf(before), adjustmentsOf(after), adjustmentKey, item => (
    `Collateral adjusted by ${grouped(item.amount)} ${item.coin}: ${STATUS[item.status] ?? item.status}.`
  )));
  sentences.push(...newOnes(before.transfers, after.transfers, item => item.transfer_id, item => (
    `Transfer of ${grouped(item.amount)} ${item.coin} from ${item.from} to ${item.to}: ${STATUS[item.status] ?? item.status}.`
  )));
  return sentences;
}

/** A sentence for each item that is new or has another status, oldest first, although lists have the newest first. */
function newOnes(before, after, keyOf, sentenceOf) {
  const known = new Map(before.map(item => [keyOf(item), item.status]));
  return after.filter(item => known.get(keyOf(item)) !== item.status).reverse().map(sentenceOf);
}

// Copyright (c) 2026 treasury.bybit contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// The page reads the state every second and after each of its own changes, and shows it.

import { showBook } from "/page/book.js";
import { tell, tellChanges } from "/page/changes.js";
import { setUpClock, showClock } from "/page/clock.js";
import { change, exchange, read } from "/page/control.js";
import { byId, grouped, moment, option, write } from "/page/elements.js";
import { setUpFaults, showFaults } from "/page/faults.js";
import { showLegacyLoans } from "/page/legacy.js";
import { Gauge } from "/page/ltv.js";
import { showPrices } from "/page/prices.js";
import { forgetTables } from "/page/tables.js";

const POLL_MS = 1000;
const gauge = new Gauge();
let before = null;
let timer = null;
let polls = 0;
let endpoints = null;

function setUp() {
  byId("account-ltv").append(gauge.node);
  setUpClock();
  byId("account").addEventListener("change", () => {
    location.replace(`#${byId("account").value}`);
    forgetTables();
    show(before);
  });
  byId("reset").addEventListener("click", () => byId("reset-dialog").showModal());
  byId("reset-dialog").addEventListener("close", reset);
  // An answer that was requested before a change is outdated after it.
  exchange.addEventListener("changing", () => ++polls);
  exchange.addEventListener("changed", poll);
  poll();
}

async function reset() {
  const chosen = byId("reset-dialog").returnValue;
  byId("reset-dialog").returnValue = "";
  if (chosen === "reset" && await change(byId("reset-problem"), "POST", "reset", {})) {
    tell("The exchange has been reset to its seed.", before.server_time);
  }
}

/** The chosen account; the page's address names it, so that it stays chosen after a reload. */
function chosenAccount(accounts) {
  const uids = accounts.map(account => account.uid);
  const select = byId("account");
  if (select.dataset.uids !== uids.join()) {
    select.dataset.uids = uids.join();
    select.replaceChildren(...accounts.map(account => option(account.uid, nameOf(account))));
    const wanted = location.hash.slice(1);
    select.value = uids.includes(wanted) ? wanted : uids[0];
    select.closest(".choice").hidden = uids.length < 2;
  }
  return accounts.find(account => account.uid === select.value);
}

function nameOf(account) {
  const restricted = account.restriction ? `, restricted (${account.restriction})` : "";
  return `${account.name || "Account"} (UID ${account.uid})${restricted}`;
}

function show(state) {
  if (!before) setUpFaults(endpoints);
  const account = chosenAccount(state.accounts);
  write(byId("now"), `${moment(state.server_time)} UTC`);
  gauge.show(account, `LTV of ${nameOf(account)}`);
  const [debt, collateral] = [grouped(account.debt_usd), grouped(account.collateral_usd)];
  write(byId("account-sums"), `${debt} USD owed in flexible and fixed loans, against collateral that counts for ${collateral} USD`);
  showPrices(state.prices);
  showClock(state, Date.now());
  showFaults(state.faults);
  showLegacyLoans(account.loans, state.server_time);
  showBook(account, state.prices, state.server_time);
  if (before && before !== state) tellChanges(before, state, account.uid);
  before = state;
}

async function poll() {
  clearTimeout(timer);
  const number = ++polls;
  let state = null;
  try {
    endpoints ??= (await read("endpoints")).endpoints;
    state = await read("state");
  } catch (error) {
    write(byId("gone"), `The stand-in exchange does not answer (${error.message}). The page shows its last known state.`);
  }
  if (number !== polls) return;
  timer = setTimeout(poll, POLL_MS);
  byId("gone").hidden = state !== null;
  document.body.classList.toggle("gone", state === null);
  write(byId("connection"), state ? "Live" : "Not answering");
  if (state) show(state);
}

setUp();

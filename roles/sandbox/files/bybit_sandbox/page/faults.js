// Copyright (c) 2026 treasury.bybit contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// The panel of faults: choose one, arm it, and watch what is left of it.

import { change } from "/page/control.js";
import { byId, element, option } from "/page/elements.js";
import { inWords, leftOf, placeOf } from "/page/fault_words.js";

const REPAY = "POST /v5/crypto-loan/repay";
// A function is called with the chosen time in milliseconds.
const KINDS = [
  ["The answer is lost; the request is executed", { answer: "reset" }],
  ["The connection breaks; the request is not executed", { answer: "reset", commit: false }],
  ["The request is lost on its way and executed later", ms => ({ answer: "reset", arrive_after_ms: ms })],
  ["Half of the answer arrives; the request is executed", { answer: "truncate" }],
  ["A gateway's page (HTTP 502) instead of the answer; the request is executed", { answer: "html_502" }],
  ["Internal error (10016); the request is not executed", { answer: { ret_code: 10016 } }],
  ["Internal error (10016); the request is executed all the same", { answer: { ret_code: 10016 }, commit: true }],
  ["Too many requests (10006); the request is not executed", { answer: { ret_code: 10006 } }],
  ["The address is blocked (HTTP 403)", { answer: { http_status: 403 } }],
  ["The answer comes late", ms => ({ delay_answer_ms: ms })],
  ["The operation is processing for a while, then succeeds", ms => ({ processing_ms: ms })],
  ["The operation is processing for a while, then fails", ms => ({ processing_ms: ms, final_status: 3 })],
  ["The history shows the operation late", ms => ({ history_delay_ms: ms })],
  ["Debts and collateral show their old values for a while", ms => ({ debt_delay_ms: ms })],
  ["The wallet shows its old balance for a while", ms => ({ wallet_delay_ms: ms })],
  ["The exchange's clock is ahead for this request", ms => ({ clock_offset_ms: ms })],
];
const problem = byId("faults-problem");

function chosenKind() {
  return KINDS[Number(byId("fault-kind").value)][1];
}

/** The fault that the form describes, as the control API expects it. */
function asked() {
  const kind = chosenKind();
  const [method, path] = byId("fault-endpoint").value.split(" ");
  return {
    ...(typeof kind === "function" ? kind(Number(byId("fault-seconds").value) * 1000) : kind),
    ...(path ? { method, path } : {}), skip: Number(byId("fault-skip").value), times: Number(byId("fault-times").value),
  };
}

function showDuration() {
  byId("fault-duration").hidden = typeof chosenKind() !== "function";
}

function endpointGroup(label, method, endpoints) {
  const names = endpoints.filter(name => name.startsWith(`${method} `));
  return element("optgroup", { label }, ...names.map(name => option(name, name)));
}

export function setUpFaults(endpoints) {
  byId("fault-kind").append(...KINDS.map(([label], place) => option(place, label)));
  byId("fault-kind").addEventListener("change", showDuration);
  showDuration();
  byId("fault-endpoint").append(
    endpointGroup("Requests that change something", "POST", endpoints), endpointGroup("Requests that read", "GET", endpoints),
    option("", "Any request"),
  );
  byId("fault-endpoint").value = REPAY;
  byId("fault-form").addEventListener("submit", event => {
    event.preventDefault();
    change(problem, "POST", "faults", asked());
  });
  byId("clear-faults").addEventListener("click", () => change(problem, "DELETE", "faults"));
}

export function showFaults(faults) {
  byId("no-faults").hidden = faults.length > 0;
  byId("clear-faults").disabled = !faults.length;
  const lines = faults.map(fault => [inWords(fault), placeOf(fault), leftOf(fault)]);
  const shown = JSON.stringify(lines);
  if (byId("armed").dataset.shown === shown) return;
  byId("armed").dataset.shown = shown;
  byId("armed").replaceChildren(...lines.map(([words, place, left]) => element(
    "li", {}, element("b", {}, words), element("code", {}, place), element("span", { class: "tag" }, left),
  )));
}

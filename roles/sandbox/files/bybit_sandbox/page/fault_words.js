// Copyright (c) 2026 treasury.bybit contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// An armed fault in words: what it does, to which requests, and how often it still applies. Tests arm more kinds than this page.

const ANSWERS = {
  close: "answer lost", reset: "answer lost", truncate: "answer cut in half", html_502: "page with HTTP 502", html_200: "page instead of the answer",
  not_json: "answer is not JSON",
};
const DURATIONS = [
  ["delay_ms", "handled {} later"], ["delay_answer_ms", "answer {} late"], ["arrive_after_ms", "arrives {} later"], ["processing_ms", "processing for {}"],
  ["history_delay_ms", "history {} late"], ["debt_delay_ms", "debts and collateral {} late"], ["wallet_delay_ms", "wallet {} late"],
  ["clock_offset_ms", "exchange's clock off by {}"],
];
const FAILED = 3;

function answered(answer) {
  if (typeof answer === "string") return ANSWERS[answer];
  return answer.ret_code === undefined ? `HTTP ${answer.http_status}` : `refused with ${answer.ret_code}`;
}

export function inWords(fault) {
  const words = [];
  if (fault.answer !== "normal") words.push(answered(fault.answer), fault.commit ? "executed" : "not executed");
  for (const [field, pattern] of DURATIONS) {
    if (fault[field]) words.push(pattern.replace("{}", `${fault[field] / 1000} s`));
  }
  if (fault.final_status === FAILED) words.push("then failed");
  words.push(...fault.mutations.map(item => `${item.field} ${item.how}`));
  if (fault.omit_limit_headers) words.push("without limit headers");
  return words.join(", ") || "no effect";
}

export function placeOf(fault) {
  return [fault.method, fault.path].filter(Boolean).join(" ") || "any request";
}

export function leftOf(fault) {
  const often = fault.times ? `${fault.times} left` : "until cleared";
  return fault.skip ? `skips ${fault.skip}, then ${often}` : often;
}

// Copyright (c) 2026 treasury.bybit contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// Requests to the control API. Each change fires "changing" before it and "changed" after it, so that the page reads the new state.

import { write } from "/page/elements.js";

const PATIENCE_MS = 4000;
export const exchange = new EventTarget();

async function request(method, name, body) {
  const answer = await fetch(`/sandbox/${name}`, {
    method, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS),
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const document = await answer.json();
  if (!answer.ok) throw new Error(document.error);
  return document;
}

export function read(name) {
  return request("GET", name);
}

/** Change the exchange, and return whether it worked; the panel's line for problems shows a refusal. */
export async function change(problem, method, name, body) {
  let refused = "";
  exchange.dispatchEvent(new Event("changing"));
  try {
    await request(method, name, body);
  } catch (error) {
    refused = error.message;
  }
  write(problem, refused);
  exchange.dispatchEvent(new Event("changed"));
  return !refused;
}

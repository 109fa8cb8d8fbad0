// Copyright (c) 2026 treasury.bybit contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// Words about the ledger that the tables and the list of changes share.

export const STATUS = { 1: "success", 2: "processing", 3: "failed" };
export const ORIGIN = { api: "by API", app: "in the app", liquidation: "liquidation", auto: "automatic", seed: "before the start" };

/** All adjustments of collateral, of the account and of its legacy loans, newest first. */
export function adjustmentsOf(account) {
  return [...account.adjustments, ...account.legacy_adjustments].sort((one, other) => other.time - one.time);
}

/** Both kinds of adjustments have separate sequences of IDs. */
export function adjustmentKey(item) {
  return `${item.order_id ?? ""} ${item.adjust_id}`;
}

// Copyright (c) 2026 treasury.bybit contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// Exact arithmetic with amounts, which are decimal strings.

const MOST_PLACES = 8;

/** A percentage of an amount, cut to eight decimals: percentOf("60000", 70) is "42000". */
export function percentOf(amount, percent) {
  const [whole, rest = ""] = amount.split(".");
  const digits = (BigInt(whole + rest) * BigInt(percent)).toString().padStart(rest.length + 3, "0");
  const places = rest.length + 2;
  const fraction = digits.slice(-places).slice(0, MOST_PLACES).replace(/0+$/, "");
  return digits.slice(0, -places) + (fraction && `.${fraction}`);
}

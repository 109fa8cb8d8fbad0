// Copyright (c) 2026 treasury.bybit contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// The clock's panel: move it forward, stop it, and start it again.

import { change } from "/page/control.js";
import { button, byId, distance, moment, write } from "/page/elements.js";

const UNITS = { hour: 3_600_000, day: 86_400_000 };
const STEPS = [["+1 hour", 1, "hour"], ["+8 hours", 8, "hour"], ["+1 day", 1, "day"], ["+7 days", 7, "day"]];
let stopped = false;

function set(document) {
  return change(byId("clock-problem"), "POST", "clock", document);
}

function forward(count, unit) {
  return set({ advance_ms: count * UNITS[unit] });
}

export function setUpClock() {
  byId("clock-steps").append(...STEPS.map(([label, count, unit]) => button(label, () => forward(count, unit))));
  byId("clock-form").addEventListener("submit", event => {
    event.preventDefault();
    forward(Number(byId("clock-count").value), byId("clock-unit").value);
  });
  byId("clock-stop").addEventListener("click", () => set({ freeze: !stopped }));
}

export function showClock(state, realNow) {
  stopped = state.clock.frozen_at_ms !== null;
  write(byId("clock-stop"), stopped ? "Start the clock" : "Stop the clock");
  const ahead = state.server_time - realNow;
  const apart = Math.abs(ahead) < 60_000 ? "real time" : `${distance(ahead)} ${ahead > 0 ? "ahead of" : "behind"} real time`;
  write(byId("clock-says"), stopped ? `Stopped at ${moment(state.server_time)} UTC` : `Running, ${apart}`);
}

// Copyright (c) 2026 treasury.bybit contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The search fetches each page that it found for an excerpt, which a browser refuses to pages that are opened as files.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// What scrolls sideways can be scrolled with the keyboard, too.
function reachWhatScrolls() {
  for (const box of document.querySelectorAll("pre, .table-wrapper")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
addEventListener("DOMContentLoaded", reachWhatScrolls);
addEventListener("resize", reachWhatScrolls);

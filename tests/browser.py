# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The system's Chromium, for the tests of the site and of the stand-in exchange's page."""

from __future__ import annotations

import contextlib
import shutil
import typing as t

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
QUIET = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
]


@contextlib.contextmanager
def headless() -> t.Iterator[t.Any]:
    """Start Chromium without a window; skip the test if there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need the Python package playwright: make env")
    if CHROMIUM is None:
        pytest.skip("the browser tests need Chromium: apt-get install chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        try:
            yield browser
        finally:
            browser.close()

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: the built site, and a browser that opens its files without a network."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent

# With --import-mode=importlib, pytest does not add these folders itself.
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "tools")]

from browser import headless


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, which takes some seconds, and return its folder."""
    from build_docs import build

    folder = tmp_path_factory.mktemp("site")
    assert build(folder) == 0
    return folder / "html"


@pytest.fixture(scope="session")
def chromium() -> t.Iterator[t.Any]:
    """Start the system's Chromium without a window."""
    with headless() as browser:
        yield browser


@pytest.fixture
def open_page(site: Path, chromium: t.Any) -> t.Iterator[t.Callable[..., t.Any]]:
    """Open pages of the site as files. At the end, fail if a script failed, or if a page requested anything but a file."""
    contexts, failures = [], []

    def keep(error: object) -> None:
        failures.append(error)

    def note(request: t.Any) -> None:
        if not request.url.startswith(("file:", "data:")):
            failures.append(request.url)

    def call(name: str, **options: object) -> t.Any:
        contexts.append(chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **options}))
        page = contexts[-1].new_page()
        page.on("pageerror", keep)
        page.on("request", note)
        page.goto(f"{site.as_uri()}/{name}")
        return page

    yield call
    for context in contexts:
        context.close()
    assert failures == []

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The link checker reports what is broken, and nothing else."""

from __future__ import annotations

import pytest
from build_docs import examine

MANY = '<a href="other.html#there">x</a>' + "".join(f'<a href="?{number}">x</a>' for number in range(30))


@pytest.fixture
def site(tmp_path):
    """Write a site of two pages, add some text to one of them, and return the errors that the checker finds."""

    def write(more: str, style: str = "") -> list[str]:
        (tmp_path / "index.html").write_text(f"<body>{MANY}{more}</body>")
        (tmp_path / "other.html").write_text('<h1 id="there">x</h1>')
        (tmp_path / "style.css").write_text(style)
        return examine(tmp_path).faults

    return write


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ('<a href="nowhere.html">x</a>', "nowhere.html does not exist"),
        ('<a href="other.html#here">x</a>', "other.html#here has no such anchor"),
        ('<a href="#here">x</a>', "#here has no such anchor"),
        ('<img src="picture.svg">', "picture.svg does not exist"),
        ('<script src="https://example.org/x.js"></script>', "loads https://example.org/x.js from another site"),
        ('<link rel="stylesheet" href="//example.org/x.css">', "loads //example.org/x.css from another site"),
        ('<a href="http://example.org/">x</a>', "http://example.org/ is not a valid HTTPS address"),
        ('<a href="https://example/">x</a>', "https://example/ is not a valid HTTPS address"),
    ],
)
def test_broken_links_are_reported(site, more: str, fault: str) -> None:
    assert site(more) == [f"index.html: {fault}"]


@pytest.mark.parametrize("style", ["body { background: url('https://example.org/x.png') }", '@import "//example.org/x.css";'])
def test_a_style_that_loads_from_elsewhere_is_reported(site, style: str) -> None:
    [fault] = site("", style)
    assert fault.startswith("style.css: loads ")


def test_links_that_work_are_not_reported(site, tmp_path) -> None:
    assert site('<a href="https://docs.ansible.com/x#y">x</a><a href="other.html">x</a><link href="style.css">') == []
    assert examine(tmp_path).outside == {"https://docs.ansible.com/x#y"}


def test_a_site_without_links_fails_the_check(tmp_path) -> None:
    (tmp_path / "index.html").write_text("<body></body>")
    [fault] = examine(tmp_path).faults
    assert "this cannot be the whole site" in fault

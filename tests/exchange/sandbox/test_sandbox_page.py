# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's files as the server sends them; test_sandbox_cockpit.py uses the page in a browser."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest


@pytest.fixture
def files(sandbox) -> dict[str, str]:
    """The files of the page: target and text of each file that the page names, directly or through another file."""
    found, wanted = {}, ["/"]
    while wanted:
        target = wanted.pop()
        answer = sandbox.raw("GET", target)
        assert answer.status == 200, target
        found[target] = answer.body.decode()
        wanted += [name for name in re.findall(r'"(/page/[^"]+)"', found[target]) if name not in found and name not in wanted]
    return found


def test_each_file_has_its_type(sandbox, files):
    assert len(files) > 5
    types = {"css": "text/css", "js": "text/javascript", "/": "text/html"}
    for target in files:
        assert sandbox.raw("GET", target).headers["content-type"] == f"{types[target.rpartition('.')[2]]}; charset=utf-8"


def test_no_inline_or_foreign_content_can_run(sandbox, files):
    for target, text in files.items():
        policy = sandbox.raw("GET", target).headers["content-security-policy"]
        assert "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"@import|url\(|src=\"//|https?://(?!www\.gnu\.org/licenses/)", text), target
    assert not re.search(r"<script(?![^>]*src=)|<style|style=|\son[a-z]+=", files["/"])


def test_nothing_but_the_pages_files_is_served(sandbox):
    for target in ("/page", "/page/", "/page/page.html", "/page/__init__.py", "/page/../server.py", "/page/%2e%2e/server.py", "/page/nothing.js"):
        assert sandbox.raw("GET", target).status == 404
    assert sandbox.raw("POST", "/page/page.js").status == 404


def test_other_sites_cannot_load_the_pages_files(sandbox):
    for headers in ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "script"}, {"Origin": "http://evil.example"}, {"Host": "evil.example"}):
        assert sandbox.raw("GET", "/page/page.js", headers=headers).status == 403


def test_the_listed_endpoints_are_those_of_the_exchange(sandbox):
    endpoints = sandbox.control("GET", "endpoints")["endpoints"]
    assert "POST /v5/crypto-loan/repay" in endpoints and "GET /v5/market/time" in endpoints
    assert all(re.fullmatch(r"(GET|POST) /v5/[a-z/-]+", name) for name in endpoints)


def test_the_sums_of_an_account_give_its_ltv(sandbox):
    account = sandbox.account()
    assert float(account["debt_usd"]) / float(account["collateral_usd"]) == pytest.approx(float(account["ltv"]), abs=1e-5)
    for loan in account["loans"]:
        assert Decimal(loan["initial_ltv"]) < Decimal(loan["margin_call_ltv"]) < Decimal(loan["liquidation_ltv"])

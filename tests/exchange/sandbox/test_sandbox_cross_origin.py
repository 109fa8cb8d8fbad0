# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that a page of another site can make the user's browser send are refused."""

from __future__ import annotations

import socket

import pytest

FORM = "application/x-www-form-urlencoded"
FAULT = b'{"path": "/v5/crypto-loan/repay", "answer": "reset"}'
EVIL = "http://evil.example"


def host_of(sandbox) -> str:
    return f"127.0.0.1:{sandbox.parts.port}"


def add_fault(sandbox, **headers: str):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return sandbox.raw("POST", "/sandbox/faults", FAULT, named)


def refused(answer, status: int = 403) -> str:
    assert answer.status == status, answer.body
    assert answer.headers["content-type"].startswith("application/json")
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    return answer.document["error"]


@pytest.fixture
def untouched(sandbox):
    yield
    assert sandbox.control("GET", "faults")["faults"] == []
    assert sandbox.loan()["debt"] == "1000.4"


@pytest.mark.parametrize("target", ["/", "/sandbox/ping", "/sandbox/state", "/sandbox/requests", "/sandbox/nothing"])
@pytest.mark.parametrize("host", [
    "evil.example:{port}", "127.0.0.1.evil.example:{port}", "127.0.0.1", "localhost", "127.0.0.1:1", "localhost:1{port}",
    "127.0.0.2:{port}", "0.0.0.0:{port}", "[::2]:{port}", "x@127.0.0.1:{port}", "localhost.:{port}", "127.0.0.1:{port}:{port}", "",
])
def test_a_foreign_host_name_cannot_read(sandbox, target, host):
    said = refused(sandbox.raw("GET", target, headers={"Host": host.format(port=sandbox.parts.port)}))
    assert f"http://127.0.0.1:{sandbox.parts.port}" in said


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LocalHost:{port}", "[::1]:{port}", "[0::1]:{port}"])
def test_the_stand_in_answers_to_its_own_names(sandbox, host):
    headers = {"Host": host.format(port=sandbox.parts.port)}
    assert sandbox.raw("GET", "/sandbox/ping", headers=headers).document["pid"]
    assert sandbox.raw("GET", "/", headers=headers).status == 200
    assert sandbox.raw("POST", "/sandbox/reset", headers=headers).status == 200


def test_a_foreign_host_name_cannot_change_anything(sandbox, untouched):
    host = f"evil.example:{sandbox.parts.port}"
    refused(add_fault(sandbox, Host=host, Content_Type="application/json"))
    # For the browser, the page then has the same origin.
    refused(add_fault(sandbox, Host=host, Content_Type="application/json", Origin=f"http://{host}", Sec_Fetch_Site="same-origin"))
    refused(sandbox.raw("POST", "/sandbox/clock", b'{"advance_ms": 86400000}', {"Host": host}))


def test_a_request_without_a_host_is_refused(sandbox):
    with socket.create_connection((sandbox.parts.hostname, sandbox.parts.port), 5) as line:
        line.sendall(b"GET /sandbox/state HTTP/1.0\r\n\r\n")
        assert line.recv(4096).startswith(b"HTTP/1.0 403 ")


@pytest.mark.parametrize("origin", [
    EVIL, "null", "", "http://127.0.0.1", "http://127.0.0.1:1", "http://localhost:{port}", "https://127.0.0.1:{port}",
    "http://127.0.0.1:{port}/", "http://x@127.0.0.1:{port}", "127.0.0.1:{port}", "http://127.0.0.1:{port} http://127.0.0.1:{port}",
])
def test_requests_from_another_origin_are_refused(sandbox, untouched, origin):
    origin = origin.format(port=sandbox.parts.port)
    for kind in ("application/json", FORM):
        refused(add_fault(sandbox, Origin=origin, Content_Type=kind))
    for method, target in (("GET", "/sandbox/state"), ("DELETE", "/sandbox/faults"), ("OPTIONS", "/sandbox/faults")):
        refused(sandbox.raw(method, target, headers={"Origin": origin}))


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site", "unheard-of"])
def test_requests_that_a_browser_reports_as_cross_site_are_refused(sandbox, untouched, site):
    refused(add_fault(sandbox, Sec_Fetch_Site=site))
    refused(sandbox.raw("GET", "/sandbox/state", headers={"Sec-Fetch-Site": site, "Sec-Fetch-Dest": "document"}))


@pytest.mark.parametrize("kind", [
    "text/plain", "text/plain;charset=UTF-8", "multipart/form-data; boundary=x", "application/octet-stream", "application/jsonp",
    "text/plain; application/json", "application/json, text/plain",
])
def test_a_body_of_another_type_is_refused(sandbox, untouched, kind):
    assert "application/json" in refused(add_fault(sandbox, Content_Type=kind), 415)
    if kind != "application/octet-stream":
        refused(sandbox.raw("POST", "/sandbox/reset", headers={"Content-Type": kind}), 415)


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "application/json;charset=utf-8"])
def test_a_json_body_is_accepted(sandbox, kind):
    assert add_fault(sandbox, Content_Type=kind).document["added"]


def test_curls_defaults_are_accepted(sandbox):
    assert add_fault(sandbox, Content_Type=FORM, User_Agent="curl/8.5.0", Accept="*/*").document["added"]
    assert add_fault(sandbox).document["added"]
    assert sandbox.raw("POST", "/sandbox/reset").status == 200
    assert sandbox.raw("POST", "/sandbox/faults", b"path=x", {"Content-Type": FORM}).status == 400


def test_aiohttps_default_for_an_empty_body_is_accepted(sandbox):
    nothing = {"Content-Type": "application/octet-stream"}
    assert sandbox.raw("POST", "/sandbox/reset", headers=nothing).status == 200
    refused(sandbox.raw("POST", "/sandbox/reset", b"{}", nothing), 415)
    refused(sandbox.raw("POST", "/sandbox/reset", headers={**nothing, "Sec-Fetch-Site": "none"}), 415)


def test_a_browsers_form_is_refused(sandbox, untouched):
    own = f"http://{host_of(sandbox)}"
    refused(add_fault(sandbox, Content_Type=FORM, Origin=own), 415)
    refused(add_fault(sandbox, Content_Type=FORM, Sec_Fetch_Mode="navigate"), 415)
    refused(add_fault(sandbox, Content_Type=FORM, Sec_Fetch_Site="none", Sec_Fetch_Mode="navigate"), 415)


def test_requests_from_the_stand_ins_page_are_accepted(sandbox):
    own = {"Origin": f"http://{host_of(sandbox)}", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert sandbox.raw("GET", "/sandbox/state", headers={"Sec-Fetch-Site": "same-origin"}).status == 200
    assert sandbox.raw("POST", "/sandbox/faults", FAULT, {**own, "Content-Type": "application/json"}).status == 200
    assert sandbox.raw("GET", "/sandbox/state", headers={"Sec-Fetch-Site": "none", "Sec-Fetch-Dest": "document"}).status == 200


def test_another_site_can_link_to_the_page_but_not_frame_it(sandbox):
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Referer": f"{EVIL}/"}
    assert sandbox.raw("GET", "/", headers=link).status == 200
    refused(sandbox.raw("GET", "/", headers={**link, "Sec-Fetch-Dest": "iframe"}))
    page = sandbox.raw("GET", "/")
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


def test_answers_have_security_headers(sandbox):
    for target in ("/", "/sandbox/state", "/sandbox/nothing"):
        headers = sandbox.raw("GET", target).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


def test_pages_of_other_origins_cannot_use_the_exchange(sandbox):
    sandbox.fault(answer="reset")
    sandbox.control("DELETE", "requests")
    for headers in ({"Origin": EVIL}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        refused(sandbox.raw("POST", "/v5/crypto-loan/repay", b"{}", headers))
        refused(sandbox.raw("GET", "/v5/market/time", headers=headers))
    # The requests use up neither the fault nor the rate limit of the address.
    assert len(sandbox.control("GET", "faults")["faults"]) == 1
    assert sandbox.requests()["requests"] == []


def test_the_exchange_answers_under_any_host(sandbox):
    assert sandbox.raw("GET", "/v5/market/time", headers={"Host": "api.bybit.com"}).code == 0


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "127.0.0.1:9000", "localhost:9000", "192.0.2.1:9000", "192.0.2.1", "[2001:db8::1]:9000"])
def test_listening_everywhere_answers_to_any_address_but_no_name(start, names, host):
    found = start("--host", "0.0.0.0")
    assert found.url.startswith("http://0.0.0.0:")
    sandbox = names.client(found.url.replace("0.0.0.0", "127.0.0.1"))
    own = host.format(port=sandbox.parts.port)
    assert sandbox.raw("GET", "/sandbox/state", headers={"Host": own}).status == 200
    headers = {"Host": own, "Origin": f"http://{own}", "Content-Type": "application/json"}
    assert sandbox.raw("POST", "/sandbox/faults", FAULT, headers).status == 200
    refused(sandbox.raw("POST", "/sandbox/faults", FAULT, {**headers, "Origin": "http://192.0.2.2"}))
    said = refused(sandbox.raw("GET", "/sandbox/state", headers={"Host": f"evil.example:{sandbox.parts.port}"}))
    assert "--host" in said


def test_the_stand_in_answers_to_the_name_it_listens_on(start, names):
    sandbox = names.client(start("--host", "localhost").url)
    assert sandbox.parts.hostname == "localhost"
    assert sandbox.control("GET", "ping")["pid"]


def test_the_own_origin_has_the_scheme_of_the_connection(start, names, tmp_path):
    found = start("--tls", "--tls-dir", str(tmp_path / "tls"))
    sandbox = names.client(found.url, found.ca_path)
    assert add_fault(sandbox, Origin=f"https://{host_of(sandbox)}", Content_Type="application/json").status == 200
    refused(add_fault(sandbox, Origin=f"http://{host_of(sandbox)}", Content_Type="application/json"))


@pytest.mark.parametrize(("tls", "port", "host", "known"), [
    (False, 80, "localhost", True), (True, 443, "localhost", True), (False, 443, "localhost", False), (True, 80, "localhost", False),
    (False, 80, "localhost:80", True),
])
def test_the_default_port_can_be_omitted(tls, port, host, known):
    from bybit_sandbox.cross_origin import ListenAddress

    assert ListenAddress("127.0.0.1", port, tls).answers_to(host) is known

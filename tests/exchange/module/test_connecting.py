# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts, certificates, proxies, headers, and missing libraries."""

from __future__ import annotations

import os
import socket
import sys
import threading
import typing as t

import pytest

OTHER_PYTHON = (
    "or set ansible_python_interpreter to another Python, such as Ansible's own (ansible_playbook_python)."
)
REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Listener:
    """A server that records the head of each request and refuses it."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, dummy = self._socket.accept()
            except OSError:
                return
            with connection:
                self.heads.append(connection.recv(65536).decode())
                connection.sendall(REFUSAL)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener() -> t.Iterator[Listener]:
    server = Listener()
    yield server
    server.close()


@pytest.fixture
def secure(start, names):
    return start("--tls")


def test_tls_works_with_the_right_authority(repay, secure) -> None:
    run = repay(api_url=secure.url, ca_path=secure.ca_path)
    assert (run["changed"], run.warnings) == (True, "")


def test_tls_works_with_an_authority_from_the_environment(repay, secure) -> None:
    assert repay(api_url=secure.url, env={"REQUESTS_CA_BUNDLE": secure.ca_path})["changed"] is True


def test_ca_path_wins_over_the_environment(repay, secure, tmp_path) -> None:
    (tmp_path / "empty.pem").write_text("")
    environment = {"REQUESTS_CA_BUNDLE": str(tmp_path / "empty.pem")}
    assert repay(api_url=secure.url, ca_path=secure.ca_path, env=environment)["changed"] is True


def test_an_unknown_authority_is_refused_before_anything_is_sent(repay, secure, names) -> None:
    run = repay(api_url=secure.url, env={"REQUESTS_CA_BUNDLE": ""})
    assert (run.failed, run["outcome"]) == (True, "not_executed")
    assert "certificate verify failed" in run["msg"]
    assert "Check environment or api_url, and ca_path (or REQUESTS_CA_BUNDLE, or CURL_CA_BUNDLE)." in run["msg"]
    assert names.client(secure.url, secure.ca_path).requests()["counts"] == {}


def test_a_bundle_in_the_environment_that_does_not_exist_is_named(repay, secure) -> None:
    run = repay(api_url=secure.url, env={"REQUESTS_CA_BUNDLE": "/nowhere/ca.pem"})
    assert (run.failed, run["outcome"]) == (True, "not_executed")
    assert "/nowhere/ca.pem" in run["msg"]
    assert "and ca_path (or REQUESTS_CA_BUNDLE, or CURL_CA_BUNDLE)." in run["msg"]


def test_certificates_are_not_checked_only_on_request_and_with_a_warning(repay, secure) -> None:
    run = repay(api_url=secure.url, validate_certs=False)
    assert run["changed"] is True
    assert "validate_certs is false" in run.warnings
    assert "InsecureRequestWarning" not in run.output


def test_the_default_host_is_the_testnet_and_a_proxy_is_used(repay, listener) -> None:
    run = repay(api_url=None, env={"HTTPS_PROXY": f"http://{listener.address}"})
    assert run["api_host"] == "api-testnet.bybit.com"
    assert (run.failed, run["outcome"]) == (True, "not_executed")
    [head] = listener.heads
    assert "Check the proxy in HTTPS_PROXY, HTTP_PROXY, or ALL_PROXY, or exclude the host with NO_PROXY." in run["msg"]
    assert head.startswith("CONNECT api-testnet.bybit.com:443 HTTP/1.")
    assert "sandbox-key" not in head


def test_a_loopback_address_is_reached_past_the_proxy(repay, listener) -> None:
    proxies = {"HTTP_PROXY": f"http://{listener.address}", "http_proxy": f"http://{listener.address}"}
    assert repay(env=proxies)["changed"] is True
    assert listener.heads == []


@pytest.mark.parametrize("written", ["http://127.1:{}", "http://ＬＯＣＡＬＨＯＳＴ.:{}/.", "http://0x7f.0.0.1:{}//..", "HTTP://127。0．0.1:{}"])
def test_a_host_in_another_spelling_is_reached(repay, sandbox, paid, written: str) -> None:
    url = written.format(sandbox.parts.port)
    run = repay(api_url=url)
    assert (run["changed"], paid(), run["api_host"]) == (True, ["100"], url.split("/")[2])


def test_a_name_under_localhost_is_reached_through_the_proxy(repay, listener) -> None:
    proxies = {"HTTPS_PROXY": f"http://{listener.address}", "NO_PROXY": "", "no_proxy": ""}
    assert repay(api_url="https://evil.localhost:8443", env=proxies)["outcome"] == "not_executed"
    assert [head.split("\r\n")[0] for head in listener.heads] == ["CONNECT evil.localhost:8443 HTTP/1.1"]


@pytest.mark.parametrize("password", ["open/sesame", "open#sesame", "open@sesame", "open%2Fsesame", "1234/sesame", "open\uff20sesame"])
def test_the_password_of_a_proxy_is_shown_nowhere(repay, listener, password: str) -> None:
    environment = {"HTTPS_PROXY": f"http://treasurer:{password}@{listener.address}", "NO_PROXY": "", "no_proxy": ""}
    run = repay(api_url="https://api.bybit.invalid", env=environment, _ansible_tracebacks_for=["error", "warning"])
    assert (run.failed, run["outcome"]) == (True, "not_executed")
    assert ("sesame" in run.output, "treasurer" in run.output) == (False, False)


@pytest.mark.parametrize("before", range(250, 274, 3))
def test_a_key_where_a_message_is_cut_is_not_shown(run_module, sandbox, before: int) -> None:
    message = f"{'w' * before} origin_string[1672531200000sandbox-key5000] sandbox-secret {'and more ' * 40}"[: before + 300]
    sandbox.control("POST", "faults", {"method": "GET", "answer": {"ret_code": 10004, "ret_msg": message}})
    run = run_module("bybit_loan_info", product="flexible")
    assert run["failure"]["ret_code"] == 10004
    for text in (run["msg"], run["failure"]["ret_msg"]):
        assert not any(part in text for part in ("sandbox-k", "sandbox-s", "sand"))


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_private_key_that_others_can_read_is_a_warning(run_module, rsa_keys, tmp_path, by: str) -> None:
    file = tmp_path / "key.pem"
    file.write_text(rsa_keys.private_pem)
    file.chmod(0o640)
    key = {"rsa_private_key": str(file)} if by == "option" else {"env": {"BYBIT_RSA_PRIVATE_KEY": str(file)}}
    warning = (
        "rsa_private_key (or BYBIT_RSA_PRIVATE_KEY) names a file that other users can read (mode 0640): run 'chmod 600' on it."
    )
    options = {"product": "flexible", "api_key": "sandbox-rsa-key", "api_secret": None, **key}
    assert warning in run_module("bybit_loan_info", **options).warnings
    file.chmod(0o600)
    assert run_module("bybit_loan_info", **options).warnings == ""


def test_a_pipe_in_place_of_a_private_key_is_not_read(run_module, tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        run = run_module("bybit_loan_info", product="flexible", api_secret=None, rsa_private_key=str(path))
        assert run["msg"].startswith("rsa_private_key names a directory, a pipe, or a device: use the path of the PEM")


def test_requests_carry_the_documented_headers(repay, listener, tmp_path) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login stranger password stranger\n")
    netrc.chmod(0o600)
    repay(api_url=f"http://{listener.address}", env={"HOME": str(tmp_path)})
    [head] = listener.heads
    lines = head.split("\r\n")
    headers = {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in lines[1:] if line}
    assert lines[0] == "GET /v5/user/query-api HTTP/1.1"
    assert (headers["x-bapi-api-key"], headers["x-bapi-recv-window"]) == ("sandbox-key", "1000")
    assert len(headers["x-bapi-timestamp"]) == 13
    assert len(headers["x-bapi-sign"]) == 64
    assert len(headers["cdn-request-id"]) == 36
    assert "authorization" not in headers
    assert "sandbox-secret" not in head


def without(library: str) -> tuple[str, str]:
    program = f"import sys; sys.modules[{library!r}] = None\n"
    return ("-c", program + "from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_repay as m; m.main()")


def test_missing_requests_is_named_with_the_command_to_install_it(repay) -> None:
    run = repay(program=without("requests"))
    assert run.failed
    assert run["msg"] == (
        f"{sys.executable}, which runs this module, cannot import the Python library requests: "
        f"run {sys.executable} -m pip install 'requests>=2.31', {OTHER_PYTHON}"
    )


def test_missing_requests_is_named_where_pip_may_not_install_anything(repay, tmp_path) -> None:
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    managed = f"import sys, sysconfig; sys.prefix = sys.base_prefix; sysconfig.get_path = lambda *names: {str(tmp_path)!r}\n"
    option, program = without("requests")
    run = repay(program=(option, managed + program))
    assert f"the Python library requests: install its system package (often python3-requests), {OTHER_PYTHON}" in run["msg"]


def test_missing_cryptography_matters_only_for_rsa(repay, rsa_keys) -> None:
    assert repay(program=without("cryptography"))["changed"] is True
    run = repay(program=without("cryptography"), api_secret=None, rsa_private_key=rsa_keys.private_pem)
    assert run.failed
    assert run["msg"].startswith(f"{sys.executable}, which runs this module, cannot import the Python library cryptography, which rsa_private_key needs: ")
    assert f"run {sys.executable} -m pip install 'cryptography>=41', {OTHER_PYTHON}" in run["msg"]


def test_the_recv_window_is_sent_to_the_exchange(repay, listener) -> None:
    repay(api_url=f"http://{listener.address}", recv_window=1234)
    assert "X-BAPI-RECV-WINDOW: 1234\r\n" in listener.heads[0]


def test_decimal_places_that_cannot_be_read_are_left_to_the_exchange(repay, sandbox, paid) -> None:
    path = "/v5/crypto-loan/loanable-data"
    sandbox.control("POST", "faults", {"method": "GET", "path": path, "times": 0, "answer": {"ret_code": 10017}})
    run = repay()
    assert (run["changed"], paid()) == (True, ["100"])
    assert "The decimal places of the amount could not be checked beforehand" in run.warnings
    refused = repay(amount="1.00001")
    assert (refused["failure"]["ret_code"], refused["outcome"]) == (177004, "not_executed")

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""macOS ends a forked process that asks the system for its proxies. This is simulated, because the tests run on Linux."""

from __future__ import annotations

import json

import pytest

AS_ON_MACOS = """
import os, urllib.request

first = os.getpid()
by_environment, bypass = urllib.request.getproxies_environment, urllib.request.proxy_bypass_environment

def ask(*arguments):
    if os.getpid() != first:
        os.abort()
    return {}

urllib.request.getproxies = lambda: by_environment() or ask()
urllib.request.proxy_bypass = lambda host, proxies=None: bypass(host) if by_environment() else bool(ask())
"""
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - treasury.bybit.bybit_loan_info: {product: flexible, api_url: "https://api.bybit.invalid"}
      register: asked
      ignore_errors: true
    - copy: {content: "{{ asked | to_json }}", dest: "{{ playbook_dir }}/asked.json"}
"""


@pytest.mark.parametrize("proxies", [{}, {"NO_PROXY": "*"}, {"https_proxy": "http://127.0.0.1:1"}], ids=["none", "no proxy", "a proxy"])
def test_a_worker_does_not_ask_the_system_for_proxies(play, tmp_path, monkeypatch, proxies: dict[str, str]) -> None:
    (tmp_path / "sitecustomize.py").write_text(AS_ON_MACOS)
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    ended = play(PLAYBOOK, "-vvv", env={"BYBIT_API_URL": "", "ANSIBLE_LOG_PATH": str(tmp_path / "log"), "ANSIBLE_LOG_VERBOSITY": "3", **proxies})
    assert ended.returncode == 0, ended.stdout
    assert "runs in this process" in (tmp_path / "log").read_text()
    asked = json.loads((tmp_path / "asked.json").read_text())
    assert asked["msg"].startswith("No answer from https://api.bybit.invalid to GET /v5/crypto-loan")
    assert ("proxy" in asked["msg"]) == ("https_proxy" in proxies)

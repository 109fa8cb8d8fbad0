# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPS with the stand-in's own certificate authority."""

from __future__ import annotations

import http.client
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest


def test_clients_that_trust_the_authority_can_connect(start, names, roomy_seed):
    found = start("--tls")
    assert found.url.startswith("https://127.0.0.1:") and found.ca_path.endswith("ca.pem")
    log = Path(found.run_dir, "log").read_text(encoding="utf-8")
    assert f"export REQUESTS_CA_BUNDLE={found.ca_path} CURL_CA_BUNDLE={found.ca_path}\n" in log
    client = names.client(found.url, found.ca_path)
    client.control("PUT", "seed", roomy_seed)
    assert client.repay().code == 0
    by_name = names.client(found.url.replace("127.0.0.1", "localhost"), found.ca_path)
    assert by_name.raw("GET", "/v5/market/time").code == 0
    stranger = names.client(found.url)
    stranger.context = ssl.create_default_context()
    with pytest.raises(ssl.SSLCertVerificationError):
        stranger.raw("GET", "/v5/market/time")
    client.fault(answer="close")
    with pytest.raises((http.client.RemoteDisconnected, ssl.SSLEOFError)):
        client.repay()
    client.fault(answer="reset")
    with pytest.raises((ConnectionResetError, ssl.SSLEOFError)):
        client.repay()
    client.fault(answer="truncate")
    with pytest.raises((http.client.IncompleteRead, ssl.SSLEOFError)):
        client.repay()
    assert client.loan()["debt"] == "600.4"


def test_a_temporary_authority_is_removed_at_the_end(tmp_path, names):
    command = [sys.executable, str(names.launcher), "run", "--port", "0", "--tls", "--lifetime", "30"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    url = running.stdout.readline().split()[-1]
    ca_path = running.stdout.readline().split()[-1]
    assert names.client(url, ca_path).control("GET", "ping")["pid"] == running.pid
    running.terminate()
    assert running.wait(10) == 0
    running.stdout.close()
    assert list(tmp_path.iterdir()) == []

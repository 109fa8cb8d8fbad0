# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throwaway certificate authority, to test clients over HTTPS."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

from .errors import SandboxError


def server_context(host: str, folder: Path) -> tuple[ssl.SSLContext, Path]:
    """The server's TLS context, and the certificate file of the authority that clients must trust."""
    try:
        import trustme
    except ImportError as error:
        raise SandboxError(f"HTTPS needs the Python library trustme: run {sys.executable} -m pip install trustme") from error
    authority = trustme.CA()
    certificate = authority.issue_cert(*dict.fromkeys(["127.0.0.1", "localhost", host]))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    ca_path = folder / "ca.pem"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        authority.cert_pem.write_to_path(str(ca_path))
    except OSError as error:
        raise SandboxError(f"{ca_path} cannot be written: {error.strerror}") from error
    return context, ca_path.resolve()

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page at /, a cockpit for rehearsals, and the files that it loads; it does everything through the control API."""

from __future__ import annotations

from pathlib import Path

from ..cross_origin import SECURITY_HEADERS
from ..http_messages import HTML_TYPE, IncomingRequest, Reply

FOLDER = Path(__file__).parent
TYPES = {".html": HTML_TYPE, ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
FILES = {
    "GET /": FOLDER / "page.html",
    **{f"GET /page/{file.name}": file for file in sorted(FOLDER.iterdir()) if file.suffix in (".css", ".js")},
}
# Block scripts and resources from elsewhere, whatever names a seed contains.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def respond(incoming: IncomingRequest) -> Reply | None:
    """The requested file; None if it is not one of the page's."""
    file = FILES.get(incoming.endpoint)
    if file is None:
        return None
    headers = {**SECURITY_HEADERS, "Content-Security-Policy": CONTENT_SECURITY_POLICY}
    return Reply(200, file.read_bytes(), TYPES[file.suffix], headers)

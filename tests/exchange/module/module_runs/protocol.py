# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the fork server and those who ask it tell each other, on one socket for each run.

First comes the length of the order, with stdin, stdout and stderr of the run; then the order, as JSON. The run answers with
its process id, and later the server with the exit code. In between, each byte to the server is a signal for the run.
"""

from __future__ import annotations

import socket
import struct
import typing as t

LENGTH = struct.Struct("=I")
NEWS = struct.Struct("=ci")
HAS_BEGUN, HAS_ENDED = b"b", b"e"


class Order(t.NamedTuple):
    """What one run shall be.

    :ivar time_file: Of the L(simulated_time) that it goes by.
    """

    module: str
    environment: dict[str, str]
    folder: str
    umask: int
    time_file: str


def receive(connection: socket.socket, size: int) -> bytes:
    """Return exactly so many bytes, or none when the other side has ended."""
    parts = b""
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            return b""
        parts += part
    return parts

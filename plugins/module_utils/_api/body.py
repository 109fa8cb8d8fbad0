# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the body of an HTTP answer: limited in length, and decompressed.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
import zlib

# A few hundred times the longest page of a list.
_MAX_MIB = 32
_PART_BYTES = 65_536
_COMPRESSIONS = ("gzip", "x-gzip", "deflate")
# For zlib: accept the header of gzip or of zlib.
_ANY_HEADER = 47


class UnusableBody(Exception):
    """The body of an answer cannot be used; the text says why."""


def read_body(response: t.Any) -> bytes:
    """Return the decompressed body of an answer.

    :param response: The C(requests.Response), whose body is not read yet.
    :raises UnusableBody: If the body is too long, or cannot be decompressed.
    """
    parts, length = [], 0
    try:
        for part in response.raw.stream(_PART_BYTES, decode_content=False):
            parts.append(part)
            length += len(part)
            _check_length(length)
    except BaseException:
        # The rest of the body must not be mistaken for the next answer.
        response.close()
        raise
    content = b"".join(parts)
    is_compressed = response.headers.get("Content-Encoding", "").strip().lower() in _COMPRESSIONS
    return _unpacked(content) if is_compressed and content else content


def _unpacked(content: bytes) -> bytes:
    unpacking = zlib.decompressobj(_ANY_HEADER)
    try:
        unpacked = unpacking.decompress(content, _MAX_MIB * 2**20 + 1)
    except zlib.error as error:
        raise UnusableBody("the answer cannot be decompressed") from error
    _check_length(len(unpacked))
    if not unpacking.eof or unpacking.unused_data:
        raise UnusableBody("the answer cannot be decompressed")
    return unpacked


def _check_length(length: int) -> None:
    if length > _MAX_MIB * 2**20:
        raise UnusableBody(f"the answer is longer than {_MAX_MIB} MiB")

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that survive a power failure, are written as a whole or not at all, and belong to this user alone.

Every function raises C(OSError), whose C(strerror) says what is wrong. This module util is private to the collection.
"""

from __future__ import annotations

import errno
import os
import stat
import typing as t

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class NotPrivate(OSError):
    """Another user could write, or has created, what this run would trust."""

    def __init__(self, reason: str) -> None:
        super().__init__(errno.EPERM, reason)


def make_directory(path: str) -> None:
    """Create a directory and its parents unless they exist."""
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    if parent and parent != path:
        make_directory(parent)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
    _flush_directory(parent)


def check_directory(path: str) -> None:
    """Refuse a directory that others own or may write."""
    _check(os.stat(path), path)


def open_private(path: str, flags: int) -> int:
    """Open a regular file that only this user owns and writes, and that is not a link; return its descriptor."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise NotPrivate(f"'{path}' is not a regular file")
        _check(found, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_same(descriptor: int, path: str) -> bool:
    """Return whether a path still names the file that was opened."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def read_private(path: str) -> bytes | None:
    """Return the content of a file; none if it does not exist."""
    try:
        descriptor = open_private(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def replace(path: str, content: bytes, before: bytes | None, check: t.Callable[[], None]) -> None:
    """Give a file this content; when this returns, it survives a power failure, and when it raises, nothing has changed.

    :param before: Its content so far; none if it does not exist.
    :param check: Called right before the file is replaced; when it raises, the file is not replaced.
    """
    _put(path, content, check)
    try:
        _flush_directory(os.path.dirname(path))
    except OSError as failed:
        try:
            undo(path, before, check)
        except OSError as error:
            reason = f"{failed.strerror}, and what was written to '{path}' could not be taken back: {error.strerror}"
            raise OSError(failed.errno, reason) from None
        raise


def undo(path: str, before: bytes | None, check: t.Callable[[], None]) -> None:
    """Restore the content that a file had before; none if it did not exist."""
    if before is None:
        os.unlink(path)
    else:
        _put(path, before, check)


def remove(path: str) -> None:
    """Remove a file if it exists; a power failure may undo that."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _put(path: str, content: bytes, check: t.Callable[[], None]) -> None:
    draft = f"{path}.new"
    try:
        # A leftover one may be anything.
        remove(draft)
        with os.fdopen(open_private(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        check()
        os.replace(draft, path)
    except BaseException:
        remove(draft)
        raise


def _flush_directory(path: str) -> None:
    directory = os.open(path or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    except OSError as error:
        raise OSError(error.errno, f"the directory cannot be flushed to the disk: {error.strerror}") from None
    finally:
        os.close(directory)


def _check(found: os.stat_result, path: str) -> None:
    if found.st_uid != os.geteuid():
        raise NotPrivate(f"'{path}' belongs to another user")
    if found.st_mode & _WRITABLE_BY_OTHERS:
        raise NotPrivate(f"'{path}' can be written by others: run 'chmod go-w' on it")

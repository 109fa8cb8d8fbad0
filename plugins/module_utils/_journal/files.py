# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creates and opens private files and directories that survive a power failure.

Each function raises C(OSError), whose C(strerror) says what is wrong. This module util is private to the collection.
"""

from __future__ import annotations

import errno
import os
import stat

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class NotPrivate(OSError):
    """Another user owns, or could change, a file or directory that this run must trust."""

    def __init__(self, reason: str) -> None:
        super().__init__(errno.EPERM, reason)


def make_directory(path: str) -> None:
    """Create a directory and its missing parents, private to this user."""
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
    """Refuse a directory that another user owns or can write to."""
    _check(os.stat(path), path)


def open_private(path: str, flags: int) -> int:
    """Open a regular file that this user owns, that no other user can write to, and that is not a link; return its descriptor."""
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise NotPrivate(f"'{os.path.basename(path)}' is a symbolic link") from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise NotPrivate(f"'{os.path.basename(path)}' is not a regular file")
        if found.st_nlink > 1:
            raise NotPrivate(f"'{os.path.basename(path)}' has more than one hard link")
        _check(found, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def create_private(path: str) -> None:
    """Create an empty private file, unless another run created it in the meantime."""
    try:
        os.close(open_private(path, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    _flush_directory(os.path.dirname(path))


def is_new(path: str) -> bool:
    """Return whether the file does not exist, or is a private and empty one."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    try:
        _check(found, path)
    except NotPrivate:
        return False
    return stat.S_ISREG(found.st_mode) and not found.st_size


def identity_of(descriptor: int) -> tuple[int, int]:
    """Return what identifies an open file, whatever its name."""
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def identity_at(path: str) -> tuple[int, int] | None:
    """Return what identifies the file that a path names now; none if there is none."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _flush_directory(path: str) -> None:
    directory = os.open(path or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    except OSError as error:
        raise OSError(error.errno, f"the directory cannot be flushed to disk: {error.strerror}") from None
    finally:
        os.close(directory)


def _check(found: os.stat_result, path: str) -> None:
    if found.st_uid != os.geteuid():
        raise NotPrivate(f"'{path}' belongs to another user: run the module as that user")
    if found.st_mode & _WRITABLE_BY_OTHERS:
        raise NotPrivate(f"'{path}' is writable by other users: run 'chmod go-w' on it")

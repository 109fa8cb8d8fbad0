# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lasts between runs: intents on disk, one file for each target, and the lock that keeps two runs apart.

This module util is private to the collection.
"""

from __future__ import annotations

import errno
import fcntl
import fnmatch
import hashlib
import json
import os
import re
import typing as t

from .._api.errors import BadInput, Busy, BusyInDoubt, JournalLost
from .._clock import Clock
from . import files
from .intent import Intent, intent_from

_VERSION = 4
_SUFFIX = ".json"
_FIRST_PAUSE_MS = 50
_MAX_PAUSE_MS = 500
_PROCESS_ID_LENGTH = 20


def check_directory(directory: str) -> None:
    """Refuse a directory that could not be made or written, without making or writing it.

    :raises BadInput: Then; C(JournalLost) when that hides what earlier runs may have recorded.
    """
    path = directory
    while not os.path.lexists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    try:
        if not os.path.isdir(path):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if path == directory:
            files.check_directory(path)
    except OSError as error:
        raise _hidden(error, directory, directory) from None


def is_in_doubt(directory: str, realm: str, product: str, name: str) -> bool:
    """Return whether a repayment of a loan may be open, whichever account it belongs to, while the account of the key is unknown."""
    pattern = f"{_readable(realm)}_*_{product}_{name}_*{_SUFFIX}"
    try:
        found = fnmatch.filter(os.listdir(directory), pattern)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return _is_any_open([os.path.join(directory, file) for file in found])


class Target(t.NamedTuple):
    """What an intent is for: the key of the journal.

    :ivar realm: Where the account exists, such as C(mainnet), whatever address leads there.
    :ivar account: The exchange's ID of the account, which all its keys share.
    :ivar product: The kind of loan.
    :ivar name: Tells the loan from others of its product.
    """

    realm: str
    account: str
    product: str
    name: str

    def file_name(self) -> str:
        """Return a readable name that no other target has."""
        digest = hashlib.sha256("\n".join(self).encode()).hexdigest()[:16]
        return f"{_readable(self.realm)}_{self.account}_{self.product}_{self.name}_{digest}"


class Store:
    """The intents of one target. A run locks them before it reads or writes them.

    :param directory: Created when something is first written.
    :raises BadInput: From each method, when the directory or a file in it cannot be used.
    :raises JournalLost: From each that reads, when that hides what earlier runs may have recorded.
    """

    def __init__(self, directory: str, target: Target, clock: Clock) -> None:
        self._directory = directory
        self._target = target
        self._clock = clock
        self._lock: int | None = None
        self._content: bytes | None = None
        self.path = os.path.join(directory, f"{target.file_name()}{_SUFFIX}")
        self._lock_path = os.path.join(directory, f"{target.file_name()}.lock")

    def lock(self, timeout_ms: int, writes: bool = True) -> None:
        """Keep other runs for this target out until C(unlock) or the end of the process.

        :param writes: Whether this run writes; one that only reads leaves no trace, and needs no lock that was never made.
        :raises Busy: When another run has not ended in time.
        """
        deadline_ms = self._clock.monotonic_ms() + timeout_ms
        pause_ms = _FIRST_PAUSE_MS
        while True:
            lock = self._open_lock(writes)
            if lock is None:
                return
            if self._try_lock(lock, writes):
                if files.is_same(lock, self._lock_path):
                    self._lock = lock
                    return
                # It was removed or replaced while this run waited for it.
                os.close(lock)
                continue
            holder = self._holder(lock)
            os.close(lock)
            remaining_ms = deadline_ms - self._clock.monotonic_ms()
            if remaining_ms <= 0:
                raise self._busy(holder, timeout_ms)
            if pause_ms == _FIRST_PAUSE_MS:
                self._clock.report_wait(f"Another run for this loan (process {holder}) has not ended", remaining_ms)
            self._clock.sleep_ms(min(pause_ms, remaining_ms))
            pause_ms = min(pause_ms * 2, _MAX_PAUSE_MS)

    def unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def exists(self) -> bool:
        """Return whether a run for this target has ever written here."""
        return self._is_there(self.path) or self._is_there(self._lock_path)

    def load(self) -> list[Intent]:
        """Return the intents, in the order in which they were made."""
        try:
            self._content = files.read_private(self.path)
        except OSError as error:
            # Another state_dir would be the wrong remedy: what is recorded in this one would be forgotten.
            raise JournalLost(
                f"The file '{self.path}' records repayments that were sent, and cannot be read ({error.strerror}), so what became of "
                f"them is unknown. Nothing was sent now: make it a file that only the user who runs the module can write, and run again."
            ) from None
        if self._content is None:
            return []
        try:
            return self._intents_in(json.loads(self._content))
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise JournalLost(
                f"The file '{self.path}' is not a readable journal of sent repayments ({error}), so what became of them is "
                f"unknown. Nothing was sent now: look at the loan and its repayment history; when no repayment is in doubt, remove the "
                f"file and run again."
            ) from None

    def save(self, intents: list[Intent]) -> None:
        """Replace the stored intents; when this returns, they survive a power failure, and when it raises, nothing has changed."""
        document = {
            "version": _VERSION,
            "target": self._target._asdict(),
            "intents": [intent.as_document() for intent in intents],
        }
        content = (json.dumps(document, indent=1) + "\n").encode()
        try:
            files.replace(self.path, content, self._content, self._check_lock)
        except OSError as error:
            raise _unusable(error, self._directory) from None
        self._content = content
        # A run that got the lock before this did not read it; one that gets it later does.
        self._check_lock()

    def clear(self) -> None:
        """Remove all intents; a power failure may undo that, and then the last intents are reported once more.

        This need not wait for the disk, because an extra intent never leads to an extra payment.
        """
        self._check_lock()
        try:
            files.remove(self.path)
        except OSError as error:
            raise _unusable(error, self._directory) from None
        self._content = None

    def _intents_in(self, document: t.Any) -> list[Intent]:
        if document["version"] != _VERSION:
            raise ValueError(f"it has version {document['version']}, and this collection knows {_VERSION}")
        if document["target"] != self._target._asdict():
            raise ValueError("it belongs to another account or loan")
        if not isinstance(document["intents"], list):
            raise ValueError("it has no list of intents")
        return [intent_from(entry) for entry in document["intents"]]

    def _open_lock(self, writes: bool) -> int | None:
        """Return the lock's descriptor; none when nothing was ever written, and this run does not write either."""
        try:
            if writes:
                files.make_directory(self._directory)
            files.check_directory(self._directory)
            return files.open_private(self._lock_path, os.O_RDWR | os.O_CREAT if writes else os.O_RDONLY)
        except FileNotFoundError as error:
            if not writes:
                return None
            raise _unusable(error, self._directory) from None
        except OSError as error:
            raise self._hidden(error) from None

    def _try_lock(self, lock: int, writes: bool) -> bool:
        try:
            fcntl.flock(lock, (fcntl.LOCK_EX if writes else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            if writes:
                os.pwrite(lock, str(os.getpid()).ljust(_PROCESS_ID_LENGTH).encode(), 0)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                return False
            os.close(lock)
            raise self._hidden(OSError(error.errno, f"it cannot be locked: {error.strerror}")) from None
        return True

    def _check_lock(self) -> None:
        """Refuse to write when another run may have got in, because the lock's file was removed or replaced.

        :raises BadInput: Then.
        """
        if self._lock is None or not files.is_same(self._lock, self._lock_path):
            raise BadInput(
                f"The lock file '{self._lock_path}' was removed or replaced while this run held it, so another run for this loan may be "
                f"under way: make sure nothing else, such as a job that deletes old files, touches state_dir, and run again."
            )

    def _holder(self, lock: int) -> str:
        return os.pread(lock, _PROCESS_ID_LENGTH, 0).decode(errors="replace").strip() or "unknown"

    def _busy(self, holder: str, timeout_ms: int) -> Busy:
        message = (
            f"Another run for this loan (process {holder}, lock file '{self._lock_path}') did not end within "
            f"lock_timeout, {timeout_ms // 1000} s: nothing was sent; run again when it has ended, or raise lock_timeout."
        )
        # The other run may be writing it, but never leaves half of it.
        if _is_any_open([self.path]):
            return BusyInDoubt(f"{message} The outcome of the repayment that it recorded is not known yet.")
        return Busy(message)

    def _is_there(self, path: str) -> bool:
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise self._hidden(error) from None
        return True

    def _hidden(self, error: OSError) -> BadInput:
        return _hidden(error, self._directory, self.path)


def _is_any_open(paths: list[str]) -> bool:
    """Return whether one of these files has an intent that no run has reported, or cannot be read."""
    try:
        contents = [content for content in map(files.read_private, paths) if content is not None]
        return any(not intent["reported"] for content in contents for intent in json.loads(content)["intents"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return True


def _readable(realm: str) -> str:
    return re.sub("[^A-Za-z0-9.-]", "_", realm)[:80]


def _hidden(error: OSError, directory: str, path: str) -> BadInput:
    """Return the error for a directory that cannot be read.

    :param path: The file that would exist if something was recorded.
    """
    unusable = _unusable(error, directory)
    if not _may_be_recorded(path):
        return unusable
    return JournalLost(f"{unusable} Earlier runs may have recorded repayments there, so their outcome is unknown.")


def _may_be_recorded(path: str) -> bool:
    try:
        if os.path.isdir(path):
            return any(name.endswith(_SUFFIX) for name in os.listdir(path))
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return path.endswith(_SUFFIX)


def _unusable(error: OSError, directory: str) -> BadInput:
    is_other = os.path.lexists(directory) and not os.path.isdir(directory)
    reason = "it is not a directory" if is_other else error.strerror
    return BadInput(
        f"state_dir '{directory}' cannot be used ({reason}): name a directory on a persistent local disk that only the user who "
        f"runs the module can write."
    )

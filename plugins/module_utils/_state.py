# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The memory between runs: intents on disk, one file for each target, and the lock that keeps two runs apart.

This module util is private to the collection.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import typing as t

from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._errors import BadInput, Busy
from ansible_collections.treasury.bybit.plugins.module_utils._intent import Intent, intent_from

_VERSION = 2
_FIRST_PAUSE_MS = 50
_LONGEST_PAUSE_MS = 500
_PROCESS_ID_LENGTH = 20


class Target(t.NamedTuple):
    """Whom an intent concerns.

    :ivar host: The host of the exchange, with its port where it is not the usual one.
    :ivar key_fingerprint: Tells one API key from another without showing it.
    :ivar product: The kind of loan.
    :ivar name: Tells the loan from others of its product.
    """

    host: str
    key_fingerprint: str
    product: str
    name: str

    def file_name(self) -> str:
        """Return a name that a person can read, and that no other target has."""
        readable = re.sub("[^A-Za-z0-9.-]", "_", self.host)[:80]
        digest = hashlib.sha256("\n".join(self).encode()).hexdigest()[:16]
        return f"{readable}_{self.product}_{self.name}_{digest}"


class State:
    """The intents of one target. Whoever reads or writes them holds the lock first.

    :param directory: Is created when something is first written.
    :raises BadInput: From each method, when the directory or a file in it cannot be used.
    """

    def __init__(self, directory: str, target: Target, clock: Clock) -> None:
        self._directory = directory
        self._target = target
        self._clock = clock
        self._lock: int | None = None
        self.path = os.path.join(directory, f"{target.file_name()}.json")
        self._lock_path = os.path.join(directory, f"{target.file_name()}.lock")

    def lock(self, timeout_ms: int, writes: bool = True) -> None:
        """Keep other runs for this target out until C(unlock) or the end of the process.

        :param writes: Whether this run writes; one that only reads leaves no trace, and needs no lock that was never made.
        :raises Busy: When another run has not ended in time.
        """
        try:
            if writes:
                _make_directory(self._directory)
            access = os.O_RDWR | os.O_CREAT if writes else os.O_RDONLY
            self._lock = os.open(self._lock_path, access | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if not writes and error.errno == errno.ENOENT:
                return
            raise self._unusable(error) from None
        deadline_ms = self._clock.monotonic_ms() + timeout_ms
        pause_ms = _FIRST_PAUSE_MS
        while not self._try_lock(self._lock, writes):
            left_ms = deadline_ms - self._clock.monotonic_ms()
            if left_ms <= 0:
                raise Busy(self._who_is_busy(self._lock, timeout_ms))
            if pause_ms == _FIRST_PAUSE_MS:
                self._clock.tell_wait(f"Another run for this loan (process {self._holder(self._lock)}) has not ended", left_ms)
            self._clock.sleep_ms(min(pause_ms, left_ms))
            pause_ms = min(pause_ms * 2, _LONGEST_PAUSE_MS)

    def unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def exists(self) -> bool:
        """Tell whether a run for this target has ever written here."""
        return os.path.lexists(self.path) or os.path.lexists(self._lock_path)

    def load(self) -> list[Intent]:
        """Return the intents, in the order in which they were made."""
        try:
            with open(self.path, "rb") as file:
                content = file.read()
        except FileNotFoundError:
            return []
        except OSError as error:
            # Another state_dir would be the wrong remedy: it would forget what is noted in this one.
            raise BadInput(
                f"The file '{self.path}' remembers repayments that were sent and cannot be read ({error.strerror}): make it "
                f"readable for the user who runs the module, and run again."
            ) from None
        try:
            return self._intents_in(json.loads(content))
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise BadInput(
                f"The file '{self.path}' cannot be read as the memory of repayments that were sent ({error}): look at the "
                f"loan and its repayment history; when no repayment is in doubt, remove the file and run again."
            ) from None

    def save(self, intents: list[Intent]) -> None:
        """Replace what is remembered; when this returns, it outlives a loss of power."""
        document = {
            "version": _VERSION,
            "target": self._target._asdict(),
            "intents": [intent.as_document() for intent in intents],
        }
        draft = f"{self.path}.new"
        try:
            _make_directory(self._directory)
            _write_durably(draft, json.dumps(document, indent=1) + "\n")
            os.replace(draft, self.path)
            _sync_directory(self._directory)
        except OSError as error:
            raise self._unusable(error) from None

    def clear(self) -> None:
        """Remember nothing any more; a loss of power may undo that, and then the last intents are told once more.

        Nothing need wait for the disk here, because an intent too many never leads to a payment too many.
        """
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise self._unusable(error) from None

    def _intents_in(self, document: t.Any) -> list[Intent]:
        if document["version"] != _VERSION:
            raise ValueError(f"it has version {document['version']}, and this collection knows {_VERSION}")
        if document["target"] != self._target._asdict():
            raise ValueError("it belongs to another host, key or loan")
        if not isinstance(document["intents"], list):
            raise ValueError("it has no list of intents")
        return [intent_from(entry) for entry in document["intents"]]

    def _try_lock(self, lock: int, writes: bool) -> bool:
        try:
            fcntl.flock(lock, (fcntl.LOCK_EX if writes else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            if writes:
                os.pwrite(lock, str(os.getpid()).ljust(_PROCESS_ID_LENGTH).encode(), 0)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                return False
            raise self._unusable(error) from None
        return True

    def _holder(self, lock: int) -> str:
        return os.pread(lock, _PROCESS_ID_LENGTH, 0).decode(errors="replace").strip() or "unknown"

    def _who_is_busy(self, lock: int, timeout_ms: int) -> str:
        return (
            f"Another run for this loan (process {self._holder(lock)}, lock file '{self._lock_path}') has not ended within "
            f"lock_timeout, {timeout_ms // 1000} s: nothing was sent; run again when it has ended, or raise lock_timeout."
        )

    def check(self) -> None:
        """Refuse a directory that could not be made or written, without making or writing it."""
        path = self._directory
        while not os.path.lexists(path):
            path = os.path.dirname(path)
        if not os.path.isdir(path):
            raise self._unusable(NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
        if not os.access(path, os.W_OK | os.X_OK):
            raise self._unusable(PermissionError(errno.EACCES, os.strerror(errno.EACCES)))

    def _unusable(self, error: OSError) -> BadInput:
        is_other = os.path.lexists(self._directory) and not os.path.isdir(self._directory)
        reason = "it is not a directory" if is_other else error.strerror
        return BadInput(
            f"state_dir '{self._directory}' cannot be used ({reason}): name a directory on a disk that lasts, which "
            f"the user who runs the module can write."
        )


def _make_directory(path: str) -> None:
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    if parent and parent != path:
        _make_directory(parent)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
    _sync_directory(parent)


def _write_durably(path: str, text: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as stream:
        # A left-over draft keeps the mode that it was made with.
        os.fchmod(file, 0o600)
        stream.write(text)
        stream.flush()
        os.fsync(file)


def _sync_directory(path: str) -> None:
    directory = os.open(path or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)

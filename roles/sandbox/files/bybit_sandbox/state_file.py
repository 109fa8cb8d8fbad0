# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state file: the whole ledger, replaced atomically, so that a crash leaves the old file or the new one."""

from __future__ import annotations

import json
import os
from pathlib import Path

from .clock import Clock
from .errors import SandboxError
from .fields import read_json
from .ledger.model import Ledger, build, to_plain

FORMAT = 6


class StateFile:
    def __init__(self, path: Path | None) -> None:
        self.path = path

    def load(self) -> tuple[Ledger, Clock] | None:
        """The ledger and clock that an earlier run saved; None if there is no file."""
        if self.path is None or not self.path.exists():
            return None
        document = read_json(self.path, "The state file")
        try:
            if document["format"] != FORMAT:
                raise SandboxError(f"The state file {self.path} has a format that this version does not support: use another file, or delete it")
            return build(Ledger, document["ledger"]), Clock(**document["clock"])
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise SandboxError(f"The state file {self.path} was not written by the stand-in exchange: use another file") from error

    def save(self, ledger: Ledger, clock: Clock) -> None:
        if self.path is None:
            return
        text = json.dumps({"format": FORMAT, "clock": clock.to_dict(), "ledger": to_plain(ledger)}, indent=1)
        temporary = self.path.with_name(self.path.name + ".new")
        try:
            # The secrets in it are invented, but users may put real ones into a seed.
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise SandboxError(f"The state file {self.path} cannot be written: {error.strerror}") from error

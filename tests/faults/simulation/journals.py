# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journals of the runs on the disk, and what may happen to them there."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from .products import Loan

# How much of a file is left, and what comes in its place.
DAMAGES: dict[str, t.Callable[[bytes], bytes]] = {
    "cut": lambda content: content[: len(content) // 2],
    "filled with zeros": lambda content: bytes(len(content)),
    "empty": lambda content: b"",
}


class JournalFiles:
    """The files of one schedule."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._damaged: dict[Loan, Path] = {}

    def damage(self, how: str) -> list[Loan]:
        """Make every file unreadable that is not yet, and return the loans that they belong to."""
        found = []
        for path in sorted(self._folder.glob("*.json")):
            if path not in self._damaged.values():
                content = path.read_bytes()
                target = json.loads(content)["target"]
                loan = Loan(target["product"], target["name"])
                path.write_bytes(DAMAGES[how](content))
                self._damaged[loan] = path
                found.append(loan)
        return found

    def is_damaged(self, loan: Loan) -> bool:
        return loan in self._damaged

    def damaged(self) -> list[Loan]:
        return sorted(self._damaged)

    def remove(self, loan: Loan) -> None:
        """Remove a journal that cannot be read, after its loan was looked up at the exchange."""
        self._damaged.pop(loan).unlink()

    def lose_locks(self, is_replaced: bool) -> bool:
        """Remove all lock files, or put others in their place; return whether there were any."""
        locks = sorted(self._folder.glob("*.lock"))
        for path in locks:
            path.unlink()
            if is_replaced:
                path.touch(mode=0o600)
        return bool(locks)

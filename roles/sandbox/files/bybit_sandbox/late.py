# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Late packets: requests that the network still holds, although their clients have been answered."""

from __future__ import annotations

from dataclasses import dataclass

from .faults import Fault
from .gate import Incoming


@dataclass(frozen=True)
class Packet:
    """One request under way; entry is its line in the journal, to be filled in when it arrives."""

    arrives_at: int
    incoming: Incoming
    entry: dict
    fault: Fault


class LatePackets:
    def __init__(self) -> None:
        self._waiting: list[Packet] = []

    def add(self, packet: Packet) -> None:
        self._waiting.append(packet)
        # The sort is stable, so packets of the same moment stay in the order in which they were sent.
        self._waiting.sort(key=lambda item: item.arrives_at)

    def next_at(self) -> int | None:
        return self._waiting[0].arrives_at if self._waiting else None

    def take(self, now: int) -> Packet | None:
        """The first packet that has arrived by now, taken from those that wait."""
        return self._waiting.pop(0) if self._waiting and self._waiting[0].arrives_at <= now else None

    def to_plain(self) -> list[dict]:
        return [
            {"method": item.incoming.method, "path": item.incoming.path, "arrives_at_ms": item.arrives_at}
            for item in self._waiting
        ]

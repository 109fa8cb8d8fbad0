# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast the pages of a list may follow each other, so that the exchange's limit of requests in a second is not tripped.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import re
from collections import deque

# Documented for the queries of flexible and fixed loans; of those of legacy loans nothing is documented.
_USUAL_LIMIT = 5
# Far below the limit of 600 in 5 seconds that holds for an IP address, and whose penalty is a block.
_HIGHEST_LIMIT = 50
# A second, and somewhat more, because the exchange's second is not ours.
_WINDOW_MS = 1050


class Pace:
    """The pace of one list.

    However long a request is on its way, it reaches the exchange before its answer is here. So as many requests as the limit
    allows never arrive within one second, if each is sent a second after the answer to the one so many before it.
    """

    def __init__(self) -> None:
        self._answered_ms: deque[int] = deque(maxlen=_HIGHEST_LIMIT)
        self._limit = _USUAL_LIMIT
        self._most = _HIGHEST_LIMIT

    def pause_ms(self, now_ms: int) -> int:
        """Return how long to wait before the next page is asked for.

        :param now_ms: By a clock that is never set.
        """
        if len(self._answered_ms) < self._limit:
            return 0
        return max(0, self._answered_ms[-self._limit] + _WINDOW_MS - now_ms)

    def note(self, now_ms: int, told_limit: str, was_refused: bool) -> None:
        """Take notice of an answer.

        :param told_limit: The header C(X-Bapi-Limit) of the answer, the number of requests in a second; empty without it.
        :param was_refused: Whether the limit was tripped first. Then it is lower than thought, or others use it, too.
        """
        self._answered_ms.append(now_ms)
        told = int(told_limit) if re.fullmatch("[1-9][0-9]{0,5}", told_limit) else _USUAL_LIMIT
        if was_refused:
            self._most = max(1, self._limit // 2)
        self._limit = min(told, self._most)

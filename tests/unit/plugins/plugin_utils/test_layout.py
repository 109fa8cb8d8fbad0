# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines on a terminal are wrapped between sentences, or else between words, and never between a figure and its unit."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios

import pytest
from ansible_collections.treasury.bybit.plugins.plugin_utils._layout import folded, width_of
from hypothesis import given
from hypothesis import strategies as st

REPAID = "[localhost] Repaid 100 USDT on loan 1794267532472646144 (repayment 2076022920805519131). Debt before: 1000.4, now: 900.4."
ROW = "localhost                  : USDT repaid:  done=100"


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        (REPAID, 120, [REPAID.partition(" Debt")[0], "  Debt before: 1000.4, now: 900.4."]),
        (REPAID, 80, ["[localhost] Repaid 100 USDT on loan 1794267532472646144", "  (repayment 2076022920805519131). Debt before: 1000.4, now: 900.4."]),
        (REPAID, 200, [REPAID]),
        # No terminal, or one that is too narrow for any line.
        (REPAID, None, [REPAID]),
        (REPAID, 20, [REPAID]),
        (ROW, 80, [ROW]),
        ("Would repay 100 USDT on the loan (LTV 79.24 % → 24.99 %, debt 5).", 52, ["Would repay 100 USDT on the loan (LTV", "  79.24 % → 24.99 %, debt 5)."]),
        ("Would repay 100 USDT on the flexible loan: debt 1000.4 → 900.4", 58, ["Would repay 100 USDT on the flexible loan: debt", "  1000.4 → 900.4"]),
        ("It was sent to the exchange from here at 2026-11-27 18:37:41 UTC.", 60, ["It was sent to the exchange from here at", "  2026-11-27 18:37:41 UTC."]),
        ("For the step that this is, no more than the amount of 100 USDT", 60, ["For the step that this is, no more than the amount of", "  100 USDT"]),
        (f"An ID as long as ({'x' * 30} {'y' * 30}) is divided", 50, [f"An ID as long as ({'x' * 30}", f"  {'y' * 30}) is divided"]),
        ("", 80, [""]),
    ],
)
def test_where_a_line_is_wrapped(text: str, width: int | None, lines: list[str]) -> None:
    assert folded(text, width) == "\n".join(lines)


WORDS = st.sampled_from(["a", "word", "(repayment 17)", "100", "USDT", "→", "done.", "Debt", "2026-11-27", "x" * 60, "18:37:41", "UTC", "(one", "two)"])


@given(st.lists(WORDS, min_size=1), st.integers(40, 130))
def test_nothing_is_lost_and_no_line_is_too_long(words: list[str], width: int) -> None:
    lines = folded(" ".join(words), width).split("\n")
    assert " ".join(lines).split() == " ".join(words).split()
    assert all(len(line) <= width or " " not in line.strip() for line in lines)


def test_only_a_terminal_has_a_width(tmp_path) -> None:
    control, terminal = pty.openpty()
    try:
        with open(terminal, "w", closefd=False) as stream:
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 123, 0, 0))
            assert width_of(stream) == 123
    finally:
        os.close(control)
        os.close(terminal)
    with (tmp_path / "file").open("w") as stream:
        assert width_of(stream) is None
    assert width_of(stream) is None
    assert width_of(None) is None

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every message that the troubleshooting guide quotes is one that the code contains."""

from __future__ import annotations

import re

import pytest
from guides import CHECKOUT, RST

GUIDE = (RST / "troubleshooting.rst").read_text()
FILES = [*CHECKOUT.glob("plugins/**/*.py"), *CHECKOUT.glob("playbooks/**/*.yml")]
# Python joins adjacent literals.
SOURCE = re.sub(r"\"\s*\n\s*f?\"", "", "\n".join(file.read_text() for file in FILES)).lower()
# Messages of the system, libpq, and Ansible.
OF_OTHERS = {"No such file or directory", "connection failed", "Timed out after 30 second(s)", "Name or service not known", "Connection refused"}
# What a run fills in.
WORDS = r"\b(?:the repayment|loan|reference|USDT|requests|max_ltv|at_most|ensure|amount|alone|Another|but|BYBIT_\w+|treasury\S*)\b"
VARIABLE = re.compile(rf"\.\.\.|'[^']*'|\b[0-9][0-9.]*\b|{WORDS}")
HEADINGS = re.findall(r"^(.*\".*)\n[-~]+$", GUIDE, re.MULTILINE)
CELLS = re.findall(r"^   \* - (\".*)$", GUIDE, re.MULTILINE)
ITEMS = [item.partition('": ')[0] + '"' for item in re.findall(r"^- (\".*)$", GUIDE, re.MULTILINE)]
QUOTED = [quote for text in [*HEADINGS, *CELLS, *ITEMS] for quote in re.findall(r"\"(.*?)\"", text)]


def test_the_guide_quotes_messages() -> None:
    assert len(QUOTED) >= 35


@pytest.mark.parametrize("message", QUOTED)
def test_quoted_messages_are_in_the_code(message: str) -> None:
    if message in OF_OTHERS:
        return
    # Quotes mark a variable, except around this command, which is part of a message.
    parts = [part.strip(" ,.:()").lower() for part in VARIABLE.split(message.replace("'chmod go-w'", "chmod go-w"))]
    source = SOURCE.replace("'chmod go-w'", "chmod go-w")
    parts = [part for part in parts if len(part) > 3]
    assert parts, message
    assert [part for part in parts if part not in source] == []

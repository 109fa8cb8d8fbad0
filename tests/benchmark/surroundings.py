# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The location of the clients, and the environment in which each of them runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CLIENTS = Path(__file__).with_name("clients")
ANSIBLE_PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
KEY, SECRET = "sandbox-key", "sandbox-secret"
_UNWANTED = ("ANSIBLE_", "BYBIT_", "COVERAGE_")


def clean_environment(url: str, folder: Path) -> dict[str, str]:
    """Return the environment of a client, which has no settings of the user beyond those of a fresh account."""
    kept = {
        name: value for name, value in os.environ.items()
        if not name.startswith(_UNWANTED) and not name.lower().endswith("_proxy")
    }
    return {
        **kept,
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
        "ANSIBLE_NOCOLOR": "1",
        "BYBIT_API_URL": url,
        "BYBIT_API_KEY": KEY,
        "BYBIT_API_SECRET": SECRET,
        "BYBIT_JOURNAL": str(folder / "state" / "journal.sqlite"),
    }

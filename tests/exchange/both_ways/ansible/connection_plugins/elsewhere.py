# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run commands on this machine under the name of another connection, as if the host were remote."""

from __future__ import annotations

from ansible.plugins.connection.local import Connection as LocalConnection

DOCUMENTATION = """
name: elsewhere
short_description: This machine by another name
description:
  - Serves the tests of how modules are run.
options: {}
"""


class Connection(LocalConnection):
    transport = "elsewhere"

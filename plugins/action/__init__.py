# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Ansible imports this package when it reads a playbook, and loads the plugin only in each worker that it forks later.
from ansible_collections.treasury.bybit.plugins.plugin_utils import _in_process, _neighbours, _progress  # noqa: F401

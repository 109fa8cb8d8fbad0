# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The option of all modules that use the journal."""

    # What writes to it.
    DOCUMENTATION = r"""
options:
  journal:
    description:
      - The journal in which the module records what it is about to send, and the outcome afterwards. Later runs use it to find out what
        became of what an interrupted run sent.
      - Either the absolute path of an SQLite file on the machine that runs the module, or the URL of a PostgreSQL database that all
        controllers share, such as V(postgresql://treasury@db.example.com/treasury).
      - Runs for the same loan, collateral or wallet of an account wait for each other if they share a journal, whatever key or host they use.
      - It must outlive the run. In a container, mount a volume for the file, or use a database.
      - The file is created if it is missing, with its directory. It must belong to the user who runs the module, and nobody else may write
        to it or to the directory; a link is refused. It must be on a local disk. It contains no secret.
      - The URL is a libpq connection URI, which begins with V(postgresql://) or V(postgres://); C(key=value) strings are not supported.
        E(PGPASSFILE), E(PGSERVICE) and the other environment variables of libpq apply, and so do its parameters for TLS, such as
        C(?sslmode=verify-full). It needs the Python library psycopg 3.1 or later. The tables are created on first use if the user may do
        that.
      - Ansible hides this option, because a URL can contain a password.
      - If not set, the environment variable E(BYBIT_JOURNAL) is used. A task whose keyword C(environment) sets it to a URL is refused, because
        Ansible would write the URL into a command line that all users of the machine can read.
    type: str
    default: ~/.local/state/treasury.bybit/journal.sqlite
requirements:
  - psycopg >= 3.1 (only if O(journal) is a URL)
"""

    # What only reads it.
    READING = r"""
options:
  journal:
    description:
      - "The journal to read: the absolute path of the SQLite file, or the URL of the PostgreSQL database. Nothing is created."
      - An SQLite file can only be read by the user who owns it, so set C(become_user) if that is somebody else.
      - The URL is a libpq connection URI, which begins with V(postgresql://) or V(postgres://); C(key=value) strings are not supported.
        E(PGPASSFILE), E(PGSERVICE) and the other environment variables of libpq apply, and so do its parameters for TLS, such as
        C(?sslmode=verify-full). It needs the Python library psycopg 3.1 or later.
      - Ansible hides this option, because a URL can contain a password.
      - If not set, the environment variable E(BYBIT_JOURNAL) is used. A task whose keyword C(environment) sets it to a URL is refused, because
        Ansible would write the URL into a command line that all users of the machine can read.
    type: str
    default: ~/.local/state/treasury.bybit/journal.sqlite
requirements:
  - psycopg >= 3.1 (only if O(journal) is a URL)
"""

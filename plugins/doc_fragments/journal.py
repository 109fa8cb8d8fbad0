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
      - The journal, in which the module records what it is about to send, and the outcome afterward. If a run is interrupted, the next run
        uses the journal to find out what the interrupted run sent and what became of it.
      - The value is either the absolute path of an SQLite file on the machine that runs the module, or the URL of a PostgreSQL database that
        several controllers share, such as V(postgresql://treasury@db.example.com/treasury).
      - Runs for the same loan, collateral, or wallets of an account wait for each other if they share a journal, no matter which key or host
        they use.
      - The journal must outlive the run. In a container, mount a volume for the file, or use a database.
      - The file and its directory are created if they are missing. The file must belong to the user who runs the module, and
        must be on a local disk. No other user may have permission to write to it or to its directory. A link is refused. The file contains no
        secret.
      - The URL is a libpq connection URI, which begins with V(postgresql://) or V(postgres://). C(key=value) strings are not supported.
        The environment variables of libpq apply, such as E(PGPASSFILE) and E(PGSERVICE), and so do its parameters for TLS, such as
        C(?sslmode=verify-full). A URL requires the Python library psycopg 3.1 or later. The tables are created on first use if the
        database user is allowed to do so.
      - Ansible hides this option, because a URL can contain a password.
      - If not set, the environment variable E(BYBIT_JOURNAL) is used. The keyword C(environment) of a task must not set it to a URL, because
        Ansible would write the URL into a command line that all users of the machine can read. Such a task fails.
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
      - "The journal to read: the absolute path of an SQLite file, or the URL of a PostgreSQL database. Nothing is created."
      - Only the user who owns an SQLite file can read it. If that is another user, set C(become_user).
      - The URL is a libpq connection URI, which begins with V(postgresql://) or V(postgres://). C(key=value) strings are not supported.
        The environment variables of libpq apply, such as E(PGPASSFILE) and E(PGSERVICE), and so do its parameters for TLS, such as
        C(?sslmode=verify-full). A URL requires the Python library psycopg 3.1 or later.
      - Ansible hides this option, because a URL can contain a password.
      - If not set, the environment variable E(BYBIT_JOURNAL) is used. The keyword C(environment) of a task must not set it to a URL, because
        Ansible would write the URL into a command line that all users of the machine can read. Such a task fails.
    type: str
    default: ~/.local/state/treasury.bybit/journal.sqlite
requirements:
  - psycopg >= 3.1 (only if O(journal) is a URL)
"""

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replace secrets in what a module returns, warns about, and logs, with every ansible-core in the same way.

Until 2.21, ansible-core does this itself, in results alone. From 2.22, it does so only in what it prints: what a task registers would
hold the secret.
This module util is private to the collection.

:var WHOLE: What a secret that is the whole of a value is replaced by.
:var PART: What a secret within a text is replaced by.
"""

from __future__ import annotations

import typing as t

try:
    from ansible.module_utils import secrets as ansible_secrets
except ImportError:
    ansible_secrets = None
    WHOLE, PART = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "********"
else:
    WHOLE = PART = "$REDACTED$"


def register(secrets: t.Iterable[str]) -> None:
    """Let Ansible mask these in everything that it shows, if it has a list of secrets."""
    if ansible_secrets is not None:
        ansible_secrets.register_secrets(secrets)


def redact(value: t.Any, secrets: t.Iterable[str]) -> t.Any:
    """Return a value of JSON types with each secret in its texts and numbers replaced. Keys stay as they are.

    :param secrets: The longest is replaced first, so that one that is a part of another leaves no rest.
    """
    return _redacted(value, sorted(filter(None, secrets), key=len, reverse=True))


def _redacted(value: t.Any, secrets: t.Sequence[str]) -> t.Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return {key: _redacted(item, secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redacted(item, secrets) for item in value]
    text = str(value)
    if text in secrets or (not isinstance(value, str) and any(secret in text for secret in secrets)):
        return WHOLE
    if not isinstance(value, str):
        return value
    for secret in secrets:
        text = text.replace(secret, PART)
    return text

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that an owner makes to API keys on the exchange's site: permissions, expiry, addresses, and replacement."""

from __future__ import annotations

from dataclasses import replace

from ..api.request import LOANS, WALLET, WALLET_READER
from ..clock import DAY_MS
from ..errors import SandboxError
from ..fields import Fields
from ..ledger.model import Account, Key, Ledger

DELETED, EXPIRED = "deleted", "expired"
FURTHEST_DAYS = 36_500


def shown_keys(ledger: Ledger) -> list[dict]:
    return [_shown(account, key) for account in ledger.accounts for key in account.keys if not key.deleted]


def change_key(ledger: Ledger, document: object, now: int) -> dict:
    """Change or replace a key; return the key that is valid from now on."""
    fields = Fields("", document)
    account, key = _found(ledger, fields)
    if not fields.names():
        raise fields.error("needs a change: read_only, permissions, ips, expires_in_days, expires_at_ms or replaced_by")
    if "replaced_by" not in fields:
        changed = _changed(key, fields, now)
        fields.reject_unknown()
        account.keys[account.keys.index(key)] = changed
        return _shown(account, changed)
    name, old = _new_name(ledger, fields), fields.string("old", DELETED, (DELETED, EXPIRED))
    following = replace(key, key=name, expires_at=None)
    if "secret" in fields:
        following = replace(following, secret=_needed(fields, "secret"), rsa_public_key="")
    following = _changed(following, fields, now)
    fields.reject_unknown()
    ended = replace(key, deleted=True) if old == DELETED else replace(key, expires_at=now)
    account.keys[account.keys.index(key)] = ended
    account.keys.append(following)
    return _shown(account, following)


def _found(ledger: Ledger, fields: Fields) -> tuple[Account, Key]:
    name = fields.string("key")
    for account in ledger.accounts:
        for key in account.keys:
            if key.key == name and not key.deleted:
                return account, key
    raise fields.error("is not a key of the ledger: see GET /sandbox/keys", "key")


def _new_name(ledger: Ledger, fields: Fields) -> str:
    name = _needed(fields, "replaced_by")
    if name in {key["key"] for key in shown_keys(ledger)}:
        raise fields.error("must be the name of a new key", "replaced_by")
    return name


def _needed(fields: Fields, name: str) -> str:
    text = fields.string(name)
    if not text:
        raise fields.error("must not be empty", name)
    return text


def _changed(key: Key, fields: Fields, now: int) -> Key:
    permissions = fields.strings("permissions", key.permissions)
    if not set(permissions) <= {LOANS, WALLET, WALLET_READER}:
        raise fields.error(f"must be a list of {LOANS}, {WALLET} and {WALLET_READER}, or empty", "permissions")
    return replace(
        key, read_only=fields.boolean("read_only", key.read_only), permissions=permissions, ips=fields.strings("ips", key.ips),
        expires_at=_expiry(key, fields, now),
    )


def _expiry(key: Key, fields: Fields, now: int) -> int | None:
    if "expires_in_days" in fields and "expires_at_ms" in fields:
        raise SandboxError("expires_in_days and expires_at_ms are mutually exclusive")
    if "expires_in_days" in fields:
        days = fields.integer("expires_in_days", least=-FURTHEST_DAYS)
        if days > FURTHEST_DAYS:
            raise fields.error(f"must be at most {FURTHEST_DAYS}", "expires_in_days")
        return now + days * DAY_MS
    if "expires_at_ms" in fields:
        return fields.optional_time("expires_at_ms", now)
    return key.expires_at


def _shown(account: Account, key: Key) -> dict:
    return {
        "uid": account.uid, "key": key.key, "permissions": key.permissions, "read_only": key.read_only,
        "expires_at_ms": key.expires_at, "ips": key.ips,
    }

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the frames of all modules share: from the options to a connection, and how a module fails.

This module util is private to the collection.
"""

from __future__ import annotations

import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.treasury.bybit.plugins.module_utils import _http
from ansible_collections.treasury.bybit.plugins.module_utils._connection import Connection
from ansible_collections.treasury.bybit.plugins.module_utils._errors import BybitError
from ansible_collections.treasury.bybit.plugins.module_utils._signing import MissingCryptography


def connect(module: AnsibleModule) -> Connection:
    """Return the connection that the options describe, and warn of what is dangerous about it; nothing is sent yet.

    :raises BadInput: When one of them cannot be used.
    """
    if _http.IMPORT_ERROR:
        end_failed(module, msg=missing_required_lib("requests"), exception=_http.IMPORT_ERROR)
    try:
        connection = Connection(module.params)
    except MissingCryptography:
        message = missing_required_lib("cryptography", reason="to sign with rsa_private_key")
        end_failed(module, msg=message, exception=traceback.format_exc())
    for warning in connection.warnings():
        module.warn(warning)
    return connection


def failure_of(error: BybitError) -> dict[str, t.Any] | None:
    """Return what is known of the request that failed, as the modules return it."""
    return error.failure._asdict() if error.failure else None


def end_failed(module: AnsibleModule, **result: t.Any) -> t.NoReturn:
    """End the module with this result, as a failure."""
    module.fail_json(**result)
    # Whatever stands in for AnsibleModule one day, nothing may go on after a failure.
    raise AssertionError("fail_json returned")

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame of every module: options in, one result or one sentence out, no traceback and no secret.

This module util is private to the collection.
"""

from __future__ import annotations

import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.treasury.bybit.plugins.module_utils import _http
from ansible_collections.treasury.bybit.plugins.module_utils._connection import Connection
from ansible_collections.treasury.bybit.plugins.module_utils._errors import BybitError
from ansible_collections.treasury.bybit.plugins.module_utils._repayment import Repayment
from ansible_collections.treasury.bybit.plugins.module_utils._signing import MissingCryptography


def run_repayment(module: AnsibleModule) -> None:
    """Carry out what a repay module was asked for, and end the module with its result."""
    connection = _connect(module)
    host = {"api_host": connection.api_host}
    for warning in connection.warnings():
        module.warn(warning)
    try:
        repayment = Repayment(connection.client(), module.params["order_id"], module.params["amount"])
    except BybitError as error:
        _fail(module, error, host)
    try:
        repayment.run(module.check_mode)
    except BybitError as error:
        _warn(module, repayment)
        _fail(module, error, {**repayment.as_result(), **host})
    except Exception as error:
        # A defect of this collection must not look like an ordinary failure when money may have moved.
        message = (
            f"An error inside treasury.bybit ({type(error).__name__}); outcome: {repayment.outcome}. Look at the loan "
            f"before you run this again, and report the error."
        )
        known = {**repayment.as_result(), **host, "failure": None, "msg": message}
        _end(module, exception=traceback.format_exc(), **known)
    _warn(module, repayment)
    result = {**repayment.as_result(), **host}
    if module._diff:
        result["diff"] = repayment.diff()
    module.exit_json(**result)


def _connect(module: AnsibleModule) -> Connection:
    if _http.IMPORT_ERROR:
        _end(module, msg=missing_required_lib("requests"), exception=_http.IMPORT_ERROR)
    try:
        return Connection(module.params)
    except MissingCryptography:
        message = missing_required_lib("cryptography", reason="to sign with rsa_private_key")
        _end(module, msg=message, exception=traceback.format_exc())
    except BybitError as error:
        _fail(module, error, {})


def _warn(module: AnsibleModule, repayment: Repayment) -> None:
    for warning in repayment.warnings:
        module.warn(warning)


def _fail(module: AnsibleModule, error: BybitError, known: dict[str, t.Any]) -> t.NoReturn:
    failure = error.failure._asdict() if error.failure else None
    _end(module, **{**known, "changed": False, "outcome": error.outcome, "failure": failure, "msg": str(error)})


def _end(module: AnsibleModule, **result: t.Any) -> t.NoReturn:
    module.fail_json(**result)
    # Whatever stands in for AnsibleModule one day, nothing may go on after a failure.
    raise AssertionError("fail_json returned")

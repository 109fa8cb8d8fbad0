# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the frames of all modules share: from the options to a connection, and how a module fails.

This module util is private to the collection.
"""

from __future__ import annotations

import os
import shlex
import sys
import sysconfig
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule

from .._api import transport
from .._api.errors import BybitError
from .._api.signing import MissingCryptography
from .._options.connection import Connection
from .._redaction import shown_url


def connect(module: AnsibleModule) -> Connection:
    """Return the connection that the options describe, and warn of what is dangerous about it; nothing is sent yet.

    :raises BadInput: When one of them cannot be used.
    """
    if transport.IMPORT_ERROR:
        end_failed(module, msg=missing("requests", "2.31"), exception=transport.IMPORT_ERROR)
    api_url = module.params["api_url"]
    if api_url and shown_url(api_url) != api_url:
        # Ansible shows the options themselves, too, when it is asked to.
        module.no_log_values.add(api_url)
    try:
        connection = Connection(module.params)
    except MissingCryptography:
        message = missing("cryptography", "41", "rsa_private_key")
        end_failed(module, msg=message, exception=traceback.format_exc())
    # Ansible looks for the options as they were given only.
    module.no_log_values.update(connection.secrets())
    for warning in connection.warnings():
        module.warn(warning)
    return connection


def missing(library: str, version: str, option: str = "") -> str:
    """Say that this Python lacks a library, and how to give it one.

    :param version: The least that is needed.
    :param option: What needs it, when not everything does.
    """
    python = sys.executable or "python3"
    remedy = f"install it by: {shlex.quote(python)} -m pip install '{library}>={version}'"
    is_in_venv = sys.prefix != sys.base_prefix
    if not is_in_venv and os.path.exists(os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")):
        # There pip refuses to install anything.
        remedy = f"install the system's package of it (often python3-{library})"
    name = f"{library}, which {option} needs," if option else library
    return (
        f"The Python library {name} is missing in {python}, which runs this module, or cannot be loaded: {remedy}; or let another Python "
        f"run it by ansible_python_interpreter, such as that of Ansible itself (ansible_playbook_python)."
    )


def failure_of(error: BybitError) -> dict[str, t.Any] | None:
    """Return what is known of the request that failed, as the modules return it."""
    return error.failure._asdict() if error.failure else None


def end_failed(module: AnsibleModule, **result: t.Any) -> t.NoReturn:
    """End the module with this result, as a failure."""
    module.fail_json(**result)
    # Whatever stands in for AnsibleModule one day, nothing may go on after a failure.
    raise AssertionError("fail_json returned")

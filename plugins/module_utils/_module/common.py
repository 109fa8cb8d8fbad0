# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all modules share: making a connection from the options, and reporting a failure.

This module util is private to the collection.
"""

from __future__ import annotations

import os
import shlex
import sys
import sysconfig
import traceback
import typing as t

from .._api import transport
from .._api.client import Client
from .._api.errors import BybitError
from .._api.signing import MissingCryptography
from .._options.connection import Connection
from .._redaction import quotable_url
from .interface import Module


class MissingLibrary(BybitError):
    """This Python lacks a library that the module needs; nothing has been sent.

    :ivar import_error: The traceback of the import.
    """

    def __init__(self, message: str, import_error: str) -> None:
        super().__init__(message)
        self.import_error = import_error


def connect(module: Module) -> Connection:
    """Return the connection that the options describe, and warn about dangerous settings; nothing is sent yet.

    :raises BadInput: If an option cannot be used; C(MissingLibrary) if this Python lacks a library.
    """
    if transport.IMPORT_ERROR:
        raise MissingLibrary(missing("requests", "2.31"), transport.IMPORT_ERROR)
    api_url = module.params["api_url"]
    if api_url and quotable_url(api_url) != api_url:
        # The URL may contain a password, and Ansible shows the options at -vvv.
        module.hide([api_url])
    try:
        connection = Connection(module.params)
    except MissingCryptography:
        raise MissingLibrary(missing("cryptography", "41", "rsa_private_key"), traceback.format_exc()) from None
    # Ansible hides secrets only in the form in which they were set.
    module.hide(connection.secrets())
    for warning in connection.warnings():
        module.warn(warning)
    return connection


def missing(library: str, version: str, option: str = "") -> str:
    """Say that this Python lacks a library, and how to install it.

    :param version: The minimum version.
    :param option: The option that needs the library; empty if every run does.
    """
    python = sys.executable or "python3"
    remedy = f"run {shlex.quote(python)} -m pip install '{library}>={version}'"
    is_in_venv = sys.prefix != sys.base_prefix
    if not is_in_venv and os.path.exists(os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")):
        # pip refuses to install into an externally managed Python.
        remedy = f"install its system package (often python3-{library.partition('[')[0]})"
    library = library.partition("[")[0]
    name = f"{library}, which {option} needs" if option else library
    return (
        f"{python}, which runs this module, cannot import the Python library {name}: {remedy}, or set ansible_python_interpreter to "
        f"another Python, such as Ansible's own (ansible_playbook_python)."
    )


def with_connection(result: dict[str, t.Any], connection: Connection, client: Client) -> dict[str, t.Any]:
    """Return a result with the host of the exchange, the retries at its gate, and the waits."""
    details = {**result.get("details", {}), "gate_retries": client.retries.as_result(), "waits": client.clock.waits}
    return {**result, "details": details, "api_host": connection.api_host}


def with_failure(result: dict[str, t.Any], error: BybitError) -> dict[str, t.Any]:
    """Return a failed result with the error, and with what is known about the request that failed."""
    failure = error.failure._asdict() if error.failure else None
    return {**result, "failure": failure, "msg": str(error), "exception": traceback_of(error)}


def with_defect(result: dict[str, t.Any], error: Exception, advice: str) -> dict[str, t.Any]:
    """Return a failed result with an error inside this collection.

    :param advice: The end of the sentence: what the error means, and what to do.
    """
    message = f"Internal error in treasury.bybit ({type(error).__name__}){advice}"
    return {**result, "failure": None, "msg": message, "exception": traceback_of(error)}


def traceback_of(error: Exception) -> str:
    """Return the traceback that Ansible shows if it is configured to."""
    if isinstance(error, MissingLibrary):
        return error.import_error
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame of the query modules: options in, one answer or one sentence out, no traceback and no secret.

This module util is private to the collection.
"""

from __future__ import annotations

import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule

from .._api.client import Client
from .._api.errors import BybitError
from .._clock import Clock
from .._info.common import Answer
from .._options.values import Options
from .common import connect, end_failed, failure_of

_Question = t.TypeVar("_Question")


def run_query(
    module: AnsibleModule,
    question_of: t.Callable[[Options], _Question],
    survey: t.Callable[[Client, _Question], Answer],
    clock: Clock | None = None,
) -> None:
    """Answer what a query module was asked, and end the module with the answer.

    :param question_of: Reads from the options what is asked.
    :param survey: Finds the answer; it only reads.
    :param clock: The time to go by; that of this machine unless given.
    """
    try:
        connection = connect(module)
    except BybitError as error:
        _fail(module, error, {})
    host = {"api_host": connection.api_host}
    try:
        question = question_of(module.params)
    except BybitError as error:
        _fail(module, error, host)
    clock = clock or Clock(module.log)
    client = connection.client(clock)

    def known() -> dict[str, t.Any]:
        return {"details": {"gate_retries": client.retries.as_result(), "waits": clock.waits}, **host}

    try:
        answer = survey(client, question)
    except BybitError as error:
        _fail(module, error, known())
    except Exception as error:
        message = f"An error inside treasury.bybit ({type(error).__name__}). Nothing was changed; report the error."
        end_failed(module, exception=traceback.format_exc(), failure=None, msg=message, **known())
    for warning in answer.warnings:
        module.warn(warning)
    module.exit_json(changed=False, **answer.values, **known())


def _fail(module: AnsibleModule, error: BybitError, known: dict[str, t.Any]) -> t.NoReturn:
    end_failed(module, **known, failure=failure_of(error), msg=str(error))

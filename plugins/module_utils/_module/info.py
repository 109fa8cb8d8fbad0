# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame of the info modules: options in, one answer or one sentence out, no traceback and no secret.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._api.client import Client
from .._api.errors import BybitError
from .._clock import Clock
from .._info.common import Answer
from .._options.values import Options
from .common import connect, with_connection, with_defect, with_failure
from .interface import Module

_Question = t.TypeVar("_Question")


def run_query(
    module: Module,
    question_of: t.Callable[[Options], _Question],
    survey: t.Callable[[Client, _Question], Answer],
    clock: Clock | None = None,
) -> None:
    """Answer what an info module was asked, and emit the answer.

    :param question_of: Reads from the options what is asked.
    :param survey: Finds the answer; it only reads.
    :param clock: The time to go by; that of this machine unless given.
    """
    try:
        connection = connect(module)
    except BybitError as error:
        module.emit(with_failure({}, error), failed=True)
        return
    client = connection.client(clock or Clock(module.log))
    try:
        answer = survey(client, question_of(module.params))
    except BybitError as error:
        module.emit(with_connection(with_failure({}, error), connection, client), failed=True)
        return
    except Exception as error:
        result = with_defect({}, error, ". Nothing was changed; report the error.")
        module.emit(with_connection(result, connection, client), failed=True)
        return
    for warning in answer.warnings:
        module.warn(warning)
    module.emit(with_connection({"changed": False, **answer.values}, connection, client), failed=False)

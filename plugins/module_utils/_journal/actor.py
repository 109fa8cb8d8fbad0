# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Identifies who runs this and where, for other runs and the audit trail.

This module util is private to the collection.
"""

from __future__ import annotations

import os
import platform
import pwd
import typing as t

from .._times import utc


def actor_now() -> dict[str, t.Any]:
    """Return the user, the controller, and the process of this run, and the AWX job that started it, if any."""
    actor = {"user": _user(), "controller": platform.node(), "process": os.getpid()}
    # AWX sets both variables for each job.
    job = os.environ.get("JOB_ID", "") if os.environ.get("AWX_HOST") else ""
    return {**actor, "awx_job": job} if job else actor


def describe(holder: t.Mapping[str, t.Any]) -> str:
    """Return who holds a target, for use within a sentence."""
    job = f", AWX job {holder['awx_job']}" if holder.get("awx_job") else ""
    since_ms = holder.get("since_ms")
    since = f", since {utc(since_ms)}" if isinstance(since_ms, int) else ""
    return f"process {holder.get('process', 'unknown')} of user {holder.get('user', 'unknown')} on {holder.get('controller', 'unknown')}{job}{since}"


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts a run: the options and the surroundings that a plan stands for."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from stepping.child import Conditions
from stepping.process import Process, environment

from .goals import Plan


def start(plan: Plan, options: dict[str, t.Any], folder: Path) -> Process:
    """Start a run.

    :param options: The options that do not follow from the plan: the exchange, the key, and the journal.
    """
    options = {
        **plan.goal.options(), **options, "wait": plan.wait, "wait_timeout": plan.wait_timeout, "settle_margin": plan.settle_margin,
        "recv_window": plan.recv_window, "lock_timeout": plan.lock_timeout, "_ansible_check_mode": plan.check,
    }
    if plan.acknowledge is not None:
        options["acknowledge"] = plan.acknowledge
    if plan.at_most is not None:
        options.update(at_most=plan.at_most, allow_partial=plan.is_partial)
    flushes = plan.flushes if plan.broken_state == "flush" else None
    around = Conditions(
        environment(), str(folder), plan.longest_file if plan.broken_state == "full" else None, flushes, plan.is_buffered, plan.defect_at
    )
    return Process(plan.goal.module, options, around, plan.loss is not None)


def clean_folder(folder: Path) -> None:
    """Remove the files that a schedule has left in its folder."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            os.unlink(path)

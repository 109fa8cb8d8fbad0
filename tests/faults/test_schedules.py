# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paid once, and known: any mix of faults, crashes, reruns and other people, in virtual time."""

from __future__ import annotations

import ast
import re

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, stateful
from simulation import settings
from simulation.checked import Stage
from simulation.machine import Schedule

STEPS = 8


def test_no_schedule_pays_twice_or_reports_wrongly(stage: Stage) -> None:
    chosen = settings.from_environment()
    # Events in other tests do not count here.
    stage.tally.clear()
    stage.counts.clear()
    machine = type("Schedule", (Schedule,), {"stage": stage})
    phases = [Phase.generate, *([Phase.shrink] if chosen.shrink else [])]
    if chosen.replay:
        version, blob = ast.literal_eval(chosen.replay)
        machine = hypothesis.reproduce_failure(version, blob)(machine)
    machine = hypothesis.seed(chosen.own_seed)(machine)
    how = hypothesis.settings(
        max_examples=chosen.mine, stateful_step_count=STEPS, phases=phases, deadline=None, database=None,
        print_blob=True, suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )
    try:
        stateful.run_state_machine_as_test(machine, settings=how)
    except BaseException as error:
        error.add_note(_how_to_replay(error, chosen, stage))
        raise
    missing = stage.tally.missing()
    if not chosen.replay and chosen.mine >= settings.TESTED_FROM and missing:
        pytest.fail(f"never happened in {chosen.mine} schedules (seed {chosen.seed}): {', '.join(missing)}")


def _how_to_replay(error: BaseException, chosen: settings.Settings, stage: Stage) -> str:
    notes = "\n".join([str(error), *getattr(error, "__notes__", [])])
    match = re.search(r"@reproduce_failure\((.*?)\) as a decorator", notes, re.DOTALL)
    lines = [f"Seed {chosen.seed}; the first schedule that failed was number {stage.counts.get('failed')}."]
    command = ".venv/bin/pytest tests/faults/test_schedules.py"
    if match:
        lines.append(f'To replay only this one: FAULT_REPLAY="{match[1]}" {command}')
    lines.append(f"To find it again: {chosen.variables()} {command}")
    return "\n".join(lines)

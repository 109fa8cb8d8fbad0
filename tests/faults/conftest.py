# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in exchange for all schedules, and the summary of what happened in them."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]

from postgres import Server
from simulation import settings, standin
from simulation.checked import Stage
from simulation.machine import Schedule
from simulation.policies import PolicyGoal
from simulation.policy_schedule import PolicySchedule
from simulation.tally import Tally
from stepping.warm_up import warm_up

# Nothing is kept from one session to the next, so keep Hypothesis's files out of the checkout.
set_hypothesis_home_dir(os.path.join(tempfile.gettempdir(), "treasury-bybit-hypothesis"))

_STAGE = pytest.StashKey[Stage]()


def pytest_report_header() -> str:
    chosen = settings.from_environment()
    return f"fault schedules: {chosen.mine} of {chosen.schedules}, seed {chosen.seed} ({chosen.variables()})"


@pytest.fixture(scope="session")
def stage(tmp_path_factory, request) -> Stage:
    """Everything that schedules share, created once: the exchange, and a process that has imported what a run imports."""
    run_dir = tmp_path_factory.mktemp("sandbox")
    # Use a file system in memory, because thousands of schedules would wait for the disk.
    shared_memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=shared_memory)) if shared_memory.is_dir() else tmp_path_factory.mktemp("schedule")
    os.environ["LC_ALL"] = "C.UTF-8"
    url = standin.start(run_dir)
    warm_up()
    with contextlib.ExitStack() as servers:

        @functools.cache
        def shared() -> tuple[Server, str]:
            server = servers.enter_context(Server(tmp_path_factory.mktemp("postgres")))
            return server, server.new_database()

        made = request.config.stash[_STAGE] = Stage(standin.StandIn(url), folder, Tally(), {}, shared)
        yield made
    log = standin.stop(run_dir)
    shutil.rmtree(folder)
    assert "Traceback" not in log, log[-5000:]


@pytest.fixture
def schedule(stage: Stage) -> t.Iterator[Schedule]:
    """A schedule, at whose end everything heals and has to add up."""
    made = type("Schedule", (Schedule,), {"stage": stage})()
    yield made
    made.teardown()


@pytest.fixture
def shared(schedule: Schedule) -> Schedule:
    """A schedule with its journal on a server."""
    schedule.share_journal()
    return schedule


@pytest.fixture
def begin(stage: Stage) -> t.Iterator[t.Callable[..., PolicySchedule]]:
    """Begin a schedule of runs of a policy, at whose end everything heals and has to add up."""
    begun: list[PolicySchedule] = []

    def call(policy: PolicyGoal, **surroundings: bool) -> PolicySchedule:
        begun.append(PolicySchedule(stage, policy, **surroundings))
        return begun[-1]

    yield call
    for schedule in begun:
        schedule.end()


def pytest_terminal_summary(terminalreporter, config) -> None:
    made = config.stash.get(_STAGE, None)
    if made is None or not made.tally:
        return
    terminalreporter.section("what has happened in the fault schedules")
    for line in made.tally.table():
        terminalreporter.write_line(line)

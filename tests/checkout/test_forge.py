# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a forge would run, as far as it can be checked without one."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def nox(checkout, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nox")

    def call(*arguments: str, **more: str) -> str:
        command = [BIN / "nox", "--envdir", folder, *arguments]
        done = subprocess.run(
            command, cwd=checkout, env={**os.environ, **more}, check=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return call


@pytest.fixture(scope="module")
def jobs(nox, tmp_path_factory) -> dict[str, list[dict[str, str]]]:
    """Return the list from which the reusable workflow creates its jobs."""
    path = tmp_path_factory.mktemp("matrix") / "jobs.json"
    nox("--session", "matrix-generator", ANTSIBULL_NOX_MATRIX_JSON=str(path))
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def workflow(checkout) -> dict:
    # A YAML 1.1 loader reads the key "on" as true unless it is quoted.
    return yaml.safe_load((checkout / ".github" / "workflows" / "ci.yml").read_text())


@pytest.fixture(scope="module")
def used(checkout) -> list[tuple[str, str, str]]:
    """Return the foreign actions and workflows that are used, with their commit and the version in the comment."""
    lines = [line for path in (checkout / ".github" / "workflows").glob("*.yml") for line in path.read_text().splitlines()]
    calls = [re.fullmatch(r"\s*(?:- )?uses: (\S+)@(\S+)(?:  # (\S+))?", line) for line in lines if "uses:" in line]
    return [call.groups(default="") if call else ("", "", "") for call in calls]


def test_nox_lists_the_sessions(nox, final_cores):
    listed = nox("--list")
    for core in final_cores:
        assert f"\n- ansible-test-sanity-{core.name}" in listed


@pytest.mark.parametrize("kind", ["sanity", "units"])
def test_every_final_core_has_its_jobs_and_no_other_core_has(jobs, final_cores, kind):
    assert [job["ansible-core"] for job in jobs[kind]] == [core.name for core in final_cores]


def test_every_python_of_every_final_core_has_an_integration_job(jobs, final_cores):
    assert [job["name"] for job in jobs["integration"]] == [
        f"ansible-test-integration-{core.name}-{python}" for core in final_cores for python in core.controllers
    ]


def test_the_reusable_workflow_has_the_installed_version(used, checkout):
    (version,) = [version for action, _commit, version in used if action.startswith("ansible-community/antsibull-nox/")]
    assert version == importlib.metadata.version("antsibull-nox")
    assert f"antsibull-nox=={version}" in (checkout / "tools" / "requirements.txt").read_text().splitlines()


def test_jobs_have_read_access_only(workflow):
    assert workflow["permissions"] == {"contents": "read"}
    assert not [name for name, job in workflow["jobs"].items() if "permissions" in job or "secrets" in job]


def test_ci_runs_weekly_without_a_change(workflow):
    (when,) = workflow["on"]["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* \d", when["cron"])


def test_foreign_actions_are_pinned_to_a_commit_and_name_its_version(used, workflow):
    steps = [step for job in workflow["jobs"].values() for step in [job, *job.get("steps", ())] if "uses" in step]
    assert [f"{action}@{commit}" for action, commit, _version in used] == [step["uses"] for step in steps]
    assert len(used) == 3
    for action, commit, version in used:
        assert re.fullmatch(r"[0-9a-f]{40}", commit), action
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", version), action


def test_the_weekly_run_takes_the_newest_releases(workflow):
    steps = workflow["jobs"]["make"]["steps"]
    renewing = next(number for number, step in enumerate(steps) if step.get("run") == "make lock")
    assert steps[renewing]["if"] == "github.event_name == 'schedule'"
    assert steps[renewing + 1]["run"].startswith("make ")


def test_the_jobs_use_a_python_of_the_newest_final_core(workflow, final_cores):
    settings = [step.get("with", {}) for step in workflow["jobs"]["make"]["steps"]]
    (python,) = [setting["python-version"] for setting in settings if "python-version" in setting]
    assert python in final_cores[-1].controllers


def test_the_jobs_run_existing_make_targets(workflow, checkout):
    makefile = (checkout / "Makefile").read_text()
    for target in workflow["jobs"]["make"]["strategy"]["matrix"]["target"]:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real runs of Ansible, once with the modules in Ansible's own processes and once in separate processes."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from two_ways.cases import SECRET
from two_ways.running import WAYS, Controller


@pytest.fixture(scope="module")
def roomy(default_seed) -> dict[str, t.Any]:
    """The built-in seed without rate limits, and with the secret that the tests look for."""
    seed = json.loads(json.dumps(default_seed))
    seed["settings"]["limits"] = dict.fromkeys(seed["settings"]["limits"], 10000)
    seed["settings"]["ip_limit"]["requests"] = 100000
    return seed


@pytest.fixture(scope="module")
def exchange(tmp_path_factory, cli) -> t.Iterator[t.Callable[[dict[str, t.Any]], str]]:
    """Start a stand-in exchange with a seed, and stop it after the tests of the module."""
    begun = []

    def begin(seed: dict[str, t.Any]) -> str:
        folder = tmp_path_factory.mktemp("exchange")
        (folder / "seed.json").write_text(json.dumps(seed))
        done = cli("start", "--run-dir", str(folder / "run"), "--seed", str(folder / "seed.json"), "--lifetime", "900")
        assert done.returncode == 0, done.stderr
        begun.append(folder / "run")
        return json.loads(done.stdout)["url"]

    yield begin
    for run_dir in begun:
        log = (run_dir / "log").read_text(encoding="utf-8")
        cli("stop", "--run-dir", str(run_dir))
        assert "Traceback" not in log, log


@pytest.fixture(scope="module")
def controllers(tmp_path_factory, exchange) -> t.Callable[[dict[str, t.Any]], dict[str, Controller]]:
    """Return a controller for each way, each with its own exchange that starts from the seed."""

    def make(seed: dict[str, t.Any]) -> dict[str, Controller]:
        folder = tmp_path_factory.mktemp("ways")
        return {way: Controller(folder / way, exchange(seed), way) for way in WAYS}

    return make


@pytest.fixture(scope="module")
def secretive(roomy) -> dict[str, t.Any]:
    seed = json.loads(json.dumps(roomy))
    next(key for key in seed["accounts"][0]["keys"] if key["key"] == "sandbox-key")["secret"] = SECRET
    return seed

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The built tarball has the right contents, and works without the checkout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tarball as built
import yaml

LOAN = "1794267532472646144"


@pytest.fixture(scope="session")
def tarball(tmp_path_factory) -> Path:
    return built.build(built.CHECKOUT, tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="session")
def elsewhere(tarball, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere")
    built.install(tarball, folder)
    return folder


def test_the_tarball_has_exactly_the_wanted_files(tarball) -> None:
    version = yaml.safe_load((built.CHECKOUT / "galaxy.yml").read_text())["version"]
    assert tarball.name == f"treasury-bybit-{version}.tar.gz"
    assert built.contents_amiss(built.names_in(tarball), built.known_files(built.CHECKOUT)) == []


def test_wrong_contents_are_named() -> None:
    known = {*built.NEEDED, "Makefile", "tools/lint.py"}
    names = {*built.NEEDED, "MANIFEST.json", "FILES.json", "tools/lint.py", "notes.txt"} - {"LICENSE"}
    assert built.contents_amiss(names, known) == [
        "LICENSE is missing",
        "notes.txt is not known to git",
        "tools/lint.py only serves development",
    ]


def test_the_documentation_can_be_read(elsewhere) -> None:
    shown = built.run(elsewhere, "ansible-doc", "treasury.bybit.bybit_loan_repay")
    for part in ("order_id", "api_secret", "rate_limit_timeout", "repay_id", "EXAMPLES:", str(elsewhere)):
        assert part in shown


def test_the_demo_runs_from_the_tarball(elsewhere) -> None:
    assert "Debt after:  900.4 USDT" in built.run(elsewhere, "ansible-playbook", "treasury.bybit.demo")


def test_the_demo_runs_even_if_ansible_would_discover_another_python(elsewhere) -> None:
    assert "Debt after:  900.4 USDT" in built.run(elsewhere, "ansible-playbook", "-i", "localhost,", "treasury.bybit.demo")


def test_the_playbook_repays_from_the_tarball(elsewhere) -> None:
    python, server = "python", elsewhere / built.INSTALLED / "roles" / "sandbox" / "files" / "sandbox.py"
    built.run(elsewhere, python, str(server), "start", "--run-dir", "run", "--lifetime", "120")
    try:
        env = {
            "BYBIT_API_URL": json.loads((elsewhere / "run" / "sandbox.json").read_text())["url"],
            "BYBIT_API_KEY": "sandbox-key",
            "BYBIT_API_SECRET": "sandbox-secret",
        }
        options = ("treasury.bybit.repay", "-e", f"order_id={LOAN}", "-e", "amount=100.5")
        assert "Debt before: 1000.4, now: 899.9." in built.run(elsewhere, "ansible-playbook", *options, env=env)
    finally:
        built.run(elsewhere, python, str(server), "stop", "--run-dir", "run")

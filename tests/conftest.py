# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Setup for all tests: signals as in a terminal, samples of slow tests (pytest --one-in), and a fast disk."""

from __future__ import annotations

import shutil
import signal
import tempfile
import typing as t
import zlib
from collections import defaultdict
from pathlib import Path

import pytest

_SHARED_MEMORY = Path("/dev/shm")


def pytest_configure() -> None:
    # nohup ignores SIGHUP, and the processes that tests start and hang up on would inherit that.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--one-in", type=int, default=1, metavar="N", help="run only every Nth test of each file, and at least one")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    files: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        files[item.nodeid.partition("::")[0]].append(item)
    chosen = {item for name, tests in files.items() for item in sample(name, tests, config.getoption("--one-in"))}
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = [item for item in items if item in chosen]


def sample(name: str, tests: list[pytest.Item], one_in: int) -> list[pytest.Item]:
    """Return one in so many tests of a file: the same ones each time, but not always starting with its first."""
    return tests[zlib.crc32(name.encode()) % min(one_in, len(tests)) :: one_in]


@pytest.fixture
def memory_path(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Path]:
    """A folder on an in-memory disk if there is one, because a journal waits for the disk several times in each run."""
    if not _SHARED_MEMORY.is_dir():
        yield tmp_path_factory.mktemp("memory")
        return
    path = Path(tempfile.mkdtemp(prefix="treasury-bybit-", dir=_SHARED_MEMORY))
    yield path
    shutil.rmtree(path, ignore_errors=True)

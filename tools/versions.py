# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tools/versions.toml says, and which of its Pythons are on this machine."""

from __future__ import annotations

import re
import subprocess
import tomllib
import typing as t
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Core:
    """A series of ansible-core.

    :ivar controllers: The Pythons that it runs on; C(modules) are those that only its modules run on.
    """

    name: str
    release: str
    controllers: tuple[str, ...]
    modules: tuple[str, ...]
    skipped_sanity_tests: tuple[str, ...] = ()

    @property
    def is_final(self) -> bool:
        return re.fullmatch(r"[0-9.]+", self.release) is not None


@dataclass(frozen=True)
class Versions:
    oldest_module_python: str
    cores: tuple[Core, ...]


def read() -> Versions:
    document = tomllib.loads((TOOLS / "versions.toml").read_text(encoding="utf-8"))
    return Versions(document["oldest_module_python"], tuple(map(_core, document["cores"])))


def _core(row: dict[str, t.Any]) -> Core:
    fields: dict[str, t.Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return Core(**fields)


def pythons_here() -> dict[str, Path]:
    """Return the Pythons that really run on this machine, by version."""
    listed = subprocess.run([TOOLS / "find-python", "--all"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {path.name.removeprefix("python"): path for path in map(Path, listed.split())}

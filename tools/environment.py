# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Set up .venv for this checkout unless it is up to date, lock the packages that it gets, or link the checkout as the collection.

usage: python tools/environment.py
       .venv/bin/python tools/environment.py lock
       .venv/bin/python tools/environment.py link

This needs only the standard library. "lock" takes the newest releases that tools/requirements.txt allows, for each Python that
ansible-core runs on. "link" is for another virtual environment, whose Python runs it.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import sysconfig
import typing as t
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
TOOLS = CHECKOUT / "tools"
VENV = CHECKOUT / ".venv"
# Only the installer, which pip installs first.
UV = TOOLS / "locks" / "uv.txt"
REQUIREMENTS = ("requirements.txt", "tools/requirements.txt", "roles/sandbox/files/requirements.txt")
# Lock the newest releases for this Python only; by default, uv would add those for later Pythons.
COMPILE = ["pip", "compile", "--quiet", "--system-certs", "--universal", "--fork-strategy=fewest", "--generate-hashes", "--no-header"]
LICENSED = """\
# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
HEADER = LICENSED + "# What `make env` installs on Python {python}; written by `make lock` from tools/requirements.txt.\n"
HEADER_OF_UV = LICENSED + "# What installs that; written by `make lock`.\n"

# Runs at the start of every Python of the environment. molecule and ansible-lint look for Ansible's commands only on the PATH.
# A copy of the collection in one of Ansible's default folders would take precedence over the checkout. The search path is set only
# in that case, because a path in the environment overrides the user's ansible.cfg.
START_HOOK = """\
import os
import sysconfig

_bin, _packages = sysconfig.get_path("scripts"), sysconfig.get_path("purelib")
_folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
if _bin not in _folders:
    os.environ["PATH"] = os.pathsep.join([_bin, *_folders])
_usual = ["~/.ansible/collections", "/usr/share/ansible/collections"]
_copies = [os.path.join(os.path.expanduser(folder), "ansible_collections", "treasury", "bybit") for folder in _usual]
if any(map(os.path.isdir, _copies)):
    os.environ.setdefault("ANSIBLE_COLLECTIONS_PATH", os.pathsep.join([_packages, *_usual]))
"""


def find_python(*arguments: str) -> list[str]:
    """Return the lines that tools/find-python prints; if there is no Python, it prints the reason itself."""
    found = subprocess.run([TOOLS / "find-python", *arguments], check=False, stdout=subprocess.PIPE, text=True)
    if found.returncode:
        raise SystemExit(found.returncode)
    return found.stdout.split()


def lock_of(python: str) -> Path:
    return TOOLS / "locks" / f"dev-{python}.txt"


def fingerprint() -> str:
    """Return what identifies an environment, including the path, because a copied environment would test the checkout in the old place."""
    files = [*sorted((TOOLS / "locks").glob("*.txt")), *(CHECKOUT / name for name in REQUIREMENTS), TOOLS / "find-python", Path(__file__)]
    content = b"".join(file.read_bytes() for file in files)
    return f"{CHECKOUT}\n{hashlib.sha256(content).hexdigest()}\n"


def make() -> int:
    """Set up .venv with the newest Python that really runs here, from its lock."""
    ready = VENV / "ready"
    if ready.is_file() and ready.read_text(encoding="utf-8") == fingerprint():
        return 0
    print("Setting up .venv (half a minute or so)", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    [python] = find_python()
    version = subprocess.run(
        [python, "-c", 'import sys; print("%d.%d" % sys.version_info[:2])'], check=True, stdout=subprocess.PIPE, text=True
    )
    lock = lock_of(version.stdout.strip()).relative_to(CHECKOUT)
    source = ["--require-hashes", "-r", str(lock)]
    if not (CHECKOUT / lock).is_file():
        print(f"There is no {lock}: installing the newest releases that {REQUIREMENTS[1]} allows, with no hashes to hold them to", flush=True)
        source = ["-r", REQUIREMENTS[1]]
    own = str(VENV / "bin" / "python")
    if code := run([python, "-m", "venv", ".venv"]) or install(own, source) or run([own, "tools/environment.py", "link"]):
        return code
    ready.write_text(fingerprint(), encoding="utf-8")
    return 0


def install(python: str, source: list[str]) -> int:
    """Install with uv, which takes a tenth of the time; if uv fails, use pip, because uv ignores pip's settings and mirrors."""
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    uv = [str(Path(python).with_name("uv")), "pip", "install", "--quiet", "--system-certs", f"--python={python}"]
    if run([*pip, "--require-hashes", "-r", str(UV.relative_to(CHECKOUT))]) or run([*uv, *source]):
        print("uv could not install it (see above): pip does, in a minute or two", flush=True)
        return run([*pip, *source])
    return 0


def run(command: list[str]) -> int:
    return subprocess.run(command, cwd=CHECKOUT, check=False).returncode


def link() -> int:
    """Make the tools of this Python's environment find this checkout as the collection treasury.bybit, wherever the checkout is.

    Ansible expects a collection under ansible_collections/NAMESPACE/NAME. Site-packages is on the path of every tool, so a link there
    works for Ansible, pytest, molecule, and ansible-lint.
    """
    packages = Path(sysconfig.get_path("purelib"))
    collection = packages / "ansible_collections" / "treasury" / "bybit"
    collection.parent.mkdir(parents=True, exist_ok=True)
    collection.unlink(missing_ok=True)
    collection.symlink_to(CHECKOUT, target_is_directory=True)
    (packages / "treasury_bybit_checkout.py").write_text(START_HOOK, encoding="utf-8")
    (packages / "treasury_bybit_checkout.pth").write_text("import treasury_bybit_checkout\n", encoding="utf-8")
    return 0


def lock() -> int:
    """Write a lock for each Python that ansible-core runs on, with the version and the hashes of every package."""
    pythons = sorted(find_python("--supported"))
    for old in (TOOLS / "locks").glob("dev-*.txt"):
        if old not in map(lock_of, pythons):
            old.unlink()
    for python in pythons:
        if code := write_lock(lock_of(python), HEADER.format(python=python), f"--python-version={python}", REQUIREMENTS[1]):
            return code
    return write_lock(UV, HEADER_OF_UV, f"--constraint={lock_of(pythons[-1]).relative_to(CHECKOUT)}", "-", required="uv")


def write_lock(lock: Path, header: str, *arguments: str, required: str = "") -> int:
    command = [str(Path(sys.executable).with_name("uv")), *COMPILE, *arguments]
    ended = subprocess.run(command, cwd=CHECKOUT, check=False, input=required, stdout=subprocess.PIPE, text=True)
    if ended.returncode:
        print(f"{lock.name} is not written; uv says above why", file=sys.stderr)
        return ended.returncode
    lock.write_text(header + ended.stdout, encoding="utf-8")
    print(f"Locked {lock.relative_to(CHECKOUT)}", flush=True)
    return 0


COMMANDS: dict[tuple[str, ...], t.Callable[[], int]] = {(): make, ("link",): link, ("lock",): lock}


def main() -> int:
    command = COMMANDS.get(tuple(sys.argv[1:]))
    if command is None:
        print(__doc__, file=sys.stderr)
        return 2
    return command()


if __name__ == "__main__":
    sys.exit(main())

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the tools of this virtual environment find this checkout as the collection treasury.bybit.

Ansible wants a collection under ansible_collections/NAMESPACE/NAME. Site-packages is on the path of every tool here, so a
link there serves Ansible, pytest, molecule and ansible-lint alike, wherever the checkout lies.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))

# Run at the start of every Python of this environment. molecule and ansible-lint look for Ansible's commands on the PATH only.
# A copy of the collection in one of Ansible's usual folders would come before the checkout; only then is the search path set,
# because a path in the environment overrules the user's ansible.cfg.
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


def main() -> None:
    link = SITE_PACKAGES / "ansible_collections" / "treasury" / "bybit"
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    link.symlink_to(CHECKOUT, target_is_directory=True)
    (SITE_PACKAGES / "treasury_bybit_checkout.py").write_text(START_HOOK)
    (SITE_PACKAGES / "treasury_bybit_checkout.pth").write_text("import treasury_bybit_checkout\n")


if __name__ == "__main__":
    main()

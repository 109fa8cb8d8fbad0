# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts and names from other collections in Ansible's own process."""

from __future__ import annotations

import pytest

FACTS = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - treasury.bybit.bybit_flexible_loan_repay:
        loan_currency: XRP
        max_debt: "0"
      register: done
      until: done is succeeded
      retries: 2
      delay: 0
"""


@pytest.mark.parametrize("way", ["true", "false"], ids=["here", "module"])
@pytest.mark.parametrize("answer", [
    {"http_status": 200, "body": '{"retCode":0,"retMsg":"OK","result":{}}'},
    {"http_status": 200, "body": '{"retCode":0,"retMsg":"OK","result":{"list":[]}}'},
], ids=["unusable", "empty"])
def test_a_bad_answer_is_not_kept(play, sandbox, way, answer) -> None:
    """A public call returns garbage once. The next attempt of until/retries must read again."""
    sandbox.control("POST", "faults", {"method": "GET", "path": "/v5/crypto-loan-common/loanable-data", "answer": answer})
    done = play(FACTS, "-e", f"bybit_in_process={way}")
    assert done.returncode == 0


REDIRECT = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - acme.money.loans: {}
"""


@pytest.mark.parametrize("way", ["true", "false"], ids=["here", "module"])
def test_a_redirect_from_another_collection_works(play, sandbox, tmp_path, way) -> None:
    meta = tmp_path / "collections" / "ansible_collections" / "acme" / "money" / "meta"
    meta.mkdir(parents=True)
    (meta / "runtime.yml").write_text(
        "requires_ansible: '>=2.15'\nplugin_routing:\n  modules:\n    loans:\n      redirect: treasury.bybit.bybit_loan_info\n"
    )
    (meta.parent / "galaxy.yml").write_text("namespace: acme\nname: money\nversion: 1.0.0\n")
    done = play(REDIRECT, "-vvv", "-e", f"bybit_in_process={way}", env={"ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections")})
    assert done.returncode == 0

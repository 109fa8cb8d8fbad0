# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every case both ways: results equal to the byte, and the same output on the screen."""

from __future__ import annotations

import json
import re
import sys
import typing as t

import pytest
from two_ways import cases_keywords, cases_options, cases_policy, cases_results, cases_secrets
from two_ways.cases import SECRET, playbook_of
from two_ways.masks import masked as without_chance
from two_ways.running import IN_PROCESS, MODULE, WAYS, Controller, Told

_PLAIN = {**cases_results.CASES, **cases_policy.CASES, **cases_options.CASES, **cases_keywords.CASES}
_INVENTORY = """
[treasury]
first
second
[treasury:vars]
ansible_connection=local
ansible_python_interpreter={{ ansible_playbook_python }}
"""
_MODULE_FILE = re.compile(r"Using module file \S*/bybit_")
# Up to ansible-core 2.20, a module's result has this placeholder, and an action's result does not.
_NO_TRACEBACK = re.compile(r'\[\s*"(?:failed_when_suppressed_)?exception",\s*"\(traceback unavailable\)"\s*\],\s*')
# Otherwise hosts would be reported in the order in which they end.
FORKS = ("--forks", "1")
_ROLE = "- treasury.bybit.bybit_loan_info: {product: [fixed], loan_currency: '{{ coin }}'}\n"


class Both(t.NamedTuple):
    """The output of one playbook in each way."""

    controllers: dict[str, Controller]
    told: dict[str, Told]

    def shown(self, way: str, case: str) -> tuple[str, str]:
        """Return what a case printed and what callbacks got, without what may differ."""
        told = self.told[way]
        records = json.dumps(told.records_of(case), indent=1, ensure_ascii=False)
        return self.masked(way, told.printed_of(case)), _NO_TRACEBACK.sub("", self.masked(way, records))

    def told_in_all(self, way: str) -> str:
        return self.masked(way, self.told[way].printed)

    def masked(self, way: str, text: str) -> str:
        controller = self.controllers[way]
        address = controller.url.partition("//")[2]
        # Where Ansible masks the host as a secret, only the port of the address is left.
        places = {"folder": str(controller.folder), "exchange": address, "port": address.partition(":")[2]}
        text = "\n".join(line for line in text.splitlines() if not _is_of_the_way(line))
        # Ansible names a module's and an action's result differently.
        return without_chance(text.replace("Action failed: ", "Module failed: "), places)


def _is_of_the_way(line: str) -> bool:
    """Check whether this line says how Ansible starts a module."""
    return line.startswith(("<", "Using module file ", "Pipelining is enabled")) or " runs in this process" in line


def _run(controllers: dict[str, Controller], cases: t.Mapping[str, str], *arguments: str, **more: str) -> Both:
    """Run the cases both ways, at the same time."""
    begun = {}
    for way, controller in controllers.items():
        controller.folder.mkdir()
        (controller.folder / "hosts").write_text(_INVENTORY)
        tasks = controller.folder / "roles" / "looking" / "tasks"
        tasks.mkdir(parents=True)
        (tasks / "main.yml").write_text(_ROLE)
        begun[way] = controller.start(playbook_of(cases), "-i", "hosts", *FORKS, *arguments, **more)
    return Both(controllers, {way: controllers[way].end(process) for way, process in begun.items()})


@pytest.fixture(scope="module")
def wanted(request) -> t.Callable[[t.Mapping[str, str]], dict[str, str]]:
    """Select the cases whose tests are in this session, which may be a sample."""
    names = {item.callspec.params.get("case") for item in request.session.items if hasattr(item, "callspec")}
    return lambda cases: {name: text for name, text in cases.items() if name in names}


@pytest.fixture(scope="module")
def quiet(controllers, roomy, wanted) -> Both:
    """All cases except those about secrets, as a user runs them."""
    return _run(controllers(roomy), wanted(_PLAIN), ANSIBLE_PIPELINING="1")


@pytest.fixture(scope="module")
def talkative(controllers, secretive, wanted) -> Both:
    """The cases about secrets, with all output that both ways can produce."""
    more = {"ANSIBLE_INJECT_INVOCATION": "1", "NEEDLE": SECRET}
    return _run(controllers(secretive), wanted(cases_secrets.CASES), "-vvv", "--diff", **more)


@pytest.fixture(scope="module")
def traced(controllers, secretive) -> Both:
    """The failing cases about secrets, with tracebacks, which name different files in each way."""
    cases = {name: cases_secrets.CASES[name] for name in cases_secrets.FAILURES}
    more = {"ANSIBLE_INJECT_INVOCATION": "1", "ANSIBLE_DISPLAY_TRACEBACK": "always", "NEEDLE": SECRET}
    return _run(controllers(secretive), cases, "-vvv", "--diff", **more)


def _assert_alike(both: Both, case: str) -> None:
    here, there = both.shown(IN_PROCESS, case), both.shown(MODULE, case)
    assert here[1] == there[1]
    assert here[0] == there[0]


@pytest.mark.parametrize("case", _PLAIN)
def test_the_result_is_the_same(quiet: Both, case: str) -> None:
    _assert_alike(quiet, case)


@pytest.mark.parametrize("case", cases_secrets.CASES)
def test_the_result_is_the_same_with_secrets(talkative: Both, case: str) -> None:
    _assert_alike(talkative, case)


@pytest.mark.parametrize("name", cases_keywords.PLAYBOOKS)
def test_the_playbook_ends_the_same(controllers, roomy, name: str) -> None:
    arguments, text = cases_keywords.PLAYBOOKS[name]
    both = _run(controllers(roomy), {name: text}, *arguments)
    here, there = both.told[IN_PROCESS], both.told[MODULE]
    assert here.here == there.there > 0
    assert here.status == there.status
    assert both.told_in_all(IN_PROCESS) == both.told_in_all(MODULE)
    _assert_alike(both, name)


def test_a_relative_path_starts_at_the_playbook(tmp_path, exchange, roomy) -> None:
    """A module finds files relative to the playbook's folder, wherever Ansible is started."""
    url = exchange(roomy)
    playbook = playbook_of({"look": "- treasury.bybit.bybit_loan_info: {ca_path: authorities.pem, product: [fixed]}"})
    for way in WAYS:
        controller = Controller(tmp_path / way, url, way, started_in=tmp_path)
        controller.folder.mkdir()
        (controller.folder / "authorities.pem").write_text("")
        told = controller.play(playbook)
        assert told.here + told.there == 1
        assert [record["event"] for record in told.records] == ["ok", "ok"], told.printed


def test_no_python_is_discovered_where_none_is_started(controllers, roomy) -> None:
    """The only difference: Ansible discovers, reports, and caches a host's Python when it starts one there."""
    text = "hosts: nowhere_named\nconnection: local\ntasks:\n  - treasury.bybit.bybit_loan_info: {product: [fixed]}"
    found = json.dumps({"ansible_interpreter_python_fallback": [sys.executable]})
    both = _run(controllers(roomy), {"look": text}, "-i", "nowhere_named,", "-e", found)
    results = {way: dict(both.told[way].records[-1]["result"]["items"]) for way in WAYS}
    facts, warnings = results[MODULE].pop("ansible_facts"), results[MODULE].pop("warnings")
    assert [key for key, dummy in facts["items"]] == ["discovered_interpreter_python"]
    assert len(warnings["list"]) == 1
    alike = [both.masked(way, json.dumps(results[way])) for way in WAYS]
    assert alike[0] == alike[1]


@pytest.mark.parametrize("run", ["quiet", "talkative"])
def test_each_way_was_used(request, run: str) -> None:
    both = request.getfixturevalue(run)
    here, there = both.told[IN_PROCESS], both.told[MODULE]
    assert (here.there, there.here) == (0, 0)
    assert here.here == there.there > 0
    assert len(_MODULE_FILE.findall(there.log)) == there.there
    assert not _MODULE_FILE.search(here.log)


def test_a_traceback_shows_where_it_failed(traced: Both) -> None:
    for way in WAYS:
        assert traced.told[way].printed.count("Traceback (most recent call last)") >= 4
        assert "_options/connection.py" in traced.told[way].printed


@pytest.mark.parametrize("run", ["quiet", "talkative", "traced"])
def test_no_secret_is_shown(request, run: str) -> None:
    both = request.getfixturevalue(run)
    for way in WAYS:
        told = both.told[way]
        places = {"printed": told.printed, "callbacks": json.dumps(told.records), "log": told.log}
        found = [place for place, text in places.items() if SECRET in text]
        assert found == []

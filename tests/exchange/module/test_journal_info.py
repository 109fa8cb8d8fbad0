# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal as users see it: the audit trail, its filters, and its verification."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import typing as t

import pytest
import yaml
from ansible_collections.treasury.bybit.plugins.module_utils._goal import MOVES
from ansible_collections.treasury.bybit.plugins.module_utils._journal.entries import EVENTS
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import ACCOUNT_COLLATERAL, ORDER_COLLATERAL, WALLETS
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import PRODUCTS
from ansible_collections.treasury.bybit.plugins.modules import bybit_journal_info
from documented import all_names, check_samples, names_returned

DOCUMENTED = yaml.safe_load(bybit_journal_info.RETURN)
TAMPERED = {
    "document": ("UPDATE bybit_entries SET document = replace(document, '\"amount\":\"100\"', '\"amount\":\"1\"') WHERE number = 2", "entry 2 was changed"),
    "document and hash": ("UPDATE bybit_entries SET document = {document}, hash = '{hash}' WHERE number = 2", "entry 3 does not follow entry 2"),
    "in the middle": ("DELETE FROM bybit_entries WHERE number = 2", "entry 2 is missing"),
    "the first": ("DELETE FROM bybit_entries WHERE number = 1", "entry 1 is missing"),
    "the last": ("DELETE FROM bybit_entries WHERE number = (SELECT max(number) FROM bybit_entries)", "entry 8 is missing"),
    "the last, with its record": (
        "DELETE FROM bybit_entries; DELETE FROM bybit_chains", "has no entries",
    ),
    "an intent": ("DELETE FROM bybit_intents WHERE reference IS NOT NULL", "is missing, but has entries"),
    "the state of an intent": ("UPDATE bybit_intents SET state = 'void'", "its state 'void' contradicts its outcome 'executed'"),
    "the reference of an intent": ("UPDATE bybit_intents SET reference = 'mine' WHERE reference IS NOT NULL", "it does not match its last entry"),
    "the reference of an intent, everywhere in it": (
        "UPDATE bybit_intents SET reference = 'mine', document = json_set(document, '$.reference', 'mine') WHERE reference IS NOT NULL",
        "it does not match its last entry",
    ),
    "the goal of an intent": ("UPDATE bybit_intents SET document = json_set(document, '$.goal.amount', '7')", "it does not match its last entry"),
    "the loan of an intent": ("UPDATE bybit_intents SET loan = '18' WHERE reference IS NOT NULL", "it does not match its last entry"),
    "the account": (
        "UPDATE bybit_intents SET account = '9'; UPDATE bybit_entries SET account = '9'; UPDATE bybit_chains SET account = '9'",
        "entry 1 was changed: its columns do not match its content",
    ),
    "the reference of an entry": ("UPDATE bybit_entries SET reference = 'mine' WHERE number = 3", "entry 3 was changed: its columns do not match its content"),
    "the outcome of an intent": ("UPDATE bybit_intents SET outcome = 'not_executed'", "is recorded as not_executed, but its last entry is executed"),
}


@pytest.fixture
def change(journal) -> t.Callable[[str], None]:
    """Change the journal behind the collection's back."""

    def call(sql: str) -> None:
        with contextlib.closing(sqlite3.connect(journal)) as connection:
            connection.executescript(sql)

    return call


def events(run: t.Any) -> list[str]:
    return [entry["event"] for entry in run["entries"]]


def test_a_repayment_is_listed_state_by_state(repay, look) -> None:
    made = repay(reference="invoice 7")
    run = look()
    assert (run["changed"], run["open_intents"], run["chains"]) == (False, [], [])
    assert run["msg"] == "The journal has 4 entries that match, and 0 open intents."
    assert events(run) == ["intended", "signed", "accepted", "executed"]
    assert {(e["amount"], e["coin"], e["loan"], e["reference"], e["product"]) for e in run["entries"]} == {
        ("100", "USDT", "1794267532472646144", "invoice 7", "legacy")
    }
    assert [entry["repay_id"] for entry in run["entries"]] == [None, None, made["repay_id"], made["repay_id"]]
    assert all(entry["reason"] and entry["actor"]["user"] and entry["actor"]["controller"] for entry in run["entries"])


def test_an_awx_job_is_named(repay, look, monkeypatch) -> None:
    monkeypatch.setenv("AWX_HOST", "https://awx")
    monkeypatch.setenv("JOB_ID", "42")
    repay()
    assert {entry["actor"]["awx_job"] for entry in look()["entries"]} == {"42"}


@pytest.mark.parametrize("commit", [True, False])
def test_a_repayment_in_doubt_is_open_and_then_recovered(repay, sandbox, look, commit: bool) -> None:
    sandbox.fault(answer="close", commit=commit, history_delay_ms=3000 if commit else 0)
    unknown = repay(wait_timeout=0)
    run = look()
    assert events(run) == ["intended", "signed", "unknown"]
    assert run["entries"][-1]["reason"] == unknown["msg"]
    [intent] = run["open_intents"]
    assert (intent["intent"], intent["outcome"], intent["amount"]) == (unknown.details["intent"], "unknown", "100")
    repay()
    run = look()
    outcome = ["recovered", "accepted", "executed"] if commit else ["recovered", "not_executed", "intended", "signed", "accepted", "executed"]
    assert (events(run)[3:], run["open_intents"]) == (outcome, [])


def test_an_acknowledgment_is_an_entry(repay, sandbox, look) -> None:
    sandbox.fault(answer="close", commit=True, history_delay_ms=60_000)
    intent = repay(wait_timeout=0).details["intent"]
    repay(wait_timeout=0, acknowledge=intent)
    assert events(look())[-1] == "acknowledged"


def test_a_refusal_is_an_entry(repay, sandbox, look) -> None:
    sandbox.fault(answer={"ret_code": 148006, "ret_msg": "Insufficient wallet balance"}, commit=False)
    assert repay().failed
    last = look()["entries"][-1]
    assert last["event"] == "not_executed" and "148006" in last["reason"]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, 8), ({"reference": 'invoice "7"'}, 4), ({"event": ["executed"]}, 2), ({"event": ["executed", "signed"]}, 4), ({"product": "fixed"}, 0),
        ({"move": ["repay", "add"]}, 8), ({"move": ["add"]}, 0), ({"product": "order_collateral"}, 0),
        ({"loan": "1794267532472646144"}, 8), ({"loan": "1"}, 0), ({"account": "1"}, 0), ({"realm": "mainnet"}, 0), ({"until": "2026-01-01"}, 0),
        ({"since": "2026-01-01"}, 8),
    ],
)
def test_filters_select_entries(two, look, options: dict[str, t.Any], found: int) -> None:
    assert len(look(**options)["entries"]) == found


def test_an_empty_period_is_refused(two, look) -> None:
    run = look(since="2026-11-02", until="2026-11-01")
    assert (run.failed, run["msg"]) == (True, "until '2026-11-01' is not after since '2026-11-02': set a later until, or omit one of them.")


def test_anybody_can_recompute_the_chain(two, look) -> None:
    run = look(verify=True)
    before = "0" * 64
    for number, entry in enumerate(run["entries"], 1):
        document = {name: value for name, value in entry.items() if name != "hash"}
        assert (entry["number"], entry["previous"]) == (number, before)
        before = hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        assert entry["hash"] == before
    assert run["msg"].endswith(" Verified 1 audit trail: its chain of hashes is intact.")
    [chain] = run["chains"]
    assert (chain["entries"], chain["hash"]) == (8, before)


@pytest.mark.parametrize("how", TAMPERED)
def test_verification_names_the_changed_entry(two, look, journal, change, how: str) -> None:
    sql, named = TAMPERED[how]
    with contextlib.closing(sqlite3.connect(journal)) as connection:
        document = connection.execute("SELECT document FROM bybit_entries WHERE number = 2").fetchone()[0].replace('"100"', '"1"')
    quoted = "'" + document.replace("'", "''") + "'"
    change(sql.replace("{document}", quoted).replace("{hash}", hashlib.sha256(document.encode()).hexdigest()))
    assert not look().failed
    run = look(verify=True)
    assert run.failed and named in run["msg"]
    assert "Compare it with a backup or an export." in run["msg"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"realm": "Mainnet"}, "of realm 'Mainnet' in the journal {}: correct realm, or omit it."),
        ({"account": "1"}, "of account '1' in the journal {}: correct account, or omit it."),
        ({"realm": "mainnet", "account": "1"}, "of realm 'mainnet' and account '1' in the journal {}: correct realm and account, or omit them."),
    ],
)
def test_verifying_a_missing_journal_fails(two, look, journal, options: dict[str, str], named: str) -> None:
    assert not look(**options).failed
    run = look(verify=True, **options)
    label = f"'{journal.name}' in '{journal.parent}'"
    assert (run.failed, run["msg"]) == (True, f"verify found no audit trail {named.format(label)}")


def test_verifying_an_empty_journal_fails(repay, look, journal) -> None:
    repay(acknowledge="first-use")
    assert not look().failed
    run = look(verify=True)
    assert run.failed and run["msg"] == (
        f"verify found no audit trail in the journal '{journal.name}' in '{journal.parent}': it contains no entries. Check journal."
    )


def test_a_reference_is_found_in_any_unicode_normalization(repay, look) -> None:
    repay(reference="Caf\u00e9")
    [*dummy, last] = look(reference="Cafe\u0301")["entries"]
    assert (last["event"], last["reference"]) == ("executed", "Caf\u00e9")
    document = json.dumps({name: value for name, value in last.items() if name != "hash"}, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    assert "Caf\\u00e9" in document and hashlib.sha256(document.encode("ascii")).hexdigest() == last["hash"]


def test_open_intents_are_listed_in_the_order_of_sending(repay, look, sandbox, names) -> None:
    repay(amount="1")
    for loan in ({}, {"order_id": names.overdue}):
        sandbox.fault(answer="close", commit=False)
        repay(wait_timeout=0, amount="2", **loan)
    found = look()["open_intents"]
    assert [intent["loan"] for intent in found] == [names.loan, names.overdue]
    assert found[0]["sent_at_ms"] < found[1]["sent_at_ms"]


def test_a_missing_journal_is_reported_in_one_sentence(look) -> None:
    run = look(verify=True)
    assert run.failed
    assert "cannot be used (it does not exist). Check the option journal; the first run that moves money creates the file or the tables." in run["msg"]


def test_it_reads_while_a_run_writes_and_changes_nothing(simulated_time, begin, repay, look, sandbox, until, posts, journal) -> None:
    repay(amount="1")
    sandbox.fault(delay_answer_ms=1200)
    writing = begin()
    until(lambda: posts() == 2)
    before = journal.read_bytes()
    run = look(verify=True)
    assert (events(run)[4:], len(run["open_intents"])) == (["intended", "signed"], 1)
    assert journal.read_bytes() == before
    assert writing.end()["outcome"] == "executed"


def test_results_have_the_documented_values(two, look, sandbox, repay) -> None:
    sandbox.fault(answer="close", commit=False)
    repay(wait_timeout=0)
    runs = [look(verify=True, format="csv"), look(since="soon")]
    assert set().union(*(names_returned(run.result, DOCUMENTED) for run in runs)) == all_names(DOCUMENTED)


def test_samples_have_the_documented_type() -> None:
    check_samples(DOCUMENTED)


def test_every_move_and_product_is_documented() -> None:
    options = yaml.safe_load(bybit_journal_info.DOCUMENTATION)["options"]
    assert options["move"]["choices"] == list(MOVES)
    assert options["product"]["choices"] == [*PRODUCTS, ORDER_COLLATERAL, ACCOUNT_COLLATERAL, WALLETS]
    for name, values in (("move", MOVES), ("product", options["product"]["choices"])):
        assert all(f"V({value})" in " ".join(options[name]["description"]) for value in values)


def test_every_event_is_documented() -> None:
    assert yaml.safe_load(bybit_journal_info.DOCUMENTATION)["options"]["event"]["choices"] == list(EVENTS)
    text = " ".join(DOCUMENTED["entries"]["contains"]["event"]["description"])
    assert all(f"V({event})" in text for event in EVENTS)

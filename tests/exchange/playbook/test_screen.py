# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the callback `movements` shows beside Ansible's own output, and that nothing is shown without it."""

from __future__ import annotations

import re

import pytest
from shown import ENABLED, HEAD, LOAN, PLAYBOOK, TOLD

QUIET_TASK = PLAYBOOK.replace("loop:", "no_log: true\n      loop:")
STEP = f"""{HEAD}
    - name: Repay
      treasury.bybit.bybit_loan_repay: {{amount: "100"}}
"""
WAIT = re.compile(r"(: (still )?waiting (up to|after) .* s|shows nothing until it ends)\.$")
# The money moved, but nothing shows it before the task's timeout.
HIDDEN = {"answer": "reset", "history_delay_ms": 600_000}


@pytest.fixture
def show(play, tmp_path):
    """Run a playbook with the callback enabled, expect success unless told otherwise, and return the output."""

    def call(playbook: str, *arguments: str, env: dict[str, str] | None = None, status: int = 0) -> str:
        # Ansible looks in two homes by default: that of the environment, and that of the user.
        given = {**ENABLED, "ANSIBLE_ASYNC_DIR": str(tmp_path / "async")}
        played = play(playbook, *arguments, env={**given, **(env or {})})
        assert played.returncode == status, played.stdout
        return played.stdout

    return call


def lines_of(shown: str) -> list[str]:
    """Return the task's output without Ansible's own text around it, and without the waits of a slow machine."""
    task = shown.partition("TASK [Repay]")[2].partition("PLAY RECAP")[0]
    return [line for line in task.splitlines()[1:] if line and not WAIT.search(line)]


def sums_of(shown: str) -> list[str]:
    assert shown.count("MOVEMENTS ***") <= 1
    return shown.partition("MOVEMENTS ***")[2].splitlines()[1:]


@pytest.mark.parametrize("in_process", ["true", "false"])
def test_one_line_for_each_repayment_and_their_sum(show, sandbox, in_process: str) -> None:
    shown = show(PLAYBOOK, env={"BYBIT_IN_PROCESS": in_process})
    changed, told, ok, nothing = lines_of(shown)
    assert told.startswith(TOLD)
    assert told.endswith("). Debt before: 1000.4, now: 900.4. LTV before: 0.4168, now: 0.3752.")
    assert (changed, ok) == ("changed: [localhost] => (item=900.4)", "ok: [localhost] => (item=900.4)")
    assert nothing == f"[localhost] The debt on loan {LOAN} is 900.4 USDT, and at most 900.4 was requested: nothing to repay."
    assert sums_of(shown) == ["localhost                  : USDT repaid:  done=100"]


def test_nothing_is_shown_unless_it_is_enabled(play, sandbox) -> None:
    shown = play(PLAYBOOK, "-v").stdout
    assert "changed=1" in shown
    assert not re.search(r"MOVEMENTS|^\[localhost\]", shown, re.MULTILINE)


def test_nothing_is_shown_where_nothing_could_move(show) -> None:
    assert "MOVEMENTS" not in show(f"{HEAD}    - debug: {{msg: 'REPAID'}}\n    - treasury.bybit.bybit_loan_info:\n")


@pytest.mark.parametrize("check", [(), ("--check",)], ids=["real", "check mode"])
def test_collateral_transfers_and_repayments_are_summed_separately(show, sandbox, check: tuple[str, ...]) -> None:
    more = f"""
    - treasury.bybit.bybit_loan_collateral: {{order_id: "{LOAN}", add: "0.01", settle_margin: 0}}
    - treasury.bybit.bybit_loan_collateral: {{order_id: "{LOAN}", take_back: "0.001", settle_margin: 0}}
    - treasury.bybit.bybit_funding_transfer: {{coin: USDT, amount: "7", settle_margin: 0}}
    - treasury.bybit.bybit_funding_transfer:
        {{coin: USDT, amount: "5", from_account_type: FUND, to_account_type: UNIFIED, settle_margin: 0}}
"""
    shown = show(STEP + more, *check)
    told = re.findall(r"^\[localhost\] (Would \w+|\w+)( back)? ([0-9.]+ [A-Z]+) ", shown, re.MULTILINE)
    planned, done = ["Would repay", "Would add", "Would take", "Would transfer"], ["Repaid", "Added", "Took", "Transferred"]
    verbs = [*planned, planned[-1]] if check else [*done, done[-1]]
    assert [verb for verb, *dummy in told] == verbs
    assert [amount for *dummy, amount in told] == ["100 USDT", "0.01 BTC", "0.001 BTC", "7 USDT", "5 USDT"]

    def row(kind: str, amount: str) -> str:
        return f"localhost                  : {f'{kind}:':31}  {'planned' if check else 'done'}={amount}"

    assert sums_of(shown) == [
        row("BTC added to collateral", "0.01"),
        row("BTC taken back from collateral", "0.001"),
        row("USDT repaid", "100"),
        row("USDT transferred to Funding", "7"),
        row("USDT transferred to UNIFIED", "5"),
    ]


@pytest.mark.parametrize(
    ("task", "path", "doubtful"),
    [
        ('bybit_loan_collateral: {currency: BTC, take_back: "0.001"', "/v5/crypto-loan-common/adjust-ltv", "BTC taken back from collateral: amount=0.001"),
        ('bybit_funding_transfer: {coin: USDT, amount: "7"', "/v5/asset/transfer/inter-transfer", "USDT transferred to Funding: amount=7"),
    ],
)
def test_any_unknown_outcome_is_loud(show, sandbox, task: str, path: str, doubtful: str) -> None:
    sandbox.fault(path=path, answer="reset", history_delay_ms=600_000)
    shown = show(f"{HEAD}    - treasury.bybit.{task}, wait_timeout: 0}}\n", status=2)
    [intent] = re.findall(r"\[localhost\] OUTCOME UNKNOWN \(intent (\S{36})\): ", shown)
    assert sums_of(shown) == [f"localhost                  : OUTCOME UNKNOWN {doubtful} intent={intent}"]


@pytest.mark.parametrize("check", [(), ("--check",)], ids=["real", "check mode"])
def test_a_transfer_before_a_repayment_is_summed_separately(show, sandbox, check: tuple[str, ...]) -> None:
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "60", "accountType": "FUND"})
    shown = show(STEP.replace('{amount: "100"}', '{amount: "100", fund_from: unified}'), *check)
    state = "planned" if check else "done"
    assert sums_of(shown) == [
        f"localhost                  : USDT repaid:                  {state}=100",
        f"localhost                  : USDT transferred to Funding:  {state}=40",
    ]


def test_check_mode_and_the_diff(show, sandbox) -> None:
    shown = show(PLAYBOOK.replace(', "900.4"]', ', "800.4"]'), "--check", "--diff")
    assert lines_of(shown)[:7] == [
        f"--- before: loan {LOAN}",
        "+++ after: debt 1000.4 → 900.4, pay 100",
        "@@ -1 +1 @@",
        "-debt 1000.4 USDT  LTV 0.4168",
        # Calculated from an LTV that the exchange rounded. It will show 0.3752.
        "+debt  900.4 USDT  LTV 0.3751",
        "changed: [localhost] => (item=900.4)",
        f"[localhost] Would repay 100 USDT on loan {LOAN}: debt 1000.4 → 900.4, pay 100.",
    ]
    assert sums_of(shown) == ["localhost                  : USDT repaid:  planned=300"]


@pytest.mark.parametrize(
    "env", [{"ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false"}, {"ANSIBLE_DISPLAY_OK_HOSTS": "false"}, {"ANSIBLE_STRATEGY": "free"}], ids=str
)
def test_the_line_names_its_task_if_ansible_does_so_late(show, sandbox, env: dict[str, str]) -> None:
    assert f"\nTASK [Repay] {TOLD}" in show(PLAYBOOK, env=env)


def test_a_task_with_no_log_shows_nothing(show, sandbox, paid) -> None:
    shown = show(QUIET_TASK)
    assert paid() == ["100"]
    assert "Repaid" not in shown
    assert "MOVEMENTS" not in shown


@pytest.mark.parametrize("after", ["ignore_errors: true", "failed_when: false", ""], ids=["ignored", "not failed", "failed"])
def test_an_unknown_outcome_is_loud(show, sandbox, paid, after: str) -> None:
    sandbox.fault(**HIDDEN)
    shown = show(STEP.replace('{amount: "100"}', f'{{amount: "100", wait_timeout: 0}}\n      {after}'), status=0 if after else 2)
    assert paid() == ["100"]
    # Ansible itself shows the message only if the task failed.
    sentence = "It is unknown whether the repayment of 100 USDT on loan" if "failed_when" in after else "100 USDT may have been repaid. Nothing is sent for"
    [intent] = re.findall(rf"\[localhost\] OUTCOME UNKNOWN \(intent (\S{{36}})\): {sentence} ", shown)
    assert sums_of(shown) == [f"localhost                  : OUTCOME UNKNOWN USDT repaid: amount=100 intent={intent}"]


def test_a_doubt_of_another_run_is_not_shown_as_this_runs_request(show, sandbox, paid) -> None:
    sandbox.fault(**HIDDEN)
    amount = """{amount: "{{ {'one': 100, 'two': 13}[inventory_hostname] }}", wait_timeout: 12, lock_timeout: 4}"""
    shown = show(STEP.replace("localhost", "all\n  connection: local").replace('{amount: "100"}', amount), "-i", "one,two", status=2)
    # Either one may come first.
    [first] = paid()
    doubtful, later = ("one", "two") if first == "100" else ("two", "one")
    assert f"[{later}] OUTCOME UNKNOWN: Another run for this loan" in shown
    told = {line.split()[0]: line.partition(" : ")[2] for line in sums_of(shown)}
    assert told[later] == "OUTCOME UNKNOWN intent=not reported"
    assert told[doubtful].startswith(f"OUTCOME UNKNOWN USDT repaid: amount={first} intent=")


def test_retries_are_shown_one_by_one_and_summed_once(show, sandbox, paid) -> None:
    sandbox.fault(answer="reset", history_delay_ms=2500)
    until = '{amount: "100", wait_timeout: 0}\n      until: done is succeeded\n      retries: 8\n      delay: 1\n      register: done'
    shown = show(STEP.replace('{amount: "100"}', until))
    assert paid() == ["100"]
    assert "OUTCOME UNKNOWN (intent " in shown
    assert lines_of(shown)[-1].startswith("[localhost] An earlier run began a repayment of 100 USDT on loan")
    assert sums_of(shown) == ["localhost                  : USDT repaid:  recovered=100"]


def test_a_task_that_was_cut_off_is_loud(show, sandbox) -> None:
    sandbox.fault(delay_answer_ms=4000)
    shown = show(f"{STEP}      timeout: 2\n      ignore_errors: true\n")
    assert "[localhost] OUTCOME UNKNOWN: the task ended before it reported what it sent. Run it again: " in shown
    assert sums_of(shown) == ["localhost                  : OUTCOME UNKNOWN intent=not reported"]


def test_async_is_shown_once(show, sandbox, paid) -> None:
    shown = show(f"{STEP}      async: 60\n      poll: 1\n")
    assert paid() == ["100"]
    assert shown.count(TOLD) == 1
    assert sums_of(shown) == ["localhost                  : USDT repaid:  done=100"]


def test_async_that_is_polled_later_is_shown_once(show, sandbox, paid) -> None:
    later = f"{STEP}      async: 60\n      poll: 0\n      register: job\n" + "".join(
        "    - async_status: {jid: '{{ job.ansible_job_id }}'}\n      register: done\n      until: done is finished\n"
        "      retries: 30\n      delay: 1\n" for dummy in range(2)
    )
    shown = show(later)
    assert paid() == ["100"]
    assert sums_of(shown) == ["localhost                  : USDT repaid:  done=100"]


@pytest.mark.parametrize("in_process", ["true", "false"])
def test_a_refusal_shows_that_nothing_was_moved(show, sandbox, paid, in_process: str) -> None:
    for amount in ("1x", "20000"):
        shown = show(STEP.replace('"100"', f'"{amount}"'), status=2, env={"BYBIT_IN_PROCESS": in_process})
        assert lines_of(shown)[-1] == "[localhost] Nothing was moved."
        assert sums_of(shown) == ["localhost                  : nothing was moved"]
    assert paid() == []


def test_a_reason_for_no_move_is_hidden_with_tasks_that_are_ok(show, sandbox) -> None:
    shown = show(PLAYBOOK.replace('"900.4", ', '"5000", '), env={"ANSIBLE_DISPLAY_OK_HOSTS": "false"})
    assert "nothing to repay" not in shown
    assert "Repaid 100 USDT" in shown


def test_moves_before_a_failure_are_shown(show, sandbox) -> None:
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "60", "accountType": "FUND"})
    sandbox.fault(answer={"ret_code": 148007})
    shown = show(STEP.replace('{amount: "100"}', '{amount: "100", fund_from: unified}'), status=2)
    [told] = [line for line in lines_of(shown) if line.startswith("[localhost]")]
    assert told.startswith("[localhost] Transferred before the failure: 40 USDT (transfer ")


@pytest.mark.parametrize("in_process", ["true", "false"])
def test_a_wait_is_shown_once_at_v(show, sandbox, in_process: str) -> None:
    sandbox.fault(answer="reset", commit=False)
    later = '{amount: "100", settle_margin: 3, recv_window: 2000}'
    shown = show(STEP.replace('{amount: "100"}', later), "-v", status=2, env={"BYBIT_IN_PROCESS": in_process})
    waits = [line for line in shown.splitlines() if re.match(r"\[localhost\] .*: waiting up to \d+ s\.$", line)]
    assert len(waits) == 1
    assert waits[0].startswith(f"[localhost] It is not known yet whether the repayment of 100 USDT on loan {LOAN} was made: waiting up to ")

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of the safety that can be taken out one at a time, each as an edit of the code.

Pure: no I/O.
"""

from __future__ import annotations

import typing as t

UTILS = "plugins/module_utils/"


class Edit(t.NamedTuple):
    """A text that stands exactly once in a file, and what comes in its place."""

    file: str
    old: str
    new: str


class Sabotage(t.NamedTuple):
    removed: str
    edits: tuple[Edit, ...]


SABOTAGES = (
    Sabotage("nothing (the suite must pass)", ()),
    Sabotage("settling: a lost answer counts as not executed", (
        Edit(
            UTILS + "_engine/run.py", "            self._find_out(intent, error)\n",
            "            self._journal.forget(intent)\n"
            "            raise NotExecuted(str(error), error.failure) from error\n",
        ),
    )),
    Sabotage("settling: the wait for the end of the time window", (
        Edit(UTILS + "_reconcile/evidence.py", "    return has_passed(intent, observation, 0)\n", "    return True\n"),
        Edit(UTILS + "_reconcile/evidence.py", "    return has_passed(intent, observation, settle_margin_ms)\n", "    return True\n"),
    )),
    Sabotage("settling: the window is closed by the exchange's word alone", (
        Edit(UTILS + "_reconcile/evidence.py", "    return observation.away_ms > intent.open_for_ms + margin_ms\n", "    return True\n"),
    )),
    Sabotage("settling: the look at the debt", (
        Edit(UTILS + "_reconcile/evidence.py", "    missing = difference(max(falls), explained)\n", "    missing = Decimal(0)\n"),
    )),
    Sabotage("settling: an entry of another amount, or of an unknown type, may be it", (
        Edit(UTILS + "_reconcile/judge.py", "    if ambiguous:\n", "    if False:\n"),
    )),
    Sabotage("settling: the wallet's ledger", (
        Edit(
            UTILS + "_reconcile/judge.py", "    if has_left_wallet(intent, funds):\n", "    if False:\n"
        ),
    )),
    Sabotage("settling: what the wallet held before and holds now", (
        Edit(UTILS + "_reconcile/judge.py", "    if has_balance_fallen(intent, funds):\n", "    if False:\n"),
    )),
    Sabotage("settling: a key that may not look into the wallet waits longer", (
        Edit(UTILS + "_reconcile/evidence.py", "_FACTOR_WITHOUT_LEDGER = 60\n", "_FACTOR_WITHOUT_LEDGER = 1\n"),
    )),
    Sabotage("settling: what the history no longer reaches", (
        Edit(UTILS + "_reconcile/judge.py", "    if is_beyond_history(intent, observation):\n", "    if False:\n"),
    )),
    Sabotage("an id that the history had before proves nothing", (
        Edit(
            UTILS + "_engine/run.py", "        if given_id in earlier_ids or given_id in self._journal.repay_ids():\n",
            "        if False:\n",
        ),
        Edit(
            UTILS + "_reconcile/judge.py", "    if was_listed_before(entry, intent):\n", "    if False:\n",
        ),
        Edit(UTILS + "_reconcile/judge.py", "    if was_made_before(entry, intent):\n", "    if False:\n"),
    )),
    Sabotage("the amount that the history shows for an id", (
        Edit(
            UTILS + "_reconcile/reconcile.py",
            "            found = found._replace(intent=dataclasses.replace(found.intent, amount=entry.amount))\n",
            "            found = found._replace(intent=found.intent)\n",
        ),
    )),
    Sabotage("reading: an unknown type is not the user's", (
        Edit(UTILS + "_loans/history.py", "    UNKNOWN_KIND: None,\n", "    UNKNOWN_KIND: False,\n"),
    )),
    Sabotage("reading: an empty amount is none", (
        Edit(
            UTILS + "_amounts.py", "    if not isinstance(text, str) or not _NUMBER.fullmatch(text):\n",
            "    if text == '':\n        return Decimal(0)\n    if not isinstance(text, str) or not _NUMBER.fullmatch(text):\n",
        ),
    )),
    Sabotage("reading: a row that was not asked for is refused", (
        Edit(
            UTILS + "_loans/parsing.py",
            '        for name, value in asked.items():\n            if name != "repayId":\n                row.must_be(name, value)\n'
            "        yield row\n",
            '        if all(row.get(name) == value for name, value in asked.items() if name != "repayId"):\n            yield row\n',
        ),
    )),
    Sabotage("reading: times in another unit", (
        Edit(UTILS + "_loans/parsing.py", "        if not is_plausible(time_ms):\n", "        if False:\n"),
    )),
    Sabotage("reading: what stands there twice counts once", (
        Edit(
            UTILS + "_loans/parsing.py",
            "            found[entry.repay_id] = entry if known is None else known.united_with(entry)\n",
            "            found[f'{entry.repay_id} {len(found)}'] = entry\n",
        ),
    )),
    Sabotage("reading: a last page that repeats its cursor is the end", (
        Edit(
            UTILS + "_api/client.py",
            "            if cursor and following == cursor and _brings_nothing_new(rows, before):\n", "            if False:\n",
        ),
    )),
    Sabotage("reading: pages that go round in a circle", (
        Edit(
            UTILS + "_api/client.py", "            if following in followed or empty == _MOST_EMPTY_PAGES:\n", "            if False:\n"
        ),
    )),
    Sabotage("a refusal that is not the exchange's", (
        Edit(
            UTILS + "_api/return_codes.py",
            '    return HTTP_STATUSES.get(status, NO_API) if method == "GET" else NO_API\n',
            "    return HTTP_STATUSES.get(status, NO_API)\n",
        ),
    )),
    Sabotage("settling: what stood in the history before", (
        Edit(
            UTILS + "_reconcile/judge.py", "    new = new_entries(intent, observation, others)\n", "    new = list(observation.entries)\n",
        ),
    )),
    Sabotage("the intent: it is not written", (
        Edit(
            UTILS + "_journal/journal.py", "        self._save([*others, intent])\n",
            "        self._intents = [*others, intent]\n",
        ),
    )),
    Sabotage("the intent: it is not read", (
        Edit(UTILS + "_journal/journal.py", "        self._intents = self._store.load()\n", ""),
    )),
    Sabotage("the intent: it is written after the request has left", (
        Edit(
            UTILS + "_engine/run.py", "            self._journal.note(intent)\n\n        try:\n            accepted = ",
            "\n        try:\n            accepted = ",
        ),
        Edit(
            UTILS + "_engine/run.py", "            self._find_out(intent, error)\n",
            "            self._journal.note(intent)\n            self._find_out(intent, error)\n",
        ),
        Edit(
            UTILS + "_engine/run.py", "            self._accepted(intent, accepted, ",
            "            self._journal.note(intent)\n            self._accepted(intent, accepted, ",
        ),
    )),
    Sabotage("the lock", (
        Edit(
            UTILS + "_journal/store.py",
            "            fcntl.flock(lock, (fcntl.LOCK_EX if writes else fcntl.LOCK_SH) | fcntl.LOCK_NB)\n", "",
        ),
    )),
    Sabotage("the closing of the intent", (
        Edit(
            UTILS + "_journal/journal.py",
            "            kept = [told for told in (self._told.get(i.intent_id, i) for i in kept) if told]\n        try:\n"
            "            if kept != self._intents:\n",
            "            kept = [told for told in (self._told.get(i.intent_id, i) for i in kept) if told]\n        try:\n"
            "            if False:\n",
        ),
    )),
    Sabotage("the order of telling and closing", (
        Edit(
            UTILS + "_module/repay.py",
            "        with _Telling(journal, can_be_known, listeners, client, is_success=True):\n            module.exit_json(**result)",
            "        journal.close(True)\n        module.exit_json(**result)",
        ),
    )),
    Sabotage("the goal: any earlier repayment answers a run", (
        Edit(UTILS + "_engine/recover.py", "if intent.goal == goal and found", "if found"),
    )),
    Sabotage("confirming: accepted counts as executed", (
        Edit(
            UTILS + "_reconcile/reconcile.py", "        if entry is not None and entry.status == SUCCESS:\n", "        if True:\n",
        ),
    )),
    Sabotage("since: what is accepted but not shown yet", (
        Edit(
            UTILS + "_engine/preflight.py", "self._goal.since_ms, entries, unseen)\n", "self._goal.since_ms, entries, [])\n"
        ),
    )),
    Sabotage("goals of the debt: the wait until what was repaid just now shows", (
        Edit(
            UTILS + "_engine/preflight.py", "            pause_ms = self._until_settled_ms(prepared, begun_ms)\n",
            "            pause_ms = 0\n",
        ),
    )),
    Sabotage("goals of the debt: the wait until the debt has fallen", (
        Edit(
            UTILS + "_engine/run.py",
            "self._run_options.deadline_ms(self._client.clock.monotonic_ms()) if must_see_fall else 0)\n", "0)\n",
        ),
    )),
    Sabotage("goals of the debt: the most that accrued interest can be", (
        Edit(UTILS + "_engine/run.py", "            most = first.baseline.debt * _MOST_ACCRUED\n", "            most = first.baseline.debt\n"),
    )),
    Sabotage("from collateral: what was accepted and does not show is not undone", (
        Edit(UTILS + "_reconcile/judge.py", "    if is_accepted_without_trace(intent, failed):\n", "    if False:\n"),
    )),
    Sabotage("settling: what was borrowed meanwhile", (
        Edit(UTILS + "_reconcile/judge.py", "    if borrowed > 0:\n", "    if False:\n"),
    )),
    Sabotage("whole contracts: an entry of another amount", (
        Edit(
            UTILS + "_reconcile/evidence.py", "    return intent.is_whole and (is_loan_closed or entry.amount > intent.amount)\n",
            "    return False\n",
        ),
    )),
    Sabotage("send once: the transport library retries", (
        Edit(
            UTILS + "_api/transport.py", "        self._adapter = _Adapter()\n",
            "        again = urllib3.util.Retry(2, allowed_methods=None, backoff_factor=0)\n"
            "        self._adapter = _Adapter(max_retries=again)\n",
        ),
    )),
    Sabotage("return codes: 10016 counts as a refusal", (
        Edit(UTILS + "_api/return_codes.py", "    10016: Meaning(UNKNOWN,", "    10016: Meaning(NOT_EXECUTED,"),
    )),
    Sabotage("who is told: whether they are there right before the intent is written", (
        Edit(UTILS + "_engine/run.py", "            if not self._has_listeners():\n", "            if False:\n"),
    )),
    Sabotage("who is told: whether they are there when it is told", (
        Edit(
            UTILS + "_module/repay.py", "        is_told = self._can_be_known and self._listeners.are_all_there()\n",
            "        is_told = self._can_be_known\n",
        ),
    )),
    Sabotage("who is told: what something else takes into a buffer has reached nobody", (
        Edit(UTILS + "_module/repay.py", "        can_be_known = listeners.are_known or goal.is_declarative\n", "        can_be_known = True\n"),
    )),
    Sabotage("who is told: what is only inferred answers a step for some hours", (
        Edit(
            UTILS + "_engine/recover.py",
            "self._client.believed_time_ms() - intent.reported_at_ms <= messages.ANSWERS_FOR_HOURS * HOUR_MS\n", "True\n",
        ),
    )),
    Sabotage("the lock: whether its file is still the same", (
        Edit(
            UTILS + "_journal/store.py", "        if self._lock is None or not files.is_same(self._lock, self._lock_path):\n",
            "        if self._lock is None:\n",
        ),
        Edit(UTILS + "_journal/store.py", "                if files.is_same(lock, self._lock_path):\n", "                if True:\n"),
    )),
    Sabotage("the memory: a save that fails is undone", (
        Edit(
            UTILS + "_journal/files.py",
            "            if before is None:\n                os.unlink(path)\n            else:\n                _put(path, before, check)\n",
            "            pass\n",
        ),
    )),
    Sabotage("the memory: what cannot be read leaves it unknown", (
        Edit(
            UTILS + "_api/errors.py", "so nobody knows what became of it; nothing has been sent.\"\"\"\n\n    outcome = UNKNOWN\n",
            "so nobody knows what became of it; nothing has been sent.\"\"\"\n",
        ),
    )),
    Sabotage("the memory: an error inside while something is open leaves it unknown", (
        Edit(UTILS + "_engine/run.py", "(UNKNOWN if self._journal.is_in_doubt else NOT_EXECUTED)\n", "NOT_EXECUTED\n"),
    )),
    Sabotage("the memory: it is the account's, not the key's", (
        Edit(UTILS + "_module/repay.py", "Target(connection.realm, key.account, ", 'Target(connection.realm, module.params["api_key"][::-1], '),
    )),
    Sabotage("the memory: it is the realm's, not the address's", (
        Edit(UTILS + "_module/repay.py", "Target(connection.realm, key.account, ", "Target(connection.api_host, key.account, "),
        Edit(UTILS + "_module/repay.py", "is_in_doubt(directory, connection.realm, ", "is_in_doubt(directory, connection.api_host, "),
    )),
    Sabotage("the memory: as long as nobody can tell whose the key is, what is open is in doubt", (
        Edit(UTILS + "_module/repay.py", "        if error.outcome != UNKNOWN and is_in_doubt(", "        if False and is_in_doubt("),
    )),
    Sabotage("the gate: a goal is decided anew", (
        Edit(
            UTILS + "_engine/run.py", "            anew = self._decide_anew(turned, prepared, most, is_rest)\n",
            "            if self._goal.is_declarative:\n                self._journal.forget(turned.intent)\n                continue\n"
            "            anew = self._decide_anew(turned, prepared, most, is_rest)\n",
        ),
    )),
    Sabotage("the gate: a step is looked for when the history shows a new entry", (
        Edit(UTILS + "_engine/run.py", "        if news and (not self._goal.is_declarative or now.decision.kind == DECLINE):\n", "        if False:\n"),
    )),
    Sabotage("the gate: the wait for the history when money has moved", (
        Edit(
            UTILS + "_engine/run.py",
            "                if flown or has_money_moved(intent, before, now):\n",
            "                if False:\n",
        ),
    )),
    Sabotage("the cap: at_most with allow_partial", (
        Edit(UTILS + "_engine/plan.py", "    if means.at_most is not None and total(means.paid, amount) > means.at_most:\n", "    if False:\n"),
    )),
)

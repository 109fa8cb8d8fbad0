# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is around the runs of a schedule: processes, files, keys, addresses, and the gate of the exchange.

One run in four of those that C(plans) draws has one of these, each as often as the others:

- C(key): a second key of the account, or the one that has been replaced, if there is one;
- C(address): C(localhost) for C(127.0.0.1);
- C(loss): its ansible-playbook or its worker ends, before any of its steps, one time in four one of the first, or around its POST or
  its result;
- C(buffer): something else than Ansible takes its output, as Mitogen does, and nobody knows whether it arrives;
- C(disk): the disk is full, for all that is written or only for what a file of some size has behind its beginning;
- C(defect): an error inside, in one of its first pauses;
- C(cap): C(at_most), with C(allow_partial) where that has a meaning.

Beside them, each of these is a rule of its own, as likely as any other rule of C(Schedule): the key is replaced, one time in two as
deleted; up to three runs at once, one in two for the same, lose their lock after any step: its file is removed, one time in two with
another one in its place, or, where the journal is on a server, the connections end, one time in two with the server; the file of the
journal is removed after any step of a run, or the one that a killed run has left is cut, filled with zeros or emptied before the next
run, and at some later moment somebody removes what is left of it; a step with a reference is asked
for by up to three runs at once, and again later, one time in three under the same name for something else; a parent ends in one run,
and the same is asked for again minutes, hours or days later; the gate turns a request away, and one time in two another copy of it was
executed, or the owner repays during the pause. Of all faults of a POST that are drawn elsewhere, one in nine is a refusal by the gate,
a copy of which was executed one time in three. One schedule in four has its journal on a server.

Pure: no I/O.
"""

from __future__ import annotations

import typing as t

from hypothesis import strategies as st
from stepping.parents import PLAYBOOK, WORKER

from .goals import Loss
from .journals import DAMAGES
from .owner import JournalLoss, LockLoss
from .standin import DAY_MS, HOUR_MS

KEY, ADDRESS, LOSS, BUFFER, DISK, DEFECT, CAP = "key", "address", "loss", "buffer", "disk", "defect", "cap"
# With these the undo log of a transaction still has room, so that it is COMMIT that fails.
ROOMS = (20_480, 40_960, 45_056, 57_344)
_who = st.sampled_from([PLAYBOOK, WORKER])
# A run that has just begun does not know yet who is there.
losses = st.one_of(
    st.builds(Loss, st.just("step"), st.integers(1, 36), _who),
    st.builds(Loss, st.just("step"), st.integers(1, 72), _who),
    st.builds(Loss, st.just("post"), st.integers(0, 14), _who),
    st.builds(Loss, st.just("reported"), st.integers(0, 10), _who),
)
_AROUND: dict[str, st.SearchStrategy[dict[str, t.Any]]] = {
    KEY: st.sampled_from(["second", "old"]).map(lambda key: {"key": key}),
    ADDRESS: st.just({"is_at_other_address": True}),
    LOSS: losses.map(lambda loss: {"loss": loss}),
    BUFFER: st.just({"is_buffered": True}),
    DISK: st.sampled_from([0, *ROOMS]).map(lambda room: {"broken_state": "full", "longest_file": room}),
    DEFECT: st.integers(0, 6).map(lambda number: {"defect_at": number}),
    CAP: st.sampled_from(["60", "250"]).map(lambda cap: {"at_most": cap}),
}
around = st.sampled_from(sorted(_AROUND)).flatmap(_AROUND.__getitem__)
maybe_around = st.integers(0, 3).flatmap(lambda number: around if number == 3 else st.just({}))

fates_of_keys = st.sampled_from(["deleted", "expired"])
damages = st.sampled_from(sorted(DAMAGES))
lock_losses = st.builds(LockLoss, st.integers(0, 110), st.booleans())
journal_losses = st.builds(JournalLoss, st.integers(20, 110))
# Less and more than what is only inferred is held to be true for.
later = st.one_of(
    st.sampled_from([5000, HOUR_MS, 11 * HOUR_MS, 13 * HOUR_MS, DAY_MS]), st.integers(1, 40).map(lambda days: days * DAY_MS)
)


def turned_away(now: int, pause_ms: int, **other: t.Any) -> dict[str, t.Any]:
    """Return the refusal of a gate that is closed for some time."""
    headers = {"X-Bapi-Limit-Reset-Timestamp": str(now + pause_ms)}
    return {"method": "POST", "answer": {"ret_code": 10006, "headers": headers}, "commit": False, **other}


copies = st.fixed_dictionaries({
    "commit": st.just(True),
    "history_delay_ms": st.sampled_from([0, 3000, 700, 9900]),
    "debt_delay_ms": st.sampled_from([0, 9900, 700]),
    "processing_ms": st.sampled_from([0, 0, 20_000, 200_000]),
})
pauses = st.sampled_from([2000, 600, 8000, 14_000, 25_000])

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The surroundings of the runs in a schedule: processes, files, keys, addresses, and the gate of the exchange.

One in four of the runs that C(plans) draws has one of these, with equal probability:

- C(key): a second key of the account, or a key that has been replaced, if there is one.
- C(address): C(localhost) instead of C(127.0.0.1).
- C(loss): the run's ansible-playbook or worker ends before any step, with a preference for early steps and for steps around the POST
  and the result.
- C(buffer): something other than Ansible takes the output, as Mitogen does, so that nobody knows whether it arrives.
- C(disk): the disk is full, for everything or only beyond some size of a file.
- C(defect): an internal error occurs in one of the first pauses.
- C(cap): C(at_most), with C(allow_partial) where that makes sense.

In addition, each of these is a separate rule of C(Schedule), as likely as any other rule:

- The key is replaced, and is deleted in half of these cases.
- Up to three runs at once, in half of these cases for the same goal, lose their lock after any step. The lock file is removed or
  replaced; if the journal is on a server, the connections or the server end.
- The journal's file is removed after any step of a run. Or the file that a killed run has left is cut, filled with zeros, or emptied
  before the next run, and somebody later removes what is left of it.
- Up to three runs at once ask for a step with a reference. A later run asks for it again, in a third of these cases with the same
  reference for something else.
- A parent of a run ends, and the same task runs again minutes, hours, or days later.
- The gate turns a request away. Either another copy of it is executed, or the owner repays during the pause.

Of the faults of a POST that are drawn elsewhere, one in nine is a refusal at the gate, and a copy is executed in a third of these cases.
One schedule in four has its journal on a server.

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
# With these sizes, the rollback journal of a transaction still fits, so that the COMMIT fails.
ROOMS = (20_480, 40_960, 45_056, 57_344)
_who = st.sampled_from([PLAYBOOK, WORKER])
# A run that has just begun does not yet know its parents.
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
# Shorter and longer than the hours for which a result that may have reached nobody answers an equal task.
later = st.one_of(
    st.sampled_from([5000, HOUR_MS, 11 * HOUR_MS, 13 * HOUR_MS, DAY_MS]), st.integers(1, 40).map(lambda days: days * DAY_MS)
)


def turned_away(now: int, pause_ms: int, **other: t.Any) -> dict[str, t.Any]:
    """Return the refusal by a gate that is closed for some time."""
    headers = {"X-Bapi-Limit-Reset-Timestamp": str(now + pause_ms)}
    return {"method": "POST", "answer": {"ret_code": 10006, "headers": headers}, "commit": False, **other}


copies = st.fixed_dictionaries({
    "commit": st.just(True),
    "history_delay_ms": st.sampled_from([0, 3000, 700, 9900]),
    "debt_delay_ms": st.sampled_from([0, 9900, 700]),
    "processing_ms": st.sampled_from([0, 0, 20_000, 200_000]),
})
pauses = st.sampled_from([2000, 600, 8000, 14_000, 25_000])

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a schedule may be made of, as Hypothesis strategies. The first choice of each is the plain one."""

from __future__ import annotations

import typing as t

from hypothesis import strategies as st

from .facts import HISTORY, ORDERS, REPAY, Goal, Kill, Plan
from .standin import BIG_LOAN, DAY_MS, GETS, OTHER_LOAN, SMALL_LOAN, START_MS
from .truth import REFUSALS, REFUSING_STATUSES
from .world import Choices, Meddling

SECOND_MS, MINUTE_MS, HOUR_MS = 1000, 60_000, 3_600_000
HTML = "<html><body>Please wait</body></html>"
UNKNOWN_CODES = (10016, 429, 10000, 10014, 177002, 177018, 177021, 424242)
GOALS = (
    Goal(BIG_LOAN, "100"),
    Goal(BIG_LOAN, "300", START_MS - 2 * DAY_MS),
    Goal(BIG_LOAN, "40.5"),
    Goal(BIG_LOAN, "150", START_MS - HOUR_MS),
    Goal(OTHER_LOAN, "100"),
    Goal(SMALL_LOAN, "100"),
    Goal(SMALL_LOAN, "60.25", START_MS - 1),
)

_broken = st.sampled_from(["close", "reset", "truncate", "html_502", "html_200", "not_json"])
_unknown_codes = st.sampled_from(UNKNOWN_CODES).map(lambda code: {"ret_code": code})
_unclear_statuses = st.builds(
    lambda status, body: {"http_status": status, "body": body},
    st.sampled_from([500, 503, 429, 502, 504, 408]), st.sampled_from(["later", HTML]),
)
# Whatever its status, a page for people comes from something in between.
_pages = st.sampled_from([403, 400, 404]).map(lambda status: {"http_status": status, "body": HTML})
_unclear = st.one_of(_broken, _unknown_codes, _unknown_codes, _unclear_statuses, _pages)
_refused = st.one_of(
    st.sampled_from(REFUSALS).map(lambda code: {"ret_code": code}),
    st.sampled_from(REFUSING_STATUSES).map(lambda status: {"http_status": status, "body": "access too frequent"}),
)
# Not later than the default settle_margin, twice in three; otherwise beyond what anybody has to expect.
_lateness = st.sampled_from([0, 0, 0, 0, 700, 3000, 8000, 9900, 9900, 20_000, 90_000])
_offsets = st.sampled_from([-3000, 2000, -1500, 6000, -HOUR_MS, HOUR_MS])


@st.composite
def post_faults(draw: st.DrawFn) -> dict[str, t.Any]:
    """One thing that goes wrong with the next repayment request."""
    fault: dict[str, t.Any] = {"method": "POST", "path": REPAY}
    kind = draw(st.sampled_from(["lost", "lost", "late", "late", "normal", "refused", "rate", "clock"]))
    if kind == "lost":
        fault.update(answer=draw(_unclear), commit=draw(st.booleans()))
    elif kind == "late":
        fault.update(answer=draw(st.one_of(_broken, _unclear_statuses)))
        fault["arrive_after_ms"] = draw(st.sampled_from([1, 900, 2500, 4500, 4990, 5200, 9000, 15_000, 60_000]))
    elif kind == "refused":
        fault.update(answer=draw(_refused), commit=False)
    elif kind == "rate":
        headers = draw(st.sampled_from([{}, {"X-Bapi-Limit-Reset-Timestamp": str(START_MS + 2000)}]))
        fault.update(answer={"ret_code": 10006, "headers": headers}, commit=False)
    elif kind == "clock":
        fault["clock_offset_ms"] = draw(_offsets)
    if kind in ("lost", "late", "normal"):
        fault.update({n: v for n, v in draw(_effects()).items() if v})
    return fault


@st.composite
def _effects(draw: st.DrawFn) -> dict[str, int]:
    effects = {"history_delay_ms": draw(_lateness), "debt_delay_ms": draw(_lateness)}
    processing = draw(st.sampled_from([0, 0, 0, 1500, 20_000, 200_000]))
    if processing:
        effects.update(processing_ms=processing, final_status=draw(st.sampled_from([1, 3])))
    return effects


@st.composite
def get_faults(draw: st.DrawFn) -> dict[str, t.Any]:
    """One thing that goes wrong with some of the next reads."""
    fault: dict[str, t.Any] = {"method": "GET", "path": draw(st.sampled_from([HISTORY, ORDERS, *GETS]))}
    if draw(st.integers(0, 9)) == 9:
        fault["clock_offset_ms"] = draw(_offsets)
    else:
        fault["answer"] = draw(st.one_of(_unclear, _refused))
        fault["times"] = draw(st.sampled_from([1, 2, 3, 6, 12, 0]))
    fault["skip"] = draw(st.integers(0, 6))
    return fault


@st.composite
def lost_posts(draw: st.DrawFn) -> dict[str, t.Any]:
    """A repayment request whose answer is lost, and nothing else."""
    commit = draw(st.sampled_from([True, True, False]))
    return {"method": "POST", "path": REPAY, "answer": draw(_unclear), "commit": commit}


shown_late = st.builds(
    lambda delay_ms: {"method": "POST", "path": REPAY, "history_delay_ms": delay_ms},
    st.sampled_from([9900, 8000, 3000, 90_000]),
)


def faults(least: int = 0) -> st.SearchStrategy[list[dict[str, t.Any]]]:
    """Some things that go wrong, mostly with what matters most."""
    return st.lists(st.one_of(post_faults(), post_faults(), get_faults()), min_size=least, max_size=3)


goals = st.sampled_from(GOALS)
drifts = st.sampled_from([0, 400, -400, 950, 1500, -3000, -4900, 60_000, -60_000, 3 * HOUR_MS, -3 * HOUR_MS])
plain_goals = goals.filter(lambda goal: goal.since_ms is None)
_sometimes = st.integers(0, 3).map(lambda number: number == 3)
kills = st.one_of(
    st.builds(Kill, st.just("post"), st.integers(0, 4)),
    st.builds(Kill, st.just("step"), st.integers(0, 45)),
    st.builds(Kill, st.just("told"), st.integers(0, 3)),
    st.builds(Kill, st.just("post"), st.integers(5, 24)),
)
maybe_kills = st.one_of(st.none(), kills)
choices = st.builds(
    Choices,
    st.lists(st.integers(0, 2), max_size=24),
    st.lists(st.sampled_from([0, 20, 150, 900]), max_size=16),
)
quiet_choices = st.builds(Choices, st.just(()), st.lists(st.sampled_from([0, 20, 150, 900]), max_size=8))
durations = st.one_of(
    st.integers(1, 30_000), st.integers(0, 90).map(lambda n: n * MINUTE_MS), st.integers(1, 9).map(lambda n: n * DAY_MS)
)
# None is all that is left, which closes the loan.
manual_amounts = st.sampled_from(["100", "40.5", "12.34", "99.9", "199.9", None])
orders = st.sampled_from([BIG_LOAN, BIG_LOAN, SMALL_LOAN])
meddlings = st.one_of(st.none(), st.none(), st.builds(Meddling, st.integers(0, 40), orders, manual_amounts))


@st.composite
def plans(draw: st.DrawFn, drift_ms: int, kill: st.SearchStrategy = maybe_kills) -> Plan:
    """How a run is started; the usual way, more often than not."""
    goal = draw(goals)
    unusual: dict[str, t.Any] = {}
    if draw(_sometimes):
        unusual = draw(st.fixed_dictionaries({}, optional={
            "wait": st.just(False),
            "wait_timeout": st.sampled_from([3, 12, 20, 300]),
            "settle_margin": st.sampled_from([2, 30]),
            "recv_window": st.sampled_from([1000, 20_000]),
            "lock_timeout": st.sampled_from([0, 5, 600]),
        }))
    return Plan(goal, kill=draw(kill), drift_ms=drift_ms, **unusual)

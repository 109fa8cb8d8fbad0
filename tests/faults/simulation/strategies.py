# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of a schedule as Hypothesis strategies. The first choice of each is the simplest."""

from __future__ import annotations

import dataclasses
import typing as t

from hypothesis import strategies as st

from . import answers, surroundings, switches
from .actor import Choices
from .aims import FOCUSES, goals_on, loans_of
from .goals import Goal, Kill, Plan
from .owner import OwnerAct
from .products import (
    ACCOUNT_COLLATERAL,
    COINS,
    DEBT,
    FIXED,
    FLEXIBLE,
    HISTORY,
    LEDGER,
    LEGACY,
    ORDER_COLLATERAL,
    OTHER,
    PRODUCTS,
    TIME,
    WALLET,
    WALLETS,
    Loan,
)
from .standin import DAY_MS, HOUR_MS, START_MS
from .knowledge import REFUSALS

MINUTE_MS = 60_000
HTML = "<html><body>Please wait</body></html>"
# These statuses refuse a read, but prove nothing about a repayment.
_REFUSING_STATUSES = (400, 401, 403, 404)
UNKNOWN_CODES = (10016, 429, 10000, 10014, 177002, 177018, 177021, 424242)
# The focus of a schedule: one product, or two that share the collateral.
focuses = st.sampled_from([
    FLEXIBLE, LEGACY, FIXED, ORDER_COLLATERAL, ACCOUNT_COLLATERAL, WALLETS, FLEXIBLE, LEGACY, ORDER_COLLATERAL, ACCOUNT_COLLATERAL, FIXED,
])

_broken = st.sampled_from(["close", "reset", "truncate", "html_502", "html_200", "not_json"])
_unknown_codes = st.sampled_from(UNKNOWN_CODES).map(lambda code: {"ret_code": code})
_unclear_statuses = st.builds(
    lambda status, body: {"http_status": status, "body": body},
    st.sampled_from([500, 503, 429, 502, 504, 408]), st.sampled_from(["later", HTML]),
)
# An HTML page comes from a proxy, whatever its status.
_pages = st.sampled_from([403, 400, 404]).map(lambda status: {"http_status": status, "body": HTML})
_unclear = st.one_of(_broken, _unknown_codes, _unknown_codes, _unclear_statuses, _pages)
_refused = st.one_of(
    st.sampled_from(REFUSALS).map(lambda code: {"ret_code": code}),
    st.sampled_from(_REFUSING_STATUSES).map(lambda status: {"http_status": status, "body": "access too frequent"}),
)
# Mostly within the default settle_margin, otherwise far beyond it.
_lateness = st.sampled_from([0, 0, 0, 0, 700, 3000, 8000, 9900, 9900, 20_000, 90_000])
# The reads with faults, preferably those that matter most.
_USES = (HISTORY, DEBT, HISTORY, DEBT, TIME, COINS, OTHER, WALLET, LEDGER)
_offsets = st.sampled_from([-3000, 2000, -1500, 6000, -HOUR_MS, HOUR_MS])


@st.composite
def post_faults(draw: st.DrawFn) -> dict[str, t.Any]:
    """One fault of the next request that moves money."""
    fault: dict[str, t.Any] = {"method": "POST"}
    kind = draw(st.sampled_from(["lost", "lost", "late", "late", "normal", "refused", "rate", "clock", "changed"]))
    if kind == "lost":
        fault.update(answer=draw(_unclear), commit=draw(st.booleans()))
    elif kind == "late":
        fault.update(answer=draw(st.one_of(_broken, _unclear_statuses)))
        fault["arrive_after_ms"] = draw(st.sampled_from([1, 900, 2500, 4500, 4990, 5200, 9000, 15_000, 60_000]))
    elif kind == "refused":
        fault.update(answer=draw(_refused), commit=False)
    elif kind == "rate":
        headers = draw(st.sampled_from([{}, {"X-Bapi-Limit-Reset-Timestamp": str(START_MS + 2000)}]))
        is_copy = draw(st.integers(0, 2)) == 2
        fault.update(answer={"ret_code": draw(st.sampled_from([10006, 10002])), "headers": headers}, commit=is_copy)
        if is_copy:
            fault.update({n: v for n, v in draw(surroundings.copies).items() if v})
    elif kind == "clock":
        fault["clock_offset_ms"] = draw(_offsets)
    elif kind == "changed":
        fault["mutations"] = draw(_mutations(PRODUCTS[draw(st.runner()).focus].repay))
    if kind in ("lost", "late", "normal", "changed"):
        fault.update({n: v for n, v in draw(_effects()).items() if v})
    return fault


@st.composite
def _effects(draw: st.DrawFn) -> dict[str, int]:
    effects = {name: draw(_lateness) for name in ("history_delay_ms", "debt_delay_ms", "wallet_delay_ms")}
    processing = draw(st.sampled_from([0, 0, 0, 1500, 20_000, 200_000]))
    if processing:
        effects.update(processing_ms=processing, final_status=draw(st.sampled_from([1, 3])))
    return effects


@st.composite
def get_faults(draw: st.DrawFn) -> dict[str, t.Any]:
    """One fault of some of the next reads."""
    fault: dict[str, t.Any] = {"method": "GET", "use": draw(st.sampled_from(_USES))}
    number = draw(st.integers(0, 9))
    if number == 9:
        fault["clock_offset_ms"] = draw(_offsets)
    elif number > 5:
        path = PRODUCTS[draw(st.runner()).focus].reads[fault["use"]]
        fault.update(mutations=draw(_mutations(path)), times=draw(st.sampled_from([0, 1, 3, 12])))
    else:
        fault["answer"] = draw(st.one_of(_unclear, _refused))
        fault["times"] = draw(st.sampled_from([1, 2, 3, 6, 12, 0]))
    fault["skip"] = draw(st.integers(0, 6))
    return fault


def _mutations(path: str) -> st.SearchStrategy[list[dict[str, str]]]:
    """One detectable change of an answer."""
    return st.sampled_from(answers.visible(path)).map(lambda change: [{"field": change[0], "how": change[1]}])


def _some_of(choices: dict[str, tuple[t.Any, ...]]) -> st.SearchStrategy[dict[str, t.Any]]:
    """Up to two switches that differ from their defaults."""
    names = st.lists(st.sampled_from(sorted(choices)), max_size=2, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({n: st.sampled_from(choices[n][1:]) for n in chosen}))


# The switches of the exchange for a schedule, which in half of the schedules are the defaults, and later changes of what it shows.
exchanges = st.one_of(
    st.just({}), st.builds(lambda shown, rules: {**shown, **rules}, _some_of(switches.SHOWN), _some_of(switches.RULES))
)
showings = st.sampled_from([(name, value) for name, values in switches.SHOWN.items() for value in values]).map(
    lambda chosen: dict([chosen])
)
# Whether the journal is a database on a server.
shared = st.integers(0, 3).map(lambda number: number == 3)
without_wallet = st.integers(0, 4).map(lambda number: number == 4)


@st.composite
def lost_posts(draw: st.DrawFn) -> dict[str, t.Any]:
    """A request that moves money whose answer is lost, without another fault."""
    commit = draw(st.sampled_from([True, True, False]))
    return {"method": "POST", "answer": draw(_unclear), "commit": commit}


_LATE = [
    {"history_delay_ms": 9900}, {"debt_delay_ms": 9900}, {"history_delay_ms": 90_000, "debt_delay_ms": 90_000},
    {"history_delay_ms": 20_000, "debt_delay_ms": 90_000}, {"history_delay_ms": 20_000},
    {"debt_delay_ms": 90_000}, {"history_delay_ms": 3000}, {"history_delay_ms": 90_000}, {"debt_delay_ms": 20_000},
    {"history_delay_ms": 20_000, "debt_delay_ms": 20_000}, {"history_delay_ms": 8000, "debt_delay_ms": 9900},
    {"processing_ms": 20_000}, {"processing_ms": 20_000, "debt_delay_ms": 9900},
    {"history_delay_ms": 20_000, "debt_delay_ms": 90_000, "wallet_delay_ms": 90_000},
]
shown_late = st.sampled_from(_LATE).map(lambda effects: {"method": "POST", **effects})


def faults(least: int = 0) -> st.SearchStrategy[list[dict[str, t.Any]]]:
    """Some faults, preferably of the requests that matter most."""
    return st.lists(st.one_of(post_faults(), post_faults(), get_faults()), min_size=least, max_size=3)


def _chosen(choose: t.Callable[[str], t.Any]) -> st.SearchStrategy[t.Any]:
    """Draw from the choices for the schedule's focus."""
    return st.runner().flatmap(lambda schedule: st.sampled_from(choose(schedule.focus)))


def any_goal_on(loan: Loan) -> st.SearchStrategy[Goal]:
    """Draw a next task on a loan, mostly a goal to which earlier payments count."""
    goals = goals_on(loan)
    declarative = [goal for goal in goals if goal.is_declarative]
    return st.one_of(st.sampled_from(declarative or goals), st.sampled_from(goals))


goals = _chosen(FOCUSES.__getitem__)
# Only two references, so that they are reused, also for something else.
named_goals = st.builds(
    dataclasses.replace, _chosen(lambda focus: [goal for goal in FOCUSES[focus] if goal.can_be_named]),
    reference=st.sampled_from(["invoice 7", "invoice 8"]),
)
maybe_named = st.one_of(goals, goals, goals, named_goals)
# The goals that depend on interest.
debt_goals = _chosen(lambda focus: [g for g in FOCUSES[focus] if g.max_debt is not None or g.limit is not None or g.is_whole] or FOCUSES[focus])
plain_goals = _chosen(lambda focus: [goal for goal in FOCUSES[focus] if not goal.is_declarative or goal.is_whole])
loans = _chosen(loans_of)
drifts = st.sampled_from([0, 400, -400, 950, 1500, -3000, -4900, 60_000, -60_000, 3 * HOUR_MS, -3 * HOUR_MS])
_sometimes = st.integers(0, 3).map(lambda number: number == 3)
kills = st.one_of(
    st.builds(Kill, st.just("post"), st.integers(0, 14)),
    st.builds(Kill, st.just("step"), st.integers(0, 72)),
    st.builds(Kill, st.just("reported"), st.integers(0, 10)),
    st.builds(Kill, st.just("post"), st.integers(15, 40)),
)
maybe_kills = st.one_of(st.none(), kills)
# Which run proceeds, and for how many steps.
_turns = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([1, 1, 3, 8, 20, 45])), max_size=16).map(
    lambda parts: [who for who, steps in parts for dummy in range(steps)]
)
choices = st.builds(
    Choices,
    _turns,
    st.lists(st.sampled_from([0, 20, 150, 900]), max_size=16),
)
quiet_choices = st.builds(Choices, st.just(()), st.lists(st.sampled_from([0, 20, 150, 900]), max_size=8))
durations = st.one_of(
    st.integers(1, 30_000), st.integers(0, 90).map(lambda n: n * MINUTE_MS), st.integers(1, 9).map(lambda n: n * DAY_MS)
)
# Times before the next charge of interest: mostly during the requests of a run, otherwise during its pauses.
before_turns = st.one_of(st.sampled_from([8, 5, 11, 14, 17]), st.sampled_from([8, 20, 100, 500, 2000, 6000, 12_000]))
# None means the whole debt, which closes the loan.
manual_amounts = st.sampled_from(["100", "40.5", "12.34", "99.9", "199.9", None])
borrowed = st.sampled_from(["300", "900", "41.3", "0.77"])
owner_acts = st.one_of(
    st.none(), st.none(), st.builds(OwnerAct, st.integers(0, 72), loans, manual_amounts),
    st.builds(OwnerAct, st.integers(0, 72), loans, borrowed, st.just(True)),
)


@st.composite
def plans(draw: st.DrawFn, drift_ms: int, kill: st.SearchStrategy = maybe_kills) -> Plan:
    """The plan of a run, mostly with the usual options."""
    goal = draw(maybe_named)
    unusual: dict[str, t.Any] = {}
    if draw(_sometimes):
        unusual = draw(st.fixed_dictionaries({}, optional={
            "wait": st.just(False),
            "wait_timeout": st.sampled_from([3, 12, 20, 300, 900]),
            # Even sixty times the shorter margin is longer than faults hide anything.
            "settle_margin": st.sampled_from([4, 30]),
            "recv_window": st.sampled_from([1000, 20_000]),
            "lock_timeout": st.sampled_from([0, 5, 600]),
        }))
    around = draw(surroundings.maybe_around)
    if goal.is_whole:
        # The cost of a contract is not known beforehand.
        around.pop("at_most", None)
    return Plan(goal, kill=draw(kill), drift_ms=drift_ms, **unusual, **around)

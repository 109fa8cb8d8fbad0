# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A picture of one path: the LTV of the account over time, with and without the policy."""

from __future__ import annotations

import typing as t

from account import ACCOUNT, DAY_MS, LIQUIDATION_LTV, Account
from ansible_collections.treasury.bybit.plugins.module_utils._policy.rules import LtvRule
from declared import case
from judge import levels
from play import play

# A crash that liquidates the account without the policy.
SEED = 352
WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 50, 50
LOWEST, HIGHEST = 0.3, 1.0
HEADER = f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" font-family="DejaVu Sans, Verdana, sans-serif" font-size="13"\
 role="img" aria-label="The LTV of an account in a crash, with and without the policy">
  <!--
    Copyright (c) 2026 treasury.bybit contributors
    SPDX-License-Identifier: GPL-3.0-or-later
  -->
  <style>
    text {{ fill: #333 }}
    .with {{ fill: none; stroke: #2f6f9f; stroke-width: 2 }}
    .without {{ fill: none; stroke: #b0413e; stroke-width: 2; stroke-dasharray: 6 3 }}
    .level {{ stroke: #777; stroke-width: 1; stroke-dasharray: 2 3 }}
    .limit {{ stroke: #b0413e; stroke-width: 1 }}
    .axis {{ stroke: #444; stroke-width: 1 }}
    .blue {{ fill: #2f6f9f; font-weight: bold }}
    .red {{ fill: #b0413e; font-weight: bold }}
    .end {{ text-anchor: end }}
    .middle {{ text-anchor: middle }}
  </style>
  <!-- White under the picture, so that it can be read on a dark page too. -->
  <rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#fff"/>
"""


class Point(t.NamedTuple):
    """An LTV after so many days."""

    days: float
    ltv: float


def draw(seed: int, days: int) -> str:
    """Return the path of a seed as an SVG."""
    with_it: list[Point] = []
    without_it: list[Point] = []
    shown = case(seed, days)

    def watch(account: Account, without: Account) -> None:
        for points, each in ((with_it, account), (without_it, without)):
            if each.debt:
                points.append(Point((each.now_ms - shown.account.now_ms) / DAY_MS, float(each.ltv(ACCOUNT))))

    outcome = play(seed, days, watch=watch)
    [rule] = [rule for rule in shown.terms.policy.rules if isinstance(rule, LtvRule)]
    above, target = (float(level) for level in levels(rule, ACCOUNT, shown.account))

    def x(point_days: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * point_days / days

    def y(ltv: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (min(max(ltv, LOWEST), HIGHEST) - LOWEST) / (HIGHEST - LOWEST)

    def line(points: t.Sequence[Point]) -> str:
        return " ".join(f"{x(point.days):.1f},{y(point.ltv):.1f}" for point in points)

    parts = [f'  <text class="blue" x="{LEFT}" y="22">with the policy</text>', f'  <text class="red" x="{LEFT + 140}" y="22">without it</text>']
    limits = (("trigger", above, "level"), ("target", target, "level"), ("liquidation", float(LIQUIDATION_LTV), "limit"))
    for name, ltv, style in limits:
        parts.append(f'  <line class="{style}" x1="{LEFT}" y1="{y(ltv):.1f}" x2="{WIDTH - RIGHT}" y2="{y(ltv):.1f}"/>')
        parts.append(f'  <text x="{LEFT + 6}" y="{y(ltv) - 4:.1f}">{name} {ltv * 100:.0f} %</text>')
    for percent in range(int(LOWEST * 100), int(HIGHEST * 100) + 1, 10):
        parts.append(f'  <text class="end" x="{LEFT - 8}" y="{y(percent / 100) + 4:.1f}">{percent} %</text>')
    for day in range(0, days + 1, max(days // 6, 1)):
        parts.append(f'  <text class="middle" x="{x(day):.1f}" y="{HEIGHT - BOTTOM + 18}">{day}</text>')
    parts += [
        f'  <path class="axis" d="M{LEFT} {TOP - 10}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" fill="none"/>',
        f'  <text class="middle" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}">days</text>',
        f'  <polyline class="without" points="{line(drawn(without_it))}"/>',
        f'  <polyline class="with" points="{line(drawn(with_it))}"/>',
    ]
    if ACCOUNT in outcome.without:
        end = without_it[-1]
        parts.append(f'  <circle cx="{x(end.days):.1f}" cy="{y(float(LIQUIDATION_LTV)):.1f}" r="5" fill="#b0413e"/>')
        parts.append(f'  <text class="red" x="{x(end.days) + 10:.1f}" y="{y(float(LIQUIDATION_LTV)) - 6:.1f}">liquidated</text>')
    return HEADER + "\n".join(parts) + "\n</svg>\n"


def drawn(points: t.Sequence[Point], most: int = 700) -> list[Point]:
    """Return few enough points for a picture, with each local extreme."""
    size = max(2 * len(points) // most, 1)
    groups = [points[begin:begin + size] for begin in range(0, len(points), size)]
    found = [point for group in groups for point in sorted({min(group, key=lambda p: p.ltv), max(group, key=lambda p: p.ltv)})]
    return [*found, *points[-1:]]

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import Client
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BybitError
from ansible_collections.treasury.bybit.plugins.module_utils._api.transport import Reply
from ansible_collections.treasury.bybit.plugins.module_utils._api.session import Session
from ansible_collections.treasury.bybit.plugins.module_utils._api.signing import HmacSigner

SERVER_MS = 1793538000000


class Answers:
    """Replaces the network with these answers, each with its duration."""

    base_url = "https://api-testnet.bybit.com"

    def __init__(self, clock: t.Any) -> None:
        self.clock = clock
        self.begun_ms = clock.monotonic_ms()
        self.error_ms: object = 0
        self.latency_ms = 0
        self.code = 0

    def true_time_ms(self) -> int:
        return SERVER_MS + self.clock.monotonic_ms() - self.begun_ms

    def send(self, *dummy: object) -> Reply:
        told = self.true_time_ms() + self.error_ms if isinstance(self.error_ms, int) and not isinstance(self.error_ms, bool) else self.error_ms
        self.clock.pass_ms(self.latency_ms)
        return Reply(200, {}, json.dumps({"retCode": self.code, "result": {}, "time": told}).encode())


@pytest.fixture
def answers(clock: t.Any) -> Answers:
    return Answers(clock)


@pytest.fixture
def client(answers: Answers) -> Client:
    return Client(Session(answers), "the-key", HmacSigner("the-secret"), clock=answers.clock)


def hear(client: Client, answers: Answers, *errors_ms: object) -> int | None:
    """Get answers whose times have these errors, and return the error of the resulting time."""
    for error_ms in errors_ms:
        answers.error_ms = error_ms
        answers.clock.pass_ms(700)
        client.read("/v5/market/time", signed=False)
    reported_ms = client.exchange_time_at_least_ms()
    return None if reported_ms is None else reported_ms - answers.true_time_ms()


def test_the_time_is_unknown_before_the_first_answer(client: Client) -> None:
    assert client.exchange_time_at_least_ms() is None


@pytest.mark.parametrize("time", [None, "soon", "1793538000000", 1.5, True, [], {}], ids=repr)
def test_an_answer_without_a_time_tells_none(client: Client, answers: Answers, time: object) -> None:
    assert hear(client, answers, time) is None


@pytest.mark.parametrize(
    ("errors_ms", "error_ms"),
    [
        ((0,), 0),
        ((7,), 7),
        # The lower one of two, and the lower middle of an even number.
        ((0, 7), 0),
        ((7, 0), 0),
        ((-3, 0), -3),
        ((1, 2, 3, 4), 2),
        ((1, 2, 3), 2),
        ((5, 3, 1, 2, 4), 3),
        # A server with a wrong clock.
        ((3600_000, 0), 0),
        ((0, 3600_000, 0), 0),
        ((3600_000, 0, 3600_000, 0), 0),
        ((-3600_000, 0, 0), 0),
        ((0, -3600_000, 3600_000), 0),
        ((None, 5, "soon"), 5),
    ],
    ids=str,
)
def test_the_lower_median_of_the_answers_counts(
    client: Client, answers: Answers, errors_ms: tuple[object, ...], error_ms: int
) -> None:
    assert hear(client, answers, *errors_ms) == error_ms


def test_a_slow_answer_is_behind_never_ahead(client: Client, answers: Answers) -> None:
    answers.latency_ms = 900
    assert hear(client, answers, 0, 0, 0) == -900


def test_time_advances_between_answers(client: Client, answers: Answers) -> None:
    hear(client, answers, 0)
    answers.clock.pass_ms(123_456)
    assert client.exchange_time_at_least_ms() == answers.true_time_ms()


def test_the_time_of_an_earlier_moment_is_known(client: Client, answers: Answers) -> None:
    hear(client, answers, 0)
    assert client.exchange_time_at_least_ms(answers.begun_ms) == SERVER_MS
    assert client.exchange_time_at_least_ms(answers.begun_ms - 5) == SERVER_MS - 5


def test_setting_the_time_of_day_does_not_matter(client: Client, answers: Answers) -> None:
    hear(client, answers, 0)
    answers.clock.time_ms += 86_400_000
    assert client.exchange_time_at_least_ms() == answers.true_time_ms()


def test_refusals_tell_the_time_too(client: Client, answers: Answers) -> None:
    answers.code = 10003
    with pytest.raises(BybitError):
        client.read("/v5/market/time", signed=False)
    assert client.exchange_time_at_least_ms() == SERVER_MS

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clock of a test, and everything that follows it: the runs, the stand-in exchanges, and the test itself.

It starts at the real time. Then it advances by what the runs sleep, which takes no real time, and a little for each repayment. It runs in
real time only while a run waits for an answer that does not come at once, or is a new Python process.
"""

from __future__ import annotations

import json
import os
import select
import time
import typing as t

from stepping.child import Conditions
from stepping.process import Process, Stuck, environment

from .exchanges import FollowingExchange, real_ms
from .runs import Run, Started, as_module, can_be_forked_with

# So that no two repayments have the same time.
_REPAYMENT_MS = 3
_REQUESTS = frozenset({"connect", "head", "body"})
# For an answer that takes longer, the clock runs in real time.
_AT_ONCE_SECONDS = 0.05
_PAUSE_SECONDS = 0.02
_PATIENCE_SECONDS = 60
# How far the clock advances at once while a test waits for the exchange alone.
_STRIDE_MS = 50


class Stage:
    def __init__(self) -> None:
        self._now_ms = real_ms()
        # The moment on this clock and on the monotonic one at which it began to run in real time; none when it stands still.
        self._real_since: tuple[int, float] | None = None
        self._active: list[StagedRun] = []
        self._exchanges: list[FollowingExchange] = []

    def now_ms(self) -> int:
        if self._real_since is not None:
            since_ms, since = self._real_since
            self._now_ms = max(self._now_ms, since_ms + round((time.monotonic() - since) * 1000))
        return self._now_ms

    def seconds(self) -> float:
        """Return a time that never goes backward. Only differences are meaningful."""
        return self.now_ms() / 1000

    def follow(self, url: str, ca_path: str | None = None) -> FollowingExchange:
        """Let one more stand-in exchange follow this clock."""
        exchange = FollowingExchange(url, ca_path)
        self._exchanges.append(exchange)
        return exchange

    def tell_time(self) -> None:
        """Tell the exchanges the time."""
        for exchange in self._exchanges:
            exchange.tell_time(self.now_ms(), self.goes_on)

    @property
    def goes_on(self) -> bool:
        """Whether the clock runs in real time."""
        return self._real_since is not None

    def begin(
        self, module: str, options: dict[str, t.Any], env: dict[str, str] | None = None, program: tuple[str, ...] | None = None
    ) -> StagedRun:
        """Begin a run, and stop it before its first step.

        :param env: Additions to the test's environment.
        :param program: Arguments for a new Python process; without them, the run is forked if it can be.
        """
        journal = {name: value for name, value in os.environ.items() if name == "BYBIT_JOURNAL"}
        whole = {**environment(), **journal, **(env or {})}
        process: Process | Started
        if program is None and can_be_forked_with(whole):
            process = Process(module, options, Conditions(whole, asks_time=True))
        else:
            self._now_ms = max(self.now_ms(), real_ms())
            self.tell_time()
            process = Started(program or as_module(module), whole, options)
        run = StagedRun(self, process)
        self._active.append(run)
        self._arrange(run)
        return run

    def pass_by(self, seconds: float) -> None:
        """Let this much time pass while the runs go on."""
        end_ms = self.now_ms() + round(seconds * 1000)
        self.drive(lambda: self.now_ms() >= end_ms, end_ms)

    def until(self, is_so: t.Callable[[], object], seconds: float = 30) -> None:
        """Let the runs go on until a condition holds. Without runs, let at most this much time pass."""
        end_ms = self.now_ms() + round(seconds * 1000)
        while not is_so():
            if not self._active:
                assert self.now_ms() < end_ms, "it has not happened in time"
            self._go_on(None if self._active else self.now_ms() + _STRIDE_MS)

    def drive(self, is_over: t.Callable[[], bool], end_ms: int | None = None) -> None:
        """Let the runs go on, each when it is due, up to a moment."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not is_over():
            if time.monotonic() > deadline:
                raise Stuck(f"not over after {_PATIENCE_SECONDS} s of real time")
            self._go_on(end_ms)

    def remove(self, run: StagedRun) -> None:
        """Remove a run that has ended."""
        self._active.remove(run)
        self._go_by_real_time()

    def end(self) -> None:
        """End all runs and exchanges that are left."""
        for run in self._active:
            run.process.kill()
        for exchange in self._exchanges:
            exchange.end()

    def _go_on(self, end_ms: int | None) -> None:
        """Do the next step of a run, or let time pass until one is due."""
        now_ms = self.now_ms()
        standing = [run for run in self._active if run.ready_ms is not None]
        first = min(standing, key=lambda run: run.ready_ms or 0, default=None)
        if first and (first.ready_ms or 0) <= now_ms:
            self._step(first)
            return
        moments = [run.ready_ms for run in standing if run.ready_ms is not None] + ([] if end_ms is None else [end_ms])
        if self._real_since is not None:
            self._wait((min(moments) - now_ms) / 1000 if moments else _PAUSE_SECONDS)
        else:
            self._now_ms = min(moments)

    def _step(self, run: StagedRun) -> None:
        process = run.process
        assert isinstance(process, Process) and process.report
        kind = process.report[0]
        if kind == "body":
            self._now_ms += _REPAYMENT_MS
        if kind in _REQUESTS:
            self.tell_time()
        process.let_go(self._now_ms, self._now_ms)
        if kind not in _REQUESTS:
            process.listen_patiently()
        elif not process.listen(_AT_ONCE_SECONDS):
            run.ready_ms = None
            self._go_by_real_time(_AT_ONCE_SECONDS)
            return
        self._arrange(run)

    def _wait(self, seconds: float) -> None:
        """Wait for the runs in real time."""
        awake = [run for run in self._active if run.ready_ms is None]
        channels = [channel for run in awake for channel in run.process.channels]
        ready = select.select(channels, [], [], min(seconds, _PAUSE_SECONDS))[0]
        self.now_ms()
        for run in awake:
            if set(ready).intersection(run.process.channels) and run.process.listen(0):
                self._arrange(run)
        self.tell_time()

    def _arrange(self, run: StagedRun) -> None:
        """Set when a run does its next step, or drop it if it has ended."""
        now_ms, process = self.now_ms(), run.process
        if process.exit_code is not None:
            self._active.remove(run)
        elif isinstance(process, Process):
            assert process.report
            kind, dummy, number = process.report
            run.ready_ms = now_ms + (number if kind == "sleep" else 0)
        self._go_by_real_time()

    def _go_by_real_time(self, seconds_ago: float = 0) -> None:
        """Run in real time as long as any run does."""
        now_ms, is_needed = self.now_ms(), any(run.ready_ms is None for run in self._active)
        if is_needed != self.goes_on:
            self._real_since = (now_ms, time.monotonic() - seconds_ago) if is_needed else None
            self.tell_time()


class StagedRun:
    """A run that has begun. A test ends it or kills it.

    :ivar ready_ms: When it does its next step; none while it runs in real time.
    """

    def __init__(self, stage: Stage, process: Process | Started) -> None:
        self._stage, self.process = stage, process
        self.pid = process.pid
        self.ready_ms: int | None = None

    @property
    def is_running(self) -> bool:
        return self.process.exit_code is None and (isinstance(self.process, Process) or self.process.is_alive)

    def end(self) -> Run:
        """Let all runs go on until this one has ended."""
        process = self.process
        self._stage.drive(lambda: process.exit_code is not None)
        assert process.output and process.exit_code is not None, process.errors
        return Run(json.loads(process.output), process.exit_code, process.output, process.errors)

    def kill(self) -> None:
        """Kill it with SIGKILL. It must not have reported its result."""
        assert self.is_running
        self.process.kill()
        self._stage.remove(self)
        assert (self.process.output, self.process.exit_code) == ("", -9)

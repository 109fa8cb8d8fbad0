# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process that has imported what the modules need, and forks itself for each run of one of them.

It is single-threaded and never runs a module itself, so that a run finds everything as in a Python that has just begun.
"""

from __future__ import annotations

import ast
import atexit
import gc
import importlib
import json
import os
import re
import select
import signal
import socket
import sys
import threading
import typing as t
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from module_runs.protocol import HAS_BEGUN, HAS_ENDED, LENGTH, NEWS, Order, receive
from module_runs.simulated_time import SimulatedTime

del sys.path[0]

MODULES = "ansible_collections.treasury.bybit.plugins.modules"
_UTILS = "ansible_collections.treasury.bybit.plugins.module_utils"
# What a run imports only when it gets there; found by looking what a run has added.
_LATER = (
    "_strptime",
    "ansible.module_utils._internal._json._profiles._module_legacy_c2m",
    "ansible.module_utils._internal._json._profiles._module_legacy_m2c",
    "cryptography.hazmat.primitives.serialization",
)


class Server:
    """Waits for orders, for the end of runs, and for signals that it shall pass on."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._runs: dict[int, socket.socket | None] = {}
        self._alarm, self._bell = socket.socketpair()
        self._alarm.setblocking(False)
        self._bell.setblocking(False)
        signal.set_wakeup_fd(self._bell.fileno())
        signal.signal(signal.SIGCHLD, lambda *dummy: None)
        # Ctrl-C is for the runs, and for whoever asks for them.
        self._on_interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def serve(self) -> Order | None:
        """Return in each process that shall become a run, and with nothing when there will be no more orders."""
        while True:
            heard = select.select([self._control, self._alarm, *filter(None, self._runs.values())], [], [])[0]
            if self._alarm in heard:
                self._alarm.recv(4096)
                self._tell_who_has_ended()
            for process, run in list(self._runs.items()):
                if run and run in heard:
                    self._pass_on(process, run)
            if self._control in heard:
                message, descriptors = socket.recv_fds(self._control, 1, 1)[:2]
                if not message:
                    return None
                order = self._begin(socket.socket(fileno=descriptors[0]))
                if order:
                    return order

    def _begin(self, run: socket.socket) -> Order | None:
        length, standard = socket.recv_fds(run, LENGTH.size, 3)[:2]
        order = Order(**json.loads(receive(run, LENGTH.unpack(length)[0])))
        process = os.fork()
        if not process:
            self._become(order, run, standard)
            return order
        for descriptor in standard:
            os.close(descriptor)
        self._runs[process] = run
        return None

    def _become(self, order: Order, run: socket.socket, standard: list[int]) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, self._on_interrupt)
        for number, descriptor in enumerate(standard):
            os.dup2(descriptor, number)
            os.close(descriptor)
        # Each by its object, which otherwise would close whatever gets its number later.
        for end in (self._control, self._alarm, self._bell, *filter(None, self._runs.values())):
            end.close()
        os.environ.clear()
        os.environ.update(order.environment)
        os.chdir(order.folder)
        os.umask(order.umask)
        SimulatedTime(order.time_file).join(os.getpid())
        run.sendall(NEWS.pack(HAS_BEGUN, os.getpid()))
        run.close()

    def _pass_on(self, process: int, run: socket.socket) -> None:
        wanted = run.recv(1)
        if wanted:
            os.kill(process, wanted[0])
        else:
            # Nobody will ask for this run any more, which goes on all the same.
            run.close()
            self._runs[process] = None

    def _tell_who_has_ended(self) -> None:
        for process, run in list(self._runs.items()):
            ended, status = os.waitpid(process, os.WNOHANG)
            if not ended:
                continue
            del self._runs[process]
            if not run:
                continue
            try:
                run.sendall(NEWS.pack(HAS_ENDED, os.waitstatus_to_exitcode(status)))
            except OSError:
                # Whoever asked for it no longer listens.
                pass
            run.close()


def warm_up() -> None:
    # Not by pkgutil, which does not see folders that are no packages by name.
    folder = Path(*importlib.import_module(_UTILS).__path__)
    utils = [".".join((_UTILS, *file.relative_to(folder).with_suffix("").parts)) for file in folder.rglob("*.py")]
    for name in [*_LATER, *utils]:
        try:
            importlib.import_module(name)
        except Exception:
            # The run that needs it imports it again, and says what is wrong with it.
            pass
    _compile_patterns(folder)
    if "coverage" in sys.modules:
        # What has been imported here need not be written down by every run.
        sys.modules["coverage"].Coverage.current().save()
    # What stands here for good need not be copied in every run.
    gc.collect()
    gc.freeze()


def _compile_patterns(folder: Path) -> None:
    """Compile the regular expressions that a run would compile at their first use."""
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="re")), args=[ast.Constant(value=str() as pattern), *_]):
                    re.compile(pattern)


def main() -> None:
    warm_up()
    order = Server(socket.socket(fileno=int(sys.argv[1]))).serve()
    if order:
        try:
            run(order)
        except SystemExit as end:
            _end(end)


def run(order: Order) -> None:
    """Be the module, which is handed the time of its test and nothing else."""
    from module_runs.run_clock import RunClock

    module = importlib.import_module(f"{MODULES}.{order.module}")
    sys.argv = [module.__file__ or ""]
    module.main(RunClock(SimulatedTime(order.time_file)))


def _end(end: SystemExit) -> t.NoReturn:
    """End as Python does, but do not take apart what was imported, which would be copied only for that."""
    if isinstance(end.code, int) and threading.active_count() == 1:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code)
    raise end


if __name__ == "__main__":
    main()

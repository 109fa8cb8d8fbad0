# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: run in the foreground, or start and stop in the background."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import importlib
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from . import process
from .errors import SandboxError

EXIT_TROUBLE = 2
OLDEST_PYTHON = (3, 11)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_TROUBLE, f"{self.prog}: {message}\n")


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError(text)
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number <= 10**9:
        raise ValueError(text)
    return number


# argparse shows these names in its messages.
_port.__name__ = "port"
_seconds.__name__ = "number of seconds"


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="bybit-sandbox", description="Run a stand-in for Bybit's crypto loan API with invented money.", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="run|start|stop")
    run = commands.add_parser("run", help="serve in the foreground until interrupted", allow_abbrev=False)
    start = commands.add_parser("start", help="serve in the background and print the address as JSON", allow_abbrev=False)
    stop = commands.add_parser("stop", help="stop a server that start has started", allow_abbrev=False)
    for command, port in ((run, 8765), (start, 0)):
        command.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
        command.add_argument("--port", type=_port, default=port, help="port to listen on, 0 for a free one (default %(default)s)")
        command.add_argument("--seed", type=Path, metavar="FILE", help="accounts, loans, and prices, or an extension of the built-in ones (the default)")
        command.add_argument("--state", type=Path, metavar="FILE", help="keep the ledger in this file across restarts")
        command.add_argument("--tls", action="store_true", help="serve HTTPS with a throwaway certificate authority")
        command.add_argument("--tls-dir", type=Path, metavar="DIR", help="folder for the authority's certificate, ca.pem")
        command.add_argument("--rsa-public-key", type=Path, metavar="FILE", help="PEM file for the API key sandbox-rsa-key")
        command.add_argument("--lifetime", type=_seconds, metavar="SECONDS", help="stop after this time")
        command.add_argument("--clock-offset-ms", type=int, metavar="N", help="milliseconds to add to real time")
        command.add_argument("--quiet", action="store_true", help="print only the address")
    start.add_argument("--run-dir", type=Path, metavar="DIR", help="folder for sandbox.json and the log (default: a temporary one, which stop removes)")
    stop.add_argument("--run-dir", type=Path, required=True, metavar="DIR", help="the run_dir that start printed")
    return parser


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return {"run": _run, "start": _start, "stop": _stop}[options.command](options)
    except SandboxError as error:
        print(error, file=sys.stderr)
        return EXIT_TROUBLE


def _start(options: argparse.Namespace) -> int:
    passed = ["--host", options.host, "--port", str(options.port)]
    for name in ("seed", "state", "tls_dir", "rsa_public_key"):
        path = getattr(options, name)
        passed += [f"--{name.replace('_', '-')}", str(path.resolve())] if path else []
    for name in ("lifetime", "clock_offset_ms"):
        value = getattr(options, name)
        passed += [f"--{name.replace('_', '-')}={value}"] if value is not None else []
    if options.tls and not options.tls_dir:
        # The background server runs in its own folder, so the path is relative to that.
        passed += ["--tls-dir", "tls"]
    passed += [f"--{name}" for name in ("tls", "quiet") if getattr(options, name)]
    print(json.dumps(process.start(options.run_dir, passed)), flush=True)
    return 0


def _stop(options: argparse.Namespace) -> int:
    print(json.dumps(process.stop(options.run_dir)), flush=True)
    return 0


def _run(options: argparse.Namespace) -> int:
    if sys.version_info < OLDEST_PYTHON:
        wanted, here = (".".join(map(str, version[:2])) for version in (OLDEST_PYTHON, sys.version_info))
        raise SandboxError(f"The stand-in exchange needs Python {wanted} or later, but {sys.executable} is Python {here}: use a newer one (sandbox_python)")
    try:
        importlib.import_module("aiohttp")
    except ImportError as error:
        raise SandboxError(
            f"The stand-in exchange needs the Python library aiohttp: run {sys.executable} -m pip install aiohttp, or use a Python that has it "
            f"(sandbox_python)"
        ) from error
    from .exchange import Exchange
    from .fields import read_json
    from .seed.extension import BUILT_IN_SEED
    from .server import serve
    from .state_file import StateFile

    report = (lambda line: None) if options.quiet else _print
    pem = _text(options.rsa_public_key) if options.rsa_public_key else ""
    exchange = Exchange(
        read_json(options.seed or BUILT_IN_SEED, "The seed"), StateFile(options.state), offset_ms=options.clock_offset_ms,
        rsa_public_key=pem, report=report,
    )
    with contextlib.ExitStack() as stack:
        context, ca_path = None, None
        if options.tls:
            from .tls import server_context

            made = options.tls_dir or stack.enter_context(tempfile.TemporaryDirectory(prefix="bybit-sandbox-tls-"))
            context, ca_path = server_context(options.host, Path(made).resolve())
        ready = functools.partial(_announce, options.host, ca_path, report)
        asyncio.run(serve(exchange, options.host, options.port, context, options.lifetime, ready))
    return 0


def _announce(bind: str, ca_path: Path | None, report: Callable[[str], None], port: int) -> None:
    """Print the address and the settings that another terminal needs."""
    host = f"[{bind}]" if ":" in bind else bind
    url = f"{'https' if ca_path else 'http'}://{host}:{port}"
    _print(f"{process.LISTENING}{url}")
    if ca_path:
        _print(f"{process.TRUST}{ca_path}")
    report(f"export BYBIT_API_URL={url} BYBIT_API_KEY=sandbox-key BYBIT_API_SECRET=sandbox-secret")
    if ca_path:
        report(f"export REQUESTS_CA_BUNDLE={ca_path} CURL_CA_BUNDLE={ca_path}")
    report(f"Open {url} in a browser to watch the ledger and to rehearse.")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SandboxError(f"The file {path} cannot be read: {error}") from error


def _print(line: str) -> None:
    try:
        print(line, flush=True)
    except OSError:
        # Nobody reads the output any more; the exchange keeps running.
        sys.stdout = None
